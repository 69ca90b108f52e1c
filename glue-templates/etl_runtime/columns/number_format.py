"""Converts numbers in notations such as `1.234,56` to plain digits with a decimal point, such as `1234.56`, and back.

A format is an example: the number 1234.56 or 1234 in the notation of the file, such as `1.234,56`, `1,234.56`,
`1234,56` or `1,234`. It may have a currency sign: `$1,234.56`, `1.234,56 €`. Numbers with another currency sign do not
match.
"""

import re
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from etl_runtime.columns.null_mask import null_unless_match

MAX_GROUPS = 13  # of three digits; a decimal has up to 38 digits


FORMAT = re.compile(r"(?P<prefix>\D*)(?P<number>1\D?234(?:[.,]56)?)(?P<suffix>\D*)")


def plain_format(number_format: str) -> str:
    """The format without its currency sign."""
    return _parts(number_format)[1]


@lru_cache
def _parts(number_format: str) -> tuple[str, str, str]:
    """The currency sign before the number, the number, and the currency sign after it."""
    found = FORMAT.fullmatch(number_format)
    return (found["prefix"], found["number"], found["suffix"]) if found else ("", number_format, "")


@lru_cache
def _separators(number_format: str) -> tuple[str, str]:
    """The thousands separator and the decimal separator. Each is empty if the format does not have it."""
    example, _, _ = plain_format(number_format).partition("56")
    thousands, _, decimal = example[1:].partition("234")
    return thousands, decimal


def regex(number_format: str) -> str:
    """An Arrow regular expression for numbers in this format, with either all or no thousands separators."""
    thousands, decimal = _separators(number_format)
    grouped = rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+|" if thousands else ""
    fraction = rf"(?:{re.escape(decimal)}\d+)?" if decimal else ""
    prefix, _, suffix = (re.escape(part.strip()) for part in _parts(number_format))
    before = rf"(?:{prefix}\s?)?[+-]?" if prefix else ""
    after = rf"(?:\s?{suffix})?" if suffix else ""
    return rf"^[+-]?{before}(?:{grouped}\d+){fraction}{after}$"


def to_plain(text: pa.Array, number_format: str) -> pa.Array:
    """Convert numbers in this format to a notation such as `-1234.56`. The result is null if the text does not match
    the format."""
    thousands, decimal = _separators(number_format)
    text = null_unless_match(text, regex(number_format))
    for sign in (part.strip() for part in _parts(number_format)[::2]):
        if sign:
            text = pc.replace_substring_regex(pc.replace_substring(text, sign, ""), r"\s", "")
    if thousands:
        text = pc.replace_substring(text, thousands, "")
    return pc.replace_substring(text, decimal, ".") if decimal else text


def from_plain(text: pa.Array, number_format: str) -> pa.Array:
    """The inverse of `to_plain`. Inserts all thousands separators of the format."""
    thousands, decimal = _separators(number_format)
    if decimal:
        text = pc.replace_substring(text, ".", decimal)
    if thousands:
        following = "|".join(re.escape(separator) for separator in (thousands, decimal) if separator)
        for _ in range(MAX_GROUPS):
            grouped = pc.replace_substring_regex(text, rf"^(-?\d+)(\d{{3}})({following}|$)", rf"\1{thousands}\2\3")
            if grouped.equals(text):
                break
            text = grouped
    prefix, _, suffix = _parts(number_format)
    if prefix or suffix:
        text = pc.replace_substring_regex(text, r"^(-?)(.*)$", rf"\1{prefix}\2{suffix}")
    return text
