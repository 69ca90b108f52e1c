"""The calls of an API: what is taken for records, calls for each value of another, and a server that misbehaves."""

import gzip
import json
import threading
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_reading import ask, fails, read, records_in
from conftest import Answer, Source
from etl_runtime.job.errors import RunFailed
from etl_runtime.source.api.endpoints import Endpoint, endpoints_of
from etl_runtime.source.api.fetch_endpoints import CALLS_AT_ONCE, MOST_ANSWER_BYTES, Api
from etl_runtime.source.files.fetch_context import FetchContext
from etl_runtime.web.client import HttpClient
from etl_runtime.web.rate_limiter import RateLimiter
from source_server import Asked, serving


def answering(source: Source, document: Any, **more: Any) -> str:
    return source.serves("/items", Answer(json.dumps(document).encode(), **more))


# Where the records are


@pytest.mark.parametrize(
    ("document", "records"),
    [
        pytest.param([{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 2}], id="a list"),
        pytest.param([], [], id="an empty list"),
        pytest.param([1, "two", None], [1, "two", None], id="a list of values"),
        pytest.param({"results": [{"a": 1}], "count": 1}, [{"a": 1}], id="the one list"),
        pytest.param({"widgets": [{"a": 1}], "took": 3}, [{"a": 1}], id="the one list, whatever its name"),
        pytest.param(
            {"results": [{"a": 1}], "facets": [{"b": 2}]},
            [{"a": 1}],
            id="of several the one that is called like records",
        ),
        pytest.param({"items": [{"a": 1}], "facets": [{"b": 2}]}, [{"a": 1}], id="or like the endpoint"),
        pytest.param({"response": {"docs": [{"a": 1}], "start": 0}}, [{"a": 1}], id="a level down"),
        pytest.param({"data": {"items": {"nodes": [{"a": 1}]}}}, [{"a": 1}], id="two levels down"),
        pytest.param({"a": 1, "tags": ["x"]}, [{"a": 1, "tags": ["x"]}], id="an object is a record"),
        pytest.param({"results": [], "count": 0}, [], id="an empty list of records"),
        pytest.param({"results": [], "errors": []}, [], id="an empty list of records beside one without errors"),
    ],
)
def test_records_are_found(source: Source, document: Any, records: list[Any]) -> None:
    assert read(answering(source, document), pagination="single") == records


@pytest.mark.parametrize(
    ("document", "records", "found"),
    [
        pytest.param({"a": {"b": [{"c": 1}]}}, "a.b", [{"c": 1}], id="a path"),
        pytest.param({"a.b": {"c": [{"d": 1}]}}, "a.b.c", [{"d": 1}], id="a key with a dot"),
        pytest.param({"id": 1, "parts": [{"c": 1}]}, "$", [{"id": 1, "parts": [{"c": 1}]}], id="the answer itself"),
        pytest.param(
            {"error": "a column of ours", "id": 1},
            "$",
            [{"error": "a column of ours", "id": 1}],
            id="a record with an error in it",
        ),
        pytest.param({"data": None}, "data", [], id="null is an empty list"),
        pytest.param({"data": {"id": 1}}, "data", [{"id": 1}], id="one object"),
    ],
)
def test_declared_records_are_taken(source: Source, document: Any, records: str, found: list[Any]) -> None:
    assert read(answering(source, document), records=records, pagination="single") == found


