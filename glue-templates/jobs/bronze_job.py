"""The bronze job: a file at a URL → a typed table in Athena, with the original kept.

fetch → raw, unpack → parts in staging, shape → typed Parquet in staging, check, publish → bronze
"""

import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import Any

from awsglue.utils import getResolvedOptions
from botocore.exceptions import BotoCoreError, ClientError

from etl_runtime.arguments import ARGUMENTS, Job, read_arguments
from etl_runtime.business_key import find_duplicates
from etl_runtime.check import check
from etl_runtime.column_schema import declared_columns
from etl_runtime.fetch import public
from etl_runtime.file_format import file_format
from etl_runtime.originals import KeptOriginal, gather, keep, on_disk
from etl_runtime.publish import publish, read_published, recover
from etl_runtime.record import RunRecord
from etl_runtime.shape import Place, ShapedTable, shape
from etl_runtime.spark import start_spark
from etl_runtime.store import Store
from etl_runtime.unchanged import document_hash, resets_contract, validators
from etl_runtime.unpack import counted, unpack

BACKGROUND_TASKS = 4  # Spark starts, originals go to raw/


def main(argv: Sequence[str]) -> None:
    store = Store()
    job = read_arguments(getResolvedOptions(list(argv), list(ARGUMENTS)), store)
    with RunRecord(job, store) as record, ThreadPoolExecutor(BACKGROUND_TASKS) as background:
        run(job, record, store, background)


def run(job: Job, record: RunRecord, store: Store, background: ThreadPoolExecutor) -> None:
    names, rules = job.names, file_format(job.document)
    staging = f"{names.staging}run_id={record.run_id}/"
    record.refuse_pointless_retry()
    recover(names, store, lambda text: record.say("recover", text))
    published = read_published(names, store)
    record.close_killed(published)

    starting_spark = cache(lambda: background.submit(start_spark))  # takes as long as a small download
    with record.step("fetch"):
        known = validators(job, published, store)
        originals = gather(job, record.run_id, known, store, lambda text: record.say("fetch", text), starting_spark)
    if originals is None:
        tell_unchanged(record, published)
        return
    tell_fetched(record, originals)

    with on_disk(originals) as files, record.step("unpack"):
        keeping = [background.submit(keep, each, store) for each in originals]
        try:
            mapping = job.document.get("file_table_mapping", {})
            unpacked = unpack(files, rules, mapping, names, staging, store, lambda text: record.say("unpack", text))
        finally:
            for each in keeping:
                each.result()
            sources = [each.described() for each in originals]
            record.note({"sources": sources})

    with record.step("start spark"):
        spark = starting_spark().result()
    with record.step("convert"):
        reset = resets_contract(job, published)
        declared = {key: declared_columns(job.document, key) for key in names.tables}
        place = Place(record.run_id, store.region, staging)
        shaped = shape(spark, unpacked, None if reset else published, declared, rules, place, lambda text: record.say("convert", text))
    for key, table in shaped.items():
        tell_converted(record, key, table)

    with record.step("check"):
        allow = job.options.allow | ({"frozen"} if reset else set())
        staged = {key: table.staged() for key, table in shaped.items()}
        duplicates = find_duplicates(spark, staged, job.document)
        record.note_gates(check(unpacked, shaped, duplicates, published, job.document, allow))
    record.require_time_to_publish()
    with record.step("publish"):
        about = {"document": document_hash(job.document), "sources": sources}
        new = publish(staged, about, published, names, record.run_id, store, lambda text: record.say("publish", text))
    record.note({"tables": described_tables(new, shaped)})
    with suppress(BotoCoreError, ClientError, OSError):  # what is left there is cleared by the next run, or by the bucket's lifecycle
        store.delete(store.list(staging))
    record.tell_about_crawler(names, published, new)


def tell_unchanged(record: RunRecord, published: Mapping[str, Any] | None) -> None:
    since = published["run_id"] if published else None
    record.note({"status": "unchanged", "unchanged_since": since})
    record.say("fetch", f'the source is unchanged since run {since}; its tables stay. run_options {{"force": true}} makes them anew')


def tell_fetched(record: RunRecord, originals: Sequence[KeptOriginal]) -> None:
    for kept in originals:
        original = kept.original
        where = f"kept in {kept.raw}" if kept.there else public(original.url)
        record.say("fetch", f"{where}  {original.size / 1e3:,.0f} kB  sha256 {original.sha256[:12]}")


def tell_converted(record: RunRecord, key: str, table: ShapedTable) -> None:
    columns, objects = counted(len(table.columns), "column"), counted(len(table.shards), "object")
    record.say("convert", f"{key}: {counted(table.rows, 'row')}, {columns}, {objects}")
    missing = [column.name for column in table.columns if column.source not in table.sources]
    if missing:
        record.say("convert", f"{key}: no longer in the source, so null: {', '.join(missing)}")
    if table.rescued():
        counts = ", ".join(f"{name} {count:,}" for name, count in table.rescued().items())
        record.say("convert", f"{key}: did not fit, and is in meta_rescued: {counts}")


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


if __name__ == "__main__":
    main(sys.argv)
