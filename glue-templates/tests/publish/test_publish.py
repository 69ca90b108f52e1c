"""Publication: after a crash at any write to S3, the next run makes all tables consistent."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from conftest import BUCKET, Dataset, Response, Source, zipped
from etl_runtime.convert import conversion as shaping
from etl_runtime.job.arguments import Names, TableName
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.store import Store
from etl_runtime.publish import parquet_publication
from etl_runtime.publish.recovery import recover
from etl_runtime.read import split_records

MakeDataset = Callable[..., Dataset]
WRITES = ("write_json", "copy", "delete", "tag")
MAPPING = {"a.csv": "a", "b.csv": "b"}


class Killed(BaseException):
    """Ends the run like a killed process: no handler catches it."""


class DyingStore(Store):
    """A store that raises Killed instead of writing, after the first `writes_before_death` writes."""

    def __init__(self, writes_before_death: int) -> None:
        super().__init__()
        self.left = writes_before_death


def dying(name: str) -> Callable[..., Any]:
    def write(self: DyingStore, *arguments: Any, **options: Any) -> Any:
        if self.left <= 0:
            raise Killed
        self.left -= 1
        return getattr(Store, name)(self, *arguments, **options)

    return write


for name in WRITES:
    setattr(DyingStore, name, dying(name))


def archive(first: int, rows: int) -> Response:
    lines = b"".join(b"%d\n" % number for number in range(first, first + rows))
    return Response(zipped(**{"a.csv": b"n\n" + lines, "b.csv": b"n\n" + lines}))


def numbers(made: Dataset, key: str) -> list[int]:
    return [row["n"] for row in made.rows(key)]


def objects(made: Dataset) -> list[str]:
    found: list[str] = made.store.list(f"s3://{BUCKET}/bronze/{made.name}/")
    return found


@pytest.fixture(params=["one object per table", "many objects per table"])
def made(request: pytest.FixtureRequest, dataset: MakeDataset, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    if request.param == "many objects per table":
        monkeypatch.setattr("etl_runtime.read.text.decode.BLOCK_BYTES", 60)
        monkeypatch.setattr(split_records, "PART_BYTES", 100)
        monkeypatch.setattr(shaping, "ONE_OBJECT_BYTES", 50)
    return dataset(["a", "b"])


def test_after_a_kill_at_any_write_the_next_run_repairs_the_publication(
    made: Dataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run completes or undoes the publication, and then publishes its own tables."""
    made.run(source.serves("/x.zip", archive(0, 60)), file_table_mapping=MAPPING)
    survived = False
    writes = 0
    while not survived:
        first = 1000 * (writes + 1)
        before = [numbers(made, key) for key in "ab"]
        with monkeypatch.context() as dying_run, suppress(Killed):
            dying_run.setattr("etl_runtime.bronze.Store", lambda: DyingStore(writes))  # noqa: B023
            made.run(source.serves("/x.zip", archive(first, 60)), file_table_mapping=MAPPING)
            survived = True
        # All objects that published.json lists exist, and they are of one run.
        for key, rows in zip("ab", before, strict=True):
            assert numbers(made, key) in (rows, list(range(first, first + 60)))
        recover(names(made), made.store)
        after = [numbers(made, key) for key in "ab"]
        assert after[0] == after[1]
        assert after in ([list(range(first, first + 60))] * 2, *([before] if not survived else []))
        files = [f"s3://{BUCKET}/{file}" for table in made.published()["tables"].values() for file in table["files"]]
        assert objects(made) == sorted(files)
        assert made.store.list(made.names["staging"]) == []
        writes += 1
    assert writes > 8
    print(f"killed at each of {writes - 1} writes")


def test_a_publication_requests_no_metadata_of_objects(
    made: Dataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store, "metadata", lambda _, uri: pytest.fail(f"requested {uri}"))
    made.run(source.serves("/x.zip", archive(0, 60)), file_table_mapping=MAPPING)


def names(made: Dataset) -> Any:
    return Names(**{**made.names, "tables": {key: TableName(**table) for key, table in made.names["tables"].items()}})


