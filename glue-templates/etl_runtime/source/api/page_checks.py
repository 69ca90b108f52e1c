"""Detects the last page of a call, and fails if the pages of a call do not end."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.plural import plural
from etl_runtime.source.api.name_words import PAGING, words
from etl_runtime.source.api.next_page_detector import PageSigns, is_offset_name, number_in
from etl_runtime.source.api.pagination import Paginator
from etl_runtime.source.api.request import ApiRequest, Response

MAX_REPEATED_RECORD_PAGES = 20
MAX_EMPTY_PAGES = 50


class PageChecks:
    """Raises RunFailed if a request repeats, if a page repeats, or if there are too many pages.

    Pages with equal records are permitted if each request is derived from the previous response. They are not permitted
    if the requests count records or pages, or if the server tracks the position, because a server could then return the
    same page endlessly.
    """

    def __init__(self, max_pages: int, paginator: Paginator) -> None:
        self._max_pages = max_pages
        self._paginator = paginator
        self._requested: set[tuple[str, bytes]] = set()
        self._pages = self._repeats = self._empty_pages = 0
        self._previous: list[Any] = []

    def check_request(self, request: ApiRequest) -> None:
        key = (request.url, request.body_bytes or b"")
        if key in self._requested and not self._paginator.can_repeat_requests:
            raise RunFailed(
                ErrorCode.PAGINATION_LOOP,
                "this page was requested before: the pages form a loop. Use another type of pagination, or report "
                "the loop to the data provider.",
            )
        if self._pages >= self._max_pages:
            raise RunFailed(
                ErrorCode.PAGINATION_TOO_MANY_PAGES,
                f"there are more than {self._max_pages:,} pages. If this is correct, increase pagination.max_pages.",
            )
        self._requested.add(key)
        self._pages += 1

    def check_records(self, records: list[Any]) -> None:
        self._repeats = self._repeats + 1 if records and _are_equal(records, self._previous) else 0
        self._empty_pages = 0 if records else self._empty_pages + 1
        self._previous = records
        # Records may be equal by chance, especially if a page has only one.
        is_repeated = self._repeats and (len(records) > 1 or self._repeats >= MAX_REPEATED_RECORD_PAGES)
        parameter = self._paginator.counting_parameter
        if parameter and is_repeated:
            raise RunFailed(
                ErrorCode.PAGINATION_LOOP,
                f"the page has the same {plural(len(records), 'record')} as the previous page. Check whether the "
                f"source supports the parameter {parameter}. If the source repeats its last page, set "
                "pagination.total_pages or pagination.total_records. If the data contains identical records, request "
                "larger pages with pagination.limit.",
            )
        if self._paginator.can_repeat_requests and is_repeated:
            raise RunFailed(
                ErrorCode.PAGINATION_LOOP,
                f"the page has the same {plural(len(records), 'record')} as the previous page. Check how the API "
                "expects the request for the next page, and correct pagination.url, pagination.body or "
                "pagination.param.",
            )

    def is_end(self, response: Response, next_request: ApiRequest) -> bool:
        """Whether the page is the last one, even if the response refers to a next page.

        Some APIs always refer to a next page, even after the last record. Their last page refers to itself, or to an
        empty page at an ever higher offset.
        """
        if self._paginator.can_repeat_requests or self._paginator.counting_parameter:
            return False
        if next_request == response.request:
            return not response.records or (self._pages > 1 and not self._repeats)
        if response.records or self._pages == 1:
            return False
        total = PageSigns(response).total
        if total is not None:
            return response.records_so_far >= total
        return _counts_up(response.request, next_request)

    def check_empty_pages(self) -> None:
        if self._empty_pages >= MAX_EMPTY_PAGES and not self._paginator.counting_parameter:
            raise RunFailed(
                ErrorCode.PAGINATION_LOOP,
                f"{self._empty_pages} pages in a row are empty, and each refers to a next page. Use another type of "
                "pagination, or report this to the data provider.",
            )


def _counts_up(request: ApiRequest, next_request: ApiRequest) -> bool:
    """Whether the requests differ only in an offset or a page number, which is higher in the next request."""
    url, next_url = urlsplit(request.url), urlsplit(next_request.url)
    params, next_params = dict(parse_qsl(url.query)), dict(parse_qsl(next_url.query))
    if url._replace(query="") != next_url._replace(query="") or params.keys() != next_params.keys():
        return False
    changed = [name for name in params if params[name] != next_params[name]]
    return bool(changed) and all(
        (words(name) & PAGING or is_offset_name(words(name)))
        and (number_in(next_params[name]) or 0) > (number_in(params[name]) or 0)
        for name in changed
    )


def _are_equal(records: list[Any], others: list[Any]) -> bool:
    # In Python, 1 equals True; in JSON it does not.
    return records == others and json.dumps(records) == json.dumps(others)
