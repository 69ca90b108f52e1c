"""One dataset, its origin and its lake: run its job with a fault, look at what readers see, run it again, look again."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from faults.dataset_kind import DatasetKind
from faults.job_process import JobFailed, JobProcess, Killed
from faults.job_processes import JobProcesses
from faults.lake import Lake, Rows, State
from faults.origin import Version
from faults.proxy import Action, Fault

KILLS = (Action.KILL_BEFORE, Action.KILL_AFTER)
RECORD_WRITES = ("PutObject", "write", "any")  # while these fail, the record of a run cannot be written


class Before(StrEnum):
    """What has happened before the run with the fault."""

    NOTHING = ""
    DIED = "after a run that died while it published"
    DIED_AND_EXPIRED = "after a run that died while it published, and whose staging has expired"


@dataclass
class Outcome:
    """What came of a fault: how the run ended and with which error, what readers saw then, and everything that is not as it should be."""

    dataset: str
    before: Before
    fault: Fault
    ended: str = ""
    error: str = ""
    seen: State = State.WRONG
    after: State = State.WRONG
    problems: list[str] = field(default_factory=list)


class Trial:
    """A dataset to be made to fail, by a job in one of the `processes`."""

    def __init__(self, kind: DatasetKind, endpoint: str, bucket: str, processes: JobProcesses) -> None:
        self.kind = kind
        self._processes = processes
        self.origin = kind.origin(endpoint, bucket, kind.name)
        self.version: Version = 0
        self._runs: dict[Version, str] = {}
        layer, own = kind.layer, kind.name.replace("-", "_")
        root = f"s3://{bucket}/{layer}/{kind.name}/"
        named = {key: {"name": f"{own}_{key}", "location": f"{root}{key}/"} for key in kind.tables}
        self.names: dict[str, Any] = {
            "layer": layer,
            "dataset": kind.name,
            "bucket": bucket,
            "job": f"pp-dw-{layer}-{kind.name}",
            "crawler": f"pp-dw-{layer}-{kind.name}-crawler",
            "database": f"pp_dw_{layer}",
            "staging": f"s3://{bucket}/staging/{layer}/{kind.name}/",
            "runs": f"s3://{bucket}/etl/{kind.name}/runs/{layer}/",
            "tables": named or {own: {"name": own, "location": root}},
            "timeout_minutes": 30,
            **self.origin.names(),
        }
        self.lake = Lake(endpoint, bucket, self.names, kind.read)
        self._document = f"etl/{kind.name}/glue/{layer}.json"
        document = {"dataset": kind.name, "data_size_category": "small", **self.origin.document(), **kind.document}
        self.lake.write(self._document, document)

    @property
    def job(self) -> JobProcess:
        return self._processes.current

    def publish_first(self) -> None:
        """What the faults are tried on: one version, or two to choose from."""
        for _ in range(2 if self.kind.rebuilds else 1):
            self.version += 1
            self.origin.publish(self.version)
            self._run({})
            self._runs[self.version] = self.lake.published()["run_id"]

    def calls(self, before: Before) -> Counter[str]:
        """How many calls of each kind an undisturbed run makes."""
        options = self._next_version(before)
        self.origin.proxy.spoil(None)
        self._run(options)
        return Counter(call.kind for call in self.job.s3.calls) + Counter(call.kind for call in self.origin.proxy.calls)

    def run(self, fault: Fault, before: Before = Before.NOTHING) -> Outcome:
        """Try one fault on the dataset's next version."""
        old = self.rows(self.version)
        options = self._next_version(before)
        new = self.rows(self.version)
        outcome = Outcome(self.kind.name, before, fault)
        job = self.job
        if fault.action in KILLS:
            self._processes.prepare_next()
        self.origin.proxy.spoil(fault if fault.kind == "Download" else None)
        records = len(self.lake.records())
        try:
            self._run(options, fault if fault.kind != "Download" else None)
            outcome.ended = "published"
        except Killed:
            outcome.ended = "killed"
        except JobFailed as failed:
            outcome.ended, outcome.error = "failed", str(failed)
        self._judge(job, outcome, old, new, records)
        self.origin.proxy.spoil(None)
        left = self.lake.strays() if outcome.ended == "published" else []
        if not fault.endures:  # staging that cannot be cleared is left to the next run
            outcome.problems += [f"left by a run that ended well: {stray}" for stray in left]
        if outcome.ended != "published" or left or outcome.problems:
            self._run_again(outcome, options)
        outcome.after = self.lake.seen(old, new)
        if outcome.after != State.NEW or self.lake.listed(old, new) != State.NEW:
            outcome.problems.append("afterwards the tables are not the new ones")
        outcome.problems += [f"stray: {stray}" for stray in self.lake.strays()]
        if self.kind.rests and outcome.ended != "published":
            self._require_rest(outcome, options)
        return outcome

    def run_undisturbed(self) -> None:
        """Run the job on what there is. Raises JobFailed."""
        self._run(self.kind.options)

    def publish_next(self) -> None:
        """Run the job on the origin's next version, undisturbed."""
        self._run(self._next_version(Before.NOTHING))

    def rows(self, version: Version) -> Rows:
        """What the tables hold once a version is published."""
        return {key: self.kind.rows(version) for key in self.names["tables"]}

    def close(self) -> None:
        self.origin.close()

    def _judge(self, job: JobProcess, outcome: Outcome, old: Rows, new: Rows, records: int) -> None:
        fault, publishing = outcome.fault, self.lake.is_publishing()
        outcome.seen, listed = self.lake.seen(old, new), self.lake.listed(old, new)
        if not (self.origin.proxy if fault.kind == "Download" else job.s3).hit:
            outcome.problems.append("the call was not made")
        if State.WRONG in (outcome.seen, listed):
            outcome.problems.append(
                f"readers see what neither run made: {outcome.seen} in the folder, {listed} in published.json's files"
            )
        if State.MIXED in (outcome.seen, listed) and not publishing:
            outcome.problems.append("readers see both, and no publication is under way")
        if listed == State.MIXED and len(self.names["tables"]) == 1:
            outcome.problems.append("the files that published.json lists are of both")
        if outcome.ended == "published" and (outcome.seen, listed, publishing) != (State.NEW, State.NEW, False):
            outcome.problems.append("the run ended well, and readers do not see exactly the new tables")
        if outcome.ended == "failed":
            self._judge_failure(outcome, listed, publishing, records)
        if fault.action in KILLS and outcome.ended != "killed":
            outcome.problems.append("the job was not killed")

    def _judge_failure(self, outcome: Outcome, listed: State, publishing: bool, records: int) -> None:
        fault = outcome.fault
        if not fault.endures:
            outcome.problems.append(f"one call that fails should fail no run: {outcome.error[:200]}")
        if not publishing and (outcome.seen != listed or outcome.seen == State.MIXED):
            outcome.problems.append(
                "the run failed, and readers see neither exactly the old tables nor exactly the new ones"
            )
        if "\n" in outcome.error:
            outcome.problems.append("the error is not one line")
        for record in self.lake.records()[records:]:
            if record["status"] != "failed" and fault.action != Action.OUTAGE and fault.kind not in RECORD_WRITES:
                outcome.problems.append(f"the record of the failed run says {record['status']}")

    def _run_again(self, outcome: Outcome, options: dict[str, object]) -> None:
        try:
            self._run(options)
        except (JobFailed, Killed) as error:
            outcome.problems.append(f"the next run failed: {error!r}")
        running = sum(record["status"] == "running" for record in self.lake.records())
        if running:
            outcome.problems.append(f"{running} records say that their run is running")

    def _require_rest(self, outcome: Outcome, options: dict[str, object]) -> None:
        """The same version once more changes nothing."""
        before = self.lake.versions()
        self._run_again(outcome, options)
        if (status := self.lake.records()[-1]["status"]) != "unchanged" or self.lake.versions() != before:
            outcome.problems.append(f"the same version again is {status}")

    def _next_version(self, before: Before) -> dict[str, object]:
        """Let the origin have its next version, and the past be as it is to be. Returns the options of the run."""
        options: dict[str, object] = dict(self.kind.options)
        if self.kind.rebuilds:
            self.version = 1 if self.version == 2 else 2
            options["from_run"] = self._runs[self.version]
        else:
            self.version += 1
            self.origin.publish(self.version)
        if before != Before.NOTHING:
            self._die_while_publishing(options)
        if before == Before.DIED_AND_EXPIRED:
            self.lake.remove(str(self.names["staging"]))
        return options

    def _die_while_publishing(self, options: dict[str, object]) -> None:
        try:
            self._run(options, Fault(Action.OUTAGE, "CopyObject", 2))
        except JobFailed:
            return
        raise AssertionError("the run did not die")

    def _run(self, options: Mapping[str, object], fault: Fault | None = None) -> None:
        self.job.run(self.kind.layer, self._arguments(options), fault)

    def _arguments(self, options: Mapping[str, object]) -> list[str]:
        arguments = {
            "JOB_NAME": self.names["job"],
            "JOB_RUN_ID": "jr_1",
            "dataset_config": f"s3://{self.names['bucket']}/{self._document}",
            "names": json.dumps(self.names),
            "run_options": json.dumps(options),
        }
        return [f"--{name}={value}" for name, value in arguments.items()]
