"""The job of derived datasets: reads the inputs, builds the tables, checks the quality gates and publishes.

Scripts import it as `run_silver` from `etl_runtime.silver` or `run_gold` from `etl_runtime.gold`.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from awsglue.utils import getResolvedOptions
from botocore.exceptions import BotoCoreError, ClientError
from py4j.protocol import Py4JJavaError

from etl_runtime.job.arguments import ARGUMENTS, Job, read_arguments
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.inputs import (
    MAX_READS,
    Input,
    input_changed,
    note_inputs,
    read_inputs,
    republished,
    require_same_inputs,
)
from etl_runtime.job.plural import plural
from etl_runtime.job.run_record import RunRecord, recorded_tables
from etl_runtime.job.spark import driver_error, start_spark
from etl_runtime.job.store import Store
from etl_runtime.job.suggestion import did_you_mean
from etl_runtime.publish.business_key import find_duplicates
from etl_runtime.publish.publication import note_unchanged, read_published
from etl_runtime.publish.recovery import recover
from etl_runtime.publish.rules import CheckedTable, Rule, check_rules, declared_rules
from etl_runtime.publish.tables import Tables, roll_back, tables_of
from etl_runtime.source.unchanged import document_hash
from etl_runtime.transform.churn import churn_failures
from etl_runtime.transform.gates import check_gates, require_unique_keys
from etl_runtime.transform.history import CHANGES, VersionColumns
from etl_runtime.transform.inputs import register
from etl_runtime.transform.query import query, temporary_views
from etl_runtime.transform.table_writer import TableWriter
from etl_runtime.transform.transformed_table import TransformedTable
from etl_runtime.transform.write import OBJECT_BYTES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

LOG = logging.getLogger(__name__)


class TransformContext:
    """The inputs and services of a transform. The transform function of a custom script receives an instance.

    In `spark.sql`, the tables of the inputs are available under their names in Athena.
    """

    def __init__(
        self, spark: "SparkSession", inputs: Sequence[Input], job: Job, read: Callable[[str], bytes | None]
    ) -> None:
        self.spark = spark
        """The Spark session of the job. Its time zone is UTC."""
        self.rules: list[Rule] = []
        self._inputs = inputs
        self._job = job
        self._read = read

    def read(self, table: str) -> "DataFrame":
        """Read the published rows of an input's table.

        Args:
            table: The name of the table in Athena, `database.table`. `${bronze_database}`,
                `${silver_database}` and `${gold_database}` are replaced by the names of the lake's databases.

        Returns:
            The rows of the last publication, with the columns that the job adds: `meta_run_id`, and `meta_rescued` for
            a bronze table.

        Raises:
            RunFailed: QUERY_TABLE_NOT_AN_INPUT if the table does not belong to an input.

        Example:
            zipcodes = context.read("pp_dw_bronze.zipcodes")
        """
        for each in self._inputs:
            table = table.replace(f"${{{each.published['layer']}_database}}", each.name.database)
        if table not in self.tables:
            raise RunFailed(
                ErrorCode.QUERY_TABLE_NOT_AN_INPUT,
                f"The table {table} is not a table of an input. {did_you_mean(table, self.tables, qualified=True)}"
                f"The tables of the inputs: {', '.join(self.tables) or 'none'}. "
                "Correct the name, or add the table's dataset to source_datasets.",
            )
        return self.spark.table(table)

    def require(self, rule: str, condition: str, output: str | None = None) -> None:
        """Add a quality rule that every row must satisfy. It is checked before the table is published.

        A run with rows that violate the rule fails with the code GATE_RULES, and the published table is unchanged. To
        publish once despite such rows, run with run_options `{"allow": ["rules"]}`.

        Args:
            rule: The name of the rule, for messages.
            condition: A condition in Spark SQL on the columns of the table. As with CHECK constraints in SQL, a row
                for which the condition is null satisfies the rule.
            output: The table that the rule applies to, by its name in `outputs`. Required if the dataset has several
                tables.

        Raises:
            RunFailed: RULE_INVALID, when the rules are checked, if the condition is not valid SQL for this table, or if
                the dataset has no table `output`.

        Example:
            context.require("a state has two letters", "length(state) = 2")
        """
        self.rules.append(Rule(rule, condition, output))

    def log(self, text: str) -> None:
        """Write a line to the job's log. Values of secrets that this run has read are redacted.

        Args:
            text: The line.

        Example:
            context.log(f"reading {', '.join(context.tables)}")
        """
        LOG.info(text, extra={"step": "script"})

    @property
    def tables(self) -> list[str]:
        """The names of the inputs' tables in Athena, such as `pp_dw_bronze.zipcodes`."""
        return [name for each in self._inputs for name in each.tables]

    def query(self) -> "DataFrame | dict[str, DataFrame]":
        """Run the SQL of the dataset, as the packaged script does.

        Returns:
            The result of the last statement. For a dataset with `outputs`, a dictionary that maps each output to the
            view with this name, which a statement must create.

        Raises:
            RunFailed: QUERY_NOT_FOUND if the dataset has no SQL. QUERY_INVALID if a statement cannot be parsed or
                analyzed, or is not supported; the message contains its line and column. QUERY_TABLE_NOT_AN_INPUT if a
                statement reads a table that does not belong to an input.

        Example:
            states = context.query().where("state IS NOT NULL")
        """
        uri = self._job.names.sql
        sql = self._read(uri) if uri else None
        if sql is None:
            raise RunFailed(
                ErrorCode.QUERY_NOT_FOUND,
                f"The query {uri} does not exist. Deploy the dataset's stack again."
                if uri
                else f'{self._job.names.dataset} has no query. Set "sql", or do not call query() in the transform.',
            )
        document = self._job.document
        return query(self.spark, sql.decode(), document["sql"], document.get("outputs", []), self.tables)


