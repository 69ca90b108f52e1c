"""The files of the newest complete day. Each URL is requested once."""

import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import Response, Source
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.store import Store
from etl_runtime.source.files.bucket_files import BucketReader
from etl_runtime.source.files.dated_files import fetch_all, has_date, with_date
from etl_runtime.source.files.fetch import Validators
from etl_runtime.source.files.fetch_context import FetchContext
from etl_runtime.source.files.original import Original
from log_lines import logged

TODAY = date(2024, 3, 2)
CSV = b"id\n1\n"
STRONG = {"ETag": '"1"'}
KNOWN = Validators('"1"')


@pytest.fixture(autouse=True)
def no_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    assert list(tmp_path.glob("medallion-*")) == []


def fetched(
    urls: list[str],
    lookback_days: int = 7,
    known: dict[str, Validators] | None = None,
    **context: Any,
) -> list[Original] | None:
    made = FetchContext(**{"first_wait_seconds": 0.01, **context})
    return fetch_all(urls, TODAY, lookback_days, known or {}, made, BucketReader(Store()))


def bodies(urls: list[str], **options: Any) -> dict[str, bytes]:
    """The contents of the files, keyed by name, in the order of the URLs."""
    originals = fetched(urls, **options)
    assert originals
    read = {}
    for original in originals:
        with original.file:
            read[original.name] = original.path.read_bytes()
    assert len(read) == len(originals)
    return read


# Dates


@pytest.mark.parametrize(
    ("url", "expanded"),
    [
        ("https://h/{yyyy-MM-dd}.csv", "https://h/2024-03-02.csv"),
        ("https://h/{yyyyMMdd}.csv", "https://h/20240302.csv"),
        ("https://h/{dd.MM.yy}.csv", "https://h/02.03.24.csv"),
        ("https://h/{MMddyyyy}", "https://h/03022024"),
        ("https://h/{yyyy}/{MM}/x_{dd}.csv", "https://h/2024/03/x_02.csv"),
        ("https://h/{yyyy/MM}/x?day={yyyy_MM_dd}", "https://h/2024/03/x?day=2024_03_02"),
        ("https://h/{yyyy-MM}.csv", "https://h/2024-03.csv"),
        ("https://h/x.csv", "https://h/x.csv"),
        ("https://h/yyyy-MM-dd.csv", "https://h/yyyy-MM-dd.csv"),
        ("https://h/{id}/{}/{-}/x.csv", "https://h/{id}/{}/{-}/x.csv"),
        ("https://h/{yyyy-MM-dd", "https://h/{yyyy-MM-dd"),
    ],
)
def test_date_placeholders_are_replaced(url: str, expanded: str) -> None:
    assert with_date(url, TODAY) == expanded
    assert has_date(url) == (url != expanded)


@given(
    day=st.dates(),
    pattern=st.permutations(["yyyy", "MM", "dd"]),
    separator=st.sampled_from(["", "-", "_", ".", "/", " "]),
)
def test_a_placeholder_may_have_any_order_and_separator(day: date, pattern: list[str], separator: str) -> None:
    words = {"yyyy": f"{day.year:04}", "MM": f"{day:%m}", "dd": f"{day:%d}"}
    assert with_date(f"https://h/{{{separator.join(pattern)}}}", day) == "https://h/" + separator.join(
        words[token] for token in pattern
    )


@pytest.mark.parametrize("wrong", ["{YYYY-MM-DD}", "{yyyy-mm-dd}", "{yyyy-M-d}", "{yyy}", "{d}"])
def test_an_invalid_date_placeholder_fails(wrong: str) -> None:
    with pytest.raises(
        RunFailed, match=r"^SOURCE_URL_INVALID: .* is not a date placeholder. Use yyyy or yy, MM and dd"
    ) as raised:
        with_date(f"https://h/{wrong}.csv?key=s3cret", TODAY)
    assert wrong in str(raised.value) and "s3cret" not in str(raised.value)


def test_an_invalid_date_placeholder_sends_no_request(source: Source) -> None:
    with pytest.raises(RunFailed, match="^SOURCE_URL_INVALID: .* is not a date placeholder"):
        fetched([source.serves("/{YYYY}.csv", CSV)])
    assert source.requests == []


# Days


@pytest.mark.parametrize("status", [403, 404, 410])
def test_the_newest_available_day_is_used(source: Source, status: int) -> None:
    source.serves("/2024-03-02.csv", Response(status=status))
    source.serves("/2024-03-01.csv", Response(status=status))
    source.serves("/2024-02-29.csv", CSV)
    source.serves("/2024-02-28.csv", b"older")
    with logged() as lines:
        assert bodies([source.url + "/{yyyy-MM-dd}.csv"]) == {"2024-02-29.csv": CSV}
    assert source.requests == ["/2024-03-02.csv", "/2024-03-01.csv", "/2024-02-29.csv"]
    assert lines == ["the source has no file for 2024-03-02 yet; using the file for 2024-02-29"]


