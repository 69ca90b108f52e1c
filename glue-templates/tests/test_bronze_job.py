"""The bronze job end to end, with real Spark and a real S3 API."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from hashlib import sha256
from math import ceil

import pytest
from pyspark import SparkContext

from conftest import BUCKET, Dataset, Response, Source, zipped
from etl_runtime.convert import conversion as shaping
from etl_runtime.convert import convert_shards, part_writer
from etl_runtime.convert import unpack as unpacking
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.spark import start_spark
from etl_runtime.job.store import Store
from etl_runtime.read import split_records
from etl_runtime.source.files.fetch import fetch

MakeDataset = Callable[..., Dataset]


def test_a_csv_becomes_a_typed_table_and_the_original_is_kept(dataset: MakeDataset, source: Source) -> None:
    zips = dataset()
    csv = (
        b'Zip Code,City,Pop.,Rate,Share,Since\n00501,"Holtsville, NY",12,1.50,0.1,2024-01-02\n06390,Fishers,,2.25,3,\n'
    )
    record = zips.run(source.serves("/zips.csv", Response(csv, headers={"ETag": '"1"'})))
    run_id = record["run_id"]
    assert zips.rows() == [
        {"zip_code": "00501", "city": "Holtsville, NY", "pop": 12, "rate": Decimal("1.50"), "share": 0.1, "since": date(2024, 1, 2), "meta_rescued": None},
        {"zip_code": "06390", "city": "Fishers", "pop": None, "rate": Decimal("2.25"), "share": 3.0, "since": None, "meta_rescued": None},
    ]  # fmt: skip
    assert zips.table().column_names == [
        "zip_code",
        "city",
        "pop",
        "rate",
        "share",
        "since",
        "meta_run_id",
        "meta_rescued",
    ]
    assert set(zips.table()["meta_run_id"].to_pylist()) == {run_id}
    (original,) = record["sources"]
    assert original["raw"] == f"s3://{BUCKET}/raw/{zips.name}/run_id={run_id}/zips.csv"
    assert (original["size_bytes"], original["sha256"], original["etag"]) == (len(csv), sha256(csv).hexdigest(), '"1"')
    assert zips.store.read(original["raw"]) == csv


def test_the_run_record_describes_the_published_table(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    record = made.run(source.serves("/x.csv", b"Id,Name\n1,a\n5,\n"))
    (table,) = record["tables"]
    assert (record["status"], record["error"], record["job_run_id"]) == ("published", None, "jr_1")
    assert (table["rows"], table["nulls"], table["bounds"], table["rescued"]) == (
        2,
        {"id": 0, "name": 1},
        {"id": ["1", "5"]},
        {},
    )
    assert [(column["name"], column["source"], column["type"]) for column in table["columns"]] == [
        ("id", "Id", "bigint"),
        ("name", "Name", "string"),
    ]
    assert record["steps"].keys() - {"start spark"} == {"fetch", "unpack", "convert", "check", "publish"}


@pytest.mark.parquet
def test_a_run_replaces_the_object_of_a_small_table(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"id\n1\n2\n"))
    first = made.published()
    made.run(source.serves("/x.csv", b"id\n3\n"))
    second = made.published()
    table = made.name.replace("-", "_")
    assert (
        first["tables"][table]["files"] == second["tables"][table]["files"] == [f"bronze/{made.name}/{table}.parquet"]
    )
    assert [row["id"] for row in made.rows()] == [3]
    assert made.store.list(made.names["staging"]) == []


@pytest.mark.parquet
def test_an_error_while_staging_is_cleared_does_not_fail_a_published_run(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset()
    url = source.serves("/x.csv", b"id\n1\n")
    delete = Store.delete

    def refuse_staging(self: Store, uris: list[str]) -> None:
        if any("/tables/" in uri for uri in uris):
            raise OSError("S3 did not delete")
        delete(self, uris)

    with monkeypatch.context() as refusing:
        refusing.setattr(Store, "delete", refuse_staging)
        assert made.run(url)["status"] == "published"
    assert made.store.list(made.names["staging"]) != []
    made.run(url)
    assert made.store.list(made.names["staging"]) == []


def split_into_small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split_records, "PART_BYTES", 100)
    monkeypatch.setattr("etl_runtime.read.text.decode.BLOCK_BYTES", 50)
    monkeypatch.setattr(shaping, "ONE_OBJECT_BYTES", 500)
    monkeypatch.setattr(convert_shards, "TASKS_PER_CORE", 1)
    monkeypatch.setattr(part_writer, "MAX_DRIVER_BYTES", 0)


def last_tasks(context: SparkContext) -> int:
    """The number of tasks of the last Spark job."""
    tracker = context.statusTracker()
    job = tracker.getJobInfo(max(tracker.getJobIdsForGroup(None)))
    stage = tracker.getStageInfo(job.stageIds[0]) if job else None
    assert stage
    tasks: int = stage.numTasks
    return tasks


@pytest.mark.parquet
def test_a_large_table_has_many_objects_and_the_previous_ones_are_deleted(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    split_into_small_parts(monkeypatch)
    made = dataset()
    url = source.serves("/x.csv", b"id\n" + b"\n".join(b"%d" % row for row in range(1000)))
    made.run(url)
    made.run(url)
    published = made.published()
    files = published["tables"][made.name.replace("-", "_")]["files"]
    assert len(files) > 30
    context = start_spark().sparkContext
    assert last_tasks(context) == max(context.defaultParallelism, ceil(len(files) / convert_shards.MAX_SHARDS_PER_TASK))
    assert all(published["run_id"] in file for file in files)
    assert made.store.list(f"s3://{BUCKET}/bronze/{made.name}/") == sorted(f"s3://{BUCKET}/{file}" for file in files)
    assert [row["id"] for row in made.rows()] == list(range(1000))


def test_there_is_work_for_all_workers_of_the_job_before_they_have_started(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    split_into_small_parts(monkeypatch)
    made = dataset()
    made.names |= {"auto_scaling": True, "number_of_workers": 6, "dpu_per_worker": 1}
    made.run(source.serves("/x.csv", b"id\n" + b"\n".join(b"%d" % row for row in range(1000))))
    context = start_spark().sparkContext
    executors = 5
    assert context.defaultParallelism < executors * 4
    assert last_tasks(context) == executors * 4


def test_files_of_a_zip_become_tables_by_file_table_mapping(dataset: MakeDataset, source: Source) -> None:
    cder = dataset(["products", "packages"])
    archive = zipped(
        **{"data/Products.txt": b"id|name\n1|a\n", "data/Packages.txt": b"id|size\n1|2\n2|3\n", "readme.pdf": b"%PDF"}
    )
    cder.run(
        source.serves("/cder.zip", Response(archive)),
        delimiter="|",
        file_table_mapping={"Products.txt": "products", "Packages*": "packages"},
    )
    assert cder.rows("products") == [{"id": 1, "name": "a", "meta_rescued": None}]
    assert [row["size"] for row in cder.rows("packages")] == [2, 3]


def test_files_of_one_table_can_have_different_columns(dataset: MakeDataset, source: Source) -> None:
    made = dataset(["all"])
    archive = zipped(**{"2023.csv": b"id,name\n1,a\n", "2024.csv": b"name,id,extra\nb,2,x\n"})
    made.run(source.serves("/x.zip", Response(archive)), file_table_mapping={"*.csv": "all"})
    assert made.rows("all") == [
        {"id": 1, "name": "a", "extra": None, "meta_rescued": None},
        {"id": 2, "name": "b", "extra": "x", "meta_rescued": None},
    ]


def test_tasks_correct_a_type_that_was_inferred_from_the_sample(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(split_records, "SAMPLE_BYTES", 20)
    monkeypatch.setattr(unpacking, "MAX_SAMPLES_PER_TABLE", 1)
    made = dataset()
    made.run(source.serves("/x.csv", b"a,b,c\n1,1.50,2024-01-01\n" * 1 + b"2,2.25,2024-01-02\n" * 50 + b"2.5,3,soon\n"))
    types = {column["name"]: column["type"] for column in made.record()["tables"][0]["columns"]}
    assert types == {"a": "double", "b": "string", "c": "string"}
    assert made.rows()[-1] == {"a": 2.5, "b": "3", "c": "soon", "meta_rescued": None}


def test_tasks_infer_the_type_of_a_column_without_values_in_the_sample(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(split_records, "SAMPLE_BYTES", 20)
    made = dataset()
    made.run(source.serves("/x.csv", b"id,late,never\n" + b"1,,\n" * 50 + b"2,7,\n"))
    types = {column["name"]: column["type"] for column in made.record()["tables"][0]["columns"]}
    assert types == {"id": "bigint", "late": "bigint", "never": "string"}


def test_published_types_are_kept_and_values_that_do_not_match_are_rescued(
    dataset: MakeDataset, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"id,price\n1,1.50\n"))
    record = made.run(
        source.serves("/x.csv", b"id,price\n2,n/a\nx,2.5\n3,9.99\n"), data_quality={"max_rescued_share": 1}
    )
    assert made.rows() == [
        {"id": 2, "price": None, "meta_rescued": '{"price": "n/a"}'},
        {"id": None, "price": None, "meta_rescued": '{"id": "x", "price": "2.5"}'},
        {"id": 3, "price": Decimal("9.99"), "meta_rescued": None},
    ]
    assert record["tables"][0]["rescued"] == {"id": 1, "price": 2}
    assert "values that do not match their type are in meta_rescued: id 1, price 2" in capsys.readouterr().out


def test_a_type_that_matches_all_parts_is_inferred(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One part requires decimal(18,1), another decimal(18,2), and the sample contains neither value."""
    monkeypatch.setattr(split_records, "SAMPLE_BYTES", 20)
    monkeypatch.setattr(split_records, "PART_BYTES", 200)
    monkeypatch.setattr("etl_runtime.read.text.decode.BLOCK_BYTES", 100)
    monkeypatch.setattr(shaping, "ONE_OBJECT_BYTES", 100)
    made = dataset()
    lines = [b"%d,%s\n" % (row, b"1.5" if row < 40 else b"" if row < 80 else b"2.25") for row in range(120)]
    made.run(source.serves("/x.csv", b"id,price\n" + b"".join(lines)))
    assert [row["price"] for row in made.rows()] == [1.5] * 40 + [None] * 40 + [2.25] * 40


