"""Download the source's file, whole or not at all."""

import errno
import hashlib
import http.client
import re
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from tempfile import NamedTemporaryFile, _TemporaryFileWrapper, gettempdir
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from etl_runtime.errors import RunFailed

ATTEMPTS = 5
IDLE_TIMEOUT_SECONDS = 60  # without a byte; a slow download may take as long as it takes
LONGEST_RETRY_AFTER_SECONDS = 120
RETRIED_STATUS = frozenset({408, 425, 429, *range(500, 600)})
BLOCK_BYTES = 1 << 20
PROGRESS_SECONDS = 10
URL_CHARACTERS = "%/:=&?~#+!$,;'@()*[]"  # stay as they are; others are encoded, as a browser does


@dataclass(frozen=True)
class Original:
    """A downloaded file, byte for byte as the source sent it. It is deleted when `file` is closed."""

    file: "_TemporaryFileWrapper[bytes]"
    name: str
    url: str
    size: int
    sha256: str
    etag: str | None
    last_modified: str | None

    @property
    def path(self) -> Path:
        return Path(self.file.name)


class FetchError(Exception):
    """One attempt failed. `retry_after` is what the server asked for, in seconds."""

    def __init__(self, message: str, *, retryable: bool, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.retry_after = retry_after


@dataclass(frozen=True)
class Validators:
    """What the source said of a file that is there already, to ask whether it has changed since."""

    etag: str | None = None
    last_modified: str | None = None

    def headers(self) -> dict[str, str]:
        headers = {"If-None-Match": self.etag, "If-Modified-Since": None if self.etag else self.last_modified}
        return {name: value for name, value in headers.items() if value}


NOTHING_KNOWN = Validators()


def fetch(
    url: str,
    say: Callable[[str], None],
    known: Validators = NOTHING_KNOWN,
    on_answer: Callable[[], object] = lambda: None,
    first_wait_seconds: float = 1,
) -> Original | None:
    """Download `url` into a temporary file; None where it is what `known` describes. `on_answer` is called when a download begins.

    Timeouts, dropped connections, bodies shorter than their Content-Length, 408, 425, 429 and 5xx are tried again, five times
    in all, with exponential back-off, jitter and the server's Retry-After; other answers fail at once. Raises RunFailed.
    """
    back_off = wait_exponential_jitter(initial=first_wait_seconds, max=60, jitter=first_wait_seconds)

    def wait(state: RetryCallState) -> float:
        asked = getattr(state.outcome and state.outcome.exception(), "retry_after", None)
        return back_off(state) if asked is None else min(asked, LONGEST_RETRY_AFTER_SECONDS)

    def tell(state: RetryCallState) -> None:
        error = state.outcome and state.outcome.exception()
        pause = state.next_action.sleep if state.next_action else 0
        say(f"{public(url)}: {error}; attempt {state.attempt_number} of {ATTEMPTS}, next in {pause:.0f} s")

    retrying = Retrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait,
        retry=retry_if_exception(lambda error: isinstance(error, FetchError) and error.retryable),
        before_sleep=tell,
        reraise=True,
    )
    try:
        original: Original | None = retrying(_download, url, say, known, on_answer)
    except FetchError as error:
        tried = f", {ATTEMPTS} times. Run again later" if error.retryable else ""
        raise RunFailed(f"source_url {public(url)}: {error}{tried}.", retryable=error.retryable) from error
    return original


def public(url: str) -> str:
    """The URL without its query and fragment, which may hold a signature or a key."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def file_name(url: str) -> str:
    """A harmless name for the original in raw/, from the last segment of the URL's path."""
    last = unquote(urlsplit(url).path).rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9._-]+", "_", last).strip("._")[:120] or "source"


