"""Files in another bucket: one, the newest, all, or those that a glob matches."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from conftest import Dataset
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.store import Store
from etl_runtime.source.files.bucket_files import GLOB, BucketReader
from etl_runtime.source.files.fetch import NOTHING_KNOWN, FileMissing
from etl_runtime.source.files.fetch_context import FetchContext

MakeDataset = Callable[..., Dataset]


class Vendor:
    """A bucket of somebody else."""

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


def test_one_object_is_taken_and_kept(vendor: Vendor, dataset: MakeDataset) -> None:
    made = dataset()
    vendor.puts("out/orders 2024?.csv")
    record = made.run_on(source_url=vendor.url("out/orders 2024?.csv").replace("?", "[?]"))
    assert files(made) == ["out/orders 2024?.csv"]
    [kept] = record["sources"]
    assert kept["url"] == vendor.url("out/orders 2024?.csv")
    assert list(made.originals()) == ["orders_2024_.csv"]
    assert (kept["etag"], kept["size_bytes"]) != (None, 0)


def test_of_a_folder_the_newest_is_taken(
    vendor: Vendor, dataset: MakeDataset, capsys: pytest.CaptureFixture[str]
) -> None:
    made = dataset()
    vendor.puts("out/b.csv", "out/a.csv")
    time.sleep(1.1)  # S3 tells whole seconds
    vendor.puts("out/_SUCCESS", "out/.hidden.csv", "out/sub/newest.csv", "other/c.csv")
    made.run_on(source_url=vendor.url("out/"))
    assert files(made) == ["out/sub/newest.csv"]
    assert "of 3 files the newest, out/sub/newest.csv, written 20" in capsys.readouterr().out


def test_all_files_of_a_folder_are_taken(vendor: Vendor, dataset: MakeDataset) -> None:
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


def test_a_glob_that_cannot_be_read_fails(vendor: Vendor) -> None:
    with pytest.raises(RunFailed, match="the glob cannot be read"):
        BucketReader(Store(), newest=False).matching(vendor.url("out/[z-a].csv"))


def test_an_unchanged_object_is_not_fetched_again_and_a_new_one_is(vendor: Vendor, dataset: MakeDataset) -> None:
    made = dataset()
    vendor.puts("out/a.csv")
    declared: Any = {"source_url": vendor.url("out/"), "source_files": "all"}
    assert made.run_on(**declared)["status"] == "published"
    assert made.run_on(**declared)["status"] == "unchanged"
    vendor.puts("out/b.csv")
    assert made.run_on(**declared)["status"] == "published"
    assert files(made) == ["out/a.csv", "out/b.csv"]


def test_a_file_that_was_withdrawn_is_a_change(vendor: Vendor, dataset: MakeDataset) -> None:
    made = dataset()
    vendor.puts("out/a.csv", "out/b.csv")
    declared: Any = {"source_url": vendor.url("out/*.csv"), "source_files": "all"}
    made.run_on(**declared)
    vendor.deletes("out/b.csv")
    assert made.run_on(**declared)["status"] == "published"
    assert files(made) == ["out/a.csv"]


def test_a_date_in_the_key_goes_back_to_the_newest_day(vendor: Vendor, dataset: MakeDataset) -> None:
    made = dataset()
    day = datetime.now(UTC).date() - timedelta(days=2)
    vendor.puts(f"out/{day}/part-1.csv", f"out/{day}/part-2.csv", f"out/{day - timedelta(days=1)}/part-1.csv")
    made.run_on(source_url=vendor.url("out/{yyyy-MM-dd}/part-*.csv"), source_files="all")
    assert files(made) == [f"out/{day}/part-1.csv", f"out/{day}/part-2.csv"]


def test_what_a_run_kept_makes_the_table_anew(vendor: Vendor, dataset: MakeDataset) -> None:
    made = dataset()
    vendor.puts("out/a.csv")
    first = made.run_on(source_url=vendor.url("out/a.csv"))
    vendor.deletes("out/a.csv")
    made.run_on({"force": True, "from_run": first["run_id"]}, source_url=vendor.url("out/a.csv"))
    assert files(made) == ["out/a.csv"]


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("out/none.csv", "there is no such object"),
        ("none/", "there is no file. Look at the bucket, or mend the address"),
        ("out/*.txt", "there is no file"),
    ],
)
def test_a_file_that_is_not_there_fails(vendor: Vendor, dataset: MakeDataset, key: str, says: str) -> None:
    made = dataset()
    vendor.puts("out/a.csv")
    made.run_on(source_url=vendor.url("out/a.csv"))
    assert says in made.failing(lambda: made.run_on(source_url=vendor.url(key)))


def test_a_bucket_that_is_not_there_fails(dataset: MakeDataset) -> None:
    made = dataset()
    assert "there is no such bucket" in made.failing(
        lambda: made.run_on(source_url="s3://no-such-bucket-anywhere/out/")
    )


@pytest.mark.parametrize(
    "operations", [["ListObjectsV2"], ["HeadObject"], ["HeadObject", "ListObjectsV2"], ["GetObject"]]
)
def test_a_bucket_that_refuses_names_what_its_owner_has_to_do(vendor: Vendor, operations: list[str]) -> None:
    """The emulator refuses nobody: the refusal of S3 is put in its place."""
    vendor.puts("out/a.csv")
    store = refusing(*operations)
    with pytest.raises(
        RunFailed,
        match="S3 refuses access .AccessDenied.. The bucket's policy must let the job's role read and list it",
    ) as refused:
        if operations == ["ListObjectsV2"]:
            BucketReader(store).matching(vendor.url("out/"))
        else:
            BucketReader(store).fetch(vendor.url("out/a.csv"), FetchContext(), NOTHING_KNOWN)
    assert not isinstance(refused.value, FileMissing)


def test_a_missing_object_is_told_from_a_refusal_by_a_listing(vendor: Vendor) -> None:
    """A role that may list some prefixes only gets 403 for both."""
    with pytest.raises(FileMissing, match="there is no such object"):
        BucketReader(refusing("HeadObject")).fetch(vendor.url("out/none.csv"), FetchContext(), NOTHING_KNOWN)


def refusing(*operations: str) -> Store:
    store = Store()

    def refuse(model: Any, **_: Any) -> None:
        if model.name in operations:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "Access Denied"}}, model.name)

    store.client.meta.events.register("before-call.s3", refuse)
    return store


def test_a_glob_is_told_from_a_name() -> None:
    assert [bool(GLOB.search(key)) for key in ("a/b.csv", "a*", "a?", "a[1]")] == [False, True, True, True]
