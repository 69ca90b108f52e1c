"""Records are counted while unpacking as Arrow's kernel will read them, and cut only where one ends."""

from collections.abc import Iterator

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dialect import parsed
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.file_format import FileFormat
from etl_runtime.read.text import delimited, record_ends
from etl_runtime.read.text.record_ends import (
    Records,
    line_ends,
    record_lines,
    split_at_record_ends,
    without_header,
    without_last,
)
from log_lines import logged

messy = st.text(alphabet='ab,"\\#\n\r', max_size=40).map(str.encode)
grammars = st.builds(
    FileFormat, quote=st.sampled_from(["", '"']), escape=st.sampled_from(["", "\\"]), comment=st.sampled_from(["", "#"])
)
CSV = FileFormat()


def blocks(text: bytes, size: int) -> Iterator[bytes]:
    return (text[start : start + size] for start in range(0, len(text), size))


def cut(text: bytes, file_format: FileFormat = CSV, size: int = 7) -> list[Records]:
    return list(split_at_record_ends(blocks(text, size), file_format, "x.csv"))


def cut_if_whole(text: bytes, file_format: FileFormat, size: int = 7) -> list[Records]:
    """The runs of a text; no example where a quote never closes, or where it ends on an escape."""
    try:
        return cut(text, file_format, size)
    except RunFailed as error:
        assume("never closes" not in str(error) and "ends on the escape" not in str(error))
        raise


def joined(runs: list[Records]) -> bytes:
    return b"".join(run.text for run in runs)


@given(messy, grammars, st.integers(1, 12))
def test_blocks_of_any_size_give_the_same_records(text: bytes, file_format: FileFormat, size: int) -> None:
    try:
        whole = cut(text, file_format, 1000)
    except RunFailed:
        with pytest.raises(RunFailed):
            cut(text, file_format, size)
        return
    pieces = cut(text, file_format, size)
    assert joined(pieces) == joined(whole)
    assert sum(run.count() for run in pieces) == sum(run.count() for run in whole)


@given(messy, grammars, st.integers(1, 40))
def test_records_and_cells_are_those_that_a_parser_finds_byte_by_byte(
    text: bytes, file_format: FileFormat, block_bytes: int
) -> None:
    runs = cut_if_whole(text, file_format)
    expected = parsed(text.decode(), file_format)
    assert sum(run.count() for run in runs) == len(expected)
    if expected:
        width = max(map(len, expected))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(delimited, "BLOCK_BYTES", block_bytes)
            table = delimited.read_table(joined(runs), file_format, width, len(expected))
        rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
        assert [list(row) for row in rows] == [
            [cell or None for cell in row] + [None] * (width - len(row)) for row in expected
        ]
        assert table.short == {place: len(row) for place, row in enumerate(expected) if len(row) < width}


@given(messy, grammars)
def test_the_text_that_is_cut_stays_as_it_is_where_nothing_is_left_out_or_mended(
    text: bytes, file_format: FileFormat
) -> None:
    lines = record_lines(text, file_format)
    if not lines.edits and len(lines.ends):
        assert lines.records(text).text == text[: lines.ends[-1]]


@given(messy, grammars)
def test_the_fast_way_agrees_with_the_scanner(text: bytes, file_format: FileFormat) -> None:
    if file_format.quote or file_format.escape or file_format.comment:
        assert (
            record_lines(text, file_format).ends.tolist()
            == record_ends._scan_lines(text, line_ends(text), file_format).ends.tolist()
        )


@given(messy, grammars)
def test_what_is_cut_is_cut_alike_again(text: bytes, file_format: FileFormat) -> None:
    """Comments are gone and odd fields mended: what the kernel reads needs no more care."""
    runs = cut_if_whole(text, file_format)
    text = joined(runs) + b"x\n"
    lines = record_lines(text, file_format)
    assert not lines.edits
    assert lines.records(text).count() == sum(run.count() for run in runs) + 1


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


@pytest.mark.parametrize("size", range(1, 20))
def test_a_block_may_end_between_cr_and_lf_behind_quotes(size: int) -> None:
    runs = cut(b'5" x\n"a\nb"\r\n7\r\n', CSV, size)
    assert sum(run.count() for run in runs) == 3


