"""Numbers written with a decimal comma or with marks between thousands → plain digits and a point, and back.

A format is the number 1234.56 written with the file's own marks: `1.234,56`, `1,234.56`, `1234,56`, `1,234`.
"""

import re
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from etl_runtime.columns.null_mask import null_unless_match

MAX_GROUPS = 13  # of the 38 digits that a decimal has


@lru_cache
def _separators(number_format: str) -> tuple[str, str]:
    """The mark between thousands and the decimal mark; empty where the format has none."""
    whole, _, _ = number_format.partition("56")
    thousands, _, decimal = whole[1:].partition("234")
    return thousands, decimal


def regex(number_format: str) -> str:
    """What every number of the format looks like, for Arrow's regular expressions. Groups may be left out, but not half."""
    thousands, decimal = _separators(number_format)
    grouped = rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+|" if thousands else ""
    fraction = rf"(?:{re.escape(decimal)}\d+)?" if decimal else ""
    return rf"^[+-]?(?:{grouped}\d+){fraction}$"


def to_plain(text: pa.Array, number_format: str) -> pa.Array:
    """Numbers of the format as `-1234.56`; null where the text is not of the format."""
    thousands, decimal = _separators(number_format)
    text = null_unless_match(text, regex(number_format))
    if thousands:
        text = pc.replace_substring(text, thousands, "")
    return pc.replace_substring(text, decimal, ".") if decimal else text


def from_plain(text: pa.Array, number_format: str) -> pa.Array:
    """Plain numbers in the format, with a mark between all thousands where it has one."""
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
