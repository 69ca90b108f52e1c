"""The layout of delimited text: delimiter, title lines above the header, header."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from etl_runtime.read.split_records import NUMBER, YEAR
from inspection.sample import SAMPLE_BYTES

DELIMITERS = (",", ";", "\t", "|", "^", "~")
MAX_TITLE_RECORDS = 20
DATE = re.compile(r"\d{4}-\d\d-\d\d.*")

csv.field_size_limit(SAMPLE_BYTES)


@dataclass(frozen=True)
class Layout:
    """The first lines of a text, split by one delimiter.

    `records` are the records with the most common number of fields. `title_lines` is the number of lines above the
    first of them. `share` is the share of the records below the titles that have this number of fields.
    """

    delimiter: str
    records: list[list[str]]
    title_lines: int
    share: float

    @property
    def width(self) -> int:
        return len(self.records[0]) if self.records else 0

    @property
    def rank(self) -> tuple[bool, float, int, int]:
        """Prefers several fields, then the highest share, then the fewest title lines, then the most fields."""
        return (self.width > 1, round(self.share, 1), -self.title_lines, self.width)


def detect_layout(lines: Sequence[str], delimiters: Sequence[str] = DELIMITERS) -> Layout:
    """The layout of the delimiter that fits best."""
    return max((_layout(lines, delimiter) for delimiter in delimiters), key=lambda layout: layout.rank)


def has_header(records: Sequence[Sequence[str]]) -> bool:
    """Whether the first record is a header.

    It is a header if a column has a name in the first record and only numbers or dates below. It is also a header if
    its names are unique, none is a number or date other than a year, and the next records do not repeat it.
    """
    first, *rest = [[cell.strip() for cell in record] for record in records] or [[]]
    for position, cell in enumerate(first):
        below = [record[position] for record in rest if record[position]]
        if cell and not _is_value(cell) and below and all(map(_is_value, below)):
            return True
    names = first[:-1] if len(first) > 1 and not first[-1] else first
    if not all(names) or len({name.lower() for name in names}) < len(names):
        return False
    return not any(_is_value(name) and not YEAR.fullmatch(name) for name in names) and first not in rest[:5]


def _layout(lines: Sequence[str], delimiter: str) -> Layout:
    records = _records(lines, delimiter)
    if not records:
        return Layout(delimiter, [], 0, 0)
    (width, _), *_ = Counter(len(record) for _, record in records).most_common(1)
    titles = next(index for index, (_, record) in enumerate(records) if len(record) == width)
    if titles > MAX_TITLE_RECORDS or any(len(record) > width for _, record in records[:titles]):
        return Layout(delimiter, [record for _, record in records], 0, 0)
    below = [record for _, record in records[titles:]]
    regular = [record for record in below if len(record) == width]
    title_lines, _ = records[titles]
    return Layout(delimiter, regular, title_lines, len(regular) / len(below))


def _records(lines: Sequence[str], delimiter: str) -> list[tuple[int, list[str]]]:
    """The records, each with the number of lines above it. Empty if the quotes are invalid with this delimiter."""
    records: list[tuple[int, list[str]]] = []
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    lines_above = 0
    try:
        for record in reader:
            if record:
                records.append((lines_above, record))
            lines_above = reader.line_num
    except csv.Error:
        if reader.line_num < len(lines):  # otherwise the last record continues after these lines
            return []
    return records


def _is_value(cell: str) -> bool:
    return bool(NUMBER.fullmatch(cell) or DATE.fullmatch(cell))
