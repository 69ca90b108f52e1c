"""Runs SQL on the published tables of the local lake, with the table names of Athena: pp_dw_bronze.zipcodes.

    python query.py [--json] [--limit N] SQL FILE

The tables are the files that published.json of each dataset lists, read through the S3 API. The result is streamed to
FILE. Without --json, the first line has the columns, [{"name", "type"}], and each further line has one row,
[text or null]. With --json, the result is an array of row objects.
Exit code 2, with one line on standard error: the SQL is invalid.
"""

import argparse
import json
import math
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
from parent import end_with_parent
from pyarrow import fs

# SHOW TABLES of DuckDB would list its internal views.
_SHOW_TABLES = re.compile(r"\s*show\s+(?:all\s+)?tables(?:\s+(?:in|from)\s+(\S+?))?\s*;?\s*", re.IGNORECASE)
_ROWS_PER_FETCH = 10_000


@dataclass(frozen=True)
class Table:
    """A published table: dataset, database and name in Athena, files as bucket/key, Athena type by column."""

    dataset: str
    database: str
    name: str
    files: list[str]
    columns: dict[str, str]

    @property
    def full_name(self) -> str:
        """The name in a FROM clause."""
        return f"{self.database}.{self.name}"


class SqlError(Exception):
    """The SQL cannot be run. The message is one line."""


def published_tables(lake: fs.S3FileSystem) -> list[Table]:
    """The tables of all datasets in all buckets."""
    tables = []
    for bucket in lake.get_file_info(fs.FileSelector("")):
        for info in lake.get_file_info(fs.FileSelector(f"{bucket.path}/etl", recursive=True, allow_not_found=True)):
            if info.base_name != "published.json":
                continue
            with lake.open_input_file(info.path) as file:
                published = json.loads(file.read())
            dataset = info.path.removeprefix(f"{bucket.path}/etl/").partition("/")[0]
            for table in published["tables"].values():
                files = [f"{bucket.path}/{key}" for key in table["files"]]
                columns = {column["name"]: column["type"] for column in table["columns"]}
                tables.append(Table(dataset, published["database"], table["name"], files, columns))
    return sorted(tables, key=lambda table: table.full_name)


