"""The pagination types: each is a class that creates the request of the next page from a response.

fetch_endpoints.py detects loops, repeated pages and too many pages for all of them.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from etl_runtime.job.dataset_document import Pagination, PaginationType
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.redaction import excerpt
from etl_runtime.source.api.json_path import MISSING, value_at
from etl_runtime.source.api.next_page_detector import (
    CURSOR_HEADERS,
    link_with_relation,
    more_pages_flag,
    more_pages_hint,
    next_link,
)
from etl_runtime.source.api.request import ApiRequest, Response


class Paginator(ABC):
    """Creates the requests of the pages of one call."""

    counting_parameter: str | None = None
    """The parameter that counts records or pages. A source that does not know it returns the same page without end."""

    def first_request(self, request: ApiRequest) -> ApiRequest:
        return request

    @abstractmethod
    def next_request(self, response: Response) -> ApiRequest | None:
        """The request of the next page, None after the last page. Raises RunFailed if the response does not fit the "
        "pagination."""

    def unfollowed_hint(self, response: Response) -> str | None:
        """The part of the last response that indicates another page, None if nothing does."""
        return more_pages_flag(response)


class SinglePage(Paginator):
    """The first page is the only page, whatever the response contains."""

    def next_request(self, response: Response) -> ApiRequest | None:
        return None

    def unfollowed_hint(self, response: Response) -> str | None:
        return None


class JsonLink(Paginator):
    """{"items": […], "next": "https://api.example.org/items?page=2"}. On the last page, `next` is missing, null "
    "or empty."""

    def __init__(self, path: str | None = None) -> None:
        self._path = path

    def next_request(self, response: Response) -> ApiRequest | None:
        link = value_at(response.document, self._path) if self._path else next_link(response.document)
        if link is MISSING or not link:
            return None
        if not isinstance(link, str):
            raise RunFailed(
                ErrorCode.PAGINATION_INVALID,
                f"{self._path} is not a URL (found {excerpt(link)}). Set pagination.path to that of the next page's "
                "URL.",
            )
        return response.request.with_url(link, response.url)

    def unfollowed_hint(self, response: Response) -> str | None:
        return more_pages_flag(response) if self._path else more_pages_hint(response)


class HeaderLink(Paginator):
    """Link: <https://api.example.org/items?page=2>; rel="next" (RFC 8288)."""

    def next_request(self, response: Response) -> ApiRequest | None:
        link = link_with_relation(response.headers.get("link", ""), "next")
        return None if link is None else response.request.with_url(link, response.url)


@dataclass(frozen=True)
class PageSize:
    """The page size to request. None: the default of the source."""

    limit: int | None = None
    param: str = "limit"

    def add_to(self, request: ApiRequest) -> ApiRequest:
        return request if self.limit is None else request.with_parameter(self.param, self.limit)


class HeaderCursor(Paginator):
    """X-Next-Cursor: b7f3, which becomes a parameter of the next request. On the last page, the header is missing "
    "or empty."""

    def __init__(self, header: str, param: str, size: PageSize) -> None:
        self._header = header.lower()
        self._param = param
        self._size = size

    def first_request(self, request: ApiRequest) -> ApiRequest:
        return self._size.add_to(request)

    def next_request(self, response: Response) -> ApiRequest | None:
        cursor = response.headers.get(self._header, "").strip()
        return response.request.with_parameter(self._param, cursor) if cursor else None


class Cursor(Paginator):
    """{"items": […], "meta": {"next": "b7f3"}}, which becomes a parameter of the next request.

    On the last page, the cursor is missing, null, false or empty.
    """

    def __init__(self, path: str, param: str, size: PageSize) -> None:
        self._path = path
        self._param = param
        self._size = size

    def first_request(self, request: ApiRequest) -> ApiRequest:
        return self._size.add_to(request)

    def next_request(self, response: Response) -> ApiRequest | None:
        cursor = value_at(response.document, self._path)
        if cursor is MISSING or cursor in (None, "") or cursor is False:
            return None
        if isinstance(cursor, (dict, list)) or cursor is True:
            raise RunFailed(
                ErrorCode.PAGINATION_INVALID,
                f"{self._path} is not a cursor (found {excerpt(cursor)}). Set pagination.path to that of the cursor.",
            )
        return response.request.with_parameter(self._param, cursor)


class _Counting(Paginator):
    """A parameter that counts from `first`. `total` is the path of the total in the responses."""

    def __init__(self, param: str, first: int, size: PageSize, total: str | None) -> None:
        self.counting_parameter = self._param = param
        self._first = self._next = first
        self._size = size
        self._total = total

    def first_request(self, request: ApiRequest) -> ApiRequest:
        return self._size.add_to(request).with_parameter(self._param, self._first)


class Offset(_Counting):
    """?offset=200&limit=100: the parameter counts records. A page may have fewer records than requested.

    The last page is empty, or reaches the total.
    """

    def next_request(self, response: Response) -> ApiRequest | None:
        self._next += len(response.records)
        total = _total(response, self._total, "total_records")
        is_complete = total is not None and self._next - self._first >= total
        if not response.records and total is not None and not is_complete:
            raise RunFailed(
                ErrorCode.PAGINATION_INCOMPLETE,
                f"the page at {self._param} {self._next} is empty, but {self._total} is {total:,}. Run again later, "
                "and check whether the source limits the offset.",
                retryable=True,
            )
        if not response.records or is_complete:
            return None
        return response.request.with_parameter(self._param, self._next)


class PageNumber(_Counting):
    """?page=2: the parameter counts pages. The last page is empty, or reaches the total number of pages."""

    def next_request(self, response: Response) -> ApiRequest | None:
        self._next += 1
        total = _total(response, self._total, "total_pages")
        is_last = not response.records if total is None else self._next - self._first >= total
        return None if is_last else response.request.with_parameter(self._param, self._next)


class Auto(Paginator):
    """Uses the link in the first response, else the Link header, else a known cursor header, else a single page."""

    def __init__(self) -> None:
        self._detected: Paginator | None = None

    def next_request(self, response: Response) -> ApiRequest | None:
        if self._detected is None:
            self._detected = self._detect(response)
        return self._detected.next_request(response)

    def unfollowed_hint(self, response: Response) -> str | None:
        return more_pages_hint(response)

    def _detect(self, response: Response) -> Paginator:
        if next_link(response.document) is not None:
            return JsonLink()
        if link_with_relation(response.headers.get("link", ""), "next") is not None:
            return HeaderLink()
        for header, param in CURSOR_HEADERS.items():
            if response.headers.get(header.lower(), "").strip():
                return HeaderCursor(header, param, PageSize())
        return SinglePage()


def paginator_for(setting: PaginationType | Pagination) -> Paginator:
    """A new paginator for the `pagination` of an endpoint."""
    pagination: Pagination = {"type": setting} if isinstance(setting, str) else setting
    size = PageSize(pagination.get("limit"), pagination.get("limit_param", "limit"))
    match pagination["type"]:
        case "auto":
            return Auto()
        case "single":
            return SinglePage()
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


def _total(response: Response, path: str | None, key: str) -> int | None:
    """The total at the path. None if no path is set, or if the response has no content."""
    if path is None or response.document is None:
        return None
    total = value_at(response.document, path)
    if isinstance(total, str) and total.strip().isdecimal():
        total = int(total)
    if not isinstance(total, int) or isinstance(total, bool):
        problem = "is missing in the response" if total is MISSING else f"is not a number (found {excerpt(total)})"
        raise RunFailed(
            ErrorCode.PAGINATION_INVALID, f"{path} {problem}. Set pagination.{key} to the path of the total."
        )
    return total
