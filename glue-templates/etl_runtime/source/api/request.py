"""One request of an API, and its answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from etl_runtime.job.errors import RunFailed
from etl_runtime.job.redaction import excerpt
from etl_runtime.source.api.json_path import with_value


@dataclass(frozen=True)
class Call:
    """A GET of `url`, or a POST where there is a `body`."""

    url: str
    body: Mapping[str, Any] | None = None

    def asking(self, param: str, value: object) -> "Call":
        """The same call with a parameter more, or another value of it: in the body where there is one, else in the query."""
        if self.body is not None:
            try:
                return replace(self, body=with_value(dict(self.body), param, value))
            except ValueError as error:
                raise RunFailed(
                    f"pagination.param {param} leads nowhere in the body: {error}. Mend it, or the body."
                ) from None
        parts = urlsplit(self.url)
        kept = [
            pair for pair in parts.query.split("&") if pair and parse_qsl(pair, keep_blank_values=True)[0][0] != param
        ]
        return replace(self, url=urlunsplit(parts._replace(query="&".join([*kept, urlencode({param: value})]))))

    def at(self, link: str, base: str) -> "Call":
        """The same call of another address, which may be relative to `base`. Raises RunFailed where it is none that can be opened."""
        try:
            url = urljoin(base, link.strip())
            parts = urlsplit(url)
            opens = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
            _ = parts.port
        except ValueError:
            opens = False
        if not opens:
            raise RunFailed(
                f"the next page's address is no http:// or https:// address: {excerpt(link, 80)}. Tell the source."
            )
        return replace(self, url=url)

    @property
    def sent(self) -> bytes | None:
        """The body in bytes."""
        return None if self.body is None else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Answer:
    """A page: its text in JSON as it came, the value that it is, and its headers by their names in lower case.

    `url` is where it came from in the end. `records` is how many it has, `so_far` how many those before it have too; `is_record` is
    whether the whole answer is the one record.
    """

    call: Call
    url: str
    headers: Mapping[str, str]
    text: str
    document: Any
    records: int
    so_far: int
    is_record: bool
