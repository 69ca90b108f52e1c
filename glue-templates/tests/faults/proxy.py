"""An HTTP proxy on 127.0.0.1 between a client and its server, which counts calls and injects faults."""

import http.client
import os
import re
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

READS = frozenset({"GetObject", "HeadObject", "ListObjectsV2", "GetObjectTagging", "GetTable"})
CATALOG_WRITES = frozenset({"CreateTable", "UpdateTable"})
DELAY_SECONDS = 0.3
CLIENT_TIMEOUT_SECONDS = 60  # the timeout of Iceberg; a held call must continue earlier
ERROR = b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>injected by the fault proxy</Message></Error>'
CATALOG_ERRORS = {
    500: (500, b"InternalServiceException"),
    503: (400, b"ThrottlingException"),
    409: (400, b"ConcurrentModificationException"),
}
"""The status code and name of an error of the Data Catalog, keyed by the status code of the similar error of S3."""
HOP_BY_HOP_HEADERS = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "expect", "date", "server"}
)


class Action(StrEnum):
    """What the proxy does with a call. `before` and `after`: before or after the server has processed it.

    OUTAGE: the response to this call and all later calls of any kind is 500.
    CONFLICT: the Data Catalog responds that another writer has changed the table.
    TIMEOUT: the server processes the call, but the client gives up before it responds.
    HOLD: the call waits until `Proxy.release`.
    """

    STATUS_500 = "500"
    STATUS_503 = "503"
    RESET_BEFORE = "reset before"
    RESET_AFTER = "reset after"
    CUT = "response cut off"
    DELAY = "delay"
    DUPLICATE = "sent twice"
    ERROR_IN_200 = "error in a 200"
    HALF_DELETED = "half deleted"
    OUTAGE = "S3 down from"
    CONFLICT = "conflict"
    TIMEOUT = "timeout"
    HOLD = "hold"
    KILL_BEFORE = "kill before"
    KILL_AFTER = "kill after"


@dataclass(frozen=True)
class Fault:
    """An action on the `number`-th call of a kind and, if `permanent`, on all later calls of that kind.

    Kinds are the operations of the S3 and Glue API and `Download`; `PutObject published.json`
    is the operation on objects of that name; `read`, `write` and `any` include several operations.
    """

    action: Action
    kind: str
    number: int = 1
    permanent: bool = False

    def __str__(self) -> str:
        return f"{self.action}, {self.kind} {self.number}{' and all later calls' * self.permanent}"

    @property
    def is_permanent(self) -> bool:
        """Whether retries fail too."""
        return self.permanent or self.action == Action.OUTAGE


@dataclass(frozen=True)
class Call:
    """A request of the client."""

    kind: str
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def name(self) -> str:
        """The name of the object, without its folder."""
        return self.target.partition("?")[0].rpartition("/")[2]


