"""Commits the Iceberg tables that an intent describes, in the run that wrote the intent or in the next run.

An intent is a stored description of a publication. The next run uses it to complete an interrupted publication.
"""

import logging
from collections.abc import Mapping, Sequence, Set
from typing import Any

from etl_runtime.iceberg.catalog import JAVA_ERRORS, IcebergCatalog, catalog_error, is_conflict, iterate
from etl_runtime.iceberg.catalog_table import DataCatalog, current_run
from etl_runtime.iceberg.schema import TableColumn
from etl_runtime.iceberg.snapshots import metadata_objects, run_of
from etl_runtime.iceberg.transaction import Commit, IcebergTable, TableTransaction, restore
from etl_runtime.job.arguments import Names
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.store import Store
from etl_runtime.publish.publication import files, intent_uri, published_uri, tag_originals

LOG = logging.getLogger(__name__)


class NotCommitted(Exception):
    """The new snapshot is not the current snapshot of any table. `reason` is the error to report.

    `restored` are the tables that were committed and then restored. They keep the new snapshot until it expires,
    because queries may already be reading it. `may_arrive` means that a commit request that timed out can still take
    effect, so the objects of the commit must be kept.
    """

    def __init__(self, reason: RunFailed, restored: Sequence[str] = (), *, may_arrive: bool = False) -> None:
        self.reason = reason
        self.restored = restored
        self.may_arrive = may_arrive


