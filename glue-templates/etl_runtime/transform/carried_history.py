"""Writes a history so that unchanged objects are carried over into the next publication."""

import pickle
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import accumulate, chain
from typing import TYPE_CHECKING

import pyarrow as pa

from etl_runtime.columns.names import RUN_ID
from etl_runtime.job.dataset_document import History
from etl_runtime.job.spark import task_error
from etl_runtime.job.store import store_of_worker
from etl_runtime.transform.history import (
    PublishedVersions,
    VersionColumns,
    compared_columns,
    filled,
    version_columns,
    with_versions,
)
from etl_runtime.transform.key_ranges import (
    MAX_RANGE_ROWS,
    RANGE,
    Boundary,
    KeyRange,
    VersionLayout,
    VersionObject,
    range_columns,
    range_number,
    range_rows,
    sampled_boundaries,
)
from etl_runtime.transform.range_merge import (
    RESULT,
    TASK_BYTES,
    Merged,
    RangeMerge,
    distribute_task,
    end_task,
    merge_task,
    read_versions,
    write_object,
)
from etl_runtime.transform.write import MAX_EXAMPLES, Target, Written

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Task = Callable[[RangeMerge, Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]

SMALL_OBJECT_BYTES = 16 << 20
MAX_SMALL_OBJECTS = 16
"""If at least this many small objects contain ended versions, the run merges them."""
MAX_MERGED_BYTES = 4 * SMALL_OBJECT_BYTES


@dataclass(frozen=True)
class CarriedHistory:
    """The versions of a history after a run.

    The counts in `written` cover the whole table, but its `objects` are only the objects that this run wrote. `carried`
    are the files of the previous publication that are part of the new one. `layout` lists the objects of both kinds,
    for the next run.
    """

    written: Written
    carried: Sequence[str]
    layout: VersionLayout


def has_ranges(key: str, history: History, new: "DataFrame", old: PublishedVersions | None, at: datetime) -> bool:
    """Whether key ranges are supported for the types of the key columns. If not, each run rewrites all objects."""
    return bool(range_columns(history["business_key"], version_columns(key, history, new, old, at)))


def carried_history(
    history: History,
    new: "DataFrame",
    old: PublishedVersions | None,
    layout: VersionLayout | None,
    at: datetime,
    target: Target,
    bucket: str,
    schema: pa.Schema | None = None,
) -> CarriedHistory:
    """Write the versions that `with_versions` describes. Unchanged objects are carried over.

    `layout` is the layout of the published history. If it is None, all versions are rewritten. `schema` contains the
    columns of the versions, in any order. By default, it is derived from Spark's schema. If a key occurs more than once
    in the new rows, the counts of the action `duplicate` and the examples are complete, but the objects are not.

    Raises RunFailed in the same cases as `with_versions`.
    """
    columns = version_columns(target.key, history, new, old, at)
    ordered = range_columns(history["business_key"], columns)
    added = VersionColumns.of(history)
    if schema is None:
        schema = _arrow_schema(new, {**columns, **added.types, RUN_ID: "string"})
    if layout and (list(layout.columns) != ordered or layout.has_small_ranges):
        layout = None
    if layout and layout.ranges:
        rows, lowers = layout.rows, [each.lower for each in layout.ranges]
        files, task_bytes = [f"s3://{bucket}/{each.object.file}" for each in layout.ranges], TASK_BYTES
    else:
        rows, lowers = sampled_boundaries(new, ordered)
        files, task_bytes = [""] * max(len(lowers), 1), sys.maxsize  # the ranges fit the new rows
    compared = compared_columns(target.key, history, new)
    merge = RangeMerge(
        target, schema, history["business_key"], compared, ordered, added, at, files, range_rows(rows), task_bytes
    )
    number = range_number(ordered, columns, lowers)
    if old is None or layout:
        rows_by_range = _by_range(new.select(*filled(new, columns), number.alias(RANGE)), merge)
        results = _collected(rows_by_range, merge, merge_task)
        if any(each.is_too_large for each in results):
            _delete(results, target, bucket)
            return carried_history(history, new, old, None, at, target, bucket, schema)
        if missing := sorted({index for index, file in enumerate(files) if file} - {each.number for each in results}):
            numbers = new.sparkSession.createDataFrame([(number,) for number in missing], "number int")
            results += _collected(numbers, merge, end_task)
    else:
        versions = with_versions(target.key, history, new, old, at, target.run_id).withColumn(RANGE, number)
        results = _collected(_by_range(versions, merge), merge, distribute_task)
    return _carried(merge, layout or VersionLayout(ordered), lowers, results, bucket)


def _delete(results: Sequence[Merged], target: Target, bucket: str) -> None:
    """Delete the objects that the tasks have written."""
    written = [each.object for result in results for each in result.ranges or ()]
    written += [each for result in results for each in result.ended]
    store_of_worker(target.region).delete(f"s3://{bucket}/{each.file}" for each in written)


def _arrow_schema(new: "DataFrame", columns: Mapping[str, str]) -> pa.Schema:
    from pyspark.sql.pandas.types import to_arrow_schema

    schema = to_arrow_schema(new.limit(0).select(*filled(new, columns)).schema)
    return pa.schema([pa.field(each.name, each.type) for each in schema])


def _by_range(rows: "DataFrame", merge: RangeMerge) -> "DataFrame":
    """Repartition the rows so that all rows of a range are in one task, which keeps them in memory.

    Spark's adaptive execution merges small partitions, but does not increase their number.
    """
    partitions = int(rows.sparkSession.conf.get("spark.sql.shuffle.partitions") or 0)
    count = [len(merge.files)] if len(merge.files) * merge.range_rows > partitions * MAX_RANGE_ROWS else []
    return rows.repartition(*count, RANGE)


def _collected(rows: "DataFrame", merge: RangeMerge, task: Task) -> list[Merged]:
    try:
        found = rows.mapInArrow(partial(task, merge), RESULT).collect()
    except Exception as error:
        raise task_error(error) from error
    return [pickle.loads(each.result) for each in found]  # noqa: S301 — the tasks have pickled them


def _carried(
    merge: RangeMerge,
    layout: VersionLayout,
    lowers: Sequence[Boundary],
    results: Sequence[Merged],
    bucket: str,
) -> CarriedHistory:
    ranges: list[KeyRange] = []
    written = Written()
    for result in sorted(results, key=lambda each: each.number):
        written.live += result.rows
        written.nulls += result.nulls
        written.actions += result.actions
        written.examples += result.examples[: MAX_EXAMPLES - len(written.examples)]
        if result.ranges is None:
            ranges.append(layout.ranges[result.number])
        elif result.ranges:
            lower = lowers[result.number] if lowers else result.ranges[0].lower
            ranges += [KeyRange(lower, result.ranges[0].object), *result.ranges[1:]]
    written.actions += Counter(ended=sum(each.rows for each in layout.ended))
    pending = [each.pending for each in results if each.pending]
    kept, ended = _merged_ended(merge, layout.ended, pending, bucket)
    ended = [*(each for result in results for each in result.ended), *ended]
    if not (ranges or kept or ended):
        ended = [write_object([merge.schema.empty_table()], merge.target, "empty")]
    average_rows = layout.average_rows if layout.ranges else written.live / max(len(ranges), 1)
    new_layout = VersionLayout(layout.columns, ranges, [*kept, *ended], average_rows)
    written.rows = sum(each.rows for each in new_layout.objects)
    written.bytes = sum(each.bytes for each in new_layout.objects)
    previous = {each.file for each in layout.objects}
    files = [each.file for each in new_layout.objects]
    new = [each for each in new_layout.objects if each.file not in previous]
    written.objects = [f"s3://{bucket}/{each.file}" for each in new]
    written.data_files = [dict(each.data_file) for each in new if each.data_file is not None]
    return CarriedHistory(written, [file for file in files if file in previous], new_layout)


def _merged_ended(
    merge: RangeMerge, published: Sequence[VersionObject], pending: Sequence[pa.Table], bucket: str
) -> tuple[list[VersionObject], list[VersionObject]]:
    """Write the versions that ended in this run. Returns the published objects to keep and the new object.

    If there are too many small published objects, they are merged into the new one.
    """
    if not pending:
        return list(published), []
    small = sorted((each for each in published if each.bytes < SMALL_OBJECT_BYTES), key=lambda each: each.bytes)
    merged: list[VersionObject] = []
    if len(small) >= MAX_SMALL_OBJECTS:
        sizes = accumulate(each.bytes for each in small)
        merged = [each for each, size in zip(small, sizes, strict=True) if size <= MAX_MERGED_BYTES]
    tables = (read_versions(f"s3://{bucket}/{each.file}", merge) for each in merged)
    written = write_object(chain([pa.concat_tables(pending)], tables), merge.target, "ended")
    return [each for each in published if each not in merged], [written]
