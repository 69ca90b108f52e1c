"""Parts of a large Iceberg table are converted while the next parts are unpacked, as soon as the catalog is open."""

import gzip
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import IO, Any

import pyarrow.parquet as pq
import pytest
from pyarrow import BufferReader
from small_parts import files_of_parts, make_parts_small

from conftest import BUCKET, Dataset, Response, Source
from etl_runtime.convert import early_conversion, task, unpack
from etl_runtime.iceberg.catalog import IcebergCatalog
from etl_runtime.iceberg.schema import FIELD_ID
from etl_runtime.job.spark import start_spark
from etl_runtime.job.store import Store
from etl_runtime.publish import parquet_object
from etl_runtime.publish.iceberg_tables import IcebergTables

MakeDataset = Callable[..., Dataset]
ICEBERG = {"table_format": "iceberg"}
ROWS = 400
CSV = b"id,name\n" + b"".join(b"%d,name %d\n" % (row, row) for row in range(ROWS))


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    make_parts_small(monkeypatch)


@pytest.fixture
def kept_parts(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    return files_of_parts(monkeypatch)


@pytest.fixture
def catalog_opens_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(IcebergTables, "is_open", property(lambda tables: tables._catalog is not None))


def data_objects(made: Dataset) -> list[str]:
    return made.store.list(f"{made.names['tables']['t']['location']}data/")


def field_ids(made: Dataset, uri: str) -> dict[str, bytes]:
    schema = pq.read_schema(BufferReader(made.store.read(uri)))
    return {field.name: field.metadata[FIELD_ID.encode()] for field in schema}


@pytest.mark.usefixtures("catalog_opens_first")
def test_only_the_parts_of_the_first_object_are_kept(
    dataset: MakeDataset, source: Source, kept_parts: list[Path]
) -> None:
    made = dataset(["t"])
    made.run(source.serves("/x.csv", CSV), **ICEBERG)
    objects = data_objects(made)
    assert len(kept_parts) == 2 < len(objects)
    assert [row["id"] for row in made.rows("t")] == list(range(ROWS))
    assert len({tuple(field_ids(made, uri).items()) for uri in objects}) == 1


def test_until_the_catalog_is_open_parts_are_kept(
    dataset: MakeDataset, source: Source, kept_parts: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    opens = Event()
    open_catalog = IcebergTables._open

    def open_late(tables: IcebergTables, spark: Any) -> IcebergCatalog:
        opens.wait()
        return open_catalog(tables, spark)

    def is_open(tables: IcebergTables) -> bool:
        if len(kept_parts) < 5:
            return False
        opens.set()
        return tables._catalog is not None

    monkeypatch.setattr(IcebergTables, "_open", open_late)
    monkeypatch.setattr(IcebergTables, "is_open", property(is_open))
    made = dataset(["t"])
    made.run(source.serves("/x.csv", CSV), **ICEBERG)
    assert len(kept_parts) == 5 < len(data_objects(made))
    assert [row["id"] for row in made.rows("t")] == list(range(ROWS))


def replace_column(made: Dataset, name: str) -> None:
    """Drop the column and add it again, as another writer. The column then has another field ID."""
    with IcebergCatalog(start_spark(), BUCKET) as catalog:
        table: Any = catalog.load(made.names["database"], made.names["tables"]["t"]["name"])
        table.updateSchema().deleteColumn(name).commit()
        table.updateSchema().addColumn(name, catalog.iceberg.types.Types.StringType.get()).commit()


@pytest.mark.usefixtures("catalog_opens_first")
def test_if_another_writer_changes_the_columns_during_the_run_the_source_is_unpacked_again(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = dataset(["t"])
    url = source.serves("/x.csv", CSV)
    made.run(url, **ICEBERG)
    [before] = {field_ids(made, uri)["name"] for uri in data_objects(made)}
    arrow_schema = IcebergTables.arrow_schema
    calls: list[str] = []

    def after_a_change(tables: IcebergTables, key: str, columns: Any) -> Any:
        calls.append(key)
        if len(calls) == 2:  # the first call was for the early conversion
            replace_column(made, "name")
        return arrow_schema(tables, key, columns)

    monkeypatch.setattr(IcebergTables, "arrow_schema", after_a_change)
    made.run(url, run_options='{"force": true}', **ICEBERG)
    message = "t: another writer changed the columns of the table. Unpacking again."
    assert capsys.readouterr().out.count(message) == 1
    published = {uri for uri in data_objects(made) if made.published()["run_id"] in uri}
    [after] = {field_ids(made, uri)["name"] for uri in published}
    assert after != before
    assert [row["name"] for row in made.rows("t")] == [f"name {row}" for row in range(ROWS)]


@pytest.mark.usefixtures("catalog_opens_first")
def test_an_object_that_is_written_after_the_end_of_a_failed_run_is_deleted_by_the_next_run(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = Event()
    late: list[str] = []

    def late_upload(file: IO[bytes], uri: str, run_id: str, store: Store) -> int:
        goes_on.wait()
        size = parquet_object.upload(file, uri, run_id, store)
        late.append(uri)
        return size

    made = dataset(["t"])
    with monkeypatch.context() as patch:
        patch.setattr(task, "upload", late_upload)
        patch.setattr(unpack, "FREE_BYTES", 0)
        patch.setattr(unpack, "MAX_RATIO", 1)
        patch.setattr(early_conversion, "MAX_THREADS", 10)  # otherwise, unpacking waits for the conversions
        url = source.serves("/x.csv.gz", Response(gzip.compress(CSV, mtime=0)))
        assert "ARCHIVE_BOMB" in made.fails(url, **ICEBERG)
        assert not late
        goes_on.set()
        deadline = time.monotonic() + 30
        while not late and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(1)  # for the other threads
    assert late
    made.run(source.serves("/x.csv", CSV), **ICEBERG)
    assert not set(late) & set(data_objects(made))
    assert made.store.list(f"{made.names['runs']}writing/") == []


def test_a_run_whose_objects_another_run_has_deleted_does_not_publish(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset(["t"])
    made.run(source.serves("/x.csv", CSV), **ICEBERG)
    arrow_schema = IcebergTables.arrow_schema

    def after_a_sweep(tables: IcebergTables, key: str, columns: Any) -> Any:
        made.store.delete(made.store.list(f"{made.names['runs']}writing/"))
        return arrow_schema(tables, key, columns)

    monkeypatch.setattr(IcebergTables, "arrow_schema", after_a_sweep)
    message = made.fails(source.serves("/x.csv", CSV + b"1,more\n"), **ICEBERG)
    assert "CONCURRENT_RUN: Another run has published" in message
