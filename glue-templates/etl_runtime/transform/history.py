"""Every version of each row: a slowly changing dimension of type 2, made by one join of the published versions with the new rows.

Only columns of the business are compared, each by itself and with null as a value, so that nothing can be taken for something else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

from etl_runtime.columns.athena_types import spark_type
from etl_runtime.columns.names import RUN_ID
from etl_runtime.job.dataset_document import History
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.store import Store
from etl_runtime.transform.inputs import foreign_files, published_rows
from etl_runtime.transform.write import LIVE_NOTES, NOTE

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

ADDED = {"valid_from": "timestamp", "valid_to": "timestamp", "is_current": "boolean", "change_type": "string"}
CHANGES = ("insert", "update", "delete", "close")
DUPLICATE = "duplicate"


@dataclass(frozen=True)
class Versions:
    """The versions that are published: the table in published.json, what it says of the history, and the rows."""

    table: Mapping[str, Any]
    at: datetime
    current: int
    rows: "DataFrame"


def published_versions(
    spark: "SparkSession",
    key: str,
    history: History,
    published: Mapping[str, Any] | None,
    location: str,
    bucket: str,
    store: Store,
) -> Versions | None:
    """What the history goes on from; None where it begins: nothing is published, or a table without versions.

    Raises RunFailed where there are versions that cannot be read: a history that begins anew has lost the one before it.
    """
    if published is None:
        if there := store.list(location):
            raise RunFailed(
                f"{key}: there are files of a table ({there[0]}), and no published.json that says which are its history. Nothing was "
                "changed. Bring published.json back from its older version, or delete the files to begin anew."
            )
        return None
    found = published.get("history")
    if found is None or key not in published["tables"]:
        return None
    foreign = foreign_files(published, bucket, store)
    if foreign:
        file, maker = next(iter(foreign.items()))
        what = f"is of run {maker}" if maker else "is gone"
        raise RunFailed(
            f"{key}: its history cannot be read: {file} {what}, and published.json lists it for run {published['run_id']}. "
            "Nothing was changed. Bring the file back from its older version; the bucket keeps those for some days.",
            retryable=True,
        )
    if found["business_key"] != history["business_key"]:
        raise RunFailed(
            f"{key}: its history is by {', '.join(found['business_key'])}, and business_key is now {', '.join(history['business_key'])}. "
            f"Bring the key back, or make a dataset of another name: a history cannot change what its rows are about."
        )
    table = published["tables"][key]
    return Versions(table, datetime.fromisoformat(found["at"]), found["current"], published_rows(spark, table, "gold"))


def with_versions(
    key: str, history: History, new: "DataFrame", old: Versions | None, at: datetime, run_id: str
) -> "DataFrame":
    """All versions, each with a note of what became of it in this run: `ended` long ago, `same`, `insert`, `update`; `close` where it gave
    way to another, `delete` where its key has gone; `duplicate` where its key came before in the new rows.

    Raises RunFailed where a column that the history names is not there, or is of another type than its versions.
    """
    from pyspark.sql import functions as f

    columns = _columns(key, history, new, old, at)
    compared = _compared(key, history, new)
    rows = _keyed(new, history, columns)
    versions = _published(new, history, columns, old)
    of_one_key = (f.col("_hash") == f.col("_old_hash")) & (f.col("_key") == f.col("_old_key"))
    joined = rows.join(versions, of_one_key & f.col("_old.is_current"), "full_outer")
    noted = joined.withColumn(NOTE, f.explode(_notes(compared)))
    return noted.select(*_version(columns, at, run_id))


def _keyed(new: "DataFrame", history: History, columns: Mapping[str, str]) -> "DataFrame":
    """The new rows as `_new` by their `_key`; `_nth` counts those of one key.

    A struct is never null. So the join is one by equality, and null is a value that a key can have. The hash stands before it because
    Spark sorts numbers many times as fast as structs, which then are only looked at where two hashes are one.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    key = history["business_key"]
    rows = new.select(
        f.xxhash64(*key).alias("_hash"), f.struct(*key).alias("_key"), f.struct(*_filled(new, columns)).alias("_new")
    )
    return rows.withColumn("_nth", f.row_number().over(Window.partitionBy("_hash", "_key").orderBy("_hash")))


def _published(new: "DataFrame", history: History, columns: Mapping[str, str], old: Versions | None) -> "DataFrame":
    """The published versions as `_old` by their `_old_key`; none where the history begins."""
    from pyspark.sql import functions as f

    versions = old.rows if old else new.limit(0)
    every = f.struct(*_filled(versions, {**columns, **ADDED, RUN_ID: "string"}))
    key = history["business_key"]
    return versions.select(f.xxhash64(*key).alias("_old_hash"), f.struct(*key).alias("_old_key"), every.alias("_old"))


