"""Credentials: what signs a request, where it goes, and that nobody else ever sees it."""

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

import certificate
from conftest import Answer, Source
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.redaction import Redaction
from etl_runtime.job.store import Store
from etl_runtime.source.api.endpoints import endpoints_of
from etl_runtime.source.api.fetch_endpoints import Api
from etl_runtime.source.files.bucket_files import BucketReader
from etl_runtime.source.files.dated_files import fetch_all
from etl_runtime.source.files.fetch_context import FetchContext
from etl_runtime.source.originals import client_of
from etl_runtime.web.client import HttpClient
from log_lines import logged
from secret_server import serving_secrets
from source_server import Asked, serving

SECRET = "k7-Qv9+zT/w3==&x"  # encoded differently in a query, in JSON and in base64
TODAY = date(2026, 11, 27)


@pytest.fixture
def given(tmp_path: Path) -> Iterator[Any]:
    """Gives the runs of a test a secret, text or an object."""
    with ExitStack() as left:

        def give(value: Any, name: str = "vendor/api") -> None:
            file = tmp_path / "secret"
            file.write_text(value if isinstance(value, str) else json.dumps(value))
            left.enter_context(serving_secrets({name: str(file)}))

        yield give


@pytest.fixture
def elsewhere() -> Iterator[Source]:
    """Another host."""
    with serving() as found:
        yield found


