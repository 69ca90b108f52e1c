"""All files of one day, or none: the newest day that is complete, and nothing is asked twice."""

import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import Answer, Source
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.store import Store
from etl_runtime.source.files.bucket_files import BucketReader
from etl_runtime.source.files.dated_files import dated, fetch_all, holds_date
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


def bodies(urls: list[str], **rules: Any) -> dict[str, bytes]:
    """By name, in the order of the addresses."""
    originals = fetched(urls, **rules)
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
def test_a_date_in_an_address(url: str, expanded: str) -> None:
    assert dated(url, TODAY) == expanded
    assert holds_date(url) == (url != expanded)


@given(
    day=st.dates(), pattern=st.permutations(["yyyy", "MM", "dd"]), mark=st.sampled_from(["", "-", "_", ".", "/", " "])
)
def test_any_order_and_mark(day: date, pattern: list[str], mark: str) -> None:
    words = {"yyyy": f"{day.year:04}", "MM": f"{day:%m}", "dd": f"{day:%d}"}
    assert dated(f"https://h/{{{mark.join(pattern)}}}", day) == "https://h/" + mark.join(
        words[token] for token in pattern
    )


@pytest.mark.parametrize("wrong", ["{YYYY-MM-DD}", "{yyyy-mm-dd}", "{yyyy-M-d}", "{yyy}", "{d}"])
def test_what_only_looks_like_a_date_is_refused(wrong: str) -> None:
    with pytest.raises(RunFailed, match=r"is no date. Write it with yyyy or yy, MM and dd") as raised:
        dated(f"https://h/{wrong}.csv?key=s3cret", TODAY)
    assert wrong in str(raised.value) and "s3cret" not in str(raised.value)


def test_a_date_like_one_is_not_taken_for_a_file(source: Source) -> None:
    with pytest.raises(RunFailed, match="is no date"):
        fetched([source.serves("/{YYYY}.csv", CSV)])
    assert source.requests == []


# Days


@pytest.mark.parametrize("status", [403, 404, 410])
def test_the_newest_day_that_is_there_is_taken(source: Source, status: int) -> None:
    source.serves("/2024-03-02.csv", Answer(status=status))
    source.serves("/2024-03-01.csv", Answer(status=status))
    source.serves("/2024-02-29.csv", CSV)
    source.serves("/2024-02-28.csv", b"older")
    with logged() as lines:
        assert bodies([source.url + "/{yyyy-MM-dd}.csv"]) == {"2024-02-29.csv": CSV}
    assert source.requests == ["/2024-03-02.csv", "/2024-03-01.csv", "/2024-02-29.csv"]
    assert lines == ["there is no file of 2024-03-02 yet, so that of 2024-02-29 is taken"]


def test_of_today_nothing_is_said(source: Source) -> None:
    source.serves("/2024-03-02.csv", CSV)
    with logged() as lines:
        assert bodies([source.url + "/{yyyy-MM-dd}.csv"], lookback_days=0) == {"2024-03-02.csv": CSV}
    assert lines == []


@pytest.mark.parametrize(
    ("lookback_days", "days"),
    [(0, "2024-03-02"), (2, "2024-03-02, 2024-03-01, 2024-02-29"), (20, "2024-03-02 back to 2024-02-11")],
)
def test_no_day_at_all_names_the_days(source: Source, lookback_days: int, days: str) -> None:
    with pytest.raises(RunFailed) as raised:
        fetched([source.url + "/{yyyy-MM-dd}.csv?key=s3cret"], lookback_days)
    oldest = TODAY - timedelta(days=lookback_days)
    assert str(raised.value) == (
        f"there is no complete set of files of {days} (lookback_days is {lookback_days}). The last answer: "
        f"source_url {source.url}/{oldest}.csv: the server answered 404 Not Found. Check the address in a browser."
    )
    assert (len(source.requests), raised.value.retryable) == (lookback_days + 1, False)


def test_other_errors_are_errors(source: Source) -> None:
    source.serves("/2024-03-02.csv", Answer(status=401))
    source.serves("/2024-03-01.csv", CSV)
    with pytest.raises(RunFailed, match="answered 401"):
        fetched([source.url + "/{yyyy-MM-dd}.csv"])


def test_an_address_without_a_date_must_be_there(source: Source) -> None:
    source.serves("/2024-03-02.csv", CSV)
    with pytest.raises(RunFailed, match="x.csv: the server answered 404"):
        fetched([source.url + "/{yyyy-MM-dd}.csv", source.url + "/x.csv"])


def test_all_files_are_of_one_day(source: Source) -> None:
    source.serves("/static.csv", b"s")
    for name in ("a-02", "a-01", "b-01"):
        source.serves(f"/{name}.csv", name.encode())
    urls = [source.url + path for path in ("/a-{dd}.csv", "/static.csv", "/b-{dd}.csv")]
    assert bodies(urls) == {"a-01.csv": b"a-01", "static.csv": b"s", "b-01.csv": b"b-01"}
    # Side by side: whether the other file of the 2nd was asked for before its day was given up is chance.
    assert sorted({*source.requests, "/a-02.csv"}) == [
        "/a-01.csv",
        "/a-02.csv",
        "/b-01.csv",
        "/b-02.csv",
        "/static.csv",
    ]
    assert source.requests.count("/static.csv") == 1


