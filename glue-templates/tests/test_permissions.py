"""The permissions that each kind of job requires: test/security/job-roles.test.ts evaluates them with the deployed roles.

The S3 emulator limits a job to the permissions of its role, so a missing one also fails the run here.
"""

import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import boto3
import botocore.client
import pytest
from pyspark.sql import DataFrame

from conftest import BUCKET, Dataset, DerivedTable, Lake, Source
from etl_runtime.gold import Gold, Transform
from faults.bronze_kinds import TABLES
from faults.job_processes import JobProcesses
from faults.lake import make_bucket
from faults.proxy import Action, Fault
from faults.trial import Before, Trial
from job_role import ROLES_FOLDER
from secret_server import serving_secrets

RECORDED = Path(__file__).with_name("required_permissions.json")
MakeDataset = Callable[..., Dataset]
MakeTable = Callable[..., DerivedTable]
Required = dict[str, Any]


def recorded_calls(role: str) -> list[Required]:
    """The permissions that the emulator has recorded for the access keys that match this regular expression."""
    file = Path(os.environ[ROLES_FOLDER], "calls")
    calls = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return [
        {name: each[name] for name in ("action", "resource", "context")}
        for each in calls
        if re.fullmatch(role, each["role"])
    ]


class Recorder:
    """The permissions that the jobs of this process require from now on."""

    def __init__(self) -> None:
        self.other: list[Required] = []
        self._skipped = len(recorded_calls("job"))

    def calls(self) -> list[Required]:
        return recorded_calls("job")[self._skipped :] + self.other


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Records the requests to S3 and Glue in the emulator, and those to other services in their clients."""
    found = Recorder()
    make = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined]

    def recording(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        service = client.meta.service_model.service_name
        if service not in ("s3", "glue"):
            found.other.append(permission_of(service, operation, parameters))
        return make(client, operation, parameters)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", recording)
    return found


def permission_of(service: str, operation: str, parameters: Mapping[str, Any]) -> Required:
    if service == "secretsmanager":
        secret = f"arn:aws:secretsmanager:eu-central-1:123456789012:secret:{parameters['SecretId']}-AbCdEf"
        return {"action": f"{service}:{operation}", "resource": secret, "context": {}}
    if service == "events":
        (entry,) = parameters["Entries"]
        context = {"events:source": entry["Source"], "events:detail-type": entry["DetailType"]}
        bus = "arn:aws:events:eu-central-1:123456789012:event-bus/default"
        return {"action": f"{service}:{operation}", "resource": bus, "context": context}
    context = {"cloudwatch:namespace": parameters["Namespace"]} if service == "cloudwatch" else {}
    return {"action": f"{service}:{operation}", "resource": "*", "context": context}


def check(
    kind: str, roles: list[str], calls: list[Required], *, dataset: str, input: str = "", bucket: str = BUCKET
) -> None:
    """Compare with the recorded permissions of this kind, in which the names of datasets and runs are fixed.

    With RECORD_PERMISSIONS=1, the permissions are recorded instead.
    """
    text = json.dumps(calls).replace(dataset, "dataset-name").replace(dataset.replace("-", "_"), "dataset_name")
    if input:
        text = text.replace(input, "input-name").replace(input.replace("-", "_"), "input_name")
    text = re.sub(r"\d{8}T\d{9}Z-[0-9a-f]{6}", "RUN", text.replace(bucket, "pp-dw-123456789012"))
    text = re.sub(r"run_id=\d{8}T\d{6}", "run_id=TIME", re.sub(r"\b\d{4,6}\b", "0000", text))
    text = re.sub(r"snap-\d+-", "snap-ID-", re.sub(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", text))
    unique = {json.dumps(each, sort_keys=True): each for each in json.loads(text)}
    required = [unique[each] for each in sorted(unique)]
    everything = json.loads(RECORDED.read_text())
    if os.environ.get("RECORD_PERMISSIONS"):
        known = everything.get(kind, {}).get("required", [])
        merged = {json.dumps(each, sort_keys=True): each for each in [*known, *required]}
        everything[kind] = {"roles": roles, "required": [merged[each] for each in sorted(merged)]}
        RECORDED.write_text(json.dumps(dict(sorted(everything.items())), indent=1) + "\n")
        return
    recorded = everything.get(kind, {}).get("required", [])
    missing = [each for each in required if each not in recorded]
    assert not missing, (
        f"{kind} requires permissions that are not in {RECORDED.name}. Run the tests of this module with "
        "RECORD_PERMISSIONS=1 on Glue 5.0 and 6.0, and then test/security/job-roles.test.ts."
    )


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send metrics and write OpenLineage events, as a lake with `metrics` and `lineage` does."""
    init = Lake.__init__

    def with_metrics(lake: Lake, *arguments: Any) -> None:
        init(lake, *arguments)
        lake.names["metrics_namespace"] = "pp-dw"
        lake.names["lineage_namespace"] = "arn:aws:glue:us-east-1:123456789012"

    monkeypatch.setattr(Lake, "__init__", with_metrics)


