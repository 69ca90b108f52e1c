"""The HTTP client of one dataset: adds the dataset's headers and credentials, and respects its rate limit."""

import ssl
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from etl_runtime.job.errors import ErrorCode
from etl_runtime.web.credentials import Credentials
from etl_runtime.web.rate_limiter import RateLimiter
from etl_runtime.web.request_errors import REDIRECTED_POST, RequestFailed
from etl_runtime.web.session_cookies import SessionCookies

URL_CHARACTERS = "%/:=&?~#+!$,;'@()*[]"  # not percent-encoded; all other characters are, as in a browser
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class HttpRequest:
    """A GET request to `url`, or a POST request if there is a `body`. `trusted_headers` are only sent to trusted
    origins."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    trusted_headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


class HttpClient:
    """Opens http:// and https:// URLs, and follows up to ten redirects.

    The `headers` and `credentials` of the dataset are only sent to trusted origins, which are the scheme, host and port
    of the `trusted_urls`. These are the URLs in the dataset document. A redirect or a link to the next page may lead to
    another host, or from https to http; in these cases, the client sends neither headers nor credentials. A redirect
    from http to https on the same host keeps both.

    A cookie that a response sets is only sent back to the same origin. It is kept until the client is discarded.
    """

    def __init__(
        self,
        headers: Mapping[str, str] | None = None,
        credentials: Credentials | None = None,
        rate_limiter: RateLimiter | None = None,
        trusted_urls: Iterable[str] = (),
    ) -> None:
        self.rate_limiter = rate_limiter or RateLimiter()
        self._headers = dict(headers or {})
        self._credentials = credentials or Credentials()
        self._has_trusted_headers = bool(headers or credentials)
        self._trusted_origins = {origin(url) for url in trusted_urls}
        self._opener = self._new_opener()

    def open(self, request: HttpRequest, timeout: float, stop: Event) -> Any:
        """Send a request and return the response. If the access token is rejected, the request is sent once more with a
        new token.

        Raises the exceptions of urllib, and RunFailed if no access token can be obtained.
        """
        token = self._credentials.current_token()
        try:
            return self._send(request, timeout, stop)
        except urllib.error.HTTPError as error:
            if error.code in (401, 403) and self._has_trusted_headers and not self.is_trusted(error.url):
                error.close()
                raise RequestFailed(
                    ErrorCode.SOURCE_ACCESS_DENIED,
                    f"{without_query(error.url)} returned {error.code} {error.reason}. The source redirects or links "
                    "to this URL, which is on another host, or uses http instead of https. The dataset's headers and "
                    "credentials are not sent to it. If it should receive them, declare this URL in the dataset",
                    retryable=False,
                ) from None
            if error.code != 401 or not self._credentials.renew(token):
                raise
            error.close()
        return self._send(request, timeout, stop)

    def is_trusted(self, url: str) -> bool:
        scheme, host, port = origin(url)
        if (scheme, host, port) in self._trusted_origins:
            return True
        is_default_https = (scheme, port) == ("https", PORTS["https"])
        return is_default_https and ("http", host, PORTS["http"]) in self._trusted_origins

    def without_credentials(self, url: str) -> str:
        """The URL without credentials and fragment, so that it can be stored."""
        return urlunsplit(urlsplit(self._credentials.unsigned(url))._replace(fragment=""))

    def signed(self, request: HttpRequest) -> "_SignedRequest":
        """Create the request for urllib, with the dataset's headers and credentials if the origin is trusted."""
        headers = {"User-Agent": "cdk-glue-medallion", **request.headers}
        url = self._credentials.unsigned(request.url)
        if self.is_trusted(request.url):
            headers = _merged(headers, self._headers, request.trusted_headers)
            url, credential_headers = self._credentials.sign(url, {})
            headers = _merged(headers, credential_headers)
        signed = _SignedRequest(quote(url, safe=URL_CHARACTERS), request.body, headers)
        signed.original = request
        return signed

    def _send(self, request: HttpRequest, timeout: float, stop: Event) -> Any:
        self.rate_limiter.wait(stop)
        return self._opener.open(self.signed(request), timeout=timeout)

    def _new_opener(self) -> urllib.request.OpenerDirector:
        opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(context=ssl.create_default_context()),
            _CookieHandler(),
            _RedirectHandler(self),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
            urllib.request.UnknownHandler(),  # rejects redirects to file:// and ftp://
        ):
            opener.add_handler(handler)
        return opener


class _SignedRequest(urllib.request.Request):
    """A request for urllib. It keeps the request that it was created from, so that a redirected request can be signed
    for the redirect target."""

    original = HttpRequest("")


class _CookieHandler(urllib.request.BaseHandler):
    """Keeps the cookies of all responses, including redirects, and adds them to requests to the same origin."""

    def __init__(self) -> None:
        self._cookies = SessionCookies()

    def http_request(self, request: urllib.request.Request) -> urllib.request.Request:
        self._cookies.add_to(request, origin(request.full_url))
        return request

    def http_response(self, request: urllib.request.Request, response: Any) -> Any:
        self._cookies.keep(origin(request.full_url), response, request)
        return response

    https_request = http_request
    https_response = http_response


class _RedirectHandler(urllib.request.HTTPRedirectHandler):
    """Signs the request for the redirect target. urllib's own handler sends all headers, including Authorization, to
    any host."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> "_SignedRequest | None":
        body = req.data if isinstance(req.data, bytes) else None
        if body is not None and (code not in (307, 308) or not self._client.is_trusted(newurl)):
            raise urllib.error.HTTPError(req.full_url, code, REDIRECTED_POST, headers, fp)
        if code not in (301, 302, 303, 307, 308):
            raise urllib.error.HTTPError(req.full_url, code, msg, headers, fp)
        self._client.rate_limiter.wait(Event())
        original = req.original if isinstance(req, _SignedRequest) else HttpRequest(newurl)
        return self._client.signed(replace(original, url=newurl, body=body))


def _merged(*headers: Mapping[str, str]) -> dict[str, str]:
    """Merge headers so that later ones override earlier ones. Header names are not case-sensitive."""
    return {name.title(): value for each in headers for name, value in each.items()}


def origin(url: str) -> tuple[str, str, int | None]:
    """The scheme, host and port of a URL. The port is None if the URL has an invalid port."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    try:
        port = parts.port or PORTS.get(scheme)
    except ValueError:
        port = None
    return scheme, (parts.hostname or "").lower().rstrip("."), port


def without_query(url: str) -> str:
    """The URL without user name, query and fragment, because these may contain a signature or a key. An s3:// URL stays
    unchanged."""
    if url.startswith("s3://"):
        return url
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
