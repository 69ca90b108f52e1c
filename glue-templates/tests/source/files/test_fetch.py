"""A download is whole, or it is an error; a retry is a decision."""

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
from hypothesis import given, settings
from hypothesis import strategies as st

import certificate
from conftest import Answer, Source, files_up_to
from etl_runtime.job.errors import RunFailed
from etl_runtime.source.files.fetch import MOST_RESUMPTIONS, FileMissing, Validators, fetch, file_name
from etl_runtime.source.files.fetch_context import FetchContext
from etl_runtime.web.client import public
from etl_runtime.web.retries import ATTEMPTS
from log_lines import logged
from source_server import serving

BODY = b"a,b\n1,2\n"
OTHER = b"a,b\n3,4\n"
MONDAY = "Mon, 01 Jan 2024 00:00:00 GMT"
TUESDAY = "Tue, 02 Jan 2024 00:00:00 GMT"
STRONG = {"ETag": '"e1"'}


def download(url: str, **context: Any) -> bytes:
    original = fetch(url, FetchContext(**{"first_wait_seconds": 0.01, **context}))
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


def test_every_byte_and_its_description(source: Source) -> None:
    headers = {"ETag": '"e1"', "Last-Modified": MONDAY}
    original = fetch(source.serves("/data/zip%20codes.csv", Answer(BODY, headers=headers)), FetchContext())
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
    "answer",
    [
        pytest.param(Answer(BODY), id="Content-Length"),
        pytest.param(Answer(b""), id="an empty file"),
        pytest.param(Answer(BODY, chunk_bytes=3), id="chunked"),
        pytest.param(Answer(b"", chunk_bytes=3), id="chunked and empty"),
        pytest.param(Answer(BODY, headers={"Content-Length": ""}), id="no Content-Length"),
        pytest.param(Answer(BODY, headers={"Content-Length": "some"}), id="a Content-Length that is no number"),
        pytest.param(Answer(BODY, headers={"Content-Length": "-1"}), id="a negative Content-Length"),
        pytest.param(Answer(BODY, protocol="HTTP/1.0"), id="an HTTP/1.0 server"),
        pytest.param(Answer(BODY, protocol="HTTP/1.0", headers={"Content-Length": ""}), id="an HTTP/1.0 server without Content-Length"),
        pytest.param(Answer(BODY + b"\r\n", headers={"Content-Length": "8"}), id="a line end behind the body"),
        pytest.param(Answer(BODY, headers={"Connection": "keep-alive"}), id="keep-alive"),
        pytest.param(Answer(BODY, pause_seconds=0.1), id="slower in all than the idle timeout"),
        pytest.param(Answer(BODY, headers={"Content-Encoding": "gzip"}), id="Content-Encoding gzip: as it was sent"),
        pytest.param(Answer(BODY, headers={"Content-Encoding": "utf-8"}), id="a Content-Encoding that is none"),
        pytest.param(Answer(BODY, headers={"Content-Type": "multipart/mixed"}), id="a Content-Type that is none"),
    ],
)  # fmt: skip
def test_a_whole_body(source: Source, answer: Answer) -> None:
    kept = answer.body.removesuffix(b"\r\n")
    assert download(source.serves("/x", answer), idle_timeout_seconds=0.5) == kept
    assert len(source.requests) == 1


