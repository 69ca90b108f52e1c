"""What went wrong with an HTTP request, in words, and whether another attempt may help."""

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

from etl_runtime.job.errors import DISK_FULL_ERRNOS
from etl_runtime.job.redaction import excerpt

RETRIED_STATUS = frozenset({408, 425, 429, *range(500, 600)})
MISSING_STATUS = frozenset({403, 404, 410})  # 403: what S3 says of a missing object to those who may not list
SAID_BYTES, SAID_CHARACTERS = 2048, 200
POSTED = "a redirect of a POST"
LOST = "a loop, or to neither http nor https"
REQUEST_ERRORS = (OSError, http.client.HTTPException, ValueError)
"""What urllib raises."""
UNREADABLE_CODINGS = frozenset({"br", "compress", "deflate", "dcb", "dcz", "x-compress", "zstd"})


class RequestFailed(Exception):
    """One attempt failed. `retry_after` is what the server asked for, in seconds; `missing` means that it has no such file."""

    def __init__(
        self, message: str, *, retryable: bool, retry_after: float | None = None, missing: bool = False
    ) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.retry_after = retry_after
        self.missing = missing


def require_readable(answer: Any) -> None:
    """Raises RequestFailed where the answer's headers are torn, or say that its body is not the file's own bytes."""
    headers = answer.headers
    torn = (MissingHeaderBodySeparatorDefect, FirstHeaderLineIsContinuationDefect)  # Python drops all that follows
    if (
        any(isinstance(defect, torn) for defect in headers.defects)
        or len(set(headers.get_all("Content-Length", []))) > 1
    ):
        raise RequestFailed("the answer's headers are broken", retryable=True)
    transfer = headers.get("Transfer-Encoding", "chunked").strip().lower()
    codings = {coding.strip().lower() for coding in headers.get("Content-Encoding", "").split(",")}
    unasked = transfer if transfer not in ("chunked", "identity") else ", ".join(sorted(codings & UNREADABLE_CODINGS))
    if unasked:
        raise RequestFailed(
            f"the server packs the file as {unasked}, which was not asked for. Ask the source for the plain file",
            retryable=False,
        )


def request_failure(
    error: OSError | http.client.HTTPException | ValueError, idle_timeout_seconds: float
) -> RequestFailed:
    """What went wrong, in words, and whether another attempt may help. No address is repeated: it may hold a signature."""
    if isinstance(error, urllib.error.HTTPError):
        with closing(error):
            retry_after = _retry_after(error)
            if error.code in RETRIED_STATUS or (error.code == 403 and retry_after is not None):
                return RequestFailed(
                    f"the server answered {error.code} {error.reason}", retryable=True, retry_after=retry_after
                )
            if error.code == 304:
                return RequestFailed("the server answered 304 Not Modified, which was not asked for", retryable=False)
            if 300 <= error.code < 400:
                why = (
                    "a POST, which is sent again at its own host alone, by 307 or 308" if error.msg == POSTED else LOST
                )
                return RequestFailed(f"the redirect of {error.code} cannot be followed: {why}", retryable=False)
            missing = error.code in MISSING_STATUS
            answered = f"the server answered {error.code} {error.reason}{_said(error)}"
            remedy = (
                "Does the source need auth, or is its secret out of date?"
                if error.code == 401
                else "Check the address in a browser"
            )
            return RequestFailed(f"{answered}. {remedy}", retryable=False, missing=missing)
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, (http.client.InvalidURL, ValueError)) and not isinstance(reason, OSError):
        return RequestFailed(
            "the address, or the one it redirects to, is not one. Check its host and port", retryable=False
        )
    if isinstance(reason, ssl.SSLCertVerificationError):
        return RequestFailed(f"the server's TLS certificate is not valid: {reason.verify_message}", retryable=False)
    if isinstance(reason, ssl.SSLError) and reason.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST"):
        return RequestFailed(
            "the server does not speak TLS at this port. Should the address begin with http://?", retryable=False
        )
    if isinstance(reason, socket.gaierror):
        unknown = reason.errno == socket.EAI_NONAME
        return RequestFailed("the host is unknown. Check the address, and the network's DNS", retryable=not unknown)
    if isinstance(reason, TimeoutError):
        return RequestFailed(f"no answer for {idle_timeout_seconds:g} s", retryable=True)
    if isinstance(reason, http.client.IncompleteRead):
        return RequestFailed("the body broke off", retryable=True)
    if isinstance(reason, OSError) and reason.errno in DISK_FULL_ERRNOS:
        return RequestFailed(f"the disk is full ({gettempdir()}: {reason.strerror}). Free some space", retryable=False)
    if isinstance(reason, http.client.HTTPException) and not isinstance(reason, OSError):
        return RequestFailed(f"the answer is no proper HTTP: {reason or type(reason).__name__}", retryable=True)
    if "unknown url type" in str(reason):
        return RequestFailed("the redirect leads to neither http nor https", retryable=False)
    return RequestFailed(f"the connection failed: {reason or type(error).__name__}", retryable=True)


def _said(error: urllib.error.HTTPError) -> str:
    """What an API says of a request that it refuses, in one line."""
    if "json" not in error.headers.get("Content-Type", ""):
        return ""
    try:
        text = error.read(SAID_BYTES).decode(errors="replace").strip()
    except REQUEST_ERRORS:
        return ""
    return f', "{excerpt(text, SAID_CHARACTERS)}"' if text else ""


def _retry_after(error: urllib.error.HTTPError) -> float | None:
    value = error.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
