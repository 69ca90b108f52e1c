"""Reads the body of an HTTP response and parses it as JSON."""

import gzip
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from etl_runtime.columns.json_values import Number
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.redaction import excerpt
from etl_runtime.web.request_errors import RequestFailed, require_valid_headers

MAX_RESPONSE_BYTES = 64 << 20  # a page is held in memory


@dataclass(frozen=True)
class JsonBody:
    """The text of a JSON document as received, and its value. The value is None if the response has no content."""

    text: str
    document: Any


def read_json(response: Any) -> JsonBody:
    """The JSON body of a response. Raises RequestFailed if the body is incomplete, too large or not valid JSON."""
    body = _read(response)
    return JsonBody("null", None) if body is None else _parse(body)


def joined_headers(headers: Any) -> Iterator[tuple[str, str]]:
    """The headers as lower-case names and values. The values of a repeated header are joined with commas."""
    for name in dict.fromkeys(name.lower() for name in headers):
        yield name, ", ".join(headers.get_all(name, []))


def _read(response: Any) -> bytes | None:
    """The decompressed body, or None if the response has no content."""
    require_valid_headers(response)
    if response.status == 204:
        return None
    if response.status != 200:
        raise RequestFailed(
            ErrorCode.API_RESPONSE_INVALID,
            f"the server returned {response.status} {response.reason}. Expected: 200 or 204. Check the URL in a "
            "browser",
            retryable=False,
        )
    content_length = response.length
    body: bytes = response.read(MAX_RESPONSE_BYTES + 1)
    if len(body) > MAX_RESPONSE_BYTES:
        raise _too_large("the response")
    if content_length is not None and len(body) != content_length:
        raise RequestFailed(
            ErrorCode.SOURCE_UNAVAILABLE,
            f"the body ended after {len(body):,} of {content_length:,} bytes",
            retryable=True,
        )
    if response.headers.get("Content-Encoding", "").strip().lower() in ("gzip", "x-gzip"):
        try:
            body = gzip.GzipFile(fileobj=io.BytesIO(body)).read(MAX_RESPONSE_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise RequestFailed(
                ErrorCode.SOURCE_UNAVAILABLE, f"the gzip body is damaged: {error}", retryable=True
            ) from None
        if len(body) > MAX_RESPONSE_BYTES:
            raise _too_large("the decompressed response")
    return body


def _too_large(what: str) -> RequestFailed:
    return RequestFailed(
        ErrorCode.API_RESPONSE_TOO_LARGE,
        f"{what} is larger than {MAX_RESPONSE_BYTES >> 20} MB. Request smaller pages (pagination.limit)",
        retryable=False,
    )


def _parse(body: bytes) -> JsonBody:
    try:
        text = body.decode(json.detect_encoding(body)).removeprefix("\ufeff").strip(" \t\r\n")
    except UnicodeDecodeError as error:
        raise _invalid(f"the response is not encoded in UTF-8 (byte {error.start:,}), which JSON requires") from None
    try:
        return JsonBody(text, json.loads(text, parse_float=Number, parse_constant=_refuse_constant))
    except json.JSONDecodeError as error:
        if not text:
            raise RequestFailed(ErrorCode.SOURCE_UNAVAILABLE, "the response is empty", retryable=True) from None
        ends_early = error.pos >= len(text) - 1 or error.msg.startswith("Unterminated string")
        if text[0] in "{[" and ends_early:
            raise RequestFailed(ErrorCode.SOURCE_UNAVAILABLE, "the response is incomplete", retryable=True) from None
        raise RunFailed(
            ErrorCode.API_RESPONSE_INVALID,
            f'the response is not valid JSON: it starts with "{excerpt(text, 60)}". To load a file, use source_url.',
            retryable=True,
        ) from None
    except (ValueError, RecursionError) as error:
        raise _invalid(f"the response is not valid JSON: {error}") from None


def _invalid(problem: str) -> RequestFailed:
    return RequestFailed(
        ErrorCode.API_RESPONSE_INVALID, f"{problem}. Report this to the data provider", retryable=False
    )


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"it contains {constant}")
