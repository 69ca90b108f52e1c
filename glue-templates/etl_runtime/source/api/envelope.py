"""The envelope of a response: everything except the records."""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from etl_runtime.columns.json_values import Number
from etl_runtime.source.api.json_path import keys_of
from etl_runtime.source.api.name_words import CURSORS, FILLERS, NOUNS, PAGING, words

MAX_OBJECTS = 10_000  # limits the search, because a response can be one large record
METADATA = PAGING | frozenset({"cursors", "info", "link", "links", "meta", "metadata", "nav", "navigation", "pager"})
OTHER_COUNTS = frozenset(
    {
        *("aggregation", "aggregations", "aggs", "bucket", "buckets", "cost", "credit", "credits", "debug", "facet"),
        *("facets", "filter", "filters", "profile", "quota", "rate", "ratelimit", "shard", "shards", "timing"),
        *("timings", "usage"),
    }
)
"""Names of objects whose counts and limits do not describe the records."""
ECHOES = frozenset({"args", "echo", "header", "input", "params", "parameters", "query", "request", "self"})
"""Names of objects that repeat parts of the request."""
CONTINUED_NAMES = frozenset({"continuation", "continue", "count", "counts", "next", "total", "totals"})


@dataclass(frozen=True)
class Member:
    """A key of an object in the envelope, and its value.

    `path` is the path in the response, written as in `records`. `words` are the words of the key, plus the words of the
    parent key if both form one name, as in {"next": {"after": …}}. `parents` are the words of all parent keys.
    `siblings` is the object that contains the key.
    """

    path: str
    key: str
    words: frozenset[str]
    value: Any
    parents: frozenset[str]
    siblings: Mapping[str, Any]
    is_in_header: bool = False

    @property
    def is_echo(self) -> bool:
        """Whether the member repeats a part of the request."""
        return bool(self.parents & ECHOES)


def envelope(document: Any, records_path: str | None) -> Iterator[Member]:
    """Yield the members of the envelope, outer objects first.

    `records_path` is the path of the records, `$` for the document itself, or None if it is unknown. The search skips
    the records, all other lists, and objects with unrelated counts, such as facets. It also skips objects that contain
    another list of objects, because their counts describe that list.
    """
    path_of_records = ".".join(keys_of(records_path)) if records_path else ""
    pending: deque[tuple[str, Any, frozenset[str], frozenset[str]]] = deque()
    if isinstance(document, list) and any(isinstance(each, list) for each in document):  # [{"page": 1}, [records]]
        pending.extend((f"{index}.", each, frozenset(), frozenset()) for index, each in enumerate(document))
    else:
        pending.append(("", document, frozenset(), frozenset()))
    objects = 0
    while pending and objects < MAX_OBJECTS:
        objects += 1
        prefix, parent, continued, parents = pending.popleft()
        if not isinstance(parent, dict):
            continue
        for key, value in parent.items():
            path = f"{prefix}{key}"
            own = words(key)
            member = Member(path, key, own | continued, value, parents, parent)
            yield member
            if isinstance(value, dict) and path != path_of_records and _is_searched(member, path_of_records):
                outer = parents if _is_parent(path, path_of_records) else parents | (own or {key})
                pending.append((f"{path}.", value, _continued(member), outer))


def without_entries(document: Any) -> dict[str, Any]:
    """Find the members that are not records in an object whose other members are the records: values of another type,
    and objects that describe pages."""
    entries = document if isinstance(document, dict) else {}
    types = Counter(_json_type(value) for value in entries.values() if value is not None)
    keys = Counter(frozenset(value) for value in entries.values() if isinstance(value, dict))
    # If a value is an object, the records are objects. Otherwise, they have the most common type. If text and another
    # type are equally common, the records have the other type, because the text may be a link.
    record_type = max(types, key=lambda each: (each is dict, types[each], each is not str), default=None)

    def is_record(key: str, value: Any) -> bool:
        is_unlike_others = isinstance(value, dict) and words(key) & METADATA and keys[frozenset(value)] == 1
        return value is None or (_json_type(value) == record_type and not is_unlike_others)

    return {key: value for key, value in entries.items() if not is_record(key, value)}


def _json_type(value: Any) -> type:
    return float if isinstance(value, Number) or type(value) is int else type(value)


def _is_searched(member: Member, path_of_records: str) -> bool:
    own = words(member.key)
    if own & OTHER_COUNTS:
        return False
    if _is_parent(member.path, path_of_records) or own & METADATA or not path_of_records:
        return True
    return not any(isinstance(each, list) and each and isinstance(each[0], dict) for each in member.value.values())


def _is_parent(path: str, path_of_records: str) -> bool:
    return path_of_records.startswith(f"{path}.")


def _continued(member: Member) -> frozenset[str]:
    is_continued = (
        member.words & CONTINUED_NAMES and member.words <= CONTINUED_NAMES | NOUNS | FILLERS | PAGING | CURSORS
    )
    return member.words if is_continued else frozenset()
