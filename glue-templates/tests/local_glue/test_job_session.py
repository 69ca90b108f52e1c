"""Jobs of a session share a JVM, and no job notices the jobs before it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from conftest import BUCKET
from job_role import ROLES_FOLDER

MARKER = "end-of-job"
SESSION = Path(__file__).parents[2] / "local_glue" / "job_session.py"

pytestmark = pytest.mark.spark

CHANGES_ALL = """
import os, random, sys
from pathlib import Path
import numpy
from pyspark.sql import SparkSession
spark = SparkSession.builder.appName("first").config("spark.sql.shuffle.partitions", "77").getOrCreate()
spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
spark.sql("SET spark.sql.ansi.enabled=true")
spark.sql("SET spark.medallion.test=1")
spark.sql("CREATE DATABASE left_behind")
spark.sql("CREATE TABLE left_behind.places USING parquet AS SELECT 1 AS one")
spark.range(3).createOrReplaceTempView("a_view")
spark.range(3).createOrReplaceGlobalTempView("a_global_view")
spark.udf.register("a_function", lambda: 1)
spark.sql("CACHE TABLE cached AS SELECT 1 AS one")
spark.sparkContext.setLogLevel("OFF")
spark.sparkContext.addPyFile(sys.argv[sys.argv.index("--module") + 1])
spark._jvm.java.lang.System.setProperty("medallion.test", "1")
spark._jvm.java.lang.System.setProperty("spark.medallion.property", "1")
zone = spark._jvm.java.util.TimeZone
zone.setDefault(zone.getTimeZone("Asia/Tokyo"))
import changed_module
random.random = lambda: 0.5
sys.modules["a_module"] = sys
sys.path.insert(0, "/left/behind")
os.environ["LEFT_BEHIND"] = "1"
os.environ["TZ"] = "Asia/Tokyo"
os.umask(0o077)
numpy.random.seed(1); random.seed(1)
Path(os.environ["TMPDIR"], "left-behind").write_text("1")
os.chdir("/")
# A job reads and writes its own data in the driver, in the JVM, and in a worker.
own = sys.argv[sys.argv.index("--own") + 1]
spark.range(3).write.mode("overwrite").parquet(f"s3://{own}/frame/")
"""

REPORTS = """
import json, os, random, sys
from pathlib import Path
import boto3, numpy
from pyspark.sql import SparkSession
imported = sorted(name for name in sys.modules if name in ("a_module", "changed_module"))
spark = SparkSession.builder.getOrCreate()
java = spark._jvm.java
own, other = (sys.argv[sys.argv.index(name) + 1] for name in ("--own", "--other"))

def denied(call):
    try:
        call()
    except Exception as error:
        return "AccessDenied" in str(error) or "403" in str(error) or "Forbidden" in str(error)
    return False

def denied_in_worker(rows):
    list(rows)
    bucket, _, prefix = other.partition("/")
    yield denied(lambda: boto3.client("s3").get_object(Bucket=bucket, Key=f"{prefix}/file"))

def variables(rows):
    list(rows)
    yield {name: os.environ.get(name) for name in ("AWS_ACCESS_KEY_ID", "TMPDIR", "LEFT_BEHIND", "AWS_ENDPOINT_URL")}

def worker_modules(rows):
    list(rows)
    try:
        import changed_module
    except ImportError:
        yield False
    else:
        yield True

