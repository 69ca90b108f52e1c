"""The context that all downloads of a run share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event

from etl_runtime.source.records_contract import RecordsContract
from etl_runtime.web.client import HttpClient

IDLE_TIMEOUT_SECONDS = 60  # without receiving a byte; the total duration of a download is not limited


@dataclass(frozen=True)
class FetchContext:
    """The client, callbacks and time limits for the sources of a run.

    `client` sends the HTTP requests. `on_response` is called when the download of a new or changed file starts.
    `records` defines where the records are in API responses. `table_values` contains the `for_each` values that come
    from tables, as JSON text, keyed by endpoint. Setting `stop` in another thread ends the downloads. The first retry
    waits for `first_wait_seconds`. An attempt fails if the server sends nothing for `idle_timeout_seconds`.
    """

    client: HttpClient = field(default_factory=HttpClient)
    on_response: Callable[[], object] = lambda: None
    records: RecordsContract = field(default_factory=RecordsContract)
    table_values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    stop: Event = field(default_factory=Event)
    first_wait_seconds: float = 1
    idle_timeout_seconds: float = IDLE_TIMEOUT_SECONDS
