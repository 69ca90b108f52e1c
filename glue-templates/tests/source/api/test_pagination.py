"""The pagination types, with a real HTTP server."""

import json
import time
from typing import Any

import pytest
from expected_error import has_error
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from api_reading import fails, read
from conftest import Response, Source
from etl_runtime.source.api.link_header import link_with_relation
from etl_runtime.source.api.next_page_detector import Link, next_link
from etl_runtime.source.api.page_checks import MAX_REPEATED_RECORD_PAGES
from paged_api import DECLARED, paged
from source_server import Request

COUNTERS = ("offset", "page_number")


VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.lists(st.integers(), max_size=2))
RECORDS = st.lists(
    st.dictionaries(st.text(max_size=4), VALUES, min_size=1, max_size=3), max_size=MAX_REPEATED_RECORD_PAGES
)


@pytest.mark.parametrize("kind", DECLARED)
@given(records=RECORDS, size=st.integers(1, 7))
@settings(max_examples=15)
def test_every_pagination_yields_each_record_once_in_order(
    kind: str, source_of_module: Source, records: list[Any], size: int
) -> None:
    pages = [records[start : start + size] for start in range(0, len(records), size)]
    alike = any(one == other and len(one) > 1 for one, other in zip(pages, pages[1:], strict=False))
    assume(kind not in COUNTERS or not alike)  # test_pages_that_never_end_fail
    url = paged(source_of_module, kind, records, size)
    assert read(url, pagination=DECLARED[kind]) == records


@pytest.mark.parametrize("kind", [kind for kind in DECLARED if kind != "single"])
def test_a_failed_page_fails_the_run(kind: str, source: Source) -> None:
    url = paged(source, kind, [{"id": number} for number in range(20)], 5)
    api = source.apis["/items"]
    requests: list[Request] = []

    def breaks(request: Request) -> Response:
        requests.append(request)
        return (
            Response(b'{"error": "no page for you"}', 400, {"Content-Type": "application/json"})
            if len(requests) == 3
            else api(request)
        )

    source.serves_api("/items", breaks)
    error = fails(url, pagination=DECLARED[kind])
    assert error.startswith(f"SOURCE_REQUEST_FAILED: items, page 3 ({source.url}/items?")
    assert 'the server returned 400 Bad Request, "{"error": "no page for you"}". Check the URL' in error


@pytest.mark.parametrize(
    ("pagination", "response", "message"),
    [
        pytest.param(
            "auto",
            {"items": [{"a": 1}], "next": "/items"},
            "PAGINATION_LOOP: the pages form a loop",
            id="a link to itself",
        ),
        pytest.param(
            {"type": "cursor", "path": "c", "param": "c"},
            {"items": [{"a": 1}], "c": "x"},
            "PAGINATION_LOOP: the pages form a loop",
            id="a cursor that repeats",
        ),
        pytest.param(
            {"type": "offset"},
            {"items": [{"a": 1}, {"a": 2}]},
            "PAGINATION_LOOP: the same 2 records as the previous page. Check whether the source supports the parameter offset",
            id="an offset that is ignored",
        ),
        pytest.param(
            {"type": "page_number"},
            {"items": [{"a": 1}, {"a": 2}]},
            "PAGINATION_LOOP: the same 2 records as the previous page. Check whether the source supports the parameter page",
            id="a page that is ignored",
        ),
        pytest.param(
            {"type": "page_number", "limit": 1},
            {"items": [{"a": 1}]},
            "PAGINATION_LOOP: the same 1 record as the previous page",
            id="a page of one record that is ignored",
        ),
    ],
)
def test_pages_that_never_end_fail(source: Source, pagination: Any, response: dict[str, Any], message: str) -> None:
    url = source.serves_api("/items", lambda request: Response(json.dumps(response).encode()))
    assert has_error(fails(url, pagination=pagination), message)


def test_more_pages_than_max_pages_fail(source: Source) -> None:
    url = paged(source, "cursor", [{"id": number} for number in range(9)], 2)
    declared = {**DECLARED["cursor"], "max_pages": 4}
    error = fails(url, pagination=declared)
    assert has_error(error, "PAGINATION_TOO_MANY_PAGES: items, page 5") and "more than 4 pages" in error
    assert len(read(url, pagination={**declared, "max_pages": 5})) == 9


