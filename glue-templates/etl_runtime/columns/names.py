"""Chooses unique names for source columns and clean names (snake_case, ASCII, unique) for table columns."""

import re
import unicodedata
from collections.abc import Container, Iterable, Mapping, Sequence

MAX_NAME_CHARACTERS = 128  # Glue allows 255; this leaves room for a numeric suffix and stays readable
RUN_ID, RESCUED, SOURCE_DATE = "meta_run_id", "meta_rescued", "meta_source_date"
TRANSLITERATIONS = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "Æ": "AE",
        "œ": "oe",
        "Œ": "OE",
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "þ": "th",
        "ð": "d",
        "ı": "i",
    }
)


def source_names(header: Sequence[str]) -> tuple[str, ...]:
    """Unique names for the cells of a header. An empty cell is named after its position; a duplicate gets a number."""
    names: dict[str, None] = {}
    counts: dict[str, int] = {}
    for position, cell in enumerate(header, start=1):
        name = base = cell.strip() or f"column_{position}"
        while name in names:
            counts[base] = counts.get(base, 1) + 1
            name = f"{base} {counts[base]}"
        names[name] = None
    return tuple(names)


def clean_names(sources: Iterable[str], taken: Mapping[str, str]) -> dict[str, str]:
    """Choose a clean name for each source column.

    `taken` contains the names of the published columns, keyed by source column. These names do not change. If several
    source names have the same clean name, the source name that is already clean gets it. The others are numbered in
    alphabetical order, so that the result does not depend on the column order.
    """
    names = dict(taken)
    used = {*taken.values(), RUN_ID, RESCUED, SOURCE_DATE}
    counts: dict[str, int] = {}
    new = {source: clean_name(source) for source in sources if source not in taken}
    for source, base in sorted(new.items(), key=lambda item: (item[1], item[0] != item[1], item[0])):
        names[source] = unused_name(base, used, counts)
        used.add(names[source])
    return names


def unused_name(base: str, used: Container[str], counts: dict[str, int]) -> str:
    """The name `base`, with a numeric suffix if the name is already used.

    `counts` contains the last number used for each base, so that thousands of equal names do not take quadratic time.
    """
    name = base
    while name in used:
        counts[base] = counts.get(base, 1) + 1
        suffix = f"_{counts[base]}"
        name = base[: MAX_NAME_CHARACTERS - len(suffix)].rstrip("_") + suffix
    return name


def clean_name(source: str) -> str:
    """The clean name of one column. It is not necessarily unique."""
    name = _snake_case(source)[:MAX_NAME_CHARACTERS].rstrip("_")
    if not name:
        return "column"
    return f"column_{name}"[:MAX_NAME_CHARACTERS].rstrip("_") if name[0].isdigit() else name


def comparison_key(source: str) -> tuple[str, str]:
    """A key that is equal for names that differ only in case, punctuation or accents."""
    return _snake_case(source), dropped_characters(source)


def dropped_characters(source: str) -> str:
    """The letters and digits that are missing from the clean name because they are not ASCII.

    If the clean name is empty, this is the full name.
    """
    others = "".join(
        character for character in _decomposed(source).casefold() if character.isalnum() and not character.isascii()
    )
    return others or ("" if _snake_case(source) else source)


def _snake_case(source: str) -> str:
    ascii_text = _decomposed(source).encode("ascii", "ignore").decode()
    split_camel = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", ascii_text))
    return re.sub(r"[^a-z0-9]+", "_", split_camel.lower()).strip("_")


def _decomposed(source: str) -> str:
    """Separate base characters from accents: é becomes e and a combining accent."""
    return unicodedata.normalize("NFKD", source.translate(TRANSLITERATIONS))
