"""OAuth 2 client credentials (RFC 6749, 4.4): a token that the run gets with the client's id and secret."""

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
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.redaction import REDACTION
from etl_runtime.web.client import HttpClient, public
from etl_runtime.web.credentials import Credentials, Headers
from etl_runtime.web.request_errors import REQUEST_ERRORS, RequestFailed, request_failure
from etl_runtime.web.retries import attempted

LOG = logging.getLogger(__name__)

TIMEOUT_SECONDS = 60
EARLY_SECONDS = 30  # before a token ends another one is asked for
MOST_BYTES = 1 << 20


class ClientCredentials(Credentials):
    """One token for all requests, until it ends or is refused."""

    def __init__(self, auth: Auth, client_id: str, client_secret: str) -> None:
        self._auth = auth
        self._client_id = client_id
        self._client_secret = client_secret
        self._lock = Lock()
        self._token: str | None = None
        self._ends = 0.0  # by the monotonic clock
        self._body, self._headers = self._request()

    def current(self) -> str:
        with self._lock:
            if self._token is None or time.monotonic() > self._ends:
                self._token = self._fetch()
            return self._token

    def renewed(self, refused: str | None) -> bool:
        with self._lock:
            if self._token == refused:  # else another thread has renewed it
                LOG.info(f"{public(self._auth['token_url'])}: the token was refused, so another one is asked for")
                self._token = self._fetch()
            return self._token != refused

    def sign(self, url: str, headers: Mapping[str, str]) -> tuple[str, Headers]:
        return url, {**headers, "Authorization": f"Bearer {self.current()}"}

    def _request(self) -> tuple[bytes, Headers]:
        form = {"grant_type": "client_credentials", **self._auth.get("token_params", {})}
        if "scope" in self._auth:
            form["scope"] = self._auth["scope"]
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        if self._auth.get("token_auth_method") == "client_secret_post":
            form |= {"client_id": self._client_id, "client_secret": self._client_secret}
        else:
            joined = f"{quote_plus(self._client_id)}:{quote_plus(self._client_secret)}"  # RFC 6749, 2.3.1
            encoded = base64.b64encode(joined.encode()).decode()
            REDACTION.add(encoded)
            headers["Authorization"] = f"Basic {encoded}"
        return urlencode(form).encode(), headers

    def _fetch(self) -> str:
        """A new token. Raises RunFailed where none is given."""
        address = f"auth.token_url {public(self._auth['token_url'])}"
        try:
            answer = attempted(self._attempt, lambda text: LOG.info(f"{address}: {text}"), Event())
        except RequestFailed as error:
            remedy = f'Is the client of the secret "{self._auth["secret"]}" right?'
            raise RunFailed(f"{address}: {error}. {remedy}", retryable=error.retryable) from None
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not token or not (token.isascii() and token.isprintable()):
            raise RunFailed(
                f"{address}: the answer has no access_token. Does the address give tokens for client credentials?"
            )
        if str(answer.get("token_type", "bearer")).lower() != "bearer":
            raise RunFailed(
                f"{address}: the token is of the type {str(answer['token_type'])[:40]!r}, and only bearer tokens are known."
            )
        REDACTION.add(token)
        lasts = (
            float(str(seconds)) if re.fullmatch(r"0*[1-9]\d{0,8}(\.\d+)?", str(seconds)) else float("inf")
        )  # some give it as text
        self._ends = time.monotonic() + max(lasts - EARLY_SECONDS, lasts / 2)
        return token

    def _attempt(self) -> dict[str, Any]:
        try:
            url = self._auth["token_url"]
            answer = HttpClient(self._headers, homes=[url]).open(url, {}, TIMEOUT_SECONDS, Event(), body=self._body)
            with closing(answer):
                text = answer.read(MOST_BYTES)
        except REQUEST_ERRORS as error:
            raise request_failure(error, TIMEOUT_SECONDS) from None
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise RequestFailed("the answer is no JSON object", retryable=False)
        return found
