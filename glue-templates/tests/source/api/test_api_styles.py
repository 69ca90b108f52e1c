"""`auto` loads all pages of an API, or fails and names the pagination to set."""

import json
from typing import Any

import pytest
from api_styles import DECLARED, FOLLOWED, RECORDS, ApiStyle, served
from expected_error import has_error

from api_reading import fails, fetch, read
from conftest import Response, Source
from source_server import Request


def ids(records: list[Any]) -> list[str]:
    """The IDs of the records in their order."""
    return sorted(
        record if isinstance(record, str) else (record.get("attributes") or record.get("_source") or record)["id"]
        for record in records
    )


ALL = ids(RECORDS)


def declared_for(style: ApiStyle, url: str) -> Any:
    return json.loads(json.dumps(style.declared).replace("{url}", url.partition("/api")[0] + "/api"))


def proposed(error: str) -> Any:
    """The pagination that an error proposes."""
    text = error.partition('"pagination": ')[2]
    return json.JSONDecoder().raw_decode(text)[0]


@pytest.mark.parametrize("name", FOLLOWED)
def test_auto_loads_each_record_once(source: Source, name: str) -> None:
    style = FOLLOWED[name]
    assert ids(read(served(style, source), **style.endpoint)) == ALL


@pytest.mark.parametrize("name", DECLARED)
def test_auto_fails_if_it_cannot_load_all_pages(source: Source, name: str) -> None:
    style = DECLARED[name]
    error = fails(served(style, source), **style.endpoint)
    if "base" in (style.declared if isinstance(style.declared, dict) else {}):
        assert error.startswith(("SOURCE_NOT_FOUND", "API_", "PAGINATION_"))
    else:
        assert has_error(error, "PAGINATION_INCOMPLETE: the response indicates more pages")
        assert proposed(error)["type"]


@pytest.mark.parametrize("name", DECLARED)
def test_the_declared_pagination_loads_each_record_once(source: Source, name: str) -> None:
    style = DECLARED[name]
    url = served(style, source)
    assert ids(read(url, **style.endpoint, pagination=declared_for(style, url))) == ALL


@pytest.mark.parametrize("name", [name for name, style in DECLARED.items() if style.is_revealed])
def test_the_proposed_pagination_loads_each_record_once(source: Source, name: str) -> None:
    style = DECLARED[name]
    url = served(style, source)
    pagination = proposed(fails(url, **style.endpoint))
    assert ids(read(url, **style.endpoint, pagination=pagination)) == ALL


@pytest.mark.parametrize(
    ("document", "headers"),
    [
        pytest.param([{"id": 1, "next": "/2", "total": 99, "has_more": True}], {}, id="paging words in a record"),
        pytest.param({"items": [{"id": 1}], "nextUpdate": "2026-01-01", "next_update_token": "x"}, {}, id="nextUpdate"),
        pytest.param({"items": [{"id": 1}], "nextSyncToken": "CPDAlvWDx70CEPDAlvWDx70CGAU="}, {}, id="nextSyncToken"),
        pytest.param({"items": [{"id": 1}], "next": None, "total": 1, "count": 1}, {}, id="a null link"),
        pytest.param({"items": [{"id": 1}], "total_amount": 900, "totalBytes": 5000}, {}, id="totals of other things"),
        pytest.param({"items": [{"id": 1}], "_shards": {"total": 6}, "facets": {"count": 90}}, {}, id="other counts"),
        pytest.param({"items": [{"id": 1}], "quota_remaining": 298, "usage": {"count": 31}}, {}, id="a quota"),
        pytest.param({"items": [{"id": 1}], "rate": {"limit": 60, "remaining": 59}}, {}, id="a rate limit"),
        pytest.param({"items": [{"id": 1}], "page": 1, "pages": 1, "per_page": 50, "total": 1}, {}, id="one page"),
        pytest.param({"items": [{"id": 1}], "hitCount": 1, "nextCursorMark": "AoI"}, {}, id="a total that is reached"),
        pytest.param({"data": [{"id": 1}], "paging": {"cursors": {"before": "a", "after": "b"}}}, {}, id="cursors"),
        pytest.param({"items": [{"id": 1}], "pageInfo": {"hasNextPage": False, "endCursor": "x"}}, {}, id="endCursor"),
        pytest.param({"items": [{"id": 1}], "has_more": False, "last_id": "x", "total": 1}, {}, id="has_more: false"),
        pytest.param(
            {"items": [{"id": 1}], "comments": {"items": [{"a": 1}], "has_more": True}}, {}, id="another list"
        ),
        pytest.param({"count": 50, "limit": 50, "items": [{"id": 1}]}, {}, id="a count that is the page size"),
        pytest.param({"items": [{"id": 1}], "request": {"cursor": "abc", "total": 9}}, {}, id="an echo of the request"),
        pytest.param({"id": 1, "size": 42, "count": 7, "tags": ["a"]}, {}, id="counts of a record"),
        pytest.param({"id": 1, "title": "x", "pages": 300, "number": 7, "total": 9}, {}, id="pages of a book"),
        pytest.param({"items": [{"id": 1}], "truncated": False, "timed_out": False}, {}, id="not truncated"),
        pytest.param([{"id": 1}], {"X-RateLimit-Total": "5000", "X-Cache-Hits": "23"}, id="headers with other counts"),
        pytest.param([{"id": 1}], {"X-Total-Count": "1", "X-Total-Time": "250"}, id="a header with the total"),
        pytest.param([{"id": 1}], {"Report-To": '{"group": "next", "max_age": 9}'}, id="another header with JSON"),
        pytest.param([{"id": 1}, {"id": 2}], {"Link": '</>; rel="first", </>; rel="last"'}, id="a Link header"),
        pytest.param({"items": [{"id": 1}], "cursor": 0}, {}, id="a cursor at the start"),
        pytest.param({"items": [{"id": 1}], "cursor": -1}, {}, id="a negative cursor"),
        pytest.param({"items": [{"id": 1}, {"id": 2}], "cursor": 2, "total": 2}, {}, id="a cursor at the total"),
        pytest.param({"items": [{"id": 1}], "cursor": 7, "has_more": False}, {}, id="a cursor after the end"),
        pytest.param({"items": [{"id": 1}], "cursor": 7, "next_cursor": None}, {}, id="the cursor of this page"),
        pytest.param({"items": [{"id": 1}], "continue": False}, {}, id="continue: false"),
        pytest.param({"items": [{"id": 1}], "offset": 1, "limit": 50}, {}, id="an offset from 1"),
        pytest.param({"id": 1, "cursor": 7, "size": 3}, {}, id="a cursor in a record"),
        pytest.param({"items": [{"id": 1}], "request": {"offset": 1}, "position": 6}, {}, id="another position"),
    ],
)
def test_auto_accepts_a_complete_page(source: Source, document: Any, headers: dict[str, str]) -> None:
    url = source.serves("/api", Response(json.dumps(document).encode(), headers=headers))
    assert {record["id"] for record in read(f"{url}?limit=2" if "Link" in headers else url)} <= {1, 2}
    assert len(source.requests) == 1


