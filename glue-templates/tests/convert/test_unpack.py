"""Containers, encodings and delimiters: what comes out of an original, or the error that says what to do."""

import io
import json
import re
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from conftest import Dataset, Response, Source, gzipped, zipped
from etl_runtime.convert import unpack as unpacking
from etl_runtime.read import split_records

MakeDataset = Callable[..., Dataset]
CSV = b"id,name\n1,a\n2,b\n"
ROWS = [{"id": 1, "name": "a", "meta_rescued": None}, {"id": 2, "name": "b", "meta_rescued": None}]


def encrypted_zip() -> bytes:
    """A ZIP whose one member has the encryption bit set."""
    content = bytearray(zipped(**{"x.csv": CSV}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.index(mark) + offset
        content[at : at + 2] = struct.pack("<H", 1)
    return bytes(content)


def with_bad_checksum(archive: bytes) -> bytes:
    content = bytearray(archive)
    at = content.index(b"PK\x01\x02") + 16
    content[at : at + 4] = b"\0\0\0\0"
    return bytes(content)


def stored_zip(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, CSV if not name.endswith("/") else b"")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("path", "body", "document"),
    [
        pytest.param("/x.csv", CSV, {}, id="plain"),
        pytest.param("/x.csv", CSV.replace(b"\n", b"\r\n"), {}, id="CR LF"),
        pytest.param("/x.csv", CSV.replace(b"\n", b"\r"), {}, id="CR only"),
        pytest.param("/x.csv", CSV[:-1], {}, id="no line end at the end"),
        pytest.param("/x.csv", b"\n" + CSV + b"\n\n", {}, id="empty lines"),
        pytest.param("/x.csv.gz", gzipped(CSV), {}, id="gzip"),
        pytest.param("/x.csv.gz", gzipped(CSV[:12], CSV[12:]), {}, id="gzip of two members"),
        pytest.param("/x.csv", gzipped(CSV), {}, id="gzip named .csv"),
        pytest.param("/x.gz", zipped(**{"x.csv": CSV}), {}, id="ZIP named .gz"),
        pytest.param("/x.zip", zipped(**{"a/b/x.csv": CSV}), {}, id="ZIP with folders"),
        pytest.param("/x.zip", zipped(**{"x.csv": CSV, "readme.pdf": b"%PDF", "licence.html": b"<html>"}), {}, id="ZIP with company"),
        pytest.param("/x.zip", stored_zip("d/", "d/x.csv", "__MACOSX/d/._x.csv", "d/.DS_Store"), {}, id="ZIP from a Mac"),
        pytest.param("/x.zip", stored_zip("../../x.csv"), {}, id="ZIP with ../"),
        pytest.param("/x.zip", stored_zip("/etc/x.csv"), {}, id="ZIP with an absolute name"),
        pytest.param("/x.csv", b"\xef\xbb\xbf" + CSV, {}, id="UTF-8 mark"),
        pytest.param("/x.csv", CSV.decode().encode("utf-16"), {}, id="UTF-16 mark"),
        pytest.param("/x.csv", CSV.decode().encode("utf-16-be"), {"file_format": {"encoding": "utf-16-be"}}, id="UTF-16 declared"),
        pytest.param("/x.csv", CSV.replace(b",", b"|"), {"delimiter": "|"}, id="pipe"),
        pytest.param("/x.csv", CSV.replace(b",", b"\t"), {"file_format": {"delimiter": "\t"}}, id="tab"),
        pytest.param("/x.csv", CSV.replace(b",", b"~|~"), {"delimiter": "~|~"}, id="delimiter of three characters"),
        pytest.param("/x.csv", CSV.replace(b",", "§".encode()), {"delimiter": "§"}, id="delimiter outside ASCII"),
        pytest.param("/x.csv", b'report "of today\n\nid,name\n1,a\n2,b\n', {"file_format": {"skip_rows": 2}}, id="preamble"),
        pytest.param("/x.csv", b"\xef\xbb\xbfreport\n\xef\xbb\xbf" + CSV, {"file_format": {"skip_rows": 1}}, id="preamble above a UTF-8 mark"),
        pytest.param("/x.csv", CSV + b"total,2\n", {"file_format": {"skip_footer": 1}}, id="footer"),
        pytest.param("/x.csv", b'# " \nid,name\n1,a\n#\n2,b\n', {"file_format": {"comment": "#"}}, id="comments"),
        pytest.param("/x.csv", b"id,name,\n1,a,\n2,b,\n", {}, id="delimiter at each line's end"),
        pytest.param("/x.csv", b"id,name,\n1,a\n2,b\n", {}, id="delimiter at the header's end alone"),
        pytest.param("/x.csv", b"id,name\n1,a,\n2,b,\n", {}, id="delimiter at each line's end but the header's"),
        pytest.param("/x.csv?key=1", CSV, {}, id="query in the URL"),
    ],
)  # fmt: skip
def test_one_table_from(dataset: MakeDataset, source: Source, path: str, body: bytes, document: dict[str, Any]) -> None:
    made = dataset()
    made.run(source.serves(path.partition("?")[0], Response(body)), **document)
    assert made.rows() == ROWS


@pytest.mark.parametrize(
    ("body", "document", "message"),
    [
        pytest.param(b"", {}, "^FILE_EMPTY: x.csv is empty", id="no bytes"),
        pytest.param(b"\n\n", {}, "^FILE_EMPTY: x.csv is empty", id="empty lines alone"),
        pytest.param(b"id,name\n", {}, "a header and no records", id="header only"),
        pytest.param(b"id,name\n1,caf\xe9\n", {}, r"^ENCODING_INVALID: x.csv, line 2: the byte 0xE9 is not valid utf-8. Set file_format.encoding", id="cp1252 undeclared"),
        pytest.param(CSV, {"file_format": {"encoding": "klingon"}}, "^ENCODING_INVALID: file_format.encoding klingon is unknown", id="unknown encoding"),
        pytest.param(b"<!DOCTYPE html><p>Sorry", {}, "^FILE_FORMAT_MISMATCH: x.csv is an HTML or XML page", id="an apology in HTML"),
        pytest.param(b'<?xml version="1.0"?>\n<!DOCTYPE html>\n', {}, "^FILE_FORMAT_MISMATCH: x.csv is an HTML or XML page", id="an apology in XHTML"),
        pytest.param(b"<!-- x -->\n<html>\n", {}, "^FILE_FORMAT_MISMATCH: x.csv is an HTML or XML page", id="an apology behind a comment"),
        pytest.param(b"Service temporarily unavailable\nsorry\n", {}, "the source has none of the published columns", id="an apology in plain text"),
        pytest.param(b'{"error": "quota"}\n{}\n', {}, "^FILE_FORMAT_MISMATCH: x.csv is read as delimited text, but contains JSON.*file_format.type to jsonl", id="an apology in JSON"),
        pytest.param(b"\xef\xbb\xbf" + CSV, {"file_format": {"encoding": "cp1252"}}, "^ENCODING_INVALID: x.csv starts with the byte order mark of utf-8, but file_format.encoding is cp1252", id="a mark that contradicts"),
        pytest.param(CSV.decode().encode("utf-16-le"), {}, "^ENCODING_INVALID: x.csv contains zero bytes in its first line", id="UTF-16 without a mark"),
        pytest.param(zipped(**{"x.csv.gz": gzipped(CSV)}), {}, "^ARCHIVE_UNSUPPORTED: .* is a gzip file inside another container", id="gzip in a ZIP"),
        pytest.param(b"PAR1\0\0", {}, "^PARQUET_INVALID: x.csv is not a valid Parquet file", id="cut Parquet"),
        pytest.param(b"report\n" + CSV, {"file_format": {"skip_rows": 4}}, "^FILE_FORMAT_MISMATCH: x.csv has no more lines than file_format.skip_rows skips", id="shorter than its preamble"),
        pytest.param(CSV, {"file_format": {"skip_footer": 3}}, "^FILE_FORMAT_MISMATCH: x.csv has 2 records, fewer than file_format.skip_footer skips", id="shorter than its footer"),
        pytest.param(CSV, {"file_format": {"skip_footer": 2}}, "a header and no records", id="a footer alone"),
        pytest.param(b"#a\n#b\n", {"file_format": {"comment": "#"}}, "^FILE_EMPTY: x.csv is empty", id="comments alone"),
        pytest.param(zipped(**{"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}), {}, "an Office document, such as a spreadsheet", id="spreadsheet"),
        pytest.param(b'id,name\n1,"a\n2,b\n', {}, "^QUOTE_NOT_CLOSED: x.csv, record 2: a quoted field is not closed", id="open quote"),
        pytest.param(zipped(), {}, "holds no file of data", id="empty ZIP"),
        pytest.param(stored_zip("d/"), {}, "holds no file of data", id="ZIP with a folder alone"),
        pytest.param(zipped(**{"x.csv": b""}), {}, "^FILE_EMPTY: x.csv is empty", id="ZIP with an empty file"),
        pytest.param(zipped(**{"a.csv": CSV, "B c.csv": CSV}), {}, r'file_table_mapping \{"a.csv": "a", "B c.csv": "b_c"\}', id="ZIP with two files"),
        pytest.param(zipped(**{"a.csv": CSV})[:-30], {}, "^ARCHIVE_DAMAGED: .* is damaged or truncated", id="truncated ZIP"),
        pytest.param(with_bad_checksum(zipped(**{"a.csv": CSV})), {}, "^ARCHIVE_DAMAGED: .* is damaged or truncated", id="bad checksum"),
        pytest.param(encrypted_zip(), {}, "encrypted", id="encrypted ZIP"),
        pytest.param(gzipped(CSV)[:-6], {}, "^ARCHIVE_DAMAGED: .* is damaged or truncated", id="truncated gzip"),
    ],
)  # fmt: skip
def test_no_table_from(
    dataset: MakeDataset, source: Source, body: bytes, document: dict[str, Any], message: str
) -> None:
    made = dataset()
    made.run(source.serves("/good.csv", CSV))
    made_error = made.fails(source.serves("/x.csv", Response(body)), **document)
    assert re.search(message, made_error)


def test_a_mapping_that_matches_nothing_names_what_is_there(dataset: MakeDataset, source: Source) -> None:
    cder = dataset(["products"])
    error = cder.fails(
        source.serves("/x.zip", zipped(**{"packages.csv": CSV})), file_table_mapping={"products.csv": "products"}
    )
    assert '"products.csv" matches no file of x.zip. It holds: packages.csv' in error


@pytest.mark.parametrize(
    ("mapping", "ids"), [({"*.csv": "all", "a.csv": "one"}, [2]), ({"a.csv": "one", "?.csv": "all"}, [2])]
)
def test_a_file_feeds_one_table_and_its_own_name_beats_a_glob(
    dataset: MakeDataset, source: Source, mapping: dict[str, str], ids: list[int]
) -> None:
    made = dataset(["all", "one"])
    made.run(source.serves("/x.zip", zipped(**{"a.csv": b"id\n1\n", "b.csv": b"id\n2\n"})), file_table_mapping=mapping)
    assert [row["id"] for row in made.rows("all")] == ids
    assert [row["id"] for row in made.rows("one")] == [1]


def test_a_file_that_two_globs_match_fails(dataset: MakeDataset, source: Source) -> None:
    made = dataset(["all", "one"])
    error = made.fails(
        source.serves("/x.zip", zipped(**{"a.csv": CSV})), file_table_mapping={"*.csv": "all", "a*": "one"}
    )
    assert 'a.csv matches "*.csv" and "a*" of file_table_mapping' in error


def test_the_mapping_to_paste_names_tables_as_the_schema_has_them_and_can_be_pasted(
    dataset: MakeDataset, source: Source
) -> None:
    made = dataset()
    url = source.serves("/x.zip", zipped(**{"2023/data[1].csv": CSV, "2024/data[1].csv": CSV, "2024.csv": CSV}))
    error = made.fails(url)
    mapping = json.loads(error[error.index("file_table_mapping ") + len("file_table_mapping ") :].removesuffix("."))
    assert mapping == {"2023/data[1].csv": "data_1", "2024/data[1].csv": "data_1_2", "2024.csv": "column_2024"}
    pasted = dataset(list(mapping.values()))
    pasted.run(url, file_table_mapping=mapping)
    assert all(pasted.rows(table) == ROWS for table in mapping.values())


def test_without_a_header_columns_are_numbered(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"1,a\n2,b\n"), file_format={"header": False})
    assert made.rows() == [
        {"column_1": 1, "column_2": "a", "meta_rescued": None},
        {"column_1": 2, "column_2": "b", "meta_rescued": None},
    ]


def test_a_delimiter_inside_quotes_stays(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b'id||name\n1||"a||b"\n'), delimiter="||")
    assert made.rows() == [{"id": 1, "name": "a||b", "meta_rescued": None}]


def test_quotes_are_text_where_the_file_does_not_quote(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b'id,name\n1,"a\n2,b"\n'), file_format={"quote": ""})
    assert [row["name"] for row in made.rows()] == ['"a', 'b"']


def test_odd_text_is_kept_as_it_is(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b'id,name\n007,5" pipe\n008,"a ""b""\r\nc"\n009, x \n010,nul\0l\n'))
    assert [(row["id"], row["name"]) for row in made.rows()] == [
        ("007", '5" pipe'), ("008", 'a "b"\r\nc'), ("009", " x "), ("010", "nul\0l"),
    ]  # fmt: skip


