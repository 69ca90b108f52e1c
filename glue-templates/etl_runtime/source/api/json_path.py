"""Paths into a JSON value: keys joined by dots. A key may contain dots itself, such as @odata.nextLink."""

from typing import Any

MISSING = object()


def value_at(document: Any, path: str) -> Any:
    """The value at the path, where `$` is the document itself. MISSING if there is no such value."""
    keys = path.split(".")
    return _value_at(document, keys[1:] if keys[0] == "$" else keys)


def _value_at(value: Any, keys: list[str]) -> Any:
    if not keys:
        return value
    if not isinstance(value, dict):
        return MISSING
    for count in range(1, len(keys) + 1):
        key = ".".join(keys[:count])
        if key in value and (found := _value_at(value[key], keys[count:])) is not MISSING:
            return found
    return MISSING


def with_value(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of the object with the value at the path. Raises ValueError if a parent of the path is not an object."""
    key, _, rest = path.partition(".")
    if not rest:
        return {**document, key: value}
    parent = document.get(key, {})
    if not isinstance(parent, dict):
        raise ValueError(f"{key} is not an object")
    return {**document, key: with_value(parent, rest, value)}
