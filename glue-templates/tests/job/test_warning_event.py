"""The event of a successful run with warnings. An archive in the emulator's EventBridge counts matching events."""

import json
import secrets
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from conftest import Dataset, Source
from etl_runtime.job.warning_event import MAX_WARNING_LENGTH, MAX_WARNINGS, event_detail, send_warnings

MakeDataset = Callable[..., Dataset]
Counted = Callable[[], int]
SOURCE = "medallion.pp-dw"
WARNS = {"rules": [{"condition": "id > 1", "severity": "warn"}, {"condition": "id < 9", "severity": "warn"}]}


def events_like(detail: dict[str, Any]) -> Counted:
    """Count the events about warnings with these values, from now on."""
    events: Any = boto3.client("events", region_name="us-east-1")
    name = f"archive-{secrets.token_hex(6)}"
    events.create_archive(
        ArchiveName=name,
        EventSourceArn=events.describe_event_bus()["Arn"],
        EventPattern=json.dumps(
            {
                "source": [SOURCE],
                "detail-type": ["Run Warnings"],
                "detail": {key: value if isinstance(value, list) else [value] for key, value in detail.items()},
            }
        ),
    )
    return lambda: int(events.describe_archive(ArchiveName=name)["EventCount"])


@pytest.fixture
def alerted(dataset: MakeDataset) -> Dataset:
    """A dataset whose runs with warnings send an event."""
    made = dataset()
    made.names["event_source"] = SOURCE
    return made


def test_a_successful_run_with_warnings_sends_one_event(alerted: Dataset, source: Source) -> None:
    all_events = events_like({"dataset": alerted.name})
    with_its_values = events_like({"layer": "bronze", "job": alerted.names["job"], "warning_count": 2})
    record = alerted.run(source.serves("/x.csv", b"id\n1\n10\n"), data_quality=WARNS)
    assert len(record["warnings"]) == 2
    assert (all_events(), with_its_values()) == (1, 1)


def test_the_event_has_the_run_and_its_warnings(alerted: Dataset, source: Source) -> None:
    all_events = events_like({"dataset": alerted.name})
    url = source.serves("/x.csv", b"id\n1\n10\n")
    record = alerted.run(url, data_quality=WARNS)
    with_its_values = events_like({"run_id": record["run_id"], "job_run_id": record["job_run_id"]})
    each = [events_like({"dataset": alerted.name, "warnings": [text]}) for text in record["warnings"]]
    send_warnings(SOURCE, alerted.names["job"], record, "us-east-1")
    assert (with_its_values(), [count() for count in each]) == (1, [1, 1])
    assert all_events() == 2


def test_a_run_without_warnings_sends_no_event(alerted: Dataset, source: Source) -> None:
    all_events = events_like({"dataset": alerted.name})
    alerted.run(source.serves("/x.csv", b"id\n1\n"))
    assert "warnings" not in alerted.run(source.serves("/x.csv", b"id\n2\n"), data_quality=WARNS)
    assert all_events() == 0


def test_a_failed_run_with_warnings_sends_no_event(alerted: Dataset, source: Source) -> None:
    all_events = events_like({"dataset": alerted.name})
    rules = {"rules": [*WARNS["rules"], {"condition": "id > 5", "name": "fails"}]}
    alerted.fails(source.serves("/x.csv", b"id\n1\n"), data_quality=rules)
    assert alerted.record()["status"] == "failed"
    assert alerted.record()["warnings"]
    assert all_events() == 0


def test_without_an_event_source_no_event_is_sent(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    all_events = events_like({"dataset": made.name})
    assert made.run(source.serves("/x.csv", b"id\n1\n"), data_quality=WARNS)["warnings"]
    assert all_events() == 0


def test_an_error_while_the_event_is_sent_does_not_fail_the_run(
    alerted: Dataset, source: Source, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_EVENTBRIDGE", "http://127.0.0.1:9")
    assert alerted.run(source.serves("/x.csv", b"id\n1\n"), data_quality=WARNS)["status"] == "published"
    assert "warnings the event was not sent: EndpointConnectionError: " in " ".join(capsys.readouterr().out.split())


def a_record(warnings: list[str]) -> dict[str, Any]:
    return {
        "job_run_id": "jr_0",
        "dataset": f"d-{secrets.token_hex(6)}",
        "layer": "gold",
        "run_id": "20261129T060000123Z-3f9a1c",
        "warnings": warnings,
    }


def test_an_event_that_eventbridge_rejects_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    send_warnings("aws.glue", "pp-dw-gold-d", a_record(["why"]), "us-east-1")
    assert "the event was not sent: NotAuthorizedForSourceException: " in caplog.text


def test_an_event_has_the_first_warnings_shortened_and_the_number_of_all() -> None:
    record = a_record([f"{number:03}" + "\U0001f600" * 5_000 for number in range(300)])
    last = events_like({"dataset": record["dataset"], "warnings": ["009" + "\U0001f600" * (MAX_WARNING_LENGTH - 3)]})
    beyond = events_like({"dataset": record["dataset"], "warnings": [{"prefix": f"{MAX_WARNINGS:03}"}]})
    counted = events_like({"dataset": record["dataset"], "warning_count": 300})
    send_warnings(SOURCE, "pp-dw-gold-d", record, "us-east-1")
    assert (last(), beyond(), counted()) == (1, 0, 1)


def test_the_longest_event_is_shorter_than_256_kb() -> None:
    detail = event_detail("pp-dw-gold-d", a_record(["\U0001f600" * 5_000] * 300))
    assert 100_000 < len(detail.encode()) < 150_000
