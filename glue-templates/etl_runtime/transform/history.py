"""History: a slowly changing dimension of type 2, built by a single join of the published versions with the new rows.

Columns that the job adds are not compared. Each column is compared separately, and null is treated as a value.
Therefore, different rows are never considered equal, which could happen if concatenated or hashed values were compared.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

from etl_runtime.columns.athena_types import spark_type
from etl_runtime.columns.names import RUN_ID
from etl_runtime.job.dataset_document import History
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.inputs import changed_files
from etl_runtime.job.store import Store
from etl_runtime.job.suggestion import did_you_mean
from etl_runtime.transform.inputs import published_rows
from etl_runtime.transform.write import ACTION, LIVE_ACTIONS

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

CHANGES = ("insert", "update", "delete", "close")
DUPLICATE = "duplicate"
OPEN_END_TIME = "00:00:00"  # in UTC


@dataclass(frozen=True)
class VersionColumns:
    """Names of the columns that a history adds.

    In current versions, `valid_to` is the date `open_end`, or null if `open_end` is not set.
    """

    valid_from: str = "valid_from"
    valid_to: str = "valid_to"
    is_current: str = "is_current"
    change_type: str = "change_type"
    open_end: str | None = None

    @classmethod
    def of(cls, history: Mapping[str, Any]) -> "VersionColumns":
        """The names that the dataset document declares, or that published.json contains."""
        return cls(**{field.name: history[field.name] for field in fields(cls) if field.name in history})

    @property
    def types(self) -> dict[str, str]:
        return {
            self.valid_from: "timestamp",
            self.valid_to: "timestamp",
            self.is_current: "boolean",
            self.change_type: "string",
        }

    def never(self) -> "Column":
        """The value of `valid_to` in current versions."""
        from pyspark.sql import functions as f

        return f.lit(self.open_end and f"{self.open_end} {OPEN_END_TIME}").cast("timestamp")

    def never_time(self) -> datetime | None:
        """The value of `valid_to` in current versions, for Arrow."""
        return datetime.fromisoformat(f"{self.open_end} {OPEN_END_TIME}+00:00") if self.open_end else None


ADDED = VersionColumns().types
"""The columns that a history adds by default, with their types."""


@dataclass(frozen=True)
class PublishedVersions:
    """The published versions. `table` is the table in published.json, `at` is the time of the last run that published
    the history, and `current` is the number of current versions."""

    table: Mapping[str, Any]
    at: datetime
    current: int
    rows: "DataFrame"


def published_versions(
    spark: "SparkSession",
    key: str,
    history: History,
    published: Mapping[str, Any] | None,
    existing: Sequence[str],
    bucket: str,
    store: Store,
) -> PublishedVersions | None:
    """Return the versions to continue, or None if nothing is published or the published table has no history.

    `existing` are the objects of the table if nothing is published.

    Raises RunFailed if the versions cannot be read, because the run would otherwise replace them with a new history.
    """
    if published is None:
        if existing:
            raise RunFailed(
                ErrorCode.HISTORY_UNREADABLE,
                f"{key}: the table has files ({existing[0]}), but published.json, which lists the files of its "
                "history, does not exist. Nothing was changed. Restore the noncurrent version of published.json, or "
                "delete the files to start a new history.",
            )
        return None
    found = published.get("history")
    if found is None or key not in published["tables"]:
        return None
    if changed := changed_files(published, bucket, store):
        file, run_id = next(iter(changed.items()))
        what = f"was written by run {run_id}" if run_id else "does not exist"
        raise RunFailed(
            ErrorCode.HISTORY_UNREADABLE,
            f"{key}: the history cannot be read: {file} {what}, but published.json lists it for run "
            f"{published['run_id']}. Nothing was changed. Restore the noncurrent version of the file "
            "before it expires, by default after 7 days.",
            retryable=True,
        )
    if found["business_key"] != history["business_key"]:
        raise RunFailed(
            ErrorCode.HISTORY_INVALID,
            f"{key}: the published history has the business_key {', '.join(found['business_key'])}, but the dataset "
            f"declares {', '.join(history['business_key'])}. The key of a history cannot change. "
            "Declare the published key, or create a dataset with another name.",
        )
    declared, known = VersionColumns.of(history), VersionColumns.of(found.get("version_columns", {}))
    if declared != known:
        [name, *_] = [each.name for each in fields(known) if getattr(declared, each.name) != getattr(known, each.name)]
        raise RunFailed(
            ErrorCode.HISTORY_INVALID,
            f"{key}: the published history has the {name} {getattr(known, name) or 'null'}, but the dataset declares "
            f"{getattr(declared, name) or 'null'}. The columns of a history cannot be renamed. Declare the published "
            f"{name}, or create a dataset with another name. To continue the versions of this table, "
            "set history.initial_table to a silver dataset that renames its columns.",
        )
    table = published["tables"][key]
    return PublishedVersions(
        table,
        datetime.fromisoformat(found["at"]),
        found["current"],
        published_rows(spark, table, published["layer"], bucket),
    )


def with_versions(
    key: str, history: History, new: "DataFrame", old: PublishedVersions | None, at: datetime, run_id: str
) -> "DataFrame":
    """Return all versions, each with the action of this run in the column ACTION.

    - `ended`: the version had ended before this run.
    - `same`: the version remains current, because it matches the new row.
    - `insert`: the version begins, because its key had no current version.
    - `update`: the version begins, because a compared column has changed.
    - `close`: the version ends, because an `update` supersedes it.
    - `delete`: the version ends, because its key is not in the new rows.
    - `duplicate`: the key is in the new rows more than once.

    Raises RunFailed if a column of `history` does not exist, or if its type differs from the type in the published
    versions.
    """
    from pyspark.sql import functions as f

    added = VersionColumns.of(history)
    columns = version_columns(key, history, new, old, at)
    compared = compared_columns(key, history, new)
    rows = _keyed(new, history, columns)
    versions = _published(new, history, columns, old)
    of_one_key = (f.col("_hash") == f.col("_old_hash")) & (f.col("_key") == f.col("_old_key"))
    joined = rows.join(versions, of_one_key & f.col(f"_old.{added.is_current}"), "full_outer")
    with_actions = joined.withColumn(ACTION, f.explode(_actions(compared, added)))
    return with_actions.select(*_version_columns(columns, added, at, run_id))


def _keyed(new: "DataFrame", history: History, columns: Mapping[str, str]) -> "DataFrame":
    """Return the new rows as `_new` with their `_key`. `_nth` numbers the rows with the same key.

    A struct is never null, so an equality join also matches keys that contain null. The hash is the first join column,
    because Spark sorts numbers many times faster than structs. Structs are compared only if two hashes are equal.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    key = history["business_key"]
    rows = new.select(
        f.xxhash64(*key).alias("_hash"), f.struct(*key).alias("_key"), f.struct(*filled(new, columns)).alias("_new")
    )
    return rows.withColumn("_nth", f.row_number().over(Window.partitionBy("_hash", "_key").orderBy("_hash")))


