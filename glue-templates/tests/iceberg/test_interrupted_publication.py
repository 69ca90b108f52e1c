"""Iceberg tables: a publication that fails or is killed between its commits, for datasets with several tables."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import boto3
import pytest
from iceberg.killed import Killed, die
from iceberg.test_iceberg_job import ICEBERG, glue_table, run_objects

from conftest import Dataset, Response, Source, zipped
from etl_runtime.iceberg.transaction import Commit, TableTransaction
from etl_runtime.job.store import Store
from etl_runtime.publish.iceberg_tables import IcebergTables

MakeDataset = Callable[..., Dataset]
KEYS = ("a", "b")


@pytest.fixture
def made(dataset: MakeDataset) -> Dataset:
    return dataset(list(KEYS))


def run(made: Dataset, source: Source, number: int) -> dict[str, Any]:
    body = zipped(**{f"{key}.csv": b"n\n%d\n" % number for key in KEYS})
    mapping = {f"{key}.csv": key for key in KEYS}
    return made.run(source.serves("/x.zip", Response(body)), file_table_mapping=mapping, **ICEBERG)


def current_runs(made: Dataset) -> list[str | None]:
    """The run of the current snapshot of each table, as readers of the Data Catalog see it."""
    found: list[str | None] = []
    for key in KEYS:
        metadata = made.store.read_json(glue_table(made, key)["Parameters"]["metadata_location"])
        current = [each for each in metadata["snapshots"] if each["snapshot-id"] == metadata["current-snapshot-id"]]
        found.append(current[0]["summary"]["medallion.run-id"] if current else None)
    return found


def before_publish(monkeypatch: pytest.MonkeyPatch, action: Callable[[], None]) -> None:
    publish = IcebergTables.publish

    def acting(tables: IcebergTables, *arguments: Any) -> dict[str, Any]:
        action()
        return publish(tables, *arguments)

    monkeypatch.setattr(IcebergTables, "publish", acting)


def test_if_a_table_cannot_be_committed_the_others_get_their_previous_publication_back(
    made: Dataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(made, source, 1)
    first = made.published()["run_id"]
    table = made.names["tables"]["b"]["name"]
    glue = boto3.client("glue")
    with monkeypatch.context() as failing:
        before_publish(failing, lambda: glue.delete_table(DatabaseName="pp_dw_bronze", Name=table))
        with pytest.raises(Exception, match=f"pp_dw_bronze.{table}"):
            run(made, source, 2)
    metadata = made.store.read_json(glue_table(made, "a")["Parameters"]["metadata_location"])
    assert metadata["current-snapshot-id"] == made.published()["tables"]["a"]["snapshot_id"]
    assert made.published()["run_id"] == first
    run(made, source, 3)
    assert current_runs(made) == [made.published()["run_id"]] * 2
    assert made.rows("a") == made.rows("b") == [{"n": 3, "meta_rescued": None}]
    assert run_objects(made) == ["publications", "published.json"]


def test_if_the_first_publication_fails_at_its_second_table_the_first_table_has_no_rows(
    made: Dataset, dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    glue = boto3.client("glue")
    table = made.names["tables"]["b"]["name"]
    another = dataset()
    another.run(source.serves("/x.csv", b"n\n1\n"), **ICEBERG)
    metadata = made.store.read_json(glue_table(another)["Parameters"]["metadata_location"])
    location = f"{made.names['tables']['b']['location']}metadata/other.metadata.json"  # the role can read it
    made.store.write_json(location, metadata)
    other: Any = {"Name": table, "Parameters": {"table_type": "ICEBERG", "metadata_location": location}}
    with monkeypatch.context() as failing:
        before_publish(failing, lambda: glue.create_table(DatabaseName="pp_dw_bronze", TableInput=other))
        with pytest.raises(Exception, match=f"pp_dw_bronze.{table}"):
            run(made, source, 1)
    metadata = made.store.read_json(glue_table(made, "a")["Parameters"]["metadata_location"])
    assert metadata["current-snapshot-id"] in (None, -1)
    glue.delete_table(DatabaseName="pp_dw_bronze", Name=table)
    run(made, source, 2)
    assert current_runs(made) == [made.published()["run_id"]] * 2


@pytest.mark.parametrize("commits", [0, 1, 2])
def test_the_next_run_finishes_a_publication_that_has_committed_a_table_and_drops_any_other(
    made: Dataset, source: Source, monkeypatch: pytest.MonkeyPatch, commits: int
) -> None:
    run(made, source, 1)
    first = made.published()["run_id"]
    done: list[Commit] = []
    commit_table = TableTransaction.commit

    def dying(transaction: TableTransaction, commit: Commit) -> int | None:
        if len(done) == commits:
            raise Killed
        done.append(commit)
        return commit_table(transaction, commit)

    with monkeypatch.context() as killed:
        killed.setattr(TableTransaction, "commit", dying)
        killed.setattr("etl_runtime.publish.iceberg_publication.IcebergPublication.finish", die)
        with suppress(Killed):
            run(made, source, 2)
    killed_run = made.record()["run_id"]
    assert current_runs(made) == [*[killed_run] * commits, *[first] * (2 - commits)]
    assert made.published()["run_id"] == first
    with pytest.raises(Exception, match="SOURCE_NOT_FOUND"):
        made.run(f"{source.url}/none.zip", file_table_mapping={"a.csv": "a", "b.csv": "b"}, **ICEBERG)
    expected = killed_run if commits else first
    assert current_runs(made) == [expected] * 2
    assert made.published()["run_id"] == expected
    run(made, source, 3)
    assert made.rows("a") == made.rows("b") == [{"n": 3, "meta_rescued": None}]
    assert run_objects(made) == ["publications", "published.json"]


def vacuum(made: Dataset, key: str) -> None:
    """Remove all snapshots of a table except the current one, as VACUUM in Athena does."""
    table = glue_table(made, key)
    location = table["Parameters"]["metadata_location"]
    metadata = made.store.read_json(location)
    current = metadata["current-snapshot-id"]
    metadata["snapshots"] = [each for each in metadata["snapshots"] if each["snapshot-id"] == current]
    metadata["snapshot-log"] = [each for each in metadata["snapshot-log"] if each["snapshot-id"] == current]
    vacuumed = f"{location.rpartition('/')[0]}/vacuumed.metadata.json"
    made.store.write_json(vacuumed, metadata)
    replaced: Any = {
        "Name": table["Name"],
        "StorageDescriptor": table["StorageDescriptor"],
        "Parameters": {**table["Parameters"], "metadata_location": vacuumed},
    }
    boto3.client("glue").update_table(DatabaseName="pp_dw_bronze", TableInput=replaced)


def test_a_publication_that_can_be_neither_finished_nor_undone_is_replaced_by_the_next_one(
    made: Dataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(made, source, 1)
    done: list[Commit] = []
    commit_table = TableTransaction.commit

    def dying(transaction: TableTransaction, commit: Commit) -> int | None:
        if done:
            raise Killed
        done.append(commit)
        return commit_table(transaction, commit)

    with monkeypatch.context() as killed:
        killed.setattr(TableTransaction, "commit", dying)
        with suppress(Killed):
            run(made, source, 2)
    vacuum(made, "a")
    boto3.client("glue").delete_table(DatabaseName="pp_dw_bronze", Name=made.names["tables"]["b"]["name"])
    run(made, source, 3)
    assert current_runs(made) == [made.published()["run_id"]] * 2
    assert made.rows("a") == made.rows("b") == [{"n": 3, "meta_rescued": None}]
    assert run_objects(made) == ["publications", "published.json"]


def test_a_publication_that_another_writer_has_overtaken_is_dropped(
    made: Dataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(made, source, 1)
    intents: list[bytes] = []

    with monkeypatch.context() as killed:
        killed.setattr("etl_runtime.publish.iceberg_publication.IcebergPublication.commit", die)
        with suppress(Killed):
            run(made, source, 2)
    uri = made.names["runs"] + "publishing.json"
    intents.append(Store().read(uri) or b"")
    run(made, source, 3)
    third = made.published()["run_id"]
    made.store.write(uri, intents[0])
    run(made, source, 4)
    assert third != made.published()["run_id"]
    assert current_runs(made) == [made.published()["run_id"]] * 2
    assert run_objects(made) == ["publications", "published.json"]
