"""Files without records are empty tables where expected_record_count_min is 0, and define no types."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from conftest import Dataset, Source, zipped
from parquet_file import parquet

MakeDataset = Callable[..., Dataset]
STOPS = b"stop_id,stop_name\nS1,Plaza\n"
EMPTY_OK: dict[str, Any] = {"data_quality": {"expected_record_count_min": 0}}


def columns(record: dict[str, Any], table: int = 0) -> list[tuple[str, str]]:
    return [(column["name"], column["type"]) for column in record["tables"][table]["columns"]]


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        pytest.param("/x.csv", b"id,name\n", [("id", "string"), ("name", "string")], id="only a header"),
        pytest.param("/x.csv", b"id,name,\r\n\r\n", [("id", "string"), ("name", "string")], id="a header with a trailing delimiter"),
        pytest.param("/x.csv", b"", [], id="no bytes"),
        pytest.param("/x.csv", b"\n\n", [], id="only line ends"),
        pytest.param("/x.json", b"[]", [], id="an empty JSON list"),
        pytest.param("/x.jsonl", b"\n", [], id="empty JSON Lines"),
        pytest.param("/x.parquet", parquet(pa.table({"id": pa.array([], pa.int32()), "tags": pa.array([], pa.list_(pa.string()))})), [("id", "bigint"), ("tags", "array<string>")], id="Parquet without rows"),
        pytest.param("/x.zip", zipped(**{"x.csv": b"id\n"}), [("id", "string")], id="a member with only a header"),
    ],
)  # fmt: skip
def test_a_file_without_records_is_an_empty_table_where_allowed(
    dataset: MakeDataset, source: Source, path: str, body: bytes, expected: list[tuple[str, str]]
) -> None:
    made = dataset()
    url = source.serves(path, body)
    assert made.fails(url).startswith("FILE_EMPTY: ")
    record = made.run(url, **EMPTY_OK)
    assert (record["tables"][0]["rows"], columns(record)) == (0, expected)


def test_a_header_without_records_defines_no_types(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    for _ in range(2):
        made.run(source.serves("/x.csv", b"id,name\n"), **EMPTY_OK, schema_contract="freeze")
    record = made.run(source.serves("/x.csv", b"id,name\n1,a\n"), **EMPTY_OK, schema_contract="freeze")
    assert columns(record) == [("id", "bigint"), ("name", "string")]
    record = made.run(
        source.serves("/x.csv", b"id,name\n"), data_quality={"expected_record_count_min": 0, "max_shrink": 1}
    )
    assert columns(record) == [("id", "bigint"), ("name", "string")]
    made.run(source.serves("/x.csv", b"id,name\n7,b\n"), **EMPTY_OK)
    assert [row["id"] for row in made.rows()] == [7]


def test_a_frozen_contract_does_not_include_columns_without_values(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    empty = pa.table({"id": pa.array([], pa.int64()), "v": pa.array([], pa.null())})
    filled = pa.table({"id": pa.array([1], pa.int64()), "v": pa.array([7], pa.int64())})
    made.run(source.serves("/x.parquet", parquet(empty)), **EMPTY_OK)
    record = made.run(source.serves("/x.parquet", parquet(filled)), **EMPTY_OK, schema_contract="freeze")
    assert columns(record) == [("id", "bigint"), ("v", "bigint")]
    error = made.fails(source.serves("/x.parquet", parquet(filled.drop_columns(["id"]))), schema_contract="freeze")
    assert "the source no longer has the columns: id" in error


def test_an_empty_file_does_not_replace_a_filled_table(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", STOPS), **EMPTY_OK)
    assert "GATE_MAX_SHRINK" in made.fails(source.serves("/x.csv", b"stop_id,stop_name\n"), **EMPTY_OK)


def test_optional_members_of_a_zip_are_empty_tables(dataset: MakeDataset, source: Source) -> None:
    made = dataset(["stops", "frequencies", "transfers"])
    url = source.serves(
        "/gtfs.zip", zipped(**{"stops.txt": STOPS, "frequencies.txt": b"trip_id\n", "transfers.txt": b""})
    )
    mapping = {"stops.txt": "stops", "frequencies.txt": "frequencies", "transfers.txt": "transfers"}
    allowed = {"frequencies": 0, "transfers": 0}
    error = made.fails(url, file_table_mapping=mapping, data_quality={"expected_record_count_min": {"transfers": 0}})
    assert error.startswith("FILE_EMPTY: frequencies.txt contains a header but no records")
    assert error.endswith("If the table can be empty, set its data_quality.expected_record_count_min to 0.")
    record = made.run(url, file_table_mapping=mapping, data_quality={"expected_record_count_min": allowed})
    assert [(table["rows"], columns(record, index)) for index, table in enumerate(record["tables"])] == [
        (1, [("stop_id", "string"), ("stop_name", "string")]),
        (0, [("trip_id", "string")]),
        (0, []),
    ]
