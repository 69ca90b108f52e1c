"""The pagination types. Each type is a class that creates the request for the next page from a response.

page_checks.py detects loops, repeated pages and too many pages for all pagination types.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from etl_runtime.job.dataset_document import Pagination, PaginationType
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.redaction import excerpt
from etl_runtime.source.api.json_path import MISSING, value_at
from etl_runtime.source.api.link_header import link_with_relation
from etl_runtime.source.api.next_page_detector import (
    CURSOR_HEADERS,
    NO_CURSORS,
    Hint,
    Link,
    PageSigns,
    next_link,
    requested_page_size,
)
from etl_runtime.source.api.request import ApiRequest, Response, is_absolute_url


class Paginator(ABC):
    """Creates the requests for the pages of one call."""

    counting_parameter: str | None = None
    """The parameter that counts records or pages. A source that ignores the parameter always returns the same page."""
    can_repeat_requests = False
    """Whether identical requests return different pages, because the server tracks the position."""

    def first_request(self, request: ApiRequest) -> ApiRequest:
        return request

    def repeated_records(self, records: list[Any]) -> int:
        """The number of records at the start of a page that were already on the previous page."""
        return 0

    @abstractmethod
    def next_request(self, response: Response) -> ApiRequest | None:
        """Return the request for the next page, or None after the last page. Raises RunFailed if the response does not
        fit the pagination."""

    def unfollowed_hint(self, response: Response) -> Hint | None:
        """The part of the last response that indicates another page, or None if no part does."""
        return PageSigns(response).flag


class SinglePage(Paginator):
    """The first page is the only page, whatever the response contains."""

    def next_request(self, response: Response) -> ApiRequest | None:
        return None

    def unfollowed_hint(self, response: Response) -> Hint | None:
        return None


class JsonLink(Paginator):
    """Follows a link in the body: {"items": […], "next": "https://api.example.org/items?page=2"}.

    On the last page, `next` is missing, null or empty, or a flag says that there are no more pages. A relative link is
    appended to `base`, which is a URL or the path of a response field that contains a URL.
    """

    def __init__(self, path: str | None = None, base: str | None = None) -> None:
        self._path = path
        self._base = base

    def next_request(self, response: Response) -> ApiRequest | None:
        link = self._link(response)
        if link is None or PageSigns(response).is_marked_last:
            return None
        url = link.url if link.base is None else _appended(link.base, link.url)
        return response.request.with_url(url, response.url)

    def unfollowed_hint(self, response: Response) -> Hint | None:
        signs = PageSigns(response)
        return signs.flag if self._path else signs.hint

    def _link(self, response: Response) -> Link | None:
        if self._path is None:
            return next_link(response.envelope_document, response.records_path)
        url = value_at(response.document, self._path)
        if url is MISSING or not url:
            return None
        if not isinstance(url, str):
            raise RunFailed(
                ErrorCode.PAGINATION_INVALID,
                f"{self._path} is not a URL (found {excerpt(url)}). Set pagination.path to the path of the next "
                "page's URL.",
            )
        return Link(url, self._base_url(response))

    def _base_url(self, response: Response) -> str | None:
        if self._base is None or is_absolute_url(self._base):
            return self._base
        base = value_at(response.document, self._base)
        if not isinstance(base, str) or not base.strip():
            raise RunFailed(
                ErrorCode.PAGINATION_INVALID,
                f"{self._base} {_problem(base, 'a URL')}. Set pagination.base to the URL that the link is relative "
                "to, or to the path of the response field that contains this URL.",
            )
        return base


class HeaderLink(Paginator):
    """Follows the Link header (RFC 8288): Link: <https://api.example.org/items?page=2>; rel="next"."""

    def next_request(self, response: Response) -> ApiRequest | None:
        link = link_with_relation(response.headers.get("link", ""), "next")
        return None if link is None else response.request.with_url(link, response.url)


@dataclass(frozen=True)
class PageSize:
    """The page size to request. If it is None, the source uses its default."""

    limit: int | None = None
    param: str = "limit"

    def add_to(self, request: ApiRequest) -> ApiRequest:
        return request if self.limit is None else request.with_parameter(self.param, self.limit)


