"""Fetches the endpoints of an API. Each endpoint has one original, with one JSON line per response."""

import hashlib
import json
import logging
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import islice
from tempfile import NamedTemporaryFile, SpooledTemporaryFile
from threading import Event, Lock
from typing import IO, Any

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.progress import Progress
from etl_runtime.source.api.endpoints import Endpoint
from etl_runtime.source.api.envelope import without_entries
from etl_runtime.source.api.next_page_detector import PageSigns
from etl_runtime.source.api.page_checks import PageChecks
from etl_runtime.source.api.pagination import Paginator, paginator_for
from etl_runtime.source.api.pagination_proposal import proposed_pagination
from etl_runtime.source.api.parent_values import parent_values, url_text
from etl_runtime.source.api.request import ApiRequest, Response
from etl_runtime.source.api.response_body import joined_headers, read_json
from etl_runtime.source.api.response_records import ApiRecords
from etl_runtime.source.api.stored_response import stored_response
from etl_runtime.source.files.fetch_context import FetchContext
from etl_runtime.source.files.original import Original
from etl_runtime.web.client import HttpRequest, without_query
from etl_runtime.web.rate_limiter import RateLimiter
from etl_runtime.web.request_errors import REQUEST_ERRORS, RequestFailed, request_failure
from etl_runtime.web.retries import MAX_ATTEMPTS, with_retries

LOG = logging.getLogger(__name__)

MAX_CONCURRENT_CALLS = 4  # for the values of for_each
SPOOL_BYTES = 1 << 20
BLOCK_BYTES = 1 << 20


def fetch_endpoints(endpoints: list[Endpoint], context: FetchContext) -> list[Original]:
    """Fetch one original per endpoint, in the order of `endpoints`, where each endpoint follows its parent endpoint.

    `context.on_response` is called after the first response of each endpoint. If a request fails, all temporary
    files are deleted before RunFailed is raised.
    """
    originals: dict[str, Original] = {}
    with ExitStack() as temporary_files:
        for endpoint in endpoints:
            file = temporary_files.enter_context(NamedTemporaryFile(prefix="medallion-"))
            values = _values(endpoint, endpoints, originals, context)
            with Progress(endpoint.name) as progress:
                fetch = _EndpointFetch(endpoint, context, progress)
                with closing(fetch.run(values)) as blocks:
                    originals[endpoint.name] = _write_original(blocks, file, endpoint)
            LOG.info(f"{endpoint.name}: {fetch.counts()}")
        temporary_files.pop_all()
    return list(originals.values())


def _values(
    endpoint: Endpoint, endpoints: list[Endpoint], originals: Mapping[str, Original], context: FetchContext
) -> Iterable[str | None]:
    """The for_each values as JSON text. An endpoint without for_each is called once, without a value."""
    if endpoint.for_each is None:
        return [None]
    if endpoint.parent is None:
        return context.table_values[endpoint.name]
    parent = next(each for each in endpoints if each.name == endpoint.parent)
    records_of_parent = ApiRecords(parent, context.records.of(parent.name))
    return parent_values(originals[parent.name], parent, records_of_parent, endpoint.for_each["field"], endpoint.name)


def _write_original(blocks: Iterator[bytes], file: Any, endpoint: Endpoint) -> Original:
    digest, size = hashlib.sha256(), 0
    for block in blocks:
        file.write(block)
        digest.update(block)
        size += len(block)
    file.flush()
    return Original(file, endpoint.file, without_query(endpoint.url), size, digest.hexdigest(), None, None)


