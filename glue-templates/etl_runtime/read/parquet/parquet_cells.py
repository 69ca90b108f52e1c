"""Columns of Parquet files, converted to Athena types without changing any value."""

import base64
import io
import json
import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_runtime.columns import athena_types, column_types
from etl_runtime.columns.cells import PartTable
from etl_runtime.columns.column_types import TEXT, ColumnType, ScalarInference, to_text
from etl_runtime.columns.names import clean_name, source_names
from etl_runtime.read.parquet.nested import entries, list_of, list_offsets, map_of

MAX_EXACT_INTEGER = 2**53

Converted = tuple[pa.Array, pa.Array]


def read_table(body: bytes) -> PartTable:
    """Read a part in the Arrow IPC file format, as written by `parquet_parts`, as columns of cells."""
    table = pa.ipc.open_file(io.BytesIO(body)).read_all()
    columns = {
        name: ParquetCells(column.combine_chunks())
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    return PartTable(table.num_rows, columns)


@dataclass(frozen=True)
class ParquetCells:
    """Implements `cells.Cells` for the types that `storable` returns."""

    values: pa.Array

    def infer(self) -> ScalarInference:
        if pa.types.is_null(self.values.type):
            return ScalarInference()
        own_type = ColumnType(athena_types.athena_type(self.values.type))
        wider = [
            column_type
            for column_type in (ColumnType("decimal(38,0)"), ColumnType("double"))
            if own_type.type == "bigint" and self.convert(column_type) is not None
        ]
        return ScalarInference(tuple(dict.fromkeys((own_type, *wider, TEXT))))

    def convert(self, column_type: ColumnType) -> pa.Array | None:
        values, mismatch = self._convert(column_type)
        return None if pc.any(mismatch).as_py() else values

    def convert_with_mismatches(self, column_type: ColumnType) -> tuple[pa.Array, dict[int, object]]:
        values, mismatch = self._convert(column_type)
        rows = pc.indices_nonzero(mismatch).to_pylist()
        if not rows:
            return values, {}
        fitting = pa.array(np.arange(len(values)), mask=mismatch.to_numpy(zero_copy_only=False))
        return values.take(fitting), {row: _json_value(self.values[row].as_py()) for row in rows}

    def has_type(self, column_type: ColumnType) -> bool:
        return not pa.types.is_string(self.values.type) and self.values.type == column_type.arrow_type

    def _convert(self, column_type: ColumnType) -> Converted:
        if pa.types.is_string(self.values.type):
            return column_types.convert_with_mismatches(self.values, column_type)
        return _convert(self.values, column_type.arrow_type)

    def as_text(self) -> pa.Array:
        type = self.values.type
        if pa.types.is_string(type):
            return self.values
        if pa.types.is_binary(type):
            return pa.array(
                [None if cell is None else _json_value(cell) for cell in self.values.to_pylist()], pa.string()
            )
        return _json_texts(self.values) if pa.types.is_nested(type) else _scalar_text(self.values)


def storable(array: pa.Array) -> pa.Array:
    """Convert the array to an Athena type that keeps every value, or to text if there is no such type."""
    type = array.type
    if isinstance(type, pa.BaseExtensionType):
        return storable(array.storage)
    if pa.types.is_dictionary(type):
        return storable(array.dictionary_decode())
    if pa.types.is_null(type) or pa.types.is_boolean(type) or pa.types.is_decimal128(type):
        return array
    if pa.types.is_uint64(type):
        return array.cast(pa.decimal128(20, 0))
    if pa.types.is_integer(type) or pa.types.is_duration(type):
        return array.cast(pa.int64())
    if pa.types.is_floating(type):
        return array.cast(pa.float64())
    if pa.types.is_date(type):
        return array.cast(pa.date32())
    if pa.types.is_timestamp(type):
        return _micros(array)
    if pa.types.is_binary(type) or pa.types.is_large_binary(type) or pa.types.is_fixed_size_binary(type):
        return array.cast(pa.binary())
    if pa.types.is_struct(type):
        return _struct(array)
    if pa.types.is_map(type):
        keys, items = entries(array)
        return map_of(array, _not_null(storable(keys)), _not_null(storable(items)))
    if pa.types.is_list(type) or pa.types.is_large_list(type) or pa.types.is_fixed_size_list(type):
        lists = array.cast(pa.list_(type.value_type))
        return list_of(lists, _not_null(storable(lists.flatten())))
    if pa.types.is_decimal(type):
        return pa.array([None if cell is None else f"{cell:f}" for cell in array.to_pylist()], pa.string())
    return array.cast(pa.string())


def _micros(array: pa.Array) -> pa.Array:
    """Convert timestamps to UTC with microseconds. Timestamps without a time zone are read as UTC. The result is text
    if any value is finer than a microsecond."""
    try:
        return array.cast(pa.timestamp("us", array.type.tz)).cast(pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid:
        return array.cast(pa.string())


def _struct(array: pa.Array) -> pa.Array:
    """Rename the fields of a struct to clean names. The result is JSON text if two fields have the same clean name, or
    if there are no fields."""
    names = [clean_name(field.name) for field in array.type]
    children = [_not_null(storable(child)) for child in array.flatten()]
    if not names:
        return pc.replace_with_mask(
            pa.repeat("{}", len(array)), array.is_null(), pa.nulls(array.null_count, pa.string())
        )
    if len(set(names)) < len(names):
        own_names = source_names([field.name for field in array.type])
        return _json_texts(pa.StructArray.from_arrays(children, own_names, mask=array.is_null()))
    return pa.StructArray.from_arrays(children, names, mask=array.is_null())


def _not_null(array: pa.Array) -> pa.Array:
    """Replace the null type with text, for members without any value."""
    return array.cast(pa.string()) if pa.types.is_null(array.type) else array


def _convert(array: pa.Array, type: pa.DataType) -> Converted:
    """Convert the array to another type. Returns the array and a mask of the cells whose values are not preserved.

    The converted values of these cells are undefined.
    """
    if array.type == type:
        return array, _no_mismatch(array)
    if array.null_count == len(array):
        return pa.nulls(len(array), type), _no_mismatch(array)
    if pa.types.is_string(type):
        return ParquetCells(array).as_text(), _no_mismatch(array)
    if pa.types.is_struct(type) and pa.types.is_struct(array.type):
        return _convert_struct(array, type)
    if pa.types.is_list(type) and pa.types.is_list(array.type):
        items, mismatch = _convert(array.flatten(), type.value_type)
        return list_of(array, items), _containing(mismatch, list_offsets(array))
    if pa.types.is_map(type) and pa.types.is_map(array.type):
        keys, items = entries(array)
        (keys, wrong_keys), (items, wrong_items) = _convert(keys, type.key_type), _convert(items, type.item_type)
        converted = map_of(array, keys, items)
        return converted, _containing(pc.or_(wrong_keys, wrong_items), converted.offsets)
    if _is_number(array.type) and _is_number(type):
        return _convert_number(array, type)
    if pa.types.is_temporal(array.type) and pa.types.is_temporal(type):
        values = array.cast(type, safe=False)
        return values, pc.fill_null(pc.not_equal(values.cast(array.type), array), False)
    return pa.nulls(len(array), type), array.is_valid()


def _no_mismatch(array: pa.Array) -> pa.Array:
    return pa.repeat(False, len(array))


def _convert_struct(array: pa.Array, type: pa.DataType) -> Converted:
    """Convert a struct. A missing field becomes null. A field that the type does not have must be null."""
    mismatch = _no_mismatch(array)
    there: dict[str, pa.Array] = {}
    for field, child in zip(array.type, array.flatten(), strict=True):
        if type.get_field_index(field.name) < 0:
            mismatch = pc.or_(mismatch, child.is_valid())
        else:
            there[field.name], wrong = _convert(child, type.field(field.name).type)
            mismatch = pc.or_(mismatch, wrong)
    children = [there.get(field.name, pa.nulls(len(array), field.type)) for field in type]
    return pa.StructArray.from_arrays(children, [field.name for field in type], mask=array.is_null()), mismatch


def _containing(mismatch: pa.Array, offsets: pa.Array) -> pa.Array:
    """The mask of the lists or maps that contain a mismatch."""
    so_far = np.concatenate(([0], np.cumsum(mismatch.to_numpy(zero_copy_only=False))))
    return pa.array(np.diff(so_far[offsets.to_numpy()]) > 0)


def _is_number(type: pa.DataType) -> bool:
    return any(is_kind(type) for is_kind in (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal))


def _convert_number(array: pa.Array, type: pa.DataType) -> Converted:
    """Convert via text, which does not round or overflow like Arrow's casts between numbers."""
    if pa.types.is_integer(array.type) and pa.types.is_floating(type):
        mismatch = pc.fill_null(pc.or_(pc.greater(array, MAX_EXACT_INTEGER), pc.less(array, -MAX_EXACT_INTEGER)), False)
        return array.cast(type, safe=False), mismatch
    return column_types.convert_with_mismatches(
        _scalar_text(array), ColumnType(athena_types.athena_type(type), declared=True)
    )


def _scalar_text(array: pa.Array) -> pa.Array:
    return to_text(array, ColumnType("decimal")) if pa.types.is_decimal(array.type) else pc.cast(array, pa.string())


def _json_texts(array: pa.Array) -> pa.Array:
    return pa.array([None if cell is None else _json_text(cell) for cell in array.to_pylist()], pa.string())


def _json_text(value: object) -> str:
    return json.dumps(_json_value(value), ensure_ascii=False)


def _json_value(value: object) -> object:
    """Convert an Arrow value to JSON. Bytes become base64, and values such as dates or NaN become text."""
    match value:
        case dict():
            return {str(key): _json_value(each) for key, each in value.items()}
        case list() | tuple():
            return [_json_value(each) for each in value]
        case bytes():
            return base64.b64encode(value).decode()
        case float() if not math.isfinite(value):
            return str(value)
        case None | bool() | int() | float() | str():
            return value
    return str(value)
