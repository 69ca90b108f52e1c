"""Finds the location of the records in a JSON document, without reading the document into memory."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.plural import listed
from etl_runtime.read.json.json_reader import JsonReader
from etl_runtime.source.api.json_path import keys_of
from etl_runtime.source.record_shape import (
    OBJECTS,
    RecordShape,
    entry_of,
    keyed_remedy,
    looks_keyed,
    rows_remedy,
    undeclared,
)
from etl_runtime.source.records_contract import (
    MAX_DEPTH,
    ROOT,
    SINGLE_RECORD,
    AmbiguousRecords,
    FoundList,
    ItemKind,
    RecordsPlace,
    is_usual,
    record_list,
)

SETTING = "file_format"
MAX_ROOT_MEMBERS = 1_000  # members of the document that are searched for lists
MAX_MEMBERS = 100  # members of a nested object that are searched; an object with more members is a map


@dataclass(frozen=True)
class Detected:
    """The location of the records in a document, and a `text` that describes it in the log.

    `path` is None if there are no records. The location is not certain if the only list in the document is empty,
    because this list may not be the list of records.
    """

    place: RecordsPlace
    path: tuple[str, ...] | None
    is_certain: bool
    text: str = ""


def detect_place(reader: JsonReader, table: str, optional: bool, shape: RecordShape = OBJECTS) -> Detected:
    """Find the location of the records if it is neither declared nor known from the last publication. The cursor must
    be before the document.

    If `optional` is true, a document without a list counts as having no records. Raises RunFailed if the location is
    ambiguous, or if the shape of the records differs from the declared one.
    """
    first = reader.next_document()
    if first == b"[":
        if shape.orient is None:
            _refuse_rows(reader)
        return Detected(RecordsPlace(ROOT, "list"), (), True)
    if first != b"{":
        reader.fail(
            f"the document is {reader.scalar()}, neither a list nor an object. Check the source.",
            ErrorCode.JSON_RECORDS_NOT_FOUND,
            retryable=True,
        )
    outline = _Outline(is_only_shape=shape.orient == "index")
    outline.read(reader)
    if shape.orient == "index":
        keyed = next(iter(outline.keyed)) if len(outline.keyed) == 1 else ROOT
        return Detected(RecordsPlace(keyed, "record"), keys_of(keyed), True)
    if reader.next_document():
        return Detected(SINGLE_RECORD, (), True, "the file has several documents, each of which is a record")
    try:
        found = record_list(outline.lists, table)
    except AmbiguousRecords as error:
        raise RunFailed(
            ErrorCode.JSON_RECORDS_AMBIGUOUS,
            f"{reader.name} contains several lists: {listed(error.paths)}. "
            "Set file_format.records to the path of the list of records.",
        ) from None
    if found:
        if found.items == "list" and shape.orient is None:
            _fail_undeclared(reader, rows_remedy(found.path, "a list", SETTING), entry_of(found.path, "values"))
        # A list at the top level can have dots in its key.
        path = (found.path,) if found.depth == 1 else keys_of(found.path)
        lists = [each.path for each in outline.lists if each.depth == 1]
        ignored = [key for key in dict.fromkeys([*lists, *outline.keys]) if key != path[0]]
        return Detected(
            RecordsPlace(found.path, "list"),
            path,
            found.items is not None or is_usual(found.path, table),
            f"the records are in the list {found.path}" + (f"; ignored: {listed(ignored)}" if ignored else ""),
        )
    if outline.keyed and shape.orient is None:
        keyed, keys = next(iter(outline.keyed.items()))
        _fail_undeclared(reader, keyed_remedy(keyed, keys, SETTING), entry_of(keyed, "index"))
    if optional:
        return Detected(SINGLE_RECORD, None, False)
    if empty := [key for key in outline.empty if is_usual(key, table)]:
        reader.fail(
            f"the document has no list, and {empty[0]} is empty. If this is an empty list, set file_format.records to "
            f'"{empty[0]}" and file_format.records_optional to true. If the document is one record, set '
            'file_format.records to "$".',
            ErrorCode.JSON_RECORDS_AMBIGUOUS,
        )
    return Detected(
        SINGLE_RECORD, (), True, "the document is an object without a list of objects, so it is the only record"
    )


def shape_remedy(reader: JsonReader, first: bytes, path: tuple[str, ...], records: str) -> str | None:
    """State which keys to set if the records at a declared path are lists, or look like the values of an object.

    The cursor is at the value, which begins with `first`.
    """
    if first == b"[" and reader.open_list() == b"[":
        return rows_remedy(records, "a list", SETTING)
    if first == b"{" and path:
        outline = _Outline(is_only_shape=True)
        outline.read(reader)
        if keys := outline.keyed.get(ROOT):
            return keyed_remedy(records, keys, SETTING)
    return None


def _fail_undeclared(reader: JsonReader, remedy: str, entry: Mapping[str, Any]) -> NoReturn:
    raise undeclared(ErrorCode.JSON_RECORDS_AMBIGUOUS, f"{reader.name}: ", remedy, entry)


def _refuse_rows(reader: JsonReader) -> None:
    """Raise RunFailed if the document is a list of lists, or a list that contains both an object and a list."""
    first = reader.open_list()
    if first == b"{":
        reader.skip()
        if reader.next_item() == b"[":
            _fail_undeclared(
                reader,
                "the document is a list of both objects and lists. Set file_format.records to the position of the "
                'records in it, such as "1" for the second element.',
                {"records": "1"},
            )
    elif first == b"[":
        _fail_undeclared(reader, rows_remedy(ROOT, reader.excerpt(), SETTING), entry_of(ROOT, "values"))


def first_byte_at(reader: JsonReader, path: tuple[str, ...]) -> bytes:
    """The first byte of the value at the path in the next document: `n` for null, and no byte if there is no such key.

    If the path passes through a list or a single value, the first byte of that list or value is returned.
    """
    first = reader.next_document()
    while path:
        if first == b"[" and path[0].isdecimal():
            steps = next((1 for position in _skipped(reader, reader.items()) if position == int(path[0])), 0)
        elif first == b"{":
            steps = next((steps for key in _skipped(reader, reader.members()) if (steps := steps_of(path, key))), 0)
        else:
            return first
        if not steps:
            return b""
        path, first = path[steps:], reader.peek()
    return first


def steps_of(path: tuple[str, ...], key: str) -> int:
    """The number of path steps that this key matches, or 0. A key that contains dots can match several steps."""
    return next((steps for steps in range(1, len(path) + 1) if key == ".".join(path[:steps])), 0)


Name = TypeVar("Name", str, int)


def _skipped(reader: JsonReader, names: Iterator[Name]) -> Iterator[Name]:
    """Yield the name of each member, then skip its value."""
    for name in names:
        yield name
        reader.skip()


@dataclass
class _Outline:
    """The outline of a document: its lists up to MAX_DEPTH, its keys, and the keys whose value is null or an empty
    object.

    `keyed` maps the path of each outermost object whose values look like records to the keys of this object. With
    `is_only_shape`, only the members that determine `keyed` are read, so the other attributes are incomplete.
    """

    is_only_shape: bool = False
    lists: list[FoundList] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    keyed: dict[str, list[str]] = field(default_factory=dict)

    def read(self, reader: JsonReader) -> None:
        """Add the object at the cursor."""
        members: dict[str, list[str] | None] = {}
        for key in reader.members():
            if self.is_only_shape and len(members) >= MAX_ROOT_MEMBERS:
                break
            self.keys.append(key)
            first = reader.peek()
            if first == b"{" and len(members) < MAX_ROOT_MEMBERS:
                members[key] = self._read_object(reader, key, 2)
                if not members[key]:
                    self.empty.append(key)
            else:
                if len(members) < MAX_ROOT_MEMBERS:
                    members[key] = None
                self._read_value(reader, key, 1)
                if first == b"n":
                    self.empty.append(key)
        if looks_keyed(members, is_document=True):
            self.keyed = {ROOT: list(members)}

    def _read_object(self, reader: JsonReader, path: str, depth: int) -> list[str]:
        """Add the lists of a nested object. Returns the keys that were read."""
        members: dict[str, list[str] | None] = {}
        for key in reader.members():
            members[key] = None
            # An object at MAX_DEPTH is read one level deeper: the keys of its values show whether they are records.
            if reader.peek() == b"{" and depth <= MAX_DEPTH + 1:
                members[key] = self._read_object(reader, f"{path}.{key}", depth + 1)
            else:
                self._read_value(reader, f"{path}.{key}", depth)
            if len(members) >= MAX_MEMBERS:
                reader.skip_rest_of_object()
                break
        if looks_keyed(members, is_document=False):
            self.keyed = {each: keys for each, keys in self.keyed.items() if not each.startswith(f"{path}.")}
            self.keyed[path] = list(members)
        return list(members)

    def _read_value(self, reader: JsonReader, path: str, depth: int) -> None:
        if reader.peek() == b"[" and depth <= MAX_DEPTH:
            self.lists.append(FoundList(path, depth, _kind_of(reader.skip_list())))
        else:
            reader.skip()


def _kind_of(first: bytes | None) -> ItemKind | None:
    return None if first is None else "object" if first == b"{" else "list" if first == b"[" else "value"
