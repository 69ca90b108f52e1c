"""The local substitute for source buckets outside of the lake."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest

from deployment import Deployment, deploy, mirror
from etl_runtime.job.store import Store
from etl_runtime.source.files.bucket_files import BucketReader


def put(folder: Path, name: str, text: str, written: int) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (written, written))


def test_a_bucket_mirrors_the_files_of_its_folder_in_the_order_of_modification(tmp_path: Path) -> None:
    s3, store, bucket = boto3.client("s3"), Store(), "mirrored"

    def objects() -> dict[str, bytes | None]:
        return {uri.removeprefix(f"s3://{bucket}/"): store.read(uri) for uri in store.list(f"s3://{bucket}/")}

    def newest(prefix: str) -> str:
        return BucketReader(store).matching(f"s3://{bucket}/{prefix}")[0].rpartition("/")[2]

    put(tmp_path, "out/a.csv", "new", 300)
    put(tmp_path, "out/b.csv", "old", 100)
    put(tmp_path, "zz/c.csv", "newest", 400)
    mirror(s3, bucket, tmp_path)
    assert objects() == {"out/a.csv": b"new", "out/b.csv": b"old", "zz/c.csv": b"newest"}
    assert (newest("out/"), newest("")) == ("a.csv", "c.csv")

    before = {key: s3.head_object(Bucket=bucket, Key=key)["LastModified"] for key in objects()}
    mirror(s3, bucket, tmp_path)
    assert {key: s3.head_object(Bucket=bucket, Key=key)["LastModified"] for key in objects()} == before

    put(tmp_path, "out/a.csv", "NEW", 50)  # the same size, and older
    (tmp_path / "zz" / "c.csv").unlink()
    mirror(s3, bucket, tmp_path)
    assert objects() == {"out/a.csv": b"NEW", "out/b.csv": b"old"}
    assert newest("out/") == "b.csv"


def test_concurrent_jobs_can_mirror_the_same_folder(tmp_path: Path) -> None:
    s3 = boto3.client("s3")
    for number in range(3):
        put(tmp_path, f"out/day-{number}.csv", "id\n1\n", 100 + number)
    for attempt in range(10):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _, bucket=f"shared-{attempt}": mirror(s3, bucket, tmp_path), range(8)))


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_buckets_are_created_in_the_region_of_the_job(tmp_path: Path, region: str) -> None:
    put(tmp_path, "a.csv", "id\n1\n", 100)
    s3, bucket = boto3.client("s3", region_name=region), f"in-{region}"
    mirror(s3, bucket, tmp_path)
    deploy(s3, f"lake-{bucket}", [Deployment(str(tmp_path), f"lake-{bucket}", "etl", {})])
    assert s3.get_object(Bucket=bucket, Key="a.csv")["Body"].read() == b"id\n1\n"
    assert s3.get_object(Bucket=f"lake-{bucket}", Key="etl/a.csv")["Body"].read() == b"id\n1\n"
