"""A column of a Parquet file: its types are the source's, brought to those that Athena has, every value kept."""

import base64
import io
import json
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from etl_runtime import athena_types
from etl_runtime.cells import PartTable
from etl_runtime.columns import clean_name
from etl_runtime.forms import TEXT, Form, Guess, stored, stored_with_misfits


def read_table(body: bytes) -> PartTable:
    """A part in Arrow's file format, as `parquet_parts` writes them, as columns of cells."""
    table = pa.ipc.open_file(io.BytesIO(body)).read_all()
    columns = {name: ArrowCells(column.combine_chunks()) for name, column in zip(table.column_names, table.columns, strict=True)}
    return PartTable(table.num_rows, columns)


@dataclass(frozen=True)
class ArrowCells:
    """Cells of a type that `storable` has made, as `cells.Cells` has it."""

    values: pa.Array

    def guess(self) -> Guess:
        if pa.types.is_null(self.values.type):
            return Guess()
        own = Form(athena_types.athena_type(self.values.type))
        wider = [form for form in (Form("decimal(38,0)"), Form("double")) if own.type == "bigint" and self.stored(form) is not None]
        return Guess(tuple(dict.fromkeys((own, *wider, TEXT))))

    def stored(self, form: Form) -> pa.Array | None:
        if pa.types.is_string(self.values.type):
            return stored(self.values, form)
        if form.type == "string":
            return self.as_text()
        try:
            return _conformed(self.values, form.arrow_type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return None

    def stored_with_misfits(self, form: Form) -> tuple[pa.Array, dict[int, object]]:
        values = self.stored(form)
        if values is not None:
            return values, {}
        if pa.types.is_string(self.values.type):
            values, mask = stored_with_misfits(self.values, form)
            return values, {row: self.values[row].as_py() for row in pc.indices_nonzero(mask).to_pylist()}
        rows = [ArrowCells(self.values[row : row + 1]) for row in range(len(self.values))]
        fitting = [row.stored(form) for row in rows]
        misfits = {index: _json_value(self.values[index].as_py()) for index, value in enumerate(fitting) if value is None}
        nothing = pa.nulls(1, form.arrow_type)
        return pa.concat_arrays([nothing if value is None else value for value in fitting]), misfits

    def as_text(self) -> pa.Array:
        type = self.values.type
        if pa.types.is_string(type):
            return self.values
        if pa.types.is_nested(type) or pa.types.is_binary(type):
            texts = [None if cell is None else _json_text(cell) for cell in self.values.to_pylist()]
            return pa.array(texts, pa.string())
        if pa.types.is_decimal(type):
            return pa.array([None if cell is None else f"{cell:f}" for cell in self.values.to_pylist()], pa.string())
        return pc.cast(self.values, pa.string())


def storable(array: pa.Array) -> pa.Array:
    """The array in a type that Athena has and that keeps every value; as text where there is none."""
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
        keys, items = storable(array.keys), storable(array.items)
        if pa.types.is_null(items.type):
            items = items.cast(pa.string())
        return pa.array(array.to_pylist(), pa.map_(keys.type, items.type))
    if pa.types.is_list(type) or pa.types.is_large_list(type) or pa.types.is_fixed_size_list(type):
        return _list(array.cast(pa.list_(type.value_type)))
    if pa.types.is_decimal(type):
        return pa.array([None if cell is None else f"{cell:f}" for cell in array.to_pylist()], pa.string())
    return array.cast(pa.string())


def _micros(array: pa.Array) -> pa.Array:
    """Timestamps in UTC and microseconds; one without a zone is taken as UTC. As text where a value is finer."""
    try:
        return array.cast(pa.timestamp("us", array.type.tz)).cast(pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid:
        return array.cast(pa.string())


def _struct(array: pa.Array) -> pa.Array:
    names = [clean_name(field.name) for field in array.type]
    if not names or len(set(names)) < len(names):
        return pa.array([None if cell is None else _json_text(cell) for cell in array.to_pylist()], pa.string())
    children = [storable(child) for child in array.flatten()]
    children = [child.cast(pa.string()) if pa.types.is_null(child.type) else child for child in children]
    return pa.StructArray.from_arrays(children, names, mask=array.is_null())


def _list(array: pa.Array) -> pa.Array:
    items = storable(array.flatten())
    if pa.types.is_null(items.type):
        items = items.cast(pa.string())
    lengths = pc.fill_null(pc.list_value_length(array), 0)
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths).cast(pa.int32())])
    return pa.ListArray.from_arrays(offsets, items, mask=array.is_null())


def _conformed(array: pa.Array, type: pa.DataType) -> pa.Array:
    """The array in another type, without loss. Raises pyarrow.ArrowInvalid or ArrowNotImplementedError where that cannot be."""
    if array.type == type:
        return array
    if array.null_count == len(array):
        return pa.nulls(len(array), type)
    if pa.types.is_struct(type) and pa.types.is_struct(array.type):
        there = {field.name: child for field, child in zip(array.type, array.flatten(), strict=True)}
        if there.keys() - {field.name for field in type}:
            raise pa.ArrowInvalid("a field has no place")
        children = [
            _conformed(there[field.name], field.type) if field.name in there else pa.nulls(len(array), field.type) for field in type
        ]
        return pa.StructArray.from_arrays(children, [field.name for field in type], mask=array.is_null())
    if pa.types.is_list(type) and pa.types.is_list(array.type):
        items = _conformed(array.flatten(), type.value_type)
        lengths = pc.fill_null(pc.list_value_length(array), 0)
        offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths).cast(pa.int32())])
        return pa.ListArray.from_arrays(offsets, items, mask=array.is_null())
    if pa.types.is_string(type) and not pa.types.is_string(array.type):
        return ArrowCells(array).as_text()
    if pa.types.is_string(array.type) or pa.types.is_nested(type) or pa.types.is_temporal(array.type) != pa.types.is_temporal(type):
        raise pa.ArrowInvalid("another kind of value")
    if pa.types.is_boolean(array.type) or pa.types.is_boolean(type):
        raise pa.ArrowInvalid("another kind of value")
    # Arrow asks for room for every 64-bit number in a decimal otherwise.
    values = (array.cast(pa.string()) if pa.types.is_integer(array.type) and pa.types.is_decimal(type) else array).cast(type)
    if not values.cast(array.type).equals(array):  # Arrow rounds to a decimal, and lets one overflow, without a word
        raise pa.ArrowInvalid("a value would be lost")
    return values


def _json_text(value: object) -> str:
    return json.dumps(_json_value(value), ensure_ascii=False)


def _json_value(value: object) -> object:
    """A value of Arrow's as JSON has it: numbers and texts as they are, bytes in base64, the rest by its text."""
    match value:
        case dict():
            return {str(key): _json_value(each) for key, each in value.items()}
        case list() | tuple():
            return [_json_value(each) for each in value]
        case bytes():
            return base64.b64encode(value).decode()
        case None | bool() | int() | float() | str():
            return value
    return str(value)
