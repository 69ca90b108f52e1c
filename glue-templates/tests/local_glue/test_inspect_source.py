"""`medallion add` detects the format and the columns that the job will read from a source."""

import bz2
import gzip
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import Dataset, Response, Source, gzipped, zipped
from etl_runtime.columns.column_types import ScalarInference
from etl_runtime.columns.names import source_names
from etl_runtime.job.errors import RunFailed
from inspect_source import inspect_source
from inspection.sample import SAMPLE_BYTES
from inspection.sampled_table import SampledTable

ROWS = 40
CSV = "Product Code,Name,Price,Sold On,Count\n" + "".join(
    f"{n:05},Näme {n % 7},{n}.50,2024010{n % 9 + 1},{n}\n" for n in range(ROWS)
)
SCHEMA = {
    "Product Code": {"target_name": "product_code", "type": "string"},
    "Name": {"target_name": "name", "type": "string"},
    "Price": {"target_name": "price", "type": "decimal(18,2)"},
    "Sold On": {"target_name": "sold_on", "type": "date", "format": "yyyyMMdd"},
    "Count": {"target_name": "count", "type": "bigint"},
}
HEADERLESS = "".join(CSV.splitlines(keepends=True)[1:])


def inspected(source: Source, path: str, body: bytes | Response, **declared: Any) -> dict[str, Any]:
    return inspect_source(source.serves(path, body), "x", declared)


@pytest.mark.parametrize(
    ("path", "body", "file_format"),
    [
        ("/x.csv", CSV.encode(), None),
        ("/x", CSV.encode(), None),
        ("/x.csv", b"\xef\xbb\xbf" + CSV.encode(), None),
        ("/x.csv", CSV.encode("utf-16"), None),
        ("/x.csv", CSV.encode("cp1252"), {"encoding": "cp1252"}),
        ("/x.txt", CSV.replace(",", "|").encode(), {"delimiter": "|"}),
        ("/x.txt", CSV.replace(",", ";").encode(), {"delimiter": ";"}),
        ("/x.tsv", CSV.replace(",", "\t").encode(), None),
        ("/x.tab.gz", gzipped(CSV.replace(",", "\t").encode()), None),
        ("/x.psv", CSV.replace(",", "|").encode(), None),
        ("/x.tsv", CSV.encode(), {"delimiter": ","}),
        ("/x.csv", CSV.replace("\n", "\r\n").encode(), None),
        ("/x.csv.gz", gzipped(CSV.encode()), None),
        ("/x.csv.bz2", bz2.compress(CSV.encode()), None),
        ("/x.zip", zipped(**{"data.csv": CSV.encode(), "README.md": b"# read me"}), None),
    ],
    ids=lambda value: None if isinstance(value, bytes) else str(value),
)
def test_every_encoding_delimiter_and_container_gives_the_same_table(
    source: Source, path: str, body: bytes, file_format: dict[str, Any] | None
) -> None:
    found = inspected(source, path, body)
    assert found["document"].get("file_format") == file_format
    assert found["document"]["column_schema"] == {"x": SCHEMA}
    assert found["document"]["business_key"] == ["product_code"]
    assert found["is_whole"]


def test_a_missing_header_is_detected(source: Source) -> None:
    found = inspected(source, "/x.csv", HEADERLESS.encode())["document"]
    assert found["file_format"] == {"header": False}
    assert list(found["column_schema"]["x"]) == [f"column_{n}" for n in range(1, 6)]


