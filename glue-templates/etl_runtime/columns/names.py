"""Names of columns: unique ones in the source, clean ones in the table (snake_case, ASCII, unique)."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

MAX_NAME_CHARACTERS = 128  # Glue takes 255; a count may have to be added, and people have to read it
RUN_ID, RESCUED = "meta_run_id", "meta_rescued"
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
    """A header's cells as unique names: an empty cell is named by its position, a repeated one gets its count."""
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
    """A clean name for each of the source's columns.

    `taken` holds the names of columns published before, by source; they are kept. Where two sources clean to one name, the one
    that is clean already gets it, and the others, in the order of their own text, a count: the order of columns does not matter.
    """
    names = dict(taken)
    used = {*taken.values(), RUN_ID, RESCUED}
    counts: dict[str, int] = {}
    new = {source: clean_name(source) for source in sources if source not in taken}
    for source, base in sorted(new.items(), key=lambda item: (item[1], item[0] != item[1], item[0])):
        name = base
        while name in used:
            counts[base] = counts.get(base, 1) + 1
            name = f"{base}_{counts[base]}"
        used.add(name)
        names[source] = name
    return names


def clean_name(source: str) -> str:
    """One name, cleaned: it may be another column's as well."""
    name = _snake_case(source)[:MAX_NAME_CHARACTERS].rstrip("_")
    if not name:
        return "column"
    return f"column_{name}" if name[0].isdigit() else name


def comparison_key(source: str) -> tuple[str, str]:
    """What the spellings of one column have in common: all but case and marks."""
    return _snake_case(source), dropped_characters(source)


def dropped_characters(source: str) -> str:
    """What a clean name does not tell: letters and digits of other scripts; all of a source that has nothing else."""
    others = "".join(
        character for character in _decomposed(source).casefold() if character.isalnum() and not character.isascii()
    )
    return others or ("" if _snake_case(source) else source)


def _snake_case(source: str) -> str:
    ascii_text = _decomposed(source).encode("ascii", "ignore").decode()
    split_camel = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", ascii_text))
    return re.sub(r"[^a-z0-9]+", "_", split_camel.lower()).strip("_")


def _decomposed(source: str) -> str:
    """Letters apart from their marks: é is e and an accent."""
    return unicodedata.normalize("NFKD", source.translate(TRANSLITERATIONS))
