"""The cells of a column of JSON, and what they are in a table.

An array is made of all cells at once: a struct of one array for each of its fields, an array of one for all its items.
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
    json_text,
    plain,
    scalar_text,
    shapes,
    transposed,
    without_collection,
)
from etl_runtime.read.json.json_inference import JsonInference, clean_name, infer, spelled_type
from etl_runtime.read.json.json_numbers import bigints, decimals, doubles

TEXTS: frozenset[type] = frozenset({str})
TEXTS_OR_NULL = TEXTS | {type(None)}
NUMBERS: frozenset[type] = frozenset({int, Number})
SCALARS = NUMBERS | {str, bool}
KINDS: dict[str, frozenset[type]] = {
    "struct": frozenset({dict}),
    "array": frozenset({list}),
    "boolean": frozenset({bool}),
    "bigint": NUMBERS,
    "double": NUMBERS,
    "string": TEXTS,
}
EMPTY: Object = {}
NOTHING: list[object] = []


@dataclass(frozen=True)
class JsonCells:
    """The cells of one column, by row: values as `json_values` describes them, None for null and missing."""

    values: Sequence[object]

    @without_collection()
    def infer(self) -> JsonInference:
        """What these cells may become."""
        return infer(self.values)

    @without_collection()
    def stored(self, form: ColumnType) -> pa.Array | None:
        """The cells as values of the form's type, or None where one does not fit: a number is no text, 3.0 no bigint."""
        array, misfits = _array(self.values, form, strict=True)
        return None if misfits else array

    @without_collection()
    def stored_with_misfits(self, form: ColumnType) -> tuple[pa.Array, dict[int, object]]:
        """The values, null where a cell does not fit; and by row the cells that do not fit, as json.dumps takes them.

        What is published is given more leave: a scalar of any kind is stored in a column of text, and 3.0 in one of bigint. An
        object with a key for which the struct has no field does not fit, unless null is all there is.
        """
        array, misfits = _array(self.values, form, strict=False)
        if not misfits:
            return array, {}
        fitting = list(self.values)
        for row in misfits:
            fitting[row] = None
        array, _ = _array(fitting, form, strict=False)
        return array, {row: plain(self.values[row]) for row in misfits}

    def as_text(self) -> pa.Array:
        """Scalars as text, objects and lists as JSON text, and so a text that holds half a character, which UTF-8 cannot say."""
        texts = [
            value
            if value is None or type(value) is str
            else json_text(value)
            if type(value) in (dict, list)
            else scalar_text(value)
            for value in self.values
        ]
        array, misfits = _texts(texts)
        if not misfits:
            return array
        for row in misfits:
            texts[row] = json_text(texts[row])
        return pa.array(texts, pa.string())


Stored = tuple[
    pa.Array, list[int]
]  # the array, and the rows whose values do not fit: what it holds there means nothing


def _array(values: Sequence[object], form: ColumnType, strict: bool) -> Stored:
    if form.type not in ("date", "timestamp"):
        return _built(values, spelled_type(form), strict)
    fitting, other_kinds = _of_kinds(values, TEXTS)
    texts, unwritable = _texts(fitting)
    array, misfits = _dates(texts, form)
    return array, _joined(other_kinds, unwritable, misfits)


def _dates(texts: pa.Array, form: ColumnType) -> Stored:
    if (array := column_types.stored(texts, form)) is not None:
        return array, []
    array, misfits = column_types.stored_with_misfits(texts, form)
    return array, pc.indices_nonzero(misfits).to_pylist()


def _built(values: Sequence[object], type_: AthenaType, strict: bool) -> Stored:
    """An array of any type but dates, which only columns are; `text` and `json` stand for such strings."""
    name = type_.name
    if name == "json":
        return pa.array([None if value is None else json_text(value) for value in values], pa.string()), []
    fitting, other_kinds = _of_kinds(values, _kinds(name, strict))
    match name:
        case "struct":
            array, misfits = _structs(fitting, type_, strict)
        case "array":
            array, misfits = _lists(fitting, type_.members[0], strict)
        case "boolean":
            array, misfits = pa.array(fitting, pa.bool_()), []
        case "bigint":
            array, misfits = bigints(fitting)
        case "double":
            array, misfits = doubles(fitting)
        case "string" | "text":
            array, misfits = _texts(fitting)
        case _ if decimal := DECIMAL_TYPE.fullmatch(name):
            array, misfits = decimals(fitting, int(decimal[1]), int(decimal[2]))
        case _:
            array, misfits = pa.nulls(len(values), arrow_type(str(type_))), []
    return array, _joined(other_kinds, misfits)


