"""Converts text in any encoding to blocks of UTF-8. The run fails if a byte is invalid in the encoding."""

import codecs
import logging
import re
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.file_format import STAND_IN
from etl_runtime.job.plural import plural
from etl_runtime.read.text.encoding_candidates import described_candidates, from_line

LOG = logging.getLogger(__name__)

BLOCK_BYTES = 512 << 10  # about the size of a CPU cache: larger blocks are slower
MAX_LINE_BYTES = 256 << 20
LINE_END = re.compile(rb"\r\n?|\n")
MARKUP = re.compile(rb"\s*(<\?xml|(<!--.*?-->\s*)*<(!doctype|html))", re.IGNORECASE | re.DOTALL)
PARQUET_MAGIC = b"PAR1"
BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def is_parquet(head: bytes) -> bool:
    """Whether a file that starts with these bytes is Parquet. A CSV header can also start with PAR1, but then
    text follows."""
    return head.startswith(PARQUET_MAGIC) and head[4:5] < b" " and head[4:5] not in (b"\t", b"\r", b"\n")


def byte_order_mark(head: bytes) -> tuple[bytes, str | None]:
    """The byte order mark at the start of a file, and the encoding that it stands for. Returns `b""` and None if there
    is no mark."""
    return next(((mark, codec) for mark, codec in BOMS if head.startswith(mark)), (b"", None))


def utf8_blocks(stream: BinaryIO, encoding: str | None, name: str) -> Iterator[bytes]:
    """Yield the stream as UTF-8, without a byte order mark.

    Raises RunFailed if a byte is invalid in the encoding (with the line number), if the byte order mark contradicts
    the declared encoding, if the encoding is unknown, or if the file is an HTML page, an XML document or a Parquet file
    instead of text.
    """
    head = stream.read(BLOCK_BYTES)
    bom, bom_codec = byte_order_mark(head)
    declared = _codec(encoding) if encoding else None
    if bom_codec and declared and not bom_codec.startswith(declared.removesuffix("-sig")):
        raise RunFailed(
            ErrorCode.ENCODING_INVALID,
            f"{name} starts with the byte order mark of {bom_codec}, but file_format.encoding is {encoding}. "
            f"Remove file_format.encoding, or set it to {bom_codec}.",
        )
    codec = bom_codec or declared or "utf-8"
    head = head[len(bom) :]
    _require_text(head, codec, name)

    decoder = codecs.getincrementaldecoder(codec)("strict")
    line = 1
    block, cut_off = head, b""
    while True:
        try:
            decoded = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            bad_line = line + error.object[: error.start].decode(codec, "ignore").count("\n")
            found = " ".join(f"0x{byte:02X}" for byte in error.object[error.start : error.start + 1])
            candidates = described_candidates(from_line(error.object, error.start)) if codec == "utf-8" else "utf-8"
            instead = f": {candidates}" if candidates else ""
            raise RunFailed(
                ErrorCode.ENCODING_INVALID,
                f"{name}, line {bad_line}: the byte {found} is not valid {codec}. "
                f"Set file_format.encoding to the encoding of the file{instead}.",
            ) from error
        if codec == "utf-8":  # pass the block on unchanged, except for a character that continues in the next block
            text, cut_off = cut_off + block, decoder.getstate()[0]
            text = text[: len(text) - len(cut_off)]
        else:
            text = decoded.encode()
        if text:
            line += int(np.count_nonzero(np.frombuffer(text, np.uint8) == ord("\n")))
            yield text
        if not block:
            return
        block = stream.read(BLOCK_BYTES)