class HeaderCursor(Paginator):
    """Follows a cursor in a header, such as X-Next-Cursor: b7f3. The cursor becomes a parameter of the next request.

    On the last page, the header is missing or empty.
    """

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
    """Follows a cursor in the body: {"items": […], "meta": {"next": "b7f3"}}.

    The cursor becomes a parameter of the next request. On the last page, the cursor is missing, null, false, empty,
    `nil`, 0 or -1, or a flag says that there are no more pages.

    With `url`, all pages after the first are requested from this URL with `body`. The server then tracks the position,
    as in the Elasticsearch scroll API. The cursor may stay the same, and an empty page is the last one.
    """

    def __init__(
        self, path: str, param: str, size: PageSize, url: str | None = None, body: Mapping[str, Any] | None = None
    ) -> None:
        self._path = path
        self._param = param
        self._size = size
        self._url = url
        self._body = body
        self.can_repeat_requests = url is not None

    def first_request(self, request: ApiRequest) -> ApiRequest:
        return self._size.add_to(request)

    def next_request(self, response: Response) -> ApiRequest | None:
        cursor, signs = value_at(response.document, self._path), PageSigns(response)
        if cursor is MISSING or _is_no_cursor(cursor) or signs.is_marked_last:
            return None
        if self._url is not None and not response.records and not signs.flag:
            return None
        request = self._next_page(response.request)
        if isinstance(cursor, dict) or cursor is True or (isinstance(cursor, list) and request.body is None):
            raise RunFailed(
                ErrorCode.PAGINATION_INVALID,
                f"{self._path} is not a cursor (found {excerpt(cursor)}). Set pagination.path to the path of the "
                "cursor.",
            )
        return request.with_parameter(self._param, cursor)

    def _next_page(self, request: ApiRequest) -> ApiRequest:
        if self._url is None:
            return request
        body: Mapping[str, Any] | None = self._body
        if body is None and request.body is not None:
            body = {}
        return ApiRequest(self._url, body)


class RecordCursor(Paginator):
    """Uses a field of the last record on a page as the cursor of the next request: ?starting_after=ch_7.

    The last page is empty, or a flag says that there are no more pages. If the parameter is `inclusive`, a page starts
    with the last records of the previous page, which are skipped.
    """

    def __init__(self, path: str, param: str, size: PageSize, *, is_inclusive: bool) -> None:
        self._path = path
        self.counting_parameter = self._param = param
        self._size = size
        self._is_inclusive = is_inclusive
        self._value: Any = MISSING  # the cursor of this page
        self._boundary: list[Any] = []  # the earlier records whose field has the value of this cursor
        self._largest_page = 0
        self._has_pages_of_one = False  # whether the requested page size is 1

    def first_request(self, request: ApiRequest) -> ApiRequest:
        first = self._size.add_to(request)
        self._has_pages_of_one = self._size.limit == 1 or requested_page_size(first) == 1
        return first

    def repeated_records(self, records: list[Any]) -> int:
        if not self._is_inclusive:
            return 0
        boundary, count = list(self._boundary), 0
        while count < len(records) and (record := records[count]) in boundary:
            boundary.remove(record)
            count += 1
        # If the only record of a page repeats, it is the last record overall. With a page size of 1, however, the other
        # records with this cursor value would never be returned.
        if count and count == len(records) >= self._largest_page and (count > 1 or self._has_pages_of_one):
            raise RunFailed(
                ErrorCode.PAGINATION_LOOP,
                f"all {count:,} records of the page were on the previous page: they have the same {self._path}. "
                "Request larger pages with pagination.limit.",
            )
        self._largest_page = max(self._largest_page, len(records))
        return count

    def next_request(self, response: Response) -> ApiRequest | None:
        if not response.records or PageSigns(response).is_marked_last:
            return None
        value = self._cursor(response.records[-1], response.request)
        shared = [each for each in response.records if value_at(each, self._path) == value]
        if len(shared) > 1 and not self._is_inclusive:
            raise RunFailed(
                ErrorCode.PAGINATION_INVALID,
                f"the last {len(shared):,} records have the same {self._path} ({excerpt(value)}), so the next page may "
                "omit further records with this value. Set pagination.path to a field that differs in each record.",
            )
        if value != self._value:
            self._boundary = []
        self._value, self._boundary = value, [*self._boundary, *shared]
        return response.request.with_parameter(self._param, value)

    def _cursor(self, record: Any, request: ApiRequest) -> Any:
        value = value_at(record, self._path)
        is_list = isinstance(value, list) and value and request.body is not None
        if is_list or (isinstance(value, (str, int)) and not isinstance(value, bool) and value != ""):
            return value
        raise RunFailed(
            ErrorCode.PAGINATION_INVALID,
            f"the last record: {self._path} {_problem(value, 'a cursor', 'the record')}. Set pagination.path to the "
            "path of the cursor in a record.",
        )


