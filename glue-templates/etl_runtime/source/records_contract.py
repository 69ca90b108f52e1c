"""Determines the location of the records in JSON documents.

The location is part of the schema contract: the first publication stores it in published.json. Later runs read the
records only from this location, so that another list in the document never replaces the table.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

ROOT = "$"
MAX_DEPTH = 3  # the longest path of a list that is detected
RECORD_LIST_KEYS = frozenset(
    {
        *("data", "results", "result", "items", "records", "rows", "entries", "values", "value", "docs", "hits"),
        *("content", "elements", "list", "objects", "features"),
    }
)
"""The usual keys for the list of records, normalized."""
ERROR_KEYS = ("error", "errors", "fault")
OTHER_CHARACTERS = re.compile(r"[\W_]")

ItemKind = Literal["object", "list", "value"]


@dataclass(frozen=True)
class RecordsPlace:
    """The location of the records. `kind` is `list` for a list of records, and `record` for a single record.

    `path` consists of keys joined by dots. `$` is the document itself.
    """

    path: str
    kind: Literal["list", "record"]

    def __str__(self) -> str:
        if self.path == ROOT:
            return "the document, which is a list" if self.kind == "list" else "the document itself, as one record"
        return f"the list {self.path}" if self.kind == "list" else f"the object {self.path}"


SINGLE_RECORD = RecordsPlace(ROOT, "record")


@dataclass
class TableRecords:
    """Where the records of one table or endpoint are: the published location, and the location found in this run."""

    published: RecordsPlace | None = None
    found: RecordsPlace | None = None

    @property
    def known(self) -> RecordsPlace | None:
        return self.found or self.published


class RecordsContract:
    """Where a dataset's records are, keyed by table or endpoint. `published` is the entry in published.json."""

    def __init__(self, published: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._tables = {key: TableRecords(RecordsPlace(**place)) for key, place in (published or {}).items()}

    def of(self, key: str) -> TableRecords:
        return self._tables.setdefault(key, TableRecords())

    def as_published(self, keys: Collection[str]) -> dict[str, dict[str, Any]]:
        """The entry in published.json for these tables and endpoints."""
        return {key: asdict(each.known) for key, each in self._tables.items() if each.known and key in keys}


@dataclass(frozen=True)
class FoundList:
    """A list in a document. `items` is the kind of its first element, or None if the list is empty."""

    path: str
    depth: int
    items: ItemKind | None


class AmbiguousRecords(Exception):
    """Several lists, at `paths`, may contain the records."""

    def __init__(self, paths: Sequence[str]) -> None:
        super().__init__(", ".join(paths))
        self.paths = list(paths)


def moved_remedy(selector: str, found: RecordsPlace | None) -> str:
    """The remedy if the records are no longer at their published location. `selector` is the setting that declares the
    path."""
    path = found.path if found else "their path"
    return (
        f"Check the source. If a missing list means that there are no records, set {selector}_optional to true. If the "
        f"change is permanent, set {selector} to {path}, or run once with run_options "
        '{"reset_contract": true}.'
    )


def is_usual(path: str, name: str) -> bool:
    """Whether the last key of the path is a usual key for records, or the `name` of the table or endpoint."""
    key = _normalized(path.rpartition(".")[2])
    return key in RECORD_LIST_KEYS or key == _normalized(name)


def is_error_key(path: str) -> bool:
    return path.rpartition(".")[2].lower() in ERROR_KEYS


def record_list(lists: Iterable[FoundList], name: str) -> FoundList | None:
    """Return the list of records, or None if the document itself is the only record. Raises AmbiguousRecords if several
    lists may contain the records.

    A list with a usual key is chosen even if it is empty and another list has elements. A list of single values is
    chosen only if it has a usual key.
    """
    candidates = [each for each in lists if not is_error_key(each.path)]
    usual = [each for each in candidates if is_usual(each.path, name)]
    usual = [each for each in usual if each.items != "value"] or usual
    others = [each for each in candidates if each.items == "object" and each not in usual]
    if usual:
        depth = min(each.depth for each in usual)
        found = [each for each in usual if each.depth == depth]
        named = [each for each in found if _normalized(each.path.rpartition(".")[2]) == _normalized(name)]
        return _only([*(each for each in others if each.depth < depth), *(named if len(named) == 1 else found)])
    empty = [each for each in candidates if each.items is None]
    if not others:
        depth = min((each.depth for each in empty), default=0)
        return _only([each for each in empty if each.depth == depth])
    depth = min(each.depth for each in others)
    found = [each for each in others if each.depth == depth]
    return _only([*(each for each in empty if each.depth < depth), *found])


def _only(found: list[FoundList]) -> FoundList | None:
    if len(found) > 1:
        raise AmbiguousRecords([each.path for each in found])
    return found[0] if found else None


def _normalized(key: str) -> str:
    return OTHER_CHARACTERS.sub("", key.lower())
