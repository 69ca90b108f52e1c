"""Fetching the endpoints of an API: detection of records, for_each, retries and rate limits."""

import gzip
import json
import re
import threading
import time
from typing import Any

import pytest
from expected_error import has_error
from hypothesis import given, settings
from hypothesis import strategies as st

from api_reading import fails, fetch, read, records_in
from conftest import Response, Source
from etl_runtime.job.errors import RunFailed
from etl_runtime.source.api.endpoints import Endpoint, endpoints_of
from etl_runtime.source.api.fetch_endpoints import MAX_CONCURRENT_CALLS, fetch_endpoints
from etl_runtime.source.api.response_body import MAX_RESPONSE_BYTES
from etl_runtime.source.files.fetch_context import FetchContext
from etl_runtime.web.client import HttpClient
from etl_runtime.web.rate_limiter import RateLimiter
from source_server import Request, serving


def serving_document(source: Source, document: Any, **more: Any) -> str:
    return source.serves("/items", Response(json.dumps(document).encode(), **more))


# Detection of records


@pytest.mark.parametrize(
    ("document", "records"),
    [
        pytest.param([{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 2}], id="a list"),
        pytest.param([], [], id="an empty list"),
        pytest.param([1, "two", None], [1, "two", None], id="a list of values"),
        pytest.param({"results": [{"a": 1}], "count": 1}, [{"a": 1}], id="the only list"),
        pytest.param({"widgets": [{"a": 1}], "took": 3}, [{"a": 1}], id="the only list, with any key"),
        pytest.param(
            {"results": [{"a": 1}], "facets": [{"b": 2}]},
            [{"a": 1}],
            id="several lists, one with a usual key",
        ),
        pytest.param(
            {"items": [{"a": 1}], "facets": [{"b": 2}]},
            [{"a": 1}],
            id="several lists, one with the name of the endpoint",
        ),
        pytest.param({"response": {"docs": [{"a": 1}], "start": 0}}, [{"a": 1}], id="one level deeper"),
        pytest.param({"data": {"items": {"nodes": [{"a": 1}]}}}, [{"a": 1}], id="two levels deeper"),
        pytest.param({"a": 1, "tags": ["x"]}, [{"a": 1, "tags": ["x"]}], id="an object is a record"),
        pytest.param({"results": [], "count": 0}, [], id="an empty list of records"),
        pytest.param({"results": [], "errors": []}, [], id="empty lists of records and errors"),
        pytest.param({"data": [], "included": [{"a": 1}]}, [], id="an empty list with a usual key"),
        pytest.param({"Records": [], "links": [{"rel": "self"}]}, [], id="a usual key in another case"),
        pytest.param({"items": [], "people": [{"a": 1}]}, [], id="an empty list with the name of the endpoint"),
        pytest.param(
            {"result": {"fields": [{"id": "a"}], "records": [], "total": 0}}, [], id="an empty list, one level deeper"
        ),
        pytest.param(
            {"warnings": [], "response": {"docs": [{"a": 1}]}}, [{"a": 1}], id="an empty list above a usual key"
        ),
        pytest.param({"data": [{"a": 1}], "values": [1, 2]}, [{"a": 1}], id="a usual key of single values"),
    ],
)
def test_records_are_detected(source: Source, document: Any, records: list[Any]) -> None:
    assert read(serving_document(source, document), pagination="single") == records


@pytest.mark.parametrize(
    ("document", "records", "found"),
    [
        pytest.param({"a": {"b": [{"c": 1}]}}, "a.b", [{"c": 1}], id="a path"),
        pytest.param({"a.b": {"c": [{"d": 1}]}}, "a.b.c", [{"d": 1}], id="a key with a dot"),
        pytest.param({"id": 1, "parts": [{"c": 1}]}, "$", [{"id": 1, "parts": [{"c": 1}]}], id="the response itself"),
        pytest.param(
            {"error": "a column of ours", "id": 1},
            "$",
            [{"error": "a column of ours", "id": 1}],
            id="a record with a field named error",
        ),
        pytest.param({"data": None}, "data", [], id="null is an empty list"),
        pytest.param({"data": {"id": 1}}, "data", [{"id": 1}], id="one object"),
    ],
)
def test_declared_records_are_used(source: Source, document: Any, records: str, found: list[Any]) -> None:
    assert read(serving_document(source, document), records=records, pagination="single") == found


