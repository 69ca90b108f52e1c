"""Downloads a file over HTTP. The result is the complete file or an error.

One download works as follows. `fetch` retries `_Download.attempt`, which sends a request, checks the response in
`_start` or `_resume`, and writes the body in `_receive`. If the download can resume, the request is for the remaining
bytes.
"""

import hashlib
import logging
import re
import urllib.error
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import unquote, urlsplit

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.progress import DownloadProgress
from etl_runtime.source.files.fetch_context import FetchContext
from etl_runtime.source.files.original import Original
from etl_runtime.web.client import HttpRequest, without_query
from etl_runtime.web.request_errors import REQUEST_ERRORS, RequestFailed, request_failure, require_valid_headers
from etl_runtime.web.retries import with_retries

LOG = logging.getLogger(__name__)

BLOCK_BYTES = 1 << 20


class FileMissing(RunFailed):
    """The source does not have the file: the server returned 403, 404 or 410, or the bucket has no such object."""


@dataclass(frozen=True)
class Validators:
    """The ETag, Last-Modified and size in bytes of a file that an earlier run downloaded, for conditional requests.

    If the size differs, the file has certainly changed.
    """

    etag: str | None = None
    last_modified: str | None = None
    size: int | None = None

    def headers(self) -> dict[str, str]:
        headers = {"If-None-Match": self.etag, "If-Modified-Since": None if self.etag else self.last_modified}
        return {name: value for name, value in headers.items() if value}


UNCONDITIONAL = Validators()


def fetch(
    url: str,
    context: FetchContext,
    known: Validators = UNCONDITIONAL,
    max_bytes: int | None = None,
) -> Original | None:
    """Download `url` into a temporary file. Returns None if the file at the source is unchanged since `known`.

    Timeouts, dropped connections, bodies shorter than their Content-Length and the status codes 408, 425, 429 and 5xx
    are retried, up to five attempts in total, with exponential backoff and jitter or the server's Retry-After. Other
    status codes fail immediately. If the server supports it, a download resumes where the connection dropped; an
    attempt that received bytes does not count toward the limit. The download stops after `max_bytes`.

    Raises RunFailed, or FileMissing if the server does not have the file.
    """
    progress = DownloadProgress(without_query(url))
    download = _Download(url, context, known, max_bytes, progress)

    def log_pause(line: str) -> None:
        position = f", from byte {download.resume_position:,}" if download.resume_position else ""
        LOG.info(f"{without_query(url)}: {line}{position}")

    with progress, ExitStack() as unless_complete:
        unless_complete.callback(download.discard)
        try:
            original: Original | None = with_retries(
                download.attempt,
                log_pause,
                context.stop,
                context.first_wait_seconds,
                lambda: download.failures_in_a_row,
                context.client.rate_limiter,
            )
        except RequestFailed as error:
            attempts = f" ({download.attempts} attempts). Run again later" if error.retryable else ""
            failure = FileMissing if error.missing else RunFailed
            message = f"source_url {without_query(url)}: {error}{attempts}."
            raise failure(error.code, message, retryable=error.retryable) from error
        if original:
            unless_complete.pop_all()
    return original


def file_name(url: str) -> str:
    """The last segment of the URL's path, reduced to characters that are safe in an object key."""
    last = (url if url.startswith("s3://") else unquote(urlsplit(url).path)).rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9._-]+", "_", last).strip("._")[:120] or "source"


