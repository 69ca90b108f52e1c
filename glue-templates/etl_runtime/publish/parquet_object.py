"""Writes and uploads one Parquet object of a table. The tasks of all layers use this module."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl_runtime.job.store import Store

ZSTD_LEVEL = 3
MAX_DICTIONARY_BYTES = 1 << 20  # per column: Parquet writers fall back to plain encoding if the dictionary exceeds it
SAMPLE_BYTES = MAX_DICTIONARY_BYTES // 16
MAX_DISTINCT_SHARE = 0.98  # in a sample; a larger share means that the dictionary would be over 1.5 times its limit
MIN_SAMPLE_VALUES = 256
_NOT_A_FIELD = re.compile(r"\.(?:list\.(?:element|item)|key_value\.(?:key|value))(?=\.|$)")
"""The levels that Parquet adds to the path of a list or a map."""

Bounds = Mapping[str, tuple[Any, Any] | None]
"""The minimum and maximum, or None if they are unknown, keyed by column. A column without values has no entry."""


def parquet_writer(file: IO[bytes], first: pa.Table) -> pq.ParquetWriter:
    """A writer for a temporary file. The rows in `first` determine which columns get a dictionary."""
    return pq.ParquetWriter(
        file,
        first.schema,
        compression="zstd",
        compression_level=ZSTD_LEVEL,
        use_dictionary=_dictionary_columns(first),
        dictionary_pagesize_limit=MAX_DICTIONARY_BYTES,
    )


def upload(file: IO[bytes], uri: str, run_id: str, store: Store) -> int:
    """Upload the file with the run ID as metadata. Returns its size in bytes."""
    file.flush()
    store.upload(Path(file.name), uri, metadata={"run-id": run_id})
    return Path(file.name).stat().st_size


def field_values(metadata: pq.FileMetaData) -> Counter[str]:
    """The number of values of each nested field in a file, from the Parquet statistics."""
    counts: Counter[str] = Counter()
    for index in range(metadata.num_columns):
        path = _NOT_A_FIELD.sub("[]", metadata.schema.column(index).path)
        if "." not in path:
            continue
        for group in range(metadata.num_row_groups):
            chunk = metadata.row_group(group).column(index)
            if chunk.is_stats_set and chunk.statistics.has_null_count:
                counts[path] += chunk.num_values - chunk.statistics.null_count
    return counts


def bounds(metadata: pq.FileMetaData, columns: Iterable[str]) -> Bounds:
    """Return the bounds of the columns in a file, from the Parquet statistics.

    Nested columns are omitted. Text and binary columns are omitted too, because their bounds are data, which must not
    be in a run record.
    """
    leaves = {metadata.schema.column(index).path: index for index in range(metadata.num_columns)}
    found: dict[str, tuple[Any, Any] | None] = {}
    for name in columns:
        if name not in leaves or metadata.schema.column(leaves[name]).physical_type == "BYTE_ARRAY":
            continue
        groups = [metadata.row_group(group).column(leaves[name]).statistics for group in range(metadata.num_row_groups)]
        with_values = [each for each in groups if each is None or each.num_values]
        if any(each is None or not each.has_min_max for each in with_values):
            found[name] = None
        elif with_values:
            try:
                found[name] = min(each.min for each in with_values), max(each.max for each in with_values)
            except (OverflowError, ValueError):  # a date or timestamp outside Python's range
                found[name] = None
    return found


def merged_bounds(several: Iterable[Bounds]) -> Bounds:
    """The bounds of the columns across several files. If the bounds in one file are unknown, the result is unknown."""
    merged: dict[str, tuple[Any, Any] | None] = {}
    for each in several:
        for name, found in each.items():
            known = merged.get(name, found)
            merged[name] = (min(known[0], found[0]), max(known[1], found[1])) if known and found else None
    return merged


def bounds_as_text(found: Bounds) -> dict[str, list[str]]:
    """The known bounds in the format of the run record."""
    return {name: [str(each[0]), str(each[1])] for name, each in found.items() if each}


def _dictionary_columns(rows: pa.Table) -> list[str]:
    """The paths of the columns with repeated values. Other columns get no dictionary, because a dictionary that grows
    too large is abandoned and only costs time and space."""
    empty = pa.BufferOutputStream()
    pq.write_table(rows.schema.empty_table(), empty)
    leaves = pq.read_metadata(pa.BufferReader(empty.getvalue())).schema
    distinct = {name for name in rows.column_names if _is_distinct(rows[name])}
    paths = [leaves.column(index).path for index in range(len(leaves))]
    return [path for path in paths if path not in distinct]


def _is_distinct(column: pa.ChunkedArray) -> bool:
    """Whether the values repeat so rarely that a dictionary would grow too large. Nested columns always get a
    dictionary."""
    if pa.types.is_nested(column.type) or column.null_count == len(column):
        return False
    values = column.drop_null() if column.null_count else column
    size = max(MIN_SAMPLE_VALUES, SAMPLE_BYTES * len(values) // max(values.nbytes, 1))
    sample = np.random.default_rng(0).integers(len(values), size=min(size, len(values)))
    return bool(pc.count_distinct(values.take(pa.array(sample))).as_py() > MAX_DISTINCT_SHARE * len(sample))
