"""Detects the next page in a response: links, cursors, flags and totals in the places where APIs usually have them."""

import re
from collections.abc import Iterator
from typing import Any

from etl_runtime.columns.json_values import Number
from etl_runtime.job.redaction import excerpt
from etl_runtime.source.api.request import Response

MAX_DEPTH = 4  # nested objects that are searched

# Keys, in lower case and without other characters than letters.
LINK_KEYS = frozenset(
    {
        *("next", "nexthref", "nextlink", "nextpage", "nextpagelink", "nextpageurl", "nextrecordsurl", "nexturl"),
        "odatanextlink",
    }
)
LINK_LIST_KEYS = frozenset({"links", "link"})
"""Lists of links with a relation: {"rel": "next", "href": …} or {"relation": "next", "url": …}."""
MORE_KEYS = frozenset(
    {
        *("hasmore", "hasmorepages", "hasmoreresults", "hasnext", "hasnextpage"),
        *("incompleteresults", "istruncated", "more", "moreavailable", "moreresults", "truncated"),
    }
)
LAST_KEYS = frozenset({"done", "last", "lastpage", "islast", "islastpage", "isend", "end"})
CURSOR_KEYS = frozenset(
    {
        *("next", "nextcursor", "nextkey", "nextmarker", "nextoffset", "nextpage", "nextpagenumber", "nextpagetoken"),
        *("continuation", "continuationtoken", "continue", "cursor", "nexttoken", "offset", "pagetoken", "scrollid"),
    }
)
TOTAL_KEYS = frozenset(
    {
        *("count", "hitscount", "numfound", "recordstotal", "total", "totalcount", "totalelements", "totalhits"),
        *("totalitems", "totalrecords", "totalresults", "totalsize"),
    }
)
PAGE_COUNT_KEYS = frozenset({"pages", "totalpages", "pagecount", "numpages", "lastpage", "pagestotal"})
CURSOR_HEADERS = {
    "X-Next-Cursor": "cursor",
    "X-Next-Page": "page",
    "X-Next-Token": "token",
    "X-Ms-Continuationtoken": "continuationToken",
}
"""Headers with a cursor, and the parameter of the next request that receives it."""
TOTAL_HEADERS = ("x-total-count", "x-total")
PAGE_COUNT_HEADERS = ("x-total-pages", "x-pages", "x-page-count")


def next_link(document: Any) -> str | None:
    """The URL of the next page, from the places where APIs usually have it."""
    for key, value in _normalized_items(document):
        link = value
        if key in LINK_KEYS and isinstance(value, dict):
            link = next((value[name] for name in ("href", "url", "uri", "link") if name in value), None)
        if key in LINK_KEYS and isinstance(link, str) and _is_link(link):
            return link
        for each in value if key in LINK_LIST_KEYS and isinstance(value, list) else []:
            if isinstance(each, dict) and _is_next(each.get("rel", each.get("relation"))):
                return next((each[name] for name in ("href", "url", "uri") if isinstance(each.get(name), str)), None)
    return None


def link_with_relation(header: str, relation: str) -> str | None:
    """The URL with this relation in a Link header (RFC 8288), None if there is no such link."""
    at = 0
    while (start := header.find("<", at)) >= 0 and (end := header.find(">", start)) >= 0:
        relations, at = _relations(header, end + 1)
        if relation in relations:
            return header[start + 1 : end]
    return None


