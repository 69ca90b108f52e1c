"""The emulator of the local run, in memory, which counts the calls it gets and their bytes.

    python -m bench.counted_store

The first line on standard output is the endpoint. `GET /bench-calls` answers {"calls": {kind: number}, "bytes_in": …, "bytes_out": …}
since it was last asked. Counting is its own work, outside of the contender's processes.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import emulator
from parent import end_with_parent

from bench.request import COUNTS
from faults.proxy import s3_kind

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

KINDS = {
    "ListObjectsV2": "list",
    "HeadObject": "head",
    "GetObject": "get",
    "GetObjectTagging": "get",
    "CopyObject": "copy",
    "DeleteObjects": "delete",
    "DeleteObject": "delete",
    "AbortMultipartUpload": "delete",
}  # the others are put: of objects, of pieces of them, of tags


class Counted:
    """An ASGI application with a count before it."""

    def __init__(self, application: Callable[[dict[str, Any], Receive, Send], Awaitable[None]]) -> None:
        self._application = application
        self._calls: Counter[str] = Counter()
        self._bytes_in = self._bytes_out = 0

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        if scope["path"] == COUNTS:
            await self._tell(send)
            return
        headers = {name.decode("latin1"): value.decode("latin1") for name, value in scope["headers"]}
        target = f"{scope['path']}?{scope['query_string'].decode('latin1')}"
        self._calls[KINDS.get(s3_kind(scope["method"], target, headers), "put")] += 1

        async def received() -> dict[str, Any]:
            message = await receive()
            self._bytes_in += len(message.get("body", b""))
            return message

        async def sent(message: dict[str, Any]) -> None:
            self._bytes_out += len(message.get("body", b""))
            await send(message)

        await self._application(scope, received, sent)

    async def _tell(self, send: Send) -> None:
        body = json.dumps({"calls": self._calls, "bytes_in": self._bytes_in, "bytes_out": self._bytes_out}).encode()
        self._calls, self._bytes_in, self._bytes_out = Counter(), 0, 0
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]}
        )
        await send({"type": "http.response.body", "body": body})


def main() -> None:
    end_with_parent()
    listener = emulator.listen(0)
    emulator.configure(listener.getsockname()[1], None, services="s3,monitoring")
    import ministack.app

    ministack.app.app = Counted(ministack.app.app)
    asyncio.run(emulator.serve_until_stopped(listener))


if __name__ == "__main__":
    main()
