"""The cost of a history: merges 1,000,000 rows, 1 % of them changed, and compares this with a full rewrite of the rows.

    npx projen bench:history [--rows N] [--rounds N]

Both run the complete job, on Spark and the in-memory S3 emulator. Prints a line per round, then the medians and their
ratio.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import gold_job
from bench.measure import descendants, process_usage
from etl_runtime.gold import run_gold
from etl_runtime.job.store import Store
from spark_conf import configure_spark

BUCKET = "pp-dw-123456789012"
CUSTOMERS = """
    SELECT id, concat('Customer ', id) AS name, concat(id % 977, ' Main Street') AS street,
           concat('City ', id % 4999) AS city,
           IF(id % 100 = 0, concat('changed ', {load}), concat('segment ', id % 7)) AS segment,
           date_add(DATE'2000-01-01', int(id % 9000)) AS since, CAST(id % 100000 / 100 AS DECIMAL(10,2)) AS balance,
           IF(id % 3 = 0, NULL, sha1(string(id))) AS token
    FROM range(0, {rows}, 1, 4)
"""  # noqa: S608


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
class PeakMemory:
    """The peak memory in MB: of the JVM, and of all other processes together."""

    jvm: float = 0
    python: float = 0


@contextmanager
def peak_memory() -> Iterator[PeakMemory]:
    """Measure the memory of this process and its descendants ten times a second."""
    peak, stop = PeakMemory(), threading.Event()

    def sample() -> None:
        while not stop.wait(0.1):
            sizes = {"java": 0.0, "python": 0.0}
            for pid in (os.getpid(), *descendants(os.getpid())):
                if usage := process_usage(pid):
                    sizes["java" if usage.name == "java" else "python"] += usage.current_mb
            peak.jvm, peak.python = max(peak.jvm, sizes["java"]), max(peak.python, sizes["python"])

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


def measure(rows: int, rounds: int) -> None:
    store = Store()
    store.client.create_bucket(Bucket=BUCKET)
    history = {"business_key": ["id"]}
    run(store, "customers", CUSTOMERS.format(load=0, rows=rows), [])
    run(store, "first", "SELECT * FROM pp_dw_gold.customers", ["customers"])  # warms up Spark
    run(store, "versions", "SELECT * FROM pp_dw_gold.customers", ["customers"], history=history)
    print(f"{'round':<6} {'plain s':>8} {'history s':>10} {'ratio':>6} {'plain MB':>9} {'history MB':>11}   changes")
    seconds: list[tuple[float, float]] = []
    for load in range(1, rounds + 1):
        run(store, "customers", CUSTOMERS.format(load=load, rows=rows), [])
        with peak_memory() as rewrite_peak:
            started = time.monotonic()
            run(store, "plain", "SELECT * FROM pp_dw_gold.customers", ["customers"])
            plain = time.monotonic() - started
        with peak_memory() as history_peak:
            started = time.monotonic()
            record = run(store, "versions", "SELECT * FROM pp_dw_gold.customers", ["customers"], history=history)
            seconds.append((plain, time.monotonic() - started))
        changes = ", ".join(f"{change} {count:,}" for change, count in record["versions"].items())
        print(
            f"{load:<6} {plain:>8.1f} {seconds[-1][1]:>10.1f} {seconds[-1][1] / plain:>6.2f} "
            f"{rewrite_peak.jvm + rewrite_peak.python:>9.0f} {history_peak.jvm + history_peak.python:>11.0f}   "
            f"{changes}; {record['steps']}",
            flush=True,
        )
    plain, with_history = (statistics.median(each) for each in zip(*seconds, strict=True))
    print(f"median {plain:>8.1f} {with_history:>10.1f} {with_history / plain:>6.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Compares a history with a full rewrite.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    script = Path(__file__).parent.parent / "local_glue" / "emulator.py"
    emulator = subprocess.Popen(
        [os.environ["LAKE_PYTHON"], script, "--memory"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert emulator.stdin and emulator.stdout
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
        measure(arguments.rows, arguments.rounds)
    emulator.stdin.close()
    emulator.wait(10)


if __name__ == "__main__":
    main()
