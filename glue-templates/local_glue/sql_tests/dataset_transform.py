"""Runs the transform of a dataset on the inputs of a test instead of a lake, with the script and SQL that its stack
deploys.

The code of the job handles everything between the inputs and the publication: table names, the context, the SQL, the
columns, histories and quality rules.
"""

import json
import runpy
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from etl_runtime.columns.names import RUN_ID
from etl_runtime.derived import drop_views, rows_by_table, running_with
from etl_runtime.job.arguments import Job, RunOptions, read_names
from etl_runtime.job.dataset_document import DatasetDocument
from etl_runtime.job.errors import ErrorCode, RunFailed, run_failure
from etl_runtime.job.inputs import Input
from etl_runtime.job.spark import driver_error, start_spark, task_error
from etl_runtime.publish.business_key import find_duplicates
from etl_runtime.publish.rules import CheckedTable, Rule, declared_rules, evaluate
from etl_runtime.transform.derived_columns import as_published, athena_columns
from etl_runtime.transform.gates import check_gates, require_unique_keys
from etl_runtime.transform.history import DUPLICATE, PublishedVersions, VersionColumns, with_versions
from etl_runtime.transform.initial_versions import initial_versions
from etl_runtime.transform.inputs import register, schema
from etl_runtime.transform.transformed_table import TransformedTable
from etl_runtime.transform.write import ACTION, Written, count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import DataFrame, SparkSession

# A test has few rows, often of a rare case. So it runs without the gates that compare a table with its previous
# publication or with sizes in production.
WITHOUT_SIZE_GATES = {"expected_record_count_min": 0, "critical_null_threshold": 1, "max_shrink": 1}


@dataclass(frozen=True)
class ResultTable:
    """A table that the transform returns, without the columns that the job adds. `columns` maps names to types."""

    columns: Mapping[str, str]
    rows: pa.Table


@dataclass(frozen=True)
class LoadResult:
    """The result of a load: violated rules, tables (keyed by output), and the history that the next load continues."""

    tables: Mapping[str, ResultTable]
    violated_rules: Sequence[str]
    versions: PublishedVersions | None


@dataclass(frozen=True)
class _Captured:
    """The values that a script passes to `run_silver` or `run_gold`."""

    transform: Callable[[Any], Any]
    context_class: type[Any]


