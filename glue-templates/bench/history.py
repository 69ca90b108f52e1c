"""Benchmarks a history: the merge of 1,000,000 rows, of which 1% have changed, against a full rewrite of the rows.

    npx projen bench:history [--rows N] [--rounds N] [--changes random|clustered]

Each round runs three complete jobs on Spark and the in-memory emulator of S3 and Glue: a rewrite of the plain rows, a
history in a Parquet table, and a history in an Iceberg table, which keeps unchanged objects. Prints a line per round,
then the medians and their ratios to the plain job. CPU seconds include the job, Spark and its Python workers, but not
the emulator.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import boto3

import gold_job
from bench.measure import descendants, process_usage
from etl_runtime.gold import run_gold
from etl_runtime.job.dataset_document import History
from etl_runtime.job.store import Store
from spark_conf import configure_spark, spark_settings

BUCKET = "pp-dw-123456789012"
CUSTOMERS = """
    SELECT id, concat('Customer ', id) AS name, concat(id % 977, ' Main Street') AS street,
           concat('City ', id % 4999) AS city,
           IF({changed}, concat('changed ', {load}), concat('segment ', id % 7)) AS segment,
           date_add(DATE'2000-01-01', int(id % 9000)) AS since, CAST(id % 100000 / 100 AS DECIMAL(10,2)) AS balance,
           IF(id % 3 = 0, NULL, sha1(string(id))) AS token
    FROM range(0, {rows}, 1, 4)
