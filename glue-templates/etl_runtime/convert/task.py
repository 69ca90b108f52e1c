"""Converts parts of a table into one typed Parquet object. This code runs in a Spark task or in a thread of the driver.

The key of the object is set before the task starts. If Spark retries a task or runs it speculatively, each attempt
writes the same object.
"""

import json
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from tempfile import NamedTemporaryFile
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from etl_runtime.columns.cells import Inference, PartTable
from etl_runtime.columns.column_types import ColumnType
from etl_runtime.columns.json_values import without_garbage_collection
from etl_runtime.columns.names import RESCUED, RUN_ID, SOURCE_DATE
from etl_runtime.convert.column_samples import merge_inference
from etl_runtime.iceberg.data_file import data_file
from etl_runtime.job.errors import DISK_FULL_ERRNOS, ErrorCode, RunFailed, run_failure
from etl_runtime.job.file_format import FileFormat
from etl_runtime.job.store import Store, store_of_worker
from etl_runtime.publish.parquet_object import Bounds, bounds, field_values, parquet_writer, upload
from etl_runtime.read.part import Part
from etl_runtime.read.read_part import read_part
from etl_runtime.read.text.text_cells import TextCells

SURPLUS, FIELDS = (
    "_surplus",
    "_fields",
)  # keys in meta_rescued: surplus fields, and the number of fields if there are too few
MAX_EXAMPLE_CHARACTERS = 60

Take = Callable[[Part], bytes]


@dataclass(frozen=True)
class Column:
    """A column of a table: its name, the name of its source column, and its type.

    `inferred` is true if the type is inferred and the column is not yet published. `unseen` is true if no sample has a
    value to infer the type from.
    """

    name: str
    source: str
    column_type: ColumnType
    inferred: bool
    unseen: bool = False


@dataclass(frozen=True)
class Shard:
    """The parts that are converted into the object at `uri`."""

    table: str
    parts: tuple[Part, ...]
    columns: tuple[Column, ...]
    file_format: FileFormat
    run_id: str
    region: str
    uri: str
    source_date: date | None = None
    schema_with_ids: pa.Schema | None = None

    @property
    def is_on_driver(self) -> bool:
        """Whether the driver has to convert the parts, because executors cannot read files on the driver."""
        return any(part.is_on_driver for part in self.parts)

    @property
    def is_gone(self) -> bool:
        """Whether any part can be read only once, while the source is being unpacked."""
        return any(part.is_gone for part in self.parts)

    @property
    def schema(self) -> pa.Schema:
        """The schema of the object. For an Iceberg table, it contains field IDs."""
        if self.schema_with_ids is not None:
            return self.schema_with_ids
        fields = [pa.field(column.name, column.column_type.arrow_type) for column in self.columns]
        dates = [pa.field(SOURCE_DATE, pa.date32())] if self.source_date else []
        return pa.schema([*fields, pa.field(RUN_ID, pa.string()), pa.field(RESCUED, pa.string()), *dates])


@dataclass
class ConvertedShard:
    """The result of converting a shard. Counts, bounds and examples are keyed by the name of the column in the
    table; `field_values` is keyed by path.

    `refuted` and `widened` are keyed by source column. `refuted` contains the inference for each column that is new or
    whose inferred type does not match. `widened` contains the inference for each part that adds fields to a published
    struct. If either has an entry, no object is written and the shard is converted again.
    """

    shard: Shard
    rows: int = 0
    bytes: int = 0  # of the object
    sources: set[str] = field(default_factory=set)
    nulls: dict[str, int] = field(default_factory=dict)
    bounds: Bounds = field(default_factory=dict)
    field_values: Counter[str] = field(default_factory=Counter)
    data_file: dict[str, Any] | None = None  # the entry of the object in an Iceberg manifest
    rescued: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)  # the first rescued value, with its row and file
    refuted: dict[str, Inference] = field(default_factory=dict)
    widened: dict[str, list[Inference]] = field(default_factory=dict)

    @property
    def changes_types(self) -> bool:
        return bool(self.refuted or self.widened)


def convert_shard(shard: Shard, store: Store | None = None, take: Take | None = None) -> ConvertedShard:
    """Convert the parts and write the object, unless a column type has to change.

    `store` is the store of the driver. `take` returns the content of a part. It is set for parts that are held in
    memory, and can be called only once per part.

    Raises RunFailed if the disk is full.
    """
    try:
        store = store or store_of_worker(shard.region)
        return _convert_shard(shard, store, take or (lambda part: _read(part, store)))
    except OSError as error:
        if error.errno in DISK_FULL_ERRNOS:
            raise run_failure(error) from error
        raise


