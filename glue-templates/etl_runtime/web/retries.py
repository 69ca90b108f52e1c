"""When a request that failed is made again: the same rules for files, pages and tokens."""

from collections.abc import Callable
from threading import Event
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, sleep_using_event, wait_random

from etl_runtime.web.request_errors import RequestFailed

ATTEMPTS = 5  # in a row that bring nothing new
LONGEST_PAUSE_SECONDS = 60
LONGEST_RETRY_AFTER_SECONDS = 120

T = TypeVar("T")


def attempted(
    attempt: Callable[[], T],
    tell: Callable[[str], None],
    stop: Event,
    first_wait_seconds: float = 1,
    fruitless: Callable[[], int] | None = None,
    most: int = ATTEMPTS,
    hold: Callable[[float], None] = lambda seconds: None,
) -> T:
    """What `attempt` returns. Where it raises a RequestFailed that is retryable it is made again, five times in all.

    The pauses double, with jitter, and are as long as the server's Retry-After. `fruitless` counts the attempts in a row that brought
    nothing new, where some do; there are never more than `most`. `tell` is given a line for each pause, `hold` the seconds that the
    server asked for; `stop` ends a pause from another thread. Raises the last RequestFailed.
    """
    jitter = wait_random(0, first_wait_seconds)

    def in_vain(state: RetryCallState) -> int:
        return fruitless() if fruitless else state.attempt_number

    def wait(state: RetryCallState) -> float:
        asked = min(
            float(getattr(state.outcome and state.outcome.exception(), "retry_after", None) or 0),
            LONGEST_RETRY_AFTER_SECONDS,
        )
        if asked > 0:
            hold(asked)
        back_off = min(first_wait_seconds * float(2 ** max(0, in_vain(state) - 1)), LONGEST_PAUSE_SECONDS) + jitter(
            state
        )
        return max(back_off, asked)

    def before_pause(state: RetryCallState) -> None:
        error = state.outcome and state.outcome.exception()
        pause = state.next_action.sleep if state.next_action else 0
        tell(f"{error}; attempt {state.attempt_number}, next in {pause:.0f} s")

    retrying = Retrying(
        stop=lambda state: in_vain(state) >= ATTEMPTS or state.attempt_number > most,
        wait=wait,
        retry=retry_if_exception(lambda error: isinstance(error, RequestFailed) and error.retryable),
        sleep=sleep_using_event(stop),
        before_sleep=before_pause,
        reraise=True,
    )
    return retrying(attempt)
