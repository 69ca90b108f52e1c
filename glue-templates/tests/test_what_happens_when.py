"""How unusual input is handled: a case for each row of docs/what-happens-when.md, through the whole job, or the test that covers it.

A case has the first cell of its row as its name.
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
    """What comes (`body`, at `path`, read by `document`), after `before` was published; and its outcome.

    That is either the table's `rows`, without a meta_rescued that is null, and its `types` where they are of interest; or the `error`.
    `says` is in the job's log. "{table}" in it, and in the document, is the table's name.
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
    Case("UTF-16 without a byte-order mark", csv("id", "1", encoding="utf-16-be"), error=r"x\.csv holds zero bytes in its first line: it is UTF-16, or no text at all. Declare file_format.encoding, e.g. utf-16-be", before=csv("id", "1")),
    Case("CR LF, LF and CR line ends, even mixed", b"id,name\r\n1,a\r2,b\n", AB),
    Case("A NUL byte in a value", b"id,name\n1,nul\0l\n", [{"id": 1, "name": "nul\0l"}]),
    Case("The byte 0x1A at the end of the file, from DOS programs", b"id,name\n1,a\n2,b\n\x1a", AB, says="x.csv: left out the end mark 0x1A"),
    Case('Quotes, line breaks and delimiters inside quotes', b'id,name\n1,"a ""b"",\r\nc"\n', [{"id": 1, "name": 'a "b",\r\nc'}]),
    Case("A stray quote in an unquoted field", csv("id,name", '1,5" pipe'), [{"id": 1, "name": '5" pipe'}]),
    Case("Spaces around a value", csv("id, name ", " 1, a", "2,b "), [{"id": " 1", "name": " a"}, {"id": "2", "name": "b "}], says='column_schema {"{table}": {"id": {"type": "bigint"}}}'),
    Case("An empty field, quoted or not", csv("id,name", '1,""', "2,"), [{"id": 1, "name": None}, {"id": 2, "name": None}]),
    Case("`NA` or another text for a missing value", csv("id,n", "1,NA", "2,5"), [{"id": 1, "n": None}, {"id": 2, "n": 5}], document=form(null_values=["NA"])),
    Case("A field of 10 MB", csv("id,name", f"1,{LONG}", "2,b"), [{"id": 1, "name": LONG}, {"id": 2, "name": "b"}]),
    Case("Too few or too many fields in more than 1 % of the rows", csv("Report of today", "id,name", "1,a"), error=r"2 of 2 rows \(100.00%\) have more fields than columns, such as \[\"name\"\] in row 1 of x\.csv \(is file_format right: delimiter, quote, skip_rows, skip_footer\?\), max_rescued_share is 1.00% \[rescued\]", before=csv("Report of today", "1")),
    Case("A line with nothing but delimiters", csv("id,name", "1,a", ","), [{"id": 1, "name": "a"}, {"id": None, "name": None}]),
    Case("No header, and `header` is not declared", csv("1,a", "2,b"), [{"column_1": 2, "a": "b"}], says="x.csv: the header holds 1. Is it a record? Then declare file_format.header false."),
    Case("A repeated header, such as in concatenated gzip members", gzipped(csv("id,name", "1,a"), csv("id,name", "2,b")), AB, says="x.csv: left out 1 record that repeats the header"),
    Case("A first line `sep=;`, from Excel", csv("sep=;", "id;name", "1;a"), column("sep", "id;name", "1;a"), says='has one column, "sep=;". Is the delimiter ";"?'),
]  # fmt: skip

FIXED = [
    Case("Short lines, if no line keeps its padding", csv("  1Bern", "  2"), [{"column_1": 1, "column_2": "Bern"}, {"column_1": 2, "column_2": None}], document=form(widths=[3, 6])),
    Case("Widths that do not match the file", csv("  1Bern", "  2Zug "), error=r"2 of 2 rows \(100.00%\) have more fields than columns, such as \[\"rn\"\] in row 1 of x\.dat \(is file_format right: widths, skip_rows, skip_footer\?\)", document=form(widths=[3, 2]), before=csv("  1Be")),
    Case("A tab", csv("1\tBern"), [{"column_1": "1\tB", "column_2": "ern"}], document=form(widths=[3, 6])),
]  # fmt: skip