class IcebergPublication:
    """Commits the tables of an intent, in this run or in the next one."""

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

        Raises NotCommitted if a table cannot be committed and all other tables have their previous snapshot. Raises
        RunFailed if the outcome is unknown.
        """
        committed: list[str] = []
        for key in transactions:
            table = self._tables[key]
            base = self._intent["tables"][key]["base"]
            try:
                replaced = transactions[key].commit(Commit(**self._intent["tables"][key]["commit"]))
            except RunFailed as failed:
                self.restore(committed, failed)
                raise NotCommitted(failed, committed) from failed
            except JAVA_ERRORS as error:
                reason = catalog_error(error, table.full_name)
                if self._is_committed(table, reason):
                    committed.append(key)
                    continue
                self.restore(committed, reason)
                raise NotCommitted(reason, committed, may_arrive=not is_conflict(error)) from error
            if replaced != base:
                reason = self._changed(table)
                self._restore(table, replaced, reason)
                self.restore(committed, reason)
                raise NotCommitted(reason, [*committed, key])
            committed.append(key)

    def reopened(self, keys: Sequence[str]) -> dict[str, TableTransaction]:
        """Open new transactions on the tables with these keys, for the objects that the interrupted run wrote.

        Raises NotCommitted if a table has changed since the interrupted run.
        """
        transactions = {}
        for key in keys:
            saved = self._intent["tables"][key]
            columns = [TableColumn(**column) for column in saved["columns"]]
            transactions[key] = TableTransaction(self._catalog, self._tables[key], columns, self._run_id)
            if (transactions[key].base, transactions[key].schema) != (saved["base"], saved["schema"]):
                raise NotCommitted(self._changed(self._tables[key]))
        return transactions

    def restore(self, committed: Sequence[str], reason: RunFailed) -> None:
        """Restore the previous snapshot of the committed tables. If VACUUM has removed the snapshot, the table keeps
        the rows of this run until the next publication."""
        for key in committed:
            self._restore(self._tables[key], self._intent["tables"][key]["base"], reason)

    def _restore(self, table: IcebergTable, snapshot: int | None, reason: RunFailed) -> None:
        try:
            if self._is_superseded(self._catalog.load(table.database, table.name)):
                return
            restore(self._catalog, table, snapshot)
        except RunFailed as failed:
            if failed.code != ErrorCode.PUBLICATION_NOT_FOUND:
                raise
            LOG.info(f"{table.full_name}: the previous publication cannot be restored: {failed.message}")
            return
        except JAVA_ERRORS as error:
            raise _unknown_outcome(table, reason) from error
        LOG.info(f"{table.full_name}: restored the previous publication")

    def _changed(self, table: IcebergTable) -> RunFailed:
        return RunFailed(
            ErrorCode.CONCURRENT_RUN,
            f"Another writer has changed {table.full_name} since this run started. Run again.",
            retryable=True,
        )

    def _is_superseded(self, table: Any | None) -> bool:
        """Whether another run has published the table since this publication."""
        return table is not None and run_of(table.currentSnapshot()) not in (None, self._run_id)

    def _is_committed(self, table: IcebergTable, reason: RunFailed) -> bool:
        """Whether a commit that returned an error took effect. Raises RunFailed if this cannot be determined."""
        try:
            found = self._catalog.load(table.database, table.name)
        except JAVA_ERRORS as unknown:
            raise _unknown_outcome(table, reason) from unknown
        return found is not None and run_of(found.currentSnapshot()) == self._run_id

    def finish(self) -> dict[str, Any]:
        """Write published.json, and delete the objects that are no longer in use. Returns the content of
        published.json."""
        published: dict[str, Any] = self._intent["published"]
        metadata: dict[str, list[str]] = {}
        runs: dict[str, set[str | None]] = {}
        logged: set[str] = set()
        for key in self._intent["tables"]:
            table = self._tables[key]
            try:
                found: Any = self._catalog.load(table.database, table.name)
                if found is None or self._is_superseded(found):
                    raise self._superseded(table)
                snapshot = next((each for each in iterate(found.snapshots()) if run_of(each) == self._run_id), None)
                if snapshot is None:
                    raise self._superseded(table)
                published["tables"][key]["snapshot_id"] = int(snapshot.snapshotId())
                published["tables"][key]["metadata_location"] = str(found.operations().current().metadataFileLocation())
                metadata[key] = metadata_objects(found, snapshot)
                runs[table.location] = {run_of(each) for each in iterate(found.snapshots())}
                logged |= {str(each.file()) for each in iterate(found.operations().current().previousFiles())}
            except JAVA_ERRORS as error:
                raise catalog_error(error, table.full_name) from error
        record = {**published, "metadata_objects": metadata}
        self._store.write_json(publication_uri(self._names, self._run_id), record)
        self._store.write_json(published_uri(self._names), published)
        self._require_current(published)
        named = {uri for uris in metadata.values() for uri in uris}
        named |= {published["tables"][key]["metadata_location"] for key in metadata}
        self._store.delete([uri for uri in self._intent["deletions"] if uri not in named])
        self._delete_unpublished(runs, logged)
        tag_originals(self._intent, self._store)
        self._store.delete([marker_uri(self._names, self._run_id)])
        delete_intent(self._names, self._run_id, self._store)
        return published

    def _require_current(self, published: Mapping[str, Any]) -> None:
        """If another run published while this run wrote published.json, restore the content that the other run wrote,
        and raise RunFailed."""
        for key in self._intent["tables"]:
            table = self._tables[key]
            found = self._data_catalog.table(table.database, table.name)
            location = found.metadata_location if found is not None else None
            if location == published["tables"][key]["metadata_location"]:
                continue
            run_id = current_run(location, self._store)
            if run_id is not None and run_id != self._run_id:
                record = self._store.read_json(publication_uri(self._names, run_id))
                if record is not None:
                    self._store.write_json(published_uri(self._names), published_of(record))
                raise self._superseded(table)

    def _superseded(self, table: IcebergTable) -> RunFailed:
        return RunFailed(
            ErrorCode.CONCURRENT_RUN,
            f"Another run has completed this publication and has published {table.full_name} since then. Run again.",
            retryable=True,
        )

    def _delete_unpublished(self, runs: Mapping[str, set[str | None]], logged: Set[str]) -> None:
        """Delete the objects that this run wrote but did not publish. Also delete the objects of earlier runs that did
        not publish and no longer can.

        `runs` are the runs that have a snapshot, keyed by table location. `logged` are the metadata files in the
        metadata logs of the tables. They are kept, because a log still refers to the metadata files of a commit that
        was undone.
        """
        published = files(self._intent["published"], self._names)
        tables = {table.location: table for table in self._tables.values()}
        for table in tables.values():
            own = self._store.list(table.data_prefix(self._run_id))
            self._store.delete([uri for uri in own if uri not in published])
        for uri in self._store.list(f"{self._names.runs}writing/"):
            marker = self._store.read_json(uri)
            if marker is None or marker["run_id"] >= self._run_id:
                continue  # a run that started later is still running
            for location in marker["tables"].values():
                if location in tables and marker["run_id"] not in runs[location]:
                    delete_objects_of_run(tables[location], marker["run_id"], self._store, keep=logged)
            self._store.delete([uri])
            LOG.info(f"deleted the objects of run {marker['run_id']}, which did not publish")


def publication_uri(names: Names, run_id: str) -> str:
    """The URI of the record of a publication whose snapshots are kept."""
    return f"{names.runs}publications/run_id={run_id}.json"


def published_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """The content of published.json, from the record of a publication."""
    return {name: value for name, value in record.items() if name != "metadata_objects"}


def tables_of_intent(intent: Mapping[str, Any]) -> dict[str, IcebergTable]:
    return {key: IcebergTable(**each["table"]) for key, each in intent["tables"].items()}


def marker_uri(names: Names, run_id: str) -> str:
    """The URI of the marker that exists while a run writes objects."""
    return f"{names.runs}writing/run_id={run_id}.json"


def delete_intent(names: Names, run_id: str, store: Store) -> None:
    """Delete the intent if this run wrote it. Another run may have replaced it with its own."""
    intent = store.read_json(intent_uri(names))
    if intent is not None and intent["published"]["run_id"] == run_id:
        store.delete([intent_uri(names)])


def delete_objects_of_run(table: IcebergTable, run_id: str, store: Store, keep: Set[str] = frozenset()) -> None:
    for prefix in (table.data_prefix(run_id), table.metadata_prefix(run_id)):
        store.delete([uri for uri in store.list(prefix) if uri not in keep])


def _unknown_outcome(table: IcebergTable, reason: RunFailed) -> RunFailed:
    return RunFailed(
        ErrorCode.COMMIT_OUTCOME_UNKNOWN,
        f"{table.full_name}: the commit returned an error, and the Data Catalog is not responding ({reason.message}). "
        "It is unknown whether the commit took effect: the table has either the previous publication or the new "
        "one. Run again: the next run completes or discards the new publication.",
        retryable=True,
    )
