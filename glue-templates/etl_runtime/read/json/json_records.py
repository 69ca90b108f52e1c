"""Split JSON documents into batches of records, one JSON value per line, with constant memory.

Only the path to the records is parsed here. The records themselves are not parsed, but split at brackets and commas;
each Spark task then parses its own records strictly.
"""

import logging
from collections.abc import Callable, Iterator

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.plural import listed
from etl_runtime.job.suggestion import did_you_mean
from etl_runtime.read.json.json_reader import JsonReader
from etl_runtime.read.json.oriented_records import entries, rows
from etl_runtime.read.json.records_place import SETTING, detect_place, first_byte_at, shape_remedy, steps_of
from etl_runtime.read.text.record_ends import Records
from etl_runtime.source.api.json_path import keys_of
from etl_runtime.source.record_shape import OBJECTS, RecordShape, entry_of, header_remedy, undeclared
from etl_runtime.source.records_contract import ROOT, SINGLE_RECORD, RecordsPlace, TableRecords, moved_remedy

LOG = logging.getLogger(__name__)


def json_records(
    open_blocks: Callable[[], Iterator[bytes]],
    name: str,
    records: str | None,
    table: str = "",
    places: TableRecords | None = None,
    optional: bool = False,
    shape: RecordShape = OBJECTS,
) -> Iterator[Records]:
    """Yield the records in a sequence of JSON documents, usually a single one. Records are the elements of a list, or
    objects.

    Each call of `open_blocks` returns the blocks of the file from the beginning.

    `records` is file_format.records: keys separated by dots, or $ for the document itself. If it is None, the records
    are at the published location in `places`, or where `detect_place` finds the records of the `table`. With
    `optional`, a missing list is treated as empty. `shape` is the declared shape of the records. Raises RunFailed if
    the records are not at their location, if several lists match, if brackets do not match, or if a document is
    followed by anything except another document.
    """
    places = places or TableRecords()
    reader = JsonReader(open_blocks(), name)
    opening = first = reader.next_document()
    if not first:
        raise RunFailed(
            ErrorCode.FILE_EMPTY,
            f"{name} is empty. The published table does not change. Check the source.",
            retryable=True,
        )
    if records is None:
        path = _undeclared_path(open_blocks, name, table, places, optional, shape)
        if path is None:
            return
    else:
        path = keys_of(records)
        ahead = JsonReader(open_blocks(), name)
        first_there = first_byte_at(ahead, path)
        places.found = RecordsPlace(records, "list" if first_there == b"[" else "record")
        if shape.orient is None and (remedy := shape_remedy(ahead, first_there, path, records)):
            LOG.info(f"{name}: {remedy}")
    is_row = not path and opening == b"[" and _is_row(JsonReader(open_blocks(), name))
    while first:
        if not path and first != opening:
            reader.fail(
                "the file has several documents, both lists and objects. Correct the file.",
                ErrorCode.JSON_RECORDS_AMBIGUOUS,
            )
        if not path and first == b"{" and shape.orient in (None, "records"):
            yield from reader.documents(b"{")
            return
        if not path and shape.orient == "values" and is_row:
            yield from rows(reader.documents(b"["), reader, shape)  # each document is a row
            return
        yield from records_at(reader, path, optional=optional, shape=shape)
        first = reader.next_document()
        if first == b"[" and records is None and is_row and shape == OBJECTS:
            refuse_row_documents(open_blocks, name)


def require_documents(places: TableRecords, name: str) -> None:
    """Raise RunFailed if the published records are in a list inside a document, because in JSON Lines, each document is
    a record."""
    known = places.known
    if known and known.path != ROOT:
        raise RunFailed(
            ErrorCode.RECORDS_MOVED,
            f"{name}: the published records were in {known}, but this file has several documents. "
            + moved_remedy("file_format.records", None),
            retryable=True,
        )
    places.found = SINGLE_RECORD


def _undeclared_path(
    open_blocks: Callable[[], Iterator[bytes]],
    name: str,
    table: str,
    places: TableRecords,
    optional: bool,
    shape: RecordShape,
) -> tuple[str, ...] | None:
    """The path to the records, from the known or the detected location. Returns None if there are no records."""
    known = places.known
    if known is None:
        detected = detect_place(JsonReader(open_blocks(), name), table, optional, shape)
        if detected.is_certain:
            places.found = detected.place
        if detected.text:
            LOG.info(f"{name}: {detected.text}")
        return detected.path
    path = keys_of(known.path)
    first = first_byte_at(JsonReader(open_blocks(), name), path)
    is_there = first == (b"[" if known.kind == "list" else b"{")
    if not is_there and not (first == b"n" and places.published):
        is_missing = first in (b"", b"n") or known == RecordsPlace(ROOT, "list")
        _refuse_other_place(JsonReader(open_blocks(), name), table, places, known, optional and is_missing, shape)
        return None
    places.found = known
    return path if is_there else None


