"""The inputs of a derived dataset: their published tables, read by the files that published.json lists.

The Data Catalog and the folder of a table do not define its content: during a publication, the folder contains files of
two runs.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from etl_runtime.columns.athena_types import spark_type
from etl_runtime.columns.names import RESCUED, RUN_ID
from etl_runtime.job.arguments import InputName, Names
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.spark import require_in_memory_catalog
from etl_runtime.job.store import Store

LOG = logging.getLogger(__name__)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MAX_CONCURRENT_REQUESTS = 16
MAX_PUBLICATION_SECONDS = 120  # a publication only copies objects within S3
POLL_SECONDS = 3


@dataclass(frozen=True)
class Input:
    """An input dataset and the content of its published.json."""

    name: InputName
    published: Mapping[str, Any]

    @property
    def run_id(self) -> str:
        return str(self.published["run_id"])

    @property
    def tables(self) -> dict[str, Mapping[str, Any]]:
        """The tables by their names in Athena: `pp_dw_bronze.zipcodes`."""
        return {f"{self.name.database}.{table['name']}": table for table in self.published["tables"].values()}

    def described(self) -> dict[str, Any]:
        """The entry in the run record. `originals` are the files that the input was built from, also indirectly."""
        own = [source["raw"] for source in self.published["sources"]]
        return {
            "dataset": self.name.dataset,
            "run_id": self.run_id,
            "published_at": self.published["published_at"],
            "originals": sorted(
                {*own, *(raw for each in self.published.get("inputs", []) for raw in each["originals"])}
            ),
        }


def read_inputs(names: Names, store: Store) -> list[Input]:
    """The inputs with their last publication. Waits while an input publishes.

    Raises RunFailed if an input has not been published, or if its publication is incomplete.
    """
    with ThreadPoolExecutor(MAX_CONCURRENT_REQUESTS) as pool:
        return list(pool.map(lambda name: _read_input(name, names.bucket, store), names.inputs))


def republished(inputs: Sequence[Input], names: Names, store: Store) -> list[str]:
    """The inputs that have published, or begun to publish, since they were read."""

    def has_changed(read: Input) -> bool:
        current = store.read_json(f"{read.name.runs}published.json")
        return current is None or current["run_id"] != read.run_id or bool(changed_files(current, names.bucket, store))

    with ThreadPoolExecutor(MAX_CONCURRENT_REQUESTS) as pool:
        changed = list(pool.map(has_changed, inputs))
    return [read.name.dataset for read, is_changed in zip(inputs, changed, strict=True) if is_changed]


def changed_files(published: Mapping[str, Any], bucket: str, store: Store) -> dict[str, str]:
    """The listed files that no longer exist, with "", or that another run replaced, with the ID of that run.

    The file of a table with a single file has the same key in every run, so each publication replaces it.
    """
    files = [f"s3://{bucket}/{file}" for table in published["tables"].values() for file in table["files"]]
    with ThreadPoolExecutor(MAX_CONCURRENT_REQUESTS) as pool:
        metadata = list(pool.map(store.metadata, files))
    run_ids = {file: (found or {}).get("run-id", "") for file, found in zip(files, metadata, strict=True)}
    return {file: run_id for file, run_id in run_ids.items() if run_id != published["run_id"]}


def register(spark: "SparkSession", inputs: Sequence[Input]) -> None:
    """Replace Spark's databases of the inputs by their published tables, with the names that they have in Athena."""
    require_in_memory_catalog(spark)
    tables = {name: (table, read.published["layer"]) for read in inputs for name, table in read.tables.items()}
    for database in {read.name.database for read in inputs}:
        spark.sql(f"DROP DATABASE IF EXISTS `{database}` CASCADE")
        spark.sql(f"CREATE DATABASE `{database}` LOCATION 'file:{_folder().name}/{database}'")
    for name, (table, layer) in tables.items():
        database, _, table_name = name.partition(".")
        spark.sql(
            f"CREATE TABLE `{database}`.`{table_name}` ({schema(table, layer)}) USING parquet "
            f"OPTIONS (path '{table['location']}', pathGlobFilter '{_glob(table)}')"
        )


@cache
def _folder() -> "TemporaryDirectory[str]":
    """The folder of Spark's databases, which stays empty. One per process: a process deletes it when it ends."""
    return TemporaryDirectory(prefix="medallion-")


def published_rows(spark: "SparkSession", table: Mapping[str, Any], layer: str, bucket: str) -> "DataFrame":
    """The rows of one published table.

    Spark reads the files one by one. For a folder, S3A first requests an object of that name, and S3 denies a role the
    information that it does not exist.
    """
    files = [f"s3://{bucket}/{file}" for file in table["files"]]
    return spark.read.schema(schema(table, layer)).parquet(*files)


def schema(table: Mapping[str, Any], layer: str) -> str:
    """The columns of a published table as Spark DDL."""
    meta = {RUN_ID: "string", **({RESCUED: "string"} if layer == "bronze" else {})}
    columns = {column["name"]: column["type"] for column in table["columns"]} | meta
    return ", ".join(f"`{name}` {spark_type(type_)}" for name, type_ in columns.items())


def _glob(table: Mapping[str, Any]) -> str:
    """A glob for the names of the table's files, which are all in its folder."""
    return f"{{{','.join(file.rpartition('/')[2] for file in table['files'])}}}"


def _read_input(name: InputName, bucket: str, store: Store) -> Input:
    deadline = time.monotonic() + MAX_PUBLICATION_SECONDS
    while True:
        published = store.read_json(f"{name.runs}published.json")
        if published is None:
            raise RunFailed(
                ErrorCode.INPUT_NOT_PUBLISHED,
                f"The input {name.dataset} has not been published ({name.runs}published.json does not exist). "
                f"Run {name.dataset} first.",
            )
        changed = changed_files(published, bucket, store)
        if not changed:
            return Input(name, published)
        file, run_id = next(iter(changed.items()))
        what = f"run {run_id} has replaced it" if run_id else "it does not exist"
        if time.monotonic() > deadline:
            raise RunFailed(
                ErrorCode.INPUT_INCOMPLETE,
                f"The published data of the input {name.dataset} is incomplete: published.json lists {file} of run "
                f"{published['run_id']}, but {what}. Run {name.dataset} again to complete it, then run this dataset.",
                retryable=True,
            )
        LOG.info(f"waiting until {name.dataset} is published ({file}: {what})")
        time.sleep(POLL_SECONDS)
