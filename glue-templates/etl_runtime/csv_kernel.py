"""Delimited text → columns of text, with Arrow's CSV kernel. Rows with too few or too many fields are kept."""

import io
from collections.abc import Sequence
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
    columns, ragged = _read(record, rules, most)
    if ragged:
        columns, _ = _read(record, rules, ragged[0].actual_columns)
    return [column[0].as_py() or "" for column in columns]


def read_table(text: bytes, rules: FileFormat, width: int) -> TextTable:
    """Records → `width` columns of text, in the records' order. Empty text is null, quoted or not.

    A short row gets nulls; the fields that a long row has too many, unless all are empty, are in `surplus`.
    """
    regular, ragged = _read(text, rules, width)
    return _with_ragged(regular, ragged, rules, width) if ragged else TextTable(regular)


def _read(text: bytes, rules: FileFormat, width: int) -> tuple[list[pa.Array], list[csv.InvalidRow]]:
    """Columns of the records that have `width` fields, and the other records."""
    names = [str(position) for position in range(width)]
    ragged: list[csv.InvalidRow] = []

    def keep(row: csv.InvalidRow) -> str:
        ragged.append(row)
        return "skip"

    table = csv.read_csv(
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
    return [_restored(column.combine_chunks().cast(pa.string()), rules) for column in table.columns], ragged


def _restored(column: pa.Array, rules: FileFormat) -> pa.Array:
    """The column with the delimiter back where its stand-in lies inside quotes."""
    stand_in = rules.delimiter_byte.decode()
    return column if stand_in == rules.delimiter else pc.replace_substring(column, stand_in, rules.delimiter)


def _with_ragged(regular: list[pa.Array], ragged: Sequence[csv.InvalidRow], rules: FileFormat, width: int) -> TextTable:
    """Read the ragged rows, those of one width together, and put all rows in their places."""
    surplus: dict[int, list[str]] = {}
    short: dict[int, int] = {}
    pieces = [regular]
    ragged_places = np.array([row.number - 1 for row in ragged], np.int64)
    places = [np.setdiff1d(np.arange(len(regular[0]) + len(ragged)), ragged_places, assume_unique=True)]
    for came in sorted({row.actual_columns for row in ragged}):
        rows = [row for row in ragged if row.actual_columns == came]
        columns, _ = _read(b"\n".join(row.text.encode() for row in rows) + b"\n", rules, came)
        own_places = [row.number - 1 for row in rows]
        if came < width:
            short |= dict.fromkeys(own_places, came)
            columns += [pa.nulls(len(rows), pa.string())] * (width - came)
        for place, *fields in zip(own_places, *(column.to_pylist() for column in columns[width:]), strict=True):
            if any(fields):
                surplus[place] = [value or "" for value in fields]
        pieces.append(columns[:width])
        places.append(np.array(own_places, np.int64))
    order = pa.array(np.argsort(np.concatenate(places)))
    columns = [pa.concat_arrays([piece[position] for piece in pieces]).take(order) for position in range(width)]
    return TextTable(columns, surplus, short)