@pytest.mark.parametrize(
    ("document", "headers"),
    [
        pytest.param({"items": [{"id": 1}], "next_start_mark": "x"}, {}, id="a mark"),
        pytest.param({"items": [{"id": 1}], "paging-info": {"next-offset": 5}}, {}, id="kebab case"),
        pytest.param({"items": [{"id": 1}], "hasmoreresults": "true"}, {}, id="joined words and text"),
        pytest.param({"items": [{"id": 1}], "meta": {"a": {"b": {"c": {"d": {"matched": 23}}}}}}, {}, id="any depth"),
        pytest.param({"items": [{"id": 1}], "total": {"records": 23, "pages": 5}}, {}, id="an object of totals"),
        pytest.param({"items": [{"id": 1}], "remaining_items": 18}, {}, id="remaining items"),
        pytest.param({"aaData": [{"id": 1}], "iTotalRecords": 23}, {}, id="a letter before the words"),
        pytest.param({"items": [{"id": 1}], "continuation": {"token": "x"}}, {}, id="an object for the continuation"),
        pytest.param(
            {"metadata": {"resultset": {"offset": 1, "count": 23}}, "results": [{"id": 1}]}, {}, id="metadata"
        ),
        pytest.param({"items": [{"id": 1}], "next": {"page": 2, "limit": 5}}, {}, id="an object for the next page"),
        pytest.param([{"id": 1}], {"Pagination-Count": "23"}, id="a count in a header without X"),
        pytest.param({"items": [{"id": 1}], "load_more_url": "/api?page=2"}, {}, id="a link for more"),
        pytest.param({"items": [{"id": 1}], "LastEvaluatedKey": {"id": {"S": "r5"}}}, {}, id="the last evaluated key"),
        pytest.param({"items": [{"id": 1}], "count": 5, "nextToken": "x", "total": 1}, {}, id="a count of the page"),
        pytest.param({"page": 1, "page_count": 5, "per_page": 5, "ids": [1, 2]}, {}, id="a list of values"),
        pytest.param({"page": 1, "pages": 5, "total": 23, "data": {"a": {"x": 1}}}, {}, id="records by key"),
        pytest.param([{"id": 1}], {"X-Has-More": "true"}, id="a flag in a header"),
        pytest.param([{"id": 1}], {"X-Continuation-Token": "x"}, id="a token in a header"),
        pytest.param([{"id": 1}], {"Next-Page-Token": "x"}, id="a token in a header without X"),
        pytest.param([{"id": 1}], {"Pagination": '{"totalItems": 23}'}, id="JSON in a header"),
        pytest.param([{"id": 1}], {"Content-Range": "items 0-0/23"}, id="Content-Range"),
        pytest.param({"items": [{"id": 1}], "cursor": 5}, {}, id="a number as the cursor"),
        pytest.param({"items": [{"id": 1}], "meta": {"cursor": 1288834974657}}, {}, id="a large number as the cursor"),
        pytest.param({"items": [{"id": 1}], "cursor": "5"}, {}, id="a number as text"),
        pytest.param({"items": [{"id": 1}], "continue": 5}, {}, id="a number to continue at"),
        pytest.param({"items": [{"id": 1}], "continuation": 5}, {}, id="a number as the continuation"),
        pytest.param({"items": [{"id": 1}], "pagination": {"marker": 5}}, {}, id="a number as the marker"),
        pytest.param({"items": [{"id": 1}, {"id": 2}], "offset": 2}, {}, id="the offset of the next page"),
        pytest.param({"items": [{"id": 1}], "scroll_position": 12}, {}, id="a scroll position"),
        pytest.param({"items": [{"id": 1}], "count": 1, "cursor": 5}, {}, id="a number and the count of the page"),
        pytest.param({"items": [{"id": 1}], "continue": True}, {}, id="continue: true"),
    ],
)
def test_auto_detects_more_pages_by_words(source: Source, document: Any, headers: dict[str, str]) -> None:
    url = source.serves("/api", Response(json.dumps(document).encode(), headers=headers))
    error = fails(url)
    assert has_error(error, "PAGINATION_INCOMPLETE: the response indicates more pages")
    assert proposed(error)["type"]