def test_bronze_from_a_file(recorder: Recorder, metrics: None, dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"n\n1\n2\n"), business_key=["n"])
    run_id = made.record()["run_id"]
    made.run(source.serves("/x.csv", b"n\n1\n3\n"), business_key=["n"])
    made.run(source.serves("/x.csv", b"n\n1\n3\n"), run_options=json.dumps({"from_run": run_id, "force": True}))
    made.fails(source.url + "/none.csv")
    check("a bronze dataset with a file", ["shared", "secret"], recorder.calls(), dataset=made.name)


def test_bronze_with_warnings(recorder: Recorder, dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.names["event_source"] = "medallion.pp-dw"
    rules = [{"condition": "n > 1", "severity": "warn"}]
    made.run(source.serves("/x.csv", b"n\n1\n2\n"), data_quality={"rules": rules})
    assert len(made.record()["warnings"]) == 1
    check("a bronze dataset with warnings", ["shared", "secret"], recorder.calls(), dataset=made.name)


def test_bronze_from_an_api(
    recorder: Recorder, metrics: None, dataset: MakeDataset, source: Source, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("password")
    auth = {"type": "bearer", "secret": "secret-name"}
    made = dataset(["items"])
    for rows in (b'[{"n": 1}]', b'[{"n": 2}]'):
        url = source.serves("/items", rows)
        with serving_secrets({"secret-name": str(tmp_path / "secret")}):
            made.run_on(api_endpoints={"items": {"url": url}}, auth=auth)
    check("a bronze dataset with an API", ["secret"], recorder.calls(), dataset=made.name)


def test_bronze_from_an_api_per_value_of_a_table(
    recorder: Recorder, metrics: None, dataset: MakeDataset, silver: MakeTable, source: Source
) -> None:
    read = silver()
    *_, made = [dataset(["items"]) for _ in range(9)]  # so that its number differs from that of the input
    read.run("SELECT 'items' AS path")
    made.names["inputs"] = [read.as_input()]
    (table,) = read.names["tables"].values()
    for_each = {"table": f"pp_dw_silver.{table['name']}", "column": "path"}
    recorded = Recorder()
    for rows in (b'[{"n": 1}]', b'[{"n": 2}]'):
        source.serves("/items", rows)
        made.run_on(api_endpoints={"items": {"url": f"{source.url}/{{value}}", "for_each": for_each}})
    calls = recorded.calls() + recorder.other
    check(
        "a bronze dataset with the values of a table",
        ["shared", "table_values"],
        calls,
        dataset=made.name,
        input=read.name,
    )


@pytest.mark.parametrize(("kind", "key"), [("folder", "source-prefix/"), ("object", "source-object")])
def test_bronze_from_a_bucket(recorder: Recorder, dataset: MakeDataset, kind: str, key: str) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="source-bucket")
    made = dataset()
    for rows in (b"n\n1\n", b"n\n1\n", b"n\n1\n2\n"):
        s3.put_object(Bucket="source-bucket", Key=f"{key}x.csv" if kind == "folder" else key, Body=rows)
        made.run_on(source_url=f"s3://source-bucket/{key}", file_format={"type": "csv"})
    s3.delete_object(Bucket="source-bucket", Key=key)
    if kind == "object":
        made.failing(lambda: made.run_on(source_url=f"s3://source-bucket/{key}"))
    check(f"a bronze dataset with an S3 {kind}", [f"s3_{kind}"], recorder.calls(), dataset=made.name)


def test_bronze_from_a_file_of_the_app(recorder: Recorder, metrics: None, dataset: MakeDataset) -> None:
    made = dataset()
    key = f"etl/{made.name}/glue/source/x.csv"
    statuses = []
    for rows in (b"n\n1\n", b"n\n1\n", b"n\n1\n2\n"):
        boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=rows)
        made.run_on(source_url=f"s3://{BUCKET}/{key}")
        statuses.append(made.record()["status"])
    assert statuses == ["published", "unchanged", "published"]
    boto3.client("s3").delete_object(Bucket=BUCKET, Key=key)
    made.failing(lambda: made.run_on(source_url=f"s3://{BUCKET}/{key}"))
    check("a bronze dataset with a file of the app", ["shared", "secret"], recorder.calls(), dataset=made.name)


