"""Ask the endpoints of an API: every answer goes to the endpoint's original as it came, a JSON line each."""

import gzip
import hashlib
import io
import json
import logging
import time
import zlib
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from tempfile import NamedTemporaryFile, SpooledTemporaryFile
from threading import Event, Lock
from typing import IO, Any

from etl_runtime.columns.json_values import Number
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.redaction import REDACTION, excerpt
from etl_runtime.source.api.endpoints import Endpoint
from etl_runtime.source.api.json_path import MISSING, value_at
from etl_runtime.source.api.pagination import Pages, pages_of
from etl_runtime.source.api.request import Answer, Call
from etl_runtime.source.api.response_records import ApiRecords
from etl_runtime.source.files.fetch_context import FetchContext
from etl_runtime.source.files.original import Original
from etl_runtime.web.client import public
from etl_runtime.web.rate_limiter import RateLimiter
from etl_runtime.web.request_errors import REQUEST_ERRORS, RequestFailed, request_failure, require_readable
from etl_runtime.web.retries import attempted

LOG = logging.getLogger(__name__)

CALLS_AT_ONCE = 4  # for the values of for_each
MOST_ANSWER_BYTES = 64 << 20  # a page is held in memory
SPOOL_BYTES = 1 << 20
PROGRESS_SECONDS = 10
MOST_SAME_PAGES = 20  # of one record
BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class _Received:
    url: str
    headers: dict[str, str]
    text: str
    document: Any


@dataclass(frozen=True)
class Api:
    """The endpoints of a dataset, and how they are read. `context.on_response` is called with the first response."""

    endpoints: list[Endpoint]
    context: FetchContext

    def fetch(self) -> list[Original]:
        """An original for each endpoint, in the order in which they are asked. Raises RunFailed; no temporary file is left then."""
        originals: dict[str, Original] = {}
        with ExitStack() as unless_whole:
            for endpoint in self.endpoints:
                file = unless_whole.enter_context(NamedTemporaryFile(prefix="medallion-"))
                asked = _Asked(self, endpoint)
                with closing(asked.lines(self._values(endpoint, originals))) as lines:
                    originals[endpoint.name] = _written(lines, file, endpoint)
                LOG.info(f"{endpoint.name}: {asked.answers:,} answers, {asked.records:,} records")
            unless_whole.pop_all()
        return list(originals.values())

    def _values(self, endpoint: Endpoint, originals: Mapping[str, Original]) -> Iterable[str | None]:
        """What the endpoint is called for, as JSON: each value of the other endpoint's field once, in the order of its records."""
        if endpoint.for_each is None:
            return [None]
        other = next(each for each in self.endpoints if each.name == endpoint.for_each["endpoint"])
        by_text: dict[str, str] = {}  # 1 and "1" go into an address alike
        for value in _field_values(originals[other.name], other, endpoint.for_each["field"], endpoint.name):
            by_text.setdefault(_text(value), value)
        return by_text.values()


