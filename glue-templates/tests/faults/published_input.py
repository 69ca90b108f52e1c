"""The origin of a gold dataset: a bronze table that is published with the code of the bronze job."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
from botocore.config import Config

from etl_runtime.job.arguments import Names, TableName
from etl_runtime.job.run_record import new_run_id
from etl_runtime.job.store import Store, split
from etl_runtime.publish.parquet_publication import publish
from etl_runtime.publish.publication import read_published
from etl_runtime.publish.recovery import recover
from etl_runtime.publish.staged import StagedTable
from faults.origin import Version
from faults.proxy import Action, Fault, Proxy, s3_kind

ARROW_NAMES = {"int64": "bigint", "string": "string"}


class PublishedInput:
    """Publishes the `rows` of a version in `objects` objects. {input} in the gold `query` is replaced by the table."""

    def __init__(
        self, endpoint: str, bucket: str, dataset: str, rows: Callable[[Version], pa.Table], query: str, objects: int
    ) -> None:
        self._rows = rows
        self._objects = objects
        self.proxy = Proxy(endpoint, s3_kind)
        client = boto3.client("s3", endpoint_url=self.proxy.url, config=Config(retries={"total_max_attempts": 1}))
        self._store = Store(client)
        name = f"{dataset}-input"
        self._table = name.replace("-", "_")
        self._names = Names(
            layer="bronze",
            dataset=name,
            bucket=bucket,
            job=f"pp-dw-bronze-{name}",
            crawler=f"pp-dw-bronze-{name}-crawler",
            database="pp_dw_bronze",
            raw=f"s3://{bucket}/raw/{name}/",
            staging=f"s3://{bucket}/staging/bronze/{name}/",
            runs=f"s3://{bucket}/etl/{name}/runs/bronze/",
            tables={self._table: TableName(self._table, f"s3://{bucket}/bronze/{name}/")},
            timeout_minutes=30,
        )
        self._query = f"s3://{bucket}/etl/{dataset}/glue/query.sql"
        self._store.write(self._query, query.format(input=f"pp_dw_bronze.{self._table}").encode())

    def names(self) -> dict[str, Any]:
        own_input = {
            "dataset": f"bronze/{self._names.dataset}",
            "database": self._names.database,
            "runs": self._names.runs,
        }
        return {"inputs": [own_input], "sql": self._query}

    def document(self) -> dict[str, Any]:
        return {"source_datasets": [f"bronze/{self._names.dataset}"], "sql": "query.sql"}

    def publish(self, version: Version) -> None:
        """Publish a version, after the publication of an interrupted run is completed."""
        recover(self._names, self._store)
        self._publish(version)

    def interrupt(self, version: Version, at: Fault) -> None:
        """Publish a version, interrupted by an outage of S3, which leaves the same objects as a killed run."""
        assert at.action == Action.OUTAGE
        self.proxy.inject(at)
        try:
            self._publish(version)
        except Exception:
            self.proxy.inject(None)
            return
        raise AssertionError("the publication was not interrupted")

    def close(self) -> None:
        self.proxy.close()

    def _publish(self, version: Version) -> None:
        run_id = new_run_id(datetime.now(UTC))
        rows = self._rows(version)
        columns = [{"name": field.name, "type": ARROW_NAMES[str(field.type)]} for field in rows.schema]
        meta = {"meta_run_id": pa.repeat(run_id, rows.num_rows), "meta_rescued": pa.nulls(rows.num_rows, pa.string())}
        for name, values in meta.items():
            rows = rows.append_column(name, values)
        size = -(-rows.num_rows // self._objects)
        parts = [rows.slice(start, size) for start in range(0, rows.num_rows, size)]
        names = (
            [f"{self._table}.parquet"]
            if len(parts) == 1
            else [f"{self._table}-{run_id}-{index:05}.parquet" for index in range(len(parts))]
        )
        objects = {name: f"{self._names.staging}run_id={run_id}/{name}" for name in names}
        sizes = [self._stage(part, uri, run_id) for part, uri in zip(parts, objects.values(), strict=True)]
        staged = {self._table: StagedTable(rows.num_rows, sum(sizes), columns, objects)}
        old = read_published(self._names, self._store)
        publish(staged, {"document": "", "sources": []}, old, self._names, run_id, self._store)

    def _stage(self, rows: pa.Table, uri: str, run_id: str) -> int:
        buffer = io.BytesIO()
        pq.write_table(rows, buffer)
        bucket, key = split(uri)
        self._store.client.put_object(Bucket=bucket, Key=key, Body=buffer.getvalue(), Metadata={"run-id": run_id})
        return buffer.tell()