def test_bronze_with_iceberg_tables(
    recorder: Recorder, metrics: None, dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    iceberg: dict[str, Any] = {"table_format": "iceberg", "description": "Numbers"}
    made = dataset()
    runs = []
    for number in range(3):
        hours = number * 200  # snapshots of the first publications expire
        now = time.time() + hours * 3600
        monkeypatch.setattr("etl_runtime.publish.iceberg_tables.time.time", lambda now=now: now)
        for _ in range(2):
            made.run(source.serves("/x.csv", b"n\n1\n%d\n" % (number + 2)), **iceberg)
        runs.append(made.published()["run_id"])
    made.fails(source.serves("/x.csv", b"n\n"), **iceberg)
    made.run_on({"rollback_to": runs[1]}, source_url=source.url, **iceberg)
    check("a bronze dataset with Iceberg tables", ["shared", "secret"], recorder.calls(), dataset=made.name)


def gold_script(table: str) -> Callable[[Gold], DataFrame]:
    def transform(gold: Gold) -> DataFrame:
        gold.require("positive", "n > 0")
        return gold.read(table).select("n")

    return transform


@pytest.mark.parametrize("layer", ["silver", "gold"])
def test_derived(
    recorder: Recorder,
    metrics: None,
    dataset: MakeDataset,
    silver: MakeTable,
    gold: MakeTable,
    source: Source,
    layer: str,
) -> None:
    make = {"silver": silver, "gold": gold}[layer]
    *_, bronze = [dataset() for _ in range(9)]  # so that its number differs from those of derived datasets
    bronze.run(source.serves("/x.csv", b"n,v\n1,a\n2,b\n"))
    table = f"pp_dw_bronze.{bronze.name.replace('-', '_')}"
    kinds: list[tuple[str, str | Transform, dict[str, Any]]] = [
        ("SQL", f"SELECT n, v FROM {table}", {"business_key": ["n"]}),
        ("a script", gold_script(table), {}),
        ("a history", f"SELECT n, v FROM {table}", {"history": {"business_key": ["n"]}}),
        ("Iceberg tables", f"SELECT n, v FROM {table}", {"table_format": "iceberg"}),
        (
            "a history in Iceberg tables",
            f"SELECT n, v FROM {table}",
            {"history": {"business_key": ["n"]}, "table_format": "iceberg"},
        ),
    ]
    for kind, made_by, document in kinds:
        made = make(bronze)
        recorded = Recorder()
        made.run(made_by, **document)
        bronze.run(source.serves("/x.csv", f"n,v\n1,a\n2,{kind}\n3,c\n".encode()))
        recorded = Recorder()
        assert made.run(made_by, **document)["status"] == "published"
        made.run(made_by, **document)
        calls = recorded.calls() + recorder.other
        check(f"a {layer} dataset with {kind}", ["shared"], calls, dataset=made.name, input=bronze.name)


@pytest.fixture
def processes(s3_endpoint: str) -> Iterator[JobProcesses]:
    make_bucket(s3_endpoint, "pp-dw-210987654321")
    found = JobProcesses(s3_endpoint, Path(mkdtemp(prefix="medallion-permissions-")), {})
    yield found
    found.close()


@pytest.mark.complete
def test_recovery_of_a_killed_run(s3_endpoint: str, processes: JobProcesses) -> None:
    """The bucket has versions: to revert a publication, a run restores the previous object."""
    bucket = "pp-dw-210987654321"
    trial = Trial(TABLES, s3_endpoint, bucket, processes)
    trial.publish_initial()
    for fault, before in [
        (Fault(Action.KILL_AFTER, "CopyObject", 1), Before.NOTHING),
        (Fault(Action.KILL_AFTER, "DeleteObjects", 1), Before.INTERRUPTED_AND_EXPIRED),
    ]:
        assert trial.run(fault, before).problems == []
    calls = [each for each in recorded_calls(r"job-medallion-permissions-.*") if TABLES.name in str(each)]
    assert "s3:GetObjectVersion" in {each["action"] for each in calls}
    check("a bronze dataset after a killed run", ["shared", "secret"], calls, dataset=TABLES.name, bucket=bucket)
    trial.close()
