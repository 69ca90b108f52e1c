"""Fixed-width text becomes columns: widths count characters, padding is removed, and text that does not match is kept."""

import pytest

from etl_runtime.job.file_format import FileFormat
from etl_runtime.read.text.fixed_width import read_fields, read_table

FORMAT = FileFormat(type="fixed_width", quote="", widths=(3, 4, 2))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("  1abcdNY\n22 x   ZZ\n", [["1", "abcd", "NY"], ["22", "x", "ZZ"]], id="padding on both sides"),
        pytest.param("1  a  b  \n", [["1", "a  b", None]], id="spaces within a value are kept"),
        pytest.param(
            "été ßß NY\n𝄞𝄞𝄞abcdNY\n", [["été", "ßß", "NY"], ["𝄞𝄞𝄞", "abcd", "NY"]], id="characters, not bytes"
        ),
        pytest.param(
            "\n  1abcdNY\n\n\n2  abcdNY\n\n",
            [["1", "abcd", "NY"], ["2", "abcd", "NY"]],
            id="empty lines are not records",
        ),
        pytest.param("1  abcdNY\r\n2  abcdNY\r\n", [["1", "abcd", "NY"], ["2", "abcd", "NY"]], id="CR LF"),
        pytest.param("1  abcdNY\r2  abcdNY\r", [["1", "abcd", "NY"], ["2", "abcd", "NY"]], id="CR only"),
        pytest.param(
            "1  abcdNY\n         \n", [["1", "abcd", "NY"], [None, None, None]], id="a blank line is a record"
        ),
        pytest.param('"1"a,"dNY\n', [['"1"', 'a,"d', "NY"]], id="quotes and delimiters are text"),
        pytest.param("1\t \u00a0abcNY\n", [["1\t", "\u00a0abc", "NY"]], id="only spaces are padding"),
        pytest.param("1  a\0cdNY\n", [["1", "a\0cd", "NY"]], id="NUL bytes"),
    ],
)
def test_cells_of_fixed_width_text_are(text: str, expected: list[list[str | None]]) -> None:
    table = read_table(text.encode(), FORMAT, 3)
    assert [list(row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)] == expected
    assert (table.surplus, table.short) == ({}, {})


@pytest.mark.parametrize("character", ["x", "é"])
@pytest.mark.parametrize(
    ("text", "surplus", "short"),
    [
        pytest.param("1  abcdNY\n1  abcdNY  more \n1  abcdNY   \n", {1: ["more"]}, {}, id="text after the last field"),
        pytest.param("1  abcdNY\n1\n1  a\n1  abcd\n1  abcdN\n", {}, {}, id="a writer that omits padding"),
        pytest.param(
            "1  abcdN \n1\n1  \n1  a\n1  abcd\n1  abcdN\n", {}, {1: 1, 2: 1, 3: 2, 4: 2}, id="a truncated line"
        ),
    ],
)
def test_extra_text_and_truncated_lines_are_reported(
    text: str, surplus: dict[int, list[str]], short: dict[int, int], character: str
) -> None:
    table = read_table(text.replace("a", character).encode(), FORMAT, 3)
    assert (table.surplus, table.short) == (surplus, short)


def test_null_values_match_without_padding() -> None:
    table = read_table(b" NAabcd..\n", FileFormat(type="fixed_width", widths=(3, 4, 2), null_values=("NA", "..")), 3)
    assert [column.to_pylist() for column in table.columns] == [[None], ["abcd"], [None]]


def test_names_are_read_from_the_first_line_like_values() -> None:
    assert read_fields("id naméST\r\n".encode(), FORMAT) == ["id", "namé", "ST"]
    assert read_fields(b"id name\n", FORMAT) == ["id", "name", ""]
