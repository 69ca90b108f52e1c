"""The run record: the fetched originals, the tables and the result of a run. The bucket keeps every record."""

import logging
import secrets
import signal
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from types import TracebackType
from typing import Any

from etl_runtime.job.arguments import Job
from etl_runtime.job.dpu_usage import dpu_seconds
from etl_runtime.job.errors import ErrorCode, RunFailed, Terminated, run_failure
from etl_runtime.job.metrics import publish_metrics
from etl_runtime.job.openlineage import LineageEvents
from etl_runtime.job.redaction import REDACTION
from etl_runtime.job.run_log import RunLog
from etl_runtime.job.store import Store
from etl_runtime.job.warning_event import send_warnings

LOG = logging.getLogger(__name__)

RETRIED_RUN_LOOKBACK_DAYS = 7
KILLED_RUN_LOOKBACK_DAYS = 32  # covers a monthly schedule; the records of hourly runs still fit on one page
MIN_SECONDS_TO_PUBLISH = 600


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def new_run_id(started: datetime) -> str:
    """An ID that sorts by time and is unique even if two runs start at the same time: 20261123T012048123Z-3f9a1c."""
    return f"{started:%Y%m%dT%H%M%S}{started.microsecond // 1000:03}Z-{secrets.token_hex(3)}"


class RunRecord:
    """A context manager that writes the record when the run starts and when it ends.

    The `with` block is the run: an exception in it sets the status to "failed". Within the block, the log lines of the
    runtime are printed, and SIGTERM ends the run with an exception. Once the publication begins, SIGTERM is ignored, so
    that the record shows whether the run has published.
    """

    def __init__(self, job: Job, store: Store) -> None:
        moment = datetime.now(UTC)
        self.started = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        self.run_id = new_run_id(self.started)
        self._store = store
        self._names = job.names
        self._runs = job.names.runs
        self._job_name = job.names.job
        self._metrics_namespace = job.names.metrics_namespace
        self._event_source = job.names.event_source
        self._events = LineageEvents(job, store)
        self._input_tables: dict[str, Any] = {}
        self._published: Mapping[str, Any] | None = None
        self._log = RunLog()
        self._can_terminate = True
        self._previous_handler: Any = None
        self._clock = time.monotonic()
        self._deadline = self._clock + job.names.timeout_minutes * 60 - MIN_SECONDS_TO_PUBLISH
        self._content: dict[str, Any] = {
            "dataset": job.names.dataset,
            "layer": job.names.layer,
            "run_id": self.run_id,
            "job_run_id": job.job_run_id,
            "status": "running",
            "started_at": now(),
            "finished_at": None,
            "seconds": None,
            "dpu_seconds": None,
            "error": None,
            "error_code": None,
            "retryable": None,
            "schema_changed_at": None,  # before long lists: a pipeline reads only the start of a large record
            "steps": {},
        }

    def __enter__(self) -> "RunRecord":
        self._log.attach()
        try:
            self.log("run", f"{self._content['layer']} {self._content['dataset']}  run_id {self.run_id}")
            self._write()
            self._events.write(self._content, self._content["started_at"])
            if threading.current_thread() is threading.main_thread():
                self._previous_handler = signal.signal(signal.SIGTERM, self._terminate)
        except BaseException:
            self._log.detach()
            raise
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._can_terminate = False
        try:
            seconds = round(time.monotonic() - self._clock, 1)
            usage = dpu_seconds(self._names, seconds)
            self._content |= {"finished_at": now(), "seconds": seconds, "dpu_seconds": usage}
            if error is None:
                self._content["status"] = "unchanged" if self._content["status"] == "unchanged" else "published"
                self._write()
                self.log("done", f"{self._content['seconds']} s")
            else:
                failed = run_failure(error)
                self._content |= {
                    "status": "failed",
                    "error": str(failed),
                    "error_code": failed.code,
                    "retryable": failed.retryable,
                }
                if failed.gates:
                    self._content["gates"] = failed.gates
                self._write()
                self.log("failed", f"{self._content['dataset']}: {failed}")
            self._events.write(self._content, self._content["finished_at"], self._input_tables, self._published)
            if self._metrics_namespace:
                publish_metrics(self._metrics_namespace, self._content, self._store.region)
            if error is None and self._event_source and self._content.get("warnings"):
                send_warnings(self._event_source, self._job_name, self._content, self._store.region)
            if error is not None and any(REDACTION.redact(text) != text for text in _printed_texts(error)):
                raise failed from None
            if error is not None and failed.code == ErrorCode.LAKE_FORMATION_DENIED:
                raise failed from error  # Glue shows the text of the exception, so the alert says what to do
        finally:
            self._log.detach()
            if self._previous_handler is not None:
                signal.signal(signal.SIGTERM, self._previous_handler)

    def _terminate(self, *_: object) -> None:
        if self._can_terminate:
            self._can_terminate = False
            raise Terminated

    def note(self, values: Mapping[str, Any]) -> None:
        self._content |= values

    def note_input_tables(self, tables: Mapping[str, Any]) -> None:
        """Note the published tables of the inputs, keyed by their names in Athena, for the lineage event."""
        self._input_tables = dict(tables)

    def note_gates(self, gates: Sequence[Mapping[str, Any]]) -> None:
        """Record the failed gates that were allowed to fail."""
        self.note({"gates": gates, "allowed": [f"{failed['table']}: {failed['found']}" for failed in gates]})

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure the time of a step, and use `name` in log lines. The times of a repeated step are added up."""
        started = time.monotonic()
        try:
            with self.logged_as(name):
                yield
        finally:
            before = self._content["steps"].get(name, 0)
            self._content["steps"][name] = round(before + time.monotonic() - started, 2)

    @contextmanager
    def logged_as(self, step: str) -> Iterator[None]:
        outer, self._log.step = self._log.step, step
        try:
            yield
        finally:
            self._log.step = outer

    def log(self, step: str, text: str) -> None:
        LOG.info(text, extra={"step": step})

    def warn(self, text: str) -> None:
        """Add a warning to the record, and log it. A warning does not stop the run."""
        redacted = " ".join(REDACTION.redact(text).split())
        self._content.setdefault("warnings", []).append(redacted)
        LOG.info(f"warning: {redacted}")

    def note_publication(self, published: Mapping[str, Any] | None) -> None:
        """Add to the record what a pipeline needs to decide whether to start the crawler."""
        self._published = published
        if published and "schema_changed_at" in published:
            self.note({"schema_changed_at": published["schema_changed_at"]})

    def require_time_to_publish(self) -> None:
        """Raise RunFailed if the job's timeout could interrupt the publication. From here on, SIGTERM is ignored."""
        self._can_terminate = False
        if time.monotonic() > self._deadline:
            raise RunFailed(
                ErrorCode.TIMEOUT_TOO_CLOSE,
                "Less than ten minutes remain before the timeout of the job, which could interrupt the publication. "
                "Set a longer timeout_minutes, or choose a larger data_size_category.",
            )

    def skip_futile_retry(self) -> None:
        """Raise RunFailed if this run is Glue's retry of a run whose error is not retryable.

        Glue appends `_attempt_1` to the run ID for the retry: `jr_x` becomes `jr_x_attempt_1`.
        """
        first, marker, _ = self._content["job_run_id"].partition("_attempt_")
        if not marker:
            return
        for uri in reversed(self._records(RETRIED_RUN_LOOKBACK_DAYS)):
            record = self._store.read_json(uri)
            if record and record["job_run_id"].partition("_attempt_")[0] == first and record["run_id"] != self.run_id:
                if record["status"] == "failed" and not record["retryable"]:
                    raise RunFailed(
                        ErrorCode.RETRY_SKIPPED,
                        f"A retry cannot succeed, because the first attempt (run {record['run_id']}) failed with an "
                        f"error that is not retryable. Fix this error and run again: {record['error']}",
                    )
                return

    def close_killed_runs(self, published: Mapping[str, Any] | None) -> None:
        """Close the records of earlier runs whose status is still "running". A job has only one run at a time, so these
        runs were killed.

        Checks the records from the newest to the oldest, and stops at the first record of a run that has ended. Also
        checks records whose run IDs are later than the ID of this run, which a wrong clock can cause. If the run of
        such a record is in fact still running, it overwrites the record when it ends. If a killed run wrote the tables
        in `published`, its status becomes "published".
        """
        uris = self._records(KILLED_RUN_LOOKBACK_DAYS)
        own = bisect_left(uris, self._uri)
        earlier = takewhile(_is_running, map(self._store.read_json, reversed(uris[:own])))
        later = filter(_is_running, map(self._store.read_json, uris[own + 1 :]))
        # The oldest record is closed first. If this run is killed too, the next run then still finds all remaining
        # records.
        for record in [*reversed(list(earlier)), *later]:
            closed = closed_record(record, published, f"The run was killed. Run {self.run_id} closed its record.")
            self._store.write_json(f"{self._runs}run_id={record['run_id']}.json", closed)
            self._events.write(closed, now(), published=published)
            self.log("recover", f"run {record['run_id']} was killed; set its status to {closed['status']}")

    def _records(self, days: int) -> list[str]:
        return record_uris(self._runs, days, self._store)

    @property
    def _uri(self) -> str:
        return f"{self._runs}run_id={self.run_id}.json"

    def _write(self) -> None:
        self._store.write_json(self._uri, self._content)


