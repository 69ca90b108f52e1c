"""A job in a process of its own, with Spark started before it is told to run.

    python job.py LAYER CONSTANTS      what to set before, as JSON: {"etl_runtime.pieces.PART_BYTES": 100}

Each line on standard input is a run: the arguments of the job, as a JSON list. Each is answered by a line on standard output that begins
with `outcome `: null, or the error that would end the job with exit code 1.
"""

import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import bronze_job
import gold_job
from etl_runtime.errors import RunFailed
from etl_runtime.gold import run_gold
from etl_runtime.spark import start_spark
from faults import quick_retries
from spark_conf import configure_spark

JOBS: dict[str, Callable[[list[str]], None]] = {"bronze": bronze_job.main, "gold": lambda argv: run_gold(argv, gold_job.transform)}
WORKERS = {"bronze": "etl_runtime.convert", "gold": "etl_runtime.write"}  # what runs in Spark's tasks


def main() -> None:
    layer, constants = sys.argv[1:]
    for name, value in json.loads(constants).items():
        module, _, constant = name.rpartition(".")
        setattr(importlib.import_module(module), constant, value)
    quick_retries.install()
    spark = {"spark.master": "local[2]", "spark.python.daemon.module": "faults.quick_daemon"}
    configure_spark(os.environ["AWS_ENDPOINT_URL"], os.environ["LAKE_JARS"], Path(os.environ["TMPDIR"]), extra=spark)
    start_spark().sparkContext.parallelize([0], 1).map(lambda _: importlib.import_module(WORKERS[layer])).count()
    answer("ready")
    for line in sys.stdin:
        try:
            JOBS[layer](["job.py", *json.loads(line)])
            answer(None)
        except Exception as error:
            traceback.print_exc()
            answer(f"{'' if isinstance(error, RunFailed) else type(error).__name__ + ': '}{error}")


def answer(outcome: str | None) -> None:
    print(f"outcome {json.dumps(outcome)}", flush=True)


if __name__ == "__main__":
    main()
