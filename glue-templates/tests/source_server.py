"""A source on 127.0.0.1 that misbehaves on demand."""

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
class Answer:
    """What the source says to a request. The last answer set for a path is repeated; the earlier ones are given once each."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)  # an empty one is not sent
    cut_after: int | None = None  # bytes of the body, and the connection is closed
    ranges: bool = False  # goes on where a request asks for it, as servers of files do
    chunk_bytes: int | None = None  # chunked, in chunks of so many bytes
    pause_seconds: float = 0  # before each byte of the body
    protocol: str = "HTTP/1.1"
    resets: bool = False  # the connection is reset at the end, not closed
    raw: bytes | None = None  # sent instead of everything else

    def matches(self, asked: Any) -> bool:
        """Whether a conditional request is for what this answer says it is."""
        etag, date = self.headers.get("ETag"), self.headers.get("Last-Modified")
        return bool((etag and asked["If-None-Match"] == etag) or (date and asked["If-Modified-Since"] == date))

    def part(self, asked: Any) -> "Answer":
        """This answer from the byte on that the request asks for, unless it asks for another file than this."""
        start = re.fullmatch(r"bytes=(\d+)-", asked["Range"] or "")
        same = asked["If-Range"] in (None, self.headers.get("ETag"), self.headers.get("Last-Modified"))
        if not (self.ranges and start and same):
            return self
        first, size = int(start[1]), len(self.body)
        if first >= size:
            return Answer(status=416)
        headers = {"Content-Range": f"bytes {first}-{size - 1}/{size}", **self.headers}
        return replace(self, status=206, body=self.body[first:], headers=headers)


@dataclass(frozen=True)
class Asked:
    """A request to an API: its path, its parameters, its headers by their names in lower case, the JSON of its body."""

    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: Any = None


@dataclass
class Source:
    """The source's address, what it answers, and what it was asked."""

    url: str
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    apis: dict[str, Callable[[Asked], Answer]] = field(default_factory=dict)  # by what their paths begin with
    requests: list[str] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)  # the headers of each request
    at_once: list[str] = field(default_factory=list)  # what is being answered
    most_at_once: int = 0

    def answers_with(self, path: str, api: Callable[[Asked], Answer]) -> str:
        """An API, which makes its answers."""
        self.apis[path] = api
        return self.url + path

    def serves(self, path: str, *answers: Answer | bytes) -> str:
        self.answers[path] = [answer if isinstance(answer, Answer) else Answer(answer) for answer in answers]
        return self.url + path


@contextmanager
def serving(certificate: Path | None = None) -> Iterator[Source]:
    """A source over HTTP, or over HTTPS where it has a certificate."""

    class Handler(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            found.at_once.append(self.path)
            found.most_at_once = max(found.most_at_once, len(found.at_once))
            try:
                self._answer()
            finally:
                self._answered()

        def _answered(self) -> None:
            """Before the last byte is sent: whoever has it may ask for more before this thread goes on."""
            if self.path in found.at_once:
                found.at_once.remove(self.path)

        def _answer(self) -> None:
            self.close_connection = True
            found.requests.append(self.path)
            found.asked.append(dict(self.headers.items()))
            api = next((api for path, api in found.apis.items() if self.path.startswith(path)), None)
            queue = (
                [api(self._as_asked())] if api else found.answers.get(self.path.partition("?")[0], [Answer(status=404)])
            )
            answer = queue.pop(0) if len(queue) > 1 else queue[0]
            if answer.matches(self.headers):
                answer = Answer(status=304)
            answer = answer.part(self.headers)
            if answer.raw is not None:
                self.wfile.write(answer.raw)
                return
            self.protocol_version = answer.protocol
            self.send_response(answer.status)
            framing = (
                {"Transfer-Encoding": "chunked"} if answer.chunk_bytes else {"Content-Length": str(len(answer.body))}
            )
            for name, value in {**framing, "Connection": "close", **answer.headers}.items():
                for line in value.split("\n") if value else []:
                    self.send_header(name, line)
            self.end_headers()
            self._send_body(answer)
            if answer.resets:
                time.sleep(0.2)  # until what was sent has arrived: a reset discards the rest
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

        def _as_asked(self) -> Asked:
            parts = urlsplit(self.path)
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            is_json = self.headers.get("Content-Type") == "application/json"
            body = json.loads(sent) if is_json else dict(parse_qsl(sent.decode()))
            params = dict(parse_qsl(parts.query, keep_blank_values=True))
            return Asked(
                unquote(parts.path), params, {name.lower(): value for name, value in self.headers.items()}, body
            )

        def _send_body(self, answer: Answer) -> None:
            sent = answer.body[: answer.cut_after]
            if answer.chunk_bytes:
                chunks = [sent[start : start + answer.chunk_bytes] for start in range(0, len(sent), answer.chunk_bytes)]
                sent = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
                sent += b"0\r\n\r\n" if answer.cut_after is None else b""
            for block in [sent[at : at + 1] for at in range(len(sent))] if answer.pause_seconds else [sent]:
                time.sleep(answer.pause_seconds)
                sent = sent[len(block) :]
                if not sent:
                    self._answered()
                self.wfile.write(block)

        def log_message(self, *arguments: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *arguments: object) -> None:
            """A client that hangs up is part of the tests."""

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
