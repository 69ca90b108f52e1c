"""Limits how often requests are sent."""

import time
from threading import Event, Lock

from etl_runtime.job.dataset_document import RateLimit


class RateLimiter:
    """Spaces the requests of all threads evenly, and delays all of them if a response has a Retry-After header."""

    def __init__(self, limit: RateLimit | None = None) -> None:
        self._interval = limit.get("seconds", 1) / limit["requests"] if limit else 0.0
        self._next = 0.0  # the earliest time of the next request, on the monotonic clock
        self._lock = Lock()

    def wait(self, stop: Event) -> None:
        """Wait until the next request may be sent, or until `stop` is set."""
        while True:
            with self._lock:
                now = time.monotonic()
                pause = self._next - now
                if pause <= 0:
                    self._next = now + self._interval
                    return
            if stop.wait(pause):
                return

    def delay(self, seconds: float) -> None:
        """Delay all requests for this many seconds."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)