def _require_text(head: bytes, codec: str, name: str) -> None:
    """Raise RunFailed if the file is not text, regardless of the HTTP status and the file name."""
    if is_parquet(head):
        raise RunFailed(
            ErrorCode.FILE_FORMAT_MISMATCH, f"{name} is a Parquet file, not text. Set file_format.type to parquet."
        )
    refuse_markup(head, name)
    if b"\0" in head.partition(b"\n")[0] and not codec.startswith(("utf-16", "utf-32")):
        likely = "utf-16-be" if head.startswith(b"\0") else "utf-16-le"
        raise RunFailed(
            ErrorCode.ENCODING_INVALID,
            f"{name} contains NUL bytes in its first line, so it is UTF-16 or not text. "
            f"If it is text, set file_format.encoding, for example to {likely}.",
        )


def refuse_markup(head: bytes, name: str) -> None:
    """Raise RunFailed if a file starts like an HTML or XML page."""
    if MARKUP.match(head):
        raise RunFailed(
            ErrorCode.FILE_FORMAT_MISMATCH,
            f"{name} is an HTML or XML page, not data. "
            "Open the URL in a browser: the source may require a login or show an error page.",
            retryable=True,
        )


def skip_lines(blocks: Iterator[bytes], count: int, name: str) -> Iterator[bytes]:
    """Yield the text without its first `count` lines. A line ends at LF, CR LF or CR, even inside quotes.

    Raises RunFailed if no line follows the skipped lines.
    """
    remaining = count
    after_return = False
    for block in blocks:
        at = 1 if after_return and block.startswith(b"\n") else 0
        after_return = False
        while remaining and (found := LINE_END.search(block, at)):
            at = found.end()
            remaining -= 1
            after_return = at == len(block) and found[0] == b"\r"
        if remaining or at == len(block):
            continue
        LOG.info(f"{name}: skipped {plural(count, 'line')} at the start")
        yield block[at:]
        yield from blocks
        return
    raise RunFailed(
        ErrorCode.FILE_FORMAT_MISMATCH,
        f"{name} has at most {plural(count, 'line')}, and file_format.skip_rows skips all of them. The published table "
        "does not change. Check the source, or correct file_format.skip_rows.",
        retryable=True,
    )


def with_single_byte_delimiter(blocks: Iterator[bytes], delimiter: bytes, escape: bytes, name: str) -> Iterator[bytes]:
    """Replace each multi-byte `delimiter` in the text with STAND_IN. `delimited` restores it inside quotes.

    Works on complete lines, because a delimiter may span two blocks but never two lines.
    """
    remainder = b""
    for block in blocks:
        if STAND_IN in block:
            raise RunFailed(
                ErrorCode.TEXT_INVALID,
                f"{name} contains the control character 0x1F, so a multi-character delimiter is not supported. "
                "Ask the data provider for a file with a single-character delimiter.",
            )
        text = remainder + block
        split = max(text.rfind(b"\n"), text.rfind(b"\r")) + 1
        yield _replaced(text[:split], delimiter, escape)
        remainder = text[split:]
        if len(remainder) > MAX_LINE_BYTES:
            raise RunFailed(
                ErrorCode.RECORD_TOO_LONG,
                f"{name} has a line longer than {MAX_LINE_BYTES >> 20} MB. Check the delimiter and the line endings.",
            )
    yield _replaced(remainder, delimiter, escape)


def _replaced(text: bytes, delimiter: bytes, escape: bytes) -> bytes:
    """Replace delimiters that are not escaped.

    An escape applies to one character only: a\\|||b contains an escaped | followed by ||.
    """
    if not escape or escape not in text:
        return text.replace(delimiter, STAND_IN)
    chunks = re.split(rb"((?:%b.)+)" % re.escape(escape), text, flags=re.DOTALL)
    chunks[::2] = [chunk.replace(delimiter, STAND_IN) for chunk in chunks[::2]]
    return b"".join(chunks)


def _codec(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError as error:
        raise RunFailed(
            ErrorCode.ENCODING_INVALID,
            f"file_format.encoding is {encoding}, which is unknown. Use a Python encoding name such as utf-8, cp1252 "
            "or latin-1.",
        ) from error
