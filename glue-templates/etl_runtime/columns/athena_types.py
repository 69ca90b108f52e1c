"""Athena and Glue data types, including nested types, and their equivalents in Arrow and Spark SQL."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NoReturn

import pyarrow as pa

SCALARS = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "binary": pa.binary(),
}
DECIMAL_TYPE = re.compile(r"decimal\((\d+),(\d+)\)")
TOKEN = re.compile(r"decimal\(\d+,\d+\)|[^,:<>]+|[,:<>]")


@dataclass(frozen=True)
class AthenaType:
    """A parsed data type.

    `name` is a scalar type such as decimal(18,2), or array, map or struct. `members` are the types inside a nested
    type. `fields` are the field names of a struct.
    """

    name: str
    members: tuple["AthenaType", ...] = ()
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.members:
            return self.name
        named = (
            [f"{field}:{member}" for field, member in zip(self.fields, self.members, strict=True)]
            if self.fields
            else self.members
        )
        return f"{self.name}<{','.join(map(str, named))}>"


def parsed(text: str) -> AthenaType:
    """Parse `struct<name:type,…>`, `array<…>`, `map<k,v>` or a scalar, nested to any depth.

    Scalar names are not validated.

    Raises ValueError if brackets, colons or commas are misplaced.
    """
    tokens = TOKEN.findall(text)
    type_, end = _parsed(tokens, 0, text)
    return type_ if end == len(tokens) else _invalid_type(text)


def _parsed(tokens: list[str], at: int, text: str) -> tuple[AthenaType, int]:
    """The type that starts at token `at`, and the index of the token after it."""
    name = _token(tokens, at, text)
    if name in ",:<>":
        _invalid_type(text)
    at += 1
    if name not in ("array", "map", "struct"):
        return AthenaType(name), at
    members: list[AthenaType] = []
    fields: list[str] = []
    separator = "<"
    while separator != ">":
        if _token(tokens, at, text) not in ("<" if not members else ",",):
            _invalid_type(text)
        at += 1
        if name == "struct":
            field, colon = _token(tokens, at, text), _token(tokens, at + 1, text)
            if field in ",:<>" or colon != ":":
                _invalid_type(text)
            fields.append(field)
            at += 2
        member, at = _parsed(tokens, at, text)
        members.append(member)
        separator = _token(tokens, at, text)
    if len(members) != {"array": 1, "map": 2}.get(name, len(members)):
        _invalid_type(text)
    return AthenaType(name, tuple(members), tuple(fields)), at + 1


def _token(tokens: list[str], at: int, text: str) -> str:
    return tokens[at] if at < len(tokens) else _invalid_type(text)


def _invalid_type(text: str) -> NoReturn:
    raise ValueError(
        f"{text} is not an Athena type. "
        "Use a type such as string, decimal(18,2), array<…>, map<k,v> or struct<name:type,…>."
    )


def spark_type(athena: str) -> str:
    """Convert the type to Spark SQL, which requires quoted struct field names."""
    return _quoted(parsed(athena))


def _quoted(type_: AthenaType) -> str:
    members = [_quoted(member) for member in type_.members]
    if type_.fields:
        members = [f"`{field}`:{member}" for field, member in zip(type_.fields, members, strict=True)]
    return f"{type_.name}<{','.join(members)}>" if members else type_.name


def arrow_type(athena: str) -> pa.DataType:
    """The Arrow type that stores an Athena type. Raises ValueError for a type that bronze tables do not use."""
    try:
        return arrow_type_of(parsed(athena), SCALARS)
    except KeyError:
        _invalid_type(athena)


def arrow_type_of(type_: AthenaType, scalars: Mapping[str, pa.DataType]) -> pa.DataType:
    """The Arrow type of a parsed type. Raises KeyError with the name of a scalar type that `scalars` does
    not contain."""
    if decimal := DECIMAL_TYPE.fullmatch(type_.name):
        return pa.decimal128(int(decimal[1]), int(decimal[2]))
    members = [arrow_type_of(member, scalars) for member in type_.members]
    match type_.name:
        case "array":
            return pa.list_(members[0])
        case "map":
            return pa.map_(*members)
        case "struct":
            return pa.struct(list(zip(type_.fields, members, strict=True)))
    return scalars[type_.name]


def athena_type(arrow: pa.DataType) -> str:
    """The inverse of `arrow_type`. Raises ValueError for an Arrow type that `arrow_type` does not return."""
    if pa.types.is_decimal128(arrow):
        return f"decimal({arrow.precision},{arrow.scale})"
    if pa.types.is_struct(arrow):
        return f"struct<{','.join(f'{field.name}:{athena_type(field.type)}' for field in arrow)}>"
    if pa.types.is_map(arrow):
        return f"map<{athena_type(arrow.key_type)},{athena_type(arrow.item_type)}>"
    if pa.types.is_list(arrow):
        return f"array<{athena_type(arrow.value_type)}>"
    for name, scalar in SCALARS.items():
        if scalar == arrow:
            return name
    raise ValueError(f"The Arrow type {arrow} has no Athena type in bronze tables.")


def widened(published: str, seen: str) -> str:
    """Return the published type, extended with the struct fields that only `seen` has, at any depth. Nothing else
    changes."""
    return str(_widened(parsed(published), parsed(seen)))


def _widened(published: AthenaType, seen: AthenaType) -> AthenaType:
    if published.name != seen.name or not published.members:
        return published
    if published.name != "struct":
        return replace(published, members=tuple(map(_widened, published.members, seen.members)))
    found = dict(zip(seen.fields, seen.members, strict=True))
    published_members = [
        _widened(member, found.pop(field, member))
        for field, member in zip(published.fields, published.members, strict=True)
    ]
    return AthenaType("struct", (*published_members, *found.values()), (*published.fields, *found))
