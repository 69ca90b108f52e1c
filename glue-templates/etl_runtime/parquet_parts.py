"""A Parquet file → parts in Arrow's file format: typed as Athena has it, a few batches in memory at a time."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from etl_runtime.arrow_cells import storable
from etl_runtime.errors import RunFailed
from etl_runtime.text import PARQUET_MARK, refuse_markup

ROWS_AT_ONCE = 64 << 10
SAMPLE_ROWS = 1000
ENCRYPTED_MARK = b"PARE"
HEAD_BYTES = 4096
SHOWN_BYTES = 40


def parquet_parts(path: Path, name: str, part_bytes: int) -> Iterator[tuple[bytes, int, bytes]]:
    """The file as parts of about `part_bytes`: (part, rows, the first rows). Raises RunFailed where it cannot be read."""
    _require_parquet(path, name)
    rows = 0
    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            announced = file.metadata.num_rows
            waiting: list[pa.RecordBatch] = []
            for batch in file.iter_batches(ROWS_AT_ONCE, use_threads=False):
                typed = pa.RecordBatch.from_arrays([storable(column) for column in batch.columns], _unique(batch.schema.names))
                if waiting and (typed.schema != waiting[0].schema or sum(each.nbytes for each in waiting) >= part_bytes):
                    yield _part(waiting)
                    waiting = []
                waiting.append(typed)
                rows += typed.num_rows
            if sum(batch.num_rows for batch in waiting):
                yield _part(waiting)
    except (pa.ArrowException, OSError) as error:
        what = str(error).rstrip(".")
        raise RunFailed(f"{name} is no whole Parquet file, or is encrypted: {what}. Look at the file.", retryable=True) from error
    if rows != announced:
        raise RunFailed(f"{name} holds {rows:,} rows, and says that it holds {announced:,}. Look at the file.", retryable=True)


def _require_parquet(path: Path, name: str) -> None:
    """Raise RunFailed where the file does not even begin like Parquet."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise RunFailed(f"{name} is empty. The published table stays as it is.", retryable=True)
    refuse_markup(head, name)
    if head.startswith(ENCRYPTED_MARK):
        raise RunFailed(f"{name} is an encrypted Parquet file. Ask the source for a plain one.")
    if not head.startswith(PARQUET_MARK):
        shown = json.dumps(head[:SHOWN_BYTES].decode(errors="replace"), ensure_ascii=False)
        raise RunFailed(
            f"{name} is no Parquet file: it begins with {shown}. Look at it; declare file_format.type if it is right.", retryable=True
        )


def _part(batches: list[pa.RecordBatch]) -> tuple[bytes, int, bytes]:
    return _written(batches), sum(batch.num_rows for batch in batches), _written([batches[0].slice(0, SAMPLE_ROWS)])


def _written(batches: list[pa.RecordBatch]) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, batches[0].schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return sink.getvalue()


def _unique(names: list[str]) -> list[str]:
    """Column names that differ: Parquet allows one twice."""
    found: dict[str, None] = {}
    for position, name in enumerate(names, start=1):
        found[name if name and name not in found else f"{name or 'column'} {position}"] = None
    return list(found)
