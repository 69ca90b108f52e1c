"""The work of one Spark task: parts of a table → one typed Parquet object under a key fixed beforehand.

A task that is run twice writes the same object, so that Spark's retries and speculation do no harm.
"""

import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from tempfile import NamedTemporaryFile
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from etl_runtime.columns.cells import Cells, Inference, PartTable
from etl_runtime.columns.column_types import ColumnType
from etl_runtime.columns.json_values import without_garbage_collection
from etl_runtime.columns.names import RESCUED, RUN_ID
from etl_runtime.job.errors import DISK_FULL_ERRNOS, RunFailed, run_failure
from etl_runtime.job.file_format import FileFormat
from etl_runtime.job.store import store_of_worker
from etl_runtime.publish.parquet_object import parquet_writer, upload
from etl_runtime.read.part import Part
from etl_runtime.read.read_part import read_part
from etl_runtime.read.text.text_cells import TextCells

SURPLUS, FIELDS = "_surplus", "_fields"
SHOWN_CHARACTERS = 60


@dataclass(frozen=True)
class Column:
    """A column of the table: its name, the source's column it is made of, its form.

    `guessed` until it is published; `unseen` where no sample had a value to guess by.
    """

    name: str
    source: str
    form: ColumnType
    inferred: bool
    unseen: bool = False


@dataclass(frozen=True)
class Shard:
    """What one task turns into one object at `uri`."""

    table: str
    parts: tuple[Part, ...]
    columns: tuple[Column, ...]
    file_format: FileFormat
    run_id: str
    region: str
    uri: str


@dataclass
class ConvertedShard:
    """What came of a shard: counts by column of the table, and examples of what was rescued.

    Where there is something to learn, nothing was written.

    By the source's column: what its cells may be where a guess does not hold or nobody knew of it (`refuted`), and part by part where a
    published struct gets new fields (`widened`).
    """

    shard: Shard
    rows: int = 0
    bytes: int = 0  # of the object
    sources: set[str] = field(default_factory=set)
    nulls: dict[str, int] = field(default_factory=dict)
    bounds: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    rescued: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(
        default_factory=dict
    )  # of what was rescued, by name: the first one, and where it is
    refuted: dict[str, Inference] = field(default_factory=dict)
    widened: dict[str, list[Inference]] = field(default_factory=dict)

    @property
    def learned(self) -> bool:
        return bool(self.refuted or self.widened)


def convert_shard(shard: Shard) -> ConvertedShard:
    """Read the shard's parts, type them and write the object; or say which guesses do not hold. Raises RunFailed where the disk is full."""
    try:
        return _convert_shard(shard)
    except OSError as error:
        if error.errno in DISK_FULL_ERRNOS:
            raise run_failure(error) from error
        raise


def _convert_shard(shard: Shard) -> ConvertedShard:
    result = ConvertedShard(shard, nulls={column.name: 0 for column in shard.columns})
    with NamedTemporaryFile(prefix="medallion-") as file:
        with ExitStack() as opened:
            writer = None
            for part in shard.parts:
                table = _typed(part, shard, result)
                if table is not None:
                    writer = writer or opened.enter_context(parquet_writer(file, table))
                    writer.write_table(table)
                    result.rows += table.num_rows
            if not writer:
                opened.enter_context(parquet_writer(file, _schema(shard).empty_table()))
        if not result.learned:
            result.bytes = upload(file, shard.uri, shard.run_id, shard.region)
            _note_bounds(pq.read_metadata(file.name), result)
    return result


def _schema(shard: Shard) -> pa.Schema:
    fields = [pa.field(column.name, column.form.arrow_type) for column in shard.columns]
    return pa.schema([*fields, pa.field(RUN_ID, pa.string()), pa.field(RESCUED, pa.string())])


