"""The columns of a table: parts that disagree, many columns, declared columns."""

import json
import time
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from conftest import Dataset, Response, Source
from etl_runtime.columns.column_schema import DeclaredColumn, by_source
from etl_runtime.columns.column_types import ColumnType
from etl_runtime.convert.type_plan import TypePlan
from etl_runtime.convert.unpacked_table import Sample, UnpackedTable
from etl_runtime.job.file_format import FileFormat
from etl_runtime.read import split_records
from etl_runtime.read.part import Part
from parquet_file import parquet

MakeDataset = Callable[..., Dataset]


def json_of(values: list[Any]) -> bytes:
    return json.dumps([{"s": value} for value in values]).encode()


def parquet_of(values: list[Any]) -> bytes:
    return parquet(pa.table({"s": values}))


@pytest.mark.parametrize(("extension", "body"), [("json", json_of), ("parquet", parquet_of)])
def test_two_files_can_each_add_a_field_to_a_published_struct(
    dataset: MakeDataset, source: Source, extension: str, body: Callable[[list[Any]], bytes]
) -> None:
    made = dataset()
    made.run(source.serves(f"/x.{extension}", body([{"a": 1}])))
    made.run(
        [source.serves(f"/{name}.{extension}", body([{"a": 2, name: "x"}])) for name in "bc"],
        data_quality={"max_rescued_share": 1},
    )
    assert [row["s"] for row in made.rows()] == [{"a": 2, "b": "x", "c": None}, {"a": 2, "b": None, "c": "x"}]


def test_struct_fields_beyond_the_size_limit_are_rescued(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.json", json_of([{"a": 1}])))
    urls = [source.serves(f"/{name}.json", json_of([{f"{name}{number}": 1 for number in range(150)}])) for name in "bc"]
    made.run(urls, data_quality={"max_rescued_share": 1})
    first, second = made.rows()
    assert (first["s"]["b149"], first["meta_rescued"]) == (1, None)
    assert second["s"] is None and json.loads(second["meta_rescued"])["s"]["c149"] == 1


def test_a_column_without_sampled_values_gets_the_type_of_its_values(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(split_records, "SAMPLE_BYTES", 20)
    made = dataset()
    lines = [b'{"a": 1, "b": null}', b'{"a": 2, "b": "2024-01-31", "c": "2024-01-31"}']
    record = made.run(source.serves("/x.jsonl", b"\n".join(lines)))
    assert {column["name"]: column["type"] for column in record["tables"][0]["columns"]} == {
        "a": "bigint",
        "b": "date",
        "c": "date",
    }


def test_an_unpaired_surrogate_is_kept_and_is_not_a_date(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    url = source.serves("/x.json", Response(b'[{"d": "2024-01-31"}, {"d": "\\ud83d"}]'))
    made.run(url)
    assert [row["d"] for row in made.rows()] == ['"2024-01-31"', r'"\ud83d"']
    schema = {made.name.replace("-", "_"): {"d": {"type": "date"}}}
    made.run(url, column_schema=schema, run_options='{"reset_contract": true}', data_quality={"max_rescued_share": 1})
    assert [(str(row["d"]), row["meta_rescued"]) for row in made.rows()] == [
        ("2024-01-31", None),
        ("None", json.dumps({"d": r'"\ud83d"'})),
    ]


def plan(sources: list[str], declared: list[DeclaredColumn]) -> TypePlan:
    body = ",".join("20240131" for _ in sources).encode() + b"\n"
    part = Part("s3://b/x", "csv", "x.csv", tuple(sources), len(body), 1, 1)
    return TypePlan("x", UnpackedTable([part], [Sample(part, body)]), None, declared, FileFormat())


def test_thousands_of_columns_are_planned_in_seconds() -> None:
    sources = [f"Column {number}" for number in range(2000)]
    declared = [DeclaredColumn(source, f"c_{number}") for number, source in enumerate(sources)]
    started = time.perf_counter()
    columns = plan(sources, declared).columns()
    assert time.perf_counter() - started < 10
    assert columns[-1].name == "c_1999"


def test_a_declaration_prefers_the_column_with_exactly_its_name() -> None:
    declared = [DeclaredColumn("Item Code", "code")]
    for sources in (["Item Code", "item_code"], ["item_code", "Item Code"]):
        assert by_source(declared, sources) == {"Item Code": declared[0]}
    assert by_source(declared, ["item-code"]) == {"item-code": declared[0]}


def test_a_declared_column_gets_no_type_hint() -> None:
    assert plan(["a", "b"], [DeclaredColumn("a", None, ColumnType("string", declared=True))]).hints().keys() == {"b"}
