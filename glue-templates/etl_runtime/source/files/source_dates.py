"""The dates on which a source usually publishes a file, and the order in which a run looks for the file."""

import calendar
from datetime import date, timedelta

from etl_runtime.job.dataset_document import SourceDates

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
POSITIONS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}
LOOKBACK_DAYS = {"week": 14, "month": 45}
"""The default lookback: one period, plus a week or two for a file that is late."""
EARLY_DAYS = {"week": 1, "month": 3}
"""A file that is published up to this many days early, for example before a holiday, belongs to the usual date."""


def in_likely_order(days: list[date], source_dates: SourceDates) -> list[date]:
    """Sort the days by period, newest first. Within a period, the usual date comes first, then the other days from the
    newest to the oldest.

    `days` are in order from the newest to the oldest. A period begins a few days before its usual date.
    """
    early = timedelta(days=EARLY_DAYS[source_dates["every"]])
    usual = {day for day in days if is_usual(day, source_dates)}
    ordered: list[date] = []
    period: list[date] = []
    for day in days:
        period.append(day)
        if is_usual(day + early, source_dates):
            ordered += sorted(period, key=lambda each: (each not in usual, -each.toordinal()))
            period = []
    return ordered + sorted(period, key=lambda each: (each not in usual, -each.toordinal()))


def is_usual(day: date, source_dates: SourceDates) -> bool:
    """Whether the source usually publishes a file on this day."""
    on = source_dates["on"]
    if source_dates["every"] == "week":
        return WEEKDAYS[day.weekday()] == on
    last = calendar.monthrange(day.year, day.month)[1]
    if on == "last day":
        return day.day == last
    if on.isdecimal():
        return day.day == min(int(on), last)
    position, _, weekday = on.partition(" ")
    same = [each for each in range(1, last + 1) if WEEKDAYS[day.replace(day=each).weekday()] == weekday]
    return day.day == same[POSITIONS[position]]
