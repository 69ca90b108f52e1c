"""The HTTP requests of one dataset: with its headers, signed, and spaced as it declares."""

import ssl
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from threading import Event
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from etl_runtime.web.credentials import Credentials
from etl_runtime.web.rate_limiter import RateLimiter
from etl_runtime.web.request_errors import POSTED, RequestFailed

URL_CHARACTERS = "%/:=&?~#+!$,;'@()*[]"  # stay as they are; others are encoded, as a browser does
PORTS = {"http": 80, "https": 443}


class HttpClient:
    """Opens addresses, over HTTP and HTTPS alone. Redirects are followed, ten at most.

    The dataset's own `headers` and its credentials go to the hosts of `homes`, the addresses that it declares, and nowhere else: a
    redirect or a link may lead to another host, or from https to http. They do go from http to https of the same host.
    """

    def __init__(
        self,
        headers: Mapping[str, str] | None = None,
        credentials: Credentials | None = None,
        pace: RateLimiter | None = None,
        homes: Iterable[str] = (),
    ) -> None:
        self.pace = pace or RateLimiter()
        self._headers = dict(headers or {})
        self._credentials = credentials or Credentials()
        self._has_own = bool(headers or credentials)
        self._homes = {origin(url) for url in homes}
        self._opener = self._new_opener()

    def open(
        self,
        url: str,
        headers: Mapping[str, str],
        timeout: float,
        stop: Event,
        own: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Any:
        """The answer of a GET, or of a POST where there is a `body`. `own` are headers of this request that stay at home too.

        Raises what urllib does; RunFailed where credentials cannot be had.
        """
        token = self._credentials.current()
        try:
            return self._send(url, headers, timeout, stop, own, body)
        except urllib.error.HTTPError as error:
            if error.code in (401, 403) and self._has_own and not self.is_home(error.url):
                error.close()
                raise RequestFailed(
                    f"{public(error.url)} answered {error.code} {error.reason}. The source led there, to another host or from https "
                    "to http, where the dataset's credentials and headers are not sent",
                    retryable=False,
                ) from None
            if error.code != 401 or not self._credentials.renewed(token):
                raise
            error.close()
        return self._send(url, headers, timeout, stop, own, body)

    def is_home(self, url: str) -> bool:
        scheme, host, port = origin(url)
        upgraded = (scheme, port) == ("https", PORTS["https"]) and ("http", host, PORTS["http"]) in self._homes
        return upgraded or (scheme, host, port) in self._homes

    def without_secrets(self, url: str) -> str:
        """The address as it may be kept: without what signs it, and without a fragment."""
        return urlunsplit(urlsplit(self._credentials.unsigned(url))._replace(fragment=""))

    def _send(
        self,
        url: str,
        headers: Mapping[str, str],
        timeout: float,
        stop: Event,
        own: Mapping[str, str] | None,
        body: bytes | None,
    ) -> Any:
        self.pace.wait(stop)
        return self._opener.open(self.request(url, headers, own or {}, body), timeout=timeout)

    def request(self, url: str, headers: Mapping[str, str], own: Mapping[str, str], body: bytes | None) -> "_Request":
        """The request as it is sent to an address: signed at home, bare elsewhere."""
        sent = {"User-Agent": "cdk-glue-medallion", **headers}
        target = self._credentials.unsigned(url)
        if self.is_home(url):
            sent = _merged(sent, self._headers, own)
            target, signed = self._credentials.sign(target, {})
            sent = _merged(sent, signed)
        request = _Request(quote(target, safe=URL_CHARACTERS), body, sent)
        request.asked = (headers, own)
        return request

    def _new_opener(self) -> urllib.request.OpenerDirector:
        opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(context=ssl.create_default_context()),
            _Redirects(self),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
            urllib.request.UnknownHandler(),  # a redirect to file:// or ftp:// finds no handler
        ):
            opener.add_handler(handler)
        return opener


class _Request(urllib.request.Request):
    """A request that knows what it was made of, to be made again for another address."""

    asked: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {})


class _Redirects(urllib.request.HTTPRedirectHandler):
    """urllib itself would send every header on, Authorization too, wherever a redirect leads."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> "_Request | None":
        body = req.data if isinstance(req.data, bytes) else None
        if body is not None and (code not in (307, 308) or not self._client.is_home(newurl)):
            raise urllib.error.HTTPError(req.full_url, code, POSTED, headers, fp)
        if code not in (301, 302, 303, 307, 308):
            raise urllib.error.HTTPError(req.full_url, code, msg, headers, fp)
        self._client.pace.wait(Event())
        asked, own = req.asked if isinstance(req, _Request) else ({}, {})
        return self._client.request(newurl, asked, own, body)


def _merged(*headers: Mapping[str, str]) -> dict[str, str]:
    """The later ones count, whatever the case in which their names are written."""
    return {name.title(): value for each in headers for name, value in each.items()}


def origin(url: str) -> tuple[str, str, int | None]:
    """What tells one server from another: scheme, host and port. One with an impossible port is no server."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    try:
        port = parts.port or PORTS.get(scheme)
    except ValueError:
        port = None
    return scheme, (parts.hostname or "").lower().rstrip("."), port


def public(url: str) -> str:
    """The URL without its query and fragment, which may hold a signature or a key; the key of an object has neither."""
    if url.startswith("s3://"):
        return url
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
