"""A source can be converted on the driver, in Spark tasks, or partly on both. The result is always the same."""

import errno
import io
import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import Dataset, Response, Source, zipped
from etl_runtime.convert import conversion as shaping
from etl_runtime.convert import convert_shards, part_writer, task
from etl_runtime.convert.part_writer import PartWriter
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.store import Store
from etl_runtime.read import split_records
from etl_runtime.read.part import Part
from etl_runtime.read.split_records import RecordBlock

MakeDataset = Callable[..., Dataset]

ROWS = 300


def parquet_rows() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"id": range(ROWS), "name": [f"name {row}" for row in range(ROWS)]}), file)
    return file.getvalue()


SOURCES: dict[str, tuple[bytes, dict[str, Any]]] = {
    "delimited": (
        b"id,code,price\n"
        + b"".join(b'%d,%03d,"%d.5"\n' % (row, row % 7, row) for row in range(ROWS))
        + b"x,y,2.25\n1,2,3,4\n",
        {"data_quality": {"max_rescued_share": 1}},
    ),
    "quoted line breaks": (b"id,text\n" + b"".join(b'%d,"a\nb"\n' % row for row in range(ROWS)), {}),
    "a type that the first parts refute": (
        b"id,late\n" + b"".join(b"%d,%s\n" % (row, b"" if row < 200 else b"2.5") for row in range(ROWS)),
        {},
    ),
    "fixed width": (
        b"".join(b"%05d%-10s\n" % (row, b"n%d" % row) for row in range(ROWS)),
        {
            "file_format": {
                "type": "fixed_width",
                "header": False,
                "widths": [5, 10],
                "column_names": ["id", "name"],
            }
        },
    ),
    "JSON lines": (
        b"".join(b'{"id": %d, "tags": ["a", "b"], "at": {"x": %d.5}}\n' % (row, row) for row in range(ROWS)),
        {},
    ),
    "Parquet": (parquet_rows(), {}),
}


def small_parts(monkeypatch: pytest.MonkeyPatch, max_driver_bytes: int) -> None:
    monkeypatch.setattr(split_records, "PART_BYTES", 400)
    monkeypatch.setattr(split_records, "SAMPLE_BYTES", 100)
    monkeypatch.setattr("etl_runtime.read.text.decode.BLOCK_BYTES", 100)
    monkeypatch.setattr(shaping, "ONE_OBJECT_BYTES", 500)
    monkeypatch.setattr(part_writer, "MAX_DRIVER_BYTES", max_driver_bytes)


def without_spark(monkeypatch: pytest.MonkeyPatch) -> None:
    def start_spark() -> None:
        pytest.fail("The run has started Spark.")

    monkeypatch.setattr("etl_runtime.job.spark.start_spark", start_spark)