@pytest.mark.parametrize(
    ("document", "declared", "message"),
    [
        pytest.param(
            {"one": [{"a": 1}], "two": [{"b": 1}]},
            {},
            'API_RECORDS_AMBIGUOUS: the response contains several lists: one, two. Set "records" to the path of the list of records',
            id="several lists",
        ),
        pytest.param(
            {"links": [{"rel": "self"}], "result": {"records": [{"a": 1}]}},
            {},
            'API_RECORDS_AMBIGUOUS: the response contains several lists: links, result.records. Set "records" to',
            id="a list with another key above one with a usual key",
        ),
        pytest.param(
            {"data": [], "rows": [{"a": 1}]},
            {},
            'API_RECORDS_AMBIGUOUS: the response contains several lists: data, rows. Set "records" to',
            id="two usual keys",
        ),
        pytest.param(
            {"data": "maintenance"},
            {"records": "data.items", "records_optional": True},
            'API_RECORDS_NOT_FOUND: "records" is data.items, but the response does not contain this path. It has the keys data',
            id="optional records below a text",
        ),
        pytest.param(
            {"userInput": "x"},
            {"records": "result.matches"},
            'API_RECORDS_NOT_FOUND: "records" is result.matches, but the response does not contain this path. It has the keys userInput. '
            'Correct "records". If a missing list means that there are no records, set "records_optional" to true',
            id="a missing list, which may mean no records",
        ),
        pytest.param(
            {"other": 1},
            {"records": "data"},
            'API_RECORDS_NOT_FOUND: "records" is data, but the response does not contain this path. It has the keys other',
            id="a path that does not exist",
        ),
        pytest.param(
            {"data": 3},
            {"records": "data"},
            "API_RECORDS_NOT_FOUND: the value at data is neither a list nor an object (found '3')",
            id="a number",
        ),
        pytest.param(
            {"error": {"code": 7, "message": "quota"}},
            {},
            "API_RESPONSE_ERROR: the response is an error: {'code': 7, 'message': 'quota'}",
            id="200 with an error",
        ),
        pytest.param(
            {"errors": [{"message": "no"}]},
            {},
            "API_RESPONSE_ERROR: the response is an error: [{'message': 'no'}]",
            id="200 with errors",
        ),
        pytest.param(
            {"status": "error", "message": "no"},
            {},
            "API_RESPONSE_ERROR: the response is an error: no",
            id="200 with a status",
        ),
        pytest.param(
            {"success": False, "message": "no"},
            {},
            "API_RESPONSE_ERROR: the response is an error: no",
            id="200 without success",
        ),
        pytest.param(
            {"errors": [{"message": "no"}], "data": None},
            {"records": "data.items"},
            "API_RESPONSE_ERROR: the response is an error",
            id="200 with errors, and records is set",
        ),
    ],
)
def test_a_response_without_records_fails(
    source: Source, document: Any, declared: dict[str, Any], message: str
) -> None:
    assert has_error(fails(serving_document(source, document), pagination="single", **declared), message)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=10,
)


@given(
    records=st.lists(st.dictionaries(st.text(), JSON, max_size=4), max_size=6),
    indent=st.sampled_from([None, 2]),
    ascii=st.booleans(),
)
@settings(max_examples=60)
def test_responses_are_stored_as_received(
    source_of_module: Source, records: list[Any], indent: int | None, ascii: bool
) -> None:
    text = json.dumps({"items": records}, indent=indent, ensure_ascii=ascii)
    try:
        body = text.encode()
    except UnicodeEncodeError:
        return
    url = source_of_module.serves("/kept", body)
    endpoint = {"url": url, "records": "items", "pagination": "single"}
    kept = fetch({"items": endpoint})["items"]
    [line] = kept.splitlines()
    assert line == b'{"url": "%b", "answer": %b}' % (url.encode(), text.replace("\n", " ").encode())
    [declared] = endpoints_of({"dataset": "d", "data_size_category": "small", "api_endpoints": {"items": endpoint}})  # type: ignore[dict-item]
    assert records_in(kept, declared) == records


def test_numbers_keep_their_notation(source: Source) -> None:
    url = source.serves("/items", b'{"items": [{"a": 1.10, "b": 1E5, "c": 12345678901234567890123}]}')
    assert (
        b'"answer": {"items": [{"a": 1.10, "b": 1E5, "c": 12345678901234567890123}]}' in fetch({"items": url})["items"]
    )


# for_each


def test_an_endpoint_is_called_once_per_value_of_its_parent(source: Source) -> None:
    ids = ["a/b", "ü x", 7, 1.50, True, 7, None, "a/b"]
    source.serves("/items", json.dumps([{"k": {"id": each}} for each in ids]).replace("1.5", "1.50").encode())
    requested: list[tuple[str, str]] = []

    def parts(request: Request) -> Response:
        requested.append((request.path, request.params["of"]))
        return Response(b'{"parts": [{"n": 1}, {"n": 2, "of": "own"}]}')

    source.serves_api("/parts/", parts)
    declared = {
        "items": f"{source.url}/items",
        "parts": {
            "url": f"{source.url}/parts/{{value}}",
            "params": {"of": "<{value}>"},
            "for_each": {"endpoint": "items", "field": "k.id", "column": "of"},
        },
    }
    kept = fetch(declared)["parts"]
    assert sorted(requested) == sorted((f"/parts/{each}", f"<{each}>") for each in ("a/b", "ü x", "7", "1.50", "true"))
    assert [json.loads(line)["url"].rpartition("/parts/")[2] for line in kept.splitlines()] == [
        "a%2Fb?of=%3Ca%2Fb%3E", "%C3%BC%20x?of=%3C%C3%BC+x%3E", "7?of=%3C7%3E", "1.50?of=%3C1.50%3E", "true?of=%3Ctrue%3E",
    ]  # fmt: skip
    assert b'"value": 1.50' in kept
    endpoint = endpoints_of({"dataset": "d", "data_size_category": "small", "api_endpoints": declared})[1]  # type: ignore[typeddict-item]
    records = records_in(kept, endpoint)
    assert records[::2] == [{"n": 1, "of": each} for each in ("a/b", "ü x", 7, 1.5, True)]
    assert records[1::2] == [{"n": 2, "of": "own"}] * 5


