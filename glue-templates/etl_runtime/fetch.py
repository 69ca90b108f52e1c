"""Download the source's file, whole or not at all."""

import hashlib
import http.client
import re
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect
from email.utils import parsedate_to_datetime
from pathlib import Path
from tempfile import NamedTemporaryFile, _TemporaryFileWrapper, gettempdir
from threading import Event
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from tenacity import RetryCallState, Retrying, retry_if_exception, sleep_using_event, wait_random

from etl_runtime.errors import NO_ROOM, RunFailed

ATTEMPTS = 5  # in a row that bring nothing new
MOST_RESUMPTIONS = 50
IDLE_TIMEOUT_SECONDS = 60  # without a byte; a slow download may take as long as it takes
LONGEST_PAUSE_SECONDS = 60
LONGEST_RETRY_AFTER_SECONDS = 120
RETRIED_STATUS = frozenset({408, 425, 429, *range(500, 600)})
MISSING_STATUS = frozenset({403, 404, 410})  # 403: what S3 says of a missing object to those who may not list
BLOCK_BYTES = 1 << 20
PROGRESS_SECONDS = 10
URL_CHARACTERS = "%/:=&?~#+!$,;'@()*[]"  # stay as they are; others are encoded, as a browser does
UNREADABLE_CODINGS = frozenset({"br", "compress", "deflate", "dcb", "dcz", "x-compress", "zstd"})


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
    total: int | None = None  # bytes that the source has, where these are only the first of them

    @property
    def path(self) -> Path:
        return Path(self.file.name)


class FetchError(Exception):
    """One attempt failed. `retry_after` is what the server asked for, in seconds; `missing` means that it has no such file."""

    def __init__(self, message: str, *, retryable: bool, retry_after: float | None = None, missing: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.retry_after = retry_after
        self.missing = missing


class FileMissing(RunFailed):
    """The server has no such file: it answered 403, 404 or 410."""


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
    idle_timeout_seconds: float = IDLE_TIMEOUT_SECONDS,
    stop: Event | None = None,
    most_bytes: int | None = None,
) -> Original | None:
    """Download `url` into a temporary file; None where it is what `known` describes. `on_answer` is called when a download begins.

    Timeouts, dropped connections, bodies shorter than their Content-Length, 408, 425, 429 and 5xx are tried again, five times
    in all, with exponential back-off, jitter and the server's Retry-After; other answers fail at once. Where the server can go
    on after what has arrived, it is asked to, and an attempt that brought something does not count. `stop` ends it from another
    thread; `most_bytes` has it break off when so many have arrived. Raises RunFailed, and FileMissing where the server has no such file.
    """
    stop = stop or Event()
    download = _Download(url, say, known, on_answer, idle_timeout_seconds, stop, most_bytes)
    jitter = wait_random(0, first_wait_seconds)

    def wait(state: RetryCallState) -> float:
        asked = float(getattr(state.outcome and state.outcome.exception(), "retry_after", None) or 0)
        back_off = min(first_wait_seconds * float(2 ** max(0, download.fruitless - 1)), LONGEST_PAUSE_SECONDS) + jitter(state)
        return max(back_off, min(asked, LONGEST_RETRY_AFTER_SECONDS))

    def tell(state: RetryCallState) -> None:
        error = state.outcome and state.outcome.exception()
        pause = state.next_action.sleep if state.next_action else 0
        goes_on = f", from byte {download.resumes_at:,}" if download.resumes_at else ""
        say(f"{public(url)}: {error}; attempt {state.attempt_number}, next in {pause:.0f} s{goes_on}")

    retrying = Retrying(
        stop=lambda state: download.fruitless >= ATTEMPTS or state.attempt_number > MOST_RESUMPTIONS,
        wait=wait,
        retry=retry_if_exception(lambda error: isinstance(error, FetchError) and error.retryable),
        sleep=sleep_using_event(stop),
        before_sleep=tell,
        reraise=True,
    )
    with ExitStack() as unless_whole:
        unless_whole.callback(download.discard)
        try:
            original: Original | None = retrying(download.attempt)
        except FetchError as error:
            tried = f", {download.attempts} times. Run again later" if error.retryable else ""
            failure = FileMissing if error.missing else RunFailed
            raise failure(f"source_url {public(url)}: {error}{tried}.", retryable=error.retryable) from error
        if original:
            unless_whole.pop_all()
    return original


