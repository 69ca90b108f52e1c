"""Writes the result of a transform: its rows or, for a table with a history, the versions of its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from etl_runtime.columns.names import RUN_ID
from etl_runtime.iceberg.schema import TableColumn, meta_columns, stored_type
from etl_runtime.job.arguments import Job
from etl_runtime.job.dataset_document import History
from etl_runtime.job.run_record import RunRecord
from etl_runtime.job.store import Store
from etl_runtime.publish.staged import StagedTable
from etl_runtime.publish.tables import Tables
from etl_runtime.transform.carried_history import carried_history, has_ranges
from etl_runtime.transform.derived_columns import (
    as_published,
    athena_columns,
    with_athena_names,
    with_iceberg_types,
)
from etl_runtime.transform.history import (
    DUPLICATE,
    PublishedVersions,
    VersionColumns,
    published_versions,
    version_columns,
    with_versions,
)
from etl_runtime.transform.initial_versions import initial_versions
from etl_runtime.transform.key_ranges import VersionLayout
from etl_runtime.transform.lineage import Lineage
from etl_runtime.transform.transformed_table import TransformedTable
from etl_runtime.transform.write import ACTION, Target, Written, write

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Columns = list[dict[str, str]]


@dataclass(frozen=True)
class TableWriter:
    """Writes the tables of a run. `input_tables` are the tables of the inputs. `attempt` is different each time the run
    reads its inputs.
    """

    job: Job
    record: RunRecord
    published: Mapping[str, Any] | None
    store: Store
    tables: Tables
    input_tables: Sequence[str]
    attempt: int

    def write(self, key: str, rows: "DataFrame") -> TransformedTable:
        """Write one table. Raises RunFailed if Athena does not support a column, or if the history cannot continue."""
        from pyspark.sql import functions as f

        is_sorted = str(rows._jdf.queryExecution().analyzed().getClass().getSimpleName()) == "Sort"
        lineage = Lineage(key, with_athena_names(key, rows))
        rows, columns = as_published(key, rows, is_iceberg=self._is_iceberg)
        history = self.job.document.get("history")
        if history is not None:
            return self._write_history(key, history, rows, columns, lineage)
        target = self._target(key, columns)
        written = write(rows.withColumn(RUN_ID, f.lit(self.record.run_id)), target, rebalance=not is_sorted)
        return TransformedTable(written, self._staged(key, written, columns), None, _names_of(columns), lineage)

    def _write_history(
        self, key: str, history: History, rows: "DataFrame", columns: Columns, lineage: Lineage
    ) -> TransformedTable:
        old = self._old_versions(rows.sparkSession, key, history)
        started, run_id = self.record.started, self.record.run_id
        if self._is_iceberg and has_ranges(key, history, rows, old, started):
            types = {**version_columns(key, history, rows, old, started), **VersionColumns.of(history).types}
            all_columns = [{"name": name, "type": type_} for name, type_ in types.items()]
            target = self._target(key, all_columns)
            bucket = self.job.names.bucket
            made = carried_history(history, rows, old, self._layout(), started, target, bucket, target.schema)
            kept = [f"s3://{bucket}/{file}" for file in made.carried]
            staged = self._staged(key, made.written, all_columns, kept)
            return TransformedTable(made.written, staged, old, _names_of(columns), lineage, made.layout)
        versions = with_versions(key, history, rows, old, started, run_id)
        all_columns = athena_columns(key, versions.drop(RUN_ID, ACTION))
        target = self._target(key, all_columns)
        # Spark's adaptive execution already sizes the partitions of the join.
        written = write(versions, target, rebalance=False, examples_of=(DUPLICATE, history["business_key"]))
        return TransformedTable(written, self._staged(key, written, all_columns), old, _names_of(columns), lineage)

    def _old_versions(self, spark: "SparkSession", key: str, history: History) -> PublishedVersions | None:
        existing = [] if self.published else self.tables.existing_objects(key)
        old = published_versions(spark, key, history, self.published, existing, self.job.names.bucket, self.store)
        if old is not None and self._is_iceberg:
            old = with_stored_types(old)
        if "initial_table" not in history:
            return old
        if old is not None:
            self.record.log(
                "make",
                f"{key}: history.initial_table is ignored, because the history is already published. "
                "Remove history.initial_table",
            )
            return old
        started, run_id = self.record.started, self.record.run_id
        self.record.log("make", f"{key}: the history begins with the versions of {history['initial_table']}")
        initial = initial_versions(spark, key, history, self.input_tables, started, run_id)
        return with_stored_types(initial) if self._is_iceberg else initial

    def _layout(self) -> VersionLayout | None:
        """The layout of the published history. None if its objects cannot be part of the next publication, because
        readers see a different publication."""
        layout = (self.published or {}).get("history", {}).get("layout")
        if self.published is None or layout is None or not self.tables.is_current(self.published):
            return None
        return VersionLayout.of(layout)

    def _target(self, key: str, columns: Sequence[Mapping[str, str]]) -> Target:
        descriptions = self.job.document.get("column_descriptions", {}).get(key, {})
        described = [TableColumn(each["name"], each["type"], descriptions.get(each["name"])) for each in columns]
        schema = self.tables.arrow_schema(key, [*described, *meta_columns()])
        prefix = self.tables.object_prefix(key, self.attempt)
        return Target(key, self.record.run_id, self.store.region, prefix, schema)

    def _staged(self, key: str, written: Written, columns: Columns, kept: Sequence[str] = ()) -> StagedTable:
        return written.staged(self.tables.object_names(key, written.objects), columns, kept)

    @property
    def _is_iceberg(self) -> bool:
        return self.job.document.get("table_format") == "iceberg"


def with_stored_types(old: PublishedVersions) -> PublishedVersions:
    """Convert the versions to the types of an Iceberg table, which cannot have tinyint and smallint columns."""
    columns = [{**each, "type": stored_type(each["type"])} for each in old.table["columns"]]
    return replace(old, table={**old.table, "columns": columns}, rows=with_iceberg_types(old.rows))


def _names_of(columns: Sequence[Mapping[str, str]]) -> list[str]:
    return [column["name"] for column in columns]