@pytest.mark.parametrize(
    ("answer", "message", "requests"),
    [
        pytest.param(Answer(BODY, cut_after=4), "ended after 4 of 8 bytes", ATTEMPTS, id="shorter than its Content-Length"),
        pytest.param(Answer(BODY, headers={"Content-Length": "6"}), "longer than the 6 bytes announced", 1, id="longer than its Content-Length"),
        pytest.param(Answer(BODY, chunk_bytes=3, cut_after=4), "broke off", ATTEMPTS, id="chunked and cut"),
        pytest.param(Answer(BODY, chunk_bytes=3, cut_after=0), "broke off", ATTEMPTS, id="chunked and cut before its first chunk"),
        pytest.param(Answer(BODY, headers={"Transfer-Encoding": "chunked"}), "broke off", ATTEMPTS, id="chunks without sizes"),
        pytest.param(Answer(BODY, headers={"Content-Encoding": "br"}), "packs the file as br, which was not asked for", 1, id="Content-Encoding br"),
        pytest.param(Answer(BODY, headers={"Content-Encoding": "identity, zstd"}), "packs the file as zstd", 1, id="Content-Encoding zstd"),
        pytest.param(Answer(BODY, headers={"Transfer-Encoding": "gzip, chunked"}), "packs the file as gzip, chunked", 1, id="Transfer-Encoding gzip"),
        pytest.param(Answer(BODY, status=206, headers={"Content-Range": "bytes 0-7/8"}), "answered 206", ATTEMPTS, id="206 to a request without Range"),
        pytest.param(Answer(BODY, status=202), "answered 202", ATTEMPTS, id="202"),
        pytest.param(Answer(BODY, status=203), "answered 203", ATTEMPTS, id="203"),
        pytest.param(Answer(status=304), "answered 304 Not Modified, which was not asked for", 1, id="304 unasked"),
    ],
)  # fmt: skip
def test_a_body_that_is_not_the_file(source: Source, answer: Answer, message: str, requests: int) -> None:
    error = failure(source.serves("/x", answer))
    assert message in str(error)
    assert (len(source.requests), error.retryable) == (requests, requests == ATTEMPTS)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\nbody", "no proper HTTP: got more than 65536 bytes", id="a header line too long"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 150 + b"\r\nbody", "no proper HTTP: got more than 100 headers", id="too many headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\nbroken\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", "headers are broken", id="a header line without a colon"),
        pytest.param(b"HTTP/1.1 200 OK\r\n X: x\r\nContent-Length: 4\r\n\r\nbody", "headers are broken", id="a first header line that continues none"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 4\r\n\r\nbody", "headers are broken", id="two Content-Lengths"),
        pytest.param(b"HTTP/1.1 nine OK\r\n\r\n", "no proper HTTP", id="a status that is no number"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", "no proper HTTP", id="a server of something else"),
        pytest.param(b"", "closed connection without response", id="a server that hangs up"),
    ],
)  # fmt: skip
def test_an_answer_that_is_not_http(source: Source, raw: bytes, message: str) -> None:
    error = failure(source.serves("/x", Answer(raw=raw)))
    assert message in str(error)
    assert (len(source.requests), error.retryable) == (ATTEMPTS, True)
    assert download(source.serves("/y", Answer(raw=raw), Answer(BODY))) == BODY


# Statuses and pauses


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_passing_faults_are_tried_again(source: Source, status: int) -> None:
    assert download(source.serves("/x", Answer(status=status), Answer(status=status), Answer(BODY))) == BODY
    assert len(source.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 416, 451])
def test_other_4xx_fail_at_once(source: Source, status: int) -> None:
    error = failure(source.serves("/x", Answer(status=status)))
    assert f"answered {status}" in str(error)
    assert (len(source.requests), error.retryable) == (1, False)
    assert isinstance(error, FileMissing) == (status in (403, 404, 410))


def test_a_fault_that_stays_fails_after_five_attempts(source: Source) -> None:
    error = failure(source.serves("/x", Answer(status=500)))
    assert "answered 500" in str(error) and "5 times" in str(error)
    assert (len(source.requests), error.retryable) == (ATTEMPTS, True)


@pytest.mark.parametrize("in_words", [lambda: "1", lambda: formatdate(time.time() + 2, usegmt=True)])
def test_retry_after_is_obeyed(source: Source, in_words: Callable[[], str]) -> None:
    url = source.serves("/x", Answer(status=429, headers={"Retry-After": in_words()}), Answer(BODY))
    started = time.monotonic()
    assert download(url) == BODY
    assert time.monotonic() - started > 0.9


def in_days(days: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(days=days), usegmt=True)


