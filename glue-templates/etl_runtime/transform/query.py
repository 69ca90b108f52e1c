"""A gold dataset's tables by SQL. Every statement is parsed and resolved before Spark does any work."""

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pyspark.errors import AnalysisException, ParseException, PySparkException

from etl_runtime.job.errors import RunFailed
from etl_runtime.transform.statements import Statement, statements

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

TAKES = "Gold takes queries, and CREATE TEMPORARY VIEW before the last one"
PLACE = re.compile(r"[;.]?\s*\(?line (\d+),? pos (\d+)\)?")
NO_TABLE = re.compile(r"\[TABLE_OR_VIEW_NOT_FOUND\][^`]*((?:`[^`]*`\.?)+)")
VIEW = "CreateViewCommand"
TEMPORARY = ("LocalTempView", "LocalTempView$")


def query(
    spark: "SparkSession", sql: str, file: str, outputs: Sequence[str], tables: Iterable[str]
) -> "DataFrame | dict[str, DataFrame]":
    """The table of the last statement; or with `outputs` the views of those names, which the statements make.

    `file` is what errors call the SQL, `tables` are those that it may read.
    Raises RunFailed, with line and column, where a statement cannot be parsed or resolved, or is no query.
    """
    spark.conf.set("spark.sql.runSQLOnFiles", "false")  # what is read is in `inputs`, and so in the record
    found = statements(sql)
    if not found:
        raise RunFailed(f"{file} holds no statement. Write the query that makes the table.")
    kinds = [_kind(spark, statement, file) for statement in found]
    *_, last = [_resolved(spark, statement, file, tables) for statement in found]
    if outputs:
        return {name: _view(spark, name, file, found) for name in outputs}
    if kinds[-1] == VIEW:
        raise RunFailed(
            f"{file}, line {found[-1].line}: the last statement makes a view, and it should be the table. "
            "Add a query of the view behind it, or name the view in outputs."
        )
    return last


def _kind(spark: "SparkSession", statement: Statement, file: str) -> str:
    """Whether it is a query or makes a temporary view. Raises RunFailed for anything else, which could change what others read."""
    try:
        plan = spark._jsparkSession.sessionState().sqlParser().parsePlan(statement.text)
    except ParseException as error:
        raise _failure(error, statement, file, ()) from error
    kind = str(plan.getClass().getSimpleName())
    if kind == VIEW and str(plan.viewType().getClass().getSimpleName()) in TEMPORARY:
        return kind
    if other := next((name for name in _commands(spark, plan)), None):
        raise RunFailed(f"{file}, line {statement.line}: the statement is none that gold takes ({other}). {TAKES}.")
    return kind


def _commands(spark: "SparkSession", plan: Any) -> Iterable[str]:
    """The parts of a plan that are no query."""
    logical = "org.apache.spark.sql.catalyst.plans.logical"
    classes = [spark._jvm.java.lang.Class.forName(f"{logical}.{name}") for name in ("Command", "ParsedStatement")]
    if any(each.isInstance(plan) for each in classes):
        yield str(plan.getClass().getSimpleName())
    children = plan.children()
    for index in range(children.size()):
        yield from _commands(spark, children.apply(index))


def _resolved(spark: "SparkSession", statement: Statement, file: str, tables: Iterable[str]) -> "DataFrame":
    try:
        return spark.sql(statement.text)
    except (AnalysisException, ParseException) as error:
        raise _failure(error, statement, file, tables) from error


def _view(spark: "SparkSession", name: str, file: str, found: Sequence[Statement]) -> "DataFrame":
    views = [view.name for view in spark.catalog.listTables() if view.isTemporary]
    if name not in views:
        made = ", ".join(sorted(views)) or "none"
        raise RunFailed(f"{file}: the output {name} is no view that its {len(found)} statements make; they make {made}. "
                        f"Add CREATE TEMPORARY VIEW {name} AS SELECT …")  # fmt: skip
    return spark.table(name)


def _failure(error: PySparkException, statement: Statement, file: str, tables: Iterable[str]) -> RunFailed:
    """Spark's error in one line, at its place in the file, without the plan behind it."""
    text = str(error).strip()
    place = PLACE.search(text)
    message = text[: place.start()] if place else text.split("\n")[0]
    where = f"line {place[1]}, column {int(place[2]) + 1}" if place else f"line {statement.line}"
    if missing := NO_TABLE.search(text):
        name = missing[1].replace("`", "")
        there = sorted(tables)
        near = difflib.get_close_matches(name, there, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        message = (
            f"there is no table {name}. {hint}The inputs have {', '.join(there) or 'none'}; add its dataset to inputs"
        )
    return RunFailed(f"{file}, {where}: {message.rstrip('. ')}.")
