"""JSON values in Python: None, bool, int, str, list, dict, and `Number` for numbers that are not integers."""

import gc
import re
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from json.encoder import encode_basestring
from typing import TypeAlias

Object: TypeAlias = dict[str, object]

LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Number(str):
    """A JSON number with a fraction or an exponent, such as 1.50 or 1e5, kept as text so that no digit is lost."""

    __slots__ = ()


class _Pauses:
    """Counts the threads that have paused garbage collection."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0
        self.was_enabled = False


_PAUSES = _Pauses()


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Pause cyclic garbage collection. It resumes when the last thread leaves this context.

    JSON values have no reference cycles, and parsing is five times as fast while garbage collection is paused.
    """
    with _PAUSES.lock:
        if _PAUSES.count == 0:
            _PAUSES.was_enabled = gc.isenabled()
            gc.disable()
        _PAUSES.count += 1
    try:
        yield
    finally:
        with _PAUSES.lock:
            _PAUSES.count -= 1
            if _PAUSES.count == 0 and _PAUSES.was_enabled:
                gc.enable()


def decimal(number: int | Number) -> Decimal | None:
    """The exact value of the number, or None if the exponent is too large for Decimal."""
    try:
        return Decimal(number)
    except InvalidOperation:
        return None


def json_text(value: object) -> str:
    """Compact JSON that preserves the text of numbers and the order of keys. An unpaired surrogate (\\ud83d) stays
    escaped."""
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
    """The value as text. Strings and numbers are unchanged. Booleans and None become true, false and null."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(value)


def json_compatible(value: object) -> object:
    """Convert the value to types that json.dumps accepts. A `Number` becomes a float if the float has the same value.
    Otherwise, it becomes text.

    A value that contains an unpaired surrogate, which UTF-8 cannot encode, becomes JSON text.
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
    """Whether a double preserves the number: the nearest double, printed with the fewest digits, has the same value."""
    try:
        nearest = float(number)
    except OverflowError:
        return False
    return abs(nearest) != float("inf") and Decimal(repr(nearest)) == decimal(number)


def key_sequences(objects: Iterable[Object]) -> dict[tuple[str, ...], None]:
    """The distinct key sequences of objects, in order of first occurrence."""
    return dict.fromkeys(map(tuple, objects))


def transposed(
    objects: Sequence[Object], key_sequences: Collection[tuple[str, ...]], keys: Collection[str]
) -> dict[str, Sequence[object]]:
    """Return the values of all objects for each of `keys`. A value is None if the object does not have the key.

    `key_sequences` is the result of the function `key_sequences` for these objects. Each of `keys` occurs in at least
    one object.
    """
    if len(key_sequences) == 1:
        columns = zip(next(iter(key_sequences)), zip(*map(dict.values, objects), strict=True), strict=True)
        return {key: values for key, values in columns if key in keys}
    return {key: [record.get(key) for record in objects] for key in keys}