def test_results_keep_the_order_of_the_values_and_concurrency_is_limited(source: Source) -> None:
    ids = [f"{number:02}" for number in range(40)]
    source.serves("/items", json.dumps([{"id": each} for each in ids]).encode())

    in_flight: list[str] = []
    counts: list[int] = []

    def slow(request: Request) -> Response:
        number = int(request.path[-2:])
        in_flight.append(request.path)
        counts.append(len(in_flight))
        time.sleep(0.02 * (number % 5))
        in_flight.remove(request.path)
        page = int(request.params.get("page", 1))
        return Response(
            json.dumps({"parts": [{"id": f"{number}.{page}"}], "next": "?page=2" if page == 1 else None}).encode()
        )

    source.serves_api("/parts/", slow)
    kept = fetch(
        {
            "items": f"{source.url}/items",
            "parts": {"url": f"{source.url}/parts/{{value}}", "for_each": {"endpoint": "items", "field": "id"}},
        }
    )
    found = [json.loads(line)["answer"]["parts"][0]["id"] for line in kept["parts"].splitlines()]
    assert found == [f"{number}.{page}" for number in range(40) for page in (1, 2)]
    assert 1 < max(counts) <= MAX_CONCURRENT_CALLS


def test_for_each_chains_endpoints_declared_in_any_order(source: Source) -> None:
    source.serves("/a", b'[{"id": 1}, {"id": 2}]')
    source.serves_api(
        "/b/", lambda request: Response(json.dumps([{"id": f"{request.path[-1]}{each}"} for each in "xy"]).encode())
    )
    source.serves_api("/c", lambda request: Response(json.dumps([{"of": request.body["ids"][0]}]).encode()))
    kept = fetch(
        {
            "c": {
                "url": f"{source.url}/c",
                "method": "POST",
                "body": {"ids": ["{value}"], "n": 1},
                "for_each": {"endpoint": "b", "field": "id"},
            },
            "b": {"url": f"{source.url}/b/{{value}}", "for_each": {"endpoint": "a", "field": "id"}},
            "a": f"{source.url}/a",
        }
    )
    assert [json.loads(line)["answer"][0]["of"] for line in kept["c"].splitlines()] == ["1x", "1y", "2x", "2y"]


@pytest.mark.parametrize(
    ("records", "field", "message"),
    [
        pytest.param(
            [{"a": 1}],
            "id",
            "API_VALUE_INVALID: for_each of parts: none of the 1 records of items has the field id. Correct for_each.field",
            id="no such field",
        ),
        pytest.param(
            [{"id": [1]}],
            "id",
            "API_VALUE_INVALID: for_each of parts: the field id of items is not a single value (found [1])",
            id="a list",
        ),
        pytest.param(
            ["NL", "BE"],
            "id",
            "API_VALUE_INVALID: for_each of parts: none of the 2 records of items has the field id. They are single values, not objects: "
            'set for_each.field to "$"',
            id="single values",
        ),
    ],
)
def test_invalid_values_of_for_each_fail(source: Source, records: Any, field: str, message: str) -> None:
    source.serves("/items", json.dumps(records).encode())
    with pytest.raises(RunFailed, match=re.escape(message)):
        fetch(
            {
                "items": f"{source.url}/items",
                "parts": {"url": f"{source.url}/{{value}}", "for_each": {"endpoint": "items", "field": field}},
            }
        )


def test_for_each_over_single_values_uses_the_record_itself(source: Source) -> None:
    source.serves("/items", b'["NL", "BE"]')
    source.serves_api("/parts/", lambda request: Response(json.dumps([{"of": request.path[-2:]}]).encode()))
    kept = fetch(
        {
            "items": f"{source.url}/items",
            "parts": {"url": f"{source.url}/parts/{{value}}", "for_each": {"endpoint": "items", "field": "$"}},
        }
    )
    assert [json.loads(line)["answer"][0]["of"] for line in kept["parts"].splitlines()] == ["NL", "BE"]


def test_without_values_there_are_no_calls(source: Source) -> None:
    source.serves("/items", b"[]")
    kept = fetch(
        {
            "items": f"{source.url}/items",
            "parts": {"url": f"{source.url}/{{value}}", "for_each": {"endpoint": "items", "field": "id"}},
        }
    )
    assert kept["parts"] == b""


