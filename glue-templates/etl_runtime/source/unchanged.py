"""Whether a run has anything to do: a source that is as it was at the last publication is not worked on again."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from etl_runtime.job.arguments import Job
from etl_runtime.job.dataset_document import DatasetDocument
from etl_runtime.job.store import Store
from etl_runtime.source.files.fetch import Validators


def document_hash(document: DatasetDocument) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def validators(job: Job, published: Mapping[str, Any] | None, store: Store) -> dict[str, Validators]:
    """What to ask each address with, by its public form; nothing where the tables have to be made anew whatever is answered.

    That is so when a person asks for it, when the document or the contract was changed, and when a published file is gone.
    """
    if (
        published is None
        or job.options.force
        or resets_contract(job, published)
        or published.get("document") != document_hash(job.document)
    ):
        return {}
    for key, table in published["tables"].items():
        there = store.list(table["location"])
        if key not in job.names.tables or not {f"s3://{job.names.bucket}/{file}" for file in table["files"]} <= set(
            there
        ):
            return {}
    addresses = Counter(
        source["url"] for source in published["sources"]
    )  # two that differ only in their query are one here
    return {
        source["url"]: Validators(source["etag"], source["last_modified"])
        for source in published["sources"]
        if addresses[source["url"]] == 1
    }


def resets_contract(job: Job, published: Mapping[str, Any] | None) -> bool:
    """Whether the published columns and types are to be forgotten: this run was told so, or `medallion reset --contract` asked for it."""
    return job.options.reset_contract or bool(published and published.get("contract_reset"))
