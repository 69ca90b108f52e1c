"""Reports the values that keep a column text, with the configuration keys to paste."""

import pyarrow as pa
import pytest

from etl_runtime.columns.blocking_values import blocked_lines, blocked_type, is_missing_word

NUMBERS = [str(number) for number in range(10, 40)]
DAYS = [f"{day:02}/{month:02}/2024" for day in range(1, 13) for month in range(1, 6)]  # valid in either order


@pytest.mark.parametrize(
    ("cells", "type", "values", "are_missing"),
    [
        (["NA", "1", "2"], {"type": "bigint"}, ("NA",), True),
        (["1.50", ".", "2.25", "."], {"type": "decimal(18,2)"}, (".",), True),
        (["2024-01-01", "\\N"], {"type": "date"}, ("\\N",), True),
        (["n/a", "-", "3"], {"type": "bigint"}, ("n/a", "-"), True),
        (["#N/A", "(null)", "3.25"], {"type": "decimal(18,2)"}, ("#N/A", "(null)"), True),
        (["01/31/2024", "none"], {"type": "date", "format": "MM/dd/yyyy"}, ("none",), True),
        (["hidden", "1", "2", "3"], {"type": "bigint"}, ("hidden",), False),
        ([*NUMBERS, "12O"], {"type": "bigint"}, ("12O",), False),
        ([*(f"202401{day}" for day in NUMBERS[:20]), "00000000"], {"type": "date", "format": "yyyyMMdd"}, ("00000000",), False),
        ([*NUMBERS, "<5"], {"type": "bigint"}, ("<5",), False),
        ([*DAYS, "13/05/2024", "25/05/2024", "99/99/9999"], {"type": "date", "format": "dd/MM/yyyy"}, ("99/99/9999",), False),
        ([*DAYS, "05/13/2024", "05/25/2024", "99/99/9999"], {"type": "date", "format": "MM/dd/yyyy"}, ("99/99/9999",), False),
        ([*DAYS, "99/99/9999"], {"type": "date", "format": "MM/dd/yyyy or dd/MM/yyyy"}, ("99/99/9999",), False),
        ([*DAYS, "13/05/2024", "05/13/2024"], {"type": "date", "format": "MM/dd/yyyy or dd/MM/yyyy"}, ("13/05/2024", "05/13/2024"), False),
        (["1/2/2024", *DAYS, "99/99/9999"], {"type": "date", "format": "M/d/yyyy or d/M/yyyy"}, ("99/99/9999",), False),
    ],
)  # fmt: skip
def test_the_values_that_keep_a_column_text_are(
    cells: list[str], type: dict[str, str], values: tuple[str, ...], are_missing: bool
) -> None:
    found = blocked_type(pa.array(cells))
    assert found
    assert (found.entry, found.values, found.are_missing_words) == (type, values, are_missing)


@pytest.mark.parametrize(
    "cells", [["a", "b"], ["A", "B", "1"], ["NA"], ["NA", "007", "012"], ["A12", "B13"], [], ["x", "y", "1", "2"]]
)
def test_text_has_no_other_type(cells: list[str]) -> None:
    assert blocked_type(pa.array(cells, pa.string())) is None


@pytest.mark.parametrize(
    "last", [["13/05/2024"], ["13/05/2024", "25/05/2024"], ["31/12/2024", "30/12/2024", "29/12/2024"], []]
)
def test_no_value_is_named_if_a_format_fits_all(last: list[str]) -> None:
    assert blocked_type(pa.array([*DAYS, *last])) is None


@pytest.mark.parametrize("word", ["NA", "n/a", "N.A.", "null", "NULL", "None", "nan", "\\N", ".", "..", "-", "--", ":", "*", "#N/A", "(null)", "<NA>", "not available", "?"])  # fmt: skip
def test_words_for_missing_values(word: str) -> None:
    assert is_missing_word(word)


@pytest.mark.parametrize("word", ["Nancy", "A", "nap", "No", "N", "+x", "Nina", "hidden", "total"])
def test_other_words_are_values(word: str) -> None:
    assert not is_missing_word(word)


def test_the_lines_name_the_columns_and_the_keys_to_paste() -> None:
    cells = {"a": ["NA", "1"], "b": ["2.50", "NA"], "c": ["x", "1", "2", "3"]}
    blocked = {source: blocked_type(pa.array(values)) for source, values in cells.items()}
    assert blocked_lines("t", {source: each for source, each in blocked.items() if each}, ["-"], header=True) == [
        't: columns a (otherwise bigint), b (otherwise decimal(18,2)) are text because of "NA". '
        'If it means a missing value, declare file_format {"null_values": ["-", "NA"]}',
        't: c is text instead of bigint because of "x". To store such values in meta_rescued, declare column_schema '
        '{"t": {"c": {"type": "bigint"}}}. If they mean that a value is missing, add them to file_format null_values',
    ]


@pytest.mark.parametrize(
    ("header", "remedy"),
    [
        (True, 'If that record contains units or formats, declare file_format {"skip_rows_after_header": 1}'),
        (False, 'If that record is a header, declare file_format {"header": true}'),
    ],
)
def test_a_first_record_of_another_kind_is_named(header: bool, remedy: str) -> None:
    cells = {"a": ["[m]", "1", "2", "3"], "b": ["[s]", "4", "5", "6"]}
    blocked = {source: blocked_type(pa.array(values)) for source, values in cells.items()}
    assert blocked_lines("t", {source: each for source, each in blocked.items() if each}, (), header=header) == [
        f't: columns a (otherwise bigint), b (otherwise bigint) are text because of the first record ("[m]", "[s]"). {remedy}'
    ]
