"""Download the source's file, whole or not at all."""

import hashlib
import logging
import re
import time
import urllib.error
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import unquote, urlsplit

from etl_runtime.job.errors import RunFailed
from etl_runtime.source.files.fetch_context import FetchContext
from etl_runtime.source.files.original import Original
from etl_runtime.web.client import public
from etl_runtime.web.request_errors import REQUEST_ERRORS, RequestFailed, request_failure, require_readable
from etl_runtime.web.retries import attempted

LOG = logging.getLogger(__name__)

MOST_RESUMPTIONS = 50
BLOCK_BYTES = 1 << 20
PROGRESS_SECONDS = 10


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
    context: FetchContext,
    known: Validators = NOTHING_KNOWN,
    max_bytes: int | None = None,
) -> Original | None:
    """Download `url` into a temporary file, or return None where the source still has what `known` describes.

    Timeouts, dropped connections, bodies shorter than their Content-Length, 408, 425, 429 and 5xx are retried, five attempts in all,
    with exponential back-off, jitter and the server's Retry-After. Other status codes fail at once. A download resumes where it
    broke off if the server supports it, and an attempt that received bytes does not count. `max_bytes` ends the download early.

    Raises RunFailed, and FileMissing where the server has no such file.
    """
    download = _Download(url, context, known, max_bytes)

    def log_pause(text: str) -> None:
        resumes = f", from byte {download.resumes_at:,}" if download.resumes_at else ""
        LOG.info(f"{public(url)}: {text}{resumes}")

    with ExitStack() as unless_whole:
        unless_whole.callback(download.discard)
        try:
            original: Original | None = attempted(
                download.attempt,
                log_pause,
                context.stop,
                context.first_wait_seconds,
                lambda: download.fruitless,
                MOST_RESUMPTIONS,
                context.client.pace.hold,
            )
        except RequestFailed as error:
            tried = f", {download.attempts} times. Run again later" if error.retryable else ""
            failure = FileMissing if error.missing else RunFailed
            raise failure(f"source_url {public(url)}: {error}{tried}.", retryable=error.retryable) from error
        if original:
            unless_whole.pop_all()
    return original


def file_name(url: str) -> str:
    """A harmless name for the original in raw/, from the last segment of the URL's path."""
    last = (url if url.startswith("s3://") else unquote(urlsplit(url).path)).rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9._-]+", "_", last).strip("._")[:120] or "source"


class _Download:
    """A file on its way, over as many attempts as it takes. What has arrived stays where the server can go on from there."""

    def __init__(self, url: str, context: FetchContext, known: Validators, max_bytes: int | None) -> None:
        self.url = url
        self._context = context
        self._known = known
        self._max_bytes = max_bytes
        self._is_cut = False
        self.attempts = 0
        self.fruitless = 0  # attempts in a row that brought nothing new
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
            raise request_failure(error, self._context.idle_timeout_seconds) from error
        except REQUEST_ERRORS as error:
            raise request_failure(error, self._context.idle_timeout_seconds) from error
        finally:
            self.fruitless = 0 if self.resumes_at > self._furthest else self.fruitless + 1
            self._furthest = max(self._furthest, self.resumes_at)

    def discard(self) -> None:
        with suppress(OSError):  # a full disk, once more
            self._file.close()

    def _attempt(self) -> Original:
        self._require_wanted()
        asked = (
            {"Range": f"bytes={self._size}-", "If-Range": self._version or ""}
            if self.resumes_at
            else self._known.headers()
        )
        headers = {"Accept-Encoding": "identity", **asked}
        with closing(
            self._context.client.open(self.url, headers, self._context.idle_timeout_seconds, self._context.stop)
        ) as answer:
            require_readable(answer)
            if answer.status == 206 and self.resumes_at:
                self._go_on(answer)
            elif answer.status == 200:
                self._begin(answer)
            else:
                raise RequestFailed(
                    f"the server answered {answer.status} {answer.reason}, which is not the file", retryable=True
                )
            self._context.on_response()
            self._receive(answer)
        self._file.flush()
        about = (
            self._size,
            self._digest.hexdigest(),
            self._etag,
            self._last_modified,
            self._total if self._is_cut else None,
        )
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
        """Raises RequestFailed unless the answer is the rest of the file that has arrived so far."""
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

    def _another_file(self) -> RequestFailed:
        self._version = None
        return RequestFailed(
            "the file changed during the download, or the server cannot go on where it broke off", retryable=True
        )

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
                    raise RequestFailed(
                        f"the body is longer than the {self._total:,} bytes announced. Tell the source", retryable=False
                    )
                block = block[:left]
                left -= len(block)
            self._file.write(block)
            self._digest.update(block)
            self._size += len(block)
            self._require_wanted()
            if self._max_bytes is not None and self._size >= self._max_bytes and left != 0:
                self._is_cut = True
                return
            if time.monotonic() - told > PROGRESS_SECONDS:
                told = time.monotonic()
                of = f" of {self._total / 1e6:,.0f} MB" if self._total else ""
                LOG.info(f"{public(self.url)}  {self._size / 1e6:,.0f} MB{of}")
        if self._total is not None and self._size != self._total:
            raise RequestFailed(f"the body ended after {self._size:,} of {self._total:,} bytes", retryable=True)

    def _require_wanted(self) -> None:
        if self._context.stop.is_set():
            raise RequestFailed("the download was given up, because another one failed", retryable=False)
