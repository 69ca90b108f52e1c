"""Finds numbers in the first row of a file. Such numbers suggest that the row is a record, not a header."""

import re
from collections.abc import Iterable

NUMBER = re.compile(r"[+-]?\d[\d.,]*")
YEAR = re.compile(r"(19|20)\d\d")


def number_in_header(fields: Iterable[str]) -> str | None:
    """The first number that is not a year, or None if there is none."""
    return next((field for field in fields if NUMBER.fullmatch(field) and not YEAR.fullmatch(field)), None)