@pytest.mark.parametrize(
    ("document", "declared", "says"),
    [
        pytest.param(
            {"one": [{"a": 1}], "two": [{"b": 1}]},
            {},
            "the answer holds several lists: one, two. Declare the right one as records",
            id="several lists",
        ),
        pytest.param(
            {"other": 1},
            {"records": "data"},
            "records data is missing in the answer, which has the keys other",
            id="the path leads nowhere",
        ),
        pytest.param(
            {"data": 3}, {"records": "data"}, "records data is '3', neither a list nor an object", id="a number"
        ),
        pytest.param(
            {"error": {"code": 7, "message": "quota"}},
            {},
            "the answer is an error: {'code': 7, 'message': 'quota'}",
            id="200 with an error",
        ),
        pytest.param(
            {"errors": [{"message": "no"}]}, {}, "the answer is an error: [{'message': 'no'}]", id="200 with errors"
        ),
        pytest.param({"status": "error", "message": "no"}, {}, "the answer is an error: no", id="200 with a status"),
        pytest.param({"success": False, "message": "no"}, {}, "the answer is an error: no", id="200 without success"),
        pytest.param(
            {"errors": [{"message": "no"}], "data": None},
            {"records": "data.items"},
            "the answer is an error",
            id="200 with errors where records are declared",
        ),
    ],
)
def test_an_answer_without_records_fails(source: Source, document: Any, declared: dict[str, Any], says: str) -> None:
    assert says in fails(answering(source, document), pagination="single", **declared)


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
def test_answers_are_kept_as_they_came(
    source_of_module: Source, records: list[Any], indent: int | None, ascii: bool
) -> None:
    text = json.dumps({"items": records}, indent=indent, ensure_ascii=ascii)
    try:
        body = text.encode()
    except UnicodeEncodeError:
        return
    url = source_of_module.serves("/kept", body)
    endpoint = {"url": url, "records": "items", "pagination": "single"}
    kept = ask({"items": endpoint})["items"]
    [line] = kept.splitlines()
    assert line == b'{"url": "%b", "answer": %b}' % (url.encode(), text.replace("\n", " ").encode())
    [told] = endpoints_of({"dataset": "d", "data_size_category": "small", "api_endpoints": {"items": endpoint}})  # type: ignore[dict-item]
    assert records_in(kept, told) == records


def test_numbers_keep_their_spelling(source: Source) -> None:
    url = source.serves("/items", b'{"items": [{"a": 1.10, "b": 1E5, "c": 12345678901234567890123}]}')
    assert b'"answer": {"items": [{"a": 1.10, "b": 1E5, "c": 12345678901234567890123}]}' in ask({"items": url})["items"]


# Calls for each value


def test_an_endpoint_is_called_for_each_value_of_another(source: Source) -> None:
    ids = ["a/b", "ü x", 7, 1.50, True, 7, None, "a/b"]
    source.serves("/items", json.dumps([{"k": {"id": each}} for each in ids]).replace("1.5", "1.50").encode())
    asked: list[tuple[str, str]] = []

    def parts(request: Asked) -> Answer:
        asked.append((request.path, request.params["of"]))
        return Answer(b'{"parts": [{"n": 1}, {"n": 2, "of": "own"}]}')

    source.answers_with("/parts/", parts)
    declared = {
        "items": f"{source.url}/items",
        "parts": {
            "url": f"{source.url}/parts/{{value}}",
            "params": {"of": "<{value}>"},
            "for_each": {"endpoint": "items", "field": "k.id", "column": "of"},
        },
    }
    kept = ask(declared)["parts"]
    assert sorted(asked) == sorted((f"/parts/{each}", f"<{each}>") for each in ("a/b", "ü x", "7", "1.50", "true"))
    assert [json.loads(line)["url"].rpartition("/parts/")[2] for line in kept.splitlines()] == [
        "a%2Fb?of=%3Ca%2Fb%3E", "%C3%BC%20x?of=%3C%C3%BC+x%3E", "7?of=%3C7%3E", "1.50?of=%3C1.50%3E", "true?of=%3Ctrue%3E",
    ]  # fmt: skip
    assert b'"value": 1.50' in kept
    endpoint = endpoints_of({"dataset": "d", "data_size_category": "small", "api_endpoints": declared})[1]  # type: ignore[typeddict-item]
    records = records_in(kept, endpoint)
    assert records[::2] == [{"n": 1, "of": each} for each in ("a/b", "ü x", 7, 1.5, True)]
    assert records[1::2] == [{"n": 2, "of": "own"}] * 5


