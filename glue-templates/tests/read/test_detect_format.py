"""The file type is declared, or detected from magic bytes, the extension and the content. JSON is not read as delimited text."""

import json

import pytest

from etl_runtime.job.dataset_document import FileFormat as Declared
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.file_format import FileFormat, file_format_of
from etl_runtime.read.detect_format import detect_format, refuse_json


def format_of(declared: Declared, delimiter: str | None = None) -> FileFormat:
    shorthand = {"delimiter": delimiter} if delimiter else {}
    return file_format_of(
        {
            "dataset": "x",
            "data_size_category": "small",
            "source_url": "https://example.org/x",
            "file_format": declared,
            **shorthand,  # type: ignore[typeddict-item]
        }
    )


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("x.json", b"a,b\n", "json"),
        ("x.GeoJSON", b"", "json"),
        ("a.csv/x.jsonl", b"", "jsonl"),
        ("x.ndjson", b"[1]", "jsonl"),
        ("x.parquet", b"", "parquet"),
        ("x.csv", b'{"a": 1}', "csv"),
        ("x.tsv", b"PAR1\x15", "parquet"),
        ("x.tsv", b"PAR1\tPAR2\n", "csv"),
        ("x.csv", b"PAR1,PAR2\n", "csv"),
        ("x", b"PAR1\0", "parquet"),
        ("x.txt", b"id,name\n1,a\n", "csv"),
        ("x.dat", b"", "csv"),
        ("x", b'{"a": 1}', "json"),
        ("x", b' \n{\n  "a": [1, 2],\n  "b', "json"),
        ("x", b"{}", "json"),
        ("x", b'[{"a": 1}]\n', "json"),
        ("x", b"[", "json"),
        ("x", b"[1, 2, 3", "json"),
        ("x", b'["a", "b"', "json"),
        ("x", b"[null]", "json"),
        ("x", b"[]", "json"),
        ("x", b'{"a": 1}\n{"a": 2}\n', "jsonl"),
        ("x", b'{"a": 1}\r\n\r\n {"a": 2', "jsonl"),
        ("x", b'{"a":\n 1}\n{"a": 2}\n', "json"),
        ("x", b'{"a": 1}\n[2]\n', "json"),
        ("x", b'{"a": 1}{"a": 2}', "json"),
        ("x", b'{"a": 1}, {"a": 2}', "json"),
        ("x", b'[{"a": 1}][{"a": 2}]', "json"),
        ("x", b'\x1e{"a": 1}\n\x1e{"a": 2}\n', "jsonl"),
        ("x", b"[id],[name]\n", "csv"),
        ("x", b"[2020],[2021]\n", "csv"),
        ("x", b"{id},{name}\n", "csv"),
        ("x", b'{"a": 1},5\n', "csv"),
        ("x", b"[" * 100_000, "json"),
        ("x", b'\xef\xbb\xbf {"a": 1}', "json"),
        ("x", '{"a": 1}\n{"a": 2}'.encode("utf-16"), "jsonl"),
        ("x", "a,b\n".encode("utf-16"), "csv"),
    ],
)
def test_a_type_that_is_not_declared_is_detected(name: str, head: bytes, expected: str) -> None:
    assert detect_format(name, head, format_of({})) == expected


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"type": "jsonl"}, "jsonl"),
        ({"widths": [1, 2]}, "fixed_width"),
        ({"delimiter": "|"}, "csv"),
        ({"delimiter": ","}, "csv"),
        ({"quote": ""}, "csv"),
        ({"escape": "\\"}, "csv"),
        ({"header": True}, "csv"),
        ({"null_values": ["NA"]}, "csv"),
        ({"quoted_nulls": True}, "csv"),
        ({"comment": "#"}, "csv"),
        ({"skip_rows": 0}, "csv"),
        ({"skip_footer": 1}, "csv"),
        ({"records": "data"}, "json"),
        ({"delimiter": "|", "type": "parquet"}, "parquet"),
        ({"encoding": "cp1252"}, "jsonl"),
        ({"date_format": "yyyyMMdd", "number_format": "1.234,56"}, "jsonl"),
    ],
)
def test_a_declared_type_takes_precedence(declared: Declared, expected: str) -> None:
    assert detect_format("x.jsonl", b"", format_of(declared)) == expected


def test_the_top_level_delimiter_declares_csv() -> None:
    assert detect_format("x.json", b"", format_of({}, delimiter="|")) == "csv"


def test_an_encoding_without_byte_order_mark_must_be_declared() -> None:
    assert detect_format("x", '{"a": 1}'.encode("utf-16-le"), format_of({"encoding": "utf-16-le"})) == "json"
    assert detect_format("x", b"{}", format_of({"encoding": "klingon"})) == "csv"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"error": "quota"}', "json"),
        ('[\n{"a": 1}', "json"),
        ('{"a": 1}\n{"a": 2}\n', "jsonl"),
        (json.dumps([{"a": "é"}] * 200_000), "json"),
        ('{"a": "' + "x" * 2_000_000, "json"),
    ],
)
def test_json_is_not_read_as_delimited_text(text: str, expected: str) -> None:
    with pytest.raises(
        RunFailed,
        match=rf"^FILE_FORMAT_MISMATCH: x\.csv is read as delimited text, but contains JSON.*set file_format\.type to {expected}\.",
    ):
        list(refuse_json(iter([text.encode()]), "x.csv"))


@pytest.mark.parametrize(
    "text", ["[0-10),5\n", '{"x","y"\n1,2\n', '{"a": 1}\t5\n', "[1,2\n3,4\n", "id,name\n", "", "[id],[name]\n"]
)
def test_delimited_text_that_starts_like_json_is_accepted(text: str) -> None:
    assert list(refuse_json(iter([text.encode(), b"more"]), "x.csv")) == [text.encode(), b"more"]
