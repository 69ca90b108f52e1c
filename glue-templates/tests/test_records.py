"""Records are counted while unpacking as Arrow's kernel will read them, and cut only where one ends."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_runtime import records
from etl_runtime.csv_kernel import read_table
from etl_runtime.errors import RunFailed
from etl_runtime.file_format import FileFormat
from etl_runtime.records import cut_at_record_ends, record_ends

messy = st.text(alphabet='ab,"\n\r', max_size=40).map(str.encode)


def blocks(text: bytes, size: int) -> Iterator[bytes]:
    return (text[start : start + size] for start in range(0, len(text), size))


def cut(text: bytes, size: int = 7) -> list[records.Records]:
    return list(cut_at_record_ends(blocks(text, size), b",", b'"', "x.csv"))


@given(messy, st.integers(1, 12))
def test_blocks_of_any_size_give_the_same_records(text: bytes, size: int) -> None:
    try:
        whole = cut(text, 1000)
    except RunFailed:
        with pytest.raises(RunFailed):
            cut(text, size)
        return
    pieces = cut(text, size)
    assert b"".join(run.text for run in pieces) == b"".join(run.text for run in whole)
    assert sum(run.count() for run in pieces) == sum(run.count() for run in whole)


@given(messy)
def test_the_count_is_that_of_arrow(text: bytes) -> None:
    try:
        runs = cut(text)
    except RunFailed as error:
        assert "never closes" in str(error)
        return
    joined = b"".join(run.text for run in runs)
    if sum(run.count() for run in runs):
        assert read_table(joined, FileFormat(), 3).rows == sum(run.count() for run in runs)


@given(messy)
def test_the_fast_way_agrees_with_the_scanner(text: bytes) -> None:
    assert record_ends(text, b",", b'"').tolist() == records._scanned_ends(text, b",", b'"').tolist()


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (b"", 0),
        (b"a,b\n1,2\n", 2),
        (b"a,b\r\n1,2\r\n", 2),
        (b"a,b\r1,2\r", 2),
        (b"a,b\n1,2", 2),
        (b'a,b\n"1\n2","3\r\n4"\n', 2),
        (b'a,b\n5" pipe,1\n6" pipe,2\n', 3),
        (b'"a ""quoted"" word",b\nx,y\n', 2),
        (b"\n\na,b\n\n1,2\n\n", 2),
        (b'"a"x,b\n"c",d\n', 2),
    ],
)
def test_records_are_counted(text: bytes, count: int) -> None:
    assert sum(run.count() for run in cut(text)) == count


def test_a_quote_that_never_closes_is_an_error_that_names_the_record() -> None:
    with pytest.raises(RunFailed, match=r"x\.csv: a quote opens in record 2 and never closes.*file_format\.quote"):
        cut(b'a,b\n"1,2\n3,4\n', 1000)


def test_a_record_without_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "LONGEST_RECORD_BYTES", 1 << 20)
    with pytest.raises(RunFailed, match="record 1 is longer than 1 MB"):
        list(cut_at_record_ends((b'"' + b"x" * 600_000 for _ in range(100)), b",", b'"', "x.csv"))
