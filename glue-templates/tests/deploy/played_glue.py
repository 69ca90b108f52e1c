"""Simulates runs of AWS Glue jobs in the emulator: they take time, fail, are retried and write records as scripted.

In the emulator itself, a job run never ends. The environment variable PLAYED_RUNS is the path of the script, a JSON
file that is read at the start of each run. It maps the name of a job to the attempts of its next runs. The last attempt
is repeated:

    {"pp-dw-bronze-zipcodes": [{"state": "FAILED", "error": "…"}, {"state": "SUCCEEDED", "rows": 7}]}

The keys of an attempt are `state` (default: SUCCEEDED), `seconds` (default: 60), `status` (published or unchanged),
`rows`, `error`, `schema_changes` (whether the publication changes the schema; the first one always does), `record`
(false: the run writes no record; "large": the record has 300 KB), and `command` (a command that runs instead: it writes
the record, and its exit code determines the state). The script also maps the name of a crawler to the state in which
its crawls end. All times are multiplied by SFN_WAIT_SCALE, like the waits of the state machines. Runs and crawls are
appended to the file in PLAYED_LOG.
"""

import contextvars
import json
import os
import subprocess
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SCALE = float(os.environ.get("SFN_WAIT_SCALE", "1"))
RETRY_GAP_SECONDS = 20
CRAWL_SECONDS = 60
ACTIVE = ("STARTING", "RUNNING", "STOPPING", "WAITING")


def play() -> None:
    """Replace the job runs and crawls of the emulator with simulated ones."""
    from ministack.services import glue

    glue._start_job_run = _start_job_run
    glue._start_crawler = _start_crawler


def script() -> dict[str, Any]:
    path = os.environ.get("PLAYED_RUNS", "")
    parsed: dict[str, Any] = json.loads(Path(path).read_text()) if path and Path(path).exists() else {}
    return parsed


def note(**event: Any) -> None:
    if path := os.environ.get("PLAYED_LOG"):
        with Path(path).open("a") as file:
            file.write(json.dumps({"at": time.time(), **event}) + "\n")


def _start_job_run(data: dict[str, Any]) -> Any:
    from ministack.core.responses import error_response_json, json_response, new_uuid
    from ministack.services import glue

    name = data["JobName"]
    job = glue._jobs.get(name)
    if job is None:
        return error_response_json("EntityNotFoundException", f"Job {name} not found", 400)
    runs = glue._job_runs.setdefault(name, [])
    if any(run["JobRunState"] in ACTIVE for run in runs) or any(run.get("WillRetry") for run in runs):
        return error_response_json("ConcurrentRunsExceededException", f"Concurrent runs exceeded for {name}", 400)
    run_id = "jr_" + new_uuid().replace("-", "")
    first = _start_attempt(name, run_id, 0)
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(_run, name, job, run_id, first), daemon=True).start()
    return json_response({"JobRunId": run_id})


def _start_attempt(name: str, run_id: str, attempt: int) -> dict[str, Any]:
    from ministack.services import glue

    run: dict[str, Any] = {
        "Id": run_id if attempt == 0 else f"{run_id}_attempt_{attempt}",
        "JobName": name,
        "Attempt": attempt,
        "StartedOn": time.time(),
        "LastModifiedOn": time.time(),
        "JobRunState": "RUNNING",
        "ExecutionTime": 0,
    }
    glue._job_runs.setdefault(name, []).insert(0, run)  # the newest first, as Glue lists them
    note(job=name, run=run["Id"], event="start")
    return run


