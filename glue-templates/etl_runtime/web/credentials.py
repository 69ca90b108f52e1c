"""The credentials that are added to the requests of a dataset."""

from collections.abc import Mapping
from urllib.parse import quote, unquote_plus, urlsplit, urlunsplit

Headers = dict[str, str]


class Credentials:
    """The credentials of a dataset without `auth`. They leave requests unchanged."""

    def current_token(self) -> str | None:
        """The access token in use, or None if these credentials do not use an expiring token. Raises RunFailed if no
        token can be obtained."""
        return None

    def renew(self, rejected_token: str | None) -> bool:
        """Replace a rejected token. Returns whether another token is available now. Raises RunFailed if no token can be
        obtained."""
        return False

    def sign(self, url: str, headers: Mapping[str, str]) -> tuple[str, Headers]:
        """Add the credentials to the URL and the headers, and return both."""
        return url, dict(headers)

    def unsigned(self, url: str) -> str:
        """The URL without the credentials."""
        return url


class HeaderCredentials(Credentials):
    """A header value: a bearer token, an API key, a user name and password, or a cookie."""

    def __init__(self, name: str, value: str) -> None:
        self._name = name
        self._value = value

    def sign(self, url: str, headers: Mapping[str, str]) -> tuple[str, Headers]:
        return url, {**headers, self._name: self._value}


class QueryCredentials(Credentials):
    """An API key as a query parameter."""

    def __init__(self, name: str, value: str) -> None:
        self._name = name
        self._value = value

    def sign(self, url: str, headers: Mapping[str, str]) -> tuple[str, Headers]:
        parts = urlsplit(self.unsigned(url))
        parameter = f"{quote(self._name, safe='')}={quote(self._value, safe='')}"
        query = f"{parts.query}&{parameter}" if parts.query else parameter
        return urlunsplit(parts._replace(query=query)), dict(headers)

    def unsigned(self, url: str) -> str:
        # Some servers repeat the key in the URL of the next page.
        parts = urlsplit(url)
        others = [pair for pair in parts.query.split("&") if unquote_plus(pair.partition("=")[0]) != self._name]
        return urlunsplit(parts._replace(query="&".join(others)))
