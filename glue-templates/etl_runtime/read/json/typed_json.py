"""Reads JSON records whose column types are known. The result is the same as that of `parse_json`, but reading is
several times faster.

The JSON reader of Arrow reads the chunks of text that it can read exactly. All other chunks are parsed in Python.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain
from typing import Any

import pyarrow as pa

from etl_runtime.columns import athena_types, column_types
from etl_runtime.columns.athena_types import AthenaType
from etl_runtime.columns.cells import PartTable
from etl_runtime.columns.column_types import TEXT, ColumnType
from etl_runtime.columns.json_values import LONE_SURROGATE, key_sequences
from etl_runtime.read.json import parse_json
from etl_runtime.read.json.arrow_json import read_objects
from etl_runtime.read.json.json_cells import JsonCells
from etl_runtime.read.json.json_inference import JsonInference, clean_name, detailed_type_of
from etl_runtime.read.json.parse_json import chunks_of

SAMPLE_BYTES = 64 << 10  # of text; Arrow knows the keys in this sample before it reads the first chunk
SCALARS = {name: athena_types.SCALARS[name] for name in ("string", "bigint", "double", "boolean")}


class TypesDoNotFit(Exception):
    """The values do not match the types, so the records have to be parsed."""


@dataclass(frozen=True)
class TypedCells:
    """Implements `cells.Cells` for a column that was read as the type `stored`. `parsed` returns the parsed cells."""

    array: pa.Array
    stored: ColumnType
    parsed: Callable[[], JsonCells]

    def infer(self) -> JsonInference:
        return self.parsed().infer() if self.array.null_count < len(self.array) else JsonInference()

    def convert(self, column_type: ColumnType) -> pa.Array | None:
        if column_type == self.stored:
            return self.array
        if self.stored == TEXT and column_type.type in ("date", "timestamp"):
            values = column_types.convert(self.array, column_type)
            if values is not None:
                return values
        return self.parsed().convert(column_type)

    def convert_with_mismatches(self, column_type: ColumnType) -> tuple[pa.Array, dict[int, object]]:
        return self.parsed().convert_with_mismatches(column_type)

    def has_type(self, column_type: ColumnType) -> bool:
        return False

    def as_text(self) -> pa.Array:
        return self.array if self.stored == TEXT else self.parsed().as_text()


def read_table(text: bytes, name: str, first: int, types: Mapping[str, ColumnType]) -> PartTable:
    """Like `parse_json.read_table`, but for columns that will most likely be converted to these `types`."""
    parsed = cache(partial(parse_json.read_table, text, name, first))
    stored = {key: _stored_type(column_type) for key, column_type in types.items()}
    try:
        rows, arrays, surplus = _typed_columns(text, name, first, stored)
    except TypesDoNotFit:
        return parsed()
    cells = {key: TypedCells(array, stored[key], partial(_parsed_column, parsed, key)) for key, array in arrays.items()}
    return PartTable(rows, cells, surplus)


def _parsed_column(parsed: Callable[[], PartTable], key: str) -> Any:
    return parsed().columns[key]


def _stored_type(column_type: ColumnType) -> ColumnType:
    """The type with which a column is read. Dates, timestamps and columns with a declared type are read as text and
    converted later."""
    return TEXT if column_type.declared or column_type.type in ("date", "timestamp") else column_type


def _typed_columns(
    text: bytes, name: str, first: int, types: Mapping[str, ColumnType]
) -> tuple[int, dict[str, pa.Array], dict[int, list[str]]]:
    """Return the row count, the columns, and the surplus fields. Raises TypesDoNotFit if a column has values of another
    type."""
    sample = parse_json.read_table(next(chunks_of(text, SAMPLE_BYTES), b""), name, first)
    schema = _with_keys(pa.schema([]), sample, types)
    rows = 0
    pieces: list[dict[str, pa.Array]] = []
    sizes: list[int] = []
    surplus: dict[int, list[str]] = {}
    for chunk in chunks_of(text):
        if (batch := read_objects(chunk, schema)) is not None:
            sizes.append(batch.num_rows)
            pieces.append(
                {
                    key: _named(array, types[key].arrow_type)
                    for key, array in zip(schema.names, batch.columns, strict=True)
                }
            )
        else:
            parsed = parse_json.read_table(chunk, name, first + rows)
            schema = _with_keys(schema, parsed, types)
            sizes.append(parsed.rows)
            pieces.append(_converted(parsed, types))
            surplus |= {rows + row: values for row, values in parsed.surplus.items()}
        rows += sizes[-1]
    columns = {}
    for key in schema.names:
        arrays = [
            piece[key] if key in piece else pa.nulls(size, types[key].arrow_type)
            for piece, size in zip(pieces, sizes, strict=True)
        ]
        columns[key] = pa.concat_arrays(arrays)
    return rows, columns, surplus


def _converted(parsed: PartTable, types: Mapping[str, ColumnType]) -> dict[str, pa.Array]:
    columns = {}
    for key, cells in parsed.columns.items():
        array = cells.convert(types[key])
        if array is None:
            raise TypesDoNotFit
        columns[key] = array
    return columns


def _with_keys(schema: pa.Schema, parsed: PartTable, types: Mapping[str, ColumnType]) -> pa.Schema:
    """Add the keys of the parsed records to the schema, so that Arrow does not reject records with these keys."""
    known = {field.name: field.type for field in schema}
    for key, cells in parsed.columns.items():
        if key not in types:
            raise TypesDoNotFit
        values: Sequence[object] = cells.values  # type: ignore[attr-defined]  # they are JsonCells
        known[key] = _source_type(detailed_type_of(types[key]), values, known.get(key))
    return pa.schema(list(known.items()))


def _source_type(type_: AthenaType, values: Sequence[Any], known: pa.DataType | None) -> pa.DataType:
    """The Arrow type whose field names are the keys of the source.

    If the key of a field is neither in the values nor in the `known` type, the field keeps its own name.
    """
    match type_.name:
        case "array":
            items = list(chain.from_iterable(value for value in values if isinstance(value, list)))
            return pa.list_(_source_type(type_.members[0], items, known and known.value_type))
        case "struct":
            objects = [value for value in values if isinstance(value, dict)]
            written = {clean_name(key): key for key in chain.from_iterable(key_sequences(objects))}
            fields = []
            for place, (name, member) in enumerate(zip(type_.fields, type_.members, strict=True)):
                key = written.get(name, known.field(place).name if known else name)
                if clean_name(key) != name or LONE_SURROGATE.search(key):
                    raise TypesDoNotFit
                inner = _source_type(member, [value.get(key) for value in objects], known and known.field(place).type)
                fields.append(pa.field(key, inner))
            return pa.struct(fields)
    if type_.name not in SCALARS:
        raise TypesDoNotFit
    return SCALARS[type_.name]


def _named(array: pa.Array, type_: pa.DataType) -> pa.Array:
    """The array with its fields renamed to the field names of the type."""
    if array.type == type_:
        return array
    mask = array.is_null() if array.null_count else None
    if pa.types.is_list(type_):
        return pa.ListArray.from_arrays(array.offsets, _named(array.values, type_.value_type), mask=mask)
    members = [_named(array.field(place), field.type) for place, field in enumerate(type_)]
    return pa.StructArray.from_arrays(members, fields=list(type_), mask=mask)
