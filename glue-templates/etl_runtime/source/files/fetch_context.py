"""What all downloads of a run have in common."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from etl_runtime.web.client import HttpClient

IDLE_TIMEOUT_SECONDS = 60  # without a byte; a slow download may take as long as it takes


@dataclass(frozen=True)
class FetchContext:
    """How the sources of a run are read.

    `client` sends the HTTP requests. `on_response` is called when a download begins. `stop` ends the downloads from another thread.
    The first retry waits for `first_wait_seconds`; a server may be silent for `idle_timeout_seconds`.
    """

    client: HttpClient = field(default_factory=HttpClient)
    on_response: Callable[[], object] = lambda: None
    stop: Event = field(default_factory=Event)
    first_wait_seconds: float = 1
    idle_timeout_seconds: float = IDLE_TIMEOUT_SECONDS