@pytest.mark.parametrize(
    ("text", "file_format", "columns"),
    [
        ("preis;menge\n0,50;0,25\n0,75;1,25\n", {"delimiter": ";"}, ["preis", "menge"]),
        ("id;preis\n1;1.001,50\n2;3,50\n", {"delimiter": ";"}, ["id", "preis"]),
        ("id;text\n1;one, two, three\n2;four, five, six\n", {"delimiter": ";"}, ["id", "text"]),
        ('"id","a;b;c"\n"1","x;y;z"\n', None, ["id", "a;b;c"]),
        ("one\n1\n2\n", None, ["one"]),
        ("id,v,v\n1,2,3\n2,3,4\n", None, ["id", "v", "v 2"]),
        ("id,a,,b\n1,2,3,4\n", None, ["id", "a", "column_3", "b"]),
        ("id,Name,name\n1,x,y\n2,z,w\n", None, ["id", "Name", "name"]),
        ("2023,2024\nx,y\n", None, ["2023", "2024"]),
        ("# Source: foo, bar\n# date 2024\nid,a,b\n1,2,3\n", {"comment": "#"}, ["id", "a", "b"]),
        ("#id,a\n1,2\n", None, ["#id", "a"]),
        ("# made 2024\n#chrom,start\n1,2\n3,4\n", {"skip_rows": 1}, ["#chrom", "start"]),
        ("##v\n##w\n#CHROM\tPOS\tID\n1\t2\tx\n3\t4\ty\n", {"delimiter": "\t", "skip_rows": 2}, ["#CHROM", "POS", "ID"]),
        ("# tags\ntag,count\n#python,5\n#java,6\n", {"skip_rows": 1}, ["tag", "count"]),
        ("# a\n# b\nid,a\n1,2\n3,4\n# c\n5,6\n", {"comment": "#"}, ["id", "a"]),
        ("Berlin,Germany,Europe\nParis,France,Europe\nLima,Peru,America\n", {"header": False}, None),
        ("alice,smith,london\nbob,jones,paris\ncarol,king,rome\n", {"header": False}, None),
        ("AB-1,red\nAB-2,blue\nAC-3,green\n", {"header": False}, None),
        ("name,city\nalice,london\nbob,paris\n", None, ["name", "city"]),
        (
            '"Country Code","Region","IncomeGroup","TableName",\n'
            + "".join(f'"C{n:02}","Region","High income","Country {n}",\n' for n in range(30)),
            None,
            ["Country Code", "Region", "IncomeGroup", "TableName"],
        ),
        (
            "variable,Label,Type,Source file\ncountry,Name of the country,Text,a.csv\nvariable,Name of it,Text,b.csv\n"
            "total,Sum of all,Number,b.csv\nType,Kind of it,Text,c.csv\n",
            {"header": False},
            None,
        ),
        (
            "id_code,Term,Meaning\nA-1,Name,What it is called\nA-2,Term,A word\nA-3,Key,What identifies it\n",
            None,
            ["id_code", "Term", "Meaning"],
        ),
        ("Kansas City,MO,Royals\nOmaha,NE,Storm\nKansas City,KS,Wiz\n", {"header": False}, None),
        ("Smith,Street,open\nJones,Road,open\nBaker,Street,closed\n", {"header": False}, None),
        ("Name,City\nAlice,London\nBob,Paris\n", None, ["Name", "City"]),
        ("Stadt;Kfz\nBerlin;B\nBonn;BN\nHamburg;HH\n", {"delimiter": ";"}, ["Stadt", "Kfz"]),
        ("id;v\n" + "1;a, b\n" * 5 + '2;"c" d\n', {"delimiter": ";"}, ["id", "v"]),
        ("id,a,b\n1,x,y\n2,x\\,z,y\n3,x,y\n", {"escape": "\\"}, ["id", "a", "b"]),
        ("id,path,n\n1,C:\\a,2\n2,C:\\b,3\n", None, ["id", "path", "n"]),
        ('id,path,n\n1,"C:\\a\\",2\n2,"C:\\b\\",3\n', None, ["id", "path", "n"]),
        ('id,j\n1,"{\\"a\\": 1, \\"b\\": 2}"\n2,"{\\"a\\": 3, \\"b\\": 4}"\n', {"escape": "\\"}, ["id", "j"]),
        ('id,t,n\n1,"a ""b"", c",2\n2,"x\ny",3\n', None, ["id", "t", "n"]),
        (
            "id,at,v\n5s,20d,14n\n1,2024-01-01,2\n2,2024-01-02,3\n3,2024-01-03,4\n",
            {"skip_rows_after_header": 1},
            ["id", "at", "v"],
        ),
        (
            "time,latitude,v\nUTC,degrees_north,m\n2024-01-01T00:00:00Z,1.5,2\n2024-01-02T00:00:00Z,2.5,3\n2024-01-03T00:00:00Z,2.5,3\n",
            {"skip_rows_after_header": 1},
            ["time", "latitude", "v"],
        ),
        ("station,v\n,(mm)\na,1\nb,2\nc,3\n", {"skip_rows_after_header": 1}, ["station", "v"]),
        (
            "name,at,v\nAnn,\\N,\\N\nBob,2024-01-02,3\nCid,2024-01-03,4\nDan,2024-01-04,5\n",
            {"null_values": ["\\N"]},
            ["name", "at", "v"],
        ),
        ("name,n\nAnn,hidden\nBob,5\nCid,6\nDan,7\n", None, ["name", "n"]),
        ("id,n,m\n1,NA,NA\n2,5,3\n3,6,4\n4,7,8\n", {"null_values": ["NA"]}, ["id", "n", "m"]),
        ("Report of things\n\nid,a,b\n1,2,3\n4,5,6\n", {"skip_rows": 2}, ["id", "a", "b"]),
        ("Report\x0cof things\nid,a,b\n1,2,3\n4,5,6\n", {"skip_rows": 1}, ["id", "a", "b"]),
        ("Report\x0b\x1c\x85\u2028of things\r\nid,a,b\r\n1,2,3\r\n4,5,6\r\n", {"skip_rows": 1}, ["id", "a", "b"]),
        ("Report\rof things\rid,a,b\r1,2,3\r4,5,6\r", {"skip_rows": 2}, ["id", "a", "b"]),
        (
            'Report\x0cof\nid,j\n1,"{\\"a\\": 1, \\"b\\": 2}"\n2,"{\\"a\\": 3, \\"b\\": 4}"\n',
            {"escape": "\\", "skip_rows": 1},
            ["id", "j"],
        ),
        ("# Re\x0c#port\n# of things\nid,a,b\n1,2,3\n4,5,6\n", {"comment": "#"}, ["id", "a", "b"]),
        ('id,text\n1,"' + "x\n" * 400, None, None),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_the_layout_of_text_is_detected(
    source: Source, text: str, file_format: dict[str, Any] | None, columns: list[str] | None
) -> None:
    if columns is None and file_format is None:
        with pytest.raises(RunFailed, match="^QUOTE_NOT_CLOSED: x.csv, record 2: a quoted field is not closed"):
            inspected(source, "/x.csv", text.encode())
        return
    found = inspected(source, "/x.csv", text.encode())["document"]
    names = list(found["column_schema"]["x"])
    columns = columns or [f"column_{position + 1}" for position in range(len(names))]
    assert (found.get("file_format"), names) == (file_format, columns)


def test_the_delimiter_of_the_extension_wins_if_it_fits(source: Source) -> None:
    text = "freq,unit,geo\t2020\t2021\n" + "".join(f"A,EUR,AT{n}\t{n}.5\t{n}.7\n" for n in range(6))
    found = inspected(source, "/x.tsv", text.encode())["document"]
    assert list(found["column_schema"]["x"]) == ["freq,unit,geo", "2020", "2021"]
    assert "file_format" not in found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,n\n1,NA\n2,5\n", ["NA"]),
        ("id,n,country\n1,NA,NA\n2,5,DE\n3,6,FR\n", None),
        ("id,n,comment\n1,NA,NA\n2,5,good service\n3,6,bad\n", ["NA"]),
        ("id,n,strand\n1,-,+\n2,5,-\n3,6,+\n", None),
        ("id,n,end\n1,.,\\N\n2,5,\\N\n", [".", "\\N"]),
        ("id,t\n1,\\N\n2,good\n3,bad\n", ["\\N"]),
        ("id,n\n1,n/a\n2,null\n3,5\n", ["n/a", "null"]),
        ("id,n\n1,hidden\n2,5\n3,6\n4,7\n", None),
        ("id,grade\n1,A\n2,B\n3,1\n", None),
    ],
)
def test_words_for_missing_values_are_declared(source: Source, text: str, words: list[str] | None) -> None:
    found = inspected(source, "/x.csv", text.encode())
    assert found["document"].get("file_format", {}).get("null_values") == words
    if not words and "hidden" in text:
        assert found["found"][1].startswith('x: n is text instead of bigint because of "hidden"')