@pytest.mark.parametrize(
    "response",
    [
        pytest.param({"items": [{"a": 1}], "has_more": True}, id="has_more"),
        pytest.param({"items": [{"a": 1}], "next_cursor": "b7"}, id="a cursor"),
        pytest.param({"items": [{"a": 1}], "next_page": 2}, id="the next page's number"),
        pytest.param({"items": [{"a": 1}], "meta": {"pagination": {"total": 250}}}, id="a total"),
        pytest.param({"items": [{"a": 1}], "response_metadata": {"next_cursor": "b7"}}, id="response_metadata"),
    ],
)
def test_auto_fails_if_the_response_indicates_more_pages(source: Source, response: dict[str, Any]) -> None:
    url = source.serves("/items", json.dumps(response).encode())
    assert has_error(fails(url), "PAGINATION_INCOMPLETE: the response indicates more pages")
    assert read(url, pagination="single") == [{"a": 1}]


@pytest.mark.parametrize(
    "response",
    [
        pytest.param({"items": [{"a": 1}], "has_more": False, "next_cursor": "", "total": 1}, id="a complete page"),
        pytest.param([{"a": 1}], id="a list"),
        pytest.param({"a": 1, "total": 99, "next": 2}, id="a single record"),
    ],
)
def test_auto_accepts_a_complete_response(source: Source, response: Any) -> None:
    url = source.serves("/items", json.dumps(response).encode())
    assert len(read(url)) == 1


@pytest.mark.parametrize(
    ("document", "link"),
    [
        ({"next": "https://x.org/2"}, "https://x.org/2"),
        ({"@odata.nextLink": "https://x.org/2"}, "https://x.org/2"),
        ({"links": {"next": "/2"}}, "/2"),
        ({"_links": {"next": {"href": "/2"}}}, "/2"),
        ({"link": [{"relation": "self", "url": "/1"}, {"relation": "next", "url": "/2"}]}, "/2"),
        ({"links": [{"rel": "next", "href": "?page=2"}]}, "?page=2"),
        ({"meta": {"pagination": {"next": "/2"}}}, "/2"),
    ],
)
def test_a_next_link_is_found_in_the_usual_places(document: Any, link: str) -> None:
    assert next_link(document) == Link(link)


@pytest.mark.parametrize(
    ("header", "link"),
    [
        ('<https://x.org/?page=2>; rel="next"', "https://x.org/?page=2"),
        ('<https://x.org/?a=1,2>; rel="prev", <https://x.org/?a=3,4>; rel=next', "https://x.org/?a=3,4"),
        ('</2>; title="a, b"; REL="last next"', "/2"),
        ('</1>; rel="nextish"', None),
        ("", None),
        ("garbage", None),
    ],
)
def test_a_link_header_is_parsed_according_to_rfc_8288(header: str, link: str | None) -> None:
    assert link_with_relation(header, "next") == link


def test_link_headers_may_repeat(source: Source) -> None:
    source.serves("/2", b'[{"id": 2}]')
    link = f'<{source.url}/1>; rel="first"\n<{source.url}/2>; rel="next"'
    assert read(source.serves("/1", Response(b'[{"id": 1}]', headers={"Link": link}))) == [{"id": 1}, {"id": 2}]


def test_an_offset_counts_received_records(source: Source) -> None:
    """A server may return fewer records than the limit."""
    url = paged(source, "offset", [{"id": number} for number in range(10)], 2)
    assert len(read(url, pagination={**DECLARED["offset"], "limit": 5})) == 10


def test_a_total_that_changes_between_pages_is_followed(source: Source) -> None:
    def api(request: Request) -> Response:
        start = int(request.params["offset"])
        return Response(
            json.dumps(
                {"data": [{"id": each} for each in range(start, min(start + 2, 5))], "n": 3 if start == 0 else 5}
            ).encode()
        )

    url = source.serves_api("/items", api)
    assert len(read(url, pagination={"type": "offset", "total_records": "n"})) == 5
    assert len(source.requests) == 3


def test_an_empty_page_before_the_total_fails(source: Source) -> None:
    def api(request: Request) -> Response:
        return Response(json.dumps({"data": [{"id": 1}] if request.params["offset"] == "0" else [], "n": 5}).encode())

    url = source.serves_api("/items", api)
    error = fails(url, pagination={"type": "offset", "total_records": "n"})
    assert has_error(error, "PAGINATION_INCOMPLETE: the page at offset 1 is empty, but n is 5")