def test_the_order_of_results_is_that_of_the_values_and_calls_are_bounded(source: Source) -> None:
    ids = [f"{number:02}" for number in range(40)]
    source.serves("/items", json.dumps([{"id": each} for each in ids]).encode())

    under_way: list[str] = []
    most: list[int] = []

    def slow(request: Asked) -> Answer:
        number = int(request.path[-2:])
        under_way.append(request.path)
        most.append(len(under_way))
        time.sleep(0.02 * (number % 5))
        under_way.remove(request.path)
        page = int(request.params.get("page", 1))
        return Answer(
            json.dumps({"parts": [{"id": f"{number}.{page}"}], "next": "?page=2" if page == 1 else None}).encode()
        )

    source.answers_with("/parts/", slow)
    kept = ask(
        {
            "items": f"{source.url}/items",
            "parts": {"url": f"{source.url}/parts/{{value}}", "for_each": {"endpoint": "items", "field": "id"}},
        }
    )
    found = [json.loads(line)["answer"]["parts"][0]["id"] for line in kept["parts"].splitlines()]
    assert found == [f"{number}.{page}" for number in range(40) for page in (1, 2)]
    assert 1 < max(most) <= CALLS_AT_ONCE


def test_values_go_through_several_endpoints_in_any_order_of_declaration(source: Source) -> None:
    source.serves("/a", b'[{"id": 1}, {"id": 2}]')
    source.answers_with(
        "/b/", lambda asked: Answer(json.dumps([{"id": f"{asked.path[-1]}{each}"} for each in "xy"]).encode())
    )
    source.answers_with("/c", lambda asked: Answer(json.dumps([{"of": asked.body["ids"][0]}]).encode()))
    kept = ask(
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
    ("records", "field", "says"),
    [
        pytest.param([{"a": 1}], "id", "none of the 1 records of items has id", id="no such field"),
        pytest.param([{"id": [1]}], "id", "id of items is no single value: [1]", id="a list"),
    ],
)
def test_values_that_cannot_be_called_for_fail(source: Source, records: Any, field: str, says: str) -> None:
    source.serves("/items", json.dumps(records).encode())
    with pytest.raises(RunFailed, match=says.replace("[", r"\[")):
        ask(
            {
                "items": f"{source.url}/items",
                "parts": {"url": f"{source.url}/{{value}}", "for_each": {"endpoint": "items", "field": field}},
            }
        )


def test_no_values_are_no_calls(source: Source) -> None:
    source.serves("/items", b"[]")
    kept = ask(
        {
            "items": f"{source.url}/items",
            "parts": {"url": f"{source.url}/{{value}}", "for_each": {"endpoint": "items", "field": "id"}},
        }
    )
    assert kept["parts"] == b""


@pytest.mark.parametrize("body", [{"id": 1, "parts": [{"n": 1}]}, {"id": 1, "parts": []}])
def test_a_record_that_has_a_list_is_not_guessed(source: Source, body: Any) -> None:
    source.serves("/items", b'[{"id": 1}]')
    source.serves("/1", json.dumps(body).encode())
    for_each = {"endpoint": "items", "field": "id"}
    with pytest.raises(
        RunFailed,
        match='the answer holds the list parts beside id. Declare records "parts" for the list, or "\\$" for the answer',
    ):
        ask({"items": f"{source.url}/items", "details": {"url": f"{source.url}/{{value}}", "for_each": for_each}})


def test_one_call_that_fails_ends_the_others(source: Source) -> None:
    source.serves("/items", json.dumps([{"id": each} for each in range(200)]).encode())
    source.answers_with("/parts/", lambda asked: Answer(status=404) if asked.path.endswith("/9") else Answer(b"[]"))
    with pytest.raises(RunFailed, match=r"parts, page 1 \(http.*/parts/9\): the server answered 404"):
        ask(
            {
                "items": f"{source.url}/items",
                "parts": {"url": f"{source.url}/parts/{{value}}", "for_each": {"endpoint": "items", "field": "id"}},
            }
        )
    assert len(source.requests) < 30


