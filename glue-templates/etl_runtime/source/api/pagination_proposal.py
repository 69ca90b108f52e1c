"""Proposes the `pagination` of an endpoint from a response that indicates more pages."""

import re

from etl_runtime.job.dataset_document import Pagination
from etl_runtime.source.api.envelope import Member, envelope
from etl_runtime.source.api.name_words import LINKS, words
from etl_runtime.source.api.next_page_detector import (
    Hint,
    PageSigns,
    is_limit_name,
    is_link,
    is_offset_name,
    is_page_number,
    number_in,
)
from etl_runtime.source.api.request import Response

OFFSET_OF_LIMIT = {"$limit": "$offset", "$top": "$skip", "top": "skip", "take": "skip", "rows": "start", "size": "from"}
"""The usual offset parameter, keyed by the page size parameter that it is used with."""


def proposed_pagination(response: Response, hint: Hint) -> Pagination:
    """The most likely pagination. Its parameter is a guess if neither the request nor the response contains it."""
    signs = PageSigns(response)
    cursor = next(signs.cursor_hints(), None)
    if cursor and cursor.header:
        return {"type": "header_cursor", "header": cursor.header, "param": _header_parameter(cursor.header)}
    if cursor and cursor.member and not cursor.member.is_in_header:
        member = cursor.member
        if isinstance(member.value, str) and member.words & LINKS and is_link(member.value):
            return {"type": "json_link", "path": member.path}
        return {"type": "cursor", "path": member.path, "param": _in_body(response, _cursor_parameter(response, member))}
    return _counting(response, signs)


def _counting(response: Response, signs: PageSigns) -> Pagination:
    """Propose pagination by offset or page number, or by the last record's ID if the response contains no position."""
    total, page_count = signs.total_member, signs.page_count_member
    total_path = {} if total is None or total.is_in_header else {"total_records": total.path}
    pages_path = {} if page_count is None or page_count.is_in_header else {"total_pages": page_count.path}
    numbers = [each for each in _members(response, signs) if number_in(each.value) is not None]
    page = next((each for each in numbers if is_page_number(each)), None)
    offset = next((each for each in numbers if is_offset_name(each.words)), None)
    limits = [name for name, _ in response.request.parameters() if is_limit_name(words(name))]
    if offset and not page:
        first = number_in(offset.value) or 0
        pagination: Pagination = {"type": "offset", "param": _in_body(response, offset.key)}
        return {**pagination, **({"first": first} if first else {}), **total_path}  # type: ignore[typeddict-item]
    if page or page_count or signs.page_count_header or any(words(name) >= {"page"} for name in limits):
        key = "page" if page is None else re.sub(r"(?i)^current[_-]?|[_-]?(number|index|num|no)$", "", page.key)
        pagination = {"type": "page_number", "param": _in_body(response, key[:1].lower() + key[1:] or "page")}
        first = 1 if page is None else number_in(page.value) or 0
        return {**pagination, **({"first": first} if first != 1 else {}), **pages_path}  # type: ignore[typeddict-item]
    has_ids = bool(response.records) and isinstance(response.records[-1], dict) and "id" in response.records[-1]
    if not total and not limits and has_ids and signs.flag and signs.flag.member and "more" in signs.flag.member.words:
        return {"type": "record_cursor", "path": "id", "param": _in_body(response, "starting_after")}
    param = next((OFFSET_OF_LIMIT[name] for name in limits if name in OFFSET_OF_LIMIT), "offset")
    if total and total.key.startswith("@odata"):
        param = "$skip"
    return {"type": "offset", "param": _in_body(response, param), **total_path}  # type: ignore[typeddict-item]


def _cursor_parameter(response: Response, cursor: Member) -> str:
    """The name of the parameter that receives a cursor. The name is taken from the request, or from request parameters
    that the response repeats. If neither contains the parameter, the name of the cursor without `next` is used."""
    name = cursor.words - {"next", "continue"}
    for key, _ in response.request.parameters():
        if words(key) == name:
            return key.rpartition(".")[2]
    for member in envelope(response.envelope_document, response.records_path):
        if member.is_echo and member.words == name:
            return member.key
    key = cursor.key.strip("_")
    if cursor.words & {"next"} and "next" in words(key):
        key = re.sub(r"(?i)next[_-]?|[_-]?next$", "", key, count=1)
        key = key if cursor.key[:1].isupper() else key[:1].lower() + key[1:]
    if re.fullmatch(r"(?i)end[_-]?cursor|after[_-]?cursor", key):
        return "after"
    return key or ("page" if isinstance(cursor.value, int) else "cursor")


def _header_parameter(header: str) -> str:
    return re.sub(r"(?i)^(x-)?(.*-)?next-", "", header).lower().removeprefix("x-").replace("-", "_")


def _in_body(response: Response, parameter: str) -> str:
    """The path of a parameter in the request body. In GraphQL, parameters are under `variables`."""
    body = response.request.body
    return f"variables.{parameter}" if body is not None and "query" in body else parameter


def _members(response: Response, signs: PageSigns) -> list[Member]:
    return [
        *envelope(response.envelope_document, response.records_path),
        *(each for each in signs.members if each.is_in_header),
    ]