def public(url: str) -> str:
    """The URL without its query and fragment, which may hold a signature or a key."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def file_name(url: str) -> str:
    """A harmless name for the original in raw/, from the last segment of the URL's path."""
    last = unquote(urlsplit(url).path).rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9._-]+", "_", last).strip("._")[:120] or "source"


class _Download:
    """A file on its way, over as many attempts as it takes. What has arrived stays where the server can go on from there."""

    def __init__(
        self,
        url: str,
        say: Callable[[str], None],
        known: Validators,
        on_answer: Callable[[], object],
        idle_timeout_seconds: float,
        stop: Event,
        most_bytes: int | None,
    ) -> None:
        self.url = url
        self._most_bytes = most_bytes
        self._is_cut = False
        self.attempts = 0
        self.fruitless = 0  # attempts in a row that brought nothing new
        self._say = say
        self._known = known
        self._on_answer = on_answer
        self._idle_timeout_seconds = idle_timeout_seconds
        self._stop = stop
        self._opener = _opener()
        self._file = NamedTemporaryFile(prefix="medallion-")  # noqa: SIM115 - the Original owns it
        self._digest = hashlib.sha256()
        self._size = self._furthest = 0
        self._total: int | None = None
        self._etag: str | None = None
        self._last_modified: str | None = None
        self._version: str | None = None  # what goes into If-Range

    @property
    def resumes_at(self) -> int:
        """Where the next attempt goes on: 0 where nothing tells that it would be the same file."""
        return self._size if self._version else 0

    def attempt(self) -> Original | None:
        self.attempts += 1
        try:
            return self._attempt()
        except urllib.error.HTTPError as error:
            if error.code == 304 and self._known.headers() and not self.resumes_at:
                error.close()
                return None
            if error.code == 416 and self.resumes_at:
                error.close()
                raise self._another_file() from error
            raise self._explained(error) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._explained(error) from error
        finally:
            self.fruitless = 0 if self.resumes_at > self._furthest else self.fruitless + 1
            self._furthest = max(self._furthest, self.resumes_at)

    def discard(self) -> None:
        with suppress(OSError):  # a full disk, once more
            self._file.close()

    def _attempt(self) -> Original:
        self._require_wanted()
        asked = {"Range": f"bytes={self._size}-", "If-Range": self._version or ""} if self.resumes_at else self._known.headers()
        headers = {"User-Agent": "cdk-glue-medallion", "Accept-Encoding": "identity", **asked}
        request = urllib.request.Request(quote(self.url, safe=URL_CHARACTERS), headers=headers)
        with closing(self._opener.open(request, timeout=self._idle_timeout_seconds)) as answer:
            _require_readable(answer)
            if answer.status == 206 and self.resumes_at:
                self._go_on(answer)
            elif answer.status == 200:
                self._begin(answer)
            else:
                raise FetchError(f"the server answered {answer.status} {answer.reason}, which is not the file", retryable=True)
            self._on_answer()
            self._receive(answer)
        self._file.flush()
        about = (self._size, self._digest.hexdigest(), self._etag, self._last_modified, self._total if self._is_cut else None)
        return Original(self._file, file_name(self.url), self.url, *about)

    def _begin(self, answer: Any) -> None:
        """From the first byte."""
        self._etag, self._last_modified = answer.headers["ETag"], answer.headers["Last-Modified"]
        self._version = self._etag if self._etag and self._etag.startswith('"') else self._last_modified
        self._total = answer.length
        self._digest = hashlib.sha256()
        if self._size:
            self._file.seek(0)
            self._file.truncate()
            self._size = 0

    def _go_on(self, answer: Any) -> None:
        """Raises FetchError unless the answer is the rest of the file that has arrived so far."""
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", answer.headers.get("Content-Range", "").strip())
        first, last, total = (int(number) for number in found.groups()) if found else (-1, -1, -1)
        same_place = first == self._size and last < total and answer.length in (None, last - first + 1)
        same_file = (
            self._total in (None, total)
            and answer.headers["ETag"] == self._etag
            and answer.headers.get("Last-Modified", self._last_modified) == self._last_modified
        )
        if not (same_place and same_file):
            raise self._another_file()
        self._total = total

    def _another_file(self) -> FetchError:
        self._version = None
        return FetchError("the file changed during the download, or the server cannot go on where it broke off", retryable=True)

    def _receive(self, answer: Any) -> None:
        left = answer.length
        told = time.monotonic()
        while left != 0:
            # Of a body of known length one byte more is asked for, past http.client, to notice a server that announced too few.
            block = answer.read1(BLOCK_BYTES) if left is None else answer.fp.read1(min(BLOCK_BYTES, left + 1))
            if not block:
                break
            if left is not None:
                if block[left:].strip():
                    self._version = None
                    raise FetchError(f"the body is longer than the {self._total:,} bytes announced. Tell the source", retryable=False)
                block = block[:left]
                left -= len(block)
            self._file.write(block)
            self._digest.update(block)
            self._size += len(block)
            self._require_wanted()
            if self._most_bytes is not None and self._size >= self._most_bytes and left != 0:
                self._is_cut = True
                return
            if time.monotonic() - told > PROGRESS_SECONDS:
                told = time.monotonic()
                of = f" of {self._total / 1e6:,.0f} MB" if self._total else ""
                self._say(f"{public(self.url)}  {self._size / 1e6:,.0f} MB{of}")
        if self._total is not None and self._size != self._total:
            raise FetchError(f"the body ended after {self._size:,} of {self._total:,} bytes", retryable=True)

    def _require_wanted(self) -> None:
        if self._stop.is_set():
            raise FetchError("the download was given up, because another one failed", retryable=False)

    def _explained(self, error: OSError | http.client.HTTPException | ValueError) -> FetchError:
        return _explained(error, self._idle_timeout_seconds)


