"""Converts records that are the entries of an object, or rows with a header, to objects."""

import json
import logging
import re
from collections.abc import Callable, Iterator

from etl_runtime.job.errors import ErrorCode
from etl_runtime.read.header_row import number_in_header
from etl_runtime.read.json.json_reader import JsonReader
from etl_runtime.read.text.record_ends import Records
from etl_runtime.source.record_shape import VALUE, RecordShape

LOG = logging.getLogger(__name__)

BLANKS = b" \t\r\n"
ENTRY = re.compile(rb'[ \t]*+("(?:[^"\\]++|\\.)*+")[ \t]*+:[ \t]*+(.*)', re.DOTALL)
FLAT_ROW = re.compile(rb'\[(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+\]', re.DOTALL)
ITEM = re.compile(rb'(?:"(?:[^"\\]++|\\.)*+"|[^",])++', re.DOTALL)
BLANKS_IN_TEXT = re.compile(r"[ \t\r\n]*+")
DECODER = json.JSONDecoder(parse_int=str, parse_float=str)  # only finds where values end; their text is copied


def entries(batches: Iterator[Records], reader: JsonReader, key_column: str | None) -> Iterator[Records]:
    """Yield the values of an object's members, with the key as an additional field if `key_column` is set."""
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


def rows(batches: Iterator[Records], reader: JsonReader, shape: RecordShape) -> Iterator[Records]:
    """Convert lists to objects. The keys are the values of the first list, or the declared names."""
    keys: list[bytes] = []
    count = 0

    def record(line: bytes) -> bytes:
        nonlocal count
        count += 1
        items = _items(line, reader, count)
        if not keys:
            names = _names(items, reader, shape)
            keys.extend(json.dumps(name, ensure_ascii=False).encode() for name in names)
        if len(items) != len(keys):
            others = f"column_names has {len(keys):,}" if shape.column_names else f"the header has {len(keys):,}"
            others = others if shape.column_names or shape.has_header else f"the first row has {len(keys):,}"
            reader.fail(
                f"row {count:,} has {len(items):,} values, but {others}. Check the source"
                + (", or correct column_names." if shape.column_names else "."),
                retryable=True,
            )
        if count == 1 and shape.has_header:
            return b""
        return b"{" + b", ".join([b"%b: %b" % member for member in zip(keys, items, strict=True)]) + b"}"

    return _mapped(batches, record)


def _items(line: bytes, reader: JsonReader, row: int) -> list[bytes]:
    text = line.strip(BLANKS)
    if not text.startswith(b"["):
        reader.fail(
            f"row {row:,} is not a list: {text[:40].decode(errors='ignore')}. Correct orient.",
            ErrorCode.JSON_RECORDS_NOT_FOUND,
        )
    items = _flat_items(text) if FLAT_ROW.fullmatch(text) else _nested_items(text)
    return _items_of_reader(text, f"{reader.name}, row {row:,}") if items is None else items


def _flat_items(row: bytes) -> list[bytes] | None:
    """The items of a row without nested values, or None if an item is missing before or after a comma."""
    body = row[1:-1]
    if not body.strip(BLANKS):
        return []
    texts = ITEM.findall(body)
    items = [text.strip(BLANKS) for text in texts]
    return items if all(items) and sum(map(len, texts)) + len(texts) - 1 == len(body) else None


def _nested_items(row: bytes) -> list[bytes] | None:
    """The items of a row, or None if the row is not valid JSON."""
    items: list[bytes] = []
    try:
        text, at = row.decode(), 1
        while True:
            start = _next(text, at)
            _, end = DECODER.raw_decode(text, start)
            items.append(text[start:end].encode())
            at = _next(text, end)
            if text[at] == "]":
                return items if at + 1 == len(text) else None
            if text[at] != ",":
                return None
            at += 1
    except (ValueError, IndexError, RecursionError):
        return None


def _next(text: str, at: int) -> int:
    """The offset of the next character that is not blank."""
    return BLANKS_IN_TEXT.match(text, at).end()  # type: ignore[union-attr]


def _items_of_reader(row: bytes, name: str) -> list[bytes]:
    """Like `_nested_items`, but slower. Raises RunFailed with the position of the invalid text."""
    reader = JsonReader(iter([row]), name)
    items = [item.strip(BLANKS) for batch in reader.elements() for item in batch.text.rstrip(b"\n").split(b"\n")]
    if reader.peek():
        reader.fail(f"the list ends, but {reader.excerpt()} follows. Correct the file.")
    return items


def _names(first: list[bytes], reader: JsonReader, shape: RecordShape) -> tuple[str, ...]:
    """The column names. Raises RunFailed if a header is expected but the first row is a record, or vice versa."""
    if not shape.has_header:
        names = shape.names_of_row(first)
        if tuple(json.loads(item) for item in first if item.startswith(b'"')) == names and shape.column_names:
            reader.fail(
                "the first row contains the names in column_names, so it is the header. Remove column_names.",
                ErrorCode.FILE_FORMAT_MISMATCH,
            )
        return names
    values = [json.loads(item) for item in first]
    if not any(isinstance(value, str) for value in values) or any(
        isinstance(value, (dict, list)) or value is None for value in values
    ):
        reader.fail(
            "the first row is not a header: it has values other than names. If it is a record, set column_names to the "
            "names of its values. Otherwise correct orient.",
            ErrorCode.JSON_RECORDS_NOT_FOUND,
        )
    if number := number_in_header(map(str, values)):
        LOG.info(
            f"{reader.name}: the header contains the number {number}. If the first row is a record, set column_names."
        )
    return shape.names_of_row(values)


def _mapped(batches: Iterator[Records], record: Callable[[bytes], bytes]) -> Iterator[Records]:
    for batch in batches:
        starts = [0, *batch.ends.tolist()]
        lines = [record(batch.text[start:end]) for start, end in zip(starts, starts[1:], strict=False)]
        yield Records.of([line + b"\n" for line in lines if line])