def test_an_address_by_month_is_asked_once_a_month(source: Source) -> None:
    source.serves("/2024-01.csv", CSV)
    assert bodies([source.url + "/{yyyy-MM}.csv"], lookback_days=40) == {"2024-01.csv": CSV}
    assert source.requests == ["/2024-03.csv", "/2024-02.csv", "/2024-01.csv"]


def test_an_address_by_month_is_asked_once_beside_one_by_day(source: Source) -> None:
    source.serves("/2024.csv", b"year")
    source.serves("/2024-02-28.csv", CSV)
    assert bodies([source.url + "/{yyyy}.csv", source.url + "/{yyyy-MM-dd}.csv"]) == {
        "2024.csv": b"year",
        "2024-02-28.csv": CSV,
    }


def test_what_is_missing_for_a_year_is_missing_on_each_of_its_days(source: Source) -> None:
    source.serves("/2024-03-01.csv", CSV)
    with pytest.raises(
        RunFailed,
        match="no complete set of files of 2024-03-02, 2024-03-01 .*/missing-2024.csv: the server answered 404",
    ):
        fetched([source.url + "/missing-{yyyy}.csv", source.url + "/{yyyy-MM-dd}.csv"], lookback_days=1)
    assert source.requests.count("/missing-2024.csv") == 1


def test_two_addresses_that_come_to_the_same_are_one_file(source: Source) -> None:
    source.serves("/2024.csv", CSV)
    assert bodies([source.url + "/{yyyy}.csv", source.url + "/2024.csv"]) == {"2024.csv": CSV}
    assert source.requests == ["/2024.csv"]


# What has not changed


def test_nothing_has_changed(source: Source) -> None:
    urls = [source.serves(path, Answer(CSV, headers=STRONG)) for path in ("/a.csv", "/b.csv")]
    called: list[str] = []
    assert fetched(urls, known=dict.fromkeys(urls, KNOWN), on_response=lambda: called.append("answer")) is None
    assert (len(source.requests), called) == (2, [])


def test_where_some_have_changed_all_are_fetched(source: Source) -> None:
    same, other = (
        source.serves("/a.csv", Answer(CSV, headers=STRONG)),
        source.serves("/b.csv", Answer(b"new", headers={"ETag": '"2"'})),
    )
    assert bodies([same, other], known={same: KNOWN, other: KNOWN}) == {"a.csv": CSV, "b.csv": b"new"}
    assert sorted(source.requests) == ["/a.csv", "/a.csv", "/b.csv"]


def test_a_file_that_is_not_known_is_a_change(source: Source) -> None:
    old, new = (source.serves(path, Answer(CSV, headers=STRONG)) for path in ("/a.csv", "/b.csv"))
    assert bodies([old, new], known={old: KNOWN}) == {"a.csv": CSV, "b.csv": CSV}


def test_the_day_that_is_known_is_unchanged_until_a_newer_one_is_there(source: Source) -> None:
    known = {source.serves("/2024-03-01.csv", Answer(CSV, headers=STRONG)): KNOWN}
    assert fetched([source.url + "/{yyyy-MM-dd}.csv"], known=known) is None
    source.serves("/2024-03-02.csv", Answer(b"new", headers=STRONG))
    assert bodies([source.url + "/{yyyy-MM-dd}.csv"], known=known) == {"2024-03-02.csv": b"new"}


def test_a_date_in_the_query_is_never_taken_for_the_file_of_another_day(source: Source) -> None:
    url = source.serves("/x.csv", Answer(CSV, headers=STRONG))
    assert bodies([url + "?day={yyyy-MM-dd}"], known={url: KNOWN}) == {"x.csv": CSV}


def test_nothing_known_is_never_unchanged(source: Source) -> None:
    assert bodies([source.serves("/a.csv", b"")]) == {"a.csv": b""}


# Side by side


def test_three_at_once_and_in_order(source: Source) -> None:
    urls = [source.serves(f"/{n}.csv", Answer(b"%d" % n, pause_seconds=0.3 - n / 20)) for n in range(6)]
    assert list(bodies(urls).items()) == [(f"{n}.csv", b"%d" % n) for n in range(6)]
    assert source.most_at_once == 3


def test_one_that_fails_ends_the_others(source: Source) -> None:
    done = source.serves("/done.csv", CSV)
    slow = source.serves("/slow.csv", Answer(CSV * 100, pause_seconds=0.1))
    wrong = source.serves(
        "/wrong.csv", Answer(status=401, headers={"Content-Length": "1"}, body=b" ", pause_seconds=0.3)
    )
    later = [source.serves(f"/{n}.csv", Answer(CSV * 100, pause_seconds=0.1)) for n in range(5)]
    started = time.monotonic()
    with pytest.raises(RunFailed, match="wrong.csv: the server answered 401"):
        fetched([done, slow, wrong, *later])
    assert time.monotonic() - started < 10
    assert len(source.requests) < 8


def test_the_first_answer_is_told_once(source: Source) -> None:
    urls = [source.serves(f"/{n}.csv", CSV) for n in range(5)]
    called: list[str] = []
    bodies(urls, on_response=lambda: called.append("answer"))
    assert called == ["answer"]


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
def test_each_file_has_a_name_of_its_own(source: Source, paths: list[str], names: list[str]) -> None:
    assert list(bodies([source.serves(path, CSV) for path in paths])) == names
