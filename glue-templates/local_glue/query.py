"""Runs SQL on the published tables of the local lake, with the table names of Athena: pp_dw_bronze.zipcodes.

    python query.py [--json] [--limit N] [--records-only] LAKE SQL_FILE RESULT_FILE

The run records are available as the views medallion.runs, medallion.tables and so on; see run_views.py.

LAKE is the folder of the local lake, with one folder per bucket. SQL_FILE contains one or more statements. Their
results are streamed to RESULT_FILE. Without --json, each result is a line with its columns,
{"columns": [{"name", "type"}]}, and one line per row, [text or null]. With --json, the result is an array of row
objects; if several statements return rows, it is an array of these arrays. If the SQL is invalid, the exit code is 2,
with one line on standard error.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
from duckdb_connection import connect
from parent import end_with_parent
from published_tables import MissingFileError, Table, published_tables, snapshot
from query_values import json_value, text_value
from run_views import SCHEMA, create_run_views, view_names

from etl_runtime.job.suggestion import did_you_mean

# DuckDB's own SHOW TABLES would list internal views.
_SHOW_TABLES = re.compile(r"\s*show\s+(?:all\s+)?tables(?:\s+(?:in|from)\s+(\S+?))?\s*;?\s*", re.IGNORECASE)
_ROWS_PER_FETCH = 10_000


class SqlError(Exception):
    """The SQL cannot be run. The message is one line."""


def run_statements(
    lake: Path, sql: str, links: Path, records_only: bool
) -> tuple[int, Iterator[duckdb.DuckDBPyConnection]]:
    """Run the statements on views of the tables that they refer to.

    Returns the number of results, and the results. A result must be read before the next statement runs. `links` is an
    empty folder for links to the files of the tables. With `records_only`, the lake has the run records, but not the
    files of the tables.
    """
    tables = [] if records_only else published_tables(lake)
    show = _SHOW_TABLES.fullmatch(sql)
    if show:
        names = [table.full_name for table in tables if show[1] in (None, table.database)]
        names += view_names() if show[1] == SCHEMA else []
        connection = duckdb.connect(":memory:")
        return 1, iter([connection.execute("SELECT unnest($1::VARCHAR[]) AS table_name", [names])])
    # Opening a table reads the footer of one file. So only tables that the SQL mentions are opened, or all if it
    # mentions none.
    named = [table for table in tables if re.search(rf"\b{re.escape(table.name)}\b", sql, re.IGNORECASE)]
    connection = connect()
    for number, table in enumerate(named or tables):
        try:
            _create_view(connection, f"table_{number}", snapshot(table, links))
        except MissingFileError as error:
            if named:
                file = error.file.relative_to(lake).as_posix()
                raise SqlError(
                    f"{table.full_name}: the file s3://{file} is missing. "
                    f"Run the dataset again: medallion run {table.dataset}."
                ) from error
    create_run_views(connection, lake, sql)
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise SqlError(_first_line(error)) from error
    if not statements:
        raise SqlError("The SQL contains no statement. Pass a query such as SELECT 1.")
    # If no statement returns rows, the result of the last statement shows that the script has succeeded.
    shown = [each for each in statements if _returns_rows(each)] or statements[-1:]

    def results() -> Iterator[duckdb.DuckDBPyConnection]:
        for statement in statements:
            try:
                result = connection.execute(statement)
            except duckdb.CatalogException as error:
                raise SqlError(_explained(error, tables, sql)) from error
            if any(statement is each for each in shown):
                yield result

    return len(shown), results()


def _returns_rows(statement: Any) -> bool:
    """Whether the statement always returns a result set. INSERT and CREATE TABLE AS can return only a row count."""
    return list(statement.expected_result_type) == [duckdb.ExpectedResultType.QUERY_RESULT]


def _create_view(connection: duckdb.DuckDBPyConnection, relation: str, table: Table) -> None:
    connection.register(relation, _opened(table))
    connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{table.database}"')
    columns = f"* {_timestamp_casts(table)}"
    view = f'"{table.database}"."{table.name}"'
    connection.execute(f"CREATE VIEW {view} AS SELECT {columns} FROM {relation}")  # noqa: S608


def _timestamp_casts(table: Table) -> str:
    """A REPLACE clause that casts timestamps: in the files they are in UTC, but in Athena they have no time zone."""
    casts = [f'"{name}"::TIMESTAMP AS "{name}"' for name, type in table.columns.items() if type == "timestamp"]
    return f"REPLACE ({', '.join(casts)})" if casts else ""


def _opened(table: Table) -> Any:
    if table.files:
        return ds.dataset([str(file) for file in table.files], format="parquet")
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


def _explained(error: duckdb.CatalogException, tables: list[Table], sql: str) -> str:
    """Convert the error to one line. If a table is unknown, the line suggests the published table that was probably
    meant."""
    found = re.search(r'Table with name "?([^"\s]+)"? does not exist', str(error))
    if not found:
        is_function = "Function" in str(error)
        hint = (
            " The local lake runs DuckDB, where some functions of Athena have a different name." if is_function else ""
        )
        return _first_line(error) + hint
    names = [table.full_name for table in tables]
    published = ", ".join(names) or "none; run a dataset first: medallion run DATASET"
    name = found[1].rpartition(".")[2]  # DuckDB omits a schema that does not exist
    if re.search(rf"\b{SCHEMA}\.{re.escape(name)}\b", sql, re.IGNORECASE):
        suggestion = did_you_mean(f"{SCHEMA}.{name}", view_names(), qualified=True)
        return f"The view {SCHEMA}.{name} does not exist. {suggestion}Views: {', '.join(view_names())}."
    suggestion = did_you_mean(found[1], names, qualified=True)
    return f"The table {found[1]} does not exist. {suggestion}Published tables: {published}."


def _first_line(error: Exception) -> str:
    """Return the error message of DuckDB and the part of the query to which it refers, on one line."""
    message, *rest = str(error).rpartition("closed pending query result\nError: ")[2].split("\n\n")
    near = next((part.split("\n")[0] for part in rest if part.startswith("LINE")), "")
    return " ".join(f"{message} {f'({near})' if near else ''}".split())


def _unique(names: list[str]) -> list[str]:
    """Unique keys for a JSON object, such as city and city_1."""
    return [name if names.index(name) == n else f"{name}_{names[:n].count(name)}" for n, name in enumerate(names)]


def _rows(result: duckdb.DuckDBPyConnection, limit: int | None) -> Iterator[tuple[Any, ...]]:
    if limit is not None:
        yield from result.fetchmany(limit)
        return
    while rows := result.fetchmany(_ROWS_PER_FETCH):
        yield from rows


def _text_lines(result: duckdb.DuckDBPyConnection, limit: int | None) -> Iterator[str]:
    described = result.description or []
    names = _unique([str(name) for name, *_ in described])
    columns = [{"name": name, "type": str(type)} for name, (_, type, *_) in zip(names, described, strict=True)]
    yield json.dumps({"columns": columns})
    # ASCII only, because the reader may treat other Unicode line separators as line ends.
    yield from (json.dumps([text_value(value) for value in row]) for row in _rows(result, limit))


def _json_lines(result: duckdb.DuckDBPyConnection, limit: int | None) -> Iterator[str]:
    names = _unique([str(name) for name, *_ in result.description or []])
    separator = "["
    for row in _rows(result, limit):
        record = {name: json_value(value) for name, value in zip(names, row, strict=True)}
        yield separator + json.dumps(record, ensure_ascii=False, allow_nan=False)
        separator = ","
    yield "[]" if separator == "[" else "]"


def _lines(count: int, results: Iterator[duckdb.DuckDBPyConnection], as_json: bool, limit: int | None) -> Iterator[str]:
    if not as_json:
        for result in results:
            yield from _text_lines(result, limit)
    elif count == 1:
        for result in results:
            yield from _json_lines(result, limit)
    else:
        separator = "["
        for result in results:
            yield separator
            yield from _json_lines(result, limit)
            separator = ","
        yield "]"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true", help="write an array of row objects")
    parser.add_argument("--limit", type=int, help="maximum number of rows of each result; default: all")
    parser.add_argument("--records-only", action="store_true", help="the lake has only run records, no tables")
    parser.add_argument("lake", type=Path)
    parser.add_argument("sql", type=Path)
    parser.add_argument("result", type=Path)
    arguments = parser.parse_args()
    end_with_parent()
    sql = arguments.sql.read_text(encoding="utf-8")
    try:
        with (
            TemporaryDirectory(prefix="links-", dir=arguments.sql.parent) as links,
            arguments.result.open("w", encoding="utf-8") as file,
        ):
            count, results = run_statements(arguments.lake, sql, Path(links), arguments.records_only)
            for line in _lines(count, results, arguments.json, arguments.limit):
                file.write(f"{line}\n")
    except SqlError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except duckdb.Error as error:
        print(_first_line(error), file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
