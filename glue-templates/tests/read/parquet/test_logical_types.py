"""Parquet's logical types at every depth have the same Athena type and values, whatever the version of Arrow."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from jvm_parquet import write_parquet

from conftest import Dataset, Source
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.spark import start_spark
from etl_runtime.read.parquet.parquet_cells import read_table
from etl_runtime.read.parquet.parquet_parts import parquet_parts
from parquet_file import parquet

MakeDataset = Callable[..., Dataset]
UUID, UUID_TEXT = bytes(range(16)), "00010203-0405-0607-0809-0a0b0c0d0e0f"
NANOS_1001 = (1001).to_bytes(8, "little") + (2440588).to_bytes(4, "little")
TEXT_1001 = "1970-01-01 00:00:00.000001001"

JVM_TYPES: list[tuple[str, str, dict[str, Any], str, Any]] = [
    ("enum", "optional binary c (ENUM);", {"c": b"RED"}, "string", "RED"),
    ("json", "optional binary c (JSON);", {"c": b'{"a": 1}'}, "string", '{"a": 1}'),
    ("json that is not UTF-8", "optional binary c (JSON);", {"c": b"\xff"}, "binary", b"\xff"),
    ("bson", "optional binary c (BSON);", {"c": b"\x05\0\0\0\0"}, "binary", b"\x05\0\0\0\0"),
    ("uuid", "optional fixed_len_byte_array(16) c (UUID);", {"c": UUID}, "string", UUID_TEXT),
    ("unsigned 16 bits", "optional int32 c (INTEGER(16,false));", {"c": 65535}, "bigint", 65535),
    ("unsigned 64 bits", "optional int64 c (INTEGER(64,false));", {"c": -(2**40)}, "decimal(20,0)", Decimal(2**64 - 2**40)),
    ("decimal in bytes", "optional binary c (DECIMAL(30,4));", {"c": b"\x30\x39"}, "decimal(30,4)", Decimal("1.2345")),
    ("decimal of 40 digits", "optional fixed_len_byte_array(20) c (DECIMAL(40,4));", {"c": bytes(18) + b"\x30\x39"}, "string", "1.2345"),
    ("decimal in an integer", "optional int32 c (DECIMAL(5,2));", {"c": 125}, "decimal(5,2)", Decimal("1.25")),
    ("time in UTC", "optional int64 c (TIME(NANOS,true));", {"c": 3_723_000_001_001}, "string", "01:02:03.000001001"),
    ("time", "optional int32 c (TIME(MILLIS,false));", {"c": 1001}, "string", "00:00:01.001"),
    ("timestamp in UTC", "optional int64 c (TIMESTAMP(MILLIS,true));", {"c": 1_706_659_200_001}, "timestamp", datetime(2024, 1, 31, 0, 0, 0, 1000, UTC)),
    ("timestamp", "optional int64 c (TIMESTAMP(MICROS,false));", {"c": 1_706_659_200_000_001}, "timestamp", datetime(2024, 1, 31, 0, 0, 0, 1, UTC)),
    ("INT96", "optional int96 c;", {"c": NANOS_1001}, "string", TEXT_1001),
    ("INT96 in a struct", "optional group c { optional int96 a; optional int32 n; }", {"c": {"a": NANOS_1001, "n": 1}}, "struct<a:string,n:bigint>", {"a": TEXT_1001, "n": 1}),
    ("uuids in a list", "optional group c (LIST) { repeated group list { optional fixed_len_byte_array(16) element (UUID); } }", {"c": {"list": [{"element": UUID}, {}]}}, "array<string>", [UUID_TEXT, None]),
    ("enum and JSON in a map", "optional group c (MAP) { repeated group map (MAP_KEY_VALUE) { required binary key (ENUM); optional binary value (JSON); } }", {"c": {"map": [{"key": b"A", "value": b"1"}]}}, "map<string,string>", [("A", "1")]),
    ("enum in a legacy list", "optional group c (LIST) { repeated binary array (ENUM); }", {"c": {"array": [b"A", b"B"]}}, "array<string>", ["A", "B"]),
    ("a legacy list of lists", "optional group c (LIST) { repeated group array (LIST) { repeated int32 array; } }", {"c": {"array": [{"array": [1, 2]}, {"array": [3]}]}}, "array<array<bigint>>", [[1, 2], [3]]),
    ("a legacy list of lists in a struct", "optional group c { optional binary e (ENUM); optional group l (LIST) { repeated group array (LIST) { repeated int32 array; } } }", {"c": {"e": b"A", "l": {"array": [{"array": [1]}]}}}, "struct<e:string,l:array<array<bigint>>>", {"e": "A", "l": [[1]]}),
    ("a legacy list of structs", "optional group c (LIST) { repeated group c_tuple { optional int32 x; } }", {"c": {"c_tuple": [{"x": 1}, {}]}}, "array<struct<x:bigint>>", [{"x": 1}, {"x": None}]),
    ("a repeated field", "repeated int32 c;", {"c": [1, 2]}, "array<bigint>", [1, 2]),
]  # fmt: skip


@pytest.fixture(scope="module")
def write(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, list[dict[str, Any]]], Path]]:
    spark = start_spark()
    folder = tmp_path_factory.mktemp("files")

    def write_file(schema: str, rows: list[dict[str, Any]]) -> Path:
        path = folder / f"{len(list(folder.iterdir()))}.parquet"
        write_parquet(spark, path, f"message m {{ required int32 n; {schema} }}", rows)
        return path

    yield write_file


def cells_of(path: Path, column: str) -> tuple[str, list[Any]]:
    types, values = set(), []
    for body, _, _ in parquet_parts(path, path.name, 1 << 20):
        cells = read_table(body).columns[column]
        types.add(cells.infer().best.type)
        values += cells.values.to_pylist()  # type: ignore[attr-defined]
    return "/".join(types), values


def test_each_logical_type_keeps_its_values(write: Callable[[str, list[dict[str, Any]]], Path]) -> None:
    for what, schema, row, athena, expected in JVM_TYPES:
        path = write(schema, [{"n": 1, **row}, {"n": 2}])
        missing: list[Any] | None = [] if schema.startswith("repeated") else None
        assert (what, *cells_of(path, "c")) == (what, athena, [expected, missing])
        assert cells_of(path, "n") == ("bigint", [1, 2])


def test_intervals_are_iso_durations_and_never_null(write: Callable[[str, list[dict[str, Any]]], Path]) -> None:
    path = write(
        "optional fixed_len_byte_array(12) c (INTERVAL);", [{"n": 1, "c": b"\x0e\0\0\0\x03\0\0\0\xdc\x05\0\0"}]
    )
    try:
        assert cells_of(path, "c") == ("string", ["P14M3DT1.500S"])
    except RunFailed as failed:  # parquet-java annotates it as null
        assert str(failed).startswith(f"FILE_FORMAT_UNSUPPORTED: {path.name}: the column c may have values")


def test_types_that_only_the_writer_had_in_memory_do_not_matter() -> None:
    path = Path(__file__).parent / "pyarrow_23.parquet"
    found = {column: cells_of(path, column) for column in ("price", "hash", "pair", "doc", "key")}
    assert found == {
        "price": ("decimal(15,2)", [Decimal("1.25"), None]),
        "hash": ("binary", [b"\xff", None]),
        "pair": ("array<bigint>", [[1, 2], None]),
        "doc": ("string", ['{"a": 1}', None]),
        "key": ("string", ["00000000-0000-0000-0000-000000000005", None]),
    }


HALF = np.array([1.5, np.nan, np.inf], np.float16)
ARROW_TYPES: list[tuple[pa.Array, str, list[str]]] = [
    (pa.array(HALF), "double", ["1.5", "nan", "inf"]),
    (pa.ListArray.from_arrays([0, 1, 3], pa.array(HALF)), "array<double>", ["[1.5]", "[nan, inf]"]),
    (pa.array([Decimal("1.25")], pa.decimal256(5, 2)), "decimal(5,2)", ["1.25"]),
    (pa.array([[1, 2], None], pa.list_(pa.int32(), 2)), "array<bigint>", ["[1, 2]", "None"]),
    (pa.array(["a", None]).dictionary_encode(), "string", ["a", "None"]),
    (pa.array([1000], pa.duration("ms")), "bigint", ["1000"]),
    (pa.array([datetime(2024, 1, 31)], pa.timestamp("ns", "Europe/Berlin")), "timestamp", ["2024-01-31 00:00:00+00:00"]),
]  # fmt: skip


@pytest.mark.parametrize(("array", "athena", "values"), ARROW_TYPES, ids=[str(each[0].type) for each in ARROW_TYPES])
def test_arrow_types_become_those_of_the_parquet_schema(
    tmp_path: Path, array: pa.Array, athena: str, values: list[str]
) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(parquet(pa.table({"c": array})))
    type, found = cells_of(path, "c")
    assert (type, [str(value) for value in found]) == (athena, values)


@pytest.mark.parametrize("declared", [False, True])
def test_nan_and_infinity_are_the_same_with_and_without_declared_types(
    dataset: MakeDataset, source: Source, declared: bool
) -> None:
    made = dataset()
    values = [float("nan"), float("inf"), float("-inf"), 0.25, None]
    table = pa.table({"v": values, "half": pa.array(np.array([1.5] * 4 + [np.nan], np.float16)), "n": range(5)})
    schema = {made.name.replace("-", "_"): {"v": {"type": "double"}, "half": {"type": "double"}}}
    document: dict[str, Any] = {"column_schema": schema} if declared else {}
    made.run(source.serves("/x.parquet", parquet(table)), **document)
    assert [str(row["v"]) for row in made.rows()] == ["nan", "inf", "-inf", "0.25", "None"]
    assert [str(row["half"]) for row in made.rows()] == ["1.5"] * 4 + ["nan"]
    assert {row["meta_rescued"] for row in made.rows()} == {None}


def test_a_logical_type_that_arrow_does_not_know_is_named() -> None:
    path = Path(__file__).parent / "geometry.parquet"
    if int(pa.__version__.partition(".")[0]) >= 21:
        assert cells_of(path, "c")[0] == "binary"
        return
    with pytest.raises(
        RunFailed,
        match="^FILE_FORMAT_UNSUPPORTED: geometry.parquet has a column with a logical type that this Glue version does not support, "
        "such as GEOMETRY or VARIANT. Set glue_version to 6.0",
    ):
        cells_of(path, "c")