@pytest.mark.parametrize("body", [{"id": 1, "parts": [{"n": 1}]}, {"id": 1, "parts": []}])
def test_a_record_with_a_list_requires_records_to_be_set(source: Source, body: Any) -> None:
    source.serves("/items", b'[{"id": 1}]')
    source.serves("/1", json.dumps(body).encode())
    for_each = {"endpoint": "items", "field": "id"}
    with pytest.raises(
        RunFailed,
        match=r'^API_RECORDS_AMBIGUOUS: details, page 1 .*: the response contains the list "parts" and other keys \(id\)\. Set "records" to "parts" '
        r'if the list contains the records, or to "\$" if the response is one record',
    ):
        fetch({"items": f"{source.url}/items", "details": {"url": f"{source.url}/{{value}}", "for_each": for_each}})


def test_a_failed_call_cancels_the_others(source: Source) -> None:
    source.serves("/items", json.dumps([{"id": each} for each in range(200)]).encode())
    source.serves_api(
        "/parts/", lambda request: Response(status=404) if request.path.endswith("/9") else Response(b"[]")
    )
    with pytest.raises(
        RunFailed, match=r"^SOURCE_NOT_FOUND: parts, page 1 \(http.*/parts/9\): the server returned 404"
    ):
        fetch(
            {
                "items": f"{source.url}/items",
                "parts": {"url": f"{source.url}/parts/{{value}}", "for_each": {"endpoint": "items", "field": "id"}},
            }
        )
    assert len(source.requests) < 30


# Failures of the server

STATUS_CODES = {
    401: "AUTH_FAILED",
    403: "SOURCE_ACCESS_DENIED",
    404: "SOURCE_NOT_FOUND",
    410: "SOURCE_NOT_FOUND",
}
GOOD = Response(b'{"items": [{"id": 1}]}')


@pytest.mark.parametrize(
    "first",
    [
        *[pytest.param(Response(status=status), id=str(status)) for status in (408, 425, 429, 500, 502, 503, 504)],
        pytest.param(Response(GOOD.body, cut_after=5), id="a body shorter than its Content-Length"),
        pytest.param(
            Response(GOOD.body, cut_after=5, headers={"Content-Length": ""}), id="incomplete, without Content-Length"
        ),
        pytest.param(Response(GOOD.body, cut_after=5, chunk_bytes=3), id="incomplete chunks"),
        pytest.param(
            Response(gzip.compress(GOOD.body)[:-3], headers={"Content-Encoding": "gzip"}), id="incomplete gzip"
        ),
        pytest.param(Response(b""), id="an empty body"),
        pytest.param(Response(raw=b""), id="no response"),
        pytest.param(Response(b'{"items": [{"id": "half a te'), id="incomplete JSON string"),
    ],
)
def test_transient_failures_are_retried(source: Source, first: Response) -> None:
    assert read(source.serves("/items", first, GOOD)) == [{"id": 1}]
    assert len(source.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 422])
def test_other_4xx_status_codes_fail_without_retry(source: Source, status: int) -> None:
    error = fails(source.serves("/items", Response(status=status)))
    code = STATUS_CODES.get(status, "SOURCE_REQUEST_FAILED")
    assert has_error(error, f"{code}: the server returned {status}")
    assert len(source.requests) == 1


def test_a_persistent_failure_fails_the_run_after_five_attempts(source: Source) -> None:
    error = fails(source.serves("/items", Response(status=503)))
    assert (
        error
        == f"SOURCE_UNAVAILABLE: items, page 1 ({source.url}/items): the server returned 503 Service Unavailable (5 attempts). "
        "Run again later."
    )
    assert len(source.requests) == 5


@pytest.mark.parametrize(
    ("response", "message"),
    [
        pytest.param(
            Response(b"<!DOCTYPE html><html>Sorry"),
            'API_RESPONSE_INVALID: the response is not valid JSON: it starts with "<!DOCTYPE html><html>Sorry"',
            id="an HTML page with 200",
        ),
        pytest.param(Response(b"a,b\n1,2\n"), "API_RESPONSE_INVALID: To load a file, use source_url", id="CSV"),
        pytest.param(
            Response(b'{"a": NaN}'), "API_RESPONSE_INVALID: the response is not valid JSON: it contains NaN", id="NaN"
        ),
        pytest.param(
            Response('{"a": "é"}'.encode("latin-1")),
            "API_RESPONSE_INVALID: the response is not encoded in UTF-8",
            id="latin-1",
        ),
        pytest.param(
            Response(b"[" * 100_000), "API_RESPONSE_INVALID: the response is not valid JSON", id="nested too deeply"
        ),
        pytest.param(
            Response(b'{"a": 1} {"a": 2}'),
            "API_RESPONSE_INVALID: the response is not valid JSON",
            id="several documents",
        ),
        pytest.param(Response(GOOD.body, 206), "API_RESPONSE_INVALID: the server returned 206", id="206"),
        pytest.param(
            Response(GOOD.body, headers={"Content-Encoding": "br"}),
            "SOURCE_REQUEST_FAILED: the response has the encoding br",
            id="brotli",
        ),
        pytest.param(
            Response(gzip.compress(b" " * (MAX_RESPONSE_BYTES + 1)), headers={"Content-Encoding": "gzip"}),
            "API_RESPONSE_TOO_LARGE: the decompressed response is larger than 64 MB",
            id="a decompression bomb",
        ),
    ],
)
def test_an_invalid_response_fails_without_retry(source: Source, response: Response, message: str) -> None:
    assert has_error(fails(source.serves("/items", response)), message)
    assert len(source.requests) == 1


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(Response(gzip.compress(GOOD.body), headers={"Content-Encoding": "gzip"}), id="gzip"),
        pytest.param(Response(b"\xef\xbb\xbf" + GOOD.body), id="a byte-order mark"),
        pytest.param(Response(GOOD.body.decode().encode("utf-16")), id="UTF-16"),
        pytest.param(Response(GOOD.body, chunk_bytes=4), id="chunked"),
        pytest.param(Response(GOOD.body, headers={"Content-Length": ""}), id="no Content-Length"),
    ],
)
def test_compressed_chunked_and_utf_16_responses_are_read(source: Source, response: Response) -> None:
    assert read(source.serves("/items", response)) == [{"id": 1}]


