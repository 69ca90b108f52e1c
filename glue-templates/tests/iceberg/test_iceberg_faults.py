"""Iceberg tables with faults between the job, S3 and the Data Catalog, and two runs at the same time.

A sample of `npx projen test:faults`. pyiceberg reads the tables in a loop while the jobs run.
"""

from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from tempfile import mkdtemp

import pytest

from faults.bronze_kinds import ICEBERG_HUNDRED, ICEBERG_MANY, ICEBERG_TABLES
from faults.concurrent_runs import ConcurrentOutcome, run_concurrently
from faults.dataset_kind import DatasetKind
from faults.gold_kinds import GOLD_ICEBERG_HISTORY
from faults.job_process import JobProcess
from faults.job_processes import JobProcesses
from faults.lake import State, make_bucket
from faults.proxy import Action, Fault
from faults.trial import Before, Trial

BUCKET = "pp-dw-210987654321"
COMPLETE = pytest.mark.complete
CONSTANTS = {**ICEBERG_MANY.constants, **GOLD_ICEBERG_HISTORY.constants}


@pytest.fixture(scope="module")
def processes(s3_endpoint: str) -> Iterator[JobProcesses]:
    make_bucket(s3_endpoint, BUCKET)
    found = JobProcesses(s3_endpoint, Path(mkdtemp(prefix="medallion-faults-")), CONSTANTS)
    yield found
    found.close()


@pytest.fixture
def second(s3_endpoint: str) -> Iterator[JobProcess]:
    """The process of the second of two concurrent runs."""
    found = JobProcesses(s3_endpoint, Path(mkdtemp(prefix="medallion-faults-")), CONSTANTS)
    yield found.current
    found.close()


@pytest.fixture(scope="module")
def tables(s3_endpoint: str, processes: JobProcesses) -> Iterator[Trial]:
    yield from published(ICEBERG_TABLES, s3_endpoint, processes)


@pytest.fixture(scope="module")
def table(s3_endpoint: str, processes: JobProcesses) -> Iterator[Trial]:
    yield from published(ICEBERG_MANY, s3_endpoint, processes)


@pytest.fixture(scope="module")
def history(s3_endpoint: str, processes: JobProcesses) -> Iterator[Trial]:
    yield from published(GOLD_ICEBERG_HISTORY, s3_endpoint, processes)


def published(kind: DatasetKind, endpoint: str, processes: JobProcesses) -> Iterator[Trial]:
    trial = Trial(kind, endpoint, BUCKET, processes)
    trial.publish_initial()
    yield trial
    trial.close()


@pytest.mark.parametrize(
    ("fault", "ended", "seen"),
    [
        (Fault(Action.CUT, "GetTable", 1), "published", State.NEW),
        pytest.param(Fault(Action.STATUS_500, "GetTable", 3), "published", State.NEW, marks=COMPLETE),
        pytest.param(Fault(Action.STATUS_503, "UpdateTable", 1), "published", State.NEW, marks=COMPLETE),
        (Fault(Action.RESET_AFTER, "UpdateTable", 1), "published", State.NEW),
        (Fault(Action.CONFLICT, "UpdateTable", 2), "failed", State.OLD),
        pytest.param(Fault(Action.TIMEOUT, "UpdateTable", 2), "published", State.NEW, marks=COMPLETE),
        (Fault(Action.OUTAGE, "UpdateTable", 2), "failed", State.MIXED),
        pytest.param(Fault(Action.STATUS_500, "UpdateTable", 2, permanent=True), "failed", State.MIXED, marks=COMPLETE),
        (Fault(Action.KILL_AFTER, "UpdateTable", 1), "killed", State.MIXED),
        pytest.param(Fault(Action.KILL_AFTER, "UpdateTable", 2), "killed", State.NEW, marks=COMPLETE),
    ],
    ids=str,
)
def test_after_a_fault_each_table_is_old_or_new_and_after_the_next_run_it_is_new(
    tables: Trial, fault: Fault, ended: str, seen: State
) -> None:
    """MIXED: one of the two tables is new. The next run commits the other one, or reverts the first one."""
    outcome = tables.run(fault)
    assert outcome.problems == []
    assert (outcome.ended, outcome.seen, outcome.after) == (ended, seen, State.NEW)


