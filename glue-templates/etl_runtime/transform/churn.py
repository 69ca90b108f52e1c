"""The churn gate of a history, which fails if a run would begin new versions for too many of the current rows.

Without this gate, a column that changes in every load, such as a load time, would begin a new version of each row in
each run.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from etl_runtime.columns.athena_types import spark_type
from etl_runtime.job.dataset_document import DatasetDocument
from etl_runtime.job.plural import plural
from etl_runtime.publish.common_gates import share_text
from etl_runtime.transform.history import VersionColumns
from etl_runtime.transform.transformed_table import TransformedTable

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MIN_ROWS = 100
"""The gate does not apply to a history with fewer current rows, because a single change would be a large share."""
MAX_NAMED_COLUMNS = 5


def churn_failures(
    spark: "SparkSession", table: TransformedTable, document: DatasetDocument, at: datetime
) -> Iterator[str]:
    """Yield the finding of the gate if it fails. The changed columns are counted only in this case. `at` is the time of
    the run."""
    if table.old is None or table.old.current < MIN_ROWS:
        return
    max_churn = document.get("data_quality", {}).get("max_churn", 0.5)
    current = table.old.current
    if table.written.actions["update"] <= max_churn * current:
        return
    updates, counts = changed_rows(spark, table, document, at)
    if updates <= max_churn * current:
        return
    named = [
        f"{name} changed in {count:,} of {plural(current, 'row')}"
        for name, count in sorted(counts.items(), key=lambda item: -item[1])[:MAX_NAMED_COLUMNS]
        if count
    ]
    yield (
        f"the run would begin new versions for {share_text(updates, current)} of the history, but max_churn "
        f"is {max_churn:.2%}: {', '.join(named)}. If a column should not begin versions, add it to history.exclude"
    )


def changed_rows(
    spark: "SparkSession", table: TransformedTable, document: DatasetDocument, at: datetime
) -> tuple[int, Mapping[str, int]]:
    """Return the number of updated rows, and for each compared column the number of rows in which it differs from the
    previous version.

    Columns that the query returns for the first time are not counted, because they begin a version of each row only
    once.
    """
    from pyspark.sql import functions as f

    history = document["history"]
    added, key = VersionColumns.of(history), history["business_key"]
    types = {column["name"]: column["type"] for column in table.staged.columns}
    schema = ", ".join(f"`{name}` {spark_type(type_)}" for name, type_ in types.items())
    versions = spark.read.schema(schema).parquet(*table.staged.uris)
    published = {column["name"] for column in table.old.table["columns"]} if table.old else set()
    compared = [name for name in _compared(table, document) if name in published]
    values = f.struct(*(f.col(f"`{name}`") for name in compared))
    keyed = versions.select("*", f.struct(*(f.col(f"`{name}`") for name in key)).alias("_key"), values.alias("_row"))
    now = f.lit(at).cast("timestamp")
    new = keyed.where((f.col(added.valid_from) == now) & f.col(added.is_current))
    old = keyed.where((f.col(added.valid_to) == now) & ~f.col(added.is_current))
    pairs = new.select("_key", f.col("_row").alias("_new")).join(
        old.select(f.col("_key").alias("_old_key"), f.col("_row").alias("_old")), f.col("_key") == f.col("_old_key")
    )
    differs = [~f.col(f"_new.`{name}`").eqNullSafe(f.col(f"_old.`{name}`")) for name in compared]
    row = pairs.agg(*(f.count_if(each) for each in [reduce(or_, differs, f.lit(False)), *differs])).first()
    updates, *counts = row or (0, *(0 for _ in compared))
    return updates, dict(zip(compared, counts, strict=True))


def _compared(table: TransformedTable, document: DatasetDocument) -> Sequence[str]:
    """The compared columns. `with_versions` has checked that they exist."""
    history = document["history"]
    ignored = {*history["business_key"], *history.get("exclude", [])}
    others = [name for name in table.columns if name not in ignored and not name.startswith("meta_")]
    return history.get("compare") or others