JSON = [
    Case("One object without a list of objects", b'{"a": 1, "b": [1]}', [{"a": 1, "b": [1]}], says="x.json: the document is one object without a list of objects, so it is the one record"),
    Case('`{"error": "quota"}` with status 200', b'{"error": "quota"}', error=r"the source has none of the published columns \(id, …\) but error", before=b'[{"id": 1}]'),
    Case("Several lists that can be the records", b'{"a": [{"x": 1}], "b": [{"y": 1}]}', error=r"x\.json holds several lists: a, b. Declare the right one as file_format.records", before=b'[{"id": 1}]'),
    Case("`records` that does not exist in the document", b'{"data": {"rows": []}}', error=r"file_format.records is data.items, but items is missing or null. The keys there: rows", before=b'{"data": {"items": [{"id": 1}]}}', document=form(type="json", records="data.items")),
    Case("An empty list", b"[]", error=r"x\.json holds no records. The published table stays as it is", before=b'[{"id": 1}]'),
    Case("A list of numbers or texts", b"[1, 2]", column("value", 1, 2)),
    Case("Numbers and texts in the same key", b'[{"a": 12}, {"a": "A12"}, {"a": true}]', column("a", "12", "A12", "true"), "a string"),
    Case("Objects and texts in the same key", b'[{"a": {"b": 1.50}}, {"a": "x"}]', column("a", '{"b":1.50}', '"x"'), "a string"),
    Case("null, a missing key and an empty text", b'[{"a": null, "b": ""}, {"b": "x"}]', [{"a": None, "b": ""}, {"a": None, "b": "x"}]),
    Case("Integers above 2^53", b'[{"a": 9007199254740993}]', column("a", 9007199254740993), "a bigint"),
    Case("Integers above 2^63", b'[{"a": 9223372036854775808}, {"a": 1}]', column("a", Decimal(2**63), Decimal(1)), "a decimal(38,0)"),
    Case("Fractions", b'[{"a": 1.10, "b": 0.12345678901234567891}, {"a": 1e5, "b": 1}]', [{"a": 1.1, "b": Decimal("0.12345678901234567891")}, {"a": 1e5, "b": Decimal(1)}], "a double, b decimal(38,20)"),
    Case("A duplicate key in an object", b'[{"a": 1, "a": 2}]', [rescued('{"_surplus": ["{\\"a\\":1}"]}', a=2)], document=ALL),
    Case("Keys that have the same column name", b'[{"A b": 1, "a_b": 2}]', [{"a_b_2": 1, "a_b": 2}]),
    Case("Keys of a nested object without ASCII letters", '[{"a": {"имя": "x"}}, {"a": {"адрес": "y"}}]'.encode(), column("a", '{"имя":"x"}', '{"адрес":"y"}'), "a string"),
    Case("An unpaired surrogate, such as `\\ud83d`", b'[{"a": "x\\ud83d"}]', column("a", '"x\\ud83d"')),
    Case("JSON Lines that end in the middle of a record", b'{"id": 1}\n{"id": 2, "na', error=r"x\.jsonl, record 2: the line is cut off .*Fetch the file again", path="/x.jsonl", before=b'{"id": 1}\n', before_path="/x.jsonl"),
    Case("A document that ends in the middle of a record", b'[{"id": 1}, {"id": 2', error=r"x\.json: the document ends in record 2 before its brackets close: it is cut off. Fetch it again", before=b'[{"id": 1}]'),
    Case("`NaN`, comments or a trailing comma", b'[{"id": 1},]', error=r"x\.json: record 2 is empty: there is a comma too many. Mend the file", before=b'[{"id": 1}]'),
    Case("More than 12 levels of nested lists and objects", DEEP, column("a", [[[[[[[[[[[["[[[]]]"]]]]]]]]]]]])),
    Case("Data values as keys", json.dumps([{f"k{number}": number for number in range(2001)}]).encode(), error=r"x\.json: the records have more than 2,000 keys, among them k0, k1", before=b'[{"id": 1}]'),
]  # fmt: skip

PARQUET = [
    Case("Two columns with the same name", parquet(["a", "a"], [1], [2]), [{"a": 1, "a_2": 2}]),
    Case("A number that the published type cannot represent", parquet(["a"], [0.1, 0.125]), [{"a": Decimal("0.10")}, rescued('{"a": 0.125}', a=None)], document=ALL, before=parquet(["a"], pa.array([Decimal("1.50")], pa.decimal128(18, 2)))),
    Case("CSV from a source that published Parquet before", csv("flag,at,parts", "true,2024-01-31T10:00:00Z,[1]", "maybe,soon,"), [rescued('{"parts": "[1]"}', flag=True, at=datetime(2024, 1, 31, 10, tzinfo=UTC), parts=None), rescued('{"flag": "maybe", "at": "soon"}', flag=None, at=None, parts=None)], path="/x.csv", document=ALL, before=parquet(["flag", "at", "parts"], [True], [datetime(2024, 1, 1)], [[1]]), before_path="/x.parquet"),
    Case("An empty file, HTML or CSV in a file named .parquet", csv("id", "1"), error=r'x\.parquet is no Parquet file: it begins with "id\\n1\\n". Look at it; declare file_format.type if it is right', before=parquet(["id"], [1])),
]  # fmt: skip

