"""Runs a query in Athena, and writes the result in the same format as query.py."""

import json
import re
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from aws_errors import LAKE_FORMATION, is_lake_formation_denial
from query_values import json_value

POLL_SECONDS = (0.2, 2.0)
"""The initial and the maximum number of seconds between two requests for the state of a query."""
CANCELLED = "The query was cancelled."


class InvalidQueryError(Exception):
    """Athena rejected the query. The message is one line."""


def query(athena: Any, request: dict[str, Any]) -> None:
    """Run the SQL of the request in the lake's workgroup, and write the rows to the file that `output` in the request
    names."""
    try:
        query_id = athena.start_query_execution(QueryString=request["sql"], WorkGroup=request["workgroup"])[
            "QueryExecutionId"
        ]
    except athena.exceptions.InvalidRequestException as error:
        raise InvalidQueryError(_message(error.response["Error"]["Message"])) from error
    print(query_id, flush=True)
    _wait(athena, query_id)
    columns, rows = _results(athena, query_id)
    write = _json_lines if request["json"] else _text_lines
    with Path(request["output"]).open("w", encoding="utf-8") as file:
        for line in write(columns, _limited(rows, request.get("limit"))):
            file.write(f"{line}\n")


def stop_query(athena: Any, request: dict[str, Any]) -> None:
    athena.stop_query_execution(QueryExecutionId=request["query_id"])


def _wait(athena: Any, query_id: str) -> None:
    pause, longest = POLL_SECONDS
    while True:
        status = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]["Status"]
        if status["State"] == "SUCCEEDED":
            return
        if status["State"] == "CANCELLED":
            raise InvalidQueryError(CANCELLED)
        if status["State"] == "FAILED":
            reason = _message(status.get("StateChangeReason", "The query failed."))
            raise InvalidQueryError(f"{reason} {LAKE_FORMATION}" if is_lake_formation_denial(reason) else reason)
        time.sleep(pause)
        pause = min(pause * 1.5, longest)


def _results(athena: Any, query_id: str) -> tuple[list[dict[str, str]], Iterator[list[str | None]]]:
    pages = iter(athena.get_paginator("get_query_results").paginate(QueryExecutionId=query_id))
    first = next(pages)
    columns = [
        {"name": each["Name"], "type": each["Type"], "precision": each.get("Precision"), "scale": each.get("Scale")}
        for each in first["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    ]
    names = [each["name"] for each in columns]

    def rows() -> Iterator[list[str | None]]:
        found = _rows(first)
        # The first row of a SELECT is the header. SHOW and DESCRIBE have none.
        yield from found[1:] if found and found[0] == names else found
        for page in pages:
            yield from _rows(page)

    return columns, rows()


def _rows(page: Any) -> list[list[str | None]]:
    return [[each.get("VarCharValue") for each in row.get("Data", [])] for row in page["ResultSet"]["Rows"]]


def _limited(rows: Iterator[list[str | None]], limit: int | None) -> Iterator[list[str | None]]:
    for number, row in enumerate(rows):
        if number == limit:
            return
        yield row


def _text_lines(columns: list[dict[str, str]], rows: Iterator[list[str | None]]) -> Iterator[str]:
    yield json.dumps({"columns": [{"name": each["name"], "type": _duckdb_type(each)} for each in columns]})
    yield from (json.dumps(row) for row in rows)


def _json_lines(columns: list[dict[str, str]], rows: Iterator[list[str | None]]) -> Iterator[str]:
    separator = "["
    for row in rows:
        record = {
            column["name"]: _json_value(value, column["type"]) for column, value in zip(columns, row, strict=False)
        }
        yield separator + json.dumps(record, ensure_ascii=False, allow_nan=False)
        separator = ","
    yield "[]" if separator == "[" else "]"


def _json_value(text: str | None, type: str) -> Any:
    """Convert a value to JSON, as `medallion query --json` prints it. Athena returns arrays, maps and rows as text."""
    if text is None:
        return None
    if type in ("tinyint", "smallint", "integer", "bigint"):
        return json_value(int(text))
    if type in ("double", "float", "real"):
        return json_value(float(text))
    if type == "boolean":
        return text == "true"
    return json_value(Decimal(text)) if type == "decimal" else text


def _duckdb_type(column: dict[str, Any]) -> str:
    """Return the DuckDB type of a column. The command uses the type to right-align numbers in the terminal."""
    type = column["type"].upper()
    return f"DECIMAL({column['precision']},{column['scale']})" if type == "DECIMAL" else type


def _message(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
