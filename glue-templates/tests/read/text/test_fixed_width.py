"""Text of fixed width becomes columns: widths count characters, padding is no value, what does not fit is kept or noted."""

import pytest

from etl_runtime.job.file_format import FileFormat
from etl_runtime.read.text.fixed_width import read_fields, read_table

RULES = FileFormat(type="fixed_width", quote="", widths=(3, 4, 2))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("  1abcdNY\n22 x   ZZ\n", [["1", "abcd", "NY"], ["22", "x", "ZZ"]], id="padding at either side"),
        pytest.param("1  a  b  \n", [["1", "a  b", None]], id="spaces within a value are its own"),
        pytest.param(
            "été ßß NY\n𝄞𝄞𝄞abcdNY\n", [["été", "ßß", "NY"], ["𝄞𝄞𝄞", "abcd", "NY"]], id="characters, not bytes"
        ),
        pytest.param(
            "\n  1abcdNY\n\n\n2  abcdNY\n\n",
            [["1", "abcd", "NY"], ["2", "abcd", "NY"]],
            id="empty lines are no records",
        ),
        pytest.param("1  abcdNY\r\n2  abcdNY\r\n", [["1", "abcd", "NY"], ["2", "abcd", "NY"]], id="CR LF"),
        pytest.param("1  abcdNY\r2  abcdNY\r", [["1", "abcd", "NY"], ["2", "abcd", "NY"]], id="CR only"),
        pytest.param(
            "1  abcdNY\n         \n", [["1", "abcd", "NY"], [None, None, None]], id="a blank line is a record"
        ),
        pytest.param('"1"a,"dNY\n', [['"1"', 'a,"d', "NY"]], id="quotes and delimiters are text"),
        pytest.param("1\t \u00a0abcNY\n", [["1\t", "\u00a0abc", "NY"]], id="only spaces are padding"),
        pytest.param("1  a\0cdNY\n", [["1", "a\0cd", "NY"]], id="zero bytes"),
    ],
)
def test_cells_are(text: str, expected: list[list[str | None]]) -> None:
    table = read_table(text.encode(), RULES, 3)
    assert [list(row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)] == expected
    assert (table.surplus, table.short) == ({}, {})


@pytest.mark.parametrize("letter", ["x", "é"])
@pytest.mark.parametrize(
    ("text", "surplus", "short"),
    [
        pytest.param("1  abcdNY\n1  abcdNY  more \n1  abcdNY   \n", {1: ["more"]}, {}, id="text behind the last field"),
        pytest.param("1  abcdNY\n1\n1  a\n1  abcd\n1  abcdN\n", {}, {}, id="a writer that leaves out padding"),
        pytest.param(
            "1  abcdN \n1\n1  \n1  a\n1  abcd\n1  abcdN\n", {}, {1: 1, 2: 1, 3: 2, 4: 2}, id="a line that was cut"
        ),
    ],
)
def test_what_does_not_fit_is_noted(
    text: str, surplus: dict[int, list[str]], short: dict[int, int], letter: str
) -> None:
    table = read_table(text.replace("a", letter).encode(), RULES, 3)
    assert (table.surplus, table.short) == (surplus, short)


def test_null_values_are_null_once_their_padding_is_off() -> None:
    table = read_table(b" NAabcd..\n", FileFormat(type="fixed_width", widths=(3, 4, 2), null_values=("NA", "..")), 3)
    assert [column.to_pylist() for column in table.columns] == [[None], ["abcd"], [None]]


def test_names_are_cut_from_the_first_line_like_values() -> None:
    assert read_fields("id naméST\r\n".encode(), RULES) == ["id", "namé", "ST"]
    assert read_fields(b"id name\n", RULES) == ["id", "name", ""]
