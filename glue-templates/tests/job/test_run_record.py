"""The run record contains the result of a run, even if the run was killed."""

import signal
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from tempfile import gettempdir
from typing import Any

import pytest
from botocore.exceptions import ClientError

from conftest import Dataset, Source, files_up_to
from etl_runtime.bronze import Fetching
from etl_runtime.columns.column_types import TEXT
from etl_runtime.convert.task import Column, Shard, convert_shard
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.file_format import FileFormat
from etl_runtime.job.run_record import new_run_id
from etl_runtime.publish.tables import ParquetTables
from etl_runtime.read.part import Part

MakeDataset = Callable[..., Dataset]


def record_of(made: Dataset, days_ago: float, status: str, **more: Any) -> str:
    """Write the record of a run that started `days_ago`. Returns its URI."""
    started = datetime.now(UTC) - timedelta(days=days_ago)
    run_id = f"{started:%Y%m%dT%H%M%S}000Z-abcdef"
    uri = f"{made.names['runs']}run_id={run_id}.json"
    record = {
        "dataset": made.name,
        "run_id": run_id,
        "job_run_id": "jr_0",
        "status": status,
        "error": None,
        "retryable": None,
    }
    made.store.write_json(uri, {**record, **more})
    return uri


@pytest.mark.parametrize(
    "days_ago", [1 / 24, 31, -1], ids=["an hour ago", "a month ago", "tomorrow, because of a wrong clock"]
)
def test_the_next_run_closes_the_record_of_a_killed_run(
    dataset: MakeDataset, source: Source, capsys: pytest.CaptureFixture[str], days_ago: float
) -> None:
    made = dataset()
    killed = record_of(made, days_ago, "running")
    made.run(source.serves("/x.csv", b"id\n1\n"))
    record = made.store.read_json(killed)
    assert (record["status"], record["error_code"], record["retryable"]) == ("failed", "RUN_KILLED", True)
    assert record["error"].startswith("RUN_KILLED: The run was killed. Run ")
    assert f"run {record['run_id']} was killed; set its status to failed" in capsys.readouterr().out


