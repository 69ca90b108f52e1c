"""Converts values of Parquet's logical types to text, and reads the metadata of a file without the Arrow types of its
writer.

The Arrow type of a column depends on the version of Arrow. The Parquet schema does not.
"""

import io
import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from etl_runtime.columns.null_mask import set_null
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.read.parquet.nested import leaf_arrays, with_leaves
from etl_runtime.read.text.decode import PARQUET_MAGIC

TAIL_BYTES = 8  # the length of the footer, and the magic bytes
ARROW_SCHEMA_KEY, UNUSED_KEY = b"ARROW:schema", b"arrow-schema"  # both keys have the same length
HEX_DIGITS = np.array([list(f"{byte:02x}".encode()) for byte in range(256)], np.uint8)
UUID_DASHES = (8, 13, 18, 23)
UUID_DIGITS = [position for position in range(36) if position not in UUID_DASHES]


def portable_metadata(path: Path) -> pq.FileMetaData:
    """Return the metadata of a file, without the key ARROW:schema.

    If the metadata has this key, Arrow restores the types that the writer had in memory. An older Arrow version cannot
    read some of these types, and cannot restore others, such as lists of a fixed size with nulls.
    """
    with path.open("rb") as file:
        file.seek(-TAIL_BYTES, io.SEEK_END)
        tail = file.read()
        length = struct.unpack("<I", tail[:4])[0]
        if tail[4:] != PARQUET_MAGIC or length + TAIL_BYTES > file.tell():
            return pq.read_metadata(path)  # Arrow reports what is wrong
        file.seek(-TAIL_BYTES - length, io.SEEK_END)
        footer = file.read(length)
    return pq.read_metadata(io.BytesIO(PARQUET_MAGIC + footer.replace(ARROW_SCHEMA_KEY, UNUSED_KEY) + tail))


def with_text_values(column: pa.Array, logical_types: Sequence[str]) -> pa.Array:
    """Convert JSON, ENUM, UUID and INTERVAL values of the column to text. `logical_types` are the logical types of its
    leaf columns."""
    if not READERS.keys() & set(logical_types):
        return column
    leaves = zip(leaf_arrays(column), logical_types, strict=True)
    return with_leaves(column, (READERS.get(logical_type, _unchanged)(leaf) for leaf, logical_type in leaves))


def logical_types_of(schema: pq.ParquetSchema) -> Iterator[str]:
    """The logical type of each leaf, in the order of the schema."""
    for index in range(len(schema)):
        leaf = schema.column(index)
        # An interval has no logical type, only a converted type.
        yield leaf.logical_type.type if leaf.converted_type != "INTERVAL" else "INTERVAL"


def require_values(metadata: pq.FileMetaData, name: str) -> None:
    """Raise RunFailed if a column with the logical type null may have values, because Arrow would read them as null.

    Some versions of parquet-java annotate intervals in this way.
    """
    for index in range(metadata.num_columns):
        leaf = metadata.schema.column(index)
        if leaf.logical_type.type != "UNKNOWN" or leaf.converted_type == "INTERVAL":
            continue
        for group in range(metadata.num_row_groups):
            chunk = metadata.row_group(group).column(index)
            nulls = chunk.statistics.null_count if chunk.statistics and chunk.statistics.has_null_count else None
            is_interval = leaf.physical_type == "FIXED_LEN_BYTE_ARRAY"  # Arrow writes nulls as INT32
            if chunk.num_values and (nulls is None and is_interval or nulls is not None and nulls < chunk.num_values):
                raise RunFailed(
                    ErrorCode.FILE_FORMAT_UNSUPPORTED,
                    f"{name}: the column {leaf.path} may have values, but its logical type in the file is null. Some "
                    "versions of parquet-java write intervals in this way. Ask the data provider for another type, "
                    "such as text.",
                )


def _unchanged(leaf: pa.Array) -> pa.Array:
    return leaf


def _text(leaf: pa.Array) -> pa.Array:
    """Convert bytes to text. They stay bytes if they are not valid UTF-8."""
    try:
        return leaf.cast(pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        return leaf.cast(pa.binary())


def _uuid(leaf: pa.Array) -> pa.Array:
    """The text of a UUID (8-4-4-4-12 hexadecimal digits) from its 16 bytes."""
    filled = leaf.cast(pa.binary()).fill_null(bytes(16))
    values = np.frombuffer(b"".join(filled.to_pylist()), np.uint8).reshape(-1, 16)
    characters = np.full((len(leaf), 36), ord("-"), np.uint8)
    characters[:, UUID_DIGITS] = HEX_DIGITS[values].reshape(-1, 32)
    texts = pa.Array.from_buffers(pa.binary(36), len(leaf), [None, pa.py_buffer(characters.tobytes())])
    return set_null(texts.cast(pa.binary()).cast(pa.string()), leaf.is_null())


def _interval(leaf: pa.Array) -> pa.Array:
    """Months, days and milliseconds as an ISO 8601 duration."""
    texts: list[str | None] = []
    for value in leaf.to_pylist():
        if value is None:
            texts.append(None)
            continue
        months, days, millis = struct.unpack("<III", value)
        texts.append(f"P{months}M{days}DT{millis // 1000}.{millis % 1000:03}S")
    return pa.array(texts, pa.string())


READERS: dict[str, Callable[[pa.Array], pa.Array]] = {
    "JSON": _text,
    "ENUM": _text,
    "UUID": _uuid,
    "INTERVAL": _interval,
}