def run_query(lake: fs.S3FileSystem, sql: str) -> duckdb.DuckDBPyConnection:
    """Run the SQL on views of the tables that it names."""
    tables = published_tables(lake)
    show = _SHOW_TABLES.fullmatch(sql)
    if show:
        names = [table.full_name for table in tables if show[1] in (None, table.database)]
        return duckdb.connect(":memory:").execute("SELECT unnest($1::VARCHAR[]) AS table_name", [names])
    # Opening a table reads the footer of one file. So only tables in the SQL are opened, or all if it contains none.
    named = [table for table in tables if re.search(rf"\b{re.escape(table.name)}\b", sql, re.IGNORECASE)]
    # DuckDB must not download extensions.
    settings: dict[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    connection = duckdb.connect(":memory:", config=settings)
    for number, table in enumerate(named or tables):
        try:
            opened = _open(lake, table)
        except FileNotFoundError as error:
            if not named:
                continue
            missing = next(file for file in table.files if lake.get_file_info(file).type == fs.FileType.NotFound)
            raise SqlError(
                f"{table.full_name}: the file s3://{missing} is missing. "
                f"Run the dataset again: medallion run {table.dataset}."
            ) from error
        connection.register(f"table_{number}", opened)
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{table.database}"')
        columns = f"* {_timestamp_casts(table)}"
        view = f'"{table.database}"."{table.name}"'
        connection.execute(f"CREATE VIEW {view} AS SELECT {columns} FROM table_{number}")  # noqa: S608
    try:
        if not connection.extract_statements(sql):
            raise SqlError("The SQL contains no statement. Pass a query such as SELECT 1.")
        return connection.execute(sql)
    except duckdb.CatalogException as error:
        found = re.search(r"Table with name (\S+) does not exist", str(error))
        if not found:
            hint = (
                " The local lake runs DuckDB, where some functions of Athena have a different name."
                if "Function" in str(error)
                else ""
            )
            raise SqlError(_first_line(error) + hint) from error
        published = ", ".join(table.full_name for table in tables) or "none; run a dataset first: medallion run DATASET"
        raise SqlError(f"The table {found[1]} does not exist. Published tables: {published}.") from error
    except duckdb.Error as error:
        raise SqlError(_first_line(error)) from error


def _timestamp_casts(table: Table) -> str:
    """A REPLACE clause for timestamps: they are UTC in the files, and Athena shows them without a time zone."""
    casts = [f'"{name}"::TIMESTAMP AS "{name}"' for name, type in table.columns.items() if type == "timestamp"]
    return f"REPLACE ({', '.join(casts)})" if casts else ""


def _open(lake: fs.S3FileSystem, table: Table) -> Any:
    if table.files:
        return ds.dataset(table.files, filesystem=lake, format="parquet")
    return pa.schema([(name, _arrow_type(athena)) for name, athena in table.columns.items()]).empty_table()


def _arrow_type(athena: str) -> pa.DataType:
    decimal = re.fullmatch(r"decimal\((\d+),(\d+)\)", athena)
    if decimal:
        return pa.decimal128(int(decimal[1]), int(decimal[2]))
    types = {
        "bigint": pa.int64(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
    }
    return types.get(athena, pa.string())


def _first_line(error: Exception) -> str:
    """The message of DuckDB with the line of the query, as one line."""
    message, *rest = str(error).rpartition("closed pending query result\nError: ")[2].split("\n\n")
    near = next((part.split("\n")[0] for part in rest if part.startswith("LINE")), "")
    return " ".join(f"{message} {f'({near})' if near else ''}".split())


class _Encoder(json.JSONEncoder):
    """JSON values. Decimals are text, so that they keep all digits, and so are dates."""

    def default(self, o: Any) -> Any:
        if isinstance(o, Decimal | date | time | datetime):
            return _text(o)
        return str(o)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(sep=" ")
    if isinstance(value, list | dict):
        return json.dumps(value, cls=_Encoder, ensure_ascii=False)
    return str(value)


def _finite(value: Any) -> Any:
    """The value, or None for NaN and infinity, which JSON does not have."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _unique(names: list[str]) -> list[str]:
    """Unique keys for an object: city, city_1."""
    return [name if names.index(name) == n else f"{name}_{names[:n].count(name)}" for n, name in enumerate(names)]


def _rows(result: duckdb.DuckDBPyConnection, limit: int | None) -> Iterator[tuple[Any, ...]]:
    if limit is not None:
        yield from result.fetchmany(limit)
        return
    while rows := result.fetchmany(_ROWS_PER_FETCH):
        yield from rows


def _lines(result: duckdb.DuckDBPyConnection, as_json: bool, limit: int | None) -> Iterator[str]:
    described = result.description or []
    names = _unique([str(name) for name, *_ in described])
    if not as_json:
        columns = [{"name": name, "type": str(type)} for name, (_, type, *_) in zip(names, described, strict=True)]
        yield json.dumps(columns)
        # ASCII only: the reader may treat other Unicode line separators as line ends.
        yield from (json.dumps([_text(value) for value in row]) for row in _rows(result, limit))
        return
    separator = "["
    for row in _rows(result, limit):
        record = {name: _finite(value) for name, value in zip(names, row, strict=True)}
        yield separator + json.dumps(record, cls=_Encoder, ensure_ascii=False)
        separator = ","
    yield "[]" if separator == "[" else "]"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true", help="write an array of row objects")
    parser.add_argument("--limit", type=int, help="maximum number of rows; default: all")
    parser.add_argument("sql")
    parser.add_argument("file", type=Path)
    arguments = parser.parse_args()
    end_with_parent()
    lake = fs.S3FileSystem(
        endpoint_override=os.environ["AWS_ENDPOINT_URL"], scheme="http", region=os.environ["AWS_REGION"]
    )
    try:
        with arguments.file.open("w", encoding="utf-8") as file:
            for line in _lines(run_query(lake, arguments.sql), arguments.json, arguments.limit):
                file.write(f"{line}\n")
    except SqlError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except duckdb.Error as error:
        print(_first_line(error), file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