def _download(url: str, say: Callable[[str], None], known: Validators, on_answer: Callable[[], object]) -> Original | None:
    request = urllib.request.Request(
        quote(url, safe=URL_CHARACTERS), headers={"User-Agent": "cdk-glue-medallion", "Accept-Encoding": "identity", **known.headers()}
    )
    file = NamedTemporaryFile(prefix="medallion-")  # noqa: SIM115 - the Original owns it
    try:
        with closing(_opener().open(request, timeout=IDLE_TIMEOUT_SECONDS)) as answer:
            if answer.status != 200:
                raise FetchError(f"the server answered {answer.status} {answer.reason}, which is not the file", retryable=True)
            on_answer()
            size, sha256 = _receive(answer, file, say, public(url))
            file.flush()
            return Original(file, file_name(url), url, size, sha256, answer.headers["ETag"], answer.headers["Last-Modified"])
    except BaseException as error:
        file.close()
        if isinstance(error, urllib.error.HTTPError) and error.code == 304 and known.headers():
            error.close()
            return None
        if isinstance(error, (OSError, http.client.HTTPException, ValueError)):
            raise _explained(error) from error
        raise


def _receive(answer: Any, file: "_TemporaryFileWrapper[bytes]", say: Callable[[str], None], url: str) -> tuple[int, str]:
    announced = answer.headers["Content-Length"]
    expected = int(announced) if announced is not None and announced.isdigit() else None
    digest = hashlib.sha256()
    size = 0
    told = time.monotonic()
    while block := answer.read(BLOCK_BYTES):
        file.write(block)
        digest.update(block)
        size += len(block)
        if time.monotonic() - told > PROGRESS_SECONDS:
            told = time.monotonic()
            say(f"{url}  {size / 1e6:,.0f} MB" + (f" of {expected / 1e6:,.0f} MB" if expected else ""))
    if expected is not None and size != expected:
        raise FetchError(f"the body ended after {size:,} of {expected:,} bytes", retryable=True)
    return size, digest.hexdigest()


def _opener() -> urllib.request.OpenerDirector:
    """HTTP and HTTPS alone: a redirect to file:// or ftp:// finds no handler. At most 10 redirects (urllib's own limit)."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _explained(error: OSError | http.client.HTTPException | ValueError) -> FetchError:
    """What went wrong, in words, and whether another attempt may help. No address is repeated: it may hold a signature."""
    if isinstance(error, urllib.error.HTTPError):
        with closing(error):
            if error.code in RETRIED_STATUS:
                return FetchError(f"the server answered {error.code} {error.reason}", retryable=True, retry_after=_retry_after(error))
            if 300 <= error.code < 400:
                return FetchError(f"the redirect of {error.code} cannot be followed: a loop, or to neither http nor https", retryable=False)
            return FetchError(f"the server answered {error.code} {error.reason}. Check the address in a browser", retryable=False)
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, (http.client.InvalidURL, ValueError)) and not isinstance(reason, OSError):
        return FetchError("the address, or the one it redirects to, is not one. Check its host and port", retryable=False)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return FetchError(f"the server's TLS certificate is not valid: {reason.verify_message}", retryable=False)
    if isinstance(reason, ssl.SSLError) and reason.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST"):
        return FetchError("the server does not speak TLS at this port. Should the address begin with http://?", retryable=False)
    if isinstance(reason, socket.gaierror):
        unknown = reason.errno == socket.EAI_NONAME
        return FetchError("the host is unknown. Check the address, and the network's DNS", retryable=not unknown)
    if isinstance(reason, TimeoutError):
        return FetchError(f"no answer for {IDLE_TIMEOUT_SECONDS} s", retryable=True)
    if isinstance(reason, http.client.IncompleteRead):
        return FetchError("the body broke off", retryable=True)
    if isinstance(reason, OSError) and reason.errno == errno.ENOSPC:
        return FetchError(f"the disk is full ({gettempdir()}). Free some space", retryable=False)
    if "unknown url type" in str(reason):
        return FetchError("the redirect leads to neither http nor https", retryable=False)
    return FetchError(f"the connection failed: {reason or type(error).__name__}", retryable=True)


def _retry_after(error: urllib.error.HTTPError) -> float | None:
    value = error.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
