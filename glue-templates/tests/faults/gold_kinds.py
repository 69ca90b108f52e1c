"""The gold datasets of the fault tests, and the versions of their inputs."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from faults.bronze_kinds import numbers
from faults.dataset_kind import DatasetKind, iceberg
from faults.history_model import load_table, read_versions, version_texts
from faults.origin import Version
from faults.published_input import PublishedInput

MANY_OBJECTS = {"etl_runtime.derived.OBJECT_BYTES": "1b"}  # Spark splits the rows only if the input has many objects
NO_WAIT = {"etl_runtime.job.inputs.MAX_PUBLICATION_SECONDS": 0}
COPY = "SELECT n FROM {input}"
VIEWS = "CREATE TEMPORARY VIEW a AS SELECT n FROM {input}; CREATE TEMPORARY VIEW b AS SELECT n FROM {input};"


def number_table(version: Version) -> pa.Table:
    return pa.table({"n": pa.array(map(int, numbers(version)), pa.int64())})


def gold(
    name: str,
    query: str,
    rows: Callable[[Version], pa.Table] = number_table,
    expected: Callable[[Version], list[str]] = numbers,
    input_objects: int = 1,
    **others: Any,
) -> DatasetKind:
    """A gold dataset with a query over a bronze table."""

    def origin(endpoint: str, bucket: str, dataset: str) -> PublishedInput:
        return PublishedInput(endpoint, bucket, dataset, rows, query, input_objects)

    return DatasetKind(name, "gold", origin, expected, **others)


def history(name: str, **others: Any) -> DatasetKind:
    """A gold dataset with a history."""
    document = {"history": {"business_key": ["id"]}}
    query = "SELECT id, v FROM {input}"
    return gold(
        name, query, load_table, version_texts, read=read_versions, document=document, idempotent=True, **others
    )


GOLD_ONE = gold("gold-one-object", COPY, constants=NO_WAIT)
GOLD_MANY = gold("gold-many-objects", COPY, input_objects=3, constants=MANY_OBJECTS)
GOLD_OUTPUTS = gold("gold-two-outputs", VIEWS, tables=("a", "b"), document={"outputs": ["a", "b"]})
GOLD_HISTORY = history("gold-history", input_objects=3, constants=NO_WAIT)

GOLD_ICEBERG_ONE = iceberg(GOLD_ONE)
GOLD_ICEBERG_HISTORY = iceberg(GOLD_HISTORY)

GOLD_MAIN = (GOLD_ONE, GOLD_HISTORY)
"""A table and a history."""
GOLD_OTHERS = (GOLD_MANY, GOLD_OUTPUTS)
GOLD_ICEBERG = (GOLD_ICEBERG_ONE, GOLD_ICEBERG_HISTORY)
"""An Iceberg table, and a history in an Iceberg table."""
