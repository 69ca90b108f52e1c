"""A local S3 and Glue API: ministack, bound to 127.0.0.1, with the services S3, Glue, CloudWatch metrics
and EventBridge.

    python emulator.py --data DIR [--port N]     stores objects as files in DIR, their metadata in DIR-metadata, and the
                                                 Glue Data Catalog in the file DIR-catalog.json
    python emulator.py --memory [--port N]       stores objects, the Data Catalog, metrics and events in memory

    --roles DIR        limits the requests of each job to the permissions of its role; see authorization.py
    --calls FILE       appends to FILE the permissions that these requests require

The first line on standard output is the endpoint, http://127.0.0.1:PORT, printed when the server is ready.
The access key and the secret key are `test`. If standard input is a pipe, the emulator ends when the pipe is closed.
Exit codes: 0 stopped, 1 the file of the Data Catalog is invalid, 2 invalid arguments or the port is in use, 74 an
object or the Data Catalog cannot be stored (the disk is full).
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
from typing import Any, NoReturn

from data_catalog import load_catalog, serialize_requests, store_catalog
from object_metadata import load_objects
from parent import end_with_parent

from authorization import Authorization

_CANNOT_STORE = 74


class _StorageGuard(logging.Handler):
    """Ends the emulator if an object cannot be stored, because ministack would only log a warning and respond with
    200."""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message.startswith("Failed to persist"):
            _end(f"Cannot store an object: {message}")


def _end(message: str) -> NoReturn:
    """End the emulator because it cannot store something."""
    print(message, file=sys.stderr, flush=True)
    os._exit(_CANNOT_STORE)


def listen(port: int) -> socket.socket:
    """Bind the port before the slow imports, so that no other process can bind it in the meantime."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        print(
            f"Cannot bind port {port} of 127.0.0.1: {error.strerror}. Omit --port to use a free port.", file=sys.stderr
        )
        raise SystemExit(2) from error
    listener.listen(128)
    return listener


def configure(port: int, data: str | None, services: str) -> None:
    """Set the environment variables that ministack reads during its import."""
    os.environ.update(
        GATEWAY_PORT=str(port),
        BIND_HOST="127.0.0.1",
        SERVICES=services,
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        LOG_LEVEL="WARNING",
        S3_PERSIST="1" if data else "0",
        # If ministack finds a Docker daemon when it starts, it stops the containers of other ministack processes.
        DOCKER_HOST="unix:///nonexistent",
    )
    for name in ("PERSIST_STATE", "LOCALSTACK_PERSISTENCE", "AUTH", "USE_SSL", "EDGE_PORT"):
        os.environ.pop(name, None)
    # ministack loads the objects in this folder during its import, and would not find their metadata. Therefore,
    # load_objects sets the actual folder after the import.
    os.environ["S3_DATA_DIR"] = os.devnull


def load_services(folder: Path | None) -> None:
    """Load the lake's objects and Data Catalog from a folder. Without a folder, nothing is loaded or stored."""
    from ministack.services import glue, s3

    catalog = folder and folder.with_name(f"{folder.name}-catalog.json")

    def store() -> None:
        if catalog:
            try:
                store_catalog(glue, catalog)
            except OSError as error:
                _end(f"Cannot store the Data Catalog: {error}")

    if folder and catalog:
        folder.mkdir(parents=True, exist_ok=True)
        load_objects(s3, folder)
        load_catalog(glue, catalog)
    serialize_requests(glue, store)


async def serve_until_stopped(listener: socket.socket, roles: str | None = None, calls: str | None = None) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app

    limited = Authorization(app, Path(roles), Path(calls) if calls else None) if roles else app
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)

    async def app_with_announcement(
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        async def forward(message: dict[str, Any]) -> None:
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)

        if scope["type"] == "lifespan":
            await app(scope, receive, forward)
        else:
            await limited(scope, receive, send)

    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.loglevel = "WARNING"
    config.graceful_timeout = 0.2
    await serve(app_with_announcement, config, shutdown_trigger=stop.wait)


def main() -> None:
    parser = argparse.ArgumentParser(description="A local S3 and Glue API on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="default: a free port")
    storage = parser.add_mutually_exclusive_group(required=True)
    storage.add_argument("--data", metavar="DIR", help="store objects as files in DIR")
    storage.add_argument("--memory", action="store_true", help="store objects in memory")
    parser.add_argument("--roles", metavar="DIR", help="limit the requests of jobs to what their roles allow")
    parser.add_argument("--calls", metavar="FILE", help="append the permissions that these requests require to FILE")
    arguments = parser.parse_args()
    end_with_parent()
    listener = listen(arguments.port)
    configure(listener.getsockname()[1], arguments.data, services="s3,monitoring,events,glue")
    load_services(Path(arguments.data).resolve() if arguments.data else None)
    logging.getLogger("s3").addHandler(_StorageGuard())
    asyncio.run(serve_until_stopped(listener, arguments.roles, arguments.calls))


if __name__ == "__main__":
    main()
