"""Divides a history into objects so that a run rewrites only the objects that it changes.

Current versions are divided into ranges of the business key, with one object per range. Ended versions are in separate
objects, which later runs do not change. published.json lists both kinds of objects.
"""

import math
import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_runtime.columns.athena_types import spark_type
from etl_runtime.job.spark import task_error
from etl_runtime.transform.same_values import Mask, same_values

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

RANGE = "_range"
"""The column that contains the number of a row's range."""
RANGES = 32
MIN_RANGE_ROWS, MAX_RANGE_ROWS = 32_768, 262_144
MAX_SHRINKAGE = 4
SAMPLE_ROWS = 4_096  # per task
ORDERED = ("tinyint", "smallint", "int", "bigint", "string", "date", "timestamp", "decimal")
"""The types whose values have the same sort order in Arrow and Spark."""
FLAT = (*ORDERED, "boolean", "float", "double", "binary")

LITERALS = {
    "string": "CAST(X'{value}' AS STRING)",
    "date": "date_from_unix_date({value})",
    "timestamp": "timestamp_micros({value})",
}
"""Spark SQL for a value, keyed by type."""

Boundary = tuple[str | None, ...]
"""The values of the range columns as text, so that all types can be stored: a string in hexadecimal, a date in days
since 1970, a timestamp in microseconds since 1970."""


@dataclass(frozen=True)
class VersionObject:
    """An object of the table: `file` is its key in the lake's bucket.

    If this run wrote the object for an Iceberg table, `data_file` is its entry in the manifest.
    """

    file: str
    rows: int
    bytes: int
    data_file: Mapping[str, Any] | None = field(default=None, compare=False)

    def document(self) -> dict[str, Any]:
        return {"file": self.file, "rows": self.rows, "bytes": self.bytes}


@dataclass(frozen=True)
class KeyRange:
    """The current versions with keys from `lower`, inclusive, to the `lower` of the next range.

    The first range has no lower limit, so its `lower` is not used.
    """

    lower: Boundary
    object: VersionObject


@dataclass(frozen=True)
class VersionLayout:
    """The entry `layout` of a history in published.json.

    `columns` are the first columns of the business key. `average_rows` is the number of rows per range at the time when
    the ranges were chosen.
    """

    columns: Sequence[str]
    ranges: Sequence[KeyRange] = ()
    ended: Sequence[VersionObject] = ()
    average_rows: float = 0

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "VersionLayout":
        return cls(
            document["columns"],
            [KeyRange(tuple(each["lower"]), VersionObject(**each["object"])) for each in document["ranges"]],
            [VersionObject(**each) for each in document["ended"]],
            document["average_rows"],
        )

    def document(self) -> dict[str, Any]:
        return {
            "columns": list(self.columns),
            "ranges": [{"lower": list(each.lower), "object": each.object.document()} for each in self.ranges],
            "ended": [each.document() for each in self.ended],
            "average_rows": self.average_rows,
        }

    @property
    def objects(self) -> list[VersionObject]:
        return [*(each.object for each in self.ranges), *self.ended]

    @property
    def rows(self) -> int:
        """The number of current versions."""
        return sum(each.object.rows for each in self.ranges)

    @property
    def has_small_ranges(self) -> bool:
        """Whether new ranges are needed because many rows were deleted."""
        return len(self.ranges) > 1 and self.rows < len(self.ranges) * self.average_rows / MAX_SHRINKAGE


def range_rows(rows: int) -> int:
    """The number of rows per range for a table with `rows` rows."""
    return min(max(math.ceil(rows / RANGES), MIN_RANGE_ROWS), MAX_RANGE_ROWS)


def range_columns(business_key: Sequence[str], types: Mapping[str, str]) -> list[str]:
    """The first columns of the key that can be sorted. The list is empty if the table cannot be divided into ranges."""
    if any(types[name].partition("(")[0] not in FLAT for name in business_key):
        return []
    found: list[str] = []
    for name in business_key:
        if types[name].partition("(")[0] not in ORDERED:
            break
        found.append(name)
    return found


