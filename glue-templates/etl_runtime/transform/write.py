"""Writes a Spark DataFrame to staging as Parquet, one object per task, and counts rows and nulls at the same time.

Spark passes the rows to Python as Arrow batches, so that all layers share one writer. A task that runs twice writes the
same object both times.
"""

import pickle
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from tempfile import NamedTemporaryFile
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl_runtime.iceberg.data_file import data_file
from etl_runtime.job.spark import task_error
from etl_runtime.job.store import store_of_worker
from etl_runtime.publish.parquet_object import (
    Bounds,
    bounds,
    bounds_as_text,
    field_values,
    merged_bounds,
    parquet_writer,
    upload,
)
from etl_runtime.publish.staged import StagedTable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# The shuffle data per object. It corresponds to about 128 MB of text, which is also the limit for a single object in
# bronze.
OBJECT_BYTES = "32MB"
ROW_GROUP_BYTES = 64 << 20  # in memory
ACTION = "_action"
"""The column that contains the action of this run for a row of a history. Its values are counted, but not written."""
LIVE_ACTIONS = ("same", "insert", "update")
"""The actions that current versions have."""
MAX_EXAMPLES = 3

ExamplesOf = tuple[str, list[str]]
"""An action, and the columns to return from a few rows with this action."""
NO_EXAMPLES: ExamplesOf = ("", [])


@dataclass(frozen=True)
class Target:
    """The destination of a table: its key, the run ID, the Region of the bucket and the URI prefix of its objects.

    For Iceberg tables, `schema` is the schema to write, with field IDs.
    """

    key: str
    run_id: str
    region: str
    prefix: str
    schema: pa.Schema | None = None

    def object(self, part: int | str) -> str:
        """The URI of an object that a task writes. `part` is unique in the run."""
        return f"{self.prefix}{part if isinstance(part, str) else f'{part:05}'}.parquet"


@dataclass
class Written:
    """The result of one task or of all tasks. `nulls` contains the null counts, keyed by column. `actions` contains the
    row counts, keyed by action.

    `field_values` are the value counts of nested fields, keyed by path. They are not used for a history, because they
    include ended versions. `live` is the number of current versions if the table has a history, otherwise the number of
    all rows. `nulls` counts these rows only. `data_files` are the manifest entries of the objects of an Iceberg table.
    `bounds` are the bounds of all rows. They have no entries if objects of the previous publication are kept.
    """

    rows: int = 0
    live: int = 0
    bytes: int = 0
    nulls: Counter[str] = field(default_factory=Counter)
    field_values: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    examples: list[dict[str, Any]] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)
    data_files: list[dict[str, Any]] = field(default_factory=list)
    bounds: Bounds = field(default_factory=dict)

    def staged(
        self, objects: Mapping[str, str], columns: list[dict[str, str]], kept: Sequence[str] = ()
    ) -> StagedTable:
        """Return the written table. `objects` are the URIs of the objects, keyed by their names in the table's folder.
        `kept` are the URIs of objects that remain from the previous publication."""
        nulls = {column["name"]: self.nulls[column["name"]] for column in columns}
        bounds = {name: each for name, each in bounds_as_text(self.bounds).items() if name in nulls}
        return StagedTable(
            self.rows, self.bytes, columns, objects, nulls, self.field_values, self.data_files, kept, bounds
        )


def write(rows: "DataFrame", target: Target, *, rebalance: bool, examples_of: ExamplesOf = NO_EXAMPLES) -> Written:
    """Compute the rows and write them.

    `rebalance` distributes the rows across objects of a suitable size. It does not preserve the row order.
    """
    sized = rows.hint("rebalance") if rebalance else rows
    task = partial(_write_task, target, examples_of)
    try:
        found = sized.mapInArrow(task, "result binary").collect()
    except Exception as error:
        raise task_error(error) from error
    results: list[Written] = [pickle.loads(row.result) for row in found]  # noqa: S301 — the tasks have pickled them
    total = Written()
    for one in sorted(results, key=lambda each: str(each.objects)):
        total.rows += one.rows
        total.live += one.live
        total.bytes += one.bytes
        total.nulls += one.nulls
        total.field_values += one.field_values
        total.actions += one.actions
        total.examples += one.examples
        total.objects += one.objects
        total.data_files += one.data_files
    total.bounds = merged_bounds(one.bounds for one in results)
    if not total.objects:
        return _write_empty(rows, target)
    return total


