"""Staging → the table: kill-and-fill that a crash at any point cannot spoil.

The intent is written first, then objects are copied inside S3, published.json written, the old ones deleted, the intent
removed: whatever published.json lists is there at every moment. Each step can be repeated, so the next run finishes what a dead
one began; or undoes it where staging has expired. All tables of a dataset are published, or none.
"""

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from etl_runtime.job.arguments import Names
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.run_record import now
from etl_runtime.job.store import SUPERSEDED, Store
from etl_runtime.publish.staged import StagedTable

LOG = logging.getLogger(__name__)

CALLS_AT_ONCE = 16


def read_published(names: Names, store: Store) -> dict[str, Any] | None:
    """What is the table now, or None before the first publication."""
    published: dict[str, Any] | None = store.read_json(f"{names.runs}published.json")
    return published


def publish(
    staged: Mapping[str, StagedTable],
    about: Mapping[str, Any],
    old: Mapping[str, Any] | None,
    names: Names,
    run_id: str,
    store: Store,
) -> dict[str, Any]:
    """Make the staged tables the published ones. Returns the new published.json; `about` is what it says of the run beside them: its
    `sources` and the hash of its `document`, of gold its `inputs`.

    Where a copy or published.json fails, what was copied is taken back and the error goes on. The files of a table that the dataset
    no longer has stay.
    Raises RunFailed where another run has published since `old` was read.
    """
    copies: list[tuple[str, str]] = []
    tables: dict[str, Any] = {}
    for key, table in staged.items():
        location = names.tables[key].location
        targets = {location + file: uri for file, uri in table.objects.items()}
        copies += [(uri, target) for target, uri in targets.items()]
        tables[key] = {
            "name": names.tables[key].name,
            "location": location,
            "rows": table.rows,
            "bytes": table.bytes,
            "columns": table.columns,
            "files": [target.removeprefix(f"s3://{names.bucket}/") for target in targets],
        }
    new = {
        "dataset": names.dataset,
        "layer": names.layer,
        "run_id": run_id,
        "database": names.database,
        "published_at": now(),
        **about,
        "tables": tables,
    }
    old_files = _files(old, names)
    deletions = {file for key in tables for file in _files(old, names, key)} - _files(new, names)
    intent = {
        "published": new,
        "copies": copies,
        "deletions": sorted(deletions),
        "superseded": _originals(old),
        "versions": {target: store.version(target) for _, target in copies if target in old_files},
    }
    _require_no_other_run(old, names, store)
    store.write_json(_intent_uri(names), intent)
    try:
        _copy_all(copies, intent, names, store)
    except Exception:
        if not _is_published(run_id, names, store):  # it may be, though S3's answer to the last write was lost
            _undo(intent, names, store)
            raise
    _finish(intent, names, store)
    return new


def recover(names: Names, store: Store) -> None:
    """Finish or undo the publication that a dead run left half-way, and clear away what it left in staging."""
    intent = store.read_json(_intent_uri(names))
    if intent:
        run_id = intent["published"]["run_id"]
        is_published = _is_published(run_id, names, store)
        if not is_published and _is_lost(intent, store):
            LOG.info(f"run {run_id} died while it published, and its staging has expired")
            _undo(intent, names, store)
        else:
            LOG.info(f"run {run_id} died while it published; finished now")
            if not is_published:
                missing = [copy for copy in intent["copies"] if not _landed(copy[1], run_id, store)]
                _copy_all(missing, intent, names, store)
            _finish(intent, names, store)
    store.delete(store.list(names.staging))


def _require_no_other_run(old: Mapping[str, Any] | None, names: Names, store: Store) -> None:
    """Two runs at once would each delete what only they saw: the later one gives way. Glue allows one run of a job at a time."""
    now_published = read_published(names, store)
    if (now_published or {}).get("run_id") != (old or {}).get("run_id") or store.read(_intent_uri(names)) is not None:
        raise RunFailed(
            f"Another run of {names.dataset} has published meanwhile, or is about to. Let one run at a time, and run again.",
            retryable=True,
        )


def _copy_all(copies: Sequence[tuple[str, str]], intent: Mapping[str, Any], names: Names, store: Store) -> None:
    """Make these copies, then say that they are the table."""
    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        list(pool.map(lambda copy: store.copy(*copy), copies))
    store.write_json(f"{names.runs}published.json", intent["published"])


def _finish(intent: Mapping[str, Any], names: Names, store: Store) -> None:
    """What follows once the new tables are the published ones. Every step may have been done before."""
    store.delete(intent["deletions"])
    for uri in _originals(intent["published"]):
        store.tag(uri, {})
    for uri in set(intent["superseded"]) - set(_originals(intent["published"])):
        store.tag(uri, SUPERSEDED)
    store.delete([_intent_uri(names)])


def _undo(intent: Mapping[str, Any], names: Names, store: Store) -> None:
    """Take back the copies: the old objects are still there, or are old versions in the bucket."""
    run_id = intent["published"]["run_id"]
    old = _files(read_published(names, store), names)
    for _, target in intent["copies"]:
        if not _landed(target, run_id, store):
            continue
        version = intent["versions"].get(target)
        if target not in old:
            store.delete([target])
        elif version is None or not store.restore(target, version):
            LOG.info(
                f"{target} is already that of run {run_id}, and the bucket has no older version of it; the next publication replaces it"
            )
    store.delete([_intent_uri(names)])
    LOG.info(f"the publication of run {run_id} was taken back")


def _is_published(run_id: str, names: Names, store: Store) -> bool:
    return (read_published(names, store) or {}).get("run_id") == run_id


def _is_lost(intent: Mapping[str, Any], store: Store) -> bool:
    """Whether something of the new tables is neither in its place nor in staging."""
    run_id = intent["published"]["run_id"]
    return any(
        not _landed(target, run_id, store) and store.metadata(source) is None for source, target in intent["copies"]
    )


def _landed(target: str, run_id: str, store: Store) -> bool:
    """Whether the object at `target` is the one that this run made: a single-object table has the same key in every run."""
    metadata = store.metadata(target)
    return metadata is not None and metadata.get("run-id") == run_id


def _originals(published: Mapping[str, Any] | None) -> list[str]:
    return [source["raw"] for source in (published or {}).get("sources", [])]


def _files(published: Mapping[str, Any] | None, names: Names, table: str | None = None) -> set[str]:
    """The published objects of all tables, or of one."""
    tables = published["tables"].items() if published else ()
    return {f"s3://{names.bucket}/{file}" for key, found in tables if table in (None, key) for file in found["files"]}


def _intent_uri(names: Names) -> str:
    return f"{names.runs}publishing.json"
