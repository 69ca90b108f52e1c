"""The job in a process of its own, killed and failed by what lies between it, S3 and its source: a sample of `npx projen test:faults`."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import boto3
import pytest

from faults.bronze_kinds import MANY
from faults.lake import State, make_bucket, state
from faults.proxy import Action, Fault, Proxy, s3_kind
from faults.trial import Before, Trial

BUCKET = "pp-dw-210987654321"


@pytest.fixture(scope="module")
def trial(s3_endpoint: str) -> Iterator[Trial]:
    make_bucket(s3_endpoint, BUCKET)
    found = Trial(MANY, s3_endpoint, BUCKET, Path(mkdtemp(prefix="medallion-faults-")))
    found.publish_first()
    yield found
    found.close()


def test_typing_takes_one_scan(trial: Trial) -> None:
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
        (Fault(Action.ANSWER_500, "PutObject", 1), "published", State.NEW),
        (Fault(Action.ANSWER_503, "PutObjectTagging", 2), "published", State.NEW),
        (Fault(Action.RESET_BEFORE, "HeadObject", 1), "published", State.NEW),
        (Fault(Action.RESET_AFTER, "DeleteObjects", 1), "published", State.NEW),
        (Fault(Action.ERROR_IN_200, "CopyObject", 1), "published", State.NEW),
        (Fault(Action.HALF_DELETED, "DeleteObjects", 1), "published", State.NEW),
        (Fault(Action.DUPLICATE, "CopyObject", 3), "published", State.NEW),
        (Fault(Action.CUT, "GetObject", 5), "published", State.NEW),
        (Fault(Action.CUT, "Download", 1), "published", State.NEW),
        (Fault(Action.ANSWER_503, "Download", 1, lasts=True), "failed", State.OLD),
        (Fault(Action.ANSWER_500, "CopyObject", 2, lasts=True), "failed", State.OLD),
        (Fault(Action.ANSWER_500, "DeleteObjects", 1, lasts=True), "failed", State.MIXED),
        (Fault(Action.OUTAGE, "CopyObject", 2), "failed", State.MIXED),
    ],
    ids=str,
)
def test_a_fault_leaves_the_old_table_or_the_new_one_and_the_next_run_makes_it_new(
    trial: Trial, fault: Fault, ended: str, seen: State
) -> None:
    """Both are seen only between the first copy of a table of many objects and the deletion of the old ones."""
    outcome = trial.run(fault)
    assert outcome.problems == []
    assert (outcome.ended, outcome.seen, outcome.after) == (ended, seen, State.NEW)


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (["1", "2"], State.OLD),
        (["3", "4"], State.NEW),
        (["1", "2", "3"], State.MIXED),
        (["2", "3", "4"], State.MIXED),
        (["2", "1", "4", "3"], State.MIXED),
        (["1", "3"], State.WRONG),  # a row of each is lost
        (["1"], State.WRONG),
        ([], State.WRONG),
        (["1", "2", "2"], State.WRONG),
        (["1", "2", "5"], State.WRONG),
        (None, State.WRONG),
    ],
)
def test_a_reader_is_told_what_the_rows_are(rows: list[str] | None, found: State) -> None:
    assert state(rows, ["1", "2"], ["3", "4"]) == found


def test_calls_are_known_by_their_names_in_s3s_api(s3_endpoint: str) -> None:
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