Context = TypeVar("Context", bound=TransformContext)


def run_derived(
    argv: Sequence[str],
    transform: Callable[[Context], "DataFrame | Mapping[str, DataFrame]"],
    context_class: type[Context],
) -> None:
    """Run the job of a derived dataset, as described for `run_silver` and `run_gold`.

    `context_class` is the class of the object that is passed to `transform`.
    """
    _RUNNER.get()(argv, transform, context_class)


def run_job(
    argv: Sequence[str],
    transform: Callable[[Context], "DataFrame | Mapping[str, DataFrame]"],
    context_class: type[Context],
) -> None:
    """Run the job of a derived dataset in its lake."""
    store = Store()
    job = read_arguments(getResolvedOptions(list(argv), list(ARGUMENTS)), store)
    with RunRecord(job, store) as record:
        try:
            _DerivedRun(job, record, store, transform, context_class).run()
        except Py4JJavaError as error:
            raise driver_error(error) from error


Runner = Callable[[Sequence[str], Callable[[Any], "DataFrame | Mapping[str, DataFrame]"], type[Any]], None]
"""A function that handles the transform of a script. It has the same parameters as `run_derived`."""

_RUNNER: ContextVar[Runner] = ContextVar("runner", default=run_job)


@contextmanager
def running_with(runner: Runner) -> Iterator[None]:
    """Within this context, `run_silver` and `run_gold` call `runner` instead of running a job. `medallion test` uses
    this to get the transform function of a script."""
    token = _RUNNER.set(runner)
    try:
        yield
    finally:
        _RUNNER.reset(token)