def test_status_204_is_an_empty_list(source: Source) -> None:
    assert read(source.serves("/items", Response(status=204))) == []


def test_a_silent_server_times_out(source: Source) -> None:
    started = time.monotonic()
    error = fails(source.serves("/items", Response(b"[" + b" " * 40, pause_seconds=5)))
    assert has_error(error, "SOURCE_UNAVAILABLE: no data received for 2 s")
    assert time.monotonic() - started < 20


# Rate limits


def seconds_for(source: Source, paths: int, client: HttpClient, **declared: Any) -> float:
    source.serves("/items", json.dumps([{"id": each} for each in range(paths)]).encode())
    source.serves_api("/parts/", lambda request: Response(b"[]"))
    for_each = {"endpoint": "items", "field": "id"}
    endpoints: Any = {
        "items": f"{source.url}/items",
        "parts": {"url": f"{source.url}/parts/{{value}}", "for_each": for_each, **declared},
    }
    started = time.monotonic()
    for original in fetch_endpoints(
        endpoints_of({"dataset": "d", "data_size_category": "small", "api_endpoints": endpoints}),
        FetchContext(client),
    ):
        original.file.close()
    return time.monotonic() - started


def test_the_rate_limit_applies_to_all_calls(source: Source) -> None:
    assert seconds_for(source, 9, HttpClient(rate_limiter=RateLimiter({"requests": 20, "seconds": 1}))) > 9 / 20


def test_an_endpoint_may_have_its_own_rate_limit(source: Source) -> None:
    assert seconds_for(source, 9, HttpClient(), rate_limit={"requests": 20, "seconds": 1}) > 8 / 20


def test_retry_after_delays_all_calls(source: Source) -> None:
    source.serves("/items", json.dumps([{"id": each} for each in range(8)]).encode())
    times: list[float] = []

    def api(request: Request) -> Response:
        times.append(time.monotonic())
        return Response(status=429, headers={"Retry-After": "1"}) if len(times) == 1 else Response(b"[]")

    source.serves_api("/parts/", api)
    fetch(
        {
            "items": f"{source.url}/items",
            "parts": {"url": f"{source.url}/parts/{{value}}", "for_each": {"endpoint": "items", "field": "id"}},
        }
    )
    early = [each for each in times if each - times[0] < 0.9]
    assert len(early) <= MAX_CONCURRENT_CALLS  # requests that were in flight
    assert len(times) == 9


# Inconsistent responses


@pytest.mark.parametrize(
    "second",
    [
        pytest.param({"error": "quota exceeded", "items": []}, id="an error and an empty list"),
        pytest.param({"success": False, "message": "quota", "items": []}, id="success is false"),
        pytest.param(
            {"errors": [{"message": "field b timed out"}], "items": [{"a": 2}]},
            id="errors and records, as in GraphQL",
        ),
    ],
)
@pytest.mark.parametrize("declared", [{}, {"records": "items"}])
def test_an_error_in_a_later_page_fails_the_run(source: Source, second: Any, declared: dict[str, str]) -> None:
    source.serves("/2", json.dumps(second).encode())
    url = serving_document(source, {"items": [{"a": 1}], "next": "/2"})
    error = fails(url, **declared)
    assert has_error(error, "API_RESPONSE_ERROR: items, page 2") and "the response is an error" in error


def parts_of(source: Source, *responses: Response, **declared: Any) -> bytes:
    """The stored responses of an endpoint that is called once per value."""
    source.serves("/items", json.dumps([{"id": each} for each in range(len(responses))]).encode())
    for number, response in enumerate(responses):
        source.serves(f"/parts/{number}", response)
    for_each = {"endpoint": "items", "field": "id"}
    return fetch(
        {
            "items": f"{source.url}/items",
            "parts": {"url": f"{source.url}/parts/{{value}}", "for_each": for_each, **declared},
        }
    )["parts"]


