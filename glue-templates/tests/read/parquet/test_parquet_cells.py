"""Parquet types are converted to Athena types without changing any value."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import Dataset, Source, zipped
from etl_runtime.columns.column_types import ColumnType
from etl_runtime.job.errors import RunFailed
from etl_runtime.read.json.json_cells import JsonCells
from etl_runtime.read.parquet.parquet_cells import ParquetCells, read_table, storable
from etl_runtime.read.parquet.parquet_parts import parquet_parts
from parquet_file import parquet

MakeDataset = Callable[..., Dataset]


TYPES: list[tuple[pa.DataType, str, Any, Any]] = [
    (pa.int8(), "bigint", -3, -3),
    (pa.uint32(), "bigint", 2**32 - 1, 2**32 - 1),
    (pa.uint64(), "decimal(20,0)", 2**64 - 1, Decimal(2**64 - 1)),
    (pa.float32(), "double", 0.5, 0.5),
    (pa.decimal128(10, 3), "decimal(10,3)", Decimal("1.250"), Decimal("1.250")),
    (pa.decimal256(50, 2), "string", Decimal("1" * 40 + ".25"), "1" * 40 + ".25"),
    (pa.date32(), "date", date(1892, 1, 1), date(1892, 1, 1)),
    (pa.date64(), "date", date(2024, 1, 31), date(2024, 1, 31)),
    (pa.timestamp("ms"), "timestamp", datetime(2024, 1, 31, 10), datetime(2024, 1, 31, 10, tzinfo=UTC)),
    (pa.timestamp("us", "Europe/Berlin"), "timestamp", datetime(2024, 1, 31, 9, tzinfo=UTC), datetime(2024, 1, 31, 9, tzinfo=UTC)),
    (pa.time64("us"), "string", time(10, 30), "10:30:00.000000"),
    (pa.bool_(), "boolean", True, True),
    (pa.string(), "string", "007", "007"),
    (pa.string(), "string", "", ""),
    (pa.large_string(), "string", "é", "é"),
    (pa.dictionary(pa.int32(), pa.string()), "string", "a", "a"),
    (pa.binary(), "binary", b"\x00\xff", b"\x00\xff"),
    (pa.binary(2), "binary", b"ab", b"ab"),
    (pa.list_(pa.int16()), "array<bigint>", [1, None], [1, None]),
    (pa.large_list(pa.string()), "array<string>", [], []),
    (pa.struct([("Zip Code", pa.string()), ("n", pa.int32())]), "struct<zip_code:string,n:bigint>", {"Zip Code": "1", "n": 2}, {"zip_code": "1", "n": 2}),
    (pa.struct([("a b", pa.string()), ("a_b", pa.string())]), "string", {"a b": "1", "a_b": "2"}, '{"a b": "1", "a_b": "2"}'),
    (pa.map_(pa.string(), pa.int32()), "map<string,bigint>", [("k", 1)], [("k", 1)]),
    (pa.map_(pa.string(), pa.struct([("Zip Code", pa.string())])), "map<string,struct<zip_code:string>>", [("k", {"Zip Code": "1"})], [("k", {"zip_code": "1"})]),
    (pa.map_(pa.timestamp("ms"), pa.uint64()), "map<timestamp,decimal(20,0)>", [(datetime(2024, 1, 31), 1)], [(datetime(2024, 1, 31, tzinfo=UTC), Decimal(1))]),
    (pa.map_(pa.string(), pa.null()), "map<string,string>", [("k", None)], [("k", None)]),
    (pa.struct([]), "string", {}, "{}"),
    (pa.list_(pa.struct([("x", pa.float32())])), "array<struct<x:double>>", [{"x": 0.25}, None], [{"x": 0.25}, None]),
]  # fmt: skip


@pytest.mark.parametrize(("type", "athena", "value", "expected"), TYPES, ids=[str(each[0]) for each in TYPES])
def test_each_parquet_type_has_an_athena_type_that_keeps_its_values(
    type: pa.DataType, athena: str, value: Any, expected: Any
) -> None:
    array = pa.array([value, None, value, None], type)
    for each in (array, array[1:], array[2:3]):
        cells = ParquetCells(storable(each))
        column_type = cells.infer().best
        assert column_type.type == athena
        values = cells.convert(column_type)
        assert values is not None and values.to_pylist() == [
            expected if cell is not None else None for cell in each.to_pylist()
        ]
        assert values.type == column_type.arrow_type


def test_timestamps_finer_than_microseconds_are_text() -> None:
    cells = ParquetCells(storable(pa.array([1, 2_000], pa.timestamp("ns"))))
    assert (cells.infer().best.type, cells.as_text().to_pylist()) == (
        "string",
        ["1970-01-01 00:00:00.000000001", "1970-01-01 00:00:00.000002000"],
    )


@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1) | st.just(2**53 + 1), max_size=30), st.integers(1, 7))
def test_rows_keep_their_order_for_any_part_size(numbers: list[int | None], part_bytes: int) -> None:
    with NamedTemporaryFile() as file:
        path = Path(file.name)
        path.write_bytes(parquet(pa.table({"n": pa.array(numbers, pa.int64())}), row_group_size=3))
        parts = list(parquet_parts(path, "x.parquet", part_bytes))
    assert sum(rows for _, rows, _ in parts) == len(numbers)
    read = [cell for body, _, _ in parts for cell in read_table(body).columns["n"].as_text().to_pylist()]
    assert read == [None if number is None else str(number) for number in numbers]


MISMATCHES: list[tuple[str, pa.Array, list[Any], dict[int, Any]]] = [
    ("bigint", pa.array([1.0, 2.5, None]), [1, None, None], {1: 2.5}),
    ("decimal(4,2)", pa.array([1, 1000]), [Decimal("1.00"), None], {1: 1000}),
    ("bigint", pa.array(["1", "007", "x"]), [1, None, None], {1: "007", 2: "x"}),
    ("string", pa.array([1, None]), ["1", None], {}),
    ("date", pa.array([5]), [None], {0: 5}),
    ("bigint", pa.array([date(2024, 1, 1)]), [None], {0: "2024-01-01"}),
    ("struct<a:bigint>", pa.array([{"a": "1"}, {"a": None}]), [None, {"a": None}], {0: {"a": "1"}}),
    ("array<bigint>", pa.array(["[1]"]), [None], {0: "[1]"}),
    ("binary", pa.array(["ab"]), [None], {0: "ab"}),
    ("boolean", pa.array(["true", "maybe"]), [True, None], {1: "maybe"}),
    ("boolean", pa.array([1]), [None], {0: 1}),
    ("bigint", pa.array([True]), [None], {0: True}),
    ("timestamp", pa.array(["2024-01-31T10:00:00Z", "soon"]), [datetime(2024, 1, 31, 10, tzinfo=UTC), None], {1: "soon"}),
    ("date", pa.array([datetime(2024, 1, 31), datetime(2024, 1, 31, 10)]), [date(2024, 1, 31), None], {1: "2024-01-31 10:00:00+00:00"}),
    ("timestamp", pa.array([date(2024, 1, 31)]), [datetime(2024, 1, 31, tzinfo=UTC)], {}),
    ("decimal(18,2)", pa.array([0.1, 0.125]), [Decimal("0.10"), None], {1: 0.125}),
    ("decimal(38,37)", pa.array([3443487863035470678]), [None], {0: 3443487863035470678}),
    ("decimal(38,37)", pa.array([Decimal("12760.91647024605128")]), [None], {0: "12760.91647024605128"}),
    ("double", pa.array([Decimal("0.5000000000000000000"), Decimal("0.1234567890123456789")]), [0.5, None], {1: "0.1234567890123456789"}),
    ("array<bigint>", pa.array(["[1]", None]), [None, None], {0: "[1]"}),
    ("boolean", pa.array([7, 1, None]), [None, None, None], {0: 7, 1: 1}),
    ("bigint", pa.array([True]), [None], {0: True}),
    ("decimal(10,0)", pa.array([1.5, 2.0, float("nan")]), [None, Decimal(2), None], {0: 1.5, 2: "nan"}),
    ("decimal(10,2)", pa.array([0.1, 0.125]), [Decimal("0.10"), None], {1: 0.125}),
    ("bigint", pa.array([Decimal("0.0000000"), Decimal("1.5000000")]), [0, None], {1: "1.5000000"}),
    ("double", pa.array([Decimal("12345678901234567890.12"), Decimal("0.10")]), [None, 0.1], {0: "12345678901234567890.12"}),
    ("double", pa.array([2**53, 2**53 + 1]), [2.0**53, None], {1: 2**53 + 1}),
    ("decimal(38,20)", pa.array([2**62, 5]), [None, Decimal(5)], {0: 2**62}),
    ("date", pa.array([datetime(2024, 1, 31), datetime(2024, 1, 31, 10)]), [date(2024, 1, 31), None], {1: "2024-01-31 10:00:00+00:00"}),
    ("timestamp", pa.array([date(2024, 1, 31)]), [datetime(2024, 1, 31, tzinfo=UTC)], {}),
    ("timestamp", pa.array(["2024-01-31", "soon"]), [datetime(2024, 1, 31, tzinfo=UTC), None], {1: "soon"}),
    ("boolean", pa.array(["true", "x"]), [True, None], {1: "x"}),
    ("array<bigint>", pa.array([[1.0], None, [], [2.0, 2.5], [3.0]]), [[1], None, [], None, [3]], {3: [2.0, 2.5]}),
    ("struct<a:array<bigint>>", pa.array([{"a": [1.0]}, {"a": [1.5]}, None]), [{"a": [1]}, None, None], {1: {"a": [1.5]}}),
    ("struct<a:bigint>", pa.array([{"a": 1, "b": None}, {"a": 2, "b": "x"}]), [{"a": 1}, None], {1: {"a": 2, "b": "x"}}),
    ("map<string,bigint>", pa.array([[("k", 1.0)], None, [], [("k", 1.5)]], pa.map_(pa.string(), pa.float64())), [[("k", 1)], None, [], None], {3: [["k", 1.5]]}),
]  # fmt: skip


@pytest.mark.parametrize(("type", "cells", "values", "mismatches"), MISMATCHES)
def test_a_value_that_does_not_match_the_published_type_is_a_mismatch(
    type: str, cells: pa.Array, values: list[Any], mismatches: dict[int, Any]
) -> None:
    for before in (0, 2):
        made = storable(pa.concat_arrays([pa.nulls(before, cells.type), cells]))[
            before:
        ]  # a slice: some pyarrow functions ignore its offset
        expected, found = ParquetCells(made).convert_with_mismatches(ColumnType(type))
        assert (expected.to_pylist(), found) == (values, mismatches)
        assert expected.type == ColumnType(type).arrow_type
        assert (ParquetCells(made).convert(ColumnType(type)) is None) == bool(mismatches)


MANY = 50_000
SLOW = [
    ("bigint", pa.array([number + 0.5 for number in range(MANY)])),
    ("decimal(10,2)", pa.array([10**9 + number for number in range(MANY)])),
    ("struct<a:bigint>", pa.array([{"a": number + 0.5} for number in range(MANY)])),
    ("array<bigint>", pa.array([[number + 0.5] for number in range(MANY)])),
    ("bigint", pa.array([{"a": number} for number in range(MANY)])),
]


@pytest.mark.parametrize(("type", "cells"), SLOW, ids=[f"{type} {cells.type}" for type, cells in SLOW])
def test_many_mismatches_are_found_without_converting_row_by_row(
    type: str, cells: pa.Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ParquetCells, "convert", lambda *_: pytest.fail("a separate conversion for each row"))
    _, found = ParquetCells(cells).convert_with_mismatches(ColumnType(type))
    assert len(found) == MANY


def test_two_struct_fields_with_the_same_name_are_json_text() -> None:
    twice = pa.StructArray.from_arrays([pa.array([1, 3]), pa.array([2, None])], ["a", "a"])
    assert storable(twice).to_pylist() == ['{"a": 1, "a 2": 2}', '{"a": 3, "a 2": null}']


def test_columns_with_the_same_name_are_all_kept(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(
        source.serves(
            "/x.parquet", parquet(pa.Table.from_arrays([pa.array([number]) for number in (1, 2, 3)], ["a", "a 2", "a"]))
        )
    )
    assert made.rows() == [{"a": 1, "a_2": 2, "a_3": 3, "meta_rescued": None}]


def test_int96_timestamps_keep_their_value_in_any_year(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    times = [datetime(2024, 1, 31), datetime(9999, 12, 31), datetime(1, 1, 1), None]
    path.write_bytes(
        parquet(
            pa.table({"at": pa.array(times, pa.timestamp("us")), "n": [1, 2, 3, 4]}),
            use_deprecated_int96_timestamps=True,
        )
    )
    ((body, rows, _),) = parquet_parts(path, "x.parquet", 1000)
    columns = read_table(body).columns
    assert columns["at"].infer().best.type == "timestamp"
    assert columns["at"].as_text().to_pylist() == [
        "2024-01-31 00:00:00.000000Z",
        "9999-12-31 00:00:00.000000Z",
        "0001-01-01 00:00:00.000000Z",
        None,
    ]
    path.write_bytes(
        parquet(pa.table({"at": pa.array([1, 2_000, None], pa.timestamp("ns"))}), use_deprecated_int96_timestamps=True)
    )
    ((body, rows, _),) = parquet_parts(path, "x.parquet", 1000)
    assert read_table(body).columns["at"].as_text().to_pylist() == [
        "1970-01-01 00:00:00.000000001",
        "1970-01-01 00:00:00.000002000",
        None,
    ]


def test_dates_outside_the_range_of_python_have_no_bounds(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    far = pa.table(
        {
            "day": pa.array([4_000_000], pa.int32()).cast(pa.date32()),
            "at": pa.array([2**62], pa.timestamp("us")),
            "n": [b"x"],
        }
    )
    (table,) = made.run(source.serves("/x.parquet", parquet(far)))["tables"]
    assert (table["rows"], table["bounds"]) == (1, {})


def test_a_published_struct_gets_new_fields() -> None:
    cells = ParquetCells(storable(pa.array([{"a": 1, "b": "x"}])))
    assert cells.infer().widened(ColumnType("struct<a:bigint,c:bigint>")) == ColumnType(
        "struct<a:bigint,c:bigint,b:string>"
    )
    from_json = cells.infer().widened(ColumnType("struct<a:bigint,t:string>", "struct<a:bigint,t:text>"))
    assert from_json == ColumnType("struct<a:bigint,t:string,b:string>", "struct<a:bigint,t:text,b:string>")
    values, mismatches = JsonCells([{"a": 1, "t": 2, "b": "x"}]).convert_with_mismatches(from_json)
    assert (values.to_pylist(), mismatches) == ([{"a": 1, "t": "2", "b": "x"}], {})


def test_a_truncated_parquet_file_fails(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(parquet(pa.table({"a": list(range(10000))}))[:-20])
    with pytest.raises(RunFailed, match=r"^PARQUET_INVALID: x.parquet is not a valid Parquet file, or it is encrypted"):
        list(parquet_parts(path, "x.parquet", 1000))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "FILE_EMPTY: x.parquet is empty"),
        (b"<!doctype html><p>Sorry", "FILE_FORMAT_MISMATCH: x.parquet is an HTML or XML page, not data"),
        (
            b"PARE" + bytes(100),
            "PARQUET_INVALID: x.parquet is an encrypted Parquet file. Ask the data provider for a file without encryption.",
        ),
        (
            b"id,name\n1,a\n",
            r'FILE_FORMAT_MISMATCH: x.parquet is not a Parquet file: it starts with "id,name\\n1,a\\n". If the file is correct',
        ),
    ],
)
def test_a_file_that_is_not_parquet_fails_with_its_type(tmp_path: Path, body: bytes, message: str) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(body)
    with pytest.raises(RunFailed, match=f"^{message}"):
        list(parquet_parts(path, "x.parquet", 1000))


def test_a_parquet_file_becomes_a_table(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    table = pa.table(
        {"Id": pa.array([1, 2], pa.int32()), "tags": [["a"], None], "at": pa.array([0, 1], pa.timestamp("ms"))}
    )
    record = made.run(source.serves("/x.parquet", parquet(table)))
    assert [(column["name"], column["type"]) for column in record["tables"][0]["columns"]] == [
        ("id", "bigint"),
        ("tags", "array<string>"),
        ("at", "timestamp"),
    ]
    assert [(row["id"], row["tags"]) for row in made.rows()] == [(1, ["a"]), (2, None)]
    wider = pa.table({"Id": [1.5, 2.0], "tags": [["b"], []], "new": ["x", None]})
    made.run(
        source.serves("/x.parquet", parquet(wider)), data_quality={"max_rescued_share": 1, "optional_columns": ["at"]}
    )
    assert [(row["id"], row["new"], row["at"], row["meta_rescued"]) for row in made.rows()] == [
        (None, "x", None, '{"id": 1.5}'),
        (2, None, None, None),
    ]


def test_parquet_in_a_zip_and_a_declared_type(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    archive = zipped(**{"x.parquet": parquet(pa.table({"day": ["20240131"], "n": ["7"]}))})
    key = made.name.replace("-", "_")
    schema = {key: {"day": {"type": "date", "format": "yyyyMMdd"}, "n": {"type": "bigint"}}}
    made.run(source.serves("/x.zip", archive), column_schema=schema)
    assert made.rows() == [{"day": date(2024, 1, 31), "n": 7, "meta_rescued": None}]