def range_number(columns: Sequence[str], types: Mapping[str, str], lowers: Sequence[Boundary]) -> "Column":
    """An expression for the number of a row's range: a binary search, written as nested CASE expressions."""
    from pyspark.sql import functions as f

    def tree(first: int, last: int) -> str:
        if first == last:
            return str(first)
        middle = (first + last + 1) // 2
        condition = _is_at_least(columns, types, lowers[middle])
        return f"CASE WHEN {condition} THEN {tree(middle, last)} ELSE {tree(first, middle - 1)} END"

    return f.expr(tree(0, max(len(lowers) - 1, 0)))


def _is_at_least(columns: Sequence[str], types: Mapping[str, str], lower: Boundary) -> str:
    """A condition that is true if a row is at or after the boundary. Null sorts before all values. A null result means
    false."""
    name, value = f"`{columns[0]}`", lower[0]
    type_ = types[columns[0]]
    if value is None:
        after, equal = f"{name} IS NOT NULL", f"{name} IS NULL"
    else:
        literal = LITERALS.get(type_, "CAST('{value}' AS {type})").format(value=value, type=spark_type(type_))
        after, equal = f"{name} > {literal}", f"{name} = {literal}"
    if len(columns) == 1:
        return f"({after} OR {equal})" if value is None else f"{name} >= {literal}"
    return f"({after} OR ({equal} AND {_is_at_least(columns[1:], types, lower[1:])}))"


def sorted_order(rows: pa.Table, columns: Sequence[str]) -> pa.Array:
    """The indices of the rows, sorted by these columns, with nulls first."""
    return pc.sort_indices(rows, sort_keys=[(name, "ascending") for name in columns], null_placement="at_start")


def begins_key(rows: pa.Table, columns: Sequence[str]) -> Mask:
    """A mask of the sorted rows. It is true where the values of these columns differ from the previous row."""
    same = np.ones(max(rows.num_rows - 1, 0), dtype=bool)
    for name in columns:
        values = array(rows, name)
        same &= same_values(values[:-1], values[1:])
    return np.concatenate([[True], ~same]) if rows.num_rows else same


def boundary(rows: pa.Table, columns: Sequence[str], row: int) -> Boundary:
    return tuple(_text(rows[name][row]) for name in columns)


def _text(value: pa.Scalar) -> str | None:
    if not value.is_valid:
        return None
    if pa.types.is_string(value.type) or pa.types.is_large_string(value.type):
        return bytes(value.as_buffer()).hex()
    if pa.types.is_temporal(value.type):
        return str(value.value)
    return str(value.as_py())


def array(rows: pa.Table, name: str) -> pa.Array:
    column = rows[name]
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def sampled_boundaries(rows: "DataFrame", columns: Sequence[str]) -> tuple[int, list[Boundary]]:
    """Return the number of rows, and boundaries that divide their keys evenly."""
    try:
        sampled = rows.select(*columns).mapInArrow(_sample, "rows bigint, keys binary").collect()
    except Exception as error:
        raise task_error(error) from error
    total = sum(each.rows for each in sampled)
    count = math.ceil(total / range_rows(total)) if total else 0
    if count < 2:
        return total, []
    tables = [pickle.loads(each["keys"]) for each in sampled]  # noqa: S301 — the tasks have pickled them
    weights = np.concatenate(
        [np.full(table.num_rows, each.rows / table.num_rows) for each, table in zip(sampled, tables, strict=True)]
    )
    keys = pa.concat_tables(tables)
    order = sorted_order(keys, columns)
    keys, weights = keys.take(order), np.cumsum(weights[order.to_numpy()])
    firsts = np.flatnonzero(begins_key(keys, columns))
    limits = np.searchsorted(weights, total * np.arange(1, count) / count)
    chosen = np.unique(np.searchsorted(firsts, limits))
    starts = firsts[chosen[chosen < len(firsts)]]
    return total, [boundary(keys, columns, 0), *(boundary(keys, columns, row) for row in starts.tolist() if row)]


def _sample(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the number of rows in a task, and a pickled random sample of their keys."""
    found = [batch for batch in batches if batch.num_rows]
    if not found:
        return
    keys = pa.Table.from_batches(found).combine_chunks()
    size = min(SAMPLE_ROWS, keys.num_rows)
    chosen = np.random.default_rng(0).choice(keys.num_rows, size, replace=False)
    sample = keys.take(pa.array(chosen))
    yield pa.RecordBatch.from_pydict({"rows": [keys.num_rows], "keys": [pickle.dumps(sample)]})