LISTED = Response(b'{"items": [{"a": 1}, {"a": 2}], "next": null}')


@pytest.mark.parametrize(
    "first", [Response(status=204), Response(b"[]"), Response(b"{}"), Response(b'{"items": [], "next": null}')]
)
def test_an_empty_response_does_not_determine_the_path_of_the_records(source: Source, first: Response) -> None:
    kept = parts_of(source, first, LISTED)
    for_each: Any = {"endpoint": "items", "field": "id"}
    assert records_in(kept, Endpoint("parts", "", for_each=for_each)) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    ("first", "message"),
    [
        pytest.param(
            Response(b'{"items": null, "total": 0}'),
            'API_RECORDS_AMBIGUOUS: .* the response has no list, and "items" is null. Set "records" to "items" if this is',
            id="null",
        ),
        pytest.param(
            Response(b'{"items": {}}'),
            'API_RECORDS_AMBIGUOUS: .* the response has no list, and "items" is {}',
            id="an object without keys",
        ),
        pytest.param(
            Response(b'{"id": 1}'),
            "API_RECORDS_AMBIGUOUS: .* the records are at .*, but in another response they are at",
            id="a record",
        ),
    ],
)
def test_responses_with_records_at_different_paths_fail(source: Source, first: Response, message: str) -> None:
    with pytest.raises(RunFailed, match=message):
        parts_of(source, first, LISTED)


@pytest.mark.parametrize("empty", [b'{"items": null}', b'{"items": {}}', b'{"items": []}'])
def test_declared_records_may_be_null_or_empty(source: Source, empty: bytes) -> None:
    kept = parts_of(source, Response(empty), LISTED, records="items")
    assert len(records_in(kept, Endpoint("parts", "", records="items"))) == 2


@pytest.mark.parametrize("declared", [{}, {"records": "items"}], ids=["detected", "declared"])
@pytest.mark.parametrize(
    "empty", [b"{}", b'{"kind": "list"}', b'{"meta": {}}', b'{"userInput": "x"}', b'{"items": null}']
)
def test_a_missing_list_is_empty_if_records_are_optional(
    source: Source, empty: bytes, declared: dict[str, str]
) -> None:
    kept = parts_of(source, Response(empty), LISTED, Response(empty), records_optional=True, **declared)
    for_each: Any = {"endpoint": "items", "field": "id"}
    endpoint = Endpoint("parts", "", for_each=for_each, records=declared.get("records"), records_optional=True)
    assert len(records_in(kept, endpoint)) == 2


KEYED: Any = {"meta": {"name": "x"}, "days": {"2024-01-01": {"p": 1.50}, "2024-01-02": {}, "2024-01-03": 7}}
RENAMED: Any = {"query": {"pages": {"1": {"id": 1}, "2": {"id": 2}}}}
TABLE: Any = [["name", "n", "n"], ["a", 1.10, [1, {"x": "],["}]], ['b "', None, "]"]]


@pytest.mark.parametrize(
    ("document", "declared", "records"),
    [
        pytest.param(KEYED, {"records": "days", "orient": "index"}, [{"p": 1.5}, {}, 7], id="values of an object"),
        pytest.param(
            KEYED["days"],
            {"orient": "index", "key_column": "day"},
            [{"day": "2024-01-01", "p": 1.5}, {"day": "2024-01-02"}, {"day": "2024-01-03", "value": 7}],
            id="values of an object, with their keys",
        ),
        pytest.param(RENAMED, {"orient": "index"}, [{"id": 1}, {"id": 2}], id="the only object with such values"),
        pytest.param(
            {"1": {"tags": [{"a": 1}]}, "2": {"tags": [{"a": 2}]}},
            {"orient": "index"},
            [{"tags": [{"a": 1}]}, {"tags": [{"a": 2}]}],
            id="values of an object that contain lists",
        ),
        pytest.param(
            TABLE,
            {"orient": "values"},
            [{"name": "a", "n": 1.1, "n 2": [1, {"x": "],["}]}, {"name": 'b "', "n": None, "n 2": "]"}],
            id="rows with a header",
        ),
        pytest.param({"data": TABLE[:1]}, {"orient": "values"}, [], id="only a header"),
        pytest.param([{"page": 1}, [{"a": 1}]], {"records": "1"}, [{"a": 1}], id="a position in a list"),
        pytest.param([{"page": 1}, TABLE], {"records": "$[1]", "orient": "values"}, None, id="rows at a position"),
        pytest.param([[1], [2]], {"orient": "records"}, [[1], [2]], id="lists as records"),
        pytest.param(
            [[1, "x"], [2, "y"]],
            {"orient": "values", "column_names": ["n", "t"]},
            [{"n": 1, "t": "x"}, {"n": 2, "t": "y"}],
            id="rows with declared names",
        ),
    ],
)
def test_records_of_other_shapes_are_read(source: Source, document: Any, declared: Any, records: Any) -> None:
    found = read(serving_document(source, document), pagination="single", **declared)
    assert found == records or (records is None and len(found) == 2)


