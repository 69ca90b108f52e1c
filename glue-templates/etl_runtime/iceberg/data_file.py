"""The manifest entry of an object of an Iceberg table, as JSON. The task that writes the object builds the entry from
the footer of the Parquet file.

https://iceberg.apache.org/spec/#manifests
"""

import struct
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from etl_runtime.iceberg.schema import FIELD_ID


def data_file(uri: str, size: int, footer: pq.FileMetaData, schema: pa.Schema) -> dict[str, Any]:
    """The entry of the object at `uri`, with counts and bounds of all columns that are not inside lists or maps.

    `schema` is the Arrow schema with field IDs. `size` is the size in bytes. Text, binary and floating-point columns
    have no bounds, because text bounds would have to be truncated and Parquet's bounds do not include NaN.
    """
    return {
        "spec-id": 0,
        "content": "DATA",
        "file-path": uri,
        "file-format": "PARQUET",
        "partition": {},
        "file-size-in-bytes": size,
        "record-count": footer.num_rows,
        **_metrics(footer, schema),
    }


def _metrics(footer: pq.FileMetaData, schema: pa.Schema) -> dict[str, dict[str, list[Any]]]:
    positions = {footer.schema.column(index).path: index for index in range(footer.num_columns)}
    sizes: dict[int, int] = {}
    values: dict[int, int] = {}
    nulls: dict[int, int] = {}
    lower: dict[int, str] = {}
    upper: dict[int, str] = {}
    for path, id, type in _leaves(schema, ""):
        chunks = [footer.row_group(group).column(positions[path]) for group in range(footer.num_row_groups)]
        sizes[id] = sum(chunk.total_compressed_size for chunk in chunks)
        values[id] = sum(chunk.num_values for chunk in chunks)
        statistics = [chunk.statistics for chunk in chunks]
        if any(each is None or not each.has_null_count for each in statistics):
            continue
        nulls[id] = sum(each.null_count for each in statistics)
        with_values = [each for each in statistics if each.num_values]
        if _has_bounds(type) and with_values and all(each.has_min_max for each in with_values):
            lower[id] = _single_value(min(_number(each.min_raw) for each in with_values), type).hex().upper()
            upper[id] = _single_value(max(_number(each.max_raw) for each in with_values), type).hex().upper()
    return {
        "column-sizes": _as_map(sizes),
        "value-counts": _as_map(values),
        "null-value-counts": _as_map(nulls),
        "lower-bounds": _as_map(lower),
        "upper-bounds": _as_map(upper),
    }


def _leaves(fields: Iterable[pa.Field], prefix: str) -> Iterable[tuple[str, int, pa.DataType]]:
    for field in fields:
        path = f"{prefix}{field.name}"
        if pa.types.is_struct(field.type):
            yield from _leaves(field.type, f"{path}.")
        elif not pa.types.is_nested(field.type):
            yield path, int(field.metadata[FIELD_ID.encode()]), field.type


def _as_map(values: Mapping[int, Any]) -> dict[str, list[Any]]:
    return {"keys": list(values), "values": list(values.values())}


def _number(physical: object) -> Any:
    """Convert the physical value of a bound. A decimal of up to 18 digits can be a number; a longer decimal is stored
    as big-endian bytes."""
    return int.from_bytes(physical, "big", signed=True) if isinstance(physical, bytes) else physical


def _has_bounds(type: pa.DataType) -> bool:
    of_type = (pa.types.is_integer, pa.types.is_temporal, pa.types.is_boolean, pa.types.is_decimal)
    return any(is_type(type) for is_type in of_type)


def _single_value(value: Any, type: pa.DataType) -> bytes:
    """The binary form of a bound. https://iceberg.apache.org/spec/#binary-single-value-serialization"""
    if pa.types.is_boolean(type):
        return struct.pack("<?", value)
    if pa.types.is_decimal(type):
        number = int(value)
        return number.to_bytes((number + (number < 0)).bit_length() // 8 + 1, "big", signed=True)
    return struct.pack("<i" if type.bit_width == 32 else "<q", value)