def record_uris(runs: str, days: int, store: Store) -> list[str]:
    """The URIs of the records of the last `days`, oldest first."""
    since = f"run_id={datetime.now(UTC) - timedelta(days=days):%Y%m%dT%H%M%S}"
    return [uri for uri in store.list(runs, after=since) if uri.startswith(f"{runs}run_id=")]


def closed_record(record: Mapping[str, Any], published: Mapping[str, Any] | None, reason: str) -> dict[str, Any]:
    """Close the record of a killed run. The status becomes "published" if the run wrote the tables in `published`,
    otherwise "failed"."""
    killed = RunFailed(ErrorCode.RUN_KILLED, reason, retryable=True)
    closed = {
        **record,
        "status": "failed",
        "error": str(killed),
        "error_code": killed.code,
        "retryable": killed.retryable,
    }
    if published and published["run_id"] == record["run_id"]:
        closed |= {
            "status": "published",
            "sources": published["sources"],
            **recorded_tables(published),
            **{key: published[key] for key in ("inputs", "source_date", "schema_changed_at") if key in published},
        }
    return closed


def recorded_tables(published: Mapping[str, Any]) -> dict[str, Any]:
    """The keys `tables` and `lineage` of the run record, from the content of published.json."""
    tables = published["tables"]
    lineage = {key: table["lineage"] for key, table in tables.items() if "lineage" in table}
    return {
        **({"lineage": lineage} if lineage else {}),
        "tables": [{name: value for name, value in each.items() if name != "lineage"} for each in tables.values()],
    }


def _printed_texts(error: BaseException) -> Iterator[str]:
    """Yield the messages that Python prints for an error: the error's own message, and the messages of its causes."""
    printed: BaseException | None = error
    while printed:
        yield str(printed)
        printed = printed.__cause__ or printed.__context__


def _is_running(record: Mapping[str, Any] | None) -> bool:
    return record is not None and record["status"] == "running"