def _refuse_other_place(
    reader: JsonReader, table: str, places: TableRecords, known: RecordsPlace, optional: bool, shape: RecordShape
) -> None:
    """Raise RunFailed for records that are not in `known`, unless a missing list means that there are no records."""
    try:
        detected = detect_place(reader, table, optional, shape)
    except RunFailed as error:
        if error.code != ErrorCode.JSON_RECORDS_AMBIGUOUS:
            raise
        raise RunFailed(error.code, f"{error.message} The published records were in {known}.") from None
    if not detected.is_certain and optional:
        return
    found = detected.place if detected.is_certain else None
    here = f"this document has them in {found}" if found else "this document has none"
    if places.published:
        reader.fail(
            f"the published records were in {known}, but {here}. {moved_remedy(reader.selector, found)}",
            ErrorCode.RECORDS_MOVED,
            retryable=True,
        )
    reader.fail(
        f"the records of another file are in {known}, but {here}. Set {reader.selector}, or map the files to two "
        "tables in file_table_mapping. If a missing list means that there are no records, set "
        f"{reader.selector}_optional to true.",
        ErrorCode.JSON_RECORDS_AMBIGUOUS,
    )


def records_at(
    reader: JsonReader,
    path: tuple[str, ...],
    parents: tuple[str, ...] = (),
    optional: bool = False,
    shape: RecordShape = OBJECTS,
) -> Iterator[Records]:
    """Yield the records at `path`, relative to the value at the cursor. Moves the cursor past this value.

    `parents` is the path of the cursor. With `optional`, a missing or null key means that there are no records.
    """
    first = reader.peek()
    if not path:
        if shape.orient in ("index", "values"):
            yield from _oriented(reader, first, parents, shape)
        elif first == b"[":
            yield from reader.elements()
        elif first == b"{":
            yield reader.record()
        else:
            where = f"the value at the {reader.selector} path {'.'.join(parents)}" if parents else "the document"
            reader.fail(
                f"{where} is {reader.scalar()}, neither a list nor an object. Check the source.",
                ErrorCode.JSON_RECORDS_NOT_FOUND,
                retryable=True,
            )
        return
    declared = ".".join((*parents, *path))
    if first == b"[" and path[0].isdecimal():
        yield from _records_at_position(reader, path, parents, optional, shape)
        return
    if first != b"{":
        what = "a list, not an object" if first == b"[" else "not an object"
        reader.fail(
            f"{reader.selector} is {declared}, but {'.'.join(parents) or 'the document'} is {what}. "
            f"Check the source, or correct {reader.selector}.",
            ErrorCode.JSON_RECORDS_NOT_FOUND,
            retryable=True,
        )
    matched_key = None
    keys = []
    for key in reader.members():
        keys.append(key)
        steps = steps_of(path, key)
        if not steps or reader.peek() == b"n":
            reader.skip()
            continue
        if matched_key is not None:
            reader.fail(
                f"{reader.selector} is {declared}, which matches two keys, {matched_key} and {key}. Correct the file.",
                ErrorCode.JSON_RECORDS_AMBIGUOUS,
            )
        matched_key = key
        yield from records_at(reader, path[steps:], (*parents, key), optional, shape)
    if matched_key is None and not optional:
        others = [key for key in keys if key != path[0]]
        reader.fail(
            f"{reader.selector} is {declared}, but {path[0]} is missing or null. "
            f"{did_you_mean(path[0], others)}The keys are: {listed(keys) or 'none'}. Check the source, or correct "
            f"{reader.selector}. If a missing list means that there are no records, set {reader.selector}_optional to "
            "true.",
            ErrorCode.JSON_RECORDS_NOT_FOUND,
            retryable=True,
        )


def refuse_row_documents(open_blocks: Callable[[], Iterator[bytes]], name: str) -> None:
    """Raise UndeclaredShape if the first document is a row, and another document follows."""
    if not _is_row(JsonReader(open_blocks(), name)):
        return
    reader = JsonReader(open_blocks(), name)
    reader.next_document()
    first = reader.excerpt()
    reader.skip()
    if reader.next_document() == b"[":
        remedy = f"each document is a list. {header_remedy(ROOT, first, SETTING)}"
        raise undeclared(ErrorCode.JSON_RECORDS_AMBIGUOUS, f"{name}: ", remedy, entry_of(ROOT, "values"))


def _is_row(reader: JsonReader) -> bool:
    """Whether the next document is a single row, instead of a list of rows or objects."""
    return first_byte_at(reader, ("0",)) not in (b"[", b"{", b"")


def _oriented(reader: JsonReader, first: bytes, parents: tuple[str, ...], shape: RecordShape) -> Iterator[Records]:
    expected = b"{" if shape.orient == "index" else b"["
    if first != expected:
        where = ".".join(parents) or "the document"
        found = {b"[": "a list", b"{": "an object"}.get(first, "a single value")
        reader.fail(
            f"orient is {shape.orient}, but {where} is {found}. Check the source, or correct orient.",
            ErrorCode.JSON_RECORDS_NOT_FOUND,
            retryable=True,
        )
    if shape.orient == "index":
        yield from entries(reader.elements(b"{"), reader, shape.key_column)
    else:
        yield from rows(reader.elements(), reader, shape)


def _records_at_position(
    reader: JsonReader, path: tuple[str, ...], parents: tuple[str, ...], optional: bool, shape: RecordShape
) -> Iterator[Records]:
    """The records at a path that begins with an index of the list at the cursor."""
    length = 0
    for position in reader.items():
        length += 1
        if position == int(path[0]):
            yield from records_at(reader, path[1:], (*parents, path[0]), optional, shape)
        else:
            reader.skip()
    if int(path[0]) >= length and not optional:
        reader.fail(
            f"{reader.selector} is {'.'.join((*parents, *path))}, but {'.'.join(parents) or 'the document'} is a list "
            f"of length {length:,}. Check the source, or correct {reader.selector}.",
            ErrorCode.JSON_RECORDS_NOT_FOUND,
            retryable=True,
        )
