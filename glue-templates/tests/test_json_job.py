"""JSON and JSON Lines in the bronze job: typed and nested columns, the contract, rescued values, invalid files."""

import bz2
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from conftest import Dataset, Response, Source, gzipped, zipped
from etl_runtime.job.errors import RunFailed
from etl_runtime.read import split_records

MakeDataset = Callable[..., Dataset]


def types(record: dict[str, Any]) -> dict[str, str]:
    return {column["name"]: column["type"] for column in record["tables"][0]["columns"]}


RECORDS = [
    {"Id": 9007199254740993, "name": "a", "price": 2.5, "day": "2024-01-31", "at": "2024-01-31T10:00:00Z", "ok": True, "tags": ["x", "y"], "address": {"Zip Code": "00501", "geo": {"lat": 1.5}}, "mixed": 12},
    {"Id": 2, "name": "", "price": 3, "day": None, "ok": False, "tags": [], "address": {"Zip Code": "06390"}, "mixed": "A12"},
]  # fmt: skip
ROWS = [
    {"id": 9007199254740993, "name": "a", "price": 2.5, "day": date(2024, 1, 31), "at": datetime(2024, 1, 31, 10, tzinfo=UTC), "ok": True, "tags": ["x", "y"], "address": {"zip_code": "00501", "geo": {"lat": 1.5}}, "mixed": "12", "meta_rescued": None},
    {"id": 2, "name": "", "price": 3.0, "day": None, "at": None, "ok": False, "tags": [], "address": {"zip_code": "06390", "geo": None}, "mixed": "A12", "meta_rescued": None},
]  # fmt: skip
LINES = b"".join(json.dumps(record).encode() + b"\n" for record in RECORDS)
ARRAY = json.dumps(RECORDS, indent=2).encode()

VARIANTS: list[tuple[str, bytes, dict[str, Any]]] = [
    ("/x.json", ARRAY, {}),
    ("/x", ARRAY, {}),
    ("/x.jsonl", LINES, {}),
    ("/x", LINES, {}),
    ("/x.json", b"\xef\xbb\xbf" + ARRAY, {}),
    ("/x.json", ARRAY.decode().encode("utf-16"), {}),
    ("/x.json.gz", gzipped(ARRAY), {}),
    ("/x.json.bz2", bz2.compress(ARRAY), {}),
    ("/x.zip", zipped(**{"data/x.json": ARRAY, "readme.md": b"hello"}), {}),
    ("/x.json", json.dumps({"total": 2, "results": RECORDS, "next": None}).encode(), {}),
    (
        "/x.json",
        json.dumps({"a": [{}], "data": {"items": RECORDS}}).encode(),
        {"file_format": {"type": "json", "records": "data.items"}},
    ),
]


@pytest.mark.parametrize(("path", "body", "document"), VARIANTS)
def test_every_json_variant_becomes_the_same_table(
    dataset: MakeDataset, source: Source, path: str, body: bytes, document: dict[str, Any]
) -> None:
    made = dataset()
    record = made.run(source.serves(path, Response(body)), **document)
    assert made.rows() == ROWS
    assert types(record) == {
        "id": "bigint",
        "name": "string",
        "price": "double",
        "day": "date",
        "at": "timestamp",
        "ok": "boolean",
        "tags": "array<string>",
        "address": "struct<zip_code:string,geo:struct<lat:double>>",
        "mixed": "string",
    }