def test_the_metadata_log_names_no_deleted_file_after_the_snapshots_of_a_failed_run_have_expired(
    tables: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(tables.names, "snapshot_retention_hours", 0.001 / 3600)
    outcome = tables.run(Fault(Action.CONFLICT, "UpdateTable", 2))
    assert (outcome.ended, outcome.after) == ("failed", State.NEW)
    assert tables.lake.unexpected_objects() == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Action.CUT, "GetTable", 1),
        Fault(Action.RESET_AFTER, "CreateTable", 1),
        pytest.param(Fault(Action.KILL_AFTER, "CreateTable", 1), marks=COMPLETE),
        pytest.param(Fault(Action.CONFLICT, "CreateTable", 2), marks=COMPLETE),
    ],
    ids=str,
)
def test_after_a_fault_in_the_first_publication_the_next_run_publishes(tables: Trial, fault: Fault) -> None:
    outcome = tables.run(fault, Before.UNPUBLISHED)
    assert outcome.problems == []
    assert outcome.after == State.NEW


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(Action.KILL_AFTER, "UpdateTable", 1), marks=COMPLETE),
        Fault(Action.OUTAGE, "UpdateTable", 1),
    ],
    ids=str,
)
def test_after_a_fault_no_version_of_a_history_is_duplicated_or_lost(history: Trial, fault: Fault) -> None:
    outcome = history.run(fault)
    assert outcome.problems == []
    assert outcome.after == State.NEW


@pytest.mark.parametrize(
    ("held", "second_held"),
    [
        ("UpdateTable", None),
        ("PutObject published.json", None),
        pytest.param("UpdateTable", "UpdateTable", marks=COMPLETE),
        pytest.param("UpdateTable", "PutObject published.json", marks=COMPLETE),
    ],
)
def test_of_two_concurrent_runs_one_publishes_and_the_other_fails_with_the_reason(
    tables: Trial, second: JobProcess, held: str, second_held: str | None
) -> None:
    """The second run begins while the first one is held before this request. It ends, or is held itself."""
    second_fault = Fault(Action.HOLD, second_held) if second_held else None
    outcome = run_concurrently(tables, second, Fault(Action.HOLD, held), second_fault)
    assert outcome.problems == []
    assert sorted([outcome.first[:14], outcome.second[:14]]) == ["", "CONCURRENT_RUN"]


def test_if_another_run_publishes_before_a_run_untags_its_original_the_original_is_tagged_as_superseded(
    table: Trial, second: JobProcess
) -> None:
    outcome = run_concurrently(table, second, Fault(Action.HOLD, "PutObjectTagging"), None)
    assert outcome == ConcurrentOutcome()


def test_a_response_that_is_cut_off_while_iceberg_reads_a_manifest_does_not_fail_the_run(table: Trial) -> None:
    """Iceberg reads manifests before and after it commits a table. If every response is cut off, the run fails."""
    table.publish_next()
    reads = [call for call in table.job.s3.calls if call.kind == "GetObject"]
    manifests = [number for number, call in enumerate(reads, 1) if call.target.endswith(".avro")]
    cut = [Fault(Action.CUT, "GetObject", number) for number in manifests]
    outcomes = [table.run(fault) for fault in (*cut, Fault(Action.CUT, "GetObject", manifests[0], permanent=True))]
    assert [(outcome.ended, outcome.problems) for outcome in outcomes] == [("published", [])] * len(cut) + [
        ("failed", [])
    ]


@COMPLETE
def test_readers_see_whole_publications_while_50_runs_of_100_objects_have_faults(s3_endpoint: str) -> None:
    """Each run has a fault: a kill after each write of a publication in turn, and errors of the Data Catalog."""
    make_bucket(s3_endpoint, BUCKET)
    own = JobProcesses(s3_endpoint, Path(mkdtemp(prefix="medallion-faults-")), ICEBERG_HUNDRED.constants)
    trial = Trial(ICEBERG_HUNDRED, s3_endpoint, BUCKET, own)
    try:
        trial.publish_initial()
        trial.publish_next()
        ((_, table),) = trial.lake.published()["tables"].items()
        assert len(table["files"]) == 100
        kills = [Fault(Action.KILL_AFTER, "write", number) for number in trial.publication_writes()]
        gets = sum(call.kind == "GetTable" for call in trial.job.s3.calls)
        errors = [
            Fault(action, kind, number)
            for action in (Action.STATUS_500, Action.STATUS_503, Action.RESET_BEFORE, Action.RESET_AFTER, Action.OUTAGE)
            for kind, count in (("GetTable", gets), ("UpdateTable", 1))
            for number in range(1, count + 1)
        ]
        conflicts = [Fault(Action.CONFLICT, "UpdateTable"), Fault(Action.TIMEOUT, "UpdateTable")]
        faults = [*kills, *conflicts, *islice(cycle(errors), 50 - len(kills) - len(conflicts))]
        problems = {str(fault): outcome.problems for fault in faults if (outcome := trial.run(fault)).problems}
    finally:
        trial.close()
        own.close()
    assert problems == {}