def test_an_encoding_is_reported_as_a_guess(source: Source) -> None:
    found = inspected(source, "/x.csv", "id,t\n1,Œuvre\n2,cœur\n".encode("iso-8859-15"))
    assert found["document"]["file_format"] == {"encoding": "iso-8859-15"}
    assert found["found"][1].startswith('encoding iso-8859-15 is a guess. Check it: iso-8859-15 ("Œuvre", "cœur") or ')


def test_a_declared_encoding_is_not_reported_as_a_guess(source: Source) -> None:
    found = inspected(source, "/x.csv", "id,t\n1,Œuvre\n2,cœur\n".encode("cp1252"), encoding="cp1252")
    assert found["document"]["file_format"] == {"encoding": "cp1252"}
    assert len(found["found"]) == 1


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.text(max_size=300), st.sampled_from(["meta_a", "Meta A", "a" * 128, "a" * 129, "1" * 130, "é" * 200])), min_size=1, max_size=8))  # fmt: skip
def test_the_names_of_any_header_are_valid_and_distinct(headers: list[str]) -> None:
    column = json.loads((Path(__file__).parents[2] / "dataset.schema.json").read_text())["$defs"]["column_name"]
    table = SampledTable("x")
    for source in source_names(headers):
        table.columns.inferences[source] = ScalarInference()
    names = list(table.names.values())
    assert len(set(names)) == len(headers)
    assert all(re.fullmatch(column["pattern"], name) and len(name) <= column["maxLength"] for name in names)


