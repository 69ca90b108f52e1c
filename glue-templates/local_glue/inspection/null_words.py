"""Finds the words that a source uses for missing values."""

import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from etl_runtime.columns.blocking_values import is_missing_word
from inspection.sampled_table import SampledTable

NULL_MARKER = "\\N"  # databases export null like this; it has no other meaning


def null_words(tables: Sequence[SampledTable]) -> list[str]:
    """Return the words to declare as `null_values`. Without this declaration, columns of numbers or dates
    that contain these words are text.

    A word that can be a value in another column is omitted, because `null_values` apply to all columns. Examples are NA
    among the country codes DE and FR, and - among the signs + and -.
    """
    words: dict[str, None] = {}
    for table in tables:
        for source in table.columns.texts:
            found = table.blocked.get(source)
            if found and found.are_missing_words:
                words |= dict.fromkeys(found.values)
            elif _contains(table.columns.text(source), NULL_MARKER):
                words[NULL_MARKER] = None
    return [word for word in words if word == NULL_MARKER or not any(_is_value(word, table) for table in tables)]


def _is_value(word: str, table: SampledTable) -> bool:
    for source in table.columns.texts:
        text = table.columns.text(source)
        if source in table.blocked or not _contains(text, word):
            continue
        values = [value for value in pc.unique(text.drop_null()).to_pylist() if value != word]
        if any(_shape(value) == _shape(word) and not (len(value) > 1 and is_missing_word(value)) for value in values):
            return True
    return False


def _contains(text: pa.Array, word: str) -> bool:
    return bool(pc.index(text, word).as_py() >= 0)


def _shape(value: str) -> str:
    """The kinds of the characters, for example AA for NA and DE."""
    letters = re.sub(r"[a-z]", "a", re.sub(r"[A-Z]", "A", re.sub(r"\d", "9", value)))
    return re.sub(r"[^Aa9\s]", "-", letters)
