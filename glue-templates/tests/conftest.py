"""Shared fixtures: an S3 API, a Spark session, a source with configurable responses, and datasets."""

import gzip
import io
import json
import os
import resource
import subprocess
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import settings
from pyspark.sql import SparkSession

import gold_job
import silver_job
from etl_runtime.bronze import run_bronze
from etl_runtime.gold import Transform as GoldTransform
from etl_runtime.gold import run_gold
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.redaction import REDACTION
from etl_runtime.job.store import Store
from etl_runtime.silver import Transform as SilverTransform
from etl_runtime.silver import run_silver
from etl_runtime.source.originals import Fetch
from job_role import JOB, ROLES_FOLDER, acting_as_job, policies_of
from source_server import Response as Response
from source_server import Source as Source
from source_server import serving
from spark_conf import configure_spark, spark_settings

# On a shared machine, a slow example is not an error.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

HERE = Path(__file__).parent
BUCKET = "pp-dw-123456789012"

# A test that uses one of these fixtures, or whose module imports one of SPARK_IMPORTS, runs jobs on Spark.
SPARK_FIXTURES = {"dataset", "silver", "gold"}

JOBS: dict[str, tuple[Any, Any]] = {
    "silver": (silver_job.transform, run_silver),
    "gold": (gold_job.transform, run_gold),
}
"""The transform of the packaged script, and the function that runs the job, for each layer with derived tables."""
SPARK_IMPORTS = {"GlueContext", "JobProcesses", "start_spark"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--table-format",
        choices=("parquet", "iceberg"),
        default="parquet",
        help="the table format of datasets whose test does not set it",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--table-format") == "iceberg":
        DEFAULTS["table_format"] = "iceberg"
        config.option.markexpr = f"({config.option.markexpr}) and not parquet"


DEFAULTS: dict[str, Any] = {}
"""Keys of the dataset document that a test does not set."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need Spark with `spark`, so that `npm run test:fast` leaves them out."""
    for item in items:
        assert isinstance(item, pytest.Function)
        if SPARK_FIXTURES.intersection(item.fixturenames) or SPARK_IMPORTS.intersection(vars(item.module)):
            item.add_marker("spark")


@pytest.fixture(autouse=True)
def only_marked_tests_start_spark(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that starts Spark without the marker: it would make `npm run test:fast` slow."""
    if request.node.get_closest_marker("spark") is None:
        message = "This test starts Spark, but conftest.py does not mark it: extend SPARK_FIXTURES or SPARK_IMPORTS."
        monkeypatch.setattr(SparkSession.Builder, "getOrCreate", lambda _: pytest.fail(message))


@pytest.fixture(scope="session", autouse=True)
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The in-memory S3 and Glue emulator of local runs, and a Spark configuration for it.

    Requires three environment variables, which `npx projen test:python` sets: LAKE_PYTHON is the Python interpreter of
    the emulator, LAKE_JARS is the folder with the JARs for s3://, and LAKE_ICEBERG_JARS is the folder with the JARs for
    Iceberg.
    """
    python = os.environ["LAKE_PYTHON"]
    roles = tmp_path_factory.mktemp("roles")
    emulator = subprocess.Popen(
        [python, HERE.parent / "local_glue" / "emulator.py", "--memory", "--roles", roles, "--calls", roles / "calls"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
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
        ROLES_FOLDER: str(roles),
        "PYTHONPATH": os.pathsep.join([str(HERE.parent), str(HERE.parent / "local_glue"), str(HERE.parent / "jobs")]),
    }
    work = tmp_path_factory.mktemp("spark")
    settings = spark_settings(
        endpoint,
        os.environ["LAKE_JARS"],
        work,
        iceberg_jars=os.environ["LAKE_ICEBERG_JARS"],
        # Spark has the access key of the job: S3A reads a setting. Iceberg, with the AWS SDK, reads system properties.
        java_options=f"-Daws.accessKeyId={JOB} -Daws.secretAccessKey=test",
        extra={"spark.hadoop.fs.s3a.access.key": JOB},
    )
    configure_spark(settings, work)
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    glue = boto3.client("glue")
    for layer in ("bronze", "silver", "gold"):
        glue.create_database(DatabaseInput={"Name": f"pp_dw_{layer}"})
    yield endpoint
    emulator.stdin.close()
    emulator.wait(10)


@pytest.fixture
def source() -> Iterator[Source]:
    with serving() as found:
        yield found


@pytest.fixture(scope="module")
def source_of_module() -> Iterator[Source]:
    """One server for all examples of a property-based test."""
    with serving() as found:
        yield found


@pytest.fixture(autouse=True)
def no_redaction() -> Iterator[None]:
    """Clear the secrets to redact after each test."""
    yield
    REDACTION.clear()


class Lake:
    """A dataset of a layer: names as the stack computes them, a job that runs as in Glue, and its results."""

    def __init__(self, layer: str, name: str, tables: list[str] | None = None) -> None:
        self.layer = layer
        self.name = name
        self.store = Store()
        own = name.replace("-", "_")
        root = f"s3://{BUCKET}/{layer}/{name}/"
        self.names: dict[str, Any] = {
            "layer": layer,
            "dataset": name,
            "bucket": BUCKET,
            "job": f"pp-dw-{layer}-{name}",
            "crawler": f"pp-dw-{layer}-{name}-crawler",
            "database": f"pp_dw_{layer}",
            "staging": f"s3://{BUCKET}/staging/{layer}/{name}/",
            "runs": f"s3://{BUCKET}/etl/{name}/runs/{layer}/",
            "tables": {key: {"name": f"{own}_{key}", "location": f"{root}{key}/"} for key in tables}
            if tables
            else {own: {"name": own, "location": root}},
            "timeout_minutes": 30,
        }

    def as_input(self) -> dict[str, str]:
        """The names of this dataset as an input of another one."""
        return {
            "dataset": f"{self.layer}/{self.name}",
            "database": self.names["database"],
            "runs": self.names["runs"],
        }

    def run_job(
        self, script: Callable[[list[str]], None], document: dict[str, Any], job_run_id: str, run_options: str
    ) -> dict[str, Any]:
        """Run the job with the permissions of its role. Returns its record. Raises RunFailed as the job does."""
        uri = f"s3://{BUCKET}/etl/{self.name}/glue/{self.layer}.json"
        self.store.write_json(uri, {"dataset": self.name, "data_size_category": "small", **DEFAULTS, **document})
        arguments = {
            "JOB_NAME": self.names["job"],
            "JOB_RUN_ID": job_run_id,
            "dataset_config": uri,
            "names": json.dumps(self.names),
        }
        with acting_as_job(policies_of(self.layer, self.name, BUCKET, document, self.names.get("inputs", ()))):
            script(
                ["job.py", *(f"--{name}={value}" for name, value in {**arguments, "run_options": run_options}.items())]
            )
        return self.record()

    def failing(self, run: Callable[[], object]) -> str:
        """Run the job, which must fail. Returns the error in its record. Checks that the published table is unchanged."""
        before = self.published_state()
        with pytest.raises(RunFailed) as raised:
            run()
        record = self.record()
        assert (record["status"], record["error"]) == ("failed", str(raised.value))
        assert record["error_code"] == raised.value.code
        assert self.published_state() == before
        return str(raised.value)

    def record(self) -> dict[str, Any]:
        """The record of the last run."""
        record: dict[str, Any] = self.store.read_json(self.store.list(self.names["runs"] + "run_id=")[-1])
        return record

    def published(self) -> dict[str, Any]:
        published: dict[str, Any] = self.store.read_json(self.names["runs"] + "published.json")
        return published

    def table(self, key: str | None = None) -> pa.Table:
        """The published table, read from the files that published.json lists."""
        files = self.published()["tables"][key or self.name.replace("-", "_")]["files"]
        return pa.concat_tables(
            pq.read_table(io.BytesIO(self.store.read(f"s3://{BUCKET}/{file}") or b"")) for file in files
        )

    def rows(self, key: str | None = None) -> list[dict[str, Any]]:
        """The published rows without meta_run_id, which differs in every run."""
        return [
            {name: value for name, value in row.items() if name != "meta_run_id"} for row in self.table(key).to_pylist()
        ]

    def published_state(self) -> dict[str, bytes | None]:
        """Every published object and published.json, byte for byte."""
        uris = self.store.list(f"s3://{BUCKET}/{self.layer}/{self.name}/") + [self.names["runs"] + "published.json"]
        return {uri: self.store.read(uri) for uri in uris}


class Dataset(Lake):
    """A bronze dataset for one test."""

    def __init__(self, name: str, tables: list[str] | None = None) -> None:
        super().__init__("bronze", name, tables)
        self.names["raw"] = f"s3://{BUCKET}/raw/{name}/"

    def run(
        self, url: str | list[str], job_run_id: str = "jr_1", run_options: str = "{}", **document: Any
    ) -> dict[str, Any]:
        """Run the job on `url`. Returns its record; raises RunFailed as the job does."""
        return self.run_job(run_bronze, {"source_url": url, **document}, job_run_id, run_options)

    def fails(self, url: str | list[str], **document: Any) -> str:
        """Run the job, which must fail. Returns the error in its record. Checks that the published table is unchanged."""
        return self.failing(lambda: self.run(url, **document))

    def run_on(
        self, run_options: dict[str, Any] | None = None, fetch: Fetch | None = None, **document: Any
    ) -> dict[str, Any]:
        """Run the job with a document that declares the source, or with a custom fetch."""
        return self.run_job(lambda argv: run_bronze(argv, fetch), document, "jr_1", json.dumps(run_options or {}))

    def originals(self) -> dict[str, bytes]:
        """The originals of the last run, by name."""
        kept = self.store.list(f"{self.names['raw']}run_id={self.record()['run_id']}/")
        return {uri.rpartition("/")[2]: self.store.read(uri) or b"" for uri in kept}


class DerivedTable(Lake):
    """A silver or gold dataset for one test."""

    def __init__(self, layer: str, name: str, inputs: Sequence[Lake], tables: list[str] | None = None) -> None:
        super().__init__(layer, name, tables)
        self.names["inputs"] = [each.as_input() for each in inputs]
        self.names["sql"] = f"s3://{BUCKET}/etl/{name}/glue/{layer}.sql"

    def run(
        self,
        made_by: str | GoldTransform | SilverTransform,
        job_run_id: str = "jr_1",
        run_options: str = "{}",
        **document: Any,
    ) -> dict[str, Any]:
        """Run the job with SQL or a transform. Returns its record. Raises RunFailed as the job does."""
        sources = [each["dataset"] for each in self.names["inputs"]]
        if isinstance(made_by, str):
            self.store.write(self.names["sql"], made_by.encode())
            document["sql"] = "query.sql"
        packaged, run_layer = JOBS[self.layer]
        transform = packaged if isinstance(made_by, str) else made_by
        return self.run_job(
            lambda argv: run_layer(argv, transform), {"source_datasets": sources, **document}, job_run_id, run_options
        )

    def fails(self, made_by: str | GoldTransform | SilverTransform, **document: Any) -> str:
        """Run the job, which must fail. Returns the error in its record. Checks that the published table is unchanged."""
        return self.failing(lambda: self.run(made_by, **document))


@pytest.fixture
def dataset(request: pytest.FixtureRequest) -> Callable[..., Dataset]:
    """Creates datasets with names that no other test uses."""
    base = request.node.originalname.replace("_", "-")[:60]
    own = sha256(request.node.nodeid.encode()).hexdigest()[:12]
    made: list[Dataset] = []

    def make(tables: list[str] | None = None) -> Dataset:
        made.append(Dataset(f"{base}-{own}-{len(made)}", tables))
        return made[-1]

    return make


@pytest.fixture
def gold(request: pytest.FixtureRequest) -> Callable[..., DerivedTable]:
    """Creates gold datasets with names that no other test uses."""
    return partial(derived(request), "gold")


@pytest.fixture
def silver(request: pytest.FixtureRequest) -> Callable[..., DerivedTable]:
    """Creates silver datasets with names that no other test uses."""
    return partial(derived(request), "silver")


def derived(request: pytest.FixtureRequest) -> Callable[..., DerivedTable]:
    base = request.node.originalname.replace("_", "-")[:60]
    own = sha256(request.node.nodeid.encode()).hexdigest()[:12]
    made: list[DerivedTable] = []

    def make(layer: str, *inputs: Lake, tables: list[str] | None = None) -> DerivedTable:
        made.append(DerivedTable(layer, f"{base}-{own}-{len(made)}", inputs, tables))
        return made[-1]

    return make


def zipped(**files: bytes) -> bytes:
    """A ZIP without the current time, because its bytes are part of test ids."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, body in files.items():
            archive.writestr(zipfile.ZipInfo(name), body, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def gzipped(*members: bytes) -> bytes:
    return b"".join(gzip.compress(member, mtime=0) for member in members)


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Limit the files of this process to `size` bytes, which has the same effect as a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
