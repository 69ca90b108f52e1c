"""Publication: replaces the objects of a dataset's tables by those in staging. A crash at any point can be repaired.

The steps are: write the intent (publishing.json), copy the objects within S3, write published.json, delete the previous
objects, delete the intent. So the objects that published.json lists always exist. Every step can be repeated: the next
run finishes an interrupted publication, or undoes it if its staging has expired. All tables of a dataset are published,
or none.
"""

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from etl_runtime.job.arguments import Names
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.run_record import now
from etl_runtime.job.store import SUPERSEDED, Store
from etl_runtime.job.table_schemas import changed_tables
from etl_runtime.publish.staged import StagedTable

LOG = logging.getLogger(__name__)

MAX_CONCURRENT_REQUESTS = 16


def read_published(names: Names, store: Store) -> dict[str, Any] | None:
    """The content of published.json; None before the first publication."""
    published: dict[str, Any] | None = store.read_json(f"{names.runs}published.json")
    return published


def note_unchanged(
    published: Mapping[str, Any], inputs: Sequence[Mapping[str, Any]], names: Names, store: Store
) -> None:
    """Note in published.json which inputs and which definition the published tables correspond to, although this run
    did not change them. Otherwise, a pipeline would run the job again for the same inputs.

    Raises RunFailed if another run has published since `published` was read.
    """
    noted = {**published, "inputs": list(inputs), "definition": names.definition}
    if noted != published:
        _require_no_other_run(published, names, store)
        store.write_json(f"{names.runs}published.json", noted)


def publish(
    staged: Mapping[str, StagedTable],
    metadata: Mapping[str, Any],
    old: Mapping[str, Any] | None,
    names: Names,
    run_id: str,
    store: Store,
) -> dict[str, Any]:
    """Publish the staged tables and return the new content of published.json.

    `metadata` is added to it: the `sources` of the run, the hash of its `document`, and for a derived dataset its
    `inputs`. `old` is the published.json that the run has read at its start. If a copy or the write of published.json
    fails, the copied objects are removed and the error is raised. The files of a table that is no longer part of the
    dataset are kept. Raises RunFailed if another run has published since `old` was read.
    """
    copies: list[tuple[str, str]] = []  # from staging to the table's folder
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
            "nulls": dict(table.nulls),
            **({"field_values": dict(table.field_values)} if table.field_values else {}),
            **({"source_date": metadata["source_date"]} if metadata.get("source_date") else {}),
            "files": [target.removeprefix(f"s3://{names.bucket}/") for target in targets],
        }
    published_at = now()
    new = {
        "dataset": names.dataset,
        "layer": names.layer,
        "run_id": run_id,
        "database": names.database,
        "published_at": published_at,
        "definition": names.definition,
        **metadata,
        "tables": tables,
    }
    schema_changed_at = published_at if changed_tables(old, new) else (old or {}).get("schema_changed_at")
    if schema_changed_at:
        new["schema_changed_at"] = schema_changed_at
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
        if not _is_published(run_id, names, store):  # the last write may have succeeded although its response was lost
            _undo(intent, names, store)
            raise
    _finish(intent, names, store)
    return new


def recover(names: Names, store: Store) -> None:
    """Finish or undo the interrupted publication of an earlier run, and delete its objects in staging."""
    intent = store.read_json(_intent_uri(names))
    if intent:
        run_id = intent["published"]["run_id"]
        is_published = _is_published(run_id, names, store)
        if not is_published and _is_incomplete(intent, store):
            LOG.info(f"run {run_id} was interrupted while it published, and its objects in staging have expired")
            _undo(intent, names, store)
        else:
            LOG.info(f"run {run_id} was interrupted while it published; finishing its publication")
            if not is_published:
                missing = [copy for copy in intent["copies"] if not _is_copied(copy[1], run_id, store)]
                _copy_all(missing, intent, names, store)
            _finish(intent, names, store)
    store.delete(store.list(names.staging))


def _require_no_other_run(old: Mapping[str, Any] | None, names: Names, store: Store) -> None:
    """Two concurrent publications would delete each other's objects. Glue alone does not prevent concurrent runs."""
    current = read_published(names, store)
    if (current or {}).get("run_id") != (old or {}).get("run_id") or store.read(_intent_uri(names)) is not None:
        raise RunFailed(
            ErrorCode.CONCURRENT_RUN,
            f"Another run of {names.dataset} has published since this run started, or is publishing. "
            "Wait until it ends, and run again.",
            retryable=True,
        )


def _copy_all(copies: Sequence[tuple[str, str]], intent: Mapping[str, Any], names: Names, store: Store) -> None:
    """Copy the objects, then write published.json."""
    with ThreadPoolExecutor(MAX_CONCURRENT_REQUESTS) as pool:
        list(pool.map(lambda copy: store.copy(*copy), copies))
    published = intent["published"]
    if published.get("schema_changed_at") == published["published_at"]:
        published["schema_changed_at"] = now()  # a crawl that has started before may have missed some of the objects
    store.write_json(f"{names.runs}published.json", intent["published"])


def _finish(intent: Mapping[str, Any], names: Names, store: Store) -> None:
    """Clean up after published.json is written. Any of these steps may have been done by an interrupted run."""
    store.delete(intent["deletions"])
    for uri in _originals(intent["published"]):
        store.tag(uri, {})
    for uri in set(intent["superseded"]) - set(_originals(intent["published"])):
        store.tag(uri, SUPERSEDED)
    store.delete([_intent_uri(names)])


def _undo(intent: Mapping[str, Any], names: Names, store: Store) -> None:
    """Remove the copied objects. The previous objects still exist, or are noncurrent versions of the same keys."""
    run_id = intent["published"]["run_id"]
    old = _files(read_published(names, store), names)
    for _, target in intent["copies"]:
        if not _is_copied(target, run_id, store):
            continue
        version = intent["versions"].get(target)
        if target not in old:
            store.delete([target])
        elif version is None or not store.restore(target, version):
            LOG.info(
                f"cannot restore {target}, which run {run_id} has replaced: the bucket has no noncurrent version. "
                "The next publication replaces it"
            )
    store.delete([_intent_uri(names)])
    LOG.info(f"undid the publication of run {run_id}")


def _is_published(run_id: str, names: Names, store: Store) -> bool:
    return (read_published(names, store) or {}).get("run_id") == run_id


def _is_incomplete(intent: Mapping[str, Any], store: Store) -> bool:
    """Whether an object of the new tables is neither copied nor in staging."""
    run_id = intent["published"]["run_id"]
    return any(
        not _is_copied(target, run_id, store) and store.metadata(source) is None for source, target in intent["copies"]
    )


def _is_copied(target: str, run_id: str, store: Store) -> bool:
    """Whether the object at `target` is of this run. A table of one object has the same key in every run."""
    metadata = store.metadata(target)
    return metadata is not None and metadata.get("run-id") == run_id


def _originals(published: Mapping[str, Any] | None) -> list[str]:
    return [source["raw"] for source in (published or {}).get("sources", [])]


def _files(published: Mapping[str, Any] | None, names: Names, table: str | None = None) -> set[str]:
    """The published objects of one table, or of all."""
    tables = published["tables"].items() if published else ()
    return {f"s3://{names.bucket}/{file}" for key, each in tables if table in (None, key) for file in each["files"]}


def _intent_uri(names: Names) -> str:
    return f"{names.runs}publishing.json"