def test_an_interrupted_publication_is_undone_if_its_staging_has_expired(
    made: Dataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The previous objects still exist, or are restored from noncurrent versions."""
    made.store.client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    made.run(source.serves("/x.zip", archive(0, 60)), file_table_mapping=MAPPING)
    before = made.published_state()
    copied: list[str] = []

    def copy_one_then_die(self: Store, from_uri: str, to_uri: str) -> None:
        if copied:
            raise Killed
        copied.append(to_uri)
        original_copy(self, from_uri, to_uri)

    original_copy = Store.copy
    monkeypatch.setattr(parquet_publication, "MAX_CONCURRENT_REQUESTS", 1)
    monkeypatch.setattr(Store, "copy", copy_one_then_die)
    with pytest.raises(Killed):
        made.run(source.serves("/x.zip", archive(1000, 60)), file_table_mapping=MAPPING)
    monkeypatch.setattr(Store, "copy", original_copy)
    assert made.published_state() != before
    made.store.delete(made.store.list(made.names["staging"]))
    recover(names(made), made.store)
    assert made.published_state() == before
    made.store.client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})


@pytest.fixture
def failing_copy(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Lets the n-th CopyObject fail, and the job continue."""

    def fail_at(call: int) -> None:
        calls: list[str] = []
        copy = Store.copy

        def copy_or_fail(self: Store, from_uri: str, to_uri: str) -> None:
            calls.append(to_uri)
            if len(calls) == call:
                raise ClientError(
                    {"Error": {"Code": "SlowDown", "Message": "Please reduce your request rate."}}, "CopyObject"
                )
            copy(self, from_uri, to_uri)

        monkeypatch.setattr(Store, "copy", copy_or_fail)

    return fail_at


@pytest.mark.parametrize("call", [1, 2])
def test_if_a_copy_fails_the_other_copies_are_undone(
    made: Dataset, source: Source, failing_copy: Callable[[int], None], call: int
) -> None:
    made.store.client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    made.run(source.serves("/x.zip", archive(0, 60)), file_table_mapping=MAPPING)
    before = made.published_state()
    failing_copy(call)
    with pytest.raises(ClientError, match="SlowDown"):
        made.run(source.serves("/x.zip", archive(1000, 60)), file_table_mapping=MAPPING)
    made.store.client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
    assert made.published_state() == before
    assert made.store.read(made.names["runs"] + "publishing.json") is None


def test_without_noncurrent_versions_to_restore_the_next_run_still_publishes(
    dataset: MakeDataset,
    source: Source,
    failing_copy: Callable[[int], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = dataset(["a", "b"])
    monkeypatch.setattr(parquet_publication, "MAX_CONCURRENT_REQUESTS", 1)
    monkeypatch.setattr(Store, "restore", lambda self, uri, version: False)
    made.run(source.serves("/x.zip", archive(0, 60)), file_table_mapping=MAPPING)
    failing_copy(2)
    with pytest.raises(ClientError, match="SlowDown"):
        made.run(source.serves("/x.zip", archive(1000, 60)), file_table_mapping=MAPPING)
    log = capsys.readouterr().out
    assert "cannot restore s3://" in log and "The next publication replaces it" in log
    made.run(source.serves("/x.zip", archive(2000, 60)), file_table_mapping=MAPPING)
    assert numbers(made, "a") == numbers(made, "b") == list(range(2000, 2060))


def test_of_two_concurrent_runs_the_later_one_fails(
    made: Dataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.run(source.serves("/x.zip", archive(0, 60)), file_table_mapping=MAPPING)
    url = source.serves("/x.zip", archive(1000, 60))

    def while_another_run_publishes(*arguments: Any) -> list[str]:
        with monkeypatch.context() as other:
            other.setattr("etl_runtime.convert.gates.check_gates", lambda *_: [])
            other.setattr("etl_runtime.bronze.recover", lambda *_: None)
            made.run(url, file_table_mapping=MAPPING)
        return []

    monkeypatch.setattr("etl_runtime.convert.gates.check_gates", while_another_run_publishes)
    with pytest.raises(RunFailed, match="^CONCURRENT_RUN: Another run of .* has published since this run started"):
        made.run(url, file_table_mapping=MAPPING)
    files = [f"s3://{BUCKET}/{file}" for table in made.published()["tables"].values() for file in table["files"]]
    assert objects(made) == sorted(files)


def test_the_files_of_a_table_that_is_no_longer_part_of_the_dataset_are_kept(
    dataset: MakeDataset, source: Source
) -> None:
    made = dataset(["a", "b"])
    made.run(source.serves("/x.zip", archive(0, 60)), file_table_mapping=MAPPING)
    kept = objects(made)
    del made.names["tables"]["b"]
    made.run(source.serves("/x.zip", archive(1, 60)), file_table_mapping={"a.csv": "a"})
    assert objects(made) == kept
    assert list(made.published()["tables"]) == ["a"]


def test_an_original_whose_current_version_is_a_delete_marker_does_not_fail_the_run(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 responds 405 to PutObjectTagging. The emulator does not, so the response is stubbed."""
    made = dataset()
    made.run(source.serves("/x.csv", b"id\n1\n"))
    client = boto3.client("s3")
    with Stubber(client) as stub:
        stub.add_client_error("put_object_tagging", "MethodNotAllowed", http_status_code=405)
        Store(client).tag(f"s3://{BUCKET}/raw/gone", {})


def test_all_originals_but_those_of_the_published_tables_expire(dataset: MakeDataset, source: Source) -> None:
    made = dataset()

    def tags(record: dict[str, Any]) -> list[Any]:
        key = record["sources"][0]["raw"].removeprefix(f"s3://{BUCKET}/")
        return list(made.store.client.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"])

    first = made.run(source.serves("/x.csv", b"id\n1\n"))
    assert tags(first) == []
    second = made.run(source.serves("/x.csv", b"id\n2\n"))
    assert (tags(first), tags(second)) == ([{"Key": "medallion:superseded", "Value": "true"}], [])
    made.fails(source.serves("/x.csv", b"id\n"))
    assert tags(made.record()) == [{"Key": "medallion:superseded", "Value": "true"}]
    assert tags(second) == []


def test_a_run_writes_only_to_the_prefixes_of_its_dataset(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    before = set(made.store.list(f"s3://{BUCKET}/"))
    made.run(source.serves("/x.zip", Response(zipped(**{"../../evil.csv": b"id\n1\n"}))))
    written = {uri.removeprefix(f"s3://{BUCKET}/") for uri in set(made.store.list(f"s3://{BUCKET}/")) - before}
    allowed = tuple(f"{prefix}/{made.name}/" for prefix in ("raw", "bronze", "staging/bronze", "etl"))
    assert written
    assert all(key.startswith(allowed) for key in written), json.dumps(sorted(written))
