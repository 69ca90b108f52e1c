"""OAuth 2.0 client credentials grant (RFC 6749, section 4.4)."""

import base64
import json
import logging
import re
import time
from collections.abc import Mapping
from contextlib import closing
from threading import Event, Lock
from typing import Any
from urllib.parse import quote_plus, urlencode

from etl_runtime.job.dataset_document import Auth
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.redaction import REDACTION
from etl_runtime.web.client import HttpClient, HttpRequest, without_query
from etl_runtime.web.credentials import Credentials, Headers
from etl_runtime.web.request_errors import REQUEST_ERRORS, RequestFailed, request_failure
from etl_runtime.web.retries import with_retries

LOG = logging.getLogger(__name__)

TIMEOUT_SECONDS = 60
RENEWAL_MARGIN_SECONDS = 30  # a token is renewed this long before it expires
MAX_RESPONSE_BYTES = 1 << 20


class ClientCredentials(Credentials):
    """One access token for all requests, renewed when it expires or is rejected."""

    def __init__(self, auth: Auth, client_id: str, client_secret: str) -> None:
        self._auth = auth
        self._client_id = client_id
        self._client_secret = client_secret
        self._lock = Lock()
        self._token: str | None = None
        self._renew_at = 0.0  # on the monotonic clock
        self._body, self._headers = self._token_request()

    def current_token(self) -> str:
        with self._lock:
            if self._token is None or time.monotonic() > self._renew_at:
                self._token = self._new_token()
            return self._token

    def renew(self, rejected_token: str | None) -> bool:
        with self._lock:
            if self._token == rejected_token:  # otherwise another thread has renewed it
                LOG.info(f"{without_query(self._auth['token_url'])}: the token was rejected; requesting a new token")
                self._token = self._new_token()
            return self._token != rejected_token

    def sign(self, url: str, headers: Mapping[str, str]) -> tuple[str, Headers]:
        return url, {**headers, "Authorization": f"Bearer {self.current_token()}"}

    def _token_request(self) -> tuple[bytes, Headers]:
        form = {"grant_type": "client_credentials", **self._auth.get("token_params", {})}
        if "scope" in self._auth:
            form["scope"] = self._auth["scope"]
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        if self._auth.get("token_auth_method") == "client_secret_post":
            form |= {"client_id": self._client_id, "client_secret": self._client_secret}
        else:
            pair = f"{quote_plus(self._client_id)}:{quote_plus(self._client_secret)}"  # RFC 6749, section 2.3.1
            encoded = base64.b64encode(pair.encode()).decode()
            REDACTION.add(encoded)
            headers["Authorization"] = f"Basic {encoded}"
        return urlencode(form).encode(), headers

    def _new_token(self) -> str:
        where = f"auth.token_url {without_query(self._auth['token_url'])}"
        try:
            response = with_retries(self._send, lambda line: LOG.info(f"{where}: {line}"), Event())
        except RequestFailed as error:
            raise RunFailed(
                error.code if error.retryable else ErrorCode.AUTH_FAILED,
                f'{where}: {error}. Check the client ID and the client secret in the secret "{self._auth["secret"]}".',
                retryable=error.retryable,
            ) from None
        token, expires_in = response.get("access_token"), response.get("expires_in")
        if not isinstance(token, str) or not token or not (token.isascii() and token.isprintable()):
            raise RunFailed(
                ErrorCode.AUTH_FAILED,
                f"{where}: the response has no access_token. Check that this URL issues tokens for client credentials.",
            )
        if str(response.get("token_type", "bearer")).lower() != "bearer":
            raise RunFailed(
                ErrorCode.AUTH_FAILED,
                f"{where}: the token type is {str(response['token_type'])[:40]!r}. Use a token_url that issues bearer "
                "tokens.",
            )
        REDACTION.add(token)
        lifetime = _seconds(expires_in)
        self._renew_at = time.monotonic() + max(lifetime - RENEWAL_MARGIN_SECONDS, lifetime / 2)
        return token

    def _send(self) -> dict[str, Any]:
        url = self._auth["token_url"]
        client = HttpClient(self._headers, trusted_urls=[url])
        try:
            with closing(client.open(HttpRequest(url, body=self._body), TIMEOUT_SECONDS, Event())) as response:
                text = response.read(MAX_RESPONSE_BYTES)
        except REQUEST_ERRORS as error:
            raise request_failure(error, TIMEOUT_SECONDS) from None
        try:
            document = json.loads(text)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise RequestFailed(ErrorCode.AUTH_FAILED, "the response is not a JSON object", retryable=False)
        return document


def _seconds(expires_in: object) -> float:
    """The lifetime of a token in seconds. Some servers send it as text. If the value is invalid, the token is assumed
    never to expire."""
    text = str(expires_in)
    return float(text) if re.fullmatch(r"0*[1-9]\d{0,8}(\.\d+)?", text) else float("inf")
