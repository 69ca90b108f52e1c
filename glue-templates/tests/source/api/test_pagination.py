"""How the pages of an API follow each other, against a server of its own."""

import json
import time
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from api_reading import fails, read
from conftest import Answer, Source
from etl_runtime.source.api.fetch_endpoints import MOST_SAME_PAGES
from etl_runtime.source.api.next_page_detector import linked, next_link
from paged_api import DECLARED, paged
from source_server import Asked

COUNTERS = ("offset", "page_number")


VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.lists(st.integers(), max_size=2))
RECORDS = st.lists(st.dictionaries(st.text(max_size=4), VALUES, min_size=1, max_size=3), max_size=MOST_SAME_PAGES)


@pytest.mark.parametrize("kind", DECLARED)
@given(records=RECORDS, size=st.integers(1, 7))
@settings(max_examples=15)
def test_every_pagination_yields_each_record_once_in_order(
    kind: str, source_of_module: Source, records: list[Any], size: int
) -> None:
    pages = [records[start : start + size] for start in range(0, len(records), size)]
    alike = any(one == other and len(one) > 1 for one, other in zip(pages, pages[1:], strict=False))
    assume(kind not in COUNTERS or not alike)  # which is refused, below
    url = paged(source_of_module, kind, records, size)
    assert read(url, pagination=DECLARED[kind]) == records


@pytest.mark.parametrize("kind", [kind for kind in DECLARED if kind != "single"])
def test_a_page_that_fails_fails_the_run(kind: str, source: Source) -> None:
    url = paged(source, kind, [{"id": number} for number in range(20)], 5)
    api = source.apis["/items"]
    asked: list[Asked] = []

    def breaks(request: Asked) -> Answer:
        asked.append(request)
        return (
            Answer(b'{"error": "no page for you"}', 400, {"Content-Type": "application/json"})
            if len(asked) == 3
            else api(request)
        )

    source.answers_with("/items", breaks)
    said = fails(url, pagination=DECLARED[kind])
    assert said.startswith(f"items, page 3 ({source.url}/items?")
    assert 'the server answered 400 Bad Request, "{"error": "no page for you"}". Check the address' in said


@pytest.mark.parametrize(
    ("pagination", "answer", "says"),
    [
        pytest.param(
            "auto", {"items": [{"a": 1}], "next": "/items"}, "the pages go in a circle", id="a link to itself"
        ),
        pytest.param(
            {"type": "cursor", "path": "c", "param": "c"},
            {"items": [{"a": 1}], "c": "x"},
            "the pages go in a circle",
            id="a cursor that repeats",
        ),
        pytest.param(
            {"type": "offset"},
            {"items": [{"a": 1}, {"a": 2}]},
            "the same 2 records as the page before. Does the source know the parameter offset",
            id="an offset that is ignored",
        ),
        pytest.param(
            {"type": "page_number"},
            {"items": [{"a": 1}, {"a": 2}]},
            "the same 2 records as the page before. Does the source know the parameter page",
            id="a page that is ignored",
        ),
        pytest.param(
            {"type": "page_number", "limit": 1},
            {"items": [{"a": 1}]},
            "the same 1 records as the page before",
            id="a page of one record that is ignored",
        ),
    ],
)
def test_pages_that_never_end_fail(source: Source, pagination: Any, answer: dict[str, Any], says: str) -> None:
    url = source.answers_with("/items", lambda asked: Answer(json.dumps(answer).encode()))
    assert says in fails(url, pagination=pagination)


def test_more_pages_than_may_be_fail(source: Source) -> None:
    url = paged(source, "cursor", [{"id": number} for number in range(9)], 2)
    declared = {**DECLARED["cursor"], "max_pages": 4}
    assert "page 5" in (said := fails(url, pagination=declared)) and "more than 4 pages" in said
    assert len(read(url, pagination={**declared, "max_pages": 5})) == 9


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"items": [{"a": 1}], "has_more": True}, id="has_more"),
        pytest.param({"items": [{"a": 1}], "next_cursor": "b7"}, id="a cursor"),
        pytest.param({"items": [{"a": 1}], "next_page": 2}, id="the next page's number"),
        pytest.param({"items": [{"a": 1}], "meta": {"pagination": {"total": 250}}}, id="a total"),
        pytest.param({"items": [{"a": 1}], "response_metadata": {"next_cursor": "b7"}}, id="response_metadata"),
    ],
)
def test_auto_refuses_an_answer_that_says_there_is_more(source: Source, answer: dict[str, Any]) -> None:
    url = source.serves("/items", json.dumps(answer).encode())
    assert "says that there is more" in fails(url)
    assert read(url, pagination="single") == [{"a": 1}]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"items": [{"a": 1}], "has_more": False, "next_cursor": "", "total": 1}, id="all is here"),
        pytest.param([{"a": 1}], id="a list"),
        pytest.param({"a": 1, "total": 99, "next": 2}, id="a record of its own"),
    ],
)
def test_auto_takes_an_answer_that_is_all(source: Source, answer: Any) -> None:
    url = source.serves("/items", json.dumps(answer).encode())
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
def test_a_next_link_is_found_where_apis_have_it(document: Any, link: str) -> None:
    assert next_link(document) == link


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
def test_a_header_link_is_read_as_rfc_8288_has_it(header: str, link: str | None) -> None:
    assert linked(header, "next") == link


def test_link_headers_may_be_several(source: Source) -> None:
    source.serves("/2", b'[{"id": 2}]')
    link = f'<{source.url}/1>; rel="first"\n<{source.url}/2>; rel="next"'
    assert read(source.serves("/1", Answer(b'[{"id": 1}]', headers={"Link": link}))) == [{"id": 1}, {"id": 2}]


