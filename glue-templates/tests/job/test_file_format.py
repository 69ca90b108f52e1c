"""What a document declares of its files, and what holds where it leaves a key out."""

from typing import Any

import pytest

from etl_runtime.job.errors import RunFailed
from etl_runtime.job.file_format import FileFormat, file_format_of


def rules_for(declared: dict[str, Any], **document: Any) -> FileFormat:
    return file_format_of({"dataset": "x", "data_size_category": "small", "source_url": "https://example.org/x", "file_format": declared, **document})  # type: ignore[typeddict-item] # fmt: skip


def test_nothing_declared_is_csv_as_most_write_it() -> None:
    assert rules_for({}) == FileFormat(
        delimiter=",", header=True, encoding=None, quote='"', type=None, escape="", quoted_nulls=True
    )


def test_every_key_is_read() -> None:
    declared: dict[str, Any] = {
        "type": "csv", "delimiter": "|", "header": False, "encoding": "cp1252", "quote": "'", "escape": "\\", "null_values": ["NA"], "quoted_nulls": False,
        "comment": "#", "skip_rows": 2, "skip_footer": 1, "date_format": "yyyyMMdd", "number_format": "1.234,56", "records": "data",
    }  # fmt: skip
    assert rules_for(declared) == FileFormat(**declared | {"null_values": ("NA",)})


@pytest.mark.parametrize(("declared", "expected"), [({}, "dd.MM.yyyy"), ({"date_format": "yyyyMMdd"}, "yyyyMMdd")])
def test_a_short_form_gives_way_to_the_key_itself(declared: dict[str, Any], expected: str) -> None:
    assert rules_for(declared, date_format="dd.MM.yyyy").date_format == expected


@pytest.mark.parametrize(("declared", "header"), [({}, False), ({"header": True}, True)])
def test_fixed_width_has_no_header_and_no_quotes(declared: dict[str, Any], header: bool) -> None:
    rules = rules_for({"widths": [1, 2], **declared})
    assert (rules.type, rules.widths, rules.header, rules.quote, rules.escape) == (
        "fixed_width",
        (1, 2),
        header,
        "",
        "",
    )


def test_an_escape_that_is_the_quote_means_that_quotes_are_doubled() -> None:
    assert rules_for({"escape": '"'}).escape == ""


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"type": "fixed_width"}, r"file_format\.widths is missing"),
        ({"type": "csv", "widths": [1]}, r"widths is for files of fixed width, but file_format\.type is csv"),
        ({"delimiter": "'|'", "quote": "'"}, r"file_format\.quote ' is part of the delimiter"),
        ({"delimiter": "\\", "escape": "\\"}, r"file_format\.escape \\ is part of the delimiter"),
        ({"delimiter": "#", "comment": "#"}, r"file_format\.comment # is part of the delimiter"),
        ({"escape": "#", "comment": "#"}, r"file_format\.comment # is also the quote or the escape"),
    ],
)
def test_keys_that_contradict_each_other_are_an_error(declared: dict[str, Any], message: str) -> None:
    with pytest.raises(RunFailed, match=message):
        rules_for(declared)
