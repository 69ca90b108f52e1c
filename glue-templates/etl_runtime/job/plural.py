"""Counted nouns and lists of names in messages."""

from collections.abc import Collection


def plural(count: int, noun: str) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def with_names(noun: str, names: Collection[str]) -> str:
    """`column a`, `columns a, b`."""
    return f"{noun if len(names) == 1 else f'{noun}s'} {', '.join(names)}"
