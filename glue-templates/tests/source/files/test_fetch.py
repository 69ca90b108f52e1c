"""A download returns the complete file or an error. Only transient failures are retried."""

import hashlib
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, formatdate
from pathlib import Path
from typing import Any

import pytest
from expected_error import has_error
from hypothesis import given, settings
from hypothesis import strategies as st

import certificate
from conftest import Response, Source, files_up_to
from etl_runtime.job.errors import RunFailed
from etl_runtime.source.files.fetch import UNCONDITIONAL, FileMissing, Validators, fetch, file_name
from etl_runtime.source.files.fetch_context import FetchContext
from etl_runtime.web.client import HttpClient, without_query
from etl_runtime.web.retries import MAX_ATTEMPTS, MAX_RESUMPTIONS
from log_lines import logged
from source_server import Request, serving

BODY = b"a,b\n1,2\n"
OTHER = b"a,b\n3,4\n"
MONDAY = "Mon, 01 Jan 2024 00:00:00 GMT"
TUESDAY = "Tue, 02 Jan 2024 00:00:00 GMT"
STRONG = {"ETag": '"e1"'}
STATUS_CODES = {
    401: "AUTH_FAILED",
    403: "SOURCE_ACCESS_DENIED",
    404: "SOURCE_NOT_FOUND",
    410: "SOURCE_NOT_FOUND",
}


def download(url: str, known: Validators = UNCONDITIONAL, **context: Any) -> bytes:
    original = fetch(url, FetchContext(**{"first_wait_seconds": 0.01, **context}), known)
    assert original
    with original.file:
        content = original.path.read_bytes()
    assert (original.size, original.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    return content


def failure(url: str, **context: Any) -> RunFailed:
    with pytest.raises(RunFailed) as raised:
        download(url, **context)
    assert "\n" not in str(raised.value)
    return raised.value


@pytest.fixture(autouse=True)
def no_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    assert list(tmp_path.glob("medallion-*")) == []


def test_a_download_has_all_bytes_and_the_metadata(source: Source) -> None:
    headers = {"ETag": '"e1"', "Last-Modified": MONDAY}
    original = fetch(source.serves("/data/zip%20codes.csv", Response(BODY, headers=headers)), FetchContext())
    assert original
    with original.file:
        assert original.path.read_bytes() == BODY
    assert (original.name, original.size, original.sha256) == (
        "zip_codes.csv",
        len(BODY),
        hashlib.sha256(BODY).hexdigest(),
    )
    assert (original.etag, original.last_modified) == ('"e1"', MONDAY)


# Bodies


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(Response(BODY), id="Content-Length"),
        pytest.param(Response(b""), id="an empty file"),
        pytest.param(Response(BODY, chunk_bytes=3), id="chunked"),
        pytest.param(Response(b"", chunk_bytes=3), id="chunked and empty"),
        pytest.param(Response(BODY, headers={"Content-Length": ""}), id="no Content-Length"),
        pytest.param(Response(BODY, headers={"Content-Length": "some"}), id="a Content-Length that is not a number"),
        pytest.param(Response(BODY, headers={"Content-Length": "-1"}), id="a negative Content-Length"),
        pytest.param(Response(BODY, protocol="HTTP/1.0"), id="an HTTP/1.0 server"),
        pytest.param(Response(BODY, protocol="HTTP/1.0", headers={"Content-Length": ""}), id="an HTTP/1.0 server without Content-Length"),
        pytest.param(Response(BODY + b"\r\n", headers={"Content-Length": "8"}), id="a line break after the body"),
        pytest.param(Response(BODY, headers={"Connection": "keep-alive"}), id="keep-alive"),
        pytest.param(Response(BODY, pause_seconds=0.1), id="slower in total than the idle timeout"),
        pytest.param(Response(BODY, headers={"Content-Encoding": "gzip"}), id="Content-Encoding gzip is not decompressed"),
        pytest.param(Response(BODY, headers={"Content-Encoding": "utf-8"}), id="an unknown Content-Encoding"),
        pytest.param(Response(BODY, headers={"Content-Type": "multipart/mixed"}), id="an unsuitable Content-Type"),
    ],
)  # fmt: skip
def test_a_complete_body_is_downloaded(source: Source, response: Response) -> None:
    expected = response.body.removesuffix(b"\r\n")
    assert download(source.serves("/x", response), idle_timeout_seconds=0.5) == expected
    assert len(source.requests) == 1