def _filled(rows: "DataFrame", columns: Mapping[str, str]) -> "list[Column]":
    """These columns, null where the rows do not have them."""
    from pyspark.sql import functions as f

    return [
        (f.col(name) if name in rows.columns else f.lit(None).cast(spark_type(type_))).alias(name)
        for name, type_ in columns.items()
    ]


def _notes(compared: Sequence[str]) -> "Column":
    """What becomes of a new row and the current version of its key, or of one of them alone: one note or two."""
    from pyspark.sql import functions as f

    is_same = reduce(and_, (f.col(f"_old.{name}").eqNullSafe(f.col(f"_new.{name}")) for name in compared), f.lit(True))
    return (
        f.when(f.col("_old").isNull(), f.array(f.lit("insert")))
        .when(~f.col("_old.is_current"), f.array(f.lit("ended")))
        .when(f.col("_new").isNull(), f.array(f.lit("delete")))
        .when(is_same, f.array(f.lit("same")))
        .otherwise(f.array(f.lit("close"), f.lit("update")))
    )


def _version(columns: Mapping[str, str], at: datetime, run_id: str) -> "list[Column]":
    """The columns of a version, by its note."""
    from pyspark.sql import functions as f

    note, now, never = f.col(NOTE), f.lit(at).cast("timestamp"), f.lit(None).cast("timestamp")
    begins, ends = note.isin("insert", "update"), note.isin("close", "delete")

    def old(name: str) -> "Column":
        return f.col(f"_old.{name}")

    added = {
        "valid_from": f.when(begins, now).otherwise(old("valid_from")),
        "valid_to": f.when(begins, never).when(ends, now).otherwise(old("valid_to")),
        "is_current": note.isin(*LIVE_NOTES),
        "change_type": f.when(begins | (note == "delete"), note).otherwise(old("change_type")),
        RUN_ID: f.when(begins, run_id).otherwise(old(RUN_ID)),
        NOTE: f.when((f.col("_nth") > 1) & note.isin(*LIVE_NOTES), DUPLICATE).otherwise(note),
    }
    own = [f.when(begins, f.col(f"_new.{name}")).otherwise(old(name)).alias(name) for name in columns]
    return [*own, *(value.alias(name) for name, value in added.items())]


def _columns(key: str, history: History, new: "DataFrame", old: Versions | None, at: datetime) -> dict[str, str]:
    """The columns of the versions with their types: the published ones first, which are never lost, then those that are new."""
    found = {field.name: field.dataType.simpleString() for field in new.schema.fields}
    if taken := [name for name in ADDED if name in found]:
        raise RunFailed(f"{key}: the query has the column {taken[0]}, which the history adds. Give it another name.")
    for name in history["business_key"]:
        _require_column(key, "business_key", name, found)
        if "map<" in found[name]:
            raise RunFailed(
                f"{key}: history.business_key names {name}, which holds a map: maps cannot be compared. Choose another column."
            )
    if old is None:
        return found
    if at <= old.at:
        raise RunFailed(
            f"{key}: the clock says {at.isoformat()}, and the last run of this history was at {old.at.isoformat()}. Versions would end "
            "before they begin. Set the clock right, and run again.",
            retryable=True,
        )
    published = {column["name"]: column["type"] for column in old.table["columns"] if column["name"] not in ADDED}
    for name in published.keys() & found.keys():
        if published[name] != found[name]:
            raise RunFailed(
                f"{key}: the column {name} of the history is {published[name]}, and the query makes it {found[name]}. "
                f"Cast it: CAST({name} AS {published[name].upper()}), or give the new one another name."
            )
    return published | found


def _compared(key: str, history: History, new: "DataFrame") -> Sequence[str]:
    found = {field.name: field.dataType.simpleString() for field in new.schema.fields}
    for list_ in ("compare", "exclude"):
        for name in _listed(history, list_):
            _require_column(key, list_, name, found)
    ignored = {*history["business_key"], *_listed(history, "exclude")}
    compared = _listed(history, "compare") or [
        name for name in found if name not in ignored and not name.startswith("meta_")
    ]
    if maps := [name for name in compared if "map<" in found[name]]:
        raise RunFailed(
            f"{key}: {maps[0]} holds a map, and maps cannot be compared. Name it in history.exclude, or cast it to text in the query."
        )
    return compared


def _listed(history: History, name: str) -> Sequence[str]:
    names: Sequence[str] = history.get(name, ())  # type: ignore[assignment]
    return names


def _require_column(key: str, list_: str, name: str, found: Iterable[str]) -> None:
    if name not in found:
        raise RunFailed(
            f"{key}: history.{list_} names {name}, which the query does not make. It makes {', '.join(found)}."
        )