@pytest.mark.parametrize(
    ("status", "retry_after", "pause"),
    [
        pytest.param(429, "", "0 s", id="neither"),
        pytest.param(429, "30", "30 s", id="seconds"),
        pytest.param(503, "30", "30 s", id="seconds with 503"),
        pytest.param(429, "-5", "0 s", id="negative seconds"),
        pytest.param(429, "0", "0 s", id="zero"),
        pytest.param(429, "1.5", "0 s", id="a fraction"),
        pytest.param(429, "99999999999", "120 s", id="absurdly many seconds"),
        pytest.param(429, "9" * 400, "120 s", id="more seconds than a number holds"),
        pytest.param(429, "\u00b2", "0 s", id="a digit that is none"),
        pytest.param(429, "soon", "0 s", id="a word"),
        pytest.param(429, in_days(365), "120 s", id="a date a year ahead, as by a wrong clock"),
        pytest.param(429, in_days(-365), "0 s", id="a date long past, as by a wrong clock"),
        pytest.param(429, "Mon, 99999999999999999999 Jan 2024 00:00:00 GMT", "0 s", id="a day that no calendar has"),
        pytest.param(429, "Mon, 01 Jan 2024 00:00:00 -0000", "0 s", id="a date without a time zone"),
    ],
)  # fmt: skip
def test_the_pause_that_is_asked_for_is_bounded(source: Source, status: int, retry_after: str, pause: str) -> None:
    stop = threading.Event()

    class StopsAtOnce(list[str]):
        """Ends the pause as soon as it is logged."""

        def append(self, line: str) -> None:
            super().append(line)
            stop.set()

    url = source.serves("/x", Answer(status=status, headers={"Retry-After": retry_after}), Answer(BODY))
    with logged(StopsAtOnce()) as lines, pytest.raises(RunFailed, match="given up"):
        fetch(url, FetchContext(first_wait_seconds=0.01, stop=stop))
    assert f"next in {pause}" in lines[0]


# Going on where a download broke off


def big(size: int = 300_000) -> bytes:
    return hashlib.shake_256(b"a file").digest(size)


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        pytest.param([Answer(big(), cut_after=1, ranges=True, headers=STRONG)], ["bytes=1-"], id="after one byte"),
        pytest.param([Answer(big(), cut_after=200_000, ranges=True, headers=STRONG)], ["bytes=200000-"], id="in the middle"),
        pytest.param([Answer(big(), cut_after=299_999, ranges=True, headers=STRONG)], ["bytes=299999-"], id="before the last byte"),
        pytest.param([Answer(big(), cut_after=99_999, chunk_bytes=4096, ranges=True, headers=STRONG)], ["bytes=99999-"], id="chunked"),
        pytest.param([Answer(big(), cut_after=50_000, ranges=True, headers={"Last-Modified": MONDAY})], ["bytes=50000-"], id="by Last-Modified"),
        pytest.param([Answer(big(), cut_after=50_000, ranges=True, headers={"ETag": 'W/"1"', "Last-Modified": MONDAY})], ["bytes=50000-"], id="by Last-Modified, beside a weak ETag"),
        pytest.param([Answer(big(), cut_after=50_000, resets=True, ranges=True, headers=STRONG)], ["bytes=50000-"], id="a reset connection"),
        pytest.param([Answer(big(), cut_after=50_000, resets=True, ranges=True, headers={**STRONG, "Content-Length": ""})], ["bytes=50000-"], id="a reset connection without Content-Length"),
        pytest.param([Answer(big(), cut_after=50_000, ranges=True, headers=STRONG), Answer(status=503), Answer(status=503)], ["bytes=50000-"] * 3, id="503 for a while in between"),
        pytest.param([Answer(big(), cut_after=20_000, ranges=True, headers=STRONG)] * 12, [f"bytes={20_000 * count}-" for count in range(1, 13)], id="twelve times"),
    ],
)  # fmt: skip
def test_a_download_goes_on_where_it_broke_off(source: Source, answers: list[Answer], asked: list[str]) -> None:
    rest = Answer(big(), ranges=True, headers=answers[0].headers, chunk_bytes=answers[0].chunk_bytes)
    assert download(source.serves("/x", *answers, rest)) == big()
    assert [headers.get("Range", "") for headers in source.asked] == ["", *asked]
    version = answers[0].headers.get("ETag", 'W/"1"')
    assert {headers["If-Range"] for headers in source.asked[1:]} == {MONDAY if version == 'W/"1"' else version}