def test_a_last_column_that_only_its_delimiter_makes_goes_where_it_has_no_value(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(split_records, "PART_BYTES", 10)
    monkeypatch.setattr("etl_runtime.read.text.decode.BLOCK_BYTES", 10)
    made = dataset()
    lines = b"".join(b"%d,a,\n" % row for row in range(20))
    made.run(source.serves("/x.csv", b"id,name,\n" + lines))
    assert made.rows()[-1] == {"id": 19, "name": "a", "meta_rescued": None}
    made.run(source.serves("/x.csv", b"id,name,\n" + lines + b"20,b,kept\n"))
    assert made.rows()[-1] == {"id": 20, "name": "b", "column_3": "kept", "meta_rescued": None}


def test_a_header_may_begin_like_parquet(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"PAR1,PAR2\n1,2\n"))
    assert made.rows() == [{"par1": 1, "par2": 2, "meta_rescued": None}]


def test_text_behind_a_closing_quote_is_kept_as_written(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b'id,name\n1,"a"b\n2,"c, ""d"""\n3,"e, f" g\n'))
    assert [row["name"] for row in made.rows()] == ['"a"b', 'c, "d"', '"e, f" g']


def test_a_dialect_with_escapes_and_null_values_is_read(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    rules = {"escape": "\\", "null_values": ["\\N"], "quoted_nulls": False}
    made.run(source.serves("/x.csv", b'id,name\n1,a\\,b\n2,\\N\n3,"c\\"d"\n4,e\\\nf\n5,""\n6,\n'), file_format=rules)
    assert [row["name"] for row in made.rows()] == ["a,b", None, 'c"d', "e\nf", "", None]


def test_fixed_width_is_read_with_its_padding_off(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    rules = {"widths": [3, 6, 2], "null_values": ["-"], "skip_footer": 1, "encoding": "cp1252"}
    body = "  1Zürich12\r\n  2 Bern - \r\n\r\n  3Genf  34 more\r\n  4\r\nEND        \r\n".encode("cp1252")
    made.run(source.serves("/x.dat", body), file_format=rules, data_quality={"max_rescued_share": 1})
    assert made.rows() == [
        {"column_1": 1, "column_2": "Zürich", "column_3": 12, "meta_rescued": None},
        {"column_1": 2, "column_2": "Bern", "column_3": None, "meta_rescued": None},
        {"column_1": 3, "column_2": "Genf", "column_3": 34, "meta_rescued": '{"_surplus": ["more"]}'},
        {"column_1": 4, "column_2": None, "column_3": None, "meta_rescued": '{"_fields": 1}'},
    ]


def test_what_is_left_out_of_a_text_is_said(
    dataset: MakeDataset, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = {"comment": "#", "skip_rows": 2, "skip_footer": 1}
    dataset().run(source.serves("/x.csv", b"report\n\n#1\nid\n1\n#2\n2\ntotal\n"), file_format=rules)
    said = capsys.readouterr().out
    for line in ("2 lines at the start", "2 comment lines", "1 record at the end"):
        assert f"x.csv: skipped {line}" in said


def test_a_file_that_unpacks_to_no_end_fails(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "FREE_BYTES", 1 << 20)
    monkeypatch.setattr(split_records, "PART_BYTES", 1 << 20)
    made = dataset()
    error = made.fails(source.serves("/x.zip", zipped(**{"x.csv": b"id\n" + b"0\n" * 20_000_000})))
    assert "300 times its download" in error


def test_what_is_left_out_or_odd_is_said(
    dataset: MakeDataset, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    made = dataset()
    made.run(source.serves("/x.zip", zipped(**{"x.csv": b"a;b\n1;2\n", "notes.pdf": b"%PDF"})))
    said = capsys.readouterr().out
    assert "left out: notes.pdf" in said
    assert 'has one column, "a;b". Is the delimiter ";"?' in said
    assert "1 record\n" in said


def test_parts_end_where_records_end(dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split_records, "PART_BYTES", 1000)
    monkeypatch.setattr("etl_runtime.read.text.decode.BLOCK_BYTES", 300)
    made = dataset()
    body = b"id,name\n" + b"".join(b'%d,"line one\nline %d, two"\n' % (row, row) for row in range(500))
    record = made.run(source.serves("/x.csv", body))
    assert record["tables"][0]["rows"] == 500
    assert [(row["id"], row["name"]) for row in made.rows()] == [
        (row, f"line one\nline {row}, two") for row in range(500)
    ]