@dataclass(frozen=True)
class Response:
    """A response of the server."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def aws_kind(method: str, target: str, headers: Mapping[str, str]) -> str:
    """The name of the operation of a request to S3 or the Data Catalog."""
    action = next((value for name, value in headers.items() if name.lower() == "x-amz-target"), None)
    return action.rpartition(".")[2] if action else s3_kind(method, target, headers)


def s3_kind(method: str, target: str, headers: Mapping[str, str]) -> str:
    """The name of the S3 operation of a request."""
    parts = urlsplit(target)
    query = {pair.partition("=")[0] for pair in parts.query.split("&") if pair}
    is_object = parts.path.strip("/").count("/") > 0
    copies = "x-amz-copy-source" in {name.lower() for name in headers}
    kinds = {
        "GET": [("GetObjectTagging", "tagging" in query), ("GetObject", is_object), ("ListObjectsV2", True)],
        "HEAD": [("HeadObject", True)],
        "PUT": [
            ("PutObjectTagging", "tagging" in query),
            ("UploadPart", "partNumber" in query),
            ("CopyObject", copies),
            ("PutObject", True),
        ],
        "POST": [
            ("CreateMultipartUpload", "uploads" in query),
            ("CompleteMultipartUpload", "uploadId" in query),
            ("DeleteObjects", "delete" in query),
        ],
        "DELETE": [("AbortMultipartUpload", "uploadId" in query), ("DeleteObject", True)],
    }
    return next((kind for kind, applies in kinds.get(method, []) if applies), f"{method} {target}")


def download_kind(method: str, target: str, headers: Mapping[str, str]) -> str:
    return "Download"


class Proxy:
    """A proxy that listens at `url`. `calls` has the calls since the last `inject`. `writes` increases when a call that can
    change something begins and when it ends."""

    def __init__(self, server: str, kind: Callable[[str, str, Mapping[str, str]], str]) -> None:
        self.calls: list[Call] = []
        self.writes = 0
        self.hit = False
        self.dead = False
        self._server = urlsplit(server).netloc
        self._kind = kind
        self._fault: Fault | None = None
        self._victim: int | None = None
        self._counted = 0
        self._down = False
        self._forwarding = 0
        self._lock = threading.Lock()
        self.is_holding = threading.Event()
        self._released = threading.Event()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                proxy._handle(self)

            do_HEAD = do_PUT = do_POST = do_DELETE = do_GET

            def log_message(self, *arguments: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request: object, client_address: object) -> None:
                pass  # the client may have been killed

        self._http = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def inject(self, fault: Fault | None, victim: int | None = None) -> None:
        """Reset the counts and inject `fault`. `victim` is the process group that a kill ends."""
        with self._lock:
            self.calls, self.hit, self._counted, self._down = [], False, 0, False
            self._fault, self._victim = fault, victim
            self.is_holding.clear()
            self._released.clear()

    def release(self) -> None:
        """Let the call of the action HOLD continue."""
        self.is_holding.clear()
        self._released.set()

    def wait_until_idle(self) -> None:
        """Wait until the server has processed all forwarded calls."""
        while self._forwarding:
            time.sleep(0.005)

    def close(self) -> None:
        self.dead = True
        self.release()
        self._http.shutdown()
        self._http.server_close()

    def _handle(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        headers = dict(request.headers.items())
        call = Call(self._kind(request.command, request.path, headers), request.command, request.path, headers, body)
        action = self._count(call)
        try:
            response = self._response(call, action)
        finally:
            with self._lock:
                self._forwarding -= 1
                self.writes += call.kind not in READS
        if response is None:
            _reset(request)
        else:
            _send(request, response, len(response.body) // 2 if action == Action.CUT else None)

    def _count(self, call: Call) -> Action | None:
        """The action for this call. Calls of a killed process are no longer forwarded."""
        with self._lock:
            self._forwarding += 1
            self.writes += call.kind not in READS
            if self.dead:
                return Action.RESET_BEFORE
            self.calls.append(call)
            if self._down:
                return Action.STATUS_500
            fault = self._fault
            kinds = (call.kind, f"{call.kind} {call.name}", "any", "read" if call.kind in READS else "write")
            if fault is None or fault.kind not in kinds:
                return None
            self._counted += 1
            if self._counted != fault.number and not (fault.permanent and self._counted > fault.number):
                return None
            self.hit = True
            if fault.action == Action.KILL_BEFORE:
                self._kill()
            if fault.action == Action.OUTAGE:
                self._down = True
            return fault.action

    def _kill(self) -> None:
        assert self._victim
        self.dead = True
        os.killpg(self._victim, signal.SIGKILL)

    def _response(self, call: Call, action: Action | None) -> Response | None:
        """The response to a call; None if the connection is to be reset."""
        match action:
            case Action.STATUS_500 | Action.OUTAGE:
                return _error(call, 500, b"InternalError")
            case Action.STATUS_503:
                return _error(call, 503, b"SlowDown")
            case Action.CONFLICT:
                return _error(call, 409, b"")
            case Action.ERROR_IN_200:
                return Response(200, [("Content-Type", "application/xml")], ERROR % b"InternalError")
            case Action.RESET_BEFORE | Action.KILL_BEFORE:
                return None
            case Action.HALF_DELETED:
                return self._delete_half(call)
            case Action.DELAY:
                time.sleep(DELAY_SECONDS)
            case Action.HOLD:
                self.is_holding.set()
                self._released.wait()
        response = self._forward(call)
        if action == Action.DUPLICATE:
            self._forward(call)
        if action == Action.KILL_AFTER:
            with self._lock:
                self._kill()
        if action == Action.TIMEOUT:
            time.sleep(CLIENT_TIMEOUT_SECONDS + 1)
            return None
        return None if action in (Action.RESET_AFTER, Action.KILL_AFTER) else response

    def _forward(self, call: Call) -> Response:
        connection = http.client.HTTPConnection(self._server, timeout=60)
        try:
            headers = {name: value for name, value in call.headers.items() if name.lower() not in HOP_BY_HOP_HEADERS}
            connection.request(call.method, call.target, call.body or None, headers)
            response = connection.getresponse()
            return Response(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def _delete_half(self, call: Call) -> Response:
        """Delete the first half of the keys, and return an error for the others, as S3 can."""
        entries = re.findall(rb"<Object>.*?</Object>", call.body, re.DOTALL)
        half = len(entries) // 2
        if half:
            body = b"<Delete>" + b"".join(entries[:half]) + b"</Delete>"
            self._forward(Call(call.kind, call.method, call.target, {"Host": call.headers["Host"]}, body))
        keys = [re.findall(rb"<Key>.*?</Key>", entry, re.DOTALL)[0] for entry in entries[half:]]
        errors = b"".join(
            b"<Error>" + key + b"<Code>InternalError</Code><Message>injected</Message></Error>" for key in keys
        )
        body = b'<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">%s</DeleteResult>' % errors
        return Response(200, [("Content-Type", "application/xml")], body)


def _error(call: Call, status: int, code: bytes) -> Response:
    """An error of S3 with this status and code, or the corresponding error of the Data Catalog."""
    if "x-amz-target" not in {name.lower() for name in call.headers}:
        return Response(status, [("Content-Type", "application/xml")], ERROR % code)
    status, code = CATALOG_ERRORS[status]
    body = b'{"__type": "%s", "Message": "injected by the fault proxy"}' % code
    return Response(status, [("Content-Type", "application/x-amz-json-1.1")], body)


def _reset(request: BaseHTTPRequestHandler) -> None:
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(request.connection.detach())
    request.close_connection = True


def _send(request: BaseHTTPRequestHandler, response: Response, max_bytes: int | None) -> None:
    is_head = request.command == "HEAD"
    request.send_response_only(response.status)
    for name, value in response.headers:
        if name.lower() not in HOP_BY_HOP_HEADERS or (is_head and name.lower() == "content-length"):
            request.send_header(name, value)
    if not is_head and response.status not in (204, 304):
        request.send_header("Content-Length", str(len(response.body)))
    request.end_headers()
    if not is_head:
        request.wfile.write(response.body[:max_bytes])
    if max_bytes is not None:
        request.close_connection = True