def rest(first: int, last: int, total: str, **headers: str) -> Answer:
    return Answer(BODY[4:], status=206, headers={"Content-Range": f"bytes {first}-{last}/{total}", **STRONG, **headers})


@pytest.mark.parametrize(
    ("headers", "second"),
    [
        pytest.param({}, None, id="neither ETag nor Last-Modified"),
        pytest.param({"ETag": 'W/"1"'}, None, id="a weak ETag alone"),
        pytest.param(STRONG, None, id="a server without ranges"),
        pytest.param(STRONG, Answer(status=416), id="416"),
        pytest.param(STRONG, rest(4, 7, "8", ETag='"e2"'), id="206 with another ETag"),
        pytest.param(STRONG, rest(4, 7, "8", ETag=""), id="206 without the ETag"),
        pytest.param({**STRONG, "Last-Modified": MONDAY}, rest(4, 7, "8", **{"Last-Modified": TUESDAY}), id="206 with another Last-Modified"),
        pytest.param(STRONG, rest(3, 6, "8"), id="206 from another byte"),
        pytest.param(STRONG, rest(4, 7, "9"), id="206 of another size"),
        pytest.param(STRONG, replace(rest(4, 8, "8"), body=BODY[4:] + b"x"), id="206 beyond the end"),
        pytest.param(STRONG, rest(4, 6, "8"), id="206 of another length than it says"),
        pytest.param(STRONG, rest(4, 7, "*"), id="206 of unknown size"),
        pytest.param(STRONG, Answer(BODY[4:], status=206, headers=STRONG), id="206 without Content-Range"),
        pytest.param(STRONG, rest(4, 7, "8", **{"Content-Range": "lines 4-7/8"}), id="206 in another unit"),
    ],
)  # fmt: skip
def test_a_download_that_cannot_go_on_begins_again(
    source: Source, headers: dict[str, str], second: Answer | None
) -> None:
    """The body of what comes last is another one, so that a mixture of both would show."""
    last = Answer(OTHER, headers={**headers, **({"ETag": '"e3"'} if "ETag" in headers else {})})
    broken_off = Answer(BODY, cut_after=4, headers=headers)
    assert download(source.serves("/x", broken_off, *([second] if second else []), last)) == OTHER
    assert ("Range" in source.asked[1]) == (headers.get("ETag", "").startswith('"') or "Last-Modified" in headers)
    assert second is None or "Range" not in source.asked[2]


def test_a_file_that_changes_during_the_download_is_the_new_one(source: Source) -> None:
    old = Answer(big(), cut_after=100_000, ranges=True, headers=STRONG)
    new = Answer(b"shorter", ranges=True, headers={"ETag": '"e2"', "Last-Modified": TUESDAY})
    original = fetch(source.serves("/x", old, new), FetchContext(first_wait_seconds=0.01))
    assert original
    with original.file:
        assert original.path.read_bytes() == b"shorter"
    assert (original.etag, original.last_modified) == ('"e2"', TUESDAY)


def test_a_part_may_be_answered_in_smaller_parts(source: Source) -> None:
    broken_off = Answer(BODY, cut_after=2, headers=STRONG)
    small = Answer(BODY[2:5], status=206, headers={"Content-Range": "bytes 2-4/8", **STRONG})
    last = Answer(BODY[5:], status=206, headers={"Content-Range": "bytes 5-7/8", **STRONG})
    assert download(source.serves("/x", broken_off, small, last)) == BODY


def test_what_is_known_is_asked_at_the_beginning_alone(source: Source) -> None:
    url = source.serves(
        "/x", Answer(BODY, cut_after=4, ranges=True, headers=STRONG), Answer(BODY, ranges=True, headers=STRONG)
    )
    assert download(url, known=Validators('"e0"')) == BODY
    assert [headers.get("If-None-Match") for headers in source.asked] == ['"e0"', None]


def test_a_server_that_always_breaks_off_is_given_up(source: Source) -> None:
    error = failure(source.serves("/x", Answer(big(1000), cut_after=1, ranges=True, headers=STRONG)))
    assert f"ended after {MOST_RESUMPTIONS + 1} of 1,000 bytes, {MOST_RESUMPTIONS + 1} times" in str(error)
    assert (len(source.requests), error.retryable) == (MOST_RESUMPTIONS + 1, True)


