"""The endpoints of a dataset, with the defaults of what the document leaves out."""

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
from etl_runtime.job.errors import RunFailed
from etl_runtime.source.api.request import Call

VALUE = "{value}"
MAX_PAGES = 10_000


@dataclass(frozen=True)
class Endpoint:
    """One call of an API, as often as its pages and the values of `for_each` ask for."""

    name: str
    url: str
    method: str = "GET"
    params: Mapping[str, str | float | bool] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    records: str | None = None
    pagination: PaginationType | Pagination = "auto"
    for_each: ForEach | None = None
    rate_limit: RateLimit | None = None
    is_table: bool = True

    @property
    def file(self) -> str:
        """The original that its answers go to, one JSON line each."""
        return f"{self.name}.jsonl"

    @property
    def max_pages(self) -> int:
        return MAX_PAGES if isinstance(self.pagination, str) else self.pagination.get("max_pages", MAX_PAGES)

    def call(self, value: str = "") -> Call:
        """The call for a value of `for_each`, which is encoded where it goes."""
        url = self.url.replace(VALUE, quote(value, safe=""))
        if self.params:
            query = urlencode({name: _text(param).replace(VALUE, value) for name, param in self.params.items()})
            parts = urlsplit(url)
            url = urlunsplit(parts._replace(query=f"{parts.query}&{query}" if parts.query else query))
        body = _filled(self.body, value) if self.method == "POST" else None
        return Call(url, body if body is not None or self.method == "GET" else {})


def endpoints_of(document: DatasetDocument) -> list[Endpoint]:
    """Each endpoint after the one that it takes its values from. Raises RunFailed where they go in a circle."""
    declared = {name: _endpoint(name, given) for name, given in document.get("api_endpoints", {}).items()}
    ordered: dict[str, Endpoint] = {}
    while len(ordered) < len(declared):
        waiting = [each for each in declared.values() if each.name not in ordered]
        ready = [each for each in waiting if each.for_each is None or each.for_each["endpoint"] in ordered]
        if not ready:
            names = ", ".join(each.name for each in waiting)
            raise RunFailed(f"for_each of {names}: no endpoint gives them their first values. Mend for_each.endpoint.")
        ordered |= {each.name: each for each in ready}
    return list(ordered.values())


def _endpoint(name: str, given: str | ApiEndpoint) -> Endpoint:
    if isinstance(given, str):
        return Endpoint(name, given)
    return Endpoint(
        name,
        given["url"],
        method=given.get("method", "GET"),
        params=given.get("params", {}),
        headers=given.get("headers", {}),
        body=given.get("body"),
        records=given.get("records"),
        pagination=given.get("pagination", "auto"),
        for_each=given.get("for_each"),
        rate_limit=given.get("rate_limit"),
        is_table=given.get("table", True),
    )


def _text(param: str | float | bool) -> str:
    return str(param).lower() if isinstance(param, bool) else str(param)


def _filled(body: Any, value: str) -> Any:
    if isinstance(body, str):
        return body.replace(VALUE, value)
    if isinstance(body, dict):
        return {key: _filled(each, value) for key, each in body.items()}
    return [_filled(each, value) for each in body] if isinstance(body, list) else body
