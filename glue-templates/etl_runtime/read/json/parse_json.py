"""Records of JSON → columns of cells. Parsed strictly, with every number exact.

A record that is no object has the one column `value`. Missing and null are both null; an empty text stays. Where an object has a
key twice the last value is the cell, and each that it hides is surplus of the record, as JSON text.
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
from etl_runtime.job.errors import RunFailed
from etl_runtime.read.json.json_cells import JsonCells
from etl_runtime.read.json.json_strings import inside_strings

CHUNK_BYTES = 1 << 20  # of text, whose objects become columns before the next are made
MAX_COLUMNS = 2_000
MAX_DEPTH = 200
MAX_INT_DIGITS = 4_000  # Python reads no longer ones by default
SHOWN_CHARACTERS = 40
COLON = 0x3A
BLANKS = " \t\r"
VALUE = "value"


@without_garbage_collection()
def read_table(text: bytes, name: str, first: int = 1) -> PartTable:
    """Records, one JSON value a line, → columns by key, in the order in which the keys come.

    `name` is the file's and `first` the number of the first record in it, for errors. Raises RunFailed where a line is no JSON, and
    where the records have more keys than a table has columns.
    """
    columns: dict[str, list[object]] = {}
    surplus: dict[int, list[str]] = {}
    rows = 0
    for chunk in _chunks(text):
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
                raise RunFailed(f"{name}: the key {json_text(key)} holds half a character. Mend the file.")
        if len(columns.keys() | keys) > MAX_COLUMNS:
            raise RunFailed(
                f"{name}: the records have more than {MAX_COLUMNS:,} keys, among them {', '.join(list(keys)[:5])}. Keys that are data "
                "make no columns: declare file_format.records where the records lie elsewhere, or ask the source for a list."
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


def _chunks(text: bytes) -> Iterator[bytes]:
    """Whole lines of about CHUNK_BYTES."""
    start = 0
    while start < len(text):
        end = text.find(b"\n", start + CHUNK_BYTES) + 1 or len(text)
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
    """The value of one line. Raises RunFailed with what is wrong about it."""
    try:
        value, end = _scan_long(line, 0)
    except StopIteration as error:
        _fail(name, number, line, "a value should come", error.value)
    except json.JSONDecodeError as error:
        _fail(name, number, line, error.msg, error.pos)
    except ValueError as error:
        _fail(name, number, line, f"{error} is no value of JSON", line.find(str(error)))
    except RecursionError:
        raise RunFailed(f"{name}, record {number:,}: it is nested deeper than {MAX_DEPTH}. Look at the file.") from None
    if end < len(line):
        _fail(name, number, line, "more than one value in a line", end)
    return value


def _fail(name: str, number: int, line: str, what: str, at: int) -> NoReturn:
    if at < len(line) and not what.startswith("Unterminated string"):
        raise RunFailed(
            f"{name}, record {number:,}: {what} at character {at + 1:,}, {line[at : at + SHOWN_CHARACTERS]}. Mend the file."
        )
    raise RunFailed(
        f"{name}, record {number:,}: the line is cut off ({what}), …{line[-SHOWN_CHARACTERS:]}. Fetch the file again; "
        "where one document takes several lines, declare file_format.type json."
    )


def _no_constant(word: str) -> NoReturn:
    raise ValueError(word)


def _int_or_number(text: str) -> int | Number:
    return int(text) if len(text) <= MAX_INT_DIGITS else Number(text)


def _scanner(decoder: json.JSONDecoder) -> Callable[[str, int], tuple[object, int]]:
    """What gives the value that begins at a place, and where it ends."""
    scan: Callable[[str, int], tuple[object, int]] = decoder.scan_once  # type: ignore[attr-defined]
    return scan


_scan = _scanner(json.JSONDecoder(parse_float=Number, parse_constant=_no_constant))
_scan_long = _scanner(json.JSONDecoder(parse_float=Number, parse_int=_int_or_number, parse_constant=_no_constant))


def _objects(values: list[object]) -> list[Object]:
    if set(map(type, values)) <= {dict}:
        return values  # type: ignore[return-value]
    return [value if isinstance(value, dict) else {} if value is None else {VALUE: value} for value in values]


def _keys_written(chunk: bytes) -> int:
    """How many keys stand in the text: each has a colon."""
    return int(np.count_nonzero((np.frombuffer(chunk, np.uint8) == COLON) & (inside_strings(chunk) == 0)))


def _keys_read(values: list[object], name: str, first: int) -> int:
    try:
        return _keys(values)
    except RecursionError:
        raise RunFailed(
            f"{name}: of the records from {first:,} on, one is nested deeper than {MAX_DEPTH}. Look at the file."
        ) from None


def _keys(values: Sequence[object], depth: int = 0) -> int:
    """How many keys the objects among the values have, at any depth. Raises RecursionError where they are nested too deep."""
    if depth > MAX_DEPTH:
        raise RecursionError
    kinds = set(map(type, values))
    count = 0
    if dict in kinds:
        objects: Sequence[Any] = values if len(kinds) == 1 else [value for value in values if isinstance(value, dict)]
        lengths = list(map(len, objects))
        members = map(dict.values, objects)
        alike = len(set(lengths)) == 1
        columns: Iterable[Sequence[object]] = (
            zip(*members, strict=True) if alike else [list(chain.from_iterable(members))]
        )
        count += sum(lengths) + sum(_keys(column, depth + 1) for column in columns)
    if list in kinds:
        lists: Sequence[Any] = values if len(kinds) == 1 else [value for value in values if isinstance(value, list)]
        count += _keys(list(chain.from_iterable(lists)), depth + 1)
    return count


def _values_and_overwritten(lines: list[str]) -> tuple[list[object], dict[int, list[str]]]:
    """The values, and by line what later values of the same key hide."""
    overwritten: list[str] = []

    def last_values(pairs: list[tuple[str, object]]) -> Object:
        made = dict(pairs)
        if len(made) < len(pairs):
            last = {key: place for place, (key, _) in enumerate(pairs)}
            overwritten.extend(
                json_text({key: value}) for place, (key, value) in enumerate(pairs) if last[key] != place
            )
        return made

    scan = _scanner(json.JSONDecoder(object_pairs_hook=last_values, parse_float=Number, parse_int=_int_or_number))
    values = []
    results = {}
    for line, text in enumerate(lines):
        values.append(scan(text, 0)[0])
        if overwritten:
            results[line] = overwritten.copy()
            overwritten.clear()
    return values, results