class DatasetTransform:
    """The packaged transform of a dataset. `files` are the deployed files, keyed by URI. The script is
    written to `folder`."""

    def __init__(self, script: str, arguments: Mapping[str, str], files: Mapping[str, bytes], folder: Path) -> None:
        document = json.loads(files[arguments["--dataset_config"]])
        self.names = read_names(arguments["--names"])
        quality = {**document.get("data_quality", {}), **WITHOUT_SIZE_GATES}
        self.document = cast(DatasetDocument, {**document, "data_quality": quality})
        self._job = Job(self.document, self.names, RunOptions(), "")
        self._arguments = arguments
        self._files = files
        self._script = folder / script.rpartition("/")[2]
        self._script.write_bytes(files[script])

    @property
    def databases(self) -> "dict[str, Any]":
        """The first input of each database, keyed by database."""
        return {each.database: each for each in reversed(self.names.inputs)}

    def run(
        self, inputs: Sequence[Input], folder: Path, at: datetime, versions: PublishedVersions | None
    ) -> LoadResult:
        """Run the transform on the inputs, whose files are in `folder`/inputs. Raises RunFailed in the same cases as
        the job."""
        try:
            return self._run(inputs, folder, at, versions)
        except RunFailed:
            raise
        except Exception as error:
            traceback.print_exc()
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> RunFailed:
        """Convert an error of Spark or of the script to a RunFailed that contains the line of the script."""
        if "py4j" in type(error).__module__:
            return driver_error(error)
        found = task_error(error) if "pyspark" in type(error).__module__ else run_failure(error)
        own = [each for each in traceback.extract_tb(error.__traceback__) if each.filename == str(self._script)]
        return found.within(f"{self._script.name}, line {own[-1].lineno}") if own else found

    def _run(
        self, inputs: Sequence[Input], folder: Path, at: datetime, versions: PublishedVersions | None
    ) -> LoadResult:
        spark = self._spark()
        drop_views(spark)
        register(spark, inputs, f"file:{folder}/inputs/")
        captured = self._captured()
        context = captured.context_class(spark, inputs, self._job, self._files.get)
        tables: dict[str, TransformedTable] = {}
        results: dict[str, ResultTable] = {}
        continued = None
        for key, rows in rows_by_table(self._job, captured.transform(context)).items():
            table, found, next_versions = self._table(key, rows, context, folder / f"{key}", at, versions)
            tables[key], results[key] = table, found
            continued = next_versions or continued
        require_unique_keys(tables)
        staged = {key: table.staged for key, table in tables.items()}
        duplicates = find_duplicates(lambda: spark, staged, self.document)
        check_gates(tables, duplicates, {}, {}, None, self.document, ())
        return LoadResult(results, self._violated_rules(spark, tables, context), continued)

    def _spark(self) -> "SparkSession":
        """The Spark session, or a new one if a script has stopped it."""
        from pyspark.sql import SparkSession

        return SparkSession.getActiveSession() or start_spark()

    def _captured(self) -> _Captured:
        """Run the script until it passes its transform to `run_silver` or `run_gold`."""
        found: list[_Captured] = []

        def capture(_: Sequence[str], transform: Callable[[Any], Any], context_class: type[Any]) -> None:
            found.append(_Captured(transform, context_class))

        argv = [str(self._script), "--JOB_NAME", self.names.job]
        argv += [part for argument in self._arguments.items() for part in argument]
        with running_with(capture), _argv(argv):
            try:
                runpy.run_path(str(self._script), run_name="__main__")
            except SystemExit as error:
                if error.code:
                    raise RunFailed(
                        ErrorCode.UNEXPECTED_ERROR,
                        f"{self._script.name} ended with exit code {error.code}. "
                        "Correct the script so that it ends without an error.",
                    ) from error
        if not found:
            raise RunFailed(
                ErrorCode.TRANSFORM_RESULT_INVALID,
                f"{self._script.name} does not call run_{self.names.layer}, so it has no transform to test. "
                f"Pass a transform to run_{self.names.layer}(sys.argv, transform).",
            )
        return found[-1]

    def _violated_rules(self, spark: "SparkSession", tables: Mapping[str, TransformedTable], context: Any) -> list[str]:
        """The names of the violated rules of the document and the script. Raises RunFailed if a rule is invalid.

        A rule that refers to a table of an input applies only if the test has rows for this table.
        """
        history = self.document.get("history")
        is_current = None if history is None else VersionColumns.of(history).is_current
        checked = {key: CheckedTable(table.staged, table.written.live, is_current) for key, table in tables.items()}

        def applies(rule: Rule) -> bool:
            return not rule.to or any(rule.to in (name, name.partition(".")[2]) for name in context.tables)

        rules: list[Rule] = [*filter(applies, declared_rules(self.document)), *context.rules]
        results = evaluate(spark, checked, rules, context.tables)
        return [result.rule.name for result in results if result.status(()) != "passed"]

    def _table(
        self,
        key: str,
        rows: "DataFrame",
        context: Any,
        folder: Path,
        at: datetime,
        versions: PublishedVersions | None,
    ) -> tuple[TransformedTable, ResultTable, PublishedVersions | None]:
        rows, columns = as_published(key, rows, is_iceberg=self.document.get("table_format") == "iceberg")
        history = self.document.get("history")
        old = None
        own = [column["name"] for column in columns]
        if history is not None:
            old = versions
            if old is None and "initial_table" in history:
                old = initial_versions(rows.sparkSession, key, history, context.tables, at, "initial")
            rows = with_versions(key, history, rows, old, at, "test")
            columns = athena_columns(key, rows.drop(RUN_ID, ACTION))
        written, found = _written(rows, folder, history["business_key"] if history else [])
        file = folder / "table.parquet"
        pq.write_table(found, file)
        staged = written.staged({"table.parquet": f"file:{file}"}, columns)
        result = ResultTable({each["name"]: each["type"] for each in columns}, found.drop_columns([RUN_ID]))
        continued = None
        if history is not None:
            entry = {"name": key, "columns": columns, "files": []}
            current = rows.sparkSession.read.schema(schema(entry, self.names.layer)).parquet(f"file:{file}")
            continued = PublishedVersions(entry, at, written.live, current)
        return TransformedTable(written, staged, old, own), result, continued


def _written(rows: "DataFrame", folder: Path, key: Sequence[str]) -> tuple[Written, pa.Table]:
    """Compute and count the rows. Returns the counts, and the rows without the action column."""
    spark_folder = folder / "spark"
    try:
        rows.write.parquet(f"file:{spark_folder}")
    except Exception as error:
        raise task_error(error) from error
    files = sorted(spark_folder.glob("*.parquet"))
    found = pa.concat_tables([pq.read_table(file) for file in files])
    written = Written()
    count(found, (DUPLICATE, list(key)), written)
    found = found.drop_columns([ACTION]) if ACTION in found.column_names else found
    if RUN_ID not in found.column_names:
        found = found.append_column(RUN_ID, pa.nulls(found.num_rows, pa.string()))
    return written, found


@contextmanager
def _argv(argv: list[str]) -> "Iterator[None]":
    before, sys.argv = sys.argv, argv
    try:
        yield
    finally:
        sys.argv = before