def test_a_server_that_brings_nothing_new_is_given_up(source: Source) -> None:
    url = source.serves(
        "/x",
        Answer(BODY, cut_after=4, ranges=True, headers=STRONG),
        Answer(BODY, cut_after=0, ranges=True, headers=STRONG),
    )
    assert "ended after 4 of 8 bytes, 6 times" in str(failure(url))


@settings(max_examples=25)
@given(
    cuts=st.lists(st.integers(0, 300), max_size=4),
    chunk_bytes=st.sampled_from([None, 1, 64]),
    headers=st.sampled_from([STRONG, {"Last-Modified": MONDAY}, {"ETag": 'W/"1"'}, {}]),
    ranges=st.booleans(),
)
def test_wherever_it_breaks_off_the_file_is_whole(
    cuts: list[int], chunk_bytes: int | None, headers: dict[str, str], ranges: bool
) -> None:
    def answer(cut: int | None) -> Answer:
        return Answer(big(300), cut_after=cut, chunk_bytes=chunk_bytes, headers=headers, ranges=ranges)

    with serving() as source:
        original = fetch(source.serves("/x", *map(answer, cuts), answer(None)), FetchContext(first_wait_seconds=0))
        assert original
        with original.file:
            assert original.path.read_bytes() == big(300)
        assert original.sha256 == hashlib.sha256(big(300)).hexdigest()


# Silence


def test_a_silent_server_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = failure(f"http://127.0.0.1:{silent.getsockname()[1]}/x", idle_timeout_seconds=0.2)
    assert "no answer for 0.2 s, 5 times" in str(error)
    assert error.retryable


def test_a_server_that_falls_silent_is_asked_for_the_rest(source: Source) -> None:
    slow = Answer(BODY, pause_seconds=0.7, ranges=True, headers=STRONG)
    url = source.serves("/x", slow, Answer(BODY, ranges=True, headers=STRONG))
    assert download(url, idle_timeout_seconds=0.5) == BODY


def test_another_thread_can_end_a_download(source: Source) -> None:
    stop = threading.Event()
    stop.set()
    assert "given up" in str(failure(source.serves("/x", BODY), stop=stop))


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["/there", "there", "../there", "//{host}/there", "{url}/there"])
def test_redirects_are_followed(source: Source, status: int, target: str) -> None:
    source.serves("/there", Answer(BODY))
    location = target.format(url=source.url, host=source.url.partition("//")[2])
    assert download(source.serves("/x", Answer(status=status, headers={"Location": location}))) == BODY


def test_nothing_confidential_is_sent_to_another_host(source: Source) -> None:
    with serving() as other:
        there = other.serves(
            "/there", Answer(BODY, cut_after=4, ranges=True, headers=STRONG), Answer(BODY, ranges=True, headers=STRONG)
        )
        elsewhere = there.replace("127.0.0.1", "localhost")
        url = source.serves("/x", Answer(status=302, headers={"Location": elsewhere, "Set-Cookie": "session=s3cret"}))
        assert download(f"{url}?key=s3cret") == BODY
        assert len(other.asked) == 2
        for asked in other.asked:
            assert set(asked) <= {"Host", "User-Agent", "Accept-Encoding", "Connection", "Range", "If-Range"}
            assert "s3cret" not in str(asked)
            assert asked["Host"] == elsewhere.split("/")[2]


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,a", "/x", ""])
def test_a_redirect_to_another_scheme_or_in_a_loop_fails(source: Source, target: str) -> None:
    error = failure(source.serves("/x", Answer(status=302, headers={"Location": target})))
    assert "redirect" in str(error)
    assert not error.retryable


def test_a_loop_of_two_fails(source: Source) -> None:
    source.serves("/y", Answer(status=302, headers={"Location": "/x"}))
    error = failure(source.serves("/x", Answer(status=302, headers={"Location": "/y"})))
    assert "a loop" in str(error)
    assert len(source.requests) < 20


