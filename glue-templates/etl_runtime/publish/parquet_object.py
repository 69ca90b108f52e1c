"""One object of a table: how its Parquet is written, and how it comes to S3. Both layers write theirs in Spark's tasks."""

from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl_runtime.job.store import store_of_worker

ZSTD_LEVEL = 3
DICTIONARY_BYTES = 1 << 20  # of a column: a writer goes on without a dictionary where it grows larger
MOST_DISTINCT = (
    0.98  # of a sample of a sixteenth of these bytes: with more, a dictionary would have to hold half as much again
)
FEWEST = 256  # values of a sample, however long they are


def parquet_writer(file: IO[bytes], first: pa.Table) -> pq.ParquetWriter:
    """A writer of rows into a temporary file, of which `first` are the first. They tell which columns repeat their values."""
    return pq.ParquetWriter(
        file,
        first.schema,
        compression="zstd",
        compression_level=ZSTD_LEVEL,
        use_dictionary=_repeating(first),
        dictionary_pagesize_limit=DICTIONARY_BYTES,
    )


def upload(file: IO[bytes], uri: str, run_id: str, region: str) -> int:
    """Put the written file to `uri`, marked with the run that made it. Returns its bytes."""
    file.flush()
    store_of_worker(region).upload(Path(file.name), uri, metadata={"run-id": run_id})
    return Path(file.name).stat().st_size


def _repeating(rows: pa.Table) -> list[str]:
    """The columns of the file for which a dictionary pays. One that is given up costs time, and what it had held by then costs space."""
    empty = pa.BufferOutputStream()
    pq.write_table(rows.schema.empty_table(), empty)
    leaves = pq.read_metadata(pa.BufferReader(empty.getvalue())).schema
    distinct = {name for name in rows.column_names if _is_distinct(rows[name])}
    paths = [leaves.column(index).path for index in range(len(leaves))]
    return [path for path in paths if path not in distinct]


def _is_distinct(column: pa.ChunkedArray) -> bool:
    """Whether so few values come twice that a dictionary of them would grow too large. Never of nested ones."""
    if pa.types.is_nested(column.type) or column.null_count == len(column):
        return False
    values = column.drop_null() if column.null_count else column
    count = max(FEWEST, DICTIONARY_BYTES // 16 * len(values) // max(values.nbytes, 1))
    places = np.random.default_rng(0).integers(len(values), size=min(count, len(values)))
    return bool(pc.count_distinct(values.take(pa.array(places))).as_py() > MOST_DISTINCT * len(places))
