"""Parse JSON records into columns of cells, strictly and with exact numbers.

A record that is not an object has one column, `value`. Missing keys and JSON nulls become null; an empty string stays
an empty string. If an object has a duplicate key, the cell has the last value, and the overwritten values are the
`surplus` of the record, as JSON text.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, NoReturn

import numpy as np

from etl_runtime.columns.cells import PartTable
from etl_runtime.columns.json_values import (
    LONE_SURROGATE,
    Number,
    Object,
    json_text,
    key_sequences,
    transposed,
    without_garbage_collection,
)
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.read.json.json_cells import JsonCells
from etl_runtime.read.json.json_strings import inside_strings

CHUNK_BYTES = 1 << 20  # of text; its objects are converted to columns before the next chunk is parsed
MAX_COLUMNS = 2_000
MAX_DEPTH = 200
MAX_INT_DIGITS = 4_000  # below Python's default limit
SHOWN_CHARACTERS = 40
COLON = 0x3A
BLANKS = " \t\r"
VALUE = "value"


@without_garbage_collection()
def read_table(text: bytes, name: str, first: int = 1) -> PartTable:
    """Convert records, one JSON value per line, to columns keyed by JSON key, in order of first occurrence.

    `name` (the file name) and `first` (the number of the first record within the file) are used in error messages.
    Raises RunFailed if a line is not valid JSON, or if the records have more than MAX_COLUMNS keys.
    """
    columns: dict[str, list[object]] = {}
    surplus: dict[int, list[str]] = {}
    rows = 0
    for chunk in chunks_of(text):
        lines = [line for line in [raw.strip(BLANKS) for raw in chunk.decode().split("\n")] if line]
        values = _values(lines, name, first + rows)
        if _keys_read(values, name, first + rows) != _keys_written(chunk):
            values, overwritten = _values_and_overwritten(lines)
            surplus |= {rows + line: texts for line, texts in overwritten.items()}
        objects = _objects(values)
        results = key_sequences(objects)
        keys = dict.fromkeys(chain.from_iterable(results))
        for key in keys.keys() - columns.keys():
            if LONE_SURROGATE.search(key):
                raise RunFailed(
                    ErrorCode.JSON_INVALID,
                    f"{name}: the key {json_text(key)} contains an unpaired surrogate. Correct the file.",
                )
        if len(columns.keys() | keys) > MAX_COLUMNS:
            raise RunFailed(
                ErrorCode.JSON_TOO_MANY_KEYS,
                f"{name}: the records have more than {MAX_COLUMNS:,} keys, for example {', '.join(list(keys)[:5])}. "
                "Keys that are data, such as IDs or dates, cannot become columns. If the records are elsewhere in "
                "the document, set file_format.records to their path. Otherwise, ask the data provider for a list of "
                "records.",
            )
        by_key = transposed(objects, results, keys)
        for key in keys:
            if key not in columns:
                columns[key] = [None] * rows
            columns[key].extend(by_key[key])
        rows += len(objects)
        for column in columns.values():
            column.extend([None] * (rows - len(column)))
    return PartTable(rows, {key: JsonCells(column) for key, column in columns.items()}, surplus)


def chunks_of(text: bytes, size: int | None = None) -> Iterator[bytes]:
    """Yield blocks of complete lines, each of about `size` bytes (by default CHUNK_BYTES)."""
    start = 0
    while start < len(text):
        end = text.find(b"\n", start + (size or CHUNK_BYTES)) + 1 or len(text)
        yield text[start:end]
        start = end


def _values(lines: list[str], name: str, first: int) -> list[object]:
    try:
        results = [_scan(line, 0) for line in lines]
    except (ValueError, StopIteration, RecursionError):
        results = []
    if [end for _, end in results] == list(map(len, lines)):
        return [value for value, _ in results]
    return [_value(line, name, number) for number, line in enumerate(lines, start=first)]


def _value(line: str, name: str, number: int) -> object:
    """The value of one line. Raises RunFailed with the position of the error."""
    try:
        value, end = _scan_long(line, 0)
    except StopIteration as error:
        _fail(name, number, line, "expected a value", error.value)
    except json.JSONDecodeError as error:
        _fail(name, number, line, error.msg, error.pos)
    except ValueError as error:
        _fail(name, number, line, f"{error} is not a JSON value", line.find(str(error)))
    except RecursionError:
        raise RunFailed(
            ErrorCode.JSON_INVALID,
            f"{name}: record {number:,} is nested deeper than {MAX_DEPTH} levels. Ask the data "
            "provider for records with fewer levels.",
        ) from None
    if end < len(line):
        _fail(name, number, line, "more than one value in the line", end)
    return value


def _fail(name: str, number: int, line: str, what: str, at: int) -> NoReturn:
    if at < len(line) and not what.startswith("Unterminated string"):
        raise RunFailed(
            ErrorCode.JSON_INVALID,
            f"{name}, record {number:,}: {what} at character {at + 1:,}: {line[at : at + SHOWN_CHARACTERS]}. "
            "Correct the file.",
        )
    raise RunFailed(
        ErrorCode.JSON_INVALID,
        f"{name}, record {number:,}: the line is truncated ({what}). It ends with …{line[-SHOWN_CHARACTERS:]}. Run "
        "again. If a document spans several lines, set file_format.type to json.",
    )


def _no_constant(word: str) -> NoReturn:
    raise ValueError(word)


def _int_or_number(text: str) -> int | Number:
    return int(text) if len(text) <= MAX_INT_DIGITS else Number(text)


def _scanner(decoder: json.JSONDecoder) -> Callable[[str, int], tuple[object, int]]:
    """Return a function that parses the value at an offset and returns the value and its end offset."""
    scan: Callable[[str, int], tuple[object, int]] = decoder.scan_once  # type: ignore[attr-defined]
    return scan


_scan = _scanner(json.JSONDecoder(parse_float=Number, parse_constant=_no_constant))
_scan_long = _scanner(json.JSONDecoder(parse_float=Number, parse_int=_int_or_number, parse_constant=_no_constant))


def _objects(values: list[object]) -> list[Object]:
    if set(map(type, values)) <= {dict}:
        return values  # type: ignore[return-value]
    return [value if isinstance(value, dict) else {} if value is None else {VALUE: value} for value in values]


def _keys_written(chunk: bytes) -> int:
    """The number of keys in the text. Each key is followed by one colon, which is outside of strings."""
    return int(np.count_nonzero((np.frombuffer(chunk, np.uint8) == COLON) & (inside_strings(chunk) == 0)))


def _keys_read(values: list[object], name: str, first: int) -> int:
    try:
        return _keys(values)
    except RecursionError:
        raise RunFailed(
            ErrorCode.JSON_INVALID,
            f"{name}: a record after record {first - 1:,} is nested deeper than {MAX_DEPTH} levels. Ask the data "
            "provider for records with fewer levels.",
        ) from None


def _keys(values: Sequence[object], depth: int = 0) -> int:
    """The total number of keys in all objects within the values, at any depth.

    Raises RecursionError if the values are nested too deeply.
    """
    if depth > MAX_DEPTH:
        raise RecursionError
    python_types = set(map(type, values))
    count = 0
    if dict in python_types:
        objects: Sequence[Any] = (
            values if len(python_types) == 1 else [value for value in values if isinstance(value, dict)]
        )
        lengths = list(map(len, objects))
        members = map(dict.values, objects)
        same_length = len(set(lengths)) == 1
        columns: Iterable[Sequence[object]] = (
            zip(*members, strict=True) if same_length else [list(chain.from_iterable(members))]
        )
        count += sum(lengths) + sum(_keys(column, depth + 1) for column in columns)
    if list in python_types:
        lists: Sequence[Any] = (
            values if len(python_types) == 1 else [value for value in values if isinstance(value, list)]
        )
        count += _keys(list(chain.from_iterable(lists)), depth + 1)
    return count


def _values_and_overwritten(lines: list[str]) -> tuple[list[object], dict[int, list[str]]]:
    """The values of the lines, and the values that duplicate keys overwrite, keyed by line."""
    overwritten: list[str] = []

    def last_values(pairs: list[tuple[str, object]]) -> Object:
        last_values_by_key = dict(pairs)
        if len(last_values_by_key) < len(pairs):
            last = {key: place for place, (key, _) in enumerate(pairs)}
            overwritten.extend(
                json_text({key: value}) for place, (key, value) in enumerate(pairs) if last[key] != place
            )
        return last_values_by_key

    scan = _scanner(json.JSONDecoder(object_pairs_hook=last_values, parse_float=Number, parse_int=_int_or_number))
    values = []
    results = {}
    for line, text in enumerate(lines):
        values.append(scan(text, 0)[0])
        if overwritten:
            results[line] = overwritten.copy()
            overwritten.clear()
    return values, results
