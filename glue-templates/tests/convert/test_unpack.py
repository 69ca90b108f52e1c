"""Containers, encodings and delimiters: an original becomes the expected table, or the error states the fix."""

import io
import json
import re
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from expected_error import has_error

from conftest import Dataset, Response, Source, gzipped, zipped
from etl_runtime.convert import unpack as unpacking
from etl_runtime.read import split_records

MakeDataset = Callable[..., Dataset]
CSV = b"id,name\n1,a\n2,b\n"
ROWS = [{"id": 1, "name": "a", "meta_rescued": None}, {"id": 2, "name": "b", "meta_rescued": None}]


def encrypted_zip() -> bytes:
    """A ZIP whose only member has the encryption bit set."""
    content = bytearray(zipped(**{"x.csv": CSV}))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.index(magic) + offset
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
        pytest.param("/x.zip", zipped(**{"x.csv": CSV, "readme.pdf": b"%PDF", "licence.html": b"<html>"}), {}, id="ZIP with documentation"),
        pytest.param("/x.zip", stored_zip("d/", "d/x.csv", "__MACOSX/d/._x.csv", "d/.DS_Store"), {}, id="ZIP from a Mac"),
        pytest.param("/x.zip", stored_zip("../../x.csv"), {}, id="ZIP with ../"),
        pytest.param("/x.zip", stored_zip("/etc/x.csv"), {}, id="ZIP with an absolute name"),
        pytest.param("/x.csv", b"\xef\xbb\xbf" + CSV, {}, id="UTF-8 with a byte order mark"),
        pytest.param("/x.csv", CSV.decode().encode("utf-16"), {}, id="UTF-16 with a byte order mark"),
        pytest.param("/x.csv", CSV.decode().encode("utf-16-be"), {"file_format": {"encoding": "utf-16-be"}}, id="UTF-16 declared"),
        pytest.param("/x.csv", CSV.replace(b",", b"|"), {"delimiter": "|"}, id="pipe"),
        pytest.param("/x.csv", CSV.replace(b",", b"\t"), {"file_format": {"delimiter": "\t"}}, id="tab"),
        pytest.param("/x.csv", CSV.replace(b",", b"~|~"), {"delimiter": "~|~"}, id="delimiter of three characters"),
        pytest.param("/x.csv", CSV.replace(b",", "§".encode()), {"delimiter": "§"}, id="delimiter outside ASCII"),
        pytest.param("/x.csv", b'report "of today\n\nid,name\n1,a\n2,b\n', {"file_format": {"skip_rows": 2}}, id="preamble"),
        pytest.param("/x.csv", b"\xef\xbb\xbfreport\n\xef\xbb\xbf" + CSV, {"file_format": {"skip_rows": 1}}, id="preamble above a byte order mark"),
        pytest.param("/x.csv", CSV + b"total,2\n", {"file_format": {"skip_footer": 1}}, id="footer"),
        pytest.param("/x.csv", b'# " \nid,name\n1,a\n#\n2,b\n', {"file_format": {"comment": "#"}}, id="comments"),
        pytest.param("/x.csv", b"id,name,\n1,a,\n2,b,\n", {}, id="delimiter at the end of each line"),
        pytest.param("/x.csv", b"id,name,\n1,a\n2,b\n", {}, id="delimiter at the end of the header only"),
        pytest.param("/x.csv", b"id,name\n1,a,\n2,b,\n", {}, id="delimiter at the end of each line except the header"),
        pytest.param("/x.csv", b"ID,Label\n1,a\n2,b\n", {"file_format": {"header": True, "column_names": ["id", "name"]}}, id="other names than those in the header"),
        pytest.param("/x.dat", b"1a\n2b\n", {"file_format": {"widths": [1, 1], "column_names": ["id", "name"]}}, id="names of fixed-width fields"),
        pytest.param("/x.csv?key=1", CSV, {}, id="query in the URL"),
    ],
)  # fmt: skip
def test_a_readable_original_becomes_the_same_table(
    dataset: MakeDataset, source: Source, path: str, body: bytes, document: dict[str, Any]
) -> None:
    made = dataset()
    made.run(source.serves(path.partition("?")[0], Response(body)), **document)
    assert made.rows() == ROWS