@pytest.mark.parametrize(
    "target",
    ["http://user:s3cret@127.0.0.1:x/", "s3://bucket/x.csv?X-Amz-Signature=s3cret", "http://[s3cret/x"],
)
def test_a_redirect_that_cannot_be_followed_keeps_its_secrets(source: Source, target: str) -> None:
    error = failure(source.serves("/x", Answer(status=302, headers={"Location": target})))
    assert "s3cret" not in str(error)
    assert not error.retryable


# Hosts and certificates


def test_an_unknown_host_says_so() -> None:
    assert "host is unknown" in str(failure("http://no-such-host.invalid/x"))


def test_a_server_that_is_not_there(source: Source) -> None:
    assert "connection failed" in str(failure("http://127.0.0.1:9/x"))


def test_a_server_without_tls_says_so(source: Source) -> None:
    error = failure(source.url.replace("http://", "https://") + "/x")
    assert "does not speak TLS" in str(error)
    assert not error.retryable


def test_https_goes_on_where_it_broke_off_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pem = certificate.pem_file(tmp_path, certificate.HERE)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    with serving(pem) as source:
        url = source.serves(
            "/x",
            Answer(big(), cut_after=70_000, ranges=True, headers=STRONG),
            Answer(big(), ranges=True, headers=STRONG),
        )
        assert download(url) == big()
        assert source.asked[1]["Range"] == "bytes=70000-"


@pytest.mark.parametrize(
    ("sent", "trusted", "message"),
    [
        pytest.param(certificate.HERE, False, "self-signed certificate", id="self-signed"),
        pytest.param(certificate.ELSEWHERE, True, "certificate is not valid for '127.0.0.1'", id="of another host"),
        pytest.param(certificate.EXPIRED, True, "certificate has expired", id="expired"),
        pytest.param(certificate.NOT_YET, True, "certificate is not yet valid", id="not valid yet, or a wrong clock"),
    ],
)
def test_a_wrong_certificate_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: str, trusted: bool, message: str
) -> None:
    pem = certificate.pem_file(tmp_path, sent)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    with serving(pem) as source:
        error = failure(source.serves("/x", BODY))
    assert "the server's TLS certificate is not valid" in str(error) and message in str(error)
    assert (source.requests, error.retryable) == ([], False)


# The machine


@pytest.mark.parametrize("size", [100_000, 299_999])
def test_a_full_disk_says_so(source: Source, size: int) -> None:
    url = source.serves("/x", Answer(big(), headers=STRONG))
    with files_up_to(size):
        error = failure(url)
    assert f"the disk is full ({tempfile.gettempdir()}" in str(error)
    assert (len(source.requests), error.retryable) == (1, False)


def test_a_disk_without_any_room_says_so(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl_runtime.source.files.fetch.NamedTemporaryFile", lambda **_: Path("/dev/full").open("w+b"))  # noqa: SIM115
    assert "No space left on device" in str(failure(source.serves("/x", Answer(BODY))))


def test_a_last_modified_in_the_future_is_passed_on(source: Source) -> None:
    headers = {"Last-Modified": in_days(400)}
    url = source.serves("/x", Answer(BODY, headers=headers))
    original = fetch(url, FetchContext())
    assert original
    with original.file:
        assert original.last_modified == headers["Last-Modified"]
    assert fetch(url, FetchContext(), Validators(None, original.last_modified)) is None


# Names


def test_what_is_said_of_a_url_holds_no_secret() -> None:
    assert public("https://u:p@example.org/a?sig=s3cret#f") == "https://example.org/a"


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
def test_names_of_originals_are_harmless(url: str, name: str) -> None:
    assert file_name(url) == name


def test_an_address_outside_ascii_is_encoded(source: Source) -> None:
    source.serves("/caf%C3%A9.csv", Answer(BODY))
    assert download(source.url + "/café.csv") == BODY


def test_a_redirect_outside_ascii_is_encoded(source: Source) -> None:
    source.serves("/caf%C3%A9.csv", Answer(BODY))
    location = "/café.csv".encode().decode("latin-1")
    assert download(source.serves("/x", Answer(status=302, headers={"Location": location}))) == BODY
