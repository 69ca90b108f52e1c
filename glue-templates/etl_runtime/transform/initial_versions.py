"""Imports the versions of rows from an existing table in the first publication of a history."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from etl_runtime.columns.names import RESCUED, RUN_ID, SOURCE_DATE
from etl_runtime.job.dataset_document import History
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.plural import plural
from etl_runtime.transform.derived_columns import athena_columns
from etl_runtime.transform.history import ADDED, PublishedVersions, VersionColumns

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

OPEN_FROM = "9999-01-01"
"""A version without an end, or with an end at this date or later, is current."""
MAX_SAMPLE_KEYS = 3
ADDED_BY_JOBS = {RUN_ID, RESCUED, SOURCE_DATE}
"""Columns that describe how the table was loaded, not the versions themselves."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)  # before every run; taken_over checks the times of the versions


def initial_versions(
    spark: "SparkSession", key: str, history: History, tables: Collection[str], at: datetime, run_id: str
) -> PublishedVersions:
    """Return the versions in `history.initial_table`, treated as already published. `tables` are the tables of the
    inputs.

    Raises RunFailed if the table does not belong to an input, or if its rows are not versions of a history.
    """
    table = history["initial_table"]
    if table not in tables:
        raise RunFailed(
            ErrorCode.QUERY_TABLE_NOT_AN_INPUT,
            f"{key}: history.initial_table is {table}, which is not a table of an input. "
            f"The tables of the inputs: {', '.join(tables) or 'none'}. "
            "Correct the name, or add the table's dataset to source_datasets.",
        )
    return taken_over(key, history, spark.table(table), at, run_id)


def taken_over(key: str, history: History, rows: "DataFrame", at: datetime, run_id: str) -> PublishedVersions:
    """Use the rows as the first versions of a new history. `at` is the start time of its first run."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    names = VersionColumns.of(history)
    _check_columns(key, history, names, rows)
    begin, end = f.col(names.valid_from).cast("timestamp"), f.col(names.valid_to).cast("timestamp")
    last = f.lit(min(names.open_end or OPEN_FROM, OPEN_FROM)).cast("timestamp")
    is_open = end.isNull() | (end >= last)
    own = [name for name in rows.columns if name not in names.types and name not in ADDED_BY_JOBS]
    stated = f.col(names.is_current) if names.is_current in rows.columns else f.lit(None).cast("boolean")
    versions = rows.select(
        *own,
        begin.alias("_from"),
        f.when(~is_open, end).alias("_to"),
        is_open.alias("_is_open"),
        stated.alias("_stated"),
    )
    of_key = Window.partitionBy(*history["business_key"])
    in_order = of_key.orderBy(f.col("_from"), f.col("_to").asc_nulls_last())
    versions = versions.select(
        "*",
        f.lag("_to").over(in_order).alias("_previous_to"),
        f.lead("_from").over(in_order).alias("_next_from"),
        f.sum(f.col("_is_open").cast("int")).over(of_key).alias("_open"),
    )
    current = _check_versions(key, history, names, versions.withColumn("_problem", _problem(names, at)))
    taken = versions.select(
        *own,
        f.col("_from").alias(names.valid_from),
        f.coalesce("_to", names.never()).alias(names.valid_to),
        f.col("_is_open").alias(names.is_current),
        _change_type().alias(names.change_type),
        f.lit(run_id).alias(RUN_ID),
    )
    return PublishedVersions({"columns": athena_columns(key, taken.drop(RUN_ID))}, LONG_AGO, current, taken)


def _change_type() -> "Column":
    """The change types that a history would have if it had recorded these versions itself. If there is no gap
    between two versions of a key, the second one is an update."""
    from pyspark.sql import functions as f

    ends_key = f.col("_to").isNotNull() & (f.col("_next_from").isNull() | (f.col("_next_from") > f.col("_to")))
    begins_key = f.col("_previous_to").isNull() | (f.col("_previous_to") < f.col("_from"))
    return f.when(ends_key, "delete").when(begins_key, "insert").otherwise("update")


def _problem(names: VersionColumns, at: datetime) -> "Column":
    """A description of the problem with a version, or null if there is none."""
    from pyspark.sql import functions as f

    begin, end, now = f.col("_from"), f.col("_to"), f.lit(at).cast("timestamp")
    return (
        f.when(begin.isNull(), f"{names.valid_from} is null")
        .when(end < begin, f"{names.valid_to} is before {names.valid_from}")
        .when((begin >= now) | (end > now), "the version begins or ends in the future")
        .when(f.col("_is_open") & (f.col("_open") > 1), "the key has several current versions")
        .when(f.col("_next_from") < f.coalesce(end, now), "the version overlaps with the next one of its key")
        .when(f.col("_stated") != f.col("_is_open"), f"{names.is_current} does not match {names.valid_to}")
    )


def _check_versions(key: str, history: History, names: VersionColumns, versions: "DataFrame") -> int:
    """Return the number of current versions. Raises RunFailed with sample keys if there are problems."""
    from pyspark.sql import functions as f

    counts = versions.groupBy("_problem").agg(
        f.count("*").alias("versions"), f.sum(f.col("_is_open").cast("int")).alias("current")
    )
    results = sorted(counts.collect(), key=lambda each: str(each["_problem"]))
    if problems := [each for each in results if each["_problem"]]:
        found = []
        for each in problems:
            samples = versions.where(f.col("_problem") == each["_problem"]).select(
                f.to_json(f.struct(*history["business_key"]), {"ignoreNullFields": "false"})
            )
            keys = ", ".join(row[0] for row in samples.distinct().limit(MAX_SAMPLE_KEYS).collect())
            found.append(f"{each['_problem']} ({plural(each['versions'], 'version')}; example keys: {keys})")
        raise _invalid(
            key, history, f"{'; '.join(found)}. Correct the table, or build a corrected one as a silver dataset."
        )
    return sum(each["current"] for each in results)


def _check_columns(key: str, history: History, names: VersionColumns, rows: "DataFrame") -> None:
    types = {field.name: field.dataType.simpleString() for field in rows.schema.fields}
    for name in (*history["business_key"], names.valid_from, names.valid_to):
        if name not in types:
            raise _invalid(
                key,
                history,
                f"it has no column {name}. It has {', '.join(types)}. Rename its columns in a silver "
                "dataset, or set the names in history.",
            )
    for name in ADDED.keys() - names.types.keys() & types.keys():
        raise _invalid(
            key,
            history,
            f"it has the column {name}, for which history declares another name. Rename it in a silver dataset, or "
            "leave it out.",
        )
    for name in history["business_key"]:
        if "map<" in types[name]:
            raise _invalid(key, history, f"the column {name} contains a map, and maps cannot be compared.")
    for name in (names.valid_from, names.valid_to):
        if types[name] not in ("date", "timestamp"):
            raise _invalid(key, history, f"the column {name} is {types[name]}. Cast it to date or timestamp.")
    if types.get(names.is_current, "boolean") != "boolean":
        raise _invalid(
            key,
            history,
            f"the column {names.is_current} is {types[names.is_current]}. Cast it to boolean, or leave it out.",
        )


def _invalid(key: str, history: History, message: str) -> RunFailed:
    return RunFailed(
        ErrorCode.HISTORY_INITIAL_INVALID, f"{key}: history.initial_table {history['initial_table']}: {message}"
    )
