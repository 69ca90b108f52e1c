"""Publication of Parquet tables: replaces the objects of a dataset's tables with the objects in staging.

A run can recover from a crash at any point. The steps are: write the intent (publishing.json), copy the objects within
S3, write published.json, delete the previous objects, delete the intent. Therefore, the objects that published.json
lists always exist. Every step can be repeated: the next run finishes an interrupted publication, or undoes it if its
objects in staging have expired. Either all tables of a dataset are published, or none.
"""

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from etl_runtime.job.arguments import Names
from etl_runtime.job.run_record import now
from etl_runtime.job.store import Store
from etl_runtime.publish.publication import (
    files,
    intent_uri,
    is_published,
    new_publication,
    originals,
    published_uri,
    read_published,
    require_no_other_run,
    tag_originals,
)
from etl_runtime.publish.staged import StagedTable

LOG = logging.getLogger(__name__)

MAX_CONCURRENT_REQUESTS = 16


def publish(
    staged: Mapping[str, StagedTable],
    metadata: Mapping[str, Any],
    old: Mapping[str, Any] | None,
    names: Names,
    run_id: str,
    store: Store,
) -> dict[str, Any]:
    """Publish the staged tables and return the new content of published.json.

    `metadata` is added to this content. It contains the `sources` of the run, the hash of its `document` and, for a
    derived dataset, its `inputs`. `old` is the published.json that the run read when it started. If copying an object
    or writing published.json fails, the copied objects are removed and the error is raised. The files of a table that
    is no longer part of the dataset are kept. Raises RunFailed if another run has published since `old` was read.
    """
    new = new_publication(staged, metadata, old, names, run_id)
    copies = [  # from staging to the table's folder
        (uri, names.tables[key].location + file) for key, table in staged.items() for file, uri in table.objects.items()
    ]
    old_files = files(old, names)
    deletions = {file for key in staged for file in files(old, names, key)} - files(new, names)
    markers = store.list(f"{names.runs}writing/")
    if markers or (old or {}).get("table_format") == "iceberg":
        deletions |= {*_iceberg_objects(old, names, store), *store.list(f"{names.runs}publications/"), *markers}
    intent = {
        "published": new,
        "copies": copies,
        "deletions": sorted(deletions),
        "superseded": originals(old),
        "versions": {target: store.version(target) for _, target in copies if target in old_files},
    }
    require_no_other_run(old, names, store)
    store.write_json(intent_uri(names), intent)
    try:
        _copy_all(copies, intent, names, store)
    except Exception:
        if not is_published(run_id, names, store):  # the last write may have succeeded although its response was lost
            _undo(intent, names, store)
            raise
    _finish(intent, names, store)
    return new


def _iceberg_objects(old: Mapping[str, Any] | None, names: Names, store: Store) -> set[str]:
    """The objects of Iceberg tables: tables that the dataset had before, and tables that an interrupted run began to
    write."""
    locations = {table.location for table in names.tables.values()}
    locations |= {table["location"] for table in (old or {}).get("tables", {}).values()}
    return {uri for each in locations for folder in ("data", "metadata") for uri in store.list(f"{each}{folder}/")}


def recover_intent(intent: Mapping[str, Any], names: Names, store: Store) -> None:
    """Finish or undo the interrupted publication of an earlier run."""
    run_id = intent["published"]["run_id"]
    was_published = is_published(run_id, names, store)
    if not was_published and _is_incomplete(intent, store):
        LOG.info(f"run {run_id} was interrupted while it published, and its objects in staging have expired")
        _undo(intent, names, store)
    else:
        LOG.info(f"run {run_id} was interrupted while it published; finishing its publication")
        if not was_published:
            missing = [copy for copy in intent["copies"] if not _is_copied(copy[1], run_id, store)]
            _copy_all(missing, intent, names, store)
        _finish(intent, names, store)


def _copy_all(copies: Sequence[tuple[str, str]], intent: Mapping[str, Any], names: Names, store: Store) -> None:
    """Copy the objects, then write published.json."""
    with ThreadPoolExecutor(MAX_CONCURRENT_REQUESTS) as pool:
        list(pool.map(lambda copy: store.copy(*copy), copies))
    published = intent["published"]
    if published.get("schema_changed_at") == published["published_at"]:
        published["schema_changed_at"] = now()  # a crawl that started earlier may have missed some of the objects
    store.write_json(published_uri(names), intent["published"])


def _finish(intent: Mapping[str, Any], names: Names, store: Store) -> None:
    """Clean up after published.json is written. An interrupted run may already have done any of these steps."""
    store.delete(intent["deletions"])
    tag_originals(intent, names, store)
    store.delete([intent_uri(names)])


def _undo(intent: Mapping[str, Any], names: Names, store: Store) -> None:
    """Remove the copied objects. The previous objects still exist, or are noncurrent versions of the same keys."""
    run_id = intent["published"]["run_id"]
    old = files(read_published(names, store), names)
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
    store.delete([intent_uri(names)])
    LOG.info(f"undid the publication of run {run_id}")


def _is_incomplete(intent: Mapping[str, Any], store: Store) -> bool:
    """Whether an object of the new tables is missing, both in staging and at its destination."""
    run_id = intent["published"]["run_id"]
    return any(
        not _is_copied(target, run_id, store) and store.metadata(source) is None for source, target in intent["copies"]
    )


def _is_copied(target: str, run_id: str, store: Store) -> bool:
    """Whether run `run_id` has copied the object at `target`. The object can be from another run, because the only
    object of a table has the same key in every run."""
    metadata = store.metadata(target)
    return metadata is not None and metadata.get("run-id") == run_id