@pytest.mark.parametrize(
    ("response", "message", "requests"),
    [
        pytest.param(Response(BODY, cut_after=4), "SOURCE_UNAVAILABLE: ended after 4 of 8 bytes", MAX_ATTEMPTS, id="shorter than its Content-Length"),
        pytest.param(Response(BODY, headers={"Content-Length": "6"}), "SOURCE_REQUEST_FAILED: longer than its Content-Length of 6 bytes", 1, id="longer than its Content-Length"),
        pytest.param(Response(BODY, chunk_bytes=3, cut_after=4), "SOURCE_UNAVAILABLE: the connection closed before the end of the body", MAX_ATTEMPTS, id="chunked and cut"),
        pytest.param(Response(BODY, chunk_bytes=3, cut_after=0), "SOURCE_UNAVAILABLE: the connection closed before the end of the body", MAX_ATTEMPTS, id="chunked and cut before its first chunk"),
        pytest.param(Response(BODY, headers={"Transfer-Encoding": "chunked"}), "SOURCE_UNAVAILABLE: the connection closed before the end of the body", MAX_ATTEMPTS, id="chunks without sizes"),
        pytest.param(Response(BODY, headers={"Content-Encoding": "br"}), "SOURCE_REQUEST_FAILED: the response has the encoding br, which the request does not accept", 1, id="Content-Encoding br"),
        pytest.param(Response(BODY, headers={"Content-Encoding": "identity, zstd"}), "SOURCE_REQUEST_FAILED: the response has the encoding zstd", 1, id="Content-Encoding zstd"),
        pytest.param(Response(BODY, headers={"Transfer-Encoding": "gzip, chunked"}), "SOURCE_REQUEST_FAILED: the response has the encoding gzip, chunked", 1, id="Transfer-Encoding gzip"),
        pytest.param(Response(BODY, status=206, headers={"Content-Range": "bytes 0-7/8"}), "SOURCE_UNAVAILABLE: returned 206", MAX_ATTEMPTS, id="206 to a request without Range"),
        pytest.param(Response(BODY, status=202), "SOURCE_UNAVAILABLE: returned 202", MAX_ATTEMPTS, id="202"),
        pytest.param(Response(BODY, status=203), "SOURCE_UNAVAILABLE: returned 203", MAX_ATTEMPTS, id="203"),
        pytest.param(Response(status=304), "SOURCE_REQUEST_FAILED: returned 304 Not Modified, but the request was not conditional", 1, id="an unrequested 304"),
    ],
)  # fmt: skip
def test_an_incomplete_or_unexpected_body_fails(
    source: Source, response: Response, message: str, requests: int
) -> None:
    error = failure(source.serves("/x", response))
    assert has_error(error, message)
    assert (len(source.requests), error.retryable) == (requests, requests == MAX_ATTEMPTS)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\nbody", "the response is not valid HTTP: got more than 65536 bytes", id="a header line too long"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 150 + b"\r\nbody", "the response is not valid HTTP: got more than 100 headers", id="too many headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\nbroken\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", "the response headers are malformed", id="a header line without a colon"),
        pytest.param(b"HTTP/1.1 200 OK\r\n X: x\r\nContent-Length: 4\r\n\r\nbody", "the response headers are malformed", id="a first header line that is a continuation"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 4\r\n\r\nbody", "the response headers are malformed", id="two Content-Lengths"),
        pytest.param(b"HTTP/1.1 nine OK\r\n\r\n", "the response is not valid HTTP", id="a status that is not a number"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", "the response is not valid HTTP", id="a server with another protocol"),
        pytest.param(b"", "closed connection without response", id="a closed connection"),
    ],
)  # fmt: skip
def test_an_invalid_http_response_is_retried(source: Source, raw: bytes, message: str) -> None:
    error = failure(source.serves("/x", Response(raw=raw)))
    assert has_error(error, f"SOURCE_UNAVAILABLE: {message}")
    assert (len(source.requests), error.retryable) == (MAX_ATTEMPTS, True)
    assert download(source.serves("/y", Response(raw=raw), Response(BODY))) == BODY


