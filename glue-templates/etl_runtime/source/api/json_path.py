"""Paths into a JSON value: keys joined by dots, such as data.items.

A key may itself contain dots, such as @odata.nextLink. A number selects an element of a list by its zero-based index:
1.items, or $[1].items.
"""

import re
from typing import Any

MISSING = object()
POSITION = re.compile(r"\[(\d+)\]")


def keys_of(path: str) -> tuple[str, ...]:
    """The keys in the path, without the `$` that stands for the document itself."""
    keys = tuple(POSITION.sub(r".\1", path).split("."))
    return keys[1:] if keys[0] == "$" or path.startswith("[") else keys


def value_at(document: Any, path: str) -> Any:
    """The value at the path, or MISSING if there is none. The path `$` is the document itself."""
    return _value_at(document, keys_of(path))


def _value_at(value: Any, keys: tuple[str, ...]) -> Any:
    if not keys:
        return value
    if isinstance(value, list) and keys[0].isdecimal() and int(keys[0]) < len(value):
        return _value_at(value[int(keys[0])], keys[1:])
    if not isinstance(value, dict):
        return MISSING
    for count in range(1, len(keys) + 1):
        key = ".".join(keys[:count])
        if key in value and (found := _value_at(value[key], keys[count:])) is not MISSING:
            return found
    return MISSING


def is_absent(document: Any, path: str) -> bool:
    """Whether a key of the path is missing or null. Returns False if the path passes through a list or a single
    value."""
    keys = keys_of(path)
    for count in range(len(keys) - 1, -1, -1):
        parent = _value_at(document, keys[:count])
        if parent is not MISSING:
            return parent is None or isinstance(parent, dict)
    return False


def with_value(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of the object, with the value set at the path. Raises ValueError if a parent is not an object."""
    key, _, rest = path.partition(".")
    if not rest:
        return {**document, key: value}
    parent = document.get(key, {})
    if not isinstance(parent, dict):
        raise ValueError(f"{key} is not an object")
    return {**document, key: with_value(parent, rest, value)}
