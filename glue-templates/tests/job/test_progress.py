"""The progress of a download is a few lines in the log of a job."""

import logging

import pytest

from etl_runtime.job import progress
from etl_runtime.job.progress import DownloadProgress, Progress
from etl_runtime.job.redaction import REDACTION
from log_lines import logged


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


def test_the_lines_of_a_long_download_get_rarer(clock: Clock) -> None:
    """An hour logs about one line per minute, not one per block."""
    with logged() as lines, DownloadProgress("https://example.org/x.csv") as download:
        for second in range(3600):
            clock.now += 1
            download.received(second * 1_000_000, 3_600_000_000)
    assert len(lines) == 62
    assert lines[0] == "https://example.org/x.csv: 9.0 of 3,600.0 MB, 0%, 0.9 MB/s, 3,990 s left"
    assert lines[1] == "https://example.org/x.csv: 19.0 of 3,600.0 MB, 0%, 1.0 MB/s, 3,581 s left"
    assert lines[2].startswith("https://example.org/x.csv: 39.0 of")


def test_a_short_download_logs_nothing(clock: Clock) -> None:
    with logged() as lines, DownloadProgress("https://example.org/x.csv") as download:
        for block in range(90):
            clock.now += 0.1
            download.received(block, 90)
    assert lines == []


@pytest.mark.parametrize("total", [None, 0])
def test_without_a_size_the_bytes_and_the_rate_are_logged(clock: Clock, total: int | None) -> None:
    with logged() as lines, DownloadProgress("x.csv") as download:
        clock.now += 10
        download.received(25_000_000, total)
    assert lines == ["x.csv: 25.0 MB, 2.5 MB/s"]


def test_the_rate_of_a_restarted_download_is_never_negative(clock: Clock) -> None:
    with logged() as lines, DownloadProgress("x.csv") as download:
        clock.now += 10
        download.received(50_000_000, 100_000_000)
        clock.now += 5
        download.received(0, 100_000_000)
        clock.now += 10
        download.received(10_000_000, 100_000_000)
    assert lines[1] == "x.csv: 10.0 of 100.0 MB, 10%, 1.0 MB/s, 90 s left"


def test_blocks_of_several_threads_are_added_up(clock: Clock) -> None:
    with logged() as lines, DownloadProgress("x.csv") as download:
        for _ in range(10):
            clock.now += 1
            download.add(1_000_000, 20_000_000)
    assert lines == ["x.csv: 10.0 of 20.0 MB, 50%, 1.0 MB/s, 10 s left"]


def test_updates_for_the_terminal_are_limited_and_redacted(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, progress.LOG.name)
    REDACTION.add("s3cret-value")
    with Progress("https://example.org/s3cret-value/x.csv") as activity:
        for count in range(100):
            clock.now += 0.01
            activity.update(lambda count=count: f"{count} responses")  # type: ignore[misc]
    states = [record.__dict__["state"] for record in caplog.records]
    assert states[0] == {"text": "0 responses"}
    assert 3 <= len(states) <= 6
    assert states[-1] is None
    assert not any("s3cret" in str(record.__dict__) for record in caplog.records)
