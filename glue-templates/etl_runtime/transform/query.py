"""Runs the SQL of a derived dataset. Spark parses and analyzes all statements before it runs any of them."""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pyspark.errors import AnalysisException, ParseException, PySparkException

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.suggestion import did_you_mean
from etl_runtime.transform.statements import Statement, statements

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

POSITION = re.compile(r"[;.]?\s*\(?line (\d+),? pos (\d+)\)?")
TABLE_NOT_FOUND = re.compile(r"\[TABLE_OR_VIEW_NOT_FOUND\][^`]*((?:`[^`]*`\.?)+)")
VIEW = "CreateViewCommand"
TEMPORARY = ("LocalTempView", "LocalTempView$")


def query(
    spark: "SparkSession", sql: str, file: str, outputs: Sequence[str], tables: Iterable[str]
) -> "DataFrame | dict[str, DataFrame]":
    """Return the result of the last statement. If there are `outputs`, return the views with these names instead.

    `file` is the name of the SQL file in errors. `tables` are the tables that the SQL may read. Raises RunFailed with
    line and column if a statement cannot be parsed or analyzed, or is not supported.
    """
    spark.conf.set("spark.sql.runSQLOnFiles", "false")  # SQL may read only the inputs, which the run record lists
    found = statements(sql)
    if not found:
        raise _invalid(f"{file} contains no statement. Write the query that returns the table.")
    kinds = [_kind(spark, statement, file) for statement in found]
    *_, last = [_analyzed(spark, statement, file, tables) for statement in found]
    if outputs:
        return {name: _view(spark, name, file) for name in outputs}
    if kinds[-1] == VIEW:
        raise _invalid(
            f"{file}, line {found[-1].line}: the last statement creates a view, but it must be the query for the "
            "table. Add a query on the view after it, or add the view to outputs."
        )
    return last


def _kind(spark: "SparkSession", statement: Statement, file: str) -> str:
    """The class of the statement's plan. Raises RunFailed unless the statement is a query or creates a temporary view.

    Other statements could change tables that other queries read.
    """
    try:
        plan = spark._jsparkSession.sessionState().sqlParser().parsePlan(statement.text)
    except ParseException as error:
        raise _failure(error, statement, file, ()) from error
    kind = str(plan.getClass().getSimpleName())
    if kind == VIEW and str(plan.viewType().getClass().getSimpleName()) in TEMPORARY:
        return kind
    if command := next((name for name in _commands(spark, plan)), None):
        raise _invalid(
            f"{file}, line {statement.line}: the statement is not supported ({command}). "
            "Use queries, and CREATE TEMPORARY VIEW before the last query."
        )
    return kind


def _commands(spark: "SparkSession", plan: Any) -> Iterable[str]:
    """The class names of plan parts that are not part of a query."""
    logical = "org.apache.spark.sql.catalyst.plans.logical"
    classes = [spark._jvm.java.lang.Class.forName(f"{logical}.{name}") for name in ("Command", "ParsedStatement")]
    if any(each.isInstance(plan) for each in classes):
        yield str(plan.getClass().getSimpleName())
    children = plan.children()
    for index in range(children.size()):
        yield from _commands(spark, children.apply(index))


def _analyzed(spark: "SparkSession", statement: Statement, file: str, tables: Iterable[str]) -> "DataFrame":
    try:
        return spark.sql(statement.text)
    except (AnalysisException, ParseException) as error:
        raise _failure(error, statement, file, tables) from error


def temporary_views(spark: "SparkSession") -> list[str]:
    """The names of the session's temporary views. `spark.catalog.listTables` is not used, because it analyzes each
    view and table, which takes a second."""
    found = spark._jsparkSession.sessionState().catalog().listLocalTempViews("*")
    return [str(found.apply(index).table()) for index in range(found.size())]


def _view(spark: "SparkSession", name: str, file: str) -> "DataFrame":
    views = temporary_views(spark)
    if name not in views:
        raise _invalid(
            f"{file}: no statement creates a view for the output {name}. "
            f"{did_you_mean(name, views)}The file creates {', '.join(sorted(views)) or 'no views'}. "
            f"Add CREATE TEMPORARY VIEW {name} AS SELECT …"
        )
    return spark.table(name)


def _failure(error: PySparkException, statement: Statement, file: str, tables: Iterable[str]) -> RunFailed:
    """Convert Spark's error to one line with the position in the file, without the plan that Spark appends."""
    text = str(error).strip()
    position = POSITION.search(text)
    where = f"line {position[1]}, column {int(position[2]) + 1}" if position else f"line {statement.line}"
    if missing := TABLE_NOT_FOUND.search(text):
        name = missing[1].replace("`", "")
        available = sorted(tables)
        return RunFailed(
            ErrorCode.QUERY_TABLE_NOT_AN_INPUT,
            f"{file}, {where}: the table {name} is not a table of an input. "
            f"{did_you_mean(name, available, qualified=True)}"
            f"The tables of the inputs: {', '.join(available) or 'none'}. "
            "Correct the name, or add the table's dataset to source_datasets.",
        )
    message = text[: position.start()] if position else text.split("\n")[0]
    return _invalid(f"{file}, {where}: {message.rstrip('. ')}. Correct the query.")


def _invalid(message: str) -> RunFailed:
    return RunFailed(ErrorCode.QUERY_INVALID, message)
