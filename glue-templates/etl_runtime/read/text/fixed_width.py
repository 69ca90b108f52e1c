"""Reads fixed-width text as columns of text, with Arrow compute functions.

A record is a line; spaces around a value are padding.

Fields after the end of a short line are null. If no line ends with a space, the writer omits trailing padding, and
short lines are normal. Otherwise, lines keep their padding, so a line that ends before the last field starts is
truncated and is listed in `short`.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl_runtime.columns.null_mask import set_null
from etl_runtime.job.file_format import FileFormat
from etl_runtime.read.text.delimited import TextTable
from etl_runtime.read.text.record_ends import line_ends

PADDING = " "


def read_fields(record: bytes, file_format: FileFormat) -> list[str]:
    """The fields of one line without null handling, for column names in a header."""
    line = record.decode().rstrip("\r\n")
    return [line[start:end].strip(PADDING) for start, end in _positions(file_format)]


def read_table(text: bytes, file_format: FileFormat, width: int) -> TextTable:
    """Read lines as one column of text per entry of `file_format.widths`, in line order. Empty text and `null_values`
    become null.

    `surplus` has the text after the last field, unless it is blank. `short` has the number of fields in truncated
    lines.
    """
    positions = _positions(file_format)[:width]
    lines = _lines(text)
    if text.isascii():  # one byte per character: slicing bytes is faster
        lines = lines.cast(pa.binary())
    lengths = (pc.binary_length if lines.type == pa.binary() else pc.utf8_length)(lines).to_numpy()
    columns = [_column(_trimmed(lines, start, end), file_format) for start, end in positions]
    return TextTable(
        columns, _surplus(lines, lengths, positions[-1][1]), _short(lines, lengths, [start for start, _ in positions])
    )


def _positions(file_format: FileFormat) -> list[tuple[int, int]]:
    """The start and end of each field, in characters."""
    ends = np.cumsum(file_format.widths).tolist()
    return list(zip([0, *ends[:-1]], ends, strict=True))


def _lines(text: bytes) -> pa.Array:
    """The lines that are not empty, without line endings."""
    if not text.endswith(b"\n"):
        text += b"\n"
    offsets = np.concatenate(([0], line_ends(text))).astype(np.int32)
    lines = pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(text))
    lines = pc.ascii_rtrim(lines, "\r\n")
    return lines.filter(pc.not_equal(lines, ""))


def _trimmed(lines: pa.Array, start: int, end: int) -> pa.Array:
    """The characters from `start` to `end` of each line, without padding."""
    slice_of = pc.binary_slice if lines.type == pa.binary() else pc.utf8_slice_codeunits
    return pc.ascii_trim(slice_of(lines, start, end).cast(pa.string()), PADDING)


def _column(values: pa.Array, file_format: FileFormat) -> pa.Array:
    missing = pc.is_in(values, pa.array(["", *file_format.null_values]))
    return set_null(values, missing)


def _surplus(lines: pa.Array, lengths: npt.NDArray[np.int32], width: int) -> dict[int, list[str]]:
    longer = np.flatnonzero(lengths > width)
    if not len(longer):
        return {}
    extra = _trimmed(lines.take(pa.array(longer)), width, int(lengths.max())).to_pylist()
    return {int(row): [text] for row, text in zip(longer, extra, strict=True) if text}


def _short(lines: pa.Array, lengths: npt.NDArray[np.int32], starts: list[int]) -> dict[int, int]:
    truncated = np.flatnonzero(lengths <= starts[-1])
    if not len(truncated) or not pc.any(pc.ends_with(lines, PADDING)).as_py():
        return {}
    field_counts = np.searchsorted(starts, lengths[truncated])
    return {int(row): int(count) for row, count in zip(truncated, field_counts, strict=True)}
