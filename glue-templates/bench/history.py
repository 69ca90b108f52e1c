"""The cost of a history: merges 1,000,000 rows, 1 % of them changed, and compares this with a full rewrite of the rows.

    npx projen bench:history [--rows N] [--rounds N] [--changes random|clustered]

Plain rows and the history run as complete jobs, on Spark and the in-memory S3 emulator. The history that carries over
its unchanged objects (`carried`) is measured without the publication: the time of the other steps of the plain job is
added. Prints a line per round, then the medians, and their ratios to the plain job. CPU seconds are those of the job,
of Spark and of its Python workers, without the emulator.
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
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import gold_job
from bench.measure import descendants, process_usage
from etl_runtime.columns.names import RUN_ID
from etl_runtime.gold import run_gold
from etl_runtime.job.dataset_document import History
from etl_runtime.job.spark import start_spark
from etl_runtime.job.store import Store
from etl_runtime.transform.carried_history import CarriedHistory, carried_history
from etl_runtime.transform.history import ADDED, PublishedVersions
from etl_runtime.transform.inputs import published_rows
from etl_runtime.transform.write import Target
from spark_conf import configure_spark

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


class Carried:
    """A history that carries over its unchanged objects, without the job that publishes it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._published: tuple[CarriedHistory, dict[str, Any], datetime] | None = None
        self._runs = 0

    def run(self) -> CarriedHistory:
        spark = start_spark()
        table = self._store.read_json(f"s3://{BUCKET}/etl/customers/runs/gold/published.json")["tables"]["customers"]
        new = published_rows(spark, table, "gold", BUCKET).drop(RUN_ID)
        old, layout, at = None, None, datetime.now(UTC)
        if self._published:
            previous, previous_table, previous_at = self._published
            layout, old = previous.layout, PublishedVersions(previous_table, previous_at, 0, new)
        target = Target("carried", f"run-{self._runs}", self._store.region, f"s3://{BUCKET}/gold/carried/{self._runs}-")
        made = carried_history(HISTORY, new, old, layout, at, target, BUCKET)
        columns = table["columns"] + [{"name": name, "type": type_} for name, type_ in ADDED.items()]
        self._published, self._runs = (made, {"columns": columns}, at), self._runs + 1
        return made


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
    """The CPU time of this process and its descendants, without the emulator. Spark's Python workers are reused."""
    pids = [os.getpid(), *(pid for pid in descendants(os.getpid()) if pid not in NOT_MEASURED)]
    return sum(usage.cpu_seconds for pid in pids if (usage := process_usage(pid)))


NOT_MEASURED: set[int] = set()
"""The processes of the emulator."""
HISTORY: History = {"business_key": ["id"]}
VARIANTS = ("plain", "history", "carried")


def measure(rows: int, rounds: int, changes: str) -> None:
    store = Store()
    store.client.create_bucket(Bucket=BUCKET)
    carried = Carried(store)
    run(store, "customers", customers(0, rows, changes), [])
    run(store, "first", "SELECT * FROM pp_dw_gold.customers", ["customers"])  # warms up Spark
    run(store, "versions", "SELECT * FROM pp_dw_gold.customers", ["customers"], history=HISTORY)
    carried.run()
    print(f"{'round':<6}" + "".join(f" {name + unit:>12}" for name in VARIANTS for unit in (" s", " CPU s", " MB")))
    found: list[list[Measured]] = []
    for load in range(1, rounds + 1):
        run(store, "customers", customers(load, rows, changes), [])
        with measured() as plain:
            record = run(store, "plain", "SELECT * FROM pp_dw_gold.customers", ["customers"])
        plain.mb = record["tables"][0]["bytes"] / 1e6
        other_steps = plain.seconds - record["steps"]["make"]
        with measured() as history:
            record = run(store, "versions", "SELECT * FROM pp_dw_gold.customers", ["customers"], history=HISTORY)
        history.mb = record["tables"][0]["bytes"] / 1e6
        with measured() as new:
            made = carried.run()
        written = {uri.removeprefix(f"s3://{BUCKET}/") for uri in made.written.objects}
        new.mb = sum(each.bytes for each in made.layout.objects if each.file in written) / 1e6
        new.seconds += other_steps
        found.append([plain, history, new])
        print(f"{load:<6}" + _line(found[-1]), flush=True)
        print(f"       {dict(record['versions'])}; {record['steps']}")
        print(
            f"       {dict(made.written.actions)}; {len(made.layout.ranges)} ranges, {len(made.layout.ended)} objects "
            f"of ended versions; {len(made.written.objects)} objects written, {len(made.carried)} carried over"
        )
    medians = [
        Measured(*(statistics.median(getattr(each, name) for each in column) for name in ("seconds", "cpu", "mb")))
        for column in zip(*found, strict=True)
    ]
    print("median" + _line(medians))
    plain = medians[0]
    ratios = [Measured(each.seconds / plain.seconds, each.cpu / plain.cpu, each.mb / plain.mb) for each in medians]
    print("ratio " + _line(ratios))


def _line(row: Sequence[Measured]) -> str:
    return "".join(f" {each.seconds:>12.2f} {each.cpu:>12.2f} {each.mb:>12.2f}" for each in row)


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
        configure_spark(os.environ["AWS_ENDPOINT_URL"], os.environ["LAKE_JARS"], Path(folder))
        measure(arguments.rows, arguments.rounds, arguments.changes)
    emulator.stdin.close()
    emulator.wait(10)


if __name__ == "__main__":
    main()