class _Download:
    """One download over several attempts. The received bytes are kept if the server can resume the download."""

    def __init__(
        self,
        url: str,
        context: FetchContext,
        known: Validators,
        max_bytes: int | None,
        progress: DownloadProgress,
    ) -> None:
        self.attempts = 0
        self.failures_in_a_row = 0  # attempts since the last one that received new bytes
        self._url = url
        self._context = context
        self._known = known
        self._max_bytes = max_bytes
        self._progress = progress
        self._file = NamedTemporaryFile(prefix="medallion-")  # noqa: SIM115 - the Original owns it
        self._digest = hashlib.sha256()
        self._size = self._largest_size = 0
        self._total: int | None = None
        self._is_truncated = False  # by max_bytes
        self._etag: str | None = None
        self._last_modified: str | None = None
        self._version: str | None = None  # the value of If-Range, or None if the download cannot resume

    @property
    def resume_position(self) -> int:
        """The position of the first byte that the next attempt requests, or 0 if no response header identifies the
        version of the file."""
        return self._size if self._version else 0

    def attempt(self) -> Original | None:
        """Send one request. Returns None if the server responds 304 Not Modified. Raises RequestFailed."""
        self.attempts += 1
        try:
            return self._request()
        except urllib.error.HTTPError as error:
            if error.code == 304 and self._known.headers() and not self.resume_position:
                error.close()
                return None
            if error.code == 416 and self.resume_position:
                error.close()
                raise self._cannot_resume() from error
            raise request_failure(error, self._context.idle_timeout_seconds) from error
        except REQUEST_ERRORS as error:
            raise request_failure(error, self._context.idle_timeout_seconds) from error
        finally:
            has_progress = self.resume_position > self._largest_size
            self.failures_in_a_row = 0 if has_progress else self.failures_in_a_row + 1
            self._largest_size = max(self._largest_size, self.resume_position)

    def discard(self) -> None:
        with suppress(OSError):  # closing flushes, which fails again on a full disk
            self._file.close()

    def _request(self) -> Original:
        self._check_stopped()
        if self.resume_position:
            conditions = {"Range": f"bytes={self._size}-", "If-Range": self._version or ""}
        else:
            conditions = self._known.headers()
        request = HttpRequest(self._url, {"Accept-Encoding": "identity", **conditions})
        timeout, stop = self._context.idle_timeout_seconds, self._context.stop
        with closing(self._context.client.open(request, timeout, stop)) as response:
            require_valid_headers(response)
            if response.status == 206 and self.resume_position:
                self._resume(response)
            elif response.status == 200:
                self._start(response)
            else:
                raise RequestFailed(
                    ErrorCode.SOURCE_UNAVAILABLE,
                    f"the server returned {response.status} {response.reason} instead of the file",
                    retryable=True,
                )
            if self._known.size is None or self._total not in (None, self._known.size):
                self._context.on_response()
            self._receive(response)
        self._file.flush()
        return Original(
            self._file,
            file_name(self._url),
            self._url,
            self._size,
            self._digest.hexdigest(),
            self._etag,
            self._last_modified,
            self._total if self._is_truncated else None,
        )

    def _start(self, response: Any) -> None:
        """Discard the bytes received so far, because the response starts at the first byte."""
        self._etag, self._last_modified = response.headers["ETag"], response.headers["Last-Modified"]
        has_strong_etag = self._etag and self._etag.startswith('"')
        self._version = self._etag if has_strong_etag else self._last_modified
        self._total = response.length
        self._digest = hashlib.sha256()
        if self._size:
            self._file.seek(0)
            self._file.truncate()
            self._size = 0

    def _resume(self, response: Any) -> None:
        """Raise RequestFailed unless the response continues the file at the resume position."""
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", response.headers.get("Content-Range", "").strip())
        first, last, total = (int(number) for number in found.groups()) if found else (-1, -1, -1)
        same_position = first == self._size and last < total and response.length in (None, last - first + 1)
        same_file = (
            self._total in (None, total)
            and response.headers["ETag"] == self._etag
            and response.headers.get("Last-Modified", self._last_modified) == self._last_modified
        )
        if not (same_position and same_file):
            raise self._cannot_resume()
        self._total = total

    def _cannot_resume(self) -> RequestFailed:
        self._version = None
        return RequestFailed(
            ErrorCode.SOURCE_CHANGED,
            "the file changed during the download, or the server cannot resume the download",
            retryable=True,
        )

    def _receive(self, response: Any) -> None:
        remaining = response.length
        while remaining != 0:
            if remaining is None:
                block = response.read1(BLOCK_BYTES)
            else:
                # Read one byte more than announced, bypassing http.client, to detect a body longer than Content-Length.
                block = response.fp.read1(min(BLOCK_BYTES, remaining + 1))
            if not block:
                break
            if remaining is not None:
                if block[remaining:].strip():
                    self._version = None
                    raise RequestFailed(
                        ErrorCode.SOURCE_REQUEST_FAILED,
                        f"the body is longer than its Content-Length of {self._total:,} bytes. Report this to the "
                        "data provider",
                        retryable=False,
                    )
                block = block[:remaining]
                remaining -= len(block)
            self._file.write(block)
            self._digest.update(block)
            self._size += len(block)
            self._check_stopped()
            if self._max_bytes is not None and self._size >= self._max_bytes and remaining != 0:
                self._is_truncated = True
                return
            self._progress.received(self._size, self._total)
        if self._total is not None and self._size != self._total:
            raise RequestFailed(
                ErrorCode.SOURCE_UNAVAILABLE,
                f"the body ended after {self._size:,} of {self._total:,} bytes",
                retryable=True,
            )

    def _check_stopped(self) -> None:
        if self._context.stop.is_set():
            raise RequestFailed(
                ErrorCode.SOURCE_REQUEST_FAILED,
                "the download was canceled, because another download failed",
                retryable=False,
            )
