"""Calls AWS for the deployment test. Reads one JSON call per line and writes one JSON result per line.

call: {"service": "glue", "operation": "get_job", "parameters": {"JobName": "…"}}
result: {"response": {…}}, or {"error": "EntityNotFoundException"}
"""

import hashlib
import json
import sys
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError
from botocore.response import StreamingBody


@cache
def client(service: str) -> Any:
    return boto3.client(service)


def call_aws(call: dict[str, Any]) -> dict[str, Any]:
    try:
        response = getattr(client(call["service"]), call["operation"])(**call["parameters"])
    except ClientError as error:
        return {"error": error.response["Error"]["Code"]}
    response.pop("ResponseMetadata", None)
    return {"response": response}


def as_json(value: object) -> object:
    """The SHA-256 and the text of an object's body; other values as text."""
    if isinstance(value, StreamingBody):
        body = value.read()
        return {"sha256": hashlib.sha256(body).hexdigest(), "text": body.decode(errors="replace")}
    return str(value)


for line in sys.stdin:
    print(json.dumps(call_aws(json.loads(line)), default=as_json), flush=True)
