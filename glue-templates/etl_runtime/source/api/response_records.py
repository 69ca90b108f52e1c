"""Finds the records in the responses of an API."""

import json
from collections.abc import Iterator
from threading import Lock
from typing import Any

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.redaction import excerpt
from etl_runtime.job.suggestion import did_you_mean
from etl_runtime.source.api.endpoints import Endpoint
from etl_runtime.source.api.json_path import MISSING, is_absent, value_at
from etl_runtime.source.record_shape import (
    RecordShape,
    keyed_remedy,
    looks_keyed,
    rows_as_objects,
    rows_remedy,
    with_key,
)
from etl_runtime.source.records_contract import (
    ERROR_KEYS,
    MAX_DEPTH,
    ROOT,
    SINGLE_RECORD,
    AmbiguousRecords,
    FoundList,
    ItemKind,
    RecordsPlace,
    TableRecords,
    is_usual,
    moved_remedy,
    record_list,
)

MAX_SHOWN_CHARACTERS = 200
FAILED_STATUS = ("error", "fail", "failed", "failure")


class ApiRecords:
    """Finds the records in an endpoint's responses: at the path in `records` if it is set, or at their published
    location.

    Before the first publication, the first response determines the location for all responses. Threads share one
    instance.
    """

    def __init__(self, endpoint: Endpoint, places: TableRecords | None = None) -> None:
        self._endpoint = endpoint
        self._places = places or TableRecords()
        self._lock = Lock()

    @property
    def shape(self) -> RecordShape:
        return self._endpoint.shape

    @property
    def path(self) -> str | None:
        """The path of the records, or None if no response has determined it."""
        known = self._places.known
        return self._endpoint.records or (known.path if known else None)

    def of(self, document: Any) -> list[Any]:
        """The records of one response. `document` is None for a response without content.

        Raises RunFailed if the records are not at their location, if the location is ambiguous, or if the response is
        an error.
        """
        if document is None:
            return []
        if self._endpoint.records != ROOT:
            refuse_error(document)
        if self._endpoint.records is not None:
            return self._declared_records(document, self._endpoint.records)
        if not isinstance(document, (dict, list)):
            raise _not_records(ROOT, document)
        if not document:
            return []
        if self._places.known is None and not self._detect_place(document):
            return []
        return self._records_at_place(document)

    @property
    def has_entries_at_root(self) -> bool:
        """Whether the records are the values of the document itself."""
        return self.path == ROOT and self.shape.orient == "index"

    def is_single_record(self, document: Any) -> bool:
        """Whether the document itself is the only record."""
        return self.path == ROOT and isinstance(document, dict) and not self.shape.is_other

    def _declared_records(self, document: Any, path: str) -> list[Any]:
        records = value_at(document, path)
        if records is MISSING:
            if self._endpoint.records_optional and is_absent(document, path):
                return []
            others = [key for key in document if key != path] if isinstance(document, dict) else []
            raise RunFailed(
                ErrorCode.API_RECORDS_NOT_FOUND,
                f'"records" is {path}, but the response does not contain this path. It has {_keys(document)}. '
                f'{did_you_mean(path, others)}Correct "records". If a missing list means that there are no records, '
                'set "records_optional" to true.',
                retryable=True,
            )
        if self.shape.is_other and records is not None:
            self._places.found = RecordsPlace(path, self.shape.kind)
            return self._oriented(records, path)
        if isinstance(records, list):
            self._places.found = RecordsPlace(path, "list")
            return records
        if records is None or isinstance(records, dict):
            if records and self._places.found is None:
                self._places.found = RecordsPlace(path, "record")
            return [records] if records else []  # some APIs write an empty list as null or as {}
        raise _not_records(path, records)

    def _detect_place(self, document: Any) -> bool:
        """Detect from this response where the records of all responses are. Returns False if this response does not
        determine the location."""
        place, is_certain = self._detected_place(document)
        if is_certain:
            with self._lock:
                self._places.found = self._places.found or place
        return is_certain

    def _records_at_place(self, document: Any) -> list[Any]:
        place = self._places.known or SINGLE_RECORD
        value = value_at(document, place.path)
        if self.shape.is_other and place.kind == self.shape.kind and isinstance(value, (dict, list)):
            records = self._oriented(value, place.path)
        elif place.kind == "list" and isinstance(value, list):
            if place.path == ROOT:
                _refuse_mixed_list(value)
            records = value
        elif place.kind == "record" and isinstance(value, dict) and not self._has_list(document):
            records = [value]
        elif self._places.published and (value is None or value == {}):
            return []
        else:
            return self._refuse_other_place(document, place)
        self._places.found = place
        return records

    def _oriented(self, value: Any, path: str) -> list[Any]:
        """The records in a value that has the declared shape."""
        if not isinstance(value, dict if self.shape.orient == "index" else list):
            raise RunFailed(
                ErrorCode.API_RECORDS_NOT_FOUND,
                f'"orient" is "{self.shape.orient}", but the value at {path} is '
                f'{excerpt(value, MAX_SHOWN_CHARACTERS)!r}. Check the request, or correct "orient".',
                retryable=True,
            )
        if self.shape.orient == "values":
            return rows_as_objects(value, self.shape)
        key = self.shape.key_column
        return list(value.values()) if key is None else [with_key(key, name, each) for name, each in value.items()]

    def _has_list(self, document: Any) -> bool:
        """Whether the response has a list of records, although the location found so far is a single record. Returns
        False if a location is published."""
        return not self._places.published and self._detected_place(document)[0].kind == "list"

    def _refuse_other_place(self, document: Any, place: RecordsPlace) -> list[Any]:
        """Raise RunFailed if the records are elsewhere, unless a missing list means that there are no records."""
        try:
            found, is_certain = self._detected_place(document)
        except RunFailed as error:
            raise RunFailed(error.code, f"{error.message} The published records were in {place}.") from None
        is_missing = place == RecordsPlace(ROOT, "list") or (
            value_at(document, place.path) in (MISSING, None) and is_absent(document, place.path)
        )
        if not is_certain and is_missing and (self._endpoint.records_optional or not self._places.published):
            return []
        if self._places.published:
            raise RunFailed(
                ErrorCode.RECORDS_MOVED,
                f"the published records were in {place}, but this response "
                + (f"has them in {found}. " if is_certain else f"has {_keys(document)}. ")
                + moved_remedy("records", found if is_certain else None),
                retryable=True,
            )
        names = {ROOT: "the top level"}
        raise RunFailed(
            ErrorCode.API_RECORDS_AMBIGUOUS,
            f"the records are at {names.get(found.path, found.path)}, but in another response they are at "
            f'{names.get(place.path, place.path)}. Set "records" to the correct path. If a missing list means that '
            'there are no records, set "records_optional" to true.',
        )

    def _detected_place(self, document: Any) -> tuple[RecordsPlace, bool]:
        """The location of the records in the response, and whether it is certain.

        The location is uncertain if it is an empty list whose key is not a usual name for records or, with
        `records_optional`, if the response has no list.
        """
        if isinstance(document, list):
            if self.shape.orient is None:
                _refuse_mixed_list(document)
                _refuse_rows(document, ROOT)
            return RecordsPlace(ROOT, "list"), bool(document)
        if not isinstance(document, dict):
            return SINGLE_RECORD, True
        if self.shape.orient == "index":
            keyed = _keyed(document)
            return RecordsPlace(next(iter(keyed)) if len(keyed) == 1 else ROOT, "record"), True
        try:
            found = record_list(_lists(document), self._endpoint.name)
        except AmbiguousRecords as error:
            raise RunFailed(
                ErrorCode.API_RECORDS_AMBIGUOUS,
                f'the response contains several lists: {error}. Set "records" to the path of the list of records.',
            ) from None
        if found:
            if self.shape.orient is None:
                _refuse_rows(value_at(document, found.path), found.path)
            self._refuse_record(document, found.path)
            return RecordsPlace(found.path, "list"), found.items is not None or self._is_usual(found.path)
        if self.shape.orient is None and (keyed := _keyed(document)):
            path, keys = next(iter(keyed.items()))
            raise RunFailed(ErrorCode.API_RECORDS_AMBIGUOUS, keyed_remedy(path, keys, "the endpoint"))
        if self._endpoint.records_optional:
            return SINGLE_RECORD, False
        self._refuse_empty_value(document)
        return SINGLE_RECORD, True

    def _is_usual(self, path: str) -> bool:
        return is_usual(path, self._endpoint.name)

    def _refuse_record(self, document: dict[str, Any], path: str) -> None:
        # The response for a value of for_each is often one record, which contains a list.
        fields = [key for key, value in document.items() if value is not None and not isinstance(value, (dict, list))]
        if self._endpoint.for_each and fields and not self._is_usual(path) and not self._endpoint.records_optional:
            raise RunFailed(
                ErrorCode.API_RECORDS_AMBIGUOUS,
                f'the response contains the list "{path}" and other keys ({", ".join(fields[:5])}). Set "records" to '
                f'"{path}" if the list contains the records, or to "$" if the response is one record.',
            )

    def _refuse_empty_value(self, document: dict[str, Any]) -> None:
        empty = [key for key, value in document.items() if self._is_usual(key) and (value is None or value == {})]
        if empty:
            raise RunFailed(
                ErrorCode.API_RECORDS_AMBIGUOUS,
                f'the response has no list, and "{empty[0]}" is {json.dumps(document[empty[0]])}. '
                f'Set "records" to "{empty[0]}" if this is an empty list, or to "$" if the response is one record.',
            )


