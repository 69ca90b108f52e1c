"""Credentials: how requests are signed, where credentials are sent, and redaction."""

import base64
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from botocore.exceptions import ClientError
from expected_error import has_error

import certificate
from conftest import Response, Source
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.redaction import Redaction
from etl_runtime.job.store import Store
from etl_runtime.source.api.endpoints import endpoints_of
from etl_runtime.source.api.fetch_endpoints import fetch_endpoints
from etl_runtime.source.files.bucket_files import BucketReader
from etl_runtime.source.files.dated_files import fetch_all
from etl_runtime.source.files.fetch_context import FetchContext
from etl_runtime.source.originals import client_of
from etl_runtime.web.client import HttpClient
from log_lines import logged
from secret_server import serving_secrets
from source_server import Request, serving

SECRET = "k7-Qv9+zT/w3==&x"  # encoded differently in a query, in JSON and in base64
TODAY = date(2026, 11, 27)


@pytest.fixture
def given(tmp_path: Path) -> Iterator[Any]:
    """Provides a secret for the runs of a test: text or an object."""
    with ExitStack() as left:

        def give(value: Any, name: str = "vendor/api") -> None:
            file = tmp_path / "secret"
            file.write_text(value if isinstance(value, str) else json.dumps(value))
            left.enter_context(serving_secrets({name: str(file)}))

        yield give


@pytest.fixture
def elsewhere() -> Iterator[Source]:
    """A source on another host."""
    with serving() as found:
        yield found