@dataclass(frozen=True)
class _DerivedRun(Generic[Context]):
    """One run of the job of a derived dataset."""

    job: Job
    record: RunRecord
    store: Store
    transform: Callable[[Context], "DataFrame | Mapping[str, DataFrame]"]
    context_class: type[Context]

    def run(self) -> None:
        names, record, store = self.job.names, self.record, self.store
        record.skip_futile_retry()
        _reject_bronze_options(self.job)
        starting_spark = cache(_start_spark)
        lake_tables = tables_of(self.job, record.run_id, store)
        lake_tables.check(read_published(names, store))
        with record.logged_as("recover"):
            recover(names, store, starting_spark)
        published = read_published(names, store)
        record.close_killed_runs(published)

        with record.step("start spark"):
            spark = starting_spark()
        if self.job.options.rollback_to:
            roll_back(self.job, record, lake_tables, published, spark)
            return
        with lake_tables.writing(lambda: spark):
            self._write_and_publish(spark, published, lake_tables)
        # If this fails, the next run or a lifecycle rule of the bucket deletes the objects.
        with suppress(BotoCoreError, ClientError, OSError):
            store.delete(store.list(names.staging))

    def _write_and_publish(
        self, spark: "SparkSession", published: Mapping[str, Any] | None, lake_tables: Tables
    ) -> None:
        job, record, names = self.job, self.record, self.job.names
        inputs, tables, rules = self._transform_inputs(spark, published, lake_tables)
        for key, table in tables.items():
            log_table(record, key, table)

        with record.step("check"):
            require_unique_keys(tables)
            staged = {key: table.staged for key, table in tables.items()}
            duplicates = find_duplicates(lambda: spark, staged, job.document)
            violations = self._check_rules(spark, tables, rules, inputs)
            churn = {
                key: list(churn_failures(spark, each, job.document, record.started)) for key, each in tables.items()
            }
            record.note_gates(
                check_gates(tables, duplicates, violations, churn, published, job.document, job.options.allow)
            )
            lineages = {key: table.lineage for key, table in tables.items() if table.lineage}
            staged |= {key: replace(staged[key], lineage=each.result()) for key, each in lineages.items()}
            if lineage := {key: table.lineage for key, table in staged.items() if table.lineage}:
                record.note({"lineage": lineage})
        if (
            published
            and not job.options.force
            and _is_unchanged(job, tables, published)
            and lake_tables.is_current(published)
            and (published.get("table_format") != "iceberg" or published["document"] == document_hash(job.document))
        ):
            note_unchanged(published, [each.described() for each in inputs], names, self.store)
            record.note_publication(published)
            log_unchanged(record, published)
            return
        record.require_time_to_publish()
        with record.step("publish"):
            metadata = {
                "document": document_hash(job.document),
                "sources": [],
                "inputs": [each.described() for each in inputs],
                **_history_metadata(job, tables, record.started),
            }
            new = lake_tables.publish(staged, metadata, published)
        recorded = recorded_tables(new)["tables"]
        record.note(
            {"tables": [{**each, "bounds": staged[key].bounds} for key, each in zip(staged, recorded, strict=True)]}
        )
        record.note_publication(new)
        lake_tables.log_catalog(record, published, new)

    def _check_rules(
        self,
        spark: "SparkSession",
        tables: Mapping[str, TransformedTable],
        rules: Sequence[Rule],
        inputs: Sequence[Input],
    ) -> dict[str, list[str]]:
        """Check the rules in the document and in the script. Returns the findings of the gate, keyed by table."""
        job = self.job
        history = job.document.get("history")
        is_current = None if history is None else VersionColumns.of(history).is_current
        checked = {key: CheckedTable(each.staged, each.written.live, is_current) for key, each in tables.items()}
        input_tables = [name for each in inputs for name in each.tables]
        all_rules = [*declared_rules(job.document), *rules]
        try:
            findings = check_rules(spark, checked, all_rules, input_tables, self.record, job.options.allow)
        except Exception:
            require_same_inputs(inputs, job.names, self.store)
            raise
        if any(each.to for each in all_rules):
            require_same_inputs(inputs, job.names, self.store)
        return findings

    def _transform_inputs(
        self, spark: "SparkSession", published: Mapping[str, Any] | None, lake_tables: Tables
    ) -> tuple[list[Input], dict[str, TransformedTable], list[Rule]]:
        """Read the inputs and write the tables to staging. Repeats both if an input has published new data in the
        meantime."""
        job, record, store, names = self.job, self.record, self.store, self.job.names
        changed: list[str] = []
        for attempt in range(MAX_READS):
            with record.step("inputs"):
                inputs = read_inputs(names, store)
                note_inputs(inputs, record)
                record.note_input_tables({name: table for each in inputs for name, table in each.tables.items()})
                drop_views(spark)
                register(spark, inputs, f"s3://{names.bucket}/")
            context = self.context_class(spark, inputs, job, store.read)
            try:
                with record.step("make"):
                    writer = TableWriter(job, record, published, store, lake_tables, context.tables, attempt)
                    tables = {
                        key: writer.write(key, rows)
                        for key, rows in rows_by_table(job, self.transform(context)).items()
                    }
            except Exception:
                if not (changed := republished(inputs, names, store)):
                    raise
            else:
                if not (changed := republished(inputs, names, store)):
                    return inputs, tables, context.rules
            record.log(
                "inputs", f"{', '.join(changed)} published new data while this run read it; reading the inputs again"
            )
        raise input_changed(changed, names)


