"""Reads the endpoints of an API as the job does."""

import io
import json
from typing import Any

import pytest

from etl_runtime.job.errors import RunFailed
from etl_runtime.read.api_responses import response_records
from etl_runtime.source.api.endpoints import Endpoint, endpoints_of
from etl_runtime.source.api.fetch_endpoints import Api
from etl_runtime.source.files.fetch_context import FetchContext


def ask(endpoints: dict[str, Any]) -> dict[str, bytes]:
    """What the originals of endpoints hold."""
    declared = endpoints_of({"dataset": "d", "data_size_category": "small", "api_endpoints": endpoints})
    originals = Api(declared, FetchContext(first_wait_seconds=0.01, idle_timeout_seconds=2)).fetch()
    kept = {}
    for original in originals:
        with original.file:
            kept[original.name.removesuffix(".jsonl")] = original.path.read_bytes()
    return kept


def records_in(kept: bytes, endpoint: Endpoint) -> list[Any]:
    runs = response_records(io.BytesIO(kept), endpoint, endpoint.file)
    return [json.loads(line) for run in runs for line in bytes(run.text).splitlines() if line.strip()]


def read(url: str, **declared: Any) -> list[Any]:
    """The records of an endpoint, through its original."""
    endpoint: Any = {"url": url, **declared}
    [told] = endpoints_of({"dataset": "d", "data_size_category": "small", "api_endpoints": {"items": endpoint}})
    return records_in(ask({"items": endpoint})["items"], told)


def fails(url: str, **declared: Any) -> str:
    with pytest.raises(RunFailed) as failed:
        read(url, **declared)
    return str(failed.value)
