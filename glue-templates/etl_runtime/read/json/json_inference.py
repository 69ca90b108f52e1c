"""Type inference for JSON columns, from facts about the cells. The facts can be merged in any order."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain
from typing import Any

import pyarrow as pa

from etl_runtime.columns import column_types
from etl_runtime.columns.athena_types import AthenaType, parsed
from etl_runtime.columns.column_types import BOOLEANS, DATE, TIMESTAMP, ColumnType, ScalarInference
from etl_runtime.columns.json_values import Number, Object
from etl_runtime.columns.names import clean_name as _clean_name
from etl_runtime.columns.names import dropped_characters
from etl_runtime.read.json.json_numbers import NumberFacts, facts

MAX_FIELDS = 200  # an object with more fields than this is a map, and its keys are data
MAX_DEPTH = 12  # deeper values are JSON text, so that the depth of recursive data (comment threads) does not matter
MAX_TYPE_CHARACTERS = 100_000  # Glue's limit is 131,072
JSON_TYPES = {bool: "boolean", int: "number", Number: "number", str: "text", dict: "object", list: "array"}

clean_name = lru_cache(maxsize=100_000)(_clean_name)


@dataclass(frozen=True)
class Member:
    """A field of JSON objects: its lowest position in any object, and the type inference from its values."""

    place: int
    inference: "JsonInference"

    def merged(self, other: "Member") -> "Member":
        return Member(min(self.place, other.place), self.inference.merged(other.inference))


@dataclass(frozen=True)
class JsonInference:
    """The JSON types of the cells, and facts about the cells of each type. All facts are empty if no cell has a value.

    `opaque` means that the cells can only be stored as JSON text, because of too many fields for a struct, keys with
    the same clean name, keys that are not ASCII, nesting that is too deep, or strings with an unpaired surrogate. In
    this case, other facts are not collected.
    """

    json_types: frozenset[str] = frozenset()
    numbers: NumberFacts | None = None
    texts: ScalarInference = ScalarInference()
    members: Mapping[str, Member] = field(default_factory=dict)
    items: "JsonInference | None" = None
    opaque: bool = False

    @property
    def best(self) -> ColumnType:
        """The preferred column type.

        Its `spelling` is `text` for scalars of several types and `json` for JSON text. For a nested type, `spelling` is
        the type with `text` or `json` instead of `string`.
        """
        if self.json_types == {"text"} and self.texts.candidates:
            return self.texts.best
        if self.json_types == {"boolean"}:
            return BOOLEANS[0]
        column_type = _column_type(self.detailed_type)
        return column_type if len(column_type.type) <= MAX_TYPE_CHARACTERS else ColumnType("string", "json")

    @property
    def unseen(self) -> bool:
        return self == JsonInference()

    @property
    def detailed_type(self) -> AthenaType:
        """The preferred type, with `text` or `json` instead of `string` as in `best`, and with dates as strings."""
        if self.opaque:
            return AthenaType("json")
        match sorted(self.json_types):
            case ["number"] if self.numbers:
                return AthenaType(self.numbers.best)
            case ["boolean"]:
                return AthenaType("boolean")
            case ["array"]:
                return AthenaType("array", ((self.items or JsonInference()).detailed_type,))
            case ["object"] if self.members:
                found = dict(self._in_order())
                return AthenaType(
                    "struct", tuple(inference.detailed_type for inference in found.values()), tuple(found)
                )
            case [] | ["text"]:
                return AthenaType("string")
        return AthenaType("json" if self.json_types & {"object", "array"} else "text")

    def _in_order(self) -> Iterator[tuple[str, "JsonInference"]]:
        for name, member in sorted(self.members.items(), key=lambda item: (item[1].place, item[0])):
            yield name, member.inference

    def merged(self, other: "JsonInference") -> "JsonInference":
        """Merge the facts about the cells of both inferences. A type that either inference excludes stays excluded."""
        if self.opaque or other.opaque:
            return OPAQUE
        members = dict(self.members)
        for name, member in other.members.items():
            members[name] = members[name].merged(member) if name in members else member
        if len(members) > MAX_FIELDS:
            return OPAQUE
        numbers = (
            self.numbers.merged(other.numbers) if self.numbers and other.numbers else self.numbers or other.numbers
        )
        items = self.items.merged(other.items) if self.items and other.items else self.items or other.items
        return JsonInference(
            self.json_types | other.json_types, numbers, self.texts.merged(other.texts), members, items
        )

    def widened(self, column_type: ColumnType) -> ColumnType:
        """The published type, extended by the nested fields that have a value in the cells but are not published."""
        published = detailed_type_of(column_type)
        wider = _widened(published, self)
        return column_type if wider == published or len(str(wider)) > MAX_TYPE_CHARACTERS else _column_type(wider)


OPAQUE = JsonInference(opaque=True)


def _widened(published: AthenaType, inference: JsonInference) -> AthenaType:
    if published.name == "array" and inference.items:
        return replace(published, members=(_widened(published.members[0], inference.items),))
    if published.name != "struct":
        return published
    found = dict(inference._in_order())
    published_members = [
        _widened(member, found.get(name, JsonInference()))
        for name, member in zip(published.fields, published.members, strict=True)
    ]
    new = {
        name: other.detailed_type
        for name, other in found.items()
        if name not in published.fields and other != JsonInference()
    }
    if len(published_members) + len(new) > MAX_FIELDS:
        new = {}
    return AthenaType("struct", (*published_members, *new.values()), (*published.fields, *new))


def detailed_type_of(column_type: ColumnType) -> AthenaType:
    """The type of a column, with `text` or `json` instead of `string` where its `spelling` contains these words."""
    if column_type.type == "string":
        return AthenaType(column_type.spelling if column_type.spelling in ("text", "json") else "string")
    return parsed(column_type.spelling if "<" in column_type.spelling else column_type.type)


def _column_type(detailed_type: AthenaType) -> ColumnType:
    """The inverse of `detailed_type_of`."""
    type_ = str(_athena_type(detailed_type))
    return ColumnType(type_, "" if type_ == str(detailed_type) else str(detailed_type))


def _athena_type(detailed_type: AthenaType) -> AthenaType:
    if detailed_type.name in ("text", "json"):
        return AthenaType("string")
    return replace(detailed_type, members=tuple(map(_athena_type, detailed_type.members)))


def infer(values: Sequence[object], depth: int = 0) -> JsonInference:
    """Infer the type of cells at a nesting depth. Only cells at depth 0 can be dates."""
    by_type: dict[str, list[Any]] = {}
    for type_ in set(map(type, values)) - {type(None)}:
        by_type.setdefault(JSON_TYPES[type_], []).extend(value for value in values if type(value) is type_)
    if depth >= MAX_DEPTH and by_type.keys() & {"object", "array"}:
        return OPAQUE
    inference = JsonInference(frozenset(by_type))
    for json_type, cells in by_type.items():
        match json_type:
            case "number":
                inference = inference.merged(JsonInference(numbers=facts(cells)))
            case "text":
                inference = inference.merged(_infer_texts(cells, depth))
            case "object":
                inference = inference.merged(_infer_objects(cells, depth))
            case "array":
                inference = inference.merged(JsonInference(items=infer(list(chain.from_iterable(cells)), depth + 1)))
    return inference


def _infer_texts(texts: Sequence[object], depth: int) -> JsonInference:
    try:
        array = pa.array(texts, pa.string())
    except UnicodeEncodeError:
        return OPAQUE
    if depth:
        return JsonInference(texts=ScalarInference(()))
    dates = [DATE]
    if TIMESTAMP.fullmatch(first := array[0].as_py()):
        dates.append(ColumnType("timestamp", re.sub(r"\d", "0", first)))
    return JsonInference(
        texts=ScalarInference(
            tuple(column_type for column_type in dates if column_types.convert(array, column_type) is not None)
        )
    )


def _infer_objects(objects: Sequence[Object], depth: int) -> JsonInference:
    places: dict[str, int] = {}
    sources: dict[str, dict[str, None]] = {}
    for shape in dict.fromkeys(map(tuple, objects)):
        names = [clean_name(key) for key in shape]
        if len(set(names)) < len(names) or any(map(dropped_characters, shape)):
            return OPAQUE
        for place, (key, name) in enumerate(zip(shape, names, strict=True)):
            places[name] = min(place, places.get(name, place))
            sources.setdefault(name, {})[key] = None
        if len(places) > MAX_FIELDS:
            return OPAQUE
    return JsonInference(
        members={
            name: Member(
                places[name], infer([record[key] for key in keys for record in objects if key in record], depth + 1)
            )
            for name, keys in sources.items()
        }
    )
