"""One file of data → pieces: whole records of its format, counted, as they go to staging."""

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from etl_runtime import csv_kernel, fixed_width_kernel
from etl_runtime.ahead import ahead
from etl_runtime.answer_records import answer_records
from etl_runtime.columns import source_names
from etl_runtime.container import Member
from etl_runtime.endpoints import Endpoint
from etl_runtime.errors import RunFailed
from etl_runtime.file_format import FileFormat, FileType
from etl_runtime.json_records import json_lines, json_records
from etl_runtime.parquet_parts import parquet_parts
from etl_runtime.records import Records, cut_at_record_ends, without_header, without_last
from etl_runtime.text import utf8_blocks, with_stand_in, without_first_lines
from etl_runtime.told_type import HEAD_BYTES, refuse_json, told_type

PART_BYTES = 32 << 20  # larger parts hardly change the time, and cost memory in the driver and in every task
SAMPLE_BYTES = 64 << 10
NUMBER = re.compile(r"[+-]?\d[\d.,]*")
YEAR = re.compile(r"(19|20)\d\d")
UTF8_MARK = codecs.BOM_UTF8  # in front of a header that stands below other lines


@dataclass(frozen=True)
class Piece:
    """Some records of a file and the first of them as a sample, in the same format. `sources` are the columns of text, in order.

    `blank_last` is whether the last column is there only because of a delimiter at the end of the header, and has no value here.
    """

    body: bytes | bytearray
    records: int
    sample: bytes
    sources: tuple[str, ...] = ()
    blank_last: bool = False


def type_of(member: Member, rules: FileFormat) -> FileType:
    with member.open() as stream:
        return told_type(member.name, stream.read(HEAD_BYTES), rules)


def pieces(member: Member, rules: FileFormat, say: Callable[[str], None]) -> Iterator[Piece]:
    """The file cut into pieces of about PART_BYTES; none where it holds no records. `rules` tell its type.

    Raises RunFailed where it cannot be read.
    """
    if rules.type == "parquet":
        with member.local_file() as path:
            for body, records, sample in parquet_parts(path, member.name, PART_BYTES):
                yield Piece(body, records, sample)
    elif rules.type == "json":

        def open_blocks() -> Iterator[bytes]:
            with member.open() as stream:
                yield from _blocks(stream, rules, member.name)

        yield from _joined(json_records(open_blocks, member.name, rules.records, say))
    elif rules.type == "jsonl":
        with member.open() as stream:
            yield from _joined(json_lines(_blocks(stream, rules, member.name), member.name))
    else:
        with member.open() as stream:
            yield from _of_text(stream, member.name, rules, say)


def answer_pieces(member: Member, endpoint: Endpoint) -> Iterator[Piece]:
    """The kept answers of an endpoint, cut into pieces of their records; one without any where they have none, so that there is a table."""
    with member.open() as answers:
        empty = True
        for piece in _joined(answer_records(answers, endpoint, member.name)):
            empty = False
            yield piece
        if empty:
            yield Piece(b"", 0, b"")


def _blocks(stream: BinaryIO, rules: FileFormat, name: str) -> Iterator[bytes]:
    return ahead(utf8_blocks(stream, rules.encoding, name))


def _of_text(stream: BinaryIO, name: str, rules: FileFormat, say: Callable[[str], None]) -> Iterator[Piece]:
    sources, runs, unnamed = _columns(_text_runs(stream, rules, name, say), rules, name, say)
    if rules.skip_footer:
        runs = without_last(runs, rules.skip_footer, name, say)
    for piece in _joined(runs):
        unnamed = unnamed and not _has_values(piece, rules, len(sources))
        yield replace(piece, sources=sources, blank_last=unnamed)


def _text_runs(stream: BinaryIO, rules: FileFormat, name: str, say: Callable[[str], None]) -> Iterator[Records]:
    """The records of a text, as UTF-8 and without what the rules leave out above and between them."""
    blocks = _blocks(stream, rules, name)
    if rules.type != "fixed_width":
        blocks = refuse_json(blocks, name)
    if rules.skip_rows:
        blocks = without_first_lines(blocks, rules.skip_rows, name, say)
    if rules.delimiter_byte.decode() != rules.delimiter:
        blocks = with_stand_in(blocks, rules.delimiter.encode(), rules.escape.encode(), name)
    return cut_at_record_ends(blocks, rules, name, say)


def _columns(
    runs: Iterator[Records], rules: FileFormat, name: str, say: Callable[[str], None]
) -> tuple[tuple[str, ...], Iterator[Records], bool]:
    """The member's columns from its first record, and the runs of records that follow.

    And whether the last column is there only because of a delimiter at the end of the header, so that it may go where it has no value.
    """
    kernel = fixed_width_kernel if rules.type == "fixed_width" else csv_kernel
    for run in runs:
        first = run.first()
        if first is None:
            continue
        fields = kernel.read_fields(first.removeprefix(UTF8_MARK), rules)
        if rules.header:
            unnamed = kernel is csv_kernel and len(fields) > 1 and not fields[-1]
            records = _chain(run.after_first(), runs)
            if number := next((field for field in fields if NUMBER.fullmatch(field) and not YEAR.fullmatch(field)), None):
                say(f"{name}: the header holds {number}. Is it a record? Then declare file_format.header false.")
            if _are_names(fields):
                records = without_header(records, first.removeprefix(UTF8_MARK), name, say)
            return source_names(fields), records, unnamed
        return tuple(f"column_{position}" for position in range(1, len(fields) + 1)), _chain(run, runs), False
    raise RunFailed(f"{name} is empty. The published table stays as it is.", retryable=True)


def _are_names(fields: list[str]) -> bool:
    """Whether a record like this can be nothing but a header: not a single field, and no field that is empty or a number."""
    return len(fields) > 1 and all(field.strip() and not NUMBER.fullmatch(field.strip()) for field in fields)


def _has_values(piece: Piece, rules: FileFormat, width: int) -> bool:
    """Whether a record has a value in the last of `width` columns."""
    last = csv_kernel.read_table(bytes(piece.body), rules, width, piece.records).columns[-1]
    return bool(last.null_count < len(last))


def _chain(first: Records, rest: Iterator[Records]) -> Iterator[Records]:
    yield first
    yield from rest


def _joined(runs: Iterator[Records]) -> Iterator[Piece]:
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
            piece = Piece(text, records, head)
            text, records, head = bytearray(), 0, b""
            yield piece
            del piece  # it is being sent, and no longer needed here
    if records:
        yield Piece(text, records, head)
