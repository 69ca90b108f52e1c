"""The bronze job: a file at a URL → a typed table in Athena, with the original kept.

fetch → raw, unpack → parts in staging, shape → typed Parquet in staging, check, publish → bronze
"""

import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from awsglue.utils import getResolvedOptions
from botocore.exceptions import ClientError

from etl_runtime.arguments import ARGUMENTS, Job, read_arguments
from etl_runtime.check import check
from etl_runtime.fetch import Original, fetch, public
from etl_runtime.file_format import file_format
from etl_runtime.publish import SUPERSEDED, publish, read_published, recover
from etl_runtime.record import RunRecord
from etl_runtime.shape import ShapedTable, shape
from etl_runtime.spark import start_spark
from etl_runtime.store import Store
from etl_runtime.unchanged import document_hash, validators
from etl_runtime.unpack import UnpackedTable, counted, unpack


def main(argv: Sequence[str]) -> None:
    store = Store()
    job = read_arguments(getResolvedOptions(list(argv), list(ARGUMENTS)), store)
    with RunRecord(job, store) as record, ThreadPoolExecutor(2) as background:
        run(job, record, store, background)


def run(job: Job, record: RunRecord, store: Store, background: ThreadPoolExecutor) -> None:
    names, rules = job.names, file_format(job.document)
    staging = f"{names.staging}run_id={record.run_id}/"
    record.refuse_pointless_retry()
    recover(names, store, lambda text: record.say("recover", text))
    published = read_published(names, store)

    starting_spark = cache(lambda: background.submit(start_spark))  # takes as long as a small download
    with record.step("fetch"):
        known = validators(job, published, store)
        original = fetch(job.document["source_url"], lambda text: record.say("fetch", text), known, starting_spark)
    if original is None:
        tell_unchanged(record, published)
        return
    record.say("fetch", f"{public(original.url)}  {original.size / 1e3:,.0f} kB  sha256 {original.sha256[:12]}")

    with original.file, record.step("unpack"):
        raw_uri = f"{names.raw}run_id={record.run_id}/{original.name}"
        keeping = background.submit(keep_original, original.path, raw_uri, store)
        try:
            unpacked = unpack(
                original, rules, job.document.get("file_table_mapping", {}), names, staging, store, lambda text: record.say("unpack", text)
            )
        finally:
            keeping.result()
            sources = [described(original, raw_uri)]
            record.note({"sources": sources})

    with record.step("start spark"):
        spark = starting_spark().result()
    with record.step("convert"):
        contract = None if job.options.reset_contract else published
        shaped = shape(spark, unpacked, contract, rules, record.run_id, store.region, staging, lambda text: record.say("convert", text))
    for key, table in shaped.items():
        tell_converted(record, key, table, unpacked[key])

    record.note({"allowed": check(unpacked, shaped, published, job.document, job.options.allow)})
    record.require_time_to_publish()
    with record.step("publish"):
        document = document_hash(job.document)
        new = publish(shaped, sources, document, published, names, record.run_id, store, lambda text: record.say("publish", text))
    record.note({"tables": described_tables(new, shaped)})
    with suppress(ClientError, OSError):  # what is left there is cleared by the next run, or by the bucket's lifecycle
        store.delete(store.list(staging))
    tell_about_crawler(job, record, published, new)


def tell_unchanged(record: RunRecord, published: Mapping[str, Any] | None) -> None:
    since = published["run_id"] if published else None
    record.note({"status": "unchanged", "unchanged_since": since})
    record.say("fetch", f'the source is unchanged since run {since}; its tables stay. run_options {{"force": true}} makes them anew')


def tell_converted(record: RunRecord, key: str, table: ShapedTable, unpacked: UnpackedTable) -> None:
    columns, objects = counted(len(table.columns), "column"), counted(len(table.shards), "object")
    record.say("convert", f"{key}: {counted(table.rows, 'row')}, {columns}, {objects}")
    missing = [column.name for column in table.columns if column.source not in unpacked.sources]
    if missing:
        record.say("convert", f"{key}: no longer in the source, so null: {', '.join(missing)}")
    if table.rescued():
        counts = ", ".join(f"{name} {count:,}" for name, count in table.rescued().items())
        record.say("convert", f"{key}: did not fit, and is in meta_rescued: {counts}")


def keep_original(path: Path, uri: str, store: Store) -> None:
    """Into raw/, tagged to expire until the run is published."""
    store.upload(path, uri, tags=SUPERSEDED)


def described(original: Original, raw_uri: str) -> dict[str, Any]:
    return {
        "url": public(original.url),
        "raw": raw_uri,
        "size_bytes": original.size,
        "sha256": original.sha256,
        "etag": original.etag,
        "last_modified": original.last_modified,
    }


def described_tables(new: Mapping[str, Any], shaped: Mapping[str, ShapedTable]) -> list[dict[str, Any]]:
    return [
        {
            **table,
            "nulls": shaped[key].nulls(),
            "bounds": {name: [str(low), str(high)] for name, (low, high) in shaped[key].bounds().items()},
            "rescued": shaped[key].rescued(),
        }
        for key, table in new["tables"].items()
    ]


def tell_about_crawler(job: Job, record: RunRecord, old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> None:
    """The job never starts the crawler: a table's schema changes in the catalog when somebody decides so."""

    def schema(published: Mapping[str, Any] | None, key: str) -> list[tuple[str, str]]:
        table = (published or {}).get("tables", {}).get(key, {})
        return [(column["name"], column["type"]) for column in table.get("columns", [])]

    changed = [key for key in new["tables"] if schema(new, key) != schema(old, key)]
    if changed:
        tables = ", ".join(new["tables"][key]["name"] for key in changed)
        what = f"the schema of {tables} changed since the last publication" if old else f"{tables} is new in the catalog"
        record.say("crawl", f"{what}; once deployed: aws glue start-crawler --name {job.names.crawler}")
    else:
        record.say("crawl", "not needed: the schema is that of the last publication")


if __name__ == "__main__":
    main(sys.argv)
