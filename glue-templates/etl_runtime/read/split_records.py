"""One file of data → pieces: whole records of its format, counted, as they go to staging."""

import codecs
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from etl_runtime.columns.names import source_names
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.file_format import FileFormat, FileType
from etl_runtime.read.api_responses import response_records
from etl_runtime.read.container import Member
from etl_runtime.read.detect_format import HEAD_BYTES, detect_format, refuse_json
from etl_runtime.read.json.json_records import json_lines, json_records
from etl_runtime.read.parquet.parquet_parts import parquet_parts
from etl_runtime.read.prefetch import prefetch
from etl_runtime.read.text import delimited, fixed_width
from etl_runtime.read.text.decode import utf8_blocks, with_stand_in, without_first_lines
from etl_runtime.read.text.record_ends import Records, cut_at_record_ends, without_header, without_last
from etl_runtime.source.api.endpoints import Endpoint

LOG = logging.getLogger(__name__)

PART_BYTES = 32 << 20  # larger parts hardly change the time, and cost memory in the driver and in every task
SAMPLE_BYTES = 64 << 10
NUMBER = re.compile(r"[+-]?\d[\d.,]*")
YEAR = re.compile(r"(19|20)\d\d")
UTF8_MARK = codecs.BOM_UTF8  # in front of a header that stands below other lines


@dataclass(frozen=True)
class RecordBlock:
    """Some records of a file and the first of them as a sample, in the same format. `sources` are the columns of text, in order.

    `blank_last` is whether the last column is there only because of a delimiter at the end of the header, and has no value here.
    """

    body: bytes | bytearray
    records: int
    sample: bytes
    sources: tuple[str, ...] = ()
    blank_last: bool = False


def type_of(member: Member, file_format: FileFormat) -> FileType:
    with member.open() as stream:
        return detect_format(member.name, stream.read(HEAD_BYTES), file_format)


def split_records(member: Member, file_format: FileFormat) -> Iterator[RecordBlock]:
    """The file cut into pieces of about PART_BYTES; none where it holds no records. `rules` tell its type.

    Raises RunFailed where it cannot be read.
    """
    if file_format.type == "parquet":
        with member.local_file() as path:
            for body, records, sample in parquet_parts(path, member.name, PART_BYTES):
                yield RecordBlock(body, records, sample)
    elif file_format.type == "json":

        def open_blocks() -> Iterator[bytes]:
            with member.open() as stream:
                yield from _blocks(stream, file_format, member.name)

        yield from _joined(json_records(open_blocks, member.name, file_format.records))
    elif file_format.type == "jsonl":
        with member.open() as stream:
            yield from _joined(json_lines(_blocks(stream, file_format, member.name), member.name))
    else:
        with member.open() as stream:
            yield from _of_text(stream, member.name, file_format)


def split_api_responses(member: Member, endpoint: Endpoint) -> Iterator[RecordBlock]:
    """The kept answers of an endpoint, cut into pieces of their records; one without any where they have none, so that there is a table."""
    with member.open() as answers:
        empty = True
        for piece in _joined(response_records(answers, endpoint, member.name)):
            empty = False
            yield piece
        if empty:
            yield RecordBlock(b"", 0, b"")


def _blocks(stream: BinaryIO, file_format: FileFormat, name: str) -> Iterator[bytes]:
    return prefetch(utf8_blocks(stream, file_format.encoding, name))


def _of_text(stream: BinaryIO, name: str, file_format: FileFormat) -> Iterator[RecordBlock]:
    sources, runs, unnamed = _columns(_text_runs(stream, file_format, name), file_format, name)
    if file_format.skip_footer:
        runs = without_last(runs, file_format.skip_footer, name)
    for piece in _joined(runs):
        unnamed = unnamed and not _has_values(piece, file_format, len(sources))
        yield replace(piece, sources=sources, blank_last=unnamed)


def _text_runs(stream: BinaryIO, file_format: FileFormat, name: str) -> Iterator[Records]:
    """The records of a text, as UTF-8 and without what the rules leave out above and between them."""
    blocks = _blocks(stream, file_format, name)
    if file_format.type != "fixed_width":
        blocks = refuse_json(blocks, name)
    if file_format.skip_rows:
        blocks = without_first_lines(blocks, file_format.skip_rows, name)
    if file_format.delimiter_byte.decode() != file_format.delimiter:
        blocks = with_stand_in(blocks, file_format.delimiter.encode(), file_format.escape.encode(), name)
    return cut_at_record_ends(blocks, file_format, name)


def _columns(
    runs: Iterator[Records], file_format: FileFormat, name: str
) -> tuple[tuple[str, ...], Iterator[Records], bool]:
    """The member's columns from its first record, and the runs of records that follow.

    And whether the last column is there only because of a delimiter at the end of the header, so that it may go where it has no value.
    """
    kernel = fixed_width if file_format.type == "fixed_width" else delimited
    for run in runs:
        first = run.first()
        if first is None:
            continue
        fields = kernel.read_fields(first.removeprefix(UTF8_MARK), file_format)
        if file_format.header:
            unnamed = kernel is delimited and len(fields) > 1 and not fields[-1]
            records = _chain(run.after_first(), runs)
            if number := next(
                (field for field in fields if NUMBER.fullmatch(field) and not YEAR.fullmatch(field)), None
            ):
                LOG.info(f"{name}: the header holds {number}. Is it a record? Then declare file_format.header false.")
            if _are_names(fields):
                records = without_header(records, first.removeprefix(UTF8_MARK), name)
            return source_names(fields), records, unnamed
        return tuple(f"column_{position}" for position in range(1, len(fields) + 1)), _chain(run, runs), False
    raise RunFailed(f"{name} is empty. The published table stays as it is.", retryable=True)


def _are_names(fields: list[str]) -> bool:
    """Whether a record like this can be nothing but a header: not a single field, and no field that is empty or a number."""
    return len(fields) > 1 and all(field.strip() and not NUMBER.fullmatch(field.strip()) for field in fields)


def _has_values(piece: RecordBlock, file_format: FileFormat, width: int) -> bool:
    """Whether a record has a value in the last of `width` columns."""
    last = delimited.read_table(bytes(piece.body), file_format, width, piece.records).columns[-1]
    return bool(last.null_count < len(last))


def _chain(first: Records, rest: Iterator[Records]) -> Iterator[Records]:
    yield first
    yield from rest


def _joined(runs: Iterator[Records]) -> Iterator[RecordBlock]:
    """Runs of records joined to pieces."""
    text = bytearray()
    records = 0
    head = b""
    for run in runs:
        if not len(run.ends):
            continue
        head = head or run.head(SAMPLE_BYTES)
        text += run.text
        records += run.count()
        if len(text) >= PART_BYTES:
            piece = RecordBlock(text, records, head)
            text, records, head = bytearray(), 0, b""
            yield piece
            del piece  # it is being sent, and no longer needed here
    if records:
        yield RecordBlock(text, records, head)
