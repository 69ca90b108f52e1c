"""Files in another bucket: one object, the newest or all of a folder, or those that a glob matches."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from expected_error import has_error

from conftest import Dataset
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.store import Store
from etl_runtime.source.files.bucket_files import GLOB, BucketReader
from etl_runtime.source.files.fetch import UNCONDITIONAL, FileMissing
from etl_runtime.source.files.fetch_context import FetchContext

MakeDataset = Callable[..., Dataset]


class Vendor:
    """A bucket of another owner."""

    def __init__(self, bucket: str) -> None:
        self.bucket = bucket
        self.client = boto3.client("s3")
        self.client.create_bucket(Bucket=bucket)

    def puts(self, *keys: str, body: bytes | None = None) -> None:
        for key in keys:
            self.client.put_object(Bucket=self.bucket, Key=key, Body=body or f"id,file\n1,{key}\n".encode())

    def deletes(self, key: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=key)

    def url(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"


@pytest.fixture
def vendor(request: pytest.FixtureRequest, s3_endpoint: str) -> Vendor:
    return Vendor(f"vendor-{sha256(request.node.nodeid.encode()).hexdigest()[:20]}")


def files(made: Dataset) -> list[str]:
    return sorted(row["file"] for row in made.rows())


def test_one_object_is_downloaded_and_stored(vendor: Vendor, dataset: MakeDataset) -> None:
    made = dataset()
    vendor.puts("out/orders 2024?.csv")
    record = made.run_on(source_url=vendor.url("out/orders 2024?.csv").replace("?", "[?]"))
    assert files(made) == ["out/orders 2024?.csv"]
    [stored] = record["sources"]
    assert stored["url"] == vendor.url("out/orders 2024?.csv")
    assert list(made.originals()) == ["orders_2024_.csv"]
    assert (stored["etag"], stored["size_bytes"]) != (None, 0)


def test_the_newest_file_of_a_folder_is_used(
    vendor: Vendor, dataset: MakeDataset, capsys: pytest.CaptureFixture[str]
) -> None:
    made = dataset()
    vendor.puts("out/b.csv", "out/a.csv")
    time.sleep(1.1)  # S3 returns whole seconds
    vendor.puts("out/_SUCCESS", "out/.hidden.csv", "out/sub/newest.csv", "other/c.csv")
    made.run_on(source_url=vendor.url("out/"))
    assert files(made) == ["out/sub/newest.csv"]
    assert "using the newest of 3 files: out/sub/newest.csv, modified 20" in capsys.readouterr().out


def test_all_files_of_a_folder_are_used(vendor: Vendor, dataset: MakeDataset) -> None:
    made = dataset()
    vendor.puts("out/b.csv", "out/a.csv", "out/x/a.csv")
    made.run_on(source_url=vendor.url("out/"), source_files="all")
    assert files(made) == ["out/a.csv", "out/b.csv", "out/x/a.csv"]
    assert sorted(made.originals()) == ["a.csv", "a_2.csv", "b.csv"]


@pytest.mark.parametrize(
    ("glob", "found"),
    [
        ("out/*.csv", ["out/a.csv", "out/b1.csv", "out/b2.csv"]),
        ("out/**.csv", ["out/a.csv", "out/b1.csv", "out/b2.csv", "out/x/a.csv"]),
        ("out/b?.csv", ["out/b1.csv", "out/b2.csv"]),
        ("out/b[2-9].csv", ["out/b2.csv"]),
        ("*/*/a.csv", ["out/x/a.csv"]),
        ("out/**/a.csv", ["out/a.csv", "out/x/a.csv"]),
        ("out/[!a]*.csv", ["out/b1.csv", "out/b2.csv"]),
        ("out/[a-b].csv", ["out/a.csv"]),
        (r"out/[\w].csv", []),
        ("out/[.*", []),
        ("**", ["out/a.csv", "out/b.txt", "out/b1.csv", "out/b2.csv", "out/x/a.csv"]),
        ("", ["out/a.csv", "out/b.txt", "out/b1.csv", "out/b2.csv", "out/x/a.csv"]),
    ],
)
def test_a_glob_matches_within_folders(vendor: Vendor, glob: str, found: list[str]) -> None:
    vendor.puts("out/a.csv", "out/b1.csv", "out/b2.csv", "out/b.txt", "out/x/a.csv", "out/")
    if found:
        assert BucketReader(Store(), newest=False).matching(vendor.url(glob)) == [vendor.url(key) for key in found]
    else:
        with pytest.raises(FileMissing):
            BucketReader(Store(), newest=False).matching(vendor.url(glob))


def test_an_invalid_glob_fails(vendor: Vendor) -> None:
    with pytest.raises(RunFailed, match="^SOURCE_URL_INVALID: .* the glob is not valid"):
        BucketReader(Store(), newest=False).matching(vendor.url("out/[z-a].csv"))


def test_an_unchanged_object_is_not_downloaded_again_and_a_new_one_is(vendor: Vendor, dataset: MakeDataset) -> None:
    made = dataset()
    vendor.puts("out/a.csv")
    declared: Any = {"source_url": vendor.url("out/"), "source_files": "all"}
    assert made.run_on(**declared)["status"] == "published"
    assert made.run_on(**declared)["status"] == "unchanged"
    vendor.puts("out/b.csv")
    assert made.run_on(**declared)["status"] == "published"
    assert files(made) == ["out/a.csv", "out/b.csv"]


def test_a_removed_file_is_a_change(vendor: Vendor, dataset: MakeDataset) -> None:
    made = dataset()
    vendor.puts("out/a.csv", "out/b.csv")
    declared: Any = {"source_url": vendor.url("out/*.csv"), "source_files": "all"}
    made.run_on(**declared)
    vendor.deletes("out/b.csv")
    assert made.run_on(**declared)["status"] == "published"
    assert files(made) == ["out/a.csv"]


def test_a_date_in_the_key_uses_the_newest_available_day(vendor: Vendor, dataset: MakeDataset) -> None:
    made = dataset()
    day = datetime.now(UTC).date() - timedelta(days=2)
    vendor.puts(f"out/{day}/part-1.csv", f"out/{day}/part-2.csv", f"out/{day - timedelta(days=1)}/part-1.csv")
    made.run_on(source_url=vendor.url("out/{yyyy-MM-dd}/part-*.csv"), source_files="all")
    assert files(made) == [f"out/{day}/part-1.csv", f"out/{day}/part-2.csv"]


def test_from_run_rebuilds_the_table_from_the_stored_object(vendor: Vendor, dataset: MakeDataset) -> None:
    made = dataset()
    vendor.puts("out/a.csv")
    first = made.run_on(source_url=vendor.url("out/a.csv"))
    vendor.deletes("out/a.csv")
    made.run_on({"force": True, "from_run": first["run_id"]}, source_url=vendor.url("out/a.csv"))
    assert files(made) == ["out/a.csv"]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("out/none.csv", "SOURCE_NOT_FOUND: the object does not exist. Check the bucket, or correct the URL"),
        ("none/", "SOURCE_NOT_FOUND: no object matches. Check the bucket, or correct the URL"),
        ("out/*.txt", "SOURCE_NOT_FOUND: no object matches"),
    ],
)
def test_a_missing_file_fails(vendor: Vendor, dataset: MakeDataset, key: str, message: str) -> None:
    made = dataset()
    vendor.puts("out/a.csv")
    made.run_on(source_url=vendor.url("out/a.csv"))
    assert has_error(made.failing(lambda: made.run_on(source_url=vendor.url(key))), message)


def test_a_missing_bucket_fails(dataset: MakeDataset) -> None:
    made = dataset()
    error = made.failing(lambda: made.run_on(source_url="s3://no-such-bucket-anywhere/out/"))
    assert has_error(error, "SOURCE_NOT_FOUND: the bucket does not exist")


@pytest.mark.parametrize(
    "operations", [["ListObjectsV2"], ["HeadObject"], ["HeadObject", "ListObjectsV2"], ["GetObject"]]
)
def test_denied_access_names_the_required_bucket_policy(vendor: Vendor, operations: list[str]) -> None:
    """The emulator grants all access, so the test injects the error of S3."""
    vendor.puts("out/a.csv")
    store = store_denying(*operations)
    with pytest.raises(
        RunFailed,
        match="^SOURCE_ACCESS_DENIED: .* S3 denies access .AccessDenied.. The bucket policy must allow the job's role to list and read",
    ) as denied:
        if operations == ["ListObjectsV2"]:
            BucketReader(store).matching(vendor.url("out/"))
        else:
            BucketReader(store).fetch(vendor.url("out/a.csv"), FetchContext(), UNCONDITIONAL)
    assert not isinstance(denied.value, FileMissing)


def test_a_listing_distinguishes_a_missing_object_from_denied_access(vendor: Vendor) -> None:
    """A role that may list only some prefixes gets 403 for both."""
    with pytest.raises(FileMissing, match="^SOURCE_NOT_FOUND: .* the object does not exist"):
        BucketReader(store_denying("HeadObject")).fetch(vendor.url("out/none.csv"), FetchContext(), UNCONDITIONAL)


def store_denying(*operations: str) -> Store:
    store = Store()

    def deny(model: Any, **_: Any) -> None:
        if model.name in operations:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "Access Denied"}}, model.name)

    store.client.meta.events.register("before-call.s3", deny)
    return store


def test_glob_characters_are_detected() -> None:
    assert [bool(GLOB.search(key)) for key in ("a/b.csv", "a*", "a?", "a[1]")] == [False, True, True, True]
