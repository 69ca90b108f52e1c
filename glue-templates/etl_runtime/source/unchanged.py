"""Decides whether a run can skip an unchanged source, by its validators or by its content."""

import hashlib
import json
import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from etl_runtime.job.arguments import Job
from etl_runtime.job.dataset_document import DatasetDocument
from etl_runtime.job.store import Store
from etl_runtime.source.files.fetch import Validators


def document_hash(document: DatasetDocument) -> str:
    """The SHA-256 of the document, which does not depend on the order of its keys."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def publication_to_keep(
    job: Job,
    published: Mapping[str, Any] | None,
    inputs: Sequence[Mapping[str, Any]],
    is_current: Callable[[Mapping[str, Any]], bool],
    store: Store,
) -> Mapping[str, Any] | None:
    """Return the publication to keep if the source is unchanged, or None if the tables must be rebuilt in any case.

    The tables must be rebuilt if `force` or `from_run` is set, if the document has changed, if the schema contract was
    reset, if one of the `inputs` has a new publication, or if a published file is missing. `inputs` are entries of the
    run record. `is_current` returns whether readers see the publication.
    """
    if (
        published is None
        or job.options.force
        or job.options.from_run
        or resets_contract(job, published)
        or published.get("document") != document_hash(job.document)
        or _run_ids(published.get("inputs", [])) != _run_ids(inputs)
        or not is_current(published)
    ):
        return None
    for key, table in published["tables"].items():
        files = {f"s3://{job.names.bucket}/{file}" for file in table["files"]}
        if key not in job.names.tables or not files <= set(store.list(table["location"])):
            return None
    return published


def _run_ids(inputs: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {each["dataset"]: each["run_id"] for each in inputs}


def validators(published: Mapping[str, Any] | None) -> dict[str, Validators]:
    """The validators of the published files, keyed by URL without query."""
    if published is None:
        return {}
    counts = Counter(source["url"] for source in published["sources"])  # URLs may differ only in their query
    return {
        source["url"]: Validators(source["etag"], source["last_modified"], source["size_bytes"])
        for source in published["sources"]
        if counts[source["url"]] == 1
    }


def has_same_content(sources: Iterable[Mapping[str, Any]], published: Mapping[str, Any] | None) -> bool:
    """Whether the originals in a run record have the same URLs, dates, names and content as the published originals."""

    def content(described: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, str, str]]:
        return sorted(
            (each["url"], each.get("source_date") or "", posixpath.basename(each["raw"]), each["sha256"])
            for each in described
        )

    return published is not None and content(sources) == content(published["sources"])


def resets_contract(job: Job, published: Mapping[str, Any] | None) -> bool:
    """Whether this run infers columns and types again. This is the case with `reset_contract`, and after `medallion
    reset --contract`."""
    return job.options.reset_contract or bool(published and published.get("contract_reset"))
