"""Where the records are in the answers of an API."""

import json
from threading import Lock
from typing import Any

from etl_runtime.job.errors import RunFailed
from etl_runtime.job.redaction import excerpt
from etl_runtime.source.api.endpoints import Endpoint
from etl_runtime.source.api.json_path import MISSING, value_at

ITSELF = "$"
NAMES = frozenset(
    {
        *("data", "results", "result", "items", "records", "rows", "entries", "values", "value", "docs", "hits"),
        *("content", "elements", "list", "objects", "features"),
    }
)
"""What APIs call the list of records."""
DEEPEST = 3  # keys on the way to a list that is found by itself
ERRORS = ("error", "errors", "fault")
FAILED = ("error", "fail", "failed", "failure")
MOST_SHOWN = 200


class ApiRecords:
    """The records of an endpoint's answers: at the path that it declares, else where each answer has them, the same place in all."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.path = endpoint.records
        self._endpoint = endpoint
        self._is_declared = endpoint.records is not None
        self._lock = Lock()  # calls are under way side by side

    def of(self, document: Any) -> list[Any]:
        """The records of one answer; `document` None is that of an answer without content.

        Raises RunFailed where they are not there, and where the answer says that it is an error.
        """
        if document is None:
            return []
        if self.path != ITSELF or not self._is_declared:
            refuse_error(document)
        if not self._is_declared and not self._is_told(document):
            return []
        found = value_at(document, str(self.path))
        if found is MISSING:
            raise RunFailed(
                f"records {self.path} is missing in the answer, which has {_keys(document)}.", retryable=True
            )
        if isinstance(found, list):
            return found
        if found is None or isinstance(found, dict):
            return [found] if found else []  # null and an object without keys are ways to write an empty list
        raise RunFailed(
            f"records {self.path} is {excerpt(found, MOST_SHOWN)!r}, neither a list nor an object.", retryable=True
        )

    def is_record(self, document: Any) -> bool:
        """Whether the whole answer is the one record."""
        return self.path == ITSELF and isinstance(document, dict)

    def _is_told(self, document: Any) -> bool:
        """Whether the answer shows where its records are. Raises RunFailed where that is another place than before."""
        path = self._found(document)
        if path is None:
            return False
        with self._lock:
            self.path = self.path or path
        if self.path != path:
            where = {ITSELF: "the answer itself"}
            raise RunFailed(
                f"the records are {where.get(path, path)}, and in another answer they were {where.get(self.path, self.path)}. "
                "Declare the right one as records."
            )
        return True

    def _found(self, document: Any) -> str | None:
        """The answer where it is a list, else the one list of objects in it, else the answer as the one record.

        None where it has no record: an empty list or object tells nothing.
        """
        if not isinstance(document, dict):
            return self._itself(document)
        if not document:
            return None
        level = {"": document}
        for _ in range(DEEPEST):
            lists = {
                f"{way}{key}": value
                for way, parent in level.items()
                for key, value in parent.items()
                if isinstance(value, list)
            }
            for candidates in (
                [way for way, value in lists.items() if value and isinstance(value[0], dict)],
                _empty(lists),
            ):
                named = [way for way in candidates if self._is_named(way)]
                if len(found := named if len(named) == 1 else candidates) > 1:
                    raise RunFailed(
                        f"the answer holds several lists: {', '.join(found)}. Declare the right one as records."
                    )
                if found:
                    self._require_no_record(document, found[0])
                    return found[0] if lists[found[0]] else None
            level = {
                f"{way}{key}.": value
                for way, parent in level.items()
                for key, value in parent.items()
                if isinstance(value, dict)
            }
        empty = [key for key, value in document.items() if self._is_named(key) and (value is None or value == {})]
        if empty:
            raise RunFailed(
                f"the answer has no list, and {empty[0]} is {json.dumps(document[empty[0]])}. "
                f'Declare records "{empty[0]}" where that is an empty list, or "$" where the answer is a record.'
            )
        return ITSELF

    def _itself(self, document: Any) -> str | None:
        kinds = {type(each) for each in document} if isinstance(document, list) else set()
        if {dict, list} <= kinds:
            raise RunFailed(
                "the answer is a list of objects and lists, and no path leads into it. A script of your own can take it apart."
            )
        return None if document == [] else ITSELF

    def _is_named(self, way: str) -> bool:
        return way.rpartition(".")[2] in NAMES | {self._endpoint.name}

    def _require_no_record(self, document: dict[str, Any], way: str) -> None:
        """What is asked for by the value of another record is often a record itself, which has a list."""
        own = [key for key, value in document.items() if value is not None and not isinstance(value, (dict, list))]
        if self._endpoint.for_each and own and not self._is_named(way):
            raise RunFailed(
                f'the answer holds the list {way} beside {", ".join(own[:5])}. Declare records "{way}" for the list, or "$" for the answer.'
            )


def refuse_error(document: Any) -> None:
    """Raise RunFailed where an answer that came with 200 says that it is an error."""
    if not isinstance(document, dict):
        return
    said = next((document[key] for key in ERRORS if document.get(key)), None)
    failed = (
        document.get("success") is False or document.get("ok") is False or str(document.get("status")).lower() in FAILED
    )
    if said or failed:
        text = excerpt(said or document.get("message") or document, MOST_SHOWN)
        raise RunFailed(
            f'the answer is an error: {text}. Look at the call; where this is data, declare records "$".',
            retryable=True,
        )


def _empty(lists: dict[str, list[Any]]) -> list[str]:
    return [way for way, value in lists.items() if not value]


def _keys(document: Any) -> str:
    keys = excerpt(", ".join(document), MOST_SHOWN) if isinstance(document, dict) else ""
    return f"the keys {keys}" if keys else "no keys"