@pytest.mark.parametrize("path", ["result.records", "$.result.records"])
def test_the_notation_of_the_path_of_the_records_does_not_matter(source: Source, path: str) -> None:
    document = {"result": {"records": [{"id": 1}], "total": 23}}
    url = source.serves("/api", json.dumps(document).encode())
    assert has_error(fails(url, records=path), "PAGINATION_INCOMPLETE: the response indicates more pages")


@pytest.mark.parametrize("path", ["1", "[1]", "$[1]"])
def test_a_list_of_metadata_and_records_has_pages(source: Source, path: str) -> None:
    def api(request: Request) -> Response:
        page = int(request.params.get("page", 1))
        records = RECORDS[(page - 1) * 5 : page * 5]
        return Response(json.dumps([{"page": page, "pages": 5, "total": len(RECORDS)}, records]).encode())

    url = source.serves_api("/api", api)
    pagination = proposed(fails(url, records=path))
    assert ids(read(url, records=path, pagination=pagination)) == ALL


def test_a_link_in_a_record_per_value_is_not_followed(source: Source) -> None:
    source.serves_api(
        "/api/", lambda request: Response(json.dumps({"id": request.path[-1], "next": "/api/9"}).encode())
    )
    source.serves("/ids", b'[{"id": 1}, {"id": 2}]')
    fetch(
        {
            "ids": f"{source.url}/ids",
            "each": {"url": f"{source.url}/api/{{value}}", "for_each": {"endpoint": "ids", "field": "id"}},
        }
    )
    assert sorted(source.requests) == ["/api/1", "/api/2", "/ids"]


@pytest.mark.parametrize(
    ("records", "pagination", "message"),
    [
        pytest.param(
            [[{"id": 1, "at": 5}, {"id": 2, "at": 5}]],
            {"path": "at"},
            "PAGINATION_INVALID: the last 2 records have the same at (5)",
            id="a field that is not unique",
        ),
        pytest.param(
            [[{"id": 1}]],
            {"path": "at"},
            "PAGINATION_INVALID: the last record: at is missing from the record",
            id="no field",
        ),
        pytest.param(
            [[{"at": 5, "id": 1}, {"at": 5, "id": 2}]] * 2,
            {"path": "at", "inclusive": True},
            "PAGINATION_LOOP: all 2 records of the page were on the previous page",
            id="a page of equal values",
        ),
        pytest.param(
            [[{"id": 1}, {"id": 2}]] * 3,
            {"path": "id"},
            "PAGINATION_LOOP: the page has the same 2 records as the previous page",
            id="a parameter that is ignored",
        ),
    ],
)
def test_a_record_cursor_never_leaves_out_records(
    source: Source, records: list[Any], pagination: dict[str, Any], message: str
) -> None:
    pages = [Response(json.dumps(page).encode()) for page in records]
    url = source.serves("/api", *pages)
    assert has_error(fails(url, pagination={"type": "record_cursor", "param": "after", **pagination}), message)


def test_empty_pages_without_end_fail(source: Source) -> None:
    count = iter(range(1000))
    source.serves_api("/api", lambda _: Response(json.dumps({"items": [], "next": f"/api?c=x{next(count)}"}).encode()))
    assert has_error(fails(f"{source.url}/api"), "PAGINATION_LOOP: 50 pages in a row are empty")


def test_an_end_before_the_total_fails(source: Source) -> None:
    page = {"items": [], "next": "/api?offset=10", "total": 23}
    source.serves("/api", b'{"items": [{"id": 1}], "next": "/api?offset=5", "total": 23}', json.dumps(page).encode())
    source.responses["/api"].append(Response(json.dumps({**page, "next": "/api?offset=10"}).encode()))
    assert has_error(
        fails(f"{source.url}/api"), "PAGINATION_INCOMPLETE: the response indicates more pages (total is 23"
    )
