"""Commits the Iceberg tables that an intent describes, in the run that wrote the intent or in the next run.

An intent is a stored description of a publication. The next run uses it to complete an interrupted publication.
"""

import logging
from collections.abc import Mapping, Sequence, Set
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from etl_runtime.iceberg.catalog import (
    JAVA_ERRORS,
    MAX_ATTEMPTS,
    IcebergCatalog,
    catalog_error,
    is_conflict,
    is_incomplete_read,
    iterate,
)
from etl_runtime.iceberg.catalog_table import DataCatalog, current_run, current_snapshot
from etl_runtime.iceberg.schema import TableColumn
from etl_runtime.iceberg.snapshots import metadata_objects, parent_of, run_of
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
        self._failed_restores: dict[str, list[str]] = {}

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
                replaced = self._commit_table(key, transactions[key])
            except NotCommitted as error:
                self.restore(committed, error.reason)
                raise NotCommitted(error.reason, committed, may_arrive=error.may_arrive) from error.__cause__
            if replaced != base:
                reason = self._changed(table)
                self._restore(table, replaced, reason)
                self.restore(committed, reason)
                raise NotCommitted(reason, [*committed, key])
            committed.append(key)

    def _commit_table(self, key: str, transaction: TableTransaction) -> int | None:
        """Commit a table. Returns the ID of the snapshot that was replaced.

        If Iceberg cannot read a manifest because the response of S3 was cut off, the commit is retried in a new
        transaction. Raises NotCommitted if the table is not committed, and RunFailed if the outcome is unknown.
        """
        table, commit = self._tables[key], Commit(**self._intent["tables"][key]["commit"])
        attempts = 1
        while True:
            try:
                return transaction.commit(commit)
            except RunFailed as failed:
                raise NotCommitted(failed) from failed
            except JAVA_ERRORS as error:
                reason = catalog_error(error, table.full_name)
                if (snapshot := self._own_snapshot(table, reason)) is not None:
                    return parent_of(snapshot)
                if not is_incomplete_read(error) or attempts == MAX_ATTEMPTS:
                    raise NotCommitted(reason, may_arrive=not is_conflict(error)) from error
            attempts += 1
            if not is_own_intent(self._names, self._run_id, self._store):
                raise NotCommitted(self._changed(table))
            try:
                transaction = self.reopened([key])[key]
            except (RunFailed, BotoCoreError, ClientError) as error:
                raise NotCommitted(reason) from error

    def reopened(self, keys: Sequence[str]) -> dict[str, TableTransaction]:
        """Open new transactions on the tables with these keys, for the objects that are already written.

        When the publication is finished, the metadata objects of the failed commits are deleted. Raises NotCommitted if
        a table has changed since the run that wrote the objects.
        """
        self._add_uncommitted_metadata(keys)
        transactions = {}
        for key in keys:
            saved = self._intent["tables"][key]
            columns = [TableColumn(**column) for column in saved["columns"]]
            transactions[key] = TableTransaction(self._catalog, self._tables[key], columns, self._run_id)
            if (transactions[key].base, transactions[key].schema) != (saved["base"], saved["schema"]):
                raise NotCommitted(self._changed(self._tables[key]))
        return transactions

    def _add_uncommitted_metadata(self, keys: Sequence[str]) -> None:
        """Add to the `deletions` of the intent the metadata objects that failed commits of these tables left behind.

        The objects are listed before the commits are retried, because other writers can add objects to the same folder
        afterwards.
        """
        left = {uri for key in keys for uri in self._store.list(self._tables[key].metadata_prefix(self._run_id))}
        if not left <= set(self._intent["deletions"]):
            self._intent = {**self._intent, "deletions": sorted({*self._intent["deletions"], *left})}
            self._store.write_json(intent_uri(self._names), self._intent)

    def find_failed_restores(self, keys: Sequence[str]) -> None:
        """Find the metadata files of failed attempts to restore these tables.

        `finish` adds them to the record of the publication, so that they are deleted when its snapshots expire. They
        are not deleted earlier, because a request that timed out can still take effect.
        """
        for key in keys:
            base = self._intent["tables"][key]["base"]
            uris = self._store.list(self._tables[key].metadata_prefix(self._run_id))
            self._failed_restores[key] = [
                uri for uri in uris if uri.endswith(".metadata.json") and current_snapshot(uri, self._store) == base
            ]

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

    def _own_snapshot(self, table: IcebergTable, reason: RunFailed) -> Any | None:
        """The current snapshot if a commit that returned an error took effect, otherwise None. Raises RunFailed if this
        cannot be determined."""
        try:
            found = self._catalog.load(table.database, table.name)
        except JAVA_ERRORS as unknown:
            raise _unknown_outcome(table, reason) from unknown
        snapshot = None if found is None else found.currentSnapshot()
        return snapshot if run_of(snapshot) == self._run_id else None

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
                metadata[key] = [*metadata_objects(found, snapshot), *self._failed_restores.get(key, [])]
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
        tag_originals(self._intent, self._names, self._store)
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
    """The URI of the marker of a run that writes objects."""
    return f"{names.runs}writing/run_id={run_id}.json"


def is_own_intent(names: Names, run_id: str, store: Store) -> bool:
    """Whether this run wrote the intent. Another run may have replaced it with its own."""
    intent = store.read_json(intent_uri(names))
    return intent is not None and intent["published"]["run_id"] == run_id


def delete_intent(names: Names, run_id: str, store: Store) -> None:
    """Delete the intent if this run wrote it."""
    if is_own_intent(names, run_id, store):
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