# A server that misbehaves

GOOD = Answer(b'{"items": [{"id": 1}]}')


@pytest.mark.parametrize(
    "first",
    [
        *[pytest.param(Answer(status=status), id=str(status)) for status in (408, 425, 429, 500, 502, 503, 504)],
        pytest.param(Answer(GOOD.body, cut_after=5), id="a body shorter than its Content-Length"),
        pytest.param(Answer(GOOD.body, cut_after=5, headers={"Content-Length": ""}), id="cut, and no length given"),
        pytest.param(Answer(GOOD.body, cut_after=5, chunk_bytes=3), id="cut in its chunks"),
        pytest.param(Answer(gzip.compress(GOOD.body)[:-3], headers={"Content-Encoding": "gzip"}), id="cut gzip"),
        pytest.param(Answer(b""), id="an empty answer"),
        pytest.param(Answer(raw=b""), id="no answer at all"),
        pytest.param(Answer(b'{"items": [{"id": "half a te'), id="cut within a text"),
    ],
)
def test_what_may_be_gone_the_next_time_is_asked_for_again(source: Source, first: Answer) -> None:
    assert read(source.serves("/items", first, GOOD)) == [{"id": 1}]
    assert len(source.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 422])
def test_another_4xx_fails_at_once(source: Source, status: int) -> None:
    assert f"the server answered {status}" in fails(source.serves("/items", Answer(status=status)))
    assert len(source.requests) == 1


def test_a_server_that_keeps_failing_fails_the_run(source: Source) -> None:
    said = fails(source.serves("/items", Answer(status=503)))
    assert (
        said
        == f"items, page 1 ({source.url}/items): the server answered 503 Service Unavailable, five times. Run again later."
    )
    assert len(source.requests) == 5


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        pytest.param(
            Answer(b"<!DOCTYPE html><html>Sorry"),
            'the answer is no JSON: it begins with "<!DOCTYPE html><html>Sorry"',
            id="an HTML apology with 200",
        ),
        pytest.param(Answer(b"a,b\n1,2\n"), "For a file, declare source_url", id="CSV"),
        pytest.param(Answer(b'{"a": NaN}'), "the answer is no JSON: it holds NaN", id="NaN"),
        pytest.param(Answer('{"a": "é"}'.encode("latin-1")), "the answer is no text in UTF-8", id="latin-1"),
        pytest.param(Answer(b"[" * 100_000), "the answer is no JSON", id="nested too deep"),
        pytest.param(Answer(b'{"a": 1} {"a": 2}'), "the answer is no JSON", id="several documents"),
        pytest.param(Answer(GOOD.body, 206), "the server answered 206", id="206"),
        pytest.param(
            Answer(GOOD.body, headers={"Content-Encoding": "br"}),
            "the server packs the file as br",
            id="packed by brotli",
        ),
        pytest.param(
            Answer(gzip.compress(b" " * (MOST_ANSWER_BYTES + 1)), headers={"Content-Encoding": "gzip"}),
            "unpacks to more than 64 MB",
            id="a bomb",
        ),
    ],
)
def test_what_is_no_answer_fails_at_once(source: Source, answer: Answer, says: str) -> None:
    assert says in fails(source.serves("/items", answer))
    assert len(source.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(gzip.compress(GOOD.body), headers={"Content-Encoding": "gzip"}), id="packed by gzip"),
        pytest.param(Answer(b"\xef\xbb\xbf" + GOOD.body), id="a byte-order mark"),
        pytest.param(Answer(GOOD.body.decode().encode("utf-16")), id="UTF-16"),
        pytest.param(Answer(GOOD.body, chunk_bytes=4), id="chunked"),
        pytest.param(Answer(GOOD.body, headers={"Content-Length": ""}), id="no Content-Length"),
    ],
)
def test_other_ways_to_send_an_answer_are_read(source: Source, answer: Answer) -> None:
    assert read(source.serves("/items", answer)) == [{"id": 1}]


