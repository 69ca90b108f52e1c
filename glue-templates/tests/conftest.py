"""What the tests stand on: a real S3 API, a real Spark session, a source that misbehaves on demand."""

import gzip
import io
import json
import os
import resource
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import settings

import bronze_job
from etl_runtime.errors import RunFailed
from etl_runtime.store import Store
from source_server import Answer as Answer
from source_server import Source as Source
from source_server import serving
from spark_conf import configure_spark

# Shared machines pause: a slow example is no failure.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

HERE = Path(__file__).parent
BUCKET = "pp-dw-123456789012"


@pytest.fixture(scope="session", autouse=True)
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The emulator of the local run, in memory, and Spark set up for it as in a local run.

    LAKE_PYTHON is the Python that has it, LAKE_JARS the folder of the jars for s3:// (`npx projen test:python` sets them).
    """
    python = os.environ["LAKE_PYTHON"]
    emulator = subprocess.Popen(
        [python, HERE.parent / "local_glue" / "emulator.py", "--memory"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert emulator.stdin and emulator.stdout
    endpoint = emulator.stdout.readline().strip()
    os.environ |= {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": os.pathsep.join([str(HERE.parent), str(HERE.parent / "local_glue"), str(HERE.parent / "jobs")]),
    }
    configure_spark(endpoint, os.environ["LAKE_JARS"], tmp_path_factory.mktemp("spark"))
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    yield endpoint
    emulator.stdin.close()
    emulator.wait(10)


@pytest.fixture
def source() -> Iterator[Source]:
    with serving() as found:
        yield found


class Dataset:
    """A bronze dataset of its own for one test: run its job as Glue would, look at what it left."""

    def __init__(self, name: str, tables: list[str] | None = None) -> None:
        self.name = name
        self.store = Store()
        own = name.replace("-", "_")
        root = f"s3://{BUCKET}/bronze/{name}/"
        self.names: dict[str, Any] = {
            "layer": "bronze",
            "dataset": name,
            "bucket": BUCKET,
            "job": f"pp-dw-bronze-{name}",
            "crawler": f"pp-dw-bronze-{name}-crawler",
            "database": "pp_dw_bronze",
            "raw": f"s3://{BUCKET}/raw/{name}/",
            "staging": f"s3://{BUCKET}/staging/bronze/{name}/",
            "runs": f"s3://{BUCKET}/etl/{name}/runs/bronze/",
            "tables": {key: {"name": f"{own}_{key}", "location": f"{root}{key}/"} for key in tables}
            if tables
            else {own: {"name": own, "location": root}},
            "timeout_minutes": 30,
        }

    def run(self, url: str | list[str], job_run_id: str = "jr_1", run_options: str = "{}", **document: Any) -> dict[str, Any]:
        """Run the job on `url`. Returns its record; raises RunFailed as the job does."""
        uri = f"s3://{BUCKET}/etl/{self.name}/glue/bronze.json"
        self.store.write_json(uri, {"dataset": self.name, "data_size_category": "small", "source_url": url, **document})
        arguments = {"JOB_NAME": self.names["job"], "JOB_RUN_ID": job_run_id, "dataset_config": uri, "names": json.dumps(self.names)}
        argv = [f"--{name}={value}" for name, value in {**arguments, "run_options": run_options}.items()]
        bronze_job.main(["bronze_job.py", *argv])
        return self.record()

    def fails(self, url: str | list[str], **document: Any) -> str:
        """Run the job, which must fail. Returns the error of its record, after checking that nothing published has changed."""
        before = self.published_state()
        with pytest.raises(RunFailed) as raised:
            self.run(url, **document)
        record = self.record()
        assert (record["status"], record["error"]) == ("failed", str(raised.value))
        assert self.published_state() == before
        return str(raised.value)

    def record(self) -> dict[str, Any]:
        """The last run's record."""
        record: dict[str, Any] = self.store.read_json(self.store.list(self.names["runs"] + "run_id=")[-1])
        return record

    def published(self) -> dict[str, Any]:
        published: dict[str, Any] = self.store.read_json(self.names["runs"] + "published.json")
        return published

    def table(self, key: str | None = None) -> pa.Table:
        """The published table, read from the files that published.json lists."""
        files = self.published()["tables"][key or self.name.replace("-", "_")]["files"]
        return pa.concat_tables(pq.read_table(io.BytesIO(self.store.read(f"s3://{BUCKET}/{file}") or b"")) for file in files)

    def rows(self, key: str | None = None) -> list[dict[str, Any]]:
        """The published rows without meta_run_id, which every run has anew."""
        return [{name: value for name, value in row.items() if name != "meta_run_id"} for row in self.table(key).to_pylist()]

    def published_state(self) -> dict[str, bytes | None]:
        """Every published object and published.json, byte for byte."""
        uris = self.store.list(f"s3://{BUCKET}/bronze/{self.name}/") + [self.names["runs"] + "published.json"]
        return {uri: self.store.read(uri) for uri in uris}


@pytest.fixture
def dataset(request: pytest.FixtureRequest) -> Callable[..., Dataset]:
    """Makes datasets whose names no other test uses."""
    base = request.node.originalname.replace("_", "-")[:60]
    own = sha256(request.node.nodeid.encode()).hexdigest()[:12]
    made: list[Dataset] = []

    def make(tables: list[str] | None = None) -> Dataset:
        made.append(Dataset(f"{base}-{own}-{len(made)}", tables))
        return made[-1]

    return make


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def gzipped(*members: bytes) -> bytes:
    return b"".join(gzip.compress(member) for member in members)


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file of this process may grow beyond `size` bytes: to it, the disk is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
