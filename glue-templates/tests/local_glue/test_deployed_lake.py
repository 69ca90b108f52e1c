"""`medallion … --deployed` reads a lake in AWS. The tests use an emulated account with simulated Glue job runs."""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from aws_errors import ACTIONS, explained
from botocore.exceptions import ClientError

HERE = Path(__file__).parent
DEPLOYED = HERE.parents[1] / "local_glue" / "deployed_lake.py"
BUCKET = "pp-dw-000000000000"
RUNS = f"s3://{BUCKET}/etl/zipcodes/runs/bronze/"
JOB = "pp-dw-bronze-zipcodes"
GROUP = "/aws-glue/pp-dw/output"


@dataclass(frozen=True)
class Account:
    """An emulated account: its endpoint, the folder of the roles, and the file with the runs to simulate."""

    endpoint: str
    roles: Path
    played: Path

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.endpoint)

    def environment(self, **added: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHONPATH"))}
        return {
            **kept,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "MEDALLION_POLL_SECONDS": "0.1",
            "PYTHONPATH": str(HERE.parents[1]),
            **added,
        }


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder = tmp_path_factory.mktemp("account")
    roles = folder / "roles"
    roles.mkdir()
    played = folder / "played.json"
    server = subprocess.Popen(
        [os.environ["LAKE_PYTHON"], HERE.parent / "deploy" / "serve_account.py", "--roles", roles],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "PLAYED_RUNS": str(played),
            "SFN_WAIT_SCALE": "0.01",
            "PYTHONPATH": os.pathsep.join([str(DEPLOYED.parent), str(HERE.parent / "deploy"), str(HERE.parents[1])]),
        },
    )
    assert server.stdin and server.stdout
    account = Account(server.stdout.readline().strip(), roles, played)
    account.client("s3").create_bucket(Bucket=BUCKET)
    names = {"dataset": "zipcodes", "layer": "bronze", "bucket": BUCKET, "runs": RUNS}
    account.client("glue").create_job(
        Name=JOB,
        Role="role",
        Command={"Name": "glueetl", "ScriptLocation": "s3://x/y.py"},
        DefaultArguments={"--names": json.dumps(names)},
    )
    account.client("athena").create_work_group(
        Name="pp-dw", Configuration={"ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/athena/"}}
    )
    account.client("logs").create_log_group(logGroupName=GROUP)
    yield account
    server.stdin.close()
    server.wait(10)


@dataclass(frozen=True)
class Done:
    code: int
    stdout: str
    stderr: str
    result: Any


def call(account: Account, folder: Path, command: str, request: dict[str, Any], **environment: str) -> Done:
    folder.mkdir(exist_ok=True)
    (folder / "request").write_text(json.dumps({"region": "us-east-1", **request}), encoding="utf-8")
    result = folder / "result"
    result.unlink(missing_ok=True)
    done = subprocess.run(
        [os.environ["LAKE_PYTHON"], DEPLOYED, command, folder / "request", result],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env=account.environment(**environment),
    )
    content = json.loads(result.read_text(encoding="utf-8")) if result.exists() else None
    return Done(done.returncode, done.stdout, done.stderr, content)


def mirror_request(folder: Path, **changes: Any) -> dict[str, Any]:
    return {
        "account": "000000000000",
        "folder": str(folder / "mirror"),
        "since": "2026-11-01T00:00:00Z",
        "limit": 100,
        "job_runs": False,
        "datasets": [{"runs": RUNS, "job": JOB}],
        **changes,
    }


def put(account: Account, name: str, content: object) -> None:
    key = f"{RUNS.removeprefix(f's3://{BUCKET}/')}{name}"
    account.client("s3").put_object(Bucket=BUCKET, Key=key, Body=json.dumps(content).encode())


def mirrored(folder: Path) -> dict[str, Any]:
    files = (folder / "mirror" / BUCKET / "etl/zipcodes/runs/bronze").iterdir()
    return {file.name: json.loads(file.read_text(encoding="utf-8")) for file in files}


def run_name(day: int) -> str:
    return f"run_id=202611{day:02}T010000000Z-00000{day % 10}.json"


