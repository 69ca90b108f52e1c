"""A bronze run, and what a script of your own has to do with it where no source of the library fits.

import sys

from etl_runtime.bronze import Fetching, run_bronze


def fetch(source: Fetching) -> None:
    password = source.secret("vendor/ftp", "password")
    (source.folder / "orders.csv").write_bytes(download(password))


if __name__ == "__main__":
    run_bronze(sys.argv, fetch)
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from awsglue.utils import getResolvedOptions
from botocore.exceptions import BotoCoreError, ClientError

from etl_runtime.job.arguments import ARGUMENTS, Job, read_arguments
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.file_format import file_format_of
from etl_runtime.job.plural import plural
from etl_runtime.job.run_record import RunRecord
from etl_runtime.job.spark import start_spark
from etl_runtime.job.store import Store
from etl_runtime.publish.publish import publish, read_published, recover
from etl_runtime.source.api.endpoints import Endpoint, endpoints_of
from etl_runtime.source.files.original import Original
from etl_runtime.source.originals import Fetch, Fetching, KeptOriginal, gather, keep, on_disk
from etl_runtime.source.unchanged import document_hash, resets_contract, validators
from etl_runtime.web.client import public

if TYPE_CHECKING:
    from etl_runtime.convert.type_plan import ConvertedTable

__all__ = ["Fetching", "run_bronze"]

BACKGROUND_TASKS = 4  # Spark starts, originals go to raw/


def run_bronze(argv: Sequence[str], fetch: Fetch | None = None) -> None:
    """Run a bronze job from its arguments to its publication: fetch → raw, unpack → parts in staging, shape → typed Parquet in staging,
    check, publish → bronze.

    `fetch` is a script's own way to the files, in place of the document's source. Raises RunFailed where it cannot go on; the
    published table then stays.
    """
    store = Store()
    job = read_arguments(getResolvedOptions(list(argv), list(ARGUMENTS)), store)
    with RunRecord(job, store) as record, ThreadPoolExecutor(BACKGROUND_TASKS) as background:
        run(job, record, store, background, fetch)


def run(job: Job, record: RunRecord, store: Store, background: ThreadPoolExecutor, fetch: Fetch | None) -> None:
    names, file_format = job.names, file_format_of(job.document)
    staging = f"{names.staging}run_id={record.run_id}/"
    record.refuse_pointless_retry()
    with record.logged_as("recover"):
        recover(names, store)
    published = read_published(names, store)
    record.close_killed(published)

    starting_spark = cache(lambda: background.submit(start_spark))  # takes as long as a small download
    with record.step("fetch"):
        known = validators(job, published, store)
        originals = gather(job, record, known, store, starting_spark, fetch)
    if originals is None:
        tell_unchanged(record, published)
        return
    tell_fetched(record, originals)

    # What needs Arrow takes half a second to import: meanwhile Spark starts, and a run that finds nothing new does without.
    from etl_runtime.columns.column_schema import declared_columns
    from etl_runtime.convert.gates import check_gates
    from etl_runtime.convert.type_plan import Place, convert_tables
    from etl_runtime.convert.unpack import unpack
    from etl_runtime.publish.business_key import find_duplicates

    with on_disk(originals) as files, record.step("unpack"):
        keeping = [background.submit(keep, each, store) for each in originals]
        try:
            endpoints = {each.name: each for each in endpoints_of(job.document) if each.is_table}
            require_answers(endpoints.values(), files, job.options.from_run)
            mapping = {each.file: key for key, each in endpoints.items()} or job.document.get("file_table_mapping", {})
            unpacked = unpack(files, file_format, mapping, endpoints, names, staging, store)
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
        shaped = convert_tables(
            spark,
            unpacked,
            None if reset else published,
            declared,
            file_format,
            place,
        )
    for key, table in shaped.items():
        tell_converted(record, key, table)

    with record.step("check"):
        allow = job.options.allow | ({"frozen"} if reset else set())
        staged = {key: table.staged() for key, table in shaped.items()}
        duplicates = find_duplicates(spark, staged, job.document)
        record.note_gates(check_gates(unpacked, shaped, duplicates, published, job.document, allow))
    record.require_time_to_publish()
    with record.step("publish"):
        about = {"document": document_hash(job.document), "sources": sources}
        new = publish(staged, about, published, names, record.run_id, store)
    record.note({"tables": described_tables(new, shaped)})
    with suppress(
        BotoCoreError, ClientError, OSError
    ):  # what is left there is cleared by the next run, or by the bucket's lifecycle
        store.delete(store.list(staging))
    record.tell_about_crawler(names, published, new)


def require_answers(endpoints: Iterable[Endpoint], files: Sequence[Original], from_run: str) -> None:
    """Raise RunFailed where the run that is to be made anew has asked other endpoints."""
    names = {each.name for each in files}
    if missing := [each.name for each in endpoints if each.file not in names]:
        there = ", ".join(sorted(names))
        raise RunFailed(
            f"run {from_run} kept nothing of {', '.join(missing)}: it has {there}. Choose another from_run, or run without."
        )


def tell_unchanged(record: RunRecord, published: Mapping[str, Any] | None) -> None:
    since = published["run_id"] if published else None
    record.note({"status": "unchanged", "unchanged_since": since})
    record.log(
        "fetch",
        f'the source is unchanged since run {since}; its tables stay. run_options {{"force": true}} makes them anew',
    )


def tell_fetched(record: RunRecord, originals: Sequence[KeptOriginal]) -> None:
    for kept in originals:
        original = kept.original
        where = f"kept in {kept.raw}" if kept.there else public(original.url)
        record.log("fetch", f"{where}  {original.size / 1e3:,.0f} kB  sha256 {original.sha256[:12]}")


def tell_converted(record: RunRecord, key: str, table: "ConvertedTable") -> None:
    columns, objects = plural(len(table.columns), "column"), plural(len(table.shards), "object")
    record.log("convert", f"{key}: {plural(table.rows, 'row')}, {columns}, {objects}")
    missing = [column.name for column in table.columns if column.source not in table.sources]
    if missing:
        record.log("convert", f"{key}: no longer in the source, so null: {', '.join(missing)}")
    if table.rescued():
        counts = ", ".join(f"{name} {count:,}" for name, count in table.rescued().items())
        record.log("convert", f"{key}: did not fit, and is in meta_rescued: {counts}")


def described_tables(new: Mapping[str, Any], shaped: Mapping[str, "ConvertedTable"]) -> list[dict[str, Any]]:
    return [
        {
            **table,
            "nulls": shaped[key].nulls(),
            "bounds": {name: [str(low), str(high)] for name, (low, high) in shaped[key].bounds().items()},
            "rescued": shaped[key].rescued(),
        }
        for key, table in new["tables"].items()
    ]
