"""The answers of an endpoint, as they lie in its original → runs of records, one JSON value a line.

What is a record is told by the parsed answer; its text is cut out as it came, so that every number keeps its spelling.
"""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from etl_runtime.columns.json_values import Number
from etl_runtime.job.errors import RunFailed
from etl_runtime.read.json.json_records import JsonReader, keys_of, records_at
from etl_runtime.read.text.record_ends import Records
from etl_runtime.source.api.endpoints import Endpoint
from etl_runtime.source.api.response_records import ApiRecords


def response_records(lines: BinaryIO, endpoint: Endpoint, name: str) -> Iterator[Records]:
    """The records of all answers, in their order. Raises RunFailed where an answer does not have them."""
    records = ApiRecords(endpoint)
    column = endpoint.for_each.get("column") if endpoint.for_each else None
    for number, line in enumerate(lines, 1):
        try:
            kept = json.loads(line, parse_float=Number)
            found = records.of(kept["answer"])
        except (ValueError, KeyError, TypeError) as error:
            raise RunFailed(
                f"{name}: line {number:,} is no kept answer ({error}). Run again without from_run."
            ) from error
        except RunFailed as error:
            raise RunFailed(f"{name}, answer {number:,} ({kept['url']}): {error}", retryable=error.retryable) from error
        if not found:
            _require_single_keys(line, records, f"{name}, answer {number:,}")
            continue
        cut = list(_cut(line, records, f"{name}, answer {number:,}"))
        if (count := sum(run.count() for run in cut)) != len(found):
            what = f"{count:,} records were cut out of {len(found):,}"
            raise RunFailed(f"{name}, answer {number:,}: {what}. Report this with the original file.")
        yield from cut if column is None else [_with_column(cut, found, column, kept.get("value"))]


def _require_single_keys(line: bytes, records: ApiRecords, name: str) -> None:
    """A key that is there twice may hide records: of the two lists a parser takes the last."""
    key = json.dumps((records.path or "").rpartition(".")[2]).encode()
    if records.path and line.count(key) > 1:

        def refuse_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            keys = [key for key, _ in pairs]
            if twice := next((key for key in keys if keys.count(key) > 1), None):
                raise RunFailed(
                    f"{name}: the key {twice} is there twice in an object, and what it holds may be lost. Tell the source."
                )
            return dict(pairs)

        json.loads(line, object_pairs_hook=refuse_twice)


def _cut(line: bytes, records: ApiRecords, name: str) -> Iterator[Records]:
    reader = JsonReader(iter([line]), name, "records")
    for key in reader.members():
        if key == "answer":
            yield from records_at(reader, keys_of(records.path or "$"))
        else:
            reader.skip()


def _with_column(cut: list[Records], found: list[Any], column: str, value: Any) -> Records:
    """The records with the value that they were called for as a field more, where they have none of that name."""
    texts = [text for run in cut for text in bytes(run.text).split(b"\n") if text.strip()]
    added = f"{json.dumps(column)}: {value if isinstance(value, Number) else json.dumps(value)}}}\n".encode()

    def line(text: bytes, record: Any) -> bytes:
        if not isinstance(record, dict) or column in record:
            return text + b"\n"
        return text.rstrip()[:-1] + (b", " if record else b"") + added

    lines = [line(text, record) for text, record in zip(texts, found, strict=True)]
    return Records(b"".join(lines), np.cumsum([len(each) for each in lines], dtype=np.int64))
