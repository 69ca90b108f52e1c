"""Checks that the pages of a call come to an end."""

import json
from typing import Any

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.source.api.request import ApiRequest

MAX_REPEATED_RECORD_PAGES = 20


class PageChecks:
    """Raises RunFailed if a request repeats, if a page repeats, or if there are too many pages.

    `counting_parameter` is the parameter that counts records or pages. Without one, pages with equal records are
    permitted: then each request comes from the response before.
    """

    def __init__(self, max_pages: int, counting_parameter: str | None) -> None:
        self._max_pages = max_pages
        self._counting_parameter = counting_parameter
        self._requested: set[tuple[str, bytes]] = set()
        self._previous: list[Any] = []
        self._repeats = 0

    def check_request(self, request: ApiRequest) -> None:
        key = (request.url, request.body_bytes or b"")
        if key in self._requested:
            raise RunFailed(
                ErrorCode.PAGINATION_LOOP,
                "this page was requested before: the pages form a loop. Set another pagination, or report this to "
                "the source.",
            )
        if len(self._requested) >= self._max_pages:
            raise RunFailed(
                ErrorCode.PAGINATION_TOO_MANY_PAGES,
                f"there are more than {self._max_pages:,} pages. If this is correct, increase pagination.max_pages.",
            )
        self._requested.add(key)

    def check_records(self, records: list[Any]) -> None:
        self._repeats = self._repeats + 1 if records and _are_equal(records, self._previous) else 0
        self._previous = records
        # Records may be equal by chance, above all if a page has only one.
        is_repeated = self._repeats and (len(records) > 1 or self._repeats >= MAX_REPEATED_RECORD_PAGES)
        if self._counting_parameter and is_repeated:
            raise RunFailed(
                ErrorCode.PAGINATION_LOOP,
                f"the page has the same {len(records):,} records as the page before. Check whether the source "
                f"supports the parameter {self._counting_parameter}. If it repeats its last page, set "
                "pagination.total_pages or total_records. If records repeat, request larger pages with "
                "pagination.limit.",
            )


def _are_equal(records: list[Any], others: list[Any]) -> bool:
    # In Python, 1 equals True; in JSON it does not.
    return records == others and json.dumps(records) == json.dumps(others)
