"""Logs the progress of a long activity, such as a download, in a few lines of the job's log.

The log lines have the level INFO. Each update is also logged at the level DEBUG, which the job's log omits. In a local
run, the `medallion` command shows these updates in the terminal.
"""

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from etl_runtime.job.redaction import REDACTION

LOG = logging.getLogger(__name__)

UPDATE_SECONDS = 0.25
FIRST_LINE_SECONDS = 10
MAX_SECONDS_BETWEEN_LINES = 60  # the time doubles up to this maximum, because CloudWatch charges for log lines


class Progress:
    """A context manager for one activity, which is called `name` in the log. Several threads can update it.

    `update` can be called for every block, because it does nothing if the last update was less than UPDATE_SECONDS ago.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._updated_at = float("-inf")
        self._seconds_to_next_line = float(FIRST_LINE_SECONDS)
        self._line_at = time.monotonic() + FIRST_LINE_SECONDS

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._show(None)

    def update(self, describe: Callable[[], str]) -> None:
        """Report the state, for example `12 responses`."""
        if self._is_due():
            self._show({"text": describe()})
            self._log_line(describe)

    def _show(self, state: dict[str, Any] | None) -> None:
        LOG.debug("progress", extra={"activity": REDACTION.redact(self._name), "state": state})

    def _is_due(self) -> bool:
        with self._lock:
            now = time.monotonic()
            if now - self._updated_at < UPDATE_SECONDS:
                return False
            self._updated_at = now
            return True

    def _log_line(self, describe: Callable[[], str]) -> None:
        with self._lock:
            now = time.monotonic()
            if now < self._line_at:
                return
            self._line_at = now + self._seconds_to_next_line
            self._seconds_to_next_line = min(2 * self._seconds_to_next_line, MAX_SECONDS_BETWEEN_LINES)
        LOG.info(f"{self._name}: {describe()}")


class DownloadProgress(Progress):
    """Logs the progress of a download in bytes, with the transfer rate since the last log line."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._start = (time.monotonic(), 0)
        self._done = 0

    def received(self, done: int, total: int | None) -> None:
        """Report the number of bytes received, and the size of the file if it is known."""
        if done < self._start[1]:
            self._start = (time.monotonic(), done)  # the download has restarted
        if self._is_due():
            self._show({"done": done, "total": total})
            self._log_line(lambda: self._described(done, total))

    def add(self, received: int, total: int | None) -> None:
        """Report `received` more bytes."""
        with self._lock:
            self._done += received
            done = self._done
        self.received(done, total)

    def _described(self, done: int, total: int | None) -> str:
        (start, done_at_start), now = self._start, time.monotonic()
        self._start = (now, done)
        rate = (done - done_at_start) / max(now - start, 0.001)
        parts = [f"{done / 1e6:,.1f} of {total / 1e6:,.1f} MB" if total else f"{done / 1e6:,.1f} MB"]
        if total:
            parts.append(f"{100 * done // total}%")
        parts.append(f"{rate / 1e6:,.1f} MB/s")
        if total and rate:
            parts.append(f"{(total - done) / rate:,.0f} s left")
        return ", ".join(parts)