def _kinds(name: str, strict: bool) -> frozenset[type]:
    """The kinds of values that a type takes. JSON has none for binary, for a map, and for a date that is nested."""
    if name == "bigint" and strict:
        return frozenset({int})
    if name == "text" or (name == "string" and not strict):
        return SCALARS
    return NUMBERS if DECIMAL_TYPE.fullmatch(name) else KINDS.get(name, frozenset())


def _of_kinds(values: Sequence[object], kinds: frozenset[type]) -> tuple[Sequence[Any], list[int]]:
    """The values with None in place of all of other kinds, and the rows of these."""
    if set(map(type, values)) <= kinds | {type(None)}:
        return values, []
    other = [row for row, value in enumerate(values) if value is not None and type(value) not in kinds]
    return [value if type(value) in kinds else None for value in values], other


def _texts(values: Sequence[object]) -> Stored:
    """The texts of scalars. One that holds half a character does not fit."""
    texts = (
        values
        if set(map(type, values)) <= TEXTS_OR_NULL
        else [value if value is None else scalar_text(value) for value in values]
    )
    try:
        return pa.array(texts, pa.string()), []
    except UnicodeEncodeError:
        unwritable = [row for row, text in enumerate(texts) if isinstance(text, str) and LONE_SURROGATE.search(text)]
        kept = [None if isinstance(text, str) and LONE_SURROGATE.search(text) else text for text in texts]
        return pa.array(kept, pa.string()), unwritable


def _lists(lists: Sequence[list[object] | None], item: AthenaType, strict: bool) -> Stored:
    filled = [NOTHING if value is None else value for value in lists]
    items, misfits = _built(list(chain.from_iterable(filled)), item, strict)
    offsets = np.cumsum([0, *map(len, filled)], dtype=np.int32)
    array = pa.ListArray.from_arrays(pa.array(offsets), items, mask=_nulls(lists))
    return array, (np.searchsorted(offsets, misfits, side="right") - 1).tolist()


def _structs(objects: Sequence[Object | None], type_: AthenaType, strict: bool) -> Stored:
    records = [EMPTY if value is None else value for value in objects]
    found = shapes(records)
    keys: dict[str, list[str]] = {name: [] for name in type_.fields}
    unknown: set[str] = set()
    for key in dict.fromkeys(chain.from_iterable(found)):
        if (name := clean_name(key)) in keys:
            keys[name].append(key)
        else:
            unknown.add(key)
    colliding = {shape for shape in found if len(set(map(clean_name, shape))) < len(shape)}
    misfits: list[list[int]] = []
    if unknown or colliding:
        misfits = [
            [
                row
                for row, record in enumerate(records)
                if _has(record, unknown) or (colliding and tuple(record) in colliding)
            ]
        ]
    values = transposed(records, found, set(chain.from_iterable(keys.values())))
    arrays = []
    for name, member in zip(type_.fields, type_.members, strict=True):
        array, wrong = _built(_merged([values[key] for key in keys[name]], len(records)), member, strict)
        arrays.append(array)
        misfits.append(wrong)
    fields = [pa.field(name, array.type) for name, array in zip(type_.fields, arrays, strict=True)]
    return pa.StructArray.from_arrays(arrays, fields=fields, mask=_nulls(objects)), _joined(*misfits)


def _has(record: Object, keys: set[str]) -> bool:
    return any(value is not None and key in keys for key, value in record.items()) if keys else False


def _merged(columns: list[Sequence[object]], rows: int) -> Sequence[object]:
    """One column of those that differ by the spelling of their key, of which a record has one at most."""
    if len(columns) < 2:
        return columns[0] if columns else [None] * rows
    return [next((value for value in values if value is not None), None) for values in zip(*columns, strict=True)]


def _nulls(values: Sequence[object]) -> pa.Array | None:
    return pa.array([value is None for value in values], pa.bool_()) if type(None) in set(map(type, values)) else None


def _joined(*rows: list[int]) -> list[int]:
    return sorted(set().union(*rows)) if any(rows) else []
