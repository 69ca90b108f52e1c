"""Compares the rows of a table with the expected rows.

Floating-point numbers are considered equal if their relative difference is at most 1e-9 (`float`: 1e-6), or if their
absolute difference is at most 1e-12. NaN equals NaN. All other values must be equal. NULL only equals NULL.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sql_tests.values import text_of

TOLERANCES = {"double": 1e-9, "float": 1e-6}
ABSOLUTE_TOLERANCE = 1e-12
MAX_PAIRED = 200
"""The maximum number of rows that are compared with each other to find rows that differ only in some columns."""

Values = tuple[Any, ...]


@dataclass(frozen=True)
class Cell:
    """A value that differs. `row` is the number of the expected row, starting at 1. Both values are text."""

    row: int
    column: str
    type: str
    expected: str | None
    actual: str | None


@dataclass
class Difference:
    """The differences between two tables: cells that differ, and missing and unexpected rows. All values are text."""

    columns: Sequence[str]
    types: Sequence[str]
    cells: list[Cell] = field(default_factory=list)
    missing: list[list[str | None]] = field(default_factory=list)
    unexpected: list[list[str | None]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.cells or self.missing or self.unexpected)


def difference(
    expected: Sequence[Values], actual: Sequence[Values], types: Mapping[str, str], *, ordered: bool
) -> Difference:
    """Compare two tables. `types` are the types of their columns, keyed by name. With `ordered`, rows at the same
    positions are compared."""
    found = Difference(list(types), list(types.values()))
    tolerances = [TOLERANCES.get(type_, 0.0) for type_ in types.values()]
    if ordered:
        pairs = list(zip(enumerate(expected), actual, strict=False))
        for (index, wanted), row in pairs:
            _note_cells(found, index, wanted, row, tolerances)
        _note_rows(found, expected[len(pairs) :], actual[len(pairs) :])
        return found
    missing, unexpected = _without_equal(expected, actual)
    missing, unexpected = _without_close(missing, unexpected, tolerances)
    missing, unexpected = _without_similar(found, missing, unexpected, tolerances)
    _note_rows(found, [row for _, row in missing], unexpected)
    return found


Numbered = list[tuple[int, Values]]


def _without_equal(expected: Sequence[Values], actual: Sequence[Values]) -> tuple[Numbered, list[Values]]:
    """Remove pairs of identical rows, so that tables with the same rows in a different order are equal."""
    counts = Counter(map(_key, actual))
    missing = []
    for index, row in enumerate(expected):
        if counts[_key(row)]:
            counts[_key(row)] -= 1
        else:
            missing.append((index, row))
    unexpected = []
    for row in reversed(actual):
        if counts[_key(row)]:
            counts[_key(row)] -= 1
            unexpected.append(row)
    return missing, unexpected[::-1]


def _key(row: Values) -> str:
    return repr([_comparable(value) for value in row])


def _comparable(value: Any) -> Any:
    """Convert the value so that equal values have equal text."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC).isoformat()
    if isinstance(value, float):
        return "nan" if math.isnan(value) else value + 0.0
    if isinstance(value, Decimal):
        return f"{value:f}".rstrip("0").rstrip(".") if value.as_tuple().exponent else f"{value:f}"
    if isinstance(value, Mapping):
        return [(name, _comparable(each)) for name, each in value.items()]
    if isinstance(value, list) and value and all(isinstance(each, tuple) for each in value):
        return sorted(repr(_comparable(list(each))) for each in value)
    if isinstance(value, list):
        return [_comparable(each) for each in value]
    return value


def _without_close(
    missing: Numbered, unexpected: list[Values], tolerances: Sequence[float]
) -> tuple[Numbered, list[Values]]:
    """Remove pairs of rows that are equal within the tolerance."""
    if not any(tolerances):
        return missing, unexpected
    exact = [not tolerance for tolerance in tolerances]
    by_exact: dict[str, list[int]] = {}
    for number, row in enumerate(unexpected):
        by_exact.setdefault(_key(_select(row, exact)), []).append(number)
    used: set[int] = set()
    remaining = []
    for index, row in missing:
        candidates = by_exact.get(_key(_select(row, exact)), [])
        match = next(
            (n for n in candidates if n not in used and not _differing(row, unexpected[n], tolerances)),
            None,
        )
        if match is None:
            remaining.append((index, row))
        else:
            used.add(match)
    return remaining, [row for number, row in enumerate(unexpected) if number not in used]


def _select(row: Values, selected: Sequence[bool]) -> Values:
    return tuple(value for value, is_selected in zip(row, selected, strict=True) if is_selected)


def _without_similar(
    found: Difference, missing: Numbered, unexpected: list[Values], tolerances: Sequence[float]
) -> tuple[Numbered, list[Values]]:
    """Pair rows that are equal in at least half of their columns, and record the cells that differ."""
    width = len(tolerances)
    scored = sorted(
        (len(differing), number, other)
        for number, (_, row) in enumerate(missing[:MAX_PAIRED])
        for other, candidate in enumerate(unexpected[:MAX_PAIRED])
        if 2 * len(differing := _differing(row, candidate, tolerances)) <= width
    )
    paired: dict[int, int] = {}
    used: set[int] = set()
    for _, number, other in scored:
        if number not in paired and other not in used:
            paired[number] = other
            used.add(other)
    for number, other in sorted(paired.items()):
        index, row = missing[number]
        _note_cells(found, index, row, unexpected[other], tolerances)
    return (
        [row for number, row in enumerate(missing) if number not in paired],
        [row for number, row in enumerate(unexpected) if number not in used],
    )


def _differing(expected: Values, actual: Values, tolerances: Sequence[float]) -> list[int]:
    return [
        index
        for index, (wanted, value, tolerance) in enumerate(zip(expected, actual, tolerances, strict=True))
        if not _is_equal(wanted, value, tolerance)
    ]


def _is_equal(expected: Any, actual: Any, tolerance: float) -> bool:
    if tolerance and isinstance(expected, float) and isinstance(actual, float):
        return (math.isnan(expected) and math.isnan(actual)) or math.isclose(
            expected, actual, rel_tol=tolerance, abs_tol=ABSOLUTE_TOLERANCE
        )
    return bool(_key((expected,)) == _key((actual,)))


def _note_cells(found: Difference, index: int, expected: Values, actual: Values, tolerances: Sequence[float]) -> None:
    for column in _differing(expected, actual, tolerances):
        texts = text_of(expected[column]), text_of(actual[column])
        found.cells.append(Cell(index + 1, found.columns[column], found.types[column], *texts))


def _note_rows(found: Difference, missing: Sequence[Values], unexpected: Sequence[Values]) -> None:
    found.missing += [[text_of(value) for value in row] for row in missing]
    found.unexpected += [[text_of(value) for value in row] for row in unexpected]