@pytest.mark.parametrize(
    ("body", "document", "message"),
    [
        pytest.param(b"", {}, "^FILE_EMPTY: x.csv is empty", id="no bytes"),
        pytest.param(b"\n\n", {}, "^FILE_EMPTY: x.csv is empty", id="only empty lines"),
        pytest.param(b"id,name\n", {}, "^FILE_EMPTY: x.csv contains a header but no records", id="header only"),
        pytest.param(b"id,name\n1,caf\xe9\n", {}, r"^ENCODING_INVALID: x.csv, line 2: the byte 0xE9 is not valid utf-8. Set file_format.encoding to the encoding of the file: cp1252 \(\"café\"\) or ", id="cp1252 undeclared"),
        pytest.param(CSV, {"file_format": {"encoding": "klingon"}}, "^ENCODING_INVALID: file_format.encoding is klingon, which is unknown", id="unknown encoding"),
        pytest.param(b"<!DOCTYPE html><p>Sorry", {}, "^FILE_FORMAT_MISMATCH: x.csv is an HTML or XML page", id="error page in HTML"),
        pytest.param(b'<?xml version="1.0"?>\n<!DOCTYPE html>\n', {}, "^FILE_FORMAT_MISMATCH: x.csv is an HTML or XML page", id="error page in XHTML"),
        pytest.param(b"<!-- x -->\n<html>\n", {}, "^FILE_FORMAT_MISMATCH: x.csv is an HTML or XML page", id="error page after a comment"),
        pytest.param(b"Service temporarily unavailable\nsorry\n", {}, "^SCHEMA_CONTRACT_CONFLICT: .*: the source has none of the published columns", id="error page in plain text"),
        pytest.param(b'{"error": "quota"}\n{}\n', {}, "^FILE_FORMAT_MISMATCH: x.csv is read as delimited text, but contains JSON.*file_format.type to jsonl", id="error in JSON"),
        pytest.param(b"\xef\xbb\xbf" + CSV, {"file_format": {"encoding": "cp1252"}}, "^ENCODING_INVALID: x.csv starts with the byte order mark of utf-8, but file_format.encoding is cp1252", id="byte order mark that contradicts the declared encoding"),
        pytest.param(CSV.decode().encode("utf-16-le"), {}, "^ENCODING_INVALID: x.csv contains NUL bytes in its first line", id="UTF-16 without a byte order mark"),
        pytest.param(zipped(**{"x.csv.gz": gzipped(CSV)}), {}, "^ARCHIVE_UNSUPPORTED: .* is a gzip file inside another container", id="gzip in a ZIP"),
        pytest.param(b"PAR1\0\0", {}, "^PARQUET_INVALID: x.csv is not a valid Parquet file", id="truncated Parquet"),
        pytest.param(b"report\n" + CSV, {"file_format": {"skip_rows": 4}}, "^FILE_FORMAT_MISMATCH: x.csv has at most 4 lines, and file_format.skip_rows skips all of them", id="shorter than its preamble"),
        pytest.param(CSV, {"file_format": {"skip_footer": 3}}, "^FILE_FORMAT_MISMATCH: x.csv has 2 records, but file_format.skip_footer is 3", id="shorter than its footer"),
        pytest.param(CSV, {"file_format": {"skip_footer": 2}}, "^FILE_EMPTY: x.csv contains a header but no records", id="only a footer"),
        pytest.param(CSV, {"file_format": {"skip_rows_after_header": 3}}, "^FILE_FORMAT_MISMATCH: x.csv has 2 records after the header, but file_format.skip_rows_after_header is 3", id="fewer records than follow the header"),
        pytest.param(b"#a\n#b\n", {"file_format": {"comment": "#"}}, "^FILE_EMPTY: x.csv is empty", id="only comments"),
        pytest.param(zipped(**{"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}), {}, r"^FILE_FORMAT_UNSUPPORTED: x.csv is an Excel workbook \(\.xlsx\), which is not supported", id="spreadsheet"),
        pytest.param(b'id,name\n1,"a\n2,b\n', {}, "^QUOTE_NOT_CLOSED: x.csv, record 2: a quoted field is not closed", id="quote that is not closed"),
        pytest.param(zipped(), {}, "^FILE_EMPTY: x.csv contains no data file", id="empty ZIP"),
        pytest.param(stored_zip("d/"), {}, "^FILE_EMPTY: x.csv contains no data file", id="ZIP with only a folder"),
        pytest.param(zipped(**{"x.csv": b""}), {}, "^FILE_EMPTY: x.csv is empty", id="ZIP with an empty file"),
        pytest.param(zipped(**{"a.csv": CSV, "B c.csv": CSV}), {}, r'^FILE_TABLE_MAPPING_REQUIRED: x.csv contains 2 files, .*file_table_mapping \{"a.csv": "a", "B c.csv": "b_c"\}', id="ZIP with two files"),
        pytest.param(zipped(**{"a.csv": CSV})[:-30], {}, "^ARCHIVE_DAMAGED: .* is damaged or truncated", id="truncated ZIP"),
        pytest.param(with_bad_checksum(zipped(**{"a.csv": CSV})), {}, "^ARCHIVE_DAMAGED: .* is damaged or truncated", id="bad checksum"),
        pytest.param(encrypted_zip(), {}, "encrypted", id="encrypted ZIP"),
        pytest.param(gzipped(CSV)[:-6], {}, "^ARCHIVE_DAMAGED: .* is damaged or truncated", id="truncated gzip"),
    ],
)  # fmt: skip
def test_an_unreadable_original_fails_the_run(
    dataset: MakeDataset, source: Source, body: bytes, document: dict[str, Any], message: str
) -> None:
    made = dataset()
    made.run(source.serves("/good.csv", CSV))
    made_error = made.fails(source.serves("/x.csv", Response(body)), **document)
    assert re.search(message, made_error)


def test_a_mapping_that_matches_no_file_lists_the_files(dataset: MakeDataset, source: Source) -> None:
    cder = dataset(["products"])
    error = cder.fails(
        source.serves("/x.zip", zipped(**{"packages.csv": CSV})), file_table_mapping={"products.csv": "products"}
    )
    assert (
        'FILE_TABLE_MAPPING_INVALID: The pattern "products.csv" in file_table_mapping matches no file in x.zip, which '
        "contains packages.csv." in error
    )


@pytest.mark.parametrize(("name", "body"), [("readme.html", b"<html>the data</html>"), ("doc.pdf", b"%PDF-1.7")])
def test_documentation_in_an_archive_does_not_hide_a_mapping_that_matches_no_file(
    dataset: MakeDataset, source: Source, name: str, body: bytes
) -> None:
    url = source.serves("/x.zip", zipped(**{name: body, "packages.csv": CSV}))
    error = dataset(["products"]).fails(url, file_table_mapping={"products.csv": "products"})
    assert has_error(
        error,
        'FILE_TABLE_MAPPING_INVALID: The pattern "products.csv" in file_table_mapping matches no file in x.zip, which '
        f"contains {name}, packages.csv.",
    )


def test_a_login_page_instead_of_an_archive_is_reported_before_the_mapping(
    dataset: MakeDataset, source: Source
) -> None:
    page = b"<!DOCTYPE html>\n<html><form action=/login>"
    error = dataset(["products"]).fails(source.serves("/x.zip", page), file_table_mapping={"products.csv": "products"})
    assert has_error(error, "FILE_FORMAT_MISMATCH: x.zip is an HTML or XML page, not data")


@pytest.mark.parametrize(
    ("mapping", "ids"), [({"*.csv": "all", "a.csv": "one"}, [2]), ({"a.csv": "one", "?.csv": "all"}, [2])]
)
def test_a_file_is_assigned_to_one_table_and_an_exact_name_precedes_a_glob(
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
    assert 'FILE_TABLE_MAPPING_INVALID: a.csv matches "*.csv" and "a*" in file_table_mapping' in error


def test_the_suggested_mapping_is_valid_in_the_dataset_document(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    url = source.serves("/x.zip", zipped(**{"2023/data[1].csv": CSV, "2024/data[1].csv": CSV, "2024.csv": CSV}))
    error = made.fails(url)
    mapping = json.loads(error[error.index("file_table_mapping ") + len("file_table_mapping ") :].removesuffix("."))
    assert mapping == {"2023/data[1].csv": "data_1", "2024/data[1].csv": "data_1_2", "2024.csv": "column_2024"}
    suggested = dataset(list(mapping.values()))
    suggested.run(url, file_table_mapping=mapping)
    assert all(suggested.rows(table) == ROWS for table in mapping.values())


def test_each_table_has_its_own_column_names(dataset: MakeDataset, source: Source) -> None:
    made = dataset(["conso", "sat", "doc"])
    body = zipped(**{"rrf/CONSO.RRF": b"1|a|\n2|b|\n", "rrf/SAT.RRF": b"7|1.5|x|\n", "doc.csv": b"code|text\n3|c\n"})
    made.run(
        source.serves("/x.zip", body),
        delimiter="|",
        file_table_mapping={"*CONSO.RRF": "conso", "*SAT.RRF": "sat", "doc.csv": "doc"},
        file_format={"column_names": {"conso": ["id", "name"], "sat": ["rxcui", "strength", "unit"]}},
    )
    assert made.rows("conso") == ROWS
    assert made.rows("sat") == [{"rxcui": 7, "strength": 1.5, "unit": "x", "meta_rescued": None}]
    assert made.rows("doc") == [{"code": 3, "text": "c", "meta_rescued": None}]


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


def test_quotes_are_text_if_the_file_format_has_no_quote(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b'id,name\n1,"a\n2,b"\n'), file_format={"quote": ""})
    assert [row["name"] for row in made.rows()] == ['"a', 'b"']


def test_text_with_special_characters_is_kept(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b'id,name\n007,5" pipe\n008,"a ""b""\r\nc"\n009, x \n010,nul\0l\n'))
    assert [(row["id"], row["name"]) for row in made.rows()] == [
        ("007", '5" pipe'), ("008", 'a "b"\r\nc'), ("009", " x "), ("010", "nul\0l"),
    ]  # fmt: skip


def test_a_trailing_delimiter_in_the_header_adds_a_column_only_if_it_has_values(
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


@pytest.mark.parametrize(
    ("text", "names"), [(b"PAR1,PAR2\n1,2\n", ["par1", "par2"]), (b"BZhandel,v\n1,2\n", ["b_zhandel", "v"])]
)
def test_a_header_can_begin_with_the_magic_bytes_of_parquet_or_bzip2(
    dataset: MakeDataset, source: Source, text: bytes, names: list[str]
) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", text))
    assert made.rows() == [{names[0]: 1, names[1]: 2, "meta_rescued": None}]


def test_text_after_a_closing_quote_is_kept_as_written(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b'id,name\n1,"a"b\n2,"c, ""d"""\n3,"e, f" g\n'))
    assert [row["name"] for row in made.rows()] == ['"a"b', 'c, "d"', '"e, f" g']


def test_a_dialect_with_escapes_and_null_values_is_read(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    file_format = {"escape": "\\", "null_values": ["\\N"], "quoted_nulls": False}
    made.run(
        source.serves("/x.csv", b'id,name\n1,a\\,b\n2,\\N\n3,"c\\"d"\n4,e\\\nf\n5,""\n6,\n'), file_format=file_format
    )
    assert [row["name"] for row in made.rows()] == ["a,b", None, 'c"d', "e\nf", "", None]


def test_fixed_width_fields_are_read_without_padding(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    file_format = {"widths": [3, 6, 2], "null_values": ["-"], "skip_footer": 1, "encoding": "cp1252"}
    body = "  1Zürich12\r\n  2 Bern - \r\n\r\n  3Genf  34 more\r\n  4\r\nEND        \r\n".encode("cp1252")
    made.run(source.serves("/x.dat", body), file_format=file_format, data_quality={"max_rescued_share": 1})
    assert made.rows() == [
        {"column_1": 1, "column_2": "Zürich", "column_3": 12, "meta_rescued": None},
        {"column_1": 2, "column_2": "Bern", "column_3": None, "meta_rescued": None},
        {"column_1": 3, "column_2": "Genf", "column_3": 34, "meta_rescued": '{"_surplus": ["more"]}'},
        {"column_1": 4, "column_2": None, "column_3": None, "meta_rescued": '{"_fields": 1}'},
    ]


@pytest.mark.parametrize(("last", "columns"), [("", 2), ("x", 3)])
def test_a_trailing_delimiter_without_a_header_adds_a_column_only_if_it_has_values(
    dataset: MakeDataset, source: Source, last: str, columns: int
) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", f"x|1|\ny|2|{last}\n".encode()), file_format={"delimiter": "|", "header": False})
    assert [[*row.values()][:columns] for row in made.rows()] == [["x", 1, None][:columns], ["y", 2, last][:columns]]
    (table,) = made.published()["tables"].values()
    assert len(table["columns"]) == columns


def test_skipped_lines_of_text_are_logged(
    dataset: MakeDataset, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    file_format = {"comment": "#", "skip_rows": 2, "skip_footer": 1}
    dataset().run(source.serves("/x.csv", b"report\n\n#1\nid\n1\n#2\n2\ntotal\n"), file_format=file_format)
    output = capsys.readouterr().out
    for line in ("2 lines at the start", "2 comment lines", "1 record at the end"):
        assert f"x.csv: skipped {line}" in output


def test_a_decompression_bomb_fails(dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "FREE_BYTES", 1 << 20)
    monkeypatch.setattr(split_records, "PART_BYTES", 1 << 20)
    made = dataset()
    error = made.fails(source.serves("/x.zip", zipped(**{"x.csv": b"id\n" + b"0\n" * 20_000_000})))
    assert (
        "ARCHIVE_BOMB: x.csv unpacks to more than " in error
        and ", which is more than 300 times the size of its download" in error
    )


def test_skipped_files_and_a_likely_delimiter_are_logged(
    dataset: MakeDataset, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    made = dataset()
    made.run(source.serves("/x.zip", zipped(**{"x.csv": b"a;b\n1;2\n", "notes.pdf": b"%PDF"})))
    output = capsys.readouterr().out
    assert "skipped files: notes.pdf" in output
    assert 'has one column, "a;b". Is the delimiter ";"?' in output
    assert "1 record\n" in output


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
