"""The jobs in a process of their own, with Spark started before they are told to run.

    python job.py CONSTANTS      what to set before, as JSON: {"etl_runtime.read.split_records.PART_BYTES": 100}

Each line on standard input is a run: the layer, and the arguments of its job, as a JSON list. Each is answered by a line on standard output that begins
with `outcome `: null, or the error that would end the job with exit code 1.
"""

import importlib
import json
import os
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
from spark_conf import configure_spark

JOBS: dict[str, Callable[[list[str]], None]] = {
    "bronze": run_bronze,
    "gold": lambda argv: run_gold(argv, gold_job.transform),
}
QUICK_RETRIES = {"spark.hadoop.fs.s3a.retry.interval": "10ms", "spark.hadoop.fs.s3a.retry.throttle.interval": "10ms"}
OF_TASKS = ("etl_runtime.convert.task", "etl_runtime.transform.write")  # what runs in Spark's tasks


def main() -> None:
    for name, value in json.loads(sys.argv[1]).items():
        module, _, constant = name.rpartition(".")
        setattr(importlib.import_module(module), constant, value)
    quick_retries.install()
    spark = {"spark.master": "local[2]", "spark.python.daemon.module": "faults.quick_daemon", **QUICK_RETRIES}
    configure_spark(os.environ["AWS_ENDPOINT_URL"], os.environ["LAKE_JARS"], Path(os.environ["TMPDIR"]), extra=spark)
    start_spark().sparkContext.parallelize([0], 1).map(
        lambda _: [importlib.import_module(name) for name in OF_TASKS]
    ).count()
    answer("ready")
    for line in sys.stdin:
        try:
            layer, *arguments = json.loads(line)
            JOBS[layer](["job.py", *arguments])
            answer(None)
        except Exception as error:
            traceback.print_exc()
            answer(f"{'' if isinstance(error, RunFailed) else type(error).__name__ + ': '}{error}")


def answer(outcome: str | None) -> None:
    print(f"outcome {json.dumps(outcome)}", flush=True)


if __name__ == "__main__":
    main()