def test_a_file_for_today_logs_nothing(source: Source) -> None:
    source.serves("/2024-03-02.csv", CSV)
    with logged() as lines:
        assert bodies([source.url + "/{yyyy-MM-dd}.csv"], lookback_days=0) == {"2024-03-02.csv": CSV}
    assert lines == []


@pytest.mark.parametrize(
    ("lookback_days", "days"),
    [(0, "2024-03-02"), (2, "2024-03-02, 2024-03-01, 2024-02-29"), (20, "2024-03-02 back to 2024-02-11")],
)
def test_no_available_day_fails_with_the_days_tried(source: Source, lookback_days: int, days: str) -> None:
    with pytest.raises(RunFailed) as raised:
        fetched([source.url + "/{yyyy-MM-dd}.csv?key=s3cret"], lookback_days)
    oldest = TODAY - timedelta(days=lookback_days)
    assert str(raised.value) == (
        f"SOURCE_NOT_FOUND: the source has no complete set of files for {days} (lookback_days is {lookback_days}). "
        "Check when the source publishes its files, and increase lookback_days if necessary. Last error: "
        f"source_url {source.url}/{oldest}.csv: the server returned 404 Not Found. Check the URL in a browser."
    )
    assert (len(source.requests), raised.value.retryable) == (lookback_days + 1, False)


def test_other_errors_fail_without_trying_earlier_days(source: Source) -> None:
    source.serves("/2024-03-02.csv", Response(status=401))
    source.serves("/2024-03-01.csv", CSV)
    with pytest.raises(RunFailed, match="^AUTH_FAILED: .* returned 401"):
        fetched([source.url + "/{yyyy-MM-dd}.csv"])


def test_a_url_without_a_date_must_exist(source: Source) -> None:
    source.serves("/2024-03-02.csv", CSV)
    with pytest.raises(RunFailed, match="^SOURCE_NOT_FOUND: .*x.csv: the server returned 404"):
        fetched([source.url + "/{yyyy-MM-dd}.csv", source.url + "/x.csv"])


def test_all_files_are_of_one_day(source: Source) -> None:
    source.serves("/static.csv", b"s")
    for name in ("a-02", "a-01", "b-01"):
        source.serves(f"/{name}.csv", name.encode())
    urls = [source.url + path for path in ("/a-{dd}.csv", "/static.csv", "/b-{dd}.csv")]
    assert bodies(urls) == {"a-01.csv": b"a-01", "static.csv": b"s", "b-01.csv": b"b-01"}
    # Downloads are concurrent: the other file of the 2nd may or may not be requested before its day is skipped.
    assert sorted({*source.requests, "/a-02.csv"}) == [
        "/a-01.csv",
        "/a-02.csv",
        "/b-01.csv",
        "/b-02.csv",
        "/static.csv",
    ]
    assert source.requests.count("/static.csv") == 1


def test_a_monthly_url_is_requested_once_per_month(source: Source) -> None:
    source.serves("/2024-01.csv", CSV)
    assert bodies([source.url + "/{yyyy-MM}.csv"], lookback_days=40) == {"2024-01.csv": CSV}
    assert source.requests == ["/2024-03.csv", "/2024-02.csv", "/2024-01.csv"]


def test_a_yearly_url_and_a_daily_url_are_combined(source: Source) -> None:
    source.serves("/2024.csv", b"year")
    source.serves("/2024-02-28.csv", CSV)
    assert bodies([source.url + "/{yyyy}.csv", source.url + "/{yyyy-MM-dd}.csv"]) == {
        "2024.csv": b"year",
        "2024-02-28.csv": CSV,
    }


def test_a_missing_yearly_file_is_missing_on_each_day(source: Source) -> None:
    source.serves("/2024-03-01.csv", CSV)
    with pytest.raises(
        RunFailed,
        match="^SOURCE_NOT_FOUND: .*no complete set of files for 2024-03-02, 2024-03-01 .*/missing-2024.csv: the server returned 404",
    ):
        fetched([source.url + "/missing-{yyyy}.csv", source.url + "/{yyyy-MM-dd}.csv"], lookback_days=1)
    assert source.requests.count("/missing-2024.csv") == 1


def test_two_urls_with_the_same_result_are_one_file(source: Source) -> None:
    source.serves("/2024.csv", CSV)
    assert bodies([source.url + "/{yyyy}.csv", source.url + "/2024.csv"]) == {"2024.csv": CSV}
    assert source.requests == ["/2024.csv"]


