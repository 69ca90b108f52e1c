"""Converts records of other shapes to objects: entries of an object, and rows with a header."""

import json
import re
from collections.abc import Callable, Iterator

import numpy as np

from etl_runtime.columns.names import source_names
from etl_runtime.job.errors import ErrorCode
from etl_runtime.read.json.json_reader import JsonReader
from etl_runtime.read.text.record_ends import Records
from etl_runtime.source.record_shape import VALUE

BLANKS = b" \t\r\n"
ENTRY = re.compile(rb'[ \t]*+("(?:[^"\\]++|\\.)*+")[ \t]*+:[ \t]*+(.*)', re.DOTALL)
FLAT_ROW = re.compile(rb'\[(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+\]', re.DOTALL)
ITEM = re.compile(rb'[ \t]*+((?:"(?:[^"\\]++|\\.)*+"|[^",])++)', re.DOTALL)


def entries(batches: Iterator[Records], reader: JsonReader, key_column: str | None) -> Iterator[Records]:
    """The values of an object's members, with the key as a further field if `key_column` is set."""
    column = None if key_column is None else json.dumps(key_column).encode()

    def record(line: bytes) -> bytes:
        entry = ENTRY.fullmatch(line)
        if entry is None:
            reader.fail(f"expected a key and a value, found {line[:40].decode(errors='ignore')}. Correct the file.")
        key, value = entry[1], entry[2].rstrip(BLANKS)
        if column is None:
            return value
        if not value.startswith(b"{"):
            return b'{%b: %b, "%b": %b}' % (column, key, VALUE.encode(), value)
        members = value[1:].lstrip(BLANKS)
        return b"{%b: %b%b%b" % (column, key, b"" if members == b"}" else b", ", members)

    return _mapped(batches, record)


def rows(batches: Iterator[Records], reader: JsonReader, names: tuple[str, ...] = ()) -> Iterator[Records]:
    """Lists as objects. The keys are `names`, else the values of the first list."""
    keys = [json.dumps(name, ensure_ascii=False).encode() for name in names]
    count = 0

    def record(line: bytes) -> bytes:
        nonlocal count
        count += 1
        items = _items(line, reader, count)
        if not keys:
            keys.extend(json.dumps(name, ensure_ascii=False).encode() for name in _header(items, reader))
            return b""
        if len(items) != len(keys):
            reader.fail(
                f"row {count:,} has {len(items):,} values, but the header has {len(keys):,}. Check the source.",
                retryable=True,
            )
        return b"{" + b", ".join([b"%b: %b" % member for member in zip(keys, items, strict=True)]) + b"}"

    return _mapped(batches, record)


def _items(line: bytes, reader: JsonReader, row: int) -> list[bytes]:
    text = line.strip(BLANKS)
    if not text.startswith(b"["):
        reader.fail(
            f"row {row:,} is not a list: {text[:40].decode(errors='ignore')}. Correct orient.",
            ErrorCode.JSON_RECORDS_NOT_FOUND,
        )
    if FLAT_ROW.fullmatch(text):
        return [item.rstrip(BLANKS) for item in ITEM.findall(text[1:-1])]
    nested = JsonReader(iter([text]), reader.name)
    return [item for batch in nested.elements() for item in batch.text.rstrip(b"\n").split(b"\n")]


def _header(items: list[bytes], reader: JsonReader) -> tuple[str, ...]:
    values = [json.loads(item) for item in items]
    if not values or any(isinstance(value, (dict, list)) or value is None for value in values):
        reader.fail(
            "the first row is not a header: it has values other than names. Correct orient.",
            ErrorCode.JSON_RECORDS_NOT_FOUND,
        )
    return source_names([str(value) for value in values])


def _mapped(batches: Iterator[Records], record: Callable[[bytes], bytes]) -> Iterator[Records]:
    for batch in batches:
        starts = [0, *batch.ends.tolist()]
        lines = [record(batch.text[start:end]) for start, end in zip(starts, starts[1:], strict=False)]
        lines = [line + b"\n" for line in lines if line]
        yield Records(b"".join(lines), np.cumsum([len(line) for line in lines], dtype=np.int64))