COLUMNS = [
    Case("Headers such as `select`, `date` or `2024`", csv("select,date,2024", "1,2,3"), [{"select": 1, "date": 2, "column_2024": 3}]),
    Case("A header `meta_run_id` or `meta_rescued`", csv("id,meta_run_id,Meta Rescued", "1,2,3"), [{"id": 1, "meta_run_id_2": 2, "meta_rescued_2": 3}]),
    Case("A duplicate header", csv("id,a,a", "1,2,3"), [{"id": 1, "a": 2, "a_2": 3}]),
    Case("An empty header", csv("id,,x", "1,2,3"), [{"id": 1, "column_2": 2, "x": 3}]),
    Case("A header with non-ASCII letters", csv("Größe,名前", "1,a"), [{"grosse": 1, "column": "a"}]),
    Case("A header of 300 characters", csv("id," + "a" * 300, "1,2"), [{"id": 1, "a" * 128: 2}]),
    Case("Columns in another order, one missing, one new", csv("new,id", "x,2"), [{"id": 2, "gone": None, "new": "x"}], before=csv("id,gone", "1,a")),
    Case("`007`, `+1`, `1e5`, `NaN`, `1.10` with `1.2`", csv("a,b,c,d,e", "007,+1,1e5,NaN,1.10", "1,2,3,1.5,1.2"), [{"a": "007", "b": "+1", "c": "1e5", "d": "NaN", "e": "1.10"}, {"a": "1", "b": "2", "c": "3", "d": "1.5", "e": "1.2"}], says='"b": {"type": "bigint"}, "c": {"type": "decimal(18,2)"}, "e": {"type": "decimal(18,2)"}'),
    Case("`1,234` and `1.234,56`", csv('a;b', "1,234;1.234,56", "12;7,5"), [{"a": "1,234", "b": "1.234,56"}, {"a": "12", "b": "7,5"}], document={"delimiter": ";"}, says='"a": {"type": "bigint", "format": "1,234"}, "b": {"type": "decimal(18,2)", "format": "1.234,56"}'),
    Case("`(12)`, `$5.00`, `5%`", csv("a,b,c", "(12),$5.00,5%"), [{"a": "(12)", "b": "$5.00", "c": "5%"}]),
    Case("Decimals of 30 digits", csv("a", "123456789012345678901234567890.12", "0.50"), column("a", Decimal("123456789012345678901234567890.12"), Decimal("0.50")), "a decimal(38,2)"),
    Case("Decimals of more than 38 digits", csv("a", "1" * 40 + ".12", "0.50"), column("a", "1" * 40 + ".12", "0.50"), "a string"),
    Case("Whole numbers above 2^63", csv("a", "9223372036854775808", "1"), column("a", "9223372036854775808", "1"), says='{"a": {"type": "decimal(38,0)"}}'),
    Case("`1892-01-01`, `0001-01-01`, `9999-12-31`", csv("a", "1892-01-01", "0001-01-01", "9999-12-31"), column("a", date(1892, 1, 1), date(1, 1, 1), date(9999, 12, 31)), "a date"),
    Case("`2024-02-30`, `0000-01-01`", csv("a,b", "2024-02-30,0000-01-01", "2024-02-28,2024-01-01"), [{"a": "2024-02-30", "b": "0000-01-01"}, {"a": "2024-02-28", "b": "2024-01-01"}], "a string, b string"),
    Case("`00000000` with `20240131`", csv("id,a", "1,20240131", "2,00000000"), [{"id": 1, "a": date(2024, 1, 31)}, {"id": 2, "a": None}], "id bigint, a date", document={"date_format": "yyyyMMdd", **form(null_values=["00000000"])}),
    Case("`31/12/2024` with `12/31/2024`", csv("a", "31/12/2024", "12/31/2024"), column("a", "31/12/2024", "12/31/2024"), "a string"),
    Case("`01/02/2024`, which is ambiguous", csv("a", "01/02/2024", "03/04/2024"), column("a", "01/02/2024", "03/04/2024"), says='{"type": "date", "format": "MM/dd/yyyy or dd/MM/yyyy"}'),
    Case("Timestamps with an offset, or with and without a fraction", csv("a", "2024-01-31T12:00:00+02:00", "2024-01-31T12:00:00.5Z"), column("a", "2024-01-31T12:00:00+02:00", "2024-01-31T12:00:00.5Z"), says='{"a": {"type": "timestamp"}}'),
    Case("`TRUE` with `false`, `Y` and `N`, `0` and `1`", csv("a,b,c", "TRUE,Y,1", "false,N,0"), [{"a": "TRUE", "b": "Y", "c": 1}, {"a": "false", "b": "N", "c": 0}]),
    Case("A value that does not fit its declared type", csv("id,day", "1,2024-01-31", "2,soon"), [{"id": 1, "day": date(2024, 1, 31)}, rescued('{"day": "soon"}', id=2, day=None)], document={**ALL, "column_schema": {"{table}": {"day": {"type": "date"}}}}),
    Case("A declared decimal with too few digits", csv("a", "2.50", "340282366920938463463374607431768211457"), [{"a": Decimal("2.50")}, rescued('{"a": "340282366920938463463374607431768211457"}', a=None)], document={**ALL, "column_schema": {"{table}": {"a": {"type": "decimal(38,2)"}}}}),
    Case("More than 1 % of a column's values do not fit", csv("id", "1", "x"), error=r'id did not fit bigint in 1 of 2 rows \(50.00%\), such as "x" in row 2 of x\.csv, max_rescued_share is 1.00% \[rescued\]', before=csv("id", "1")),
    Case("Duplicate rows", csv("id,name", "1,a", "1,a"), [{"id": 1, "name": "a"}] * 2),
]  # fmt: skip
PATHS = {"/x.csv": [*TEXT, *COLUMNS], "/x.dat": FIXED, "/x.json": JSON, "/x.parquet": PARQUET}
CASES = [pytest.param(case.path or path, case, id=case.row) for path, cases in PATHS.items() for case in cases]

