"""The state of a table in the Glue Data Catalog, read without Spark."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.store import Store, with_retries

RUN_ID_PROPERTY = "medallion.run-id"
"""The property in a snapshot's summary that contains the run ID."""


@dataclass(frozen=True)
class CatalogTable:
    """A table in the Data Catalog. `metadata_location` is None if the table is not an Iceberg table."""

    metadata_location: str | None


class DataCatalog:
    """The tables in the Glue Data Catalog of a Region."""

    def __init__(self, region: str) -> None:
        self._region = region

    def table(self, database: str, name: str) -> CatalogTable | None:
        """The table, or None if it does not exist."""
        try:
            table = self._get_table(database, name)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "EntityNotFoundException":
                return None
            raise
        parameters = table.get("Parameters", {})
        is_iceberg = str(parameters.get("table_type", "")).upper() == "ICEBERG"
        return CatalogTable(parameters.get("metadata_location") if is_iceberg else None)

    @with_retries
    def _get_table(self, database: str, name: str) -> Mapping[str, Any]:
        try:
            response: Mapping[str, Any] = self._client.get_table(DatabaseName=database, Name=name)
        except ClientError as error:
            # If an error response is cut off, botocore uses its HTTP status code as the error code.
            code = str(error.response.get("Error", {}).get("Code"))
            if code.isdigit():
                raise ResponseParserError(
                    f"The response of GetTable for {database}.{name} has the status code {code} and is incomplete."
                ) from error
            raise
        if "Table" not in response:  # botocore raises no error if any other response is cut off
            raise ResponseParserError(f"The response of GetTable for {database}.{name} is incomplete.")
        table: Mapping[str, Any] = response["Table"]
        return table

    @cached_property
    def _client(self) -> Any:
        config = Config(retries={"mode": "standard", "max_attempts": 8})
        return boto3.client("glue", region_name=self._region, config=config)


def require_iceberg(table: CatalogTable | None, database: str, name: str) -> None:
    """Raise RunFailed if the table is in the Data Catalog, but is not an Iceberg table."""
    if table is not None and table.metadata_location is None:
        raise RunFailed(
            ErrorCode.TABLE_FORMAT_CONFLICT,
            f"{database}.{name} is in the Data Catalog, but is not an Iceberg table, because a crawler created it. "
            "Nothing was changed. To publish it as an Iceberg table, delete its entry in the Data Catalog (this "
            f"deletes no files): aws glue delete-table --database-name {database} --name {name}",
        )


def current_run(location: str | None, store: Store) -> str | None:
    """The ID of the run that committed the current snapshot, from the metadata file at `location`."""
    metadata = store.read_json(location) if location else None
    if metadata is None:
        return None
    snapshots = {each["snapshot-id"]: each for each in metadata.get("snapshots", [])}
    run_id: str | None = snapshots.get(metadata.get("current-snapshot-id"), {}).get("summary", {}).get(RUN_ID_PROPERTY)
    return run_id


def current_snapshot(location: str, store: Store) -> int | None:
    """The ID of the current snapshot in the metadata file at `location`, or None if it has no current snapshot."""
    id: int | None = (store.read_json(location) or {}).get("current-snapshot-id")
    return None if id == -1 else id
