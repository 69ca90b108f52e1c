"""An API that is as it should be, in each way in which pages follow each other."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from source_server import Answer, Asked, Source

Api = Callable[[Asked], Answer]

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
"""What a dataset declares of the API of each kind."""


def paged(source: Source, kind: str, records: Sequence[Any], size: int, path: str = "/items") -> str:
    """Serves records, `size` a page. Returns the address."""
    url = source.url + path

    def api(asked: Asked) -> Answer:
        params = asked.params
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
        return Answer(json.dumps(document).encode(), headers=headers)

    return source.answers_with(path, api)
