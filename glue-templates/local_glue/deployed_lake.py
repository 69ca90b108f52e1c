"""Reads a lake in AWS, and starts its jobs, with the caller's credentials.

    python deployed_lake.py COMMAND REQUEST.json RESULT

REQUEST has `region` and `profile` (both optional) and the keys of the command. RESULT is the file for the result. The
commands are:

identity     Returns the account, the ARN and the Region of the credentials.
mirror       Copies the records of datasets to a folder with the layout of a local lake. Returns the job runs.
query        Runs SQL in Athena. The first line on standard output is the ID of the query.
stop-query   Cancels a query.
logs         Prints the log of a job run.
run          Starts a job and prints its state changes and its log until it ends.

Exit codes: 0 success; 1 failure, with one line on standard error that states what is missing and what to do; 2 invalid
SQL.
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import botocore.session
from athena_query import CANCELLED, InvalidQueryError, query, stop_query
from aws_errors import AwsError, explained
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from parent import end_with_parent

Request = dict[str, Any]

CONCURRENT_REQUESTS = 16
ACTIVE_STATES = ("STARTING", "RUNNING", "STOPPING", "WAITING")
MAX_JOB_RUNS = 200
POLL_SECONDS = float(os.environ.get("MEDALLION_POLL_SECONDS", "5"))
LAST_LOG_SECONDS = 2 * POLL_SECONDS
"""The time for which the log is read after a job has ended, because the last lines of the log arrive late."""
LATE_EVENTS_MILLIS = 120_000
"""The maximum delay with which an event can arrive in CloudWatch Logs and still be printed."""


class Aws:
    """Creates the AWS clients of one command."""

    def __init__(self, request: Request) -> None:
        self.session = botocore.session.Session(profile=request.get("profile"))
        self.region: str | None = request.get("region") or self.session.get_config_variable("region")

    def client(self, service: str) -> Any:
        if self.region is None:
            raise AwsError(
                "The Region of the lake is unknown: the app does not set it. Specify --region, or set AWS_REGION."
            )
        # An emulator on 127.0.0.1 needs path-style URLs, because it has no host name per bucket. For AWS, botocore
        # selects the style.
        s3: Any = {"addressing_style": "path"} if os.environ.get("AWS_ENDPOINT_URL") else {}
        config = Config(
            retries={"mode": "standard", "max_attempts": 5}, max_pool_connections=CONCURRENT_REQUESTS, s3=s3
        )
        return self.session.create_client(service, region_name=self.region, config=config)


def identity(aws: Aws, _: Request) -> Any:
    caller = aws.client("sts").get_caller_identity()
    return {"account": caller["Account"], "arn": caller["Arn"], "region": aws.region}


def mirror(aws: Aws, request: Request) -> Any:
    """Copy the records of runs since `since`, up to `limit` per dataset, and delete the copies of records that no
    longer exist.

    Record keys sort by time, so the listing starts at the first key that can be needed. An object is copied only if its
    size or its modification time differs from that of its copy.
    """
    s3, glue = aws.client("s3"), aws.client("glue")

    def of_dataset(dataset: Request) -> list[Request]:
        _mirror_records(s3, request, dataset["runs"])
        return _job_runs(glue, dataset["job"], request["since"]) if request["job_runs"] else []

    with ThreadPoolExecutor(CONCURRENT_REQUESTS) as pool:
        found = list(pool.map(of_dataset, request["datasets"]))
    return {dataset["job"]: runs for dataset, runs in zip(request["datasets"], found, strict=True)}


def _mirror_records(s3: Any, request: Request, runs: str) -> None:
    bucket, _, prefix = runs.removeprefix("s3://").partition("/")
    owner = {"ExpectedBucketOwner": request["account"]}
    folder = Path(request["folder"], bucket, prefix)
    since = datetime.fromisoformat(request["since"]).astimezone(UTC)
    first = f"{prefix}run_id={since:%Y%m%dT%H%M%S}"
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=f"{prefix}run_id=", StartAfter=first, **owner
    )
    objects = [each for page in pages for each in page.get("Contents", []) if each["Key"].endswith(".json")]
    newest = objects[-request["limit"] :]
    folder.mkdir(parents=True, exist_ok=True)
    for each in newest:
        _copy(s3, bucket, each["Key"], folder, owner, each)
    _copy(s3, bucket, f"{prefix}published.json", folder, owner, None)
    listed = {Path(each["Key"]).name for each in objects}
    for file in folder.glob("run_id=*.json"):
        if file.name > Path(first).name and file.name not in listed:
            file.unlink(missing_ok=True)


def _copy(s3: Any, bucket: str, key: str, folder: Path, owner: dict[str, str], listed: Request | None) -> None:
    """Copy an object, unless the file already has the size and modification time of the listed object."""
    name = key.rpartition("/")[2]
    file = folder / name
    if listed and file.exists():
        stat = file.stat()
        if (stat.st_size, int(stat.st_mtime)) == (listed["Size"], int(listed["LastModified"].timestamp())):
            return
    try:
        response = s3.get_object(Bucket=bucket, Key=key, **owner)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchKey", "404"):
            raise
        file.unlink(missing_ok=True)
        return
    temporary = folder / f".{name}.{os.getpid()}"
    temporary.write_bytes(response["Body"].read())
    modified = response["LastModified"].timestamp()
    os.utime(temporary, (modified, modified))
    temporary.replace(file)


def _job_runs(glue: Any, job: str, since: str) -> list[Request]:
    """Return the runs of a job that started at or after a time, newest first. Empty if the job is not deployed."""
    oldest = datetime.fromisoformat(since)
    found: list[Request] = []
    token: dict[str, str] = {}
    while True:
        try:
            page = glue.get_job_runs(JobName=job, MaxResults=MAX_JOB_RUNS, **token)
        except glue.exceptions.EntityNotFoundException:
            return []
        recent = [each for each in page["JobRuns"] if each["StartedOn"] >= oldest]
        found += [_described(each) for each in recent]
        if len(recent) < len(page["JobRuns"]) or not page.get("NextToken"):
            return sorted(found, key=lambda each: str(each["started_at"]), reverse=True)
        token = {"NextToken": page["NextToken"]}


def _described(run: Request) -> Request:
    seconds = run.get("ExecutionTime")
    capacity = run.get("MaxCapacity")
    dpu_seconds = run.get("DPUSeconds") or (seconds * capacity if seconds and capacity else None)
    values = {
        "id": run["Id"],
        "state": run["JobRunState"],
        "is_active": run["JobRunState"] in ACTIVE_STATES,
        "started_at": _text(run["StartedOn"]),
        "finished_at": _text(run["CompletedOn"]) if run.get("CompletedOn") else None,
        "seconds": seconds,
        "dpu_seconds": dpu_seconds,
        "error": run.get("ErrorMessage") or None,
    }
    return {name: value for name, value in values.items() if value is not None}


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def logs(aws: Aws, request: Request) -> Any:
    client = aws.client("logs")
    count = 0
    for group in request["groups"]:
        for _, line in _log_events(client, group, request["job_run_id"], 0):
            print(line)
            count += 1
    return {"lines": count}


def _log_events(client: Any, group: str, job_run_id: str, since: int) -> Iterator[tuple[str, str]]:
    """Yield the ID and line of each event in the log streams of a job run, sorted by time. Empty if the log group does
    not exist."""
    pages = client.get_paginator("filter_log_events").paginate(
        logGroupName=group, logStreamNamePrefix=job_run_id, startTime=since
    )
    try:
        for page in pages:
            for event in page["events"]:
                # The name of a retry's log stream also starts with the ID of the first attempt.
                own = event["logStreamName"].removeprefix(job_run_id)
                if event["logStreamName"].startswith(job_run_id) and not own.startswith("_attempt_"):
                    key = event.get("eventId") or f"{event['timestamp']} {event['message']}"
                    for line in event["message"].rstrip("\n").split("\n"):
                        yield f"{key} {event['timestamp']}", line
    except client.exceptions.ResourceNotFoundException:
        return


def run(aws: Aws, request: Request) -> Any:
    """Start a job and print JSON lines: `{"job_run_id"}`, `{"state", "seconds"}`, `{"line"}`."""
    glue, log_client = aws.client("glue"), aws.client("logs")
    try:
        job_run_id = glue.start_job_run(JobName=request["job"], Arguments=request["arguments"])["JobRunId"]
    except glue.exceptions.EntityNotFoundException as error:
        raise AwsError(
            f"The Glue job {request['job']} does not exist in {aws.region}. Deploy the app, or specify its Region with "
            "--region."
        ) from error
    except glue.exceptions.ConcurrentRunsExceededException as error:
        raise AwsError(
            f"The Glue job {request['job']} is already running. Wait until it ends. `medallion status --deployed` "
            "shows its state."
        ) from error
    _event(job_run_id=job_run_id)
    started = int(time.time() * 1000) - 60_000
    shown: set[str] = set()
    state = ""
    can_read_logs = True
    ended_at: float | None = None
    while True:
        try:
            current = glue.get_job_run(JobName=request["job"], RunId=job_run_id)["JobRun"]
        except (ClientError, BotoCoreError) as error:
            reason = explained(error, aws.region)
            raise AwsError(
                f"{reason} The job run {job_run_id} continues. `medallion status --deployed` shows its state."
            ) from error
        if current["JobRunState"] != state:
            state = current["JobRunState"]
            _event(state=state, seconds=current.get("ExecutionTime") or 0)
        if can_read_logs:
            try:
                newest = _print_new(_log_events(log_client, request["group"], job_run_id, started), shown)
                # Events can arrive late, but the entire log should not be read again.
                started = max(started, newest - LATE_EVENTS_MILLIS)
            except ClientError as error:
                can_read_logs = False
                _event(warning=explained(error, aws.region))
        if state not in ACTIVE_STATES:
            ended_at = ended_at or time.monotonic()
            if not can_read_logs or time.monotonic() - ended_at >= LAST_LOG_SECONDS:
                return {"job_run_id": job_run_id, **_described(current)}
        time.sleep(POLL_SECONDS)


def _print_new(events: Iterator[tuple[str, str]], shown: set[str]) -> int:
    """Print the lines of the events that are not in `shown` yet. Returns the time of the newest event in
    milliseconds."""
    newest = 0
    new = [(key, line) for key, line in events if key not in shown]
    for key, line in new:
        shown.add(key)
        newest = max(newest, int(key.rpartition(" ")[2]))
        _event(line=line)
    return newest


def _event(**values: Any) -> None:
    print(json.dumps(values), flush=True)


def _query(aws: Aws, request: Request) -> Any:
    return query(aws.client("athena"), request)


def _stop_query(aws: Aws, request: Request) -> Any:
    return stop_query(aws.client("athena"), request)


COMMANDS: dict[str, Callable[[Aws, Request], Any]] = {
    "identity": identity,
    "mirror": mirror,
    "query": _query,
    "stop-query": _stop_query,
    "logs": logs,
    "run": run,
}


def _resource(request: Request) -> str:
    """The resources of a request, for the error message if the error response does not name a resource."""
    buckets = {each["runs"].removeprefix("s3://").partition("/")[0] for each in request.get("datasets", ())}
    names = [
        *(f"arn:aws:s3:::{bucket}" for bucket in sorted(buckets)),
        *(f"the workgroup {request[key]}" for key in ("workgroup",) if key in request),
        *(f"the job {request[key]}" for key in ("job",) if key in request),
        *(f"the log group {group}" for group in request.get("groups", ())),
    ]
    return " or ".join(names)


def _end(message: str, code: int) -> NoReturn:
    print(re.sub(r"\s+", " ", message), file=sys.stderr)
    sys.exit(code)


def main() -> None:
    command, request_file, result_file = sys.argv[1:]
    end_with_parent()
    request: Request = json.loads(Path(request_file).read_text(encoding="utf-8"))
    aws = None
    try:
        aws = Aws(request)
        result = COMMANDS[command](aws, request)
    except InvalidQueryError as error:
        _end(str(error), 1 if str(error) == CANCELLED else 2)
    except AwsError as error:
        _end(str(error), 1)
    except (BotoCoreError, ClientError) as error:
        _end(explained(error, aws.region if aws else None, _resource(request)), 1)
    if result is not None:
        Path(result_file).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