# Status codes and pauses


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_transient_status_codes_are_retried(source: Source, status: int) -> None:
    assert download(source.serves("/x", Response(status=status), Response(status=status), Response(BODY))) == BODY
    assert len(source.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 416, 451])
def test_other_4xx_fail_without_retry(source: Source, status: int) -> None:
    error = failure(source.serves("/x", Response(status=status)))
    assert has_error(error, f"{STATUS_CODES.get(status, 'SOURCE_REQUEST_FAILED')}: returned {status}")
    assert (len(source.requests), error.retryable) == (1, False)
    assert isinstance(error, FileMissing) == (status in (403, 404, 410))


def test_a_persistent_failure_fails_after_five_attempts(source: Source) -> None:
    error = failure(source.serves("/x", Response(status=500)))
    assert has_error(error, "SOURCE_UNAVAILABLE: returned 500 Internal Server Error (5 attempts). Run again later.")
    assert (len(source.requests), error.retryable) == (MAX_ATTEMPTS, True)


@pytest.mark.parametrize("retry_after", [lambda: "1", lambda: formatdate(time.time() + 2, usegmt=True)])
def test_retry_after_is_obeyed(source: Source, retry_after: Callable[[], str]) -> None:
    url = source.serves("/x", Response(status=429, headers={"Retry-After": retry_after()}), Response(BODY))
    started = time.monotonic()
    assert download(url) == BODY
    assert time.monotonic() - started > 0.9


def in_days(days: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(days=days), usegmt=True)


@pytest.mark.parametrize(
    ("status", "retry_after", "pause"),
    [
        pytest.param(429, "", "0 s", id="no Retry-After"),
        pytest.param(429, "30", "30 s", id="seconds"),
        pytest.param(503, "30", "30 s", id="seconds with 503"),
        pytest.param(429, "-5", "0 s", id="negative seconds"),
        pytest.param(429, "0", "0 s", id="zero"),
        pytest.param(429, "1.5", "0 s", id="a fraction"),
        pytest.param(429, "99999999999", "120 s", id="too many seconds"),
        pytest.param(429, "9" * 400, "120 s", id="more seconds than a float can hold"),
        pytest.param(429, "\u00b2", "0 s", id="a superscript digit"),
        pytest.param(429, "soon", "0 s", id="a word"),
        pytest.param(429, in_days(365), "120 s", id="a date a year ahead, from a wrong clock"),
        pytest.param(429, in_days(-365), "0 s", id="a date in the past, from a wrong clock"),
        pytest.param(429, "Mon, 99999999999999999999 Jan 2024 00:00:00 GMT", "0 s", id="an invalid day"),
        pytest.param(429, "Mon, 01 Jan 2024 00:00:00 -0000", "0 s", id="a date without a time zone"),
    ],
)  # fmt: skip
def test_the_pause_for_retry_after_is_limited(source: Source, status: int, retry_after: str, pause: str) -> None:
    stop = threading.Event()

    class StopsAtOnce(list[str]):
        """Ends the pause as soon as it is logged."""

        def append(self, line: str) -> None:
            super().append(line)
            stop.set()

    url = source.serves("/x", Response(status=status, headers={"Retry-After": retry_after}), Response(BODY))
    with (
        logged(StopsAtOnce()) as lines,
        pytest.raises(RunFailed, match="^SOURCE_REQUEST_FAILED: .* the download was canceled"),
    ):
        fetch(url, FetchContext(first_wait_seconds=0.01, stop=stop))
    assert f"retrying in {pause}" in lines[0]


