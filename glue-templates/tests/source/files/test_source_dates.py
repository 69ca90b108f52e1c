"""A source that publishes one file per week or month: its usual dates are requested first."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import Source
from etl_runtime.job.dataset_document import SourceDates
from etl_runtime.job.store import Store
from etl_runtime.source.files.bucket_files import BucketReader
from etl_runtime.source.files.dated_files import fetch_all
from etl_runtime.source.files.fetch_context import FetchContext
from etl_runtime.source.files.source_dates import in_likely_order, is_usual

MONTHLY: SourceDates = {"every": "month", "on": "first monday"}
WEEKLY: SourceDates = {"every": "week", "on": "sunday"}


def days_back(today: date, lookback_days: int) -> list[date]:
    return [today - timedelta(days=back) for back in range(lookback_days + 1)]


@pytest.mark.parametrize(
    ("source_dates", "usual"),
    [
        (MONTHLY, ["2026-10-05", "2026-11-02", "2026-12-07"]),
        ({"every": "month", "on": "last friday"}, ["2026-10-30", "2026-11-27", "2026-12-25"]),
        ({"every": "month", "on": "third wednesday"}, ["2026-10-21", "2026-11-18", "2026-12-16"]),
        ({"every": "month", "on": "15"}, ["2026-10-15", "2026-11-15", "2026-12-15"]),
        ({"every": "month", "on": "31"}, ["2026-10-31", "2026-11-30", "2026-12-31"]),
        ({"every": "month", "on": "last day"}, ["2026-10-31", "2026-11-30", "2026-12-31"]),
    ],
)
def test_the_usual_dates_of_three_months(source_dates: SourceDates, usual: list[str]) -> None:
    days = reversed(days_back(date(2026, 12, 31), 91))
    assert [str(day) for day in days if is_usual(day, source_dates)] == usual


def test_the_usual_dates_of_a_week() -> None:
    days = days_back(date(2026, 11, 29), 14)
    assert [str(day) for day in days if is_usual(day, WEEKLY)] == ["2026-11-29", "2026-11-22", "2026-11-15"]


@given(
    today=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    lookback_days=st.integers(0, 366),
    source_dates=st.sampled_from(
        [MONTHLY, WEEKLY, {"every": "month", "on": "last day"}, {"every": "month", "on": "1"}]
    ),
)
def test_each_day_is_requested_at_most_once(today: date, lookback_days: int, source_dates: SourceDates) -> None:
    days = days_back(today, lookback_days)
    assert sorted(in_likely_order(days, source_dates), reverse=True) == days


@given(published=st.integers(-3, 24), age=st.integers(0, 30))
def test_a_run_takes_the_file_of_the_newest_month_whose_file_exists(published: int, age: int) -> None:
    file = date(2026, 11, 2) + timedelta(days=published)
    available = {file, date(2026, 10, 5), date(2026, 9, 7)}
    today = file + timedelta(days=age)
    if today >= date(2026, 12, 4):  # the period of December
        return
    found = [day for day in in_likely_order(days_back(today, 60), MONTHLY) if day in available]
    assert found[0] == file == max(day for day in available if day <= today)


@pytest.mark.parametrize(
    ("source_dates", "today", "published", "before", "after"),
    [
        pytest.param(MONTHLY, "2026-11-28", "2026-11-02", 27, 1, id="monthly, at the end of the month"),
        pytest.param(MONTHLY, "2026-11-02", "2026-11-02", 1, 1, id="monthly, on its date"),
        pytest.param(MONTHLY, "2026-11-01", "2026-10-05", 28, 4, id="monthly, on the day before its date"),
        pytest.param(MONTHLY, "2026-11-28", "2026-11-04", 25, 26, id="monthly, on another day"),
        pytest.param(MONTHLY, "2026-11-10", "2026-10-30", 12, 12, id="monthly, before its date"),
        pytest.param(MONTHLY, "2026-11-04", "2026-10-05", 31, 7, id="monthly, late"),
        pytest.param(WEEKLY, "2026-11-27", "2026-11-22", 6, 1, id="weekly, at the end of the week"),
        pytest.param(WEEKLY, "2026-11-28", "2026-11-22", 7, 2, id="weekly, on the day before its date"),
        pytest.param(WEEKLY, "2026-11-25", "2026-11-21", 5, 5, id="weekly, before its date"),
        pytest.param(WEEKLY, "2026-11-25", "2026-11-15", 11, 6, id="weekly, late"),
    ],
)
def test_the_requests_that_a_run_sends(
    source: Source, source_dates: SourceDates, today: str, published: str, before: int, after: int
) -> None:
    source.serves(f"/{published}.csv", b"id\n1\n")
    for given_dates, requests in ((None, before), (source_dates, after)):
        source.requests.clear()
        context, buckets = FetchContext(first_wait_seconds=0.01), BucketReader(Store())
        url = source.url + "/{yyyy-MM-dd}.csv"
        [original] = fetch_all([url], date.fromisoformat(today), 45, {}, context, buckets, given_dates) or []
        original.file.close()
        assert (str(original.source_date), len(source.requests)) == (published, requests)


def test_of_two_files_in_a_period_that_of_the_usual_date_is_loaded(source: Source) -> None:
    for published in ("2026-11-02", "2026-11-20"):
        source.serves(f"/{published}.csv", b"id\n1\n")
    context, buckets = FetchContext(first_wait_seconds=0.01), BucketReader(Store())
    url = source.url + "/{yyyy-MM-dd}.csv"
    [original] = fetch_all([url], date(2026, 11, 28), 45, {}, context, buckets, MONTHLY) or []
    original.file.close()
    assert str(original.source_date) == "2026-11-02"
