"""Delimited text → columns of text, with Arrow's CSV kernel. Rows with too few or too many fields are kept."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from etl_runtime.file_format import FileFormat


@dataclass(frozen=True)
class TextTable:
    """Columns of text by position, and by row number what did not fit: `surplus` fields, or how many fields came at all."""

    columns: list[pa.Array]
    surplus: dict[int, list[str]] = field(default_factory=dict)
    short: dict[int, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return len(self.columns[0])


def read_fields(record: bytes, rules: FileFormat) -> list[str]:
    """The fields of one record, as they stand: a header's names."""
    most = record.count(rules.delimiter_byte) + 1  # fewer where a delimiter stands inside quotes
    fields: list[str] = []

    def keep(row: csv.InvalidRow) -> str:
        fields.extend(_values(row.text.encode(), rules, row.actual_columns))
        return "skip"

    regular = _read(record, rules, most, keep)
    return fields or [column[0].as_py() or "" for column in _restored(regular, rules)]


def read_table(text: bytes, rules: FileFormat, width: int) -> TextTable:
    """Records → `width` columns of text, in the records' order. Empty text is null, quoted or not.

    A short row gets nulls; the fields that a long row has too many, unless all are empty, are in `surplus`.
    """
    ragged: list[csv.InvalidRow] = []

    def keep(row: csv.InvalidRow) -> str:
        ragged.append(row)
        return "skip"

    regular = _restored(_read(text, rules, width, keep), rules)
    if not ragged:
        return TextTable(regular)
    return _with_ragged(regular, ragged, rules, width)


def _values(record: bytes, rules: FileFormat, width: int) -> list[str]:
    """One record of exactly `width` fields."""
    return [column[0].as_py() or "" for column in _restored(_read(record, rules, width, None), rules)]


def _read(text: bytes, rules: FileFormat, width: int, keep: Callable[[csv.InvalidRow], str] | None) -> pa.Table:
    names = [str(position) for position in range(width)]
    return csv.read_csv(
        io.BytesIO(text),
        # One block: a record may be as long as the text, and Spark runs a task on each core already.
        read_options=csv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=names),
        parse_options=csv.ParseOptions(
            delimiter=rules.delimiter_byte.decode(),
            quote_char=rules.quote or False,
            double_quote=True,
            newlines_in_values=bool(rules.quote),
            ignore_empty_lines=True,
            invalid_row_handler=keep,
        ),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
            null_values=[""],
            auto_dict_encode=False,
        ),
    )


def _restored(table: pa.Table, rules: FileFormat) -> list[pa.Array]:
    """The table's columns as text, with the delimiter back where its stand-in lies inside quotes."""
    columns = [column.combine_chunks().cast(pa.string()) for column in table.columns]
    stand_in = rules.delimiter_byte.decode()
    if stand_in == rules.delimiter:
        return columns
    return [pc.replace_substring(column, stand_in, rules.delimiter) for column in columns]


def _with_ragged(regular: list[pa.Array], ragged: Sequence[csv.InvalidRow], rules: FileFormat, width: int) -> TextTable:
    """Read the ragged rows with as many columns as each has, and put them back in their places."""
    rows = len(regular[0]) + len(ragged)
    places = np.array([row.number - 1 for row in ragged], np.int64)
    surplus: dict[int, list[str]] = {}
    short: dict[int, int] = {}
    fields: list[list[str | None]] = []
    for place, row in zip(places.tolist(), ragged, strict=True):
        values = _values(row.text.encode(), rules, row.actual_columns)
        if row.actual_columns < width:
            short[place] = row.actual_columns
        elif any(values[width:]):
            surplus[place] = values[width:]
        fields.append([value or None for value in values[:width]] + [None] * (width - len(values)))
    order = np.empty(rows, np.int64)
    regular_places = np.setdiff1d(np.arange(rows), places, assume_unique=True)
    order[regular_places] = np.arange(len(regular[0]))
    order[places] = np.arange(len(regular[0]), rows)
    columns = [
        pa.concat_arrays([column, pa.array([values[position] for values in fields], pa.string())]).take(pa.array(order))
        for position, column in enumerate(regular)
    ]
    return TextTable(columns, surplus, short)
