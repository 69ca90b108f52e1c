"""Adds features that the emulator's Step Functions lacks: s3:getObject and s3:putObject, variable scopes and Choice
states in a Map, and counts of the events in a history.

The script in PLAYED_RUNS can also inject faults: `"throttled": {"glue:getJobRun": 2}` makes the first two of these
calls fail, and `"list_delay": 30` leaves executions out of lists for their first 30 seconds.
"""

import copy
import json
import os
import threading
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from played_glue import SCALE, script

_counts: dict[str, Counter[str]] = {}
_throttled: Counter[str] = Counter()


def extend() -> None:
    """Add to the emulator what the state machines of pipelines need."""
    from ministack.services import stepfunctions as sfn

    invoke = sfn._invoke_resource
    add_event = sfn._add_event
    list_executions = sfn._list_executions

    def invoke_resource(resource: str, data: dict[str, Any]) -> Any:
        call = ":".join(resource.split(":")[-2:])
        if _throttled[call] < script().get("throttled", {}).get(call, 0):
            _throttled[call] += 1
            service = call.split(":")[0]
            error = "SlowDownException" if service == "s3" else "ThrottlingException"
            raise sfn._ExecutionError(f"{service.capitalize()}.{error}", "Rate exceeded")
        own = {"s3:getObject": _get_object, "s3:putObject": _put_object}.get(call)
        return own(data) if own else invoke(resource, data)

    def counting(execution: dict[str, Any], kind: str, details: dict[str, Any] | None = None) -> Any:
        _count(execution, kind)
        return add_event(execution, kind, details)

    def delayed(data: dict[str, Any]) -> Any:
        status, headers, body = list_executions(data)
        if delay := script().get("list_delay", 0) * SCALE:
            listed = json.loads(body)
            since = time.time() - delay
            listed["executions"] = [each for each in listed.get("executions", []) if _epoch(each["startDate"]) < since]
            body = json.dumps(listed).encode()
        return status, headers, body

    sfn._invoke_resource = invoke_resource
    sfn._add_event = counting
    sfn._list_executions = delayed
    sfn._run_sub_machine = _run_sub_machine
    if os.environ.get("COUNTS"):
        threading.Thread(target=_write_counts, daemon=True).start()


def _epoch(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else datetime.fromisoformat(value).timestamp()


def _get_object(data: dict[str, Any]) -> dict[str, Any]:
    from ministack.services import s3
    from ministack.services import stepfunctions as sfn

    body = s3._get_object_data(data["Bucket"], data["Key"])
    if body is None:
        raise sfn._ExecutionError("S3.NoSuchKeyException", "The specified key does not exist.")
    part = body[: int(data["Range"].partition("-")[2]) + 1] if "Range" in data else body
    result = {
        "Body": part.decode(),
        "ContentLength": len(part),
        **({"ContentRange": f"bytes 0-{len(part) - 1}/{len(body)}"} if "Range" in data else {}),
    }
    if len(json.dumps(result)) > 256 * 1024:
        raise sfn._ExecutionError("States.DataLimitExceeded", "The result exceeds 262,144 bytes.")
    return result


def _put_object(data: dict[str, Any]) -> dict[str, Any]:
    from ministack.services import s3

    body = data["Body"] if isinstance(data["Body"], str) else json.dumps(data["Body"])
    s3._put_object(data["Bucket"], data["Key"], body.encode(), {})
    return {"ETag": '"0"'}


def _run_sub_machine(
    states: dict[str, Any], start_at: str, data: object, execution: dict[str, Any], context: dict[str, Any]
) -> Any:
    """Run an iteration of a Map with its own variables, and count its states."""
    from ministack.services import stepfunctions as sfn

    context = {**context, "variables": dict(context.get("variables", {}))}
    name: str | None = start_at
    current = copy.deepcopy(data)
    _count(execution, "MapIterationStarted")
    while name:
        state = states[name]
        kind = state["Type"]
        context["State"] = {"Name": name, "EnteredTime": sfn.now_iso(), "RetryCount": 0}
        _count(execution, f"{kind}StateEntered")
        if kind == "Task":
            current, name = sfn._execute_task(state, current, execution, context)
        elif kind == "Choice":
            current, name = sfn._execute_choice(state, current, context)
        else:
            current, name = sfn._execute_pass(state, current, context)
        _count(execution, f"{kind}StateExited")
    _count(execution, "MapIterationSucceeded")
    return current


def _count(execution: dict[str, Any], kind: str) -> None:
    """Count the events that AWS writes to a history, and the state transitions that it charges."""
    counts = _counts.setdefault(execution["executionArn"], Counter())
    counts["events"] += 1
    if kind == "TaskScheduled":
        counts["events"] += 1  # TaskStarted
        counts["transitions"] += 1  # each attempt of a task
    elif kind.endswith("StateEntered") and not kind.startswith("Task"):
        counts["transitions"] += 1


def _write_counts() -> None:
    path = Path(os.environ["COUNTS"])
    while True:
        time.sleep(0.3)
        try:
            text = json.dumps({arn: dict(counts) for arn, counts in dict(_counts).items()})
        except RuntimeError:  # the dictionary has changed in the meantime
            continue
        path.with_suffix(".tmp").write_text(text)
        path.with_suffix(".tmp").replace(path)