def _write_task(target: Target, examples_of: ExamplesOf, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    from pyspark import TaskContext

    context = TaskContext.get()
    part = context.partitionId() if context else 0
    result = _written(target, part, examples_of, batches)
    yield pa.RecordBatch.from_pydict({"result": [pickle.dumps(result)]})


def _written(target: Target, part: int, examples_of: ExamplesOf, batches: Iterator[pa.RecordBatch]) -> Written:
    result = Written()
    with NamedTemporaryFile(prefix="medallion-") as file:
        with ExitStack() as opened:
            writer = None
            for table in _row_groups(batches):
                count(table, examples_of, result)
                rows = _as_written(table.drop_columns([ACTION]) if ACTION in table.column_names else table, target)
                writer = writer or opened.enter_context(parquet_writer(file, rows))
                writer.write_table(rows)
        if writer:
            _upload(file, target, part, result)
    return result


def _upload(file: IO[bytes], target: Target, part: int, result: Written) -> None:
    uri = target.object(part)
    result.objects = [uri]
    result.bytes = upload(file, uri, target.run_id, store_of_worker(target.region))
    footer = pq.read_metadata(file.name)
    result.bounds = bounds(footer, result.nulls)
    if not result.actions:
        result.field_values = field_values(footer)
    if target.schema is not None:
        result.data_files = [data_file(uri, result.bytes, footer, target.schema)]


def _row_groups(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Yield the rows of the task as tables with one row group each."""
    pending: list[pa.RecordBatch] = []
    for batch in batches:
        if batch.num_rows:
            pending.append(batch)
        if sum(each.nbytes for each in pending) >= ROW_GROUP_BYTES:
            yield pa.Table.from_batches(pending)
            pending = []
    if pending:
        yield pa.Table.from_batches(pending)


def _as_written(table: pa.Table, target: Target) -> pa.Table:
    """Convert the table to the schema of the target, or make all columns nullable. Nullability depends on Spark's plan,
    but all files need the same schema."""
    return table.cast(target.schema or pa.schema([pa.field(each.name, each.type) for each in table.schema]))


def count(table: pa.Table, examples_of: ExamplesOf, result: Written) -> None:
    """Add the rows of a table to the counts of a result."""
    result.rows += table.num_rows
    live = table
    if ACTION in table.column_names:
        actions = table[ACTION]
        result.actions.update({found["values"]: found["counts"] for found in pc.value_counts(actions).to_pylist()})
        action, columns = examples_of
        missing = MAX_EXAMPLES - len(result.examples)
        if missing > 0 and action in result.actions:
            examples = table.filter(pc.equal(actions, action)).select(columns)
            result.examples += examples.slice(0, missing).to_pylist()
        live = table.filter(pc.is_in(actions, pa.array(LIVE_ACTIONS)))
    result.live += live.num_rows
    result.nulls.update({name: live[name].null_count for name in live.column_names if name != ACTION})


def _write_empty(rows: "DataFrame", target: Target) -> Written:
    """Write one object without rows, so that the table has columns."""
    from pyspark.sql.pandas.types import to_arrow_schema

    empty = _as_written(to_arrow_schema(rows.drop(ACTION).schema).empty_table(), target)
    result = Written(nulls=Counter(dict.fromkeys(empty.column_names, 0)))
    with NamedTemporaryFile(prefix="medallion-") as file:
        with parquet_writer(file, empty) as writer:
            writer.write_table(empty)
        _upload(file, target, 0, result)
    return result