@pytest.mark.parametrize(
    ("first", "second"),
    [('"Villa Alba', 'Beta"'), ('"Hello', 'say "World" now'), ('"never closed', "x")],
    ids=["closed", "text after the quote", "never closed"],
)
def test_stray_quotes_are_part_of_the_values(source: Source, first: str, second: str) -> None:
    rows = [f"{n}\tTown {n}\t{n}.5\tES" for n in range(2000)]
    rows[1200], rows[1300] = f"a\t{first}\t1.5\tES", f"b\t{second}\t1.5\tES"
    text = "\n".join(["id\tname\tn\tcountry", *rows, ""])
    found = inspected(source, "/x.txt", text.encode())
    assert found["document"]["file_format"] == {"delimiter": "\t", "quote": ""}
    assert "2,000 records" in found["found"][0]


def test_declared_options_are_not_detected(source: Source) -> None:
    found = inspected(source, "/x.csv", CSV.encode(), delimiter=";", header=False)["document"]
    assert found["file_format"] == {"delimiter": ";", "header": False}


def test_json_and_json_lines_are_detected(source: Source) -> None:
    records = [{"Id": n, "name": f"n{n % 3}", "tags": ["a"]} for n in range(ROWS)]
    for path, text in (("/x.json", json.dumps({"items": records})), ("/x.jsonl", "\n".join(map(json.dumps, records)))):
        found = inspected(source, path, text.encode())["document"]
        assert found == {
            "column_schema": {
                "x": {
                    "Id": {"target_name": "id", "type": "bigint"},
                    "name": {"target_name": "name", "type": "string"},
                    "tags": {"target_name": "tags"},
                }
            },
            "business_key": ["id"],
        }


@pytest.mark.parametrize(
    ("document", "file_format", "columns"),
    [
        ({str(n): {"id": n} for n in range(3)}, {"orient": "index", "key_column": "key"}, ["key", "id"]),
        ([["NAME", "n"], ["a", 1]], {"orient": "values"}, ["NAME", "n"]),
        ([["country", 2019, 2020], ["AT", 1.5, 2.5]], {"orient": "values"}, ["country", "2019", "2020"]),
        (
            [[1499040000000 + n, "0.0163", "0.8", 148976.1 + n, None] for n in range(5)],
            {"orient": "values", "header": False},
            [f"column_{n}" for n in range(1, 6)],
        ),
        (
            {"rows": [["Berlin", "DE"], ["Paris", "FR"], ["Lima", "PE"]]},
            {"records": "rows", "orient": "values", "header": False},
            ["column_1", "column_2"],
        ),
        ([{"page": 1}, [{"id": 1}]], {"records": "1"}, ["id"]),
        (
            {"meta": {"a": 1}, "days": {"2024-01-01": {"p": 1}}},
            {"records": "days", "orient": "index", "key_column": "key"},
            ["key", "p"],
        ),
    ],
)
def test_the_shape_of_json_records_is_detected(
    source: Source, document: Any, file_format: dict[str, Any], columns: list[str]
) -> None:
    found = inspected(source, "/x.json", json.dumps(document).encode())["document"]
    assert (found["file_format"], list(found["column_schema"]["x"])) == (file_format, columns)


