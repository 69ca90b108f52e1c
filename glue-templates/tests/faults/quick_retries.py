"""Shortens the delays of retries, which these tests do not check."""

import time
from collections.abc import Callable
from types import SimpleNamespace

import tenacity.nap
from botocore.retries.standard import ExponentialBackoff

from etl_runtime.web import retries

WAIT_SECONDS = 0.01
CLOCK = SimpleNamespace(sleep=lambda _: time.sleep(WAIT_SECONDS))


def install(replace: Callable[[object, str, object], None] = setattr) -> None:
    """Shorten the delays of boto3, tenacity and HTTP requests in this process. `replace` can be monkeypatch.setattr."""
    replace(ExponentialBackoff, "delay_amount", lambda self, context: WAIT_SECONDS)
    replace(tenacity.nap, "time", CLOCK)
    replace(retries, "sleep_using_event", lambda stop: CLOCK.sleep)
