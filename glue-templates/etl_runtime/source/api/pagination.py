"""How the pages of an API follow each other: which call comes behind an answer.

Each way is a small class. What is the same for all of them (loops, pages that come twice, too many pages) is watched where they are
used, in api.py.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from etl_runtime.job.dataset_document import Pagination, PaginationType
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.redaction import excerpt
from etl_runtime.source.api.json_path import MISSING, value_at
from etl_runtime.source.api.next_page_detector import CURSOR_HEADERS, flags_more, linked, next_link, says_more
from etl_runtime.source.api.request import Answer, Call


class Pages(ABC):
    """The way through the pages of one call."""

    counter: str | None = None
    """The parameter that counts records or pages: a source that does not know it answers the same page for ever."""

    def first(self, call: Call) -> Call:
        return call

    @abstractmethod
    def following(self, answer: Answer) -> Call | None:
        """The call of the page behind this one, None behind the last. Raises RunFailed where the answer is not what the way asks for."""

    def unfollowed(self, answer: Answer) -> str | None:
        """What in the last answer says that it is not the last, where something does in so many words."""
        return flags_more(answer)


class Single(Pages):
    """The one answer is all, whatever it says."""

    def following(self, answer: Answer) -> Call | None:
        return None

    def unfollowed(self, answer: Answer) -> str | None:
        return None


class JsonLink(Pages):
    """{"items": […], "next": "https://api.example.org/items?page=2"}, and no next, null or an empty text on the last page."""

    def __init__(self, path: str | None = None) -> None:
        self._path = path

    def following(self, answer: Answer) -> Call | None:
        link = value_at(answer.document, self._path) if self._path else next_link(answer.document)
        if link is MISSING or not link:
            return None
        if not isinstance(link, str):
            raise RunFailed(
                f"{self._path} is no address but {excerpt(link)}. Declare pagination.path as it is in the answers."
            )
        return answer.call.at(link, answer.url)

    def unfollowed(self, answer: Answer) -> str | None:
        return flags_more(answer) if self._path else says_more(answer)


class HeaderLink(Pages):
    """Link: <https://api.example.org/items?page=2>; rel="next" (RFC 8288)."""

    def following(self, answer: Answer) -> Call | None:
        link = linked(answer.headers.get("link", ""), "next")
        return None if link is None else answer.call.at(link, answer.url)


@dataclass(frozen=True)
class PageSize:
    """How many records a page is asked to have; None leaves that to the source."""

    limit: int | None = None
    param: str = "limit"

    def asked_by(self, call: Call) -> Call:
        return call if self.limit is None else call.asking(self.param, self.limit)


class HeaderCursor(Pages):
    """X-Next-Cursor: b7f3, which the next request names. No header, or an empty one, on the last page."""

    def __init__(self, header: str, param: str, size: PageSize) -> None:
        self._header = header.lower()
        self._param = param
        self._size = size

    def first(self, call: Call) -> Call:
        return self._size.asked_by(call)

    def following(self, answer: Answer) -> Call | None:
        cursor = answer.headers.get(self._header, "").strip()
        return answer.call.asking(self._param, cursor) if cursor else None


class Cursor(Pages):
    """{"items": […], "meta": {"next": "b7f3"}}, which the next request names. No cursor, null or an empty text on the last page."""

    def __init__(self, path: str, param: str, size: PageSize) -> None:
        self._path = path
        self._param = param
        self._size = size

    def first(self, call: Call) -> Call:
        return self._size.asked_by(call)

    def following(self, answer: Answer) -> Call | None:
        cursor = value_at(answer.document, self._path)
        if cursor is MISSING or cursor in (None, "") or cursor is False:
            return None
        if isinstance(cursor, (dict, list)) or cursor is True:
            raise RunFailed(
                f"{self._path} is no cursor but {excerpt(cursor)}. Declare pagination.path as it is in the answers."
            )
        return answer.call.asking(self._param, cursor)


class Counted(Pages):
    """Requests that count, from `first` on. `total` is where the answers have how far."""

    def __init__(self, param: str, first: int, size: PageSize, total: str | None) -> None:
        self.counter = self._param = param
        self._first = self._next = first
        self._size = size
        self._total = total

    def first(self, call: Call) -> Call:
        return self._size.asked_by(call).asking(self._param, self._first)


class Offset(Counted):
    """?offset=200&limit=100: requests count records. A page may have fewer than were asked for; the last one is empty, or at the total."""

    def following(self, answer: Answer) -> Call | None:
        self._next += answer.records
        total = _count(answer, self._total, "total_records")
        if not answer.records:
            if total is not None and self._next - self._first < total:
                raise RunFailed(
                    f"the page at {self._param} {self._next} is empty, but {self._total} says that there are {total:,} records. "
                    "Run again later; is there a limit to how far the source can be read?",
                    retryable=True,
                )
            return None
        if total is not None and self._next - self._first >= total:
            return None
        return answer.call.asking(self._param, self._next)


class PageNumber(Counted):
    """?page=2: requests count pages. The last one is empty, or the one that the answers name."""

    def following(self, answer: Answer) -> Call | None:
        self._next += 1
        total = _count(answer, self._total, "total_pages")
        ended = not answer.records if total is None else self._next - self._first >= total
        return None if ended else answer.call.asking(self._param, self._next)


class Auto(Pages):
    """A link in the answer, a link in a header, or a cursor in a header, by what the first answer has; else one page."""

    def __init__(self) -> None:
        self._way: Pages | None = None

    def following(self, answer: Answer) -> Call | None:
        if self._way is None:
            self._way = self._recognised(answer)
        return self._way.following(answer)

    def unfollowed(self, answer: Answer) -> str | None:
        return says_more(answer)

    def _recognised(self, answer: Answer) -> Pages:
        if next_link(answer.document) is not None:
            return JsonLink()
        if linked(answer.headers.get("link", ""), "next") is not None:
            return HeaderLink()
        for header, param in CURSOR_HEADERS.items():
            if answer.headers.get(header.lower(), "").strip():
                return HeaderCursor(header, param, PageSize())
        return Single()


def pages_of(declared: PaginationType | Pagination) -> Pages:
    """The way that an endpoint declares."""
    pagination: Pagination = {"type": declared} if isinstance(declared, str) else declared
    size = PageSize(pagination.get("limit"), pagination.get("limit_param", "limit"))
    match pagination["type"]:
        case "auto":
            return Auto()
        case "single":
            return Single()
        case "json_link":
            return JsonLink(pagination.get("path"))
        case "header_link":
            return HeaderLink()
        case "header_cursor":
            return HeaderCursor(pagination["header"], pagination.get("param", "cursor"), size)
        case "cursor":
            return Cursor(pagination["path"], pagination.get("param", "cursor"), size)
        case "offset":
            return Offset(
                pagination.get("param", "offset"), pagination.get("first", 0), size, pagination.get("total_records")
            )
        case "page_number":
            return PageNumber(
                pagination.get("param", "page"), pagination.get("first", 1), size, pagination.get("total_pages")
            )


def _count(answer: Answer, path: str | None, key: str) -> int | None:
    """The total at the path; None where none is declared, or the answer has no content."""
    if path is None or answer.document is None:
        return None
    count = value_at(answer.document, path)
    if isinstance(count, str) and count.strip().isdecimal():
        count = int(count)
    if not isinstance(count, int) or isinstance(count, bool):
        what = "is missing" if count is MISSING else f"is no number but {excerpt(count)}"
        raise RunFailed(f"{path} {what}. Declare pagination.{key} as it is in the answers.")
    return count
