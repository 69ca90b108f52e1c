"""Stands in for the Glue service: runs a job as deployed, on this machine, against the emulator's S3.

    python run_job.py REQUEST.json

It places what the stack's deployments place, takes the script back from S3, and runs it as Glue does: the
arguments in sys.argv, `--extra-py-files` on the driver's path, s3:// through Hadoop, a real Spark. The job's
standard output and error stay its own. What came of it is written to the request's `result` file.
The exit code is the script's: 0, or 1 when it raised.
"""

import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import traceback
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parent import end_with_parent

from deployment import Deployment, mirror, place, split_uri
from secret_server import serving_secrets
from spark_conf import configure_spark

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Request:
    """What `medallion run` asks for, read from a JSON file.

    job_name: name of the Glue job.
    script: s3:// URI of the script, as the job's command names it.
    arguments: the job's default arguments, `--` included.
    bucket: the lake's bucket, made if it is not there.
    runs: s3:// prefix of the runs' records.
    deployments: what the stack places in S3.
    secrets: the file with the value of each secret, by the secret's name or ARN.
    buckets: the folder with the files of each bucket that is not the lake's own.
    endpoint: address of the S3 API.
    jars: folder of the jars that Hadoop needs for s3://.
    java_options: what this machine's Java needs to be told.
    work: an empty folder for what lives as long as the run.
    result: the file for the outcome.
    """

    job_name: str
    script: str
    arguments: dict[str, str]
    bucket: str
    runs: str
    deployments: list[Deployment]
    secrets: dict[str, str]
    buckets: dict[str, str]
    endpoint: str
    jars: str
    java_options: str
    work: str
    result: str

    @classmethod
    def read(cls, path: str) -> "Request":
        """Read the JSON file of `medallion run`."""
        document: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        document["deployments"] = [Deployment(**each) for each in document["deployments"]]
        return cls(**document)


def main() -> None:
    end_with_parent()
    request = Request.read(sys.argv[1])
    job_run_id = f"jr_{uuid.uuid4().hex}{uuid.uuid4().hex}"
    import boto3

    s3: S3Client = boto3.client("s3")
    place(s3, request.bucket, request.deployments)
    for bucket, folder in request.buckets.items():
        mirror(s3, bucket, Path(folder))
    script = _take(s3, request.script, request.work)
    python_files = [_take(s3, uri, request.work) for uri in _listed(request.arguments.get("--extra-py-files", ""))]
    conf = _spark_settings(request.arguments.get("--conf", ""))
    configure_spark(request.endpoint, request.jars, Path(request.work), java_options=request.java_options, extra=conf)

    sys.argv = [script, "--JOB_NAME", request.job_name, "--JOB_RUN_ID", job_run_id]
    for name, value in request.arguments.items():
        sys.argv += [name, value]
    # This folder stands for what Glue has installed, so it comes last; the job's own files come first.
    sys.path[:] = [*python_files, *sys.path[1:], sys.path[0]]
    with serving_secrets(request.secrets):
        exit_code, error = _run(script)
    outcome = {"exit_code": exit_code, "error": error, **_outcome(s3, request.runs, job_run_id)}
    Path(request.result).write_text(json.dumps(outcome), encoding="utf-8")
    sys.stdout.flush()
    _end_spark()
    sys.exit(exit_code)


def _take(s3: "S3Client", uri: str, folder: str) -> str:
    bucket, key = split_uri(uri)
    path = str(Path(folder, Path(key).name))
    try:
        s3.download_file(bucket, key, path)
    except s3.exceptions.ClientError as error:
        sys.exit(f"{uri} is not among what the stack deploys ({error})")
    return path


def _listed(comma_separated: str) -> list[str]:
    return [each for each in comma_separated.split(",") if each]


def _spark_settings(conf: str) -> dict[str, str]:
    """Glue's own argument for Spark settings, "a=b --conf c=d", as a dictionary."""
    given = (setting.strip().partition("=") for setting in conf.split("--conf") if setting.strip())
    return {name: value for name, _, value in given}


def _run(script: str) -> tuple[int, str | None]:
    """Run the script as __main__; return its exit code and, if it raised, the error in one line."""
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as stop:
        if stop.code is None or isinstance(stop.code, int):
            return stop.code or 0, None
        print(stop.code, file=sys.stderr)
        return 1, str(stop.code).splitlines()[0]
    except Exception as error:
        traceback.print_exc()
        line = " ".join(str(error).split())
        return 1, line if type(error).__name__ == "RunFailed" else f"{type(error).__name__}: {line}"
    return 0, None


def _outcome(s3: "S3Client", runs: str, job_run_id: str) -> dict[str, Any]:
    """Return this run's record and what is published now, as the job left them in the bucket."""
    bucket, prefix = split_uri(runs)
    keys = [
        each["Key"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for each in page.get("Contents", [])
    ]

    def read(key: str) -> Any:
        return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    published = read(f"{prefix}published.json") if f"{prefix}published.json" in keys else None
    records = (read(key) for key in sorted(keys, reverse=True) if key.rpartition("/")[2].startswith("run_id="))
    record = next((each for each in records if each.get("job_run_id") == job_run_id), None)
    return {"record": record, "published": published}


def _end_spark() -> None:
    """End the JVM, so that nothing runs on when the command has ended; all it had to write is in S3 by now."""
    if "pyspark" not in sys.modules:
        return
    gateway = importlib.import_module("pyspark").SparkContext._gateway
    process: subprocess.Popen[bytes] | None = getattr(gateway, "proc", None)
    if process:
        # What pyspark's threads say about the lost connection is not the job's.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        process.send_signal(signal.SIGKILL)
        process.wait()


if __name__ == "__main__":
    main()
