"""Runs jobs one after the other. Each has its own process, but all share one JVM.

    python job_session.py SESSION.json

Starting a JVM and importing pyspark take longer than a small job, so this process does both only once. It reads
requests for run_job.py from standard input, one JSON object per line: {"request": "FILE"}. For each request, it forks a
process that runs the job, so that Python modules, environment variables and arguments of one job never affect the next.
The JVM is reset after each job: the Spark context is stopped, with its databases, views, settings and workers. System
properties, file systems and the log level are restored.

A session for jobs that most likely do not use Spark has no JVM. If a job uses Spark anyway, the job starts its own JVM.

Output of jobs and of the JVM goes to standard output and standard error. The session also prints lines with its marker.
`MARKER connected` means that the JVM accepts calls, before a job starts. `MARKER finished`, on both outputs, means that
the outcome of a job has been written. `MARKER ready`, on standard output, means that the next request can be sent. The
session ends if a job is killed, terminates its own process, or leaves a JVM that cannot be reset. It also ends when its
parent ends.
"""

import importlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from end_spark import end_spark
from run_job import Request, new_job_run_id, run_job, settings_of

from secret_server import take_secret_variables
from spark_conf import configure_spark, spark_settings

PACKAGES = (
    "boto3",
    "botocore.httpsession",
    "numpy",
    "pandas",
    "pyarrow.csv",
    "pyarrow.fs",
    "pyarrow.parquet",
)
"""Packages in Glue that take a long time to import and that all jobs use. A job imports all other packages itself."""

SPARK_PACKAGES = ("pyspark.sql",)

AWS_PROPERTIES = {
    "aws.accessKeyId": "AWS_ACCESS_KEY_ID",
    "aws.secretAccessKey": "AWS_SECRET_ACCESS_KEY",
    "aws.region": "AWS_REGION",
    "aws.endpointUrl": "AWS_ENDPOINT_URL",
}
"""The system properties that the AWS SDK for Java reads, mapped to the environment variables with their values. The JVM
does not have these variables, because it starts before the job."""

EXIT_POLL_SECONDS = 0.01


@dataclass(frozen=True)
class Session:
    """The settings that all jobs of a session share, read from a JSON file.

    jars, iceberg_jars, java_options: the same values as in the requests of the jobs.
    conf: the Glue argument `--conf` of the jobs.
    work: an empty folder for temporary files of the session.
    has_jvm: whether the session has a JVM. Otherwise, jars, iceberg_jars, java_options, conf and warms_up have no
        effect.
    warms_up: whether the JVM loads the classes that most jobs need, before the first request.
    marker: a string that no job prints.
    """

    jars: str
    iceberg_jars: str | None
    java_options: str
    conf: str
    work: str
    has_jvm: bool
    warms_up: bool
    marker: str


@dataclass(frozen=True)
class Jvm:
    """A running JVM, and the port and the secret of its gateway. The JVM ends when `process` is garbage-collected."""

    process: subprocess.Popen[bytes]
    port: int
    secret: str


def main() -> None:
    session = Session(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    secrets = take_secret_variables()
    jvm = _start_jvm(session) if session.has_jvm else None
    _import_all(PACKAGES)
    # Since Python 3.12, a fork warns about threads. The job's process does not use the threads of Py4J and NumPy.
    warnings.filterwarnings("ignore", message=".*multi-threaded", category=DeprecationWarning)
    gateway = {"PYSPARK_GATEWAY_PORT": str(jvm.port), "PYSPARK_GATEWAY_SECRET": jvm.secret} if jvm else {}
    is_reset = jvm is None or not session.warms_up or _forked(lambda _: _warm_up(session), gateway)
    while is_reset and (jvm is None or jvm.process.poll() is None):
        _print(session, "ready")
        path: str = _read_request()["request"]
        is_reset = _forked(partial(_run, session, path), gateway | secrets)
    _end()


def _forked(work: Callable[[Any], int], variables: Mapping[str, str]) -> bool:
    """Run a function in a new process, with additional environment variables.

    Returns whether the process reset the JVM. The function gets the classes of the JVM, or None if the session has no
    JVM.
    """
    reset_reader, reset_writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reset_reader)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.update(variables)
        if session_jvm := _connect() if "PYSPARK_GATEWAY_PORT" in variables else None:
            properties = session_jvm.java.lang.System.getProperties().clone()
            exit_code = work(session_jvm)
            _reset(session_jvm, properties)
        else:
            exit_code = work(None)
            end_spark()
        os.write(reset_writer, b"1")
        sys.exit(exit_code)
    os.close(reset_writer)
    is_reset = _wait(reset_reader)
    os.close(reset_reader)
    while os.waitpid(pid, os.WNOHANG) == (0, 0):  # a thread of the job can keep its process alive
        if select.select([0], [], [], EXIT_POLL_SECONDS)[0]:
            _end()
    return is_reset


