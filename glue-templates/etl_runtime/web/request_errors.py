"""Classifies failed HTTP requests: the error code, the message, and whether a retry may succeed."""

import http.client
import socket
import ssl
import urllib.error
from contextlib import closing
from datetime import UTC, datetime
from email.errors import FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect
from email.utils import parsedate_to_datetime
from tempfile import gettempdir
from typing import Any

from etl_runtime.job.errors import DISK_FULL_ERRNOS, ErrorCode
from etl_runtime.job.redaction import excerpt

RETRIED_STATUS = frozenset({408, 425, 429, *range(500, 600)})
MISSING_STATUS = frozenset({403, 404, 410})  # S3 returns 403 for a missing object if the caller may not list the bucket
STATUS_CODES = {
    401: ErrorCode.AUTH_FAILED,
    403: ErrorCode.SOURCE_ACCESS_DENIED,
    404: ErrorCode.SOURCE_NOT_FOUND,
    410: ErrorCode.SOURCE_NOT_FOUND,
}
MAX_ERROR_BODY_BYTES, MAX_ERROR_TEXT_CHARACTERS = 2048, 200
REDIRECTED_POST = "a redirect of a POST request"
REQUEST_ERRORS = (OSError, http.client.HTTPException, ValueError)
"""The exceptions that urllib raises."""
UNSUPPORTED_CODINGS = frozenset({"br", "compress", "deflate", "dcb", "dcz", "x-compress", "zstd"})


