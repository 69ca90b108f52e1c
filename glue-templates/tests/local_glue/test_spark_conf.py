"""The Spark configuration of a local run: `s3://` through Hadoop, with any Java."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq
import pytest
from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

import spark_conf
from conftest import BUCKET
from etl_runtime.job.spark import start_spark
from job_role import acting_as_job


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


SCHEMA = {"type": "struct", "schema-id": 0, "fields": [{"id": 1, "name": "id", "required": False, "type": "long"}]}
TASK = {"task-type": "file-scan-task", "schema": SCHEMA, "start": 0, "length": 1, "residual-filter": True}
LOCATION = f"s3://{BUCKET}/iceberg/a"


def glue_catalog(spark: SparkSession) -> Any:
    prefix = "spark.sql.catalog.glue_catalog."
    settings = spark.sparkContext.getConf().getAll()
    properties = {name.removeprefix(prefix): value for name, value in settings if name.startswith(prefix)}
    return spark._jvm.org.apache.iceberg.CatalogUtil.loadCatalog(
        "org.apache.iceberg.aws.glue.GlueCatalog",
        "glue_catalog",
        {**properties, "warehouse": f"s3://{BUCKET}/", "io-impl": "org.apache.iceberg.aws.s3.S3FileIO"},
        spark._jsc.hadoopConfiguration(),
    )


def commit(spark: SparkSession, transaction: Any, objects: list[str]) -> None:
    """Replace the rows of a table with those of objects in its folder, without reading the objects."""
    iceberg = spark._jvm.org.apache.iceberg
    overwrite = transaction.newOverwrite().overwriteByRowFilter(iceberg.expressions.Expressions.alwaysTrue())
    if snapshot := transaction.table().currentSnapshot():
        overwrite.validateFromSnapshot(snapshot.snapshotId())
    spec = json.loads(iceberg.PartitionSpecParser.toJson(transaction.table().spec()))
    for name in objects:
        file = {
            "spec-id": 0,
            "content": "DATA",
            "file-path": f"{LOCATION}/data/{name}",
            "file-format": "PARQUET",
            "partition": {},
            "file-size-in-bytes": 100,
            "record-count": 1,
        }
        task = json.dumps({**TASK, "spec": spec, "data-file": file})
        overwrite.addFile(iceberg.ScanTaskParser.fromJson(task, True).file())
    overwrite.validateNoConflictingData().validateNoConflictingDeletes().commit()
    transaction.commitTransaction()


def test_iceberg_commits_objects_to_the_data_catalog(spark: SparkSession) -> None:
    """Creates a table, replaces its rows, loses a race, and expires snapshots: all that a job does with Iceberg."""
    glue = boto3.client("glue")
    glue.create_database(DatabaseInput={"Name": "iceberg"})
    catalog = glue_catalog(spark)
    jvm = spark._jvm
    iceberg = jvm.org.apache.iceberg
    table_id = iceberg.catalog.TableIdentifier.parse("iceberg.a")
    schema = iceberg.SchemaParser.fromJson(json.dumps(SCHEMA))
    new = catalog.buildTable(table_id, schema).withLocation(LOCATION).withProperty("format-version", "2")
    commit(spark, new.createTransaction(), ["1.parquet"])
    winner, loser = catalog.loadTable(table_id).newTransaction(), catalog.loadTable(table_id).newTransaction()
    winner.updateSchema().addColumn("name", jvm.org.apache.iceberg.types.Types.StringType.get(), "A name").commit()
    commit(spark, winner, ["2.parquet", "3.parquet"])
    with pytest.raises(Py4JJavaError, match="Found conflicting files|CommitFailedException"):
        commit(spark, loser, ["4.parquet"])

    table = catalog.loadTable(table_id)
    table.expireSnapshots().expireOlderThan(int(time.time() * 1000)).retainLast(1).commit()
    table.refresh()
    assert table.snapshots().spliterator().getExactSizeIfKnown() == 1
    planned = jvm.com.google.common.collect.Lists.newArrayList(table.newScan().planFiles())
    assert sorted(task.file().location() for task in planned) == [
        f"{LOCATION}/data/2.parquet",
        f"{LOCATION}/data/3.parquet",
    ]
    stored = glue.get_table(DatabaseName="iceberg", Name="a")["Table"]
    assert [(each["Name"], each["Type"]) for each in stored["StorageDescriptor"]["Columns"]] == [
        ("id", "bigint"),
        ("name", "string"),
    ]
    assert stored["Parameters"]["table_type"] == "ICEBERG"
    assert stored["Parameters"]["metadata_location"] == table.operations().current().metadataFileLocation()


def test_iceberg_sends_requests_with_the_role_of_the_job(spark: SparkSession) -> None:
    policy = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    table_id = spark._jvm.org.apache.iceberg.catalog.TableIdentifier.parse("iceberg.a")
    with acting_as_job([{"Statement": policy}]), pytest.raises(Py4JJavaError, match="not authorized to perform: glue"):
        glue_catalog(spark).tableExists(table_id)


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
