"""The values of a field of a parent endpoint. `for_each` calls another endpoint once per value."""

import json
from collections.abc import Collection, Iterator

from etl_runtime.columns.json_values import Number
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.redaction import excerpt
from etl_runtime.job.suggestion import did_you_mean
from etl_runtime.source.api.endpoints import Endpoint
from etl_runtime.source.api.json_path import MISSING, value_at
from etl_runtime.source.api.response_records import ApiRecords
from etl_runtime.source.files.original import Original


def parent_values(
    original: Original, parent: Endpoint, records: ApiRecords, field: str, endpoint: str
) -> Collection[str]:
    """The distinct values as JSON text, in the order of the parent's `records`.

    `endpoint` is the name of the endpoint that is called with the values. Raises RunFailed if no record has the field,
    or if a value cannot be part of a URL.
    """
    by_url_text: dict[str, str] = {}  # 1 and "1" result in the same URL
    for value in _values(original, parent, records, field, endpoint):
        by_url_text.setdefault(url_text(value), value)
    return by_url_text.values()


def url_text(value: str) -> str:
    """Convert a JSON value to the text that is inserted into a URL."""
    return str(json.loads(value)) if value.startswith('"') else value


def _values(original: Original, parent: Endpoint, records: ApiRecords, field: str, endpoint: str) -> Iterator[str]:
    count, has_field, are_objects = 0, False, False
    fields: list[str] = []
    with original.path.open("rb") as lines:
        for line in lines:
            for record in records.of(json.loads(line, parse_float=Number)["answer"]):
                count += 1
                if isinstance(record, dict):
                    are_objects = True
                    fields = fields or list(record)
                value = value_at(record, field)
                has_field = has_field or value is not MISSING
                if isinstance(value, (dict, list)):
                    raise RunFailed(
                        ErrorCode.API_VALUE_INVALID,
                        f"for_each of {endpoint}: the field {field} of {parent.name} is not a single value (found "
                        f"{excerpt(value, 80)}). Correct for_each.field.",
                    )
                if value in (".", ".."):
                    raise RunFailed(
                        ErrorCode.API_VALUE_INVALID,
                        f"for_each of {endpoint}: the field {field} of {parent.name} is {value!r}, which has a special "
                        "meaning in a URL. Use another field, or report this to the data provider.",
                    )
                if value is not MISSING and value not in (None, ""):
                    yield str(value) if isinstance(value, Number) else json.dumps(value)
    if count and not has_field:
        remedy = (
            f"{did_you_mean(field, fields)}Correct for_each.field."
            if are_objects
            else 'They are single values, not objects: set for_each.field to "$", which selects the value itself.'
        )
        raise RunFailed(
            ErrorCode.API_VALUE_INVALID,
            f"for_each of {endpoint}: none of the {count:,} records of {parent.name} has the field {field}. {remedy}",
        )