# Unchanged files


def test_unchanged_files_are_not_downloaded(source: Source) -> None:
    urls = [source.serves(path, Response(CSV, headers=STRONG)) for path in ("/a.csv", "/b.csv")]
    called: list[str] = []
    assert fetched(urls, known=dict.fromkeys(urls, KNOWN), on_response=lambda: called.append("response")) is None
    assert (len(source.requests), called) == (2, [])


def test_if_one_file_has_changed_all_are_downloaded(source: Source) -> None:
    same, other = (
        source.serves("/a.csv", Response(CSV, headers=STRONG)),
        source.serves("/b.csv", Response(b"new", headers={"ETag": '"2"'})),
    )
    assert bodies([same, other], known={same: KNOWN, other: KNOWN}) == {"a.csv": CSV, "b.csv": b"new"}
    assert sorted(source.requests) == ["/a.csv", "/a.csv", "/b.csv"]


def test_a_new_file_is_a_change(source: Source) -> None:
    old, new = (source.serves(path, Response(CSV, headers=STRONG)) for path in ("/a.csv", "/b.csv"))
    assert bodies([old, new], known={old: KNOWN}) == {"a.csv": CSV, "b.csv": CSV}


def test_the_published_day_is_unchanged_until_a_newer_day_exists(source: Source) -> None:
    known = {source.serves("/2024-03-01.csv", Response(CSV, headers=STRONG)): KNOWN}
    assert fetched([source.url + "/{yyyy-MM-dd}.csv"], known=known) is None
    source.serves("/2024-03-02.csv", Response(b"new", headers=STRONG))
    assert bodies([source.url + "/{yyyy-MM-dd}.csv"], known=known) == {"2024-03-02.csv": b"new"}


def test_a_date_in_the_query_disables_conditional_requests(source: Source) -> None:
    url = source.serves("/x.csv", Response(CSV, headers=STRONG))
    assert bodies([url + "?day={yyyy-MM-dd}"], known={url: KNOWN}) == {"x.csv": CSV}


def test_an_unknown_file_is_downloaded(source: Source) -> None:
    assert bodies([source.serves("/a.csv", b"")]) == {"a.csv": b""}


# Concurrency


def test_three_downloads_run_concurrently_and_keep_their_order(source: Source) -> None:
    urls = [source.serves(f"/{n}.csv", Response(b"%d" % n, pause_seconds=0.3 - n / 20)) for n in range(6)]
    assert list(bodies(urls).items()) == [(f"{n}.csv", b"%d" % n) for n in range(6)]
    assert source.max_in_flight == 3


def test_a_failed_download_cancels_the_others(source: Source) -> None:
    done = source.serves("/done.csv", CSV)
    slow = source.serves("/slow.csv", Response(CSV * 100, pause_seconds=0.1))
    wrong = source.serves(
        "/wrong.csv", Response(status=401, headers={"Content-Length": "1"}, body=b" ", pause_seconds=0.3)
    )
    later = [source.serves(f"/{n}.csv", Response(CSV * 100, pause_seconds=0.1)) for n in range(5)]
    started = time.monotonic()
    with pytest.raises(RunFailed, match="^AUTH_FAILED: .*wrong.csv: the server returned 401"):
        fetched([done, slow, wrong, *later])
    assert time.monotonic() - started < 10
    assert len(source.requests) < 8


def test_on_response_is_called_once(source: Source) -> None:
    urls = [source.serves(f"/{n}.csv", CSV) for n in range(5)]
    called: list[str] = []
    bodies(urls, on_response=lambda: called.append("response"))
    assert called == ["response"]


# Names


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["/a/x.csv", "/b/x.csv", "/c/x.csv"], ["x.csv", "x_2.csv", "x_3.csv"]),
        (["/a/x.csv.gz", "/b/x.csv.gz"], ["x.csv.gz", "x_2.csv.gz"]),
        (["/a/x.zip", "/b/x.zip"], ["x.zip", "x_2.zip"]),
        (["/a/v1.2.csv", "/b/v1.2.csv"], ["v1.2.csv", "v1.2_2.csv"]),
        (["/a/", "/b/"], ["source", "source_2"]),
        (["/a/x.csv", "/b/x.csv", "/x_2.csv"], ["x.csv", "x_2.csv", "x_2_2.csv"]),
        (["/a/x.csv", "/b/X.csv"], ["x.csv", "X.csv"]),
    ],
)
def test_file_names_are_unique(source: Source, paths: list[str], names: list[str]) -> None:
    assert list(bodies([source.serves(path, CSV) for path in paths])) == names