# Resuming a download


def big(size: int = 300_000) -> bytes:
    return hashlib.shake_256(b"a file").digest(size)


@pytest.mark.parametrize(
    ("responses", "ranges"),
    [
        pytest.param([Response(big(), cut_after=1, ranges=True, headers=STRONG)], ["bytes=1-"], id="after one byte"),
        pytest.param([Response(big(), cut_after=200_000, ranges=True, headers=STRONG)], ["bytes=200000-"], id="in the middle"),
        pytest.param([Response(big(), cut_after=299_999, ranges=True, headers=STRONG)], ["bytes=299999-"], id="before the last byte"),
        pytest.param([Response(big(), cut_after=99_999, chunk_bytes=4096, ranges=True, headers=STRONG)], ["bytes=99999-"], id="chunked"),
        pytest.param([Response(big(), cut_after=50_000, ranges=True, headers={"Last-Modified": MONDAY})], ["bytes=50000-"], id="by Last-Modified"),
        pytest.param([Response(big(), cut_after=50_000, ranges=True, headers={"ETag": 'W/"1"', "Last-Modified": MONDAY})], ["bytes=50000-"], id="by Last-Modified, with a weak ETag"),
        pytest.param([Response(big(), cut_after=50_000, resets=True, ranges=True, headers=STRONG)], ["bytes=50000-"], id="a reset connection"),
        pytest.param([Response(big(), cut_after=50_000, resets=True, ranges=True, headers={**STRONG, "Content-Length": ""})], ["bytes=50000-"], id="a reset connection without Content-Length"),
        pytest.param([Response(big(), cut_after=50_000, ranges=True, headers=STRONG), Response(status=503), Response(status=503)], ["bytes=50000-"] * 3, id="503 in between"),
        pytest.param([Response(big(), cut_after=20_000, ranges=True, headers=STRONG)] * 12, [f"bytes={20_000 * count}-" for count in range(1, 13)], id="twelve times"),
    ],
)  # fmt: skip
def test_a_download_resumes_after_a_dropped_connection(
    source: Source, responses: list[Response], ranges: list[str]
) -> None:
    rest = Response(big(), ranges=True, headers=responses[0].headers, chunk_bytes=responses[0].chunk_bytes)
    assert download(source.serves("/x", *responses, rest)) == big()
    assert [headers.get("Range", "") for headers in source.request_headers] == ["", *ranges]
    version = responses[0].headers.get("ETag", 'W/"1"')
    assert {headers["If-Range"] for headers in source.request_headers[1:]} == {
        MONDAY if version == 'W/"1"' else version
    }


def rest(first: int, last: int, total: str, **headers: str) -> Response:
    return Response(
        BODY[4:], status=206, headers={"Content-Range": f"bytes {first}-{last}/{total}", **STRONG, **headers}
    )


