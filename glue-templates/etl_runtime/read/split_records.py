"""Split a data file into blocks of complete, counted records for staging."""

import codecs
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from etl_runtime.columns.names import source_names
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.file_format import FileFormat, FileType
from etl_runtime.read.api_responses import response_records
from etl_runtime.read.container import Member
from etl_runtime.read.detect_format import HEAD_BYTES, detect_format, refuse_json
from etl_runtime.read.header_row import NUMBER, number_in_header
from etl_runtime.read.json.json_lines import begins_with_list, json_lines
from etl_runtime.read.json.json_records import json_records, require_documents
from etl_runtime.read.parquet.parquet_parts import parquet_parts
from etl_runtime.read.prefetch import prefetch
from etl_runtime.read.text import delimited, fixed_width
from etl_runtime.read.text.decode import skip_lines, utf8_blocks, with_single_byte_delimiter
from etl_runtime.read.text.last_column import LastColumn
from etl_runtime.read.text.record_ends import (
    Records,
    split_at_record_ends,
    without_first,
    without_header,
    without_last,
)
from etl_runtime.source.api.endpoints import Endpoint
from etl_runtime.source.record_shape import RecordShape
from etl_runtime.source.records_contract import TableRecords

LOG = logging.getLogger(__name__)

PART_BYTES = 32 << 20  # larger parts are hardly faster and need more memory in the driver and in each task
SAMPLE_BYTES = 64 << 10


@dataclass(frozen=True)
class RecordBlock:
    """Records of a file, with the first records as a sample in the same format.

    `sources` are the columns of a text file, in order. `blank_last` is true if the last column exists only because the
    first record ends with a delimiter, and this column has no value in the block.
    """

    body: bytes
    records: int
    sample: bytes
    sources: tuple[str, ...] = ()
    blank_last: bool = False


def type_of(member: Member, file_format: FileFormat) -> FileType:
    with member.open() as stream:
        return detect_format(member.name, stream.read(HEAD_BYTES), file_format)


def split_records(
    member: Member, file_format: FileFormat, table: str = "", places: TableRecords | None = None
) -> Iterator[RecordBlock]:
    """Split the file into blocks of about PART_BYTES. A file without records results in one block that contains only
    the columns.

    `file_format.type` must be set. `places` defines where the records of the `table` are in JSON. Raises RunFailed if
    the file cannot be read, with the code FILE_EMPTY if it does not even have a header.
    """
    yield from _or_empty(_split(member, file_format, table, places or TableRecords()))


def _split(member: Member, file_format: FileFormat, table: str, places: TableRecords) -> Iterator[RecordBlock]:
    if file_format.type == "parquet":
        with member.local_file() as path:
            for body, records, sample in parquet_parts(path, member.name, PART_BYTES):
                yield RecordBlock(body, records, sample)
    elif file_format.type in ("json", "jsonl"):

        def open_blocks() -> Iterator[bytes]:
            with member.open() as stream:
                yield from _utf8_blocks(stream, file_format, member.name)

        yield from _record_blocks(_split_json(open_blocks, member.name, file_format, table, places))
    else:
        with member.open() as stream:
            yield from _split_text(stream, member.name, file_format)


def _split_json(
    open_blocks: Callable[[], Iterator[bytes]], name: str, file_format: FileFormat, table: str, places: TableRecords
) -> Iterator[Records]:
    is_lines = file_format.type == "jsonl"
    if is_lines and not file_format.is_type_declared and places.published is None and begins_with_list(open_blocks()):
        is_lines = False  # the records are the elements of the list, or the lists may be rows without column names
    if is_lines:
        require_documents(places, name)
        return json_lines(open_blocks(), name)
    return json_records(
        open_blocks, name, file_format.records, table, places, file_format.records_optional, shape_of(file_format)
    )


def shape_of(file_format: FileFormat) -> RecordShape:
    return RecordShape(file_format.orient, file_format.key_column, file_format.column_names, file_format.header)


def split_api_responses(
    member: Member, endpoint: Endpoint, places: TableRecords | None = None
) -> Iterator[RecordBlock]:
    """Split the stored responses of an endpoint into blocks.

    If there are no records, one empty block still creates the table.
    """
    with member.open() as responses:
        yield from _or_empty(_record_blocks(response_records(responses, endpoint, member.name, places)))


def _or_empty(blocks: Iterator[RecordBlock]) -> Iterator[RecordBlock]:
    """Yield the blocks that have records. If there are none, yield one empty block, which has the columns of a text
    file."""
    empty: RecordBlock | None = RecordBlock(b"", 0, b"")
    for block in blocks:
        if block.records:
            empty = None
            yield block
        else:
            empty = block
    if empty:
        yield empty


