"""Histories in Iceberg tables: the objects that a run keeps, and what other writers and earlier formats leave."""

from collections.abc import Callable
from typing import Any

import pytest
from iceberg.test_iceberg_job import ICEBERG, columns_in_catalog, glue_table

from conftest import BUCKET, Dataset, DerivedTable, Source
from etl_runtime.iceberg.catalog import IcebergCatalog, iterate
from etl_runtime.iceberg.transaction import Commit, TableTransaction
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.spark import start_spark

MakeDataset = Callable[..., Dataset]
MakeGold = Callable[..., DerivedTable]
HISTORY: dict[str, Any] = {**ICEBERG, "history": {"business_key": ["id"]}}


def query(bronze: Dataset, columns: str = "id, v") -> str:
    return f"SELECT {columns} FROM pp_dw_bronze.{bronze.name.replace('-', '_')}"  # noqa: S608


def versions(made: DerivedTable) -> list[tuple[Any, ...]]:
    found = [(row["id"], row["v"], row["is_current"], row["change_type"]) for row in made.rows()]
    return sorted(found, key=str)


@pytest.fixture
def ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges of two keys, so that a small table has several objects."""
    monkeypatch.setattr("etl_runtime.transform.key_ranges.MIN_RANGE_ROWS", 2)


def load(bronze: Dataset, source: Source, values: dict[int, str]) -> None:
    rows = "".join(f"{id},{value}\n" for id, value in values.items())
    bronze.run(source.serves("/x.csv", f"id,v\n{rows}".encode()), run_options='{"allow": ["shrink"]}')


@pytest.mark.usefixtures("ranges")
def test_objects_without_a_change_remain_in_the_new_snapshot(
    dataset: MakeDataset, gold: MakeGold, source: Source
) -> None:
    bronze = dataset()
    load(bronze, source, dict.fromkeys(range(40), "a"))
    made = gold(bronze)
    made.run(query(bronze), **HISTORY)
    own = made.name.replace("-", "_")
    first = set(made.published()["tables"][own]["files"])
    load(bronze, source, {number: "b" if number == 7 else "a" for number in range(40)})
    record = made.run(query(bronze), **HISTORY)
    second = set(made.published()["tables"][own]["files"])
    assert record["versions"] == {"same": 39, "close": 1, "update": 1}
    assert len(first) > 4
    assert len(first - second) == 1
    assert len(second - first) == 2  # the rewritten range, and the version that has ended
    assert len(made.rows()) == 41
    with IcebergCatalog(start_spark(), BUCKET) as catalog:
        files = catalog.load("pp_dw_gold", own).newScan().planFiles()  # type: ignore[union-attr]
        named = {str(each.file().path()).removeprefix(f"s3://{BUCKET}/") for each in iterate(files)}
    assert named == second


@pytest.mark.usefixtures("ranges")
def test_a_deletion_by_another_writer_in_a_kept_object_fails_the_run_and_the_next_run_repairs_the_table(
    dataset: MakeDataset, gold: MakeGold, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    bronze = dataset()
    load(bronze, source, dict.fromkeys(range(40), "a"))
    made = gold(bronze)
    made.run(query(bronze), **HISTORY)
    own = made.name.replace("-", "_")
    load(bronze, source, {number: "b" if number == 7 else "a" for number in range(40)})
    commit_table = TableTransaction.commit

    def after_a_deletion(transaction: TableTransaction, commit: Commit) -> int | None:
        with IcebergCatalog(start_spark(), BUCKET) as catalog:
            table: Any = catalog.load("pp_dw_gold", own)
            files = {str(each.file().path()): each.file() for each in iterate(table.newScan().planFiles())}
            table.newDelete().deleteFile(files[commit.kept[-1]]).commit()
        return commit_table(transaction, commit)

    with monkeypatch.context() as patched:
        patched.setattr(TableTransaction, "commit", after_a_deletion)
        with pytest.raises(RunFailed, match="^CONCURRENT_RUN"):
            made.run(query(bronze), **HISTORY)
    made.run(query(bronze), **HISTORY)
    assert len(made.rows()) == 41
    with IcebergCatalog(start_spark(), BUCKET) as catalog:
        table: Any = catalog.load("pp_dw_gold", own)
        assert int(table.currentSnapshot().summary()["total-records"]) == 41


def test_a_parquet_history_with_small_numbers_continues_as_an_iceberg_table(
    dataset: MakeDataset, gold: MakeGold, source: Source
) -> None:
    bronze = dataset()
    load(bronze, source, {1: "a", 2: "b"})
    made = gold(bronze)
    sql = query(bronze, "CAST(id AS SMALLINT) AS id, v")
    made.run(sql, history={"business_key": ["id"]})
    load(bronze, source, {1: "a", 2: "c"})
    made.run(sql, **HISTORY)
    assert columns_in_catalog(made)["id"] == "int"
    assert versions(made) == [
        (1, "a", True, "insert"),
        (2, "b", False, "insert"),
        (2, "c", True, "update"),
    ]


def test_a_changed_description_of_a_history_without_changes_reaches_the_catalog(
    dataset: MakeDataset, gold: MakeGold, source: Source
) -> None:
    bronze = dataset()
    load(bronze, source, {1: "a"})
    made = gold(bronze)
    made.run(query(bronze), **HISTORY)
    assert made.run(query(bronze), **HISTORY)["status"] == "unchanged"
    assert made.store.list(f"{made.names['runs']}writing/") == []
    own = made.name.replace("-", "_")
    described = {**HISTORY, "description": "Versions", "column_descriptions": {own: {"v": "The value"}}}
    assert made.run(query(bronze), **described)["status"] == "published"
    table = glue_table(made)
    comments = {each["Name"]: each.get("Comment") for each in table["StorageDescriptor"]["Columns"]}
    assert (table["Description"], comments["v"]) == ("Versions", "The value")


def test_the_fields_of_a_struct_may_change_their_order(dataset: MakeDataset, gold: MakeGold, source: Source) -> None:
    bronze = dataset()
    load(bronze, source, {1: "a"})
    made = gold(bronze)
    made.run(query(bronze, "named_struct('a', id, 'c', v) AS s"), **ICEBERG)
    made.run(query(bronze, "named_struct('a', id, 'b', 1.5D, 'c', v) AS s"), **ICEBERG)
    assert columns_in_catalog(made)["s"] == "struct<a:bigint,b:double,c:string>"
    assert made.rows() == [{"s": {"a": 1, "b": 1.5, "c": "a"}}]
