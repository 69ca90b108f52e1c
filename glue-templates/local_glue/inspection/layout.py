"""Detects the layout of delimited text: delimiter, quotes, title lines above the header, and units rows below it."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from etl_runtime.columns.blocking_values import is_missing_word
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.file_format import FileFormat
from etl_runtime.read.data_files import DELIMITERS
from etl_runtime.read.text import delimited
from etl_runtime.read.text.record_ends import field_pattern, first_record, record_lines, split_at_record_ends
from inspection.header import is_value

MAX_TITLE_RECORDS = 20
ESCAPE = "\\"
MAX_IRREGULAR_SHARE = 0.01
MIN_ROWS_BELOW_UNITS = 3


@dataclass(frozen=True)
class Layout:
    """The first lines of a text, split by one delimiter.

    `records` are the records that have the most common number of fields. `title_lines` is the number of lines above the
    first of these records. `share` is the share of these records among all records after the title lines.
    """

    file_format: FileFormat
    records: list[list[str]]
    title_lines: int
    share: float

    @property
    def width(self) -> int:
        return len(self.records[0]) if self.records else 0

    @property
    def rank(self) -> tuple[bool, float, bool, int, int]:
        """A sort key, which prefers layouts with several fields, then those with the highest share, quotes, the fewest
        title lines, and the most fields."""
        return (self.width > 1, round(self.share, 1), bool(self.file_format.quote), -self.title_lines, self.width)


def text_lines(text: str) -> list[str]:
    """Split text into lines as `skip_rows` counts them. In contrast, str.splitlines also splits at form feeds and other
    separators."""
    return re.split(r"\r\n?|\n", text)


def dialects(text: str, delimiter: str) -> list[FileFormat]:
    """The possible ways to quote the fields of a text: doubled quotes, escapes, or no quotes."""
    standard = FileFormat(delimiter=delimiter, type="csv")
    found = [standard]
    if ESCAPE in text:
        found.append(replace(standard, escape=ESCAPE))
    if standard.quote in text:
        found.append(replace(standard, quote=""))
    return found


def detect_layout(lines: Sequence[str], delimiters: Sequence[str] = DELIMITERS) -> Layout:
    """Return the layout with the combination of delimiter and quoting that fits best."""
    text = "\n".join(lines)
    candidates = [each for delimiter in delimiters for each in dialects(text, delimiter)]
    return max((read_layout(lines, each) for each in candidates), key=lambda layout: layout.rank)


def detect_dialect(text: str, layout: Layout) -> FileFormat:
    """The way to quote that results in the fewest irregular records in the entire text."""
    candidates = dialects(text, layout.file_format.delimiter)
    if len(candidates) == 1:
        return candidates[0]
    body = "\n".join(text_lines(text)[layout.title_lines :]).encode()
    shares = [_irregular_share(body, dialect) for dialect in candidates]
    best = shares.index(min(shares))
    return candidates[best if shares[best] <= MAX_IRREGULAR_SHARE else 0]


def units_rows(records: Sequence[Sequence[str]]) -> int:
    """Count the rows between the header and the data, such as a row of units. These rows have no number or date in any
    column of numbers or dates."""
    if not records:
        return 0
    first, *others = [[cell.strip() for cell in record] for record in records]
    rest = [record for record in others if len(record) == len(first)]
    for count in (1, 2):
        rows, below = rest[:count], rest[count:]
        if len(below) < MIN_ROWS_BELOW_UNITS:
            break
        columns = list(zip(*below, strict=True))
        filled = [[cell for cell in column if cell and not is_missing_word(cell)] for column in columns]
        of_values = [index for index, cells in enumerate(filled) if cells and all(map(is_value_or_time, cells))]
        if all(_is_units(row, columns, of_values) for row in rows):
            return count
    return 0


def is_value_or_time(cell: str) -> bool:
    return is_value(cell) or bool(re.fullmatch(r"[-+]?[\d.,:/ TZ+-]*\d[\d.,:/ TZ+-]*", cell))


def _is_units(row: Sequence[str], columns: Sequence[Sequence[str]], of_values: Sequence[int]) -> bool:
    words = [index for index in of_values if row[index] and not is_missing_word(row[index])]
    if any(is_value_or_time(row[index]) for index in of_values):
        return False
    if not words or any(row[index] in columns[index] for index in range(len(row)) if row[index]):
        return False
    # A single word in a column of numbers or dates can be an unusual word for a missing value.
    filled = [cell for cell in row if cell]
    return len(words) > 1 or all(re.fullmatch(r"\(.*\)|\[.*\]|\d+[a-z]", cell) for cell in filled) or len(filled) == 1


def read_layout(lines: Sequence[str], file_format: FileFormat) -> Layout:
    """The layout with a known delimiter and way to quote."""
    records = _records(lines, file_format)
    if not records:
        return Layout(file_format, [], 0, 0)
    (width, _), *_ = Counter(len(record) for _, record, _ in records).most_common(1)
    titles = next(index for index, (_, record, _) in enumerate(records) if len(record) == width)
    if titles > MAX_TITLE_RECORDS or any(len(record) > width for _, record, _ in records[:titles]):
        return Layout(file_format, [record for _, record, _ in records], 0, 0)
    below = [(record, regular) for _, record, regular in records[titles:]]
    same_width = [record for record, _ in below if len(record) == width]
    regular = sum(len(record) == width and is_regular for record, is_regular in below)
    return Layout(file_format, same_width, records[titles][0], regular / len(below))


def _records(lines: Sequence[str], file_format: FileFormat) -> list[tuple[int, list[str], bool]]:
    """Return for each record the number of lines above it, its fields, and whether its quotes are regular.

    Quotes are regular if no text follows a closing quote. A final record that continues beyond these lines is omitted.
    """
    text = "".join(f"{line}\n" for line in lines).encode()
    records: list[tuple[int, list[str], bool]] = []
    done = lines_above = 0
    while done < len(text):
        record = first_record(text[done:], file_format)
        skipped = len(text) - done - len(text[done:].lstrip(b"\r\n"))
        if not record:
            break
        fields, is_regular = _fields(record, file_format)
        records.append((lines_above + text[done : done + skipped].count(b"\n"), fields, is_regular))
        lines_above += text[done : done + skipped + len(record)].count(b"\n")
        done += skipped + len(record)
    return records


def _fields(record: bytes, file_format: FileFormat) -> tuple[list[str], bool]:
    fields, is_regular = [], True
    quote, escape = file_format.quote, file_format.escape
    for field in field_pattern(file_format).finditer(record):
        text = field[0][: len(field[0]) - len(field["end"])].decode()
        if field["quoted"] and field["tail"]:
            is_regular = False
        elif field["quoted"]:
            text = text[1:-1].replace(quote * 2, quote)
        if escape:
            text = re.sub(rf"{re.escape(escape)}(.)", r"\1", text, flags=re.DOTALL)
        fields.append(text)
    return fields, is_regular


def _irregular_share(text: bytes, file_format: FileFormat) -> float:
    """The share of records that have a different number of fields, or escaped quotes that end a field too early."""
    try:
        batches = list(split_at_record_ends(iter([text]), file_format, ""))
        records = b"".join(batch.text for batch in batches)
        width = len(delimited.read_fields(first_record(records, file_format), file_format))
        table = delimited.read_table(records, file_format, width)
    except RunFailed:  # a quote is not closed, or quotes merge records
        return float("inf")
    escaped_quote = (ESCAPE + file_format.quote).encode()
    cut_off = sum(escaped_quote in edit for edit in record_lines(text, file_format).edits.values() if file_format.quote)
    return (len(table.surplus) + len(table.short) + (0 if file_format.escape else cut_off)) / max(table.rows, 1)