def _start_spark() -> "SparkSession":
    spark = start_spark()
    # The number of objects of a table depends on its size, not on the number of cores.
    spark.conf.set("spark.sql.adaptive.coalescePartitions.parallelismFirst", "false")
    spark.conf.set("spark.sql.adaptive.advisoryPartitionSizeInBytes", OBJECT_BYTES)
    return spark


def drop_views(spark: "SparkSession") -> None:
    """Drop the temporary views that an earlier transform created in the session."""
    for view in temporary_views(spark):
        spark.catalog.dropTempView(view)


def rows_by_table(job: Job, result: "DataFrame | Mapping[str, DataFrame]") -> "dict[str, DataFrame]":
    """The result of the transform, keyed by table. Raises RunFailed if it does not match the dataset's tables."""
    keys = list(job.names.tables)
    tables = dict(result) if isinstance(result, Mapping) else {keys[0]: result}
    if sorted(tables) != sorted(keys) or (not isinstance(result, Mapping) and len(keys) > 1):
        returned = ", ".join(tables) if isinstance(result, Mapping) else "a single table"
        unknown = next((key for key in tables if key not in keys), "") if isinstance(result, Mapping) else ""
        raise RunFailed(
            ErrorCode.TRANSFORM_RESULT_INVALID,
            f"The transform returns {returned}, but {job.names.dataset} has the tables {', '.join(keys)}. "
            f"{did_you_mean(unknown, [key for key in keys if key not in tables])}"
            'Set "outputs" to the names that the transform returns.',
        )
    if other := next((key for key, table in tables.items() if not hasattr(table, "mapInArrow")), None):
        raise RunFailed(
            ErrorCode.TRANSFORM_RESULT_INVALID,
            f"The transform returns {type(tables[other]).__name__} for {other}. Return a Spark DataFrame.",
        )
    return {key: tables[key] for key in keys}


def _history_metadata(job: Job, tables: Mapping[str, TransformedTable], at: datetime) -> dict[str, Any]:
    """The value of `history` in published.json. The next run uses it to continue the history."""
    history = job.document.get("history")
    if history is None:
        return {}
    (table,) = tables.values()
    names = {each.name for each in fields(VersionColumns)}
    version_columns = {name: value for name, value in history.items() if name in names}
    return {
        "history": {
            "business_key": history["business_key"],
            "at": at.isoformat(),
            "current": table.written.live,
            "columns": list(table.columns),
            **({"version_columns": version_columns} if version_columns else {}),
            **({"layout": table.layout.document()} if table.layout else {}),
        }
    }


def _is_unchanged(job: Job, tables: Mapping[str, TransformedTable], published: Mapping[str, Any]) -> bool:
    """Whether the history is unchanged: no version begins or ends in this run, and the query returns the same columns
    as for the last publication. Returns false if the table has no history."""
    if "history" not in job.document or "history" not in published:
        return False
    ((key, table),) = tables.items()
    changes = sum(table.written.actions[action] for action in CHANGES)
    return (
        table.old is not None
        and changes == 0
        and list(table.staged.columns) == list(published["tables"][key]["columns"])
        and set(table.columns) == set(published["history"].get("columns", table.columns))
    )


def _reject_bronze_options(job: Job) -> None:
    given = [name for name in ("from_run", "reset_contract", "date") if getattr(job.options, name)]
    if given:
        raise RunFailed(
            ErrorCode.RUN_OPTIONS_INVALID,
            f"run_options.{given[0]} is supported for bronze datasets only. Silver and gold datasets read the "
            "published tables of their inputs. "
            f"Run the input with {given[0]}, then run {job.names.dataset} without this option.",
        )


def log_unchanged(record: RunRecord, published: Mapping[str, Any]) -> None:
    record.note({"status": "unchanged", "unchanged_since": published["run_id"]})
    record.log("publish", f"nothing to publish: no version has begun or ended since run {published['run_id']}")


def log_table(record: RunRecord, key: str, table: TransformedTable) -> None:
    written = table.written
    columns, objects = plural(len(table.staged.columns), "column"), plural(len(written.objects), "object")
    record.log("make", f"{key}: {plural(written.rows, 'row')}, {columns}, {objects}")
    if written.actions:
        counts = {action: written.actions[action] for action in ("insert", "update", "delete", "same")}
        changes = ", ".join(f"{action} {count:,}" for action, count in counts.items() if count)
        record.note({"versions": dict(written.actions)})
        record.log("make", f"{key}: versions: {changes or 'none'}")
