"""The dates on which a source usually publishes a file, and the order in which a run looks for it."""

import calendar
from datetime import date, timedelta

from etl_runtime.job.dataset_document import SourceDates

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
POSITIONS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}
LOOKBACK_DAYS = {"week": 14, "month": 45}
"""By default, a run looks back one period and a week or two for a file that is late."""
EARLY_DAYS = {"week": 1, "month": 3}
"""A file that is published up to this number of days early, such as before a holiday, belongs to the usual date."""


def in_likely_order(days: list[date], source_dates: SourceDates) -> list[date]:
    """The days of each period, newest period first: its usual date, then the others from the newest to the oldest.

    `days` are from the newest to the oldest. A period begins a few days before its usual date.
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