def _utf8_blocks(stream: BinaryIO, file_format: FileFormat, name: str) -> Iterator[bytes]:
    return prefetch(utf8_blocks(stream, file_format.encoding, name))


def _split_text(stream: BinaryIO, name: str, file_format: FileFormat) -> Iterator[RecordBlock]:
    sources, batches, last_empty = _columns(_text_batches(stream, file_format, name), file_format, name)
    if file_format.skip_footer:
        batches = without_last(batches, file_format.skip_footer, name)
    yield RecordBlock(b"", 0, b"", sources, last_empty)
    last_column = LastColumn(last_empty, len(sources), file_format)
    for block in _record_blocks(last_column.watch(batches)):
        yield replace(block, sources=sources, blank_last=last_column.is_blank)


def _text_batches(stream: BinaryIO, file_format: FileFormat, name: str) -> Iterator[Records]:
    """The records as UTF-8, without skipped rows and comments."""
    blocks = _utf8_blocks(stream, file_format, name)
    if file_format.type != "fixed_width":
        blocks = refuse_json(blocks, name)
    if file_format.skip_rows:
        blocks = skip_lines(blocks, file_format.skip_rows, name)
    if file_format.delimiter_byte.decode() != file_format.delimiter:
        blocks = with_single_byte_delimiter(blocks, file_format.delimiter.encode(), file_format.escape.encode(), name)
    return split_at_record_ends(blocks, file_format, name)


def _columns(
    batches: Iterator[Records], file_format: FileFormat, name: str
) -> tuple[tuple[str, ...], Iterator[Records], bool]:
    """Return the columns from the first record, the records, and whether the last field of the first record is empty.

    An empty last field results from a delimiter at the end of each line. Its column is dropped if it has no values.
    """
    kernel = fixed_width if file_format.type == "fixed_width" else delimited
    for batch in batches:
        first = batch.first()
        if first is None:
            continue
        fields = kernel.read_fields(first.removeprefix(codecs.BOM_UTF8), file_format)
        last_empty = kernel is delimited and len(fields) > 1 and not fields[-1]
        if file_format.header:
            records = without_first(_chain(batch.after_first(), batches), file_format.skip_rows_after_header, name)
            if number := number_in_header(fields):
                LOG.info(
                    f"{name}: the header contains the number {number}. "
                    "If the first record is data, set file_format.header to false."
                )
            if _are_names(fields):
                records = without_header(records, first.removeprefix(codecs.BOM_UTF8), name)
            if file_format.column_names:
                return file_format.column_names, records, False
            return source_names(fields), records, last_empty
        if file_format.column_names:
            _require_no_header(fields, file_format, name)
            return file_format.column_names, _chain(batch, batches), False
        return tuple(f"column_{position}" for position in range(1, len(fields) + 1)), _chain(batch, batches), last_empty
    raise RunFailed(
        ErrorCode.FILE_EMPTY, f"{name} is empty. The published table does not change. Check the source.", retryable=True
    )


def _require_no_header(first: list[str], file_format: FileFormat, name: str) -> None:
    """Raise RunFailed if the first record of a file without a header consists of the names in `column_names`."""
    names = [each.casefold() for each in file_format.column_names]
    if [field.strip().casefold() for field in first[: len(names)]] == names:
        raise RunFailed(
            ErrorCode.FILE_FORMAT_MISMATCH,
            f"{name}: the first record contains the names in file_format.column_names, so it is a header. "
            "Set file_format.header to true to skip it. The published table does not change.",
        )


def _are_names(fields: list[str]) -> bool:
    """Whether a record with these fields is certainly a header: it has several fields, and none is empty or a
    number."""
    return len(fields) > 1 and all(field.strip() and not NUMBER.fullmatch(field.strip()) for field in fields)


def _chain(first: Records, rest: Iterator[Records]) -> Iterator[Records]:
    yield first
    yield from rest


def _record_blocks(batches: Iterator[Records]) -> Iterator[RecordBlock]:
    texts: list[bytes] = []
    size = records = 0
    head = b""
    for batch in batches:
        if not len(batch.ends):
            continue
        head = head or batch.head(SAMPLE_BYTES)
        texts.append(batch.text)
        size += len(batch.text)
        records += batch.count()
        if size >= PART_BYTES:
            block = RecordBlock(b"".join(texts), records, head)
            texts, size, records, head = [], 0, 0, b""
            yield block
            del block  # release the memory: the caller uploads it
    if records:
        yield RecordBlock(b"".join(texts), records, head)
