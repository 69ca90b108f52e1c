"""A gold run, and what a script of your own has to do with it.

import sys

from pyspark.sql import DataFrame

from etl_runtime.gold import Gold, run_gold


def transform(gold: Gold) -> DataFrame:
    zipcodes = gold.read("pp_dw_bronze.zipcodes")
    gold.require("a state has two letters", "length(state) = 2")
    return zipcodes.groupBy("state").count()


if __name__ == "__main__":
    run_gold(sys.argv, transform)
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from awsglue.utils import getResolvedOptions
from botocore.exceptions import BotoCoreError, ClientError
from py4j.protocol import Py4JJavaError

from etl_runtime.columns.names import RUN_ID
from etl_runtime.job.arguments import ARGUMENTS, Job, read_arguments
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.plural import plural
from etl_runtime.job.run_record import RunRecord
from etl_runtime.job.spark import driver_error, start_spark
from etl_runtime.job.store import Store
from etl_runtime.publish.business_key import find_duplicates
from etl_runtime.publish.publish import publish, read_published, recover
from etl_runtime.source.unchanged import document_hash
from etl_runtime.transform.gates import check_gates
from etl_runtime.transform.gold_columns import athena_columns, named
from etl_runtime.transform.history import CHANGES, DUPLICATE, published_versions, with_versions
from etl_runtime.transform.inputs import Input, read_inputs, register, republished
from etl_runtime.transform.query import query
from etl_runtime.transform.rules import Rule, broken_rules
from etl_runtime.transform.transformed_table import TransformedTable
from etl_runtime.transform.write import NOTE, OBJECT_BYTES, Target, write

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

LOG = logging.getLogger(__name__)

READS = 3  # of the inputs, where they publish while they are read

Transform = Callable[["Gold"], "DataFrame | Mapping[str, DataFrame]"]
"""What a script gives: the table, or the tables of a dataset with `outputs` by their names there."""


class Gold:
    """What a transform has at hand. The inputs' tables are also in `spark.sql`, by their names in Athena."""

    def __init__(self, spark: "SparkSession", inputs: Sequence[Input], job: Job, store: Store) -> None:
        self.spark = spark
        """The Spark session."""
        self.rules: list[Rule] = []
        self._inputs = inputs
        self._job = job
        self._store = store

    def read(self, table: str) -> "DataFrame":
        """The rows that an input has published last, `table` as in Athena: pp_dw_bronze.zipcodes.

        Raises RunFailed where no input has that table.
        """
        if table not in self.tables:
            raise RunFailed(
                f"There is no table {table}. The inputs have {', '.join(self.tables) or 'none'}; add its dataset to inputs."
            )
        return self.spark.table(table)

    def require(self, rule: str, condition: str, output: str | None = None) -> None:
        """A rule that every row has to keep, checked before the table is published: its name, and a condition in Spark's SQL.

        As with CHECK in SQL, a condition that is null is kept. `output` is the table of the rule, for a dataset of several.
        A run that breaks it fails; run_options {"allow": ["rules"]} lets it pass once.
        """
        self.rules.append(Rule(rule, condition, output))

    def log(self, text: str) -> None:
        """Print a line into the job's log."""
        LOG.info(text, extra={"step": "script"})

    @property
    def tables(self) -> list[str]:
        """The tables of the inputs."""
        return [name for each in self._inputs for name in each.tables]

    def query(self) -> "DataFrame | dict[str, DataFrame]":
        """What the dataset's SQL makes: what the packaged script does."""
        uri = self._job.names.sql
        sql = self._store.read(uri) if uri else None
        if sql is None:
            raise RunFailed(f"There is no query at {uri or 'any place'}. Deploy the dataset's stack again.")
        return query(
            self.spark, sql.decode(), uri.rpartition("/")[2], self._job.document.get("outputs", []), self.tables
        )


