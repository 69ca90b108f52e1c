"""What a run tells CloudWatch at its end, where the lake asks for metrics."""

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config

LOG = logging.getLogger(__name__)

QUICK = Config(connect_timeout=5, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
"""A run does not wait long for its metrics."""


def publish_metrics(namespace: str, record: Mapping[str, Any], region: str) -> None:
    """Send a point of each metric that the run of this record got to, by dataset and layer.

    A failure never fails the run: a line in the log says so.
    """
    dimensions = [{"Name": "Dataset", "Value": record["dataset"]}, {"Name": "Layer", "Value": record["layer"]}]
    try:
        boto3.client("cloudwatch", region_name=region, config=QUICK).put_metric_data(
            Namespace=namespace,
            MetricData=[
                {"MetricName": name, "Value": value, "Unit": unit, "Dimensions": dimensions}
                for name, value, unit in _measured(record)
            ],
        )
    except Exception as error:
        LOG.info(f"not published: {type(error).__name__}: {error}", extra={"step": "metrics"})


def _measured(record: Mapping[str, Any]) -> Iterator[tuple[str, float, str]]:
    """Name, value and unit. What the run did not get to is left out: nothing published is not zero rows."""
    failed = record["status"] == "failed"
    yield "Runs", 1, "Count"
    yield "Failures", int(failed), "Count"
    yield "DurationSeconds", record["seconds"], "Seconds"
    if "gates" in record:
        yield "FailedGates", len(record["gates"]), "Count"
    if not failed:  # an unchanged source counts as fresh
        yield "PublishedAt", datetime.fromisoformat(record["finished_at"]).timestamp(), "Seconds"
    if "tables" in record:
        yield "Rows", sum(table["rows"] for table in record["tables"]), "Count"
        yield "Bytes", sum(table["bytes"] for table in record["tables"]), "Bytes"
        yield (
            "RescuedValues",
            sum(count for table in record["tables"] for count in table.get("rescued", {}).values()),
            "Count",
        )
