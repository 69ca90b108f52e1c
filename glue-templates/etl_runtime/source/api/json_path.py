"""A way into a JSON value: keys joined by dots. A key may hold dots itself, as @odata.nextLink does."""

from typing import Any

MISSING = object()


def value_at(document: Any, path: str) -> Any:
    """The value that the path leads to, `$` being the document; MISSING where it leads nowhere."""
    keys = path.split(".")
    return _value_at(document, keys[1:] if keys[0] == "$" else keys)


def _value_at(value: Any, keys: list[str]) -> Any:
    if not keys:
        return value
    if not isinstance(value, dict):
        return MISSING
    for steps in range(1, len(keys) + 1):
        key = ".".join(keys[:steps])
        if key in value and (found := _value_at(value[key], keys[steps:])) is not MISSING:
            return found
    return MISSING


def with_value(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The object with the value at the path. Raises ValueError where something else stands in the way."""
    key, _, rest = path.partition(".")
    if not rest:
        return {**document, key: value}
    below = document.get(key, {})
    if not isinstance(below, dict):
        raise ValueError(f"{key} is no object")
    return {**document, key: with_value(below, rest, value)}