def run_gold(argv: Sequence[str], transform: Transform) -> None:
    """Run a gold job from its arguments to its publication. Raises RunFailed where it cannot go on; the published table then stays."""
    store = Store()
    job = read_arguments(getResolvedOptions(list(argv), list(ARGUMENTS)), store)
    with RunRecord(job, store) as record:
        try:
            run(job, record, store, transform)
        except Py4JJavaError as error:
            raise driver_error(error) from error


def run(job: Job, record: RunRecord, store: Store, transform: Transform) -> None:
    names = job.names
    record.refuse_pointless_retry()
    _require_no_bronze_options(job)
    with record.logged_as("recover"):
        recover(names, store)
    published = read_published(names, store)
    record.close_killed(published)

    with record.step("start spark"):
        spark = _start_spark()
    inputs, made, rules = _make(spark, job, record, published, store, transform)
    for key, table in made.items():
        tell_made(record, key, table)

    with record.step("check"):
        staged = {key: table.staged for key, table in made.items()}
        duplicates = find_duplicates(spark, staged, job.document)
        broken = broken_rules(spark, staged, rules)
        record.note_gates(check_gates(made, duplicates, broken, published, job.document, job.options.allow))
    if published and not job.options.force and _is_as_before(job, made, published):
        tell_unchanged(record, published)
    else:
        record.require_time_to_publish()
        with record.step("publish"):
            about = {
                "document": document_hash(job.document),
                "sources": [],
                "inputs": [each.described() for each in inputs],
            }
            about |= _history(job, made, record.started)
            new = publish(staged, about, published, names, record.run_id, store)
        record.note({"tables": [{**table, "nulls": made[key].nulls()} for key, table in new["tables"].items()]})
        record.tell_about_crawler(names, published, new)
    with suppress(
        BotoCoreError, ClientError, OSError
    ):  # what is left there is cleared by the next run, or by the bucket's lifecycle
        store.delete(store.list(names.staging))


def _start_spark() -> "SparkSession":
    spark = start_spark()
    # A table that fits one object is to be one, however many cores there are.
    spark.conf.set("spark.sql.adaptive.coalescePartitions.parallelismFirst", "false")
    spark.conf.set("spark.sql.adaptive.advisoryPartitionSizeInBytes", OBJECT_BYTES)
    return spark


def _make(
    spark: "SparkSession",
    job: Job,
    record: RunRecord,
    published: Mapping[str, Any] | None,
    store: Store,
    transform: Transform,
) -> tuple[list[Input], dict[str, TransformedTable], list[Rule]]:
    """Read the inputs and write the tables into staging; all of it again where an input has published meanwhile."""
    names = job.names
    changed: list[str] = []
    for attempt in range(READS):
        with record.step("inputs"):
            inputs = read_inputs(names, store)
            for each in inputs:
                record.log(
                    "inputs", f"{each.name.dataset} of run {each.run_id}, published {each.published['published_at']}"
                )
            record.note({"inputs": [each.described() for each in inputs]})
            _forget_views(spark)
            register(spark, inputs)
        gold = Gold(spark, inputs, job, store)
        folder = f"{names.staging}run_id={record.run_id}/tables/{attempt}/"
        try:
            with record.step("make"):
                made = {
                    key: _made(job, record, published, store, table, Target(key, record.run_id, store.region, folder))
                    for key, table in _tables(job, transform(gold)).items()
                }
        except Exception:
            if not (changed := republished(inputs, names, store)):
                raise
        else:
            if not (changed := republished(inputs, names, store)):
                return inputs, made, gold.rules
        record.log("inputs", f"{', '.join(changed)} published while it was read; reading again")
    raise RunFailed(
        f"{', '.join(changed)} published each of the {READS} times it was read. Let {names.dataset} run at another time, and run again.",
        retryable=True,
    )


def _forget_views(spark: "SparkSession") -> None:
    for view in spark.catalog.listTables():
        if view.isTemporary:
            spark.catalog.dropTempView(view.name)