def test_total_pages_ends_the_pagination(source: Source) -> None:
    def api(request: Request) -> Response:
        return Response(json.dumps({"data": [{"id": request.params["page"]}], "pages": "3"}).encode())

    url = source.serves_api("/items", api)
    assert len(read(url, pagination={"type": "page_number", "first": 0, "total_pages": "pages"})) == 3
    assert source.requests == ["/items?page=0", "/items?page=1", "/items?page=2"]


def test_a_post_has_the_pagination_parameter_in_its_body(source: Source) -> None:
    def api(request: Request) -> Response:
        after = request.body["variables"].get("after", 0)
        assert request.body["query"] == "items"
        return Response(
            json.dumps({"data": {"items": [{"id": after}], "end": after + 1 if after < 2 else None}}).encode()
        )

    url = source.serves_api("/graphql", api)
    pagination = {"type": "cursor", "path": "data.end", "param": "variables.after"}
    body = {"query": "items", "variables": {"first": 1}}
    assert read(url, method="POST", body=body, records="data.items", pagination=pagination) == [
        {"id": 0},
        {"id": 1},
        {"id": 2},
    ]


@pytest.mark.parametrize(
    "link", ["ftp://x.org/2", "file:///etc/passwd", "http://user:password@x.org/2", "http://x.org:port/2", "https:///2"]
)
def test_a_next_link_to_anything_but_http_fails(source: Source, link: str) -> None:
    url = source.serves("/items", json.dumps({"items": [{"a": 1}], "next": link}).encode())
    error = fails(url, pagination={"type": "json_link", "path": "next"})
    assert has_error(error, "PAGINATION_INVALID: the URL of the next page is not a valid http:// or https:// URL")


def test_an_empty_page_with_a_next_link_is_not_the_last(source: Source) -> None:
    source.serves("/2", b'{"items": [{"id": 1}], "next": null}')
    assert read(source.serves("/1", b'{"items": [], "next": "/2"}')) == [{"id": 1}]


@pytest.mark.parametrize(
    "document",
    [
        {"value": [{"a": 1}], "NextPageToken": "x"},
        {"records": [{"a": 1}], "done": False},
        {"records": [{"a": 1}], "offset": "itr23sEjsdfEr3282/recSW26"},
        {"items": [{"a": 1}], "NextToken": "x"},
        {"query": {"search": [{"a": 1}]}, "continue": {"sroffset": 10}},
        {"items": [{"a": 1}], "page": 1, "total_pages": 34},
        {"items": [{"a": 1}], "pages": 34},
        {"values": [{"a": 1}], "isLast": False},
        {"content": [{"a": 1}], "last": False},
        {"items": [{"a": 1}], "next_offset": 100},
        {"items": [{"a": 1}], "nextPage": {"token": "x"}},
        {"response": {"docs": [{"a": 1}], "numFound": 250}},
        {"hits": {"hits": [{"a": 1}], "total": {"value": 250}}},
        {"message": {"items": [{"a": 1}], "total-results": 250}},
        {"data": {"items": [{"a": 1}], "pageInfo": {"hasNextPage": True}}},
        {"items": [{"a": 1}], "total": "250"},
        {"items": [], "total": 250},
        {"ids": [1, 2], "has_more": True},
        {"rows": [[1, "a"]], "next_page_token": "x"},
    ],
)
def test_auto_detects_keys_that_indicate_more_pages(source: Source, document: Any) -> None:
    url = source.serves("/items", json.dumps(document).encode())
    declared = {"orient": "records"} if "rows" in document else {}
    assert has_error(fails(url, **declared), "PAGINATION_INCOMPLETE: the response indicates more pages")


@pytest.mark.parametrize("header", ["X-Total-Count", "X-Total", "X-Total-Pages"])
@pytest.mark.parametrize("document", [[{"a": 1}], {"items": [{"a": 1}]}])
def test_auto_detects_headers_that_indicate_more_pages(source: Source, header: str, document: Any) -> None:
    url = source.serves("/items", Response(json.dumps(document).encode(), headers={header: "250"}))
    assert has_error(fails(url), f"PAGINATION_INCOMPLETE: the response indicates more pages ({header.lower()} is 250)")


