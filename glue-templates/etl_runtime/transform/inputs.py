"""What gold reads: the tables that each input has published last, by the files that its published.json lists.

Neither a crawler nor the folder tells what a table is: in a folder the files of two publications may lie side by side.
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
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.store import Store

LOG = logging.getLogger(__name__)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

CALLS_AT_ONCE = 16
PUBLICATION_SECONDS = 120  # a publication is some copies inside S3
POLL_SECONDS = 3


@dataclass(frozen=True)
class Input:
    """A dataset that gold reads, and what it has published last: its published.json."""

    name: InputName
    published: Mapping[str, Any]

    @property
    def run_id(self) -> str:
        return str(self.published["run_id"])

    @property
    def tables(self) -> dict[str, Mapping[str, Any]]:
        """Its tables by the names that Athena has for them: pp_dw_bronze.zipcodes."""
        return {f"{self.name.database}.{table['name']}": table for table in self.published["tables"].values()}

    def described(self) -> dict[str, Any]:
        """What the run's record says of it. `originals` are the downloads that it was made of, through however many datasets."""
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
    """What each input has published last. Where one is about to publish, that is waited for.

    Raises RunFailed where an input has no table yet, or its tables are not whole.
    """
    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        return list(pool.map(lambda name: _settled(name, names.bucket, store), names.inputs))


def republished(inputs: Sequence[Input], names: Names, store: Store) -> list[str]:
    """The inputs whose tables are not, or not whole, what was read: they published meanwhile."""

    def is_other(read: Input) -> bool:
        now = store.read_json(f"{read.name.runs}published.json")
        return now is None or now["run_id"] != read.run_id or bool(foreign_files(now, names.bucket, store))

    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        changed = list(pool.map(is_other, inputs))
    return [read.name.dataset for read, is_changed in zip(inputs, changed, strict=True) if is_changed]


def foreign_files(published: Mapping[str, Any], bucket: str, store: Store) -> dict[str, str]:
    """The listed files that are gone, or that another run has made, with its id: a table of one file has the same key in every run."""
    files = [f"s3://{bucket}/{file}" for table in published["tables"].values() for file in table["files"]]
    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        found = list(pool.map(store.metadata, files))
    makers = {
        file: "" if metadata is None else metadata.get("run-id", "")
        for file, metadata in zip(files, found, strict=True)
    }
    return {file: maker for file, maker in makers.items() if maker != published["run_id"]}


def register(spark: "SparkSession", inputs: Sequence[Input]) -> None:
    """Make the inputs' tables known to Spark by their names in Athena, in place of those that were known before."""
    tables = {name: (table, read.published["layer"]) for read in inputs for name, table in read.tables.items()}
    for database in {read.name.database for read in inputs}:
        spark.sql(f"DROP DATABASE IF EXISTS `{database}` CASCADE")
        spark.sql(f"CREATE DATABASE `{database}` LOCATION 'file:{_folder().name}/{database}'")
    for name, (table, layer) in tables.items():
        database, _, own = name.partition(".")
        spark.sql(
            f"CREATE TABLE `{database}`.`{own}` ({schema(table, layer)}) USING parquet "
            f"OPTIONS (path '{table['location']}', pathGlobFilter '{_glob(table)}')"
        )


@cache
def _folder() -> "TemporaryDirectory[str]":
    """Spark wants a folder for each database, and puts nothing there. Of jobs side by side each has its own: ending one takes it away."""
    return TemporaryDirectory(prefix="medallion-")


def published_rows(spark: "SparkSession", table: Mapping[str, Any], layer: str) -> "DataFrame":
    """The rows of one published table."""
    return spark.read.schema(schema(table, layer)).option("pathGlobFilter", _glob(table)).parquet(table["location"])


def schema(table: Mapping[str, Any], layer: str) -> str:
    """A published table's columns as Spark's DDL has them."""
    meta = {RUN_ID: "string", **({RESCUED: "string"} if layer == "bronze" else {})}
    columns = {column["name"]: column["type"] for column in table["columns"]} | meta
    return ", ".join(f"`{name}` {spark_type(type_)}" for name, type_ in columns.items())


def _glob(table: Mapping[str, Any]) -> str:
    """The names of the table's files, which all lie in its folder."""
    return f"{{{','.join(file.rpartition('/')[2] for file in table['files'])}}}"


def _settled(name: InputName, bucket: str, store: Store) -> Input:
    deadline = time.monotonic() + PUBLICATION_SECONDS
    while True:
        published = store.read_json(f"{name.runs}published.json")
        if published is None:
            raise RunFailed(
                f"The input {name.dataset} has published nothing yet ({name.runs}published.json). Run it first."
            )
        foreign = foreign_files(published, bucket, store)
        if not foreign:
            return Input(name, published)
        file, maker = next(iter(foreign.items()))
        what = f"run {maker} has written it" if maker else "it is not there"
        if time.monotonic() > deadline:
            raise RunFailed(
                f"The input {name.dataset} is not whole: published.json lists {file} of run {published['run_id']}, and {what}. "
                f"Run {name.dataset} again, which finishes what a run before left half-done; then run this again.",
                retryable=True,
            )
        LOG.info(f"{name.dataset} is publishing ({what}); waiting")
        time.sleep(POLL_SECONDS)
