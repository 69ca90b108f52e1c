"""A published type accepts cells of any file format: every value is converted or is a mismatch."""

import time
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from etl_runtime.columns.cells import Cells
from etl_runtime.columns.column_types import POINT_ZERO_DOUBLE, SHORTEST_DOUBLE, ColumnType
from etl_runtime.read.json.json_cells import JsonCells
from etl_runtime.read.text.text_cells import TextCells

TYPES = [
    ColumnType("bigint"),
    ColumnType("double"),
    ColumnType("decimal(10,2)"),
    ColumnType("decimal(38,0)"),
    ColumnType("boolean"),
    ColumnType("date"),
    ColumnType("timestamp"),
    ColumnType("binary"),
    ColumnType("string"),
    ColumnType("array<bigint>"),
    ColumnType("map<string,bigint>"),
    ColumnType("struct<a:bigint>"),
]
CELLS: list[Cells] = [
    TextCells(pa.array(["true", "x", "", None, "1", "1.50", "2024-01-31", "2024-01-31 10:00:00"])),
    TextCells(pa.array([None, None], pa.string())),
    JsonCells(["true", 1, None, {"a": 1}, [1], True, "2024-01-31", "2024-01-31T10:00:00Z"]),
]


@pytest.mark.parametrize("column_type", TYPES, ids=[column_type.type for column_type in TYPES])
@pytest.mark.parametrize("cells", CELLS, ids=["text", "nulls", "json"])
def test_every_published_type_accepts_cells_of_every_file_format(cells: Cells, column_type: ColumnType) -> None:
    converted = cells.convert(column_type)
    values, mismatches = cells.convert_with_mismatches(column_type)
    text = cells.as_text().to_pylist()
    assert values.type == column_type.arrow_type
    assert [value is not None or row in mismatches for row, value in enumerate(values.to_pylist())] == [
        cell is not None for cell in text
    ]
    assert converted is None or (converted.equals(values) and not mismatches)


def test_text_for_a_published_column_of_a_typed_file_is_parsed_by_value() -> None:
    cells = TextCells(pa.array(["True", "no", "soon"]))
    assert cells.convert_with_mismatches(ColumnType("boolean"))[0].to_pylist() == [True, False, None]
    cells = TextCells(pa.array(["2024-01-31T10:00:00Z", "2024-01-31", "soon"]))
    assert cells.convert_with_mismatches(ColumnType("timestamp"))[0].to_pylist() == [
        datetime(2024, 1, 31, 10, tzinfo=UTC),
        datetime(2024, 1, 31, tzinfo=UTC),
        None,
    ]


MANY = 100_000
MISMATCHES: list[tuple[ColumnType, str]] = [
    (ColumnType("bigint"), "0{}"),
    (ColumnType("bigint"), "10000000000000{:06}"),
    (SHORTEST_DOUBLE, "{}.50"),
    (POINT_ZERO_DOUBLE, "{}.50"),
    (ColumnType("decimal(18,2)"), "0{}.50"),
    (ColumnType("decimal(18,2)"), "10000000000{:06}.50"),
    (ColumnType("decimal(18,2)", format="1.234,56"), "{},5"),
    (ColumnType("date"), "{:04}-02-30"),
    (ColumnType("timestamp", "0000-00-00 00:00:00.000000"), "2024-02-30 10:00:00.{:06}"),
    (ColumnType("timestamp", "0000-00-00 00:00:00.000000"), "2024-02-01 10:60:00.{:06}"),
    (ColumnType("decimal(18,2)", declared=True), "{}.555"),
    (ColumnType("decimal(18,2)", declared=True), "10000000000{:06}"),
    (ColumnType("bigint", declared=True), "100000000000000{:06}"),
    (ColumnType("bigint", declared=True), "{}.5"),
    (ColumnType("double", declared=True), "123456789012345{:06}"),
    (ColumnType("timestamp", format="yyyyMMdd HHmmssSSSSSS", declared=True), "20240230 100000{:06}"),
]


@pytest.mark.parametrize(
    ("column_type", "mismatch"),
    MISMATCHES,
    ids=[f"{column_type.type} {mismatch}" for column_type, mismatch in MISMATCHES],
)
def test_many_mismatches_take_only_seconds(column_type: ColumnType, mismatch: str) -> None:
    cells = TextCells(pa.array([mismatch.format(number) for number in range(1, MANY, 2)] + [None]))
    began = time.perf_counter()
    values, mismatches = cells.convert_with_mismatches(column_type)
    assert time.perf_counter() - began < 5
    assert values.null_count == len(values)
    assert len(mismatches) == len(values) - 1
