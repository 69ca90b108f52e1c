"""The Glue Data Catalog of the local lake: durable, and consistent under concurrent requests."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from local_glue.test_emulator import Emulator, Start
from local_glue.test_emulator import starting_emulators as starting_emulators


def glue_of(emulator: Emulator, **options: Any) -> Any:
    config = Config(retries={"max_attempts": 0}, max_pool_connections=50)
    return boto3.client("glue", endpoint_url=emulator.endpoint, config=config, **options)


def table_input(location: str) -> dict[str, Any]:
    return {"Name": "a", "TableType": "EXTERNAL_TABLE", "Parameters": {"metadata_location": location}}


def metadata_location(glue: Any) -> tuple[str, str]:
    table = glue.get_table(DatabaseName="bronze", Name="a")["Table"]
    return table["Parameters"]["metadata_location"], table["VersionId"]


def test_acknowledged_changes_survive_a_killed_emulator(start: Start, tmp_path: Path) -> None:
    data, file = tmp_path / "s3", tmp_path / "s3-catalog.json"
    first = start("--data", str(data))
    glue = glue_of(first)
    assert not file.exists()
    glue.create_database(DatabaseInput={"Name": "bronze", "Parameters": {"a": "é"}})
    glue.create_table(DatabaseName="bronze", TableInput=table_input("1"))
    glue.update_table(DatabaseName="bronze", TableInput=table_input("2"), VersionId="1", SkipArchive=True)
    glue.create_table(DatabaseName="bronze", TableInput={**table_input("x"), "Name": "b"})
    glue.delete_table(DatabaseName="bronze", Name="b")
    first.end()

    second = start("--data", str(data))
    glue = glue_of(second)
    assert glue.get_database(Name="bronze")["Database"]["Parameters"] == {"a": "é"}
    assert [each["Name"] for each in glue.get_tables(DatabaseName="bronze")["TableList"]] == ["a"]
    assert metadata_location(glue) == ("2", "2")
    with pytest.raises(ClientError, match="ConcurrentModificationException"):
        glue.update_table(DatabaseName="bronze", TableInput=table_input("3"), VersionId="1")
    assert glue_of(second, region_name="eu-west-1").get_databases()["DatabaseList"] == []
    assert {each.name for each in tmp_path.iterdir()} == {"s3", "s3-catalog.json"}


def test_a_catalog_in_memory_is_empty_at_the_start(start: Start) -> None:
    first = start("--memory")
    glue_of(first).create_database(DatabaseInput={"Name": "bronze"})
    first.end()
    assert glue_of(start("--memory")).get_databases()["DatabaseList"] == []


@pytest.mark.parametrize("storage", [lambda path: ["--memory"], lambda path: ["--data", str(path / "s3")]])
def test_one_of_many_concurrent_updates_of_a_version_wins(
    start: Start, tmp_path: Path, storage: Callable[[Path], list[str]]
) -> None:
    glue = glue_of(start(*storage(tmp_path)))
    glue.create_database(DatabaseInput={"Name": "bronze"})
    glue.create_table(DatabaseName="bronze", TableInput=table_input("0"))

    def update(number: int, version: str) -> bool:
        try:
            glue.update_table(DatabaseName="bronze", TableInput=table_input(str(number)), VersionId=version)
        except glue.exceptions.ConcurrentModificationException:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        for version in range(1, 11):
            won = list(pool.map(lambda number, version=version: update(number, str(version)), range(20)))
            assert won.count(True) == 1
            assert metadata_location(glue) == (str(won.index(True)), str(version + 1))


@pytest.mark.parametrize("content", ["{", "[]", '{"databases": {}}', '{"databases": 1}', "\x00", ""])
def test_an_invalid_file_is_reported_with_what_to_do(start: Start, tmp_path: Path, content: str) -> None:
    file = tmp_path / "s3-catalog.json"
    file.write_text(content)
    emulator = start("--data", str(tmp_path / "s3"))
    assert emulator.process.wait(10) == 1
    error = emulator.end().strip().splitlines()[-1]
    assert f"The Data Catalog of the local lake, {file}, is invalid" in error
    assert "or delete the lake with `npx medallion reset` and run the datasets again." in error
    assert file.read_text() == content


def test_the_emulator_ends_if_it_cannot_store_the_catalog(start: Start, tmp_path: Path) -> None:
    emulator = start("--data", str(tmp_path / "s3"))
    (tmp_path / "s3-catalog.json.tmp").mkdir()
    with pytest.raises((BotoCoreError, ClientError)):
        glue_of(emulator).create_database(DatabaseInput={"Name": "bronze"})
    assert emulator.process.wait(10) == 74
    assert "Cannot store the Data Catalog" in emulator.end()
    assert not (tmp_path / "s3-catalog.json").exists()


def test_reading_does_not_write_the_file(start: Start, tmp_path: Path) -> None:
    glue = glue_of(start("--data", str(tmp_path / "s3")))
    assert glue.get_databases()["DatabaseList"] == []
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        glue.get_table(DatabaseName="bronze", Name="a")
    assert not (tmp_path / "s3-catalog.json").exists()
    glue.create_database(DatabaseInput={"Name": "bronze"})
    assert set(json.loads((tmp_path / "s3-catalog.json").read_text())) == {
        "databases", "tables", "partitions", "partition_indexes",
    }  # fmt: skip