@pytest.mark.parametrize(
    ("header", "param"),
    [("X-Next-Cursor", "cursor"), ("X-Next-Page", "page"), ("x-ms-continuationtoken", "continuationToken")],
)
def test_auto_follows_a_cursor_in_a_usual_header(source: Source, header: str, param: str) -> None:
    def api(request: Request) -> Response:
        more = param not in request.params
        return Response(
            json.dumps([{"id": request.params.get(param, "first")}]).encode(), headers={header: "c2" if more else ""}
        )

    assert read(source.serves_api("/items", api)) == [{"id": "first"}, {"id": "c2"}]


@pytest.mark.parametrize(
    ("first", "headers"),
    [
        pytest.param({"results": ["a", "b"], "next": "/2"}, {}, id="a link and a list of values"),
        pytest.param({"data": {"ids": [1]}}, {"Link": '</2>; rel="next"'}, id="a header link"),
        pytest.param({"NextPageLink": "/2", "items": [{"a": 1}]}, {}, id="NextPageLink"),
        pytest.param({"nextRecordsUrl": "/2", "records": [{"a": 1}], "done": False}, {}, id="nextRecordsUrl"),
        pytest.param(
            {"links": [{"rel": ["next"], "uri": "/2"}], "items": [{"a": 1}]},
            {},
            id="a list of links with several relations",
        ),
    ],
)
def test_auto_follows_links_in_the_usual_places(source: Source, first: Any, headers: dict[str, str]) -> None:
    url = source.serves("/items", Response(json.dumps(first).encode(), headers=headers))
    source.serves(
        "/2",
        json.dumps(
            {
                key: value
                for key, value in first.items()
                if key not in ("next", "links", "NextPageLink", "nextRecordsUrl", "done")
            }
        ).encode(),
    )
    read(url)
    assert source.requests == ["/items", "/2"]


@pytest.mark.parametrize(
    ("pagination", "responses"),
    [
        pytest.param(
            {"type": "json_link", "path": "meta.next"},
            [{"items": [{"a": 1}], "next": "/2", "has_more": True}],
            id="a link at another path",
        ),
        pytest.param(
            "json_link", [{"items": [{"a": 1}], "next": "items?page=2"}], id="a relative link without a slash"
        ),
        pytest.param(
            {"type": "cursor", "path": "meta.c", "param": "c"},
            [{"items": [{"a": 1}], "has_more": True}],
            id="a cursor at another path",
        ),
        pytest.param(
            {"type": "header_cursor", "header": "X-Nxet", "param": "c"},
            [{"items": [{"a": 1}], "has_more": True}],
            id="a misspelled header",
        ),
        pytest.param(
            "auto",
            [{"items": [{"a": 1}], "next": "/items"}, {"items": [{"a": 2}], "has_more": True}],
            id="a later page without a link",
        ),
        pytest.param(
            "page_number",
            [{"items": [{"a": 1}]}, {"items": [], "has_more": True}],
            id="an empty page that is not the last",
        ),
    ],
)
def test_a_pagination_that_ends_before_the_last_page_fails(
    source: Source, pagination: Any, responses: list[Any]
) -> None:
    left = [Response(json.dumps(response).encode()) for response in responses]
    url = source.serves_api("/items", lambda _: left.pop(0))
    error = fails(f"{url}?first=1", pagination=pagination)
    assert has_error(error, "PAGINATION_INCOMPLETE: the response indicates more pages")


@pytest.mark.parametrize(
    ("header", "link"),
    [
        ('</2>; rel="next";', "/2"),
        ("</2>; rel='next'", "/2"),
        ('</1>;rel="next prev";rel=last', "/1"),
        ("</2>;;; rel = next ; x", "/2"),
        ("</1>, </2>; rel=next", "/2"),
    ],
)
def test_malformed_link_headers_are_parsed(header: str, link: str) -> None:
    assert link_with_relation(header, "next") == link


def test_parsing_a_link_header_takes_linear_time() -> None:
    started = time.monotonic()
    link_with_relation("<x>" + ";a " * 100_000 + "!", "next")
    link_with_relation("<" * 10_000, "next")
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"comments": {"has_more": False}}, id="more comments"),
        pytest.param({"user": {"last": True}}, id="a last name"),
        pytest.param({"job": {"status": {"done": True}}}, id="a job that is done"),
        pytest.param({"用户": {"last": True}}, id="a name without Latin words"),
    ],
)
def test_a_flag_in_another_object_does_not_end_the_pages(source: Source, other: dict[str, Any]) -> None:
    source.serves("/p2", b'{"items": [{"id": 2}], "next": null}')
    url = source.serves("/items", json.dumps({"items": [{"id": 1}], "next": "/p2", **other}).encode())
    assert read(url) == [{"id": 1}, {"id": 2}]