def test_the_records_of_several_killed_runs_are_closed(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    killed = [record_of(made, days, "running") for days in (3, 2, 1)]
    made.run(source.serves("/x.csv", b"id\n1\n"))
    assert [made.store.read_json(uri)["status"] for uri in killed] == ["failed"] * 3


def test_records_older_than_the_last_ended_run_are_not_checked(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    records = [record_of(made, 3, "running"), record_of(made, 2, "failed", error="404"), record_of(made, 40, "running")]
    before = [made.store.read(uri) for uri in records]
    made.run(source.serves("/x.csv", b"id\n1\n"))
    assert [made.store.read(uri) for uri in records] == before


def test_a_run_that_was_killed_after_its_publication_gets_the_status_published(
    dataset: MakeDataset, source: Source
) -> None:
    """Its record then lists its originals, so that the tables can be rebuilt from them."""
    made = dataset()
    first = made.run(source.serves("/x.csv", b"id\n1\n"))
    uri = f"{made.names['runs']}run_id={first['run_id']}.json"
    made.store.write_json(uri, {**first, "status": "running", "sources": [], "tables": []})
    made.run(source.serves("/x.csv", b"id\n2\n"))
    closed = made.store.read_json(uri)
    assert (closed["status"], closed["sources"]) == ("published", first["sources"])
    assert [table["rows"] for table in closed["tables"]] == [1]
    made.run(source.url, run_options=f'{{"from_run": "{first["run_id"]}"}}')
    assert made.rows() == [{"id": 1, "meta_rescued": None}]


def test_a_run_that_was_closed_but_is_alive_overwrites_its_record(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset()
    url = source.serves("/x.csv", b"id\n1\n")
    other: list[dict[str, Any]] = []

    def while_another_run_starts(*arguments: Any) -> list[str]:
        with monkeypatch.context() as once:
            once.setattr("etl_runtime.convert.gates.check_gates", lambda *_: [])
            other.append(made.run(url))
        return []

    monkeypatch.setattr("etl_runtime.convert.gates.check_gates", while_another_run_starts)
    monkeypatch.setattr("etl_runtime.bronze.recover", lambda *_: None)
    with pytest.raises(RunFailed, match="^CONCURRENT_RUN: Another run"):
        made.run(url)
    records = [made.store.read_json(uri) for uri in made.store.list(made.names["runs"] + "run_id=")]
    assert [record["status"] for record in records] == ["failed", "published"]
    assert records[0]["error"].startswith("CONCURRENT_RUN: Another run")
    assert records[0]["error_code"] == "CONCURRENT_RUN"


def test_a_full_disk_while_originals_are_read_is_an_error_of_one_line(dataset: MakeDataset, source: Source) -> None:
    """A download has an error message of its own."""
    made = dataset()
    run_id = made.run(source.serves("/x.csv", b"id\n" + b"1234567\n" * 4000))["run_id"]
    with files_up_to(20_000), pytest.raises(OSError, match="File too large"):
        made.run(source.url, run_options=f'{{"from_run": "{run_id}"}}')
    assert made.record()["error"].startswith(
        f"DISK_FULL: The disk is full ({gettempdir()}: File too large). Free some space, or choose a larger "
    )
    assert made.record()["error_code"] == "DISK_FULL"


def test_a_full_disk_in_a_spark_task_is_an_error_of_one_line(dataset: MakeDataset) -> None:
    made = dataset()
    part = Part(f"{made.names['staging']}part.csv", "csv", "x.csv", ("id",), 9, 3, 1)
    made.store.write(part.uri, b"1\n2\n30\n")
    shard = Shard(
        "x",
        (part,),
        (Column("id", "id", TEXT, inferred=True),),
        FileFormat(),
        "r",
        "us-east-1",
        f"{made.names['staging']}x",
    )
    with (
        files_up_to(200),
        pytest.raises(
            RunFailed,
            match="^DISK_FULL: The disk is full .*: .*File too large.*[)]. Free some space, or choose a larger",
        ) as raised,
    ):
        convert_shard(shard)
    assert raised.value.code == ErrorCode.DISK_FULL


def test_run_ids_are_unique_even_for_the_same_time() -> None:
    assert len({new_run_id(datetime.now(UTC)) for _ in range(50)}) == 50


def test_runs_publish_correctly_after_the_clock_was_set_back(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The later run has an id that sorts first."""
    made = dataset()
    made.run(source.serves("/x.csv", b"id\n1\n"))
    monkeypatch.setattr("etl_runtime.job.run_record.new_run_id", lambda _: "20010101T000000000Z-abcdef")
    made.run(source.serves("/x.csv", b"id\n2\n"))
    assert (made.published()["run_id"], made.rows()) == (
        "20010101T000000000Z-abcdef",
        [{"id": 2, "meta_rescued": None}],
    )
    monkeypatch.undo()
    made.run(source.serves("/x.csv", b"id\n3\n"))
    assert [row["id"] for row in made.rows()] == [3]


def test_a_record_contains_rows_bytes_and_rescued_values_per_table(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"id\n" + b"1\n" * 100))
    record = made.run(source.serves("/x.csv", b"id\n" + b"1\n" * 99 + b"x\n"))
    table = record["tables"][0]
    size = sum(len(made.store.read(f"s3://{made.names['bucket']}/{file}") or b"") for file in table["files"])
    assert (table["rows"], table["bytes"], table["rescued"], record["gates"]) == (100, size, {"id": 1}, [])


def denied(operation: str, message: str, code: str = "AccessDeniedException") -> Callable[[Any], None]:
    """A fetch function of a custom script whose call of a service is refused."""

    def fetch(_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": message}}, operation)

    return fetch


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ("GetTable", "Insufficient Lake Formation permission(s): Required Describe on prices"),
        ("CreateDatabase", "Insufficient Lake Formation permission(s): Required Create Database on Catalog"),
        (
            "GetDataAccess",
            "User: arn:aws:sts::123456789012:assumed-role/pp-dw-glue-role/jr_1 is not authorized to perform: "
            "lakeformation:GetDataAccess on resource: arn:aws:lakeformation:us-east-1:123456789012:catalog",
        ),
        (
            "GetTables",
            "Principal does not have any privilege on specified resource (Service: AWSLakeFormation; Status Code: 400)",
        ),
    ],
)
def test_a_refusal_by_lake_formation_says_what_to_grant(dataset: MakeDataset, operation: str, message: str) -> None:
    made = dataset()
    error = made.failing(lambda: made.run_on(fetch=denied(operation, message)))
    assert error.startswith("LAKE_FORMATION_DENIED: ")
    assert message in error
    assert "Set lakeFormation: true on EtlCore" in error
    assert "see docs/access/lake-formation.md" in error
    record = made.record()
    assert (record["error_code"], record["retryable"]) == ("LAKE_FORMATION_DENIED", False)


@pytest.mark.parametrize(
    "message", ["Access denied", "The table lake_formation_costs does not exist", "no such bucket: lake-formation-logs"]
)
def test_another_refusal_is_not_attributed_to_lake_formation(dataset: MakeDataset, message: str) -> None:
    made = dataset()
    with pytest.raises(ClientError):
        made.run_on(fetch=denied("GetObject", message, "NoSuchEntity"))
    assert made.record()["error"].startswith("UNEXPECTED_ERROR: ")


def test_a_stopped_job_closes_its_record(dataset: MakeDataset) -> None:
    made = dataset()
    handler = signal.getsignal(signal.SIGTERM)

    def fetch(_: Fetching) -> None:
        with suppress(Exception):  # as a library may do
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(SystemExit) as stopped:
        made.run_on(fetch=fetch)
    assert stopped.value.code == 143
    record = made.record()
    assert (record["status"], record["error_code"], record["retryable"]) == ("failed", "RUN_KILLED", True)
    assert record["finished_at"]
    assert signal.getsignal(signal.SIGTERM) is handler


def test_a_job_that_is_stopped_while_it_publishes_completes(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset()
    publish = ParquetTables.publish

    def stopped_publish(*arguments: Any) -> dict[str, Any]:
        signal.raise_signal(signal.SIGTERM)
        return publish(*arguments)

    monkeypatch.setattr(ParquetTables, "publish", stopped_publish)
    made.run(source.serves("/x.csv", b"id\n1\n"))
    assert made.record()["status"] == "published"
