"""Checks that the business key is unique, with one Spark query on the key columns of the staged table."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl_runtime.job.dataset_document import DatasetDocument
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.plural import plural, with_names
from etl_runtime.job.suggestion import did_you_mean
from etl_runtime.publish.staged import StagedTable

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MAX_EXAMPLES = 3


@dataclass(frozen=True)
class Duplicates:
    """Keys that occur in more than one row. `keys` is the number of these keys. Each example maps columns to values."""

    columns: list[str]
    keys: int
    examples: list[dict[str, object]]

    def __str__(self) -> str:
        examples = ", ".join(json.dumps(key, ensure_ascii=False, default=str) for key in self.examples)
        more = ", …" if self.keys > MAX_EXAMPLES else ""
        return (
            f"the business key ({', '.join(self.columns)}) is not unique: "
            f"{plural(self.keys, 'value')} in more than one row: {examples}{more}"
        )


def find_duplicates(
    spark: "Callable[[], SparkSession]", staged: Mapping[str, StagedTable], document: DatasetDocument
) -> dict[str, Duplicates]:
    """Find the duplicate keys of each table that declares a business key. Two nulls are considered equal.

    Raises RunFailed if a column of the key does not exist or cannot be compared.
    """
    duplicates = {}
    for table, content in staged.items():
        key = document.get("business_keys", {}).get(table, document.get("business_key", []))
        types = {column["name"]: column["type"] for column in content.columns}
        if not content.rows and not types:
            continue  # the source has never had a row or a header
        if missing := [column for column in key if column not in types]:
            raise RunFailed(
                ErrorCode.BUSINESS_KEY_INVALID,
                f"{table}: the business key contains the {with_names('column', missing)}, which the table does not "
                f"have. {did_you_mean(missing[0], types)}The columns of the table are {', '.join(types)}. Correct "
                "business_key.",
            )
        if maps := [name for name, type_ in types.items() if name in key and "map<" in type_]:
            raise RunFailed(
                ErrorCode.BUSINESS_KEY_INVALID,
                f"{table}: the business key contains the {with_names('column', maps)}, which "
                f"{'contains' if len(maps) == 1 else 'contain'} maps. Maps cannot be compared. Choose other columns "
                "for business_key.",
            )
        if key:
            rows = spark().read.parquet(*content.uris)
            repeated = rows.groupBy(*key).count().where("count > 1").cache()
            keys = repeated.count()
            if keys:
                first = repeated.orderBy(*key).select(*key).limit(MAX_EXAMPLES).collect()
                duplicates[table] = Duplicates(key, keys, [row.asDict() for row in first])
            repeated.unpersist()
    return duplicates
