"""Parts of a large table are converted while the next parts are unpacked."""

import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_parts import files_of_parts, make_parts_small

from conftest import Dataset, Response, Source, zipped
from etl_runtime.convert import part_writer, task
from etl_runtime.convert.early_conversion import EarlyConversion
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.publish import parquet_object
from etl_runtime.publish.iceberg_tables import IcebergTables
from etl_runtime.read import read_part as read_part_module
from etl_runtime.read import split_records
from etl_runtime.read.part import Part

MakeDataset = Callable[..., Dataset]

ROWS = 400

AGAIN = "Unpacking again."


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    make_parts_small(monkeypatch)


@pytest.fixture(autouse=True)
def open_catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for the catalog of Iceberg tables. Otherwise, it is not known which part is the first to be converted
    early."""
    monkeypatch.setattr(IcebergTables, "is_open", property(lambda tables: tables._catalog is not None))


@pytest.fixture
def kept_parts(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    return files_of_parts(monkeypatch)


def csv(header: str, row: Callable[[int], str]) -> bytes:
    return f"{header}\n".encode() + "".join(f"{row(number)}\n" for number in range(ROWS)).encode()


def test_only_the_parts_of_the_first_object_are_kept(
    dataset: MakeDataset, source: Source, kept_parts: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    made = dataset(["t"])
    made.run(source.serves("/x.csv", csv("id,name", lambda row: f"{row},name {row}")))
    objects = len(made.published()["tables"]["t"]["files"])
    assert len(kept_parts) == 2 < objects  # of more than 300 bytes each
    assert [row["id"] for row in made.rows("t")] == list(range(ROWS))
    assert AGAIN not in capsys.readouterr().out


def test_if_a_later_value_changes_a_type_the_source_is_unpacked_again(
    dataset: MakeDataset, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    made = dataset(["t"])
    made.run(source.serves("/x.csv", csv("id,late", lambda row: f"{row},{row if row < 350 else 'text'}")))
    assert f"t: later values do not match the types inferred from the first 0 MB. {AGAIN}" in capsys.readouterr().out
    types = {column["name"]: column["type"] for column in made.record()["tables"][0]["columns"]}
    assert types == {"id": "bigint", "late": "string"}
    assert [row["late"] for row in made.rows("t")] == [str(row) if row < 350 else "text" for row in range(ROWS)]


@pytest.mark.parametrize(
    "document", [{}, {"column_schema": {"t": {"late": {"type": "bigint"}}}}], ids=["published", "declared"]
)
def test_published_and_declared_types_do_not_change_with_later_values(
    document: dict[str, Any], dataset: MakeDataset, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    made = dataset(["t"])
    options = {"data_quality": {"max_rescued_share": 1}, **document}
    if not document:
        made.run(source.serves("/x.csv", csv("id,late", lambda row: f"{row},{row}")), **options)
    made.run(source.serves("/x.csv", csv("id,late", lambda row: f"{row},{row if row < 350 else 'text'}")), **options)
    assert AGAIN not in capsys.readouterr().out
    assert made.record()["tables"][0]["rescued"] == {"late": 50}


def test_a_column_of_trailing_delimiters_does_not_cause_another_unpacking(
    dataset: MakeDataset, source: Source, kept_parts: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    made = dataset(["t"])
    made.run(source.serves("/x.csv", csv("id,name,", lambda row: f'{row},"n,{row}",')))
    assert AGAIN not in capsys.readouterr().out
    assert len(kept_parts) < len(made.published()["tables"]["t"]["files"])
    assert made.rows("t")[-1] == {"id": ROWS - 1, "name": f"n,{ROWS - 1}", "meta_rescued": None}


@pytest.mark.parametrize("first", [20, 250, ROWS - 1])
def test_if_the_column_of_trailing_delimiters_has_a_later_value_it_is_a_column(
    first: int, dataset: MakeDataset, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    made = dataset(["t"])
    made.run(source.serves("/x.csv", csv("id,name,", lambda row: f"{row},n{row},{'x' if row >= first else ''}")))
    assert capsys.readouterr().out.count(AGAIN) == (first > 100)
    assert [row["column_3"] for row in made.rows("t")] == [None if row < first else "x" for row in range(ROWS)]


def test_parts_of_a_table_with_several_files_are_kept(
    dataset: MakeDataset, source: Source, kept_parts: list[Path]
) -> None:
    made = dataset(["t"])
    archive = zipped(**{"1.csv": csv("id", str), "2.csv": csv("id,extra", lambda row: f"{row},x")})
    made.run(source.serves("/x.zip", Response(archive)), file_table_mapping={"*.csv": "t"})
    assert len(kept_parts) == len(made.published()["tables"]["t"]["files"])
    assert len(made.rows("t")) == 2 * ROWS


def test_parts_beyond_those_of_the_driver_are_converted_by_spark(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_writer, "MAX_DRIVER_BYTES", 1_500)
    made = dataset(["t"])
    made.run(source.serves("/x.csv", csv("id,name", lambda row: f"{row},name {row}")))
    assert [row["id"] for row in made.rows("t")] == list(range(ROWS))


def test_an_error_in_an_early_conversion_fails_the_run(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset(["t"])
    made.run(source.serves("/x.csv", csv("id", str)))
    before = made.published_state()
    read_part = read_part_module.read_part

    def fails_at_a_later_part(body: bytes, part: Part, *rest: Any) -> Any:
        if part.first > ROWS // 2:
            raise RunFailed(ErrorCode.TEXT_INVALID, "broken")
        return read_part(body, part, *rest)

    monkeypatch.setattr(task, "read_part", fails_at_a_later_part)
    assert "broken" in made.fails(source.serves("/x.csv", csv("id,more", lambda row: f"{row},1")))
    assert made.published_state() == before


def test_after_a_failed_early_conversion_parts_are_kept_and_its_rows_are_released(
    dataset: MakeDataset, source: Source, kept_parts: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    released: list[weakref.ref[Any]] = []
    upload = parquet_object.upload

    class Rows:
        pass

    def refused(*arguments: Any) -> Any:
        rows = Rows()
        released.append(weakref.ref(rows))
        raise RunFailed(ErrorCode.DISK_FULL, "refused")

    monkeypatch.setattr(task, "upload", refused)
    made = dataset(["t"])
    assert "refused" in made.fails(source.serves("/x.csv", csv("id,name", lambda row: f"{row},name {row}")))
    assert len(kept_parts) > 4
    assert [each for each in released if each() is not None] == []
    monkeypatch.setattr(task, "upload", upload)
    assert made.run(source.serves("/x.csv", csv("id", str)))["status"] == "published"


def test_a_type_that_is_refuted_in_an_early_conversion_is_known_when_the_source_is_unpacked_again(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The value is in no sample, so only the conversion of its part refutes the type."""
    attempts: list[tuple[str, int]] = []
    convert_shard = task._convert_shard

    def counted(shard: task.Shard, *rest: Any) -> Any:
        attempts.append((shard.uri, len(attempts)))
        return convert_shard(shard, *rest)

    monkeypatch.setattr(task, "_convert_shard", counted)
    made = dataset(["t"])
    made.run(source.serves("/x.csv", csv("id,late", lambda row: f"{row},{'text' if row == 250 else row}")))
    assert capsys.readouterr().out.count(AGAIN) == 1
    objects = len(made.published()["tables"]["t"]["files"])
    assert len(attempts) == 2 * objects
    assert made.rows("t")[250]["late"] == "text"