def test_new_changed_and_deleted_records_are_mirrored(account: Account, tmp_path: Path) -> None:
    put(account, run_name(2), {"status": "published"})
    put(account, run_name(3), {"status": "running"})
    put(account, "published.json", {"run_id": "2"})
    assert call(account, tmp_path, "mirror", mirror_request(tmp_path)).code == 0
    assert mirrored(tmp_path) == {
        run_name(2): {"status": "published"},
        run_name(3): {"status": "running"},
        "published.json": {"run_id": "2"},
    }
    unchanged = (tmp_path / "mirror" / BUCKET / "etl/zipcodes/runs/bronze" / run_name(2)).stat()
    put(account, run_name(3), {"status": "published"})
    put(account, run_name(4), {"status": "failed"})
    account.client("s3").delete_object(Bucket=BUCKET, Key=f"etl/zipcodes/runs/bronze/{run_name(2)}")
    put(account, run_name(5), {"status": "unchanged"})
    assert call(account, tmp_path, "mirror", mirror_request(tmp_path)).code == 0
    assert {name: each["status"] for name, each in mirrored(tmp_path).items() if name != "published.json"} == {
        run_name(3): "published",
        run_name(4): "failed",
        run_name(5): "unchanged",
    }
    assert unchanged.st_size > 0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"since": "2026-11-04T00:00:00Z"}, [run_name(4), run_name(5)]),
        ({"limit": 1}, [run_name(5)]),
        (
            {"datasets": [{"runs": RUNS.replace("zipcodes", "never-run"), "job": "never-deployed"}], "job_runs": True},
            [],
        ),
    ],
)
def test_the_mirror_is_bounded(changes: dict[str, Any], expected: list[str], account: Account, tmp_path: Path) -> None:
    for day, status in ((3, "published"), (4, "failed"), (5, "unchanged")):
        put(account, run_name(day), {"status": status})
    done = call(account, tmp_path, "mirror", mirror_request(tmp_path, **changes))
    assert (done.code, done.stderr) == (0, "")
    names = [file.name for file in (tmp_path / "mirror").rglob("run_id=*.json")]
    assert sorted(names) == expected


def test_a_job_run_that_wrote_no_record_is_returned(account: Account, tmp_path: Path) -> None:
    played = [{"state": "FAILED", "error": "Container killed by YARN", "record": False, "seconds": 1}]
    account.played.write_text(json.dumps({JOB: played}), encoding="utf-8")
    job_run_id = account.client("glue").start_job_run(JobName=JOB)["JobRunId"]
    wait_until_ended(account, job_run_id)
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    runs = call(account, tmp_path, "mirror", mirror_request(tmp_path, since=since, job_runs=True)).result[JOB]
    found = next(each for each in runs if each["id"] == job_run_id)
    assert (found["state"], found["is_active"], found["error"]) == ("FAILED", False, "Container killed by YARN")


def wait_until_ended(account: Account, job_run_id: str) -> None:
    glue = account.client("glue")
    deadline = time.monotonic() + 30
    while glue.get_job_run(JobName=JOB, RunId=job_run_id)["JobRun"]["JobRunState"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize(("state", "error"), [("SUCCEEDED", None), ("FAILED", "GATE_MAX_SHRINK: 12 rows")])
def test_a_job_is_started_and_followed_with_its_log(
    state: str, error: str | None, account: Account, tmp_path: Path
) -> None:
    played = [{"state": state, "seconds": 100, "error": error or ""}]
    account.played.write_text(json.dumps({JOB: played}), encoding="utf-8")
    request = {"job": JOB, "arguments": {"--run_options": '{"force": true}'}, "group": GROUP}
    done = call(account, tmp_path, "run", request)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.code == 0
    assert [each["state"] for each in events if "state" in each] == ["RUNNING", state]
    assert (done.result["state"], done.result.get("error")) == (state, error)
    put_log(account, events[0]["job_run_id"], "one\ntwo")
    put_log(account, f"{events[0]['job_run_id']}_attempt_1", "of the retry")
    log = call(account, tmp_path, "logs", {"groups": [GROUP], "job_run_id": events[0]["job_run_id"]})
    assert (log.stdout, log.result) == ("one\ntwo\n", {"lines": 2})


def put_log(account: Account, stream: str, message: str) -> None:
    logs = account.client("logs")
    logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    event = {"timestamp": int(time.time() * 1000), "message": message}
    logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=[event])


def test_a_log_group_that_does_not_exist_is_an_empty_log(account: Account, tmp_path: Path) -> None:
    done = call(account, tmp_path, "logs", {"groups": ["/aws-glue/none/output"], "job_run_id": "jr_1"})
    assert (done.code, done.stdout, done.result) == (0, "", {"lines": 0})


def query(account: Account, folder: Path, sql: str, as_json: bool, limit: int | None = None) -> tuple[Done, str]:
    output = folder / "output"
    request = {"workgroup": "pp-dw", "sql": sql, "output": str(output), "json": as_json, "limit": limit}
    done = call(account, folder, "query", request)
    return done, output.read_text(encoding="utf-8") if output.exists() else ""


def test_a_query_has_the_rows_of_athena_without_their_header(account: Account, tmp_path: Path) -> None:
    done, output = query(account, tmp_path, "SELECT 'x' AS text, CAST(NULL AS VARCHAR) AS missing", as_json=False)
    columns, *rows = [json.loads(line) for line in output.splitlines()]
    assert (done.code, rows) == (0, [["x", None]])
    assert [each["name"] for each in columns["columns"]] == ["text", "missing"]
    _, output = query(account, tmp_path, "SELECT i FROM range(3) t(i)", as_json=True, limit=2)
    assert [len(each) for each in json.loads(output)] == [1, 1]


