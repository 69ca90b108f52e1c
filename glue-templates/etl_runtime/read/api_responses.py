"""Reads the records from the stored API responses of an endpoint.

The parsed response determines which values are records. The text of each record is copied from the stored response, so
that numbers keep their notation.
"""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from etl_runtime.columns.json_values import Number
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.read.json.json_reader import JsonReader
from etl_runtime.read.json.json_records import records_at
from etl_runtime.read.text.record_ends import Records
from etl_runtime.source.api.endpoints import Endpoint
from etl_runtime.source.api.json_path import keys_of
from etl_runtime.source.api.response_records import ApiRecords
from etl_runtime.source.records_contract import TableRecords


def response_records(
    lines: BinaryIO, endpoint: Endpoint, name: str, places: TableRecords | None = None
) -> Iterator[Records]:
    """Yield the records of all responses in order, one JSON value per line. Raises RunFailed if a response has no
    records."""
    records = ApiRecords(endpoint, places)
    column = endpoint.for_each.get("column") if endpoint.for_each else None
    for number, line in enumerate(lines, 1):
        where = f"{name}, response {number:,}"
        try:
            stored = json.loads(line, parse_float=Number)
            values = records.of(stored["answer"])
        except (ValueError, KeyError, TypeError) as error:
            raise RunFailed(
                ErrorCode.ORIGINAL_CHANGED,
                f"{name}: line {number:,} is not a stored API response ({error}). Run again without "
                "the run option from_run.",
            ) from error
        except RunFailed as error:
            raise error.within(f"{where} ({stored['url']})") from error
        if not values:
            _refuse_duplicate_keys(line, records, where)
            continue
        blocks = list(_record_blocks(line, records, where))
        if skipped := stored.get("skip", 0):
            lines_of_page = [line + b"\n" for block in blocks for line in _lines(block)]
            blocks, values = [Records.of(lines_of_page[skipped:])], values[skipped:]
            if not values:
                continue
        if (count := sum(block.count() for block in blocks)) != len(values):
            raise RunFailed(
                ErrorCode.UNEXPECTED_ERROR,
                f"{where}: {count:,} records were copied, but the response has {len(values):,}. Report this as a "
                "bug, and attach the stored original file.",
            )
        yield from blocks if column is None else [_with_column(blocks, values, column, stored.get("value"))]


def _refuse_duplicate_keys(line: bytes, records: ApiRecords, where: str) -> None:
    # The JSON parser keeps only the last value of a duplicate key, so an empty list could hide a list of records.
    key = json.dumps((records.path or "").rpartition(".")[2]).encode()
    if records.path and line.count(key) > 1:

        def refuse(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            keys = [key for key, _ in pairs]
            if duplicate := next((key for key in keys if keys.count(key) > 1), None):
                raise RunFailed(
                    ErrorCode.API_RESPONSE_INVALID,
                    f"{where}: an object has the key {duplicate} twice, so records may be lost. Report this to "
                    "the data provider.",
                )
            return dict(pairs)

        json.loads(line, object_pairs_hook=refuse)


def _record_blocks(line: bytes, records: ApiRecords, where: str) -> Iterator[Records]:
    reader = JsonReader(iter([line]), where, "records")
    for key in reader.members():
        if key == "answer":
            yield from records_at(reader, keys_of(records.path or "$"), shape=records.shape)
        else:
            reader.skip()


def _lines(block: Records) -> list[bytes]:
    return [line for line in bytes(block.text).split(b"\n") if line.strip()]


def _with_column(blocks: list[Records], values: list[Any], column: str, value: Any) -> Records:
    """Add the for_each value to the records as a field. A record that already has a field with this name is
    unchanged."""
    texts = [line for block in blocks for line in _lines(block)]
    member = f"{json.dumps(column)}: {value if isinstance(value, Number) else json.dumps(value)}}}\n".encode()

    def line(text: bytes, record: Any) -> bytes:
        if not isinstance(record, dict) or column in record:
            return text + b"\n"
        return text.rstrip()[:-1] + (b", " if record else b"") + member

    return Records.of([line(text, record) for text, record in zip(texts, values, strict=True)])
