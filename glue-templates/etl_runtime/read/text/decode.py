"""Bytes in any encoding → blocks of UTF-8. Nothing is replaced: a byte that does not belong to the encoding fails the run."""

import codecs
import logging
import re
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from etl_runtime.job.errors import RunFailed
from etl_runtime.job.file_format import STAND_IN
from etl_runtime.job.plural import plural

LOG = logging.getLogger(__name__)

BLOCK_BYTES = 512 << 10  # about what a processor's own cache holds: larger blocks take longer
MAX_LINE_BYTES = 256 << 20
LINE_END = re.compile(rb"\r\n?|\n")
MARKUP = re.compile(rb"\s*(<\?xml|(<!--.*?-->\s*)*<(!doctype|html))", re.IGNORECASE | re.DOTALL)
UNSUPPORTED_FORMATS = (
    (b"\x1f\x8b", "a gzip file inside of another container"),
    (b"PK\x03\x04", "a ZIP inside of another container"),
    (b"BZh", "a bzip2 file"),
)
PARQUET_MAGIC = b"PAR1"
BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def is_parquet(head: bytes) -> bool:
    """Whether a file that begins like this is Parquet. A header may begin with PAR1 too, but goes on with text."""
    return head.startswith(PARQUET_MAGIC) and head[4:5] < b" " and head[4:5] not in (b"\t", b"\r", b"\n")


def utf8_blocks(stream: BinaryIO, encoding: str | None, name: str) -> Iterator[bytes]:
    """The stream as UTF-8, without its byte-order mark.

    Raises RunFailed, with the line, where a byte is not of the encoding; where the mark says another encoding than was declared;
    where Python does not know the encoding; and where the file is markup or a container instead of text.
    """
    head = stream.read(BLOCK_BYTES)
    bom, bom_codec = next(((bom, found) for bom, found in BOMS if head.startswith(bom)), (b"", None))
    declared = _codec(encoding) if encoding else None
    if bom_codec and declared and not bom_codec.startswith(declared.removesuffix("-sig")):
        raise RunFailed(
            f"{name} begins with the mark of {bom_codec}, but file_format.encoding is {encoding}. Leave the encoding out, or declare {bom_codec}."
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
            instead = "e.g. cp1252" if codec == "utf-8" else "or utf-8"
            raise RunFailed(
                f"{name}, line {bad_line}: the byte {found} is not {codec}. Declare the right file_format.encoding ({instead})."
            ) from error
        if codec == "utf-8":  # as it is, up to a character that goes on in the next block
            text, cut_off = cut_off + block, decoder.getstate()[0]
            text = text[: len(text) - len(cut_off)]
        else:
            text = decoded.encode()
        if text:
            line += np.count_nonzero(np.frombuffer(text, np.uint8) == ord("\n"))
            yield text
        if not block:
            return
        block = stream.read(BLOCK_BYTES)


def _require_text(head: bytes, codec: str, name: str) -> None:
    """Fail on what is no delimited text, whatever the server's status or the file's name said."""
    other = next((what for bom, what in UNSUPPORTED_FORMATS if head.startswith(bom)), None)
    if other:
        raise RunFailed(
            f"{name} is {other}, which cannot be read yet. Ask the source for delimited text, plain, in gzip or in a ZIP."
        )
    if is_parquet(head):
        raise RunFailed(f"{name} is a Parquet file, not text. Declare file_format.type parquet.")
    refuse_markup(head, name)
    if b"\0" in head.partition(b"\n")[0] and not codec.startswith(("utf-16", "utf-32")):
        likely = "utf-16-be" if head.startswith(b"\0") else "utf-16-le"
        raise RunFailed(
            f"{name} holds zero bytes in its first line: it is UTF-16, or no text at all. Declare file_format.encoding, e.g. {likely}."
        )


def refuse_markup(head: bytes, name: str) -> None:
    """Raise RunFailed where a file begins like a page of HTML or XML."""
    if MARKUP.match(head):
        raise RunFailed(
            f"{name} is a page of HTML or XML, not data. Open the address in a browser: the source may ask for a login or apologise.",
            retryable=True,
        )


def skip_lines(blocks: Iterator[bytes], count: int, name: str) -> Iterator[bytes]:
    """The text without its first `count` lines, whatever they hold. A line ends at LF, CR LF or CR.

    Raises RunFailed where there are no more lines than that.
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
        LOG.info(f"{name}: left out {plural(count, 'line')} at the beginning")
        yield block[at:]
        yield from blocks
        return
    raise RunFailed(
        f"{name} ends within the {plural(count, 'line')} that file_format.skip_rows leaves out. The published table stays as it is.",
        retryable=True,
    )


def with_single_byte_delimiter(blocks: Iterator[bytes], delimiter: bytes, escape: bytes, name: str) -> Iterator[bytes]:
    """The same text with every `delimiter` replaced by the stand-in; inside quotes too, where the kernel puts it back.

    Replaces in whole lines, because a delimiter may lie across two blocks but never across two lines.
    """
    rest = b""
    for block in blocks:
        if STAND_IN in block:
            raise RunFailed(f"{name} holds the control character 0x1F, so its delimiter must be a single character.")
        text = rest + block
        cut = max(text.rfind(b"\n"), text.rfind(b"\r")) + 1
        yield _replaced(text[:cut], delimiter, escape)
        rest = text[cut:]
        if len(rest) > MAX_LINE_BYTES:
            raise RunFailed(
                f"{name} has a line longer than {MAX_LINE_BYTES >> 20} MB. Check the delimiter and the line ends."
            )
    yield _replaced(rest, delimiter, escape)


def _replaced(text: bytes, delimiter: bytes, escape: bytes) -> bytes:
    """An escape takes the meaning from one character alone, so that the delimiter || may follow: a\\|||b."""
    if not escape or escape not in text:
        return text.replace(delimiter, STAND_IN)
    pieces = re.split(rb"((?:%b.)+)" % re.escape(escape), text, flags=re.DOTALL)
    pieces[::2] = [piece.replace(delimiter, STAND_IN) for piece in pieces[::2]]
    return b"".join(pieces)


def _codec(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError as error:
        raise RunFailed(
            f"file_format.encoding is {encoding}, which Python does not know. Use a name such as utf-8, cp1252 or latin-1."
        ) from error
