"""Split a Parquet file into parts in the Arrow IPC file format, with Athena types.

Only a few batches are in memory at a time.
"""

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
from etl_runtime.read.parquet.legacy_lists import legacy_lists, without_legacy_structs
from etl_runtime.read.parquet.logical_types import logical_types_of, portable_metadata, require_values, with_text_values
from etl_runtime.read.parquet.nested import leaf_arrays, leaf_count, with_leaves
from etl_runtime.read.parquet.parquet_cells import storable
from etl_runtime.read.text.decode import PARQUET_MAGIC, refuse_markup

ROWS_AT_ONCE = 64 << 10
SAMPLE_ROWS = 1000
ENCRYPTED_MAGIC = b"PARE"
UNKNOWN_LOGICAL_TYPE = "LogicalType that is not recognized"  # in an error message of Arrow
HEAD_BYTES = 4096
SHOWN_BYTES = 40
LAST_MICROSECOND = 2**63 // 1000 - 1  # the end of the range of nanosecond timestamps


def parquet_parts(path: Path, name: str, part_bytes: int) -> Iterator[tuple[bytes, int, bytes]]:
    """Split the file into parts of about `part_bytes`. Yields (part, rows, sample). A file without rows has one part.

    Raises RunFailed if the file cannot be read.
    """
    _require_parquet(path, name)
    rows = 0
    try:
        metadata = portable_metadata(path)
        require_values(metadata, name)
        expected_rows = metadata.num_rows
        buffered: list[pa.RecordBatch] = []
        with closing(_batches(path, metadata)) as batches:
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
        if buffered:
            yield _part(buffered)
    except (pa.ArrowException, OSError) as error:
        what = str(error).rstrip(".")
        if UNKNOWN_LOGICAL_TYPE in what:
            raise RunFailed(
                ErrorCode.FILE_FORMAT_UNSUPPORTED,
                f"{name} has a column with a logical type that this Glue version does not support, such as GEOMETRY or "
                "VARIANT. Set glue_version to 6.0, or ask the data provider for a file with binary or text columns.",
            ) from error
        raise RunFailed(
            ErrorCode.PARQUET_INVALID,
            f"{name} is not a valid Parquet file, or it is encrypted: {what}. Download the file manually and "
            "check whether that copy is damaged or encrypted too. "
            "If it is, ask the data provider for a complete file without encryption.",
            retryable=True,
        ) from error
    if rows != expected_rows:
        raise RunFailed(
            ErrorCode.PARQUET_INVALID,
            f"{name} contains {rows:,} rows, but its metadata specifies {expected_rows:,}. "
            "Download the file manually and check whether that copy is damaged too. "
            "If it is, ask the data provider for a complete file.",
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
            "If the file is correct, set file_format.type to its format. Otherwise, check the source.",
            retryable=True,
        )


def _batches(path: Path, metadata: pq.FileMetaData) -> Generator[pa.RecordBatch, None, None]:
    """Yield the batches with types that are the same in all versions of Arrow."""
    logical_types = list(logical_types_of(metadata.schema))
    legacy = legacy_lists(str(metadata.schema))
    with closing(_precise_batches(path, metadata)) as batches:
        for batch in batches:
            columns = []
            leaf = 0
            for column in batch.columns:
                count = leaf_count(column.type)
                lists = without_legacy_structs(column, legacy, leaf) if legacy else column
                columns.append(with_text_values(lists, logical_types[leaf : leaf + count]))
                leaf += count
            yield pa.RecordBatch.from_arrays(columns, batch.schema.names)


def _precise_batches(path: Path, metadata: pq.FileMetaData) -> Generator[pa.RecordBatch, None, None]:
    """Yield the batches with the full precision of INT96 timestamps."""
    int96 = [metadata.schema.column(index).physical_type == "INT96" for index in range(metadata.num_columns)]
    with pq.ParquetFile(path, metadata=metadata, pre_buffer=False) as file:
        batches = file.iter_batches(ROWS_AT_ONCE, use_threads=False)
        if not metadata.num_rows:
            empty = file.read()
            yield pa.RecordBatch.from_arrays([_no_rows(field.type) for field in empty.schema], empty.schema.names)
            return
        if not any(int96):
            yield from batches
            return
        with pq.ParquetFile(path, metadata=metadata, pre_buffer=False, coerce_int96_timestamp_unit="us") as coarse_file:
            for fine, coarse in zip(batches, coarse_file.iter_batches(ROWS_AT_ONCE, use_threads=False), strict=True):
                is_int96 = iter(int96)
                columns = [_with_int96(*both, is_int96) for both in zip(fine.columns, coarse.columns, strict=True)]
                yield pa.RecordBatch.from_arrays(columns, coarse.schema.names)


def _no_rows(type: pa.DataType) -> pa.Array:
    return pa.array([], type.storage_type if isinstance(type, pa.BaseExtensionType) else type)


def _with_int96(fine: pa.Array, coarse: pa.Array, is_int96: Iterator[bool]) -> pa.Array:
    """Merge two versions of a column. Arrow read the INT96 timestamps once as nanoseconds and once as microseconds.

    `is_int96` has one entry per leaf of the Parquet schema, starting with the first leaf of this column.
    """
    kinds = [next(is_int96) for _ in range(leaf_count(coarse.type))]
    if not any(kinds):
        return coarse
    leaves = zip(leaf_arrays(fine), leaf_arrays(coarse), kinds, strict=True)
    return with_leaves(coarse, (_int96(*both) if is_leaf else both[1] for *both, is_leaf in leaves))


def _int96(fine: pa.Array, coarse: pa.Array) -> pa.Array:
    """Merge INT96 timestamps that Arrow read once as nanoseconds and once as microseconds.

    Nanoseconds silently overflow before 1678 and after 2261. Microseconds are truncated. The result is text if any
    value is finer than a microsecond.
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