def _published(
    new: "DataFrame", history: History, columns: Mapping[str, str], old: PublishedVersions | None
) -> "DataFrame":
    """Return the published versions as `_old` with their `_old_key`. There are no rows if the history begins in this
    run."""
    from pyspark.sql import functions as f

    versions = old.rows if old else new.limit(0)
    every = f.struct(*filled(versions, {**columns, **VersionColumns.of(history).types, RUN_ID: "string"}))
    key = history["business_key"]
    return versions.select(f.xxhash64(*key).alias("_old_hash"), f.struct(*key).alias("_old_key"), every.alias("_old"))


def filled(rows: "DataFrame", columns: Mapping[str, str]) -> "list[Column]":
    """Select the columns with these names and types. Missing columns are null."""
    from pyspark.sql import functions as f

    return [
        (f.col(name) if name in rows.columns else f.lit(None).cast(spark_type(type_))).alias(name)
        for name, type_ in columns.items()
    ]


def _actions(compared: Sequence[str], added: VersionColumns) -> "Column":
    """The actions for a row of the join, which has a new row, a version, or both. An `update` also closes the
    version."""
    from pyspark.sql import functions as f

    is_same = reduce(and_, (f.col(f"_old.{name}").eqNullSafe(f.col(f"_new.{name}")) for name in compared), f.lit(True))
    return (
        f.when(f.col("_old").isNull(), f.array(f.lit("insert")))
        .when(~f.col(f"_old.{added.is_current}"), f.array(f.lit("ended")))
        .when(f.col("_new").isNull(), f.array(f.lit("delete")))
        .when(is_same, f.array(f.lit("same")))
        .otherwise(f.array(f.lit("close"), f.lit("update")))
    )


