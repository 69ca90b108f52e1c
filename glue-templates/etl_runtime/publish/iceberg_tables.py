"""Publication of Iceberg tables: one commit per table in the Glue Data Catalog.

Tasks write the objects to their final location. The steps of a publication are: write the intent (publishing.json),
commit each table, write published.json, delete the objects of expired snapshots, delete the intent. Readers of a table
see the previous publication or the new one.

Three kinds of objects under the run records make every step repeatable:
- writing/run_id=….json exists while a run writes objects. It names a dead run, whose objects the next publication
  deletes. By then, the dead run cannot commit anymore, because each table has changed.
- publishing.json is the intent, with everything that is needed to finish the publication.
- publications/run_id=….json has the content of published.json of each publication whose snapshots are kept, and the
  metadata objects of these snapshots.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from py4j.protocol import Py4JJavaError

from etl_runtime.iceberg.catalog import IcebergCatalog, catalog_error
from etl_runtime.iceberg.catalog_table import DataCatalog, current_run, require_iceberg
from etl_runtime.iceberg.schema import TableColumn
from etl_runtime.iceberg.snapshots import expired_snapshots, iterate, metadata_objects, objects, run_of
from etl_runtime.iceberg.transaction import Commit, IcebergTable, TableTransaction, dropped_metadata_files, restore
from etl_runtime.job.arguments import Job, Names
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.run_record import RunRecord
from etl_runtime.job.store import Store
from etl_runtime.publish.publication import (
    files,
    intent_uri,
    new_publication,
    originals,
    published_uri,
    require_no_other_run,
    tag_originals,
)
from etl_runtime.publish.staged import StagedTable

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

LOG = logging.getLogger(__name__)

MAX_CONCURRENT_REQUESTS = 16


class IcebergTables:
    """The Iceberg tables of a run."""

    def __init__(self, job: Job, run_id: str, store: Store) -> None:
        self._names = job.names
        self._run_id = run_id
        self._store = store
        self._tables = iceberg_tables(job.names, job.document.get("description"))
        self._data_catalog = DataCatalog(store.region)
        self._catalog: IcebergCatalog  # created by `writing`
        self._transactions: dict[str, TableTransaction] = {}
        self._columns: dict[str, list[TableColumn]] = {}
        self._keeps_objects = False  # whether a snapshot or the intent names objects of this run

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

    @contextmanager
    def writing(self, spark: "SparkSession") -> Iterator[None]:
        locations = {key: table.location for key, table in self._tables.items()}
        self._store.write_json(self._marker, {"run_id": self._run_id, "tables": locations})
        try:
            with IcebergCatalog(spark, self._names.bucket) as self._catalog:
                yield
        finally:
            if not self._keeps_objects:
                # If this fails, the next publication deletes the objects of this run.
                with suppress(BotoCoreError, ClientError, OSError):
                    for table in self._tables.values():
                        delete_objects_of_run(table, self._run_id, self._store)
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

        If a commit fails, the tables that are already committed get their previous snapshot back, and the error is
        raised. If the outcome of a commit is unknown, the intent remains, and the next run finishes or drops it.
        """
        new = new_publication(staged, metadata, old, self._names, self._run_id) | {"table_format": "iceberg"}
        intent = self._intent(staged, new, old)
        require_no_other_run(old, self._names, self._store)
        self._store.write_json(intent_uri(self._names), intent)
        publication = _Publication(self._catalog, intent, self._names, self._store)
        self._keeps_objects = True
        try:
            publication.commit(self._transactions)
        except _NotCommitted as error:
            self._keeps_objects = bool(error.restored)
            delete_intent(self._names, self._run_id, self._store)
            raise error.reason from error.__cause__
        return publication.finish()

    def rollback(self, run_id: str, published: Mapping[str, Any] | None, spark: "SparkSession") -> dict[str, Any]:
        """Make the snapshots of an earlier publication current, in one commit per table.

        Raises RunFailed if the publication is not kept anymore.
        """
        record = self._store.read_json(publication_uri(self._names, run_id))
        if record is None or set(record["tables"]) != set(self._tables):
            kept = [uri.rpartition("=")[2].removesuffix(".json") for uri in self._publication_uris()]
            raise RunFailed(
                ErrorCode.PUBLICATION_NOT_FOUND,
                f"The publication of run {run_id} is not kept"
                + (", or it has other tables. " if record else ". ")
                + f"{self._names.dataset} has the publications of {', '.join(kept) or 'no runs'}. "
                "Set rollback_to to one of these.",
            )
        earlier = {name: value for name, value in record.items() if name != "metadata_objects"}
        intent = {
            "published": earlier,
            "rollback": {key: asdict(table) for key, table in self._tables.items()},
            "superseded": originals(published),
        }
        require_no_other_run(published, self._names, self._store)
        self._store.write_json(intent_uri(self._names), intent)
        with IcebergCatalog(spark, self._names.bucket) as catalog:
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
        """The objects that nothing names after the publication."""
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
            # A run that restored this table, because it could not commit another one, has expired snapshots as well.
            unneeded = {
                uri
                for id, record in known.items()
                if id not in ids
                for uri in files(record, self._names, key) | set(record["metadata_objects"][key])
            }
            for snapshot in iterate(transaction.table.snapshots()):
                id = int(snapshot.snapshotId())
                record = known.get(id)
                of_snapshot = (
                    files(record, self._names, key) | set(record["metadata_objects"][key])
                    if record
                    else objects(self._catalog, transaction.table, snapshot)
                )
                (unneeded if id in expired[key] else needed).update(of_snapshot)
            deletions |= unneeded - needed
        deletions -= files(new, self._names)
        for uri, record in records.items():
            if all(key in kept and table["snapshot_id"] not in kept[key] for key, table in record["tables"].items()):
                deletions.add(uri)
        return deletions

    def _publications(self) -> dict[str, dict[str, Any]]:
        """The kept publications by the URI of their record."""
        uris = self._publication_uris()
        with ThreadPoolExecutor(MAX_CONCURRENT_REQUESTS) as pool:
            records = pool.map(self._store.read_json, uris)
            return {uri: record for uri, record in zip(uris, records, strict=True) if record is not None}

    def _publication_uris(self) -> list[str]:
        return self._store.list(f"{self._names.runs}publications/")

    @property
    def _marker(self) -> str:
        return marker_uri(self._names, self._run_id)


