"""What signs the requests of a dataset."""

from collections.abc import Mapping
from urllib.parse import quote, unquote_plus, urlsplit, urlunsplit

Headers = dict[str, str]


class Credentials:
    """Those of a dataset without auth: nothing is signed."""

    def current(self) -> str | None:
        """The token that requests are signed with now, where there is one that can be renewed. Raises RunFailed where none can be had."""
        return None

    def renewed(self, refused: str | None) -> bool:
        """Whether there is another token than the one that was refused. Raises RunFailed where none can be had."""
        return False

    def sign(self, url: str, headers: Mapping[str, str]) -> tuple[str, Headers]:
        return url, dict(headers)

    def unsigned(self, url: str) -> str:
        """The address without what signs it."""
        return url


class InHeader(Credentials):
    """A value in a header: a bearer token, a key, user name and password, a cookie."""

    def __init__(self, name: str, value: str) -> None:
        self._name = name
        self._value = value

    def sign(self, url: str, headers: Mapping[str, str]) -> tuple[str, Headers]:
        return url, {**headers, self._name: self._value}


class InQuery(Credentials):
    """A key as a parameter of the query."""

    def __init__(self, name: str, value: str) -> None:
        self._name = name
        self._value = value

    def sign(self, url: str, headers: Mapping[str, str]) -> tuple[str, Headers]:
        parts = urlsplit(self.unsigned(url))
        signature = f"{quote(self._name, safe='')}={quote(self._value, safe='')}"
        return urlunsplit(parts._replace(query=f"{parts.query}&{signature}" if parts.query else signature)), dict(
            headers
        )

    def unsigned(self, url: str) -> str:
        """Servers repeat the key in the address of the next page."""
        parts = urlsplit(url)
        kept = [pair for pair in parts.query.split("&") if unquote_plus(pair.partition("=")[0]) != self._name]
        return urlunsplit(parts._replace(query="&".join(kept)))
