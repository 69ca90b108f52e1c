"""Two runs of one dataset at the same time, in an order that the proxy forces."""

import threading
from dataclasses import dataclass, field

from faults.iceberg_lake import IcebergLake
from faults.job_process import JobFailed, JobProcess
from faults.lake import State
from faults.proxy import Fault
from faults.reader_process import ReadFailed
from faults.trial import Trial


@dataclass
class ConcurrentOutcome:
    """The error of each run, which is "" if the run published, and the problems that were found."""

    first: str = ""
    second: str = ""
    problems: list[str] = field(default_factory=list)


def run_concurrently(trial: Trial, second: JobProcess, held: Fault, second_held: Fault | None) -> ConcurrentOutcome:
    """Run the job twice, on two versions of the origin.

    The first run is held at the call of `held`. Then the second run begins. When it ends, or is held at the call of
    `second_held`, the first run continues until it ends, and then the second one.
    """
    assert isinstance(trial.lake, IcebergLake)
    outcome = ConcurrentOutcome()
    first = trial.job
    records = len(trial.lake.records())
    old = trial.version

    def run_first() -> None:
        outcome.first = _error_of(trial, first, held)

    def run_second() -> None:
        outcome.second = _error_of(trial, second, second_held)

    trial.next_version()
    threads = [threading.Thread(target=run_first), threading.Thread(target=run_second)]
    threads[0].start()
    if not _wait(first, threads[0]):
        outcome.problems.append("the first run was not held")
    trial.next_version()
    threads[1].start()
    if second_held is None:
        threads[1].join()
    elif not _wait(second, threads[1]):
        outcome.problems.append(f"the second run was not held: {outcome.second}")
    first.s3.release()
    threads[0].join()
    second.s3.release()
    threads[1].join()
    _judge(trial, trial.lake, outcome, old, records)
    return outcome


def _error_of(trial: Trial, job: JobProcess, fault: Fault | None) -> str:
    try:
        trial.run_in(job, fault)
    except JobFailed as failed:
        return str(failed)
    return ""


def _wait(job: JobProcess, thread: threading.Thread) -> bool:
    """Wait until the run is held or ends. Returns whether it is held."""
    while thread.is_alive():
        if job.s3.is_holding.wait(0.05):
            return True
    return job.s3.is_holding.is_set()


def _judge(trial: Trial, lake: IcebergLake, outcome: ConcurrentOutcome, old: int, records: int) -> None:
    errors = [error for error in (outcome.first, outcome.second) if error]
    if len(errors) == 2:
        outcome.problems.append("both runs failed")
    outcome.problems += [error[:300] for error in errors if not error.startswith("CONCURRENT_RUN")]
    failed = [record for record in lake.records()[records:] if record["status"] == "failed"]
    if len(failed) != len(errors):
        outcome.problems.append(f"{len(errors)} runs failed, but {len(failed)} records have the status failed")
    candidates = {
        version: trial.rows(version)
        for version, error in ((old + 1, outcome.first), (old + 2, outcome.second))
        if not error
    }
    try:
        current = {version: lake.seen(rows, rows) == State.OLD for version, rows in candidates.items()}
        listed = {version: lake.listed(rows, rows) == State.OLD for version, rows in candidates.items()}
    except ReadFailed as error:
        outcome.problems.append(str(error))
        return
    if current != listed or sum(current.values()) != 1 or not lake.is_current():
        outcome.problems.append(f"by version, the Data Catalog has {current}, and published.json {listed}")
    outcome.problems += [each for each in lake.unexpected_objects() if each.startswith("missing: ")]
    trial.next_version()
    trial.run_in(trial.job, None)
    rows = trial.rows(trial.version)
    if (lake.seen(rows, rows), lake.listed(rows, rows)) != (State.OLD, State.OLD):
        outcome.problems.append("after the next run, the tables are not the new ones")
    outcome.problems += [f"unexpected object: {unexpected}" for unexpected in lake.unexpected_objects()]