@pytest.mark.parametrize(
    ("document", "entry"),
    [
        (KEYED | {"days": {"2024-01-01": {"p": 1}, "2024-01-02": {}}}, {"records": "days", "orient": "index", "key_column": "key"}),
        (RENAMED, {"records": "query.pages", "orient": "index", "key_column": "key"}),
        ({"0": {"a": 1}, "1": {"a": 2}}, {"orient": "index", "key_column": "key"}),
        ({code: {"name": code, "rate": 1} for code in ("AUD", "BGN", "CHF", "DKK", "EUR")}, {"orient": "index", "key_column": "key"}),
        ([["a", "b"], [1, 2]], {"orient": "values"}),
        ({"columns": [{"name": "a"}], "rows": [["a"], [1]]}, {"records": "rows", "orient": "values"}),
    ],
)  # fmt: skip
def test_a_shape_that_is_not_declared_fails_with_the_entry_to_paste(source: Source, document: Any, entry: Any) -> None:
    error = fails(serving_document(source, document), pagination="single")
    assert (
        has_error(error, "API_RECORDS_AMBIGUOUS: items, page 1") and f"set the endpoint to {json.dumps(entry)}" in error
    )


@pytest.mark.parametrize(
    "document", [{"home": {"lat": 1}, "work": {"lat": 2}}, {"id": 7, "by_year": {"2023": 1, "2024": 2}}]
)
def test_an_object_with_a_few_objects_is_one_record(source: Source, document: Any) -> None:
    assert read(serving_document(source, document), pagination="single") == [document]


@pytest.mark.parametrize("orient", ["index", "values"])
def test_records_of_another_shape_than_declared_fail(source: Source, orient: str) -> None:
    document: Any = [[1]] if orient == "index" else {"rows": {"a": 1}}
    error = fails(serving_document(source, document), records="$" if orient == "index" else "rows", orient=orient)
    assert has_error(error, "API_RECORDS_NOT_FOUND: items, page 1") and f'"orient" is "{orient}"' in error


@pytest.mark.parametrize("moved", [b'{"items": {"id": 1}}', b'{"people": [{"a": 1}]}', b'{"items": "none"}'])
def test_optional_records_elsewhere_are_not_missing(source: Source, moved: bytes) -> None:
    source.serves("/2", moved)
    url = serving_document(source, {"items": [{"a": 1}], "next": "/2"})
    assert has_error(fails(url, records_optional=True), "API_RECORDS_AMBIGUOUS: items, page 2")


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(b'{"message": "slow down"}', id="a message after a list"),
        pytest.param(b'{"included": [{"b": 1}]}', id="another list"),
        pytest.param(b'[{"a": 3}]', id="a list that is the response"),
    ],
)
def test_pages_with_records_at_different_paths_fail(source: Source, second: bytes) -> None:
    source.serves("/2", second)
    error = fails(serving_document(source, {"items": [{"a": 1}], "next": "/2"}))
    assert (
        has_error(error, "API_RECORDS_AMBIGUOUS: items, page 2")
        and "but in another response they are at items" in error
    )


@pytest.mark.parametrize(
    "body",
    [
        b'{"items": [{"a": 1}], "items": []}',
        b'{"items": [{"a": 1}], "items": null}',
        b'{"items": [], "items": [{"a": 1}]}',
    ],
)
def test_a_duplicate_key_of_the_records_fails(source: Source, body: bytes) -> None:
    with pytest.raises(RunFailed, match="^API_RESPONSE_INVALID: .* twice|two keys"):
        read(source.serves("/items", body), records="items", pagination="single")


def test_copied_records_must_match_the_record_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl_runtime.read.api_responses.records_at", lambda reader, *_, **__: iter(reader.skip() or ()))
    with pytest.raises(
        RunFailed, match="^UNEXPECTED_ERROR: .*: 0 records were copied, but the response has 1. Report this"
    ):
        records_in(b'{"url": "x", "answer": [{"a": 1}]}\n', Endpoint("items", ""))


def test_a_relative_link_is_resolved_against_the_url_after_redirects(source: Source) -> None:
    with serving() as other:
        other.serves("/list", b'{"items": [{"a": 1}], "next": "list2"}'.replace(b"list2", b"/list2?page=2"))
        other.serves("/list2", b'{"items": [{"a": 2}], "next": null}')
        source.serves("/list2", b'{"items": [{"a": "of another host"}], "next": null}')
        url = source.serves("/items", Response(status=302, headers={"Location": f"{other.url}/list"}))
        assert read(url) == [{"a": 1}, {"a": 2}]


