"""Suggests column_schema entries for columns that allow a more specific type than the inferred one, such as dates like
20240131.
"""

import json
import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from etl_runtime.columns.column_types import ColumnType, convert
from etl_runtime.columns.declared_types import NOT_FINITE

DATE_PATTERNS = (
    "yyyyMMdd",
    "MM/dd/yyyy",
    "dd/MM/yyyy",
    "dd.MM.yyyy",
    "M/d/yyyy",
    "d/M/yyyy",
    "d.M.yyyy",
    "yyyy/MM/dd",
    "dd-MMM-yyyy",
    "MMM d, yyyy",
)
NUMBER_FORMATS = ("1,234", "1,234.56", "1.234,56", "1234,56")
INTEGER_TYPES = ("bigint", "decimal(38,0)")
NUMBER_TYPES = ("decimal(18,2)", "decimal(18,4)", "decimal(38,12)", "double")


TIME = re.compile(
    r"(?P<date>.*?\d)(?P<gap>[ ,]+)(?P<time>\d{1,2}:\d\d(?P<s>:\d\d(?P<f>\.\d{1,6})?)?)(?P<half>\s?[AaPp]\.?[Mm]\.?)?"
)
CURRENCY = "[A-Za-z]{0,3}[$¢-¥฿₠-⃀]"  # letters alone are not a currency: A12 and BOE 737 are codes
AMOUNT = re.compile(rf"[-+]?(?P<prefix>(?:{CURRENCY})\s?)?[-+]?\d[\d.,'’  ]*?(?P<suffix>\s?(?:{CURRENCY}))?")


def hint(text: pa.Array, inferred: ColumnType) -> dict[str, str] | None:
    """Return the column_schema entry for a type that is better than the inferred one.

    Returns None if there is no better type, or if the column contains codes.

    If dates such as 01/02/2024 match two formats, the entry lists both, and the user must choose one.
    """
    text = text.drop_null()
    if not len(text) or inferred.type not in ("string", "bigint"):
        return None
    if dates := [column_type for column_type in _dates(text[0].as_py()) if convert(text, column_type) is not None]:
        formats = " or ".join(distinct_orders([column_type.format for column_type in dates]))
        return {"type": dates[0].type, **({"format": formats} if formats else {})}
    if inferred.type == "bigint" or _has_leading_zero(text) or _has_not_finite(text):
        return None
    found = next((column_type for column_type in _numbers(text) if convert(text, column_type) is not None), None)
    return {"type": found.type, **({"format": found.format} if found.format else {})} if found else None


def _dates(first: str) -> Iterator[ColumnType]:
    yield ColumnType("timestamp", declared=True)
    if time := TIME.fullmatch(first):
        for pattern in DATE_PATTERNS:
            for clock in _clocks(time):
                yield ColumnType("timestamp", format=f"{pattern}{time['gap']}{clock}", declared=True)
        return
    for pattern in DATE_PATTERNS:
        yield ColumnType("date", format=pattern, declared=True)


def _clocks(time: re.Match[str]) -> Iterator[str]:
    """The patterns for a time of day. The pattern with a two-digit hour comes first."""
    rest = ":mm" + (":ss" if time["s"] else "") + (f".{'S' * (len(time['f']) - 1)}" if time["f"] else "")
    if time["half"]:
        half = (" " if time["half"][0].isspace() else "") + "a"
        yield from (f"hh{rest}{half}", f"h{rest}{half}")
    else:
        yield from (f"HH{rest}", f"H{rest}")


def distinct_orders(formats: list[str]) -> list[str]:
    """The first format for each order of day and month. M/d/yyyy and MM/dd/yyyy have the same order."""
    found: dict[str, str] = {}
    for each in formats:
        order = each
        for part in ("M", "d", "H", "h"):
            order = order.replace(part * 2, part)
        found.setdefault(order, each)
    return list(found.values())


def _numbers(text: pa.Array) -> Iterator[ColumnType]:
    integer_types = (
        () if pc.any(pc.match_substring_regex(text, "[.eE]")).as_py() else INTEGER_TYPES
    )  # 2.0 means that 2.5 is possible
    amount = AMOUNT.fullmatch(text[0].as_py())
    prefix, suffix = (amount["prefix"] or "", amount["suffix"] or "") if amount else ("", "")
    formats = (
        [f"{prefix}{each}{suffix}" for each in (*NUMBER_FORMATS, "1234.56")] if prefix or suffix else NUMBER_FORMATS
    )
    for number_format in ("", *formats):
        for type in (*integer_types, *NUMBER_TYPES):
            yield ColumnType(type, format=number_format, declared=True)


def _has_leading_zero(text: pa.Array) -> bool:
    """Whether a value has a leading zero. Such values, like 007, are codes rather than numbers."""
    return bool(pc.any(pc.match_substring_regex(text, r"^-?0\d")).as_py())


def _has_not_finite(text: pa.Array) -> bool:
    """Whether a value is NaN or infinity. Such text can also be a word, or mean that the value is missing."""
    return bool(pc.any(pc.match_substring_regex(text, rf"^\s*{NOT_FINITE}\s*$")).as_py())


def hint_line(table: str, hints: dict[str, dict[str, str]]) -> str:
    """The line to paste into the dataset document."""
    return f"column_schema {json.dumps({table: hints}, ensure_ascii=False)}"