class _Asked:
    """One endpoint on its way: what it answered so far."""

    def __init__(self, api: Api, endpoint: Endpoint) -> None:
        self.answers = self.records = 0
        self._api = api
        self._endpoint = endpoint
        self._pace = RateLimiter(endpoint.rate_limit)
        self._records = ApiRecords(endpoint)
        self._stop = Event()
        self._told = time.monotonic()
        self._lock = Lock()

    def lines(self, values: Iterable[str | None]) -> Generator[bytes, None, None]:
        """The lines of the answers, in the order of the values. Some calls are on their way at a time."""
        waiting: deque[Future[IO[bytes]]] = deque()
        remaining = iter(values)
        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            try:
                while True:
                    while len(waiting) < 2 * CALLS_AT_ONCE and (value := next(remaining, MISSING)) is not MISSING:
                        waiting.append(pool.submit(self._chain, value))  # type: ignore[arg-type]
                    if not waiting:
                        return
                    with waiting.popleft().result() as answers:
                        while block := answers.read(BLOCK_BYTES):
                            yield block
            finally:
                self._stop.set()
                pool.shutdown(cancel_futures=True)
                for each in waiting:
                    if each.done() and not each.cancelled() and not each.exception():
                        each.result().close()

    def _chain(self, value: str | None) -> IO[bytes]:
        """The answers to one call, page by page, as lines in a file."""
        file: IO[bytes] = SpooledTemporaryFile(SPOOL_BYTES, prefix="medallion-")  # noqa: SIM115 - whoever reads it closes it
        try:
            for answer in self._pages(value):
                file.write(self._line(answer, value))
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return file

    def _pages(self, value: str | None) -> Iterator[Answer]:
        endpoint = self._endpoint
        pages = pages_of(endpoint.pagination)
        call: Call | None = self._first(pages, value)
        asked: set[tuple[str, bytes]] = set()
        before: list[Any] = []
        same = number = so_far = 0
        while call:
            number += 1
            try:
                if (call.url, call.sent or b"") in asked:
                    raise RunFailed(
                        "it is asked for again: the pages go in a circle. Tell the source, or declare another pagination."
                    )
                if number > endpoint.max_pages:
                    raise RunFailed(
                        f"there are more than {endpoint.max_pages:,} pages. Where that is right, raise pagination.max_pages."
                    )
                asked.add((call.url, call.sent or b""))
                answer, found = self._answer(call, so_far)
                so_far = answer.so_far
                same = same + 1 if found and _are_same(found, before) else 0
                if pages.counter and same and (len(found) > 1 or same >= MOST_SAME_PAGES):
                    raise RunFailed(
                        f"it has the same {len(found):,} records as the page before. Does the source know the parameter {pages.counter}? "
                        "Where it repeats its last page, declare pagination.total_pages or total_records; where records repeat, "
                        "ask for more at a time with pagination.limit."
                    )
                before = found
                following = pages.following(answer)
                if following is None and (more := pages.unfollowed(answer)):
                    raise RunFailed(
                        f"the answer says that there is more ({more}), and nothing leads there. "
                        "Declare the pagination that the source has; single where this page is all."
                    )
            except RunFailed as error:
                where = self._api.context.client.without_secrets(call.url)
                raise RunFailed(
                    f"{endpoint.name}, page {number} ({where}): {error}", retryable=error.retryable
                ) from None
            yield answer
            call = following

    def _first(self, pages: Pages, value: str | None) -> Call:
        try:
            return pages.first(self._endpoint.call("" if value is None else _text(value)))
        except UnicodeEncodeError:
            raise RunFailed(
                f"{self._endpoint.name}: the value {value} is half a character, which no address can have. Mend the source."
            ) from None
        except RunFailed as error:
            raise RunFailed(f"{self._endpoint.name}: {error}") from None

    def _answer(self, call: Call, so_far: int) -> tuple[Answer, list[Any]]:
        api = self._api
        try:
            received = attempted(
                lambda: self._attempt(call),
                lambda line: LOG.info(f"{self._endpoint.name}: {public(call.url)}: {line}"),
                self._stop,
                api.context.first_wait_seconds,
                hold=api.context.client.pace.hold,
            )
        except RequestFailed as error:
            tried = ", five times. Run again later" if error.retryable else ""
            raise RunFailed(f"{error}{tried}.", retryable=error.retryable) from None
        found = self._records.of(received.document)
        self._count(len(found))
        is_record = self._records.is_record(received.document)
        about = (received.text, received.document, len(found), so_far + len(found), is_record)
        return Answer(call, received.url, received.headers, *about), found

    def _attempt(self, call: Call) -> "_Received":
        if self._stop.is_set():
            raise RequestFailed("it was given up, because another call failed", retryable=False)
        self._pace.wait(self._stop)
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip"}
        if call.sent is not None:
            headers["Content-Type"] = "application/json"
        timeout = self._api.context.idle_timeout_seconds
        try:
            opened = self._api.context.client.open(
                call.url, headers, timeout, self._stop, self._endpoint.headers, call.sent
            )
            with closing(opened) as answer:
                body = _body(answer)
        except REQUEST_ERRORS as error:
            raise request_failure(error, timeout) from None
        text, document = ("null", None) if body is None else _json(body)
        joined = {name.lower(): value for name, value in _joined(answer.headers)}
        return _Received(self._api.context.client.without_secrets(answer.url), joined, text, document)

    def _line(self, answer: Answer, value: str | None) -> bytes:
        about: dict[str, Any] = {"url": self._api.context.client.without_secrets(answer.call.url)}
        if answer.call.body is not None:
            about["body"] = answer.call.body
        text = answer.text
        if REDACTION.is_in_data(text):
            LOG.info(f"{self._endpoint.name}: the answer repeats a secret, which is kept as ***")
            text = _spelled(REDACTION.redact_data(answer.document))
        each = "" if value is None else f', "value": {value}'
        one_line = text.replace("\r", " ").replace("\n", " ")  # which JSON has between its values alone
        return f'{_spelled(REDACTION.redact_data(about))[:-1]}{each}, "answer": {one_line}}}\n'.encode()

    def _count(self, records: int) -> None:
        with self._lock:
            first = not self.answers and not self.records
            self.answers += 1
            self.records += records
            if first:
                self._api.context.on_response()
            if time.monotonic() - self._told > PROGRESS_SECONDS:
                self._told = time.monotonic()
                LOG.info(f"{self._endpoint.name}: {self.answers:,} answers, {self.records:,} records")


