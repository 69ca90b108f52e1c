"""Read JSON objects with the JSON reader of Arrow, if the result is exactly the same as with `parse_json` and
`JsonCells`.

With a schema, Arrow rejects invalid JSON, values of other types, lone surrogates, and unknown and duplicate keys. This
module checks for the cases that Arrow accepts: lines that do not contain exactly one object, NaN and infinity, and
numbers whose text cannot be restored from the nearest double.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json

from etl_runtime.read.json.json_numbers import inexact
from etl_runtime.read.json.json_strings import inside_strings

MAX_BLANKS = 64  # before or after an object: typical indentation
EXACT_CHARACTERS = 15  # any number with up to 15 digits and without an exponent can be restored from a double
# Integers outside of these bounds have more than EXACT_CHARACTERS characters.
MIN_LONG, MAX_LONG = -(10 ** (EXACT_CHARACTERS - 1)), 10**EXACT_CHARACTERS
LF, SPACE, OPEN, CLOSE, MINUS, ZERO = b"\n {}-0"
LOWER_E, TO_LOWER_CASE = ord("e"), 0x20
BLANKS = np.isin(np.arange(256), list(b" \t\r"))
IN_NUMBER = bytes(byte in b"-+.0123456789eE" for byte in range(256))
INTEGER = "^-?[0-9]+$"

Offsets = npt.NDArray[np.int64]


def read_objects(chunk: bytes, schema: pa.Schema) -> pa.RecordBatch | None:
    """Read objects, one per line, as columns of strings, 64-bit integers, doubles, booleans, structs and lists.

    Returns None if the objects have keys that are not in the schema, or if it is not certain that every value can be
    restored.
    """
    chunk.decode()  # Arrow does not require valid UTF-8
    chunk = chunk if chunk.endswith(b"\n") else chunk + b"\n"
    lines = _objects(chunk)
    if not lines or not schema.names:  # Arrow crashes if a record is null. A batch without columns has no rows.
        return None
    try:
        table = json.read_json(
            pa.BufferReader(chunk),
            json.ReadOptions(use_threads=False, block_size=len(chunk) + 1),
            json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != lines:
        return None
    batch = pa.RecordBatch.from_arrays(
        [pa.concat_arrays(column.chunks) for column in table.columns], schema=table.schema
    )
    return batch if _are_doubles_exact(chunk, batch.columns) else None


def _objects(chunk: bytes) -> int:
    """The number of non-blank lines, or 0 if one of them does not begin and end with a brace."""
    content = np.frombuffer(chunk, np.uint8)
    ends = np.flatnonzero(content == LF)
    starts = np.append(0, ends[:-1] + 1)
    for _ in range(MAX_BLANKS):
        blank = BLANKS[content[starts]]
        if not blank.any():
            break
        starts = starts + blank
    filled = starts < ends
    starts, ends = starts[filled], ends[filled]
    for _ in range(MAX_BLANKS):
        blank = BLANKS[content[ends - 1]]
        if not blank.any():
            break
        ends = ends - blank
    braces = (content[starts] == OPEN) & (content[ends - 1] == CLOSE)
    return len(starts) if braces.all() else 0


def _are_doubles_exact(chunk: bytes, arrays: list[pa.Array]) -> bool:
    """Whether it is certain that the text of each double can be restored."""
    leaves = [leaf for array in arrays for leaf in _leaves(array)]
    doubles = [leaf for leaf in leaves if pa.types.is_float64(leaf.type)]
    if not doubles:
        return True
    if not all(pc.all(pc.is_finite(leaf)).as_py() is not False for leaf in doubles):
        return False
    content = np.frombuffer(chunk, np.uint8)
    in_number = np.frombuffer(chunk.translate(IN_NUMBER), np.uint8) * (inside_strings(chunk) ^ np.uint8(1))
    edges = np.flatnonzero(in_number[1:] != in_number[:-1]) + 1  # in pairs: no line begins or ends with a number
    starts, ends = edges[::2], edges[1::2]
    sizes = ends - starts  # the e in true and false is also found, with size 1
    if ((sizes == 2) & (content[starts] == MINUS) & (content[starts + 1] == ZERO)).any():
        return False  # -0 as an integer is 0
    doubtful = sizes > EXACT_CHARACTERS
    exponents = np.flatnonzero((content | TO_LOWER_CASE == LOWER_E) & (in_number == 1))
    doubtful[np.searchsorted(starts, exponents, side="right") - 1] = True
    doubtful &= sizes > 1
    if not doubtful.any():
        return True
    texts = _texts(chunk, starts[doubtful], ends[doubtful])
    if long := sum(_long_integers(leaf) for leaf in leaves if pa.types.is_int64(leaf.type)):
        integers = pc.match_substring_regex(texts, INTEGER)
        if pc.sum(integers).as_py() == long:  # all long integers are in integer columns
            texts = texts.filter(pc.invert(integers))
    return not inexact(texts, pc.cast(texts, pa.float64()))


def _leaves(array: pa.Array) -> Iterator[pa.Array]:
    if pa.types.is_struct(array.type):
        for index in range(array.type.num_fields):
            yield from _leaves(array.field(index))
    elif pa.types.is_list(array.type):
        yield from _leaves(array.values)
    else:
        yield array


def _long_integers(integers: pa.Array) -> int:
    """The number of integers that have more than EXACT_CHARACTERS characters."""
    return pc.sum(pc.or_(pc.less_equal(integers, MIN_LONG), pc.greater_equal(integers, MAX_LONG))).as_py() or 0


def _texts(chunk: bytes, starts: Offsets, ends: Offsets) -> pa.Array:
    """The ASCII strings between the offsets, which must be in ascending order."""
    offsets = np.stack([starts, ends], axis=1).astype(np.int32)
    between = np.append(offsets, np.int32(len(chunk)))  # every second text lies between an end and the next start
    spans = pa.StringArray.from_buffers(2 * len(starts), pa.py_buffer(between), pa.py_buffer(chunk))
    return spans.take(pa.array(np.arange(0, 2 * len(starts), 2)))
