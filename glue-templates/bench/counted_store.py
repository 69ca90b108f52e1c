"""The S3 emulator, in memory, with a counter of requests and bytes.

    python -m bench.counted_store

The first line on standard output is the endpoint. The response to `GET /bench-calls` contains the counts since the
previous such request: {"calls": {kind: number}, "bytes_in": …, "bytes_out": …}. The emulator is a separate process, so
that its CPU time is not attributed to a contender.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import emulator
from parent import end_with_parent

from bench.request import COUNTS_PATH
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
}  # all other requests count as put: objects, parts of multipart uploads, tags


class RequestCounter:
    """An ASGI application that counts the requests to another application."""

    def __init__(self, application: Callable[[dict[str, Any], Receive, Send], Awaitable[None]]) -> None:
        self._application = application
        self._calls: Counter[str] = Counter()
        self._bytes_in = self._bytes_out = 0

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        if scope["path"] == COUNTS_PATH:
            await self._send_counts(send)
            return
        headers = {name.decode("latin1"): value.decode("latin1") for name, value in scope["headers"]}
        target = f"{scope['path']}?{scope['query_string'].decode('latin1')}"
        is_glue = "x-amz-target" in headers
        self._calls["glue" if is_glue else KINDS.get(s3_kind(scope["method"], target, headers), "put")] += 1

        async def counting_receive() -> dict[str, Any]:
            message = await receive()
            self._bytes_in += len(message.get("body", b""))
            return message

        async def counting_send(message: dict[str, Any]) -> None:
            self._bytes_out += len(message.get("body", b""))
            await send(message)

        await self._application(scope, counting_receive, counting_send)

    async def _send_counts(self, send: Send) -> None:
        body = json.dumps({"calls": self._calls, "bytes_in": self._bytes_in, "bytes_out": self._bytes_out}).encode()
        self._calls, self._bytes_in, self._bytes_out = Counter(), 0, 0
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]}
        )
        await send({"type": "http.response.body", "body": body})


def main() -> None:
    end_with_parent()
    listener = emulator.listen(0)
    emulator.configure(listener.getsockname()[1], None, services="s3,monitoring,events,glue")
    emulator.load_services(None)
    import ministack.app

    ministack.app.app = RequestCounter(ministack.app.app)
    asyncio.run(emulator.serve_until_stopped(listener))


if __name__ == "__main__":
    main()
