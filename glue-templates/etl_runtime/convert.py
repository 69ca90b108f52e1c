"""The work of one Spark task: parts of a table → one typed Parquet object under a key fixed beforehand.

A task that is run twice writes the same object, so that Spark's retries and speculation do no harm.
"""

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl_runtime.columns import RESCUED, RUN_ID
from etl_runtime.csv_kernel import TextTable, read_table
from etl_runtime.errors import RunFailed
from etl_runtime.file_format import FileFormat
from etl_runtime.forms import Form, Guess, guess, stored, stored_with_misfits
from etl_runtime.store import Store
from etl_runtime.unpack import Part

ZSTD_LEVEL = 3
SURPLUS, FIELDS = "_surplus", "_fields"


@dataclass(frozen=True)
class Column:
    """A column of the table: its name, the source's column it is made of, its form; `guessed` until it is published."""

    name: str
    source: str
    form: Form
    guessed: bool


@dataclass(frozen=True)
class Shard:
    """What one task turns into one object at `uri`."""

    table: str
    parts: tuple[Part, ...]
    columns: tuple[Column, ...]
    rules: FileFormat
    run_id: str
    region: str
    uri: str


@dataclass
class Converted:
    """What came of a shard. Where a guess was refuted (`refuted`, by column name) nothing was written."""

    shard: Shard
    rows: int = 0
    nulls: dict[str, int] = field(default_factory=dict)
    bounds: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    rescued: dict[str, int] = field(default_factory=dict)
    refuted: dict[str, Guess] = field(default_factory=dict)


def convert(shard: Shard) -> Converted:
    """Read the shard's parts, type them and write the object; or say which guesses do not hold."""
    result = Converted(shard)
    with NamedTemporaryFile(prefix="medallion-") as file:
        with pq.ParquetWriter(file, _schema(shard), compression="zstd", compression_level=ZSTD_LEVEL) as writer:
            for part in shard.parts:
                table = _typed(part, shard, result)
                if not result.refuted:
                    writer.write_table(table)
                    result.rows += table.num_rows
        if not result.refuted:
            file.flush()
            _note_statistics(pq.read_metadata(file.name), result)
            _store(shard.region).upload(Path(file.name), shard.uri, metadata={"run-id": shard.run_id})
    return result


@cache
def _store(region: str) -> Store:
    """One client a worker process: a task must not pay for a new one. An executor knows no region of its own."""
    return Store(region=region)


def _schema(shard: Shard) -> pa.Schema:
    fields = [pa.field(column.name, column.form.arrow_type) for column in shard.columns]
    return pa.schema([*fields, pa.field(RUN_ID, pa.string()), pa.field(RESCUED, pa.string())])


def _typed(part: Part, shard: Shard, result: Converted) -> pa.Table:
    """One part, typed by the shard's columns."""
    body = _store(shard.region).read(part.uri)
    if body is None:
        raise RunFailed(f"{part.uri} is gone from staging. Run again.", retryable=True)
    text = read_table(body, shard.rules, len(part.sources))
    by_source = dict(zip(part.sources, text.columns, strict=True))
    rescued: dict[int, dict[str, object]] = _ragged(text)
    arrays = []
    for column in shard.columns:
        cells = by_source.get(column.source)
        if cells is None:
            arrays.append(pa.nulls(text.rows, column.form.arrow_type))
            continue
        values = stored(cells, column.form)
        if values is None and column.guessed:
            result.refuted[column.name] = guess(cells).merged(result.refuted.get(column.name, Guess()))
            values = pa.nulls(text.rows, column.form.arrow_type)
        elif values is None:
            values, misfit = stored_with_misfits(cells, column.form)
            rows = pc.indices_nonzero(misfit).to_pylist()
            for row in rows:
                rescued.setdefault(row, {})[column.name] = cells[row].as_py()
        arrays.append(values)
    for cells_of_row in rescued.values():
        for name in cells_of_row:
            result.rescued[name] = result.rescued.get(name, 0) + 1
    return pa.Table.from_arrays([*arrays, pa.repeat(shard.run_id, text.rows), _rescued_column(rescued, text.rows)], schema=_schema(shard))


def _ragged(text: TextTable) -> dict[int, dict[str, object]]:
    """By row: the fields that a record has too many, or how many it has where they are too few."""
    rescued: dict[int, dict[str, object]] = {row: {SURPLUS: fields} for row, fields in text.surplus.items()}
    return rescued | {row: {FIELDS: came} for row, came in text.short.items()}


def _rescued_column(rescued: dict[int, dict[str, object]], rows: int) -> pa.Array:
    if not rescued:
        return pa.nulls(rows, pa.string())
    notes: list[str | None] = [None] * rows
    for row, cells in rescued.items():
        notes[row] = json.dumps(cells, ensure_ascii=False)
    return pa.array(notes, pa.string())


def _note_statistics(metadata: pq.FileMetaData, result: Converted) -> None:
    """Null counts of all columns, and bounds of those that are not text, as the write itself found them."""
    for index, column in enumerate(result.shard.columns):
        statistics = [metadata.row_group(group).column(index).statistics for group in range(metadata.num_row_groups)]
        result.nulls[column.name] = sum(found.null_count for found in statistics)
        bounds = [(found.min, found.max) for found in statistics if found.has_min_max]
        if bounds and column.form.type != "string":
            result.bounds[column.name] = (min(low for low, _ in bounds), max(high for _, high in bounds))
