"""Benchmarks the publication of Parquet and Iceberg tables: seconds, and requests to S3 and Glue per object.

    npm run bench:publish -- [--objects 1,100,1000] [--rounds 3]

Writes objects in the same way as the tasks of a job, and publishes them twice: as the first publication, and as the
replacement of a publication. The seconds are only those of the publication, without the start of Spark.
"""

import argparse
import io
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import boto3
import pyarrow as pa
import pyarrow.parquet as pq

from bench.contenders.job import DATASET, names
from bench.request import BUCKET
from bench.servers import Store as Emulator
from bench.servers import set_environment, store
from etl_runtime.iceberg.data_file import data_file
from etl_runtime.iceberg.schema import TableColumn, arrow_schema, meta_columns, schema_json
from etl_runtime.job.arguments import Job, Names, RunOptions, TableName
from etl_runtime.job.spark import start_spark
from etl_runtime.job.store import Store
from etl_runtime.publish.publication import read_published
from etl_runtime.publish.staged import StagedTable
from etl_runtime.publish.tables import tables_of
from spark_conf import configure_spark, spark_settings

COLUMNS = [*(TableColumn(f"column_{number}", "bigint") for number in range(10)), *meta_columns()]
FORMATS = ("parquet", "iceberg")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="npm run bench:publish --", description="Measures the publication of objects in both table formats."
    )
    parser.add_argument("--objects", type=lambda text: [int(each) for each in text.split(",")], default=[1, 100, 1000])
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    set_environment()
    print(f"{'publication of':<30} {'format':<8} {'s':>6} {'calls':>6} {'per object':>10}   calls by kind")
    with store() as emulator, spark() as session:
        boto3.client("glue").create_database(DatabaseInput={"Name": names()["database"]})
        publication = 0
        for objects in arguments.objects:
            taken: dict[tuple[str, str], list[tuple[float, dict[str, int]]]] = {}
            for _ in range(arguments.rounds):
                for table_format in FORMATS:
                    dataset = f"{DATASET}_{publication}"
                    for what in ("objects, first time", "objects, replacement"):
                        publication += 1
                        run_id = f"20260101T{publication:09}Z-000000"
                        found = published(emulator, session, objects, run_id, dataset, table_format)
                        taken.setdefault((what, table_format), []).append(found)
            for (what, table_format), results in taken.items():
                calls = results[-1][1]
                total = sum(calls.values())
                kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(calls.items()))
                seconds = statistics.median(each for each, _ in results)
                print(
                    f"{f'{objects} {what}':<30} {table_format:<8} {seconds:>6.2f} {total:>6} {total / objects:>10.2f}"
                    f"   {kinds}",
                    flush=True,
                )


@contextmanager
def spark() -> Iterator[Any]:
    with TemporaryDirectory(prefix="medallion-bench-") as folder:
        configure_spark(
            spark_settings(
                os.environ["AWS_ENDPOINT_URL"],
                os.environ["LAKE_JARS"],
                Path(folder),
                iceberg_jars=os.environ["LAKE_ICEBERG_JARS"],
            ),
            Path(folder),
        )
        session = start_spark()
        yield session
        session.stop()


def published(
    emulator: Emulator, session: Any, objects: int, run_id: str, dataset: str, table_format: str
) -> tuple[float, dict[str, int]]:
    """Publish once. Returns the seconds and the requests of the publication."""
    s3, own = Store(), names()
    own |= {
        "dataset": dataset,
        "runs": f"s3://{BUCKET}/etl/{dataset}/runs/bronze/",
        "staging": f"s3://{BUCKET}/staging/bronze/{dataset}/",
        "tables": {dataset: TableName(dataset, f"s3://{BUCKET}/bronze/{dataset}/")},
    }
    document = cast(Any, {"dataset": dataset, "table_format": table_format})
    job = Job(document, Names(**own), RunOptions(), "jr_1")
    tables = tables_of(job, run_id, s3)
    with tables.writing(session):
        schema = tables.arrow_schema(dataset, COLUMNS) or arrow_schema(schema_json(COLUMNS))
        body, footer = parquet(schema, run_id)
        uris = [f"{tables.object_prefix(dataset, 0)}{index:05}.parquet" for index in range(objects)]
        for uri in uris:
            key = uri.removeprefix(f"s3://{BUCKET}/")
            s3.client.put_object(Bucket=BUCKET, Key=key, Body=body, Metadata={"run-id": run_id})
        entries = [data_file(uri, len(body), footer, schema) for uri in uris]
        columns = [{"name": each.name, "type": each.type} for each in COLUMNS]
        staged = StagedTable(
            objects * footer.num_rows,
            objects * len(body),
            columns,
            tables.object_names(dataset, uris),
            data_files=entries if table_format == "iceberg" else (),
        )
        old = read_published(job.names, s3)
        emulator.calls()
        started = time.monotonic()
        tables.publish({dataset: staged}, {"document": "", "sources": []}, old)
        taken = time.monotonic() - started
        calls: dict[str, int] = emulator.calls()["calls"]
    return taken, calls


def parquet(schema: pa.Schema, run_id: str) -> tuple[bytes, pq.FileMetaData]:
    rows = 1000
    numbers = pa.array(range(rows), pa.int64())
    columns = [numbers if pa.types.is_int64(each.type) else pa.repeat(run_id, rows) for each in schema]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, schema=schema), buffer)
    body = buffer.getvalue()
    return body, pq.read_metadata(io.BytesIO(body))


if __name__ == "__main__":
    main()
