"""Files are split into blocks of records. A block states what all its records have in common."""

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_runtime.job.errors import RunFailed
from etl_runtime.job.file_format import FileFormat, file_format_of
from etl_runtime.read.container import Member
from etl_runtime.read.split_records import RecordBlock, split_records, type_of
from etl_runtime.source.records_contract import SINGLE_RECORD, TableRecords

CELLS = st.sampled_from(["", "a", "b c", '"d"', '"|"', '"e|\n|"', '"f ""g"" |"', "é"])


def blocks(text: str, file_format: FileFormat) -> list[RecordBlock]:
    return list(split_records(Member("x.psv", lambda: io.BytesIO(text.encode())), file_format))


@given(
    records=st.lists(st.lists(CELLS, min_size=1, max_size=4).map(lambda cells: [*cells, ""]), min_size=1, max_size=6),
    end=st.sampled_from(["\n", "\r\n"]),
    last_end=st.booleans(),
)
def test_the_last_column_is_blank_if_no_record_has_a_value_in_it(
    records: list[list[str]], end: str, last_end: bool
) -> None:
    text = end.join("|".join(record) for record in records) + (end if last_end else "")
    width = len(records[0])
    is_blank = not any(record[width - 1] for record in records if len(record) >= width)
    (block,) = blocks(text, FileFormat(delimiter="|", type="csv", header=False, is_quote_declared=True))
    assert (block.records, block.blank_last) == (len(records), is_blank)


@pytest.mark.parametrize("text", ["a|b|\na|b|c|\na|\n", "a|b|\r\na|\r\na|b|c|\r\n", "a|b|\na|b|\n\na|b|c\n"])
def test_a_value_in_the_last_column_is_found_among_records_of_other_lengths(text: str) -> None:
    (block,) = blocks(text, FileFormat(delimiter="|", type="csv", header=False))
    assert not block.blank_last


@pytest.mark.parametrize(
    ("text", "declared", "published", "expected"),
    [
        pytest.param('["a", "b"]\n[1, 2]\n', {}, False, None, id="rows without orient"),
        pytest.param('["a", "b"]\n[1, 2]\n', {"orient": "values"}, False, [{"a": 1, "b": 2}], id="rows"),
        pytest.param(
            "[1, 2]\n[3, 4]\n",
            {"orient": "values", "column_names": ["a", "b"]},
            False,
            [{"a": 1, "b": 2}, {"a": 3, "b": 4}],
            id="rows with declared names",
        ),
        pytest.param("[1, 2]\n[3]\n", {"type": "jsonl"}, False, [[1, 2], [3]], id="a declared type"),
        pytest.param("[1, 2]\n[3]\n", {}, True, [[1, 2], [3]], id="published as lists"),
        pytest.param('[{"a": 1}, {"a": 2}]\n', {}, False, [{"a": 1}, {"a": 2}], id="one list"),
        pytest.param('[{"a": 1}]\n[{"a": 2}]\n', {}, False, [{"a": 1}, {"a": 2}], id="a list of objects per line"),
        pytest.param("[[1, 2], [3, 4]]", {}, False, None, id="one list of rows"),
    ],
)
def test_lists_in_json_lines(text: str, declared: dict[str, Any], published: bool, expected: list[Any] | None) -> None:
    member = Member("x.jsonl", lambda: io.BytesIO(text.encode()))
    file_format = file_format_of({"file_format": declared})  # type: ignore[typeddict-item]
    file_format = replace(file_format, type=type_of(member, file_format))
    places = TableRecords(SINGLE_RECORD if published else None)
    if expected is None:
        with pytest.raises(RunFailed, match=r'^JSON_RECORDS_AMBIGUOUS: .*set file_format to {"orient": "values"}'):
            list(split_records(member, file_format, "x", places))
        return
    lines = b"".join(bytes(block.body) for block in split_records(member, file_format, "x", places)).splitlines()
    assert [json.loads(line) for line in lines if line.strip()] == expected
