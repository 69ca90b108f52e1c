"""Whether a run has anything to do: a source that is as it was at the last publication is not worked on again."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from etl_runtime.arguments import Job
from etl_runtime.dataset_document import DatasetDocument
from etl_runtime.fetch import NOTHING_KNOWN, Validators
from etl_runtime.store import Store


def document_hash(document: DatasetDocument) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def validators(job: Job, published: Mapping[str, Any] | None, store: Store) -> Validators:
    """What to ask the source with; nothing where the tables have to be made anew whatever it answers.

    That is so when a person asks for it, when the document has changed, and when a published file is gone.
    """
    if published is None or job.options.force or job.options.reset_contract or published.get("document") != document_hash(job.document):
        return NOTHING_KNOWN
    for key, table in published["tables"].items():
        there = store.list(table["location"])
        if key not in job.names.tables or not {f"s3://{job.names.bucket}/{file}" for file in table["files"]} <= set(there):
            return NOTHING_KNOWN
    (source,) = published["sources"]
    return Validators(source["etag"], source["last_modified"])
