"""Converts values of a query result to text and to JSON."""

import json
import math
from datetime import datetime
from decimal import Decimal
from typing import Any

MAX_EXACT_INTEGER = 2**53 - 1
"""Up to this value, a 64-bit floating-point number, as in JavaScript and jq, represents every integer exactly."""


def text_value(value: Any) -> str | None:
    """The value as text. None for NULL."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(sep=" ")
    if isinstance(value, list | tuple | dict):
        return json.dumps(json_value(value), ensure_ascii=False, allow_nan=False)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def json_value(value: Any) -> Any:
    """Convert the value to JSON so that every JSON parser can read all digits.

    A number becomes a JSON number if a 64-bit floating-point number represents it exactly, as for doubles and for
    integers up to 2^53 - 1. Larger integers and decimals become text. NaN and infinity, which JSON does not have,
    become text, too.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) <= MAX_EXACT_INTEGER else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else _name_of(value)
    if isinstance(value, list | tuple):
        return [json_value(each) for each in value]
    if isinstance(value, dict):
        return {str(text_value(key)): json_value(each) for key, each in value.items()}
    return text_value(value)


def _name_of(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
