"""The CloudWatch metrics of a run, in the emulator's CloudWatch: each metric has one data point per run."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from conftest import Dataset, Response, Source

MakeDataset = Callable[..., Dataset]


def metrics_of(made: Dataset) -> dict[str, float]:
    """The sum of the data points of each metric, keyed by name."""
    cloudwatch: Any = boto3.client("cloudwatch", region_name="us-east-1")
    now = datetime.now(UTC)
    found: dict[str, float] = {}
    for metric in cloudwatch.list_metrics(Namespace=made.names["metrics_namespace"])["Metrics"]:
        if {"Name": "Dataset", "Value": made.name} not in metric["Dimensions"]:
            continue
        points = cloudwatch.get_metric_statistics(
            Namespace=metric["Namespace"], MetricName=metric["MetricName"], Dimensions=metric["Dimensions"],
            StartTime=now - timedelta(hours=1), EndTime=now + timedelta(hours=1), Period=7200, Statistics=["Sum"],
        )["Datapoints"]  # fmt: skip
        found[metric["MetricName"]] = sum(point["Sum"] for point in points)
    return found


@pytest.fixture
def measured(dataset: MakeDataset) -> Dataset:
    """A dataset in a lake with metrics."""
    made = dataset()
    made.names |= {"metrics_namespace": "pp-dw", "number_of_workers": 2, "dpu_per_worker": 1}
    return made


def test_a_published_run_sends_all_metrics(measured: Dataset, source: Source) -> None:
    rows = b"id\n" + b"".join(b"%d\n" % number for number in range(200))
    measured.run(source.serves("/x.csv", rows))
    record = measured.record()
    size = sum(
        len(measured.store.read(f"s3://{measured.names['bucket']}/{file}") or b"")
        for file in record["tables"][0]["files"]
    )
    assert metrics_of(measured) == {
        "Runs": 1,
        "Failures": 0,
        "DurationSeconds": record["seconds"],
        "DpuSeconds": record["dpu_seconds"],
        "FailedGates": 0,
        "PublishedAt": datetime.fromisoformat(record["finished_at"]).timestamp(),
        "Rows": 200,
        "Bytes": size,
        "RescuedValues": 0,
    }


def test_rescued_values_are_counted(measured: Dataset, source: Source) -> None:
    measured.run(source.serves("/x.csv", b"id\n" + b"1\n" * 100))
    before = metrics_of(measured)
    measured.run(source.serves("/x.csv", b"id\n" + b"1\n" * 98 + b"x\ny\n"), data_quality={"max_rescued_share": 0.5})
    assert metrics_of(measured)["RescuedValues"] - before["RescuedValues"] == 2


def test_warnings_of_a_dataset_with_rules_are_counted(measured: Dataset, source: Source) -> None:
    rules = [{"condition": "id > 1", "severity": "warn"}, {"not_null": "id"}]
    measured.run(source.serves("/x.csv", b"id\n1\n"), data_quality={"rules": rules})
    assert metrics_of(measured)["Warnings"] == 1


def test_a_run_that_fails_a_gate_sends_the_metrics_of_the_steps_that_it_reached(
    measured: Dataset, source: Source
) -> None:
    measured.fails(
        source.serves("/x.csv", b"id\n1\n"), data_quality={"expected_record_count_min": 2, "required_columns": ["name"]}
    )
    assert {**metrics_of(measured), "DurationSeconds": 0} == {
        "Runs": 1,
        "Failures": 1,
        "DurationSeconds": 0,
        "DpuSeconds": measured.record()["dpu_seconds"],
        "FailedGates": 2,
    }


def test_a_run_without_a_file_sends_a_failure(measured: Dataset, source: Source) -> None:
    measured.fails(source.url)
    usage = measured.record()["dpu_seconds"]
    assert {**metrics_of(measured), "DurationSeconds": 0} == {
        "Runs": 1,
        "Failures": 1,
        "DurationSeconds": 0,
        "DpuSeconds": usage,
    }


def test_a_run_with_an_unchanged_source_updates_published_at(measured: Dataset, source: Source) -> None:
    url = source.serves("/x.csv", Response(b"id\n1\n", headers={"ETag": '"1"'}))
    measured.run(url)
    before = metrics_of(measured)
    record = measured.run(url)
    after = metrics_of(measured)
    assert record["status"] == "unchanged"
    assert (after["Runs"], after["Rows"], after["Failures"]) == (2, before["Rows"], 0)
    assert after["PublishedAt"] - before["PublishedAt"] == datetime.fromisoformat(record["finished_at"]).timestamp()


def test_without_a_namespace_no_metrics_are_sent(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"id\n1\n"))
    made.names["metrics_namespace"] = "pp-dw"
    assert metrics_of(made) == {}


def test_an_error_while_metrics_are_sent_does_not_fail_the_run(
    measured: Dataset, source: Source, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", "http://127.0.0.1:9")
    assert measured.run(source.serves("/x.csv", b"id\n1\n"))["status"] == "published"
    assert "metrics  the metrics were not sent: EndpointConnectionError: " in capsys.readouterr().out
