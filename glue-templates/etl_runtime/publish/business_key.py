"""Whether the columns that identify a row do so: one Spark query over the key columns of the staged table."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl_runtime.job.dataset_document import DatasetDocument
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.plural import plural
from etl_runtime.publish.staged import StagedTable

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SHOWN = 3


@dataclass(frozen=True)
class Duplicates:
    """Keys that stand for more than one row: how many, and some of them as {column: value}."""

    columns: list[str]
    keys: int
    some: list[dict[str, object]]

    def __str__(self) -> str:
        shown = ", ".join(json.dumps(key, ensure_ascii=False, default=str) for key in self.some)
        more = ", …" if self.keys > SHOWN else ""
        return f"the business key ({', '.join(self.columns)}) is not unique: {plural(self.keys, 'value')} with several rows: {shown}{more}"


def find_duplicates(
    spark: "SparkSession", staged: Mapping[str, StagedTable], document: DatasetDocument
) -> dict[str, Duplicates]:
    """The duplicate keys of each table that declares a business key and has some. Null is a value here, as any other.

    Raises RunFailed where a column of the key is not in the table, or cannot be compared.
    """
    found = {}
    for table, there in staged.items():
        columns = document.get("business_keys", {}).get(table, document.get("business_key", []))
        names = [column["name"] for column in there.columns]
        if not there.rows and not names:
            continue  # a table that was never anything but empty
        missing = [column for column in columns if column not in names]
        if missing:
            raise RunFailed(
                f"{table}: the business key names {', '.join(missing)}, which the table does not have. It has {', '.join(names)}."
            )
        if maps := [
            column["name"] for column in there.columns if column["name"] in columns and "map<" in column["type"]
        ]:
            raise RunFailed(
                f"{table}: the business key names {', '.join(maps)}, which holds a map: maps cannot be compared. Choose other columns."
            )
        if columns:
            rows = spark.read.parquet(*there.objects.values())
            repeated = rows.groupBy(*columns).count().where("count > 1").cache()
            keys = repeated.count()
            if keys:
                some = [row.asDict() for row in repeated.orderBy(*columns).select(*columns).limit(SHOWN).collect()]
                found[table] = Duplicates(columns, keys, some)
            repeated.unpersist()
    return found