context = spark.sparkContext
print("REPORT " + json.dumps({
    "modules": imported,
    "path": "/left/behind" in sys.path,
    "environment": [os.environ.get("LEFT_BEHIND"), os.environ["TZ"], os.environ["TMPDIR"]],
    "gateway": [name for name in os.environ if name.startswith("PYSPARK_GATEWAY")],
    "umask": os.umask(0o022),
    "files": os.listdir(os.environ["TMPDIR"]).count("left-behind"),
    "folder": os.getcwd(),
    "random": [random.random(), float(numpy.random.rand())],
    "arguments": sys.argv[1:],
    "settings": [spark.conf.get(name) for name in ("spark.sql.shuffle.partitions", "spark.sql.ansi.enabled")],
    "own_settings": [spark.conf.get(name, None) for name in ("spark.medallion.test", "spark.medallion.property")],
    "zone": spark.conf.get("spark.sql.session.timeZone"),
    "databases": [row[0] for row in spark.sql("SHOW DATABASES").collect()],
    "views": [row.viewName for row in spark.sql("SHOW VIEWS").collect()]
    + [row.viewName for row in spark.sql("SHOW VIEWS IN global_temp").collect()],
    "function": spark.catalog.functionExists("a_function"),
    "cached": context._jsc.getPersistentRDDs().size(),
    "property": java.lang.System.getProperty("medallion.test"),
    "java_zone": java.util.TimeZone.getDefault().getID(),
    "log_level": str(spark._jvm.org.apache.logging.log4j.LogManager.getRootLogger().getLevel()),
    "denied_in_jvm": denied(lambda: spark.read.text(f"s3://{other}/file").collect()),
    "denied_in_worker": context.parallelize([1], 1).mapPartitions(denied_in_worker).collect(),
    "own": spark.range(2).write.mode("overwrite").parquet(f"s3://{own}/frame/"),
    "worker": context.parallelize([1], 1).mapPartitions(variables).collect()[0],
    "module_in_worker": context.parallelize([1], 1).mapPartitions(worker_modules).collect()[0],
}), flush=True)
print("no line break at the end", end="")
"""


class Session:
    """A session with jobs that are custom scripts."""

    def __init__(self, folder: Path, warms_up: bool, has_jvm: bool) -> None:
        self.folder = folder
        self.jobs = 0
        work = folder / "session"
        work.mkdir()
        settings = {
            "jars": os.environ["LAKE_JARS"],
            "iceberg_jars": None,
            "java_options": "",
            "conf": "",
            "work": str(work),
            "has_jvm": has_jvm,
            "warms_up": warms_up,
            "marker": MARKER,
        }
        file = folder / "session.json"
        file.write_text(json.dumps(settings))
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SPARK_"))}
        self.log = (folder / "log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, SESSION, file],
            env=environment
            | {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "TZ": "UTC"}
            | {"MEDALLION_SECRET_VENDOR_API": "hunter2"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdin and self.process.stdout
        self.until("ready")

    def until(self, event: str) -> list[str]:
        """The lines of the job until an event, or until the session has ended."""
        assert self.process.stdout
        lines: list[str] = []
        for line in self.process.stdout:
            text, marker, rest = line.rstrip("\n").partition(MARKER)
            lines += [text] if text else []
            if marker and rest.strip() == event:
                return lines
        raise EOFError(f"the session ended: {lines} {Path(self.log.name).read_text()}")

    def start(self, name: str, script: str, arguments: dict[str, str] | None = None) -> Path:
        """Send the request of a job that can only read and write the folder with its name. Returns its result file."""
        self.jobs += 1
        folder = self.folder / f"{self.jobs}-{name}"
        source = folder / "deployed"
        source.mkdir(parents=True)
        source.joinpath("job.py").write_text(script)
        folder.joinpath("work").mkdir()
        statements = [
            {"Effect": "Allow", "Action": "s3:*", "Resource": f"arn:aws:s3:::{BUCKET}/sessions/{name}/*"},
            # For objects that do not exist: without this permission, S3 denies the request.
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"},
        ]
        policy = [{"Version": "2012-10-17", "Statement": statements}]
        Path(os.environ[ROLES_FOLDER], f"session-{name}.json").write_text(json.dumps(policy))
        request = {
            "job_name": name,
            "script": f"s3://{BUCKET}/sessions/{self.folder.name}/{folder.name}/job.py",
            "arguments": {"--names": "{}", "--own": f"{BUCKET}/sessions/{name}", **(arguments or {})},
            "bucket": BUCKET,
            "runs": f"s3://{BUCKET}/sessions/runs/{name}/",
            "deployments": [
                {
                    "source": str(source),
                    "bucket": BUCKET,
                    "prefix": f"sessions/{self.folder.name}/{folder.name}",
                    "markers": {},
                }
            ],
            "secrets": {},
            "buckets": {},
            "endpoint": os.environ["AWS_ENDPOINT_URL"],
            "access_key": f"session-{name}",
            "jars": os.environ["LAKE_JARS"],
            "iceberg_jars": None,
            "java_options": "",
            "environment": {
                "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
            },
            "work": str(folder / "work"),
            "result": str(folder / "result.json"),
            "progress": None,
        }
        file = folder / "request.json"
        file.write_text(json.dumps(request))
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"request": str(file)}) + "\n")
        self.process.stdin.flush()
        return folder / "result.json"

    def run(self, name: str, script: str, arguments: dict[str, str] | None = None) -> tuple[dict[str, Any], list[str]]:
        """The outcome of a job and the lines that it printed."""
        result = self.start(name, script, arguments)
        lines = self.until("finished")
        outcome: dict[str, Any] = json.loads(result.read_text())
        self.until("ready")
        return outcome, lines

    def report(self, arguments: dict[str, str]) -> dict[str, Any]:
        outcome, lines = self.run("second", REPORTS, arguments)
        assert outcome["exit_code"] == 0, outcome
        assert lines[-1] == "no line break at the end"
        (report,) = [json.loads(line.removeprefix("REPORT ")) for line in lines if line.startswith("REPORT ")]
        assert isinstance(report, dict)
        return report


@contextmanager
def started(folder: Path, warms_up: bool = False, has_jvm: bool = True) -> Iterator[Session]:
    session = Session(folder, warms_up, has_jvm)
    try:
        yield session
    finally:
        if session.process.poll() is None:
            os.killpg(session.process.pid, signal.SIGKILL)
        session.process.wait()


def test_a_job_notices_nothing_of_the_job_before_it(tmp_path: Path) -> None:
    tmp_path.joinpath("changed_module.py").write_text("VALUE = 1\n")
    arguments = {"--other": f"{BUCKET}/sessions/first", "--module": str(tmp_path / "changed_module.py")}
    boto3.client("s3").put_object(Bucket=BUCKET, Key="sessions/first/file", Body=b"1")
    with started(tmp_path) as session:
        alone = session.report(arguments)
    tmp_path = tmp_path / "warm"
    tmp_path.mkdir()
    with started(tmp_path, warms_up=True) as session:
        outcome, _ = session.run("first", CHANGES_ALL, arguments)
        assert outcome["exit_code"] == 0, outcome
        after = session.report(arguments)
    random, temporary = after.pop("random"), after["worker"].pop("TMPDIR")
    assert random != alone.pop("random")
    assert temporary == after["environment"].pop() != alone["environment"].pop() == alone["worker"].pop("TMPDIR")
    assert after["arguments"].pop(3).startswith("jr_")
    alone["arguments"].pop(3)
    assert after == alone
    # The first job has changed all of these values.
    assert after["databases"] == ["default"]
    assert (after["modules"], after["views"], after["function"], after["cached"]) == ([], [], False, 0)
    assert (after["property"], after["java_zone"], after["log_level"]) == (None, "UTC", "WARN")
    assert after["denied_in_jvm"] is True
    assert after["denied_in_worker"] == [True]
    assert after["worker"]["AWS_ACCESS_KEY_ID"] == "session-second"
    assert after["module_in_worker"] is False


def test_a_session_without_a_jvm_runs_jobs_that_notice_nothing_of_each_other(tmp_path: Path) -> None:
    changes = "import os, random, sys\nos.environ['LEFT'] = '1'\nrandom.random = None\nsys.modules['a_module'] = sys"
    reports = "import os, random, sys\nprint('LEFT' in os.environ, random.random is None, 'a_module' in sys.modules)"
    with started(tmp_path, has_jvm=False) as session:
        outcome, _ = session.run("first", changes)
        assert outcome["exit_code"] == 0, outcome
        assert session.run("second", reports)[1] == ["False False False"]
        assert jvms(session) == []


def test_a_job_that_uses_spark_in_a_session_without_a_jvm_has_a_jvm_of_its_own(tmp_path: Path) -> None:
    script = """
