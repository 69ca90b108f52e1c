"""Runs jobs in a separate process, with Spark started beforehand.

    python job.py CONSTANTS      constants to set, as JSON: {"etl_runtime.read.split_records.PART_BYTES": 100}

Each line on standard input is a run: a JSON list of the layer and the arguments of its job. For each run, a line that
begins with `outcome ` is written to standard output: null, or the error with which the job ends.
"""

import importlib
import json
import os
import pkgutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import gold_job
from etl_runtime.bronze import run_bronze
from etl_runtime.gold import run_gold
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.spark import start_spark
from faults import quick_retries
from faults.proxy import CLIENT_TIMEOUT_SECONDS
from spark_conf import configure_spark, spark_settings

JOBS: dict[str, Callable[[list[str]], None]] = {
    "bronze": run_bronze,
    "gold": lambda argv: run_gold(argv, gold_job.transform),
}
CATALOG = "spark.sql.catalog.glue_catalog."
QUICK_RETRIES = {
    "spark.hadoop.fs.s3a.retry.interval": "10ms",
    "spark.hadoop.fs.s3a.retry.throttle.interval": "10ms",
    f"{CATALOG}s3.retry.min-wait-ms": "10",
    f"{CATALOG}s3.retry.max-wait-ms": "10",
    f"{CATALOG}http-client.urlconnection.socket-timeout-ms": str(CLIENT_TIMEOUT_SECONDS * 1000),
}
TASK_MODULES = ("etl_runtime.convert.task", "etl_runtime.transform.write")


def main() -> None:
    for name, value in json.loads(sys.argv[1]).items():
        owner, _, constant = name.rpartition(".")
        setattr(pkgutil.resolve_name(owner), constant, value)
    quick_retries.install()
    spark = {"spark.master": "local[2]", "spark.python.daemon.module": "faults.quick_daemon", **QUICK_RETRIES}
    configure_spark(
        spark_settings(
            os.environ["AWS_ENDPOINT_URL"],
            os.environ["LAKE_JARS"],
            Path(os.environ["TMPDIR"]),
            iceberg_jars=os.environ["LAKE_ICEBERG_JARS"],
            extra=spark,
        ),
        Path(os.environ["TMPDIR"]),
    )
    start_spark().sparkContext.parallelize([0], 1).map(
        lambda _: [importlib.import_module(name) for name in TASK_MODULES]
    ).count()
    report("ready")
    for line in sys.stdin:
        try:
            layer, *arguments = json.loads(line)
            JOBS[layer](["job.py", *arguments])
            report(None)
        except Exception as error:
            traceback.print_exc()
            report(f"{'' if isinstance(error, RunFailed) else type(error).__name__ + ': '}{error}")


def report(outcome: str | None) -> None:
    print(f"outcome {json.dumps(outcome)}", flush=True)


if __name__ == "__main__":
    main()
