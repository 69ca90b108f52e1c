"""The S3 API of the local lake: bound to 127.0.0.1, durable, and ended with its parent process."""

import io
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

EMULATOR = Path(__file__).parents[2] / "local_glue" / "emulator.py"

Start = Callable[..., "Emulator"]


class Emulator:
    """A running emulator, and a client of it without retries."""

    def __init__(self, *args: str) -> None:
        command = [os.environ["LAKE_PYTHON"], str(EMULATOR), *args]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        self.endpoint = self.process.stdout.readline().strip()
        self.s3 = boto3.client("s3", endpoint_url=self.endpoint or None, config=Config(retries={"max_attempts": 0}))

    def end(self) -> str:
        """Kill the emulator as a crash would. Returns its standard error."""
        self.process.kill()
        return self.process.communicate()[1]


@pytest.fixture(name="start")
def starting_emulators() -> Iterator[Start]:
    started: list[Emulator] = []

    def start_emulator(*args: str) -> Emulator:
        started.append(Emulator(*args))
        return started[-1]

    yield start_emulator
    for emulator in started:
        emulator.process.kill()
        emulator.process.communicate()


def test_the_emulator_listens_on_127_0_0_1_only(start: Start) -> None:
    emulator = start("--memory")
    assert emulator.endpoint.startswith("http://127.0.0.1:")
    port = int(emulator.endpoint.rpartition(":")[2])
    with socket.socket() as other, pytest.raises(OSError):
        other.connect(("127.0.0.2", port))


def test_acknowledged_objects_survive_a_killed_emulator(start: Start, tmp_path: Path) -> None:
    first = start("--data", str(tmp_path))
    first.s3.create_bucket(Bucket="lake")
    first.s3.put_object(Bucket="lake", Key="bronze/a.parquet", Body=b"rows")
    first.end()
    second = start("--data", str(tmp_path))
    assert second.s3.get_object(Bucket="lake", Key="bronze/a.parquet")["Body"].read() == b"rows"


def test_the_folder_of_a_table_contains_nothing_but_its_files(start: Start, tmp_path: Path) -> None:
    """pandas, Polars and DuckDB read the folder that `medallion run` prints."""
    data = tmp_path / "s3"
    s3 = start("--data", str(data)).s3
    s3.create_bucket(Bucket="lake")
    rows = pa.table({"n": [1, 2]})
    for name in ("a-00000", "a-00001"):
        buffer = io.BytesIO()
        pq.write_table(rows, buffer)
        s3.put_object(Bucket="lake", Key=f"bronze/a/{name}.parquet", Body=buffer.getvalue(), Metadata={"run-id": "r"})
    folder = data / "000000000000" / "lake" / "bronze" / "a"
    assert sorted(each.name for each in folder.iterdir()) == ["a-00000.parquet", "a-00001.parquet"]
    assert pq.read_table(folder)["n"].to_pylist() == [1, 2, 1, 2]
    assert pyarrow.dataset.dataset(folder, exclude_invalid_files=False, ignore_prefixes=[]).count_rows() == 4


def state(s3: Any) -> list[Any]:
    """The objects, with what the emulator stores about them."""
    found: list[Any] = []
    for key in ("a/x", "a/y", "a/z.meta.json", "b//c", "d", "d/e"):
        try:
            head = s3.head_object(Bucket="lake", Key=key)
        except ClientError as error:
            found.append((key, error.response["Error"]["Code"]))
            continue
        tags = s3.get_object_tagging(Bucket="lake", Key=key)["TagSet"]
        body = s3.get_object(Bucket="lake", Key=key)["Body"].read()
        found.append((key, head["Metadata"], head["VersionId"], head["ETag"], head["LastModified"], tags, body))
    listed = s3.list_object_versions(Bucket="lake")
    versions = [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]
    return [*found, sorted((each["Key"], each["VersionId"], each["IsLatest"]) for each in versions)]


def test_metadata_tags_and_versions_survive_a_killed_emulator_and_an_earlier_layout(
    start: Start, tmp_path: Path
) -> None:
    """Keys that cannot be a path, a key that is also a folder, and a deleted object."""
    data, metadata = tmp_path / "s3", tmp_path / "s3-metadata"
    first = start("--data", str(data))
    first.s3.create_bucket(Bucket="lake")
    first.s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
    for key in ("a/x", "a/y", "a/z.meta.json", "b//c", "d", "d/e"):
        for body in (b"old", b"new"):
            first.s3.put_object(Bucket="lake", Key=key, Body=body, Metadata={"run-id": key[0]}, Tagging="t=1")
    first.s3.delete_object(Bucket="lake", Key="a/y")
    before = state(first.s3)
    assert before[1] == ("a/y", "404")
    first.end()
    second = start("--data", str(data))
    assert state(second.s3) == before
    second.end()

    # Earlier versions stored the metadata next to the objects.
    for path in [path for path in metadata.rglob("*") if path.is_file()]:
        target = data / path.relative_to(metadata)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    shutil.rmtree(metadata)
    third = start("--data", str(data))
    assert state(third.s3) == before
    assert not list(data.rglob("*.meta.json"))


def test_the_emulator_ends_if_it_cannot_store_an_object(start: Start, tmp_path: Path) -> None:
    emulator = start("--data", str(tmp_path))
    emulator.s3.create_bucket(Bucket="lake")
    emulator.s3.put_object(Bucket="lake", Key="a", Body=b"rows")
    bucket = tmp_path / "000000000000" / "lake"
    shutil.rmtree(bucket)
    bucket.write_text("in the way")
    with pytest.raises((BotoCoreError, ClientError)):
        emulator.s3.put_object(Bucket="lake", Key="a", Body=b"more rows")
    assert emulator.process.wait(10) == 74
    assert "Cannot store an object" in emulator.end()


def test_the_emulator_ends_with_its_parent(start: Start) -> None:
    emulator = start("--memory")
    assert emulator.process.stdin
    emulator.process.stdin.close()
    emulator.process.stdin = None
    assert emulator.process.wait(10) != 0


def test_a_port_in_use_is_reported_in_one_line(start: Start) -> None:
    used = start("--memory").endpoint.rpartition(":")[2]
    other = start("--memory", "--port", used)
    assert other.process.wait(10) == 2
    assert f"Cannot bind port {used} of 127.0.0.1" in other.end()
