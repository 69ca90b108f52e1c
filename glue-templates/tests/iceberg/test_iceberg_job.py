"""Iceberg tables: what a run publishes, and what readers of the Data Catalog see."""

import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from iceberg.killed import Killed, die

from conftest import BUCKET, Dataset, DerivedTable, Response, Source, zipped
from etl_runtime.publish import iceberg_tables
from etl_runtime.publish.iceberg_tables import IcebergTables

MakeDataset = Callable[..., Dataset]
ICEBERG = {"table_format": "iceberg"}


def glue_table(made: Dataset | DerivedTable, key: str | None = None) -> dict[str, Any]:
    name = made.names["tables"][key or made.name.replace("-", "_")]["name"]
    table: dict[str, Any] = boto3.client("glue").get_table(DatabaseName=made.names["database"], Name=name)["Table"]
    return table


def test_a_publication_is_in_the_data_catalog_without_a_crawler(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"id,name\n1,a\n2,b\n"), **ICEBERG, description="Customers")
    table = glue_table(made)
    assert table["Parameters"]["table_type"] == "ICEBERG"
    assert table["Description"] == "Customers"
    columns = {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]}
    assert columns == {"id": "bigint", "name": "string", "meta_run_id": "string", "meta_rescued": "string"}
    published = made.published()
    entry = published["tables"][made.name.replace("-", "_")]
    assert table["Parameters"]["metadata_location"] == entry["metadata_location"]
    assert entry["files"] == [f"bronze/{made.name}/data/{published['run_id']}-000000.parquet"]
    assert made.rows() == [{"id": 1, "name": "a", "meta_rescued": None}, {"id": 2, "name": "b", "meta_rescued": None}]


def columns_in_catalog(made: Dataset | DerivedTable, key: str | None = None) -> dict[str, str]:
    """The current columns of the table. Glue keeps dropped columns and marks them."""
    return {
        column["Name"]: column["Type"]
        for column in glue_table(made, key)["StorageDescriptor"]["Columns"]
        if column.get("Parameters", {}).get("iceberg.field.current", "true") == "true"
    }


def snapshots(made: Dataset | DerivedTable) -> list[dict[str, Any]]:
    """The snapshots in the current metadata file."""
    metadata = made.store.read_json(glue_table(made)["Parameters"]["metadata_location"])
    found: list[dict[str, Any]] = metadata["snapshots"]
    return found


def objects(made: Dataset | DerivedTable) -> list[str]:
    """The keys of the table's objects, relative to the folder of the dataset."""
    prefix = f"s3://{BUCKET}/{made.layer}/{made.name}/"
    return [uri.removeprefix(prefix) for uri in made.store.list(prefix)]


def run_objects(made: Dataset | DerivedTable) -> list[str]:
    """The names of the files and folders next to the run records."""
    found = {uri.removeprefix(made.names["runs"]).partition("/")[0] for uri in made.store.list(made.names["runs"])}
    return sorted(name for name in found if not name.startswith("run_id="))


def test_a_second_publication_replaces_the_rows_and_keeps_the_previous_snapshot(
    dataset: MakeDataset, source: Source
) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"id\n1\n2\n"), **ICEBERG)
    first = made.published()
    made.run(source.serves("/x.csv", b"id\n3\n4\n"), **ICEBERG)
    assert [row["id"] for row in made.rows()] == [3, 4]
    assert [each["summary"]["medallion.run-id"] for each in snapshots(made)] == [
        first["run_id"],
        made.published()["run_id"],
    ]
    data = [name for name in objects(made) if name.startswith("data/")]
    assert data == [f"data/{run_id}-000000.parquet" for run_id in (first["run_id"], made.published()["run_id"])]
    assert run_objects(made) == ["publications", "published.json"]


def test_a_new_column_and_a_new_field_are_in_the_catalog_with_their_first_publication(
    dataset: MakeDataset, source: Source
) -> None:
    made = dataset()
    made.run(source.serves("/x.jsonl", b'{"id": 1, "tags": [{"a": "x"}]}\n'), **ICEBERG)
    made.run(source.serves("/x.jsonl", b'{"id": 1, "extra": 1.5, "tags": [{"a": "x", "b": 2}]}\n'), **ICEBERG)
    assert columns_in_catalog(made) == {
        "id": "bigint",
        "tags": "array<struct<a:string,b:bigint>>",
        "extra": "double",
        "meta_run_id": "string",
        "meta_rescued": "string",
    }
    [row] = made.rows()
    assert row["tags"] == [{"a": "x", "b": 2}]


def test_a_contract_reset_gives_a_column_its_new_type_in_the_same_commit(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"id,v\n1,a\n"), **ICEBERG)
    made.run(source.serves("/x.csv", b"id,v\n1,7\n"), run_options='{"reset_contract": true}', **ICEBERG)
    assert columns_in_catalog(made)["v"] == "bigint"
    assert [row["v"] for row in made.rows()] == [7]
    assert len(snapshots(made)) == 2


