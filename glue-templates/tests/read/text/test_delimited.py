"""Delimited text becomes columns of text: every value is unchanged, and missing values are null."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from etl_runtime.job.errors import RunFailed
from etl_runtime.job.file_format import FileFormat
from etl_runtime.read.text import delimited
from etl_runtime.read.text.decode import with_single_byte_delimiter
from etl_runtime.read.text.delimited import read_fields, read_table
from etl_runtime.read.text.record_ends import split_at_record_ends

ESCAPED = FileFormat(escape="\\")


def rows(
    text: bytes, file_format: FileFormat, width: int
) -> tuple[list[list[Any]], dict[int, list[str]], dict[int, int]]:
    """The rows of a text after it is split into records, like a part in staging."""
    blocks = iter([text])
    if len(file_format.delimiter) > 1:
        blocks = with_single_byte_delimiter(
            blocks, file_format.delimiter.encode(), file_format.escape.encode(), "x.csv"
        )
    batches = list(split_at_record_ends(blocks, file_format, "x.csv"))
    table = read_table(
        b"".join(batch.text for batch in batches), file_format, width, sum(batch.count() for batch in batches)
    )
    return (
        [list(row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)],
        table.surplus,
        table.short,
    )


@pytest.mark.parametrize(
    ("text", "file_format", "expected"),
    [
        pytest.param(b'5" disk,a"b"\n', FileFormat(), [['5" disk', 'a"b"']], id="a stray quote in an unquoted field"),
        pytest.param(b'"a"b,c\n', FileFormat(), [['"a"b', "c"]], id="text after a closing quote"),
        pytest.param(b'"a" ,c\n', FileFormat(), [['"a" ', "c"]], id="a space after a closing quote"),
        pytest.param(b'"a,\n1"b"c,"d""e"\n', FileFormat(), [['"a,\n1"b"c', 'd"e']], id="text after a closing quote, with quoted delimiters and line endings"),
        pytest.param(b'""a"",c\n', FileFormat(), [['""a""', "c"]], id="an extra quote on both sides"),
        pytest.param(b'1,2\n"a"b\n"c"d,e,f\n3,4\n', FileFormat(), [["1", "2"], ['"a"b', None], ['"c"d', "e"], ["3", "4"]], id="among rows with other field counts"),
        pytest.param(b'"a"b||c\n', FileFormat(delimiter="||"), [['"a"b', "c"]], id="with a delimiter of two characters"),
        pytest.param(b"'a'b,c\n", FileFormat(quote="'"), [["'a'b", "c"]], id="with another quote"),
        pytest.param(b'"a\\"b"c\\,d,e\n', ESCAPED, [['"a\\"b"c\\,d', "e"]], id="with escapes"),
        pytest.param(b'a\\,b,"c\\"d"\n', ESCAPED, [["a,b", 'c"d']], id="an escape in and outside of quotes"),
        pytest.param(b'a\\\nb,"c\\\nd"\n', ESCAPED, [["a\nb", "c\nd"]], id="an escaped line ending"),
        pytest.param(b'a\\\\,"b\\\\"\n', ESCAPED, [["a\\", "b\\"]], id="an escaped escape"),
        pytest.param(b'\\"a,b"\n', ESCAPED, [['"a', 'b"']], id="an escaped quote opens nothing"),
        pytest.param(b"a\\||c||b\n", FileFormat(delimiter="||", escape="\\"), [["a||c", "b"]], id="an escaped delimiter of two characters"),
        pytest.param(b"a\\|||b\n", FileFormat(delimiter="||", escape="\\"), [["a|", "b"]], id="half of a delimiter escaped"),
        pytest.param(b"a\\\\||b\n", FileFormat(delimiter="||", escape="\\"), [["a\\", "b"]], id="an escaped escape before a delimiter"),
        pytest.param(b'\\""\n",b,"\n', ESCAPED, [['""', None], [",b,", None]], id="a quote after an escaped quote opens nothing"),
        pytest.param(b'"a""b",c\n', ESCAPED, [['a"b', "c"]], id="a doubled quote with an escape character declared"),
        pytest.param(b'NA,"NA"\nna,\n', FileFormat(null_values=("NA",)), [[None, None], ["na", None]], id="null values"),
        pytest.param(b'NA,"NA"\n,""\n', FileFormat(null_values=("NA",), quoted_nulls=False), [[None, "NA"], [None, ""]], id="quoted null values that are text"),
        pytest.param(b'\\N,N\n"\\N",a\\N\n\\\\N,\\a\n', FileFormat(escape="\\", null_values=("\\N",)), [[None, "N"], [None, "aN"], ["\\N", "a"]], id="a null value with an escape"),
        pytest.param(b"\\N,N\n", FileFormat(null_values=("\\N",)), [[None, "N"]], id="a null value with a backslash without escape"),
        pytest.param(b"\x01\\N,\\N\n", FileFormat(escape="\\", null_values=("\\N",)), [["\x01N", None]], id="a null value with an escape and control characters"),
        pytest.param(b"a||b\n", FileFormat(delimiter="|", null_values=("|",)), [["a", None]], id="a null value that is the delimiter"),
        pytest.param(b'"a||b"c||d\n', FileFormat(delimiter="||"), [['"a||b"c', "d"]], id="a delimiter in a field with text after its closing quote"),
        pytest.param(b'"||"||b\n', FileFormat(delimiter="||", null_values=("||",)), [[None, "b"]], id="a null value that is a delimiter of two characters"),
        pytest.param("\ufeffa,b\n".encode(), FileFormat(), [["\ufeffa", "b"]], id="a byte-order mark within the file"),
        pytest.param(b"a\0b,\0\n", FileFormat(), [["a\0b", "\0"]], id="NUL bytes"),
        pytest.param(b"a,b\rc,d\r", FileFormat(), [["a", "b"], ["c", "d"]], id="CR only"),
    ],
)  # fmt: skip
def test_cells_of_delimited_text_are(text: bytes, file_format: FileFormat, expected: list[list[str | None]]) -> None:
    assert rows(text, file_format, 2)[0] == expected


@pytest.mark.parametrize(
    ("text", "expected", "surplus", "short"),
    [
        pytest.param(b"1,2,\n3,4,\n", [["1", "2"], ["3", "4"]], {}, {}, id="a delimiter at the end of each line"),
        pytest.param(
            b"1,2,\n3,4\n5,\n", [["1", "2"], ["3", "4"], ["5", None]], {}, {}, id="a delimiter at the end of some lines"
        ),
        pytest.param(
            b"1,2,\n3,4,x\n5\n",
            [["1", "2"], ["3", "4"], ["5", None]],
            {1: ["x"]},
            {2: 1},
            id="a value after it is kept",
        ),
        pytest.param(
            b"1,2,\n3,4,,x\n", [["1", "2"], ["3", "4"]], {1: ["", "x"]}, {}, id="several fields after it are kept"
        ),
        pytest.param(b"1,\n3,4\n", [["1", None], ["3", "4"]], {}, {}, id="an empty last value is null"),
        pytest.param(b'"1,","2\n",\n3,4,\n', [["1,", "2\n"], ["3", "4"]], {}, {}, id="after quotes"),
    ],
)
def test_a_trailing_delimiter_does_not_add_a_field(
    text: bytes, expected: list[list[str | None]], surplus: dict[int, list[str]], short: dict[int, int]
) -> None:
    assert rows(text, FileFormat(), 2) == (expected, surplus, short)


def test_surplus_has_unquoted_and_quoted_empty_fields() -> None:
    assert rows(b'1,2,"",x\n1,2,"",\n', FileFormat(quoted_nulls=False), 2)[1] == {0: ["", "x"]}


def test_null_values_do_not_apply_to_column_names() -> None:
    assert read_fields(b'NA,"",b\n', FileFormat(null_values=("NA",), quoted_nulls=False)) == ["NA", "", "b"]


def test_a_field_of_10_mb_is_read() -> None:
    long = b"x" * 10_000_000
    assert rows(b'1,"' + long + b'\n"\n2,b\n', FileFormat(), 2)[0] == [["1", long.decode() + "\n"], ["2", "b"]]


def test_an_escaped_cr_at_the_end_of_an_incomplete_row_is_kept() -> None:
    assert rows(b"a,b\nc\\\r\nd,e\n", ESCAPED, 2)[0] == [["a", "b"], ["c\r", None], ["d", "e"]]


@pytest.mark.parametrize("block_bytes", [8, 16, 32, 64, 1 << 20])
def test_rows_do_not_depend_on_the_block_size(block_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [b'%d,"x, %d"' % (row, row) for row in range(100)]
    lines[30], lines[60], lines[90] = b"30", b"60,a,b", b'90,"' + b"long" * 10 + b'"'
    expected: list[list[str | None]] = [[str(row), f"x, {row}"] for row in range(100)]
    expected[30], expected[60], expected[90] = ["30", None], ["60", "a"], ["90", "long" * 10]
    monkeypatch.setattr(delimited, "BLOCK_BYTES", block_bytes)
    assert rows(b"\n".join(lines), FileFormat(), 2) == (expected, {60: ["b"]}, {30: 1})


def test_a_quoted_line_ending_does_not_end_a_record_without_final_line_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 8)
    [column] = read_table(b'one\n"two\n3"', FileFormat(), 1, records=2).columns
    assert column.to_pylist() == ["one", "two\n3"]


def test_a_lone_cr_between_blocks_ends_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 6)
    assert rows(b'\r"q","x\ry"\r\n', FileFormat(), 2)[0] == [["q", "x\ry"]]


@pytest.mark.parametrize(
    ("text", "records", "width", "blocks"),
    [
        (b'1,"a"\n2,b\n', 2, 2, True),
        (b'1,"a\n"\n2,b\n', 2, 2, False),
        (b"1,a\r\n2,b\r\n", 2, 2, False),
        (b"1,a\n\n2,b\n", 2, 2, False),
        (b"1,a\n2,b\n", None, 2, False),
        (b"a" + b",a" * 500 + b"\n", 1, 501, False),
    ],
    ids=["lines", "a line ending in quotes", "CR LF", "a blank line", "not counted", "hundreds of columns"],
)
def test_single_line_records_are_read_in_blocks(
    text: bytes, records: int | None, width: int, blocks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    read_lines = delimited._read_lines

    def watched(*given: Any) -> Any:
        calls.append(given)
        return read_lines(*given)

    monkeypatch.setattr(delimited, "_read_lines", watched)
    read_table(text, FileFormat(), width, records)
    assert bool(calls) == blocks


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        (b"\0,x", ["\0", "x"]),
        (b"x,\0", ["x", "\0"]),
        (b"a\0b,\0\0", ["a\0b", None]),
        (b'"\0,",x', ["\0,", "x"]),
        (b"\0", ["\0", None]),
    ],
    ids=ascii,
)
@pytest.mark.parametrize("at", [8_000, 50_000])
@pytest.mark.parametrize("counted", [True, False], ids=["in blocks", "in one block"])
def test_zero_bytes_do_not_hide_a_delimiter_or_line_ending(
    line: bytes, cells: list[str | None], at: int, counted: bool
) -> None:
    lines = [b"a" * 100 + b"," + b"b" * 100] * 60_000
    lines[at] = line
    table = read_table(b"\n".join([*lines, b""]), FileFormat(null_values=("\0\0",)), 2, len(lines) if counted else None)
    assert [column[at].as_py() for column in table.columns] == cells
    rest = [
        column.filter(pc.not_equal(pa.array(range(len(lines))), at)).unique().to_pylist() for column in table.columns
    ]
    assert (table.rows, rest) == (60_000, [["a" * 100], ["b" * 100]])


def test_zero_bytes_among_all_other_control_characters_fail_the_run() -> None:
    with pytest.raises(
        RunFailed, match="^TEXT_INVALID: The text contains every control character, so its NUL bytes cannot be read"
    ):
        read_table(bytes(range(0x20)) + b"\n", FileFormat(), 1)
