"""Text → plain text that Arrow casts to a declared type. A declared type keeps the value, not its spelling: 007 is 7.

What is none of the type's spellings is null here, and goes to meta_rescued.
"""

import re

import pyarrow as pa
import pyarrow.compute as pc

from etl_runtime.columns import date_pattern, decimal_text, number_format
from etl_runtime.columns.athena_types import DECIMAL_TYPE
from etl_runtime.columns.json_values import Number, survives_as_double
from etl_runtime.columns.null_mask import nulled, only

TRUE = ("true", "t", "yes", "y", "1")
FALSE = ("false", "f", "no", "n", "0")
PLAIN_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?"
KEPT_CHARACTERS = 15  # a number of as many digits is kept by a double; of a longer one it has to be seen
DATE = r"\d{4}-\d\d-\d\d"
TIMESTAMP = rf"{DATE}(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{{1,6}})?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?"


def looks_like(type: str, format: str) -> str:
    """What every value of the type looks like, blanks around it included, for Arrow's regular expressions."""
    return rf"^\s*(?:{_value(type, format)})\s*$"


def plain(text: pa.Array, type: str, format: str) -> pa.Array:
    """The text as Arrow reads it for the type; null where it is none of the type's spellings."""
    text = pc.utf8_trim_whitespace(only(text, looks_like(type, format)))
    if type == "boolean":
        true, _ = _words(format)
        word = pc.if_else(pc.is_in(pc.utf8_lower(text), pa.array(true)), "true", "false")
        return nulled(word, pc.is_null(text))
    if type in ("date", "timestamp"):
        iso = date_pattern.to_iso(text, format) if format else text
        return iso if type == "date" else _in_utc(iso)
    number = number_format.to_plain(text, format) if format else text
    number = pc.replace_substring_regex(number, r"^\+", "")
    if type == "bigint":
        return only(pc.replace_substring_regex(number, r"\.0*$", ""), r"^-?0*\d{1,19}$")
    if type == "double":
        return _kept_by_double(number)
    decimal = DECIMAL_TYPE.fullmatch(type)
    return decimal_text.fitting(number, int(decimal[1]), int(decimal[2])) if decimal else number


def _kept_by_double(number: pa.Array) -> pa.Array:
    """The numbers, null where the nearest double is shown as another number: 9007199254740993, 1e-400."""
    look = pc.or_(pc.greater(pc.utf8_length(number), KEPT_CHARACTERS), pc.match_substring_regex(number, "[eE]"))
    closely = number.filter(pc.fill_null(look, False))
    other = pc.filter(closely, pc.not_equal(closely, pc.cast(pc.cast(closely, pa.float64()), pa.string()))).unique()
    lost = [text for text in other.to_pylist() if not survives_as_double(Number(text))]
    return nulled(number, pc.is_in(number, pa.array(lost, pa.string()))) if lost else number


def _value(type: str, format: str) -> str:
    if type == "boolean":
        true, false = _words(format)
        return "(?i:" + "|".join(re.escape(word) for word in (*true, *false)) + ")"
    if type in ("date", "timestamp"):
        return date_pattern.looks_like(format)[1:-1] if format else (DATE if type == "date" else TIMESTAMP)
    return number_format.looks_like(format)[1:-1] if format else PLAIN_NUMBER


def _words(format: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words for true and for false, in lower case."""
    if not format:
        return TRUE, FALSE
    true, _, false = format.lower().partition("/")
    return (true,), (false,)


def _in_utc(iso: pa.Array) -> pa.Array:
    """Timestamps with their zone; one without is UTC. A day alone is its midnight."""
    iso = pc.replace_substring_regex(iso, f"^({DATE})$", r"\1T00:00")
    return pc.replace_substring_regex(iso, r"([T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)$", r"\1Z")
