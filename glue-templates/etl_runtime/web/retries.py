"""Retries HTTP requests. The same rules apply to files, API pages and access tokens."""

from collections.abc import Callable
from threading import Event
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, sleep_using_event, wait_random

from etl_runtime.web.rate_limiter import RateLimiter
from etl_runtime.web.request_errors import RequestFailed

MAX_ATTEMPTS = 5  # consecutive attempts without progress
MAX_RESUMPTIONS = 50
MAX_BACKOFF_SECONDS = 60
MAX_RETRY_AFTER_SECONDS = 120

T = TypeVar("T")


def with_retries(
    attempt: Callable[[], T],
    log: Callable[[str], None],
    stop: Event,
    first_wait_seconds: float = 1,
    failures_in_a_row: Callable[[], int] | None = None,
    rate_limiter: RateLimiter | None = None,
) -> T:
    """Return the result of `attempt`. If a call raises a retryable RequestFailed, `attempt` is called again, up to five
    times in total.

    The pauses double, with jitter, and are at least as long as the server's Retry-After, which also delays the other
    requests of `rate_limiter`. Downloads, which can resume up to 50 times, set `failures_in_a_row`, a function that
    returns the number of attempts since the last progress. `log` receives one line per pause. Setting `stop` in another
    thread ends a pause.

    Raises the last RequestFailed.
    """
    jitter = wait_random(0, first_wait_seconds)

    def failures(state: RetryCallState) -> int:
        return failures_in_a_row() if failures_in_a_row else state.attempt_number

    def pause_seconds(state: RetryCallState) -> float:
        error = state.outcome and state.outcome.exception()
        retry_after = min(float(getattr(error, "retry_after", None) or 0), MAX_RETRY_AFTER_SECONDS)
        if rate_limiter and retry_after > 0:
            rate_limiter.delay(retry_after)
        backoff = min(first_wait_seconds * float(2 ** max(0, failures(state) - 1)), MAX_BACKOFF_SECONDS)
        return max(backoff + jitter(state), retry_after)

    def log_pause(state: RetryCallState) -> None:
        error = state.outcome and state.outcome.exception()
        seconds = state.next_action.sleep if state.next_action else 0
        log(f"attempt {state.attempt_number} failed: {error}; retrying in {seconds:.0f} s")

    retrying = Retrying(
        stop=lambda state: failures(state) >= MAX_ATTEMPTS or state.attempt_number > MAX_RESUMPTIONS,
        wait=pause_seconds,
        retry=retry_if_exception(lambda error: isinstance(error, RequestFailed) and error.retryable),
        sleep=sleep_using_event(stop),
        before_sleep=log_pause,
        reraise=True,
    )
    return retrying(attempt)