def more_pages_hint(response: Response) -> str | None:
    """The part of a response that indicates another page, None if nothing does.

    If the document itself is the only record, its keys are data. Then only keys that always mean pagination count.
    """
    if flag := more_pages_flag(response):
        return flag
    is_first_page = response.records_so_far == len(response.records)
    for key, value in _normalized_items(response.document):
        if (
            key in CURSOR_KEYS
            and _is_cursor(key, value)
            and (not response.is_single_record or key.startswith(("nextpaget", "nextcursor", "nexttoken")))
        ):
            return f"{key} is {excerpt(value)}"
        if response.is_single_record:
            continue
        if key in TOTAL_KEYS and (total := _number(value)) is not None and total > response.records_so_far:
            return f"{key} is {total:,}, {response.records_so_far:,} records received"
        if key in PAGE_COUNT_KEYS and (pages := _number(value)) is not None and pages > 1 and is_first_page:
            return f"{key} is {pages:,}"
    for name in TOTAL_HEADERS:
        total = _number(response.headers.get(name))
        if total is not None and total > response.records_so_far:
            return f"{name} is {total:,}"
    for name in PAGE_COUNT_HEADERS if is_first_page else ():
        pages = _number(response.headers.get(name))
        if pages is not None and pages > 1:
            return f"{name} is {pages:,}"
    return None


def more_pages_flag(response: Response) -> str | None:
    """The flag in a response that says that there are more pages, such as `has_more`, None if there is no such flag."""
    for key, value in _normalized_items(response.document):
        if key in MORE_KEYS and value is True:
            return f"{key} is true"
        if key in LAST_KEYS and value is False and not response.is_single_record:
            return f"{key} is false"
    return None


def _normalized_items(document: Any, depth: int = 1) -> Iterator[tuple[str, Any]]:
    """The keys (lower-case letters only) and values of the document's objects. Lists are not searched: they contain "
    "records."""
    if not isinstance(document, dict) or depth > MAX_DEPTH:
        return
    for key, value in document.items():
        yield re.sub(r"[^a-z]", "", key.lower()), value
    for value in document.values():
        yield from _normalized_items(value, depth + 1)


def _is_next(relation: Any) -> bool:
    return relation == "next" or (isinstance(relation, list) and "next" in relation)


def _is_link(text: str) -> bool:
    # `next` may also hold a cursor.
    return bool(re.match(r"https?://|/|\?|\./", text.strip()))


def _is_cursor(key: str, value: Any) -> bool:
    if isinstance(value, dict):
        return bool(value) and key in ("nextpage", "continue")
    if key in ("offset", "cursor", "pagetoken", "scrollid"):
        return (
            isinstance(value, str)
            and not isinstance(value, Number)
            and bool(value.strip())
            and not value.strip().isdecimal()
        )
    return isinstance(value, (str, int)) and not isinstance(value, bool) and str(value).strip() not in ("", "0")


def _number(value: Any) -> int | None:
    if isinstance(value, dict):
        value = value.get("value")
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    text = str(value).strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _relations(header: str, at: int) -> tuple[list[str], int]:
    """The relations of a link in lower case, and the index after its parameters. `at` is the index of the first "
    "parameter."""
    relations: list[str] | None = None
    while True:
        at = _skip(header, at, " \t;")
        name_at = at
        while at < len(header) and header[at] not in "=;, \t":
            at += 1
        name = header[name_at:at].lower()
        at = _skip(header, at, " \t")
        value = ""
        if header[at : at + 1] == "=":
            value, at = _parameter_value(header, _skip(header, at + 1, " \t"))
        if name == "rel" and relations is None:
            relations = value.lower().split()
        if at >= len(header) or header[at] == ",":
            return relations or [], at
        if at == name_at:
            at += 1  # an unexpected character


def _parameter_value(header: str, at: int) -> tuple[str, int]:
    quote = header[at : at + 1]
    if quote not in ('"', "'") or not quote:
        start = at
        while at < len(header) and header[at] not in ";, \t":
            at += 1
        return header[start:at], at
    characters = []
    at += 1
    while at < len(header) and header[at] != quote:
        if header[at] == "\\":
            at += 1
        characters.append(header[at : at + 1])
        at += 1
    return "".join(characters), at + 1


def _skip(header: str, at: int, characters: str) -> int:
    while at < len(header) and header[at] in characters:
        at += 1
    return at
