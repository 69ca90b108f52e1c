"""Rows of Spark's → typed Parquet in staging, one object a task, and what is in it: counted as it is written.

Spark's tasks hand their rows over in Arrow, so both layers write with one writer. A task that is run twice writes the same object.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from etl_runtime.job.spark import task_error
from etl_runtime.publish.parquet_object import parquet_writer, upload
from etl_runtime.publish.staged import StagedTable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

OBJECT_BYTES = "32MB"  # of rows as Spark sends them from task to task: what 128 MB of text become, up to which bronze makes one object
ROW_GROUP_BYTES = 64 << 20  # in memory
NOTE = "_note"
"""A column that is not written but counted: what became of a row of a history."""
LIVE_NOTES = ("same", "insert", "update")
SHOWN = 3


@dataclass(frozen=True)
class Target:
    """Where a table goes: its key, the run that makes it, the region of the bucket, the `s3://…/` folder in staging."""

    key: str
    run_id: str
    region: str
    folder: str

    def object(self, part: int) -> str:
        """What one task writes, under a key fixed beforehand."""
        return f"{self.folder}{self.key}-{part:05}.parquet"


@dataclass
class Written:
    """What one task has written, or all of them: `nulls` by column and `notes` by their text, with some rows of the notes to be shown.

    Where rows have notes, `nulls` counts the live ones alone, and `live` says how many these are.
    """

    rows: int = 0
    live: int = 0
    bytes: int = 0
    nulls: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    shown: list[dict[str, Any]] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)

    def staged(self, target: Target, columns: list[dict[str, str]]) -> StagedTable:
        """What `publish` takes. A table of one object has one key in all runs, which S3 replaces atomically."""
        if len(self.objects) == 1:
            names = [f"{target.key}.parquet"]
        else:
            names = [f"{target.key}-{target.run_id}-{index:05}.parquet" for index in range(len(self.objects))]
        return StagedTable(self.rows, self.bytes, columns, dict(zip(names, self.objects, strict=True)))


def write(made: "DataFrame", target: Target, *, settled: bool, shown: tuple[str, list[str]] = ("", [])) -> Written:
    """Write the rows as they are made, once.

    `settled`: the rows come in an order that is to stay, or from a step that Spark sizes by itself; others are spread over objects of a
    good size. `shown`: a note, and the columns that tell of some rows with it.
    """
    sized = made if settled else made.hint("rebalance")
    task = partial(_write_task, target, shown)
    try:
        results = [json.loads(row.result) for row in sized.mapInArrow(task, "result string").collect()]
    except Exception as error:
        raise task_error(error) from error
    total = Written()
    for result in sorted(results, key=lambda each: str(each["objects"])):
        one = Written(**{**result, "nulls": Counter(result["nulls"]), "notes": Counter(result["notes"])})
        total.rows += one.rows
        total.live += one.live
        total.bytes += one.bytes
        total.nulls += one.nulls
        total.notes += one.notes
        total.shown += one.shown
        total.objects += one.objects
    if not total.objects:
        return _write_nothing(made, target)
    return total


def _write_task(
    target: Target, shown: tuple[str, list[str]], batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    from pyspark import TaskContext

    context = TaskContext.get()
    part = context.partitionId() if context else 0
    result = _written(target, part, shown, batches)
    yield pa.RecordBatch.from_pydict({"result": [json.dumps(result.__dict__, default=str)]})


def _written(target: Target, part: int, shown: tuple[str, list[str]], batches: Iterator[pa.RecordBatch]) -> Written:
    result = Written()
    with NamedTemporaryFile(prefix="medallion-") as file:
        with ExitStack() as opened:
            writer = None
            for table in _row_groups(batches):
                _count(table, shown, result)
                rows = _nullable(table.drop_columns([NOTE]) if NOTE in table.column_names else table)
                writer = writer or opened.enter_context(parquet_writer(file, rows))
                writer.write_table(rows)
        if writer:
            result.objects = [target.object(part)]
            result.bytes = upload(file, target.object(part), target.run_id, target.region)
    return result


def _row_groups(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The rows of the task in pieces that make a row group each."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        if batch.num_rows:
            held.append(batch)
        if sum(each.nbytes for each in held) >= ROW_GROUP_BYTES:
            yield pa.Table.from_batches(held)
            held = []
    if held:
        yield pa.Table.from_batches(held)


def _nullable(table: pa.Table) -> pa.Table:
    """Columns that may be null, all of them: whether one can be depends on the plan, and a table's files are to be of one kind."""
    return table.cast(pa.schema([pa.field(each.name, each.type) for each in table.schema]))


def _count(table: pa.Table, shown: tuple[str, list[str]], result: Written) -> None:
    result.rows += table.num_rows
    live = table
    if NOTE in table.column_names:
        notes = table[NOTE]
        result.notes.update({found["values"]: found["counts"] for found in pc.value_counts(notes).to_pylist()})
        note, columns = shown
        if len(result.shown) < SHOWN and note in result.notes:
            result.shown += (
                table.filter(pc.equal(notes, note)).select(columns).slice(0, SHOWN - len(result.shown)).to_pylist()
            )
        live = table.filter(pc.is_in(notes, pa.array(LIVE_NOTES)))
    result.live += live.num_rows
    result.nulls.update({name: live[name].null_count for name in live.column_names if name != NOTE})


def _write_nothing(made: "DataFrame", target: Target) -> Written:
    """A table without rows has a file all the same, so that its columns are known."""
    from pyspark.sql.pandas.types import to_arrow_schema

    empty = _nullable(to_arrow_schema(made.drop(NOTE).schema).empty_table())
    result = Written(nulls=Counter(dict.fromkeys(empty.column_names, 0)))
    with NamedTemporaryFile(prefix="medallion-") as file:
        with parquet_writer(file, empty) as writer:
            writer.write_table(empty)
        result.objects = [target.object(0)]
        result.bytes = upload(file, target.object(0), target.run_id, target.region)
    return result
