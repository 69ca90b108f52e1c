"""Finishes or discards an interrupted publication or rollback of Iceberg tables in the next run. Also performs
rollbacks."""

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from etl_runtime.iceberg.catalog import JAVA_ERRORS, IcebergCatalog, catalog_error
from etl_runtime.iceberg.catalog_table import DataCatalog, current_run
from etl_runtime.iceberg.transaction import IcebergTable, restore
from etl_runtime.job.arguments import Names
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.store import Store
from etl_runtime.publish.iceberg_publication import IcebergPublication, NotCommitted, tables_of_intent
from etl_runtime.publish.publication import intent_uri, published_uri, tag_originals

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOG = logging.getLogger(__name__)


def recover_intent(
    intent: Mapping[str, Any], names: Names, store: Store, start_spark: "Callable[[], SparkSession] | None"
) -> bool:
    """Finish the interrupted publication of an earlier run if that run committed a table. Otherwise, discard the
    publication.

    Spark is required to finish a publication. Returns false if Spark is required, but `start_spark` is None.

    Raises RunFailed if the publication can be neither finished nor undone.
    """
    if "rollback" in intent:
        return _recover_rollback(intent, names, store, start_spark)
    run_id = str(intent["published"]["run_id"])
    data_catalog = DataCatalog(store.region)
    current = {key: data_catalog.table(table.database, table.name) for key, table in tables_of_intent(intent).items()}
    committed = [
        key
        for key, found in current.items()
        if found is not None and current_run(found.metadata_location, store) == run_id
    ]
    if not committed:
        LOG.info(f"run {run_id} was interrupted before it published. The published tables are unchanged")
        store.delete([intent_uri(names)])
        return True
    if start_spark is None:
        return False
    LOG.info(f"run {run_id} was interrupted while it published; finishing its publication")
    remaining = [key for key in current if key not in committed]
    with IcebergCatalog(start_spark(), names.bucket) as catalog:
        publication = IcebergPublication(catalog, intent, names, store)
        publication.find_failed_restores(committed)
        try:
            publication.commit(publication.reopened(remaining))
        except NotCommitted as error:
            LOG.info(f"cannot finish the publication of run {run_id}: {error.reason}")
            publication.restore(committed, error.reason)
            store.delete([intent_uri(names)])
            return True
        publication.finish()
    return True


def _recover_rollback(
    intent: Mapping[str, Any], names: Names, store: Store, start_spark: "Callable[[], SparkSession] | None"
) -> bool:
    """Finish an interrupted rollback. Discard the rollback if a table or a snapshot no longer exists."""
    run_id = str(intent["published"]["run_id"])
    data_catalog = DataCatalog(store.region)
    tables = [IcebergTable(**each) for each in intent["rollback"].values()]
    found_tables = [data_catalog.table(table.database, table.name) for table in tables]
    if any(found is None or found.metadata_location is None for found in found_tables):
        LOG.info(f"dropped a rollback to run {run_id}: the dataset no longer has Iceberg tables")
        store.delete([intent_uri(names)])
        return True
    if start_spark is None:
        return False
    LOG.info(f"a rollback to run {run_id} was interrupted; finishing it")
    try:
        with IcebergCatalog(start_spark(), names.bucket) as catalog:
            require_snapshots(catalog, intent)
            finish_rollback(catalog, intent, names, store)
    except RunFailed as failed:
        if failed.code != ErrorCode.PUBLICATION_NOT_FOUND:
            raise
        LOG.info(f"dropped the rollback: {failed}")
        store.delete([intent_uri(names)])
    return True


def require_snapshots(catalog: IcebergCatalog, intent: Mapping[str, Any]) -> None:
    """Raise RunFailed if a table no longer has the snapshot to which the intent rolls back."""
    for key, saved in intent["rollback"].items():
        table, id = IcebergTable(**saved), intent["published"]["tables"][key]["snapshot_id"]
        try:
            found = catalog.load(table.database, table.name)
            if found is not None and found.snapshot(id) is not None:
                continue
        except JAVA_ERRORS as error:
            raise catalog_error(error, table.full_name) from error
        raise RunFailed(
            ErrorCode.PUBLICATION_NOT_FOUND,
            f"{table.full_name} no longer has the snapshot {id} of run {intent['published']['run_id']}. "
            "Choose another run.",
        )


def finish_rollback(catalog: IcebergCatalog, intent: Mapping[str, Any], names: Names, store: Store) -> dict[str, Any]:
    """Make the snapshots in the intent current, and write published.json. Repeated calls have the same result."""
    published: dict[str, Any] = intent["published"]
    for key, saved in intent["rollback"].items():
        table = IcebergTable(**saved)
        entry = published["tables"][key]
        try:
            found: Any = catalog.load(table.database, table.name)
            if int(found.currentSnapshot().snapshotId()) != entry["snapshot_id"]:
                restore(catalog, table, entry["snapshot_id"])
            current: Any = catalog.load(table.database, table.name)
            entry["metadata_location"] = str(current.operations().current().metadataFileLocation())
        except JAVA_ERRORS as error:
            raise catalog_error(error, table.full_name) from error
    store.write_json(published_uri(names), published)
    tag_originals(intent, names, store)
    store.delete([intent_uri(names)])
    return published
