"""Values of JSON in Python: None, bool, int, str, list and dict as usual, and numbers that are not whole as they are written."""

import gc
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from json.encoder import encode_basestring
from typing import TypeAlias

Object: TypeAlias = dict[str, object]

LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Number(str):
    """A number as it is written in JSON: 1.50, 1e5. Neither a fraction nor an exponent is lost on the way."""

    __slots__ = ()


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Keeps Python from searching for cycles, of which JSON has none, each time some more values were made: five times as fast."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def decimal(number: int | Number) -> Decimal | None:
    """The exact value, or None where an exponent is beyond all that can be calculated with."""
    try:
        return Decimal(number)
    except InvalidOperation:
        return None


def json_text(value: object) -> str:
    """Compact JSON with numbers as they were written, objects in their order. Half a character (\\ud83d) stays escaped."""
    text = _json_text(value)
    return text if text.isascii() else LONE_SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def _json_text(value: object) -> str:
    if isinstance(value, str) and not isinstance(value, Number):
        return encode_basestring(value)
    if isinstance(value, dict):
        return f"{{{','.join([f'{encode_basestring(key)}:{_json_text(member)}' for key, member in value.items()])}}}"
    if isinstance(value, list):
        return f"[{','.join([_json_text(member) for member in value])}]"
    return scalar_text(value)


def scalar_text(value: object) -> str:
    """A text itself; a number as it is written; true, false, null."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(value)


def json_compatible(value: object) -> object:
    """The value for json.dumps, which knows no Number: a float where that is exact, else its digits as text.

    What holds half a character, which no UTF-8 can say, is its JSON text.
    """
    if LONE_SURROGATE.search(_json_text(value)):
        return json_text(value)
    return _json_compatible(value)


def _json_compatible(value: object) -> object:
    if isinstance(value, Number):
        return float(value) if is_exact_double(value) else str(value)
    if isinstance(value, dict):
        return {key: _json_compatible(member) for key, member in value.items()}
    return [_json_compatible(member) for member in value] if isinstance(value, list) else value


def is_exact_double(number: int | Number) -> bool:
    """Whether the shortest spelling of the nearest double has the number's value."""
    try:
        nearest = float(number)
    except OverflowError:
        return False
    return abs(nearest) != float("inf") and Decimal(repr(nearest)) == decimal(number)


def key_sequences(objects: Iterable[Object]) -> dict[tuple[str, ...], None]:
    """The lists of keys that objects have, each once, in the order in which they come."""
    return dict.fromkeys(map(tuple, objects))


def transposed(
    objects: Sequence[Object], key_sequences: Collection[tuple[str, ...]], keys: Collection[str]
) -> dict[str, Sequence[object]]:
    """The values of `keys`, each of which some object has, where `found` are the objects' shapes. None where an object lacks the key."""
    if len(key_sequences) == 1:
        columns = zip(next(iter(key_sequences)), zip(*map(dict.values, objects), strict=True), strict=True)
        return {key: values for key, values in columns if key in keys}
    return {key: [record.get(key) for record in objects] for key in keys}