def test_no_content_is_an_empty_list(source: Source) -> None:
    assert read(source.serves("/items", Answer(status=204))) == []


def test_a_server_that_says_nothing_is_given_up(source: Source) -> None:
    started = time.monotonic()
    assert "no answer for 2 s" in fails(source.serves("/items", Answer(b"[" + b" " * 40, pause_seconds=5)))
    assert time.monotonic() - started < 20


# How often is asked


def asking(source: Source, paths: int, client: HttpClient, **declared: Any) -> float:
    source.serves("/items", json.dumps([{"id": each} for each in range(paths)]).encode())
    source.answers_with("/parts/", lambda asked: Answer(b"[]"))
    for_each = {"endpoint": "items", "field": "id"}
    endpoints: Any = {
        "items": f"{source.url}/items",
        "parts": {"url": f"{source.url}/parts/{{value}}", "for_each": for_each, **declared},
    }
    started = time.monotonic()
    for original in Api(
        endpoints_of({"dataset": "d", "data_size_category": "small", "api_endpoints": endpoints}),
        FetchContext(client),
    ).fetch():
        original.file.close()
    return time.monotonic() - started


def test_the_rate_limit_holds_over_all_calls(source: Source) -> None:
    assert asking(source, 9, HttpClient(pace=RateLimiter({"requests": 20, "seconds": 1}))) > 9 / 20


def test_an_endpoint_may_have_a_limit_of_its_own(source: Source) -> None:
    assert asking(source, 9, HttpClient(), rate_limit={"requests": 20, "seconds": 1}) > 8 / 20


def test_retry_after_holds_back_all_calls(source: Source) -> None:
    source.serves("/items", json.dumps([{"id": each} for each in range(8)]).encode())
    times: list[float] = []

    def api(asked: Asked) -> Answer:
        times.append(time.monotonic())
        return Answer(status=429, headers={"Retry-After": "1"}) if len(times) == 1 else Answer(b"[]")

    source.answers_with("/parts/", api)
    ask(
        {
            "items": f"{source.url}/items",
            "parts": {"url": f"{source.url}/parts/{{value}}", "for_each": {"endpoint": "items", "field": "id"}},
        }
    )
    early = [each for each in times if each - times[0] < 0.9]
    assert len(early) <= CALLS_AT_ONCE  # those that were on their way
    assert len(times) == 9


# Pages and answers that do not agree


@pytest.mark.parametrize(
    "second",
    [
        pytest.param({"error": "quota exceeded", "items": []}, id="an error beside an empty list"),
        pytest.param({"success": False, "message": "quota", "items": []}, id="no success"),
        pytest.param(
            {"errors": [{"message": "field b timed out"}], "items": [{"a": 2}]},
            id="errors beside records, as in GraphQL",
        ),
    ],
)
@pytest.mark.parametrize("declared", [{}, {"records": "items"}])
def test_a_later_page_that_says_it_failed_fails_the_run(source: Source, second: Any, declared: dict[str, str]) -> None:
    source.serves("/2", json.dumps(second).encode())
    url = answering(source, {"items": [{"a": 1}], "next": "/2"})
    assert "items, page 2" in (said := fails(url, **declared)) and "the answer is an error" in said


def parts_of(source: Source, *answers: Answer, **declared: Any) -> bytes:
    """Of an endpoint that is called for each of some values, one after the other."""
    source.serves("/items", json.dumps([{"id": each} for each in range(len(answers))]).encode())
    for number, answer in enumerate(answers):
        source.serves(f"/parts/{number}", answer)
    for_each = {"endpoint": "items", "field": "id"}
    return ask(
        {
            "items": f"{source.url}/items",
            "parts": {"url": f"{source.url}/parts/{{value}}", "for_each": for_each, **declared},
        }
    )["parts"]