def test_a_header_that_differs_in_case_or_spacing_is_the_same_column(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"Zip Code,City\n1,a\n"))
    made.run(source.serves("/x.csv", b"ZIP CODE, city\n2,b\n"))
    assert made.rows() == [{"zip_code": 2, "city": "b", "meta_rescued": None}]


@pytest.mark.parquet
def test_the_crawler_does_not_need_to_run_if_only_the_case_of_a_header_has_changed(
    dataset: MakeDataset, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"Zip Code,City\n1,a\n"))
    made.run(source.serves("/x.csv", b"ZIP CODE, city\n2,b\n"))
    assert (
        "the crawler does not need to run: the schema is unchanged since the last publication"
        in capsys.readouterr().out
    )


def test_headers_in_a_non_latin_script_are_different_columns(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", "id,Имя\n1,a\n".encode()))
    made.run(source.serves("/x.csv", "id,Адрес\n2,b\n".encode()), data_quality={"optional_columns": ["column"]})
    assert made.rows() == [{"id": 2, "column": None, "column_2": "b", "meta_rescued": None}]


def without_parts(write: Callable[..., None]) -> Callable[..., None]:
    return lambda self, uri, *rest: None if "/parts/" in uri else write(self, uri, *rest)


def test_an_error_in_a_spark_task_is_one_line(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset()
    url = source.serves("/x.csv", b"id\n1\n")
    made.run(url)
    source.serves("/x.csv", b"id\n2\n")
    monkeypatch.setattr(part_writer, "MAX_DRIVER_BYTES", 0)
    monkeypatch.setattr(made.store.__class__, "write", without_parts(made.store.__class__.write))
    error = made.fails(url)
    assert "part-00000 is missing from staging." in error
    assert len(error) < 300


def test_new_columns_are_added_and_missing_columns_are_null(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"id,gone\n1,a\n"))
    made.run(source.serves("/x.csv", b"New,id\n2024-01-01,2\n"), data_quality={"optional_columns": ["gone"]})
    assert made.rows() == [{"id": 2, "gone": None, "new": date(2024, 1, 1), "meta_rescued": None}]


def test_rows_with_too_few_or_too_many_fields_keep_every_field(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(
        source.serves("/x.csv", b'a,b,c\n1,2,3\n4\n5,6,7,8,"9,9"\n10,11,12,,\n13,14,15\n'),
        data_quality={"max_rescued_share": 1},
    )
    assert made.rows() == [
        {"a": 1, "b": 2, "c": 3, "meta_rescued": None},
        {"a": 4, "b": None, "c": None, "meta_rescued": '{"_fields": 1}'},
        {"a": 5, "b": 6, "c": 7, "meta_rescued": '{"_surplus": ["8", "9,9"]}'},
        {"a": 10, "b": 11, "c": 12, "meta_rescued": None},
        {"a": 13, "b": 14, "c": 15, "meta_rescued": None},
    ]


@pytest.mark.parquet
def test_the_crawler_is_not_started_and_its_command_is_logged(
    dataset: MakeDataset, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"id\n1\n"))
    assert f"aws glue start-crawler --name {made.names['crawler']}" in capsys.readouterr().out
    made.run(source.serves("/x.csv", b"id\n2\n"))
    assert (
        "the crawler does not need to run: the schema is unchanged since the last publication"
        in capsys.readouterr().out
    )
    made.run(source.serves("/x.csv", b"id,more\n2,3\n"))
    assert "changed since the previous publication" in capsys.readouterr().out


@pytest.mark.parametrize("status", [404, 500])
def test_an_error_of_the_source_keeps_the_published_table(
    dataset: MakeDataset, source: Source, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "etl_runtime.source.files.dated_files.fetch",
        lambda url, context, known: fetch(url, replace(context, first_wait_seconds=0.01), known),
    )
    made = dataset()
    made.run(source.serves("/x.csv", b"id\n1\n"))
    assert f"returned {status}" in made.fails(source.serves("/x.csv", Response(status=status)))


def test_a_retry_by_glue_of_an_error_that_is_not_retryable_fails_at_once(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.fails(source.url + "/gone.csv")
    requests = len(source.requests)
    with pytest.raises(RunFailed, match="^RETRY_SKIPPED: A retry cannot succeed.*404"):
        made.run(source.serves("/gone.csv", b"id\n1\n"), job_run_id="jr_1_attempt_1")
    assert len(source.requests) == requests
    made.run(source.url + "/gone.csv", job_run_id="jr_2")


def test_a_retry_by_glue_of_a_retryable_error_runs_the_job(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.fails(source.serves("/x.csv", b""))
    made.run(source.serves("/x.csv", b"id\n1\n"), job_run_id="jr_1_attempt_1")
    assert made.rows() == [{"id": 1, "meta_rescued": None}]


def test_a_publication_does_not_begin_within_ten_minutes_of_the_timeout(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    url = source.serves("/x.csv", b"id\n1\n")
    made.run(url)
    source.serves("/x.csv", b"id\n2\n")
    made.names["timeout_minutes"] = 10
    error = made.fails(url)
    assert error.startswith("TIMEOUT_TOO_CLOSE: ")
    assert "ten minutes remain" in error


def test_a_row_count_mismatch_between_source_and_table_is_an_error(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset()
    url = source.serves("/x.csv", b"id\n1\n2\n")
    made.run(url)
    source.serves("/x.csv", b"id\n2\n3\n")
    monkeypatch.setattr("etl_runtime.read.text.record_ends.Records.count", lambda run: len(run.ends) + 1)
    assert "has 3 records in its files and 2 rows in staging" in made.fails(url)


def test_types_that_the_contract_keeps_after_a_change_of_the_document_are_logged(
    dataset: MakeDataset, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    made = dataset()
    url = source.serves("/x.csv", Response(b"a,b\nNA,x\n1,y\n"))
    made.run(url)
    kept = "the schema contract keeps the published type string: a (bigint). To change"
    for expected in (True, False):
        capsys.readouterr()
        made.run(url, file_format={"null_values": ["NA"]}, run_options='{"force": true}')
        assert [row["a"] for row in made.rows()] == [None, "1"]
        assert (kept in capsys.readouterr().out) == expected
