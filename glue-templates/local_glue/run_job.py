"""A local substitute for the Glue service: runs a deployed job on this machine with the S3 emulator.

    python run_job.py REQUEST.json [JOB_RUN_ID]

`medallion` does not start this script. Instead, job_session.py calls `run_job` for each job of a session.

The script uploads the files of the stack's deployments, downloads the job's script from S3, and runs it in the same way
as Glue: with the arguments in sys.argv, `--extra-py-files` on the driver's path, `s3://` through Hadoop, and Spark. The
job's output goes to standard output and standard error. The outcome is written to the `result` file of the request.
Without JOB_RUN_ID, the run gets a new ID. The exit code is the exit code of the job's script: 0, or 1 if the script
raised an exception.
"""

import json
import os
import runpy
import sys
import traceback
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from end_spark import end_spark
from parent import end_with_parent
from progress_file import writing_progress

from deployment import Deployment, deploy, mirror, split_uri
from secret_server import serving_secrets
from spark_conf import configure_spark, spark_settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Request:
    """The request of `medallion run`, read from a JSON file.

    job_name: the name of the Glue job.
    script: the `s3://` URI of the job's script.
    arguments: the default arguments of the job, with `--` in the names.
    bucket: the bucket of the lake, which is created if it does not exist.
    runs: the `s3://` prefix of the run records.
    deployments: the files that the stack uploads to S3.
    secrets: the file with the value of each secret, keyed by the name or ARN of the secret.
    buckets: the folders with the objects of source buckets outside of the lake, keyed by bucket name.
    endpoint: the URL of the S3 API.
    access_key: the access key of the job, which limits the job's requests to the permissions of its role.
    jars: the folder with the jars that Hadoop needs for `s3://`.
    iceberg_jars: the folder with the additional jars of Iceberg. None if the job does not use Iceberg.
    java_options: additional JVM options for the Java on this machine.
    environment: additional environment variables of the job.
    work: an empty folder for temporary files of the run.
    result: the file for the outcome.
    progress: the file for the progress, which the command shows. If it is None, the job logs its progress, as in Glue.
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
    access_key: str
    jars: str
    iceberg_jars: str | None
    java_options: str
    environment: dict[str, str]
    work: str
    result: str
    progress: str | None

    @classmethod
    def read(cls, path: str) -> "Request":
        document: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        document["deployments"] = [Deployment(**each) for each in document["deployments"]]
        return cls(**document)


def main() -> None:
    end_with_parent()
    request = Request.read(sys.argv[1])
    job_run_id = sys.argv[2] if len(sys.argv) > 2 else new_job_run_id()

    exit_code = run_job(request, job_run_id, lambda settings: configure_spark(settings, Path(request.work)))
    end_spark()
    sys.exit(exit_code)


def new_job_run_id() -> str:
    """Create a job run ID in the format of Glue."""
    return f"jr_{uuid.uuid4().hex}{uuid.uuid4().hex}"


def run_job(request: Request, job_run_id: str, configure: Callable[[Mapping[str, str]], None]) -> int:
    """Run a job in this process, and write its outcome. Returns the exit code of its script.

    request: the job.
    job_run_id: the ID of the run.
    configure: configures the Spark sessions of this process with Spark settings. It is called after the environment
    variables of the job are set.
    """
    import boto3

    s3: S3Client = boto3.Session().client("s3")  # this client has the permissions of a deployment
    deploy(s3, request.bucket, request.deployments)
    for bucket, folder in request.buckets.items():
        mirror(s3, bucket, Path(folder))
    if request.iceberg_jars is not None:
        _create_database(json.loads(request.arguments["--names"])["database"])
    script = _download(s3, request.script, request.work)
    python_files = [
        _download(s3, uri, request.work) for uri in _split_list(request.arguments.get("--extra-py-files", ""))
    ]
    os.environ["AWS_ACCESS_KEY_ID"] = request.access_key
    sys.argv = [script, "--JOB_NAME", request.job_name, "--JOB_RUN_ID", job_run_id]
    for name, value in request.arguments.items():
        sys.argv += [name, without_workers(value) if name == "--names" else value]
    # As in Glue, the job's files come first. This folder comes last: it contains the packages that Glue provides.
    sys.path[:] = [*python_files, *sys.path[1:], sys.path[0]]
    with serving_secrets(request.secrets), writing_progress(request.progress):
        configure(
            spark_settings(
                request.endpoint,
                request.jars,
                Path(request.work),
                iceberg_jars=request.iceberg_jars,
                java_options=request.java_options,
                extra=settings_of(request.arguments.get("--conf", "")),
            )
        )
        exit_code, error = _run(script)
    outcome = {"exit_code": exit_code, "error": error, **_outcome(s3, request.runs, job_run_id)}
    Path(request.result).write_text(json.dumps(outcome), encoding="utf-8")
    sys.stdout.flush()
    sys.stderr.flush()
    return exit_code


def without_workers(names: str) -> str:
    """The argument `--names` without the number and the DPUs of the workers, because a local run uses no DPUs."""
    workers = ("number_of_workers", "dpu_per_worker")
    return json.dumps({name: value for name, value in json.loads(names).items() if name not in workers})


def _create_database(name: str) -> None:
    """Create a database in the Data Catalog if it does not exist. In AWS, the stack of the lake creates it."""
    import boto3

    glue: Any = boto3.Session().client("glue")
    with suppress(glue.exceptions.AlreadyExistsException):
        glue.create_database(DatabaseInput={"Name": name})


def _download(s3: "S3Client", uri: str, folder: str) -> str:
    bucket, key = split_uri(uri)
    path = str(Path(folder, Path(key).name))
    try:
        s3.download_file(bucket, key, path)
    except s3.exceptions.ClientError as error:
        sys.exit(f"{uri} is not among the deployed files of the stack ({error}). Run npx cdk synth and try again.")
    return path


def _split_list(comma_separated: str) -> list[str]:
    return [each for each in comma_separated.split(",") if each]


def settings_of(conf: str) -> dict[str, str]:
    """The settings in the Glue argument --conf, which has the form `a=b --conf c=d`."""
    settings = (setting.strip().partition("=") for setting in conf.split("--conf") if setting.strip())
    return {name: value for name, _, value in settings}


def _run(script: str) -> tuple[int, str | None]:
    """Run the script as __main__. Returns its exit code, and the exception as one line if it raised one."""
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as exit:
        if exit.code is None or isinstance(exit.code, int):
            return exit.code or 0, None
        print(exit.code, file=sys.stderr)
        return 1, str(exit.code).splitlines()[0]
    except Exception as error:
        traceback.print_exc()
        message, _, _ = str(error).partition("\n\tat ")  # without the stack trace of Java
        line = " ".join(message.split())
        return 1, line if type(error).__name__ == "RunFailed" else f"{type(error).__name__}: {line}"
    return 0, None


def _outcome(s3: "S3Client", runs: str, job_run_id: str) -> dict[str, Any]:
    """The record of this run and the current published.json."""
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


if __name__ == "__main__":
    main()
