"""The CloudWatch metrics of a run. The run sends them when it ends, if metrics are enabled for the lake."""

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config

LOG = logging.getLogger(__name__)

CLIENT_CONFIG = Config(connect_timeout=5, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
"""The timeouts are short, because a slow CloudWatch or EventBridge must not delay the end of a run."""


def publish_metrics(namespace: str, record: Mapping[str, Any], region: str) -> None:
    """Send one data point per metric of this run, with the dimensions Dataset and Layer.

    An error is logged and does not fail the run.
    """
    dimensions = [{"Name": "Dataset", "Value": record["dataset"]}, {"Name": "Layer", "Value": record["layer"]}]
    try:
        boto3.client("cloudwatch", region_name=region, config=CLIENT_CONFIG).put_metric_data(
            Namespace=namespace,
            MetricData=[
                {"MetricName": name, "Value": value, "Unit": unit, "Dimensions": dimensions}
                for name, value, unit in _data_points(record)
            ],
        )
    except Exception as error:
        LOG.info(f"the metrics were not sent: {type(error).__name__}: {error}", extra={"step": "metrics"})


def _data_points(record: Mapping[str, Any]) -> Iterator[tuple[str, float, str]]:
    """Yield the name, value and unit of each data point. A step that the run did not reach has no data points, because
    a value of zero would be wrong."""
    failed = record["status"] == "failed"
    yield "Runs", 1, "Count"
    yield "Failures", int(failed), "Count"
    yield "DurationSeconds", record["seconds"], "Seconds"
    if record["dpu_seconds"] is not None:
        yield "DpuSeconds", record["dpu_seconds"], "Count"
    if "gates" in record:
        yield "FailedGates", len(record["gates"]), "Count"
    if "rules" in record:
        yield "Warnings", len(record.get("warnings", [])), "Count"
    if not failed:  # including a run with an unchanged source, which shows that the table is up to date
        yield "PublishedAt", datetime.fromisoformat(record["finished_at"]).timestamp(), "Seconds"
    if "tables" in record:
        yield "Rows", sum(table["rows"] for table in record["tables"]), "Count"
        yield "Bytes", sum(table["bytes"] for table in record["tables"]), "Bytes"
        yield (
            "RescuedValues",
            sum(count for table in record["tables"] for count in table.get("rescued", {}).values()),
            "Count",
        )