class _NotCommitted(Exception):
    """No table has the new snapshot as its current one. `reason` is the error to report.

    `restored` are the tables that had it for a moment. They keep the snapshot until it expires, because readers may
    have started to read it.
    """

    def __init__(self, reason: RunFailed, restored: Sequence[str] = ()) -> None:
        self.reason = reason
        self.restored = restored


class _Publication:
    """The commits of an intent, in this run or in the next one."""

    def __init__(
        self,
        catalog: IcebergCatalog,
        intent: Mapping[str, Any],
        names: Names,
        store: Store,
    ) -> None:
        self._catalog = catalog
        self._intent = intent
        self._tables = tables_of_intent(intent)
        self._names = names
        self._store = store
        self._run_id = str(intent["published"]["run_id"])
        self._data_catalog = DataCatalog(store.region)

    def commit(self, transactions: Mapping[str, TableTransaction]) -> None:
        """Commit the tables in the order of the intent.

        Raises _NotCommitted if a table cannot be committed and all others have their previous snapshot, and RunFailed
        if the outcome is unknown.
        """
        committed: list[str] = []
        for key in transactions:
            table = self._tables[key]
            try:
                transactions[key].commit(Commit(**self._intent["tables"][key]["commit"]))
            except Py4JJavaError as error:
                reason = catalog_error(error, table.full_name)
                if self._is_committed(table, reason):
                    committed.append(key)
                    continue
                self.restore(committed, reason)
                raise _NotCommitted(reason, committed) from error
            committed.append(key)

    def reopened(self, keys: Sequence[str]) -> dict[str, TableTransaction]:
        """New transactions of the tables with these keys, for the objects that the interrupted run has written.

        Raises _NotCommitted if a table has changed since.
        """
        transactions = {}
        for key in keys:
            saved = self._intent["tables"][key]
            columns = [TableColumn(**column) for column in saved["columns"]]
            transactions[key] = TableTransaction(self._catalog, self._tables[key], columns, self._run_id)
            if (transactions[key].base, transactions[key].schema) != (saved["base"], saved["schema"]):
                name = self._tables[key].full_name
                raise _NotCommitted(
                    RunFailed(
                        ErrorCode.CONCURRENT_RUN, f"Another writer has changed {name} since then.", retryable=True
                    )
                )
        return transactions

    def restore(self, committed: Sequence[str], reason: RunFailed) -> None:
        """Give the committed tables their previous snapshot back."""
        for key in committed:
            table = self._tables[key]
            try:
                if self._is_superseded(self._catalog.load(table.database, table.name)):
                    continue
                restore(self._catalog, table, self._intent["tables"][key]["base"])
            except Py4JJavaError as error:
                raise _unknown_outcome(table, reason) from error
            LOG.info(f"{table.full_name}: restored the previous publication")

    def _is_superseded(self, table: Any) -> bool:
        """Whether another run has published the table after this publication."""
        return run_of(table.currentSnapshot()) not in (None, self._run_id)

    def _is_committed(self, table: IcebergTable, reason: RunFailed) -> bool:
        """Whether a failed commit has reached the catalog. Raises RunFailed if that cannot be determined."""
        try:
            found = self._catalog.load(table.database, table.name)
        except Py4JJavaError as unknown:
            raise _unknown_outcome(table, reason) from unknown
        return found is not None and run_of(found.currentSnapshot()) == self._run_id

    def finish(self) -> dict[str, Any]:
        """Write published.json, and delete what nothing names anymore. Returns the content of published.json."""
        published: dict[str, Any] = self._intent["published"]
        metadata: dict[str, list[str]] = {}
        runs: dict[str, set[str | None]] = {}
        for key in self._intent["tables"]:
            table = self._tables[key]
            try:
                found: Any = self._catalog.load(table.database, table.name)
                if self._is_superseded(found):
                    raise self._superseded(table)
                snapshot = next(each for each in iterate(found.snapshots()) if run_of(each) == self._run_id)
                published["tables"][key]["snapshot_id"] = int(snapshot.snapshotId())
                published["tables"][key]["metadata_location"] = str(found.operations().current().metadataFileLocation())
                metadata[key] = metadata_objects(found, snapshot)
                runs[table.location] = {run_of(each) for each in iterate(found.snapshots())}
            except Py4JJavaError as error:
                raise catalog_error(error, table.full_name) from error
        record = {**published, "metadata_objects": metadata}
        self._store.write_json(publication_uri(self._names, self._run_id), record)
        self._store.write_json(published_uri(self._names), published)
        self._require_current(published)
        named = {uri for uris in metadata.values() for uri in uris}
        named |= {published["tables"][key]["metadata_location"] for key in metadata}
        self._store.delete([uri for uri in self._intent["deletions"] if uri not in named])
        self._delete_unpublished(runs)
        tag_originals(self._intent, self._store)
        self._store.delete([marker_uri(self._names, self._run_id)])
        delete_intent(self._names, self._run_id, self._store)
        return published

    def _require_current(self, published: Mapping[str, Any]) -> None:
        """Raise RunFailed if another run has published while this one wrote published.json, and write that of the
        other run back."""
        for key in self._intent["tables"]:
            table = self._tables[key]
            found = self._data_catalog.table(table.database, table.name)
            location = found.metadata_location if found is not None else None
            if location == published["tables"][key]["metadata_location"]:
                continue
            run_id = current_run(location, self._store)
            if run_id not in (None, self._run_id):
                record = self._store.read_json(f"{self._names.runs}publications/run_id={run_id}.json")
                if record is not None:
                    del record["metadata_objects"]
                    self._store.write_json(published_uri(self._names), record)
                raise self._superseded(table)

    def _superseded(self, table: IcebergTable) -> RunFailed:
        return RunFailed(
            ErrorCode.CONCURRENT_RUN,
            f"Another run has completed this publication and has published {table.full_name} since then. Run again.",
            retryable=True,
        )

    def _delete_unpublished(self, runs: Mapping[str, set[str | None]]) -> None:
        """Delete the objects of this run that it did not publish, and those of dead runs. `runs` are the runs with a
        snapshot, by the location of the table."""
        published = files(self._intent["published"], self._names)
        tables = {table.location: table for table in self._tables.values()}
        for table in tables.values():
            own = self._store.list(table.data_prefix(self._run_id))
            self._store.delete([uri for uri in own if uri not in published])
        for uri in self._store.list(f"{self._names.runs}writing/"):
            marker = self._store.read_json(uri)
            if marker is None or marker["run_id"] == self._run_id:
                continue
            for location in marker["tables"].values():
                if location in tables and marker["run_id"] not in runs[location]:
                    delete_objects_of_run(tables[location], marker["run_id"], self._store)
            self._store.delete([uri])
            LOG.info(f"deleted the objects of run {marker['run_id']}, which did not publish")