ELSEWHERE: dict[str, list[str]] = {
    "A byte-order mark": ["test_unpack.py::test_one_table_from[UTF-8 mark]", "test_unpack.py::test_one_table_from[UTF-16 mark]"],
    "A byte-order mark that contradicts the declared encoding": ["test_unpack.py::test_no_table_from[a mark that contradicts]"],
    "cp1252 that is not declared": ["test_unpack.py::test_no_table_from[cp1252 undeclared]"],
    "An unknown encoding name": ["test_unpack.py::test_no_table_from[unknown encoding]"],
    "Text after a closing quote": ["test_unpack.py::test_text_behind_a_closing_quote_is_kept_as_written"],
    "A quote that is never closed": ["test_unpack.py::test_no_table_from[open quote]"],
    "Escape characters, and `\\N` for null": ["test_unpack.py::test_a_dialect_with_escapes_and_null_values_is_read"],
    "A record of more than 256 MB": ["test_record_ends.py::test_a_record_without_end_does_not_fill_the_memory"],
    "A record with too few fields": ["test_bronze_job.py::test_ragged_rows_keep_every_field"],
    "A record with too many fields": ["test_bronze_job.py::test_ragged_rows_keep_every_field"],
    "A delimiter at the end of each line": ["test_unpack.py::test_one_table_from[delimiter at each line's end]", "test_unpack.py::test_a_last_column_that_only_its_delimiter_makes_goes_where_it_has_no_value"],
    "A delimiter other than the declared one": ["test_unpack.py::test_what_is_left_out_or_odd_is_said"],
    "Lines above the header, with `skip_rows`": ["test_unpack.py::test_one_table_from[preamble]", "test_unpack.py::test_what_is_left_out_of_a_text_is_said"],
    "Records at the end, with `skip_footer`": ["test_unpack.py::test_one_table_from[footer]", "test_unpack.py::test_what_is_left_out_of_a_text_is_said"],
    "Fewer lines than `skip_rows` or `skip_footer`": ["test_unpack.py::test_no_table_from[shorter than its preamble]", "test_unpack.py::test_no_table_from[shorter than its footer]"],
    'Comments, with `comment: "#"`': ["test_unpack.py::test_one_table_from[comments]"],
    "Empty lines": ["test_unpack.py::test_one_table_from[empty lines]"],
    "Only a header": ["test_unpack.py::test_no_table_from[header only]"],
    "An empty file": ["test_unpack.py::test_no_table_from[no bytes]"],
    "JSON in a file named .csv": ["test_unpack.py::test_no_table_from[an apology in JSON]"],
    "Values padded with spaces": ["test_unpack.py::test_fixed_width_is_read_with_its_padding_off"],
    "A short line, if other lines keep their padding": ["test_unpack.py::test_fixed_width_is_read_with_its_padding_off"],
    "Text after the last field": ["test_unpack.py::test_fixed_width_is_read_with_its_padding_off"],
    "Missing `widths`": ["test_file_format.py::test_keys_that_contradict_each_other_are_an_error"],
    "A list at the top level, in a key, or deeper": ["test_json_job.py::test_json_in_every_form_becomes_the_same_table"],
    "A new key, at any depth": ["test_json_job.py::test_new_keys_are_added_at_any_depth_and_misfits_are_rescued"],
    "Types that Athena does not support": ["test_parquet_cells.py::test_each_type_of_parquet_has_one_of_athena_that_keeps_its_values"],
    "Timestamps with nanoseconds": ["test_parquet_cells.py::test_finer_than_microseconds_stays_text"],
    "Lists, maps and structs": ["test_parquet_cells.py::test_each_type_of_parquet_has_one_of_athena_that_keeps_its_values"],
    "A column with a type other than the published one": ["test_parquet_cells.py::test_a_parquet_file_becomes_a_table", "test_parquet_cells.py::test_a_value_that_does_not_fit_the_published_type_is_a_misfit"],
    "A truncated file": ["test_parquet_cells.py::test_what_is_no_whole_parquet_file_fails", "test_unpack.py::test_no_table_from[cut Parquet]"],
    "gzip, bzip2 or ZIP with another extension": ["test_unpack.py::test_one_table_from[gzip named .csv]", "test_unpack.py::test_one_table_from[ZIP named .gz]", "test_container.py::test_the_bytes_in[bzip2 under the name .csv]"],
    "Several gzip members or bzip2 streams in one file": ["test_unpack.py::test_one_table_from[gzip of two members]", "test_container.py::test_bzip2_becomes_a_table"],
    "A ZIP with one data file and other files": ["test_unpack.py::test_one_table_from[ZIP with company]", "test_unpack.py::test_what_is_left_out_or_odd_is_said"],
    "A ZIP with several data files and no mapping": ["test_unpack.py::test_no_table_from[ZIP with two files]", "test_unpack.py::test_the_mapping_to_paste_names_tables_as_the_schema_has_them_and_can_be_pasted"],
    "A name in `file_table_mapping` that matches no file": ["test_unpack.py::test_a_mapping_that_matches_nothing_names_what_is_there"],
    "A file that matches two globs": ["test_unpack.py::test_a_file_that_two_globs_match_fails"],
    "`../` and absolute names": ["test_unpack.py::test_one_table_from[ZIP with ../]", "test_unpack.py::test_one_table_from[ZIP with an absolute name]", "test_publish.py::test_nothing_is_written_outside_the_datasets_own_prefixes"],
    "The same file name in two folders": ["test_container.py::test_a_base_name_in_two_folders_is_both_files"],
    "Names that differ only in case": ["test_container.py::test_names_that_differ_in_case_alone_are_two_files"],
    "The same path twice": ["test_container.py::test_two_files_of_one_name_fail_the_run", "test_container.py::test_the_bytes_in[ZIP with the same file twice]"],
    "Names in cp437 or UTF-8": ["test_container.py::test_a_mapping_names_a_file_as_it_is_shown"],
    "Folders, `__MACOSX`, `.DS_Store`, `Thumbs.db`": ["test_unpack.py::test_one_table_from[ZIP from a Mac]", "test_container.py::test_names_in_a_zip_are_labels_alone[Thumbs.db]"],
    "A ZIP without a data file": ["test_unpack.py::test_no_table_from[empty ZIP]", "test_unpack.py::test_no_table_from[ZIP with a folder alone]"],
    "A decompression bomb": ["test_unpack.py::test_a_file_that_unpacks_to_no_end_fails", "test_container.py::test_a_bomb_is_stopped_and_leaves_no_file"],
    "A ZIP with overlapping files": ["test_container.py::test_the_error_for[ZIP whose files overlap]"],
    "An encrypted ZIP": ["test_unpack.py::test_no_table_from[encrypted ZIP]", "test_container.py::test_the_error_for[encrypted ZIP (AES)]"],
    "deflate64 or another compression method": ["test_container.py::test_the_error_for[deflate64]", "test_container.py::test_the_error_for[PPMd]"],
    "A ZIP of more than 4 GB": ["test_container.py::test_a_zip_above_4_gb", "test_container.py::test_the_bytes_in[zip64]"],
    "A ZIP after other bytes, such as a self-extracting one": ["test_container.py::test_the_bytes_in[a self-extracting ZIP]"],
    "A ZIP, gzip or tar inside another container": ["test_unpack.py::test_no_table_from[gzip in a ZIP]", "test_container.py::test_the_error_for[ZIP in a ZIP]", "test_container.py::test_the_error_for[tar.gz]"],
    "tar, 7z, RAR, xz, Zstandard": [f"test_container.py::test_the_error_for[{what}]" for what in ("tar", "7z", "RAR 5", "xz", "Zstandard")],
    "A spreadsheet or a PDF, under any name": ["test_unpack.py::test_no_table_from[spreadsheet]", "test_container.py::test_the_error_for[a spreadsheet under the name .csv]", "test_container.py::test_the_error_for[a PDF under the name .csv]"],
    "A truncated archive": ["test_unpack.py::test_no_table_from[truncated ZIP]", "test_unpack.py::test_no_table_from[truncated gzip]", "test_container.py::test_wherever_it_is_cut_off_it_fails"],
    "A CRC mismatch": ["test_unpack.py::test_no_table_from[bad checksum]", "test_container.py::test_the_error_for[gzip with a bad CRC]", "test_container.py::test_a_damaged_byte_never_becomes_other_data"],
    "A response shorter than its Content-Length": ["test_fetch.py::test_a_body_that_is_not_the_file[shorter than its Content-Length]", "test_fetch.py::test_a_download_goes_on_where_it_broke_off"],
    "A response longer than its Content-Length": ["test_fetch.py::test_a_body_that_is_not_the_file[longer than its Content-Length]"],
    "No Content-Length": ["test_fetch.py::test_a_whole_body[no Content-Length]"],
    "A truncated chunked response": ["test_fetch.py::test_a_body_that_is_not_the_file[chunked and cut]"],
    "An ETag that changes during a download": ["test_fetch.py::test_a_download_that_cannot_go_on_begins_again[206 with another ETag]", "test_fetch.py::test_a_file_that_changes_during_the_download_is_the_new_one"],
    "A connection that drops many times": ["test_fetch.py::test_a_download_goes_on_where_it_broke_off[twelve times]", "test_fetch.py::test_a_server_that_always_breaks_off_is_given_up"],
    "301, 302, 303, 307, 308": ["test_fetch.py::test_redirects_are_followed"],
    "A redirect to another host": ["test_fetch.py::test_nothing_confidential_is_sent_to_another_host"],
    "A redirect to `file://`, or a redirect loop": ["test_fetch.py::test_a_redirect_to_another_scheme_or_in_a_loop_fails", "test_fetch.py::test_a_loop_of_two_fails"],
    "An error page in HTML or plain text with status 200": ["test_unpack.py::test_no_table_from[an apology in HTML]", "test_unpack.py::test_no_table_from[an apology in plain text]"],
    "429 or 503 with `Retry-After` in seconds or as a date": ["test_fetch.py::test_retry_after_is_obeyed", "test_fetch.py::test_the_pause_that_is_asked_for_is_bounded"],
    "408, 425, 429 or 5xx without `Retry-After`": ["test_fetch.py::test_passing_faults_are_tried_again", "test_fetch.py::test_a_fault_that_stays_fails_after_five_attempts"],
    "401, 404 or another 4xx": ["test_fetch.py::test_other_4xx_fail_at_once", "test_bronze_job.py::test_a_source_that_fails_leaves_the_last_table"],
    "An unexpected 202, 203 or 206": ["test_fetch.py::test_a_body_that_is_not_the_file[202]", "test_fetch.py::test_a_body_that_is_not_the_file[206 to a request without Range]"],
    "A very slow response": ["test_fetch.py::test_a_whole_body[slower in all than the idle timeout]", "test_fetch.py::test_a_silent_server_is_given_up"],
    "A response compressed with br or zstd": ["test_fetch.py::test_a_body_that_is_not_the_file[Content-Encoding br]"],
    "A response that is not valid HTTP": ["test_fetch.py::test_an_answer_that_is_not_http"],
    "An invalid TLS certificate": ["test_fetch.py::test_a_wrong_certificate_ends_the_run"],
    "An unknown host, or no server": ["test_fetch.py::test_an_unknown_host_says_so", "test_fetch.py::test_a_server_that_is_not_there"],
    "No file for the run date, if the URL contains a date": ["test_dated_files.py::test_the_newest_day_that_is_there_is_taken", "test_dated_files.py::test_all_files_are_of_one_day"],
    "No file for any of these dates": ["test_dated_files.py::test_no_day_at_all_names_the_days"],
    "A source that is unchanged by ETag or Last-Modified": ["test_unchanged.py::test_an_unchanged_source_ends_the_run_without_spark", "test_unchanged.py::test_force_works_on_it_all_the_same"],
    "Two URLs with the same file name": ["test_dated_files.py::test_each_file_has_a_name_of_its_own"],
    "A response that is a list, or an object with one list of objects": ["test_fetch_endpoints.py::test_records_are_found[a list]", "test_fetch_endpoints.py::test_records_are_found[the one list, whatever its name]", "test_fetch_endpoints.py::test_records_are_found[of several the one that is called like records]", "test_fetch_endpoints.py::test_records_are_found[two levels down]"],
    "Several lists that can be the records of a response": ["test_fetch_endpoints.py::test_an_answer_without_records_fails[several lists]"],
    "An object without a list": ["test_fetch_endpoints.py::test_records_are_found[an object is a record]"],
    "A `for_each` response with one record that contains a list": ["test_fetch_endpoints.py::test_a_record_that_has_a_list_is_not_guessed"],
    "A list that is null, or an object without keys": ["test_fetch_endpoints.py::test_declared_records_are_taken[null is an empty list]", "test_fetch_endpoints.py::test_answers_whose_records_are_not_in_one_place_fail[null]"],
    "A list that is missing in one response": ["test_fetch_endpoints.py::test_an_answer_without_records_fails[the path leads nowhere]"],
    "Status 200 with an error in the body": ["test_fetch_endpoints.py::test_an_answer_without_records_fails[200 with an error]", "test_fetch_endpoints.py::test_an_answer_without_records_fails[200 with errors]", "test_fetch_endpoints.py::test_an_answer_without_records_fails[200 with a status]"],
    "HTML, CSV or another non-JSON response with status 200": ["test_fetch_endpoints.py::test_what_is_no_answer_fails_at_once[an HTML apology with 200]", "test_fetch_endpoints.py::test_what_is_no_answer_fails_at_once[CSV]"],
    "An empty first page": ["test_api_job.py::test_an_empty_first_page_is_an_empty_table_judged_by_the_gates", "test_api_job.py::test_a_table_may_be_empty_from_the_start"],
    "204 No Content": ["test_fetch_endpoints.py::test_no_content_is_an_empty_list"],
    "A page that fails": ["test_pagination.py::test_a_page_that_fails_fails_the_run", "test_api_job.py::test_a_page_that_fails_leaves_the_last_table"],
    "A link to an earlier page, or a repeated cursor": ["test_pagination.py::test_pages_that_never_end_fail[a link to itself]", "test_pagination.py::test_pages_that_never_end_fail[a cursor that repeats]"],
    "An offset or a page number that the source ignores": ["test_pagination.py::test_pages_that_never_end_fail[an offset that is ignored]", "test_pagination.py::test_pages_that_never_end_fail[a page of one record that is ignored]"],
    "More pages than `max_pages`": ["test_pagination.py::test_more_pages_than_may_be_fail"],
    "A page with fewer records than requested": ["test_pagination.py::test_an_offset_counts_what_came_not_what_was_asked_for"],
    "An empty page with a link to the next": ["test_pagination.py::test_an_empty_page_with_a_link_goes_on"],
    "A total that changes between pages": ["test_pagination.py::test_a_total_that_changes_on_the_way_is_followed", "test_pagination.py::test_an_empty_page_before_the_total_fails"],
    "A response that announces more pages without a link": ["test_pagination.py::test_auto_refuses_an_answer_that_says_there_is_more[has_more]", "test_pagination.py::test_auto_refuses_an_answer_that_says_there_is_more[a total]"],
    "A next-page link to `file://`, or with a password": ["test_pagination.py::test_a_next_link_to_anything_but_http_fails"],
    "A field with numbers and texts": ["test_api_job.py::test_a_field_that_is_a_number_here_and_text_there_keeps_all_values"],
    "`for_each` values with slashes, spaces or other characters": ["test_fetch_endpoints.py::test_an_endpoint_is_called_for_each_value_of_another"],
    "A `for_each` field that no record has": ["test_fetch_endpoints.py::test_values_that_cannot_be_called_for_fail[no such field]"],
    "One failed call of many": ["test_fetch_endpoints.py::test_one_call_that_fails_ends_the_others"],
    "429 with `Retry-After` for one of several calls": ["test_fetch_endpoints.py::test_retry_after_holds_back_all_calls"],
    "A response of more than 64 MB": ["test_fetch_endpoints.py::test_what_is_no_answer_fails_at_once[a bomb]"],
    "A secret that does not exist or cannot be read": ["test_auth.py::test_a_secret_that_is_not_as_it_should_be_fails_the_run[there is none]"],
    "A secret without the expected JSON object or key": ["test_auth.py::test_a_secret_that_is_not_as_it_should_be_fails_the_run[no JSON where a key is named]", "test_auth.py::test_a_secret_that_is_not_as_it_should_be_fails_the_run[a key is missing]"],
    "A secret with a line break inside": ["test_auth.py::test_a_secret_that_is_not_as_it_should_be_fails_the_run[a line break within]"],
    "401 with an OAuth token": ["test_auth.py::test_a_token_that_is_refused_is_renewed_once"],
    "No token, or a token of another type": ["test_auth.py::test_no_token_fails_the_run_and_names_the_secret[401]", "test_auth.py::test_no_token_fails_the_run_and_names_the_secret[another type]"],
    "A redirect with credentials to another host": ["test_auth.py::test_credentials_do_not_follow_a_redirect_to_another_host"],
    "A next-page link to another host": ["test_auth.py::test_credentials_do_not_follow_a_next_link_to_another_host"],
    "A redirect from https to http": ["test_auth.py::test_credentials_do_not_go_from_https_to_http"],
    "Another host that requires credentials": ["test_auth.py::test_a_host_that_refuses_without_credentials_is_told_apart"],
    "A redirect of a POST request": ["test_auth.py::test_a_post_is_sent_again_at_home_alone"],
    "A source that repeats a secret": ["test_auth.py::test_what_a_source_repeats_of_a_secret_is_kept_as_stars", "test_auth.py::test_short_and_plain_secrets_never_change_the_data", "test_api_job.py::test_no_secret_is_in_the_log_the_record_or_raw"],
    "Several files in a folder": ["test_bucket_files.py::test_of_a_folder_the_newest_is_taken", "test_bucket_files.py::test_all_files_of_a_folder_are_taken"],
    "No matching file": ["test_bucket_files.py::test_a_file_that_is_not_there_fails", "test_bucket_files.py::test_a_date_in_the_key_goes_back_to_the_newest_day"],
    "Access denied by the bucket": ["test_bucket_files.py::test_a_bucket_that_refuses_names_what_its_owner_has_to_do"],
    "The same files as in the last publication": ["test_bucket_files.py::test_an_unchanged_object_is_not_fetched_again_and_a_new_one_is", "test_bucket_files.py::test_a_file_that_was_withdrawn_is_a_change"],
    "Headers that have the same column name": ["test_names.py::test_headers_that_collide_once_cleaned", "test_names.py::test_names_are_clean_unique_and_do_not_depend_on_the_order"],
    "A header that changed in case or spacing": ["test_bronze_job.py::test_a_header_that_changes_in_case_or_spacing_is_the_same_column"],
    "A source with none of the published columns": ["test_unpack.py::test_no_table_from[an apology in plain text]"],
    "A column without values": ["test_bronze_job.py::test_a_column_without_a_value_in_the_sample_is_typed_by_the_tasks"],
    "A value that does not fit its published type": ["test_bronze_job.py::test_published_types_are_a_contract_and_misfits_are_rescued"],
    "`column_schema` for a column that does not exist": ["test_column_schema.py::test_a_typo_in_column_schema_is_an_error"],
    "A declared type or name that differs from the published one": ["test_column_schema.py::test_a_published_type_changes_by_a_reset_alone"],
    "Two rows with the same `business_key`": ["test_business_key.py::test_duplicate_keys_are_a_gate"],
    "SQL that cannot be parsed": ["test_gold_job.py::test_sql_that_makes_no_table_is_an_error_at_its_place_before_spark_works"],
    "An unknown column or function": ["test_gold_job.py::test_sql_that_makes_no_table_is_an_error_at_its_place_before_spark_works"],
    "A table that is not in the inputs": ["test_gold_job.py::test_sql_that_makes_no_table_is_an_error_at_its_place_before_spark_works"],
    "A file read by its path, as in ``parquet.`s3://…` ``": ["test_gold_job.py::test_sql_that_makes_no_table_is_an_error_at_its_place_before_spark_works"],
    "A statement that is not a query, such as INSERT, SET or DROP": ["test_gold_job.py::test_sql_that_makes_no_table_is_an_error_at_its_place_before_spark_works"],
    "A semicolon in quotes, in a comment or in a name": ["test_statements.py::test_a_file_is_cut_at_the_semicolons_that_end_statements"],
    "A last statement that creates a view": ["test_gold_job.py::test_sql_that_makes_no_table_is_an_error_at_its_place_before_spark_works"],
    "An output without a view of that name": ["test_gold_job.py::test_an_output_that_no_statement_makes_is_an_error"],
    "A column without a name, or with a name that Athena does not accept": ["test_gold_job.py::test_sql_that_makes_no_table_is_an_error_at_its_place_before_spark_works"],
    "Column names that differ only in case": ["test_gold_job.py::test_sql_that_makes_no_table_is_an_error_at_its_place_before_spark_works"],
    "An untyped null, an interval, or a timestamp without a time zone": ["test_gold_job.py::test_sql_that_makes_no_table_is_an_error_at_its_place_before_spark_works"],
    "`meta_run_id` of an input": ["test_gold_job.py::test_meta_run_id_of_an_input_gives_way_and_may_be_kept_under_another_name"],
    "A table without rows": ["test_gold_job.py::test_a_table_without_rows_has_a_file_with_its_columns"],
    "An input that has never been published": ["test_gold_job.py::test_an_input_without_a_table_is_an_error"],
    "An input that publishes while it is read": ["test_gold_job.py::test_an_input_that_publishes_while_it_is_read_is_read_again"],
    "An input that is late": ["test_gold_job.py::test_a_query_over_an_input_becomes_a_table_with_a_record_that_leads_to_the_download"],
    "An input whose run died during publication": ["test_gold_job.py::test_a_publication_that_is_under_way_is_waited_for_and_a_dead_one_is_an_error"],
    "An assertion of a script that rows violate": ["test_gold_job.py::test_what_a_script_gets_wrong_is_an_error_and_the_table_stays"],
    "A script that returns no table, or tables other than `outputs`": ["test_gold_job.py::test_what_a_script_gets_wrong_is_an_error_and_the_table_stays"],
    "`from_run` or `reset_contract` for gold": ["test_gold_job.py::test_what_only_bronze_can_be_told_is_refused"],
    "Null, the empty text, a space, another case": ["test_history.py::test_what_is_another_value_and_what_is_not"],
    "Values that are equal only when concatenated, as `ab`, `c` and `a`, `bc`": ["test_history.py::test_what_is_another_value_and_what_is_not"],
    "The same input again": ["test_history.py::test_the_same_input_again_publishes_nothing"],
    "A key that disappears and returns": ["test_history.py::test_loads_through_the_job_keep_every_version"],
    "A key that is null, in whole or in part": ["test_history.py::test_any_sequence_of_loads_gives_the_versions_of_the_model"],
    "Two rows with the same key": ["test_history.py::test_a_load_that_cannot_go_on_is_an_error_and_the_history_stays"],
    "A new column in the query": ["test_history.py::test_columns_that_come_and_go_lose_no_version"],
    "A column removed from the query": ["test_history.py::test_columns_that_come_and_go_lose_no_version"],
    "A column whose type differs from its earlier versions": ["test_history.py::test_a_load_that_cannot_go_on_is_an_error_and_the_history_stays"],
    "A map among the compared columns": ["test_history.py::test_a_load_that_cannot_go_on_is_an_error_and_the_history_stays"],
    "A changed `business_key`": ["test_history.py::test_a_load_that_cannot_go_on_is_an_error_and_the_history_stays"],
    "A file of the history that is missing or was changed": ["test_history.py::test_a_history_that_cannot_be_read_is_an_error_and_no_first_load"],
    "A missing `published.json`": ["test_history.py::test_a_history_that_cannot_be_read_is_an_error_and_no_first_load"],
    "A clock that was set back": ["test_history.py::test_a_clock_that_went_back_is_an_error"],
    "`history` removed from the dataset": ["test_history.py::test_a_history_begins_with_a_table_that_had_none_and_ends_only_when_allowed"],
    "A run that is killed at any time": ["test_publish.py::test_killed_at_any_write_the_next_run_makes_it_right", "test_faults.py::test_a_fault_leaves_the_old_table_or_the_new_one_and_the_next_run_makes_it_new", "test_run_record.py::test_the_record_of_a_killed_run_is_closed_by_the_next"],
    "Two concurrent runs": ["test_publish.py::test_of_two_runs_at_once_the_later_one_gives_way"],
    "Two runs in the same second": ["test_run_record.py::test_runs_that_start_at_the_same_moment_have_ids_of_their_own"],
    "500, 503 SlowDown or a connection reset from S3": ["test_faults.py::test_a_fault_leaves_the_old_table_or_the_new_one_and_the_next_run_makes_it_new", "test_store.py::test_an_answer_that_breaks_off_is_asked_for_again"],
    "A full disk": ["test_fetch.py::test_a_full_disk_says_so", "test_container.py::test_a_copy_that_does_not_fit_says_so", "test_run_record.py::test_a_full_disk_in_a_spark_task_is_told_in_a_line"],
    "A wrong clock": ["test_run_record.py::test_a_clock_that_went_back_spoils_nothing", "test_fetch.py::test_a_wrong_certificate_ends_the_run[not valid yet, or a wrong clock]"],
    "Less than ten minutes before the timeout": ["test_bronze_job.py::test_publication_does_not_begin_shortly_before_the_timeout"],
    "Fewer than half of the published rows": ["test_gates.py::test_a_gate_that_fails_keeps_the_published_table"],
    "A row count mismatch": ["test_bronze_job.py::test_rows_in_must_be_rows_out"],
    "A retry by Glue of a run that cannot succeed": ["test_bronze_job.py::test_glue_retrying_a_run_that_failed_for_good_ends_at_once"],
    "Several tables, one of which fails": ["test_gates.py::test_gates_may_be_given_by_table", "test_publish.py::test_a_copy_that_fails_takes_back_the_others"],
    "Staging data that cannot be deleted": ["test_bronze_job.py::test_staging_that_cannot_be_cleared_fails_no_published_run"],
    "A published file that was deleted": ["test_unchanged.py::test_a_published_file_that_is_gone_is_made_anew"],
    "An expired original, with `from_run`": ["test_originals.py::test_an_original_that_is_gone_or_not_what_was_kept_fails_the_run"],
    "Invalid `run_options`": ["test_gates.py::test_run_options_that_make_no_sense_start_no_run"],
}  # fmt: skip
"""The tests that prove a row which has no case here."""


