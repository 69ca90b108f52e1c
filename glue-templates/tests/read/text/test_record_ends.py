"""Records are counted as Arrow reads them, and text is split only at record ends."""

from collections.abc import Iterator

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dialect import parsed
from etl_runtime.job.errors import ErrorCode, RunFailed
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


def split(text: bytes, file_format: FileFormat = CSV, size: int = 7) -> list[Records]:
    return list(split_at_record_ends(blocks(text, size), file_format, "x.csv"))


def split_if_complete(text: bytes, file_format: FileFormat, size: int = 7) -> list[Records]:
    """The batches of a text. Discards examples with an unclosed quote, or with an escape at the end."""
    try:
        return split(text, file_format, size)
    except RunFailed as error:
        assume(error.code not in (ErrorCode.QUOTE_NOT_CLOSED, ErrorCode.TEXT_INVALID))
        raise


def joined(batches: list[Records]) -> bytes:
    return b"".join(batch.text for batch in batches)


@given(messy, grammars, st.integers(1, 12))
def test_records_do_not_depend_on_the_block_size(text: bytes, file_format: FileFormat, size: int) -> None:
    try:
        complete = split(text, file_format, 1000)
    except RunFailed:
        with pytest.raises(RunFailed):
            split(text, file_format, size)
        return
    batches_of_blocks = split(text, file_format, size)
    assert joined(batches_of_blocks) == joined(complete)
    assert sum(batch.count() for batch in batches_of_blocks) == sum(batch.count() for batch in complete)


@given(messy, grammars, st.integers(1, 40))
def test_records_and_cells_equal_those_of_the_reference_parser(
    text: bytes, file_format: FileFormat, block_bytes: int
) -> None:
    batches = split_if_complete(text, file_format)
    expected = parsed(text.decode(), file_format)
    assert sum(batch.count() for batch in batches) == len(expected)
    if expected:
        width = max(map(len, expected))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(delimited, "BLOCK_BYTES", block_bytes)
            table = delimited.read_table(joined(batches), file_format, width, len(expected))
        rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
        assert [list(row) for row in rows] == [
            [cell or None for cell in row] + [None] * (width - len(row)) for row in expected
        ]
        assert table.short == {place: len(row) for place, row in enumerate(expected) if len(row) < width}


@given(messy, grammars)
def test_text_without_comments_and_requoted_fields_does_not_change(text: bytes, file_format: FileFormat) -> None:
    lines = record_lines(text, file_format)
    if not lines.edits and len(lines.ends):
        assert lines.records(text).text == text[: lines.ends[-1]]


@given(messy, grammars)
def test_the_fast_path_agrees_with_the_scanner(text: bytes, file_format: FileFormat) -> None:
    if file_format.quote or file_format.escape or file_format.comment:
        assert (
            record_lines(text, file_format).ends.tolist()
            == record_ends._scan_lines(text, line_ends(text), file_format).ends.tolist()
        )


@given(messy, grammars)
def test_splitting_is_idempotent(text: bytes, file_format: FileFormat) -> None:
    """Comments are removed and fields are requoted, so a second pass changes nothing."""
    batches = split_if_complete(text, file_format)
    text = joined(batches) + b"x\n"
    lines = record_lines(text, file_format)
    assert not lines.edits
    assert lines.records(text).count() == sum(batch.count() for batch in batches) + 1


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
    assert sum(batch.count() for batch in split(text)) == count


@pytest.mark.parametrize("size", range(1, 20))
def test_a_block_may_end_between_cr_and_lf_after_quotes(size: int) -> None:
    batches = split(b'5" x\n"a\nb"\r\n7\r\n', CSV, size)
    assert sum(batch.count() for batch in batches) == 3