def _start_crawler(data: dict[str, Any]) -> Any:
    """Start a crawl, which ends with the state that the script has for the crawler (default: SUCCEEDED)."""
    from ministack.core.responses import error_response_json, json_response
    from ministack.services import glue

    name = data["Name"]
    crawler = glue._crawlers.get(name)
    if crawler is None:
        return error_response_json("EntityNotFoundException", f"Crawler {name} not found", 400)
    if crawler["State"] == "RUNNING":
        return error_response_json("CrawlerRunningException", f"Crawler {name} is already running", 400)
    crawler["State"] = "RUNNING"
    started = time.time()
    note(job=name, event="start")

    def end() -> None:
        status = script().get(name, "SUCCEEDED")
        crawler["LastCrawl"] = {
            "Status": status,
            "StartTime": started,
            **({} if status == "SUCCEEDED" else {"ErrorMessage": "Insufficient Lake Formation permission(s)"}),
        }
        crawler["State"] = "READY"
        note(job=name, event=status)

    timer = threading.Timer(CRAWL_SECONDS * SCALE, end)
    timer.daemon = True
    timer.start()
    return json_response({})


def _run(name: str, job: dict[str, Any], run_id: str, run: dict[str, Any]) -> None:
    attempts = script().get(name, [{}])
    retries = int(job.get("MaxRetries") or 0)
    names = json.loads(job["DefaultArguments"]["--names"])
    for number in range(retries + 1):
        played = attempts[min(number, len(attempts) - 1)]
        if number > 0:
            time.sleep(RETRY_GAP_SECONDS * SCALE)
            run["WillRetry"] = False
            run = _start_attempt(name, run_id, number)
        if "command" in played:
            state = "SUCCEEDED" if subprocess.call([*played["command"], run["Id"]]) == 0 else "FAILED"
        else:
            time.sleep(played.get("seconds", 60) * SCALE)
            state = played.get("state", "SUCCEEDED")
            if state in ("SUCCEEDED", "FAILED") and played.get("record") is not False:
                _write_record(names, run, played, state)
        will_retry = state == "FAILED" and number < retries
        run.update(
            JobRunState=state, CompletedOn=time.time(), ErrorMessage=played.get("error", ""), WillRetry=will_retry
        )
        note(job=name, run=run["Id"], event=state)
        if not will_retry:
            return


def _write_record(names: dict[str, Any], run: dict[str, Any], played: dict[str, Any], state: str) -> None:
    moment = datetime.fromtimestamp(run["StartedOn"], UTC)
    folder = names["runs"].removeprefix(f"s3://{names['bucket']}/")
    run_id = f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03}Z-{run['Id'][-6:]}"
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    record = {
        "dataset": names["dataset"],
        "layer": names["layer"],
        "run_id": run_id,
        "job_run_id": run["Id"],
        "status": played.get("status", "published") if state == "SUCCEEDED" else "failed",
        "finished_at": now,
        "seconds": played.get("seconds", 60),
        "error": played.get("error"),
    }
    old = _read(names["bucket"], folder + "published.json")
    published = old or {}
    if record["status"] == "published":
        inputs = [
            (each, _read(names["bucket"], each["runs"].split("/", 3)[3] + "published.json"))
            for each in names.get("inputs", [])
        ]
        published = {
            "dataset": names["dataset"],
            "layer": names["layer"],
            "run_id": run_id,
            "published_at": now,
            "definition": names.get("definition", ""),
            "inputs": [{"dataset": each["dataset"], "run_id": found["run_id"]} for each, found in inputs if found],
            "tables": {"table": {"rows": played.get("rows", 7)}},
        }
        if old is None or played.get("schema_changes"):
            published["schema_changed_at"] = now
        elif "schema_changed_at" in old:
            published["schema_changed_at"] = old["schema_changed_at"]
        record["tables"] = [{"rows": played.get("rows", 7)}]
        _write(names["bucket"], folder + "published.json", published)
    if state == "SUCCEEDED" and "schema_changed_at" in published:
        record["schema_changed_at"] = published["schema_changed_at"]
    if played.get("record") == "large":
        record["sources"] = ["x" * 300_000]
    _write(names["bucket"], f"{folder}run_id={run_id}.json", record)


def _read(bucket: str, key: str) -> dict[str, Any] | None:
    from ministack.services import s3

    data = s3._get_object_data(bucket, key)
    parsed: dict[str, Any] | None = None if data is None else json.loads(data)
    return parsed


def _write(bucket: str, key: str, value: object) -> None:
    from ministack.services import s3

    s3._put_object(bucket, key, json.dumps(value, indent=1).encode(), {})
