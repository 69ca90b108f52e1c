"""A trial: run the job of a dataset with a fault, check what readers see, run it again and check again."""

import json
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from faults.dataset_kind import DatasetKind
from faults.iceberg_lake import IcebergLake
from faults.job_process import JobFailed, JobProcess, Killed
from faults.job_processes import JobProcesses
from faults.lake import Lake, Rows, State
from faults.origin import Version
from faults.proxy import CATALOG_WRITES, READS, Action, Fault
from faults.reader_process import ReaderProcess
from job_role import policies_of, write_role

KILLS = (Action.KILL_BEFORE, Action.KILL_AFTER)
RETENTION_HOURS = 1 / 3600  # longer than a read, but shorter than a run: all runs expire the same number of snapshots
RECORD_WRITES = ("PutObject", "write", "any")  # these faults can keep the run from writing its record


class Before(StrEnum):
    """The event before the run with the fault."""

    NOTHING = ""
    UNPUBLISHED = "before the first publication"
    INTERRUPTED = "after a run that was interrupted while it published"
    INTERRUPTED_AND_EXPIRED = "after a run that was interrupted while it published and whose staging has expired"


INTERRUPTIONS = (Before.INTERRUPTED, Before.INTERRUPTED_AND_EXPIRED)


@dataclass
class Outcome:
    """The result of a fault: how the run ended, what readers saw then and after the next run, and problems."""

    dataset: str
    before: Before
    fault: Fault
    ended: str = ""
    error: str = ""
    seen: State = State.WRONG
    after: State = State.WRONG
    problems: list[str] = field(default_factory=list)


