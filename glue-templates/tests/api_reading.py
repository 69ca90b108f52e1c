"""Fetches the endpoints of an API and reads their records, as the job does."""

import io
import json
from typing import Any

import pytest

from etl_runtime.job.errors import RunFailed
from etl_runtime.read.api_responses import response_records
from etl_runtime.source.api.endpoints import Endpoint, endpoints_of
from etl_runtime.source.api.fetch_endpoints import fetch_endpoints
from etl_runtime.source.files.fetch_context import FetchContext


def fetch(endpoints: dict[str, Any]) -> dict[str, bytes]:
    """Fetch the endpoints. Returns their originals, keyed by endpoint."""
    declared = endpoints_of({"dataset": "d", "data_size_category": "small", "api_endpoints": endpoints})
    originals = fetch_endpoints(declared, FetchContext(first_wait_seconds=0.01, idle_timeout_seconds=2))
    contents = {}
    for original in originals:
        with original.file:
            contents[original.name.removesuffix(".jsonl")] = original.path.read_bytes()
    return contents


def records_in(original: bytes, endpoint: Endpoint) -> list[Any]:
    blocks = response_records(io.BytesIO(original), endpoint, endpoint.file)
    return [json.loads(line) for block in blocks for line in bytes(block.text).splitlines() if line.strip()]


def read(url: str, **declared: Any) -> list[Any]:
    """Fetch one endpoint. Returns the records in its original."""
    endpoint: Any = {"url": url, **declared}
    [declared_endpoint] = endpoints_of(
        {"dataset": "d", "data_size_category": "small", "api_endpoints": {"items": endpoint}}
    )
    return records_in(fetch({"items": endpoint})["items"], declared_endpoint)


def fails(url: str, **declared: Any) -> str:
    with pytest.raises(RunFailed) as failed:
        read(url, **declared)
    return str(failed.value)