class _Counting(Paginator):
    """Increments a parameter, starting at `first`. `total` is the path of the total in the responses."""

    def __init__(self, param: str, first: int, size: PageSize, total: str | None) -> None:
        self.counting_parameter = self._param = param
        self._first = self._next = first
        self._size = size
        self._total = total

    def first_request(self, request: ApiRequest) -> ApiRequest:
        return self._size.add_to(request).with_parameter(self._param, self._first)


class Offset(_Counting):
    """Requests pages by offset: ?offset=200&limit=100. A page may have fewer records than requested.

    The last page is empty, or the total is reached.
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
    """Requests pages by number: ?page=2. The last page is empty, or the total number of pages is reached."""

    def next_request(self, response: Response) -> ApiRequest | None:
        self._next += 1
        total = _total(response, self._total, "total_pages")
        is_last = not response.records if total is None else self._next - self._first >= total
        return None if is_last else response.request.with_parameter(self._param, self._next)


class Auto(Paginator):
    """Follows the first of these that the first response contains: a link in the body, a Link header, or a known cursor
    header. If it contains none of them, the first page is the only page.

    If the endpoint is called once per value (`is_detail`) and the response is one record, a link in the response is a
    field of this record and is not followed.
    """

    def __init__(self, *, is_detail: bool = False) -> None:
        self._is_detail = is_detail
        self._detected: Paginator | None = None

    def next_request(self, response: Response) -> ApiRequest | None:
        if self._detected is None:
            self._detected = self._detect(response)
        return self._detected.next_request(response)

    def unfollowed_hint(self, response: Response) -> Hint | None:
        return PageSigns(response).hint

    def _detect(self, response: Response) -> Paginator:
        is_record = self._is_detail and response.is_single_record
        if not is_record and next_link(response.envelope_document, response.records_path) is not None:
            return JsonLink()
        if link_with_relation(response.headers.get("link", ""), "next") is not None:
            return HeaderLink()
        for header, param in CURSOR_HEADERS.items():
            if response.headers.get(header.lower(), "").strip():
                return HeaderCursor(header, param, PageSize())
        return SinglePage()


def paginator_for(setting: PaginationType | Pagination, *, is_detail: bool = False) -> Paginator:
    """Create a paginator for the `pagination` of an endpoint. `is_detail` means that the endpoint is called once per
    value."""
    pagination: Pagination = {"type": setting} if isinstance(setting, str) else setting
    size = PageSize(pagination.get("limit"), pagination.get("limit_param", "limit"))
    match pagination["type"]:
        case "auto":
            return Auto(is_detail=is_detail)
        case "single":
            return SinglePage()
        case "json_link":
            return JsonLink(pagination.get("path"), pagination.get("base"))
        case "header_link":
            return HeaderLink()
        case "header_cursor":
            return HeaderCursor(pagination["header"], pagination.get("param", "cursor"), size)
        case "cursor":
            param = pagination.get("param", "cursor")
            return Cursor(pagination["path"], param, size, pagination.get("url"), pagination.get("body"))
        case "record_cursor":
            is_inclusive = pagination.get("inclusive", False)
            return RecordCursor(pagination["path"], pagination["param"], size, is_inclusive=is_inclusive)
        case "offset":
            return Offset(
                pagination.get("param", "offset"), pagination.get("first", 0), size, pagination.get("total_records")
            )
        case "page_number":
            return PageNumber(
                pagination.get("param", "page"), pagination.get("first", 1), size, pagination.get("total_pages")
            )


def _total(response: Response, path: str | None, key: str) -> int | None:
    """The total at the path, or None if no path is set or the response has no content."""
    if path is None or response.document is None:
        return None
    total = value_at(response.document, path)
    if isinstance(total, str) and total.strip().isdecimal():
        total = int(total)
    if not isinstance(total, int) or isinstance(total, bool):
        raise RunFailed(
            ErrorCode.PAGINATION_INVALID,
            f"{path} {_problem(total, 'a number')}. Set pagination.{key} to the path of the total.",
        )
    return total


def _is_no_cursor(value: Any) -> bool:
    if isinstance(value, (int, str)) and not isinstance(value, bool):
        return str(value).strip().lower() in NO_CURSORS
    return value is None or value is False


def _problem(value: Any, expected: str, parent: str = "the response") -> str:
    return f"is missing from {parent}" if value is MISSING else f"is not {expected} (found {excerpt(value)})"


def _appended(base: str, link: str) -> str:
    """Append the link to the base. A link that repeats the path of the base is relative to the host."""
    path = urlsplit(base).path.rstrip("/")
    if is_absolute_url(link) or link.startswith("//") or (path and link.startswith((f"{path}/", f"{path}?"))):
        return urljoin(base, link)
    if link.startswith("?"):
        return base + link
    return f"{base.rstrip('/')}/{link.lstrip('/')}"
