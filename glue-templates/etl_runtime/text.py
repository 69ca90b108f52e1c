"""Bytes in any encoding → blocks of UTF-8. Nothing is replaced: a byte that does not belong to the encoding fails the run."""

import codecs
from collections.abc import Iterator
from typing import BinaryIO

from etl_runtime.errors import RunFailed

BLOCK_BYTES = 8 << 20
STAND_IN = b"\x1f"  # ASCII's unit separator stands for a delimiter of several bytes, which no CSV kernel takes
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def utf8_blocks(stream: BinaryIO, encoding: str | None, name: str) -> Iterator[bytes]:
    """The stream as UTF-8, without its byte-order mark. A mark is obeyed where it contradicts nothing that was declared.

    Raises RunFailed, with the line, where a byte is not of the encoding, and where Python does not know the encoding.
    """
    head = stream.read(BLOCK_BYTES)
    mark, marked = next(((mark, found) for mark, found in MARKS if head.startswith(mark)), (b"", None))
    declared = _codec(encoding) if encoding else None
    if marked and (declared is None or marked.startswith(declared)):
        head, codec = head[len(mark) :], marked
    else:
        codec = declared or "utf-8"
    if head.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        raise RunFailed(
            f"{name} is an HTML page, not data. Open the address in a browser: the source may ask for a login or apologise.", retryable=True
        )

    decoder = codecs.getincrementaldecoder(codec)("strict")
    line = 1
    block = head
    while True:
        try:
            decoded = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            bad_line = line + error.object[: error.start].decode(codec, "ignore").count("\n")
            found = " ".join(f"0x{byte:02X}" for byte in error.object[error.start : error.start + 1])
            instead = "e.g. cp1252" if codec == "utf-8" else "or utf-8"
            raise RunFailed(
                f"{name}, line {bad_line}: the byte {found} is not {codec}. Declare the right file_format.encoding ({instead})."
            ) from error
        if decoded:
            line += decoded.count("\n")
            yield decoded.encode()
        if not block:
            return
        block = stream.read(BLOCK_BYTES)


def with_stand_in(blocks: Iterator[bytes], delimiter: bytes, name: str) -> Iterator[bytes]:
    """The same text with every `delimiter` replaced by the stand-in; inside quotes too, where `shape` puts it back.

    Replaces in whole lines, because a delimiter may lie across two blocks but never across two lines.
    """
    rest = b""
    for block in blocks:
        if STAND_IN in block:
            raise RunFailed(f"{name} holds the control character 0x1F, so its delimiter must be a single character.")
        text = rest + block
        cut = max(text.rfind(b"\n"), text.rfind(b"\r")) + 1
        yield text[:cut].replace(delimiter, STAND_IN)
        rest = text[cut:]
    yield rest.replace(delimiter, STAND_IN)


def _codec(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError as error:
        raise RunFailed(
            f"file_format.encoding is {encoding}, which Python does not know. Use a name such as utf-8, cp1252 or latin-1."
        ) from error
