"""The Spark task that merges new rows into the versions of their key ranges.

A task receives all new rows of its ranges, and reads the object of each range itself. Therefore, only the new rows pass
through Spark.
"""

import io
import pickle
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain, pairwise
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl_runtime.columns.names import RUN_ID
from etl_runtime.iceberg.data_file import data_file
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.store import store_of_worker
from etl_runtime.publish.parquet_object import parquet_writer, upload
from etl_runtime.transform.history import DUPLICATE, VersionColumns
from etl_runtime.transform.key_ranges import (
    RANGE,
    KeyRange,
    VersionObject,
    array,
    begins_key,
    boundary,
    sorted_order,
)
from etl_runtime.transform.same_values import Mask, same_values
from etl_runtime.transform.write import ACTION, MAX_EXAMPLES, Target

RANGE_BYTES = 128 << 20  # in memory
TASK_BYTES = 1 << 30  # of the new rows of a task, in memory
ENDED_BYTES = 64 << 20  # in memory
RETURNED_BYTES = 2 << 20  # ended versions that the task returns to the driver instead of writing them

RESULT = "result binary"
"""A pickled `Merged`."""

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class RangeMerge:
    """The input of a task. `files` contains the URI of each range's object, or "" if the range has none.

    `schema` contains the columns of the versions in order. `range_rows` is the intended number of rows per range.
    `task_bytes` is the maximum size in memory of a task's new rows.
    """

    target: Target
    schema: pa.Schema
    business_key: Sequence[str]
    compared: Sequence[str]
    range_columns: Sequence[str]
    added: VersionColumns
    at: datetime
    files: Sequence[str]
    range_rows: int
    task_bytes: int

    @property
    def own(self) -> pa.Schema:
        """The columns of the new rows."""
        added = {*self.added.types, RUN_ID}
        return pa.schema([each for each in self.schema if each.name not in added])


@dataclass
class Merged:
    """The result for one range. The last result of a task (`number` is -1) contains the versions that the task ended.

    `ranges` are the new ranges that replace the range, or None if the object of the range is carried over. `nulls` are
    the null counts of the current versions. `ended` are the objects with ended versions that the task wrote. `pending`
    are a few ended versions that it did not write. If the new rows of a task need too much memory, the task returns
    only one result, in which `is_too_large` is true.
    """

    number: int
    rows: int = 0
    nulls: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    examples: list[dict[str, Any]] = field(default_factory=list)
    ranges: list[KeyRange] | None = field(default_factory=list)
    ended: list[VersionObject] = field(default_factory=list)
    pending: pa.Table | None = None
    is_too_large: bool = False


class EndedVersions:
    """Collects the versions that a task ends. If there are many, the task writes them to objects; otherwise, it returns
    them to the driver."""

    def __init__(self, merge: RangeMerge) -> None:
        self.written: list[VersionObject] = []
        self._merge = merge
        self._pending: list[pa.Table] = []
        self._first = 0

    def add(self, versions: pa.Table, number: int) -> None:
        if not versions.num_rows:
            return
        if not self._pending:
            self._first = number
        self._pending.append(versions)
        if sum(each.nbytes for each in self._pending) > ENDED_BYTES:
            self._write()

    def result(self) -> Merged:
        pending = pa.concat_tables(self._pending) if self._pending else None
        if pending and pending.nbytes > RETURNED_BYTES:
            self._write()
            pending = None
        return Merged(-1, ended=self.written, pending=pending)

    def _write(self) -> None:
        name = f"ended-{self._first:05}-{len(self.written)}"
        self.written.append(write_object([pa.concat_tables(self._pending)], self._merge.target, name))
        self._pending = []


