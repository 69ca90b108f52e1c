"""Publication of Iceberg tables: one commit per table in the Glue Data Catalog.

Tasks write the objects to their final location. The steps of a publication are: write the intent (publishing.json),
commit each table, write published.json, delete the objects of expired snapshots, delete the intent. Readers of a table
see either the previous publication or the new one.

Three kinds of objects in the folder of the run records make every step repeatable:
- writing/run_id=….json is the marker of a run that writes objects. The run deletes it when it has published, or when
  nothing has changed. If the run fails or crashes, the next publication deletes its objects and its marker. Without the
  marker, the earlier run can no longer commit.
- publishing.json is the intent. It contains everything that is needed to finish the publication.
- publications/run_id=….json exists for each publication whose snapshots are kept. It has the content of the
  publication's published.json and lists the metadata objects of its snapshots.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict
from threading import Thread
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from etl_runtime.iceberg.catalog import JAVA_ERRORS, IcebergCatalog, catalog_error, iterate
from etl_runtime.iceberg.catalog_table import DataCatalog, require_iceberg
from etl_runtime.iceberg.schema import TableColumn
from etl_runtime.iceberg.snapshots import expired_snapshots, objects
from etl_runtime.iceberg.transaction import Commit, IcebergTable, TableTransaction, dropped_metadata_files
from etl_runtime.job.arguments import Job, Names
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.run_record import RunRecord
from etl_runtime.job.store import Store
from etl_runtime.publish.iceberg_publication import (
    IcebergPublication,
    NotCommitted,
    delete_intent,
    delete_objects_of_run,
    marker_uri,
    publication_uri,
    published_of,
)
from etl_runtime.publish.iceberg_recovery import finish_rollback, require_snapshots
from etl_runtime.publish.publication import (
    files,
    intent_uri,
    new_publication,
    originals,
    require_no_other_run,
)
from etl_runtime.publish.staged import StagedTable

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

MAX_CONCURRENT_REQUESTS = 16


class IcebergTables:
    """The Iceberg tables of a run."""

    def __init__(self, job: Job, run_id: str, store: Store) -> None:
        self._names = job.names
        self._run_id = run_id
        self._store = store
        self._tables = iceberg_tables(job.names, job.document.get("description"))
        self._data_catalog = DataCatalog(store.region)
        self._opening: Future[IcebergCatalog] | None = None  # set by `prepare`
        self._transactions: dict[str, TableTransaction] = {}
        self._columns: dict[str, list[TableColumn]] = {}
        self._keeps_objects = False  # whether a snapshot or the intent refers to objects of this run

    def check(self, published: Mapping[str, Any] | None) -> None:
        for table in self._tables.values():
            found = self._data_catalog.table(table.database, table.name)
            require_iceberg(found, table.database, table.name)

    def is_current(self, published: Mapping[str, Any]) -> bool:
        if published.get("table_format") != "iceberg":
            return False
        for key, table in self._tables.items():
            found = self._data_catalog.table(table.database, table.name)
            location = published["tables"].get(key, {}).get("metadata_location")
            if found is None or found.metadata_location != location:
                return False
        return True

    def prepare(self, spark: "Callable[[], SparkSession]") -> "Future[IcebergCatalog]":
        if self._opening is None:
            self._opening = Future()
            Thread(target=self._open_in_background, args=(spark, self._opening), daemon=True).start()
        return self._opening

    @property
    def is_open(self) -> bool:
        return self._opening is not None and self._opening.done()

    @property
    def _catalog(self) -> IcebergCatalog:
        """The catalog that `prepare` opens. Waits until it is open."""
        if self._opening is None:
            raise ValueError("The catalog is used outside the context `writing`.")
        return self._opening.result()

    def _open_in_background(self, spark: "Callable[[], SparkSession]", opening: "Future[IcebergCatalog]") -> None:
        try:
            opening.set_result(self._open(spark()))
        except Exception as error:
            opening.set_exception(error)

    def _open(self, spark: "SparkSession") -> IcebergCatalog:
        """Open the catalog, and read the tables once: the first read loads many classes.

        Raises RunFailed if a table cannot be read. The library has then retried for a minute and a half, so another
        attempt would hardly help.
        """
        catalog = IcebergCatalog(spark, self._names.bucket)
        for table in self._tables.values():
            try:
                catalog.load(table.database, table.name)
            except JAVA_ERRORS as error:
                with suppress(*JAVA_ERRORS):
                    catalog.close()
                raise catalog_error(error, table.full_name) from error
        return catalog

    @contextmanager
    def writing(self, spark: "Callable[[], SparkSession]") -> Iterator[None]:
        locations = {key: table.location for key, table in self._tables.items()}
        self._store.write_json(self._marker, {"run_id": self._run_id, "tables": locations})
        opening = self.prepare(spark)
        has_failed = True
        try:
            yield
            has_failed = False
        finally:
            opening.add_done_callback(_close)  # a run that fails early does not wait until the catalog is open
            if not self._keeps_objects:
                with suppress(BotoCoreError, ClientError, OSError):
                    for table in self._tables.values():
                        delete_objects_of_run(table, self._run_id, self._store)
                    # In a failed run, a conversion may still write an object. The next publication deletes it.
                    if not has_failed:
                        self._store.delete([self._marker])

    def existing_objects(self, key: str) -> list[str]:
        table = self._tables[key]
        found = self._data_catalog.table(table.database, table.name)
        return [found.metadata_location] if found is not None and found.metadata_location is not None else []

    def object_prefix(self, key: str, attempt: int) -> str:
        return f"{self._tables[key].data_prefix(self._run_id)}{attempt}"

    def arrow_schema(self, key: str, columns: Sequence[TableColumn]) -> "pa.Schema":
        from etl_runtime.iceberg.schema import arrow_schema

        self._columns[key] = list(columns)
        self._transactions[key] = TableTransaction(self._catalog, self._tables[key], columns, self._run_id)
        return arrow_schema(self._transactions[key].schema)

    def object_names(self, key: str, uris: Sequence[str]) -> dict[str, str]:
        return {uri.removeprefix(self._tables[key].location): uri for uri in uris}

    def publish(
        self, staged: Mapping[str, StagedTable], metadata: Mapping[str, Any], old: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """Publish the tables and return the content of published.json.

        If a commit fails, the previous snapshots of the tables that are already committed are restored, and the error
        is raised. If the outcome of a commit is unknown, the intent remains, and the next run finishes or abandons the
        publication.
        """
        new = new_publication(staged, metadata, old, self._names, self._run_id) | {"table_format": "iceberg"}
        intent = self._intent(staged, new, old)
        require_no_other_run(old, self._names, self._store)
        if self._store.read_json(self._marker) is None:
            raise RunFailed(
                ErrorCode.CONCURRENT_RUN,
                f"Another run has published {self._names.dataset} and deleted the objects of this run. Run again.",
                retryable=True,
            )
        self._store.write_json(intent_uri(self._names), intent)
        publication = IcebergPublication(self._catalog, intent, self._names, self._store)
        self._keeps_objects = True
        try:
            publication.commit({key: self._transactions[key] for key in staged})
        except NotCommitted as error:
            self._keeps_objects = bool(error.restored) or error.may_arrive
            delete_intent(self._names, self._run_id, self._store)
            raise error.reason from error.__cause__
        return publication.finish()

    def rollback(self, run_id: str, published: Mapping[str, Any] | None, spark: "SparkSession") -> dict[str, Any]:
        """Make the snapshots of an earlier publication current, in one commit per table.

        Raises RunFailed if the publication is no longer kept.
        """
        record = self._store.read_json(publication_uri(self._names, run_id))
        if record is None or set(record["tables"]) != set(self._tables):
            kept = [uri.rpartition("=")[2].removesuffix(".json") for uri in self._publication_uris()]
            raise RunFailed(
                ErrorCode.PUBLICATION_NOT_FOUND,
                f"The publication of run {run_id} "
                + ("has different tables than the dataset has now. " if record else "is not kept. ")
                + f"Runs of {self._names.dataset} whose publications are kept: {', '.join(kept) or 'none'}. "
                "Set run_options.rollback_to to one of these run IDs.",
            )
        intent = {
            "published": published_of(record),
            "rollback": {key: asdict(table) for key, table in self._tables.items()},
            "superseded": originals(published),
        }
        with IcebergCatalog(spark, self._names.bucket) as catalog:
            require_snapshots(catalog, intent)
            require_no_other_run(published, self._names, self._store)
            self._store.write_json(intent_uri(self._names), intent)
            return finish_rollback(catalog, intent, self._names, self._store)

    def log_catalog(self, record: RunRecord, old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> None:
        names = ", ".join(f"{self._names.database}.{table['name']}" for table in new["tables"].values())
        record.log("publish", f"the Data Catalog has the new snapshot of {names}")

    def _intent(
        self, staged: Mapping[str, StagedTable], new: Mapping[str, Any], old: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        now_ms = int(time.time() * 1000)
        commits = {}
        for key, table in staged.items():
            transaction = self._transactions[key]
            expired: list[int] = []
            if transaction.table is not None:
                expired = expired_snapshots(transaction.table, self._names.snapshot_retention_hours, now_ms)
            commit = Commit(self._run_id, table.data_files, list(table.kept), expired)
            commits[key] = {
                "table": asdict(self._tables[key]),
                "base": transaction.base,
                "schema": transaction.schema,
                "columns": [asdict(column) for column in self._columns[key]],
                "commit": asdict(commit),
            }
        return {
            "published": new,
            "tables": commits,
            "deletions": sorted(self._deletions(commits, new, old)),
            "superseded": originals(old),
        }

    def _deletions(self, commits: Mapping[str, Any], new: Mapping[str, Any], old: Mapping[str, Any] | None) -> set[str]:
        """The objects that are no longer in use after the publication."""
        deletions: set[str] = set()
        if (old or {}).get("table_format") != "iceberg":
            deletions |= files(old, self._names)
        expired = {key: set(each["commit"]["expired"]) for key, each in commits.items()}
        records = self._publications() if any(expired.values()) else {}
        kept: dict[str, set[int]] = {}
        for key, transaction in self._transactions.items():
            if transaction.table is None:
                continue
            ids = {int(each.snapshotId()) for each in iterate(transaction.table.snapshots())}
            kept[key] = ids - expired[key]
            deletions |= set(dropped_metadata_files(transaction.table))
            if not any(expired.values()):
                continue
            known = {
                record["tables"][key]["snapshot_id"]: record for record in records.values() if key in record["tables"]
            }
            needed: set[str] = set()
            # An earlier run may have expired snapshots in a commit, and then restored this table because it could not
            # commit another table. That run did not delete the objects of these snapshots.
            unneeded = {uri for id, record in known.items() if id not in ids for uri in self._objects_of(record, key)}
            for snapshot in iterate(transaction.table.snapshots()):
                id = int(snapshot.snapshotId())
                record = known.get(id)
                (unneeded if id in expired[key] else needed).update(
                    self._objects_of(record, key) if record else objects(self._catalog, transaction.table, snapshot)
                )
            deletions |= unneeded - needed
        deletions -= files(new, self._names)
        for uri, record in records.items():
            if all(table["snapshot_id"] not in kept.get(key, ()) for key, table in record["tables"].items()):
                deletions.add(uri)
        return deletions

    def _objects_of(self, record: Mapping[str, Any], key: str) -> set[str]:
        """All objects of a table's snapshot, read from the record of the publication."""
        return files(record, self._names, key) | set(record["metadata_objects"][key])

    def _publications(self) -> dict[str, dict[str, Any]]:
        """The publications that are kept, keyed by the URI of their record."""
        uris = self._publication_uris()
        with ThreadPoolExecutor(MAX_CONCURRENT_REQUESTS) as pool:
            records = pool.map(self._store.read_json, uris)
            return {uri: record for uri, record in zip(uris, records, strict=True) if record is not None}

    def _publication_uris(self) -> list[str]:
        return self._store.list(f"{self._names.runs}publications/")

    @property
    def _marker(self) -> str:
        return marker_uri(self._names, self._run_id)


def _close(opened: "Future[IcebergCatalog]") -> None:
    if opened.exception() is None:
        with suppress(*JAVA_ERRORS):
            opened.result().close()


def iceberg_tables(names: Names, description: str | None) -> dict[str, IcebergTable]:
    return {
        key: IcebergTable(names.database, table.name, table.location, description)
        for key, table in names.tables.items()
    }
