"""A correct API for each pagination type."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from source_server import Request, Response, Source

Api = Callable[[Request], Response]

DECLARED: Mapping[str, Any] = {
    "auto": "auto",
    "json_link": {"type": "json_link", "path": "paging.more"},
    "header_link": "header_link",
    "header_cursor": {
        "type": "header_cursor",
        "header": "X-After",
        "param": "after",
        "limit": 3,
        "limit_param": "size",
    },
    "cursor": {"type": "cursor", "path": "paging.after", "param": "after"},
    "offset": {"type": "offset", "param": "skip", "limit": 3, "limit_param": "take"},
    "page_number": {"type": "page_number", "param": "p"},
    "single": "single",
}
"""The `pagination` of an endpoint for each type."""


def paged(source: Source, kind: str, records: Sequence[Any], size: int, path: str = "/items") -> str:
    """Serve the records with `size` records per page. Returns the URL."""
    url = source.url + path

    def api(request: Request) -> Response:
        params = request.params
        if kind in ("auto", "json_link", "header_link"):
            start = int(params.get("start", 0))
        elif kind in ("header_cursor", "cursor"):
            start = int(params.get("after", "c0")[1:])
        elif kind == "offset":
            start = int(params["skip"])
        else:
            start = (int(params.get("p", 1)) - 1) * size
        found = list(records[start:]) if kind == "single" else list(records[start : start + size])
        end = start + size
        more = end < len(records) and kind != "single"
        document: dict[str, Any] = {"items": found, "paging": {}}
        headers = {"Content-Type": "application/json"}
        if kind == "auto":
            document["next"] = f"{path}?start={end}" if more else None
        if kind == "json_link":
            document["paging"]["more"] = f"{url}?start={end}" if more else ""
        if kind == "header_link" and more:
            headers["Link"] = f'<{url}?start=0>; rel="first", <{url}?start={end}>; rel="next"'
        if kind == "header_cursor" and more:
            headers["X-After"] = f"c{end}"
        if kind == "cursor":
            document["paging"]["after"] = f"c{end}" if more else None
        return Response(json.dumps(document).encode(), headers=headers)

    return source.serves_api(path, api)
