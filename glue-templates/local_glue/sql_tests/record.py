"""Extracts a small fixture from the local lake: input rows that join, and the result of the transform for these rows.

1. The transform runs on all rows of the lake. The first rows of each result are the samples.
2. Rows of each input table are selected if they have the same values as a sample in columns with the same names.
3. Rows of a table without such columns are selected if selected rows of other tables refer to them: either through
   columns with the same name, or through a column whose values all occur in a unique column of the table.
4. The transform runs on the selected rows. If it returns no rows, steps 2 to 4 are repeated with twice as many rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from published_tables import MissingFileError, published_tables, snapshot

from etl_runtime.columns.names import RUN_ID
from etl_runtime.job.errors import RunFailed
from sql_tests.check import moment
from sql_tests.dataset_transform import DatasetTransform, LoadResult
from sql_tests.input_rows import META_TYPES, as_inputs
from sql_tests.request import InputTable
from sql_tests.values import plain, type_of_arrow

FIRST_LIMIT = 5
"""The number of rows per table and sample in the first attempt."""
MAX_LIMIT = 640

Tables = dict[str, pa.Table]


class RecordingProblem(Exception):
    """No fixture can be extracted. The message states why, and what to do."""


def record(
    dataset: DatasetTransform, tables: Sequence[InputTable], request: Mapping[str, Any], folder: Path
) -> dict[str, Any]:
    """Return the fixture: rows per input table and per output, as in a test file. Raises RecordingProblem."""
    layers = {each.name: each.layer for each in tables}
    lake = _lake_tables(Path(request["lake"]), layers, folder)
    at = request["at"]
    whole = _run(dataset, lake, layers, folder / "whole", at)
    samples = [
        {name: value for name, value in row.items() if value is not None}
        for result in whole.tables.values()
        for row in _first(result.rows, request["rows"]).to_pylist()
    ]
    if not samples:
        raise RecordingProblem(
            "The dataset returns no rows for the tables of the local lake. Run its inputs with other data, or write "
            "the test by hand."
        )
    limit = FIRST_LIMIT
    while limit <= MAX_LIMIT:
        fixture = _selected(lake, samples, limit)
        result = _run(dataset, fixture, layers, folder / str(limit), at)
        if all(table.rows.num_rows or not whole.tables[key].rows.num_rows for key, table in result.tables.items()):
            return _described(fixture, result)
        limit *= 2
    raise RecordingProblem(
        f"The dataset returns no rows for up to {MAX_LIMIT} rows per table and sample, although it returns rows for "
        "the whole local lake. Write the test by hand."
    )


def _run(dataset: DatasetTransform, tables: Tables, layers: Mapping[str, str], folder: Path, at: str) -> LoadResult:
    folder.joinpath("inputs").mkdir(parents=True)
    named = {name: (layers[name], rows) for name, rows in tables.items()}
    try:
        return dataset.run(as_inputs(named, dataset.databases, folder / "inputs"), folder, moment(at), None)
    except RunFailed as error:
        raise RecordingProblem(f"The dataset fails on rows of the local lake: {error}") from error


def _lake_tables(lake: Path, names: Mapping[str, str], folder: Path) -> Tables:
    """The published rows of the tables with these names."""
    links = folder / "links"
    links.mkdir(parents=True)
    found: Tables = {}
    for table in published_tables(lake):
        if table.full_name in names:
            try:
                files = snapshot(table, links).files
            except MissingFileError as error:
                raise RecordingProblem(
                    f"{table.full_name}: the file {error.file.name} is missing. Run the dataset again: medallion run "
                    f"{table.dataset}."
                ) from error
            rows = pa.concat_tables(pq.read_table(file) for file in files)
            unused = [
                name
                for name in META_TYPES
                if name in rows.column_names and (name == RUN_ID or rows[name].null_count == rows.num_rows)
            ]
            found[table.full_name] = rows.drop_columns(unused)
    return found


def _first(rows: pa.Table, count: int) -> pa.Table:
    """The first rows when sorted by all columns, so that a second recording samples the same rows."""
    scalars = [(field.name, "ascending") for field in rows.schema if not pa.types.is_nested(field.type)]
    return (rows.sort_by(scalars) if scalars else rows).slice(0, count)


def _selected(lake: Tables, samples: Sequence[Mapping[str, Any]], limit: int) -> Tables:
    """Select at most `limit` rows per sample from each table."""
    selected: Tables = {}
    for name, rows in lake.items():
        if indices := _indices(rows, samples, limit):
            selected[name] = rows.take(pa.array(sorted(indices)))
    for name, rows in lake.items():
        if name not in selected:
            others = [row for each in selected.values() for row in each.to_pylist()]
            indices = _indices(rows, others, limit) | set(_referenced(rows, list(selected.values()), limit))
            selected[name] = rows.take(pa.array(sorted(indices), pa.int64())) if indices else rows.slice(0, limit)
    return {name: selected[name] for name in lake}


def _indices(rows: pa.Table, samples: Sequence[Mapping[str, Any]], limit: int) -> set[int]:
    """Return the indices of rows that have the values of a sample in columns with the same name. A column is ignored if
    none of the rows that match the previous columns contains the value, because the column then probably has a
    different meaning."""
    found: set[int] = set()
    for sample in samples:
        mask = None
        for name, value in sample.items():
            if name not in rows.column_names or name in META_TYPES or pa.types.is_nested(rows[name].type):
                continue
            try:
                equal = pc.fill_null(pc.equal(rows[name], pa.scalar(value, rows[name].type)), False)
            except (pa.ArrowException, TypeError, ValueError, OverflowError):
                continue  # a column of another type
            both = equal if mask is None else pc.and_(mask, equal)
            if pc.any(both).as_py():
                mask = both
        if mask is not None:
            found.update(pc.indices_nonzero(mask).slice(0, limit).to_pylist())
    return found


def _referenced(rows: pa.Table, others: Sequence[pa.Table], limit: int) -> Iterator[int]:
    """Yield the indices of rows to which a column of another table refers. A column refers to these rows if all its
    values occur in a unique column of their table."""
    for key in rows.schema:
        if pa.types.is_nested(key.type) or pc.count_distinct(rows[key.name]).as_py() < rows.num_rows:
            continue
        for other in others:
            for field in other.schema:
                if field.type != key.type or pa.types.is_floating(key.type) or field.name in META_TYPES:
                    continue
                values = pc.unique(other[field.name]).drop_null()
                positions = pc.index_in(values, value_set=rows[key.name].combine_chunks())
                if len(values) and not positions.null_count:
                    yield from positions.slice(0, limit).to_pylist()


def _described(fixture: Tables, result: LoadResult) -> dict[str, Any]:
    return {
        "inputs": {
            name: {
                "columns": {field.name: type_of_arrow(field.type) for field in rows.schema},
                "rows": [
                    {column: plain(value) for column, value in row.items() if value is not None}
                    for row in rows.to_pylist()
                ],
            }
            for name, rows in fixture.items()
        },
        "outputs": {
            key: {
                "columns": dict(table.columns),
                "rows": [
                    {column: plain(value) for column, value in row.items()}
                    for row in _first(table.rows, table.rows.num_rows).to_pylist()
                ],
            }
            for key, table in result.tables.items()
        },
    }
