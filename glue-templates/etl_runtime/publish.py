"""Staging → the table: kill-and-fill that a crash at any point cannot spoil.

The intent is written first, then objects are copied inside S3, the old ones deleted, published.json written, the intent
removed. Each step can be repeated, so the next run finishes what a dead one began; or undoes it where staging has expired.
All tables of a dataset are published, or none.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from etl_runtime.arguments import Names
from etl_runtime.record import now
from etl_runtime.shape import ShapedTable
from etl_runtime.store import Store

SUPERSEDED = {"medallion:superseded": "true"}
"""The tag of originals that are not the published ones; the bucket's lifecycle deletes these, and no others, after a time."""
CALLS_AT_ONCE = 16


def read_published(names: Names, store: Store) -> dict[str, Any] | None:
    """What is the table now, or None before the first publication."""
    published: dict[str, Any] | None = store.read_json(f"{names.runs}published.json")
    return published


def publish(
    shaped: Mapping[str, ShapedTable], originals: list[str], old: Mapping[str, Any] | None, names: Names, run_id: str, store: Store
) -> dict[str, Any]:
    """Make the staged tables the published ones. Returns the new published.json."""
    copies: list[tuple[str, str]] = []
    tables: dict[str, Any] = {}
    for key, table in shaped.items():
        location = names.tables[key].location
        targets = [location + shard.shard.uri.rpartition("/")[2] for shard in table.shards]
        copies += zip((shard.shard.uri for shard in table.shards), targets, strict=True)
        tables[key] = {
            "name": names.tables[key].name,
            "location": location,
            "rows": table.rows,
            "columns": [
                {"name": column.name, "type": column.form.type, "spelling": column.form.spelling, "source": column.source}
                for column in table.columns
            ],
            "files": [target.removeprefix(f"s3://{names.bucket}/") for target in targets],
        }
    new = {
        "dataset": names.dataset,
        "layer": names.layer,
        "run_id": run_id,
        "database": names.database,
        "published_at": now(),
        "originals": originals,
        "tables": tables,
    }
    replaced = [target for _, target in copies if target in _files(old, names)]
    intent = {
        "published": new,
        "copies": copies,
        "deletions": sorted(_files(old, names) - _files(new, names)),
        "superseded": [uri for uri in (old or {}).get("originals", []) if uri not in originals],
        "versions": {target: store.version(target) for target in replaced},
    }
    store.write_json(_intent_uri(names), intent)
    _carry_out(intent, names, store)
    return new


def recover(names: Names, store: Store, say: Callable[[str], None]) -> None:
    """Finish or undo the publication that a dead run left half-way, and clear away what it left in staging."""
    intent = store.read_json(_intent_uri(names))
    if intent:
        _finish_or_undo(intent, names, store, say)
    store.delete(store.list(names.staging))


def _finish_or_undo(intent: Mapping[str, Any], names: Names, store: Store, say: Callable[[str], None]) -> None:
    run_id = intent["published"]["run_id"]
    lost = [target for source, target in intent["copies"] if not _landed(target, run_id, store) and store.metadata(source) is None]
    if not lost:
        say(f"run {run_id} died while it published; finished now")
        _carry_out(intent, names, store)
        return
    say(f"run {run_id} died while it published, and its staging has expired; undone now")
    old = _files(read_published(names, store), names)
    for _, target in intent["copies"]:
        if _landed(target, run_id, store):
            version = intent["versions"].get(target)
            if version:
                store.copy(target, target, version)
            elif target not in old:
                store.delete([target])
    store.delete([_intent_uri(names)])


def _carry_out(intent: Mapping[str, Any], names: Names, store: Store) -> None:
    """Every step may have been done before."""
    run_id = intent["published"]["run_id"]

    def copy(pair: tuple[str, str]) -> None:
        source, target = pair
        if not _landed(target, run_id, store):
            store.copy(source, target)

    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        list(pool.map(copy, intent["copies"]))
    store.delete(intent["deletions"])
    store.write_json(f"{names.runs}published.json", intent["published"])
    for uri in intent["published"]["originals"]:
        store.tag(uri, {})
    for uri in intent["superseded"]:
        store.tag(uri, SUPERSEDED)
    store.delete([_intent_uri(names)])


def _landed(target: str, run_id: str, store: Store) -> bool:
    """Whether the object at `target` is the one that this run made: a single-object table has the same key in every run."""
    metadata = store.metadata(target)
    return metadata is not None and metadata.get("run-id") == run_id


def _files(published: Mapping[str, Any] | None, names: Names) -> set[str]:
    tables = published["tables"].values() if published else ()
    return {f"s3://{names.bucket}/{key}" for table in tables for key in table["files"]}


def _intent_uri(names: Names) -> str:
    return f"{names.runs}publishing.json"
