"""Tests of the cases in docs/what-happens-when.md.

Each row of the page has either a case in this file, which runs the complete job, or the name of the test that covers
the row. The name of a case is the first cell of its row.
"""

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import Dataset, Response, Source, gzipped
from etl_runtime.read.text import record_ends

MakeDataset = Callable[..., Dataset]
HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "what-happens-when.md"
ALL = {"data_quality": {"max_rescued_share": 1}}


@dataclass(frozen=True)
class Case:
    """The input of a job and the expected outcome.

    The source serves `body` at `path`, and the dataset has the keys in `document`. If `before` is set, it is published
    first, from `before_path`. The outcome is either `rows`, without `meta_rescued` where it is null, or `error`. `types`
    are the expected column types, and are not checked if they are empty. The job log contains `says`. In `says` and
    `document`, "{table}" is replaced with the name of the table.
    """

    row: str
    body: bytes
    rows: list[dict[str, Any]] = field(default_factory=list)
    types: str = ""
    error: str = ""
    path: str = ""
    document: dict[str, Any] = field(default_factory=dict)
    before: bytes = b""
    before_path: str = ""
    says: str = ""


def csv(*records: str, encoding: str = "utf-8") -> bytes:
    return "".join(f"{record}\n" for record in records).encode(encoding)


def parquet(names: list[str], *columns: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array(column) for column in columns], names), sink)
    return sink.getvalue()


def js(records: list[Any]) -> bytes:
    return json.dumps(records).encode()


def column(name: str, *values: Any) -> list[dict[str, Any]]:
    return [{name: value} for value in values]


def form(**declared: Any) -> dict[str, Any]:
    return {"file_format": declared}


def rescued(value: Any, **cells: Any) -> dict[str, Any]:
    return {**cells, "meta_rescued": value}


AB = [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]
LONG = "x" * 10_000_000
DEEP = b'[{"a": ' + b"[" * 15 + b"]" * 15 + b"}]"

TEXT = [
    Case("cp1252, ISO-8859-15 or another declared encoding", csv("id,price", "1,5 €", encoding="iso-8859-15"), [{"id": 1, "price": "5 €"}], document=form(encoding="iso-8859-15")),
    Case("latin-1 is declared for a UTF-8 file", csv("id,name", "1,é"), [{"id": 1, "name": "Ã©"}], document=form(encoding="latin-1")),
    Case("UTF-16 without a byte-order mark", csv("id", "1", encoding="utf-16-be"), error=r"^ENCODING_INVALID: x\.csv contains NUL bytes in its first line, so it is UTF-16 or not text. If it is text, set file_format.encoding, for example to utf-16-be", before=csv("id", "1")),
    Case("CRLF, LF and CR line endings, even mixed in one file", b"id,name\r\n1,a\r2,b\n", AB),
    Case("A NUL byte in a value", b"id,name\n1,nul\0l\n", [{"id": 1, "name": "nul\0l"}]),
    Case("The byte 0x1A at the end of the file, as written by DOS programs", b"id,name\n1,a\n2,b\n\x1a", AB, says="x.csv: skipped the DOS end-of-file character 0x1A"),
    Case('Quotes, line breaks and delimiters inside quotes', b'id,name\n1,"a ""b"",\r\nc"\n', [{"id": 1, "name": 'a "b",\r\nc'}]),
    Case("A stray quote in an unquoted field", csv("id,name", '1,5" pipe'), [{"id": 1, "name": '5" pipe'}]),
    Case("A file named .tsv, .tab or .psv, without a declared `delimiter`", csv("id\tname", "1\ta", "2\tb"), AB, path="/x.tsv"),
    Case("A tab-separated file with commas in each line, without a declared `delimiter`", csv("a,b\tc", "1,2\t3", "4,5\t6"), [{"a": 1, "b_c": "2\t3"}, {"a": 4, "b_c": "5\t6"}], says='has 2 columns, separated by ",", but each line also has the same number of "\\t"'),
    Case('Stray quotes that merge records: a value begins with `"`, and a later line has another `"`', csv("id,name,n", *(f"{n},a,{n}" for n in range(9)), '9,"a,9', '10,b",10'), error=r"^QUOTE_MERGES_RECORDS: x\.csv, record 11: a quoted field contains line breaks, but each of its 2 lines is a complete record", before=csv("id,name,n", "1,a,2")),
    Case("Addresses, comments and other quoted text with line breaks", b'id,to,n\n1,"Main St, 4\nBern, CH",2\n2,"x,y\nz,w",3\n', [{"id": 1, "to": "Main St, 4\nBern, CH", "n": 2}, {"id": 2, "to": "x,y\nz,w", "n": 3}]),
    Case("Spaces around a value", csv("id, name ", " 1, a", "2,b "), [{"id": " 1", "name": " a"}, {"id": "2", "name": "b "}], says='column_schema {"{table}": {"id": {"type": "bigint"}}}'),
    Case("An empty field, quoted or not", csv("id,name", '1,""', "2,"), [{"id": 1, "name": None}, {"id": 2, "name": None}]),
    Case("`NA` or another placeholder for missing values", csv("id,n", "1,NA", "2,5"), [{"id": 1, "n": None}, {"id": 2, "n": 5}], document=form(null_values=["NA"])),
    Case("A field of 10 MB", csv("id,name", f"1,{LONG}", "2,b"), [{"id": 1, "name": LONG}, {"id": 2, "name": "b"}]),
    Case("Too few or too many fields in more than 1% of the rows", csv("Report of today", "id,name", "1,a"), error=r"2 of 2 rows \(100.00%\) have more fields than columns, for example \[\"name\"\] in row 1 of x\.csv \(check file_format: delimiter, quote, skip_rows, skip_footer\), but max_rescued_share is 1.00% \[GATE_MAX_RESCUED_SHARE\]", before=csv("Report of today", "1")),
    Case("A line with nothing but delimiters", csv("id,name", "1,a", ","), [{"id": 1, "name": "a"}, {"id": None, "name": None}]),
    Case("A file without a header, if `header` is not declared", csv("1,a", "2,b"), [{"column_1": 2, "a": "b"}], says="x.csv: the header contains the number 1. If the first record is data, set file_format.header to false."),
    Case("A file without a header, with names in `column_names`", csv("1,a,", "2,b,"), AB, document=form(column_names=["id", "name"])),
    Case("`column_names` for a file with a header", csv("ID,Name", "1,a"), error=r"^FILE_FORMAT_MISMATCH: x\.csv: the first record contains the names in file_format.column_names, so it is a header. Set file_format.header to true", document=form(column_names=["id", "name"]), before=csv("1,a")),
    Case("Records with more fields than names in `column_names`", csv("1,a,x", "2,b,y"), error=r"2 of 2 rows \(100.00%\) have more fields than columns, for example \[\"x\"\] in row 1", document=form(column_names=["id", "name"]), before=csv("1,a")),
    Case("A row with units or formats under the header", csv("id,name", "[n],[text]", "", "1,a", "2,b"), AB, document=form(skip_rows_after_header=1), says="x.csv: skipped 1 record after the header"),
    Case("A repeated header, such as in concatenated gzip members", gzipped(csv("id,name", "1,a"), csv("id,name", "2,b")), AB, says="x.csv: skipped 1 repeated header line"),
    Case("A first line `sep=;`, as written for Excel", csv("sep=;", "id;name", "1;a"), column("sep", "id;name", "1;a"), says='has one column, "sep=;". Is the delimiter ";"?'),
]  # fmt: skip

FIXED = [
    Case("Short lines, if no line of the file ends with a space", csv("  1Bern", "  2"), [{"column_1": 1, "column_2": "Bern"}, {"column_1": 2, "column_2": None}], document=form(widths=[3, 6])),
    Case("Widths that do not match the file", csv("  1Bern", "  2Zug "), error=r"2 of 2 rows \(100.00%\) have more fields than columns, for example \[\"rn\"\] in row 1 of x\.dat \(check file_format: widths, skip_rows, skip_footer\)", document=form(widths=[3, 2]), before=csv("  1Be")),
    Case("A tab", csv("1\tBern"), [{"column_1": "1\tB", "column_2": "ern"}], document=form(widths=[3, 6])),
]  # fmt: skip