def test_the_tasks_find_keys_and_types_that_are_not_in_the_sample(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(split_records, "SAMPLE_BYTES", 20)
    monkeypatch.setattr(split_records, "PART_BYTES", 200)
    monkeypatch.setattr("etl_runtime.read.text.decode.BLOCK_BYTES", 100)
    made = dataset()
    lines = [{"a": number} for number in range(200)] + [{"a": 1.5, "b": {"c": 1}}, {"a": 2, "b": {"d": "x"}}]
    made.run(source.serves("/x.jsonl", b"\n".join(json.dumps(line).encode() for line in lines)))
    assert [(row["a"], row["b"]) for row in made.rows()[-3:]] == [
        (199.0, None),
        (1.5, {"c": 1, "d": None}),
        (2.0, {"c": None, "d": "x"}),
    ]


def test_new_keys_are_added_at_any_depth_and_mismatches_are_rescued(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.json", b'[{"id": 1, "who": {"name": "a"}, "gone": "x"}]'))
    record = made.run(
        source.serves(
            "/x.json", b'[{"id": "x1", "who": {"name": "b", "age": 7}, "new": [1]}, {"id": 2, "who": "nobody"}]'
        ),
        data_quality={"max_rescued_share": 1, "optional_columns": ["gone"]},
    )
    assert made.rows() == [
        {"id": None, "who": {"name": "b", "age": 7}, "gone": None, "new": [1], "meta_rescued": '{"id": "x1"}'},
        {"id": 2, "who": None, "gone": None, "new": None, "meta_rescued": '{"who": "nobody"}'},
    ]
    assert types(record) == {
        "id": "bigint",
        "who": "struct<name:string,age:bigint>",
        "gone": "string",
        "new": "array<bigint>",
    }
    error = made.fails(source.serves("/x.json", b'[{"id": 1, "who": {"street": "x"}}]'), schema_contract="freeze")
    assert (
        "the type of who is struct<name:string,age:bigint,street:string>, "
        "but the published type is struct<name:string,age:bigint> [GATE_SCHEMA_CONTRACT]" in error
    )


def test_declared_types_are_converted_from_json(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    schema = {
        made.name.replace("-", "_"): {
            "day": {"type": "date", "format": "yyyyMMdd"},
            "n": {"target_name": "number", "type": "decimal(18,2)"},
        }
    }
    made.run(
        source.serves("/x.json", b'[{"day": 20240131, "n": "1.5"}, {"day": "20240201", "n": 2}]'), column_schema=schema
    )
    assert made.rows() == [
        {"day": date(2024, 1, 31), "number": Decimal("1.50"), "meta_rescued": None},
        {"day": date(2024, 2, 1), "number": Decimal("2.00"), "meta_rescued": None},
    ]


def test_an_unpaired_surrogate_is_kept_as_json_text(dataset: MakeDataset, source: Source) -> None:
    url = source.serves("/x.json", b'[{"a": "x\\ud83d", "b": "y\\ud83d"}, {"a": "z", "b": "z"}]')
    made = dataset()
    made.run(url, column_schema={made.name.replace("-", "_"): {"b": {"type": "string"}}})
    assert made.rows() == [
        {"a": '"x\\ud83d"', "b": '"y\\ud83d"', "meta_rescued": None},
        {"a": '"z"', "b": "z", "meta_rescued": None},
    ]


INVALID: list[tuple[str, bytes, dict[str, Any], str]] = [
    ("/x.jsonl", b'{"id": 1}\n{"id": 2', {}, r"^JSON_INVALID: x.jsonl, record 2"),
    ("/x.json", b'[{"id": 1}, {"id": 2}', {}, r"^JSON_INVALID: x.json"),
    ("/x.json", b'[{"id": NaN}]', {}, r"^JSON_INVALID: .*record 1"),
    ("/x.json", b"[]", {}, "^FILE_EMPTY: x.json contains no records"),
    ("/x.json", b'{"a": [{"x": 1}], "b": [{"y": 1}]}', {}, r"^JSON_RECORDS_AMBIGUOUS: .*file_format.records"),
    ("/x.json", b'{"data": null}', {"file_format": {"records": "data.items"}}, "^JSON_RECORDS_NOT_FOUND: .*data"),
    ("/x.json", b"<!doctype html><p>sorry", {}, "^FILE_FORMAT_MISMATCH: x.json is an HTML or XML page, not data"),
    ("/x.csv", ARRAY, {}, "^FILE_FORMAT_MISMATCH: .* set file_format.type to json"),
]


@pytest.mark.parametrize(("path", "body", "document", "message"), INVALID)
def test_invalid_json_keeps_the_published_table(
    dataset: MakeDataset, source: Source, path: str, body: bytes, document: dict[str, Any], message: str
) -> None:
    made = dataset()
    made.run(source.serves("/good.json", b'[{"id": 1}]'))
    assert re.search(message, made.fails(source.serves(path, Response(body)), **document))


def test_a_table_cannot_have_files_of_two_types(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    error = made.fails([source.serves("/a.json", b'[{"id": 1}]'), source.serves("/b.csv", b"id\n1\n")])
    assert "b.csv is csv and a.json is json, but all files of a table must have the same type" in error


FLIPPED: list[tuple[str, bytes, bytes]] = [
    ("a list next to an empty list", b'{"data": [{"id": 1}], "errors": []}', b'{"data": [], "errors": [{"id": 7}]}'),
    ("another list only", b'{"orders": [{"id": 1}]}', b'{"people": [{"id": 7}]}'),
    ("an object instead of a list", b'[{"id": 1}]', b'{"id": 7, "message": "no data today"}'),
    ("a list instead of an object", b'{"id": 1}', b'[{"id": 7}, {"id": 8}]'),
    ("an object without the list", b'{"data": {"items": [{"id": 1}]}}', b'{"id": 7}'),
    ("documents instead of a list", b'{"data": [{"id": 1}]}', b'{"id": 7}\n{"id": 8}\n'),
]


@pytest.mark.parametrize(("published", "body"), [each[1:] for each in FLIPPED], ids=[each[0] for each in FLIPPED])
@pytest.mark.parametrize("path", ["/x.json", "/x"])
def test_records_at_another_place_never_replace_the_table(
    dataset: MakeDataset, source: Source, path: str, published: bytes, body: bytes
) -> None:
    made = dataset()
    made.run(source.serves(path, published))
    assert re.match("RECORDS_MOVED: x|FILE_EMPTY: x", made.fails(source.serves(path, body)))


def test_the_published_place_stays_whatever_else_is_in_the_document(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x", b'{"id": 1}\n{"id": 2}\n'))
    made.run(source.serves("/x", b'{"id": 3, "tags": [{"a": 1}, {"a": 2}]}'))
    assert [(row["id"], row["tags"]) for row in made.rows()] == [(3, [{"a": 1}, {"a": 2}])]
    made = dataset()
    made.run(source.serves("/x.json", b'{"orders": [{"id": 1}], "items": []}'.replace(b"items", b"notes")))
    made.run(source.serves("/x.json", b'{"orders": [{"id": 2}], "items": [{"id": 7}, {"id": 8}]}'))
    assert [row["id"] for row in made.rows()] == [2]


def test_a_reset_of_the_contract_detects_the_place_again(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.json", b'{"orders": [{"id": 1}]}'))
    made.run(source.serves("/x.json", b'{"people": [{"id": 7}]}'), run_options='{"reset_contract": true}')
    assert [row["id"] for row in made.rows()] == [7]
    assert list(made.published()["records"].values()) == [{"path": "people", "kind": "list"}]


def test_all_files_of_a_table_have_their_records_at_the_same_place(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    urls = [source.serves("/a.json", b'[{"id": 1}]'), source.serves("/b.json", b'{"rows": [{"id": 2}], "n": 1}')]
    made.run([urls[0]])
    made = dataset()
    with pytest.raises(
        RunFailed,
        match="JSON_RECORDS_AMBIGUOUS: b.json: the records of another file are in the document, which is a list, but this document has them in the list rows",
    ):
        made.run(urls)


@pytest.mark.parametrize("path", ["/firehose.json", "/firehose-1-2024-01-01-00", "/x.jsonl"])
@pytest.mark.parametrize("separator", [b"", b"\r\n", b",", b"\n\x1e"])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_sequence_of_documents_is_read_like_json_lines(
    dataset: MakeDataset, source: Source, path: str, separator: bytes, indent: int | None
) -> None:
    made = dataset()
    documents = [json.dumps(record, indent=indent).encode() for record in RECORDS]
    made.run(source.serves(path, separator.join(documents)))
    assert made.rows() == ROWS
