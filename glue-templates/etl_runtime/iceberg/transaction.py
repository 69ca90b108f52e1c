"""One commit to an Iceberg table. It changes the columns, the objects and the description, and expires snapshots.

The objects contain the field IDs of its schema. The transaction is therefore opened before the objects are written. An
object that was written earlier can be added if its schema has the same field IDs.
Nothing is written to the catalog before `commit`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etl_runtime.iceberg.catalog import JAVA_ERRORS, IcebergCatalog, catalog_error, iterate_and_close
from etl_runtime.iceberg.catalog_table import RUN_ID_PROPERTY
from etl_runtime.iceberg.schema import MAX_DESCRIPTION_BYTES, TableColumn, extends, schema_json, shortened
from etl_runtime.iceberg.snapshots import parent_of
from etl_runtime.job.errors import ErrorCode, RunFailed

MAX_METADATA_FILES = 20

PROPERTIES = {
    "format-version": "2",  # Athena does not read version 3
    "write.parquet.compression-codec": "zstd",
    "commit.retry.num-retries": "0",  # a conflict means that another run committed, which must not be overwritten
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": str(MAX_METADATA_FILES),
}


@dataclass(frozen=True)
class IcebergTable:
    """A table of the dataset: its names in the Data Catalog, its `s3://…/` folder, and its description."""

    database: str
    name: str
    location: str
    description: str | None = None

    @property
    def full_name(self) -> str:
        return f"{self.database}.{self.name}"

    def data_prefix(self, run_id: str) -> str:
        """The URI prefix of all data objects of a run."""
        return f"{self.location}data/{run_id}-"

    def metadata_prefix(self, run_id: str) -> str:
        """The URI prefix of all metadata objects that the commit of a run writes."""
        return f"{self.location}metadata/{run_id}/"


@dataclass(frozen=True)
class Commit:
    """The changes that a publication makes to a table.

    `added` are manifest entries, as returned by `data_file.data_file`. `kept` are the URIs of the objects that remain
    from the current snapshot. If `kept` is empty, all objects are replaced. `expired` are the IDs of the snapshots to
    remove.
    """

    run_id: str
    added: Sequence[Mapping[str, Any]]
    kept: Sequence[str]
    expired: Sequence[int]


class TableTransaction:
    """An open transaction. `schema` is the schema of the table as JSON, with the field IDs to write.

    Raises RunFailed if the table cannot be read.
    """

    def __init__(
        self, catalog: IcebergCatalog, table: IcebergTable, columns: Sequence[TableColumn], run_id: str
    ) -> None:
        self._catalog = catalog
        self._named = table
        properties = {**PROPERTIES, "write.metadata.path": table.metadata_prefix(run_id).rstrip("/")}
        if table.description:
            properties["comment"] = shortened(table.description, MAX_DESCRIPTION_BYTES)
        try:
            self.table = catalog.load(table.database, table.name)
            self._transaction = (
                self._create(columns, properties) if self.table is None else self._change(columns, properties)
            )
        except JAVA_ERRORS as error:
            raise catalog_error(error, table.full_name) from error
        self.schema = str(catalog.iceberg.SchemaParser.toJson(self._transaction.table().schema()))

    @property
    def base(self) -> int | None:
        """The ID of the snapshot that the transaction replaces, or None if the table has no snapshot."""
        snapshot = self.table.currentSnapshot() if self.table is not None else None
        return None if snapshot is None else int(snapshot.snapshotId())

    def commit(self, commit: Commit) -> int | None:
        """Replace the objects of the table in one commit. Returns the ID of the snapshot that was replaced.

        This ID differs from `base` if another writer changed the table in a way that the library allows, for example by
        deleting rows in objects that this commit keeps.

        Raises one of JAVA_ERRORS if the table has changed since the transaction was opened, or if the outcome is
        unknown. Raises RunFailed if the table no longer has an object that the commit keeps.
        """
        always_true = self._catalog.iceberg.expressions.Expressions.alwaysTrue()
        overwrite = self._transaction.newOverwrite()
        if kept := set(commit.kept):
            current = self._data_files()
            if missing := sorted(kept - current.keys()):
                raise RunFailed(
                    ErrorCode.CONCURRENT_RUN,
                    f"Another writer has removed {missing[0]} from {self._named.full_name} since this run started. "
                    "Run again.",
                    retryable=True,
                )
            for uri, file in current.items():
                if uri not in kept:
                    overwrite = overwrite.deleteFile(file)
        else:
            overwrite = overwrite.overwriteByRowFilter(always_true)
        if self.base is not None:
            overwrite = overwrite.validateFromSnapshot(self.base)
        overwrite = overwrite.conflictDetectionFilter(always_true)
        overwrite = overwrite.validateNoConflictingData().validateNoConflictingDeletes()
        for each in commit.added:
            overwrite = overwrite.addFile(self._data_file(each))
        overwrite.set(RUN_ID_PROPERTY, commit.run_id)
        overwrite.commit()
        if commit.expired:
            expire = self._transaction.expireSnapshots().expireOlderThan(0).cleanExpiredFiles(False)
            for id in commit.expired:
                expire = expire.expireSnapshotId(id)
            expire.commit()
        self._transaction.commitTransaction()
        return parent_of(self._transaction.table().currentSnapshot())

    def _create(self, columns: Sequence[TableColumn], properties: Mapping[str, str]) -> Any:
        schema = self._catalog.iceberg.SchemaParser.fromJson(schema_json(columns))
        builder = self._catalog.builder(self._named.database, self._named.name, schema)
        builder = builder.withLocation(self._named.location.rstrip("/"))
        for name, value in properties.items():
            builder = builder.withProperty(name, value)
        return builder.createTransaction()

    def _change(self, columns: Sequence[TableColumn], properties: Mapping[str, str]) -> Any:
        table: Any = self.table
        transaction = table.newTransaction()
        self._update_schema(transaction, columns)
        current = dict(table.properties())
        update = transaction.updateProperties()
        for name, value in properties.items():
            if name != "format-version" and current.get(name) != value:
                update = update.set(name, value)
        if "comment" in current and "comment" not in properties:
            update = update.remove("comment")
        update.commit()
        return transaction

    def _update_schema(self, transaction: Any, columns: Sequence[TableColumn]) -> None:
        """Change the columns of the table to `columns`, in this order. A column whose type differs is dropped and added
        with a new ID."""
        parser = self._catalog.iceberg.SchemaParser
        text = schema_json(columns)
        wanted = json.loads(text)["fields"]
        current = json.loads(parser.toJson(self.table.schema()))["fields"]  # type: ignore[union-attr]
        if _without_ids(wanted) == _without_ids(current):
            return
        schema = parser.fromJson(text)
        old = {field["name"]: field for field in current}
        kept = {
            field["name"]
            for field in wanted
            if field["name"] in old and extends(field["type"], old[field["name"]]["type"])
        }
        update = transaction.updateSchema()
        for name in old:
            if name not in kept:
                update = update.deleteColumn(name)
        for field in wanted:
            if field["name"] not in kept:
                update = update.addColumn(field["name"], schema.findType(field["name"]), field.get("doc"))
        grown = [
            field["name"]
            for field in wanted
            if field["name"] in kept and _without_ids(field["type"]) != _without_ids(old[field["name"]]["type"])
        ]
        if grown:
            update = update.unionByNameWith(schema.select(self._catalog.java_list(grown)))
        previous = None
        for field in wanted:
            name = field["name"]
            update = update.moveFirst(name) if previous is None else update.moveAfter(name, previous)
            previous = name
            if name in kept and field.get("doc") != old[name].get("doc"):
                update = update.updateColumnDoc(name, field.get("doc"))
        update.commit()

    def _data_file(self, entry: Mapping[str, Any]) -> Any:
        """Convert a manifest entry to a Java object. The parser for scan tasks is the only public way to read such an
        entry from JSON."""
        iceberg = self._catalog.iceberg
        task = {
            "task-type": "file-scan-task",
            "schema": {"type": "struct", "schema-id": 0, "fields": []},
            "spec": {"spec-id": 0, "fields": []},
            "data-file": entry,
            "start": 0,
            "length": 1,
            "residual-filter": True,
        }
        return iceberg.ScanTaskParser.fromJson(json.dumps(task), True).file()

    def _data_files(self) -> dict[str, Any]:
        """The data files of the current snapshot, keyed by URI."""
        tasks = self.table.newScan().planFiles()  # type: ignore[union-attr]
        return {str(task.file().path()): task.file() for task in iterate_and_close(tasks)}


def restore(catalog: IcebergCatalog, table: IcebergTable, snapshot: int | None) -> None:
    """Make an earlier snapshot and its schema current, in one commit. If `snapshot` is None, the table becomes empty.

    Raises one of JAVA_ERRORS if the commit fails.
    """
    found = catalog.load(table.database, table.name)
    if found is None:
        return  # someone has deleted the table
    operations = found.operations()
    current = operations.current()
    if snapshot is not None and current.snapshot(snapshot) is None:
        raise RunFailed(
            ErrorCode.PUBLICATION_NOT_FOUND,
            f"{table.full_name} no longer has the snapshot {snapshot}. Run again to publish the table.",
            retryable=True,
        )
    builder = catalog.iceberg.TableMetadata.buildFrom(current)
    if snapshot is None:
        builder = builder.removeRef("main")
    else:
        builder = builder.setCurrentSchema(current.snapshot(snapshot).schemaId())
        builder = builder.setBranchSnapshot(snapshot, "main")
    operations.commit(current, builder.build())


def dropped_metadata_files(table: Any) -> list[str]:
    """The metadata files that the next commit removes from the table's metadata log."""
    previous = table.operations().current().previousFiles()
    log = [str(previous.get(index).file()) for index in range(previous.size())]
    return log[: max(len(log) + 1 - MAX_METADATA_FILES, 0)]


def _without_ids(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_ids(each) for each in schema]
    if isinstance(schema, dict):
        return {
            name: _without_ids(value)
            for name, value in schema.items()
            if name not in ("id", "element-id", "key-id", "value-id", "schema-id")
        }
    return schema