def test_invalid_sql_is_one_line(account: Account, tmp_path: Path) -> None:
    done, _ = query(account, tmp_path, "SELECT * FROM missing_table", as_json=False)
    assert (done.code, done.stderr.count("\n")) == (2, 1)
    assert "missing_table" in done.stderr


@pytest.mark.parametrize(
    ("environment", "request_changes", "message"),
    [
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, {}, "No AWS credentials were found."),
        ({}, {"profile": "missing"}, "The config profile (missing) could not be found."),
        ({}, {"region": None}, "The Region of the lake is unknown"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, {}, "Could not connect to the endpoint URL"),
    ],
)
def test_a_missing_prerequisite_of_requests_is_reported_in_one_line(
    environment: dict[str, str], request_changes: dict[str, Any], message: str, account: Account, tmp_path: Path
) -> None:
    done = call(account, tmp_path, "identity", request_changes, **environment)
    assert (done.code, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith(message)


def test_the_docs_list_every_permission() -> None:
    page = HERE.parents[2] / "docs" / "operations" / "run-history.md"
    table = page.read_text(encoding="utf-8").split("### Permissions\n")[1]
    assert [action for action in ACTIONS.values() if f"`{action}`" not in table] == []
    called = re.findall(r"\b(?:glue|s3|athena|log_client|client)\.(?!get_paginator|exceptions)(\w+)\(", code())
    paged = re.findall(r'get_paginator\("(\w+)"\)', code())
    assert {*called, *paged} == {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in ACTIONS}


def code() -> str:
    """The code of the modules that send requests to AWS."""
    return "".join(DEPLOYED.with_name(name).read_text(encoding="utf-8") for name in (DEPLOYED.name, "athena_query.py"))


def test_a_missing_bucket_is_named(account: Account, tmp_path: Path) -> None:
    datasets = [{"runs": RUNS.replace(BUCKET, "other-bucket"), "job": JOB}]
    done = call(account, tmp_path, "mirror", mirror_request(tmp_path, datasets=datasets))
    assert done.code == 1
    assert "other-bucket" in done.stderr


@pytest.mark.parametrize(
    ("policy", "permission"),
    [
        ([], "s3:ListBucket on arn:aws:s3:::"),
        (["s3:ListBucket"], "s3:GetObject on arn:aws:s3:::"),
        (["s3:ListBucket", "s3:GetObject"], "glue:GetJobRuns on "),
    ],
)
def test_a_missing_permission_is_named_with_its_resource(
    policy: list[str], permission: str, account: Account, tmp_path: Path
) -> None:
    put(account, run_name(5), {"status": "unchanged"})
    statement = {"Effect": "Allow", "Action": policy or ["s3:PutObject"], "Resource": "*"}
    (account.roles / "reader.json").write_text(json.dumps([{"Statement": [statement]}]), encoding="utf-8")
    request = mirror_request(tmp_path, job_runs=True)
    done = call(account, tmp_path, "mirror", request, AWS_ACCESS_KEY_ID="reader")
    assert done.code == 1
    assert f"The permission {permission}" in done.stderr
    assert "--profile" in done.stderr


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("ExpiredToken", "", "The AWS credentials have expired. Log in again, for example with `aws sso login`."),
        ("InvalidClientTokenId", "", "AWS does not accept the credentials (InvalidClientTokenId)."),
        (
            "AccessDeniedException",
            "User: arn:aws:iam::111122223333:user/me is not authorized to perform: glue:GetJobRuns on resource: "
            "arn:aws:glue:us-east-1:111122223333:job/x because no identity-based policy allows it",
            "The permission glue:GetJobRuns on arn:aws:glue:us-east-1:111122223333:job/x is missing for "
            "arn:aws:iam::111122223333:user/me.",
        ),
        (
            "AccessDeniedException",
            "Insufficient Lake Formation permission(s): Required Describe on pp_dw_gold",
            "GetJobRuns failed in us-east-1: Insufficient Lake Formation permission(s): Required Describe on pp_dw_gold "
            "Lake Formation controls access to the tables. To grant the permissions, set lakeFormation: true on "
            "EtlCore",
        ),
        (
            "AccessDeniedException",
            "User: arn:aws:iam::111122223333:user/me is not authorized to perform: lakeformation:GetDataAccess",
            "GetJobRuns failed in us-east-1: User: arn:aws:iam::111122223333:user/me is not authorized to perform: "
            "lakeformation:GetDataAccess Lake Formation controls access to the tables.",
        ),
        ("AccessDenied", "Access Denied", "The permission glue:GetJobRuns on the job x is missing."),
        ("ThrottlingException", "Rate exceeded", "GetJobRuns failed in us-east-1: ThrottlingException: Rate exceeded"),
    ],
)
def test_a_response_with_an_error_says_what_to_do(code: str, message: str, expected: str) -> None:
    error = ClientError({"Error": {"Code": code, "Message": message}}, "GetJobRuns")
    assert explained(error, "us-east-1", "the job x").startswith(expected)