class RequestFailed(Exception):
    """One attempt at a request failed.

    `code` becomes the code of the RunFailed if the run fails. `retry_after` is the server's Retry-After in seconds.
    `missing` means that the file does not exist on the server.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        retryable: bool,
        retry_after: float | None = None,
        missing: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable
        self.retry_after = retry_after
        self.missing = missing


def require_valid_headers(response: Any) -> None:
    """Raise RequestFailed if the response headers are malformed, or if the body has an encoding that was not
    requested."""
    headers = response.headers
    # After such a defect, Python drops the remaining headers.
    malformed = (MissingHeaderBodySeparatorDefect, FirstHeaderLineIsContinuationDefect)
    if (
        any(isinstance(defect, malformed) for defect in headers.defects)
        or len(set(headers.get_all("Content-Length", []))) > 1
    ):
        raise RequestFailed(ErrorCode.SOURCE_UNAVAILABLE, "the response headers are malformed", retryable=True)
    transfer = headers.get("Transfer-Encoding", "chunked").strip().lower()
    codings = {coding.strip().lower() for coding in headers.get("Content-Encoding", "").split(",")}
    if transfer not in ("chunked", "identity"):
        unsupported = transfer
    else:
        unsupported = ", ".join(sorted(codings & UNSUPPORTED_CODINGS))
    if unsupported:
        raise RequestFailed(
            ErrorCode.SOURCE_REQUEST_FAILED,
            f"the response has the encoding {unsupported}, which the request does not accept. "
            "Ask the data provider to send responses without this encoding",
            retryable=False,
        )


def request_failure(
    error: OSError | http.client.HTTPException | ValueError, idle_timeout_seconds: float
) -> RequestFailed:
    """Convert an error that urllib raises to a RequestFailed. The message has no URL, because a URL may contain a
    signature."""
    if isinstance(error, urllib.error.HTTPError):
        with closing(error):
            return _status_failure(error)
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, (http.client.InvalidURL, ValueError)) and not isinstance(reason, OSError):
        return RequestFailed(
            ErrorCode.SOURCE_URL_INVALID,
            "the URL, or the URL that it redirects to, is not valid. Check its host and port",
            retryable=False,
        )
    if isinstance(reason, ssl.SSLCertVerificationError):
        return RequestFailed(
            ErrorCode.SOURCE_TLS_FAILED,
            f"the server's TLS certificate is not valid: {reason.verify_message}. Report this to the data provider",
            retryable=False,
        )
    if isinstance(reason, ssl.SSLError) and reason.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST"):
        return RequestFailed(
            ErrorCode.SOURCE_TLS_FAILED,
            "the server does not use TLS on this port. Correct the port, or start the URL with http://",
            retryable=False,
        )
    if isinstance(reason, socket.gaierror):
        unknown = reason.errno == socket.EAI_NONAME
        return RequestFailed(
            ErrorCode.SOURCE_NOT_FOUND if unknown else ErrorCode.SOURCE_UNAVAILABLE,
            "the host name cannot be resolved. Check the URL and the DNS of the network",
            retryable=not unknown,
        )
    if isinstance(reason, TimeoutError):
        return RequestFailed(
            ErrorCode.SOURCE_UNAVAILABLE, f"no data received for {idle_timeout_seconds:g} s", retryable=True
        )
    if isinstance(reason, http.client.IncompleteRead):
        return RequestFailed(
            ErrorCode.SOURCE_UNAVAILABLE, "the connection closed before the end of the body", retryable=True
        )
    if isinstance(reason, OSError) and reason.errno in DISK_FULL_ERRNOS:
        return RequestFailed(
            ErrorCode.DISK_FULL,
            f"the disk is full ({gettempdir()}: {reason.strerror}). Free some space, or choose a larger "
            "data_size_category",
            retryable=False,
        )
    if isinstance(reason, http.client.HTTPException) and not isinstance(reason, OSError):
        return RequestFailed(
            ErrorCode.SOURCE_UNAVAILABLE,
            f"the response is not valid HTTP: {reason or type(reason).__name__}",
            retryable=True,
        )
    if "unknown url type" in str(reason):
        return RequestFailed(
            ErrorCode.SOURCE_REQUEST_FAILED,
            "the redirect target is not an http:// or https:// URL. Check the URL in a browser",
            retryable=False,
        )
    return RequestFailed(
        ErrorCode.SOURCE_UNAVAILABLE, f"the connection failed: {reason or type(error).__name__}", retryable=True
    )


def _status_failure(error: urllib.error.HTTPError) -> RequestFailed:
    status = f"the server returned {error.code} {error.reason}"
    retry_after = _retry_after(error)
    if error.code in RETRIED_STATUS or (error.code == 403 and retry_after is not None):
        return RequestFailed(ErrorCode.SOURCE_UNAVAILABLE, status, retryable=True, retry_after=retry_after)
    if error.code == 304:
        return RequestFailed(
            ErrorCode.SOURCE_REQUEST_FAILED,
            "the server returned 304 Not Modified, but the request was not conditional. Report this to the data "
            "provider",
            retryable=False,
        )
    if 300 <= error.code < 400:
        why = (
            "a POST request is only redirected within the same host, with status 307 or 308. Declare the URL that the "
            "redirect leads to"
            if error.msg == REDIRECTED_POST
            else "it is a redirect loop, or its target is not an http:// or https:// URL. Check the URL in a browser"
        )
        return RequestFailed(
            ErrorCode.SOURCE_REQUEST_FAILED,
            f"the redirect (status {error.code}) cannot be followed: {why}",
            retryable=False,
        )
    advice = (
        "Check whether the source requires auth, and whether its secret is still valid"
        if error.code == 401
        else "Check the URL in a browser"
    )
    return RequestFailed(
        STATUS_CODES.get(error.code, ErrorCode.SOURCE_REQUEST_FAILED),
        f"{status}{_error_text(error)}. {advice}",
        retryable=False,
        missing=error.code in MISSING_STATUS,
    )


def _error_text(error: urllib.error.HTTPError) -> str:
    """The beginning of a JSON error body, on one line."""
    if "json" not in error.headers.get("Content-Type", ""):
        return ""
    try:
        text = error.read(MAX_ERROR_BODY_BYTES).decode(errors="replace").strip()
    except REQUEST_ERRORS:
        return ""
    return f', "{excerpt(text, MAX_ERROR_TEXT_CHARACTERS)}"' if text else ""


def _retry_after(error: urllib.error.HTTPError) -> float | None:
    value = error.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