class _EndpointFetch:
    """Fetches one endpoint. The methods are in call order:

    `run` calls the endpoint for several values at a time (`_fetch_value`). For each value, `_pages` follows the
    pagination, `_fetch_page` retries a page, and `_send` sends one HTTP request.
    """

    def __init__(self, endpoint: Endpoint, context: FetchContext, progress: Progress) -> None:
        self._endpoint = endpoint
        self._context = context
        self._rate_limiter = RateLimiter(endpoint.rate_limit)
        self._records = ApiRecords(endpoint, context.records.of(endpoint.name))
        self._stop = Event()
        self._lock = Lock()  # for the counts below
        self._response_count = self._record_count = 0
        self._progress = progress

    def run(self, values: Iterable[str | None]) -> Generator[bytes, None, None]:
        """Yield the lines of the original in blocks, in the order of the values."""
        pending: deque[Future[IO[bytes]]] = deque()
        remaining = iter(values)
        with ThreadPoolExecutor(MAX_CONCURRENT_CALLS) as pool:
            try:
                while True:
                    for value in islice(remaining, 2 * MAX_CONCURRENT_CALLS - len(pending)):
                        pending.append(pool.submit(self._fetch_value, value))
                    if not pending:
                        return
                    with pending.popleft().result() as lines:
                        while block := lines.read(BLOCK_BYTES):
                            yield block
            finally:
                self._stop.set()
                pool.shutdown(cancel_futures=True)
                for each in pending:
                    if each.done() and not each.cancelled() and not each.exception():
                        each.result().close()

    def counts(self) -> str:
        return f"{self._response_count:,} responses, {self._record_count:,} records"

    def _fetch_value(self, value: str | None) -> IO[bytes]:
        """Write the lines of all pages for one value to a temporary file, which the caller closes."""
        file: IO[bytes] = SpooledTemporaryFile(SPOOL_BYTES, prefix="medallion-")  # noqa: SIM115 - the caller closes it
        try:
            for response in self._pages(value):
                url = self._context.client.without_credentials(response.request.url)
                file.write(stored_response(self._endpoint.name, url, response, value))
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return file

    def _pages(self, value: str | None) -> Iterator[Response]:
        paginator = paginator_for(self._endpoint.pagination, is_detail=self._endpoint.for_each is not None)
        checks = PageChecks(self._endpoint.max_pages, paginator)
        request: ApiRequest | None = self._first_request(paginator, value)
        page = record_count = 0
        while request:
            page += 1
            try:
                checks.check_request(request)
                response = self._fetch_page(request, record_count)
                response = response.without_first(paginator.repeated_records(response.records))
                checks.check_records(response.records)
                next_request = _next_request(paginator, checks, response)
            except RunFailed as error:
                url = self._context.client.without_credentials(request.url)
                raise error.within(f"{self._endpoint.name}, page {page} ({url})") from None
            yield response
            request, record_count = next_request, response.records_so_far

    def _first_request(self, paginator: Paginator, value: str | None) -> ApiRequest:
        try:
            return paginator.first_request(self._endpoint.request("" if value is None else url_text(value)))
        except UnicodeEncodeError:
            raise RunFailed(
                ErrorCode.API_VALUE_INVALID,
                f"{self._endpoint.name}: the value {value} contains an unpaired surrogate, which a URL cannot "
                "contain. Report this to the data provider.",
            ) from None
        except RunFailed as error:
            raise error.within(self._endpoint.name) from None

    def _fetch_page(self, request: ApiRequest, previous_records: int) -> Response:
        try:
            response = with_retries(
                lambda: self._send(request, previous_records),
                lambda line: LOG.info(f"{self._endpoint.name}: {without_query(request.url)}: {line}"),
                self._stop,
                self._context.first_wait_seconds,
                rate_limiter=self._context.client.rate_limiter,
            )
        except RequestFailed as error:
            attempts = f" ({MAX_ATTEMPTS} attempts). Run again later" if error.retryable else ""
            raise RunFailed(error.code, f"{error}{attempts}.", retryable=error.retryable) from None
        self._count(response)
        return response

    def _send(self, request: ApiRequest, previous_records: int) -> Response:
        if self._stop.is_set():
            raise RequestFailed(
                ErrorCode.SOURCE_REQUEST_FAILED,
                "the request was canceled, because another request failed",
                retryable=False,
            )
        self._rate_limiter.wait(self._stop)
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip"}
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        client, timeout = self._context.client, self._context.idle_timeout_seconds
        http_request = HttpRequest(request.url, headers, self._endpoint.headers, request.body_bytes)
        try:
            with closing(client.open(http_request, timeout, self._stop)) as http_response:
                body = read_json(http_response)
        except REQUEST_ERRORS as error:
            raise request_failure(error, timeout) from None
        records = self._records.of(body.document)
        return Response(
            request,
            client.without_credentials(http_response.url),
            dict(joined_headers(http_response.headers)),
            body.text,
            body.document,
            records,
            previous_records + len(records),
            self._records.is_single_record(body.document),
            self._records.path,
            without_entries(body.document) if self._records.has_entries_at_root else body.document,
        )

    def _count(self, response: Response) -> None:
        with self._lock:
            is_first = not self._response_count
            self._response_count += 1
            self._record_count += len(response.records)
            if is_first:
                self._context.on_response()
        self._progress.update(self.counts)


def _next_request(paginator: Paginator, checks: PageChecks, response: Response) -> ApiRequest | None:
    """Return the request for the next page, or None after the last page. Raises RunFailed if the response indicates
    more pages, but pagination finds none."""
    request = paginator.next_request(response)
    if request and checks.is_end(response, request):
        signs = PageSigns(response)
        request, hint = None, signs.flag or signs.total_hint
    elif request is None:
        hint = paginator.unfollowed_hint(response)
    else:
        checks.check_empty_pages()
        return request
    if hint:
        example = json.dumps(proposed_pagination(response, hint), ensure_ascii=False)
        raise RunFailed(
            ErrorCode.PAGINATION_INCOMPLETE,
            f"the response indicates more pages ({hint.text}), but pagination finds no next page. Set the pagination "
            f'of this endpoint, for example "pagination": {example}. The documentation of the API contains the name of '
            'the parameter. If this page is the only one, set pagination to "single".',
        )
    return request
