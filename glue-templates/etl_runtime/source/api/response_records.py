"""Finds the records in the responses of an API."""

import json
from collections.abc import Mapping
from threading import Lock
from typing import Any

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.redaction import excerpt
from etl_runtime.source.api.endpoints import Endpoint
from etl_runtime.source.api.json_path import MISSING, value_at

ROOT = "$"
RECORD_LIST_KEYS = frozenset(
    {
        *("data", "results", "result", "items", "records", "rows", "entries", "values", "value", "docs", "hits"),
        *("content", "elements", "list", "objects", "features"),
    }
)
"""The usual keys of the list of records."""
MAX_DEPTH = 3  # the longest path of a list that is detected
ERROR_KEYS = ("error", "errors", "fault")
FAILED_STATUS = ("error", "fail", "failed", "failure")
MAX_SHOWN_CHARACTERS = 200


class ApiRecords:
    """Finds the records of an endpoint's responses: at `records` if it is set, else at the path in the first response.

    The path is the same for all responses of the endpoint. Threads share one instance.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.path = endpoint.records
        self._endpoint = endpoint
        self._is_declared = endpoint.records is not None
        self._lock = Lock()

    def of(self, document: Any) -> list[Any]:
        """The records of one response. `document` is None for a response without content.

        Raises RunFailed if there are no records at the path, if the path is ambiguous, or if the response is an error.
        """
        if document is None:
            return []
        if self.path != ROOT or not self._is_declared:
            refuse_error(document)
        if not self._is_declared and not self._detect_path(document):
            return []
        records = value_at(document, str(self.path))
        if records is MISSING:
            raise RunFailed(
                ErrorCode.API_RECORDS_NOT_FOUND,
                f"records {self.path} is missing in the response, which has {_keys(document)}. Correct records.",
                retryable=True,
            )
        if isinstance(records, list):
            return records
        if records is None or isinstance(records, dict):
            return [records] if records else []  # some APIs write an empty list as null or as {}
        raise RunFailed(
            ErrorCode.API_RECORDS_NOT_FOUND,
            f"records {self.path} is neither a list nor an object (found {excerpt(records, MAX_SHOWN_CHARACTERS)!r}). "
            "Correct records.",
            retryable=True,
        )

    def is_single_record(self, document: Any) -> bool:
        """Whether the document itself is the only record."""
        return self.path == ROOT and isinstance(document, dict)

    def _detect_path(self, document: Any) -> bool:
        """Whether the response has a path to records. Raises RunFailed if it differs from the path of an earlier "
        "response."""
        path = self._detected_path(document)
        if path is None:
            return False
        with self._lock:
            self.path = self.path or path
        if self.path != path:
            names = {ROOT: "the response itself"}
            raise RunFailed(
                ErrorCode.API_RECORDS_AMBIGUOUS,
                f"the records are at {names.get(path, path)}, but in another response at "
                f"{names.get(self.path, self.path)}. Set records to the path of the records.",
            )
        return True

    def _detected_path(self, document: Any) -> str | None:
        """`$` for a list, else the path of the only list of objects, else `$` for a document that is a record.

        None if there are no records: an empty list or object does not determine the path.
        """
        if not isinstance(document, dict):
            return self._root_path(document)
        if not document:
            return None
        level: dict[str, dict[str, Any]] = {"": document}
        for _ in range(MAX_DEPTH):
            members = [(f"{prefix}{key}", value) for prefix, parent in level.items() for key, value in parent.items()]
            lists = {path: value for path, value in members if isinstance(value, list)}
            found = self._record_list(lists)
            if found is not None:
                self._refuse_record(document, found)
                return found if lists[found] else None
            level = {f"{path}.": value for path, value in members if isinstance(value, dict)}
        self._refuse_empty_value(document)
        return ROOT

    def _root_path(self, document: Any) -> str | None:
        types = {type(each) for each in document} if isinstance(document, list) else set()
        if {dict, list} <= types:
            raise RunFailed(
                ErrorCode.API_RECORDS_AMBIGUOUS,
                "the response is a list of both objects and lists, so a path cannot select the records. Use a "
                "custom script to fetch this endpoint.",
            )
        return None if document == [] else ROOT

    def _record_list(self, lists: Mapping[str, list[Any]]) -> str | None:
        """The path of the list of objects, else of the empty list. A usual key, or the endpoint's name, decides "
        "among several."""
        of_objects = [path for path, value in lists.items() if value and isinstance(value[0], dict)]
        empty = [path for path, value in lists.items() if not value]
        for candidates in (of_objects, empty):
            usual = [path for path in candidates if self._is_usual(path)]
            found = usual if len(usual) == 1 else candidates
            if len(found) > 1:
                raise RunFailed(
                    ErrorCode.API_RECORDS_AMBIGUOUS,
                    f"the response contains several lists: {', '.join(found)}. Set records to the path of the records.",
                )
            if found:
                return found[0]
        return None

    def _is_usual(self, path: str) -> bool:
        return path.rpartition(".")[2] in RECORD_LIST_KEYS | {self._endpoint.name}

    def _refuse_record(self, document: dict[str, Any], path: str) -> None:
        # The response for a value of for_each is often one record, which contains a list.
        fields = [key for key, value in document.items() if value is not None and not isinstance(value, (dict, list))]
        if self._endpoint.for_each and fields and not self._is_usual(path):
            raise RunFailed(
                ErrorCode.API_RECORDS_AMBIGUOUS,
                f'the response contains the list {path} and also {", ".join(fields[:5])}. Set records to "{path}" if '
                'the list contains the records, or to "$" if the response is one record.',
            )

    def _refuse_empty_value(self, document: dict[str, Any]) -> None:
        empty = [key for key, value in document.items() if self._is_usual(key) and (value is None or value == {})]
        if empty:
            raise RunFailed(
                ErrorCode.API_RECORDS_AMBIGUOUS,
                f"the response has no list, and {empty[0]} is {json.dumps(document[empty[0]])}. "
                f'Set records to "{empty[0]}" if this is an empty list, or to "$" if the response is one record.',
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
            f'the response is an error: {text}. Check the request. If the response is data, set records to "$".',
            retryable=True,
        )


def _keys(document: Any) -> str:
    keys = excerpt(", ".join(document), MAX_SHOWN_CHARACTERS) if isinstance(document, dict) else ""
    return f"the keys {keys}" if keys else "no keys"
