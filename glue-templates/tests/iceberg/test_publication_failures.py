"""Publications of Iceberg tables that are killed, refused or get no response, and what the next run does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from iceberg.killed import Killed, die
from py4j.protocol import Py4JJavaError

from conftest import BUCKET, Dataset, Response, Source, zipped
from etl_runtime.iceberg.catalog import IcebergCatalog
from etl_runtime.iceberg.transaction import Commit, TableTransaction
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.spark import start_spark
from etl_runtime.publish import iceberg_publication

MakeDataset = Callable[..., Dataset]
ICEBERG = {"table_format": "iceberg"}
TWO_TABLES: dict[str, Any] = {**ICEBERG, "file_table_mapping": {"a.csv": "a", "b.csv": "b"}}


def java_error() -> Py4JJavaError:
    context: Any = start_spark().sparkContext
    with pytest.raises(Py4JJavaError) as caught:
        context._jvm.java.lang.Class.forName("no.such.Class")
    return caught.value


def snapshot_in_catalog(made: Dataset, key: str | None = None) -> dict[str, Any]:
    """The current snapshot of a table, as a reader finds it."""
    name = made.names["tables"][key or made.name.replace("-", "_")]["name"]
    table = boto3.client("glue").get_table(DatabaseName=made.names["database"], Name=name)["Table"]
    metadata = made.store.read_json(table["Parameters"]["metadata_location"])
    [current] = [each for each in metadata["snapshots"] if each["snapshot-id"] == metadata["current-snapshot-id"]]
    return dict(current)


def run_in_catalog(made: Dataset, key: str | None = None) -> str:
    return str(snapshot_in_catalog(made, key)["summary"]["medallion.run-id"])


def two_tables(source: Source, number: int) -> str:
    rows = b"n\n%d\n" % number
    return source.serves("/x.zip", Response(zipped(**{"a.csv": rows, "b.csv": rows})))


Outcome = Callable[[Callable[[], int | None]], int | None]


@contextmanager
def commits(monkeypatch: pytest.MonkeyPatch, *outcomes: Outcome) -> Iterator[None]:
    """Replace the commits of a run with outcomes. Each outcome is called with a function that commits."""
    real, remaining = TableTransaction.commit, list(outcomes)

    def commit(transaction: TableTransaction, change: Commit) -> int | None:
        return remaining.pop(0)(lambda: real(transaction, change))

    with monkeypatch.context() as patched:
        patched.setattr(TableTransaction, "commit", commit)
        yield


def test_a_run_that_is_killed_after_its_commit_is_completed_by_the_next_run(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"id\n1\n"), **ICEBERG)
    url = source.serves("/x.csv", b"id\n2\n")
    with monkeypatch.context() as dying:
        dying.setattr(iceberg_publication.IcebergPublication, "finish", die)
        with pytest.raises(Killed):
            made.run(url, **ICEBERG)
    assert run_in_catalog(made) != made.published()["run_id"]
    assert made.run(url, **ICEBERG)["status"] == "unchanged"
    assert run_in_catalog(made) == made.published()["run_id"]
    assert [row["id"] for row in made.rows()] == [2]


def test_a_run_that_is_killed_between_two_commits_is_completed_by_the_next_run(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset(["a", "b"])
    made.run(two_tables(source, 1), **TWO_TABLES)
    first = made.published()["run_id"]
    url = two_tables(source, 2)
    with commits(monkeypatch, lambda commit: commit(), die), pytest.raises(Killed):
        made.run(url, **TWO_TABLES)
    assert [run_in_catalog(made, key) == first for key in "ab"] == [False, True]
    assert made.run(url, **TWO_TABLES)["status"] == "unchanged"
    assert run_in_catalog(made, "a") == run_in_catalog(made, "b") == made.published()["run_id"] != first
    assert made.rows("a") == made.rows("b") == [{"n": 2, "meta_rescued": None}]


def test_a_refused_commit_restores_the_tables_that_are_already_committed(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset(["a", "b"])
    made.run(two_tables(source, 1), **TWO_TABLES)
    first = made.published()["run_id"]
    error = java_error()

    def refuse(_: object) -> int | None:
        raise error

    with commits(monkeypatch, lambda commit: commit(), refuse), pytest.raises(RunFailed, match="^SPARK_FAILED"):
        made.run(two_tables(source, 2), **TWO_TABLES)
    assert run_in_catalog(made, "a") == run_in_catalog(made, "b") == first
    made.run(two_tables(source, 3), **TWO_TABLES)
    assert made.rows("a") == made.rows("b") == [{"n": 3, "meta_rescued": None}]


def test_an_error_of_a_commit_that_has_reached_the_catalog_does_not_fail_the_run(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"id\n1\n"), **ICEBERG)
    error = java_error()

    def lose_the_response(commit: Callable[[], int | None]) -> int | None:
        commit()
        raise error

    with commits(monkeypatch, lose_the_response):
        assert made.run(source.serves("/x.csv", b"id\n2\n"), **ICEBERG)["status"] == "published"
    assert run_in_catalog(made) == made.published()["run_id"]
    assert [row["id"] for row in made.rows()] == [2]


@pytest.mark.parametrize("reaches_catalog", [True, False], ids=["committed", "not committed"])
def test_a_commit_without_a_known_outcome_is_completed_or_dropped_by_the_next_run(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch, reaches_catalog: bool
) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"id\n1\n"), **ICEBERG)
    first = made.published()["run_id"]
    url = source.serves("/x.csv", b"id\n2\n")
    error = java_error()

    def fail(*_: Any) -> None:
        raise error

    def lose_the_catalog(commit: Callable[[], int | None]) -> int | None:
        if reaches_catalog:
            commit()
        monkeypatch.setattr(IcebergCatalog, "load", fail)
        raise error

    with monkeypatch.context(), commits(monkeypatch, lose_the_catalog):
        with pytest.raises(RunFailed, match="^COMMIT_OUTCOME_UNKNOWN: .* is not responding"):
            made.run(url, **ICEBERG)
        monkeypatch.undo()
    assert (run_in_catalog(made) == first) != reaches_catalog
    assert made.run(url, **ICEBERG)["status"] == ("unchanged" if reaches_catalog else "published")
    assert run_in_catalog(made) == made.published()["run_id"] != first
    assert [row["id"] for row in made.rows()] == [2]


def test_of_two_concurrent_runs_the_later_one_fails(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"id\n1\n"), **ICEBERG)
    url = source.serves("/x.csv", b"id\n2\n")

    def while_another_run_publishes(*_: Any) -> list[str]:
        with monkeypatch.context() as other:
            other.setattr("etl_runtime.convert.gates.check_gates", lambda *_: [])
            other.setattr("etl_runtime.bronze.recover", lambda *_: None)
            made.run(url, **ICEBERG)
        return []

    monkeypatch.setattr("etl_runtime.convert.gates.check_gates", while_another_run_publishes)
    with pytest.raises(RunFailed, match="^CONCURRENT_RUN: Another run of .* has published since this run started"):
        made.run(url, **ICEBERG)
    assert run_in_catalog(made) == made.published()["run_id"]
    assert [row["id"] for row in made.rows()] == [2]


def test_a_commit_is_refused_if_another_writer_has_changed_the_table(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"id\n1\n"), **ICEBERG)
    name = made.names["tables"][made.name.replace("-", "_")]["name"]

    def while_another_writer_commits(commit: Callable[[], int | None]) -> int | None:
        context: Any = start_spark().sparkContext
        with IcebergCatalog(start_spark(), BUCKET) as catalog:
            other: Any = catalog.load("pp_dw_bronze", name)
            other.newDelete().deleteFromRowFilter(
                context._jvm.org.apache.iceberg.expressions.Expressions.alwaysTrue()
            ).commit()
        return commit()

    message = f"^CONCURRENT_RUN: Another writer has changed pp_dw_bronze.{name} since this run started"
    with commits(monkeypatch, while_another_writer_commits), pytest.raises(RunFailed, match=message):
        made.run(source.serves("/x.csv", b"id\n2\n"), **ICEBERG)
    assert snapshot_in_catalog(made)["summary"]["operation"] == "delete"
    assert made.run(source.serves("/x.csv", b"id\n2\n"), **ICEBERG)["status"] == "published"
    assert [row["id"] for row in made.rows()] == [2]


def test_parquet_tables_cannot_be_rolled_back(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"id\n1\n"))
    run_id = made.published()["run_id"]
    message = made.fails(source.serves("/x.csv", b"id\n2\n"), run_options=f'{{"rollback_to": "{run_id}"}}')
    assert message.startswith("RUN_OPTIONS_INVALID: run_options.rollback_to is supported for Iceberg tables only")
    assert f'{{"from_run": "{run_id}"}}' in message


def test_a_table_that_cannot_be_read_fails_the_run_without_another_attempt(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library itself retries for a minute and a half."""
    error = java_error()
    attempts: list[str] = []

    def load(_: IcebergCatalog, database: str, name: str) -> None:
        attempts.append(f"{database}.{name}")
        raise error

    made = dataset()
    made.run(source.serves("/x.csv", b"n\n1\n"), **ICEBERG)
    monkeypatch.setattr(IcebergCatalog, "load", load)
    message = made.fails(source.serves("/x.csv", b"n\n2\n"), **ICEBERG)
    assert f"SPARK_FAILED: {attempts[0]}: ClassNotFoundException: no.such.Class" in message
    assert len(attempts) == 1
