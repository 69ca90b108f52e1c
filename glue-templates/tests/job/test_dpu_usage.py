"""A run records the DPU-seconds of all workers or, with auto scaling, those of the driver and its executors."""

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from conftest import Dataset, Source
from etl_runtime.job import dpu_usage
from etl_runtime.job.arguments import Names
from etl_runtime.job.dpu_usage import dpu_seconds

MakeDataset = Callable[..., Dataset]

NAMES = Names(
    layer="bronze", dataset="x", bucket="b", job="j", database="d", staging="s", runs="r", tables={},
    timeout_minutes=30,
)  # fmt: skip

SCRIPT = """
import dataclasses, json, sys, time
from pyspark.sql import SparkSession
from etl_runtime.job.arguments import Names
from etl_runtime.job.dpu_usage import dpu_seconds

def wait_for(condition):
    end = time.monotonic() + 400
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)

before = time.time()
spark = (
    SparkSession.builder.master("local-cluster[2,1,1024]").config("spark.executor.memory", "512m")
    .config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1").getOrCreate()
)
context = spark.sparkContext._jsc.sc()
executors = lambda alive: context.statusStore().executorList(alive).size()
wait_for(lambda: executors(True) == 3)  # with the driver
ready = time.time()
time.sleep(2)
killing = time.time()
context.killExecutor("0")
wait_for(lambda: executors(True) == 2)
killed = time.time()
time.sleep(2)
names = Names(layer="bronze", dataset="x", bucket="b", job="j", database="d", staging="s", runs="r", tables={},
              timeout_minutes=30, auto_scaling=True, number_of_workers=100, dpu_per_worker=2)
least = time.time() - ready + killing - ready
usage = dpu_seconds(names, 100)
most = time.time() - before + killed - before
print(json.dumps({"least": least, "used": usage / 2 - 100, "most": most}))
spark.stop()
"""


def names_of(**workers: Any) -> Names:
    return dataclasses.replace(NAMES, **workers)


@pytest.mark.parametrize(
    ("workers", "seconds", "expected"),
    [
        ({"number_of_workers": 5, "dpu_per_worker": 2}, 90, 900),
        ({"number_of_workers": 2, "dpu_per_worker": 1}, 61.5, 123),
        pytest.param({"number_of_workers": 2, "dpu_per_worker": 1}, 20, 120, id="at least one minute"),
        pytest.param({}, 90, None, id="a job of an earlier version"),
        pytest.param({"auto_scaling": True}, 90, None, id="auto scaling without the number of workers"),
    ],
)
def test_without_auto_scaling_all_workers_are_billed_for_the_whole_run(
    workers: dict[str, Any], seconds: float, expected: float | None
) -> None:
    assert dpu_seconds(names_of(**workers), seconds) == expected


def test_executors_that_cannot_be_read_are_logged_and_all_workers_count(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def closed() -> float:
        raise ConnectionRefusedError

    monkeypatch.setattr(dpu_usage, "_executor_seconds", closed)
    with caplog.at_level("INFO"):
        assert dpu_seconds(names_of(auto_scaling=True, number_of_workers=5, dpu_per_worker=2), 90) == 900
    assert "Spark's list of executors cannot be read (ConnectionRefusedError)" in caplog.text


def test_the_usage_with_auto_scaling_is_at_most_that_of_all_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dpu_usage, "_executor_seconds", lambda: 1000.0)
    assert dpu_seconds(names_of(auto_scaling=True, number_of_workers=5, dpu_per_worker=2), 90) == 900


@pytest.mark.spark
def test_with_auto_scaling_executors_are_billed_for_their_lifetimes() -> None:
    """One executor is removed during the session, one is not."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=dict(os.environ), capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["least"] - 0.2 <= found["used"] <= found["most"] + 0.2


def test_a_published_run_and_a_failed_run_record_their_usage(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.names |= {"auto_scaling": False, "number_of_workers": 3, "dpu_per_worker": 4}
    made.run(source.serves("/x.csv", b"id\n1\n"))
    record = made.record()
    assert record["dpu_seconds"] == round(12 * max(60, record["seconds"]), 1)
    made.fails(f"{source.url}/missing")
    record = made.record()
    assert (record["status"], record["dpu_seconds"]) == ("failed", round(12 * max(60, record["seconds"]), 1))


def test_a_run_without_workers_records_no_usage(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"id\n1\n"))
    assert made.record()["dpu_seconds"] is None
