"""Jobs in a separate process with faults between them, S3 and the source: a sample of `npx projen test:faults`."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp

import boto3
import pyarrow as pa
import pytest

from faults.bronze_kinds import MANY
from faults.dataset_kind import DatasetKind
from faults.gold_kinds import GOLD_HISTORY, GOLD_ONE
from faults.history_model import read_versions
from faults.job_process import JobFailed
from faults.job_processes import JobProcesses
from faults.lake import State, make_bucket, state
from faults.proxy import Action, Fault, Proxy, s3_kind
from faults.published_input import PublishedInput
from faults.trial import Before, Trial

BUCKET = "pp-dw-210987654321"
COMPLETE = pytest.mark.complete
STAGED, PUBLISHED = (
    2,
    4,
)  # the PutObject calls of a gold run with one object; the others write its record and its intent


@pytest.fixture(scope="module")
def processes(s3_endpoint: str) -> Iterator[JobProcesses]:
    make_bucket(s3_endpoint, BUCKET)
    constants = {**MANY.constants, **GOLD_ONE.constants, **GOLD_HISTORY.constants}
    found = JobProcesses(s3_endpoint, Path(mkdtemp(prefix="medallion-faults-")), constants)
    yield found
    found.close()


@pytest.fixture(scope="module")
def trial(s3_endpoint: str, processes: JobProcesses) -> Iterator[Trial]:
    with published(MANY, s3_endpoint, processes) as found:
        yield found


@pytest.fixture(scope="module")
def table(s3_endpoint: str, processes: JobProcesses) -> Iterator[Trial]:
    with published(GOLD_ONE, s3_endpoint, processes) as found:
        yield found


@pytest.fixture(scope="module")
def history(s3_endpoint: str, processes: JobProcesses) -> Iterator[Trial]:
    with published(GOLD_HISTORY, s3_endpoint, processes) as found:
        yield found


@contextmanager
def published(kind: DatasetKind, endpoint: str, processes: JobProcesses) -> Iterator[Trial]:
    trial = Trial(kind, endpoint, BUCKET, processes)
    trial.publish_initial()
    yield trial
    trial.close()


def published_input_of(trial: Trial) -> PublishedInput:
    assert isinstance(trial.origin, PublishedInput)
    return trial.origin


def test_types_are_inferred_with_one_scan(trial: Trial) -> None:
    trial.calls(Before.NOTHING)
    read = [call.target for call in trial.job.s3.calls if call.kind == "GetObject" and "/parts/" in call.target]
    written = [call.target for call in trial.job.s3.calls if call.kind == "PutObject" and "/parts/" in call.target]
    assert len(written) > 1
    assert sorted(target.partition("?")[0] for target in read) == sorted(target.partition("?")[0] for target in written)


@pytest.mark.parametrize(
    ("fault", "ended", "seen"),
    [
        (Fault(Action.KILL_AFTER, "CopyObject", 2), "killed", State.MIXED),
        (Fault(Action.KILL_AFTER, "DeleteObjects", 1), "killed", State.NEW),
        pytest.param(Fault(Action.STATUS_500, "PutObject", 1), "published", State.NEW, marks=COMPLETE),
        pytest.param(Fault(Action.STATUS_503, "PutObjectTagging", 2), "published", State.NEW, marks=COMPLETE),
        pytest.param(Fault(Action.RESET_BEFORE, "ListObjectsV2", 1), "published", State.NEW, marks=COMPLETE),
        (Fault(Action.RESET_AFTER, "DeleteObjects", 1), "published", State.NEW),
        (Fault(Action.ERROR_IN_200, "CopyObject", 1), "published", State.NEW),
        (Fault(Action.HALF_DELETED, "DeleteObjects", 1), "published", State.NEW),
        pytest.param(Fault(Action.DUPLICATE, "CopyObject", 3), "published", State.NEW, marks=COMPLETE),
        (Fault(Action.CUT, "GetObject", 5), "published", State.NEW),
        (Fault(Action.CUT, "Download", 1), "published", State.NEW),
        pytest.param(Fault(Action.STATUS_503, "Download", 1, permanent=True), "failed", State.OLD, marks=COMPLETE),
        (Fault(Action.STATUS_500, "CopyObject", 2, permanent=True), "failed", State.OLD),
        pytest.param(
            Fault(Action.STATUS_500, "DeleteObjects", 1, permanent=True), "failed", State.MIXED, marks=COMPLETE
        ),
        pytest.param(Fault(Action.OUTAGE, "CopyObject", 2), "failed", State.MIXED, marks=COMPLETE),
    ],
    ids=str,
)
def test_after_a_fault_the_table_is_old_or_new_and_after_the_next_run_it_is_new(
    trial: Trial, fault: Fault, ended: str, seen: State
) -> None:
    """Both versions are visible only between the first copy of a table of many objects and the deletion of the old ones."""
    outcome = trial.run(fault)
    assert outcome.problems == []
    assert (outcome.ended, outcome.seen, outcome.after) == (ended, seen, State.NEW)


@pytest.mark.parametrize(
    ("kind", "fault", "ended", "seen"),
    [
        pytest.param("history", Fault(Action.KILL_AFTER, "CopyObject", 1), "killed", State.NEW, marks=COMPLETE),
        ("table", Fault(Action.DUPLICATE, "CopyObject", 1), "published", State.NEW),
        ("table", Fault(Action.CUT, "GetObject", 7), "published", State.NEW),
        ("table", Fault(Action.OUTAGE, "CopyObject", 1), "failed", State.OLD),
        pytest.param("history", Fault(Action.STATUS_503, "PutObject", STAGED), "published", State.NEW, marks=COMPLETE),
        pytest.param("history", Fault(Action.RESET_AFTER, "CopyObject", 1), "published", State.NEW, marks=COMPLETE),
        pytest.param(
            "history",
            Fault(Action.STATUS_500, "PutObject", PUBLISHED, permanent=True),
            "failed",
            State.OLD,
            marks=COMPLETE,
        ),
        pytest.param("history", Fault(Action.OUTAGE, "PutObject", PUBLISHED), "failed", State.NEW, marks=COMPLETE),
    ],
    ids=str,
)
def test_after_a_fault_a_gold_table_is_old_or_new_and_no_version_is_duplicated_or_lost(
    request: pytest.FixtureRequest, kind: str, fault: Fault, ended: str, seen: State
) -> None:
    """The next run completes an interrupted publication. With the same input, a history is then `unchanged`."""
    outcome = request.getfixturevalue(kind).run(fault)
    assert outcome.problems == []
    assert (outcome.ended, outcome.seen, outcome.after) == (ended, seen, State.NEW)


def test_an_error_of_s3_in_spark_is_one_line(table: Trial) -> None:
    """Spark lists the folder of an input and wraps an error in a Java stack trace."""
    outcome = table.run(Fault(Action.STATUS_500, "ListObjectsV2", 6, permanent=True))
    assert outcome.problems == []
    assert re.match(
        r"SPARK_FAILED: Spark failed: AWSStatus500Exception: .*/bronze/gold-one-object-input.*injected by the fault proxy",
        outcome.error,
    )


def test_an_input_interrupted_between_copy_and_published_json_is_an_error_until_it_runs_again(table: Trial) -> None:
    """Its only object has the same key in every run, so it no longer belongs to the run in published.json."""
    old, new = table.rows(table.version), table.rows(table.version + 1)
    published_input_of(table).interrupt(table.version + 1, Fault(Action.OUTAGE, "PutObject", 3))
    with pytest.raises(
        JobFailed, match="^INPUT_INCOMPLETE: The published data of the input .* is incomplete: published.json lists"
    ):
        table.run_without_fault()
    assert (table.lake.seen(old, new), table.lake.listed(old, new)) == (State.OLD, State.OLD)
    table.publish_next()
    assert (table.lake.seen(old, new), table.lake.listed(old, new)) == (State.NEW, State.NEW)


@COMPLETE
def test_an_input_of_many_objects_interrupted_between_copies_is_read_as_last_published(history: Trial) -> None:
    """All files that published.json lists exist. The folder also contains files of the interrupted run."""
    old, new = history.rows(history.version), history.rows(history.version + 1)
    published_input_of(history).interrupt(history.version + 1, Fault(Action.OUTAGE, "CopyObject", 3))
    history.run_without_fault()
    assert history.lake.records()[-1]["status"] == "unchanged"
    assert (history.lake.seen(old, new), history.lake.listed(old, new)) == (State.OLD, State.OLD)
    history.publish_next()
    assert (history.lake.seen(old, new), history.lake.listed(old, new)) == (State.NEW, State.NEW)


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (["1", "2"], State.OLD),
        (["3", "4"], State.NEW),
        (["1", "2", "3"], State.MIXED),
        (["2", "3", "4"], State.MIXED),
        (["2", "1", "4", "3"], State.MIXED),
        (["1", "3"], State.WRONG),  # each version lacks a row
        (["1"], State.WRONG),
        ([], State.WRONG),
        (["1", "2", "2"], State.WRONG),
        (["1", "2", "5"], State.WRONG),
        (None, State.WRONG),
    ],
)
def test_the_state_of_a_table_is_determined_by_its_rows(rows: list[str] | None, found: State) -> None:
    assert state(rows, ["1", "2"], ["3", "4"]) == found


@pytest.mark.parametrize(("begins", "found"), [(2, "1 b 2 None True update 2"), (3, "1 b 3 None True update 2")])
def test_the_text_of_a_version_shows_gaps_between_versions(begins: int, found: str) -> None:
    """Times and runs are replaced by their number in the table."""
    ended = {
        "id": 1,
        "v": "a",
        "valid_from": datetime(2026, 1, 1),
        "valid_to": datetime(2026, 1, 2),
        "is_current": False,
    }
    current = {"id": 1, "v": "b", "valid_from": datetime(2026, 1, begins), "valid_to": None, "is_current": True}
    rows = [
        {**ended, "change_type": "insert", "meta_run_id": "x"},
        {**current, "change_type": "update", "meta_run_id": "y"},
    ]
    assert read_versions([pa.Table.from_pylist(rows)]) == ["1 a 1 2 False insert 1", found]


def test_calls_have_the_names_of_the_s3_api(s3_endpoint: str) -> None:
    proxy = Proxy(s3_endpoint, s3_kind)
    s3 = boto3.client("s3", endpoint_url=proxy.url)
    bucket = {"Bucket": "pp-dw-000000000000"}
    boto3.client("s3").create_bucket(**bucket)
    x = {**bucket, "Key": "a/x"}
    s3.put_object(**x, Body=b"x")
    s3.get_object(**x)["Body"].read()
    s3.head_object(**x)
    s3.list_objects_v2(**bucket, Prefix="a/")
    s3.copy_object(**x, CopySource={**bucket, "Key": "a/x"}, MetadataDirective="REPLACE")
    s3.put_object_tagging(**x, Tagging={"TagSet": []})
    s3.get_object_tagging(**x)
    upload = s3.create_multipart_upload(**x)["UploadId"]
    part = {"ETag": s3.upload_part(**x, UploadId=upload, PartNumber=1, Body=b"x")["ETag"], "PartNumber": 1}
    s3.complete_multipart_upload(**x, UploadId=upload, MultipartUpload={"Parts": [part]})
    s3.delete_objects(**bucket, Delete={"Objects": [{"Key": "a/x"}]})
    assert [call.kind for call in proxy.calls] == [
        "PutObject",
        "GetObject",
        "HeadObject",
        "ListObjectsV2",
        "CopyObject",
        "PutObjectTagging",
        "GetObjectTagging",
        "CreateMultipartUpload",
        "UploadPart",
        "CompleteMultipartUpload",
        "DeleteObjects",
    ]
    proxy.close()
