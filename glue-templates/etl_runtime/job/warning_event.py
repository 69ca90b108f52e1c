"""The EventBridge event for a successful run with warnings. The alerts of the lake forward it.

The event that Glue sends at the end of a run does not contain the warnings.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any

import boto3

from etl_runtime.job.metrics import CLIENT_CONFIG

LOG = logging.getLogger(__name__)

DETAIL_TYPE = "Run Warnings"
MAX_WARNINGS = 10
MAX_WARNING_LENGTH = 1_000
"""Ten warnings of this length have at most 120 KB as JSON. The limit of EventBridge is 256 KB per event."""


def send_warnings(source: str, job: str, record: Mapping[str, Any], region: str) -> None:
    """Send an event with the first warnings of a run to the default event bus.

    An error is logged and does not fail the run.
    """
    try:
        response = boto3.client("events", region_name=region, config=CLIENT_CONFIG).put_events(
            Entries=[{"Source": source, "DetailType": DETAIL_TYPE, "Detail": event_detail(job, record)}]
        )
        if response["FailedEntryCount"]:
            failed = response["Entries"][0]
            reason = f"{failed.get('ErrorCode')}: {failed.get('ErrorMessage')}"
            LOG.info(f"the event was not sent: {reason}", extra={"step": "warnings"})
    except Exception as error:
        LOG.info(f"the event was not sent: {type(error).__name__}: {error}", extra={"step": "warnings"})


def event_detail(job: str, record: Mapping[str, Any]) -> str:
    """The detail of the event as JSON: the run, its first warnings, and the total number of warnings."""
    return json.dumps(
        {
            "job": job,
            **{name: record[name] for name in ("job_run_id", "dataset", "layer", "run_id")},
            "warning_count": len(record["warnings"]),
            "warnings": [text[:MAX_WARNING_LENGTH] for text in record["warnings"][:MAX_WARNINGS]],
        }
    )