def _lists(document: dict[str, Any], prefix: str = "", depth: int = 1) -> Iterator[FoundList]:
    for key, value in document.items():
        path = f"{prefix}{key}"
        if isinstance(value, list):
            yield FoundList(path, depth, _item_kind(value[0]) if value else None)
        elif isinstance(value, dict) and depth < MAX_DEPTH:
            yield from _lists(value, f"{path}.", depth + 1)


def _keyed(document: dict[str, Any], path: str = ROOT, depth: int = 0) -> dict[str, list[str]]:
    """Find the outermost objects whose values look like records, and map the path of each object to its keys."""
    members = {key: list(value) if isinstance(value, dict) else None for key, value in document.items()}
    if looks_keyed(members, is_document=depth == 0):
        return {path: list(document)}
    prefix = "" if path == ROOT else f"{path}."
    found: dict[str, list[str]] = {}
    for key, value in document.items():
        if isinstance(value, dict) and depth < MAX_DEPTH:
            found |= _keyed(value, f"{prefix}{key}", depth + 1)
    return found


def _refuse_rows(values: list[Any], path: str) -> None:
    if values and isinstance(values[0], list):
        first = excerpt(json.dumps(values[0], default=str), MAX_SHOWN_CHARACTERS)
        raise RunFailed(ErrorCode.API_RECORDS_AMBIGUOUS, rows_remedy(path, first, "the endpoint"))