JSON = [
    Case("One object without a list of objects", b'{"a": 1, "b": [1]}', [{"a": 1, "b": [1]}], says="x.json: the document is an object without a list of objects, so it is the only record"),
    Case('`{"error": "quota"}` with status 200', b'{"error": "quota"}', error=r"^RECORDS_MOVED: x\.json: the published records were in the document, which is a list, but this document has them in the document itself, as one record", before=b'[{"id": 1}]'),
    Case("An empty list with a common name, such as `data`, next to a list of objects", b'{"data": [], "included": [{"id": 7}]}', error=r"^FILE_EMPTY: x\.json contains no records", before=b'{"data": [{"id": 1}], "included": [{"id": 7}]}'),
    Case("Records that are no longer at the same path in the document", b'{"rows": [{"id": 7}]}', error=r'^RECORDS_MOVED: x\.json: the published records were in the list people, but this document has them in the list rows\. .* set file_format\.records to rows, or run once with run_options \{"reset_contract": true\}', before=b'{"people": [{"id": 1}]}'),
    Case('A list of records inside another list, as in `[{"page": 1}, [{…}]]`', b'[{"page": 1}, [{"id": 1}, {"id": 2}]]', column("id", 1, 2), document=form(records="1")),
    Case("A document without the list of records, because the source omits empty lists", b'{"a": {}}', [], document={**form(records="a.items", records_optional=True), "data_quality": {"expected_record_count_min": 0, "max_shrink": 1}}, before=b'{"a": {"items": [{"id": 1}]}}'),
    Case("An object whose values are the records, as in `{\"2024-01-01\": {…}, \"2024-01-02\": {…}}`", b'{"2024-01-01": {"n": 1}, "2024-01-02": {"n": 2}}', [{"day": date(2024, 1, 1), "n": 1}, {"day": date(2024, 1, 2), "n": 2}], document=form(orient="index", key_column="day")),
    Case("A list of lists, the first of which is the header", b'[["NAME", "n"], ["a", 1], ["b", null]]', [{"name": "a", "n": 1}, {"name": "b", "n": None}], document=form(orient="values")),
    Case("A list of lists without a header", b'[[1, "a"], [2, null]]', [{"n": 1, "t": "a"}, {"n": 2, "t": None}], document=form(orient="values", column_names=["n", "t"])),
    Case("JSON Lines followed by a document that spans several lines: for example, `{}` and then a pretty-printed document", b'{"n": 1}\n{\n  "n": 2\n}\n', [{"n": 1}, {"n": 2}], path="/x.jsonl"),
    Case("Several JSON documents in one file", b'{\n  "id": 1\n}\n{\n  "id": 2\n}{"id": 3},\x1e{"id": 4}', column("id", 1, 2, 3, 4)),
    Case("Several lists that could contain the records", b'{"a": [{"x": 1}], "b": [{"y": 1}]}', error=r"^JSON_RECORDS_AMBIGUOUS: x\.json contains several lists: a, b. Set file_format.records to the path of the list of records", before=b'[{"id": 1}]'),
    Case("A path in `records` that does not exist in the document", b'{"data": {"rows": []}}', error=r"^JSON_RECORDS_NOT_FOUND: x\.json: file_format.records is data.items, but items is missing or null. The keys are: rows", before=b'{"data": {"items": [{"id": 1}]}}', document=form(type="json", records="data.items")),
    Case("An empty list", b"[]", error=r"^FILE_EMPTY: x\.json contains no records. The published table is unchanged", before=b'[{"id": 1}]'),
    Case("A list of numbers or strings", b"[1, 2]", column("value", 1, 2)),
    Case("Numbers and strings under the same key", b'[{"a": 12}, {"a": "A12"}, {"a": true}]', column("a", "12", "A12", "true"), "a string"),
    Case("Objects and strings under the same key", b'[{"a": {"b": 1.50}}, {"a": "x"}]', column("a", '{"b":1.50}', '"x"'), "a string"),
    Case("null, a missing key and an empty string", b'[{"a": null, "b": ""}, {"b": "x"}]', [{"a": None, "b": ""}, {"a": None, "b": "x"}]),
    Case("Integers above 2^53", b'[{"a": 9007199254740993}]', column("a", 9007199254740993), "a bigint"),
    Case("Integers above 2^63", b'[{"a": 9223372036854775808}, {"a": 1}]', column("a", Decimal(2**63), Decimal(1)), "a decimal(38,0)"),
    Case("Fractions", b'[{"a": 1.10, "b": 0.12345678901234567891}, {"a": 1e5, "b": 1}]', [{"a": 1.1, "b": Decimal("0.12345678901234567891")}, {"a": 1e5, "b": Decimal(1)}], "a double, b decimal(38,20)"),
    Case("A duplicate key in an object", b'[{"a": 1, "a": 2}]', [rescued('{"_surplus": ["{\\"a\\":1}"]}', a=2)], document=ALL),
    Case("Keys that result in the same column name, such as `A b` and `a_b`", b'[{"A b": 1, "a_b": 2}]', [{"a_b_2": 1, "a_b": 2}]),
    Case("Keys without ASCII letters in a nested object", '[{"a": {"имя": "x"}}, {"a": {"адрес": "y"}}]'.encode(), column("a", '{"имя":"x"}', '{"адрес":"y"}'), "a string"),
    Case("An unpaired surrogate, such as `\\ud83d`", b'[{"a": "x\\ud83d"}]', column("a", '"x\\ud83d"')),
    Case("JSON Lines that end in the middle of a record", b'{"id": 1}\n{"id": 2, "na', error=r"^JSON_INVALID: x\.jsonl, record 2: the line is truncated .*Run again", path="/x.jsonl", before=b'{"id": 1}\n', before_path="/x.jsonl"),
    Case("A document that ends in the middle of a record", b'[{"id": 1}, {"id": 2', error=r"^JSON_INVALID: x\.json: the document ends in record 2 before all brackets are closed, so it is truncated. Run again", before=b'[{"id": 1}]'),
    Case("`NaN`, comments or a trailing comma", b'[{"id": 1},]', error=r"^JSON_INVALID: x\.json: record 2 is empty, because of an extra comma. Correct the file", before=b'[{"id": 1}]'),
    Case("More than 12 levels of nested lists and objects", DEEP, column("a", [[[[[[[[[[[["[[[]]]"]]]]]]]]]]]])),
    Case("Objects whose keys are data values, such as IDs", json.dumps([{f"k{number}": number for number in range(2001)}]).encode(), error=r"^JSON_TOO_MANY_KEYS: x\.json: the records have more than 2,000 keys, for example k0, k1", before=b'[{"id": 1}]'),
]  # fmt: skip

PARQUET = [
    Case("Two columns with the same name", parquet(["a", "a"], [1], [2]), [{"a": 1, "a_2": 2}]),
    Case("A number that the published type cannot represent", parquet(["a"], [0.1, 0.125]), [{"a": Decimal("0.10")}, rescued('{"a": 0.125}', a=None)], document=ALL, before=parquet(["a"], pa.array([Decimal("1.50")], pa.decimal128(18, 2)))),
    Case("CSV from a source that previously provided Parquet", csv("flag,at,parts", "true,2024-01-31T10:00:00Z,[1]", "maybe,soon,"), [rescued('{"parts": "[1]"}', flag=True, at=datetime(2024, 1, 31, 10, tzinfo=UTC), parts=None), rescued('{"flag": "maybe", "at": "soon"}', flag=None, at=None, parts=None)], path="/x.csv", document=ALL, before=parquet(["flag", "at", "parts"], [True], [datetime(2024, 1, 1)], [[1]]), before_path="/x.parquet"),
    Case("A file named .parquet that is empty, or that contains HTML or CSV", csv("id", "1"), error=r'^FILE_FORMAT_MISMATCH: x\.parquet is not a Parquet file: it starts with "id\\n1\\n". If the file is correct, set file_format.type', before=parquet(["id"], [1])),
]  # fmt: skip

COLUMNS = [
    Case("Headers such as `select`, `date` or `2024`", csv("select,date,2024", "1,2,3"), [{"select": 1, "date": 2, "column_2024": 3}]),
    Case("A header `meta_run_id` or `meta_rescued`", csv("id,meta_run_id,Meta Rescued", "1,2,3"), [{"id": 1, "meta_run_id_2": 2, "meta_rescued_2": 3}]),
    Case("A duplicate header", csv("id,a,a", "1,2,3"), [{"id": 1, "a": 2, "a_2": 3}]),
    Case("An empty header", csv("id,,x", "1,2,3"), [{"id": 1, "column_2": 2, "x": 3}]),
    Case("A header with non-ASCII letters", csv("Größe,名前", "1,a"), [{"grosse": 1, "column": "a"}]),
    Case("A header of 300 characters", csv("id," + "a" * 300, "1,2"), [{"id": 1, "a" * 128: 2}]),
    Case("Columns in a different order, a missing optional column, and a new column", csv("new,id", "x,2"), [{"id": 2, "gone": None, "new": "x"}], before=csv("id,gone", "1,a"), document={"column_schema": {"{table}": {"Gone": {"optional": True}}}}),
    Case("A published column that disappears", csv("id", "2"), error=r"^GATE_MISSING_COLUMNS: Quality gates failed: \w+: the source no longer has the column gone\. If", before=csv("id,gone", "1,a")),
    Case("A renamed header", csv("id,iata_code", "2,JFK"), error=r"^GATE_MISSING_COLUMNS: .* the source no longer has the column iata\. It has the new column iata_code\. ", before=csv("id,iata", "1,BOS")),
    Case("A published column that becomes entirely null", csv("id,iata,city", "2,,", "3,,"), error=r"^GATE_ALL_NULL_COLUMNS: .* the columns iata, city had values in the last publication, but are null in all 2 rows\. ", before=csv("id,iata,city", "1,BOS,Boston")),
    Case("A column that was entirely null in the last publication", csv("id", "2"), [{"id": 2, "notes": None}], before=csv("id,notes", "1,")),
    Case("A JSON key that every published record had, and that no new record has", js([{"id": 2, "mail": "x"}]), error=r"^GATE_MISSING_COLUMNS: .* no longer has the column email\. It has the new column mail\.", before=js([{"id": 1, "email": "x"}]), path="/x.json", before_path="/x.json"),
    Case("A JSON key that few published records had, and that no new record has", js([{"id": 4}, {"id": 5}]), [{"id": 4, "note": None}, {"id": 5, "note": None}], before=js([{"id": 1, "note": "x"}, {"id": 2}, {"id": 3}]), path="/x.json", before_path="/x.json"),
    Case("A nested field that becomes entirely null", js([{"user": {"id": 2, "mail": "x"}}]), error=r"^GATE_ALL_NULL_COLUMNS: .* the column user\.email had values in the last publication, but is null in all 1 row\.", before=js([{"user": {"id": 1, "email": "x"}}]), path="/x.json", before_path="/x.json"),
    Case("A list column whose lists are empty in all new records", js([{"id": 2, "items": []}]), [{"id": 2, "items": []}], before=js([{"id": 1, "items": [{"sku": "a"}]}]), path="/x.json", before_path="/x.json"),
    Case("`007`, `+1`, `1e5`, `NaN`, or `1.10` and `1.2` in one column", csv("a,b,c,d,e", "007,+1,1e5,NaN,1.10", "1,2,3,1.5,1.2"), [{"a": "007", "b": "+1", "c": "1e5", "d": "NaN", "e": "1.10"}, {"a": "1", "b": "2", "c": "3", "d": "1.5", "e": "1.2"}], says='"b": {"type": "bigint"}, "c": {"type": "decimal(18,2)"}, "e": {"type": "decimal(18,2)"}'),
    Case("`1,234` and `1.234,56`", csv('a;b', "1,234;1.234,56", "12;7,5"), [{"a": "1,234", "b": "1.234,56"}, {"a": "12", "b": "7,5"}], document={"delimiter": ";"}, says='"a": {"type": "bigint", "format": "1,234"}, "b": {"type": "decimal(18,2)", "format": "1.234,56"}'),
    Case("`(12)`, `$5.00`, `5%`", csv("a,b,c", "(12),$5.00,5%"), [{"a": "(12)", "b": "$5.00", "c": "5%"}]),
    Case("Decimals with 30 digits", csv("a", "123456789012345678901234567890.12", "0.50"), column("a", Decimal("123456789012345678901234567890.12"), Decimal("0.50")), "a decimal(38,2)"),
    Case("Decimals with more than 38 digits", csv("a", "1" * 40 + ".12", "0.50"), column("a", "1" * 40 + ".12", "0.50"), "a string"),
    Case("Whole numbers above 2^63", csv("a", "9223372036854775808", "1"), column("a", "9223372036854775808", "1"), says='{"a": {"type": "decimal(38,0)"}}'),
    Case("`1892-01-01`, `0001-01-01`, `9999-12-31`", csv("a", "1892-01-01", "0001-01-01", "9999-12-31"), column("a", date(1892, 1, 1), date(1, 1, 1), date(9999, 12, 31)), "a date"),
    Case("`2024-02-30`, `0000-01-01`", csv("a,b", "2024-02-30,0000-01-01", "2024-02-28,2024-01-01"), [{"a": "2024-02-30", "b": "0000-01-01"}, {"a": "2024-02-28", "b": "2024-01-01"}], "a string, b string"),
    Case("`01/31/2024 01:30 PM`", csv("a", "01/31/2024 01:30 PM", "02/01/2024 12:00 AM"), column("a", datetime(2024, 1, 31, 13, 30, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC)), document={"column_schema": {"{table}": {"a": {"type": "timestamp", "format": "MM/dd/yyyy hh:mm a"}}}}),
    Case("`$1,000.50`, `1.000,50 €`", csv("a;b", "$1,000.50;1.000,50 €", "$2.00;2,00 €"), [{"a": Decimal("1000.50"), "b": "1.000,50 €"}, {"a": Decimal("2.00"), "b": "2,00 €"}], document={"delimiter": ";", "column_schema": {"{table}": {"a": {"type": "decimal(18,2)", "format": "$1,234.56"}}}}, says='"b": {"type": "decimal(18,2)", "format": "1.234,56 €"}'),
    Case("A few words among numbers or dates, such as `NA`", csv("a,b", "NA,2024-01-01", "1,.", "2,2024-01-03"), [{"a": "NA", "b": "2024-01-01"}, {"a": "1", "b": "."}, {"a": "2", "b": "2024-01-03"}], says='columns a (otherwise bigint), b (otherwise date) are text because of "NA", ".". If they mean a missing value, declare file_format {"null_values": ["NA", "."]}'),
    Case("A few values of another type, such as `hidden` among numbers", csv("a", "hidden", "1", "2", "3"), column("a", "hidden", "1", "2", "3"), says='a is text instead of bigint because of "hidden". To store such values in meta_rescued, declare column_schema {"{table}": {"a": {"type": "bigint"}}}'),
    Case("`00000000` among dates such as `20240131`", csv("id,a", "1,20240131", "2,00000000"), [{"id": 1, "a": date(2024, 1, 31)}, {"id": 2, "a": None}], "id bigint, a date", document={"date_format": "yyyyMMdd", **form(null_values=["00000000"])}),
    Case("`31/12/2024` and `12/31/2024` in one column", csv("a", "31/12/2024", "12/31/2024"), column("a", "31/12/2024", "12/31/2024"), "a string"),
    Case("`01/02/2024`, which is ambiguous", csv("a", "01/02/2024", "03/04/2024"), column("a", "01/02/2024", "03/04/2024"), says='{"type": "date", "format": "MM/dd/yyyy or dd/MM/yyyy"}'),
    Case("Timestamps with a UTC offset, or a mix of timestamps with and without a fraction", csv("a", "2024-01-31T12:00:00+02:00", "2024-01-31T12:00:00.5Z"), column("a", "2024-01-31T12:00:00+02:00", "2024-01-31T12:00:00.5Z"), says='{"a": {"type": "timestamp"}}'),
    Case("`TRUE` and `false`, `Y` and `N`, or `0` and `1` in one column", csv("a,b,c", "TRUE,Y,1", "false,N,0"), [{"a": "TRUE", "b": "Y", "c": 1}, {"a": "false", "b": "N", "c": 0}]),
    Case("A value that does not fit its declared type", csv("id,day", "1,2024-01-31", "2,soon"), [{"id": 1, "day": date(2024, 1, 31)}, rescued('{"day": "soon"}', id=2, day=None)], document={**ALL, "column_schema": {"{table}": {"day": {"type": "date"}}}}),
    Case("A declared decimal type with too few digits", csv("a", "2.50", "340282366920938463463374607431768211457"), [{"a": Decimal("2.50")}, rescued('{"a": "340282366920938463463374607431768211457"}', a=None)], document={**ALL, "column_schema": {"{table}": {"a": {"type": "decimal(38,2)"}}}}),
    Case("A column in which more than 1% of the values do not fit the type", csv("id", "1", "x"), error=r'^GATE_MAX_RESCUED_SHARE: .*id does not match the type bigint in 1 of 2 rows \(50.00%\), for example "x" in row 2 of x\.csv, but max_rescued_share is 1.00% \[GATE_MAX_RESCUED_SHARE\]', before=csv("id", "1")),
    Case("Duplicate rows", csv("id,name", "1,a", "1,a"), [{"id": 1, "name": "a"}] * 2),
]  # fmt: skip
PATHS = {"/x.csv": [*TEXT, *COLUMNS], "/x.dat": FIXED, "/x.json": JSON, "/x.parquet": PARQUET}
CASES = [pytest.param(case.path or path, case, id=case.row) for path, cases in PATHS.items() for case in cases]

