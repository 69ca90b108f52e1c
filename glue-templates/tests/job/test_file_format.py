"""The file format that a document declares, and its defaults."""

from typing import Any

import pytest

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.file_format import FileFormat, file_format_of


def declared_format(declared: dict[str, Any], **document: Any) -> FileFormat:
    return file_format_of({"dataset": "x", "data_size_category": "small", "source_url": "https://example.org/x", "file_format": declared, **document})  # type: ignore[typeddict-item] # fmt: skip


def test_the_defaults_describe_common_csv() -> None:
    assert declared_format({}) == FileFormat(
        delimiter=",", header=True, encoding=None, quote='"', type=None, escape="", quoted_nulls=True
    )


def test_every_key_is_read() -> None:
    declared: dict[str, Any] = {
        "type": "csv", "delimiter": "|", "header": True, "column_names": ["a", "b"], "encoding": "cp1252", "quote": "'", "escape": "\\", "null_values": ["NA"], "quoted_nulls": False,
        "comment": "#", "skip_rows": 2, "skip_rows_after_header": 3, "skip_footer": 1, "date_format": "yyyyMMdd", "number_format": "1.234,56", "records": "data",
    }  # fmt: skip
    assert declared_format(declared) == FileFormat(**declared | {"null_values": ("NA",), "column_names": ("a", "b")})


@pytest.mark.parametrize(("declared", "expected"), [({}, "dd.MM.yyyy"), ({"date_format": "yyyyMMdd"}, "yyyyMMdd")])
def test_a_key_of_file_format_overrides_the_shorthand_of_the_document(declared: dict[str, Any], expected: str) -> None:
    assert declared_format(declared, date_format="dd.MM.yyyy").date_format == expected


@pytest.mark.parametrize(("declared", "header"), [({}, False), ({"header": True}, True)])
def test_fixed_width_has_no_header_and_no_quotes(declared: dict[str, Any], header: bool) -> None:
    file_format = declared_format({"widths": [1, 2], **declared})
    assert (file_format.type, file_format.widths, file_format.header, file_format.quote, file_format.escape) == (
        "fixed_width",
        (1, 2),
        header,
        "",
        "",
    )


@pytest.mark.parametrize("header", [True, False])
def test_column_names_imply_no_header_and_no_type(header: bool) -> None:
    assert declared_format({"column_names": ["a"]}) == FileFormat(header=False, column_names=("a",))
    assert declared_format({"column_names": ["a"], "header": header}).header == header


@pytest.mark.parametrize(
    ("declared", "named", "other"),
    [
        ({}, (False, ("a",)), (True, ())),
        ({"header": True}, (True, ("a",)), (True, ())),
        ({"header": False}, (False, ("a",)), (False, ())),
        ({"widths": [1]}, (False, ("a",)), (False, ())),
    ],
)
def test_column_names_of_a_table_imply_no_header_for_its_files_only(
    declared: dict[str, Any], named: tuple[bool, tuple[str, ...]], other: tuple[bool, tuple[str, ...]]
) -> None:
    file_format = declared_format({"column_names": {"t": ["a"]}, **declared})
    for table, expected in (("t", named), ("u", other)):
        of_table = file_format.of_table(table)
        assert (of_table.header, of_table.column_names) == expected


def test_column_names_of_all_tables_are_those_of_each_table() -> None:
    file_format = declared_format({"column_names": ["a"]})
    assert file_format.of_table("t") == file_format


def test_an_escape_that_equals_the_quote_means_doubled_quotes() -> None:
    assert declared_format({"escape": '"'}).escape == ""


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"type": "fixed_width"}, r"file_format\.widths is missing"),
        (
            {"type": "csv", "widths": [1]},
            r"file_format\.widths requires the type fixed_width, but file_format\.type is csv",
        ),
        (
            {"widths": [1, 2], "column_names": ["a"]},
            r"file_format\.widths has 2 fields, but file_format\.column_names has 1",
        ),
        (
            {"widths": [1, 2], "column_names": {"t": ["a"]}},
            r"file_format\.widths has 2 fields, but file_format\.column_names\.t has 1",
        ),
        (
            {"header": False, "skip_rows_after_header": 1},
            r"file_format\.skip_rows_after_header is set, but the file has no header",
        ),
        ({"delimiter": "'|'", "quote": "'"}, r"file_format\.quote ' is part of the delimiter"),
        ({"delimiter": "\\", "escape": "\\"}, r"file_format\.escape \\ is part of the delimiter"),
        ({"delimiter": "#", "comment": "#"}, r"file_format\.comment # is part of the delimiter"),
        ({"escape": "#", "comment": "#"}, r"file_format\.comment # is also used as the quote or the escape"),
    ],
)
def test_contradicting_keys_are_an_error(declared: dict[str, Any], message: str) -> None:
    with pytest.raises(RunFailed, match=f"^FILE_FORMAT_INVALID: .*{message}") as raised:
        declared_format(declared)
    assert raised.value.code == ErrorCode.FILE_FORMAT_INVALID