CELLS = st.sampled_from(["", "1", "-5", "2.50", "1e3", "007", "2024-01-31", "true", "text", "9" * 20])


@given(
    columns=st.lists(
        st.tuples(CELLS, CELLS, st.integers(0, 2 * ROWS)),  # the value before and after a row
        min_size=1,
        max_size=4,
    ),
    last_change=st.none() | st.integers(0, 2 * ROWS),  # the first value after a trailing delimiter
    part_bytes=st.integers(100, 2_000),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_early_conversion_does_not_change_the_table(
    columns: list[tuple[str, str, int]],
    last_change: int | None,
    part_bytes: int,
    dataset: MakeDataset,
    source_of_module: Source,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    header = ",".join(["id", *(f"c{number}" for number in range(len(columns)))])
    last = [] if last_change is None else [("", "late", last_change)]
    body = csv(
        header + "," * len(last),
        lambda row: ",".join(
            [f"r{row}", *(before if row < change else after for before, after, change in (*columns, *last))]
        ),
    )
    found = []
    for has_early in (True, False):
        with monkeypatch.context() as patch:
            patch.setattr(split_records, "PART_BYTES", part_bytes)
            if not has_early:
                patch.setattr(EarlyConversion, "start", lambda *_: None)
            made = dataset(["t"])
            record = made.run(source_of_module.serves("/x.csv", body))
        described = {key: record["tables"][0][key] for key in ("rows", "columns", "nulls", "bounds", "rescued")}
        found.append((made.rows("t"), described, len(made.published()["tables"]["t"]["files"])))
    assert found[0] == found[1]