ELSEWHERE: dict[str, list[str]] = {
    "Files without a header, in a dataset with several tables": ["test_unpack.py::test_each_table_has_its_own_column_names"],
    "Lists in a file named .jsonl": ["test_split_records.py::test_lists_in_json_lines[rows without orient]", "test_split_records.py::test_lists_in_json_lines[rows]", "test_split_records.py::test_lists_in_json_lines[a declared type]", "test_split_records.py::test_lists_in_json_lines[one list]"],
    "A byte-order mark": ["test_unpack.py::test_a_readable_original_becomes_the_same_table[UTF-8 with a byte order mark]", "test_unpack.py::test_a_readable_original_becomes_the_same_table[UTF-16 with a byte order mark]"],
    "A byte-order mark that contradicts the declared encoding": ["test_unpack.py::test_an_unreadable_original_fails_the_run[byte order mark that contradicts the declared encoding]"],
    "A cp1252 file without a declared encoding": ["test_unpack.py::test_an_unreadable_original_fails_the_run[cp1252 undeclared]", "test_encoding_candidates.py::test_the_message_shows_what_each_candidate_makes_of_the_text"],
    "An unknown encoding name": ["test_unpack.py::test_an_unreadable_original_fails_the_run[unknown encoding]"],
    "Text after a closing quote": ["test_unpack.py::test_text_after_a_closing_quote_is_kept_as_written"],
    "A quote that is never closed": ["test_unpack.py::test_an_unreadable_original_fails_the_run[quote that is not closed]"],
    "Escape characters, and `\\N` for null": ["test_unpack.py::test_a_dialect_with_escapes_and_null_values_is_read"],
    "A record of more than 256 MB": ["test_record_ends.py::test_a_record_above_the_limit_fails_without_filling_the_memory"],
    "A record with too few fields": ["test_bronze_job.py::test_rows_with_too_few_or_too_many_fields_keep_every_field"],
    "A record with too many fields": ["test_bronze_job.py::test_rows_with_too_few_or_too_many_fields_keep_every_field"],
    "A delimiter at the end of each line": ["test_unpack.py::test_a_readable_original_becomes_the_same_table[delimiter at the end of each line]", "test_unpack.py::test_a_trailing_delimiter_in_the_header_adds_a_column_only_if_it_has_values", "test_unpack.py::test_a_trailing_delimiter_without_a_header_adds_a_column_only_if_it_has_values"],
    "A file with a delimiter other than the declared one": ["test_unpack.py::test_skipped_files_and_a_likely_delimiter_are_logged"],
    "Lines above the header, if `skip_rows` is declared": ["test_unpack.py::test_a_readable_original_becomes_the_same_table[preamble]", "test_unpack.py::test_skipped_lines_of_text_are_logged"],
    "Records at the end of the file, if `skip_footer` is declared": ["test_unpack.py::test_a_readable_original_becomes_the_same_table[footer]", "test_unpack.py::test_skipped_lines_of_text_are_logged"],
    "A file with fewer lines than `skip_rows` or `skip_footer`": ["test_unpack.py::test_an_unreadable_original_fails_the_run[shorter than its preamble]", "test_unpack.py::test_an_unreadable_original_fails_the_run[shorter than its footer]"],
    "Comments that start with `#`": ["test_unpack.py::test_a_readable_original_becomes_the_same_table[comments]"],
    "Empty lines": ["test_unpack.py::test_a_readable_original_becomes_the_same_table[empty lines]"],
    "A file without rows": ["test_empty_tables.py::test_a_file_without_records_is_an_empty_table_where_allowed[Parquet without rows]"],
    "An optional file in a ZIP, if the file is empty or contains only a header": ["test_empty_tables.py::test_optional_members_of_a_zip_are_empty_tables", "test_inspect_archive.py::test_empty_members_are_tables_that_may_be_empty"],
    "A ZIP with a readme, scripts or files of another format next to the data": ["test_inspect_archive.py::test_a_mapping_is_proposed_for_the_data_files[a readme and a script]", "test_inspect_archive.py::test_a_mapping_is_proposed_for_the_data_files[a preamble in one file]"],
    "A file that contains only a header": ["test_empty_tables.py::test_a_header_without_records_defines_no_types", "test_unpack.py::test_an_unreadable_original_fails_the_run[header only]"],
    "An empty file": ["test_empty_tables.py::test_a_file_without_records_is_an_empty_table_where_allowed[no bytes]", "test_unpack.py::test_an_unreadable_original_fails_the_run[no bytes]"],
    "JSON in a file named .csv": ["test_unpack.py::test_an_unreadable_original_fails_the_run[error in JSON]"],
    "Values padded with spaces": ["test_unpack.py::test_fixed_width_fields_are_read_without_padding"],
    "A short line, if other lines end with spaces": ["test_unpack.py::test_fixed_width_fields_are_read_without_padding"],
    "Text after the last field": ["test_unpack.py::test_fixed_width_fields_are_read_without_padding"],
    "Missing `widths`": ["test_file_format.py::test_contradicting_keys_are_an_error"],
    "A list at the top level, under a key, or nested deeper": ["test_json_job.py::test_every_json_variant_becomes_the_same_table"],
    "A new key, at any depth": ["test_json_job.py::test_new_keys_are_added_at_any_depth_and_mismatches_are_rescued"],
    "Types that Athena does not support": ["test_parquet_cells.py::test_each_parquet_type_has_an_athena_type_that_keeps_its_values"],
    "JSON, ENUM, UUID, INTERVAL and other logical types, at any depth": ["test_logical_types.py::test_each_logical_type_keeps_its_values", "test_logical_types.py::test_intervals_are_iso_durations_and_never_null"],
    "A type that exists only in the library that wrote the file, such as Arrow's `decimal64` or fixed-size lists": ["test_logical_types.py::test_types_that_only_the_writer_had_in_memory_do_not_matter", "test_logical_types.py::test_arrow_types_become_those_of_the_parquet_schema"],
    "A column that may have values, but whose logical type in the file is null, such as an interval written by parquet-java": ["test_logical_types.py::test_intervals_are_iso_durations_and_never_null"],
    "A logical type that is newer than the Glue version, such as GEOMETRY": ["test_logical_types.py::test_a_logical_type_that_arrow_does_not_know_is_named"],
    "NaN and infinity": ["test_logical_types.py::test_nan_and_infinity_are_the_same_with_and_without_declared_types"],
    "`NaN`, `Infinity` or `-inf` in a column that is declared as double": ["test_column_schema.py::test_nan_and_infinity_in_text_and_json_are_values_of_a_declared_double"],
    "Timestamps with nanosecond precision, including INT96 at any depth": ["test_logical_types.py::test_each_logical_type_keeps_its_values", "test_parquet_cells.py::test_timestamps_finer_than_microseconds_are_text"],
    "Lists, maps and structs": ["test_parquet_cells.py::test_each_parquet_type_has_an_athena_type_that_keeps_its_values"],
    "A column whose type differs from the published type": ["test_parquet_cells.py::test_a_parquet_file_becomes_a_table", "test_parquet_cells.py::test_a_value_that_does_not_match_the_published_type_is_a_mismatch"],
    "A truncated file": ["test_parquet_cells.py::test_a_truncated_parquet_file_fails", "test_unpack.py::test_an_unreadable_original_fails_the_run[truncated Parquet]"],
    "gzip, bzip2 or ZIP with another extension": ["test_unpack.py::test_a_readable_original_becomes_the_same_table[gzip named .csv]", "test_unpack.py::test_a_readable_original_becomes_the_same_table[ZIP named .gz]", "test_container.py::test_members_of_a_container_have_the_right_bytes[bzip2 named .csv]"],
    "Several gzip members or bzip2 streams in one file": ["test_unpack.py::test_a_readable_original_becomes_the_same_table[gzip of two members]", "test_container.py::test_bzip2_becomes_a_table"],
    "A ZIP with one file that has the extension of a data file, and another file that may contain data, such as `control.txt` and `orders.out`": ["test_data_files.py::test_no_control_file_is_published", "test_data_files.py::test_a_file_that_may_hold_the_data_requires_a_mapping[a control file named .txt]"],
    "A ZIP with one data file and other files": ["test_data_files.py::test_one_file_is_the_data", "test_unpack.py::test_a_readable_original_becomes_the_same_table[ZIP with documentation]", "test_unpack.py::test_skipped_files_and_a_likely_delimiter_are_logged"],
    "A ZIP with several data files and no mapping": ["test_unpack.py::test_an_unreadable_original_fails_the_run[ZIP with two files]", "test_unpack.py::test_the_suggested_mapping_is_valid_in_the_dataset_document"],
    "A name in `file_table_mapping` that matches no file": ["test_unpack.py::test_a_mapping_that_matches_no_file_lists_the_files"],
    "A file that matches two globs": ["test_unpack.py::test_a_file_that_two_globs_match_fails"],
    "`../` and absolute paths in the file names of an archive": ["test_unpack.py::test_a_readable_original_becomes_the_same_table[ZIP with ../]", "test_unpack.py::test_a_readable_original_becomes_the_same_table[ZIP with an absolute name]", "test_publish.py::test_a_run_writes_only_to_the_prefixes_of_its_dataset"],
    "The same file name in two folders": ["test_container.py::test_a_base_name_in_two_folders_matches_both_files"],
    "File names that differ only in case": ["test_container.py::test_names_that_differ_only_in_case_are_two_files"],
    "The same path twice in a ZIP": ["test_container.py::test_two_files_with_the_same_name_and_different_content_fail_the_run", "test_container.py::test_members_of_a_container_have_the_right_bytes[ZIP with the same file twice]"],
    "File names in cp437 or UTF-8": ["test_container.py::test_a_mapping_uses_the_decoded_name_of_a_file"],
    "Folders, `__MACOSX`, `.DS_Store`, `Thumbs.db`": ["test_unpack.py::test_a_readable_original_becomes_the_same_table[ZIP from a Mac]", "test_container.py::test_names_in_a_zip_are_only_labels[Thumbs.db]"],
    "A ZIP without a data file": ["test_unpack.py::test_an_unreadable_original_fails_the_run[empty ZIP]", "test_unpack.py::test_an_unreadable_original_fails_the_run[ZIP with only a folder]"],
    "A decompression bomb": ["test_unpack.py::test_a_decompression_bomb_fails", "test_container.py::test_a_decompression_bomb_fails_and_leaves_no_file"],
    "A ZIP with overlapping files": ["test_container.py::test_an_unsupported_or_damaged_container_fails[ZIP whose files overlap]"],
    "An encrypted ZIP": ["test_unpack.py::test_an_unreadable_original_fails_the_run[encrypted ZIP]", "test_container.py::test_an_unsupported_or_damaged_container_fails[encrypted ZIP (AES)]"],
    "deflate64 or another unsupported compression method": ["test_container.py::test_an_unsupported_or_damaged_container_fails[deflate64]", "test_container.py::test_an_unsupported_or_damaged_container_fails[PPMd]"],
    "A ZIP larger than 4 GB": ["test_container.py::test_a_zip_above_4_gb", "test_container.py::test_members_of_a_container_have_the_right_bytes[zip64]"],
    "A ZIP preceded by other bytes, such as a self-extracting archive": ["test_container.py::test_members_of_a_container_have_the_right_bytes[a self-extracting ZIP]"],
    "A ZIP, gzip or tar inside another container": ["test_unpack.py::test_an_unreadable_original_fails_the_run[gzip in a ZIP]", "test_container.py::test_an_unsupported_or_damaged_container_fails[ZIP in a ZIP]", "test_container.py::test_an_unsupported_or_damaged_container_fails[tar.gz]"],
    "tar, 7z, RAR, xz, Zstandard": [f"test_container.py::test_an_unsupported_or_damaged_container_fails[{what}]" for what in ("tar", "7z", "RAR 5", "xz", "Zstandard")],
    "A spreadsheet, a PDF, an image, a database, or an Arrow, ORC, Avro, HDF5 or similar file, regardless of its name": ["test_file_signatures.py::test_an_unsupported_file_is_identified_under_any_name", "test_unpack.py::test_an_unreadable_original_fails_the_run[spreadsheet]", "test_container.py::test_an_unsupported_or_damaged_container_fails[a spreadsheet named .csv]", "test_container.py::test_an_unsupported_or_damaged_container_fails[a PDF named .csv]"],
    "A truncated archive": ["test_unpack.py::test_an_unreadable_original_fails_the_run[truncated ZIP]", "test_unpack.py::test_an_unreadable_original_fails_the_run[truncated gzip]", "test_container.py::test_a_container_truncated_at_any_byte_fails"],
    "A CRC mismatch": ["test_unpack.py::test_an_unreadable_original_fails_the_run[bad checksum]", "test_container.py::test_an_unsupported_or_damaged_container_fails[gzip with a bad CRC]", "test_container.py::test_a_damaged_byte_never_becomes_other_data"],
    "A response shorter than its Content-Length": ["test_fetch.py::test_an_incomplete_or_unexpected_body_fails[shorter than its Content-Length]", "test_fetch.py::test_a_download_resumes_after_a_dropped_connection"],
    "A response longer than its Content-Length": ["test_fetch.py::test_an_incomplete_or_unexpected_body_fails[longer than its Content-Length]"],
    "A response without Content-Length": ["test_fetch.py::test_a_complete_body_is_downloaded[no Content-Length]"],
    "A truncated chunked response": ["test_fetch.py::test_an_incomplete_or_unexpected_body_fails[chunked and cut]"],
    "An ETag that changes during a download": ["test_fetch.py::test_a_download_that_cannot_resume_restarts[206 with another ETag]", "test_fetch.py::test_a_file_that_changes_during_the_download_is_downloaded_again"],
    "A connection that drops many times": ["test_fetch.py::test_a_download_resumes_after_a_dropped_connection[twelve times]", "test_fetch.py::test_resumptions_are_limited"],
    "301, 302, 303, 307, 308": ["test_fetch.py::test_redirects_are_followed"],
    "A redirect that sets a cookie, as in single sign-on": ["test_fetch.py::test_a_session_cookie_reaches_the_file_behind_a_sign_on", "test_fetch.py::test_cookies_end_with_the_run"],
    "A redirect to another host": ["test_fetch.py::test_nothing_confidential_is_sent_to_another_host"],
    "A redirect to `file://`, or a redirect loop": ["test_fetch.py::test_a_redirect_to_another_scheme_or_in_a_loop_fails", "test_fetch.py::test_a_redirect_loop_of_two_urls_fails"],
    "An error page in HTML or plain text with status 200": ["test_unpack.py::test_an_unreadable_original_fails_the_run[error page in HTML]", "test_unpack.py::test_an_unreadable_original_fails_the_run[error page in plain text]"],
    "A login page instead of an archive, with `file_table_mapping`": ["test_unpack.py::test_a_login_page_instead_of_an_archive_is_reported_before_the_mapping"],
    "429 or 503 with `Retry-After` in seconds or as a date": ["test_fetch.py::test_retry_after_is_obeyed", "test_fetch.py::test_the_pause_for_retry_after_is_limited"],
    "408, 425, 429 or 5xx without `Retry-After`": ["test_fetch.py::test_transient_status_codes_are_retried", "test_fetch.py::test_a_persistent_failure_fails_after_five_attempts"],
    "401, 404 or another 4xx": ["test_fetch.py::test_other_4xx_fail_without_retry", "test_bronze_job.py::test_an_error_of_the_source_keeps_the_published_table"],
    "An unexpected 202, 203 or 206": ["test_fetch.py::test_an_incomplete_or_unexpected_body_fails[202]", "test_fetch.py::test_an_incomplete_or_unexpected_body_fails[206 to a request without Range]"],
    "A very slow response": ["test_fetch.py::test_a_complete_body_is_downloaded[slower in total than the idle timeout]", "test_fetch.py::test_a_silent_server_fails_after_five_timeouts"],
    "A response compressed with br or zstd": ["test_fetch.py::test_an_incomplete_or_unexpected_body_fails[Content-Encoding br]"],
    "A response that is not valid HTTP": ["test_fetch.py::test_an_invalid_http_response_is_retried"],
    "An invalid TLS certificate": ["test_fetch.py::test_an_invalid_certificate_fails_the_run"],
    "An unknown host, or a refused connection": ["test_fetch.py::test_an_unknown_host_fails", "test_fetch.py::test_a_refused_connection_fails"],
    "No file for the run date, if the URL contains a date": ["test_dated_files.py::test_the_newest_available_day_is_used", "test_dated_files.py::test_all_files_are_of_one_day"],
    "A file that is published on a different day than `source_dates` declares": ["test_source_dates.py::test_a_run_takes_the_file_of_the_newest_month_whose_file_exists", "test_source_dates.py::test_the_requests_that_a_run_sends[monthly, before its date]"],
    "Two files in one period of `source_dates`, one of them with the usual date in its URL": ["test_source_dates.py::test_of_two_files_in_a_period_that_of_the_usual_date_is_loaded"],
    "The run option `date` for a date without a file": ["test_source_date.py::test_a_date_without_a_file_fails_instead_of_taking_another_day"],
    "The run option `date` together with `from_run`, or for a source without a date in the URL": ["test_source_date.py::test_a_date_for_a_source_without_a_date_fails", "test_source_date.py::test_a_date_and_an_earlier_run_exclude_each_other"],
    "A file from a URL that contains a date": ["test_source_date.py::test_the_date_is_in_the_record_and_the_table", "test_source_date.py::test_a_source_without_a_date_has_no_date"],
    "No file for any date that the run tries": ["test_dated_files.py::test_no_available_day_fails_with_the_days_tried"],
    "A source whose ETag or Last-Modified has not changed": ["test_unchanged.py::test_an_unchanged_source_ends_the_run_without_spark", "test_unchanged.py::test_force_rebuilds_an_unchanged_source"],
    "A file with the same bytes as the last published file, but with a new ETag or without an ETag": ["test_unchanged.py::test_identical_bytes_end_the_run_without_spark", "test_unchanged.py::test_bytes_are_compared_with_the_published_ones"],
    "A URL for another date that returns the same bytes": ["test_unchanged.py::test_a_file_that_the_source_adds_or_renames_is_a_change"],
    "Two URLs with the same file name": ["test_dated_files.py::test_file_names_are_unique"],
    "A response that is a list, or an object with one list of objects": ["test_fetch_endpoints.py::test_records_are_detected[a list]", "test_fetch_endpoints.py::test_records_are_detected[the only list, with any key]", "test_fetch_endpoints.py::test_records_are_detected[several lists, one with a usual key]", "test_fetch_endpoints.py::test_records_are_detected[two levels deeper]"],
    "A response with several lists that could contain the records": ["test_fetch_endpoints.py::test_a_response_without_records_fails[several lists]"],
    "A response that is an object without a list": ["test_fetch_endpoints.py::test_records_are_detected[an object is a record]"],
    "A `for_each` response with one record that contains a list": ["test_fetch_endpoints.py::test_a_record_with_a_list_requires_records_to_be_set"],
    "A response whose list is null, or that is an object without keys": ["test_fetch_endpoints.py::test_declared_records_are_used[null is an empty list]", "test_fetch_endpoints.py::test_responses_with_records_at_different_paths_fail[null]"],
    "A list that is missing in one response": ["test_fetch_endpoints.py::test_a_missing_list_is_empty_if_records_are_optional", "test_fetch_endpoints.py::test_a_response_without_records_fails[a path that does not exist]"],
    "Status 200 with an error in the body": ["test_fetch_endpoints.py::test_a_response_without_records_fails[200 with an error]", "test_fetch_endpoints.py::test_a_response_without_records_fails[200 with errors]", "test_fetch_endpoints.py::test_a_response_without_records_fails[200 with a status]"],
    "HTML, CSV or another non-JSON response with status 200": ["test_fetch_endpoints.py::test_an_invalid_response_fails_without_retry[an HTML page with 200]", "test_fetch_endpoints.py::test_an_invalid_response_fails_without_retry[CSV]"],
    "An empty first page": ["test_api_job.py::test_an_empty_first_page_is_an_empty_table_checked_by_the_gates", "test_api_job.py::test_the_first_publication_may_be_empty"],
    "An empty list in a response, next to a list of objects": ["test_api_job.py::test_an_empty_list_of_records_never_makes_another_list_the_table"],
    "Records that are no longer at the same path in an endpoint's response": ["test_api_job.py::test_records_at_another_place_than_published_fail_and_name_both"],
    "Records keyed by ID or day, or rows with a header, in a response": ["test_fetch_endpoints.py::test_records_of_other_shapes_are_read[values of an object, with their keys]", "test_fetch_endpoints.py::test_records_of_other_shapes_are_read[rows with a header]"],
    "`for_each` over a list of single values, such as `[\"NL\", \"BE\"]`": ["test_fetch_endpoints.py::test_for_each_over_single_values_uses_the_record_itself", "test_fetch_endpoints.py::test_invalid_values_of_for_each_fail[single values]"],
    "204 No Content": ["test_fetch_endpoints.py::test_status_204_is_an_empty_list"],
    "A page whose request fails": ["test_pagination.py::test_a_failed_page_fails_the_run", "test_api_job.py::test_a_failed_page_keeps_the_published_table"],
    "A link to an earlier page, or a repeated cursor": ["test_pagination.py::test_pages_that_never_end_fail[a link to itself]", "test_pagination.py::test_pages_that_never_end_fail[a cursor that repeats]"],
    "An offset or a page number that the source ignores": ["test_pagination.py::test_pages_that_never_end_fail[an offset that is ignored]", "test_pagination.py::test_pages_that_never_end_fail[a page of one record that is ignored]"],
    "More pages than `max_pages`": ["test_pagination.py::test_more_pages_than_max_pages_fail"],
    "A page with fewer records than requested": ["test_pagination.py::test_an_offset_counts_received_records"],
    "An empty page with a link to the next page": ["test_pagination.py::test_an_empty_page_with_a_next_link_is_not_the_last"],
    "A total that changes between pages": ["test_pagination.py::test_a_total_that_changes_between_pages_is_followed", "test_pagination.py::test_an_empty_page_before_the_total_fails"],
    "A response that indicates more pages but has no link to the next page": ["test_pagination.py::test_auto_fails_if_the_response_indicates_more_pages[has_more]", "test_pagination.py::test_auto_fails_if_the_response_indicates_more_pages[a total]", "test_api_styles.py::test_auto_detects_more_pages_by_words[any depth]"],
    'A number as the cursor, as in `"cursor": 5` or `"continue": 100`': ["test_api_styles.py::test_auto_detects_more_pages_by_words[a number as the cursor]", "test_api_styles.py::test_the_declared_pagination_loads_each_record_once"],
    "A page with exactly as many records as the `limit` in the request": ["test_api_styles.py::test_auto_fails_if_it_cannot_load_all_pages"],
    "A record with a field `next` or `total`": ["test_api_styles.py::test_auto_accepts_a_complete_page[paging words in a record]", "test_pagination.py::test_keys_in_records_of_an_object_say_nothing_about_pages"],
    "A response that is marked as the last page, for example with `has_more: false` or `end_of_stream: true`, but refers to a next page": ["test_api_styles.py::test_auto_loads_each_record_once", "test_pagination.py::test_a_flag_in_another_object_does_not_end_the_pages[more comments]"],
    "A page whose link to the next page is its own URL": ["test_api_styles.py::test_auto_loads_each_record_once"],
    "An empty page that refers to a next page, if the total is reached or the next request differs only in its higher offset": ["test_api_styles.py::test_auto_loads_each_record_once", "test_api_styles.py::test_an_end_before_the_total_fails"],
    "50 empty pages in a row, each of which refers to a next page": ["test_api_styles.py::test_empty_pages_without_end_fail"],
    "A link that is relative to another URL in the response": ["test_api_styles.py::test_auto_loads_each_record_once", "test_api_styles.py::test_the_declared_pagination_loads_each_record_once"],
    "A cursor in the last record, with `record_cursor`": ["test_api_styles.py::test_the_declared_pagination_loads_each_record_once"],
    "A last record that shares its cursor with another record": ["test_api_styles.py::test_a_record_cursor_never_leaves_out_records[a field that is not unique]"],
    "A page that starts with the last records of the previous page, if `inclusive` is declared": ["test_api_styles.py::test_the_declared_pagination_loads_each_record_once", "test_api_styles.py::test_a_record_cursor_never_leaves_out_records[a page of equal values]"],
    "A cursor that is sent to another URL, with `pagination.url`": ["test_api_styles.py::test_the_declared_pagination_loads_each_record_once"],
    "A next-page link to `file://`, or one that contains a password": ["test_pagination.py::test_a_next_link_to_anything_but_http_fails"],
    "A field with numbers and strings": ["test_api_job.py::test_a_field_with_numbers_and_text_keeps_all_values"],
    "`for_each` values with slashes, spaces or other characters": ["test_fetch_endpoints.py::test_an_endpoint_is_called_once_per_value_of_its_parent"],
    "`for_each` over a column with numbers, decimals or dates": ["test_table_values.py::test_an_endpoint_is_called_once_per_distinct_value_in_ascending_order"],
    "`for_each` over an empty table": ["test_table_values.py::test_an_empty_table_calls_nothing"],
    "`for_each` over a table that is not published": ["test_table_values.py::test_an_unpublished_input_fails_and_names_the_dataset_to_run_first"],
    "`for_each` over a table or column that the publication does not have": ["test_table_values.py::test_a_table_or_column_that_cannot_be_read_fails_before_the_first_request"],
    "The table of `for_each` is published again with the same values": ["test_table_values.py::test_a_new_publication_of_the_input_is_a_change_also_with_the_same_values"],
    "The table of `for_each` is published while the run reads it": ["test_table_values.py::test_an_input_that_publishes_while_it_is_read_is_read_again"],
    "A `for_each` field that no record has": ["test_fetch_endpoints.py::test_invalid_values_of_for_each_fail[no such field]"],
    "One of many calls fails": ["test_fetch_endpoints.py::test_a_failed_call_cancels_the_others"],
    "429 with `Retry-After` for one of several calls": ["test_fetch_endpoints.py::test_retry_after_delays_all_calls"],
    "A response of more than 64 MB": ["test_fetch_endpoints.py::test_an_invalid_response_fails_without_retry[a decompression bomb]"],
    "A secret that does not exist or cannot be read": ["test_auth.py::test_an_invalid_secret_fails_the_run[no such secret]"],
    "A secret without the expected JSON object or key": ["test_auth.py::test_an_invalid_secret_fails_the_run[not JSON, and a key is set]", "test_auth.py::test_an_invalid_secret_fails_the_run[a missing key]"],
    "A secret that contains a line break": ["test_auth.py::test_an_invalid_secret_fails_the_run[a line break in the value]"],
    "401 with an OAuth token": ["test_auth.py::test_a_rejected_token_is_renewed_once"],
    "A token response without a token, or with a token that is not a bearer token": ["test_auth.py::test_no_token_fails_the_run_and_names_the_secret[401]", "test_auth.py::test_no_token_fails_the_run_and_names_the_secret[another token type]"],
    "A redirect to another host, for a dataset with credentials": ["test_auth.py::test_a_redirect_does_not_send_credentials_to_another_host"],
    "A next-page link to another host": ["test_auth.py::test_a_next_link_does_not_send_credentials_to_another_host"],
    "A redirect from https to http": ["test_auth.py::test_credentials_are_not_sent_from_https_to_http"],
    "A redirect to another host that requires credentials": ["test_auth.py::test_another_host_that_requires_credentials_fails_with_the_reason"],
    "A redirect of a POST request": ["test_auth.py::test_a_post_is_only_redirected_within_its_host"],
    "A response that contains the secret": ["test_auth.py::test_a_secret_in_a_response_is_redacted", "test_auth.py::test_short_and_plain_secrets_never_change_the_data", "test_api_job.py::test_no_secret_is_in_the_log_the_record_or_raw"],
    "Several files in a folder": ["test_bucket_files.py::test_the_newest_file_of_a_folder_is_used", "test_bucket_files.py::test_all_files_of_a_folder_are_used"],
    "No matching file": ["test_bucket_files.py::test_a_missing_file_fails", "test_bucket_files.py::test_a_date_in_the_key_uses_the_newest_available_day"],
    "Access denied by the bucket": ["test_bucket_files.py::test_denied_access_names_the_required_bucket_policy"],
    "A file of the app that has not changed since the last publication": ["test_permissions.py::test_bronze_from_a_file_of_the_app"],
    "The same files as in the last publication": ["test_bucket_files.py::test_an_unchanged_object_is_not_downloaded_again_and_a_new_one_is", "test_bucket_files.py::test_a_removed_file_is_a_change"],
    "Headers that result in the same column name": ["test_names.py::test_duplicate_clean_names_get_a_number", "test_names.py::test_names_are_clean_unique_and_do_not_depend_on_the_order"],
    "A header whose case or spacing changes": ["test_bronze_job.py::test_a_header_that_differs_in_case_or_spacing_is_the_same_column"],
    "A source with none of the published columns": ["test_unpack.py::test_an_unreadable_original_fails_the_run[error page in plain text]"],
    "A column without values": ["test_bronze_job.py::test_tasks_infer_the_type_of_a_column_without_values_in_the_sample"],
    "A value that does not fit its published type": ["test_bronze_job.py::test_published_types_are_kept_and_values_that_do_not_match_are_rescued"],
    "`column_schema` for a column that does not exist": ["test_column_schema.py::test_a_typo_in_column_schema_is_an_error"],
    "`null_values` or a format that is declared after the first publication": ["test_bronze_job.py::test_types_that_the_contract_keeps_after_a_change_of_the_document_are_logged"],
    "A declared type or name that differs from the published one": ["test_column_schema.py::test_a_published_type_changes_only_with_reset_contract"],
    "Two rows with the same `business_key`": ["test_business_key.py::test_duplicate_keys_fail_a_gate"],
    "SQL that cannot be parsed": ["test_gold_job.py::test_invalid_sql_is_an_error_with_its_position_before_spark_runs_it"],
    "An unknown column or function": ["test_gold_job.py::test_invalid_sql_is_an_error_with_its_position_before_spark_runs_it"],
    "A table that is not in the inputs": ["test_gold_job.py::test_invalid_sql_is_an_error_with_its_position_before_spark_runs_it"],
    "A query that reads a file by its path, as in ``parquet.`s3://…` ``": ["test_gold_job.py::test_invalid_sql_is_an_error_with_its_position_before_spark_runs_it"],
    "A statement that is not a query, such as INSERT, SET or DROP": ["test_gold_job.py::test_invalid_sql_is_an_error_with_its_position_before_spark_runs_it"],
    "A semicolon in quotes, in a comment or in a name": ["test_statements.py::test_sql_is_split_at_the_semicolons_that_end_statements"],
    "A last statement that creates a view": ["test_gold_job.py::test_invalid_sql_is_an_error_with_its_position_before_spark_runs_it"],
    "An output without a view of the same name": ["test_gold_job.py::test_an_output_without_a_view_is_an_error"],
    "A column without a name, or with a name that Athena does not accept": ["test_gold_job.py::test_invalid_sql_is_an_error_with_its_position_before_spark_runs_it"],
    "Column names that differ only in case": ["test_gold_job.py::test_invalid_sql_is_an_error_with_its_position_before_spark_runs_it"],
    "An untyped null, an interval, or a timestamp without a time zone": ["test_gold_job.py::test_invalid_sql_is_an_error_with_its_position_before_spark_runs_it"],
    "A query that selects `meta_run_id` from an input": ["test_gold_job.py::test_meta_run_id_of_an_input_is_replaced_and_can_be_kept_under_another_name"],
    "A table without rows": ["test_gold_job.py::test_a_table_without_rows_has_a_file_with_its_columns"],
    "An input that has never been published": ["test_gold_job.py::test_an_input_that_is_not_published_is_an_error"],
    "An input that is published while the run reads it": ["test_gold_job.py::test_an_input_that_publishes_during_the_transform_is_read_again"],
    "An input that has not been updated in time": ["test_gold_job.py::test_a_query_over_an_input_becomes_a_table_and_its_record_lists_the_originals"],
    "An input whose run was killed during publication": ["test_gold_job.py::test_gold_waits_for_a_publication_in_progress_and_fails_if_it_does_not_complete"],
    "Rows that violate an assertion in a script": ["test_gold_job.py::test_an_error_of_a_custom_script_keeps_the_published_table"],
    "Rows that violate a data rule": ["test_rules.py::test_a_violated_rule_fails_the_run_with_rows_and_is_in_its_record", "test_rules.py::test_a_rule_that_warns_publishes_and_prints_the_warning"],
    "A data rule whose condition is null for a row": ["test_rules.py::test_which_rows_violate_a_rule"],
    "A data rule whose condition causes an error, such as a failed cast": ["test_rules.py::test_a_rule_that_cannot_be_evaluated_is_an_error_also_if_it_only_warns", "test_rules.py::test_a_failed_cast_is_an_error_or_null_as_in_spark_sql"],
    "A script that returns no table, or tables other than those in `outputs`": ["test_gold_job.py::test_an_error_of_a_custom_script_keeps_the_published_table"],
    "`from_run` or `reset_contract` in a silver or gold run": ["test_gold_job.py::test_run_options_of_bronze_are_an_error"],
    "Null, an empty string, a space, or text that differs only in case": ["test_history.py::test_which_values_are_compared_as_equal"],
    "Values that are equal only when concatenated, such as (`ab`, `c`) and (`a`, `bc`)": ["test_history.py::test_which_values_are_compared_as_equal"],
    "The same input as in the previous run": ["test_history.py::test_a_run_with_unchanged_input_publishes_nothing"],
    "A key that disappears and returns": ["test_history.py::test_runs_of_the_job_keep_every_version"],
    "A key that is entirely or partly null": ["test_history.py::test_any_sequence_of_loads_results_in_the_versions_of_the_model"],
    "Two rows with the same key": ["test_history.py::test_an_invalid_load_is_an_error_and_the_history_is_unchanged"],
    "A new column in the query": ["test_history.py::test_no_version_is_lost_when_columns_are_added_or_removed"],
    "A compared column that changes in most rows": ["test_churn.py::test_a_load_that_changes_most_rows_fails_and_names_the_columns"],
    "A column removed from the query": ["test_history.py::test_no_version_is_lost_when_columns_are_added_or_removed", "test_history.py::test_a_column_that_a_query_loses_fails_the_run_once"],
    "A column that would become null in all current versions": ["test_history.py::test_a_column_that_a_query_loses_fails_the_run_once"],
    "A published column that the result no longer has, or that is now entirely null": ["test_gold_job.py::test_a_failed_gate_keeps_the_published_table"],
    "A column whose type differs from its type in earlier versions": ["test_history.py::test_an_invalid_load_is_an_error_and_the_history_is_unchanged"],
    "A map among the compared columns": ["test_history.py::test_an_invalid_load_is_an_error_and_the_history_is_unchanged"],
    "A changed `business_key`": ["test_history.py::test_an_invalid_load_is_an_error_and_the_history_is_unchanged"],
    "A file of the history that is missing or was changed": ["test_history.py::test_an_unreadable_history_is_an_error_and_does_not_start_again"],
    "A missing `published.json`": ["test_history.py::test_an_unreadable_history_is_an_error_and_does_not_start_again"],
    "A clock that was set back": ["test_history.py::test_a_clock_behind_the_last_run_is_an_error"],
    "A published history whose version columns get other names, or another `open_end`, in the configuration": ["test_history.py::test_the_version_columns_can_have_other_names_and_an_open_end"],
    "A query that returns a column with the same name as a version column": ["test_history.py::test_an_invalid_load_is_an_error_and_the_history_is_unchanged"],
    "An `initial_table` with overlapping versions or several current versions of a key": ["test_history.py::test_invalid_versions_are_not_taken_over_and_the_error_has_sample_keys"],
    "An `initial_table` whose current versions have null or `9999-12-31` as their end": ["test_history.py::test_versions_that_are_taken_over_are_those_of_a_history_that_had_loaded_them"],
    "An `initial_table` after the first publication": ["test_history.py::test_the_first_publication_takes_over_the_versions_of_a_table_and_later_runs_ignore_it"],
    "A first run that would end most versions of an `initial_table`": ["test_history.py::test_a_first_load_that_would_end_most_of_the_versions_fails"],
    "`history` removed from the dataset": ["test_history.py::test_a_history_can_be_added_to_a_table_and_is_removed_only_if_allowed"],
    "A run that is killed at any time": ["test_publish.py::test_after_a_kill_at_any_write_the_next_run_repairs_the_publication", "test_faults.py::test_after_a_fault_the_table_is_old_or_new_and_after_the_next_run_it_is_new", "test_run_record.py::test_the_next_run_closes_the_record_of_a_killed_run"],
    "A run that is stopped with Ctrl-C, or whose job receives SIGTERM": ["test_run_record.py::test_a_stopped_job_closes_its_record", "test_run_record.py::test_a_job_that_is_stopped_while_it_publishes_completes"],
    "Two concurrent runs": ["test_publish.py::test_of_two_concurrent_runs_the_later_one_fails"],
    "Two runs in the same second": ["test_run_record.py::test_run_ids_are_unique_even_for_the_same_time"],
    "500, 503 SlowDown or a connection reset from S3": ["test_faults.py::test_after_a_fault_the_table_is_old_or_new_and_after_the_next_run_it_is_new", "test_store.py::test_a_request_is_retried_if_the_response_is_incomplete_or_an_error"],
    "A full disk": ["test_fetch.py::test_a_full_disk_fails_the_run", "test_container.py::test_a_member_that_does_not_fit_on_the_disk_fails", "test_run_record.py::test_a_full_disk_in_a_spark_task_is_an_error_of_one_line"],
    "A wrong clock": ["test_run_record.py::test_runs_publish_correctly_after_the_clock_was_set_back", "test_fetch.py::test_an_invalid_certificate_fails_the_run[not valid yet, or a wrong clock]"],
    "Less than ten minutes until the job times out": ["test_bronze_job.py::test_a_publication_does_not_begin_within_ten_minutes_of_the_timeout"],
    "Fewer than half as many rows as in the last publication": ["test_gates.py::test_a_failed_gate_keeps_the_published_table_and_can_be_allowed_once"],
    "A row count mismatch": ["test_bronze_job.py::test_a_row_count_mismatch_between_source_and_table_is_an_error"],
    "Glue's retry of a run that cannot succeed": ["test_bronze_job.py::test_a_retry_by_glue_of_an_error_that_is_not_retryable_fails_at_once"],
    "A dataset with several tables, one of which fails": ["test_gates.py::test_gates_can_be_configured_per_table", "test_publish.py::test_if_a_copy_fails_the_other_copies_are_undone"],
    "Staging data that cannot be deleted": ["test_bronze_job.py::test_an_error_while_staging_is_cleared_does_not_fail_a_published_run"],
    "A published file that was deleted": ["test_unchanged.py::test_a_missing_published_file_is_rebuilt"],
    "`from_run` with a run whose original files have expired": ["test_originals.py::test_a_missing_or_changed_original_fails_the_run"],
    "Invalid `run_options`": ["test_gates.py::test_invalid_run_options_fail_before_the_source_is_read"],
    "A query of an Iceberg table during its publication": ["test_iceberg_job.py::test_a_second_publication_replaces_the_rows_and_keeps_the_previous_snapshot"],
    "A query that reads an Iceberg table and ends after the next publication": ["test_iceberg_job.py::test_snapshots_expire_with_their_objects_and_records"],
    "A snapshot that expires while a query reads from it": ["test_iceberg_job.py::test_snapshots_expire_with_their_objects_and_records"],
    "A new column or a new nested field in an Iceberg table": ["test_iceberg_job.py::test_a_new_column_and_a_new_field_are_in_the_catalog_with_their_first_publication"],
    "A reset of the schema contract of an Iceberg table": ["test_iceberg_job.py::test_a_contract_reset_gives_a_column_its_new_type_in_the_same_commit"],
    "A dataset with several Iceberg tables": ["test_iceberg_job.py::test_each_table_of_a_dataset_is_an_iceberg_table"],
    "A run that is killed before it commits an Iceberg table": ["test_iceberg_job.py::test_the_objects_of_a_killed_run_are_deleted_by_the_next_publication"],
    "A run that is killed between the commits of two Iceberg tables": ["test_publication_failures.py::test_a_run_that_is_killed_between_two_commits_is_completed_by_the_next_run"],
    "A run that is killed after its commits": ["test_publication_failures.py::test_a_run_that_is_killed_after_its_commit_is_completed_by_the_next_run"],
    "The Data Catalog refuses a commit": ["test_publication_failures.py::test_a_refused_commit_restores_the_tables_that_are_already_committed"],
    "A commit that reaches the Data Catalog, but whose response is lost": ["test_publication_failures.py::test_an_error_of_a_commit_that_has_reached_the_catalog_does_not_fail_the_run"],
    "The Data Catalog does not respond during and after a commit": ["test_publication_failures.py::test_a_commit_without_a_known_outcome_is_completed_or_dropped_by_the_next_run"],
    "Two concurrent runs of a dataset with Iceberg tables": ["test_publication_failures.py::test_of_two_concurrent_runs_the_later_one_fails"],
    "Another writer that commits to an Iceberg table while a run publishes it": ["test_publication_failures.py::test_a_commit_is_refused_if_another_writer_has_changed_the_table"],
    "An Iceberg table that another writer has changed since its last publication": ["test_iceberg_job.py::test_a_table_that_another_writer_has_changed_is_published_again"],
    "An Iceberg input that is published while a silver or gold run reads it": ["test_iceberg_job.py::test_an_input_may_publish_while_a_derived_table_reads_it"],
    "A crawled table with the same name as an Iceberg table": ["test_iceberg_job.py::test_a_crawled_table_of_the_same_name_fails_before_any_work"],
    "A published dataset whose table format changes": ["test_iceberg_job.py::test_the_format_of_a_published_dataset_changes_in_both_directions"],
    "`rollback_to` with a run whose publication is kept": ["test_iceberg_job.py::test_a_rollback_makes_an_earlier_publication_current_with_its_columns"],
    "`rollback_to` with a run whose publication is not kept": ["test_iceberg_job.py::test_a_rollback_makes_an_earlier_publication_current_with_its_columns"],
    "`rollback_to` for Parquet tables": ["test_publication_failures.py::test_parquet_tables_cannot_be_rolled_back"],
}  # fmt: skip
"""The tests that cover the rows without a case in this file."""

