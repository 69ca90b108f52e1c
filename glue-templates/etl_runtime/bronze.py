"""The bronze job, and the API for a custom script that downloads the files itself.

`etl_runtime.bronze` exports `run_bronze` and `Fetching`; see `run_bronze` for an example.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from copy import deepcopy
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from awsglue.utils import getResolvedOptions
from botocore.exceptions import BotoCoreError, ClientError

from etl_runtime.job.arguments import ARGUMENTS, Job, read_arguments
from etl_runtime.job.dataset_document import DatasetDocument
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.file_format import file_format_of
from etl_runtime.job.inputs import note_inputs, read_inputs, require_same_inputs
from etl_runtime.job.plural import plural, with_names
from etl_runtime.job.run_record import RunRecord
from etl_runtime.job.spark import BackgroundSpark
from etl_runtime.job.store import Store
from etl_runtime.publish.publication import read_published
from etl_runtime.publish.recovery import recover
from etl_runtime.publish.tables import roll_back, tables_of
from etl_runtime.source.api.endpoints import Endpoint, endpoints_of
from etl_runtime.source.api.table_values import read_table_values
from etl_runtime.source.files.original import Original
from etl_runtime.source.originals import Fetch, Fetching, KeptOriginal, gather, keep, on_disk, stored_inputs
from etl_runtime.source.records_contract import RecordsContract
from etl_runtime.source.unchanged import (
    document_hash,
    has_same_content,
    publication_to_keep,
    resets_contract,
    validators,
)
from etl_runtime.web.client import without_query

if TYPE_CHECKING:
    from etl_runtime.convert.convert_tables import ConvertedTable
    from etl_runtime.convert.type_plan import TypePlan
    from etl_runtime.convert.unpacked_table import UnpackedTable
    from etl_runtime.publish.staged import StagedTable

__all__ = ["Fetching", "run_bronze"]

BACKGROUND_TASKS = 4  # threads that upload originals to raw/ and import Arrow


def run_bronze(argv: Sequence[str], fetch: Fetch | None = None) -> None:
    """Run a bronze job: fetch the originals, convert them to typed Parquet, check the quality gates and publish.

    The run stores the originals in raw/, unpacks them into parts, converts the parts to Parquet in staging, checks the
    quality gates, and publishes the tables. The driver itself converts up to 2 GB of text; Spark converts the rest. The
    run record in the bucket and the job log describe each step.

    Args:
        argv: The command line of the job, with the arguments that the stack sets: `sys.argv`.
        fetch: A function that downloads the files into `Fetching.folder`, for sources that the dataset document cannot
            describe. By default, the job fetches `source_url` or `api_endpoints` of the dataset document.

    Raises:
        RunFailed: The run cannot continue, for example because the source is not available or a quality gate fails.
            The message begins with an error code. The published tables are unchanged, unless the error occurs after
            published.json is written. In that case, the next run completes the publication.
        GlueArgumentError: A required argument is missing from `argv`.

    Example:
        A complete custom script for the `script` of a dataset:

            import sys

            from etl_runtime.bronze import Fetching, run_bronze


            def fetch(source: Fetching) -> None:
                password = source.secret("vendor/ftp", "password")
                (source.folder / "orders.csv").write_bytes(download(password))


            if __name__ == "__main__":
                run_bronze(sys.argv, fetch)
    """
    store = Store()
    job = read_arguments(getResolvedOptions(list(argv), list(ARGUMENTS)), store)
    # The run record is written before the thread pool waits for its tasks, because a stopped run has little time left.
    with (
        ThreadPoolExecutor(BACKGROUND_TASKS) as background,
        RunRecord(job, store) as record,
        TemporaryDirectory(prefix="medallion-") as folder,
    ):
        run(job, record, store, background, fetch, Path(folder))


def run(
    job: Job, record: RunRecord, store: Store, background: ThreadPoolExecutor, fetch: Fetch | None, folder: Path
) -> None:
    """Perform the steps of a run. `folder` is an empty folder for the parts."""
    names, file_format = job.names, file_format_of(job.document)
    staging = f"{names.staging}run_id={record.run_id}/"
    record.skip_futile_retry()
    tables = tables_of(job, record.run_id, store)
    spark = BackgroundSpark()
    always_needs_spark = needs_spark(job.document)

    def on_response() -> None:
        """Prepare the conversion during the download. This function is not called if the source is unchanged."""
        background.submit(import_module, "etl_runtime.convert.gates")  # imports Arrow, which takes 0.4 s
        if always_needs_spark:
            spark.start()

    tables.check(read_published(names, store))
    with record.logged_as("recover"):
        recover(names, store, spark.session)
    published = read_published(names, store)
    record.close_killed_runs(published)

    if job.options.rollback_to:
        roll_back(job, record, tables, published, spark.session())
        return
    inputs, table_values = read_values(job, record, store, fetch)
    with record.step("fetch"):
        to_keep = publication_to_keep(job, published, inputs, tables.is_current, store)
        reset = resets_contract(job, published)
        kept = None if reset else published
        contract = RecordsContract((kept or {}).get("records"))
        originals = gather(
            job,
            record,
            validators(to_keep),
            store,
            on_response,
            fetch,
            contract,
            table_values,
        )
    source_date = next((each.original.source_date for each in originals or ()), None)
    if source_date:
        record.note({"source_date": source_date.isoformat()})
    if originals is None or has_same_content((each.described() for each in originals), to_keep):
        with on_disk(originals or []):
            record.note_publication(published)
            log_unchanged(record, published)
        return
    if always_needs_spark:
        spark.start()
        tables.prepare(spark.session)
    log_fetched(record, originals)

    # Imported only after the check above: a run with an unchanged source saves the 0.4 s that importing Arrow takes.
    from etl_runtime.columns.column_schema import declared_columns, descriptions
    from etl_runtime.convert.conversion import Conversion, Place
    from etl_runtime.convert.convert_shards import driver_threads
    from etl_runtime.convert.convert_tables import PartsGone, convert_tables
    from etl_runtime.convert.early_conversion import EarlyConversion
    from etl_runtime.convert.gates import check_gates
    from etl_runtime.convert.part_writer import MAX_DRIVER_BYTES, PartWriter
    from etl_runtime.convert.unpack import unpack
    from etl_runtime.publish.business_key import find_duplicates
    from etl_runtime.publish.common_gates import min_rows

    with on_disk(originals) as files, tables.writing(spark.session), driver_threads() as threads:
        declared = {key: declared_columns(job.document, key) for key in names.tables}
        place = Place(tables, record.run_id, store.region, source_date, descriptions(job.document))
        conversion = Conversion(kept, declared, file_format, place)
        declared_endpoints = endpoints_of(job.document)
        endpoints = {each.name: each for each in declared_endpoints if each.is_table}
        mapping = {each.file: key for key, each in endpoints.items()} or job.document.get("file_table_mapping", {})
        quality = job.document.get("data_quality", {})
        may_be_empty = {key for key in names.tables if min_rows(quality, key) == 0}

        def unpacked_files(contract: RecordsContract, early: EarlyConversion | None) -> "dict[str, UnpackedTable]":
            writer = PartWriter(folder, staging, store, early, on_staged=spark.start)
            return unpack(files, file_format, mapping, endpoints, names, writer, contract, may_be_empty=may_be_empty)

        def converted_tables(
            unpacked: "dict[str, UnpackedTable]",
            early: EarlyConversion | None,
            plans: "dict[str, TypePlan] | None" = None,
        ) -> "dict[str, ConvertedTable]":
            return convert_tables(
                unpacked,
                conversion,
                store,
                spark.session,
                threads,
                early,
                plans,
                cores=names.executor_cores(),
                is_document_changed=kept is not None and kept.get("document") != document_hash(job.document),
            )

        original_contract = deepcopy(contract)
        if sum(original.size for original in files) > MAX_DRIVER_BYTES:
            spark.start()
        early = EarlyConversion(conversion, store, threads)
        with record.step("unpack"):
            uploads = [background.submit(keep, each, store) for each in originals]
            try:
                require_kept_endpoints(endpoints.values(), files, job.options.from_run)
                unpacked = unpacked_files(contract, early)
            finally:
                for each in uploads:
                    each.result()
                sources = [each.described() for each in originals]
                record.note({"sources": sources})

        if always_needs_spark:
            with record.step("start spark"):
                spark.session()
        with record.step("convert"):
            try:
                converted = converted_tables(unpacked, early)
            except PartsGone as gone:
                record.log("convert", f"{gone} Unpacking again.")
                contract = original_contract
                unpacked = unpacked_files(contract, None)
                converted = converted_tables(unpacked, None, gone.plans)
        for key, table in converted.items():
            log_converted(record, key, table)

        with record.step("check"):
            allow = job.options.allow | ({"frozen", "missing_columns"} if reset else set())
            staged = {key: table.staged(tables.object_names(key, table.uris)) for key, table in converted.items()}
            duplicates = find_duplicates(spark.session, staged, job.document)
            violations = violated_rules(spark, job, record, store, staged, allow)
            record.note_gates(
                check_gates(unpacked, converted, staged, duplicates, violations, published, job.document, allow)
            )
        record.require_time_to_publish()
        with record.step("publish"):
            records = contract.as_published({*names.tables, *(each.name for each in declared_endpoints)})
            metadata = {
                "document": document_hash(job.document),
                "sources": sources,
                **({"inputs": inputs} if names.inputs else {}),
                "records": records,
            }
            if source_date:
                metadata["source_date"] = source_date.isoformat()
            new = tables.publish(staged, metadata, published)
    record.note({"tables": described_tables(new, converted)})
    record.note_publication(new)
    # If this fails, the next run or a lifecycle rule of the bucket deletes the objects.
    with suppress(BotoCoreError, ClientError, OSError):
        store.delete(store.list(staging))
    tables.log_catalog(record, published, new)


def read_values(
    job: Job, record: RunRecord, store: Store, fetch: Fetch | None
) -> tuple[list[dict[str, Any]], dict[str, list[str]]]:
    """Return the inputs as entries of the run record, and the for_each values that come from tables, keyed by endpoint.

    With `from_run`, the inputs are copied from the record of that run, and no values are read.
    """
    if not job.names.inputs:
        return [], {}
    if job.options.from_run:
        inputs = stored_inputs(job.options.from_run, job.names, store)
        record.note({"inputs": inputs})
        return inputs, {}
    if fetch:
        return [], {}
    with record.step("inputs"):
        endpoints = endpoints_of(job.document)
        read, values = read_table_values(endpoints, job.names, store)
        used = {(each.for_each or {}).get("table") for each in endpoints}
        tables = {name: table for each in read for name, table in each.tables.items() if name in used}
        record.note_input_tables(tables)
        return note_inputs(read, record), values


def needs_spark(document: DatasetDocument) -> bool:
    """Whether every run of the dataset needs Spark, even if the source is small."""
    has_keys = "business_key" in document or "business_keys" in document
    return document.get("table_format") == "iceberg" or has_keys or has_rules(document)


def has_rules(document: DatasetDocument) -> bool:
    return bool(document.get("data_quality", {}).get("rules"))


def violated_rules(
    spark: BackgroundSpark,
    job: Job,
    record: RunRecord,
    store: Store,
    staged: Mapping[str, "StagedTable"],
    allowed: Collection[str],
) -> dict[str, list[str]]:
    """Check the rules in the document. Returns the rule violations, keyed by table."""
    if not has_rules(job.document):
        return {}

    from etl_runtime.publish.rules import CheckedTable, check_rules, declared_rules  # imports pyspark
    from etl_runtime.transform.inputs import register

    rules = declared_rules(job.document)
    checked = {key: CheckedTable(table, table.rows) for key, table in staged.items()}
    if not any(rule.to for rule in rules):
        return check_rules(spark.session(), checked, rules, (), record, allowed)
    inputs = read_inputs(job.names, store)
    register(spark.session(), inputs, f"s3://{job.names.bucket}/")
    try:
        input_tables = [name for each in inputs for name in each.tables]
        return check_rules(spark.session(), checked, rules, input_tables, record, allowed)
    finally:
        require_same_inputs(inputs, job.names, store)


def require_kept_endpoints(endpoints: Iterable[Endpoint], files: Sequence[Original], from_run: str) -> None:
    """Raise RunFailed if the originals of `from_run` do not include all endpoints of the document."""
    names = {each.name for each in files}
    if missing := [each.name for each in endpoints if each.file not in names]:
        kept = ", ".join(sorted(names))
        raise RunFailed(
            ErrorCode.ORIGINAL_NOT_FOUND,
            f"Run {from_run} has no original for the {with_names('endpoint', missing)}. It has originals for: {kept}. "
            "Set from_run to another run, or run without from_run.",
        )


def log_unchanged(record: RunRecord, published: Mapping[str, Any] | None) -> None:
    since = published["run_id"] if published else None
    record.note({"status": "unchanged", "unchanged_since": since})
    record.log(
        "fetch",
        f"the source is unchanged since run {since}, so the published tables are kept. "
        'To rebuild them, run with run_options {"force": true}',
    )


def log_fetched(record: RunRecord, originals: Sequence[KeptOriginal]) -> None:
    for kept in originals:
        original = kept.original
        origin = kept.raw if kept.is_stored else without_query(original.url)
        record.log("fetch", f"{origin}  {original.size / 1e3:,.0f} kB  sha256 {original.sha256[:12]}")


def log_converted(record: RunRecord, key: str, table: "ConvertedTable") -> None:
    columns, objects = plural(len(table.columns), "column"), plural(len(table.shards), "object")
    record.log("convert", f"{key}: {plural(table.rows, 'row')}, {columns}, {objects}")
    missing = [column.name for column in table.columns if column.source not in table.sources]
    if missing:
        record.log("convert", f"{key}: columns that are missing from the source are null: {', '.join(missing)}")
    if table.rescued():
        counts = ", ".join(f"{name} {count:,}" for name, count in table.rescued().items())
        record.log("convert", f"{key}: values that do not match their type are in meta_rescued: {counts}")


def described_tables(new: Mapping[str, Any], converted: Mapping[str, "ConvertedTable"]) -> list[dict[str, Any]]:
    return [
        {
            **table,
            "bounds": converted[key].bounds(),
            "rescued": converted[key].rescued(),
        }
        for key, table in new["tables"].items()
    ]