@pytest.mark.parametrize("name", SOURCES)
def test_the_place_of_the_conversion_does_not_change_the_table(
    name: str, dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, document = SOURCES[name]
    tables = []
    for max_driver_bytes in (0, 1_500, 1 << 30):
        made = dataset(["t"])
        with monkeypatch.context() as patch:
            small_parts(patch, max_driver_bytes)
            record = made.run(source.serves(f"/{made.name}", body), **document)
        (table,) = record["tables"]
        tables.append(
            {
                "rows": made.rows("t"),
                "schema": made.table("t").schema.remove_metadata(),
                "record": {key: table[key] for key in ("rows", "columns", "nulls", "bounds", "rescued")},
                "objects": len(made.published()["tables"]["t"]["files"]),
            }
        )
    in_spark, in_both, on_driver = tables
    assert in_both == in_spark
    assert on_driver == in_spark


@pytest.mark.parquet
@pytest.mark.parametrize(
    ("document", "starts_spark"),
    [
        ({}, False),
        ({"data_quality": {"expected_record_count_min": 1, "max_null_share": {"id": 0}}}, False),
        ({"data_quality": {"rules": [{"condition": "id > 0"}]}}, True),
        ({"business_key": ["id"]}, True),
        ({"table_format": "iceberg"}, True),
    ],
)
def test_a_small_source_is_converted_without_spark_unless_the_document_needs_it(
    document: dict[str, Any],
    starts_spark: bool,
    dataset: MakeDataset,
    source: Source,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = dataset(["t"])
    if not starts_spark:
        without_spark(monkeypatch)
    record = made.run(source.serves("/x.csv", b"id\n1\n2\n"), **document)
    assert record["status"] == "published"
    assert ("start spark" in record["steps"]) == starts_spark


@pytest.mark.parametrize(
    ("sizes", "on_driver"),
    [
        ([("csv", 60), ("csv", 40), ("csv", 1)], [True, True, False]),
        ([("csv", 101), ("csv", 100)], [False, True]),
        ([("jsonl", 10), ("json", 10), ("jsonl", 1), ("csv", 80)], [True, True, False, True]),
        ([("parquet", 100), ("json", 1)], [True, False]),
        ([("parquet", 1), ("csv", 10), ("csv", 1)], [True, True, False]),
    ],
)
def test_parts_stay_on_the_driver_up_to_a_size_and_json_up_to_a_smaller_one(
    sizes: list[tuple[Any, int]], on_driver: list[bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_writer, "MAX_DRIVER_BYTES", 100)
    monkeypatch.setattr(part_writer, "MAX_DRIVER_JSON_BYTES", 20)
    monkeypatch.setattr(split_records, "PART_BYTES", 90)
    staged: list[str] = []
    starts: list[None] = []

    class Staging(Store):
        def write(self, uri: str, body: bytes | bytearray, content_type: str = "") -> None:
            staged.append(uri)

    with PartWriter(tmp_path, "s3://b/staging/", Staging(), None, lambda: starts.append(None)) as writer:
        uris = [
            writer.write("t", number, Part("", kind, "x", (), size, 1, 1), RecordBlock(b"x" * size, 1, b"x")).uri
            for number, (kind, size) in enumerate(sizes)
        ]
    assert [uri.startswith("file://") for uri in uris] == on_driver
    assert sorted(staged) == [uri for uri in uris if uri.startswith("s3://")]
    assert len(starts) == len(staged)


def test_a_table_whose_parts_are_in_both_places_and_in_one_object_is_converted(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_parts(monkeypatch, 1_000)
    monkeypatch.setattr(shaping, "ONE_OBJECT_BYTES", 1 << 20)
    made = dataset(["a", "b"])
    rows = b"id\n" + b"".join(b"%d\n" % row for row in range(ROWS))
    made.run(
        source.serves("/x.zip", Response(zipped(**{"a.csv": rows, "b.csv": rows}))),
        file_table_mapping={"a.csv": "a", "b.csv": "b"},
    )
    assert [row["id"] for row in made.rows("a")] == list(range(ROWS))
    assert made.rows("a") == made.rows("b")


def test_an_error_on_the_driver_fails_the_run_as_in_spark(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = b"".join(b'{"id": %d}\n' % row for row in range(ROWS)) + b'{"id": \n'
    errors = []
    for max_driver_bytes in (0, 1 << 30):
        made = dataset()
        with monkeypatch.context() as patch:
            small_parts(patch, max_driver_bytes)
            errors.append(made.fails(source.serves("/x.jsonl", body)))
    assert errors[0] == errors[1]


def test_a_full_disk_of_the_driver_fails_the_run_with_its_code(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_bytes(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    made = dataset()
    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    assert made.fails(source.serves("/x.csv", b"id\n1\n")).startswith("DISK_FULL")


def test_the_files_of_the_driver_are_deleted_at_the_end_of_a_run(
    dataset: MakeDataset, source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made = dataset()
    made.run(source.serves("/x.csv", b"id\n1\n"))
    made.fails(source.serves("/x.csv", b"id,id\n"))
    assert list(tmp_path.iterdir()) == []
    assert json.dumps(made.record()).count("file://") == 0


def test_a_run_without_spark_does_not_import_pyspark() -> None:
    code = (
        "import sys, etl_runtime.bronze, etl_runtime.convert.gates, etl_runtime.convert.unpack\n"
        "import etl_runtime.publish.business_key, etl_runtime.publish.recovery\n"
        "assert not {'pyspark', 'py4j'} & sys.modules.keys(), sorted(sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert run.stderr == ""


class Activities(logging.Handler):
    """The activities that a run shows, with their states."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.states: list[tuple[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        if hasattr(record, "activity"):
            self.states.append((record.activity, getattr(record, "state", None)))


def test_the_progress_of_a_conversion_on_the_driver_is_shown(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_parts(monkeypatch, 1 << 30)
    monkeypatch.setattr("etl_runtime.job.progress.UPDATE_SECONDS", 0)
    made, activities, log = dataset(["t"]), Activities(), logging.getLogger("etl_runtime.job.progress")
    monkeypatch.setattr(log, "level", logging.DEBUG)
    monkeypatch.setattr(log, "handlers", [activities])
    made.run(source.serves("/x.csv", b"id\n" + b"".join(b"%d\n" % row for row in range(ROWS))))
    objects = len(made.published()["tables"]["t"]["files"])
    shown = [state for name, state in activities.states if name == "convert"]
    assert sorted(state["text"] for state in shown[:-1]) == [
        f"{done} of {objects} objects" for done in range(1, objects + 1)
    ]
    assert shown[-1] is None


def test_a_failed_conversion_of_an_iceberg_table_leaves_no_objects(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_parts(monkeypatch, 1 << 30)
    made = dataset(["t"])
    body = b"id\n" + b"".join(b"%d\n" % row for row in range(ROWS))
    made.run(source.serves("/x.csv", body), table_format="iceberg")
    location = made.names["tables"]["t"]["location"]
    before = made.store.list(f"{location}data/")
    convert = task._convert_shard

    def fails_while_others_run(shard: task.Shard, *rest: Any) -> Any:
        if shard.parts[0].first == 1:
            raise RunFailed(ErrorCode.DISK_FULL, "full")
        time.sleep(0.5)
        return convert(shard, *rest)

    monkeypatch.setattr(task, "_convert_shard", fails_while_others_run)
    assert "full" in made.fails(source.serves("/x.csv", body + b"1\n"), table_format="iceberg")
    time.sleep(1)
    assert made.store.list(f"{location}data/") == before


@pytest.mark.parametrize("retryable", [True, False])
def test_spark_repeats_a_task_only_if_its_error_is_retryable(retryable: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(shard: task.Shard) -> None:
        raise RunFailed(ErrorCode.TEXT_INVALID, "broken", retryable=retryable)

    monkeypatch.setattr(convert_shards, "convert_shard", fails)
    shard: Any = None
    if retryable:
        with pytest.raises(RunFailed):
            convert_shards._convert_or_fail(shard)
    else:
        failure = convert_shards._convert_or_fail(shard)
        assert failure == convert_shards.Failure(ErrorCode.TEXT_INVALID, "broken")