CDK_APPS: dict[str, list[str]] = {
    "Two copies of this package in one app, for example because of workspaces or `npm link`": ["two-copies.test.ts::the job and the deployment depend on the same resources as with one copy", "two-copies.test.ts::a name that a dataset of the other copy has is an error", "two-copies.test.ts::inputs that form a cycle across copies are an error"],
    "Your own construct that implements `IEtlCore` and contains the core": ["two-copies.test.ts::the job depends on the core if the dataset gets %s"],
    "Your own `BucketDeployment` in the stack of a dataset, with any memory and storage size": ["private/scripts/script-bundle.test.ts::with %s has its own function and role (encrypted: %s, created first: %s)", "private/scripts/script-bundle.test.ts::with a role of the user does not extend that role"],
    "Your own construct named `GlueScripts`": ["private/scripts/script-bundle.test.ts::a construct of the user named GlueScripts does not conflict"],
    "Many datasets with values that are only known at deployment": ["private/scripts/script-bundle.test.ts::the response of the deployment does not grow with the datasets"],
    "Bootstrap assets that are encrypted with your own KMS key": ["security/iam.test.ts::The role that deploys scripts"],
    "`Role.customizeRoles`, or existing roles in `roles`": ["lake-roles.test.ts::jobs, crawlers, schedules and the deployment use the existing roles", "lake-roles.test.ts::the roles that you provide are used, and the app creates no role and no policy"],
    "More than 500 resources in a stack, or a template above 1,000,000 bytes": ["private/resources/stack-limits.test.ts::more resources than CloudFormation allows are an error with a remedy", "private/resources/stack-limits.test.ts::a template that is larger than CloudFormation allows is an error with a remedy", "private/resources/stack-limits.test.ts::a template with 115 datasets, each with its own role, is within the limit"],
    "A lake that is deployed again after it was removed": ["etl-core.test.ts::with existing databases and an existing bucket"],
    "Lake Formation controls the Data Catalog": ["private/state-machines/alert-machine.test.ts::the message of a crawler has its name, the error, links, and the command to start it again"],
    "A schedule that is due while the job is running": ["alerts.test.ts::the alarm is raised if a schedule cannot start its job, and not if there is no data"],
    "A dataset with `freshness` whose schedule is disabled, whose runs fail, or that has never run": ["private/state-machines/freshness-machine.test.ts::a dataset that becomes stale and recovers has two alerts, in any number of checks", "private/state-machines/freshness-machine.test.ts::only failed runs: stale", "private/state-machines/freshness-machine.test.ts::a dataset that is never published becomes stale after its maximum age from the first check on"],
    "A source that does not change, or a derived dataset that a pipeline does not run because no input has published": ["private/state-machines/freshness-machine.test.ts::an unchanged run confirms an old publication", "private/state-machines/freshness-machine.test.ts::a derived dataset that is built from the current publications of fresh inputs is fresh"],
    "`freshness` without `alerts`, or with a core that another app deploys": ["freshness.test.ts::without alerts, there is a warning and no check", "freshness.test.ts::if another app deploys the core, there is a warning and no check"],
    "A secret whose name is only known at deployment": ["private/resources/secret-arn.test.ts::%s is an error"],
    "A misspelled prop or key, at any depth": ["unknown-keys.test.ts::a key of a column", "unknown-keys.test.ts::a key of dataQuality", "unknown-keys.test.ts::a key of retention"],
    "A Python dict as a value in a map, such as the settings of a column in `column_schema`": ["unknown-keys.test.ts::keys in snake_case, as in a Python dict, are the same as in camelCase"],
    "A prop of the wrong type, such as a number for a `Duration`": ["unknown-keys.test.ts::a timeout that is a number", "unknown-keys.test.ts::a role that is an ARN"],
    "A value that is only known at deployment, in `medallion run`": ["cli/unknown-value.test.ts::a value that is only known at deployment affects only its dataset, and the message says how to supply it", "cli/unknown-value.test.ts::--value supplies the values"],
    "A call to S3 that the role of the job does not allow, in `medallion run`": ["cli/job-role.e2e.ts::a call that the role is denied fails as in AWS", "cli/job-role.e2e.ts::a history runs twice with the permissions of its role"],
    "A role that the app does not define, in `medallion run`": ["cli/job-role.test.ts::the policies of a role %s", "cli/job-role.test.ts::the shared role of a lake in another app is unknown"],
    "An SSM parameter as a value, in `medallion run`": ["cli/intrinsics.test.ts::an SSM parameter"],
    "A value of `StringParameter.valueFromLookup`, during the first synthesis": ["pending-lookup.test.ts::%s can be a value of valueFromLookup"],
    "A list or a number that is only known at deployment, such as `CfnParameter.valueAsList`, including in a query": ["derived-dataset.test.ts::a query with %s is rejected", "etl-core.test.ts::%s that is only known at deployment is an error, because costs and alerts depend on it"],
    "A `queryScanLimit` that is only known at deployment": ["etl-core.test.ts::a queryScanLimit below the minimum of Athena is an error, and a token is allowed"],
    "Two stages or stacks with the same prefix, account and Region": ["etl-core.test.ts::a prefix of another stage in the same account is an error", "etl-core.test.ts::a prefix of another stage is a warning if the accounts are only known at deployment"],
    "One query for lakes with different prefixes": ["derived-dataset.test.ts::one SQL file builds the tables of the lake %s", "private/scripts/query-databases.test.ts::%s is not changed"],
    "A misspelled placeholder in a query, such as `${bronze}`": ["private/scripts/query-databases.test.ts::%s has a misspelled placeholder"],
    "A time zone in the wrong case, such as `europe/vienna`": ["private/document/schedule-expression.test.ts::\"%s\" is an invalid time zone, with a correction"],
    "A description that has more bytes than a stack or AWS Glue allows": ["dataset-directory.test.ts::a description that is longer than a stack allows is shortened for the stack and complete on the job"],
    "A SQL file with a long name": ["derived-dataset.test.ts::the name of a SQL file can be longer than the key of a deployed query"],
    "A syntax error in a configuration file: a comma after the last value, a missing comma or quote, a comment, single quotes": ["etl-config.test.ts::a trailing comma", "etl-config.test.ts::a byte-order mark"],
    "A Unix cron expression, with five fields or a name such as `@daily`": ["private/document/schedule-expression.test.ts::the cron expression %s of Unix is %s", "private/document/schedule-expression.test.ts::the cron expression %s of Unix has no equivalent"],
    "A script that never calls `run_bronze`, `run_silver` or `run_gold`": ["custom-script.test.ts::without a call of its entry point gets a warning that says what to import and how to acknowledge it", "cli/script.e2e.ts::an ordinary Glue script runs, and the command says that it published nothing"],
    "A folder of existing configuration files that deviate from the expected format": ["cli/init-from.test.ts::after the changes the app synthesizes, and nothing is left to change", "cli/init-from.test.ts::an existing app is not changed, and the command says what it needs"],
    "A file of the app as a source: `Source.file`, or a path in `source_url`": ["source-files.test.ts::a file of the app is deployed next to the script, and the job reads it from there with the shared role", "source-files.test.ts::the path %s is relative to the file", "cli/add.e2e.ts::a local file is copied next to config.json, and runs"],
    "A file of the app whose name has spaces, globs or braces": ["source-files.test.ts::the file %s is deployed as %s", "source-files.test.ts::several files keep their order, and those of the same name are all deployed"],
    "A file of the app that does not exist, is a folder or a device, or is listed twice": ["source-files.test.ts::%s is an error in code"],
    "Files of the app that exceed 200 MB in total, per dataset or per stack": ["source-files.test.ts::a file that is too large", "source-files.test.ts::the files of all datasets of a stack are limited", "cli/add.e2e.ts::a local file that cannot be deployed is an error that says how to load it"],
    "A path in `source_url` that points outside the app": ["source-files.test.ts::a file outside of the app"],
    "`medallion add` with a local file": ["cli/add.e2e.ts::a local file is copied next to config.json, and runs", "cli/add.e2e.ts::a local file that is already next to config.json, or has its name, is not lost"],
    "A symbolic link to a dataset, a script, a query or a file of the app": ["source-files.test.ts::a symbolic link is followed", "dataset-directory.test.ts::links to folders and files of datasets are followed", "dataset-directory.test.ts::the deployed content of linked scripts and queries is that of their targets"],
    "`--enable-glue-datacatalog` in `defaultArguments`, in any spelling, or a catalog in `--conf`": ["etl-core.test.ts::--enable-glue-datacatalog"],
    "A query that reads a table of another dataset that is not an input, or a table without its database": ["derived-dataset.test.ts::a table that is not an input", "derived-dataset.test.ts::an unqualified table"],
    "A query with a misspelled table of an input": ["did-you-mean.test.ts::a table in a query", "did-you-mean.test.ts::a query may contain a similar table if another app deploys an input of this layer"],
    "`key_column` without `orient: index`": ["private/document/dataset-rules.test.ts::a column of keys without an orient", "private/document/dataset-rules.test.ts::a column of keys with rows"],
    "An app that a bundler such as esbuild packs into one file": ["private/glue-templates.test.ts::a bundle in %s uses the files of the installed package", "private/glue-templates.test.ts::a bundle without the installed package is an error that says how to exclude the package"],
    "The `medallion` command of the Python package, without Node on the `PATH` or with a Node version earlier than 20": ["consumers/main.ts::python, medallion of pip"],
    "Yarn Plug'n'Play": ["package.test.ts::Yarn unpacks the package"],
    "The synthesis of an app that `medallion init` created": ["cli/init.test.ts::the created app has the recommended feature flags, and its synthesis prints no warning"],
    "Mistakes in several configuration files, or several mistakes in one file": ["mistakes-in-files.test.ts::all mistakes of a lake are reported in one error, each with its code, file, position and JSON pointer", "mistakes-in-files.test.ts::a mistake in a file does not hide its other mistakes"],
    "A misspelled key in a configuration file, such as `fromat`": ["private/files/normalize.test.ts::a misspelled key is an error, and its values are checked under the known key"],
    "An unknown key that is not a misspelling, at any depth of a configuration file": ["private/files/normalize.test.ts::an unknown key that resembles no known key is a warning with the closest known key, at any depth", "private/files/normalize.test.ts::the warning about %s says what to use instead"],
    "Notes in a configuration file: `description`, `comment`, `notes`, and keys that start with `_` or `//`": ["private/files/normalize.test.ts::notes are accepted in every object, and are not part of the document"],
    "A string in a configuration file where a list of strings is expected": ["private/files/normalize.test.ts::a text is a list of one, without a warning: %s"],
    "An input without its layer in a configuration file, such as `fda-nsde`": ["dataset-directory.test.ts::an input without a layer can be %s", "dataset-directory.test.ts::an input without a layer that several datasets have as their name is an error with their names"],
    "A dataset or a pattern without its layer in the file of a pipeline, such as `states` or `fda-*`": ["pipelines-in-files.test.ts::\"%s\" without a layer is read as \"%s\", with a warning", "pipelines-in-files.test.ts::a file of a pipeline with %s is an error with its position"],
    "A dataset or a pattern in the file of a pipeline that matches no dataset": ["pipelines-in-files.test.ts::a file of a pipeline with %s is an error with its position"],
    "Hyphens in the name of a table in a configuration file": ["private/files/normalize.test.ts::hyphens in the names of tables become underscores, also in keys by table, with a warning", "dataset-directory.test.ts::a hyphen in the name of a table is a warning of its stack, with the name that is deployed"],
    "`source_url` and `api_endpoints` in one dataset": ["private/document/dataset-rules.test.ts::the conflict of an API and %s says which one to remove"],
    "A dynamic reference in a dataset, such as `{{resolve:ssm:name}}`": ["unknown-keys.test.ts::a dynamic reference in %s is rejected, because it would be deployed as it is"],
    "A failed run in a pipeline, if its retry succeeds": ["pipelines/pipeline.e2e.ts::a retry that succeeds is a success"],
    "A failed dataset in a pipeline": ["pipelines/pipeline.e2e.ts::a failed dataset skips its dependents, and a new execution with the result runs what is left"],
    "A job that is already running when a pipeline needs it": ["pipelines/pipeline.e2e.ts::a job that somebody has started is awaited"],
    "A crawler that is running when a pipeline needs it": ["pipelines/pipeline.e2e.ts::a crawler that was running before the publication is awaited and started again"],
    "A crawl that fails in a pipeline": ["pipelines/pipeline.e2e.ts::a failed crawl fails the dataset, and the next execution crawls although nothing has changed"],
    "A pipeline execution that starts while another one is running": ["pipelines/pipeline.e2e.ts::executions of a pipeline do not overlap"],
    "A pipeline execution that is stopped": ["pipelines/pipeline.e2e.ts::after an execution was stopped, the next one awaits the jobs that still run"],
    "A run record that is larger than 150 KB, or missing, in a pipeline": ["pipelines/pipeline.e2e.ts::of a large record, only the beginning is read, which has the status and the change of the schema"],
    "A dataset in a pipeline, if the stack of the dataset is not deployed": ["pipelines/pipeline.e2e.ts::a job that does not exist fails its dataset"],
    "AWS APIs that throttle a pipeline": ["pipelines/pipeline.e2e.ts::throttled calls are repeated"],
    "`medallion run --pipeline` for a pipeline that contains a dataset of another app": ["cli/pipeline.e2e.ts::a failed run is resumed, and then a derived dataset runs only if an input has published"],
}  # fmt: skip
"""The Jest tests that cover the rows of the section "CDK apps" and the sections after it, as `file in test/::name`."""


