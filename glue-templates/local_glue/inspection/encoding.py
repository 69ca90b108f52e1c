"""The character encoding of text."""

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.read.text.decode import BOMS

NOT_IN_CP1252 = {0x81, 0x8D, 0x8F, 0x90, 0x9D}


def byte_order_mark(head: bytes) -> tuple[bytes, str | None]:
    """The byte order mark that the text begins with, and its encoding."""
    return next(((mark, codec) for mark, codec in BOMS if head.startswith(mark)), (b"", None))


def detect_encoding(head: bytes) -> str | None:
    """The encoding to declare: None for UTF-8 and for text with a byte order mark, otherwise cp1252 or latin-1."""
    mark, _ = byte_order_mark(head)
    if mark:
        return None
    try:
        head[: head.rfind(b"\n") + 1 or None].decode()
    except UnicodeDecodeError:
        return "latin-1" if set(head) & NOT_IN_CP1252 else "cp1252"
    return None


def decode(head: bytes, encoding: str | None) -> str:
    """The text. A byte order mark takes precedence over `encoding`. Raises RunFailed if there is no such codec."""
    mark, codec = byte_order_mark(head)
    try:
        return head[len(mark) :].decode(codec or encoding or "utf-8", "replace")
    except LookupError as error:
        raise RunFailed(
            ErrorCode.ENCODING_INVALID,
            f"--encoding is {encoding}, which is not a Python codec. Use a name such as utf-8, cp1252 or latin-1.",
        ) from error
