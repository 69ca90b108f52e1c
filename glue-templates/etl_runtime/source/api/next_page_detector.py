"""Detects whether a response indicates more pages. The signs are links, cursors, flags, totals, and a full page.

The names of keys and headers differ from API to API, but the words in them do not: `nextPageUri`,
`exceededTransferLimit`, `X-WP-TotalPages`. The contents of records are ignored.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Any

from etl_runtime.columns.json_values import Number
from etl_runtime.job.redaction import excerpt
from etl_runtime.source.api.envelope import METADATA, Member, envelope
from etl_runtime.source.api.link_header import link_with_relation
from etl_runtime.source.api.name_words import (
    CONTINUATIONS,
    CURRENT_PAGE,
    CURSORS,
    CUT_OFF,
    CUT_OFF_FILLERS,
    FILLERS,
    LAST,
    LAST_FILLERS,
    LIMIT_FILLERS,
    LIMITS,
    LINKS,
    MORE,
    NEXT_PAGE,
    NOUNS,
    OFFSET_FILLERS,
    OFFSETS,
    PAGING,
    TOTAL_FILLERS,
    TOTALS,
    words,
)
from etl_runtime.source.api.request import ApiRequest, Response

LINK_MEMBERS = ("href", "url", "uri", "link")
CURSOR_HEADERS = {
    "X-Next-Cursor": "cursor",
    "X-Next-Page": "page",
    "X-Next-Token": "token",
    "X-Ms-Continuationtoken": "continuationToken",
}
"""The headers whose cursor `auto` pagination follows, each with the request parameter that receives the cursor."""
LIMITED_HEADERS = frozenset(
    {"cache", "cost", "credit", "quota", "rate", "ratelimit", "limit", "limits", "time", "timing"}
)
"""Words in the names of headers whose counts do not describe the records."""
CONTENT_RANGE = re.compile(r"(?:[\w-]+[ =])?\d+-\d+/(\d+)")
"""Content-Range: items 0-4/23."""
NO_CURSORS = frozenset({"", "0", "-1", "nil", "none", "null"})
"""Cursor values that indicate that there is no next page."""
DATE = re.compile(r"\d{4}-\d\d-\d\d")
VENDOR_MAX_CHARACTERS = 3  # maximum length of the vendor in a header name, such as WP in X-WP-Total


@dataclass(frozen=True)
class Link:
    """The URL of the next page. A relative URL is appended to `base`, which is a URL in the same object."""

    url: str
    base: str | None = None


@dataclass(frozen=True)
class Hint:
    """A part of a response that indicates another page. `member` is None if this part is a header or the records."""

    text: str
    member: Member | None = None
    header: str | None = None


def next_link(document: Any, records_path: str | None = None) -> Link | None:
    """The URL of the next page in a response."""
    nouns = _nouns(records_path)
    for member in envelope(document, records_path):
        if isinstance(member.value, str) and is_link(member.value) and _is_link_name(member, nouns):
            base = next((value for key, value in member.siblings.items() if "base" in words(key)), None)
            return Link(member.value, base if isinstance(base, str) and is_link(base) else None)
        if isinstance(member.value, list) and (url := _link_in(member, nouns)):
            return Link(url)
    return None


class PageSigns:
    """Signs in a response that this page is the last one, or that more pages exist."""

    def __init__(self, response: Response) -> None:
        self.response = response
        self.nouns = _nouns(response.records_path)
        self.members = [*self._members(), *_header_members(response)]

    @cached_property
    def hint(self) -> Hint | None:
        """The part of the response that indicates another page, or None if no part does."""
        return self.flag or self.total_hint or next(chain(self.cursor_hints(), self._full_page_hints()), None)

    @cached_property
    def flag(self) -> Hint | None:
        """The flag that indicates more pages, such as `has_more`, or None if there is none."""
        for member in self.members:
            if _more_flag(member, self.nouns) is True or _last_flag(member, self.nouns) is False:
                return Hint(f"{member.path} is {json.dumps(member.value)}", member)
        for name, value in self.response.headers.items():
            if "more" in words(name) and words(name) <= MORE | FILLERS | NOUNS and _boolean(value):
                return Hint(f"{name} is {value}", header=name)
        return None

    @cached_property
    def is_marked_last(self) -> bool:
        """Whether a flag marks the page as the last one. Only flags of the response itself and of objects that describe
        pages are considered."""
        return not self.flag and any(each.parents <= METADATA | NEXT_PAGE for each in self._last_flags)

    @cached_property
    def _last_flags(self) -> list[Member]:
        """The flags that mark the end of a list, which may be the list of records or another list in the response."""
        return [
            each
            for each in self.members
            if (_more_flag(each, self.nouns) is False and not each.words & CUT_OFF)
            or (_last_flag(each, self.nouns) is True and each.words & {"end", "eof", "exhausted", "last"})
        ]

    @cached_property
    def total(self) -> int | None:
        """The total number of records. A bare `count` is ignored, because it can be the number of records on the
        page."""
        totals = (_total(each, self.nouns) for each in self.members if each.words - {"count"})
        return max((total for total in totals if total is not None), default=None)

    @property
    def total_member(self) -> Member | None:
        """The member with a total number of records that has not been reached yet, or None if there is none."""
        return next((each for each in self.members if (_total(each, self.nouns) or 0) > self._received), None)

    @property
    def page_count_member(self) -> Member | None:
        return next((each for each in self.members if _page_count(each) is not None), None)

    @property
    def page_count_header(self) -> str | None:
        return next((name for name in self.response.headers if _header_counts(name)[1]), None)

    @cached_property
    def total_hint(self) -> Hint | None:
        """The part of the response with a total number of records or pages that has not been reached yet, or None if
        there is none."""
        received, is_first_page = self._received, self.response.records_so_far == len(self.response.records)
        for member in self.members:
            total = _total(member, self.nouns)
            if total is not None and total > received and not (member.words == {"count"} and self._is_limit(total)):
                return Hint(f"{member.path} is {total:,}, {received:,} records received", member)
        for member in self.members:
            if is_first_page and (pages := _page_count(member)) is not None and pages > 1:
                return Hint(f"{member.path} is {pages:,}", member)
        return next(self._header_totals(is_first_page), None)

    def cursor_hints(self) -> Iterator[Hint]:
        """Yield the cursors and links that pagination does not follow. Yields nothing if another sign marks the page as
        the last one."""
        is_last = self.is_marked_last or self._is_total_reached
        complete = [each.siblings for each in self._last_flags]
        members = [each for each in self.members if not any(each.siblings is other for other in complete)]
        for member in members if not is_last else ():
            is_cursor = _is_cursor_name(member, self.nouns) and _is_cursor(member)
            if (is_cursor or _is_more_link(member, self.nouns)) and not self._is_sent(member):
                yield Hint(f"{member.path} is {excerpt(member.value)}", member)
        for member in members if not is_last and not self._has_null_next else ():
            if (_is_weak_cursor(member) or self._is_counting_cursor(member)) and not self._is_sent(member):
                yield Hint(f"{member.path} is {excerpt(member.value)}", member)
        for name, value in self.response.headers.items() if not is_last else ():
            if _is_cursor_header(name) and value.strip():
                yield Hint(f"{name} is {excerpt(value)}", header=name)

    def _is_counting_cursor(self, member: Member) -> bool:
        """Whether a member is a number that marks the start of the next page, rather than the start of this page."""
        place, name = number_in(member.value), member.words - FILLERS
        if not place or (self.total == self._received and not self._is_limit(self._received)):
            return False
        if name == {"offset"}:
            return place == self._received == len(self.response.records) > 1
        return bool(name & CONTINUATIONS) and name <= CONTINUATIONS | PAGING | {"position"}

    def _full_page_hints(self) -> Iterator[Hint]:
        """Yield a hint if the page has exactly as many records as requested and no other sign marks it as the last
        page."""
        count = len(self.response.records)
        has_end = self.is_marked_last or self._has_null_next or self.total == count or self._has_other_links
        if has_end or count < 2 or count != self.response.records_so_far or self.response.is_single_record:
            return
        for name, value in self.response.request.parameters():
            if _is_sent_limit(words(name)) and number_in(value) == count:
                yield Hint(f"the page has all {count:,} records that {name} allows")

    @property
    def _received(self) -> int:
        """The number of records received so far. If the response is one record, the length of its longest list."""
        if not self.response.is_single_record:
            return self.response.records_so_far
        values = (each.value for each in self.members)
        return max((len(each) for each in values if isinstance(each, list)), default=self.response.records_so_far)

    @property
    def _is_total_reached(self) -> bool:
        """Whether an unambiguous total has been reached. A bare `total` or `count` can be the number of records on the
        page."""
        totals = [_total(each, self.nouns) for each in self.members if each.words - {"count", "total"}]
        return self._received in totals

    @property
    def _has_null_next(self) -> bool:
        return any(
            _is_cursor_name(each, self.nouns) and (each.value is None or each.value in ("", False))
            for each in self.members
        )

    @property
    def _has_other_links(self) -> bool:
        """Whether the Link header of the response links to other pages, such as the first or the last one."""
        header = self.response.headers.get("link", "")
        return any(link_with_relation(header, relation) for relation in ("first", "last", "prev", "previous"))

    def _is_sent(self, member: Member) -> bool:
        """Whether the request already contains the cursor. Such a cursor does not lead to another page."""
        name = member.words - {"next"}
        sent = ((words(key), value) for key, value in self.response.request.parameters())
        return any(str(value) == str(member.value) and key and key & name for key, value in sent)

    def _is_limit(self, number: int) -> bool:
        """Whether the number is the page size of the request or of the response."""
        sent = ((words(name), value) for name, value in self.response.request.parameters())
        stated = ((each.words, each.value) for each in self.members)
        return any(
            (is_limit_name(name) or name == {"count"} and is_sent) and number_in(value) == number
            for pairs, is_sent in ((sent, True), (stated, False))
            for name, value in pairs
        )

    def _header_totals(self, is_first_page: bool) -> Iterator[Hint]:
        received = self.response.records_so_far
        for name, value in self.response.headers.items():
            number, is_total, is_page_count = number_in(value), *_header_counts(name)
            if name == "content-range" and (found := CONTENT_RANGE.fullmatch(value.strip())):
                number, is_total = int(found[1]), True
            if number is None:
                continue
            if (is_total and number > received) or (is_page_count and number > 1 and is_first_page):
                yield Hint(f"{name} is {number:,}", header=name)

    def _members(self) -> Iterable[Member]:
        """The members of the envelope. If the document itself is the only record, its keys are data. In this case, only
        the members that always refer to pagination, and the members of objects with several pagination numbers, are
        returned."""
        members = list(envelope(self.response.envelope_document, self.response.records_path))
        if not self.response.is_single_record:
            return [each for each in members if not each.is_echo]
        objects = {id(each.siblings): each.siblings for each in members}
        required_kinds = 2 if any(isinstance(each.value, list) for each in members) else 3
        pages = {name for name, siblings in objects.items() if len(_paging_kinds(siblings)) >= required_kinds}
        return [each for each in members if id(each.siblings) in pages or _is_always_paging(each)]


def requested_page_size(request: ApiRequest) -> int | None:
    """The page size in the parameters of a request, or None if they contain none."""
    sizes = (number_in(value) for name, value in request.parameters() if _is_sent_limit(words(name)))
    return next((size for size in sizes if size is not None), None)


def _is_sent_limit(name: frozenset[str]) -> bool:
    return is_limit_name(name) or name in ({"count"}, {"num"})


def is_limit_name(name: frozenset[str]) -> bool:
    """Whether a name with these words stands for a page size, such as `per_page`, `maxResults` or `$top`."""
    is_limit = bool(name & LIMITS) or ("max" in name and bool(name & (NOUNS | {"ret", "count"})))
    return is_limit and name <= LIMITS | LIMIT_FILLERS | NOUNS | FILLERS


def is_offset_name(name: frozenset[str]) -> bool:
    """Whether a name with these words stands for an offset, such as `startAt` or `$skip`."""
    return bool(name & OFFSETS) and name <= OFFSETS | OFFSET_FILLERS | NOUNS | FILLERS


def is_page_number(member: Member) -> bool:
    """Whether a member is the number of the current page, such as `currentPage`."""
    name = member.words | (member.parents & {"page"} if member.words & {"number", "num"} else frozenset())
    return "page" in name and name <= CURRENT_PAGE | FILLERS and number_in(member.value) is not None


def _nouns(records_path: str | None) -> frozenset[str]:
    """The usual words for records, and the words in the name of the list of records."""
    own = words(records_path.rpartition(".")[2]) if records_path else frozenset()
    return NOUNS | own | {f"{each}s" for each in own} | {each.removesuffix("s") for each in own}


def _is_link_name(member: Member, nouns: frozenset[str]) -> bool:
    return "next" in member.words and member.words <= FILLERS | LINKS | PAGING | nouns | {"next"}


def _is_more_link(member: Member, nouns: frozenset[str]) -> bool:
    """Whether a member is a link to more records, such as `load_more_url`."""
    is_name = "more" in member.words and member.words <= MORE | LINKS | FILLERS | nouns | {"load"}
    return is_name and isinstance(member.value, str) and is_link(member.value)


def _is_cursor_name(member: Member, nouns: frozenset[str]) -> bool:
    if "continue" in member.words and "continue" not in words(member.key):
        return True  # {"continue": {"sroffset": 10}}
    return "next" in member.words and member.words <= NEXT_PAGE | nouns


def _is_cursor(member: Member) -> bool:
    """Whether the value of a member that has the name of a cursor is a cursor."""
    value = member.value
    if isinstance(value, (bool, Number)) or not isinstance(value, (str, int)):
        return False
    text = str(value).strip()
    if DATE.match(text) and member.words & {"at", "start"}:
        return False  # the date of the next event
    return text.lower() not in NO_CURSORS


def _is_weak_cursor(member: Member) -> bool:
    """Whether a member is a non-numeric cursor even though its name does not contain `next`."""
    name, value = member.words - FILLERS, member.value
    if name >= {"evaluated", "last"}:
        return bool(value)
    if not isinstance(value, str) or isinstance(value, Number):
        return False
    if value.strip().isdecimal() and "end" not in name:
        return False
    if value.strip().lower() in NO_CURSORS:
        return False
    if not name <= CURSORS | PAGING | {"continue", "end", "response"}:
        return False
    if name == {"after"} or name == {"after", "cursor"}:
        return not member.siblings.get(member.key.replace("after", "before"))  # the bounds of the page
    if name & CONTINUATIONS or name == {"offset"}:
        return "start" not in name
    return "token" in name and bool(name & {"page", "pagination", "skip"})


def _more_flag(member: Member, nouns: frozenset[str]) -> bool | None:
    """Whether the member is a flag that indicates more pages. Returns None if it is not such a flag."""
    flag = _boolean(member.value)
    if member.words & CUT_OFF and member.words <= CUT_OFF | CUT_OFF_FILLERS | FILLERS | nouns:
        return flag
    if member.words == {"continue"}:
        return flag
    if not member.words & {"more", "next", "remaining"} or not member.words <= MORE | FILLERS | nouns:
        return None
    if "remaining" in member.words and not member.words & (nouns | {"page", "pages"}):
        return None
    number = number_in(member.value) if member.words & {"more", "remaining"} else None
    return flag if number is None else number > 0


def _last_flag(member: Member, nouns: frozenset[str]) -> bool | None:
    """Whether the member is a flag that marks the last page. Returns None if it is not such a flag."""
    is_name = member.words & LAST and member.words <= LAST | LAST_FILLERS | FILLERS | nouns
    return _boolean(member.value) if is_name else None


def _total(member: Member, nouns: frozenset[str]) -> int | None:
    """The total number of records, or None if the member is not a total."""
    name = member.words
    is_counted = name & {"available", "nb", "num", "number"} and any(each.endswith("s") for each in name & nouns)
    if not (name & TOTALS or is_counted) or not name <= TOTALS | TOTAL_FILLERS | FILLERS | nouns:
        return None
    return number_in(member.value)


def _page_count(member: Member) -> int | None:
    """The number of pages, or None if the member does not contain it."""
    name = member.words - FILLERS
    is_count = "pages" in name or ("page" in name and bool(name & {"count", "last", "max", "total"}))
    known = {"all", "available", "count", "last", "max", "nb", "num", "number", "page", "pages", "total"}
    return number_in(member.value) if is_count and name <= known else None


def _paging_kinds(siblings: Mapping[str, Any]) -> set[str]:
    """The kinds of pagination numbers in an object, such as a page size or a total. Returns an empty set if none
    of them is the position of the page."""
    kinds = set()
    for key, value in siblings.items():
        member = Member(key, key, words(key), value, frozenset(), siblings)
        if number_in(value) is None:
            continue
        if is_offset_name(member.words) or is_page_number(member):
            kinds.add("position")
        elif is_limit_name(member.words):
            kinds.add("limit")
        elif _total(member, NOUNS) is not None:
            kinds.add("total")
        elif _page_count(member) is not None:
            kinds.add("pages")
    return kinds if "position" in kinds else set()


def _is_always_paging(member: Member) -> bool:
    """Whether a member refers to pagination even if the object that contains it is a record."""
    name = member.words
    return bool(
        ("next" in name and name & {"cursor", "token", "mark", "marker"})
        or name == {"cursor", "end"}
        or ("has" in name and name & {"more", "next"})
        or name == {"more"}
        or name & CUT_OFF
        or member.key.startswith("@odata.next")
    )


def _header_members(response: Response) -> Iterator[Member]:
    """The members of JSON objects in headers, as in X-Pagination: {"TotalCount": 23}."""
    for name, value in response.headers.items():
        if words(name) & (PAGING | TOTALS | {"cursor", "next"}) and value.startswith("{"):
            try:
                document = json.loads(value)
            except ValueError:
                continue
            for member in envelope(document, None):
                yield replace(member, path=f"{name}: {member.path}", is_in_header=True)


def _header_counts(name: str) -> tuple[bool, bool]:
    """Whether the name of a header refers to a total number of records, and whether it refers to a number of pages."""
    found = words(name)
    is_page_count = "pages" in found or ("page" in found and bool(found & {"count", "total"}))
    others = found - TOTALS - TOTAL_FILLERS - FILLERS - NOUNS - PAGING
    is_known = not others or (len(others) == 1 and len(next(iter(others))) <= VENDOR_MAX_CHARACTERS)
    is_known = is_known or len(found & (TOTALS | NOUNS)) > 1
    if found & LIMITED_HEADERS or not is_known:
        return False, False
    return bool(found & TOTALS) and not is_page_count and "page" not in found, is_page_count and "per" not in found


def _is_cursor_header(name: str) -> bool:
    found = words(name)
    is_cursor = "next" in found or bool(found & {"continuation", "cursor", "continuationtoken"})
    others = {each for each in found - NEXT_PAGE if len(each) > VENDOR_MAX_CHARACTERS}
    return is_cursor and not others


def _link_in(member: Member, nouns: frozenset[str]) -> str | None:
    """The URL of the next page in a list: "links": [{"rel": "next", "href": …}], or "next": [{"href": …}]."""
    is_next_list, is_link_list = _is_link_name(member, nouns), bool(words(member.key) & {"link", "links"})
    for each in member.value if is_next_list or is_link_list else []:
        link = {str(key).lower(): value for key, value in each.items()} if isinstance(each, dict) else {}
        if is_next_list or _is_next(link.get("rel", link.get("relation"))):
            return next((link[name] for name in LINK_MEMBERS if isinstance(link.get(name), str)), None)
    return None


def _is_next(relation: Any) -> bool:
    relations = relation if isinstance(relation, list) else [relation]
    return any(isinstance(each, str) and each.lower() == "next" for each in relations)


def is_link(text: str) -> bool:
    """Whether the text is a URL or part of one. The value of `next` may be a cursor instead."""
    return bool(re.match(r"https?://|/|\?|\./", text.strip()))


def _boolean(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    text = value.strip().lower() if isinstance(value, str) else ""
    return {"true": True, "false": False, "yes": True, "no": False, "y": True, "n": False}.get(text)


def number_in(value: Any) -> int | None:
    """The value as a whole number, even if it is text. Returns None if it is not a whole number."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    text = str(value).strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