import sys
from pyspark.sql import SparkSession
own = sys.argv[sys.argv.index("--own") + 1]
spark = SparkSession.builder.getOrCreate()
spark.range(3).write.mode("overwrite").parquet(f"s3://{own}/frame/")
print(spark.read.parquet(f"s3://{own}/frame/").count())
"""
    with started(tmp_path, has_jvm=False) as session:
        outcome, lines = session.run("own", script)
        assert (outcome["exit_code"], lines) == (0, ["3"]), outcome
        assert jvms(session) == []
        assert session.run("next", "print('works')")[1] == ["works"]


def jvms(session: Session) -> list[Path]:
    return [pid for pid in _processes(session) if b"-Xmx2g" in pid.joinpath("cmdline").read_bytes()]


ENDINGS = {
    "an exception": ("raise ValueError('broken')", "ValueError: broken"),
    "an exit code": ("import sys; sys.exit('stopped')", "stopped"),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_session_runs_the_next_job_after_a_failed_one(tmp_path: Path, ending: str) -> None:
    script, error = ENDINGS[ending]
    with started(tmp_path) as session:
        outcome, _ = session.run("failing", script)
        assert (outcome["exit_code"], outcome["error"]) == (1, error)
        outcome, lines = session.run("next", "print('works')")
        assert (outcome["exit_code"], lines) == (0, ["works"])


UNCLEAN = {
    "kills its process": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "ends its process at once": "import os; os._exit(0)",
    "ends the JVM": (
        "from pyspark.sql import SparkSession\nSparkSession.builder.getOrCreate()._jvm.java.lang.System.exit(3)"
    ),
}


@pytest.mark.parametrize("what", UNCLEAN)
def test_a_session_ends_with_a_job_that(tmp_path: Path, what: str) -> None:
    with started(tmp_path) as session:
        session.start("unclean", UNCLEAN[what])
        with pytest.raises(EOFError):
            session.until("ready")
        session.process.wait(20)
        # SIGKILL ends the JVM some time later.
        for _ in range(50):
            if not _processes(session):
                break
            time.sleep(0.1)
        assert _processes(session) == []


def test_neither_the_jvm_nor_a_later_job_has_the_secrets_of_a_job(tmp_path: Path) -> None:
    script = """