class Run:
    """The calls of one dataset, and all that a person could read of them."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.kept = b""

    def ask(self, url: str, **document: Any) -> list[Any]:
        """The records of the endpoint `items`."""
        whole: Any = {"dataset": "d", "data_size_category": "small", "api_endpoints": {"items": url}, **document}
        with logged(self.lines):
            [original] = Api(endpoints_of(whole), FetchContext(client_of(whole), first_wait_seconds=0.01)).fetch()
        with original.file:
            self.kept = original.path.read_bytes()
        return [record for line in self.kept.splitlines() for record in json.loads(line)["answer"]["items"]]

    def fails(self, url: str, **document: Any) -> str:
        with pytest.raises(RunFailed) as failed:
            self.ask(url, **document)
        return str(failed.value)

    def told(self) -> str:
        return "\n".join([*self.lines, self.kept.decode()])


def checking(source: Source, is_signed: Any, path: str = "/items", **more: Any) -> str:
    """An API that answers 401 to a request that is not signed."""

    def api(asked: Asked) -> Answer:
        refused = Answer(b'{"message": "who are you?"}', 401, {"Content-Type": "application/json"})
        return Answer(json.dumps({"items": [{"id": 1}], **more}).encode()) if is_signed(asked) else refused

    return source.answers_with(path, api)


BASIC = base64.b64encode(f"ann:{SECRET}".encode()).decode()
KINDS = [
    pytest.param(
        {"type": "bearer"}, SECRET, lambda asked: asked.headers["authorization"] == f"Bearer {SECRET}", id="bearer"
    ),
    pytest.param(
        {"type": "bearer", "secret_key": "token"},
        {"token": SECRET, "other": "x"},
        lambda asked: asked.headers["authorization"] == f"Bearer {SECRET}",
        id="bearer by key",
    ),
    pytest.param(
        {"type": "api_key", "name": "X-Api-Key"},
        f"{SECRET}\n",
        lambda asked: asked.headers["x-api-key"] == SECRET,
        id="api_key in a header, from a file that ends with a line break",
    ),
    pytest.param(
        {"type": "api_key", "name": "key", "location": "query"},
        SECRET,
        lambda asked: asked.params.get("key") == SECRET,
        id="api_key in the query",
    ),
    pytest.param(
        {"type": "api_key", "name": "session", "location": "cookie"},
        SECRET,
        lambda asked: asked.headers["cookie"] == f"session={SECRET}",
        id="api_key in a cookie",
    ),
    pytest.param(
        {"type": "basic"},
        {"username": "ann", "password": SECRET},
        lambda asked: asked.headers["authorization"] == f"Basic {BASIC}",
        id="basic",
    ),
    pytest.param(
        {"type": "basic", "username_key": "u", "password_key": "p"},
        {"u": "ann", "p": SECRET},
        lambda asked: asked.headers["authorization"] == f"Basic {BASIC}",
        id="basic by keys",
    ),
]


@pytest.mark.parametrize(("auth", "value", "is_signed"), KINDS)
def test_each_kind_signs_every_request(
    source: Source, given: Any, auth: dict[str, Any], value: Any, is_signed: Any
) -> None:
    given(value)
    source.answers_with(
        "/items/2",
        lambda asked: Answer(b'{"items": [{"id": 2}]}' if is_signed(asked) else b"", 200 if is_signed(asked) else 401),
    )
    url = checking(source, lambda asked: is_signed(asked), next="/items/2")
    source.apis = dict(sorted(source.apis.items(), reverse=True))
    assert Run().ask(url, auth={"secret": "vendor/api", **auth}) == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize(("auth", "value", "is_signed"), KINDS)
def test_a_file_is_signed_like_a_call(
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


def giving_tokens(source: Source, tokens: list[str], **more: Any) -> list[Asked]:
    """The address that gives tokens, one after the other. Returns what it was asked."""
    asked: list[Asked] = []

    def give(request: Asked) -> Answer:
        asked.append(request)
        return Answer(
            json.dumps(
                {"access_token": tokens[min(len(asked), len(tokens)) - 1], "token_type": "Bearer", **more}
            ).encode()
        )

    source.answers_with("/token", give)
    return asked


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_client_credentials_get_one_token_for_all_requests(source: Source, given: Any, method: str) -> None:
    given({"client_id": "me", "client_secret": SECRET})
    asked = giving_tokens(source, ["t-1"], expires_in=3600)
    source.answers_with(
        "/items",
        lambda request: Answer(
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
    assert Run().ask(f"{source.url}/items", auth=auth) == [{"by": "Bearer t-1"}] * 2
    [request] = asked
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


def test_a_token_that_is_refused_is_renewed_once(source: Source, given: Any) -> None:
    given({"client_id": "me", "client_secret": SECRET})
    asked = giving_tokens(source, ["old", "new"])
    run, auth = Run(), {**OAUTH, "token_url": f"{source.url}/token"}
    assert run.ask(checking(source, lambda request: request.headers["authorization"] == "Bearer new"), auth=auth) == [
        {"id": 1}
    ]
    assert len(asked) == 2

    said = run.fails(checking(source, lambda request: False), auth=auth)
    assert "answered 401" in said and "is its secret out of date?" in said
    assert len(asked) == 4


def test_a_token_is_renewed_before_it_ends(source: Source, given: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    given({"client_id": "me", "client_secret": SECRET})
    asked = giving_tokens(source, ["one", "two"], expires_in="60")
    auth: Any = {**OAUTH, "token_url": f"{source.url}/token"}
    client = client_of({"dataset": "d", "data_size_category": "small", "auth": auth})
    credentials = client._credentials
    clock = [1000.0]
    monkeypatch.setattr("etl_runtime.web.client_credentials.time.monotonic", lambda: clock[0])
    assert credentials.current() == "one"
    clock[0] += 29
    assert credentials.current() == "one"
    clock[0] += 2
    assert credentials.current() == "two"
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        pytest.param(
            Answer(b'{"error": "invalid_client"}', 401, {"Content-Type": "application/json"}),
            'the server answered 401 Unauthorized, "{"error": "invalid_client"}"',
            id="401",
        ),
        pytest.param(Answer(b"{}"), "the answer has no access_token", id="no token"),
        pytest.param(Answer(b"<html>"), "the answer is no JSON object", id="no JSON"),
        pytest.param(
            Answer(b'{"access_token": "x", "token_type": "mac"}'), "the token is of the type 'mac'", id="another type"
        ),
        pytest.param(Answer(status=503), "the server answered 503", id="503, five times"),
        pytest.param(
            Answer(status=307, headers={"Location": "http://127.0.0.1:9/"}),
            "a POST, which is sent again at its own host alone",
            id="a redirect to another host",
        ),
    ],
)
def test_no_token_fails_the_run_and_names_the_secret(
    source: Source, given: Any, monkeypatch: pytest.MonkeyPatch, answer: Answer, says: str
) -> None:
    monkeypatch.setattr("etl_runtime.web.retries.LONGEST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("etl_runtime.web.retries.wait_random", lambda *_: lambda _: 0)
    given({"client_id": "me", "client_secret": SECRET})
    source.serves("/token", answer)
    run = Run()
    said = run.fails(f"{source.url}/items", auth={**OAUTH, "token_url": f"{source.url}/token"})
    assert f"auth.token_url {source.url}/token" in said and says in said
    assert SECRET not in run.told() + said


# Where credentials go


ALL = [
    {"type": "bearer"},
    {"type": "api_key", "name": "X-Api-Key"},
    {"type": "api_key", "name": "key", "location": "query"},
    {"type": "api_key", "name": "s", "location": "cookie"},
]
HEADERS = {"X-Tenant": "ours"}


def is_bare(asked: Asked) -> bool:
    sent = json.dumps([asked.headers, asked.params])
    return (
        SECRET not in sent
        and "authorization" not in asked.headers
        and "cookie" not in asked.headers
        and "x-tenant" not in asked.headers
    )


@pytest.mark.parametrize("auth", ALL)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_credentials_do_not_follow_a_redirect_to_another_host(
    source: Source, elsewhere: Source, given: Any, auth: dict[str, Any], status: int
) -> None:
    given(SECRET)
    seen: list[Asked] = []
    elsewhere.answers_with("/", lambda asked: seen.append(asked) or Answer(b'{"items": [{"id": 7}]}'))  # type: ignore[func-returns-value]
    source.serves("/items", Answer(status=status, headers={"Location": f"{elsewhere.url}/there"}))
    assert Run().ask(f"{source.url}/items", auth={"secret": "vendor/api", **auth}, headers=HEADERS) == [{"id": 7}]
    assert [is_bare(asked) for asked in seen] == [True]


@pytest.mark.parametrize("auth", ALL)
def test_credentials_do_not_follow_a_next_link_to_another_host(
    source: Source, elsewhere: Source, given: Any, auth: dict[str, Any]
) -> None:
    given(SECRET)
    seen: list[Asked] = []
    elsewhere.answers_with("/", lambda asked: seen.append(asked) or Answer(b'{"items": [{"id": 2}]}'))  # type: ignore[func-returns-value]
    url = checking(source, lambda asked: not is_bare(asked), next=f"{elsewhere.url}/page2")
    assert Run().ask(url, auth={"secret": "vendor/api", **auth}, headers=HEADERS) == [{"id": 1}, {"id": 2}]
    assert [is_bare(asked) for asked in seen] == [True]


def test_a_host_that_refuses_without_credentials_is_told_apart(source: Source, elsewhere: Source, given: Any) -> None:
    given(SECRET)
    url = checking(source, lambda asked: not is_bare(asked), next=checking(elsewhere, lambda asked: not is_bare(asked)))
    said = Run().fails(url, auth={"secret": "vendor/api", "type": "bearer"})
    assert (
        "The source led there, to another host or from https to http, where the dataset's credentials and headers are not sent"
        in said
    )


@pytest.mark.parametrize("by", ["a redirect", "a next link"])
def test_credentials_do_not_go_from_https_to_http(
    source: Source, given: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    given(SECRET)
    pem = certificate.pem_file(tmp_path, certificate.HERE)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    seen: list[Asked] = []
    source.answers_with("/", lambda asked: seen.append(asked) or Answer(b'{"items": [{"id": 2}]}'))  # type: ignore[func-returns-value]
    with serving(pem) as safe:
        there = f"{source.url}/page2"
        safe.serves(
            "/items",
            Answer(status=302, headers={"Location": there})
            if by == "a redirect"
            else json.dumps({"items": [], "next": there}).encode(),
        )
        assert Run().ask(f"{safe.url}/items", auth={"secret": "vendor/api", "type": "bearer"}) == [{"id": 2}]
    assert [is_bare(asked) for asked in seen] == [True]


def test_credentials_follow_a_redirect_at_home_and_a_key_is_there_once(source: Source, given: Any) -> None:
    given(SECRET)
    url = checking(source, lambda asked: asked.params == {"key": SECRET, "a": "1"}, "/there")
    source.serves("/items", Answer(status=301, headers={"Location": "/there?a=1&key=stale"}))
    assert url and Run().ask(
        f"{source.url}/items", auth={"secret": "vendor/api", "type": "api_key", "name": "key", "location": "query"}
    ) == [{"id": 1}]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_post_is_sent_again_at_home_alone(source: Source, elsewhere: Source, given: Any, status: int) -> None:
    given(SECRET)
    bodies: list[Any] = []
    for host in (source, elsewhere):
        host.answers_with("/there", lambda asked: bodies.append(asked.body) or Answer(b'{"items": [{"id": 1}]}'))  # type: ignore[func-returns-value]
    endpoints = {"items": {"url": f"{source.url}/items", "method": "POST", "body": {"q": 1}}}
    auth = {"secret": "vendor/api", "type": "bearer"}
    source.serves("/items", Answer(status=status, headers={"Location": "/there"}))
    if status in (307, 308):
        assert Run().ask("", api_endpoints=endpoints, auth=auth) == [{"id": 1}]
        assert bodies == [{"q": 1}]
    else:
        assert "a POST, which is sent again at its own host alone" in Run().fails(
            "", api_endpoints=endpoints, auth=auth
        )
    source.serves("/items", Answer(status=status, headers={"Location": f"{elsewhere.url}/there"}))
    assert "a POST, which is sent again at its own host alone" in Run().fails("", api_endpoints=endpoints, auth=auth)


# Nobody sees them


@pytest.mark.parametrize(("auth", "value", "is_signed"), KINDS)
def test_what_a_source_repeats_of_a_secret_is_kept_as_stars(
    source: Source, given: Any, auth: dict[str, Any], value: Any, is_signed: Any
) -> None:
    """In the address of the next page, in a record, in an error."""
    given(value)

    def echo(asked: Asked) -> Answer:
        link = None if "page" in asked.params else f"/items?page=2&key={quote(SECRET, safe='')}"
        return Answer(
            json.dumps({"items": [{"headers": asked.headers, "params": asked.params}], "next": link}).encode()
        )

    url = source.answers_with("/items", echo)
    run = Run()
    whole = {"secret": "vendor/api", **auth}
    assert len(run.ask(url, auth=whole)) == 2
    for form in forms():
        assert form not in run.told()
    assert "the answer repeats a secret, which is kept as ***" in run.told()

    source.answers_with(
        "/items", lambda asked: Answer(json.dumps({"error": [SECRET, asked.headers, asked.params]}).encode())
    )
    said = run.fails(url, auth=whole)
    assert "the answer is an error" in said
    for form in forms():
        assert form not in said + run.told()


def forms() -> list[str]:
    return [SECRET, quote(SECRET, safe=""), json.dumps(SECRET)[1:-1], BASIC]


@pytest.mark.parametrize(
    ("value", "auth", "says"),
    [
        pytest.param(
            None,
            {"type": "bearer"},
            'SECRET_NOT_FOUND: The secret "vendor/api" cannot be read: ResourceNotFoundException, This run was given no such secret: add --secret vendor/api=@FILE, or set the environment variable MEDALLION_SECRET_VENDOR_API.',
            id="there is none",
        ),
        pytest.param("", {"type": "bearer"}, 'SECRET_INVALID: The secret "vendor/api" is empty', id="it is empty"),
        pytest.param(
            "plain",
            {"type": "basic"},
            'SECRET_INVALID: The secret "vendor/api" is not a JSON object',
            id="no JSON where a key is named",
        ),
        pytest.param(
            "[1]",
            {"type": "bearer", "secret_key": "token"},
            'SECRET_INVALID: The secret "vendor/api" is not a JSON object',
            id="a list where a key is named",
        ),
        pytest.param(
            {"username": "ann"},
            {"type": "basic"},
            'SECRET_INVALID: The secret "vendor/api" has no key "password"',
            id="a key is missing",
        ),
        pytest.param(
            {"username": "a:b", "password": "p"}, {"type": "basic"}, "holds a colon", id="a colon in the user name"
        ),
        pytest.param(
            "top\nsecret", {"type": "bearer"}, "holds characters that a header cannot carry", id="a line break within"
        ),
        pytest.param(
            "sécret", {"type": "api_key", "name": "X"}, "holds characters that a header cannot carry", id="not ASCII"
        ),
    ],
)
def test_a_secret_that_is_not_as_it_should_be_fails_the_run(
    source: Source, given: Any, tmp_path: Path, value: Any, auth: dict[str, Any], says: str
) -> None:
    given("x" if value is None else value, "another" if value is None else "vendor/api")
    run = Run()
    said = run.fails(f"{source.url}/items", auth={"secret": "vendor/api", **auth})
    assert says in said
    assert not source.requests
    for hidden in ("plain", "top", "sécret"):
        assert hidden not in said.replace("--secret", "")


def test_a_secret_comes_from_the_environment_and_leaves_it(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDALLION_SECRET_VENDOR_API", SECRET)
    url = checking(source, lambda asked: asked.headers["authorization"] == f"Bearer {SECRET}")
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:vendor/api-AbC123"
    with serving_secrets({}):
        assert "MEDALLION_SECRET_VENDOR_API" not in os.environ
        for name in ("vendor/api", arn):
            assert Run().ask(url, auth={"type": "bearer", "secret": name}) == [{"id": 1}]


@pytest.mark.parametrize(
    "written",
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
def test_a_secret_is_found_however_it_is_encoded(written: str) -> None:
    hidden = Redaction()
    hidden.add(SECRET)
    assert hidden.redact_data(f"<{written}>") == hidden.redact(f"<{written}>") == "<***>"


def test_short_and_plain_secrets_never_change_the_data() -> None:
    hidden = Redaction()
    for value in ("1234", "password", "abc", "20261127"):
        hidden.add(value)
    assert hidden.redact_data('{"password": 1234, "day": 20261127}') == '{"password": 1234, "day": 20261127}'
    assert hidden.redact("the password is 1234 in abc") == "the *** is *** in abc"


QUERY_KEY = {"type": "api_key", "name": "key", "location": "query", "secret": "vendor/api"}


@pytest.mark.parametrize("by", ["a redirect", "a next link"])
def test_a_key_that_the_source_writes_into_another_address_does_not_go_there(
    source: Source, elsewhere: Source, given: Any, by: str
) -> None:
    given(SECRET)
    seen: list[Asked] = []
    elsewhere.answers_with("/", lambda asked: seen.append(asked) or Answer(b'{"items": [{"id": 2}]}'))  # type: ignore[func-returns-value]
    there = f"{elsewhere.url}/there?page=2&key={quote(SECRET, safe='')}"
    redirect, link = (
        Answer(status=301, headers={"Location": there}),
        Answer(json.dumps({"items": [], "next": there}).encode()),
    )
    source.serves("/items", redirect if by == "a redirect" else link)
    assert Run().ask(f"{source.url}/items", auth=QUERY_KEY) == [{"id": 2}]
    assert [asked.params for asked in seen] == [{"page": "2"}]


@pytest.mark.parametrize(
    ("url", "home"),
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
def test_home_is_a_scheme_a_host_and_a_port(url: str, home: bool) -> None:
    assert HttpClient(homes=["http://a.org/items", "https://b.org:444/items"]).is_home(url) is home


def test_half_a_secret_is_never_told(source: Source, given: Any) -> None:
    secret = "Zx9  double  space  k7Qv9zTw3"
    given(secret)
    auth = {"type": "api_key", "name": "X-Key", "secret": "vendor/api"}
    for length in range(150, 205, 3):
        body = json.dumps({"m": "x" * length + secret}).encode()
        url = source.serves("/items", Answer(body, 400, {"Content-Type": "application/json"}))
        said = Run().fails(url, auth=auth)
        assert not any(part in said for part in ("Zx9", "double", "k7Qv"))


def test_a_secret_in_the_cursor_of_a_post_is_kept_as_stars(source: Source, given: Any) -> None:
    given(SECRET)

    def api(asked: Asked) -> Answer:
        first = "after" not in asked.body
        return Answer(
            json.dumps({"items": [{"id": 1 if first else 2}], "c": f"{SECRET}|2" if first else None}).encode()
        )

    run, url = Run(), source.answers_with("/items", api)
    endpoint = {
        "url": url,
        "method": "POST",
        "body": {},
        "pagination": {"type": "cursor", "path": "c", "param": "after"},
    }
    assert run.ask("", api_endpoints={"items": endpoint}, auth={"type": "bearer", "secret": "vendor/api"}) == [
        {"id": 1},
        {"id": 2},
    ]
    assert SECRET not in run.told() and '"after": "***|2"' in run.told()


@pytest.mark.parametrize("user", ["AC0123456789abcdef0123456789abcdef", "reporting@example.com", "1234567890123456"])
def test_a_user_name_in_the_data_stays(source: Source, given: Any, user: str) -> None:
    given({"username": user, "password": SECRET})
    url = source.serves("/items", json.dumps({"items": [{"account": user, "n": 1234567890123456}]}).encode())
    assert Run().ask(url, auth={"type": "basic", "secret": "vendor/api"}) == [{"account": user, "n": 1234567890123456}]


def test_what_is_kept_with_stars_is_json_and_its_numbers_are_as_written(source: Source, given: Any) -> None:
    given("q8Zr4pXw7\\")
    url = source.serves("/items", b'{"items": [{"echo": "q8Zr4pXw7\\\\", "n": 1.10, "e": 1E5}]}')
    run = Run()
    run.ask(url, auth={"type": "api_key", "name": "X", "secret": "vendor/api"})
    assert b'{"items": [{"echo": "***", "n": 1.10, "e": 1E5}]}' in run.kept


def test_a_secret_of_another_name_is_never_taken(source: Source, given: Any) -> None:
    """Six characters behind a hyphen are what an ARN has, and a name may have."""
    given(SECRET, "vendor")
    assert "ResourceNotFoundException" in Run().fails(
        f"{source.url}/items", auth={"type": "bearer", "secret": "vendor-apikey"}
    )


def test_only_this_process_may_ask_for_secrets(given: Any) -> None:
    given(SECRET)
    address = os.environ["AWS_ENDPOINT_URL_SECRETS_MANAGER"].rpartition("/")[0]
    client = boto3.client("secretsmanager", endpoint_url=address)
    with pytest.raises(ClientError, match="AccessDeniedException"):
        client.get_secret_value(SecretId="vendor/api")


def test_threads_whose_token_is_refused_share_the_next_one(source: Source, given: Any) -> None:
    given({"client_id": "me", "client_secret": SECRET})
    asked = giving_tokens(source, ["old", "new", "newer"])
    ids = json.dumps({"items": [{"id": each} for each in range(40)]}).encode()
    source.answers_with("/items", lambda _: Answer(ids))
    source.answers_with(
        "/parts/",
        lambda request: Answer(
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
    for original in Api(endpoints_of(document), FetchContext(client_of(document))).fetch():
        original.file.close()
    assert len(asked) == 2


def test_a_token_comes_through_a_redirect_at_home(source: Source, given: Any) -> None:
    given({"client_id": "me", "client_secret": SECRET})
    asked = giving_tokens(source, ["t"])
    source.serves("/old", Answer(status=307, headers={"Location": "/token"}))
    url = checking(source, lambda request: request.headers["authorization"] == "Bearer t")
    assert Run().ask(url, auth={**OAUTH, "token_url": f"{source.url}/old"}) == [{"id": 1}]
    assert len(asked) == 1


@pytest.mark.parametrize(("of_dataset", "of_endpoint"), [("accept", "Accept"), ("ACCEPT", "accept")])
def test_the_headers_of_an_endpoint_come_before_those_of_the_dataset(
    source: Source, of_dataset: str, of_endpoint: str
) -> None:
    url = checking(source, lambda asked: asked.headers["accept"] == "v2" and asked.headers["x-tenant"] == "ours")
    endpoints = {"items": {"url": url, "headers": {of_endpoint: "v2"}}}
    assert Run().ask("", api_endpoints=endpoints, headers={of_dataset: "v1", **HEADERS}) == [{"id": 1}]
