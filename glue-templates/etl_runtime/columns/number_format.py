"""Convert numbers with other decimal or thousands separators to plain digits with a decimal point, and back.

A format is the number 1234.56 in the notation of the file: `1.234,56`, `1,234.56`, `1234,56`, `1,234`.
"""

import re
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from etl_runtime.columns.null_mask import null_unless_match

MAX_GROUPS = 13  # a decimal has up to 38 digits


@lru_cache
def _separators(number_format: str) -> tuple[str, str]:
    """The thousands separator and the decimal separator. Empty if the format does not have one."""
    example, _, _ = number_format.partition("56")
    thousands, _, decimal = example[1:].partition("234")
    return thousands, decimal


def regex(number_format: str) -> str:
    """An Arrow regular expression for numbers of the format. Thousands separators are all present or all absent."""
    thousands, decimal = _separators(number_format)
    grouped = rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+|" if thousands else ""
    fraction = rf"(?:{re.escape(decimal)}\d+)?" if decimal else ""
    return rf"^[+-]?(?:{grouped}\d+){fraction}$"


def to_plain(text: pa.Array, number_format: str) -> pa.Array:
    """Numbers of the format as `-1234.56`. Null if the text does not match the format."""
    thousands, decimal = _separators(number_format)
    text = null_unless_match(text, regex(number_format))
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
    return text