def _start_jvm(session: Session) -> Jvm:
    """Start the JVM, and import packages in the meantime."""
    configure_spark(
        spark_settings(
            None,
            session.jars,
            Path(session.work),
            iceberg_jars=session.iceberg_jars,
            java_options=session.java_options,
            extra=settings_of(session.conf),
        ),
        Path(session.work),
    )
    imports = threading.Thread(target=_import_all, args=((*PACKAGES, *SPARK_PACKAGES),))
    imports.start()
    gateway = importlib.import_module("pyspark.java_gateway").launch_gateway()
    imports.join()
    parameters = gateway.gateway_parameters
    gateway.close()  # Each job has its own connection.
    return Jvm(gateway.proc, parameters.port, parameters.auth_token)


def _import_all(names: Sequence[str]) -> None:
    for name in names:
        importlib.import_module(name)


def _read_request() -> dict[str, Any]:
    """Read the next request. Ends the session if the parent has ended."""
    line = os.read(0, 65536)
    if not line:
        _end()
    request: dict[str, Any] = json.loads(line)
    return request


def _wait(reset_reader: int) -> bool:
    """Wait until the process of a job ends. Returns whether it reset the JVM. Ends the session if the parent ends."""
    readable, _, _ = select.select([0, reset_reader], [], [])
    if reset_reader not in readable:
        _end()
    return os.read(reset_reader, 1) != b""


def _end() -> NoReturn:
    """End this session, and the JVM and its workers, which are in the same process group."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def _print(session: Session, event: str, *streams: int) -> None:
    for stream in streams or (1,):
        os.write(stream, f"{session.marker} {event}\n".encode())


def _run(session: Session, path: str, jvm: Any) -> int:
    """Run a job in this process, which was forked for the job. Returns the exit code of its script."""
    _print(session, "connected")
    request = Request.read(path)
    os.environ.update(request.environment, TMPDIR=request.work)
    tempfile.tempdir = None  # so that the folder in TMPDIR is used
    numpy: Any = importlib.import_module("numpy")
    numpy.random.seed()  # otherwise, all jobs of the session have the same random numbers

    def configure(settings: Mapping[str, str]) -> None:
        if jvm is None:
            configure_spark(settings, Path(request.work))
            return
        names = {*request.environment, *(name for name in os.environ if name.startswith("AWS_")), "TMPDIR"}
        workers = {f"spark.executorEnv.{name}": os.environ[name] for name in names}
        aws = {name: os.environ[variable] for name, variable in AWS_PROPERTIES.items() if variable in os.environ}
        for name, value in {**settings, **workers, **aws}.items():
            jvm.java.lang.System.setProperty(name, value)

    exit_code = run_job(request, new_job_run_id(), configure)
    _print(session, "finished", 1, 2)
    return exit_code


def _warm_up(session: Session) -> int:
    """Write and read a table, and run a Python task, so that the JVM loads the classes that most jobs need."""
    spark = importlib.import_module("pyspark.sql").SparkSession.builder.getOrCreate()
    folder = f"{session.work}/warm-up"
    spark.sql("SELECT id, count(*) AS rows FROM range(10) GROUP BY id ORDER BY id").write.parquet(folder)
    spark.read.parquet(folder).createOrReplaceTempView("rows")
    spark.sql("SELECT * FROM rows JOIN rows AS other USING (id)").collect()
    spark.sparkContext.parallelize([1], 1).mapPartitions(list).collect()
    return 0


def _connect() -> Any:
    """Connect to the JVM of the session. Returns its classes."""
    context = importlib.import_module("pyspark").SparkContext
    context._ensure_initialized()
    for variable in ("PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET"):
        del os.environ[variable]
    return context._jvm


def _reset(jvm: Any, properties: Any) -> None:
    """Remove everything that a job left in the JVM. Raises an exception if something remains."""
    context = importlib.import_module("pyspark").SparkContext._active_spark_context
    if context is not None:
        context.stop()
    if jvm.org.apache.spark.SparkEnv.get() is not None:
        raise RuntimeError("The job left a Spark context.")
    jvm.org.apache.hadoop.fs.FileSystem.closeAll()  # file systems have the credentials of the job
    jvm.java.lang.System.setProperties(properties)
    jvm.java.util.TimeZone.setDefault(None)
    jvm.org.apache.logging.log4j.core.config.Configurator.reconfigure()


if __name__ == "__main__":
    main()
