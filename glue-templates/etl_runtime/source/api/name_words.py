"""Splits the names of JSON keys, headers and parameters into words: nextPageURI, next_page_uri and X-Next-Page-Uri have
the same words. The vocabulary contains words used for pagination."""

import re
from functools import lru_cache

NOUNS = frozenset(
    {
        *("batch", "collection", "data", "doc", "docs", "document", "documents", "element", "elements", "entries"),
        *("entry", "feature", "features", "hit", "hits", "item", "items", "list", "match", "matches", "object"),
        *("objects", "query", "record", "records", "response", "result", "results", "row", "rows", "search", "set"),
        *("value", "values"),
    }
)
"""Words for the contents of a page."""
FILLERS = frozenset({"api", "has", "is", "of", "odata", "the", "there", "to", "x"})

LINKS = frozenset({"href", "link", "links", "path", "request", "uri", "url"})
PAGING = frozenset({"page", "pages", "paging", "pagination"})
CURSORS = frozenset(
    {
        *("after", "anchor", "at", "bookmark", "continuation", "cursor", "evaluated", "from", "id", "index"),
        *("iterator", "key", "last", "mark", "marker", "max", "min", "no", "number", "offset", "pointer", "pos"),
        *("position", "scroll", "seq", "sequence", "since", "skip", "start", "state", "token"),
    }
)
CONTINUATIONS = frozenset({"bookmark", "continuation", "continue", "cursor", "marker", "scroll"})
"""Words for the position where the next page starts."""
NEXT_PAGE = NOUNS | FILLERS | LINKS | PAGING | CURSORS | {"next"}
"""The words in the name of a link to the next page, or of its cursor."""

MORE = frozenset({"available", "exist", "exists", "more", "next", "page", "pages", "remaining"})
CUT_OFF = frozenset({"exceeded", "incomplete", "partial", "truncated"})
CUT_OFF_FILLERS = frozenset({"limit", "max", "maximum", "size", "transfer", "was"})
LAST = frozenset({"done", "end", "eof", "exhausted", "last"})
LAST_FILLERS = frozenset({"page", "pages", "reached", "stream"})

TOTALS = frozenset({"count", "found", "hit", "hits", "matched", "matches", "matching", "total", "totals"})
TOTAL_FILLERS = frozenset(
    {
        *("all", "approx", "approximate", "available", "cnt", "estimate", "estimated", "exact", "filtered", "full"),
        *("grand", "nb", "num", "number", "overall", "size"),
    }
)
LIMITS = frozenset({"first", "limit", "per", "rows", "size", "take", "top"})
LIMIT_FILLERS = frozenset({"count", "max", "maximum", "num", "number", "page", "ret"})
OFFSETS = frozenset({"from", "offset", "skip", "start"})
OFFSET_FILLERS = frozenset({"at", "first", "index", "position", "ret"})
CURRENT_PAGE = frozenset({"current", "index", "no", "num", "number", "page"})

_VOCABULARY = frozenset().union(
    *(NEXT_PAGE, MORE, CUT_OFF, CUT_OFF_FILLERS, LAST, LAST_FILLERS, TOTALS, TOTAL_FILLERS, LIMITS, LIMIT_FILLERS),
    *(OFFSETS, OFFSET_FILLERS, CURRENT_PAGE, {"before", "prev", "previous"}),
)
_WORD = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+")
_MAX_JOINED_CHARACTERS = 40


@lru_cache(maxsize=4096)
def words(name: str) -> frozenset[str]:
    """The lower-case words of a name in snake case, camel case or kebab case, or joined as in `nextpagetoken`."""
    found = (part for word in _WORD.findall(name[:200]) for part in _split(word.lower()))
    return frozenset(part for part in found if len(part) > 1)  # the i in iTotalRecords is not a word


def _split(word: str) -> list[str]:
    """Split a word such as `nextpagetoken` into words of the vocabulary. Returns the word itself if it cannot be
    split."""
    if word in _VOCABULARY or len(word) > _MAX_JOINED_CHARACTERS:
        return [word]
    splits: dict[int, list[str]] = {0: []}  # the split with the fewest words, by prefix length
    for end in range(1, len(word) + 1):
        options = [[*splits[start], word[start:end]] for start in splits if word[start:end] in _VOCABULARY]
        if options:
            splits[end] = min(options, key=len)
    return splits.get(len(word), [word])
