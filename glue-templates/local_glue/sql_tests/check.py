"""Runs a test, and compares the results of its loads with the expected results."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from etl_runtime.columns.athena_types import parsed
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.suggestion import did_you_mean
from sql_tests.compare import difference
from sql_tests.dataset_transform import DatasetTransform, LoadResult, ResultTable
from sql_tests.file_rows import FileProblem, read_cells, read_parquet
from sql_tests.input_rows import InvalidTest, as_inputs, typed_rows
from sql_tests.request import Expectation, ExpectedTable, InputTable, Load, Row, Rows, SqlTest
from sql_tests.values import ValueProblem, text_of, value_of

MAX_DIFFERENCES = 20
"""The maximum number of differences shown per table. Further differences are only counted."""

Problem = dict[str, Any]


def run_test(test: SqlTest, dataset: DatasetTransform, tables: Sequence[InputTable], folder: Path) -> dict[str, Any]:
    """Run a test. The result has `status`, `seconds` and `problems`."""
    started = time.monotonic()
    try:
        problems = list(_problems(test, dataset, tables, folder))
    except InvalidTest as error:
        problems = [{"message": str(error)}]
    return {
        "id": test.id,
        "status": "failed" if problems else "passed",
        "seconds": round(time.monotonic() - started, 3),
        "problems": problems,
    }


def _problems(
    test: SqlTest, dataset: DatasetTransform, tables: Sequence[InputTable], folder: Path
) -> Iterator[Problem]:
    versions = None
    for number, load in enumerate(test.loads, start=1):
        of_load = f"load {number}" if len(test.loads) > 1 else ""
        expect = load.expect or Expectation()
        try:
            result = run_load(load, dataset, tables, folder / str(number), versions)
        except RunFailed as error:
            if expect.error == error.code:
                return
            wanted = "" if expect.error is None else f"Expected the error {expect.error}. "
            yield {"where": of_load, "message": f"{wanted}{error}{_hint(error, load, tables)}"}
            return
        versions = result.versions
        for problem in _differences(expect, result):
            yield {**problem, "where": ", ".join(each for each in (of_load, problem.get("where", "")) if each)}


def run_load(
    load: Load, dataset: DatasetTransform, tables: Sequence[InputTable], folder: Path, versions: Any
) -> LoadResult:
    """Run the transform on the inputs of a load. Raises InvalidTest, or RunFailed in the same cases as the job."""
    known = {each.name: each for each in tables}
    rows: dict[str, tuple[str, pa.Table]] = {}
    for name, given in load.inputs.items():
        rows[name] = known[name].layer, typed_rows(known[name], given)
    for name, table in known.items():
        if name not in rows and table.columns is not None:
            rows[name] = table.layer, typed_rows(table, Rows(name, rows=()))
    folder.joinpath("inputs").mkdir(parents=True)
    inputs = as_inputs(rows, dataset.databases, folder / "inputs")
    return dataset.run(inputs, folder, moment(load.at), versions)


def moment(text: str) -> datetime:
    """The time of a load. A time without an offset is in UTC."""
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _hint(error: RunFailed, load: Load, tables: Sequence[InputTable]) -> str:
    missing = [each.name for each in tables if each.columns is None and each.name not in load.inputs]
    if error.code == "QUERY_TABLE_NOT_AN_INPUT" and missing:
        return (
            f" The test has no rows for {', '.join(missing)}. Add the tables that the query reads to the inputs of the "
            "test."
        )
    return ""


def _differences(expect: Expectation, result: LoadResult) -> Iterator[Problem]:
    if expect.error is not None:
        yield {"message": f"Expected the error {expect.error}, but the transform succeeded."}
        return
    violated, wanted = list(result.violated_rules), list(expect.violated_rules or ())
    for rule in wanted:
        if rule not in violated:
            yield {"message": f'Expected a violation of the rule "{rule}", but every row satisfies it. '
                   f"{did_you_mean(rule, violated)}"
                   f"Violated rules: {', '.join(violated) or 'none'}."}  # fmt: skip
    for rule in violated:
        if rule not in wanted:
            yield {"message": f'The rule "{rule}" is violated. If the test expects this, add it to violated_rules.'}
    for output, expected in expect.tables.items():
        key = output or next(iter(result.tables))
        if key not in result.tables or (not output and len(result.tables) > 1):
            names = ", ".join(result.tables)
            yield {
                "message": f"The dataset has no output {output!r}. {did_you_mean(output, result.tables)}Its "
                f"outputs are {names}. Write expect: {{outputs: {{{next(iter(result.tables))}: …}}}}."
            }
            continue
        yield from _table_problems(output, expected, result.tables[key])


def _table_problems(output: str, expected: ExpectedTable, found: ResultTable) -> Iterator[Problem]:
    where = f"output {output}" if output else ""
    names, rows = _expected_rows(expected, found)
    unknown = [name for name in names if name not in found.columns]
    if unknown:
        yield {
            "where": where,
            "message": f"The table has no column {', '.join(unknown)}. {did_you_mean(unknown[0], found.columns)}"
            f"Its columns are {', '.join(found.columns)}.",
        }
        return
    if not expected.listed_columns and rows and (more := [name for name in found.columns if name not in names]):
        yield {
            "where": where,
            "message": f"The table has the {'column' if len(more) == 1 else 'columns'} {', '.join(more)}, which the "
            "expected rows do not have. Add the values, or compare only the listed columns with columns: listed.",
        }
        return
    compared = {name: found.columns[name] for name in (names if rows else found.columns)}
    actual = [tuple(row[name] for name in compared) for row in found.rows.to_pylist()]
    differs = difference(rows, actual, compared, ordered=expected.ordered)
    if differs:
        total = len(differs.cells) + len(differs.missing) + len(differs.unexpected)
        left = MAX_DIFFERENCES
        cells = differs.cells[:left]
        missing = differs.missing[: (left := left - len(cells))]
        unexpected = differs.unexpected[: left - len(missing)]
        yield {
            "where": where,
            "message": f"{len(rows):,} rows expected, {len(actual):,} found.",
            "difference": {
                "columns": differs.columns,
                "types": differs.types,
                "cells": [asdict(each) for each in cells],
                "missing": missing,
                "unexpected": unexpected,
                "total": total,
            },
        }


def _expected_rows(expected: ExpectedTable, found: ResultTable) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return the names of the expected columns, and the expected rows with their values converted to the types of the
    result.

    Raises InvalidTest.
    """
    source = expected.rows
    try:
        if source.file and source.file.endswith(".parquet"):
            table = read_parquet(source.file, {**found.columns})
            return table.column_names, [tuple(row.values()) for row in table.to_pylist()]
        cells = read_cells(source.file) if source.file else list(source.rows or ())
    except FileProblem as error:
        raise InvalidTest(f"{source.at()}: {error}") from error
    names = list(dict.fromkeys(name for row in cells for name in row.values))
    return names, [tuple(_expected_value(source, row, name, found.columns) for name in names) for row in cells]


def _expected_value(source: Rows, row: Row, name: str, types: Mapping[str, str]) -> Any:
    if name not in types:
        return None
    try:
        return value_of(row.values.get(name), parsed(types[name]))
    except ValueProblem as error:
        raise InvalidTest(
            f"{source.at(row)}: {name} {error} (the type of the column in the result). Correct the value."
        ) from error


def shown(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str | None]]:
    """The rows with all values as text."""
    return [{name: text_of(value) for name, value in row.items()} for row in rows]
