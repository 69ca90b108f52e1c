"""The S3 API of the local lake: bound to 127.0.0.1, durable, and ended with its parent process."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
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


@pytest.fixture
def start() -> Iterator[Start]:
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