def _item_kind(item: Any) -> ItemKind:
    return "object" if isinstance(item, dict) else "list" if isinstance(item, list) else "value"


def _refuse_mixed_list(values: list[Any]) -> None:
    if {dict, list} <= {type(each) for each in values}:
        raise RunFailed(
            ErrorCode.API_RECORDS_AMBIGUOUS,
            'the response is a list of both objects and lists. Set "records" to the position of the list of records in '
            'the response, such as "1" for the second element.',
        )


def refuse_error(document: Any) -> None:
    """Raise RunFailed if a response with status 200 describes an error."""
    if not isinstance(document, dict):
        return
    error = next((document[key] for key in ERROR_KEYS if document.get(key)), None)
    has_failed = (
        document.get("success") is False
        or document.get("ok") is False
        or str(document.get("status")).lower() in FAILED_STATUS
    )
    if error or has_failed:
        text = excerpt(error or document.get("message") or document, MAX_SHOWN_CHARACTERS)
        raise RunFailed(
            ErrorCode.API_RESPONSE_ERROR,
            f'the response is an error: {text}. Check the request. If the response is data, set "records" to "$".',
            retryable=True,
        )


def _not_records(path: str, found: Any) -> RunFailed:
    return RunFailed(
        ErrorCode.API_RECORDS_NOT_FOUND,
        f"the value at {path} is neither a list nor an object (found {excerpt(found, MAX_SHOWN_CHARACTERS)!r}). "
        'Correct "records".',
        retryable=True,
    )


def _keys(document: Any) -> str:
    keys = excerpt(", ".join(document), MAX_SHOWN_CHARACTERS) if isinstance(document, dict) else ""
    return f"the keys {keys}" if keys else "no keys"