def test_an_offset_counts_what_came_not_what_was_asked_for(source: Source) -> None:
    """A server may give fewer records than the limit."""
    url = paged(source, "offset", [{"id": number} for number in range(10)], 2)
    assert len(read(url, pagination={**DECLARED["offset"], "limit": 5})) == 10


def test_a_total_that_changes_on_the_way_is_followed(source: Source) -> None:
    def api(asked: Asked) -> Answer:
        start = int(asked.params["offset"])
        return Answer(
            json.dumps(
                {"data": [{"id": each} for each in range(start, min(start + 2, 5))], "n": 3 if start == 0 else 5}
            ).encode()
        )

    url = source.answers_with("/items", api)
    assert len(read(url, pagination={"type": "offset", "total_records": "n"})) == 5
    assert len(source.requests) == 3


def test_an_empty_page_before_the_total_fails(source: Source) -> None:
    def api(asked: Asked) -> Answer:
        return Answer(json.dumps({"data": [{"id": 1}] if asked.params["offset"] == "0" else [], "n": 5}).encode())

    url = source.answers_with("/items", api)
    assert "is empty, but n says that there are 5 records" in fails(
        url, pagination={"type": "offset", "total_records": "n"}
    )


def test_total_pages_end_the_pages(source: Source) -> None:
    def api(asked: Asked) -> Answer:
        return Answer(json.dumps({"data": [{"id": asked.params["page"]}], "pages": "3"}).encode())

    url = source.answers_with("/items", api)
    assert len(read(url, pagination={"type": "page_number", "first": 0, "total_pages": "pages"})) == 3
    assert source.requests == ["/items?page=0", "/items?page=1", "/items?page=2"]


def test_a_post_names_the_page_in_its_body(source: Source) -> None:
    def api(asked: Asked) -> Answer:
        after = asked.body["variables"].get("after", 0)
        assert asked.body["query"] == "items"
        return Answer(
            json.dumps({"data": {"items": [{"id": after}], "end": after + 1 if after < 2 else None}}).encode()
        )

    url = source.answers_with("/graphql", api)
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
    assert "is no http:// or https:// address" in fails(url, pagination={"type": "json_link", "path": "next"})


def test_an_empty_page_with_a_link_goes_on(source: Source) -> None:
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
def test_auto_knows_what_says_that_there_is_more(source: Source, document: Any) -> None:
    url = source.serves("/items", json.dumps(document).encode())
    assert "says that there is more" in fails(url)


@pytest.mark.parametrize("header", ["X-Total-Count", "X-Total", "X-Total-Pages"])
@pytest.mark.parametrize("document", [[{"a": 1}], {"items": [{"a": 1}]}])
def test_auto_knows_headers_that_say_there_is_more(source: Source, header: str, document: Any) -> None:
    url = source.serves("/items", Answer(json.dumps(document).encode(), headers={header: "250"}))
    assert f"says that there is more ({header.lower()} is 250)" in fails(url)


@pytest.mark.parametrize(
    ("header", "param"),
    [("X-Next-Cursor", "cursor"), ("X-Next-Page", "page"), ("x-ms-continuationtoken", "continuationToken")],
)
def test_auto_follows_a_cursor_in_a_usual_header(source: Source, header: str, param: str) -> None:
    def api(asked: Asked) -> Answer:
        more = param not in asked.params
        return Answer(
            json.dumps([{"id": asked.params.get(param, "first")}]).encode(), headers={header: "c2" if more else ""}
        )

    assert read(source.answers_with("/items", api)) == [{"id": "first"}, {"id": "c2"}]


@pytest.mark.parametrize(
    ("first", "headers"),
    [
        pytest.param({"results": ["a", "b"], "next": "/2"}, {}, id="a link beside a list of values"),
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
def test_auto_follows_the_links_that_apis_have(source: Source, first: Any, headers: dict[str, str]) -> None:
    url = source.serves("/items", Answer(json.dumps(first).encode(), headers=headers))
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
    ("pagination", "answers"),
    [
        pytest.param(
            {"type": "json_link", "path": "meta.next"},
            [{"items": [{"a": 1}], "next": "/2", "has_more": True}],
            id="a link at another place",
        ),
        pytest.param("json_link", [{"items": [{"a": 1}], "next": "items?page=2"}], id="a link that looks like none"),
        pytest.param(
            {"type": "cursor", "path": "meta.c", "param": "c"},
            [{"items": [{"a": 1}], "has_more": True}],
            id="a cursor at another place",
        ),
        pytest.param(
            {"type": "header_cursor", "header": "X-Nxet", "param": "c"},
            [{"items": [{"a": 1}], "has_more": True}],
            id="a misspelt header",
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
def test_a_way_that_ends_while_the_answer_says_there_is_more_fails(
    source: Source, pagination: Any, answers: list[Any]
) -> None:
    left = [Answer(json.dumps(answer).encode()) for answer in answers]
    url = source.answers_with("/items", lambda _: left.pop(0))
    assert "says that there is more" in fails(f"{url}?first=1", pagination=pagination)


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
def test_header_links_with_odd_marks_are_read(header: str, link: str) -> None:
    assert linked(header, "next") == link


def test_a_header_link_takes_no_longer_than_it_is_long() -> None:
    started = time.monotonic()
    linked("<x>" + ";a " * 100_000 + "!", "next")
    linked("<" * 10_000, "next")
    assert time.monotonic() - started < 2
