"""The API endpoints of a dataset, with defaults for the settings that the document omits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from etl_runtime.job.dataset_document import (
    ApiEndpoint,
    DatasetDocument,
    ForEach,
    Pagination,
    PaginationType,
    RateLimit,
)
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.source.api.request import ApiRequest, is_absolute_url
from etl_runtime.source.record_shape import OBJECTS, RecordShape

VALUE = "{value}"
MAX_PAGES = 10_000


@dataclass(frozen=True)
class Endpoint:
    """An API endpoint. It is called once per page or, with `for_each`, once per page for each value."""

    name: str
    url: str
    method: str = "GET"
    params: Mapping[str, str | float | bool] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    records: str | None = None
    records_optional: bool = False
    shape: RecordShape = OBJECTS
    pagination: PaginationType | Pagination = "auto"
    for_each: ForEach | None = None
    rate_limit: RateLimit | None = None
    is_table: bool = True

    @property
    def file(self) -> str:
        """The name of the original that stores the responses, one JSON line per response."""
        return f"{self.name}.jsonl"

    @property
    def parent(self) -> str | None:
        """The name of the parent endpoint, or None if there is no for_each or its values come from a table."""
        return self.for_each.get("endpoint") if self.for_each else None

    @property
    def urls(self) -> list[str]:
        """The URLs that the document declares for the endpoint."""
        pagination: Pagination = {"type": self.pagination} if isinstance(self.pagination, str) else self.pagination
        base = pagination.get("base", "")
        return [
            self.url,
            *([pagination["url"]] if "url" in pagination else []),
            *([base] if is_absolute_url(base) else []),
        ]

    @property
    def max_pages(self) -> int:
        return MAX_PAGES if isinstance(self.pagination, str) else self.pagination.get("max_pages", MAX_PAGES)

    def request(self, value: str = "") -> ApiRequest:
        """The first request for a `for_each` value. The value replaces {value}; in the URL, it is percent-encoded."""
        url = self.url.replace(VALUE, quote(value, safe=""))
        if self.params:
            query = urlencode({name: _text(param).replace(VALUE, value) for name, param in self.params.items()})
            parts = urlsplit(url)
            url = urlunsplit(parts._replace(query=f"{parts.query}&{query}" if parts.query else query))
        if self.method == "GET":
            return ApiRequest(url)
        return ApiRequest(url, {} if self.body is None else _with_value(self.body, value))


def endpoints_of(document: DatasetDocument) -> list[Endpoint]:
    """The endpoints, each after its parent endpoint. Raises RunFailed if for_each settings form a cycle."""
    declared = {name: _endpoint(name, setting) for name, setting in document.get("api_endpoints", {}).items()}
    ordered: dict[str, Endpoint] = {}
    while len(ordered) < len(declared):
        remaining = [each for each in declared.values() if each.name not in ordered]
        ready = [each for each in remaining if each.parent is None or each.parent in ordered]
        if not ready:
            names = ", ".join(each.name for each in remaining)
            raise RunFailed(
                ErrorCode.ENDPOINTS_CYCLE,
                f"for_each of {names}: the endpoints depend on each other or on an endpoint that does not exist. "
                "Correct for_each.endpoint.",
            )
        ordered |= {each.name: each for each in ready}
    return list(ordered.values())


def _endpoint(name: str, setting: str | ApiEndpoint) -> Endpoint:
    if isinstance(setting, str):
        return Endpoint(name, setting)
    return Endpoint(
        name,
        setting["url"],
        method=setting.get("method", "GET"),
        params=setting.get("params", {}),
        headers=setting.get("headers", {}),
        body=setting.get("body"),
        records=setting.get("records"),
        records_optional=setting.get("records_optional", False),
        shape=RecordShape(
            setting.get("orient"),
            setting.get("key_column"),
            tuple(setting.get("column_names", ())),
            has_header="column_names" not in setting,
        ),
        pagination=setting.get("pagination", "auto"),
        for_each=setting.get("for_each"),
        rate_limit=setting.get("rate_limit"),
        is_table=setting.get("table", True),
    )


def _text(param: str | float | bool) -> str:
    return str(param).lower() if isinstance(param, bool) else str(param)


def _with_value(body: Any, value: str) -> Any:
    if isinstance(body, str):
        return body.replace(VALUE, value)
    if isinstance(body, dict):
        return {key: _with_value(each, value) for key, each in body.items()}
    return [_with_value(each, value) for each in body] if isinstance(body, list) else body