@pytest.mark.parametrize(
    ("headers", "second"),
    [
        pytest.param({}, None, id="neither ETag nor Last-Modified"),
        pytest.param({"ETag": 'W/"1"'}, None, id="only a weak ETag"),
        pytest.param(STRONG, None, id="a server without ranges"),
        pytest.param(STRONG, Response(status=416), id="416"),
        pytest.param(STRONG, rest(4, 7, "8", ETag='"e2"'), id="206 with another ETag"),
        pytest.param(STRONG, rest(4, 7, "8", ETag=""), id="206 without the ETag"),
        pytest.param({**STRONG, "Last-Modified": MONDAY}, rest(4, 7, "8", **{"Last-Modified": TUESDAY}), id="206 with another Last-Modified"),
        pytest.param(STRONG, rest(3, 6, "8"), id="206 from another byte"),
        pytest.param(STRONG, rest(4, 7, "9"), id="206 of another size"),
        pytest.param(STRONG, replace(rest(4, 8, "8"), body=BODY[4:] + b"x"), id="206 beyond the end"),
        pytest.param(STRONG, rest(4, 6, "8"), id="206 with a length that does not match"),
        pytest.param(STRONG, rest(4, 7, "*"), id="206 of unknown size"),
        pytest.param(STRONG, Response(BODY[4:], status=206, headers=STRONG), id="206 without Content-Range"),
        pytest.param(STRONG, rest(4, 7, "8", **{"Content-Range": "lines 4-7/8"}), id="206 in another unit"),
    ],
)  # fmt: skip
def test_a_download_that_cannot_resume_restarts(
    source: Source, headers: dict[str, str], second: Response | None
) -> None:
    """The last response has another body, so that a mixture of both would be detected."""
    last = Response(OTHER, headers={**headers, **({"ETag": '"e3"'} if "ETag" in headers else {})})
    interrupted = Response(BODY, cut_after=4, headers=headers)
    assert download(source.serves("/x", interrupted, *([second] if second else []), last)) == OTHER
    assert ("Range" in source.request_headers[1]) == (
        headers.get("ETag", "").startswith('"') or "Last-Modified" in headers
    )
    assert second is None or "Range" not in source.request_headers[2]


def test_a_file_that_changes_during_the_download_is_downloaded_again(source: Source) -> None:
    old = Response(big(), cut_after=100_000, ranges=True, headers=STRONG)
    new = Response(b"shorter", ranges=True, headers={"ETag": '"e2"', "Last-Modified": TUESDAY})
    original = fetch(source.serves("/x", old, new), FetchContext(first_wait_seconds=0.01))
    assert original
    with original.file:
        assert original.path.read_bytes() == b"shorter"
    assert (original.etag, original.last_modified) == ('"e2"', TUESDAY)


def test_a_range_may_be_returned_in_several_parts(source: Source) -> None:
    interrupted = Response(BODY, cut_after=2, headers=STRONG)
    small = Response(BODY[2:5], status=206, headers={"Content-Range": "bytes 2-4/8", **STRONG})
    last = Response(BODY[5:], status=206, headers={"Content-Range": "bytes 5-7/8", **STRONG})
    assert download(source.serves("/x", interrupted, small, last)) == BODY


def test_only_the_first_request_is_conditional(source: Source) -> None:
    url = source.serves(
        "/x", Response(BODY, cut_after=4, ranges=True, headers=STRONG), Response(BODY, ranges=True, headers=STRONG)
    )
    assert download(url, known=Validators('"e0"')) == BODY
    assert [headers.get("If-None-Match") for headers in source.request_headers] == ['"e0"', None]


def test_resumptions_are_limited(source: Source) -> None:
    error = failure(source.serves("/x", Response(big(1000), cut_after=1, ranges=True, headers=STRONG)))
    bytes_and_attempts = f"ended after {MAX_RESUMPTIONS + 1} of 1,000 bytes ({MAX_RESUMPTIONS + 1} attempts)"
    assert has_error(error, f"SOURCE_UNAVAILABLE: {bytes_and_attempts}")
    assert (len(source.requests), error.retryable) == (MAX_RESUMPTIONS + 1, True)


def test_attempts_without_new_bytes_are_limited(source: Source) -> None:
    url = source.serves(
        "/x",
        Response(BODY, cut_after=4, ranges=True, headers=STRONG),
        Response(BODY, cut_after=0, ranges=True, headers=STRONG),
    )
    assert has_error(failure(url), "SOURCE_UNAVAILABLE: ended after 4 of 8 bytes (6 attempts)")


