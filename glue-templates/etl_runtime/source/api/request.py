"""One request to an API endpoint, and its response."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from etl_runtime.columns.json_values import json_text
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.redaction import excerpt
from etl_runtime.source.api.json_path import with_value


def is_absolute_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))


@dataclass(frozen=True)
class ApiRequest:
    """A GET request to `url`, or a POST request if there is a `body`."""

    url: str
    body: Mapping[str, Any] | None = None

    def with_parameter(self, name: str, value: object) -> "ApiRequest":
        """The same request with a parameter added or replaced, in the body of a POST or in the query of a GET."""
        if self.body is not None:
            try:
                return replace(self, body=with_value(dict(self.body), name, value))
            except ValueError as error:
                raise RunFailed(
                    ErrorCode.PAGINATION_INVALID,
                    f"pagination.param {name} cannot be set in the request body: {error}. Correct the parameter or the "
                    "body.",
                ) from None
        parts = urlsplit(self.url)
        others = [
            pair for pair in parts.query.split("&") if pair and parse_qsl(pair, keep_blank_values=True)[0][0] != name
        ]
        return replace(self, url=urlunsplit(parts._replace(query="&".join([*others, urlencode({name: value})]))))

    def with_url(self, link: str, base: str) -> "ApiRequest":
        """The same request with another URL, which may be relative to `base`. Raises RunFailed if it is not an HTTP
        URL."""
        try:
            url = urljoin(base, link.strip())
            parts = urlsplit(url)
            is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
            _ = parts.port
        except ValueError:
            is_valid = False
        if not is_valid:
            raise RunFailed(
                ErrorCode.PAGINATION_INVALID,
                f"the URL of the next page is not a valid http:// or https:// URL (found {excerpt(link, 80)}). "
                "Report this to the data provider.",
            )
        return replace(self, url=url)

    @property
    def body_bytes(self) -> bytes | None:
        return None if self.body is None else json_text(dict(self.body)).encode()

    def parameters(self) -> Iterator[tuple[str, Any]]:
        """The parameters in the query and the body, as names and values. In the body, the name is the path of the
        value."""
        yield from parse_qsl(urlsplit(self.url).query, keep_blank_values=True)
        pending: list[tuple[str, Any]] = [("", self.body or {})]
        while pending:
            prefix, value = pending.pop()
            if isinstance(value, Mapping):
                pending.extend((f"{prefix}.{name}" if prefix else name, each) for name, each in value.items())
            else:
                yield prefix, value


@dataclass(frozen=True)
class Response:
    """One page: the JSON text as received, the parsed `document`, and the headers, keyed by lower-case name.

    `url` is the URL after redirects. `records_so_far` counts the records of this page and of the previous pages.
    `is_single_record` means that the document itself is the only record. `records_path` is the path of the records,
    or None if no response has contained records yet. `envelope_document` is the document. If the records are the
    values of the document's keys, `envelope_document` does not contain them. `skipped` counts the records at the start
    of the page that were already on the previous page. They are in the text, but not in `records`.
    """

    request: ApiRequest
    url: str
    headers: Mapping[str, str]
    text: str
    document: Any
    records: list[Any]
    records_so_far: int
    is_single_record: bool
    records_path: str | None
    envelope_document: Any
    skipped: int = 0

    def without_first(self, count: int) -> "Response":
        """The response without its first `count` records, which were on the previous page."""
        records_so_far = self.records_so_far - count
        return replace(self, records=self.records[count:], records_so_far=records_so_far, skipped=count)
