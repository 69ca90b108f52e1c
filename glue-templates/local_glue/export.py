"""Writes the published rows of a table of the local lake to a file.

    python export.py LAKE TABLE FORMAT FILE

LAKE is the folder of the local lake, with one folder per bucket. TABLE is the name in Athena, such as
pp_dw_bronze.zipcodes, or the name without the database if it is unique. FORMAT is csv, parquet, xlsx or duckdb. FILE
must not exist. Prints the full name of the table and its number of rows as JSON. If the table does not exist, or if the
format cannot represent it, the exit code is 2, with one line on standard error.
"""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import xlsxwriter
from duckdb_connection import connect, quoted
from parent import end_with_parent
from published_tables import MissingFileError, Table, published_tables, snapshot
from query_values import text_value

from etl_runtime.job.suggestion import did_you_mean

MAX_XLSX_ROWS = 1_048_576
MAX_XLSX_COLUMNS = 16_384
MAX_XLSX_TEXT = 32_767
"""The limits of a worksheet: https://support.microsoft.com/office/excel-specifications-and-limits."""
MAX_XLSX_DIGITS = 15
MIN_XLSX_DATE = date(1900, 3, 1)
"""The first date that all spreadsheet programs show as the same date. Excel counts the nonexistent day 1900-02-29, so
earlier dates differ."""
SHEET_NAME_LENGTH = 31


class ExportError(Exception):
    """The table cannot be exported. The message is one line."""


def select_table(name: str, tables: list[Table]) -> Table:
    matches = [table for table in tables if name in (table.full_name, table.name)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        choices = " or ".join(table.full_name for table in matches)
        raise ExportError(f"Several databases have a table {name}. Specify {choices}.")
    names = [table.full_name for table in tables]
    raise ExportError(
        f"The table {name} does not exist. {did_you_mean(name, names, qualified=True)}"
        f"Published tables: {', '.join(names) or 'none; run a dataset first: medallion run DATASET'}."
    )


def write_csv(table: Table, rows: ds.Dataset, file: Path) -> None:
    """Write CSV according to RFC 4180, in UTF-8, with a header. NULL is an empty field, and empty text is quoted.
    Nested values are JSON."""
    columns = [
        f"to_json({column})" if pa.types.is_nested(field.type) else _without_time_zone(column, field)
        for field in rows.schema
        for column in [quoted(field.name)]
    ]
    query = f"SELECT {_named(columns, rows)} FROM rows"  # noqa: S608
    _execute(":memory:", rows, f"COPY ({query}) TO {_literal(file)} (FORMAT csv, HEADER)")


def write_parquet(table: Table, rows: ds.Dataset, file: Path) -> None:
    """Write one file with the columns and types of the published files."""
    with pq.ParquetWriter(file, rows.schema, compression="zstd") as writer:
        for batch in rows.to_batches():
            writer.write_batch(batch)


def write_duckdb(table: Table, rows: ds.Dataset, file: Path) -> None:
    """Write a DuckDB database that contains the table under its name in Athena."""
    columns = [_without_time_zone(quoted(field.name), field) for field in rows.schema]
    database, name = quoted(table.database), quoted(table.name)
    _execute(
        str(file),
        rows,
        f"CREATE SCHEMA {database}; "  # noqa: S608
        f"CREATE TABLE {database}.{name} AS SELECT {_named(columns, rows)} FROM rows",
    )


def write_xlsx(table: Table, rows: ds.Dataset, file: Path) -> None:
    """Write a workbook with one sheet. A value that a cell cannot hold exactly, such as a bigint with 16 digits,
    becomes text. The only values that are rounded are doubles, to 16 digits."""
    count, names = rows.count_rows(), rows.schema.names
    if count >= MAX_XLSX_ROWS or len(names) > MAX_XLSX_COLUMNS:
        raise ExportError(
            f"{table.full_name} has {count:,} rows and {len(names):,} columns. A worksheet has at most "
            f"{MAX_XLSX_ROWS - 1:,} rows below the heading and {MAX_XLSX_COLUMNS:,} columns. Export a .csv or .parquet "
            "file, or query the rows that you need: medallion query --csv."
        )
    # With constant_memory, each row is written when the next one begins. Without the other options, text such as =1+1
    # would become a formula, and a URL would become a link.
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "nan_inf_to_errors": False,
    }
    with xlsxwriter.Workbook(file, options) as workbook:
        sheet = workbook.add_worksheet(table.name[:SHEET_NAME_LENGTH])
        formats = {
            datetime: workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss.000"}),
            date: workbook.add_format({"num_format": "yyyy-mm-dd"}),
        }
        for column, name in enumerate(names):
            sheet.write_string(0, column, name)
        sheet.freeze_panes(1, 0)
        for number, row in enumerate(_python_rows(rows), start=1):
            for column, value in enumerate(row):
                cell = _cell(value)
                if cell is None:
                    continue
                if isinstance(cell, bool):
                    sheet.write_boolean(number, column, cell)
                elif isinstance(cell, datetime | date):
                    sheet.write_datetime(number, column, cell, formats[type(cell)])
                elif isinstance(cell, str):
                    if len(cell) > MAX_XLSX_TEXT:
                        raise ExportError(
                            f"{table.full_name}, row {number:,}: {names[column]} has {len(cell):,} characters, and a "
                            f"cell holds at most {MAX_XLSX_TEXT:,}. Export a .csv or .parquet file."
                        )
                    sheet.write_string(number, column, cell)
                else:
                    sheet.write_number(number, column, cell)