def _field_values(original: Original, endpoint: Endpoint, field: str, wanted_by: str) -> Iterator[str]:
    """The values of a field, as JSON, where it is not null. Raises RunFailed where it is missing everywhere, or no single value."""
    records, seen, there = ApiRecords(endpoint), 0, False
    with original.path.open("rb") as lines:
        for line in lines:
            for record in records.of(json.loads(line, parse_float=Number)["answer"]):
                seen += 1
                value = value_at(record, field)
                there = there or value is not MISSING
                if isinstance(value, (dict, list)):
                    what = f"{field} of {endpoint.name} is no single value: {excerpt(value, 80)}"
                    raise RunFailed(f"for_each of {wanted_by}: {what}. Mend the field.")
                if value in (".", ".."):
                    raise RunFailed(
                        f"for_each of {wanted_by}: {field} of {endpoint.name} is {value!r}, which means a folder in an address."
                    )
                if value is not MISSING and value not in (None, ""):
                    yield str(value) if isinstance(value, Number) else json.dumps(value)
    if seen and not there:
        raise RunFailed(
            f"for_each of {wanted_by}: none of the {seen:,} records of {endpoint.name} has {field}. Mend the field."
        )


def _are_same(records: list[Any], others: list[Any]) -> bool:
    """Python takes 1 and true for equal."""
    return records == others and json.dumps(records) == json.dumps(others)


def _spelled(value: Any) -> str:
    """A value as JSON, with its numbers as they were written."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{json.dumps(key, ensure_ascii=False)}: {_spelled(each)}" for key, each in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(_spelled(each) for each in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _text(value: str) -> str:
    """A value in JSON as it goes into an address."""
    return str(json.loads(value)) if value.startswith('"') else value


def _written(lines: Iterator[bytes], file: Any, endpoint: Endpoint) -> Original:
    digest, size = hashlib.sha256(), 0
    for block in lines:
        file.write(block)
        digest.update(block)
        size += len(block)
    file.flush()
    return Original(file, endpoint.file, public(endpoint.url), size, digest.hexdigest(), None, None)


def _body(answer: Any) -> bytes | None:
    """The whole body, unpacked; None where there is no content. Raises RequestFailed where it is not whole, or is no answer."""
    require_readable(answer)
    if answer.status == 204:
        return None
    if answer.status != 200:
        raise RequestFailed(
            f"the server answered {answer.status} {answer.reason}, which is no answer with data", retryable=False
        )
    announced = answer.length
    body: bytes = answer.read(MOST_ANSWER_BYTES + 1)
    if len(body) > MOST_ANSWER_BYTES:
        raise RequestFailed(
            f"the answer is larger than {MOST_ANSWER_BYTES >> 20} MB. Ask for smaller pages", retryable=False
        )
    if announced is not None and len(body) != announced:
        raise RequestFailed(f"the body ended after {len(body):,} of {announced:,} bytes", retryable=True)
    if answer.headers.get("Content-Encoding", "").strip().lower() in ("gzip", "x-gzip"):
        try:
            body = gzip.GzipFile(fileobj=io.BytesIO(body)).read(MOST_ANSWER_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise RequestFailed(f"the answer's gzip is damaged: {error}", retryable=True) from None
        if len(body) > MOST_ANSWER_BYTES:
            raise RequestFailed(
                f"the answer unpacks to more than {MOST_ANSWER_BYTES >> 20} MB. Ask for smaller pages", retryable=False
            )
    return body


def _json(body: bytes) -> tuple[str, Any]:
    """The answer's text, and the value that it is. Raises RequestFailed where it is no JSON; one that is cut off may come whole."""
    try:
        text = body.decode(json.detect_encoding(body)).removeprefix("\ufeff").strip(" \t\r\n")
    except UnicodeDecodeError as error:
        what = f"the answer is no text in UTF-8 (byte {error.start:,}), as JSON has to be. Tell the source"
        raise RequestFailed(what, retryable=False) from None
    try:
        return text, json.loads(text, parse_float=Number, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        cut = text[:1] in ("", "{", "[") and (error.pos >= len(text) - 1 or error.msg.startswith("Unterminated string"))
        if cut:
            raise RequestFailed(f"the answer {'is cut off' if text else 'is empty'}", retryable=True) from None
        raise RunFailed(
            f'the answer is no JSON: it begins with "{excerpt(text, 60)}". For a file, declare source_url.',
            retryable=True,
        ) from None
    except (ValueError, RecursionError) as error:
        raise RequestFailed(f"the answer is no JSON: {error}", retryable=False) from None


def _no_constant(word: str) -> None:
    raise ValueError(f"it holds {word}")


def _joined(headers: Any) -> Iterator[tuple[str, str]]:
    """Headers that are there several times are one, joined by commas."""
    for name in dict.fromkeys(name.lower() for name in headers):
        yield name, ", ".join(headers.get_all(name, []))