import boto3, os
print(boto3.client("secretsmanager").get_secret_value(SecretId="vendor/api")["SecretString"])
print([name for name in os.environ if name.startswith("MEDALLION_SECRET")])
"""
    with started(tmp_path) as session:
        for _ in range(2):
            _, lines = session.run("secret", script)
            assert lines == ["hunter2", "[]"]
        (jvm,) = jvms(session)
        assert b"hunter2" not in jvm.joinpath("environ").read_bytes()


def test_a_job_does_not_start_if_the_jvm_has_ended_since_the_last_one(tmp_path: Path) -> None:
    with started(tmp_path) as session:
        session.run("first", "print('works')")
        (jvm,) = jvms(session)
        os.kill(int(jvm.name), signal.SIGKILL)
        session.start("second", "print('works')")
        with pytest.raises(EOFError, match=r"the session ended: \[\]"):
            session.until("connected")


@pytest.mark.parametrize("state", ["waits for a request", "runs a job"])
def test_all_processes_of_a_session_end_with_their_parent_while_it(tmp_path: Path, state: str) -> None:
    with started(tmp_path) as session:
        if state == "runs a job":
            session.start("sleeping", "print('sleeps', flush=True); import time; time.sleep(600)")
            session.until("connected")
            assert session.process.stdout and session.process.stdout.readline() == "sleeps\n"
        assert session.process.stdin
        session.process.stdin.close()
        session.process.wait(20)
        deadline = time.monotonic() + 20
        while rest := [p for p in Path("/proc").iterdir() if p.name.isdigit() and _group(p) == session.process.pid]:
            assert time.monotonic() < deadline, rest
            time.sleep(0.1)


def _processes(session: Session) -> list[Path]:
    """The running processes of a session."""
    return [each for each in Path("/proc").iterdir() if each.name.isdigit() and _group(each) == session.process.pid]


def _group(process: Path) -> int | None:
    """The process group of a process. None if it has ended."""
    try:
        fields = process.joinpath("stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[2])
