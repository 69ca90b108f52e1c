"""The parts of a publication that both table formats share: published.json, the intent and the originals.

The intent (publishing.json) exists while a run publishes. It contains everything that another run needs to finish the
publication.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from etl_runtime.job.arguments import Names
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.run_record import now
from etl_runtime.job.store import SUPERSEDED, Store
from etl_runtime.job.table_schemas import changed_tables
from etl_runtime.publish.staged import StagedTable


def read_published(names: Names, store: Store) -> dict[str, Any] | None:
    """The content of published.json, or None before the first publication."""
    published: dict[str, Any] | None = store.read_json(published_uri(names))
    return published


def published_uri(names: Names) -> str:
    return f"{names.runs}published.json"


def intent_uri(names: Names) -> str:
    return f"{names.runs}publishing.json"


def note_unchanged(
    published: Mapping[str, Any], inputs: Sequence[Mapping[str, Any]], names: Names, store: Store
) -> None:
    """Write the current inputs and definition to published.json after a run that has not changed the tables. Otherwise,
    a pipeline would run the job again for the same inputs.

    Raises RunFailed if another run has published since `published` was read.
    """
    noted = {**published, "inputs": list(inputs), "definition": names.definition}
    if noted != published:
        require_no_other_run(published, names, store)
        store.write_json(published_uri(names), noted)


def new_publication(
    staged: Mapping[str, StagedTable],
    metadata: Mapping[str, Any],
    old: Mapping[str, Any] | None,
    names: Names,
    run_id: str,
) -> dict[str, Any]:
    """Create the content of published.json for the staged tables, including `metadata`."""
    published_at = now()
    tables = {
        key: {
            "name": names.tables[key].name,
            "location": names.tables[key].location,
            "rows": table.rows,
            "bytes": table.bytes,
            "columns": table.columns,
            "nulls": dict(table.nulls),
            **({"field_values": dict(table.field_values)} if table.field_values else {}),
            **({"lineage": table.lineage} if table.lineage else {}),
            **({"source_date": metadata["source_date"]} if metadata.get("source_date") else {}),
            "files": [
                uri.removeprefix(f"s3://{names.bucket}/")
                for uri in (*(f"{names.tables[key].location}{file}" for file in table.objects), *table.kept)
            ],
        }
        for key, table in staged.items()
    }
    is_changed = changed_tables(old, {"tables": tables})
    schema_changed_at = published_at if is_changed else (old or {}).get("schema_changed_at")
    return {
        "dataset": names.dataset,
        "layer": names.layer,
        "run_id": run_id,
        "database": names.database,
        "published_at": published_at,
        "definition": names.definition,
        **({"schema_changed_at": schema_changed_at} if schema_changed_at else {}),
        **metadata,
        "tables": tables,  # last, because a pipeline reads only the beginning of a large file
    }


def require_no_other_run(old: Mapping[str, Any] | None, names: Names, store: Store) -> None:
    """Raise RunFailed if another run has published since `old` was read, or is publishing.

    Two concurrent publications would delete each other's objects. Glue alone does not prevent concurrent runs.
    """
    current = read_published(names, store)
    if (current or {}).get("run_id") != (old or {}).get("run_id") or store.read(intent_uri(names)) is not None:
        raise RunFailed(
            ErrorCode.CONCURRENT_RUN,
            f"Another run of {names.dataset} has published since this run started, or is publishing. "
            "Wait until the other run ends, and run again.",
            retryable=True,
        )


def is_published(run_id: str, names: Names, store: Store) -> bool:
    return (read_published(names, store) or {}).get("run_id") == run_id


def tag_originals(intent: Mapping[str, Any], names: Names, store: Store) -> None:
    """Tag the originals that published tables no longer use. A lifecycle rule deletes tagged originals.

    Reads published.json after the tags of the new originals are removed: another run may have published in the
    meantime, and may already have tagged them.
    """
    new = originals(intent["published"])
    for uri in new:
        store.tag(uri, {})
    superseded = {*intent["superseded"], *new}
    if superseded:
        superseded -= set(originals(read_published(names, store)))
    for uri in superseded:
        store.tag(uri, SUPERSEDED)


def originals(published: Mapping[str, Any] | None) -> list[str]:
    return [source["raw"] for source in (published or {}).get("sources", [])]


def files(published: Mapping[str, Any] | None, names: Names, table: str | None = None) -> set[str]:
    """The URIs of the published objects of one table, or of all tables."""
    tables = published["tables"].items() if published else ()
    return {f"s3://{names.bucket}/{file}" for key, each in tables if table in (None, key) for file in each["files"]}