@settings(max_examples=25)
@given(
    cuts=st.lists(st.integers(0, 300), max_size=4),
    chunk_bytes=st.sampled_from([None, 1, 64]),
    headers=st.sampled_from([STRONG, {"Last-Modified": MONDAY}, {"ETag": 'W/"1"'}, {}]),
    ranges=st.booleans(),
)
def test_the_file_is_complete_wherever_the_connection_drops(
    cuts: list[int], chunk_bytes: int | None, headers: dict[str, str], ranges: bool
) -> None:
    def response(cut: int | None) -> Response:
        return Response(big(300), cut_after=cut, chunk_bytes=chunk_bytes, headers=headers, ranges=ranges)

    with serving() as source:
        original = fetch(source.serves("/x", *map(response, cuts), response(None)), FetchContext(first_wait_seconds=0))
        assert original
        with original.file:
            assert original.path.read_bytes() == big(300)
        assert original.sha256 == hashlib.sha256(big(300)).hexdigest()


# Timeouts


def test_a_silent_server_fails_after_five_timeouts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = failure(f"http://127.0.0.1:{silent.getsockname()[1]}/x", idle_timeout_seconds=0.2)
    assert has_error(error, "SOURCE_UNAVAILABLE: no data received for 0.2 s (5 attempts)")
    assert error.retryable


def test_a_download_resumes_after_a_timeout(source: Source) -> None:
    slow = Response(BODY, pause_seconds=0.7, ranges=True, headers=STRONG)
    url = source.serves("/x", slow, Response(BODY, ranges=True, headers=STRONG))
    assert download(url, idle_timeout_seconds=0.5) == BODY


def test_another_thread_can_cancel_a_download(source: Source) -> None:
    stop = threading.Event()
    stop.set()
    assert has_error(failure(source.serves("/x", BODY), stop=stop), "SOURCE_REQUEST_FAILED: the download was canceled")


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["/there", "there", "../there", "//{host}/there", "{url}/there"])
def test_redirects_are_followed(source: Source, status: int, target: str) -> None:
    source.serves("/there", Response(BODY))
    location = target.format(url=source.url, host=source.url.partition("//")[2])
    assert download(source.serves("/x", Response(status=status, headers={"Location": location}))) == BODY


def test_nothing_confidential_is_sent_to_another_host(source: Source) -> None:
    with serving() as other:
        there = other.serves(
            "/there",
            Response(BODY, cut_after=4, ranges=True, headers=STRONG),
            Response(BODY, ranges=True, headers=STRONG),
        )
        elsewhere = there.replace("127.0.0.1", "localhost")
        url = source.serves("/x", Response(status=302, headers={"Location": elsewhere, "Set-Cookie": "session=s3cret"}))
        assert download(f"{url}?key=s3cret") == BODY
        assert len(other.request_headers) == 2
        for headers in other.request_headers:
            assert set(headers) <= {"Host", "User-Agent", "Accept-Encoding", "Connection", "Range", "If-Range"}
            assert "s3cret" not in str(headers)
            assert headers["Host"] == elsewhere.split("/")[2]


def test_a_session_cookie_reaches_the_file_behind_a_sign_on(source: Source, caplog: pytest.LogCaptureFixture) -> None:
    """The file redirects to the sign-on, which redirects back with a ticket. The ticket sets the session of the file."""
    caplog.set_level("DEBUG")
    with serving() as sign_on:

        def file(request: Request) -> Response:
            if "ticket" in request.params:
                cookies = "sid=t0psecret; HttpOnly; Path=/\nlang=en"
                return Response(status=302, headers={"Location": "/file", "Set-Cookie": cookies})
            if "sid=t0psecret" in request.headers.get("cookie", ""):
                return Response(BODY)
            return Response(status=302, headers={"Location": f"{sign_on.url}/login", "Set-Cookie": "seen=1"})

        ticket = f"{source.url}/file?ticket=ST-1"
        domain = "domain=t0psecret; Domain=127.0.0.1; Path=/"
        sign_on.serves("/login", Response(status=302, headers={"Location": ticket, "Set-Cookie": domain}))
        assert download(source.serves_api("/file", file)) == BODY
        assert [headers.get("Cookie") for headers in sign_on.request_headers] == [None]
        assert source.request_headers[-1]["Cookie"] == "seen=1; sid=t0psecret; lang=en"
    assert "t0psecret" not in caplog.text


