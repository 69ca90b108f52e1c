"""An HTTP server on 127.0.0.1 that can send invalid, incomplete and slow responses."""

import json
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass
class Response:
    """A response of the server. The last response of a path is repeated; each earlier one is sent once."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)  # a header with an empty value is not sent
    cut_after: int | None = None  # bytes of the body after which the connection is closed
    ranges: bool = False  # supports Range requests, as file servers do
    chunk_bytes: int | None = None  # the size of chunks, for chunked transfer encoding
    pause_seconds: float = 0  # before each byte of the body
    protocol: str = "HTTP/1.1"
    resets: bool = False  # resets the connection at the end instead of closing it
    raw: bytes | None = None  # sent instead of everything else

    def matches(self, headers: Any) -> bool:
        """Whether a conditional request has the validators of this response."""
        etag, date = self.headers.get("ETag"), self.headers.get("Last-Modified")
        return bool((etag and headers["If-None-Match"] == etag) or (date and headers["If-Modified-Since"] == date))

    def part(self, headers: Any) -> "Response":
        """This response from the requested byte on. The complete response if the request is for another version of the file."""
        start = re.fullmatch(r"bytes=(\d+)-", headers["Range"] or "")
        same = headers["If-Range"] in (None, self.headers.get("ETag"), self.headers.get("Last-Modified"))
        if not (self.ranges and start and same):
            return self
        first, size = int(start[1]), len(self.body)
        if first >= size:
            return Response(status=416)
        response_headers = {"Content-Range": f"bytes {first}-{size - 1}/{size}", **self.headers}
        return replace(self, status=206, body=self.body[first:], headers=response_headers)


@dataclass(frozen=True)
class Request:
    """A request to an API: its path, its query parameters, its headers by lower-case name, and its parsed JSON body."""

    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: Any = None


@dataclass
class Source:
    """The URL of the server, its responses, and the requests it received."""

    url: str
    responses: dict[str, list[Response]] = field(default_factory=dict)
    apis: dict[str, Callable[[Request], Response]] = field(default_factory=dict)  # keyed by the start of their paths
    requests: list[str] = field(default_factory=list)
    request_headers: list[dict[str, str]] = field(default_factory=list)
    in_flight: list[str] = field(default_factory=list)
    max_in_flight: int = 0

    def serves_api(self, path: str, api: Callable[[Request], Response]) -> str:
        """Serve the responses that `api` returns. Returns the URL."""
        self.apis[path] = api
        return self.url + path

    def serves(self, path: str, *responses: Response | bytes) -> str:
        """Serve these responses, one per request. Returns the URL."""
        self.responses[path] = [each if isinstance(each, Response) else Response(each) for each in responses]
        return self.url + path


@contextmanager
def serving(certificate: Path | None = None) -> Iterator[Source]:
    """A source over HTTP, or over HTTPS if there is a certificate."""

    class Handler(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            found.in_flight.append(self.path)
            found.max_in_flight = max(found.max_in_flight, len(found.in_flight))
            try:
                self._respond()
            finally:
                self._finish()

        def _finish(self) -> None:
            """Called before the last byte, because a client that has it may send its next request immediately."""
            if self.path in found.in_flight:
                found.in_flight.remove(self.path)

        def _respond(self) -> None:
            self.close_connection = True
            found.requests.append(self.path)
            found.request_headers.append(dict(self.headers.items()))
            api = next((api for path, api in found.apis.items() if self.path.startswith(path)), None)
            queue = (
                [api(self._request())]
                if api
                else found.responses.get(self.path.partition("?")[0], [Response(status=404)])
            )
            response = queue.pop(0) if len(queue) > 1 else queue[0]
            if response.matches(self.headers):
                response = Response(status=304)
            response = response.part(self.headers)
            if response.raw is not None:
                self.wfile.write(response.raw)
                return
            self.protocol_version = response.protocol
            self.send_response(response.status)
            framing = (
                {"Transfer-Encoding": "chunked"}
                if response.chunk_bytes
                else {"Content-Length": str(len(response.body))}
            )
            for name, value in {**framing, "Connection": "close", **response.headers}.items():
                for line in value.split("\n") if value else []:
                    self.send_header(name, line)
            self.end_headers()
            self._send_body(response)
            if response.resets:
                time.sleep(0.2)  # until the client has received what was sent: a reset discards the rest
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

        def _request(self) -> Request:
            parts = urlsplit(self.path)
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            is_json = self.headers.get("Content-Type") == "application/json"
            body = json.loads(sent) if is_json else dict(parse_qsl(sent.decode()))
            params = dict(parse_qsl(parts.query, keep_blank_values=True))
            return Request(
                unquote(parts.path), params, {name.lower(): value for name, value in self.headers.items()}, body
            )

        def _send_body(self, response: Response) -> None:
            sent = response.body[: response.cut_after]
            if response.chunk_bytes:
                chunks = [
                    sent[start : start + response.chunk_bytes] for start in range(0, len(sent), response.chunk_bytes)
                ]
                sent = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
                sent += b"0\r\n\r\n" if response.cut_after is None else b""
            for block in [sent[at : at + 1] for at in range(len(sent))] if response.pause_seconds else [sent]:
                time.sleep(response.pause_seconds)
                sent = sent[len(block) :]
                if not sent:
                    self._finish()
                self.wfile.write(block)

        def log_message(self, *arguments: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *arguments: object) -> None:
            """Tests close connections on purpose."""

    server = Server(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    found = Source(f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
