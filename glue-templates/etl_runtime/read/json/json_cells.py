"""Convert the cells of a JSON column to Arrow arrays.

Nested types are converted column by column: a struct from one array per field, a list from one array of all its items.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_runtime.columns import column_types
from etl_runtime.columns.athena_types import DECIMAL_TYPE, AthenaType, arrow_type
from etl_runtime.columns.column_types import ColumnType
from etl_runtime.columns.json_values import (
    LONE_SURROGATE,
    Number,
    Object,
    json_compatible,
    json_text,
    key_sequences,
    scalar_text,
    transposed,
    without_garbage_collection,
)
from etl_runtime.read.json.json_inference import JsonInference, clean_name, detailed_type_of, infer
from etl_runtime.read.json.json_numbers import bigints, decimals, doubles

TEXTS: frozenset[type] = frozenset({str})
TEXTS_OR_NULL = TEXTS | {type(None)}
NUMBERS: frozenset[type] = frozenset({int, Number})
SCALARS = NUMBERS | {str, bool}
PYTHON_TYPES: dict[str, frozenset[type]] = {
    "struct": frozenset({dict}),
    "array": frozenset({list}),
    "boolean": frozenset({bool}),
    "bigint": NUMBERS,
    "double": NUMBERS,
    "string": TEXTS,
}
EMPTY_OBJECT: Object = {}
EMPTY_LIST: list[object] = []


@dataclass(frozen=True)
class JsonCells:
    """The cells of one column in row order, as described in `json_values`. None means null or missing."""

    values: Sequence[object]

    @without_garbage_collection()
    def infer(self) -> JsonInference:
        return infer(self.values)

    @without_garbage_collection()
    def convert(self, column_type: ColumnType) -> pa.Array | None:
        """Convert the cells to values of the type. Returns None if any cell does not match.

        The conversion is strict: a number is not text, and 3.0 is not a bigint.
        """
        array, mismatches = _array(self.values, column_type, strict=True)
        return None if mismatches else array

    @without_garbage_collection()
    def convert_with_mismatches(self, column_type: ColumnType) -> tuple[pa.Array, dict[int, object]]:
        """Return the values, with null for each cell that does not match the type, and the mismatching cells as values
        for json.dumps, keyed by row number.

        This method is less strict than `convert`, and is meant for published types: a text column accepts any scalar,
        and a bigint column accepts 3.0. An object does not match if it has a value for a key that is not a field of the
        struct.
        """
        array, mismatches = _array(self.values, column_type, strict=False)
        if not mismatches:
            return array, {}
        fitting = list(self.values)
        for row in mismatches:
            fitting[row] = None
        array, _ = _array(fitting, column_type, strict=False)
        return array, {row: json_compatible(self.values[row]) for row in mismatches}

    def has_type(self, column_type: ColumnType) -> bool:
        return False

    def as_text(self) -> pa.Array:
        """Convert scalars to text. Objects, lists, and strings with an unpaired surrogate (invalid in UTF-8) become
        JSON text."""
        texts = [
            value
            if value is None or type(value) is str
            else json_text(value)
            if type(value) in (dict, list)
            else scalar_text(value)
            for value in self.values
        ]
        array, mismatches = _texts(texts)
        if not mismatches:
            return array
        for row in mismatches:
            texts[row] = json_text(texts[row])
        return pa.array(texts, pa.string())


Converted = tuple[pa.Array, list[int]]  # the array, and the rows that do not match (with undefined values)


def _array(values: Sequence[object], column_type: ColumnType, strict: bool) -> Converted:
    if column_type.type not in ("date", "timestamp"):
        return _array_of(values, detailed_type_of(column_type), strict)
    fitting, other_types = _only_types(values, TEXTS)
    texts, unwritable = _texts(fitting)
    array, mismatches = _dates(texts, column_type)
    return array, _union(other_types, unwritable, mismatches)


def _dates(texts: pa.Array, column_type: ColumnType) -> Converted:
    if (array := column_types.convert(texts, column_type)) is not None:
        return array, []
    array, mismatches = column_types.convert_with_mismatches(texts, column_type)
    return array, pc.indices_nonzero(mismatches).to_pylist()


def _array_of(values: Sequence[object], type_: AthenaType, strict: bool) -> Converted:
    """Convert the values to an array of any type except dates and timestamps, which are never nested.

    The type can also be `text` or `json`, as returned by `detailed_type_of`.
    """
    name = type_.name
    if name == "json":
        return pa.array([None if value is None else json_text(value) for value in values], pa.string()), []
    fitting, other_types = _only_types(values, _accepted_types(name, strict))
    match name:
        case "struct":
            array, mismatches = _structs(fitting, type_, strict)
        case "array":
            array, mismatches = _lists(fitting, type_.members[0], strict)
        case "boolean":
            array, mismatches = pa.array(fitting, pa.bool_()), []
        case "bigint":
            array, mismatches = bigints(fitting)
        case "double":
            array, mismatches = doubles(fitting)
        case "string" | "text":
            array, mismatches = _texts(fitting)
        case _ if decimal := DECIMAL_TYPE.fullmatch(name):
            array, mismatches = decimals(fitting, int(decimal[1]), int(decimal[2]))
        case _:
            array, mismatches = pa.nulls(len(values), arrow_type(str(type_))), []
    return array, _union(other_types, mismatches)


def _accepted_types(name: str, strict: bool) -> frozenset[type]:
    """The Python types that match a column type. Binary, maps and nested dates have no matching type."""
    if name == "bigint" and strict:
        return frozenset({int})
    if name == "text" or (name == "string" and not strict):
        return SCALARS
    return NUMBERS if DECIMAL_TYPE.fullmatch(name) else PYTHON_TYPES.get(name, frozenset())


def _only_types(values: Sequence[object], types: frozenset[type]) -> tuple[Sequence[Any], list[int]]:
    """The values, with None in place of values of other types, and the rows that contain those values."""
    if set(map(type, values)) <= types | {type(None)}:
        return values, []
    other = [row for row, value in enumerate(values) if value is not None and type(value) not in types]
    return [value if type(value) in types else None for value in values], other


def _texts(values: Sequence[object]) -> Converted:
    """Convert scalars to text. A string with an unpaired surrogate does not match."""
    texts = (
        values
        if set(map(type, values)) <= TEXTS_OR_NULL
        else [value if value is None else scalar_text(value) for value in values]
    )
    try:
        return pa.array(texts, pa.string()), []
    except UnicodeEncodeError:
        unwritable = [row for row, text in enumerate(texts) if isinstance(text, str) and LONE_SURROGATE.search(text)]
        encodable = [None if isinstance(text, str) and LONE_SURROGATE.search(text) else text for text in texts]
        return pa.array(encodable, pa.string()), unwritable


def _lists(lists: Sequence[list[object] | None], item: AthenaType, strict: bool) -> Converted:
    filled = [EMPTY_LIST if value is None else value for value in lists]
    items, mismatches = _array_of(list(chain.from_iterable(filled)), item, strict)
    offsets = np.cumsum([0, *map(len, filled)], dtype=np.int32)
    array = pa.ListArray.from_arrays(pa.array(offsets), items, mask=_nulls(lists))
    return array, (np.searchsorted(offsets, mismatches, side="right") - 1).tolist()


def _structs(objects: Sequence[Object | None], type_: AthenaType, strict: bool) -> Converted:
    records = [EMPTY_OBJECT if value is None else value for value in objects]
    sequences = key_sequences(records)
    keys: dict[str, list[str]] = {name: [] for name in type_.fields}
    unknown: set[str] = set()
    for key in dict.fromkeys(chain.from_iterable(sequences)):
        if (name := clean_name(key)) in keys:
            keys[name].append(key)
        else:
            unknown.add(key)
    colliding = {
        keys_of_object
        for keys_of_object in sequences
        if len(set(map(clean_name, keys_of_object))) < len(keys_of_object)
    }
    mismatches: list[list[int]] = []
    if unknown or colliding:
        mismatches = [
            [
                row
                for row, record in enumerate(records)
                if _has(record, unknown) or (colliding and tuple(record) in colliding)
            ]
        ]
    values = transposed(records, sequences, set(chain.from_iterable(keys.values())))
    arrays = []
    for name, member in zip(type_.fields, type_.members, strict=True):
        array, wrong = _array_of(_merged([values[key] for key in keys[name]], len(records)), member, strict)
        arrays.append(array)
        mismatches.append(wrong)
    fields = [pa.field(name, array.type) for name, array in zip(type_.fields, arrays, strict=True)]
    return pa.StructArray.from_arrays(arrays, fields=fields, mask=_nulls(objects)), _union(*mismatches)


def _has(record: Object, keys: set[str]) -> bool:
    return any(value is not None and key in keys for key, value in record.items()) if keys else False


def _merged(columns: list[Sequence[object]], rows: int) -> Sequence[object]:
    """Merge the columns of keys with the same clean name. A record has at most one of these keys."""
    if len(columns) < 2:
        return columns[0] if columns else [None] * rows
    return [next((value for value in values if value is not None), None) for values in zip(*columns, strict=True)]


def _nulls(values: Sequence[object]) -> pa.Array | None:
    return pa.array([value is None for value in values], pa.bool_()) if type(None) in set(map(type, values)) else None


def _union(*rows: list[int]) -> list[int]:
    return sorted(set().union(*rows)) if any(rows) else []
