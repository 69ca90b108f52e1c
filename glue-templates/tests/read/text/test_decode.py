"""Text is decoded, and its first lines are skipped, before records are split."""

import pytest

from etl_runtime.job.errors import RunFailed
from etl_runtime.read.text.decode import skip_lines
from log_lines import logged


def remaining(text: bytes, count: int, size: int) -> bytes:
    blocks = (text[start : start + size] for start in range(0, len(text), size))
    with logged() as lines:
        found = b"".join(skip_lines(blocks, count, "x.csv"))
    assert lines == [f"x.csv: skipped {count} {'line' if count == 1 else 'lines'} at the start"]
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize(
    ("count", "expected"), [(1, [b"", b'b"', b"id", b"1"]), (2, [b'b"', b"id", b"1"]), (3, [b"id", b"1"])]
)
def test_first_lines_are_skipped_regardless_of_quotes(
    size: int, line_end: bytes, count: int, expected: list[bytes]
) -> None:
    assert remaining(line_end.join([b'"a', b"", b'b"', b"id", b"1"]), count, size) == line_end.join(expected)


@pytest.mark.parametrize("text", [b"", b"a", b"a\n", b"a\nb", b"a\nb\n", b"a\r\nb\r\n"])
@pytest.mark.parametrize("size", [1, 1000])
def test_text_with_only_skipped_lines_fails(text: bytes, size: int) -> None:
    with pytest.raises(
        RunFailed,
        match=r"^FILE_FORMAT_MISMATCH: x\.csv has at most 2 lines, and file_format\.skip_rows skips all of them",
    ):
        remaining(text, 2, size)
