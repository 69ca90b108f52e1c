"""Reads the inputs of a derived dataset: their published tables, from the files that published.json lists.

Neither the Data Catalog nor the folder of a table determines the content of the table: during a publication, the folder
contains files of two runs.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from etl_runtime.columns.athena_types import spark_type
from etl_runtime.columns.names import RESCUED, RUN_ID, SOURCE_DATE
from etl_runtime.job.inputs import Input
from etl_runtime.job.spark import require_in_memory_catalog

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def register(spark: "SparkSession", inputs: Sequence[Input], root: str) -> None:
    """Recreate the databases of the inputs in Spark. They contain the published tables, with the same names as in
    Athena.

    `root` is the URI of the folder that contains the published files, such as `s3://bucket/`.
    """
    require_in_memory_catalog(spark)
    tables = {name: (table, read.published["layer"]) for read in inputs for name, table in read.tables.items()}
    for database in {read.name.database for read in inputs}:
        spark.sql(f"DROP DATABASE IF EXISTS `{database}` CASCADE")
        spark.sql(f"CREATE DATABASE `{database}` LOCATION 'file:{_folder().name}/{database}'")
    for name, (table, layer) in tables.items():
        database, _, table_name = name.partition(".")
        spark.sql(
            f"CREATE TABLE `{database}`.`{table_name}` ({schema(table, layer)}) USING parquet "
            f"OPTIONS (path '{root}{_folder_of(table)}', pathGlobFilter '{_glob(table)}')"
        )


@cache
def _folder() -> "TemporaryDirectory[str]":
    """The folder of Spark's databases, which stays empty. Each process has its own folder and deletes it when it
    ends."""
    return TemporaryDirectory(prefix="medallion-")


def published_rows(spark: "SparkSession", table: Mapping[str, Any], layer: str, bucket: str) -> "DataFrame":
    """The rows of one published table.

    Spark gets the path of each file instead of the folder. For a folder, S3A first requests an object with that name,
    and S3 responds with 403 instead of 404 because of the role's permissions.
    """
    files = [f"s3://{bucket}/{file}" for file in table["files"]]
    return spark.read.schema(schema(table, layer)).parquet(*files)


def schema(table: Mapping[str, Any], layer: str) -> str:
    """The columns of a published table as Spark DDL."""
    meta = {RUN_ID: "string", **({RESCUED: "string"} if layer == "bronze" else {})}
    meta |= {SOURCE_DATE: "date"} if "source_date" in table else {}
    columns = {column["name"]: column["type"] for column in table["columns"]} | meta
    return ", ".join(f"`{name}` {spark_type(type_)}" for name, type_ in columns.items())


def _folder_of(table: Mapping[str, Any]) -> str:
    """The folder of the table's files. For an Iceberg table, it is a subfolder of the table location."""
    return str(table["files"][0]).rpartition("/")[0] + "/"


def _glob(table: Mapping[str, Any]) -> str:
    """A glob that matches the names of the table's files, which are all in one folder."""
    return f"{{{','.join(file.rpartition('/')[2] for file in table['files'])}}}"