@without_garbage_collection()
def _typed(part: Part, shard: Shard, result: ConvertedShard) -> pa.Table | None:
    """One part, typed by the shard's columns; None where there is something to learn first."""
    body = store_of_worker(shard.region).read(part.uri)
    if body is None:
        raise RunFailed(f"{part.uri} is gone from staging. Run again.", retryable=True)
    read = read_part(body, part, shard.file_format)
    result.sources |= read.columns.keys()
    known = {column.source for column in shard.columns}
    for source, cells in read.columns.items():
        if source not in known:
            _learn(result.refuted, source, cells)
    rescued: dict[int, dict[str, object]] = {row: {SURPLUS: fields} for row, fields in read.surplus.items()}
    rescued |= {row: {FIELDS: came} for row, came in read.short.items()}
    arrays = [_typed_column(column, read, shard.file_format, result, rescued) for column in shard.columns]
    if result.learned:
        return None
    for array, column in zip(arrays, shard.columns, strict=True):
        result.nulls[column.name] += array.null_count
    for row, cells_of_row in sorted(rescued.items()):
        for name, value in cells_of_row.items():
            result.rescued[name] = result.rescued.get(name, 0) + 1
            if name not in result.examples:
                shown = json.dumps(value, ensure_ascii=False)
                shown = shown if len(shown) <= SHOWN_CHARACTERS else f"{shown[:SHOWN_CHARACTERS]}…"
                result.examples[name] = f"{shown} in row {part.first + row:,} of {part.member}"
    return pa.Table.from_arrays(
        [*arrays, pa.repeat(shard.run_id, read.rows), _rescued_column(rescued, read.rows)], schema=_schema(shard)
    )


def _typed_column(
    column: Column,
    read: PartTable,
    file_format: FileFormat,
    result: ConvertedShard,
    rescued: dict[int, dict[str, object]],
) -> pa.Array:
    """The column's values; what does not fit is put into `rescued`, and what is to be learned first into `result`."""
    cells = read.columns.get(column.source)
    nothing = pa.nulls(read.rows, column.form.arrow_type)
    if cells is None:
        return nothing
    if column.form.declared:
        cells = TextCells(cells.as_text(), file_format.formats)
    values = cells.convert(column.form)
    if values is not None and not (column.unseen and cells.infer().best != column.form):
        return values
    if column.inferred:
        _learn(result.refuted, column.source, cells)
        return nothing
    if "struct<" in column.form.type and (infer := cells.infer()).widened(column.form) != column.form:
        result.widened.setdefault(column.source, []).append(infer)
        return nothing
    values, mismatches = cells.convert_with_mismatches(column.form)
    for row, value in mismatches.items():
        rescued.setdefault(row, {})[column.name] = value
    return values


def _learn(inferences: dict[str, Inference], source: str, cells: Cells) -> None:
    infer = cells.infer()
    inferences[source] = inferences[source].merged(infer) if source in inferences else infer


def _rescued_column(rescued: dict[int, dict[str, object]], rows: int) -> pa.Array:
    if not rescued:
        return pa.nulls(rows, pa.string())
    notes: list[str | None] = [None] * rows
    for row, cells in rescued.items():
        notes[row] = json.dumps(cells, ensure_ascii=False)
    return pa.array(notes, pa.string())


def _note_bounds(metadata: pq.FileMetaData, result: ConvertedShard) -> None:
    """The bounds of all columns that are neither text, bytes nor nested, as the write itself found them."""
    leaves = {metadata.schema.column(index).path: index for index in range(metadata.num_columns)}
    for column in result.shard.columns:
        if column.form.type in ("string", "binary") or column.name not in leaves:
            continue
        groups = [
            metadata.row_group(group).column(leaves[column.name]).statistics for group in range(metadata.num_row_groups)
        ]
        try:
            bounds = [(found.min, found.max) for found in groups if found is not None and found.has_min_max]
        except (OverflowError, ValueError):  # a day or a time that Python cannot say
            continue
        if bounds:
            result.bounds[column.name] = (min(low for low, _ in bounds), max(high for _, high in bounds))