@pytest.mark.parametrize(
    ("text", "file_format", "columns"),
    [
        ('["id", "name"]\n[1, "a"]\n[2, "b"]\n', {"orient": "values"}, ["id", "name"]),
        ('[1, "a"]\n[2, "b"]\n', {"orient": "values", "header": False}, ["column_1", "column_2"]),
        ('[["id", "name"], [1, "a"]]', {"orient": "values"}, ["id", "name"]),
        ('[\n  {"id": 1},\n  {"id": 2}\n]\n', None, ["id"]),
        ('{}\n{\n  "id": 1\n}\n', None, ["id"]),
    ],
)
def test_the_shape_of_records_in_json_lines_is_detected(
    source: Source, text: str, file_format: dict[str, Any] | None, columns: list[str]
) -> None:
    found = inspected(source, "/x.jsonl", text.encode())["document"]
    assert (found.get("file_format"), list(found["column_schema"]["x"])) == (file_format, columns)


def test_each_file_of_a_zip_is_a_table(source: Source) -> None:
    found = inspected(
        source,
        "/x.zip",
        zipped(**{"Products.csv": CSV.encode(), "in/Packages.txt": CSV.replace(",", "\t").encode()}),
        delimiter=",",
    )
    document = found["document"]
    assert document["file_table_mapping"] == {"Products.csv": "products", "in/Packages.txt": "packages"}
    assert document["column_schema"]["products"] == SCHEMA
    assert document["business_keys"]["products"] == ["product_code"]


def test_a_zip_with_two_file_formats_is_an_error_that_names_both(source: Source) -> None:
    with pytest.raises(
        RunFailed,
        match=r'FILE_FORMAT_MISMATCH: a.csv needs file_format {} and b.csv needs {"delimiter": ";"}',
    ):
        inspected(source, "/x.zip", zipped(**{"a.csv": CSV.encode(), "b.csv": CSV.replace(",", ";").encode()}))


def test_the_error_names_the_two_largest_of_three_file_formats(source: Source) -> None:
    small = b"id|name\n1|a\n2|b\n"
    files = {"s.csv": small, "a.csv": CSV.encode(), "b.csv": CSV.replace(",", ";").encode()}
    with pytest.raises(
        RunFailed, match=r'FILE_FORMAT_MISMATCH: a.csv needs file_format {} and b.csv needs {"delimiter": ";"}'
    ):
        inspected(source, "/x.zip", zipped(**files))


def test_columns_named_like_those_of_the_job_are_renamed(source: Source) -> None:
    found = inspected(source, "/x.csv", b"id,meta_hash,meta_run_id\n1,a,b\n")["document"]["column_schema"]["x"]
    assert [column["target_name"] for column in found.values()] == ["id", "source_meta_hash", "source_meta_run_id_2"]


@pytest.mark.parametrize("column", ["a,1\na,2\n", "a,\n,b\n"])
def test_a_column_with_repeated_or_missing_values_is_not_a_business_key(source: Source, column: str) -> None:
    assert "business_key" not in inspected(source, "/x.csv", b"id,v\n" + (column * 20).encode())["document"]


def test_an_ambiguous_date_format_keeps_the_column_text(source: Source) -> None:
    found = inspected(source, "/x.csv", b"id,day\n1,01/02/2024\n2,03/04/2024\n")["document"]
    assert found["column_schema"]["x"]["day"] == {"target_name": "day", "type": "string"}


def test_no_other_date_format_is_suggested_for_a_format_that_fits(source: Source) -> None:
    days = [f"{day:02}/{month:02}/2024" for day in range(1, 13) for month in range(1, 6)]
    text = "day,n\n" + "".join(f"{day},1\n" for day in [*days, "13/05/2024", "25/05/2024"])
    found = inspected(source, "/x.csv", text.encode())
    assert found["document"]["column_schema"]["x"]["day"]["format"] == "dd/MM/yyyy"
    assert len(found["found"]) == 1