@pytest.mark.parametrize(("path", "case"), CASES)
def test_what_happens(
    dataset: MakeDataset, source: Source, capsys: pytest.CaptureFixture[str], path: str, case: Case
) -> None:
    made = dataset()
    table = made.name.replace("-", "_")
    document = json.loads(json.dumps(case.document).replace("{table}", table))
    if case.before:
        made.run(source.serves(case.before_path or path, case.before), **document)
    url = source.serves(path, Response(case.body))
    if case.error:
        assert case.before
        assert re.search(case.error, made.fails(url, **document))
        return
    record = made.run(url, **document)
    assert [
        {name: cell for name, cell in row.items() if name != "meta_rescued" or cell} for row in made.rows()
    ] == case.rows
    types = ", ".join(f"{column['name']} {column['type']}" for column in record["tables"][0]["columns"])
    assert case.types in ("", types)
    assert case.says.replace("{table}", table) in capsys.readouterr().out


JOBS, CDK = PAGE.read_text().split("\n## CDK apps\n")


def first_cells(text: str) -> list[str]:
    """The first cell of each row of the tables."""
    lines = text.splitlines()
    rows = [line for line in lines if line.startswith("|") and not line.startswith(("| case |", "|---"))]
    assert all(re.fullmatch(r"\|( [^|]+ \|){3}", row) for row in rows)
    return [row.split(" | ")[0].removeprefix("| ") for row in rows]


def test_each_row_of_the_page_has_one_proof_and_each_proof_its_row() -> None:
    proved = [*(case.row for cases in PATHS.values() for case in cases), *ELSEWHERE]
    assert sorted(first_cells(JOBS)) == sorted(proved)
    assert sorted(first_cells(CDK)) == sorted(CDK_APPS)


@pytest.mark.parametrize("node", sorted({node for nodes in ELSEWHERE.values() for node in nodes}))
def test_a_test_that_proves_a_row_is_there(node: str) -> None:
    file, _, test = node.partition("::")
    name, _, case = test.removesuffix("]").partition("[")
    text = next(HERE.rglob(file)).read_text()
    assert f"def {name}(" in text
    assert f'id="{case}"' in text or not case


@pytest.mark.parametrize("node", sorted({node for nodes in CDK_APPS.values() for node in nodes}))
def test_a_jest_test_that_proves_a_row_is_there(node: str) -> None:
    file, _, name = node.partition("::")
    assert f"'{name}'" in (PAGE.parent.parent / "test" / file).read_text()


def test_what_the_page_says_of_other_limits() -> None:
    assert record_ends.MAX_RECORD_BYTES == 256 << 20