def recover_intent(
    intent: Mapping[str, Any], names: Names, store: Store, start_spark: "Callable[[], SparkSession] | None"
) -> bool:
    """Finish the interrupted publication of an earlier run, if it has committed a table. Otherwise, drop it.

    Returns whether that is done. Without `start_spark`, a publication cannot be finished.

    Raises RunFailed if the publication can be neither finished nor undone.
    """
    run_id = str(intent["published"]["run_id"])
    if "rollback" in intent:
        if start_spark is None:
            return False
        LOG.info(f"a rollback to run {run_id} was interrupted; finishing it")
        try:
            with IcebergCatalog(start_spark(), names.bucket) as catalog:
                finish_rollback(catalog, intent, names, store)
        except RunFailed as failed:
            if failed.code != ErrorCode.PUBLICATION_NOT_FOUND:
                raise
            LOG.info(f"dropped the rollback: {failed}")
            store.delete([intent_uri(names)])
        return True
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
    intent = _with_uncommitted_metadata(intent, remaining, names, store)
    with IcebergCatalog(start_spark(), names.bucket) as catalog:
        publication = _Publication(catalog, intent, names, store)
        try:
            publication.commit(publication.reopened(remaining))
        except _NotCommitted as error:
            LOG.info(f"cannot finish the publication of run {run_id}: {error.reason}")
            publication.restore(committed, error.reason)
            store.delete([intent_uri(names)])
            return True
        publication.finish()
    return True