def test_only_the_first_part_of_a_large_file_is_downloaded(source: Source) -> None:
    line = b"%09d," + b"x" * 500 + b"\n"
    body = b"id,text\n" + b"".join(line % n for n in range(60_000))
    assert len(body) > 1.5 * SAMPLE_BYTES
    for path, sent in (("/x.csv", body), ("/x.csv.gz", gzip.compress(body, 0))):
        found = inspected(source, path, sent)
        assert not found["is_whole"]
        assert found["document"]["column_schema"]["x"]["id"]["type"] == "string"
        assert "business_key" not in found["document"]
        assert found["size_bytes"] == pytest.approx(len(body), rel=0.05)
        assert len(source.requests) == 1
        source.requests.clear()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_sample_ends_after_a_complete_record(source: Source, encoding: str) -> None:
    text = "id,text\n" + "".join(f'{n},"line one\nline two {"x" * 300}"\n' for n in range(60_000))
    body = text.encode(encoding)
    assert len(body) > SAMPLE_BYTES
    for path, sent in (("/x.csv", body), ("/x.csv.gz", gzip.compress(body, 1))):
        found = inspected(source, path, sent)
        assert list(found["document"]["column_schema"]["x"]) == ["id", "text"]


def test_the_size_of_a_gzip_includes_all_members(source: Source) -> None:
    rows = os.urandom(30_000_000).hex()
    lines = [f"{n},{rows[n * 100 : n * 100 + 100]}\n" for n in range(600_000)]
    members = [gzip.compress("".join(lines[at : at + 10_000]).encode(), 1) for at in range(0, len(lines), 10_000)]
    size = sum(map(len, lines))
    found = inspected(source, "/x.csv.gz", b"".join(members), header=False)
    assert len(source.requests) == 1
    assert found["size_bytes"] == pytest.approx(size, rel=0.1)


def test_a_large_archive_is_downloaded_completely(source: Source) -> None:
    rows = b"".join(b"%09d,%s\n" % (n, bytes((n * n) % 251 % 26 + 97 for _ in range(1)) * 30) for n in range(900_000))
    packed = zipped(**{"x.csv": b"id,text\n" + rows})
    padded = zipped(**{"x.csv": b"id,text\n" + rows, "filler.bin": os.urandom(SAMPLE_BYTES + 1)})
    assert len(packed) < SAMPLE_BYTES < len(padded)
    found = inspected(source, "/x.zip", padded)
    assert found["size_bytes"] == len(rows) + 8
    assert len(source.requests) == 2


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "^FILE_EMPTY: x.csv is empty"),
        (b"<html><body>not here</body></html>", "^FILE_FORMAT_MISMATCH: x.csv is an HTML or XML page"),
        (b"a,b\n", "^FILE_EMPTY: No records found in x.csv."),
        (b"7z\xbc\xaf\x27\x1c...", "a 7z archive"),
        (Response(status=404), "the server returned 404"),
    ],
)
def test_an_unreadable_source_fails_with_the_reason(source: Source, body: bytes | Response, message: str) -> None:
    with pytest.raises(RunFailed, match=message):
        inspected(source, "/x.csv", body)


def test_a_local_file_is_inspected(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text(CSV, encoding="utf-8")
    assert inspect_source(str(file), "x", {})["document"]["column_schema"] == {"x": SCHEMA}
    with pytest.raises(RunFailed, match="SOURCE_NOT_FOUND: .* is neither a URL .* nor a file on this machine"):
        inspect_source(str(tmp_path / "no.csv"), "x", {})


def test_the_job_creates_the_columns_that_the_inspection_found(source: Source, dataset: Any) -> None:
    made: Dataset = dataset()
    found = inspect_source(source.serves("/x.csv", CSV.encode("cp1252")), made.name.replace("-", "_"), {})["document"]
    made.run(source.url + "/x.csv", **found)
    (table,) = made.published()["tables"].values()
    columns = {column["source"]: {"target_name": column["name"], "type": column["type"]} for column in table["columns"]}
    assert columns == {
        name: {key: value for key, value in column.items() if key != "format"} for name, column in SCHEMA.items()
    }
