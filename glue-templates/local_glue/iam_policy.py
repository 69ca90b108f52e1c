"""Evaluates IAM policies for requests to S3 and Glue, as far as the policy document alone determines the result."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

KNOWN_KEYS = ("s3:prefix", "s3:delimiter", "s3:max-keys")
"""The condition keys whose values a local request determines. If a request does not have the parameter, the key is
missing."""


@dataclass(frozen=True)
class Permission:
    """A permission that a request requires: an action on a resource, with the condition keys of the request."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def is_allowed(permission: Permission, policies: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the policies allow a permission. At least one statement must allow it, and no statement may deny it.

    Conditions on keys that are not in KNOWN_KEYS, such as the VPC of the request, are not evaluated. They count as true
    in an Allow statement and as false in a Deny statement.
    """
    effects = {
        statement["Effect"]
        for policy in policies
        for statement in _listed(policy.get("Statement", []))
        if _applies(permission, statement)
    }
    return effects == {"Allow"}


def _applies(permission: Permission, statement: Mapping[str, Any]) -> bool:
    return (
        _matches(permission.action.lower(), statement, "Action", "NotAction", lower=True)
        and _matches(permission.resource, statement, "Resource", "NotResource")
        and all(
            _holds(operator, key, _listed(values), permission.context, unknown=statement["Effect"] == "Allow")
            for operator, key, values in _conditions(statement)
        )
    )


def _matches(value: str, statement: Mapping[str, Any], key: str, negated_key: str, *, lower: bool = False) -> bool:
    negated = negated_key in statement
    patterns = [str(each) for each in _listed(statement.get(negated_key if negated else key, []))]
    return any(_pattern(each.lower() if lower else each).fullmatch(value) for each in patterns) != negated


def _conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            yield operator, key.lower(), values


def _holds(operator: str, key: str, values: list[Any], context: Mapping[str, str], *, unknown: bool) -> bool:
    name = operator.rpartition(":")[2].removesuffix("IfExists")
    if key not in KNOWN_KEYS or name not in ("StringEquals", "StringLike", "StringNotEquals", "StringNotLike", "Null"):
        return unknown
    found = context.get(key)
    if name == "Null":
        return (found is None) == (str(values[0]).lower() == "true")
    negated = "Not" in name
    if found is None:
        return negated or operator.endswith("IfExists") or operator.startswith("ForAllValues:")
    if "Like" in name:
        return any(_pattern(str(each)).fullmatch(found) for each in values) != negated
    return (found in [str(each) for each in values]) != negated


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """Convert a pattern in a policy to a regular expression. `*` matches any text, `?` matches one character."""
    parts = ("[\\s\\S]*" if part == "*" else "[\\s\\S]" if part == "?" else re.escape(part) for part in text)
    return re.compile("".join(parts))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
