"""Determines which snapshots of an Iceberg table expire, and which objects each snapshot needs."""

from typing import Any

from etl_runtime.iceberg.catalog import IcebergCatalog, iterate, iterate_and_close, retry_incomplete_reads
from etl_runtime.iceberg.catalog_table import RUN_ID_PROPERTY

MIN_RETENTION_HOURS = 1  # running queries may still read the objects of a replaced snapshot


def expired_snapshots(table: Any, retention_hours: float, now_ms: int) -> list[int]:
    """The IDs of the snapshots that the next publication removes.

    A snapshot expires if it was replaced more than `retention_hours` ago, and more than one hour ago. The current
    snapshot does not expire, so at least two publications remain: the current one and the next one. Snapshots with a
    branch or tag remain.
    """
    cutoff = now_ms - max(retention_hours, MIN_RETENTION_HOURS) * 3_600_000
    replaced_at = {int(each.snapshotId()): int(each.timestampMillis()) for each in iterate(table.snapshots())}
    log = [(int(each.snapshotId()), int(each.timestampMillis())) for each in iterate(table.history())]
    for (id, _), (_, end) in zip(log, log[1:], strict=False):
        if id in replaced_at:
            replaced_at[id] = max(replaced_at[id], end)
    referenced = {int(each.snapshotId()) for each in table.refs().values()}
    return [id for id, end in replaced_at.items() if end < cutoff and id not in referenced]


def run_of(snapshot: Any) -> str | None:
    """The ID of the run that committed the snapshot, or None if another writer committed it."""
    run_id = snapshot.summary().get(RUN_ID_PROPERTY) if snapshot is not None else None
    return None if run_id is None else str(run_id)


def parent_of(snapshot: Any) -> int | None:
    """The ID of the snapshot that this snapshot replaced, or None if it is the first one."""
    parent = snapshot.parentId()
    return None if parent is None else int(parent)


@retry_incomplete_reads
def metadata_objects(table: Any, snapshot: Any) -> list[str]:
    """The URIs of the manifest list and the manifests of a snapshot."""
    manifests = [str(each.path()) for each in iterate(snapshot.allManifests(table.io()))]
    return [str(snapshot.manifestListLocation()), *manifests]


@retry_incomplete_reads
def objects(catalog: IcebergCatalog, table: Any, snapshot: Any) -> set[str]:
    """The URIs of all objects of a snapshot, according to its manifests."""
    found = set(metadata_objects(table, snapshot))
    io, files = table.io(), catalog.iceberg.ManifestFiles
    for manifest in iterate(snapshot.dataManifests(io)):
        found |= {str(path) for path in iterate_and_close(files.readPaths(manifest, io))}
    for manifest in iterate(snapshot.deleteManifests(io)):
        reader = files.readDeleteManifest(manifest, io, table.specs())
        found |= {str(each.path()) for each in iterate_and_close(reader)}
    return found