def _cell(value: Any) -> bool | float | date | str | None:
    """Return the value in a type that Excel stores exactly, or as text if there is no such type."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) < 10**MAX_XLSX_DIGITS else str(value)
    if isinstance(value, float):
        # Excel calculates with 15 digits and the file has 16, so a double with more digits is not exact.
        return value if value == value and abs(value) != float("inf") else text_value(value)
    if isinstance(value, Decimal):
        return float(value) if len(value.as_tuple().digits) <= MAX_XLSX_DIGITS else text_value(value)
    if isinstance(value, datetime):
        local = value.replace(tzinfo=None)
        return local if local.date() >= MIN_XLSX_DATE and local.microsecond % 1000 == 0 else text_value(local)
    if isinstance(value, date):
        return value if value >= MIN_XLSX_DATE else text_value(value)
    return text_value(value)


def _python_rows(rows: ds.Dataset) -> Iterator[tuple[Any, ...]]:
    for batch in rows.to_batches():
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _without_time_zone(column: str, field: pa.Field) -> str:
    """Remove the time zone of timestamps. They are in UTC in the files, and Athena shows them without a time zone."""
    return f"{column}::TIMESTAMP" if pa.types.is_timestamp(field.type) else column


def _named(columns: list[str], rows: ds.Dataset) -> str:
    return ", ".join(f"{column} AS {quoted(name)}" for column, name in zip(columns, rows.schema.names, strict=True))


def _execute(database: str, rows: ds.Dataset, sql: str) -> None:
    with connect(database) as connection:
        connection.register("rows", rows)
        connection.execute(sql)


def _literal(file: Path) -> str:
    return "'" + str(file).replace("'", "''") + "'"


FORMATS: dict[str, Callable[[Table, ds.Dataset, Path], None]] = {
    "csv": write_csv,
    "parquet": write_parquet,
    "xlsx": write_xlsx,
    "duckdb": write_duckdb,
}


def main() -> None:
    end_with_parent()
    lake, name, format, file = sys.argv[1:]
    try:
        table = select_table(name, published_tables(Path(lake)))
        with TemporaryDirectory(prefix="links-") as links:
            current = snapshot(table, Path(links))
            rows = ds.dataset([str(each) for each in current.files], format="parquet", schema=_schema(current))
            FORMATS[format](current, rows, Path(file))
            print(json.dumps({"table": current.full_name, "rows": rows.count_rows()}))
    except MissingFileError as error:
        print(
            f"{error.table.full_name}: the file {error.file.name} is missing. Run the dataset again: "
            f"medallion run {error.table.dataset}.",
            file=sys.stderr,
        )
        sys.exit(2)
    except ExportError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


def _schema(table: Table) -> pa.Schema:
    """The schema of the files. If there are no files, the table has the columns in published.json, all with the type
    text."""
    if table.files:
        return pq.read_schema(table.files[0])
    return pa.schema([(name, pa.string()) for name in table.columns])


if __name__ == "__main__":
    main()