LISTED = Answer(b'{"items": [{"a": 1}, {"a": 2}], "next": null}')


@pytest.mark.parametrize(
    "first", [Answer(status=204), Answer(b"[]"), Answer(b"{}"), Answer(b'{"items": [], "next": null}')]
)
def test_an_empty_answer_tells_nothing_of_those_behind_it(source: Source, first: Answer) -> None:
    kept = parts_of(source, first, LISTED)
    for_each: Any = {"endpoint": "items", "field": "id"}
    assert records_in(kept, Endpoint("parts", "", for_each=for_each)) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    ("first", "says"),
    [
        pytest.param(
            Answer(b'{"items": null, "total": 0}'),
            'the answer has no list, and items is null. Declare records "items" where that is',
            id="null",
        ),
        pytest.param(Answer(b'{"items": {}}'), "the answer has no list, and items is {}", id="an object without keys"),
        pytest.param(Answer(b'{"id": 1}'), "the records are .*, and in another answer they were", id="a record"),
    ],
)
def test_answers_whose_records_are_not_in_one_place_fail(source: Source, first: Answer, says: str) -> None:
    with pytest.raises(RunFailed, match=says):
        parts_of(source, first, LISTED)


@pytest.mark.parametrize("empty", [b'{"items": null}', b'{"items": {}}', b'{"items": []}'])
def test_declared_records_may_be_empty_in_any_way(source: Source, empty: bytes) -> None:
    kept = parts_of(source, Answer(empty), LISTED, records="items")
    assert len(records_in(kept, Endpoint("parts", "", records="items"))) == 2


@pytest.mark.parametrize(
    "body",
    [
        b'{"items": [{"a": 1}], "items": []}',
        b'{"items": [{"a": 1}], "items": null}',
        b'{"items": [], "items": [{"a": 1}]}',
    ],
)
def test_a_list_that_is_there_twice_is_never_lost(source: Source, body: bytes) -> None:
    with pytest.raises(RunFailed, match="twice|two keys"):
        read(source.serves("/items", body), records="items", pagination="single")


def test_what_is_cut_out_must_be_what_was_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl_runtime.read.api_responses.records_at", lambda reader, _: iter(reader.skip() or ()))
    with pytest.raises(RunFailed, match="0 records were cut out of 1. Report this"):
        records_in(b'{"url": "x", "answer": [{"a": 1}]}\n', Endpoint("items", ""))


def test_a_relative_link_is_one_of_the_host_that_answered(source: Source) -> None:
    with serving() as other:
        other.serves("/list", b'{"items": [{"a": 1}], "next": "list2"}'.replace(b"list2", b"/list2?page=2"))
        other.serves("/list2", b'{"items": [{"a": 2}], "next": null}')
        source.serves("/list2", b'{"items": [{"a": "of another host"}], "next": null}')
        url = source.serves("/items", Answer(status=302, headers={"Location": f"{other.url}/list"}))
        assert read(url) == [{"a": 1}, {"a": 2}]


def test_a_cursor_keeps_its_spelling(source: Source) -> None:
    def api(asked: Asked) -> Answer:
        return Answer(b'{"items": [{"a": 1}], "c": 1732712345.123456789012}' if not asked.params else b'{"items": []}')

    url = source.answers_with("/items", api)
    read(url, pagination={"type": "cursor", "path": "c", "param": "c"})
    assert source.requests == ["/items", "/items?c=1732712345.123456789012"]


def test_values_that_are_one_address_are_called_for_once(source: Source) -> None:
    source.serves("/items", b'[{"id": 1}, {"id": "1"}, {"id": true}, {"id": "true"}]')
    source.answers_with("/parts/", lambda _: Answer(b"[]"))
    ask(
        {
            "items": f"{source.url}/items",
            "parts": {"url": f"{source.url}/parts/{{value}}", "for_each": {"endpoint": "items", "field": "id"}},
        }
    )
    assert sorted(source.requests[1:]) == ["/parts/1", "/parts/true"]


