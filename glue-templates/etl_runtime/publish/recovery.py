"""Recovers from an earlier run that was interrupted while it published. This is the first step of a run."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from etl_runtime.job.arguments import Names
from etl_runtime.job.store import Store
from etl_runtime.publish import parquet_publication
from etl_runtime.publish.publication import intent_uri

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def recover(names: Names, store: Store, start_spark: "Callable[[], SparkSession] | None" = None) -> bool:
    """Finish or undo the interrupted publication of an earlier run, and delete the objects that
    the earlier run left in staging.

    Spark is started only to finish the commits of Iceberg tables. Returns false if commits have to be finished, but
    `start_spark` is None.
    """
    intent = store.read_json(intent_uri(names))
    if intent and intent["published"].get("table_format") == "iceberg":
        from etl_runtime.publish import iceberg_recovery  # imports pyspark, which takes 0.2 s

        if not iceberg_recovery.recover_intent(intent, names, store, start_spark):
            return False
    elif intent:
        parquet_publication.recover_intent(intent, names, store)
    store.delete(store.list(names.staging))
    return True
