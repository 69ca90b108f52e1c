"""The run's record: what was fetched, what was made of it, and how it ended. Kept beside the dataset's scripts, for ever."""

import logging
import secrets
import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from types import TracebackType
from typing import Any

from etl_runtime.job.arguments import Job, Names
from etl_runtime.job.errors import RunFailed, run_failure
from etl_runtime.job.metrics import publish_metrics
from etl_runtime.job.redaction import REDACTION
from etl_runtime.job.run_log import RunLog
from etl_runtime.job.store import Store

LOG = logging.getLogger(__name__)

LOOK_BACK_DAYS = 7  # for the run that this one retries
LOOK_BACK_FOR_KILLED_DAYS = 32  # for the run before this one: a month, and no more than one listing of an hourly job


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def new_run_id(started: datetime) -> str:
    """Sortable by time, and unique when two runs start at the same moment: 20261123T012048123Z-3f9a1c."""
    return f"{started:%Y%m%dT%H%M%S}{started.microsecond // 1000:03}Z-{secrets.token_hex(3)}"


class RunRecord:
    """Written when the run starts and when it ends, whatever happens in between.

    As a context manager it turns the end of the block into the run's status, and prints what the runtime logs in between.
    """

    def __init__(self, job: Job, store: Store) -> None:
        moment = datetime.now(UTC)
        self.started = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        self.run_id = new_run_id(self.started)
        self._store = store
        self._runs = job.names.runs
        self._metrics_namespace = job.names.metrics_namespace
        self._log = RunLog()
        self._clock = time.monotonic()
        self._deadline = self._clock + (job.names.timeout_minutes - 10) * 60
        self._content: dict[str, Any] = {
            "dataset": job.names.dataset,
            "layer": job.names.layer,
            "run_id": self.run_id,
            "job_run_id": job.job_run_id,
            "status": "running",
            "started_at": now(),
            "finished_at": None,
            "seconds": None,
            "error": None,
            "error_code": None,
            "retryable": None,
            "steps": {},
        }

    def __enter__(self) -> "RunRecord":
        self._log.attach()
        try:
            self.log("run", f"{self._content['layer']} {self._content['dataset']}  run_id {self.run_id}")
            self._write()
        except BaseException:
            self._log.detach()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._content |= {"finished_at": now(), "seconds": round(time.monotonic() - self._clock, 1)}
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
            if self._metrics_namespace:
                publish_metrics(self._metrics_namespace, self._content, self._store.region)
            if error is not None and any(REDACTION.out_of(text) != text for text in _told(error)):
                raise failed from None
        finally:
            self._log.detach()

    def note(self, values: Mapping[str, Any]) -> None:
        self._content |= values

    def note_gates(self, gates: Sequence[Mapping[str, Any]]) -> None:
        """The gates that failed and were allowed to."""
        self.note({"gates": gates, "allowed": [f"{failed['table']}: {failed['found']}" for failed in gates]})

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step of the run, which may be done several times, and log as this step meanwhile."""
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

    def tell_about_crawler(self, names: Names, old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> None:
        """The job never starts the crawler: a table's schema changes in the catalog when somebody decides so."""

        def schema(published: Mapping[str, Any] | None, key: str) -> list[tuple[str, str]]:
            table = (published or {}).get("tables", {}).get(key, {})
            return [(column["name"], column["type"]) for column in table.get("columns", [])]

        changed = [key for key in new["tables"] if schema(new, key) != schema(old, key)]
        if changed:
            tables = ", ".join(new["tables"][key]["name"] for key in changed)
            what = (
                f"the schema of {tables} changed since the last publication"
                if old
                else f"{tables} is new in the catalog"
            )
            self.log("crawl", f"{what}; once deployed: aws glue start-crawler --name {names.crawler}")
        else:
            self.log("crawl", "not needed: the schema is that of the last publication")

    def require_time_to_publish(self) -> None:
        """Publication must not be cut off half-way by the job's timeout."""
        if time.monotonic() > self._deadline:
            raise RunFailed(
                "Less than ten minutes are left before the job's timeout, too few to publish safely. "
                "Choose a larger data_size_category: it has more workers and a longer timeout."
            )

    def refuse_pointless_retry(self) -> None:
        """End Glue's own retry at once where the run that it repeats cannot succeed by being repeated.

        Glue names the retry of `jr_x` `jr_x_attempt_1`.
        """
        first, marker, _ = self._content["job_run_id"].partition("_attempt_")
        if not marker:
            return
        for uri in reversed(self._records(LOOK_BACK_DAYS)):
            record = self._store.read_json(uri)
            if record and record["job_run_id"].partition("_attempt_")[0] == first and record["run_id"] != self.run_id:
                if record["status"] == "failed" and not record["retryable"]:
                    raise RunFailed(f"Not tried again, because the first attempt failed for good: {record['error']}")
                return

    def close_killed(self, published: Mapping[str, Any] | None) -> None:
        """Say of the runs before this one that they were killed, as far back as their records say that they are running.

        Glue lets a job run once at a time. A run that lives all the same writes its own record when it ends. `published` tells
        whose tables are published, by the run itself or by this one. Run ids that a wrong clock made sort behind are looked at too.
        """
        uris = self._records(LOOK_BACK_FOR_KILLED_DAYS)
        own = bisect_left(uris, self._uri)
        before = takewhile(_is_running, map(self._store.read_json, reversed(uris[:own])))
        behind = filter(_is_running, map(self._store.read_json, uris[own + 1 :]))
        for record in [
            *reversed(list(before)),
            *behind,
        ]:  # the oldest first: were this run killed too, the next would look as far
            run_id = record["run_id"]
            closed = {
                **record,
                "status": "failed",
                "error": f"The run was killed; run {self.run_id} closed its record.",
                "retryable": True,
            }
            if published and published["run_id"] == run_id:
                closed |= {
                    "status": "published",
                    "sources": published["sources"],
                    "tables": list(published["tables"].values()),
                }
            self._store.write_json(f"{self._runs}run_id={run_id}.json", closed)
            self.log("recover", f"run {run_id} was killed; its record now says {closed['status']}")

    def _records(self, days: int) -> list[str]:
        """The records of the last days, oldest first."""
        since = f"run_id={datetime.now(UTC) - timedelta(days=days):%Y%m%dT%H%M%S}"
        return [uri for uri in self._store.list(self._runs, after=since) if uri.startswith(f"{self._runs}run_id=")]

    @property
    def _uri(self) -> str:
        return f"{self._runs}run_id={self.run_id}.json"

    def _write(self) -> None:
        self._store.write_json(self._uri, self._content)


def _told(error: BaseException) -> Iterator[str]:
    """What Python prints of an error, and of those that led to it."""
    told: BaseException | None = error
    while told:
        yield str(told)
        told = told.__cause__ or told.__context__


def _is_running(record: Mapping[str, Any] | None) -> bool:
    return record is not None and record["status"] == "running"
