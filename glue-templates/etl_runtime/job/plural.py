"""Counted nouns and lists of names in messages."""

from collections.abc import Collection
from itertools import islice

MAX_NAMES = 20


def plural(count: int, noun: str) -> str:
    """A count with its noun: `1 row`, `2,000 rows`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def listed(names: Collection[str]) -> str:
    """A list of names: `a, b, c`. Names beyond the first MAX_NAMES are only counted: `a, b and 2,000 more`."""
    more = len(names) - MAX_NAMES
    return ", ".join(islice(names, MAX_NAMES)) + (f" and {more:,} more" if more > 0 else "")


def with_names(noun: str, names: Collection[str]) -> str:
    """A noun with a list of names: `column a`, `columns a, b`."""
    return f"{noun if len(names) == 1 else f'{noun}s'} {listed(names)}"