def finish_rollback(catalog: IcebergCatalog, intent: Mapping[str, Any], names: Names, store: Store) -> dict[str, Any]:
    """Make the snapshots of the intent current, and write published.json. Can be repeated."""
    published: dict[str, Any] = intent["published"]
    for key, saved in intent["rollback"].items():
        table = IcebergTable(**saved)
        entry = published["tables"][key]
        try:
            found: Any = catalog.load(table.database, table.name)
            if found is None or found.snapshot(entry["snapshot_id"]) is None:
                raise RunFailed(
                    ErrorCode.PUBLICATION_NOT_FOUND,
                    f"{table.full_name} does not have the snapshot {entry['snapshot_id']} of run {published['run_id']} "
                    "anymore. Choose another run.",
                )
            if int(found.currentSnapshot().snapshotId()) != entry["snapshot_id"]:
                restore(catalog, table, entry["snapshot_id"])
            current: Any = catalog.load(table.database, table.name)
            entry["metadata_location"] = str(current.operations().current().metadataFileLocation())
        except Py4JJavaError as error:
            raise catalog_error(error, table.full_name) from error
    store.write_json(published_uri(names), published)
    tag_originals(intent, store)
    store.delete([intent_uri(names)])
    return published


def publication_uri(names: Names, run_id: str) -> str:
    """The record of a publication whose snapshots are kept."""
    return f"{names.runs}publications/run_id={run_id}.json"


def _with_uncommitted_metadata(
    intent: Mapping[str, Any], keys: Sequence[str], names: Names, store: Store
) -> Mapping[str, Any]:
    """The intent, with the metadata objects of failed commits of these tables as deletions. They are found before the
    commits are repeated, because other writers add objects to the same folder after that."""
    tables, run_id = tables_of_intent(intent), intent["published"]["run_id"]
    left = {uri for key in keys for uri in store.list(tables[key].metadata_prefix(run_id))}
    if left <= set(intent["deletions"]):
        return intent
    extended = {**intent, "deletions": sorted({*intent["deletions"], *left})}
    store.write_json(intent_uri(names), extended)
    return extended


def iceberg_tables(names: Names, description: str | None) -> dict[str, IcebergTable]:
    return {
        key: IcebergTable(names.database, table.name, table.location, description)
        for key, table in names.tables.items()
    }


def tables_of_intent(intent: Mapping[str, Any]) -> dict[str, IcebergTable]:
    return {key: IcebergTable(**each["table"]) for key, each in intent["tables"].items()}


def marker_uri(names: Names, run_id: str) -> str:
    """The object that exists while a run writes objects."""
    return f"{names.runs}writing/run_id={run_id}.json"


def delete_intent(names: Names, run_id: str, store: Store) -> None:
    """Delete the intent of this run. Another run may have dropped it and written its own."""
    intent = store.read_json(intent_uri(names))
    if intent is not None and intent["published"]["run_id"] == run_id:
        store.delete([intent_uri(names)])


def delete_objects_of_run(table: IcebergTable, run_id: str, store: Store) -> None:
    for prefix in (table.data_prefix(run_id), table.metadata_prefix(run_id)):
        store.delete(store.list(prefix))


def _unknown_outcome(table: IcebergTable, reason: RunFailed) -> RunFailed:
    return RunFailed(
        ErrorCode.COMMIT_OUTCOME_UNKNOWN,
        f"{table.full_name}: the commit failed, and the Data Catalog does not respond ({reason.message}). The table "
        "has either the previous publication or the new one. Run again: the next run completes or drops the "
        "publication.",
        retryable=True,
    )
