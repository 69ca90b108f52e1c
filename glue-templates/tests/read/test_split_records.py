"""Files are split into blocks of records, with what all records of a block have in common."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_runtime.job.file_format import FileFormat
from etl_runtime.read.container import Member
from etl_runtime.read.split_records import RecordBlock, split_records

CELLS = st.sampled_from(["", "a", "b c", '"d"', '"|"', "é"])


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
    (block,) = blocks(text, FileFormat(delimiter="|", type="csv", header=False))
    assert (block.records, block.blank_last) == (len(records), is_blank)


@pytest.mark.parametrize("text", ["a|b|\na|b|c|\na|\n", "a|b|\r\na|\r\na|b|c|\r\n", "a|b|\na|b|\n\na|b|c\n"])
def test_a_value_in_the_last_column_is_found_among_records_of_other_lengths(text: str) -> None:
    (block,) = blocks(text, FileFormat(delimiter="|", type="csv", header=False))
    assert not block.blank_last