@pytest.mark.parametrize(
    ("text", "file_format", "expected"),
    [
        pytest.param(b"#x\na\n#y\nb\n", FileFormat(comment="#"), b"a\nb\n", id="between records"),
        pytest.param(b'# a " quote\na\n', FileFormat(comment="#"), b"a\n", id="with a stray quote"),
        pytest.param(b"# ends in \\\na\n", FileFormat(comment="#", escape="\\"), b"a\n", id="that ends with an escape"),
        pytest.param(b'"a\n# b"\n', FileFormat(comment="#"), b'"a\n# b"\n', id="not inside quotes"),
        pytest.param(
            b"a\\\n#b\n", FileFormat(comment="#", escape="\\"), b"a\\\n#b\n", id="not after an escaped line ending"
        ),
        pytest.param(b" #a\nb#\n", FileFormat(comment="#"), b" #a\nb#\n", id="only at the start of a line"),
        pytest.param(b"a\r\n#x\r\nb\r\n", FileFormat(comment="#"), b"a\r\nb\r\n", id="CR LF"),
        pytest.param(b"a\r#x\rb\r", FileFormat(comment="#"), b"a\rb\r\n", id="CR alone"),
        pytest.param(b"a\n#x", FileFormat(comment="#"), b"a\n", id="at the end, without a line ending"),
        pytest.param(b'#x\n"a"b\n', FileFormat(comment="#", quote=""), b'"a"b\n', id="without quoted fields"),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_comments_are_skipped(text: bytes, file_format: FileFormat, expected: bytes, size: int) -> None:
    assert joined(split(text, file_format, size)) == expected


def test_skipped_comments_are_counted() -> None:
    with logged() as lines:
        list(split_at_record_ends(blocks(b'#1\na\n"b\n#"\n#2\n#3', 4), FileFormat(comment="#"), "x.csv"))
    assert lines == ["x.csv: skipped 3 comment lines"]


@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize(("count", "expected"), [(1, b"1\n\n2\n3\n"), (2, b"1\n\n2\n"), (3, b"1\n"), (4, b"")])
def test_the_last_records_are_skipped_across_blocks(size: int, count: int, expected: bytes) -> None:
    batches = iter(split(b'1\n\n2\n3\n"to\ntal"\n\n', CSV, size))
    with logged() as lines:
        kept = joined(list(without_last(batches, count, "x.csv")))
    assert kept.rstrip() == expected.rstrip()
    assert lines == [f"x.csv: skipped {count} {'record' if count == 1 else 'records'} at the end"]


def test_a_footer_longer_than_the_file_fails() -> None:
    with pytest.raises(
        RunFailed, match=r"^FILE_FORMAT_MISMATCH: x\.csv has 2 records, but file_format\.skip_footer is 3"
    ):
        list(without_last(iter(split(b"1\n2\n")), 3, "x.csv"))


def test_skipping_a_footer_buffers_only_the_footer() -> None:
    read = 0

    def batches() -> Iterator[Records]:
        nonlocal read
        for batch in split(b"x\n" * 1000, CSV, 20):
            read += 1
            yield batch

    kept = without_last(batches(), 15, "x.csv")
    for yielded in range(1, 50):
        next(kept)
        assert read - yielded <= 2


@pytest.mark.parametrize(
    ("text", "file_format", "message"),
    [
        (
            b'a,b\n"1,2\n3,4\n',
            CSV,
            r"^QUOTE_NOT_CLOSED: x\.csv, record 2: a quoted field is not closed.*file_format\.quote",
        ),
        (
            b'a,b\n"1,2\\"\n3,4\n',
            FileFormat(escape="\\"),
            r"^QUOTE_NOT_CLOSED: x\.csv, record 2: a quoted field is not closed",
        ),
        (
            b'#"\na,b\n"1,2\n3,4\n',
            FileFormat(comment="#"),
            r"^QUOTE_NOT_CLOSED: x\.csv, record 2: a quoted field is not closed",
        ),
        (
            b"a,b\n1,2\\",
            FileFormat(escape="\\"),
            r"^TEXT_INVALID: x\.csv, record 2: the file ends with the escape character \\\. The file may be truncated",
        ),
    ],
)
def test_text_that_ends_within_a_record_fails_with_its_number(
    text: bytes, file_format: FileFormat, message: str
) -> None:
    with pytest.raises(RunFailed, match=message):
        split(text, file_format, 1000)


def test_a_record_above_the_limit_fails_without_filling_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_ends, "MAX_RECORD_BYTES", 1 << 20)
    with pytest.raises(RunFailed, match=r"^RECORD_TOO_LONG: x\.csv: record 1 is longer than 1 MB"):
        list(split_at_record_ends((b'"' + b"x" * 600_000 for _ in range(100)), CSV, "x.csv"))


def test_repeated_header_records_are_skipped() -> None:
    text = b'\xef\xbb\xbfid,name\r\n"id,name",x\nid,name\n\n1,id,name\n\xef\xbb\xbfid,name\n2,b\nid,name\n'
    with logged() as lines:
        (batch,) = split_at_record_ends(iter([text]), FileFormat(), "x.csv")
        kept = list(without_header(iter([batch.after_first()]), b"id,name\r\n", "x.csv"))
    assert b"".join(each.text for each in kept) == b'"id,name",x\n\n1,id,name\n2,b\n'
    assert kept[0].ends.tolist() == [12, 13, 23, 27] and kept[0].count() == 3
    assert lines == ["x.csv: skipped 3 repeated header lines"]


@pytest.mark.parametrize("text", [b"id\n1\n\x1a", b"id\r\n1\r\n\x1a\x1a\x1a"])
def test_the_dos_end_of_file_character_is_not_a_record(text: bytes) -> None:
    with logged() as lines:
        batches = list(split_at_record_ends(iter([text]), FileFormat(), "x.csv"))
    assert (sum(batch.count() for batch in batches), lines) == (
        2,
        ["x.csv: skipped the DOS end-of-file character 0x1A"],
    )
