"""An S3 API on this machine alone: ministack, bound to 127.0.0.1, with CloudWatch's metrics and without its other services.

    python emulator.py --data DIR [--port N]     objects are files below DIR and outlive the process
    python emulator.py --memory [--port N]       objects are gone with the process, and metrics always are

The first line on standard output is the endpoint, http://127.0.0.1:PORT, written once requests are answered.
Keys: access key `test`, secret key `test`. When standard input is a pipe, its end ends the emulator.
Exit codes: 0 stopped, 2 wrong arguments or the port is taken, 74 an object could not be stored (a full disk).
"""

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from parent import end_with_parent

_CANNOT_STORE = 74


class _StorageGuard(logging.Handler):
    """Ends the emulator when an object could not be written: ministack itself only warns, and says 200."""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message.startswith("Failed to persist"):
            print(f"cannot store: {message}", file=sys.stderr, flush=True)
            os._exit(_CANNOT_STORE)


def listen(port: int) -> socket.socket:
    """Bind before anything is imported, so that no other process can take the port in between."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        print(f"port {port} of 127.0.0.1: {error.strerror}; leave out --port to get a free one", file=sys.stderr)
        raise SystemExit(2) from error
    listener.listen(128)
    return listener


def configure(port: int, data: str | None, services: str) -> None:
    """Set what ministack reads from the environment when it is imported."""
    os.environ.update(
        GATEWAY_PORT=str(port),
        BIND_HOST="127.0.0.1",
        SERVICES=services,
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        LOG_LEVEL="WARNING",
        S3_PERSIST="1" if data else "0",
        # Without a daemon it cannot find, ministack would stop other ministacks' containers when it starts.
        DOCKER_HOST="unix:///nonexistent",
    )
    for name in ("PERSIST_STATE", "LOCALSTACK_PERSISTENCE", "AUTH", "USE_SSL", "EDGE_PORT"):
        os.environ.pop(name, None)
    if data:
        folder = Path(data).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["S3_DATA_DIR"] = str(folder)


async def serve_until_stopped(listener: socket.socket) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app

    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)

    async def announced(
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        async def forward(message: dict[str, Any]) -> None:
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)

        await app(scope, receive, forward if scope["type"] == "lifespan" else send)

    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.loglevel = "WARNING"
    config.graceful_timeout = 0.2
    await serve(announced, config, shutdown_trigger=stop.wait)


def main() -> None:
    parser = argparse.ArgumentParser(description="An S3 API on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--data", metavar="DIR", help="keep the objects as files below DIR")
    where.add_argument("--memory", action="store_true", help="keep the objects in memory")
    arguments = parser.parse_args()
    end_with_parent()
    listener = listen(arguments.port)
    configure(listener.getsockname()[1], arguments.data, services="s3,monitoring")
    logging.getLogger("s3").addHandler(_StorageGuard())
    asyncio.run(serve_until_stopped(listener))


if __name__ == "__main__":
    main()