"""  # noqa: S608


CHANGES = {"random": "hash(id) % 100 = 0", "clustered": "id BETWEEN {rows} DIV 3 AND {rows} DIV 3 + {rows} DIV 100 - 1"}


def customers(load: int, rows: int, changes: str) -> str:
    return CUSTOMERS.format(load=load, rows=rows, changed=CHANGES[changes].format(load=load, rows=rows))


def names(dataset: str, inputs: list[str]) -> dict[str, Any]:
    root = f"s3://{BUCKET}/"

    def runs(of: str) -> str:
        return f"{root}etl/{of}/runs/gold/"

    return {
        "layer": "gold",
        "dataset": dataset,
        "bucket": BUCKET,
        "job": dataset,
        "crawler": dataset,
        "database": "pp_dw_gold",
        "staging": f"{root}staging/gold/{dataset}/",
        "runs": runs(dataset),
        "tables": {dataset: {"name": dataset, "location": f"{root}gold/{dataset}/"}},
        "timeout_minutes": 60,
        "inputs": [{"dataset": f"gold/{each}", "database": "pp_dw_gold", "runs": runs(each)} for each in inputs],
        "sql": f"{root}etl/{dataset}/glue/query.sql",
    }


def run(store: Store, dataset: str, sql: str, inputs: list[str], **document: Any) -> dict[str, Any]:
    """Run the job once. Returns the run record."""
    own = names(dataset, inputs)
    store.write(own["sql"], sql.encode())
    uri = f"s3://{BUCKET}/etl/{dataset}/glue/gold.json"
    store.write_json(
        uri,
        {
            "dataset": dataset,
            "data_size_category": "small",
            "source_datasets": [f"gold/{each}" for each in inputs],
            "sql": "query.sql",
            **document,
        },
    )
    arguments = {
        "JOB_NAME": dataset,
        "dataset_config": uri,
        "names": json.dumps(own),
        "run_options": '{"allow": ["shrink"]}',
    }
    with redirect_stdout(StringIO()):
        run_gold(["gold_job.py", *(f"--{name}={value}" for name, value in arguments.items())], gold_job.transform)
    record: dict[str, Any] = store.read_json(store.list(f"{own['runs']}run_id=")[-1])
    return record


@dataclass
class Measured:
    """The seconds and CPU seconds of a run, and the MB that it has written."""

    seconds: float = 0
    cpu: float = 0
    mb: float = 0


@contextmanager
def measured() -> Iterator[Measured]:
    found = Measured()
    started, cpu = time.monotonic(), cpu_seconds()
    yield found
    found.seconds, found.cpu = time.monotonic() - started, cpu_seconds() - cpu


def cpu_seconds() -> float:
    """The CPU time of this process and its descendants, such as the Python workers of Spark, without the emulator."""
    pids = [os.getpid(), *(pid for pid in descendants(os.getpid()) if pid not in NOT_MEASURED)]
    return sum(usage.cpu_seconds for pid in pids if (usage := process_usage(pid)))


NOT_MEASURED: set[int] = set()
"""The processes of the emulator."""
HISTORY: History = {"business_key": ["id"]}
VARIANTS = ("plain", "parquet", "iceberg")
COPY = "SELECT * FROM pp_dw_gold.customers"


def measure(rows: int, rounds: int, changes: str) -> None:
    store = Store()
    store.client.create_bucket(Bucket=BUCKET)
    boto3.client("glue").create_database(DatabaseInput={"Name": "pp_dw_gold"})
    run(store, "customers", customers(0, rows, changes), [])
    documents: dict[str, dict[str, Any]] = {
        "plain": {},
        "parquet": {"history": HISTORY},
        "iceberg": {"history": HISTORY, "table_format": "iceberg"},
    }
    for variant in VARIANTS:  # the first publications, which also warm up Spark
        run(store, variant, COPY, ["customers"], **documents[variant])
    print(f"{'round':<6}" + "".join(f" {name + unit:>14}" for name in VARIANTS for unit in (" s", " CPU s", " MB")))
    found: list[list[Measured]] = []
    for load in range(1, rounds + 1):
        run(store, "customers", customers(load, rows, changes), [])
        row, steps = [], []
        for variant in VARIANTS:
            with measured() as each:
                record = run(store, variant, COPY, ["customers"], **documents[variant])
            each.mb = written_mb(store, variant, record["run_id"])
            row.append(each)
            steps.append(f"       {variant}: {record.get('versions', {})}; {record['steps']}")
        found.append(row)
        print("\n".join([f"{load:<6}{_line(row)}", *steps]), flush=True)
    medians = [
        Measured(*(statistics.median(getattr(each, name) for each in column) for name in ("seconds", "cpu", "mb")))
        for column in zip(*found, strict=True)
    ]
    print("median" + _line(medians))
    plain = medians[0]
    ratios = [Measured(each.seconds / plain.seconds, each.cpu / plain.cpu, each.mb / plain.mb) for each in medians]
    print("ratio " + _line(ratios))


def written_mb(store: Store, dataset: str, run_id: str) -> float:
    """The size of the objects that a run has written to its table."""
    pages = store.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"gold/{dataset}/")
    objects = [each for page in pages for each in page.get("Contents", [])]
    of_run = [each for each in objects if run_id in each["Key"]] or objects  # a single Parquet object has no run ID
    return sum(each["Size"] for each in of_run if each["Key"].endswith(".parquet")) / 1e6


def _line(row: Sequence[Measured]) -> str:
    return "".join(f" {each.seconds:>14.2f} {each.cpu:>14.2f} {each.mb:>14.2f}" for each in row)


def main() -> None:
    parser = argparse.ArgumentParser(description="Compares a history with a full rewrite.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--changes", choices=CHANGES, default="random")
    arguments = parser.parse_args()
    script = Path(__file__).parent.parent / "local_glue" / "emulator.py"
    emulator = subprocess.Popen(
        [os.environ["LAKE_PYTHON"], script, "--memory"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert emulator.stdin and emulator.stdout
    NOT_MEASURED.add(emulator.pid)
    os.environ |= {
        "AWS_ENDPOINT_URL": emulator.stdout.readline().strip(),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    with tempfile.TemporaryDirectory(prefix="medallion-bench-") as folder:
        configure_spark(
            spark_settings(
                os.environ["AWS_ENDPOINT_URL"],
                os.environ["LAKE_JARS"],
                Path(folder),
                iceberg_jars=os.environ["LAKE_ICEBERG_JARS"],
            ),
            Path(folder),
        )
        measure(arguments.rows, arguments.rounds, arguments.changes)
    emulator.stdin.close()
    emulator.wait(10)


if __name__ == "__main__":
    main()
