"""Downloads all files of a dataset for one run date. A URL may contain date placeholders such as {yyyyMMdd}."""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from datetime import date, timedelta
from threading import Event, Lock
from types import TracebackType
from urllib.parse import urlsplit

from etl_runtime.job.dataset_document import SourceDates
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.source.files.bucket_files import BucketReader, is_in_bucket
from etl_runtime.source.files.fetch import UNCONDITIONAL, FileMissing, Validators, fetch
from etl_runtime.source.files.fetch_context import FetchContext
from etl_runtime.source.files.original import Original
from etl_runtime.source.files.source_dates import in_likely_order
from etl_runtime.web.client import without_query

LOG = logging.getLogger(__name__)

MAX_CONCURRENT_DOWNLOADS = 3
MAX_DAYS_LISTED = 8
PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
DATE_TOKEN = re.compile("yyyy|yy|MM|dd")
SIMILAR_TO_DATE = re.compile(r"(?=.*[yd])[ymd\W_]+", re.IGNORECASE)


def has_date(url: str) -> bool:
    """Whether the URL has a date placeholder."""
    return any(_is_date(found[1]) for found in PLACEHOLDER.finditer(url))


def with_date(url: str, day: date) -> str:
    """Replace the date placeholders in the URL with `day`.

    A placeholder has yyyy or yy, MM and dd in any order, with any separators. Raises RunFailed for a placeholder such
    as {YYYY}.
    """
    tokens = {"yyyy": f"{day.year:04}", "yy": f"{day.year % 100:02}", "MM": f"{day.month:02}", "dd": f"{day.day:02}"}

    def replacement(found: re.Match[str]) -> str:
        if _is_date(found[1]):
            return DATE_TOKEN.sub(lambda token: tokens[token[0]], found[1])
        if SIMILAR_TO_DATE.fullmatch(found[1]):
            raise RunFailed(
                ErrorCode.SOURCE_URL_INVALID,
                f"source_url {without_query(url)}: {found[0]} is not a date placeholder. Use yyyy or yy, MM and dd, "
                "for example {yyyy-MM-dd}.",
            )
        return found[0]

    return PLACEHOLDER.sub(replacement, url)


def date_in(urls: Sequence[str], day: date) -> date:
    """The date that the placeholders represent. Without a placeholder for the day, it is the first day of the month;
    without one for the month, it is the first day of the year."""
    tokens = {token for url in urls for found in PLACEHOLDER.findall(url) for token in DATE_TOKEN.findall(found)}
    return day if "dd" in tokens else day.replace(day=1) if "MM" in tokens else day.replace(month=1, day=1)


def _is_date(text: str) -> bool:
    return bool(DATE_TOKEN.search(text)) and not re.search(r"[^\W_]", DATE_TOKEN.sub("", text))


def fetch_all(
    urls: Sequence[str],
    today: date,
    lookback_days: int,
    known: Mapping[str, Validators],
    context: FetchContext,
    buckets: BucketReader,
    source_dates: SourceDates | None = None,
) -> list[Original] | None:
    """Download the files of `urls` for the newest complete day, in the order of the URLs.

    Returns None if all files are unchanged since `known`. A day is complete if, for each URL with a date placeholder,
    the source has the file of this day. The run tries `today` and up to `lookback_days` earlier days. With
    `source_dates`, each period has one file, and the run requests the file of the usual date first. The keys of `known`
    are URLs with the dates inserted and without the query. If only some files have changed, all are downloaded. The
    files have unique names. `context.on_response` is called once, when the first download of a new or changed file
    starts.

    If a download fails, deletes all temporary files and raises RunFailed.
    """
    if any(has_date(urlsplit(url).query) for url in urls):
        known = {}  # without the query, the files of two days have the same URL
    with _Downloads(known, context, buckets) as downloads:
        dated_urls = [url for url in urls if has_date(url)]
        days = [today - timedelta(days=back) for back in range(lookback_days + 1)]
        day = _newest_day(dated_urls, in_likely_order(days, source_dates) if source_dates else days, downloads)
        files = downloads.list_files([with_date(url, day) for url in urls])
        downloads.fetch(files)
        unchanged = [url for url in files if downloads.results[url] is None]
        is_complete = known.keys() <= {without_query(url) for url in files}  # if not, the source has removed a file
        if unchanged == files and is_complete:
            return None
        downloads.fetch_unconditionally(unchanged)
        source_date = date_in(dated_urls, day) if dated_urls else None
        return with_unique_names([replace(each, source_date=source_date) for each in downloads.keep(files)])


