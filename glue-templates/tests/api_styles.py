"""Imitates the pagination of well-known APIs. Each API has 23 records, and 5 records per page."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from source_server import Request, Response, Source

COUNT, SIZE = 23, 5
RECORDS: list[dict[str, Any]] = [
    {"id": f"r{number:03d}", "n": number, "next": f"/r/{number + 1}", "total": 900} for number in range(1, COUNT + 1)
]
BODY = {"size": SIZE}

Page = Callable[[Request, str], Any]
"""Returns the response to a request to the API with this URL: JSON, or JSON and headers."""


@dataclass(frozen=True)
class ApiStyle:
    """The pagination of an API. `declared` is the pagination to declare if `auto` does not load all pages. `endpoint`
    has other settings of the endpoint. `is_revealed`: whether a response or the request contains everything that the
    pagination needs."""

    page: Page
    declared: Any = None
    endpoint: Mapping[str, Any] = field(default_factory=dict)
    is_revealed: bool = False
    query: str = ""


def served(style: ApiStyle, source: Source) -> str:
    """Serve the API. Returns its URL."""
    url = f"{source.url}/api"

    def api(request: Request) -> Response:
        found = style.page(request, url)
        document, headers = found if isinstance(found, tuple) else (found, {})
        return Response(json.dumps(document).encode(), headers=headers)

    source.serves_api("/api", api)
    return url + style.query


def part(start: int) -> list[dict[str, Any]]:
    return RECORDS[start : start + SIZE]


def number(request: Request, name: str, default: int = 0) -> int:
    return int(request.params.get(name) or default)


def more(start: int) -> bool:
    return start + SIZE < COUNT


def by(name: str, page: Callable[[int, str], Any]) -> Page:
    """Responds with the page at the offset in a query parameter."""
    return lambda request, url: page(number(request, name), url)


def by_page(name: str, page: Callable[[int, int], Any], first: int = 1) -> Page:
    """Responds with the page whose number is in a query parameter."""

    def found(request: Request, url: str) -> Any:
        current = number(request, name, first)
        return page(current, (current - first) * SIZE)

    return found


def link(start: int, url: str, name: str = "start") -> str | None:
    return f"{url}?{name}={start + SIZE}" if more(start) else None


def following(records: list[dict[str, Any]], last: Any, key: str = "id") -> int:
    """The index of the record that follows the record `last`, or 0 if there is no such record."""
    return next((index + 1 for index, record in enumerate(records) if record[key] == last), 0)


def _stripe(request: Request, url: str) -> Any:
    start = following(RECORDS, request.params.get("starting_after"))
    return {"object": "list", "has_more": more(start), "data": part(start)}


def _messages(request: Request, url: str) -> Any:
    newest = RECORDS[::-1]
    start = following(newest, request.params.get("before"))
    return newest[start : start + SIZE]


def _max_id(request: Request, url: str) -> Any:
    return [each for each in RECORDS[::-1] if each["n"] <= number(request, "max_id", 999)][:SIZE]


def _since(request: Request, url: str) -> Any:
    """Two records per second."""
    records = [{**each, "at": f"00:00:{each['n'] // 2:02d}"} for each in RECORDS]
    return {"rows": [each for each in records if each["at"] >= request.params.get("since", "")][:SIZE]}


def _search_after(request: Request, url: str) -> Any:
    start = (request.body or {}).get("search_after", [0, 0.5])[0]
    hits = [{"_id": each["id"], "_source": each, "sort": [each["n"], 0.5]} for each in part(start)]
    return {"took": 1, "_shards": {"total": 30}, "hits": {"total": {"value": COUNT}, "hits": hits}}


def _scroll(request: Request, url: str) -> Any:
    """The server stores the position, so the cursor stays the same."""
    is_first = request.path == "/api/_search"
    _POSITIONS[url] = 0 if is_first else _POSITIONS[url] + SIZE
    assert is_first or (request.body == {"scroll": "1m", "scroll_id": "c0"})
    return {"_scroll_id": "c0", "hits": {"total": {"value": COUNT}, "hits": part(_POSITIONS[url])}}


_POSITIONS: dict[str, int] = {}


def _folder(request: Request, url: str) -> Any:
    """The URL of the first page differs from that of the other pages."""
    start = int(request.body["cursor"]) if request.path.endswith("/continue") else 0
    return {"entries": part(start), "cursor": str(start + SIZE), "has_more": more(start)}


def _graphql(start: int, *, has_flag: bool = True) -> Any:
    info: dict[str, Any] = {"hasNextPage": more(start)} if has_flag else {}
    info["endCursor"] = str(start + SIZE) if more(start) or has_flag else None
    labels = {"nodes": [{"a": 1}], "pageInfo": {"hasNextPage": True, "endCursor": "z"}}
    return {"data": {"org": {"repo": {"issues": {"nodes": part(start), "pageInfo": info}, "labels": labels}}}}


def _graphql_page(request: Request, url: str) -> Any:
    return _graphql(int(request.body["variables"].get("after") or 0))


def _notion(request: Request, url: str) -> Any:
    start = int((request.body or {}).get("start_cursor") or 0)
    return {"results": part(start), "next_cursor": str(start + SIZE) if more(start) else None, "has_more": more(start)}


def _confluence(start: int, url: str) -> Any:
    links = {"base": url, "context": "/wiki", "self": f"{url}/content"}
    return {
        "results": part(start),
        "_links": links | ({"next": f"/content?start={start + SIZE}"} if more(start) else {}),
    }


def _based(start: int, url: str) -> Any:
    return {
        "results": part(start),
        "root": url,
        "paging": {"next": f"/content?start={start + SIZE}" if more(start) else ""},
    }


def _twilio(page: int, start: int) -> Any:
    uri = f"/api?Page={page + 1}&PageToken=PA{page}" if more(start) else None
    return {
        "end": start + SIZE - 1,
        "calls": part(start),
        "page": page,
        "previous_page_uri": None,
        "next_page_uri": uri,
    }


def _nothing(**document: Any) -> dict[str, Any]:
    return {key: value for key, value in document.items() if value is not None}


FOLLOWED: dict[str, ApiStyle] = {
    "a link in a member whose name has next, page and uri": ApiStyle(by_page("Page", _twilio, 0)),
    "a link without a path": ApiStyle(
        by(
            "max",
            lambda at, url: {
                "statuses": part(at),
                "search_metadata": _nothing(count=SIZE, next_results=f"?max={at + SIZE}" if more(at) else None),
            },
        )
    ),
    "a next link deep in the envelope": ApiStyle(
        by(
            "start",
            lambda at, url: {"d": {"results": part(at), "meta": {"page": {"links": {"next_href": link(at, url)}}}}},
        )
    ),
    "a list of next links": ApiStyle(
        by(
            "start",
            lambda at, url: {"records": part(at), "_links": {"next": [{"href": link(at, url)}] if more(at) else []}},
        )
    ),
    "links with capitals": ApiStyle(
        by(
            "start",
            lambda at, url: {
                "Items": part(at),
                "Links": [{"Rel": "Next" if more(at) else "Self", "Href": link(at, url) or url}],
            },
        ),
        endpoint={"records": "Items"},
    ),
    "OData": ApiStyle(
        by(
            "start",
            lambda at, url: _nothing(value=part(at), **{"@odata.count": COUNT, "@odata.nextLink": link(at, url)}),
        )
    ),
    "OData 2": ApiStyle(by("start", lambda at, url: {"d": _nothing(results=part(at), __next=link(at, url))})),
    "JSON:API": ApiStyle(
        by(
            "start",
            lambda at, url: {
                "data": part(at),
                "links": {"self": url, "next": link(at, url), "last": url},
                "meta": {"total": COUNT},
            },
        )
    ),
    "HAL": ApiStyle(
        by(
            "start",
            lambda at, url: {
                "_embedded": {"orders": part(at)},
                "_links": _nothing(self={"href": url}, next=link(at, url) and {"href": link(at, url)}),
                "page": {"totalElements": COUNT},
            },
        )
    ),
    "FHIR": ApiStyle(
        by(
            "start",
            lambda at, url: {
                "entry": part(at),
                "link": [
                    {"relation": "self", "url": url},
                    *([{"relation": "next", "url": link(at, url)}] if more(at) else []),
                ],
            },
        ),
        endpoint={"records": "entry"},
    ),
    "nextRecordsUrl": ApiStyle(
        by(
            "start",
            lambda at, url: _nothing(
                totalSize=COUNT, done=not more(at), records=part(at), nextRecordsUrl=link(at, url)
            ),
        )
    ),
    "a link next to a cursor": ApiStyle(
        by(
            "after",
            lambda at, url: {
                "results": part(at),
                "paging": _nothing(
                    next={"after": str(at + SIZE), "link": link(at, url, "after")} if more(at) else None
                ),
            },
        )
    ),
    "cursors of the page and a link": ApiStyle(
        by(
            "after",
            lambda at, url: {
                "data": part(at),
                "paging": _nothing(cursors={"before": "QVFI", "after": "QVFJ"}, next=link(at, url, "after")),
            },
        )
    ),
    "a Link header": ApiStyle(
        by(
            "start",
            lambda at, url: (
                part(at),
                {"Link": f'<{url}>; rel="first"' + (f', <{link(at, url)}>; rel="next"' if more(at) else "")},
            ),
        )
    ),
    "a Link header and a flag": ApiStyle(
        by(
            "start",
            lambda at, url: (
                {"total_count": COUNT, "incomplete_results": False, "items": part(at)},
                {"Link": f'<{link(at, url)}>; rel="next"' if more(at) else ""},
            ),
        )
    ),
    "X-Next-Page": ApiStyle(
        by_page(
            "page",
            lambda page, at: (part(at), {"X-Next-Page": str(page + 1) if more(at) else "", "X-Total": str(COUNT)}),
        )
    ),
    "a link on the last page with has_more: false": ApiStyle(
        by(
            "page[after]",
            lambda at, url: {
                "users": part(at),
                "meta": {"has_more": more(at), "after_cursor": str(min(at + SIZE, COUNT))},
                "links": {"next": f"{url}?page[after]={min(at + SIZE, COUNT)}"},
            },
        )
    ),
    "a link on the last page with end_of_stream: true": ApiStyle(
        by(
            "start",
            lambda at, url: {"events": part(at), "next": f"{url}?start={at + SIZE}", "end_of_stream": not more(at)},
        )
    ),
    "a link to the empty page itself": ApiStyle(
        by(
            "cursor",
            lambda at, url: {
                "_links": {"next": {"href": f"{url}?cursor={min(at + SIZE, COUNT)}"}},
                "_embedded": {"records": part(at)},
            },
        )
    ),
    "a link to the last page itself": ApiStyle(
        by("cursor", lambda at, url: {"items": part(at), "next": f"{url}?cursor={at + SIZE if more(at) else at}"})
    ),
    "a link after the total": ApiStyle(
        by(
            "offset",
            lambda at, url: {
                "success": True,
                "result": {
                    "fields": [{"id": "id"}],
                    "records": part(at),
                    "_links": {"start": url, "next": f"{url}?offset={at + SIZE}"},
                    "total": COUNT,
                },
            },
        ),
        endpoint={"records": "result.records"},
    ),
    "a link after the last page without a total": ApiStyle(
        by_page("page", lambda page, at: {"items": part(at), "next": f"/api?page={page + 1}"})
    ),
    "an unchanged Link header": ApiStyle(
        by("after", lambda at, url: (part(at), {"Link": f'<{url}?after={min(at + SIZE, COUNT)}>; rel="next"'}))
    ),
    "a link relative to a base next to it": ApiStyle(by("start", _confluence), query="/content"),
}
"""APIs that `auto` loads."""

DECLARED: dict[str, ApiStyle] = {
    "exceededTransferLimit": ApiStyle(
        by(
            "resultOffset",
            lambda at, url: {
                "features": [{"attributes": each} for each in part(at)],
                **({"exceededTransferLimit": True} if more(at) else {}),
            },
        ),
        {"type": "offset", "param": "resultOffset"},
    ),
    "exceededTransferLimit in an object": ApiStyle(
        by(
            "resultOffset",
            lambda at, url: {
                "type": "FeatureCollection",
                "features": part(at),
                **({"properties": {"exceededTransferLimit": True}} if more(at) else {}),
            },
        ),
        {"type": "offset", "param": "resultOffset"},
    ),
    "found and page": ApiStyle(
        by_page("page", lambda page, at: {"meta": {"page": page, "limit": SIZE, "found": COUNT}, "results": part(at)}),
        {"type": "page_number"},
        is_revealed=True,
    ),
    "hitCount and nextCursorMark": ApiStyle(
        by(
            "cursorMark",
            lambda at, url: {
                "hitCount": COUNT,
                "nextCursorMark": str(at + SIZE),
                "request": {"cursorMark": "*", "pageSize": SIZE},
                "resultList": {"result": part(at)},
            },
        ),
        {"type": "cursor", "path": "nextCursorMark", "param": "cursorMark"},
        is_revealed=True,
    ),
    "numFound and an unchanged cursor": ApiStyle(
        by(
            "cursorMark",
            lambda at, url: {
                "responseHeader": {"status": 0},
                "response": {"numFound": COUNT, "start": 0, "docs": part(at)},
                "nextCursorMark": str(min(at + SIZE, COUNT)),
            },
        ),
        {"type": "cursor", "path": "nextCursorMark", "param": "cursorMark"},
        is_revealed=True,
    ),
    "@odata.count without a link": ApiStyle(
        by("$skip", lambda at, url: {"@odata.context": "x", "@odata.count": COUNT, "value": part(at)}),
        {"type": "offset", "param": "$skip", "total_records": "@odata.count"},
        is_revealed=True,
    ),
    "count as text and a list of values": ApiStyle(
        by(
            "retstart",
            lambda at, url: {
                "esearchresult": {
                    "count": str(COUNT),
                    "retmax": str(SIZE),
                    "retstart": str(at),
                    "idlist": [each["id"] for each in part(at)],
                }
            },
        ),
        {"type": "offset", "param": "retstart", "total_records": "esearchresult.count"},
        endpoint={"records": "esearchresult.idlist"},
        is_revealed=True,
    ),
    "X-Pagination": ApiStyle(
        by_page(
            "page",
            lambda page, at: (
                part(at),
                {
                    "X-Pagination": json.dumps(
                        {
                            "TotalCount": COUNT,
                            "PageSize": SIZE,
                            "CurrentPage": page,
                            "TotalPages": 5,
                            "HasNext": more(at),
                        }
                    )
                },
            ),
        ),
        "page_number",
        is_revealed=True,
    ),
    "X-WP-TotalPages": ApiStyle(
        by_page("page", lambda page, at: (part(at), {"X-WP-Total": str(COUNT), "X-WP-TotalPages": "5"})),
        "page_number",
        is_revealed=True,
    ),
    "CMR-Hits": ApiStyle(
        by_page("page_num", lambda page, at: (part(at), {"CMR-Hits": str(COUNT)})),
        {"type": "page_number", "param": "page_num"},
    ),
    "Content-Range": ApiStyle(
        by("offset", lambda at, url: (part(at), {"Content-Range": f"{at}-{at + SIZE - 1}/{COUNT}"})),
        "offset",
        is_revealed=True,
    ),
    "has_more only": ApiStyle(
        _stripe, {"type": "record_cursor", "path": "id", "param": "starting_after"}, is_revealed=True
    ),
    "the ID of the oldest message": ApiStyle(
        _messages, {"type": "record_cursor", "path": "id", "param": "before", "limit": SIZE}, query=f"?limit={SIZE}"
    ),
    "max_id, which repeats the last record": ApiStyle(
        _max_id, {"type": "record_cursor", "path": "n", "param": "max_id", "inclusive": True}, query=f"?count={SIZE}"
    ),
    "since, which repeats several records": ApiStyle(
        _since, {"type": "record_cursor", "path": "at", "param": "since", "inclusive": True}, query=f"?limit={SIZE}"
    ),
    "search_after": ApiStyle(
        _search_after,
        {"type": "record_cursor", "path": "sort", "param": "search_after"},
        endpoint={"method": "POST", "body": BODY, "records": "hits.hits"},
    ),
    "a scroll with a cursor that stays the same": ApiStyle(
        _scroll,
        {
            "type": "cursor",
            "path": "_scroll_id",
            "param": "scroll_id",
            "url": "{url}/_search/scroll",
            "body": {"scroll": "1m"},
        },
        endpoint={"method": "POST", "body": BODY, "records": "hits.hits"},
        query="/_search",
    ),
    "the next pages have another URL": ApiStyle(
        _folder,
        {"type": "cursor", "path": "cursor", "param": "cursor", "url": "{url}/continue"},
        endpoint={"method": "POST", "body": {"path": "/"}},
    ),
    "GraphQL": ApiStyle(
        _graphql_page,
        {"type": "cursor", "path": "data.org.repo.issues.pageInfo.endCursor", "param": "variables.after"},
        endpoint={
            "method": "POST",
            "body": {"query": "{ issues }", "variables": {}},
            "records": "data.org.repo.issues.nodes",
        },
        is_revealed=True,
    ),
    "next_cursor and has_more": ApiStyle(
        _notion,
        {"type": "cursor", "path": "next_cursor", "param": "start_cursor"},
        endpoint={"method": "POST"},
    ),
    "nextPageToken": ApiStyle(
        by(
            "pageToken",
            lambda at, url: {
                "items": part(at),
                **({"nextPageToken": str(at + SIZE)} if more(at) else {"nextSyncToken": "s"}),
            },
        ),
        {"type": "cursor", "path": "nextPageToken", "param": "pageToken"},
        is_revealed=True,
    ),
    "an offset as text": ApiStyle(
        lambda request, url: (lambda at: _nothing(records=part(at), offset=f"itr{at + SIZE}" if more(at) else None))(
            int(request.params.get("offset", "itr0")[3:])
        ),
        {"type": "cursor", "path": "offset", "param": "offset"},
        is_revealed=True,
    ),
    "continue": ApiStyle(
        by(
            "sroffset",
            lambda at, url: _nothing(
                batchcomplete="",
                query={"searchinfo": {"totalhits": COUNT}, "search": part(at)},
                **{"continue": {"sroffset": at + SIZE, "continue": "-||"} if more(at) else None},
            ),
        ),
        {"type": "cursor", "path": "continue.sroffset", "param": "sroffset"},
        is_revealed=True,
    ),
    "startAt and total": ApiStyle(
        by("startAt", lambda at, url: {"startAt": at, "maxResults": SIZE, "total": COUNT, "issues": part(at)}),
        {"type": "offset", "param": "startAt", "total_records": "total"},
        is_revealed=True,
    ),
    "$limit and $offset": ApiStyle(
        by("$offset", lambda at, url: part(at)),
        {"type": "offset", "param": "$offset"},
        query=f"?$limit={SIZE}",
        is_revealed=True,
    ),
    "Page and TotalPages": ApiStyle(
        by_page("page", lambda page, at: {"Response": {"Page": page, "TotalPages": 5, "Records": part(at)}}),
        "page_number",
        is_revealed=True,
    ),
    "a page number from 0": ApiStyle(
        by_page(
            "page",
            lambda page, at: {
                "content": part(at),
                "last": not more(at),
                "pageable": {"offset": at, "pageNumber": page, "pageSize": SIZE},
                "totalElements": COUNT,
                "totalPages": 5,
            },
            0,
        ),
        {"type": "page_number", "first": 0},
    ),
    "after in data": ApiStyle(
        lambda request, url: (
            lambda at: {
                "kind": "Listing",
                "data": {"after": f"t3_{at + SIZE}" if more(at) else None, "before": None, "children": part(at)},
            }
        )(int(request.params.get("after", "t3_0")[3:])),
        {"type": "cursor", "path": "data.after", "param": "after"},
        is_revealed=True,
    ),
    "a flag in names of mixed case": ApiStyle(
        by("offset", lambda at, url: {"Items": part(at), "Paging-Info": {"More_Records_Available": more(at)}}),
        "offset",
    ),
    "a link relative to a declared base": ApiStyle(
        by("start", _based), {"type": "json_link", "path": "paging.next", "base": "root"}, query="/content"
    ),
    "a link relative to a declared URL": ApiStyle(
        by("start", _based), {"type": "json_link", "path": "paging.next", "base": "{url}"}, query="/content"
    ),
    "matched and returned": ApiStyle(
        by(
            "startindex",
            lambda at, url: {"features": part(at), "numberMatched": COUNT, "numberReturned": len(part(at))},
        ),
        {"type": "offset", "param": "startindex"},
    ),
    "a bookmark": ApiStyle(
        lambda request, url: (lambda at: {"docs": part(at), "bookmark": f"g{at + SIZE}" if part(at) else "nil"})(
            int(request.params.get("bookmark", "g0")[1:])
        ),
        {"type": "cursor", "path": "bookmark", "param": "bookmark"},
        is_revealed=True,
    ),
    "a number as the cursor": ApiStyle(
        by("cursor", lambda at, url: _nothing(items=part(at), cursor=at + SIZE if more(at) else None)),
        {"type": "cursor", "path": "cursor", "param": "cursor"},
        is_revealed=True,
    ),
    "a number as the cursor, 0 at the end": ApiStyle(
        by("cursor", lambda at, url: {"items": part(at), "cursor": at + SIZE if more(at) else 0}),
        {"type": "cursor", "path": "cursor", "param": "cursor"},
        is_revealed=True,
    ),
    "a number as text, -1 at the end": ApiStyle(
        by("marker", lambda at, url: {"items": part(at), "meta": {"marker": str(at + SIZE) if more(at) else "-1"}}),
        {"type": "cursor", "path": "meta.marker", "param": "marker"},
        is_revealed=True,
    ),
    "a number as the cursor that stays the same at the end": ApiStyle(
        by("cursor", lambda at, url: {"items": part(at), "cursor": min(at + SIZE, COUNT)}),
        {"type": "cursor", "path": "cursor", "param": "cursor"},
        is_revealed=True,
    ),
    "a number to continue at": ApiStyle(
        by("continue", lambda at, url: _nothing(list=part(at), **{"continue": at + SIZE if more(at) else None})),
        {"type": "cursor", "path": "continue", "param": "continue"},
        is_revealed=True,
    ),
    "the offset of the next page": ApiStyle(
        by("offset", lambda at, url: _nothing(contacts=part(at), offset=at + SIZE if more(at) else None)),
        {"type": "cursor", "path": "offset", "param": "offset"},
        is_revealed=True,
    ),
}
"""APIs that `auto` refuses, with their correct pagination."""
