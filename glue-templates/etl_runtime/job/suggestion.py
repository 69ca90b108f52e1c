"""Creates the question "Did you mean …?" that precedes the remedy in an error. `src/private/errors/suggestion.ts` is
the TypeScript equivalent."""

import re
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str], *, qualified: bool = False) -> str:
    """The question that begins a remedy: `Did you mean "zip_code"? `. Empty if no known name is similar.

    `qualified` means that the known names begin with a database, which may be missing from `word`.
    """
    similar = similar_names(word, known, qualified=qualified)
    quoted = [f'"{name}"' for name in similar]
    return f"Did you mean {' or '.join(quoted)}? " if quoted else ""


def similar_names(word: str, known: Iterable[str], *, qualified: bool = False) -> list[str]:
    """The known names that the user probably meant. Several names are returned only if `word` has no database and
    matches all of them.

    These are the names with the smallest edit distance. The distance ignores case, and does not distinguish `_`, `-`
    and spaces between words.
    """
    part = _part(word, qualified)
    has_qualifier = part != _normalized(word)
    limit = max(2, len(part) / 3)
    ranked = []
    # A number, such as a version, is not considered a misspelling.
    for name in dict.fromkeys(known if re.search(r"[^\W\d_]", word) else ()):
        other = _part(name, qualified)
        edits = _distance(part, other)
        if edits <= limit and edits < len(part):
            # Names that differ only in their qualifiers are compared including the qualifiers.
            whole = _distance(_normalized(word), _normalized(name)) if has_qualifier or not qualified else 0
            ranked.append(((edits, whole), name))
    best = [name for rank, name in ranked if rank == min(ranked)[0]]
    return best if qualified and not has_qualifier else best[:1]


def _part(name: str, qualified: bool) -> str:
    return _normalized(re.split(r"[./]", name)[-1] if qualified else name)


def _normalized(name: str) -> str:
    return re.sub(r"[-\s]+", "_", name.lower())


def _distance(one: str, other: str) -> int:
    """The Levenshtein distance between two words."""
    previous = list(range(len(other) + 1))
    for row, character in enumerate(one, 1):
        current = [row]
        for column, other_character in enumerate(other, 1):
            current.append(
                min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (character != other_character))
            )
        previous = current
    return previous[-1]