def test_a_flag_in_another_object_does_not_end_the_pages_of_a_cursor(source: Source) -> None:
    def api(request: Request) -> Response:
        page = int(request.params.get("c", 0))
        document = {"items": [{"id": page}], "c": page + 1 if page < 2 else None, "comments": {"has_more": False}}
        return Response(json.dumps(document).encode())

    url = source.serves_api("/items", api)
    assert read(url, pagination={"type": "cursor", "path": "c", "param": "c"}) == [{"id": each} for each in range(3)]


@pytest.mark.parametrize(
    "end",
    [
        {"has_more": False},
        {"meta": {"is_last_page": True}},
        {"data": {"has_more": False}},
        {"search_metadata": {"paging": {"last": True}}},
    ],
)
def test_a_flag_about_the_pages_ends_them(source: Source, end: dict[str, Any]) -> None:
    records = [{"id": 1}]
    document: Any = {"data": {"items": records, **end["data"]}} if "data" in end else {"items": records, **end}
    url = source.serves("/items", json.dumps({**document, "next": "/p2"}).encode())
    assert read(url) == records and source.requests == ["/items"]


def test_a_cursor_in_another_object_that_is_complete_is_not_one_of_the_records(source: Source) -> None:
    document = {"items": [{"id": 1}], "comments": {"has_more": False, "next_cursor": "x"}}
    assert read(source.serves("/items", json.dumps(document).encode())) == [{"id": 1}]


@pytest.mark.parametrize(
    "document",
    [
        {"1": {"id": 1, "next": "/api/2"}, "2": {"id": 2, "next": "/api/3"}},
        {"AAPL": {"count": 12, "total": 900}, "MSFT": {"count": 3, "total": 80}},
        {"next": 12, "total": 900, "count": 7},
        {"next": "volgende", "more": "meer", "count": "tellen"},
        {"AAPL": {"total": 900}, "META": {"total": 80}},
        {"has_more": True, "next_cursor": False},
    ],
)
def test_keys_in_records_of_an_object_say_nothing_about_pages(source: Source, document: dict[str, Any]) -> None:
    url = source.serves("/items", json.dumps(document).encode())
    for declared in ({"orient": "index"}, {"orient": "index", "records": "$"}):
        assert read(url, **declared) == list(document.values())
    assert source.requests == ["/items", "/items"]


@pytest.mark.parametrize("link", [{"next": "/p2"}, {"_links": {"next": {"href": "/p2"}}}])
@pytest.mark.parametrize("entries", [{"1": {"id": 1, "next": "/api/2"}}, {"2024": 1}])
def test_a_link_among_the_records_of_an_object_is_followed(
    source: Source, link: dict[str, Any], entries: dict[str, Any]
) -> None:
    source.serves("/p2", b'{"2": {"id": 2}}')
    url = source.serves("/items", json.dumps({**entries, **link}).encode())
    assert read(url, orient="index", records="$") == [*entries.values(), *link.values(), {"id": 2}]
    first = source.serves("/first", json.dumps({**link, **entries}).encode())
    assert read(first, orient="index", records="$") == [*link.values(), *entries.values(), {"id": 2}]


@pytest.mark.parametrize("records", [[{"at": 1}], [{"at": 1}, {"at": 2}]])
def test_an_inclusive_record_cursor_ends_with_the_last_record(source: Source, records: list[dict[str, int]]) -> None:
    def api(request: Request) -> Response:
        since = int(request.params.get("since", 0))
        return Response(json.dumps([each for each in records if each["at"] >= since]).encode())

    url = source.serves_api("/items", api)
    assert read(url, pagination={"type": "record_cursor", "path": "at", "param": "since", "inclusive": True}) == records


@pytest.mark.parametrize(("query", "limit"), [("", {"limit": 1}), ("?per_page=1", {}), ("?count=1", {})])
def test_an_inclusive_record_cursor_with_pages_of_one_record_fails(
    source: Source, query: str, limit: dict[str, int]
) -> None:
    """The next page would have the same record, and no page would have the others."""
    url = source.serves_api("/items", lambda _: Response(b'[{"at": 1}]'))
    pagination = {"type": "record_cursor", "path": "at", "param": "since", "inclusive": True, **limit}
    assert has_error(fails(url + query, pagination=pagination), "PAGINATION_LOOP: all 1 records of the page were on")
