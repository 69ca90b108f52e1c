"""Every version of each row: a slowly changing dimension of type 2, made by one join of the published versions with the new rows.

Only columns of the business are compared, each by itself and with null as a value, so that nothing can be taken for something else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import TYPE_CHECKING, Any

from etl_runtime.columns import RUN_ID
from etl_runtime.dataset_document import History
from etl_runtime.errors import RunFailed
from etl_runtime.inputs import foreign_files, published_rows
from etl_runtime.store import Store
from etl_runtime.write import NOTE

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
    spark: "SparkSession", key: str, history: History, published: Mapping[str, Any] | None, location: str, bucket: str, store: Store
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


def with_versions(key: str, history: History, new: "DataFrame", old: Versions | None, at: datetime, run_id: str) -> "DataFrame":
    """All versions, each with a note of what became of it in this run: `ended` long ago, `same`, `insert`, `update`; `close` where it gave
    way to another, `delete` where its key has gone; `duplicate` where its key came before in the new rows.

    Raises RunFailed where a column that the history names is not there, or is of another type than its versions.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    columns = _columns(key, history, new, old, at)
    compared = _compared(key, history, new)
    there = {field.name for field in new.schema.fields}
    keys = [f.col(f"`{name}`") for name in history["business_key"]]
    rows = new.select(
        f.struct(*keys).alias("_key"),
        f.struct(
            *((f.col(f"`{name}`") if name in there else f.lit(None).cast(type_)).alias(name) for name, type_ in columns.items())
        ).alias("_new"),
    )
    # A struct is never null, so that the join by it is by equality alone, and null is one of a key's values.
    rows = rows.withColumn("_nth", f.row_number().over(Window.partitionBy("_key").orderBy("_key")))
    now, never = f.lit(at).cast("timestamp"), f.lit(None).cast("timestamp")

    def version(
        of: str, valid_from: "Column", valid_to: "Column", is_current: bool, change_type: "Column", made_by: "Column", note: "Column"
    ) -> "Column":
        values = [f.col(f"{of}.`{name}`").alias(name) for name in columns]
        added = zip(ADDED, (valid_from, valid_to, f.lit(is_current), change_type), strict=True)
        return f.struct(*values, *(value.alias(name) for name, value in added), made_by.alias(RUN_ID), note.alias(NOTE))

    def note(text: str) -> "Column":
        return f.when(f.col("_nth") > 1, DUPLICATE).otherwise(text)

    insert = version("_new", now, never, True, f.lit("insert"), f.lit(run_id), note("insert"))
    if old is None:
        return rows.select(insert.alias("_row")).select("_row.*")

    o = f.col("_old")
    published = {column["name"] for column in old.table["columns"]}
    versions = old.rows.select(
        f.struct(*keys).alias("_old_key"),
        f.col("is_current").alias("_open"),
        f.struct(
            *((f.col(f"`{name}`") if name in published else f.lit(None).cast(type_)).alias(name) for name, type_ in columns.items()),
            *ADDED,
            RUN_ID,
        ).alias("_old"),
    )
    is_same = reduce(
        lambda all_, one: all_ & one, (f.col(f"_old.`{name}`").eqNullSafe(f.col(f"_new.`{name}`")) for name in compared), f.lit(True)
    )
    closed = version(
        "_old",
        o.valid_from,
        now,
        False,
        f.when(f.col("_new").isNull(), "delete").otherwise(o.change_type),
        o[RUN_ID],
        f.when(f.col("_new").isNull(), "delete").otherwise("close"),
    )
    kept = version("_old", o.valid_from, o.valid_to, True, o.change_type, o[RUN_ID], note("same"))
    ended = version("_old", o.valid_from, o.valid_to, False, o.change_type, o[RUN_ID], f.lit("ended"))
    update = version("_new", now, never, True, f.lit("update"), f.lit(run_id), note("update"))
    becomes = (
        f.when(f.col("_old").isNull(), f.array(insert))
        .when(~f.col("_open"), f.array(ended))
        .when(f.col("_new").isNull(), f.array(closed))
        .when(is_same, f.array(kept))
        .otherwise(f.array(closed, update))
    )
    joined = rows.join(versions, (f.col("_key") == f.col("_old_key")) & f.col("_open"), "full_outer")
    return joined.select(f.explode(becomes).alias("_row")).select("_row.*")


def _columns(key: str, history: History, new: "DataFrame", old: Versions | None, at: datetime) -> dict[str, str]:
    """The columns of the versions with their types: the published ones first, which are never lost, then those that are new."""
    found = {field.name: field.dataType.simpleString() for field in new.schema.fields}
    if taken := [name for name in ADDED if name in found]:
        raise RunFailed(f"{key}: the query has the column {taken[0]}, which the history adds. Give it another name.")
    for name in history["business_key"]:
        _require_column(key, "business_key", name, found)
        if "map<" in found[name]:
            raise RunFailed(f"{key}: history.business_key names {name}, which holds a map: maps cannot be compared. Choose another column.")
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
    compared = _listed(history, "compare") or [name for name in found if name not in ignored and not name.startswith("meta_")]
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
        raise RunFailed(f"{key}: history.{list_} names {name}, which the query does not make. It makes {', '.join(found)}.")
