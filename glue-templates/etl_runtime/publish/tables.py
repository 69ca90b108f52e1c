"""The tables of a run: where its tasks write objects, and how they are published. Each table format has its own
class."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from etl_runtime.iceberg.catalog_table import DataCatalog
from etl_runtime.job.arguments import Job, Names
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.run_record import RunRecord, recorded_tables
from etl_runtime.job.store import Store
from etl_runtime.job.table_schemas import changed_tables
from etl_runtime.publish import parquet_publication
from etl_runtime.publish.publication import intent_uri
from etl_runtime.publish.staged import StagedTable

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

    from etl_runtime.iceberg.schema import TableColumn


class Tables(Protocol):
    """The tables that a run writes and publishes."""

    def check(self, published: Mapping[str, Any] | None) -> None:
        """Raise RunFailed if the tables cannot be published in their format. The run calls this before any other
        work."""

    def is_current(self, published: Mapping[str, Any]) -> bool:
        """Whether readers see the publication in published.json."""

    def prepare(self, spark: "Callable[[], SparkSession]") -> object:
        """Start opening the catalog in the background, before it is needed. `spark` returns the session."""

    @property
    def is_open(self) -> bool:
        """Whether `arrow_schema` does not wait for the catalog. If the catalog cannot be opened, `arrow_schema` raises
        the error."""

    def writing(self, spark: "Callable[[], SparkSession]") -> AbstractContextManager[None]:
        """A context in which the driver and tasks write objects. If it ends without a publication, the existing objects
        are deleted, and the next publication deletes objects that are written later. The context opens the catalog in
        the background unless `prepare` has been called."""

    def existing_objects(self, key: str) -> list[str]:
        """The objects of a table that are visible to readers. There are none before the first publication."""

    def object_prefix(self, key: str, attempt: int) -> str:
        """The URI prefix of the objects of a table. A number and `.parquet` are appended.

        `attempt` is different each time the run writes the table.
        """

    def arrow_schema(self, key: str, columns: "Sequence[TableColumn]") -> "pa.Schema | None":
        """The Arrow schema that the objects must have, or None if their writer may choose one.

        If the method is called again for a table, the last call determines what is published."""

    def object_names(self, key: str, uris: Sequence[str]) -> dict[str, str]:
        """The URIs of the written objects, keyed by their names in the table's folder."""

    def publish(
        self, staged: Mapping[str, StagedTable], metadata: Mapping[str, Any], old: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """Publish the tables. Returns the content of published.json."""

    def rollback(self, run_id: str, published: Mapping[str, Any] | None, spark: "SparkSession") -> dict[str, Any]:
        """Make the publication of an earlier run current again. Returns the content of published.json."""

    def log_catalog(self, record: RunRecord, old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> None:
        """Log whether the Data Catalog has the published schema. If it does not, also log the command that updates it.
        `old` and `new` are the previous and the new content of published.json."""


def tables_of(job: Job, run_id: str, store: Store) -> Tables:
    """The tables of the dataset in its table format."""
    if job.document.get("table_format") == "iceberg":
        # Not imported by other jobs, because it imports pyspark, which takes 0.2 s.
        from etl_runtime.publish.iceberg_tables import IcebergTables

        return IcebergTables(job, run_id, store)
    return ParquetTables(job.names, run_id, store)


def roll_back(
    job: Job, record: RunRecord, tables: Tables, published: Mapping[str, Any] | None, spark: "SparkSession"
) -> None:
    """Perform a run with the run option rollback_to, which only restores an earlier publication."""
    record.require_time_to_publish()
    with record.step("publish"):
        earlier = tables.rollback(job.options.rollback_to, published, spark)
    record.note({"rolled_back_to": earlier["run_id"], **recorded_tables(earlier)})
    record.log(
        "publish",
        f"the publication of run {earlier['run_id']} is current again. The next run publishes the state of the source "
        "or the inputs again. Disable the schedule until they are correct",
    )


class ParquetTables:
    """Tables that a crawler adds to the Data Catalog. Tasks write to staging; the publication copies the objects."""

    def __init__(self, names: Names, run_id: str, store: Store) -> None:
        self._names = names
        self._run_id = run_id
        self._store = store

    def check(self, published: Mapping[str, Any] | None) -> None:
        intent = self._store.read_json(intent_uri(self._names)) or {}
        was_iceberg = any(
            (each or {}).get("table_format") == "iceberg" for each in (published, intent.get("published"))
        )
        if not was_iceberg and not self._store.list(f"{self._names.runs}writing/"):
            return
        catalog = DataCatalog(self._store.region)
        for table in self._names.tables.values():
            found = catalog.table(self._names.database, table.name)
            if found is not None and found.metadata_location is not None:
                raise RunFailed(
                    ErrorCode.TABLE_FORMAT_CONFLICT,
                    f"{self._names.database}.{table.name} is an Iceberg table in the Data Catalog, but the dataset now "
                    "has the table format parquet. Nothing was changed. Delete the table from the Data Catalog (this "
                    "does not delete files), run again, and then start the crawler. To delete the table: "
                    f"aws glue delete-table --database-name {self._names.database} --name {table.name}",
                )

    def is_current(self, published: Mapping[str, Any]) -> bool:
        return published.get("table_format") != "iceberg"

    def prepare(self, spark: "Callable[[], SparkSession]") -> None:
        pass

    @property
    def is_open(self) -> bool:
        return True

    @contextmanager
    def writing(self, spark: "Callable[[], SparkSession]") -> Iterator[None]:
        yield  # the run deletes its objects in staging when it ends

    def existing_objects(self, key: str) -> list[str]:
        return self._store.list(self._names.tables[key].location)

    def object_prefix(self, key: str, attempt: int) -> str:
        return f"{self._names.staging}run_id={self._run_id}/tables/{attempt}/{key}-"

    def arrow_schema(self, key: str, columns: "Sequence[TableColumn]") -> None:
        return None

    def object_names(self, key: str, uris: Sequence[str]) -> dict[str, str]:
        """If a table has a single object, its name is the same in every run, so that S3 replaces the table
        atomically."""
        if len(uris) == 1:
            return {f"{key}.parquet": uris[0]}
        return {f"{key}-{self._run_id}-{index:05}.parquet": uri for index, uri in enumerate(uris)}

    def publish(
        self, staged: Mapping[str, StagedTable], metadata: Mapping[str, Any], old: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        return parquet_publication.publish(staged, metadata, old, self._names, self._run_id, self._store)

    def rollback(self, run_id: str, published: Mapping[str, Any] | None, spark: "SparkSession") -> dict[str, Any]:
        raise RunFailed(
            ErrorCode.RUN_OPTIONS_INVALID,
            f"run_options.rollback_to is supported for Iceberg tables only. {self._names.dataset} has Parquet tables, "
            "of which only the current publication exists. To rebuild the tables of a bronze dataset from the original "
            f'files of that run, run with run_options {{"from_run": "{run_id}"}}. To rebuild a silver or gold dataset, '
            "rebuild its inputs in this way, then run the dataset.",
        )

    def log_catalog(self, record: RunRecord, old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> None:
        """Log whether the crawler has to run. The job never starts the crawler: a person or a pipeline does, so that
        the job needs no permission to start it."""
        changed = changed_tables(old, new)
        if changed:
            tables = ", ".join(new["tables"][key]["name"] for key in changed)
            what = (
                f"the schema of {tables} changed since the previous publication"
                if old
                else f"the Data Catalog does not contain {tables} yet"
            )
            record.log("crawl", f"{what}. In AWS, run: aws glue start-crawler --name {self._names.crawler}")
        else:
            record.log("crawl", "the crawler does not need to run: the schema is unchanged since the last publication")
