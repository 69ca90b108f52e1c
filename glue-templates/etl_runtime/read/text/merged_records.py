"""Find records that stray quotes have merged. Each line of such a record is a complete record by itself.

A quoted field may contain line breaks. If a value begins with a stray quote and a later line contains another one, the
lines between the two quotes are read as one quoted field, and their records are lost. The CSV grammar does not
distinguish the two cases, but their lines differ. The lines of a text field can have any number of delimiters. Each
line of merged records has the delimiters of a complete record, and values that fit the columns.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from etl_runtime.job.file_format import FileFormat

MIN_COMPLETE_SHARE = 0.9  # of the lines in a merged record; some records may have too few fields
SAMPLE_RECORDS = 200
MAX_COUNTED = 200  # multi-line records; if there are more, all delimiters are counted in one pass
MIN_CATEGORY_CELLS = 20
MAX_WORDS = 3  # different words for missing values in a column of numbers or dates
PROSE_DELIMITERS = b",;. "
VALUE = re.compile(rb"(?=[^A-Za-z]*\d)[-+\d.,:/ TZ%$]+")

Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True)
class MergedRecord:
    """A record that consists of several complete records. `index` is its position among the records of the text."""

    index: int
    lines: tuple[bytes, ...]


def find_merged_record(
    text: bytes, line_ends: Offsets, record_ends: Offsets, file_format: FileFormat, sample: Sequence[bytes]
) -> MergedRecord | None:
    """Find the first merged record in a text that consists of complete records. Returns None if there is none.

    `line_ends` are the ends of all lines, including those inside quotes. `sample` has SAMPLE_RECORDS records of the
    file, without its header. Only records that have several lines are examined.
    """
    last_lines = np.searchsorted(line_ends, record_ends)
    first_lines = np.concatenate((np.zeros(1, np.int64), last_lines[:-1] + 1))
    several = np.flatnonzero(last_lines > first_lines)
    if not len(several):
        return None
    expected = _expected_count(sample, file_format)
    if not expected:
        return None
    starts = np.concatenate((np.zeros(1, np.int64), line_ends))
    if len(several) > MAX_COUNTED:
        several = _complete(text, starts, first_lines[several], last_lines[several], several, file_format, expected)
    columns: list[_Column] = []
    for index in several.tolist():
        bounds = starts[first_lines[index] : last_lines[index] + 2].tolist()
        if not _are_complete(text, bounds, file_format.delimiter_byte, expected):
            continue
        columns = columns or _columns(sample, file_format)
        lines = tuple(text[bounds[0] : bounds[-1]].splitlines())
        if _are_records(lines, columns, file_format, expected):
            return MergedRecord(index, lines)
    return None


def _complete(
    text: bytes,
    starts: Offsets,
    first_lines: Offsets,
    last_lines: Offsets,
    records: Offsets,
    file_format: FileFormat,
    expected: int,
) -> Offsets:
    """The records in which nearly all lines have the expected number of delimiters.

    This function is fast for many records.
    """
    delimiters = np.flatnonzero(np.frombuffer(text, np.uint8) == file_format.delimiter_byte[0])
    counts = np.diff(np.searchsorted(delimiters, starts))
    complete = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts == expected)))
    shares = (complete[last_lines + 1] - complete[first_lines]) / (last_lines + 1 - first_lines)
    found: Offsets = records[shares >= MIN_COMPLETE_SHARE]
    return found


def _are_complete(text: bytes, bounds: Sequence[int], delimiter: bytes, expected: int) -> bool:
    """Whether nearly all lines between the bounds have the expected number of delimiters."""
    allowed = (1 - MIN_COMPLETE_SHARE) * (len(bounds) - 1)
    for start, end in pairwise(bounds):
        if text.count(delimiter, start, end) != expected:
            allowed -= 1
            if allowed < 0:
                return False
    return True


def _expected_count(sample: Sequence[bytes], file_format: FileFormat) -> int:
    """The most common number of delimiters in a record, not counting delimiters inside quotes."""
    if not sample:
        return 0
    quote = re.escape(file_format.quote.encode())
    quoted = re.compile(rb"%b[^%b]*+%b" % (quote, quote, quote)) if quote else None
    unquoted = [quoted.sub(b"", record) if quoted else record for record in sample]
    return int(np.bincount([record.count(file_format.delimiter_byte) for record in unquoted]).argmax())


class _Column:
    """The properties that the cells of a column share."""

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
    """The kinds of the characters, for example A9 for B7."""
    return re.sub(rb"[0-9]", b"9", re.sub(rb"[a-z]", b"a", re.sub(rb"[A-Z]", b"A", cell)))


def _columns(sample: Sequence[bytes], file_format: FileFormat) -> list[_Column]:
    """The columns in order, derived from the cells before the first quote of each record."""
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
    """Whether the lines are records whose cells resemble the other cells of the columns, rather than a single text with
    line breaks."""
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
    )  # there are many records, and no cell begins with a space