def _version_columns(columns: Mapping[str, str], added: VersionColumns, at: datetime, run_id: str) -> "list[Column]":
    """The columns of a version, which depend on its action."""
    from pyspark.sql import functions as f

    action, now = f.col(ACTION), f.lit(at).cast("timestamp")
    begins, ends = action.isin("insert", "update"), action.isin("close", "delete")

    def old(name: str) -> "Column":
        return f.col(f"_old.{name}")

    values = {
        added.valid_from: f.when(begins, now).otherwise(old(added.valid_from)),
        added.valid_to: f.when(begins, added.never()).when(ends, now).otherwise(old(added.valid_to)),
        added.is_current: action.isin(*LIVE_ACTIONS),
        added.change_type: f.when(begins | (action == "delete"), action).otherwise(old(added.change_type)),
        RUN_ID: f.when(begins, run_id).otherwise(old(RUN_ID)),
        ACTION: f.when((f.col("_nth") > 1) & action.isin(*LIVE_ACTIONS), DUPLICATE).otherwise(action),
    }
    own = [f.when(begins, f.col(f"_new.{name}")).otherwise(old(name)).alias(name) for name in columns]
    return [*own, *(value.alias(name) for name, value in values.items())]


def version_columns(
    key: str, history: History, new: "DataFrame", old: PublishedVersions | None, at: datetime
) -> dict[str, str]:
    """The columns of the versions with their types: first all published columns, then the new columns."""
    found = {field.name: field.dataType.simpleString() for field in new.schema.fields}
    added = VersionColumns.of(history).types
    if reserved := [name for name in added if name in found]:
        raise _invalid(
            key, f"the query returns the column {reserved[0]}, which the history adds. Rename it in the query."
        )
    for name in history["business_key"]:
        _require_column(key, "business_key", name, found)
        if "map<" in found[name]:
            raise _invalid(
                key,
                f"the column {name} of history.business_key contains a map, and maps cannot be compared. "
                "Choose another column.",
            )
    if old is None:
        return found
    if at <= old.at:
        raise RunFailed(
            ErrorCode.HISTORY_CLOCK_BEHIND,
            f"{key}: the time of this run is {at.isoformat()}, but the last run of this history was at "
            f"{old.at.isoformat()}. Versions would end before they begin. Correct the clock that is wrong. "
            "If the time of the last run is in the future, wait until it has passed. Then run again.",
            retryable=True,
        )
    published = {column["name"]: column["type"] for column in old.table["columns"] if column["name"] not in added}
    for name in published.keys() & found.keys():
        if published[name] != found[name]:
            raise _invalid(
                key,
                f"the column {name} of the history is {published[name]}, but the query returns {found[name]}. "
                f"Cast it: CAST({name} AS {published[name].upper()}), or rename the new column.",
            )
    return published | found


def compared_columns(key: str, history: History, new: "DataFrame") -> Sequence[str]:
    found = {field.name: field.dataType.simpleString() for field in new.schema.fields}
    for list_ in ("compare", "exclude"):
        for name in _listed(history, list_):
            _require_column(key, list_, name, found)
    ignored = {*history["business_key"], *_listed(history, "exclude")}
    compared = _listed(history, "compare") or [
        name for name in found if name not in ignored and not name.startswith("meta_")
    ]
    if maps := [name for name in compared if "map<" in found[name]]:
        raise _invalid(
            key,
            f"the column {maps[0]} contains a map, and maps cannot be compared. "
            "Add it to history.exclude, or cast it to text in the query.",
        )
    return compared


def _listed(history: History, name: str) -> Sequence[str]:
    names: Sequence[str] = history.get(name, ())  # type: ignore[assignment]
    return names


def _require_column(key: str, list_: str, name: str, found: Iterable[str]) -> None:
    if name not in found:
        raise _invalid(
            key,
            f"history.{list_} has the column {name}, which the query does not return. "
            f"{did_you_mean(name, found)}It returns {', '.join(found)}. "
            f"Correct history.{list_} or the query.",
        )


def _invalid(key: str, message: str) -> RunFailed:
    return RunFailed(ErrorCode.HISTORY_INVALID, f"{key}: {message}")