def test_cookies_end_with_the_run(source: Source) -> None:
    url = source.serves("/x", Response(BODY, headers={"Set-Cookie": "session=s3cret"}))
    download(url)
    download(url)
    assert "Cookie" not in source.request_headers[-1]


@pytest.mark.parametrize(
    ("cookie", "path", "sent"),
    [
        pytest.param("a=1; Path=/private", "/there", None, id="another path"),
        pytest.param("a=1; Secure", "/there", None, id="only over https"),
        pytest.param("a=1; Max-Age=0", "/there", None, id="expired"),
        pytest.param("a=1; Path=/there", "/there", "a=1", id="the path"),
        pytest.param("a=1; Domain=example.org", "/there", None, id="the domain of another host"),
        pytest.param("\n".join(f"c{number}=1; Path=/" for number in range(60)), "/there", "c10=1", id="too many"),
    ],
)
def test_the_attributes_of_a_cookie_are_respected(source: Source, cookie: str, path: str, sent: str | None) -> None:
    source.serves(path, Response(BODY))
    assert download(source.serves("/x", Response(status=302, headers={"Location": path, "Set-Cookie": cookie}))) == BODY
    assert (source.request_headers[-1].get("Cookie") or "").split("; ")[0] == (sent or "")


def test_a_declared_cookie_has_precedence_over_that_of_the_source(source: Source) -> None:
    source.serves("/there", Response(BODY))
    headers = {"Location": "/there", "Set-Cookie": "consent=no; Path=/\nsid=1; Path=/"}
    url = source.serves("/x", Response(status=302, headers=headers))
    client = HttpClient({"cookie": "consent=yes"}, trusted_urls=[url])
    original = fetch(url, FetchContext(client))
    assert original
    with original.file:
        assert source.request_headers[-1]["Cookie"] == "consent=yes; sid=1"


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,a", "/x", ""])
def test_a_redirect_to_another_scheme_or_in_a_loop_fails(source: Source, target: str) -> None:
    error = failure(source.serves("/x", Response(status=302, headers={"Location": target})))
    assert has_error(error, "SOURCE_REQUEST_FAILED: redirect")
    assert not error.retryable


def test_a_redirect_loop_of_two_urls_fails(source: Source) -> None:
    source.serves("/y", Response(status=302, headers={"Location": "/x"}))
    error = failure(source.serves("/x", Response(status=302, headers={"Location": "/y"})))
    assert has_error(error, "SOURCE_REQUEST_FAILED: a redirect loop")
    assert len(source.requests) < 20


@pytest.mark.parametrize(
    "target",
    ["http://user:s3cret@127.0.0.1:x/", "s3://bucket/x.csv?X-Amz-Signature=s3cret", "http://[s3cret/x"],
)
def test_the_error_of_an_invalid_redirect_has_no_secrets(source: Source, target: str) -> None:
    error = failure(source.serves("/x", Response(status=302, headers={"Location": target})))
    assert "s3cret" not in str(error)
    assert not error.retryable


# Hosts and certificates


def test_an_unknown_host_fails() -> None:
    assert has_error(failure("http://no-such-host.invalid/x"), "SOURCE_NOT_FOUND: the host name cannot be resolved")


def test_a_refused_connection_fails(source: Source) -> None:
    assert has_error(failure("http://127.0.0.1:9/x"), "SOURCE_UNAVAILABLE: the connection failed")


