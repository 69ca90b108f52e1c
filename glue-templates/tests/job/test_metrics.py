"""What a run tells CloudWatch, against the emulator's: a point for each metric that it got to, and never a failure of its own."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from conftest import Answer, Dataset, Source

MakeDataset = Callable[..., Dataset]


def metrics_of(made: Dataset) -> dict[str, float]:
    """The sum of each metric's points, by name."""
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
    """A dataset of a lake with metrics."""
    made = dataset()
    made.names["metrics_namespace"] = "pp-dw"
    return made


def test_a_run_that_published_tells_all(measured: Dataset, source: Source) -> None:
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
        "FailedGates": 0,
        "PublishedAt": datetime.fromisoformat(record["finished_at"]).timestamp(),
        "Rows": 200,
        "Bytes": size,
        "RescuedValues": 0,
    }


def test_what_was_rescued_is_counted(measured: Dataset, source: Source) -> None:
    measured.run(source.serves("/x.csv", b"id\n" + b"1\n" * 100))
    before = metrics_of(measured)
    measured.run(source.serves("/x.csv", b"id\n" + b"1\n" * 98 + b"x\ny\n"), data_quality={"max_rescued_share": 0.5})
    assert metrics_of(measured)["RescuedValues"] - before["RescuedValues"] == 2


def test_a_run_that_failed_at_a_gate_tells_what_it_got_to(measured: Dataset, source: Source) -> None:
    measured.fails(
        source.serves("/x.csv", b"id\n1\n"), data_quality={"expected_record_count_min": 2, "required_columns": ["name"]}
    )
    assert {**metrics_of(measured), "DurationSeconds": 0} == {
        "Runs": 1,
        "Failures": 1,
        "DurationSeconds": 0,
        "FailedGates": 2,
    }


def test_a_run_that_found_no_file_tells_that_it_failed(measured: Dataset, source: Source) -> None:
    measured.fails(source.url)
    assert {**metrics_of(measured), "DurationSeconds": 0} == {"Runs": 1, "Failures": 1, "DurationSeconds": 0}


def test_an_unchanged_source_counts_as_fresh(measured: Dataset, source: Source) -> None:
    url = source.serves("/x.csv", Answer(b"id\n1\n", headers={"ETag": '"1"'}))
    measured.run(url)
    before = metrics_of(measured)
    record = measured.run(url)
    after = metrics_of(measured)
    assert record["status"] == "unchanged"
    assert (after["Runs"], after["Rows"], after["Failures"]) == (2, before["Rows"], 0)
    assert after["PublishedAt"] - before["PublishedAt"] == datetime.fromisoformat(record["finished_at"]).timestamp()


def test_without_a_namespace_there_are_no_metrics(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"id\n1\n"))
    made.names["metrics_namespace"] = "pp-dw"
    assert metrics_of(made) == {}


def test_metrics_that_cannot_be_published_fail_no_run(
    measured: Dataset, source: Source, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", "http://127.0.0.1:9")
    assert measured.run(source.serves("/x.csv", b"id\n1\n"))["status"] == "published"
    assert "metrics  not published: EndpointConnectionError: " in capsys.readouterr().out