class Run:
    """Fetches the endpoints of one dataset, and captures the log and the stored responses."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.stored = b""

    def fetch(self, url: str, **document: Any) -> list[Any]:
        """The records of the endpoint `items`."""
        full_document: Any = {
            "dataset": "d",
            "data_size_category": "small",
            "api_endpoints": {"items": url},
            **document,
        }
        with logged(self.lines):
            [original] = fetch_endpoints(
                endpoints_of(full_document), FetchContext(client_of(full_document), first_wait_seconds=0.01)
            )
        with original.file:
            self.stored = original.path.read_bytes()
        return [record for line in self.stored.splitlines() for record in json.loads(line)["answer"]["items"]]

    def fails(self, url: str, **document: Any) -> str:
        with pytest.raises(RunFailed) as failed:
            self.fetch(url, **document)
        return str(failed.value)

    def output(self) -> str:
        return "\n".join([*self.lines, self.stored.decode()])


def checking(source: Source, is_signed: Any, path: str = "/items", **more: Any) -> str:
    """An API that returns 401 for a request without credentials."""

    def api(request: Request) -> Response:
        refused = Response(b'{"message": "who are you?"}', 401, {"Content-Type": "application/json"})
        return Response(json.dumps({"items": [{"id": 1}], **more}).encode()) if is_signed(request) else refused

    return source.serves_api(path, api)


BASIC = base64.b64encode(f"ann:{SECRET}".encode()).decode()
KINDS = [
    pytest.param(
        {"type": "bearer"}, SECRET, lambda request: request.headers["authorization"] == f"Bearer {SECRET}", id="bearer"
    ),
    pytest.param(
        {"type": "bearer", "secret_key": "token"},
        {"token": SECRET, "other": "x"},
        lambda request: request.headers["authorization"] == f"Bearer {SECRET}",
        id="bearer by key",
    ),
    pytest.param(
        {"type": "api_key", "name": "X-Api-Key"},
        f"{SECRET}\n",
        lambda request: request.headers["x-api-key"] == SECRET,
        id="api_key in a header, from a file that ends with a line break",
    ),
    pytest.param(
        {"type": "api_key", "name": "key", "location": "query"},
        SECRET,
        lambda request: request.params.get("key") == SECRET,
        id="api_key in the query",
    ),
    pytest.param(
        {"type": "api_key", "name": "session", "location": "cookie"},
        SECRET,
        lambda request: request.headers["cookie"] == f"session={SECRET}",
        id="api_key in a cookie",
    ),
    pytest.param(
        {"type": "basic"},
        {"username": "ann", "password": SECRET},
        lambda request: request.headers["authorization"] == f"Basic {BASIC}",
        id="basic",
    ),
    pytest.param(
        {"type": "basic", "username_key": "u", "password_key": "p"},
        {"u": "ann", "p": SECRET},
        lambda request: request.headers["authorization"] == f"Basic {BASIC}",
        id="basic by keys",
    ),
]


@pytest.mark.parametrize(("auth", "value", "is_signed"), KINDS)
def test_each_auth_type_signs_every_request(
    source: Source, given: Any, auth: dict[str, Any], value: Any, is_signed: Any
) -> None:
    given(value)
    source.serves_api(
        "/items/2",
        lambda request: Response(
            b'{"items": [{"id": 2}]}' if is_signed(request) else b"", 200 if is_signed(request) else 401
        ),
    )
    url = checking(source, lambda request: is_signed(request), next="/items/2")
    source.apis = dict(sorted(source.apis.items(), reverse=True))
    assert Run().fetch(url, auth={"secret": "vendor/api", **auth}) == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize(("auth", "value", "is_signed"), KINDS)
def test_each_auth_type_signs_the_download_of_a_file(
    source: Source, given: Any, auth: dict[str, Any], value: Any, is_signed: Any
) -> None:
    given(value)
    url = checking(source, is_signed, "/file.json")
    document: Any = {
        "dataset": "d",
        "data_size_category": "small",
        "source_url": url,
        "auth": {"secret": "vendor/api", **auth},
    }
    [original] = fetch_all([url], TODAY, 0, {}, FetchContext(client_of(document)), BucketReader(Store())) or []
    with original.file:
        assert original.path.read_bytes() == b'{"items": [{"id": 1}]}'
    assert SECRET not in original.url


OAUTH = {"type": "oauth2_client_credentials", "secret": "vendor/api"}


def giving_tokens(source: Source, tokens: list[str], **more: Any) -> list[Request]:
    """Serve a token URL that issues the tokens one after the other. Returns its requests."""
    requests: list[Request] = []

    def give(request: Request) -> Response:
        requests.append(request)
        return Response(
            json.dumps(
                {"access_token": tokens[min(len(requests), len(tokens)) - 1], "token_type": "Bearer", **more}
            ).encode()
        )

    source.serves_api("/token", give)
    return requests


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_client_credentials_get_one_token_for_all_requests(source: Source, given: Any, method: str) -> None:
    given({"client_id": "me", "client_secret": SECRET})
    token_requests = giving_tokens(source, ["t-1"], expires_in=3600)
    source.serves_api(
        "/items",
        lambda request: Response(
            json.dumps(
                {
                    "items": [{"by": request.headers["authorization"]}],
                    "next": None if "page" in request.params else "/items?page=2",
                }
            ).encode()
        ),
    )
    auth = {
        **OAUTH,
        "token_url": f"{source.url}/token",
        "scope": "read it",
        "token_params": {"audience": "api"},
        "token_auth_method": method,
    }
    assert Run().fetch(f"{source.url}/items", auth=auth) == [{"by": "Bearer t-1"}] * 2
    [request] = token_requests
    assert {"grant_type": "client_credentials", "scope": "read it", "audience": "api"}.items() <= request.body.items()
    if method == "client_secret_post":
        assert (request.body["client_id"], request.body["client_secret"]) == ("me", SECRET)
        assert "authorization" not in request.headers
    else:
        name, _, password = (
            base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode().partition(":")
        )
        assert (name, password) == ("me", "k7-Qv9%2BzT%2Fw3%3D%3D%26x")  # encoded first, by RFC 6749
        assert "client_secret" not in request.body


def test_a_rejected_token_is_renewed_once(source: Source, given: Any) -> None:
    given({"client_id": "me", "client_secret": SECRET})
    token_requests = giving_tokens(source, ["old", "new"])
    run, auth = Run(), {**OAUTH, "token_url": f"{source.url}/token"}
    assert run.fetch(checking(source, lambda request: request.headers["authorization"] == "Bearer new"), auth=auth) == [
        {"id": 1}
    ]
    assert len(token_requests) == 2

    error = run.fails(checking(source, lambda request: False), auth=auth)
    assert has_error(error, "AUTH_FAILED: returned 401") and "whether its secret is still valid" in error
    assert len(token_requests) == 4


def test_a_token_is_renewed_before_it_expires(source: Source, given: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    given({"client_id": "me", "client_secret": SECRET})
    token_requests = giving_tokens(source, ["one", "two"], expires_in="60")
    auth: Any = {**OAUTH, "token_url": f"{source.url}/token"}
    client = client_of({"dataset": "d", "data_size_category": "small", "auth": auth})
    credentials = client._credentials
    clock = [1000.0]
    monkeypatch.setattr("etl_runtime.web.client_credentials.time.monotonic", lambda: clock[0])
    assert credentials.current_token() == "one"
    clock[0] += 29
    assert credentials.current_token() == "one"
    clock[0] += 2
    assert credentials.current_token() == "two"
    assert len(token_requests) == 2


@pytest.mark.parametrize(
    ("response", "message"),
    [
        pytest.param(
            Response(b'{"error": "invalid_client"}', 401, {"Content-Type": "application/json"}),
            'AUTH_FAILED: the server returned 401 Unauthorized, "{"error": "invalid_client"}"',
            id="401",
        ),
        pytest.param(Response(b"{}"), "AUTH_FAILED: the response has no access_token", id="no token"),
        pytest.param(Response(b"<html>"), "AUTH_FAILED: the response is not a JSON object", id="not JSON"),
        pytest.param(
            Response(b'{"access_token": "x", "token_type": "mac"}'),
            "AUTH_FAILED: the token type is 'mac'",
            id="another token type",
        ),
        pytest.param(Response(status=503), "SOURCE_UNAVAILABLE: the server returned 503", id="503, five times"),
        pytest.param(
            Response(status=307, headers={"Location": "http://127.0.0.1:9/"}),
            "AUTH_FAILED: a POST request is only redirected within the same host",
            id="a redirect to another host",
        ),
    ],
)
def test_no_token_fails_the_run_and_names_the_secret(
    source: Source, given: Any, monkeypatch: pytest.MonkeyPatch, response: Response, message: str
) -> None:
    monkeypatch.setattr("etl_runtime.web.retries.MAX_BACKOFF_SECONDS", 0.01)
    monkeypatch.setattr("etl_runtime.web.retries.wait_random", lambda *_: lambda _: 0)
    given({"client_id": "me", "client_secret": SECRET})
    source.serves("/token", response)
    run = Run()
    error = run.fails(f"{source.url}/items", auth={**OAUTH, "token_url": f"{source.url}/token"})
    assert f"auth.token_url {source.url}/token" in error and has_error(error, message)
    assert SECRET not in run.output() + error


# Where credentials are sent


ALL = [
    {"type": "bearer"},
    {"type": "api_key", "name": "X-Api-Key"},
    {"type": "api_key", "name": "key", "location": "query"},
    {"type": "api_key", "name": "s", "location": "cookie"},
]
HEADERS = {"X-Tenant": "ours"}


def is_bare(request: Request) -> bool:
    sent = json.dumps([request.headers, request.params])
    return (
        SECRET not in sent
        and "authorization" not in request.headers
        and "cookie" not in request.headers
        and "x-tenant" not in request.headers
    )


@pytest.mark.parametrize("auth", ALL)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_does_not_send_credentials_to_another_host(
    source: Source, elsewhere: Source, given: Any, auth: dict[str, Any], status: int
) -> None:
    given(SECRET)
    seen: list[Request] = []
    elsewhere.serves_api("/", lambda request: seen.append(request) or Response(b'{"items": [{"id": 7}]}'))  # type: ignore[func-returns-value]
    source.serves("/items", Response(status=status, headers={"Location": f"{elsewhere.url}/there"}))
    assert Run().fetch(f"{source.url}/items", auth={"secret": "vendor/api", **auth}, headers=HEADERS) == [{"id": 7}]
    assert [is_bare(request) for request in seen] == [True]


@pytest.mark.parametrize("auth", ALL)
def test_a_next_link_does_not_send_credentials_to_another_host(
    source: Source, elsewhere: Source, given: Any, auth: dict[str, Any]
) -> None:
    given(SECRET)
    seen: list[Request] = []
    elsewhere.serves_api("/", lambda request: seen.append(request) or Response(b'{"items": [{"id": 2}]}'))  # type: ignore[func-returns-value]
    url = checking(source, lambda request: not is_bare(request), next=f"{elsewhere.url}/page2")
    assert Run().fetch(url, auth={"secret": "vendor/api", **auth}, headers=HEADERS) == [{"id": 1}, {"id": 2}]
    assert [is_bare(request) for request in seen] == [True]


def test_another_host_that_requires_credentials_fails_with_the_reason(
    source: Source, elsewhere: Source, given: Any
) -> None:
    given(SECRET)
    url = checking(
        source, lambda request: not is_bare(request), next=checking(elsewhere, lambda request: not is_bare(request))
    )
    error = Run().fails(url, auth={"secret": "vendor/api", "type": "bearer"})
    assert (
        has_error(error, "SOURCE_ACCESS_DENIED: returned 401")
        and "which is on another host, or uses http instead of https. The dataset's headers and credentials are not sent"
        in error
    )


@pytest.mark.parametrize("by", ["a redirect", "a next link"])
def test_credentials_are_not_sent_from_https_to_http(
    source: Source, given: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    given(SECRET)
    pem = certificate.pem_file(tmp_path, certificate.HERE)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    seen: list[Request] = []
    source.serves_api("/", lambda request: seen.append(request) or Response(b'{"items": [{"id": 2}]}'))  # type: ignore[func-returns-value]
    with serving(pem) as safe:
        there = f"{source.url}/page2"
        safe.serves(
            "/items",
            Response(status=302, headers={"Location": there})
            if by == "a redirect"
            else json.dumps({"items": [], "next": there}).encode(),
        )
        assert Run().fetch(f"{safe.url}/items", auth={"secret": "vendor/api", "type": "bearer"}) == [{"id": 2}]
    assert [is_bare(request) for request in seen] == [True]


def test_a_redirect_within_the_host_sends_the_key_once(source: Source, given: Any) -> None:
    given(SECRET)
    url = checking(source, lambda request: request.params == {"key": SECRET, "a": "1"}, "/there")
    source.serves("/items", Response(status=301, headers={"Location": "/there?a=1&key=stale"}))
    assert url and Run().fetch(
        f"{source.url}/items", auth={"secret": "vendor/api", "type": "api_key", "name": "key", "location": "query"}
    ) == [{"id": 1}]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_post_is_only_redirected_within_its_host(source: Source, elsewhere: Source, given: Any, status: int) -> None:
    given(SECRET)
    bodies: list[Any] = []
    for host in (source, elsewhere):
        host.serves_api("/there", lambda request: bodies.append(request.body) or Response(b'{"items": [{"id": 1}]}'))  # type: ignore[func-returns-value]
    endpoints = {"items": {"url": f"{source.url}/items", "method": "POST", "body": {"q": 1}}}
    auth = {"secret": "vendor/api", "type": "bearer"}
    only_within_host = (
        "SOURCE_REQUEST_FAILED: a POST request is only redirected within the same host, with status 307 or 308"
    )
    source.serves("/items", Response(status=status, headers={"Location": "/there"}))
    if status in (307, 308):
        assert Run().fetch("", api_endpoints=endpoints, auth=auth) == [{"id": 1}]
        assert bodies == [{"q": 1}]
    else:
        assert has_error(Run().fails("", api_endpoints=endpoints, auth=auth), only_within_host)
    source.serves("/items", Response(status=status, headers={"Location": f"{elsewhere.url}/there"}))
    assert has_error(Run().fails("", api_endpoints=endpoints, auth=auth), only_within_host)


# Redaction


@pytest.mark.parametrize(("auth", "value", "is_signed"), KINDS)
def test_a_secret_in_a_response_is_redacted(
    source: Source, given: Any, auth: dict[str, Any], value: Any, is_signed: Any
) -> None:
    """In the URL of the next page, in a record, and in an error."""
    given(value)

    def echo(request: Request) -> Response:
        link = None if "page" in request.params else f"/items?page=2&key={quote(SECRET, safe='')}"
        return Response(
            json.dumps({"items": [{"headers": request.headers, "params": request.params}], "next": link}).encode()
        )

    url = source.serves_api("/items", echo)
    run = Run()
    full_auth = {"secret": "vendor/api", **auth}
    assert len(run.fetch(url, auth=full_auth)) == 2
    for encoded in encodings_of_secret():
        assert encoded not in run.output()
    assert "the response repeats a secret, which is stored as ***" in run.output()

    source.serves_api(
        "/items", lambda request: Response(json.dumps({"error": [SECRET, request.headers, request.params]}).encode())
    )
    error = run.fails(url, auth=full_auth)
    assert has_error(error, "API_RESPONSE_ERROR: the response is an error")
    for encoded in encodings_of_secret():
        assert encoded not in error + run.output()


def encodings_of_secret() -> list[str]:
    return [SECRET, quote(SECRET, safe=""), json.dumps(SECRET)[1:-1], BASIC]


@pytest.mark.parametrize(
    ("value", "auth", "message"),
    [
        pytest.param(
            None,
            {"type": "bearer"},
            'The secret "vendor/api" cannot be read: ResourceNotFoundException: This run has no value for the secret: add --secret vendor/api=@FILE, or set the environment variable MEDALLION_SECRET_VENDOR_API.',
            id="no such secret",
        ),
        pytest.param("", {"type": "bearer"}, 'The secret "vendor/api" is empty', id="an empty secret"),
        pytest.param(
            "plain", {"type": "basic"}, 'The secret "vendor/api" is not a JSON object', id="not JSON, and a key is set"
        ),
        pytest.param(
            "[1]",
            {"type": "bearer", "secret_key": "token"},
            'The secret "vendor/api" is not a JSON object',
            id="a list, and a key is set",
        ),
        pytest.param(
            {"username": "ann"},
            {"type": "basic"},
            'The secret "vendor/api" has no key "password"',
            id="a missing key",
        ),
        pytest.param(
            {"username": "a:b", "password": "p"},
            {"type": "basic"},
            'SECRET_INVALID: The user name in the secret "vendor/api" contains a colon',
            id="a colon in the user name",
        ),
        pytest.param(
            "top\nsecret",
            {"type": "bearer"},
            'SECRET_INVALID: The secret "vendor/api" contains characters that a header does not allow',
            id="a line break in the value",
        ),
        pytest.param(
            "sécret",
            {"type": "api_key", "name": "X"},
            'SECRET_INVALID: The secret "vendor/api" contains characters that a header does not allow',
            id="not ASCII",
        ),
    ],
)
def test_an_invalid_secret_fails_the_run(
    source: Source, given: Any, tmp_path: Path, value: Any, auth: dict[str, Any], message: str
) -> None:
    given("x" if value is None else value, "another" if value is None else "vendor/api")
    run = Run()
    error = run.fails(f"{source.url}/items", auth={"secret": "vendor/api", **auth})
    assert message in error
    assert not source.requests
    for secret in ("plain", "top", "sécret"):
        assert secret not in error.replace("--secret", "")


def test_a_secret_is_read_and_removed_from_the_environment(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDALLION_SECRET_VENDOR_API", SECRET)
    url = checking(source, lambda request: request.headers["authorization"] == f"Bearer {SECRET}")
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:vendor/api-AbC123"
    with serving_secrets({}):
        assert "MEDALLION_SECRET_VENDOR_API" not in os.environ
        for name in ("vendor/api", arn):
            assert Run().fetch(url, auth={"type": "bearer", "secret": name}) == [{"id": 1}]


@pytest.mark.parametrize(
    "encoded",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET),
        "k7-Qv9%2bzT/w3==%26x",
        "k7-Qv9+zT\\/w3\\u003D\\u003d\\u0026x",
        "k7-Qv9+zT/w3==&amp;x",
        "k7%2DQv9%2BzT%2Fw3==&x",
    ],
)
def test_a_secret_is_redacted_in_any_encoding(encoded: str) -> None:
    redaction = Redaction()
    redaction.add(SECRET)
    assert redaction.redact_data(f"<{encoded}>") == redaction.redact(f"<{encoded}>") == "<***>"


def test_short_and_plain_secrets_never_change_the_data() -> None:
    redaction = Redaction()
    for value in ("1234", "password", "abc", "20261127"):
        redaction.add(value)
    assert redaction.redact_data('{"password": 1234, "day": 20261127}') == '{"password": 1234, "day": 20261127}'
    assert redaction.redact("the password is 1234 in abc") == "the *** is *** in abc"


QUERY_KEY = {"type": "api_key", "name": "key", "location": "query", "secret": "vendor/api"}


@pytest.mark.parametrize("by", ["a redirect", "a next link"])
def test_a_key_in_a_link_to_another_host_is_not_sent(source: Source, elsewhere: Source, given: Any, by: str) -> None:
    given(SECRET)
    seen: list[Request] = []
    elsewhere.serves_api("/", lambda request: seen.append(request) or Response(b'{"items": [{"id": 2}]}'))  # type: ignore[func-returns-value]
    there = f"{elsewhere.url}/there?page=2&key={quote(SECRET, safe='')}"
    redirect, link = (
        Response(status=301, headers={"Location": there}),
        Response(json.dumps({"items": [], "next": there}).encode()),
    )
    source.serves("/items", redirect if by == "a redirect" else link)
    assert Run().fetch(f"{source.url}/items", auth=QUERY_KEY) == [{"id": 2}]
    assert [request.params for request in seen] == [{"page": "2"}]


@pytest.mark.parametrize(
    ("url", "is_trusted"),
    [
        ("http://a.org/x", True),
        ("http://A.ORG.:80/y", True),
        ("https://a.org/x", True),
        ("https://a.org:8443/x", False),
        ("http://a.org:8080/x", False),
        ("https://b.org:444/x", True),
        ("http://b.org:444/x", False),
        ("https://b.org/x", False),
        ("http://a.org.evil.org/x", False),
        ("http://a.org:port/x", False),
    ],
)
def test_a_trusted_origin_is_a_scheme_a_host_and_a_port(url: str, is_trusted: bool) -> None:
    assert HttpClient(trusted_urls=["http://a.org/items", "https://b.org:444/items"]).is_trusted(url) is is_trusted


def test_a_truncated_secret_is_redacted(source: Source, given: Any) -> None:
    secret = "Zx9  double  space  k7Qv9zTw3"
    given(secret)
    auth = {"type": "api_key", "name": "X-Key", "secret": "vendor/api"}
    for length in range(150, 205, 3):
        body = json.dumps({"m": "x" * length + secret}).encode()
        url = source.serves("/items", Response(body, 400, {"Content-Type": "application/json"}))
        error = Run().fails(url, auth=auth)
        assert not any(part in error for part in ("Zx9", "double", "k7Qv"))


def test_a_secret_in_the_cursor_of_a_post_is_redacted(source: Source, given: Any) -> None:
    given(SECRET)

    def api(request: Request) -> Response:
        first = "after" not in request.body
        return Response(
            json.dumps({"items": [{"id": 1 if first else 2}], "c": f"{SECRET}|2" if first else None}).encode()
        )

    run, url = Run(), source.serves_api("/items", api)
    endpoint = {
        "url": url,
        "method": "POST",
        "body": {},
        "pagination": {"type": "cursor", "path": "c", "param": "after"},
    }
    assert run.fetch("", api_endpoints={"items": endpoint}, auth={"type": "bearer", "secret": "vendor/api"}) == [
        {"id": 1},
        {"id": 2},
    ]
    assert SECRET not in run.output() and '"after": "***|2"' in run.output()


@pytest.mark.parametrize("user", ["AC0123456789abcdef0123456789abcdef", "reporting@example.com", "1234567890123456"])
def test_a_user_name_in_the_data_is_not_redacted(source: Source, given: Any, user: str) -> None:
    given({"username": user, "password": SECRET})
    url = source.serves("/items", json.dumps({"items": [{"account": user, "n": 1234567890123456}]}).encode())
    assert Run().fetch(url, auth={"type": "basic", "secret": "vendor/api"}) == [
        {"account": user, "n": 1234567890123456}
    ]


def test_a_redacted_response_is_json_and_its_numbers_keep_their_notation(source: Source, given: Any) -> None:
    given("q8Zr4pXw7\\")
    url = source.serves("/items", b'{"items": [{"echo": "q8Zr4pXw7\\\\", "n": 1.10, "e": 1E5}]}')
    run = Run()
    run.fetch(url, auth={"type": "api_key", "name": "X", "secret": "vendor/api"})
    assert b'{"items": [{"echo": "***", "n": 1.10, "e": 1E5}]}' in run.stored


def test_a_secret_with_a_similar_name_is_not_used(source: Source, given: Any) -> None:
    """The ARN of a secret ends with a hyphen and six characters, and a name may end like that too."""
    given(SECRET, "vendor")
    assert "ResourceNotFoundException" in Run().fails(
        f"{source.url}/items", auth={"type": "bearer", "secret": "vendor-apikey"}
    )


def test_only_this_process_can_read_secrets(given: Any) -> None:
    given(SECRET)
    endpoint = os.environ["AWS_ENDPOINT_URL_SECRETS_MANAGER"].rpartition("/")[0]
    client = boto3.client("secretsmanager", endpoint_url=endpoint)
    with pytest.raises(ClientError, match="AccessDeniedException"):
        client.get_secret_value(SecretId="vendor/api")


def test_threads_with_a_rejected_token_share_the_next_one(source: Source, given: Any) -> None:
    given({"client_id": "me", "client_secret": SECRET})
    token_requests = giving_tokens(source, ["old", "new", "newer"])
    ids = json.dumps({"items": [{"id": each} for each in range(40)]}).encode()
    source.serves_api("/items", lambda _: Response(ids))
    source.serves_api(
        "/parts/",
        lambda request: Response(
            b"[]" if request.headers["authorization"] == "Bearer new" else b"",
            200 if request.headers["authorization"] == "Bearer new" else 401,
        ),
    )
    parts = {"url": f"{source.url}/parts/{{value}}", "for_each": {"endpoint": "items", "field": "id"}}
    document: Any = {
        "dataset": "d",
        "data_size_category": "small",
        "api_endpoints": {"items": f"{source.url}/items", "parts": parts},
        "auth": {**OAUTH, "token_url": f"{source.url}/token"},
    }
    for original in fetch_endpoints(endpoints_of(document), FetchContext(client_of(document))):
        original.file.close()
    assert len(token_requests) == 2


def test_a_token_request_follows_a_redirect_within_its_host(source: Source, given: Any) -> None:
    given({"client_id": "me", "client_secret": SECRET})
    token_requests = giving_tokens(source, ["t"])
    source.serves("/old", Response(status=307, headers={"Location": "/token"}))
    url = checking(source, lambda request: request.headers["authorization"] == "Bearer t")
    assert Run().fetch(url, auth={**OAUTH, "token_url": f"{source.url}/old"}) == [{"id": 1}]
    assert len(token_requests) == 1


@pytest.mark.parametrize(("of_dataset", "of_endpoint"), [("accept", "Accept"), ("ACCEPT", "accept")])
def test_the_headers_of_an_endpoint_override_those_of_the_dataset(
    source: Source, of_dataset: str, of_endpoint: str
) -> None:
    url = checking(source, lambda request: request.headers["accept"] == "v2" and request.headers["x-tenant"] == "ours")
    endpoints = {"items": {"url": url, "headers": {of_endpoint: "v2"}}}
    assert Run().fetch("", api_endpoints=endpoints, headers={of_dataset: "v1", **HEADERS}) == [{"id": 1}]