def _convert_shard(shard: Shard, store: Store, take: Take) -> ConvertedShard:
    result = ConvertedShard(shard, nulls={column.name: 0 for column in shard.columns})
    with NamedTemporaryFile(prefix="medallion-") as file:
        with ExitStack() as stack:
            writer = None
            for part in shard.parts:
                table = _converted_part(part, take, shard, result)
                if table is not None:
                    writer = writer or stack.enter_context(parquet_writer(file, table))
                    writer.write_table(table)
                    result.rows += table.num_rows
            if not writer:
                stack.enter_context(parquet_writer(file, shard.schema.empty_table()))
        if not result.changes_types:
            result.bytes = upload(file, shard.uri, shard.run_id, store)
            metadata = pq.read_metadata(file.name)
            result.bounds = bounds(metadata, result.nulls)
            result.field_values = field_values(metadata)
            if shard.schema_with_ids is not None:
                result.data_file = data_file(shard.uri, result.bytes, metadata, shard.schema_with_ids)
    return result


def _read(part: Part, store: Store) -> bytes:
    if part.driver_file:
        return part.driver_file.read_bytes()
    body = store.read(part.uri)
    if body is None:
        raise RunFailed(
            ErrorCode.STAGING_MISSING, f"{part.uri} is missing from staging. Run the job again.", retryable=True
        )
    return body


@without_garbage_collection()
def _converted_part(part: Part, take: Take, shard: Shard, result: ConvertedShard) -> pa.Table | None:
    """Return the rows of a part with the types of the shard's columns, or None if a type has to change."""
    types = {column.source: column.column_type for column in shard.columns}
    read = read_part(take(part), part, shard.file_format, types)  # no variable refers to the content, so it is freed
    result.sources |= read.columns.keys()
    known = {column.source for column in shard.columns}
    for source, cells in read.columns.items():
        if source not in known:
            merge_inference(result.refuted, source, cells.infer())
    rescued: dict[int, dict[str, object]] = {row: {SURPLUS: fields} for row, fields in read.surplus.items()}
    rescued |= {row: {FIELDS: count} for row, count in read.short.items()}
    arrays = [_converted_column(column, read, shard.file_format, result, rescued) for column in shard.columns]
    if result.changes_types:
        return None
    for array, column in zip(arrays, shard.columns, strict=True):
        result.nulls[column.name] += array.null_count
    _note_rescued(rescued, part, result)
    run_ids = pa.repeat(shard.run_id, read.rows)
    dates = [pa.repeat(pa.scalar(shard.source_date, pa.date32()), read.rows)] if shard.source_date else []
    columns = [*arrays, run_ids, _rescued_column(rescued, read.rows), *dates]
    return pa.Table.from_arrays(columns, schema=shard.schema)


def _converted_column(
    column: Column,
    read: PartTable,
    file_format: FileFormat,
    result: ConvertedShard,
    rescued: dict[int, dict[str, object]],
) -> pa.Array:
    """Convert the values of a column.

    Adds values that do not match the column's type to `rescued`. If the type has to change, adds the reason to
    `result`.
    """
    column_type = column.column_type
    cells = read.columns.get(column.source)
    nulls = pa.nulls(read.rows, column_type.arrow_type)
    if cells is None:
        return nulls
    if column_type.declared and not cells.has_type(column_type):
        cells = TextCells(cells.as_text(), file_format.formats)
    values = cells.convert(column_type)
    if values is not None and not (column.unseen and cells.infer().best != column_type):
        return values
    if column.inferred:
        merge_inference(result.refuted, column.source, cells.infer())
        return nulls
    if "struct<" in column_type.type and (inference := cells.infer()).widened(column_type) != column_type:
        result.widened.setdefault(column.source, []).append(inference)
        return nulls
    values, mismatches = cells.convert_with_mismatches(column_type)
    for row, value in mismatches.items():
        rescued.setdefault(row, {})[column.name] = value
    return values


def _note_rescued(rescued: dict[int, dict[str, object]], part: Part, result: ConvertedShard) -> None:
    for row, values in sorted(rescued.items()):
        for name, value in values.items():
            result.rescued[name] = result.rescued.get(name, 0) + 1
            if name not in result.examples:
                text = json.dumps(value, ensure_ascii=False)
                text = text if len(text) <= MAX_EXAMPLE_CHARACTERS else f"{text[:MAX_EXAMPLE_CHARACTERS]}…"
                result.examples[name] = f"{text} in row {part.first + row:,} of {part.member}"


def _rescued_column(rescued: dict[int, dict[str, object]], rows: int) -> pa.Array:
    if not rescued:
        return pa.nulls(rows, pa.string())
    texts: list[str | None] = [None] * rows
    for row, values in rescued.items():
        texts[row] = json.dumps(values, ensure_ascii=False)
    return pa.array(texts, pa.string())