@pytest.mark.parametrize(
    ("text", "file_format", "left"),
    [
        pytest.param(b"#x\na\n#y\nb\n", FileFormat(comment="#"), b"a\nb\n", id="between records"),
        pytest.param(b'# a " quote\na\n', FileFormat(comment="#"), b"a\n", id="with a stray quote"),
        pytest.param(b"# ends in \\\na\n", FileFormat(comment="#", escape="\\"), b"a\n", id="that ends on an escape"),
        pytest.param(b'"a\n# b"\n', FileFormat(comment="#"), b'"a\n# b"\n', id="not inside quotes"),
        pytest.param(
            b"a\\\n#b\n", FileFormat(comment="#", escape="\\"), b"a\\\n#b\n", id="not behind an escaped line end"
        ),
        pytest.param(b" #a\nb#\n", FileFormat(comment="#"), b" #a\nb#\n", id="only at the beginning of a line"),
        pytest.param(b"a\r\n#x\r\nb\r\n", FileFormat(comment="#"), b"a\r\nb\r\n", id="CR LF"),
        pytest.param(b"a\r#x\rb\r", FileFormat(comment="#"), b"a\rb\r\n", id="CR alone"),
        pytest.param(b"a\n#x", FileFormat(comment="#"), b"a\n", id="at the end, without a line end"),
        pytest.param(b'#x\n"a"b\n', FileFormat(comment="#", quote=""), b'"a"b\n', id="where the file does not quote"),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_comments_are_left_out(text: bytes, file_format: FileFormat, left: bytes, size: int) -> None:
    assert joined(cut(text, file_format, size)) == left


def test_comments_are_counted_apart() -> None:
    with logged() as lines:
        list(split_at_record_ends(blocks(b'#1\na\n"b\n#"\n#2\n#3', 4), FileFormat(comment="#"), "x.csv"))
    assert lines == ["x.csv: left out 3 comments"]


@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize(("count", "left"), [(1, b"1\n\n2\n3\n"), (2, b"1\n\n2\n"), (3, b"1\n"), (4, b"")])
def test_the_last_records_are_left_out_across_blocks(size: int, count: int, left: bytes) -> None:
    runs = iter(cut(b'1\n\n2\n3\n"to\ntal"\n\n', CSV, size))
    with logged() as lines:
        kept = joined(list(without_last(runs, count, "x.csv")))
    assert kept.rstrip() == left.rstrip()
    assert lines == [f"x.csv: left out {count} {'record' if count == 1 else 'records'} at the end"]


def test_a_footer_longer_than_the_file_is_an_error() -> None:
    with pytest.raises(RunFailed, match=r"x\.csv has 2 records, fewer than file_format\.skip_footer leaves out \(3\)"):
        list(without_last(iter(cut(b"1\n2\n")), 3, "x.csv"))


def test_leaving_out_a_footer_holds_back_no_more_than_it() -> None:
    taken = 0

    def runs() -> Iterator[Records]:
        nonlocal taken
        for run in cut(b"x\n" * 1000, CSV, 20):
            taken += 1
            yield run

    kept = without_last(runs(), 15, "x.csv")
    for given_back in range(1, 50):
        next(kept)
        assert taken - given_back <= 2


@pytest.mark.parametrize(
    ("text", "file_format", "message"),
    [
        (b'a,b\n"1,2\n3,4\n', CSV, r"x\.csv: a quote opens in record 2 and never closes.*file_format\.quote"),
        (b'a,b\n"1,2\\"\n3,4\n', FileFormat(escape="\\"), r"x\.csv: a quote opens in record 2 and never closes"),
        (b'#"\na,b\n"1,2\n3,4\n', FileFormat(comment="#"), r"x\.csv: a quote opens in record 2 and never closes"),
        (b"a,b\n1,2\\", FileFormat(escape="\\"), r"x\.csv ends on the escape \\ in record 2: it is cut off"),
    ],
)
def test_text_that_ends_within_a_record_is_an_error_that_names_it(
    text: bytes, file_format: FileFormat, message: str
) -> None:
    with pytest.raises(RunFailed, match=message):
        cut(text, file_format, 1000)


def test_a_record_without_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_ends, "MAX_RECORD_BYTES", 1 << 20)
    with pytest.raises(RunFailed, match="record 1 is longer than 1 MB"):
        list(split_at_record_ends((b'"' + b"x" * 600_000 for _ in range(100)), CSV, "x.csv"))


def test_records_that_repeat_the_header_go() -> None:
    text = b'\xef\xbb\xbfid,name\r\n"id,name",x\nid,name\n\n1,id,name\n\xef\xbb\xbfid,name\n2,b\nid,name\n'
    with logged() as lines:
        (run,) = split_at_record_ends(iter([text]), FileFormat(), "x.csv")
        kept = list(without_header(iter([run.after_first()]), b"id,name\r\n", "x.csv"))
    assert b"".join(each.text for each in kept) == b'"id,name",x\n\n1,id,name\n2,b\n'
    assert kept[0].ends.tolist() == [12, 13, 23, 27] and kept[0].count() == 3
    assert lines == ["x.csv: left out 3 records that repeat the header"]


@pytest.mark.parametrize("text", [b"id\n1\n\x1a", b"id\r\n1\r\n\x1a\x1a\x1a"])
def test_the_end_mark_of_dos_is_no_record(text: bytes) -> None:
    with logged() as lines:
        runs = list(split_at_record_ends(iter([text]), FileFormat(), "x.csv"))
    assert (sum(run.count() for run in runs), lines) == (2, ["x.csv: left out the end mark 0x1A"])
