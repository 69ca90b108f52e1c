"""A download is whole, or it is an error; a retry is a decision."""

import hashlib
import time
from email.utils import formatdate

import pytest

from conftest import Answer, Source
from etl_runtime import fetch as fetching
from etl_runtime.errors import RunFailed
from etl_runtime.fetch import ATTEMPTS, fetch, file_name, public

BODY = b"a,b\n1,2\n"


def download(url: str) -> bytes:
    original = fetch(url, lambda _: None, first_wait_seconds=0.01)
    assert original
    with original.file:
        return original.path.read_bytes()


def failure(url: str) -> RunFailed:
    with pytest.raises(RunFailed) as raised:
        download(url)
    return raised.value


def test_every_byte_and_its_description(source: Source) -> None:
    headers = {"ETag": '"e1"', "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}
    original = fetch(source.serves("/data/zip%20codes.csv", Answer(BODY, headers=headers)), lambda _: None)
    assert original
    assert original.path.read_bytes() == BODY
    assert (original.name, original.size, original.sha256) == ("zip_codes.csv", len(BODY), hashlib.sha256(BODY).hexdigest())
    assert (original.etag, original.last_modified) == ('"e1"', "Mon, 01 Jan 2024 00:00:00 GMT")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_passing_faults_are_tried_again(source: Source, status: int) -> None:
    assert download(source.serves("/x", Answer(status=status), Answer(status=status), Answer(BODY))) == BODY
    assert len(source.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_other_4xx_fail_at_once(source: Source, status: int) -> None:
    error = failure(source.serves("/x", Answer(status=status)))
    assert f"answered {status}" in str(error)
    assert (len(source.requests), error.retryable) == (1, False)


def test_a_fault_that_stays_fails_after_five_attempts(source: Source) -> None:
    error = failure(source.serves("/x", Answer(status=500)))
    assert "answered 500" in str(error) and "5 times" in str(error)
    assert (len(source.requests), error.retryable) == (ATTEMPTS, True)


def test_a_body_shorter_than_its_content_length_never_passes(source: Source) -> None:
    assert "ended after 4 of 8 bytes" in str(failure(source.serves("/x", Answer(BODY, cut_after=4))))
    assert download(source.serves("/y", Answer(BODY, cut_after=4), Answer(BODY))) == BODY


def test_a_chunked_body_that_breaks_off_never_passes(source: Source) -> None:
    chunked = Answer(b"8\r\na,b\n1,2\n\r\n", headers={"Transfer-Encoding": "chunked"})
    assert "broke off" in str(failure(source.serves("/x", chunked)))


@pytest.mark.parametrize("in_words", [lambda: "1", lambda: formatdate(time.time() + 2, usegmt=True)])
def test_retry_after_is_obeyed(source: Source, in_words: object) -> None:
    url = source.serves("/x", Answer(status=429, headers={"Retry-After": in_words()}), Answer(BODY))  # type: ignore[operator]
    started = time.monotonic()
    assert download(url) == BODY
    assert time.monotonic() - started > 0.9


def test_redirects_are_followed(source: Source) -> None:
    source.serves("/there", Answer(BODY))
    assert download(source.serves("/x", Answer(status=302, headers={"Location": "/there"}))) == BODY


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "/x"])
def test_a_redirect_to_another_scheme_or_in_a_loop_fails(source: Source, target: str) -> None:
    error = failure(source.serves("/x", Answer(status=302, headers={"Location": target})))
    assert "redirect" in str(error)
    assert not error.retryable


def test_an_unknown_host_says_so() -> None:
    assert "host is unknown" in str(failure("http://no-such-host.invalid/x"))


def test_a_server_that_is_not_there(source: Source) -> None:
    assert "connection failed" in str(failure("http://127.0.0.1:9/x"))


def test_a_server_without_tls_says_so(source: Source) -> None:
    error = failure(source.url.replace("http://", "https://") + "/x")
    assert "does not speak TLS" in str(error)
    assert not error.retryable


def test_a_silent_server_is_given_up(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(fetching, "IDLE_TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert "no answer" in str(failure(f"http://127.0.0.1:{silent.getsockname()[1]}/x"))


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


@pytest.mark.parametrize("status", [202, 203, 206])
def test_only_200_is_the_file(source: Source, status: int) -> None:
    assert f"answered {status}" in str(failure(source.serves("/x", Answer(BODY, status=status))))


@pytest.mark.parametrize(
    "target",
    ["http://user:s3cret@127.0.0.1:x/", "s3://bucket/x.csv?X-Amz-Signature=s3cret", "http://[s3cret/x"],
)
def test_a_redirect_that_cannot_be_followed_keeps_its_secrets(source: Source, target: str) -> None:
    error = failure(source.serves("/x", Answer(status=302, headers={"Location": target})))
    assert "s3cret" not in str(error)
    assert not error.retryable


def test_an_address_outside_ascii_is_encoded(source: Source) -> None:
    source.serves("/caf%C3%A9.csv", Answer(BODY))
    assert download(source.url + "/café.csv") == BODY


def test_a_retry_after_that_is_no_number_is_not_one(source: Source) -> None:
    assert download(source.serves("/x", Answer(status=429, headers={"Retry-After": "\u00b2"}), Answer(BODY))) == BODY
