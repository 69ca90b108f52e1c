"""Split a Parquet file into parts in the Arrow IPC file format, in Athena types, with few batches in memory."""

import io
import json
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl_runtime.columns.names import source_names
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.read.parquet.parquet_cells import storable
from etl_runtime.read.text.decode import PARQUET_MAGIC, refuse_markup

ROWS_AT_ONCE = 64 << 10
SAMPLE_ROWS = 1000
ENCRYPTED_MAGIC = b"PARE"
HEAD_BYTES = 4096
SHOWN_BYTES = 40
LAST_MICROSECOND = 2**63 // 1000 - 1  # of the range of nanosecond timestamps


def parquet_parts(path: Path, name: str, part_bytes: int) -> Iterator[tuple[bytes, int, bytes]]:
    """Split the file into parts of about `part_bytes`: (part, rows, sample). Raises RunFailed if it cannot be read."""
    _require_parquet(path, name)
    rows = 0
    try:
        expected_rows = pq.read_metadata(path).num_rows
        buffered: list[pa.RecordBatch] = []
        with closing(_batches(path)) as batches:
            for batch in batches:
                typed = pa.RecordBatch.from_arrays(
                    [storable(column) for column in batch.columns], list(source_names(batch.schema.names))
                )
                if buffered and (
                    typed.schema != buffered[0].schema or sum(each.nbytes for each in buffered) >= part_bytes
                ):
                    yield _part(buffered)
                    buffered = []
                buffered.append(typed)
                rows += typed.num_rows
        if sum(batch.num_rows for batch in buffered):
            yield _part(buffered)
    except (pa.ArrowException, OSError) as error:
        what = str(error).rstrip(".")
        raise RunFailed(
            ErrorCode.PARQUET_INVALID,
            f"{name} is not a valid Parquet file, or it is encrypted: {what}. Download the file manually and check it.",
            retryable=True,
        ) from error
    if rows != expected_rows:
        raise RunFailed(
            ErrorCode.PARQUET_INVALID,
            f"{name} contains {rows:,} rows, but its metadata specifies {expected_rows:,}. "
            "Download the file manually and check it.",
            retryable=True,
        )


def _require_parquet(path: Path, name: str) -> None:
    """Raise RunFailed if the file does not start with the Parquet magic bytes."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise RunFailed(
            ErrorCode.FILE_EMPTY,
            f"{name} is empty. The published table does not change. Check the source.",
            retryable=True,
        )
    refuse_markup(head, name)
    if head.startswith(ENCRYPTED_MAGIC):
        raise RunFailed(
            ErrorCode.PARQUET_INVALID,
            f"{name} is an encrypted Parquet file. Ask the data provider for a file without encryption.",
        )
    if not head.startswith(PARQUET_MAGIC):
        shown = json.dumps(head[:SHOWN_BYTES].decode(errors="replace"), ensure_ascii=False)
        raise RunFailed(
            ErrorCode.FILE_FORMAT_MISMATCH,
            f"{name} is not a Parquet file: it starts with {shown}. "
            "Inspect the file. If it is correct, set file_format.type to its format.",
            retryable=True,
        )


def _batches(path: Path) -> Generator[pa.RecordBatch, None, None]:
    with pq.ParquetFile(path, pre_buffer=False) as file:
        leaves = [file.schema.column(index) for index in range(len(file.schema.names))]
        int96 = {leaf.path for leaf in leaves if leaf.physical_type == "INT96"}
        batches = file.iter_batches(ROWS_AT_ONCE, use_threads=False)
        if not int96:
            yield from batches
            return
        with pq.ParquetFile(path, pre_buffer=False, coerce_int96_timestamp_unit="us") as coarse_file:
            for fine, coarse in zip(batches, coarse_file.iter_batches(ROWS_AT_ONCE, use_threads=False), strict=True):
                columns = [
                    _int96(*both) if name in int96 else both[1]
                    for name, *both in zip(fine.schema.names, fine.columns, coarse.columns, strict=True)
                ]
                yield pa.RecordBatch.from_arrays(columns, coarse.schema.names)


def _int96(fine: pa.Array, coarse: pa.Array) -> pa.Array:
    """Merge INT96 timestamps that Arrow read as nanoseconds and as microseconds.

    Nanoseconds silently overflow before 1678 and after 2261. Microseconds are truncated.

    Text if any value is finer than a microsecond.
    """
    micros = coarse.cast(pa.int64())
    in_range = pc.and_(pc.greater(micros, -LAST_MICROSECOND), pc.less(micros, LAST_MICROSECOND))
    finer = pc.and_(in_range, pc.not_equal(fine.cast(pa.int64()), pc.multiply(micros, 1000)))
    if not pc.any(finer).as_py():
        return coarse
    texts = [fine.cast(pa.string()), coarse.cast(pa.string())]
    return pc.choose(pc.if_else(in_range, 0, 1), *texts)


def _part(batches: list[pa.RecordBatch]) -> tuple[bytes, int, bytes]:
    return (
        _arrow_file(batches),
        sum(batch.num_rows for batch in batches),
        _arrow_file([batches[0].slice(0, SAMPLE_ROWS)]),
    )


def _arrow_file(batches: list[pa.RecordBatch]) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, batches[0].schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return sink.getvalue()