class Trial:
    """The trials of one dataset, with its job in one of the `processes`."""

    def __init__(self, kind: DatasetKind, endpoint: str, bucket: str, processes: JobProcesses) -> None:
        self.kind = kind
        self._processes = processes
        self.origin = kind.origin(endpoint, bucket, kind.name)
        self.version: Version = 0
        self._last_commit = 0  # the write of a run that commits its last table
        self._runs: dict[Version, str] = {}
        layer, own = kind.layer, kind.name.replace("-", "_")
        root = f"s3://{bucket}/{layer}/{kind.name}/"
        named = {key: {"name": f"{own}_{key}", "location": f"{root}{key}/"} for key in kind.tables}
        self.names: dict[str, Any] = {
            "layer": layer,
            "dataset": kind.name,
            "bucket": bucket,
            "job": f"pp-dw-{layer}-{kind.name}",
            **(
                {"snapshot_retention_hours": RETENTION_HOURS}
                if kind.is_iceberg
                else {"crawler": f"pp-dw-{layer}-{kind.name}-crawler"}
            ),
            "database": f"pp_dw_{layer}",
            "staging": f"s3://{bucket}/staging/{layer}/{kind.name}/",
            "runs": f"s3://{bucket}/etl/{kind.name}/runs/{layer}/",
            "tables": named or {own: {"name": own, "location": root}},
            "timeout_minutes": 30,
            **self.origin.names(),
        }
        self._reader = ReaderProcess(endpoint) if kind.is_iceberg else None
        self.lake = (
            IcebergLake(endpoint, bucket, self.names, kind.read, self._reader)
            if self._reader
            else Lake(endpoint, bucket, self.names, kind.read)
        )
        self._document = f"etl/{kind.name}/glue/{layer}.json"
        document = {"dataset": kind.name, "data_size_category": "small", **self.origin.document(), **kind.document}
        self.lake.write(self._document, document)
        self._policies = policies_of(layer, kind.name, bucket, document)

    @property
    def job(self) -> JobProcess:
        return self._processes.current

    def publish_initial(self) -> None:
        """Publish the first version, or two if runs rebuild one of them or expire a snapshot."""
        for _ in range(2 if self.kind.rebuilds or self.kind.is_iceberg else 1):
            self.version += 1
            self.origin.publish(self.version)
            self._run({})
            self._runs[self.version] = self.lake.published()["run_id"]

    def calls(self, before: Before) -> Counter[str]:
        """The number of calls of each kind in a run without a fault."""
        if before == Before.UNPUBLISHED:
            self._unpublish()
        options = self._next_version(before)
        self.origin.proxy.inject(None)
        self._run(options)
        if before == Before.NOTHING:
            self._last_commit = self._find_last_commit()
        return Counter(call.kind for call in self.job.s3.calls) + Counter(call.kind for call in self.origin.proxy.calls)

    def run(self, fault: Fault, before: Before = Before.NOTHING) -> Outcome:
        """Inject one fault into the run on the dataset's next version."""
        if before == Before.UNPUBLISHED:
            self._unpublish()
        elif not self.kind.rebuilds:
            self.lake.remove_earlier_runs()
        old = self.rows(self.version)
        options = self._next_version(before)
        new = self.rows(self.version)
        outcome = Outcome(self.kind.name, before, fault)
        with self._reading(old, new) as problems:
            self._run_with_fault(outcome, options, old, new)
        outcome.problems += list(dict.fromkeys(problems))[:3]
        if self.kind.idempotent and outcome.ended != "published":
            self._require_unchanged(outcome, options)
        return outcome

    def _reading(self, old: Rows, new: Rows) -> AbstractContextManager[list[str]]:
        """Read Iceberg tables within the block. Yields problems."""
        if isinstance(self.lake, IcebergLake):
            return self.lake.reading(old, new, lambda: self.job.s3.writes)
        return nullcontext([])

    def _run_with_fault(self, outcome: Outcome, options: dict[str, object], old: Rows, new: Rows) -> None:
        """Run the job with the fault of `outcome`, and again if it does not publish."""
        fault, job = outcome.fault, self.job
        if fault.action in KILLS:
            self._processes.prepare_next()
        self.origin.proxy.inject(fault if fault.kind == "Download" else None)
        records = len(self.lake.records())
        try:
            self._run(options, fault if fault.kind != "Download" else None)
            outcome.ended = "published"
        except Killed:
            outcome.ended = "killed"
        except JobFailed as failed:
            outcome.ended, outcome.error = "failed", str(failed)
        self._judge(job, outcome, old, new, records)
        self.origin.proxy.inject(None)
        left = self.lake.unexpected_objects() if outcome.ended == "published" else []
        if not fault.is_permanent:  # the next run clears staging if this one cannot
            outcome.problems += [f"left behind by a published run: {unexpected}" for unexpected in left]
        if outcome.ended != "published" or left or outcome.problems:
            self._run_again(outcome, options)
        outcome.after = self.lake.seen(old, new)
        if outcome.after != State.NEW or self.lake.listed(old, new) != State.NEW:
            outcome.problems.append("after the next run, the tables are not the new ones")
        outcome.problems += [f"unexpected object: {unexpected}" for unexpected in self.lake.unexpected_objects()]

    def run_without_fault(self) -> None:
        """Run the job on the current version. Raises JobFailed."""
        self._run(self.kind.options)

    def publish_next(self) -> None:
        """Publish the origin's next version and run the job."""
        self._run(self._next_version(Before.NOTHING))

    def rows(self, version: Version) -> Rows:
        """The expected rows of the tables after a version is published; version 0 has none."""
        return {key: self.kind.rows(version) if version else [] for key in self.names["tables"]}

    def close(self) -> None:
        self.origin.close()
        if self._reader:
            self._reader.close()

    def _unpublish(self) -> None:
        assert isinstance(self.lake, IcebergLake)
        self.lake.reset()
        self.version = 0

    def _judge(self, job: JobProcess, outcome: Outcome, old: Rows, new: Rows, records: int) -> None:
        fault, publishing = outcome.fault, self.lake.is_publishing()
        outcome.seen, listed = self.lake.seen(old, new), self.lake.listed(old, new)
        republishes = self.kind.layer == "gold" and not self.kind.is_iceberg
        if outcome.seen == State.WRONG and outcome.before in INTERRUPTIONS and republishes:
            # The run has completed the interrupted publication, and is now publishing the same rows in other objects.
            outcome.seen = self.lake.seen(new, new)
        if not (self.origin.proxy if fault.kind == "Download" else job.s3).hit:
            outcome.problems.append("the call was not made")
        if State.WRONG in (outcome.seen, listed):
            outcome.problems.append(
                f"readers see rows of neither version: {outcome.seen} in the folder, {listed} in the files of published.json"
            )
        if State.MIXED in (outcome.seen, listed) and not publishing:
            outcome.problems.append("readers see both versions, and no publication is in progress")
        if listed == State.MIXED and len(self.names["tables"]) == 1:
            outcome.problems.append("the files that published.json lists contain both versions")
        if outcome.ended == "published" and (outcome.seen, listed, publishing) != (State.NEW, State.NEW, False):
            outcome.problems.append("the run published, but readers do not see exactly the new tables")
        if outcome.ended == "failed":
            self._judge_failure(outcome, listed, publishing, records)
        if fault.action in KILLS and outcome.ended != "killed":
            outcome.problems.append("the job was not killed")

    def _judge_failure(self, outcome: Outcome, listed: State, publishing: bool, records: int) -> None:
        fault = outcome.fault
        if not fault.is_permanent and fault.action != Action.CONFLICT:
            outcome.problems.append(f"a single failed call must not fail the run: {outcome.error[:200]}")
        if not publishing and (outcome.seen != listed or outcome.seen == State.MIXED):
            outcome.problems.append(
                "the run failed, but readers see neither exactly the old tables nor exactly the new ones"
            )
        if "\n" in outcome.error:
            outcome.problems.append("the error has more than one line")
        for record in self.lake.records()[records:]:
            if record["status"] != "failed" and fault.action != Action.OUTAGE and fault.kind not in RECORD_WRITES:
                outcome.problems.append(f"the record of the failed run has the status {record['status']}")

    def _run_again(self, outcome: Outcome, options: dict[str, object]) -> None:
        try:
            self._run(options)
        except (JobFailed, Killed) as error:
            outcome.problems.append(f"the next run failed: {error!r}")
        running = sum(record["status"] == "running" for record in self.lake.records())
        if running:
            outcome.problems.append(f"{running} records have the status running")

    def _require_unchanged(self, outcome: Outcome, options: dict[str, object]) -> None:
        """Check that another run on the same version changes nothing."""
        before = self.lake.versions()
        self._run_again(outcome, options)
        if (status := self.lake.records()[-1]["status"]) != "unchanged" or self.lake.versions() != before:
            outcome.problems.append(f"another run on the same version has the status {status}")

    def _next_version(self, before: Before) -> dict[str, object]:
        """Publish the origin's next version after the event `before`. Returns the options of the run."""
        options: dict[str, object] = dict(self.kind.options)
        if self.kind.rebuilds:
            self.version = 1 if self.version == 2 else 2
            options["from_run"] = self._runs[self.version]
        else:
            self.version += 1
            self.origin.publish(self.version)
        if before in INTERRUPTIONS:
            self._interrupt_publication(options)
        if before == Before.INTERRUPTED_AND_EXPIRED:
            self.lake.remove(str(self.names["staging"]))
        return options

    def _interrupt_publication(self, options: dict[str, object]) -> None:
        try:
            self._run(options, self._interruption)
        except JobFailed:
            return
        raise AssertionError("the run was not interrupted")

    def _find_last_commit(self) -> int:
        """The number of the write of the last run that commits its last Iceberg table."""
        writes = [call.kind for call in self.job.s3.calls if call.kind not in READS]
        return max((number for number, kind in enumerate(writes, 1) if kind in CATALOG_WRITES), default=0)

    @property
    def _interruption(self) -> Fault:
        """The fault that interrupts a publication after its first object or table, but before published.json."""
        if not self.kind.is_iceberg:
            return Fault(Action.OUTAGE, "CopyObject", 2)
        if self.kind.tables:
            return Fault(Action.OUTAGE, "UpdateTable", 2)
        return Fault(Action.OUTAGE, "write", self._last_commit + 1)

    def run_in(self, job: JobProcess, fault: Fault | None) -> None:
        """Run the job on the current version in this process. Raises JobFailed or Killed."""
        self._run_in(job, self.kind.options, fault)

    def next_version(self) -> None:
        """Publish the origin's next version."""
        self._next_version(Before.NOTHING)

    def publication_writes(self) -> list[int]:
        """The numbers of the writes of the last run, from the write of publishing.json on."""
        writes = [call for call in self.job.s3.calls if call.kind not in READS]
        start = next(number for number, call in enumerate(writes, 1) if call.name == "publishing.json")
        return list(range(start, len(writes) + 1))

    def _run(self, options: Mapping[str, object], fault: Fault | None = None) -> None:
        self._run_in(self.job, options, fault)

    def _run_in(self, job: JobProcess, options: Mapping[str, object], fault: Fault | None) -> None:
        write_role(job.access_key, self._policies)
        job.run(self.kind.layer, self._arguments(options), fault)

    def _arguments(self, options: Mapping[str, object]) -> list[str]:
        arguments = {
            "JOB_NAME": self.names["job"],
            "JOB_RUN_ID": "jr_1",
            "dataset_config": f"s3://{self.names['bucket']}/{self._document}",
            "names": json.dumps(self.names),
            "run_options": json.dumps(options),
        }
        return [f"--{name}={value}" for name, value in arguments.items()]