def test_a_numeric_cursor_keeps_its_notation(source: Source) -> None:
    def api(request: Request) -> Response:
        return Response(
            b'{"items": [{"a": 1}], "c": 1732712345.123456789012}' if not request.params else b'{"items": []}'
        )

    url = source.serves_api("/items", api)
    read(url, pagination={"type": "cursor", "path": "c", "param": "c"})
    assert source.requests == ["/items", "/items?c=1732712345.123456789012"]


def test_values_with_the_same_url_are_called_once(source: Source) -> None:
    source.serves("/items", b'[{"id": 1}, {"id": "1"}, {"id": true}, {"id": "true"}]')
    source.serves_api("/parts/", lambda _: Response(b"[]"))
    fetch(
        {
            "items": f"{source.url}/items",
            "parts": {"url": f"{source.url}/parts/{{value}}", "for_each": {"endpoint": "items", "field": "id"}},
        }
    )
    assert sorted(source.requests[1:]) == ["/parts/1", "/parts/true"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("..", "API_VALUE_INVALID: .* which has a special meaning in a URL"),
        ("\ud800", "API_VALUE_INVALID: .* contains an unpaired surrogate, which a URL cannot contain"),
    ],
)
def test_values_that_a_url_cannot_contain_fail(source: Source, value: str, message: str) -> None:
    source.serves("/items", json.dumps([{"id": value}]).encode())
    with pytest.raises(RunFailed, match=message):
        fetch(
            {
                "items": f"{source.url}/items",
                "parts": {"url": f"{source.url}/parts/{{value}}", "for_each": {"endpoint": "items", "field": "id"}},
            }
        )


def test_damaged_gzip_is_retried(source: Source) -> None:
    packed = gzip.compress(GOOD.body)
    for at in range(10, len(packed)):
        damaged = bytes([*packed[:at], packed[at] ^ 0x55, *packed[at + 1 :]])
        gzipped = {"Content-Encoding": "gzip"}
        assert read(source.serves("/items", Response(damaged, headers=gzipped), Response(packed, headers=gzipped))) == [
            {"id": 1}
        ]


def test_a_cursor_may_return_equal_pages(source: Source) -> None:
    def api(request: Request) -> Response:
        at = int(request.params.get("c", 0))
        return Response(json.dumps({"items": [{"s": "idle"}] * 2, "c": at + 1 if at < 3 else None}).encode())

    url = source.serves_api("/items", api)
    assert len(read(url, pagination={"type": "cursor", "path": "c", "param": "c"})) == 8


def test_status_204_is_an_empty_list_with_declared_records(source: Source) -> None:
    assert read(source.serves("/items", Response(status=204)), records="data") == []


def test_a_loop_of_posts_fails(source: Source) -> None:
    url = source.serves_api("/items", lambda _: Response(b'{"items": [{"a": 1}], "c": "x"}'))
    error = fails(url, method="POST", body={}, pagination={"type": "cursor", "path": "c", "param": "c"})
    assert has_error(error, "PAGINATION_LOOP: this page was requested before: the pages form a loop")
    assert len(source.requests) == 2


def test_a_pagination_param_that_does_not_fit_the_body_fails(source: Source) -> None:
    url = source.serves_api("/items", lambda _: GOOD)
    declared = {"type": "offset", "param": "variables.o"}
    error = fails(url, method="POST", body={"variables": None}, pagination=declared)
    assert has_error(error, "PAGINATION_INVALID: items: pagination.param variables.o cannot be set in the request body")


def test_a_list_of_objects_and_lists_fails(source: Source) -> None:
    """For example the API of the World Bank."""
    url = source.serves("/items", b'[{"page": 1, "pages": 6}, [{"a": 1}]]')
    assert has_error(fails(url), "API_RECORDS_AMBIGUOUS: the response is a list of both objects and lists")


def test_403_with_retry_after_is_retried(source: Source) -> None:
    url = source.serves("/items", Response(status=403, headers={"Retry-After": "0"}), GOOD)
    assert read(url) == [{"id": 1}]


def test_redirects_count_for_the_rate_limit(source: Source) -> None:
    source.serves("/there", b"[]")
    url = source.serves("/items", Response(status=302, headers={"Location": "/there"}))
    started = time.monotonic()
    endpoints: Any = endpoints_of(
        {"dataset": "d", "data_size_category": "small", "api_endpoints": {"items": url, "more": url}}
    )
    client = HttpClient(rate_limiter=RateLimiter({"requests": 10, "seconds": 1}))
    for original in fetch_endpoints(endpoints, FetchContext(client)):
        original.file.close()
    assert time.monotonic() - started > 0.3


def test_after_a_delay_requests_keep_their_interval() -> None:
    rate_limiter, sent_after = RateLimiter({"requests": 20, "seconds": 1}), []
    rate_limiter.delay(0.3)
    started = time.monotonic()

    def send() -> None:
        rate_limiter.wait(threading.Event())
        sent_after.append(time.monotonic() - started)

    threads = [threading.Thread(target=send) for _ in range(5)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    sent_after.sort()
    assert sent_after[0] >= 0.29 and sent_after[-1] >= 0.29 + 4 / 20 - 0.01
