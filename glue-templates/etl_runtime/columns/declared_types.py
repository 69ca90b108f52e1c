"""Normalizes text so that Arrow can cast it to a declared type.

A declared type preserves the value, not the notation: 007 becomes 7.

Text that is not valid for the type becomes null here, and the job writes it to meta_rescued.
"""

import re

import pyarrow as pa
import pyarrow.compute as pc

from etl_runtime.columns import date_pattern, decimal_text, number_format
from etl_runtime.columns.athena_types import DECIMAL_TYPE
from etl_runtime.columns.json_values import Number, is_exact_double
from etl_runtime.columns.null_mask import null_unless_match, set_null

TRUE = ("true", "t", "yes", "y", "1")
FALSE = ("false", "f", "no", "n", "0")
PLAIN_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?"
NOT_FINITE = r"(?i:nan|[+-]?inf(?:inity)?)"
SAFE_CHARACTERS = 15  # a double preserves any number of up to 15 digits; longer numbers need a check
DATE = r"\d{4}-\d\d-\d\d"
TIMESTAMP = rf"{DATE}(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{{1,6}})?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?"


def regex(type: str, format: str) -> str:
    """An Arrow regular expression that matches every value of the type, with or without surrounding whitespace."""
    return rf"^\s*(?:{_value_regex(type, format)})\s*$"


def normalize(text: pa.Array, type: str, format: str) -> pa.Array:
    """Rewrite the text so that Arrow can cast it to the type. Text that is not valid becomes null."""
    text = pc.utf8_trim_whitespace(null_unless_match(text, regex(type, format)))
    if type == "boolean":
        true, _ = _boolean_words(format)
        word = pc.if_else(pc.is_in(pc.utf8_lower(text), pa.array(true)), "true", "false")
        return set_null(word, pc.is_null(text))
    if type in ("date", "timestamp"):
        iso = date_pattern.to_iso(text, format) if format else text
        return iso if type == "date" else _in_utc(iso)
    number = _plain_number(text, type, format) if format else text
    number = pc.replace_substring_regex(number, r"^\+", "")
    if type == "bigint":
        return null_unless_match(pc.replace_substring_regex(number, r"\.0*$", ""), r"^-?0*\d{1,19}$")
    if type == "double":
        return _exact_doubles(number)
    decimal = DECIMAL_TYPE.fullmatch(type)
    return decimal_text.plain_decimals(number, int(decimal[1]), int(decimal[2])) if decimal else number


def _plain_number(text: pa.Array, type: str, format: str) -> pa.Array:
    """Convert numbers in `format` to plain digits with a decimal point. NaN and infinity stay unchanged."""
    plain = number_format.to_plain(text, format)
    is_finite = pc.fill_null(pc.invert(pc.match_substring_regex(text, f"^{NOT_FINITE}$")), True)
    if type != "double" or pc.all(is_finite).as_py() is not False:
        return plain
    return pc.replace_with_mask(plain, pc.invert(is_finite), text.filter(pc.invert(is_finite)))


def _exact_doubles(number: pa.Array) -> pa.Array:
    """Replace numbers that a double cannot represent exactly, such as 9007199254740993 or 1e-400, with null."""
    unsafe = pc.or_(pc.greater(pc.utf8_length(number), SAFE_CHARACTERS), pc.match_substring_regex(number, "[eE]"))
    candidates = number.filter(pc.fill_null(unsafe, False))
    shortest = pc.cast(pc.cast(candidates, pa.float64()), pa.string())
    other = pc.filter(candidates, pc.not_equal(candidates, shortest)).unique()
    lost = [text for text in other.to_pylist() if not is_exact_double(Number(text))]
    return set_null(number, pc.is_in(number, pa.array(lost, pa.string()))) if lost else number


def _value_regex(type: str, format: str) -> str:
    if type == "boolean":
        true, false = _boolean_words(format)
        return "(?i:" + "|".join(re.escape(word) for word in (*true, *false)) + ")"
    if type in ("date", "timestamp"):
        return date_pattern.regex(format)[1:-1] if format else (DATE if type == "date" else TIMESTAMP)
    number = number_format.regex(format)[1:-1] if format else PLAIN_NUMBER
    return f"{number}|{NOT_FINITE}" if type == "double" else number


def _boolean_words(format: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words for true and false, in lower case."""
    if not format:
        return TRUE, FALSE
    true, _, false = format.lower().partition("/")
    return (true,), (false,)


def _in_utc(iso: pa.Array) -> pa.Array:
    """Make every value a timestamp in UTC: add `T00:00` to a date, and `Z` to a timestamp without a time zone."""
    iso = pc.replace_substring_regex(iso, f"^({DATE})$", r"\1T00:00")
    return pc.replace_substring_regex(iso, r"([T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)$", r"\1Z")
