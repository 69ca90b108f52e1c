"""Runs all tests in one Spark session."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from etl_runtime.job.spark import start_spark
from sql_tests.check import run_test
from sql_tests.dataset_transform import DatasetTransform
from sql_tests.record import RecordingProblem, record
from sql_tests.request import Request

Send = Callable[[dict[str, Any]], None]


def run(raw: Mapping[str, Any], files: Sequence[Mapping[str, bytes]], send: Send, started: float) -> None:
    """Run the tests of the request, and send the result of each. `files` contains the deployed files of each
    dataset."""
    request = Request.of(raw)
    start_spark()
    send({"started": round(time.monotonic() - started, 2)})
    transforms = []
    for number, (dataset, deployed) in enumerate(zip(request.datasets, files, strict=True)):
        folder = request.work / f"dataset-{number}"
        folder.mkdir()
        transforms.append(DatasetTransform(dataset.script, dataset.arguments, deployed, folder))
    if request.record is not None:
        try:
            send(
                {"recorded": record(transforms[0], request.datasets[0].tables, request.record, request.work / "record")}
            )
        except RecordingProblem as error:
            send({"error": str(error)})
        return
    for test in request.tests:
        folder = request.work / f"test-{test.id}"
        send(run_test(test, transforms[test.dataset], request.datasets[test.dataset].tables, folder))