def _require_readable(answer: Any) -> None:
    """Raises FetchError where the answer's headers are torn, or say that its body is not the file's own bytes."""
    headers = answer.headers
    torn = (MissingHeaderBodySeparatorDefect, FirstHeaderLineIsContinuationDefect)  # Python drops all that follows
    if any(isinstance(defect, torn) for defect in headers.defects) or len(set(headers.get_all("Content-Length", []))) > 1:
        raise FetchError("the answer's headers are broken", retryable=True)
    transfer = headers.get("Transfer-Encoding", "chunked").strip().lower()
    codings = {coding.strip().lower() for coding in headers.get("Content-Encoding", "").split(",")}
    unasked = transfer if transfer not in ("chunked", "identity") else ", ".join(sorted(codings & UNREADABLE_CODINGS))
    if unasked:
        raise FetchError(
            f"the server packs the file as {unasked}, which was not asked for. Ask the source for the plain file", retryable=False
        )


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


def _explained(error: OSError | http.client.HTTPException | ValueError, idle_timeout_seconds: float) -> FetchError:
    """What went wrong, in words, and whether another attempt may help. No address is repeated: it may hold a signature."""
    if isinstance(error, urllib.error.HTTPError):
        with closing(error):
            if error.code in RETRIED_STATUS:
                return FetchError(f"the server answered {error.code} {error.reason}", retryable=True, retry_after=_retry_after(error))
            if error.code == 304:
                return FetchError("the server answered 304 Not Modified, which was not asked for", retryable=False)
            if 300 <= error.code < 400:
                return FetchError(f"the redirect of {error.code} cannot be followed: a loop, or to neither http nor https", retryable=False)
            missing = error.code in MISSING_STATUS
            answered = f"the server answered {error.code} {error.reason}"
            return FetchError(f"{answered}. Check the address in a browser", retryable=False, missing=missing)
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
        return FetchError(f"no answer for {idle_timeout_seconds:g} s", retryable=True)
    if isinstance(reason, http.client.IncompleteRead):
        return FetchError("the body broke off", retryable=True)
    if isinstance(reason, OSError) and reason.errno in NO_ROOM:
        return FetchError(f"the disk is full ({gettempdir()}: {reason.strerror}). Free some space", retryable=False)
    if isinstance(reason, http.client.HTTPException) and not isinstance(reason, OSError):
        return FetchError(f"the answer is no proper HTTP: {reason or type(reason).__name__}", retryable=True)
    if "unknown url type" in str(reason):
        return FetchError("the redirect leads to neither http nor https", retryable=False)
    return FetchError(f"the connection failed: {reason or type(error).__name__}", retryable=True)


def _retry_after(error: urllib.error.HTTPError) -> float | None:
    value = error.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
