"""One object of a table: how its Parquet is written, and how it comes to S3. Both layers write theirs in Spark's tasks."""

from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from etl_runtime.store import store_of_worker

ZSTD_LEVEL = 3


def parquet_writer(file: IO[bytes], schema: pa.Schema) -> pq.ParquetWriter:
    """A writer of rows into a temporary file."""
    return pq.ParquetWriter(file, schema, compression="zstd", compression_level=ZSTD_LEVEL)


def upload(file: IO[bytes], uri: str, run_id: str, region: str) -> int:
    """Put the written file to `uri`, marked with the run that made it. Returns its bytes."""
    file.flush()
    store_of_worker(region).upload(Path(file.name), uri, metadata={"run-id": run_id})
    return Path(file.name).stat().st_size
