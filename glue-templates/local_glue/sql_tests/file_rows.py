"""Reads rows from CSV, JSON Lines and Parquet files."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from etl_runtime.columns.athena_types import parsed
from sql_tests.request import Row
from sql_tests.values import arrow_type, type_of_arrow


class FileProblem(Exception):
    """A file of rows cannot be read. The message is one line with the name of the file."""


def read_cells(file: str) -> list[Row]:
    """The rows of a CSV or JSON Lines file. `line` is the line number of a row if the file has one row per line."""
    path = Path(file)
    try:
        return _csv_rows(path) if path.suffix == ".csv" else _json_rows(path)
    except (OSError, ValueError, pa.ArrowInvalid) as error:
        raise FileProblem(f"{path.name} cannot be read: {' '.join(str(error).split())}") from error


def _csv_rows(path: Path) -> list[Row]:
    """Read CSV as `medallion query --csv` writes it: an empty field is NULL, and `""` is empty text."""
    with path.open(encoding="utf-8-sig") as text:
        names = next(iter(text), "").rstrip("\r\n")
    if not names:
        raise ValueError("the file has no header")
    probe = pa.csv.read_csv(path, parse_options=pa.csv.ParseOptions(newlines_in_values=True))
    table = pa.csv.read_csv(
        path,
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            column_types={name: pa.string() for name in probe.column_names},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    return [Row(0, row) for row in table.to_pylist()]


def _json_rows(path: Path) -> list[Row]:
    rows = []
    # Not splitlines, because JSON can contain other Unicode line separators.
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), start=1):
        if line.strip():
            value = json.loads(line, parse_int=_Number, parse_float=_Number, parse_constant=_Number)
            if not isinstance(value, dict):
                raise ValueError(f"line {number} is not a JSON object")
            rows.append(Row(number, {name: _cell(each) for name, each in value.items()}))
    return rows


class _Number(str):
    """The text of a number, with all its digits."""

    __slots__ = ()


def _cell(value: Any) -> Any:
    if isinstance(value, _Number):
        return {"number": str(value)}
    if isinstance(value, bool):
        return {"boolean": str(value).lower()}
    if isinstance(value, Mapping):
        return {"map": {name: _cell(each) for name, each in value.items()}}
    return [_cell(each) for each in value] if isinstance(value, list) else value


def read_parquet(file: str, types: Mapping[str, str]) -> pa.Table:
    """The rows of a Parquet file, converted to these types. A column that is not in `types` keeps its type in the
    file."""
    path = Path(file)
    try:
        table = pq.read_table(path)
        wanted = {name: types.get(name) or type_of_arrow(table.schema.field(name).type) for name in table.column_names}
        return table.cast(pa.schema([(name, arrow_type(parsed(type_))) for name, type_ in wanted.items()]))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise FileProblem(f"{path.name} cannot be read: {' '.join(str(error).split())}") from error