def test_an_unchanged_source_is_not_published_again(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    url = source.serves("/x.csv", b"id\n1\n")
    made.run(url, **ICEBERG)
    assert made.run(url, **ICEBERG)["status"] == "unchanged"
    assert len(snapshots(made)) == 1


def test_a_table_that_another_writer_has_changed_is_published_again(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    url = source.serves("/x.csv", b"id\n1\n")
    made.run(url, **ICEBERG)
    glue = boto3.client("glue")
    table = glue_table(made)
    kept = {name: table[name] for name in ("Name", "StorageDescriptor", "TableType", "Parameters")}
    location = kept["Parameters"]["metadata_location"]
    other = location.replace(".metadata.json", "-other.metadata.json")
    made.store.write_json(other, made.store.read_json(location))
    kept["Parameters"] |= {"metadata_location": other}
    glue.update_table(DatabaseName=made.names["database"], TableInput=kept)
    assert made.run(url, **ICEBERG)["status"] == "published"


def test_a_failed_quality_gate_leaves_the_table_and_no_objects(dataset: MakeDataset, source: Source) -> None:
    """The next publication deletes the marker of the failed run."""
    made = dataset()
    made.run(source.serves("/x.csv", b"id\n1\n2\n3\n4\n"), **ICEBERG)
    before = objects(made)
    message = made.fails(source.serves("/x.csv", b"id\n1\n"), **ICEBERG)
    assert message.startswith("GATE_MAX_SHRINK")
    assert objects(made) == before
    assert run_objects(made) == ["publications", "published.json", "writing"]
    made.run(source.serves("/x.csv", b"id\n1\n2\n3\n"), **ICEBERG)
    assert run_objects(made) == ["publications", "published.json"]


def test_each_table_of_a_dataset_is_an_iceberg_table(dataset: MakeDataset, source: Source) -> None:
    made = dataset(["a", "b"])
    for rows in (b"n\n1\n", b"n\n2\n"):
        body = zipped(**{"a.csv": rows, "b.csv": rows})
        made.run(source.serves("/x.zip", Response(body)), file_table_mapping={"a.csv": "a", "b.csv": "b"}, **ICEBERG)
    assert made.rows("a") == made.rows("b") == [{"n": 2, "meta_rescued": None}]
    for key in "ab":
        location = made.published()["tables"][key]["metadata_location"]
        assert glue_table(made, key)["Parameters"]["metadata_location"] == location


def test_a_crawled_table_of_the_same_name_fails_before_any_work(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    name = made.name.replace("-", "_")
    boto3.client("glue").create_table(
        DatabaseName="pp_dw_bronze", TableInput={"Name": name, "Parameters": {"classification": "parquet"}}
    )
    message = made.fails(source.serves("/x.csv", b"id\n1\n"), **ICEBERG)
    assert message.startswith("TABLE_FORMAT_CONFLICT")
    assert f"aws glue delete-table --database-name pp_dw_bronze --name {name}" in message
    assert source.requests == []


def test_the_format_of_a_published_dataset_changes_in_both_directions(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    url = source.serves("/x.csv", b"id\n1\n")
    made.run(url)
    made.run(url, **ICEBERG)
    assert all(name.startswith(("data/", "metadata/")) for name in objects(made))
    assert made.fails(url).startswith("TABLE_FORMAT_CONFLICT")
    boto3.client("glue").delete_table(DatabaseName="pp_dw_bronze", Name=made.name.replace("-", "_"))
    made.run(url)
    assert objects(made) == [f"{made.name.replace('-', '_')}.parquet"]
    assert run_objects(made) == ["published.json"]
    assert [row["id"] for row in made.rows()] == [1]


def test_a_derived_table_reads_iceberg_tables_and_becomes_one(
    dataset: MakeDataset, gold: Callable[..., DerivedTable], source: Source
) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"id,name\n1,a\n2,b\n"), **ICEBERG)
    derived = gold(made)
    table = f"pp_dw_bronze.{made.name.replace('-', '_')}"
    sql = f"SELECT CAST(id AS TINYINT) AS id, name, CAST(1.5 AS FLOAT) AS f FROM {table}"  # noqa: S608
    derived.run(sql, **ICEBERG)
    assert columns_in_catalog(derived) == {"id": "int", "name": "string", "f": "float", "meta_run_id": "string"}
    assert sorted(row["id"] for row in derived.rows()) == [1, 2]


def test_an_input_may_publish_while_a_derived_table_reads_it(
    dataset: MakeDataset, gold: Callable[..., DerivedTable], source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_in_background = IcebergTables.prepare

    def open_now(tables: IcebergTables, spark: Any) -> Any:
        opening = open_in_background(tables, spark)
        opening.exception()
        return opening

    # The run of the input replaces the role, so the derived table's run must have opened its catalog before.
    monkeypatch.setattr(IcebergTables, "prepare", open_now)
    made = dataset()
    made.run(source.serves("/x.csv", b"id\n1\n"), **ICEBERG)
    derived = gold(made)
    first = made.published()["run_id"]

    def transform(context: Any) -> Any:
        made.run(source.serves("/x.csv", b"id\n2\n"), **ICEBERG)
        return context.read(f"pp_dw_bronze.{made.name.replace('-', '_')}").select("id")

    derived.run(transform, **ICEBERG)
    assert [row["id"] for row in derived.rows()] == [1]
    assert derived.record()["inputs"][0]["run_id"] == first


def test_a_rollback_makes_an_earlier_publication_current_with_its_columns(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"id,v\n1,a\n"), **ICEBERG)
    first = made.published()
    made.run(source.serves("/x.csv", b"id,v\n1,7\n"), run_options='{"reset_contract": true}', **ICEBERG)
    second = made.published()
    options = '{"rollback_to": "%s"}'
    made.run(source.serves("/x.csv", b""), run_options=options % first["run_id"], **ICEBERG)
    assert made.record()["rolled_back_to"] == first["run_id"]
    assert made.rows() == [{"id": 1, "v": "a", "meta_rescued": None}]
    assert columns_in_catalog(made)["v"] == "string"
    metadata = made.store.read_json(glue_table(made)["Parameters"]["metadata_location"])
    assert metadata["current-snapshot-id"] == first["tables"][made.name.replace("-", "_")]["snapshot_id"]
    made.run(source.serves("/x.csv", b""), run_options=options % second["run_id"], **ICEBERG)
    assert made.rows() == [{"id": 1, "v": 7, "meta_rescued": None}]
    message = made.fails(source.serves("/x.csv", b""), run_options=options % "20200101T000000000Z-000000", **ICEBERG)
    assert message.startswith("PUBLICATION_NOT_FOUND")
    assert first["run_id"] in message


def test_snapshots_expire_with_their_objects_and_records(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset()
    made.names["snapshot_retention_hours"] = 2
    hour_ms = 3_600_000
    for number in range(4):
        with monkeypatch.context() as later:
            base = time.time() + number * 3 * hour_ms / 1000
            later.setattr(time, "time", lambda base=base: base)
            made.run(source.serves("/x.csv", b"id\n%d\n" % number), **ICEBERG)
    # Each snapshot is replaced at the real time of its successor, and expires more than two hours after it.
    runs = [each["summary"]["medallion.run-id"] for each in snapshots(made)]
    assert len(runs) == 2
    assert runs[-1] == made.published()["run_id"]
    names = objects(made)
    assert sorted({name.removeprefix("data/")[:26] for name in names if name.startswith("data/")}) == runs
    kept = [uri.rpartition("=")[2] for uri in made.store.list(f"{made.names['runs']}publications/")]
    assert kept == [f"{run_id}.json" for run_id in runs]
    named = {each["manifest-list"] for each in snapshots(made)}
    lists = {name for name in names if "/snap-" in name}
    assert {uri.rpartition("/")[2] for uri in named} == {name.rpartition("/")[2] for name in lists}


def test_the_objects_of_a_killed_run_are_deleted_by_the_next_publication(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"id\n1\n"), **ICEBERG)

    with monkeypatch.context() as dying:
        dying.setattr(iceberg_tables, "delete_objects_of_run", die)
        dying.setattr(iceberg_tables.IcebergTables, "publish", die)
        with pytest.raises(Killed):
            made.run(source.serves("/x.csv", b"id\n2\n"), **ICEBERG)
    assert run_objects(made) == ["publications", "published.json", "writing"]
    assert len([name for name in objects(made) if name.startswith("data/")]) == 2
    made.run(source.serves("/x.csv", b"id\n3\n"), **ICEBERG)
    assert len([name for name in objects(made) if name.startswith("data/")]) == 2  # the current and the previous one
    assert run_objects(made) == ["publications", "published.json"]


def test_an_aborted_change_to_iceberg_leaves_nothing_in_the_folder_of_the_parquet_table(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset()
    url = source.serves("/x.csv", b"id\n1\n")
    made.run(url)

    with monkeypatch.context() as dying:
        dying.setattr(iceberg_tables, "delete_objects_of_run", die)
        dying.setattr(iceberg_tables.IcebergTables, "publish", die)
        with pytest.raises(Killed):
            made.run(url, **ICEBERG)
    assert any(name.startswith("data/") for name in objects(made))
    made.run(source.serves("/x.csv", b"id\n2\n"))
    assert objects(made) == [f"{made.name.replace('-', '_')}.parquet"]
    assert run_objects(made) == ["published.json"]


def test_an_interrupted_rollback_is_dropped_if_the_dataset_no_longer_has_iceberg_tables(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"id\n1\n"), **ICEBERG)
    first = made.published()["run_id"]
    made.run(source.serves("/x.csv", b"id\n2\n"), **ICEBERG)

    with monkeypatch.context() as dying:
        dying.setattr("etl_runtime.publish.iceberg_recovery.restore", die)
        with pytest.raises(Killed):
            made.run(source.url + "/x.csv", run_options=f'{{"rollback_to": "{first}"}}', **ICEBERG)
    boto3.client("glue").delete_table(DatabaseName="pp_dw_bronze", Name=made.name.replace("-", "_"))
    made.run(source.serves("/x.csv", b"id\n3\n"))
    assert [row["id"] for row in made.rows()] == [3]
    assert run_objects(made) == ["published.json"]
