"""All files of a dataset for one day: several addresses, and addresses that hold a date."""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from datetime import date, timedelta
from threading import Event, Lock
from types import TracebackType
from urllib.parse import urlsplit

from etl_runtime.job.errors import RunFailed
from etl_runtime.source.files.bucket_files import BucketReader, is_in_bucket
from etl_runtime.source.files.fetch import NOTHING_KNOWN, FileMissing, Validators, fetch
from etl_runtime.source.files.fetch_context import FetchContext
from etl_runtime.source.files.original import Original
from etl_runtime.web.client import public

LOG = logging.getLogger(__name__)

DOWNLOADS_AT_ONCE = 3
DAYS_NAMED = 8
PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
TOKEN = re.compile("yyyy|yy|MM|dd")
LIKE_A_DATE = re.compile(r"(?=.*[yd])[ymd\W_]+", re.IGNORECASE)


def holds_date(url: str) -> bool:
    return any(_is_date(found[1]) for found in PLACEHOLDER.finditer(url))


def dated(url: str, day: date) -> str:
    """`url` with `day` in place of each {yyyy-MM-dd}: yyyy or yy, MM and dd in any order, with any marks. Raises RunFailed for {YYYY}."""
    tokens = {"yyyy": f"{day.year:04}", "yy": f"{day.year % 100:02}", "MM": f"{day.month:02}", "dd": f"{day.day:02}"}

    def written(found: re.Match[str]) -> str:
        if _is_date(found[1]):
            return TOKEN.sub(lambda token: tokens[token[0]], found[1])
        if LIKE_A_DATE.fullmatch(found[1]):
            raise RunFailed(
                f"source_url {public(url)}: {found[0]} is no date. Write it with yyyy or yy, MM and dd, such as {{yyyy-MM-dd}}."
            )
        return found[0]

    return PLACEHOLDER.sub(written, url)


def _is_date(text: str) -> bool:
    return bool(TOKEN.search(text)) and not re.search(r"[^\W_]", TOKEN.sub("", text))


def fetch_all(
    urls: Sequence[str],
    today: date,
    lookback_days: int,
    known: Mapping[str, Validators],
    context: FetchContext,
    buckets: BucketReader,
) -> list[Original] | None:
    """Download what `urls` name for the newest day that is complete, in their order; None where all is what `known` describes.

    A day is complete when no address that holds a date is missing; `today` and the `lookback_days` before it are tried. `known` is
    by address, with the date in it and without its query. Where only some files have changed, all are downloaded. Each has a name of
    its own. `on_answer` is called once, when the first download begins. Raises RunFailed; no temporary file is left then.
    """
    if any(holds_date(urlsplit(url).query) for url in urls):
        known = {}  # the files of two days are one address there
    with _Downloads(known, context, buckets) as downloads:
        day = _newest_day([url for url in urls if holds_date(url)], today, lookback_days, downloads)
        wanted = downloads.named_by([dated(url, day) for url in urls])
        downloads.ask(wanted)
        unchanged = [url for url in wanted if downloads.answers[url] is None]
        if unchanged == wanted and known.keys() <= {public(url) for url in wanted}:  # else a file was withdrawn
            return None
        downloads.ask_without_conditions(unchanged)
        return with_own_names(downloads.keep(wanted))


class _Downloads:
    """What the addresses answered: the file, None where it is unchanged, or that it is missing. An answer is not asked for twice.

    As a context manager it closes all files but those it is told to keep.
    """

    def __init__(self, known: Mapping[str, Validators], context: FetchContext, buckets: BucketReader) -> None:
        self.answers: dict[str, Original | FileMissing | None] = {}
        self._kept: list[Original] = []
        self._known = known
        self._context = context
        self._buckets = buckets
        self._answered = False
        self._lock = Lock()
        self._named: dict[str, list[str]] = {}

    def __enter__(self) -> "_Downloads":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for answer in self.answers.values():
            if isinstance(answer, Original) and answer not in self._kept:
                answer.file.close()

    def named_by(self, urls: Sequence[str]) -> list[str]:
        """The files that the addresses name, each once: a folder of a bucket, or a glob, names those that are there."""
        for url in urls:
            if url not in self._named:
                self._named[url] = self._buckets.matching(url) if is_in_bucket(url) else [url]
        return list(dict.fromkeys(file for url in urls for file in self._named[url]))

    def ask(self, urls: Iterable[str]) -> None:
        """Raises the first RunFailed, FileMissing among them; the other downloads are given up then."""
        for url in urls:
            if isinstance(missing := self.answers.get(url), FileMissing):
                raise missing
        stop = Event()
        context = replace(self._context, on_response=self._begin, stop=stop)
        with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
            asked = [pool.submit(self._fetch, url, context) for url in dict.fromkeys(urls) if url not in self.answers]
            try:
                for download in as_completed(asked):
                    download.result()
            finally:
                stop.set()
                pool.shutdown(cancel_futures=True)

    def ask_without_conditions(self, urls: Sequence[str]) -> None:
        self._known = {}
        for url in urls:
            del self.answers[url]
        self.ask(urls)

    def keep(self, urls: Iterable[str]) -> list[Original]:
        self._kept = [answer for url in urls if isinstance(answer := self.answers[url], Original)]
        return self._kept

    def _fetch(self, url: str, context: FetchContext) -> None:
        known = self._known.get(public(url), NOTHING_KNOWN)
        try:
            if is_in_bucket(url):
                self.answers[url] = self._buckets.fetch(url, context, known)
            else:
                self.answers[url] = fetch(url, context, known)
        except FileMissing as missing:
            self.answers[url] = missing
            raise

    def _begin(self) -> None:
        with self._lock:
            if not self._answered:
                self._answered = True
                self._context.on_response()


def _newest_day(urls: list[str], today: date, lookback_days: int, downloads: _Downloads) -> date:
    """The newest day of which none of `urls` is missing; today where no address holds a date. Its files are downloaded then."""
    days: dict[tuple[str, ...], date] = {}  # an address by month is the same on many days
    for day in (today - timedelta(days=back) for back in range(lookback_days + 1)):
        days.setdefault(tuple(dated(url, day) for url in urls), day)
    reason = None
    for expanded, day in days.items():
        try:
            downloads.ask(downloads.named_by(expanded))
        except FileMissing as missing:
            reason = missing
            continue
        if day != today:
            LOG.info(f"there is no file of {today} yet, so that of {day} is taken")
        return day
    tried = [str(day) for day in days.values()]
    named = ", ".join(tried) if len(tried) <= DAYS_NAMED else f"{tried[0]} back to {tried[-1]}"
    raise RunFailed(
        f"there is no complete set of files of {named} (lookback_days is {lookback_days}). The last answer: {reason}"
    )


def with_own_names(originals: list[Original]) -> list[Original]:
    """Two files of one name would overwrite each other in raw/: the second `x.csv` becomes `x_2.csv`."""
    named: dict[str, Original] = {}
    for original in originals:
        name, count = original.name, 1
        stem, ending = _split(original.name)
        while name in named:
            count += 1
            name = f"{stem}_{count}{ending}"
        named[name] = replace(original, name=name)
    return list(named.values())


def _split(name: str) -> tuple[str, str]:
    """`x.csv.gz` → (x, .csv.gz)."""
    found = re.fullmatch(r"(.+?)((?:\.[A-Za-z0-9]+)?(?:\.(?:gz|bz2))?)", name)
    return (found[1], found[2]) if found else (name, "")