@pytest.mark.parametrize(
    ("value", "says"),
    [("..", "which means a folder in an address"), ("\ud800", "is half a character, which no address can have")],
)
def test_values_that_no_address_can_have_fail(source: Source, value: str, says: str) -> None:
    source.serves("/items", json.dumps([{"id": value}]).encode())
    with pytest.raises(RunFailed, match=says):
        ask(
            {
                "items": f"{source.url}/items",
                "parts": {"url": f"{source.url}/parts/{{value}}", "for_each": {"endpoint": "items", "field": "id"}},
            }
        )


def test_damaged_gzip_is_asked_for_again(source: Source) -> None:
    packed = gzip.compress(GOOD.body)
    for at in range(10, len(packed)):
        damaged = bytes([*packed[:at], packed[at] ^ 0x55, *packed[at + 1 :]])
        gzipped = {"Content-Encoding": "gzip"}
        assert read(source.serves("/items", Answer(damaged, headers=gzipped), Answer(packed, headers=gzipped))) == [
            {"id": 1}
        ]


def test_cursors_may_lead_to_pages_that_are_alike(source: Source) -> None:
    def api(asked: Asked) -> Answer:
        at = int(asked.params.get("c", 0))
        return Answer(json.dumps({"items": [{"s": "idle"}] * 2, "c": at + 1 if at < 3 else None}).encode())

    url = source.answers_with("/items", api)
    assert len(read(url, pagination={"type": "cursor", "path": "c", "param": "c"})) == 8


def test_no_content_is_an_empty_list_where_records_are_declared_too(source: Source) -> None:
    assert read(source.serves("/items", Answer(status=204)), records="data") == []


def test_posts_in_a_circle_fail(source: Source) -> None:
    url = source.answers_with("/items", lambda _: Answer(b'{"items": [{"a": 1}], "c": "x"}'))
    assert "the pages go in a circle" in fails(
        url, method="POST", body={}, pagination={"type": "cursor", "path": "c", "param": "c"}
    )
    assert len(source.requests) == 2


def test_a_param_that_leads_nowhere_in_the_body_fails(source: Source) -> None:
    url = source.answers_with("/items", lambda _: GOOD)
    declared = {"type": "offset", "param": "variables.o"}
    assert "pagination.param variables.o leads nowhere in the body" in fails(
        url, method="POST", body={"variables": None}, pagination=declared
    )


def test_a_list_beside_what_is_no_list_has_no_path(source: Source) -> None:
    """As the World Bank answers."""
    url = source.serves("/items", b'[{"page": 1, "pages": 6}, [{"a": 1}]]')
    assert "the answer is a list of objects and lists" in fails(url)


def test_403_with_retry_after_is_asked_for_again(source: Source) -> None:
    url = source.serves("/items", Answer(status=403, headers={"Retry-After": "0"}), GOOD)
    assert read(url) == [{"id": 1}]


def test_redirects_count_for_the_rate_limit(source: Source) -> None:
    source.serves("/there", b"[]")
    url = source.serves("/items", Answer(status=302, headers={"Location": "/there"}))
    started = time.monotonic()
    endpoints: Any = endpoints_of(
        {"dataset": "d", "data_size_category": "small", "api_endpoints": {"items": url, "more": url}}
    )
    for original in Api(endpoints, FetchContext(HttpClient(pace=RateLimiter({"requests": 10, "seconds": 1})))).fetch():
        original.file.close()
    assert time.monotonic() - started > 0.3


def test_behind_a_hold_calls_keep_their_distance() -> None:
    pace, went = RateLimiter({"requests": 20, "seconds": 1}), []
    pace.hold(0.3)
    started = time.monotonic()

    def go() -> None:
        pace.wait(threading.Event())
        went.append(time.monotonic() - started)

    threads = [threading.Thread(target=go) for _ in range(5)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    went.sort()
    assert went[0] >= 0.29 and went[-1] >= 0.29 + 4 / 20 - 0.01
