"""Find records that stray quotes have merged: each of their lines is a complete record by itself.

A quoted field may contain line breaks. If a value begins with a quote and a later line contains another one, the lines
between them are read as one quoted field, and their records are lost. Both look alike to the grammar. They differ in
their lines: those of a text have any number of delimiters, and those of merged records have all of them, with values
that fit the columns.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from etl_runtime.job.file_format import FileFormat

MIN_COMPLETE_SHARE = 0.9  # of the lines of a merged record, because a record can have too few fields
SAMPLE_RECORDS = 200
MIN_CATEGORY_CELLS = 20
MAX_WORDS = 3  # that stand for missing values in a column of numbers or dates
PROSE_DELIMITERS = b",;. "
VALUE = re.compile(rb"(?=[^A-Za-z]*\d)[-+\d.,:/ TZ%$]+")

Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True)
class MergedRecord:
    """A record that consists of several complete records. `index` is its position among the records of its text."""

    index: int
    lines: tuple[bytes, ...]


def find_merged_record(
    text: bytes, line_ends: Offsets, record_ends: Offsets, file_format: FileFormat, sample: Sequence[bytes]
) -> MergedRecord | None:
    """The first merged record of a text of complete records, or None.

    `line_ends` are the ends of all lines, also inside quotes. `sample` has SAMPLE_RECORDS records
    of the file, without its header.
    """
    delimiter = file_format.delimiter_byte
    line_ends = line_ends[: int(np.searchsorted(line_ends, record_ends[-1], side="right"))]
    if len(line_ends) == len(record_ends):
        return None
    delimiters = np.flatnonzero(np.frombuffer(text, np.uint8, int(record_ends[-1])) == delimiter[0])
    counts = np.diff(np.searchsorted(delimiters, line_ends), prepend=0)
    record_of_line = np.searchsorted(record_ends, line_ends)
    lines_per_record = np.bincount(record_of_line, minlength=len(record_ends))
    starts = np.concatenate((np.zeros(1, np.int64), record_ends[:-1]))
    expected = _expected_count(counts[lines_per_record[record_of_line] == 1], sample, file_format)
    if not expected:
        return None
    complete = np.bincount(record_of_line, counts == expected, len(record_ends)) / np.maximum(lines_per_record, 1)
    candidates = np.flatnonzero((lines_per_record > 1) & (complete >= MIN_COMPLETE_SHARE)).tolist()
    if not candidates:
        return None
    columns = _columns(sample, file_format)
    for index in candidates:
        lines = tuple(text[starts[index] : record_ends[index]].splitlines())
        if _are_records(lines, columns, file_format, expected):
            return MergedRecord(index, lines)
    return None


def _expected_count(single_line_counts: Offsets, sample: Sequence[bytes], file_format: FileFormat) -> int:
    """The most common number of delimiters in records that are single lines, otherwise in the sample."""
    filled = single_line_counts[single_line_counts > 0]
    if len(filled):
        return int(np.bincount(filled).argmax())
    quoted = re.compile(rb"%b[^%b]*+%b" % ((re.escape(file_format.quote.encode()),) * 3)) if file_format.quote else None
    unquoted = [quoted.sub(b"", record) if quoted else record for record in sample]
    return int(np.bincount([record.count(file_format.delimiter_byte) for record in unquoted]).argmax()) if sample else 0


class _Column:
    """What the cells of a column have in common."""

    def __init__(self, cells: Sequence[bytes]) -> None:
        filled = [cell for cell in cells if cell]
        distinct = set(filled)
        words = {cell for cell in distinct if not VALUE.fullmatch(cell)}
        self.cells = len(cells)
        self.are_values = len(words) <= MAX_WORDS and len(distinct) - len(words) > MAX_WORDS * len(words)
        self.is_category = len(filled) >= MIN_CATEGORY_CELLS and len(distinct) <= len(filled) // 4
        self.words = words
        self.shapes = {_shape(cell) for cell in distinct}
        self.has_spaces = any(cell.startswith(b" ") for cell in filled)

    def fits(self, cell: bytes) -> bool:
        if cell.startswith(b" ") and not self.has_spaces:
            return False
        if not cell or cell in self.words:
            return True
        if self.are_values:
            return VALUE.fullmatch(cell) is not None
        return not self.is_category or _shape(cell) in self.shapes


def _shape(cell: bytes) -> bytes:
    """The kind of each character: A9 for B7."""
    return re.sub(rb"[0-9]", b"9", re.sub(rb"[a-z]", b"a", re.sub(rb"[A-Z]", b"A", cell)))


def _columns(sample: Sequence[bytes], file_format: FileFormat) -> list[_Column]:
    """The columns by position, from the cells above the first quote of each record."""
    cells: list[list[bytes]] = []
    for record in sample:
        line = record.partition(b"\n")[0].rstrip(b"\r")
        unquoted, quote, _ = line.partition(file_format.quote.encode() or b"\0")
        fields = unquoted.split(file_format.delimiter_byte)
        for position, cell in enumerate(fields[:-1] if quote else fields):
            if position == len(cells):
                cells.append([])
            cells[position].append(cell)
    return [_Column(column) for column in cells]


def _are_records(lines: Sequence[bytes], columns: Sequence[_Column], file_format: FileFormat, expected: int) -> bool:
    """Whether the lines are records with cells like those of the columns, instead of a text with line breaks."""
    delimiter, quote = file_format.delimiter_byte, file_format.quote.encode()
    unknown = _Column([])
    fitting = 0
    for line in lines:
        cells = [cell.strip(quote) if quote else cell for cell in line.split(delimiter)]
        by_position = [*columns, *[unknown] * (len(cells) - len(columns))]
        fitting += all(column.fits(cell) for column, cell in zip(by_position, cells, strict=False))
    if fitting < MIN_COMPLETE_SHARE * len(lines):
        return False
    if delimiter not in PROSE_DELIMITERS or any(column.are_values or column.is_category for column in columns):
        return True
    return (
        expected > 1 and bool(columns) and columns[0].cells >= MIN_CATEGORY_CELLS
    )  # many records, and no cell begins with a space
