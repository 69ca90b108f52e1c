"""The servers of the benchmarks: an HTTP file server and the store. Each is a child process on 127.0.0.1."""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from bench.measure import process_usage
from bench.request import BUCKET, COUNTS_PATH

TEMPLATES = Path(__file__).parent.parent


@dataclass(frozen=True)
class Store:
    """A running S3 emulator."""

    endpoint: str
    pid: int

    def calls(self) -> dict[str, Any]:
        """The request counts since the previous call."""
        with urllib.request.urlopen(f"{self.endpoint}{COUNTS_PATH}") as response:
            counted: dict[str, Any] = json.load(response)
        return counted

    def cpu_seconds(self) -> float:
        usage = process_usage(self.pid)
        return usage.cpu_seconds if usage else 0.0


def set_environment() -> None:
    """Set the environment of the child processes: PYTHONPATH, and the access keys of the store."""
    os.environ["PYTHONPATH"] = os.pathsep.join(
        str(TEMPLATES / folder) for folder in ("", "local_glue", "jobs", "tests")
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        os.environ[name] = "test"
    os.environ |= {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}


@contextmanager
def child(*command: str | Path) -> Iterator[tuple[str, int]]:
    """Run a server. Yields the first line of its output, and its process id."""
    server = subprocess.Popen(command, cwd=TEMPLATES, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdin and server.stdout
    try:
        yield server.stdout.readline().strip(), server.pid
    finally:
        server.stdin.close()
        server.wait(30)


@contextmanager
def store() -> Iterator[Store]:
    """Run a new, empty store."""
    with child(os.environ["LAKE_PYTHON"], "-m", "bench.counted_store") as (endpoint, pid):
        os.environ["AWS_ENDPOINT_URL"] = endpoint
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield Store(endpoint, pid)


def store_speed(mb: int) -> dict[str, int]:
    """The speed of the store in MB/s, for one put and one get request of an object."""
    body = os.urandom(mb * 1_000_000)
    with store():
        s3 = boto3.client("s3")
        started = time.monotonic()
        s3.put_object(Bucket=BUCKET, Key="speed", Body=body)
        put = time.monotonic()
        s3.get_object(Bucket=BUCKET, Key="speed")["Body"].read()
        return {"put": round(mb / (put - started)), "get": round(mb / (time.monotonic() - put))}