class _Downloads:
    """The download result of each URL: a file, None for an unchanged file, or FileMissing. Each URL is requested once.

    When the context exits, all files except the kept ones are closed.
    """

    def __init__(self, known: Mapping[str, Validators], context: FetchContext, buckets: BucketReader) -> None:
        self.results: dict[str, Original | FileMissing | None] = {}
        self._kept: list[Original] = []
        self._known = known
        self._context = context
        self._buckets = buckets
        self._has_response = False
        self._lock = Lock()
        self._files: dict[str, list[str]] = {}

    def __enter__(self) -> "_Downloads":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for result in self.results.values():
            if isinstance(result, Original) and result not in self._kept:
                result.file.close()

    def list_files(self, urls: Sequence[str]) -> list[str]:
        """The distinct URLs of the files. The URL of a folder in a bucket, or a glob, is replaced with the URLs of the
        matching objects."""
        for url in urls:
            if url not in self._files:
                self._files[url] = self._buckets.matching(url) if is_in_bucket(url) else [url]
        return list(dict.fromkeys(file for url in urls for file in self._files[url]))

    def fetch(self, urls: Iterable[str]) -> None:
        """Download the URLs that have no result yet. Raises the first RunFailed or FileMissing, and cancels the
        other downloads."""
        for url in urls:
            if isinstance(missing := self.results.get(url), FileMissing):
                raise missing
        stop = Event()
        context = replace(self._context, on_response=self._on_response, stop=stop)
        with ThreadPoolExecutor(MAX_CONCURRENT_DOWNLOADS) as pool:
            downloads = [
                pool.submit(self._fetch_file, url, context) for url in dict.fromkeys(urls) if url not in self.results
            ]
            try:
                for download in as_completed(downloads):
                    download.result()
            finally:
                stop.set()
                pool.shutdown(cancel_futures=True)

    def fetch_unconditionally(self, urls: Sequence[str]) -> None:
        self._known = {url: replace(each, etag=None, last_modified=None) for url, each in self._known.items()}
        for url in urls:
            del self.results[url]
        self.fetch(urls)

    def keep(self, urls: Iterable[str]) -> list[Original]:
        self._kept = [result for url in urls if isinstance(result := self.results[url], Original)]
        return self._kept

    def _fetch_file(self, url: str, context: FetchContext) -> None:
        known = self._known.get(without_query(url), UNCONDITIONAL)
        try:
            if is_in_bucket(url):
                self.results[url] = self._buckets.fetch(url, context, known)
            else:
                self.results[url] = fetch(url, context, known)
        except FileMissing as missing:
            self.results[url] = missing
            raise

    def _on_response(self) -> None:
        with self._lock:
            if not self._has_response:
                self._has_response = True
                self._context.on_response()


def _newest_day(urls: list[str], candidates: Sequence[date], downloads: _Downloads) -> date:
    """Download the files of the first candidate day on which every URL in `urls` has a file. Return that day, or the
    newest candidate if `urls` is empty."""
    today, lookback_days = max(candidates), len(candidates) - 1
    if not urls:
        return today
    days: dict[tuple[str, ...], date] = {}  # a URL that contains only year and month is the same on many days
    for day in candidates:
        days.setdefault(tuple(with_date(url, day) for url in urls), day)
    last_error = None
    for dated_urls, day in days.items():
        try:
            downloads.fetch(downloads.list_files(dated_urls))
        except FileMissing as missing:
            last_error = missing
            continue
        if day != today:
            LOG.info(f"the source has no file for {today} yet; using the file for {day}")
        return day
    tried = [str(day) for day in sorted(days.values(), reverse=True)]
    listed = ", ".join(tried) if len(tried) <= MAX_DAYS_LISTED else f"{tried[0]} back to {tried[-1]}"
    reason = f" Last error: {last_error.message}" if last_error else ""
    raise RunFailed(
        last_error.code if last_error else ErrorCode.SOURCE_NOT_FOUND,
        f"the source has no complete set of files for {listed} (lookback_days is {lookback_days}). "
        f"Check when the source publishes its files, and increase lookback_days if necessary.{reason}",
    )


def with_unique_names(originals: list[Original]) -> list[Original]:
    """Make the names of the originals unique, because raw/ has one folder per run. The second `x.csv` becomes
    `x_2.csv`."""
    named: dict[str, Original] = {}
    for original in originals:
        name, count = original.name, 1
        stem, extension = _split(original.name)
        while name in named:
            count += 1
            name = f"{stem}_{count}{extension}"
        named[name] = replace(original, name=name)
    return list(named.values())


def _split(name: str) -> tuple[str, str]:
    """`x.csv.gz` → (x, .csv.gz)."""
    found = re.fullmatch(r"(.+?)((?:\.[A-Za-z0-9]+)?(?:\.(?:gz|bz2))?)", name)
    return (found[1], found[2]) if found else (name, "")