@pytest.mark.parametrize(("path", "case"), CASES)
def test_what_happens(
    dataset: MakeDataset, source: Source, capsys: pytest.CaptureFixture[str], path: str, case: Case
) -> None:
    made = dataset()
    table = made.name.replace("-", "_")
    if case.before:
        made.run(source.serves(case.before_path or path, case.before), **case.document)
    url = source.serves(path, Response(case.body))
    document = json.loads(json.dumps(case.document).replace("{table}", table))
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


def first_cells() -> list[str]:
    """The first cell of each row of the page's tables."""
    lines = PAGE.read_text().splitlines()
    rows = [line for line in lines if line.startswith("|") and not line.startswith(("| case |", "|---"))]
    assert all(re.fullmatch(r"\|( [^|]+ \|){3}", row) for row in rows)
    return [row.split(" | ")[0].removeprefix("| ") for row in rows]


def test_each_row_of_the_page_has_one_proof_and_each_proof_its_row() -> None:
    proved = [*(case.row for cases in PATHS.values() for case in cases), *ELSEWHERE]
    assert sorted(first_cells()) == sorted(proved)


@pytest.mark.parametrize("node", sorted({node for nodes in ELSEWHERE.values() for node in nodes}))
def test_a_test_that_proves_a_row_is_there(node: str) -> None:
    file, _, test = node.partition("::")
    name, _, case = test.removesuffix("]").partition("[")
    text = next(HERE.rglob(file)).read_text()
    assert f"def {name}(" in text
    assert f'id="{case}"' in text or not case


def test_what_the_page_says_of_other_limits() -> None:
    assert record_ends.MAX_RECORD_BYTES == 256 << 20
