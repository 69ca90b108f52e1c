"""The Spark configuration of a local run: `s3://` through Hadoop, with any Java."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

import spark_conf
from conftest import BUCKET
from etl_runtime.job.spark import start_spark


@pytest.fixture
def spark() -> SparkSession:
    return start_spark()


def test_spark_reads_and_writes_parquet_on_s3(spark: SparkSession, s3_endpoint: str) -> None:
    folder = f"{BUCKET}/spark/"
    s3 = pyarrow.fs.S3FileSystem(endpoint_override=s3_endpoint, allow_bucket_creation=False)
    written = pa.table(
        {"id": pa.array(range(1000), pa.int64()), "name": [None if n % 7 == 0 else f"é{n}" for n in range(1000)]}
    )
    pq.write_table(written, f"{folder}in/part.parquet", filesystem=s3)
    read = spark.read.parquet(f"s3://{folder}in/")
    assert read.sort("id").collect() == [tuple(row.values()) for row in written.to_pylist()]
    # An overwrite deletes and renames objects, which is where S3 clients differ most.
    for _ in range(2):
        read.write.mode("overwrite").parquet(f"s3://{folder}out/")
    assert pq.read_table(f"{folder}out/", filesystem=s3).sort_by("id").equals(written)


def test_python_workers_do_not_import_pyspark_from_a_zip(spark: SparkSession) -> None:
    """A worker would compile pyspark at each start and read the ZIP file for each task."""
    [path] = spark.sparkContext.parallelize([0], 1).map(lambda _: sys.modules["pyspark"].__file__).collect()
    assert path and ".zip" not in path


@pytest.mark.parametrize(
    ("modules", "expected"),
    [
        ("java.base jdk.incubator.vector", "a b\n--add-modules=jdk.incubator.vector\n-version\n"),
        ("java.base", "a b\n-version\n"),
    ],
)
def test_a_java_without_the_vector_module_starts_without_the_option(
    modules: str, expected: str, tmp_path: Path
) -> None:
    java = tmp_path / "it's java" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    java.chmod(0o700)
    java.parent.parent.joinpath("release").write_text(f'MODULES="{modules}"\n')
    home = spark_conf.java_home(java.parent.parent, tmp_path / "work")
    command = [str(home / "bin" / "java"), "a b", "--add-modules=jdk.incubator.vector", "-version"]
    assert subprocess.run(command, capture_output=True, check=True, text=True).stdout == expected
