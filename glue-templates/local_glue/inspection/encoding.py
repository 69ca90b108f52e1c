"""Detects the character encoding of text."""

import re

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.read.text.decode import byte_order_mark
from etl_runtime.read.text.encoding_candidates import described_candidates, encoding_candidates, from_line


def detect_encoding(head: bytes) -> str | None:
    """The encoding to declare: None for UTF-8 and for text with a byte order mark, otherwise the most likely
    encoding."""
    mark, _ = byte_order_mark(head)
    if mark:
        return None
    try:
        head[: head.rfind(b"\n") + 1 or None].decode()
    except UnicodeDecodeError as error:
        candidates = encoding_candidates(from_line(head, error.start))
        return next((encoding for encoding, _ in candidates if _can_decode(head, encoding)), "latin-1")
    return None


def _can_decode(head: bytes, encoding: str) -> bool:
    try:
        head[: head.rfind(b"\n") + 1 or None].decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def encoding_line(head: bytes, encoding: str) -> str | None:
    """A line for the terminal that shows words of the text as other encodings decode them. None if the encoding is
    certain."""
    found = re.search(rb"[\x80-\xff]", head)
    described = described_candidates(from_line(head, found.start())) if found else ""
    return f"encoding {encoding} is a guess. Check it: {described}" if described else None


def decode(head: bytes, encoding: str | None) -> str:
    """Decode the text. A byte order mark takes precedence over `encoding`. Raises RunFailed if there is no such
    codec."""
    mark, codec = byte_order_mark(head)
    try:
        return head[len(mark) :].decode(codec or encoding or "utf-8", "replace")
    except LookupError as error:
        raise RunFailed(
            ErrorCode.ENCODING_INVALID,
            f"--encoding is {encoding}, which is not a Python codec. Use a name such as utf-8, cp1252 or latin-1.",
        ) from error
