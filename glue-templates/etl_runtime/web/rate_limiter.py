"""When the next request may be sent."""

import time
from threading import Event, Lock

from etl_runtime.job.dataset_document import RateLimit


class RateLimiter:
    """Spreads the requests of all threads evenly, and holds them all back for as long as a server asks."""

    def __init__(self, limit: RateLimit | None = None) -> None:
        self._interval = limit.get("seconds", 1) / limit["requests"] if limit else 0.0
        self._next = 0.0  # when the next request may go, by the monotonic clock
        self._lock = Lock()

    def wait(self, stop: Event) -> None:
        """Until the next request may be sent, or `stop` is set."""
        while True:
            with self._lock:
                now = time.monotonic()
                pause = self._next - now
                if pause <= 0:
                    self._next = now + self._interval
                    return
            if stop.wait(pause):
                return

    def hold(self, seconds: float) -> None:
        """No request before so many seconds are over."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)
