"""Converts the rows of an input table in a test to a typed table, which the transform reads like a published table."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from etl_runtime.columns.athena_types import parsed
from etl_runtime.columns.names import RESCUED, RUN_ID, SOURCE_DATE
from etl_runtime.job.arguments import InputName
from etl_runtime.job.inputs import Input
from etl_runtime.job.suggestion import did_you_mean
from sql_tests.file_rows import FileProblem, read_cells, read_parquet
from sql_tests.request import InputTable, Row, Rows
from sql_tests.values import ValueProblem, arrow_type, is_plain, type_of_arrow, value_of

META_TYPES = {RUN_ID: "string", RESCUED: "string", SOURCE_DATE: "date"}
"""The columns that jobs add to tables."""
_BIGINT = re.compile(r"-?(?:0|[1-9]\d*)")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d*)?(?:[eE][-+]?\d+)?|-?\.\d+")
MAX_BIGINT = (1 << 63) - 1


class InvalidTest(Exception):
    """A test cannot run. The message states where the problem is, what was found, and what to do."""


def typed_rows(table: InputTable, rows: Rows) -> pa.Table:
    """Convert the rows to a table. Types come from the contract or `columns`, or are inferred.

    Raises InvalidTest if the rows or their types are invalid.
    """
    contract = table.columns
    if contract is not None:
        for name, type_ in rows.columns.items():
            if name in contract and contract[name] != type_:
                raise InvalidTest(
                    f"{rows.at()}: columns declares {name} as {type_}, but {table.contract} has {contract[name]}. "
                    "Correct columns."
                )
            if name not in contract and name not in META_TYPES:
                raise InvalidTest(f"{rows.at()}: columns has {name}, {_not_in_contract(table, name)}")
    known = {**META_TYPES, **rows.columns, **(contract or {})}
    for name, type_ in rows.columns.items():
        try:
            arrow_type(parsed(type_))
        except ValueError as error:
            raise InvalidTest(
                f"{rows.at()}: the type of {name} is {type_!r}: {error}. Use an Athena type, such as string, "
                "bigint, double, decimal(18,2), date or timestamp."
            ) from error
    declared = list(contract if contract is not None else rows.columns)
    if rows.file and rows.file.endswith(".parquet"):
        return _parquet(table, rows, known)
    cells = _cells(rows)
    found = list(dict.fromkeys(name for row in cells for name in row.values))
    _check_names(table, rows, cells)
    names = [*declared, *(name for name in found if name not in declared)]
    types = {name: known.get(name) or _inferred(row.values.get(name) for row in cells) for name in names}
    if not types:
        raise InvalidTest(
            f"{rows.at()}: the table has no rows, no columns and no published contract, so its columns are unknown. "
            "Add columns: {name: type}."
        )
    return _table(table, rows, cells, types)


def _cells(rows: Rows) -> Sequence[Row]:
    try:
        return read_cells(rows.file) if rows.file else rows.rows or ()
    except FileProblem as error:
        raise InvalidTest(f"{rows.at()}: {error}") from error


def _parquet(table: InputTable, rows: Rows, known: Mapping[str, str]) -> pa.Table:
    try:
        found = read_parquet(str(rows.file), known)
    except FileProblem as error:
        raise InvalidTest(f"{rows.at()}: {error}") from error
    _check_names(table, rows, [Row(0, dict.fromkeys(found.column_names))])
    return found


def _check_names(table: InputTable, rows: Rows, cells: Iterable[Row]) -> None:
    if table.columns is None:
        return
    for row in cells:
        for name in row.values:
            if name not in table.columns and name not in META_TYPES:
                raise InvalidTest(f"{rows.at(row)}: the row has the column {name}, {_not_in_contract(table, name)}")


def _not_in_contract(table: InputTable, name: str) -> str:
    columns = table.columns or {}
    return (
        f"which {table.contract} does not have. {did_you_mean(name, columns)}Its columns are {', '.join(columns)}. "
        "Correct the name."
    )


def _table(table: InputTable, rows: Rows, cells: Sequence[Row], types: Mapping[str, str]) -> pa.Table:
    columns = {}
    for name, type_ in types.items():
        parsed_type = parsed(type_)
        values = []
        for row in cells:
            try:
                values.append(value_of(row.values.get(name), parsed_type))
            except ValueProblem as error:
                raise InvalidTest(
                    f"{rows.at(row)}: {name} {error} ({_origin(table, rows, name)}). Correct the value."
                ) from error
        columns[name] = pa.array(values, arrow_type(parsed_type))
    return pa.table(columns)


def _origin(table: InputTable, rows: Rows, name: str) -> str:
    if table.columns and name in table.columns:
        return f"the type is from {table.contract}"
    return "the type is from columns in the test" if name in rows.columns else "the type is inferred from the rows"


def _inferred(cells: Iterable[Any]) -> str:
    """The type of a column without a contract. Unquoted whole numbers are bigint, other unquoted numbers are double,
    and unquoted true and false are boolean. Everything else is string, including numbers with leading zeros and
    dates."""
    values = [cell for cell in cells if cell is not None]
    if values and all(is_plain(cell) for cell in values):
        if all("boolean" in cell for cell in values):
            return "boolean"
        texts = [str(cell.get("number", "")) for cell in values]
        if all(_BIGINT.fullmatch(text) and abs(int(text)) <= MAX_BIGINT for text in texts):
            return "bigint"
        if all(_NUMBER.fullmatch(text) for text in texts):
            return "double"
    nested = [cell for cell in values if isinstance(cell, list) or (isinstance(cell, Mapping) and "map" in cell)]
    if not nested:
        return "string"
    if len(nested) == len(values) and all(isinstance(cell, list) for cell in values):
        return f"array<{_inferred(each for cell in values for each in cell)}>"
    if len(nested) == len(values) and all(isinstance(cell, Mapping) for cell in values):
        fields = dict.fromkeys(name for cell in values for name in cell["map"])
        members = (f"{name}:{_inferred(cell['map'].get(name) for cell in values)}" for name in fields)
        return f"struct<{','.join(members)}>"
    return "string"


def as_inputs(
    tables: Mapping[str, tuple[str, pa.Table]], databases: Mapping[str, InputName], folder: Path
) -> list[Input]:
    """Write the tables to files, and describe them as publications. `tables` maps the Athena name of each table to its
    layer and rows."""
    published: dict[str, dict[str, Any]] = {}
    for number, (name, (layer, rows)) in enumerate(tables.items()):
        database, _, table_name = name.partition(".")
        file = f"{number}/rows.parquet"
        folder.joinpath(str(number)).mkdir(parents=True)
        pq.write_table(rows, folder / file)
        entry = published.setdefault(database, {"layer": layer, "run_id": "test", "sources": [], "tables": {}})
        entry["tables"][table_name] = {
            "name": table_name,
            "columns": [
                {"name": field.name, "type": type_of_arrow(field.type)}
                for field in rows.schema
                if field.name not in META_TYPES
            ],
            "files": [file],
            **({"source_date": "test"} if SOURCE_DATE in rows.column_names else {}),
        }
    return [Input(databases[database], content) for database, content in published.items()]
