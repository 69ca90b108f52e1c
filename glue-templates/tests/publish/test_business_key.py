"""The business key identifies a row: a table with duplicate keys is not published."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from conftest import Dataset, Source
from etl_runtime.convert import conversion as shaping
from etl_runtime.read import split_records
from parquet_file import parquet

MakeDataset = Callable[..., Dataset]
CSV = b"Id,day,name\n1,2024-01-01,a\n1,2024-01-02,b\n2,2024-01-01,c\n2,2024-01-01,d\n,2024-01-03,e\n,2024-01-03,f\n"

KEYS: list[tuple[dict[str, Any], str | None]] = [
    ({"business_key": ["name"]}, None),
    ({"business_key": ["id"]}, 'the business key (id) is not unique: 3 values in more than one row: {"id": null}, {"id": 1}, {"id": 2} [GATE_BUSINESS_KEY]'),
    ({"business_key": ["id", "day"]}, 'the business key (id, day) is not unique: 2 values in more than one row: {"id": null, "day": "2024-01-03"}, {"id": 2, "day": "2024-01-01"}'),
    ({"business_key": ["Id"]}, "BUSINESS_KEY_INVALID: {table}: the business key contains the column Id, which the table does not have. Did you mean \"id\"? The columns of the table are id, day, name."),
]  # fmt: skip


@pytest.mark.parametrize(("document", "message"), KEYS)
def test_duplicate_keys_fail_a_gate(
    dataset: MakeDataset, source: Source, document: dict[str, Any], message: str | None
) -> None:
    made = dataset()
    url = source.serves("/x.csv", CSV)
    if message is None:
        made.run(url, **document)
    else:
        assert message.replace("{table}", made.name.replace("-", "_")) in made.fails(url, **document)


def test_duplicate_keys_in_different_objects_are_found_and_can_be_allowed_once(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(split_records, "PART_BYTES", 100)
    monkeypatch.setattr("etl_runtime.read.text.decode.BLOCK_BYTES", 50)
    monkeypatch.setattr(shaping, "ONE_OBJECT_BYTES", 100)
    made = dataset()
    url = source.serves("/x.csv", b"id\n" + b"\n".join(b"%d" % (number % 150) for number in range(151)))
    assert 'the business key (id) is not unique: 1 value in more than one row: {"id": 0}' in made.fails(
        url, business_key=["id"]
    )
    record = made.run(url, run_options='{"allow": ["business_key"]}', business_key=["id"])
    assert len(made.rows()) == 151
    assert "is not unique" in record["allowed"][0]
    assert [(gate["gate"], gate["code"]) for gate in record["gates"]] == [("business_key", "GATE_BUSINESS_KEY")]


def test_a_map_cannot_be_a_key(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    maps = pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64()))
    error = made.fails(source.serves("/x.parquet", parquet(pa.table({"id": [1], "m": maps}))), business_key=["id", "m"])
    assert "BUSINESS_KEY_INVALID: " in error
    assert "the business key contains the column m, which contains maps. Maps cannot be compared." in error


def test_keys_can_be_declared_per_table(dataset: MakeDataset, source: Source) -> None:
    made = dataset(["a", "b"])
    urls = [source.serves("/a.csv", b"id\n1\n1\n"), source.serves("/b.csv", b"id\n1\n1\n")]
    error = made.fails(urls, file_table_mapping={"a.csv": "a", "b.csv": "b"}, business_keys={"b": ["id"]})
    assert "b: the business key (id) is not unique" in error and "a: " not in error
