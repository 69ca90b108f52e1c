"""What the answers of APIs usually say of the pages behind them."""

import re
from collections.abc import Iterator
from typing import Any

from etl_runtime.columns.json_values import Number
from etl_runtime.job.redaction import excerpt
from etl_runtime.source.api.request import Answer

DEEPEST = 4  # keys on the way to a sign
LINKS = frozenset(
    {
        "next",
        "nexturl",
        "nextpageurl",
        "nextlink",
        "nextpagelink",
        "nextrecordsurl",
        "nextpage",
        "nexthref",
        "odatanextlink",
    }
)
LINK_LISTS = frozenset({"links", "link"})
"""Lists of links, each with what it is: {"rel": "next", "href": …} or {"relation": "next", "url": …}."""
MORE = frozenset(
    {
        *(
            "hasmore",
            "hasmorepages",
            "hasmoreresults",
            "hasnext",
            "hasnextpage",
            "more",
            "moreavailable",
            "moreresults",
        ),
        *("incompleteresults", "istruncated", "truncated"),
    }
)
LAST = frozenset({"done", "last", "lastpage", "islast", "islastpage", "isend", "end"})
TOKENS = frozenset(
    {
        *(
            "next",
            "nextcursor",
            "nexttoken",
            "nextpagetoken",
            "nextpage",
            "nextpagenumber",
            "nextoffset",
            "nextmarker",
            "nextkey",
        ),
        *("continue", "continuation", "continuationtoken", "cursor", "offset", "pagetoken", "scrollid"),
    }
)
TOTALS = frozenset(
    {
        *(
            "total",
            "totalcount",
            "totalresults",
            "totalrecords",
            "totalhits",
            "totalitems",
            "totalelements",
            "totalsize",
        ),
        *("count", "numfound", "recordstotal", "hitscount"),
    }
)
PAGES = frozenset({"pages", "totalpages", "pagecount", "numpages", "lastpage", "pagestotal"})
CURSOR_HEADERS = {
    "X-Next-Cursor": "cursor",
    "X-Next-Page": "page",
    "X-Next-Token": "token",
    "X-Ms-Continuationtoken": "continuationToken",
}
"""Headers with what the next request names, and the parameter that names it."""
TOTAL_HEADERS, PAGES_HEADERS = ("x-total-count", "x-total"), ("x-total-pages", "x-pages", "x-page-count")


def next_link(document: Any) -> str | None:
    """The next page's address where APIs usually have it."""
    for key, value in _signs(document):
        found = value
        if key in LINKS and isinstance(value, dict):
            found = next((value[name] for name in ("href", "url", "uri", "link") if name in value), None)
        if key in LINKS and isinstance(found, str) and _is_link(found):
            return found
        for link in value if key in LINK_LISTS and isinstance(value, list) else []:
            if isinstance(link, dict) and _is_next(link.get("rel", link.get("relation"))):
                return next((link[name] for name in ("href", "url", "uri") if isinstance(link.get(name), str)), None)
    return None


def linked(header: str, relation: str) -> str | None:
    """The address with this relation in a header Link, as RFC 8288 has it; None where there is none."""
    at = 0
    while (start := header.find("<", at)) >= 0 and (end := header.find(">", start)) >= 0:
        rel, at = _rel(header, end + 1)
        if relation in rel:
            return header[start + 1 : end]
    return None


def says_more(answer: Answer) -> str | None:
    """What says that an answer is not the last, where something does.

    Where the whole answer is one record, its keys are data: of those only what nobody means otherwise counts.
    """
    if found := flags_more(answer):
        return found
    for key, value in _signs(answer.document):
        if (
            key in TOKENS
            and _is_token(key, value)
            and (not answer.is_record or key.startswith(("nextpaget", "nextcursor", "nexttoken")))
        ):
            return f"{key} is {excerpt(value)}"
        if answer.is_record:
            continue
        if key in TOTALS and (total := _number(value)) is not None and total > answer.so_far:
            return f"{key} is {total:,}, {answer.so_far:,} came"
        if key in PAGES and (pages := _number(value)) is not None and pages > 1 and answer.so_far == answer.records:
            return f"{key} is {pages:,}"
    for names, most in (
        (TOTAL_HEADERS, answer.so_far),
        (PAGES_HEADERS, 1 if answer.so_far == answer.records else None),
    ):
        for name in names:
            number = _number(answer.headers.get(name))
            if most is not None and number is not None and number > most:
                return f"{name} is {number:,}"
    return None


def flags_more(answer: Answer) -> str | None:
    """What says in so many words that there is another page."""
    for key, value in _signs(answer.document):
        if key in MORE and value is True:
            return f"{key} is true"
        if key in LAST and value is False and not answer.is_record:
            return f"{key} is false"
    return None


def _signs(document: Any, depth: int = 1) -> Iterator[tuple[str, Any]]:
    """The keys of an answer's objects, in lower case and without marks, with their values. What is in lists is records."""
    if not isinstance(document, dict) or depth > DEEPEST:
        return
    for key, value in document.items():
        yield re.sub(r"[^a-z]", "", key.lower()), value
    for value in document.values():
        yield from _signs(value, depth + 1)


def _is_next(relation: Any) -> bool:
    return relation == "next" or (isinstance(relation, list) and "next" in relation)


def _is_link(text: str) -> bool:
    """Not a cursor, which `next` may be too."""
    return bool(re.match(r"https?://|/|\?|\./", text.strip()))


def _is_token(key: str, value: Any) -> bool:
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


def _rel(header: str, at: int) -> tuple[list[str], int]:
    """The relations of the link whose parameters begin here, in lower case, and where they end."""
    rel: list[str] | None = None
    while True:
        at = _skipped(header, at, " \t;")
        name_at = at
        while at < len(header) and header[at] not in "=;, \t":
            at += 1
        name = header[name_at:at].lower()
        at = _skipped(header, at, " \t")
        value = ""
        if header[at : at + 1] == "=":
            value, at = _value(header, _skipped(header, at + 1, " \t"))
        if name == "rel" and rel is None:
            rel = value.lower().split()
        if at >= len(header) or header[at] == ",":
            return rel or [], at
        if at == name_at:
            at += 1  # a mark that has no place here


def _value(header: str, at: int) -> tuple[str, int]:
    quote = header[at : at + 1]
    if quote not in ('"', "'") or not quote:
        start = at
        while at < len(header) and header[at] not in ";, \t":
            at += 1
        return header[start:at], at
    value = []
    at += 1
    while at < len(header) and header[at] != quote:
        if header[at] == "\\":
            at += 1
        value.append(header[at : at + 1])
        at += 1
    return "".join(value), at + 1


def _skipped(header: str, at: int, characters: str) -> int:
    while at < len(header) and header[at] in characters:
        at += 1
    return at