def test_a_server_without_tls_fails(source: Source) -> None:
    error = failure(source.url.replace("http://", "https://") + "/x")
    assert has_error(error, "SOURCE_TLS_FAILED: the server does not use TLS on this port")
    assert not error.retryable


def test_an_https_download_resumes_after_a_dropped_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pem = certificate.pem_file(tmp_path, certificate.HERE)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    with serving(pem) as source:
        url = source.serves(
            "/x",
            Response(big(), cut_after=70_000, ranges=True, headers=STRONG),
            Response(big(), ranges=True, headers=STRONG),
        )
        assert download(url) == big()
        assert source.request_headers[1]["Range"] == "bytes=70000-"


@pytest.mark.parametrize(
    ("sent", "trusted", "message"),
    [
        pytest.param(certificate.HERE, False, "self-signed certificate", id="self-signed"),
        pytest.param(certificate.ELSEWHERE, True, "certificate is not valid for '127.0.0.1'", id="for another host"),
        pytest.param(certificate.EXPIRED, True, "certificate has expired", id="expired"),
        pytest.param(certificate.NOT_YET, True, "certificate is not yet valid", id="not valid yet, or a wrong clock"),
    ],
)
def test_an_invalid_certificate_fails_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: str, trusted: bool, message: str
) -> None:
    pem = certificate.pem_file(tmp_path, sent)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    with serving(pem) as source:
        error = failure(source.serves("/x", BODY))
    assert has_error(error, "SOURCE_TLS_FAILED: the server's TLS certificate is not valid") and message in str(error)
    assert (source.requests, error.retryable) == ([], False)


# Local failures


@pytest.mark.parametrize("size", [100_000, 299_999])
def test_a_full_disk_fails_the_run(source: Source, size: int) -> None:
    url = source.serves("/x", Response(big(), headers=STRONG))
    with files_up_to(size):
        error = failure(url)
    assert has_error(error, f"DISK_FULL: the disk is full ({tempfile.gettempdir()}")
    assert (len(source.requests), error.retryable) == (1, False)


def test_a_disk_without_free_space_fails_the_run(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl_runtime.source.files.fetch.NamedTemporaryFile", lambda **_: Path("/dev/full").open("w+b"))  # noqa: SIM115
    assert has_error(failure(source.serves("/x", Response(BODY))), "DISK_FULL: No space left on device")


def test_a_last_modified_in_the_future_is_used_unchanged(source: Source) -> None:
    headers = {"Last-Modified": in_days(400)}
    url = source.serves("/x", Response(BODY, headers=headers))
    original = fetch(url, FetchContext())
    assert original
    with original.file:
        assert original.last_modified == headers["Last-Modified"]
    assert fetch(url, FetchContext(), Validators(None, original.last_modified)) is None


# URLs and file names


def test_a_url_without_query_has_no_secret() -> None:
    assert without_query("https://u:p@example.org/a?sig=s3cret#f") == "https://example.org/a"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://h/a/b.csv?x=1", "b.csv"),
        ("https://h/", "source"),
        ("https://h/..", "source"),
        ("https://h/%2e%2e%2fpasswd", "passwd"),
        ("https://h/a b%00c.zip", "a_b_c.zip"),
    ],
)
def test_names_of_originals_are_safe(url: str, name: str) -> None:
    assert file_name(url) == name


def test_a_url_with_non_ascii_characters_is_encoded(source: Source) -> None:
    source.serves("/caf%C3%A9.csv", Response(BODY))
    assert download(source.url + "/café.csv") == BODY


def test_a_redirect_with_non_ascii_characters_is_encoded(source: Source) -> None:
    source.serves("/caf%C3%A9.csv", Response(BODY))
    location = "/café.csv".encode().decode("latin-1")
    assert download(source.serves("/x", Response(status=302, headers={"Location": location}))) == BODY
