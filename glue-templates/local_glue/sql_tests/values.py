"""Converts values in test files from text to the types of columns, and values of columns to text for messages."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Context, Decimal, InvalidOperation
from typing import Any

import pyarrow as pa

from etl_runtime.columns.athena_types import DECIMAL_TYPE, SCALARS, AthenaType, arrow_type_of, athena_type

SMALL_TYPES = {"tinyint": pa.int8(), "smallint": pa.int16(), "int": pa.int32(), "float": pa.float32()}
"""Types that derived tables can have, but bronze tables cannot."""
INTEGER_BITS = {"tinyint": 8, "smallint": 16, "int": 32, "bigint": 64}
DIGITS = Context(prec=76)
"""The default context has fewer digits than an Athena decimal."""
_INTEGER = re.compile(r"[-+]?\d+")
_BOOLEANS = {"true": True, "false": False}
_NOT_FINITE = {"nan": "nan", ".nan": "nan", "inf": "inf", ".inf": "inf", "infinity": "inf"}


class ValueProblem(Exception):
    """A value in a test does not fit the type of its column. The message states what was found and what is expected."""


def arrow_type(type_: AthenaType) -> pa.DataType:
    """The Arrow type for the Athena type of a column of any layer. Raises ValueError if the type is unknown."""
    try:
        return arrow_type_of(type_, SCALARS | SMALL_TYPES)
    except KeyError as error:
        raise ValueError(f"{error.args[0]} is not an Athena type") from None


def type_of_arrow(arrow: pa.DataType) -> str:
    """The Athena type of a column in a Parquet file."""
    small = next((name for name, each in SMALL_TYPES.items() if each == arrow), None)
    if small:
        return small
    if pa.types.is_timestamp(arrow):
        return "timestamp"
    if pa.types.is_large_string(arrow) or pa.types.is_dictionary(arrow):
        return "string"
    return athena_type(arrow)


def is_plain(cell: Any) -> bool:
    """Whether the cell is an unquoted number or boolean."""
    return isinstance(cell, Mapping) and not cell.keys().isdisjoint(("number", "boolean"))


def value_of(cell: Any, type_: AthenaType) -> Any:
    """Convert a cell to the Python value that Arrow's `to_pylist` returns. Raises ValueProblem if the cell does not fit
    the type."""
    if cell is None:
        return None
    if type_.members:
        return _nested(cell, type_)
    if isinstance(cell, list) or (isinstance(cell, Mapping) and "map" in cell):
        raise ValueProblem(f"is a {'list' if isinstance(cell, list) else 'mapping'}, but the type is {type_}")
    text = str(next(iter(cell.values()))) if isinstance(cell, Mapping) else str(cell)
    try:
        return _scalar(text, type_.name)
    except (ValueError, InvalidOperation) as error:
        raise ValueProblem(f"is {text!r}, which is not a {type_}{_hint(type_.name)}") from error


def _nested(cell: Any, type_: AthenaType) -> Any:
    if type_.name == "array":
        if not isinstance(cell, list):
            raise ValueProblem(f"is not a list, but the type is {type_}")
        return [value_of(each, type_.members[0]) for each in cell]
    if not isinstance(cell, Mapping) or "map" not in cell:
        raise ValueProblem(f"is not a mapping, but the type is {type_}")
    entries = cell["map"]
    if type_.name == "map":
        return [(value_of(key, type_.members[0]), value_of(value, type_.members[1])) for key, value in entries.items()]
    if unknown := [name for name in entries if name not in type_.fields]:
        raise ValueProblem(f"has the field {unknown[0]}, but the type is {type_}")
    return {name: value_of(entries.get(name), member) for name, member in zip(type_.fields, type_.members, strict=True)}


def _scalar(text: str, name: str) -> Any:
    if name == "string":
        return text
    stripped = text.strip()
    if name in INTEGER_BITS:
        if not _INTEGER.fullmatch(stripped) or not -(1 << INTEGER_BITS[name] - 1) <= int(stripped) < 1 << (
            INTEGER_BITS[name] - 1
        ):
            raise ValueError
        return int(stripped)
    if name in ("double", "float"):
        sign, rest = ("-", stripped[1:]) if stripped.startswith("-") else ("", stripped)
        number = float(sign + _NOT_FINITE.get(rest.lower(), rest))
        return pa.scalar(number, SMALL_TYPES["float"]).as_py() if name == "float" else number
    if name == "boolean":
        return _BOOLEANS[stripped.lower()] if stripped.lower() in _BOOLEANS else _no()
    if decimal := DECIMAL_TYPE.fullmatch(name):
        return _decimal(stripped, int(decimal[1]), int(decimal[2]))
    if name == "date":
        return date.fromisoformat(stripped)
    if name == "timestamp":
        moment = datetime.fromisoformat(stripped)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    if name == "binary":
        return bytes.fromhex(stripped)
    raise ValueError


def _decimal(text: str, precision: int, scale: int) -> Decimal:
    value = Decimal(text)
    fixed = value.quantize(Decimal(1).scaleb(-scale), context=DIGITS) if value.is_finite() else _no()
    if fixed != value or len(fixed.as_tuple().digits) > precision:
        raise ValueError
    return fixed


def _no() -> Any:
    raise ValueError


def _hint(name: str) -> str:
    if DECIMAL_TYPE.fullmatch(name):
        return ", because it has too many digits or is not a number"
    return {
        "boolean": "; write true or false",
        "date": "; write 2026-11-02, for example",
        "timestamp": "; write 2026-11-02 10:00:00, for example, in UTC or with an offset",
        "binary": "; write hexadecimal digits",
    }.get(name, "")


def text_of(value: Any) -> str | None:
    """The value as it is written in a test file. None for NULL."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(sep=" ")
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Sequence | Mapping):
        return json.dumps(plain(value), ensure_ascii=False)
    return str(value)


def plain(value: Any) -> Any:
    """Convert the value to JSON. Nested values become lists and objects. Numbers stay numbers if JSON represents them
    exactly. All other values become text."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else str(value)
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list) and value and all(isinstance(each, tuple) for each in value):
        return {str(text_of(key)): plain(each) for key, each in value}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return text_of(value)