def merge_task(merge: RangeMerge, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Merge the new rows of a task. The column RANGE contains the range number of each row."""
    found: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        size += batch.nbytes
        if batch.num_rows and size <= merge.task_bytes:
            found.append(batch)
    if size > merge.task_bytes:
        yield _pickled(Merged(-1, is_too_large=True))
        return
    if not found:
        return
    rows = pa.Table.from_batches(found)
    del found
    rows = rows.take(sorted_order(rows, merge.range_columns))
    numbers = array(rows, RANGE).to_numpy()
    steps = np.flatnonzero(np.diff(numbers))
    if (np.diff(numbers) < 0).any():
        raise AssertionError(f"Spark and Arrow sort the key columns {', '.join(merge.range_columns)} differently")
    ended = EndedVersions(merge)
    for start, end in pairwise([0, *(steps + 1).tolist(), len(numbers)]):
        number = int(numbers[start])
        result, closed = merged_range(merge, number, rows.slice(start, end - start))
        ended.add(closed, number)
        yield _pickled(result)
    yield _pickled(ended.result())


def end_task(merge: RangeMerge, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """End all versions in the ranges that have no new rows, because the keys of these versions no longer occur."""
    ended = EndedVersions(merge)
    for batch in batches:
        for number in batch.column(0).to_pylist():
            result, closed = merged_range(merge, number, merge.own.empty_table())
            ended.add(closed, number)
            yield _pickled(result)
    yield _pickled(ended.result())


def distribute_task(merge: RangeMerge, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Write versions to the objects of their ranges. The column ACTION contains the action of each version."""
    ended = EndedVersions(merge)
    total = Merged(-1)
    found: list[pa.Table] = []
    for batch in batches:
        if not batch.num_rows:
            continue
        rows = pa.Table.from_batches([batch])
        total.actions.update(_counts(rows[ACTION]))
        missing = MAX_EXAMPLES - len(total.examples)
        duplicates = rows.filter(pc.equal(rows[ACTION], DUPLICATE)).select(merge.business_key)
        total.examples += duplicates.slice(0, missing).to_pylist()
        is_current = rows[merge.added.is_current]
        ended.add(conformed(rows.filter(pc.invert(is_current)), merge.schema), rows[RANGE][0].as_py())
        found.append(rows.filter(is_current))
    current = pa.concat_tables(found) if found else pa.table({RANGE: pa.array([], pa.int32())})
    for number in pc.unique(current[RANGE]).to_pylist():
        result = Merged(number)
        _write_current(merge, conformed(current.filter(pc.equal(current[RANGE], number)), merge.schema), result)
        yield _pickled(result)
    last = ended.result()
    yield _pickled(replace(last, actions=total.actions, examples=total.examples))


def merged_range(merge: RangeMerge, number: int, new: pa.Table) -> tuple[Merged, pa.Table]:
    """Merge the sorted new rows of a range. Returns the result and the versions that end."""
    old = read_versions(merge.files[number], merge) if merge.files[number] else merge.schema.empty_table()
    result = Merged(number)
    nothing = merge.schema.empty_table()
    old_rows = _matches(old, new, merge.business_key)
    if old_rows is None:
        _count_duplicates(merge, new, result)
        return result, nothing
    matched, inserted = np.flatnonzero(old_rows >= 0), np.flatnonzero(old_rows < 0)
    is_same = _is_same(merge.compared, old, old_rows[matched], new, matched)
    updated, closed = matched[~is_same], old_rows[matched[~is_same]]
    deleted = np.setdiff1d(np.arange(old.num_rows), old_rows[matched], assume_unique=True)
    counts = {"insert": inserted, "update": updated, "close": closed, "delete": deleted, "same": matched[is_same]}
    result.actions = Counter({action: len(rows) for action, rows in counts.items() if len(rows)})
    if not any(map(len, (inserted, updated, deleted))):
        result.rows, result.nulls, result.ranges = old.num_rows, _nulls(old), None
        return result, nothing
    begins = [(inserted, "insert"), (updated, "update")]
    kept = np.setdiff1d(np.arange(old.num_rows), np.concatenate([closed, deleted]), assume_unique=True)
    current = pa.concat_tables(
        [old.take(pa.array(kept)), *(_begun(merge, new.take(pa.array(rows)), action) for rows, action in begins)]
    )
    _write_current(merge, current, result)
    ends = pa.concat_tables(
        [_ended(merge, old.take(pa.array(closed)), None), _ended(merge, old.take(pa.array(deleted)), "delete")]
    )
    return result, ends


def read_versions(uri: str, merge: RangeMerge) -> pa.Table:
    body = store_of_worker(merge.target.region).read(uri)
    if body is None:
        raise RunFailed(
            ErrorCode.HISTORY_UNREADABLE,
            f"{merge.target.key}: the history cannot be read: {uri} does not exist, but published.json lists it. "
            "Nothing was changed. Restore the noncurrent version of the file before it expires, by default after 7 "
            "days.",
            retryable=True,
        )
    return conformed(pq.ParquetFile(io.BytesIO(body)).read(use_threads=False), merge.schema)


def conformed(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Convert the rows to these columns. Missing columns are null."""
    columns = []
    for each in schema:
        if each.name not in rows.column_names:
            columns.append(pa.nulls(rows.num_rows, each.type))
        elif rows[each.name].type == each.type:
            columns.append(rows[each.name])
        else:
            columns.append(rows[each.name].cast(each.type))
    return pa.Table.from_arrays(columns, schema=schema)


def write_object(tables: Iterable[pa.Table], target: Target, name: str) -> VersionObject:
    """Write one or more tables to an object."""
    uri, rows, following = target.object(name), 0, iter(tables)
    first = next(following)
    with NamedTemporaryFile(prefix="medallion-") as file:
        with parquet_writer(file, first) as writer:
            for each in chain([first], following):
                writer.write_table(each)
                rows += each.num_rows
        size = upload(file, uri, target.run_id, store_of_worker(target.region))
        key = uri.removeprefix("s3://").partition("/")[2]
        if target.schema is None:
            return VersionObject(key, rows, size)
        return VersionObject(key, rows, size, data_file(uri, size, pq.read_metadata(file.name), target.schema))


def _matches(old: pa.Table, new: pa.Table, key: Sequence[str]) -> Rows | None:
    """For each new row, find the old row with the same key, or -1 if there is none. Returns None if two new rows have
    the same key."""
    if old.num_rows == new.num_rows and all(same_values(array(old, name), array(new, name)).all() for name in key):
        return np.arange(new.num_rows)
    old_codes, new_codes, count = _key_codes(old, new, key)
    if (np.bincount(new_codes, minlength=count) > 1).any():
        return None
    rows = np.full(count, -1)
    rows[old_codes] = np.arange(old.num_rows)
    found: Rows = rows[new_codes]
    return found


def _key_codes(old: pa.Table, new: pa.Table, key: Sequence[str]) -> tuple[Rows, Rows, int]:
    """Number the distinct keys. Returns the numbers of the old rows, the numbers of the new rows, and the upper limit
    of the numbers."""
    codes, count = np.zeros(old.num_rows + new.num_rows, dtype=np.int64), 1
    for name in key:
        values = pa.concat_arrays([array(old, name), array(new, name)])
        if pa.types.is_floating(values.type):
            zero = pa.scalar(0.0, values.type)
            values = pc.add(values, zero)  # -0.0 becomes 0.0
            values = pc.if_else(pc.is_nan(values), pa.scalar(float("nan"), values.type), values)
        encoded = values.dictionary_encode(null_encoding="encode")
        codes = codes * len(encoded.dictionary) + encoded.indices.to_numpy()
        count *= len(encoded.dictionary)
        if count > len(codes):
            distinct, codes = np.unique(codes, return_inverse=True)
            count = len(distinct)
    return codes[: old.num_rows], codes[old.num_rows :], count


def _is_same(compared: Sequence[str], old: pa.Table, old_rows: Rows, new: pa.Table, new_rows: Rows) -> Mask:
    """For each pair of an old and a new row, whether the compared columns have the same values."""
    same = np.ones(len(old_rows), dtype=bool)
    for name in compared:
        same &= same_values(_taken(array(old, name), old_rows), _taken(array(new, name), new_rows))
    return same


def _taken(values: pa.Array, rows: Rows) -> pa.Array:
    if len(values) == len(rows) and (rows == np.arange(len(rows))).all():
        return values
    return values.take(pa.array(rows))


def _count_duplicates(merge: RangeMerge, new: pa.Table, result: Merged) -> None:
    _, codes, _ = _key_codes(new.slice(0, 0), new, merge.business_key)
    repeated = np.ones(new.num_rows, dtype=bool)
    repeated[np.unique(codes, return_index=True)[1]] = False
    examples = np.flatnonzero(repeated)[:MAX_EXAMPLES]
    result.actions[DUPLICATE] = int(repeated.sum())
    result.examples = new.select(merge.business_key).take(pa.array(examples)).to_pylist()


def _begun(merge: RangeMerge, new: pa.Table, action: str) -> pa.Table:
    """Convert new rows to versions that begin in this run."""
    added = merge.added
    values: dict[str, Any] = {
        added.valid_from: merge.at,
        added.valid_to: added.never_time(),
        added.is_current: True,
        added.change_type: action,
        RUN_ID: merge.target.run_id,
    }
    own = conformed(new, merge.own)
    columns = [
        own[each.name] if each.name not in values else _constant(values[each.name], own.num_rows, each.type)
        for each in merge.schema
    ]
    return pa.Table.from_arrays(columns, schema=merge.schema)


def _ended(merge: RangeMerge, versions: pa.Table, change_type: str | None) -> pa.Table:
    """End versions in this run. `change_type` replaces the change type of the versions."""
    added = merge.added
    values: dict[str, Any] = {added.valid_to: merge.at, added.is_current: False}
    if change_type:
        values[added.change_type] = change_type
    for name, value in values.items():
        index = versions.column_names.index(name)
        each = merge.schema.field(index)
        versions = versions.set_column(index, each, _constant(value, versions.num_rows, each.type))
    return versions


def _constant(value: object, size: int, type_: pa.DataType) -> pa.Array:
    return pa.repeat(pa.scalar(value, type_), size)


def _write_current(merge: RangeMerge, current: pa.Table, result: Merged) -> None:
    """Write the current versions of a range. If there are too many, split them into several ranges."""
    current = current.combine_chunks()
    current = current.take(sorted_order(current, merge.range_columns))
    result.rows, result.nulls = current.num_rows, _nulls(current)
    result.ranges = []
    for index, (start, end) in enumerate(pairwise([*_starts(merge, current), current.num_rows])):
        rows = current.slice(start, end - start)
        written = write_object([rows], merge.target, f"{result.number:05}-{index}")
        result.ranges.append(KeyRange(boundary(rows, merge.range_columns, 0), written))


def _starts(merge: RangeMerge, current: pa.Table) -> list[int]:
    """The rows at which the objects of a range begin. A range of at least twice the intended size is split."""
    size = max(current.num_rows / merge.range_rows, current.nbytes / RANGE_BYTES)
    if size <= 2:
        return [0] if current.num_rows else []
    keys = np.flatnonzero(begins_key(current, merge.range_columns))
    count = int(np.ceil(size))
    wanted = np.arange(count) * current.num_rows // count
    found: list[int] = np.unique(keys[keys.searchsorted(wanted).clip(max=len(keys) - 1)]).tolist()
    return found


def _nulls(current: pa.Table) -> Counter[str]:
    return Counter({name: current[name].null_count for name in current.column_names})


def _counts(values: pa.ChunkedArray) -> Counter[str]:
    return Counter({each["values"]: each["counts"] for each in pc.value_counts(values).to_pylist()})


def _pickled(result: Merged) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"result": [pickle.dumps(result)]})
