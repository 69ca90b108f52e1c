"""Detects whether the first record of delimited text is a header."""

import re
from collections.abc import Sequence

from etl_runtime.read.header_row import NUMBER, YEAR

DATE = re.compile(r"\d{4}-\d\d-\d\d.*")
MAX_ROWS = 300
MIN_CATEGORY_ROWS = 8
MAX_NAME_WORDS = 3
USUAL_NAMES = """
name names id ids code codes key keys type types date dates time title status state city town country
region street address email phone description comment comments note notes text value values category
class group label language lang unit units url link file path user customer product author gender sex
year month day number no nr num count amount price total currency first last start end from to source
target color size question answer word term symbol parent child level version tag tags kind department
company brand model
"""
NAME_WORDS = frozenset(USUAL_NAMES.split())


def is_value(cell: str) -> bool:
    """Whether a cell is a number or a date."""
    return bool(NUMBER.fullmatch(cell) or DATE.fullmatch(cell))


def has_header(records: Sequence[Sequence[str]]) -> bool:
    """Whether the first record is a header.

    It is a header if a column has a name in the first record and only numbers or dates in the records below. It is not
    a header if a name is missing, occurs twice, or is a number or a date other than a year. If all columns are
    text, each cell of the first record is compared with the values below it: a cell that looks different counts as a
    name, and a cell that looks similar counts as a value. The first record is a header if it has at least as many names
    as values, or contains a common column name. A cell whose text occurs again in its column is a value, unless it is a
    common column name and most other cells are names.
    """
    first, *others = [[cell.strip() for cell in record] for record in records[: MAX_ROWS + 1]] or [[]]
    rest = [record for record in others if len(record) == len(first)]
    for position, cell in enumerate(first):
        below = [record[position] for record in rest if record[position]]
        if cell and not is_value(cell) and below and all(map(is_value, below)):
            return True
    names = first[:-1] if len(first) > 1 and not first[-1] else first
    if not all(names) or len({name.lower() for name in names}) < len(names):
        return False
    if any(is_value(name) and not YEAR.fullmatch(name) for name in names) or first in rest[:5]:
        return False
    if not rest or all(YEAR.fullmatch(name) for name in names):
        return True
    votes = [
        _vote(cell, [record[position] for record in rest if record[position]]) for position, cell in enumerate(names)
    ]
    if "repeated" in votes:
        repeated = [cell for cell, vote in zip(names, votes, strict=True) if vote == "repeated"]
        return all(cell.isalpha() and _is_usual_name(cell) for cell in repeated) and (
            votes.count("name") > votes.count("value") + len(repeated)
        )
    return votes.count("name") >= votes.count("value") or any(map(_is_usual_name, names))


def _vote(cell: str, below: Sequence[str]) -> str:
    """What the values of a column indicate about the column's cell in the first record: "name", "value", "repeated" if
    the cell is one of the values, or "" if nothing can be concluded."""
    if not below:
        return ""
    if cell in below:
        return "repeated"
    if len(below) >= MIN_CATEGORY_ROWS and len(set(below)) <= len(below) // 3:
        return "name"  # the column has few different values, and the cell is not one of them
    shapes = {_shape(value) for value in below}
    lengths = {len(value) for value in below}
    if len(below) >= 3 and len(lengths) == 1:
        return "value" if len(cell) in lengths and _shape(cell) in shapes else "name"
    if len(shapes) <= 3:
        return "value" if _shape(cell) in shapes else "name"
    return ""


def _shape(cell: str) -> str:
    """The kinds of characters in a cell, such as "Aa" for Berlin and "A-9" for AB-12."""
    kinds = re.sub(r"[^\W\d_]", lambda letter: "A" if letter[0].isupper() else "a", cell)
    kinds = re.sub(r"\d", "9", kinds)
    return re.sub(r"(.)\1+", r"\1", kinds)


def _is_usual_name(cell: str) -> bool:
    words = re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", cell).lower())
    return 0 < len(words) <= MAX_NAME_WORDS and words[-1] in NAME_WORDS