def _tables(job: Job, made: "DataFrame | Mapping[str, DataFrame]") -> "dict[str, DataFrame]":
    """What the transform gave, by the keys of the dataset's tables. Raises RunFailed where these are others."""
    keys = list(job.names.tables)
    tables = dict(made) if isinstance(made, Mapping) else {keys[0]: made}
    if sorted(tables) != sorted(keys) or (not isinstance(made, Mapping) and len(keys) > 1):
        given = ", ".join(tables) if isinstance(made, Mapping) else "one table"
        raise RunFailed(
            f"The transform gives {given}, and {job.names.dataset} has {', '.join(keys)}. Set outputs to what it gives."
        )
    if other := next((key for key, table in tables.items() if not hasattr(table, "mapInArrow")), None):
        raise RunFailed(f"The transform gives {type(tables[other]).__name__} for {other}. Return a DataFrame of Spark.")
    return {key: tables[key] for key in keys}


def _made(
    job: Job, record: RunRecord, published: Mapping[str, Any] | None, store: Store, table: "DataFrame", target: Target
) -> TransformedTable:
    """One table, written into staging: as the transform makes it, or as the versions that come of it."""
    from pyspark.sql import functions as f

    key = target.key
    settled = str(table._jdf.queryExecution().analyzed().getClass().getSimpleName()) == "Sort"
    table = named(key, table)
    columns = athena_columns(key, table)
    history = job.document.get("history")
    if history is None:
        written = write(table.withColumn(RUN_ID, f.lit(record.run_id)), target, settled=settled)
        return TransformedTable(written, written.staged(target, columns), None)
    names = job.names
    old = published_versions(
        table.sparkSession, key, history, published, names.tables[key].location, names.bucket, store
    )
    versions = with_versions(key, history, table, old, record.started, record.run_id)
    written = write(versions, target, settled=True, shown=(DUPLICATE, history["business_key"]))
    return TransformedTable(written, written.staged(target, athena_columns(key, versions.drop(RUN_ID, NOTE))), old)


def _history(job: Job, made: Mapping[str, TransformedTable], at: datetime) -> dict[str, Any]:
    """What published.json says of the history, for the next run to go on from."""
    history = job.document.get("history")
    if history is None:
        return {}
    (table,) = made.values()
    return {"history": {"business_key": history["business_key"], "at": at.isoformat(), "current": table.written.live}}


def _is_as_before(job: Job, made: Mapping[str, TransformedTable], published: Mapping[str, Any]) -> bool:
    """Whether a history is what it was: no version began or ended, and no column came."""
    if "history" not in job.document:
        return False
    ((key, table),) = made.items()
    changes = sum(table.written.notes[note] for note in CHANGES)
    return (
        table.old is not None
        and changes == 0
        and list(table.staged.columns) == list(published["tables"][key]["columns"])
    )


def _require_no_bronze_options(job: Job) -> None:
    given = [name for name in ("from_run", "reset_contract") if getattr(job.options, name)]
    if given:
        raise RunFailed(
            f"run_options holds {given[0]}, which is for bronze: a gold table is made of what its inputs have published. "
            f"Run the input with {given[0]}, then this without."
        )


def tell_unchanged(record: RunRecord, published: Mapping[str, Any]) -> None:
    record.note({"status": "unchanged", "unchanged_since": published["run_id"]})
    record.log("publish", f"not needed: no version began or ended since run {published['run_id']}")


def tell_made(record: RunRecord, key: str, table: TransformedTable) -> None:
    written = table.written
    columns, objects = plural(len(table.staged.columns), "column"), plural(len(written.objects), "object")
    record.log("make", f"{key}: {plural(written.rows, 'row')}, {columns}, {objects}")
    if written.notes:
        changes = {note: written.notes[note] for note in ("insert", "update", "delete", "same") if written.notes[note]}
        record.note({"versions": dict(written.notes)})
        record.log(
            "make", f"{key}: versions: {', '.join(f'{note} {count:,}' for note, count in changes.items()) or 'none'}"
        )
