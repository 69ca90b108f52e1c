"""Suggest column_schema entries for columns that are text because of their notation, such as 20240131."""

import json
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from etl_runtime.columns.column_types import ColumnType, convert

DATE_PATTERNS = (
    "yyyyMMdd",
    "MM/dd/yyyy",
    "dd/MM/yyyy",
    "dd.MM.yyyy",
    "M/d/yyyy",
    "yyyy/MM/dd",
    "dd-MMM-yyyy",
    "MMM d, yyyy",
)
NUMBER_FORMATS = ("1,234", "1,234.56", "1.234,56", "1234,56")
INTEGER_TYPES = ("bigint", "decimal(38,0)")
NUMBER_TYPES = ("decimal(18,2)", "decimal(18,4)", "decimal(38,12)", "double")


def hint(text: pa.Array, inferred: ColumnType) -> dict[str, str] | None:
    """The column_schema entry with a better type than the inferred one.

    None if there is none, or if the column contains codes.

    If dates such as 01/02/2024 match two formats, the entry lists both, so that the user must choose one.
    """
    text = text.drop_null()
    if not len(text) or inferred.type not in ("string", "bigint"):
        return None
    if dates := [column_type for column_type in _dates() if convert(text, column_type) is not None]:
        formats = " or ".join(_distinct_orders([column_type.format for column_type in dates]))
        return {"type": dates[0].type, **({"format": formats} if formats else {})}
    if inferred.type == "bigint" or _has_leading_zero(text):
        return None
    found = next((column_type for column_type in _numbers(text) if convert(text, column_type) is not None), None)
    return {"type": found.type, **({"format": found.format} if found.format else {})} if found else None


def _dates() -> Iterator[ColumnType]:
    yield ColumnType("timestamp", declared=True)
    for pattern in DATE_PATTERNS:
        yield ColumnType("date", format=pattern, declared=True)


def _distinct_orders(formats: list[str]) -> list[str]:
    """The first format of each order of day and month. M/d/yyyy and MM/dd/yyyy have the same order."""
    found: dict[str, str] = {}
    for each in formats:
        found.setdefault(each.replace("MM", "M").replace("dd", "d"), each)
    return list(found.values())


def _numbers(text: pa.Array) -> Iterator[ColumnType]:
    integer_types = (
        () if pc.any(pc.match_substring_regex(text, "[.eE]")).as_py() else INTEGER_TYPES
    )  # 2.0 means that 2.5 is possible
    for number_format in ("", *NUMBER_FORMATS):
        for type in (*integer_types, *NUMBER_TYPES):
            yield ColumnType(type, format=number_format, declared=True)


def _has_leading_zero(text: pa.Array) -> bool:
    """Whether a value has a leading zero. Such values are codes, not numbers: 007."""
    return bool(pc.any(pc.match_substring_regex(text, r"^-?0\d")).as_py())


def hint_line(table: str, hints: dict[str, dict[str, str]]) -> str:
    """The line to paste into the dataset document."""
    return f"column_schema {json.dumps({table: hints}, ensure_ascii=False)}"
