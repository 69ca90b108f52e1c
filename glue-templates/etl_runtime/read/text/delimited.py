"""Delimited text → columns of text, with Arrow's CSV kernel. Rows with too few or too many fields are kept."""

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from etl_runtime.job.errors import RunFailed
from etl_runtime.job.file_format import FileFormat
from etl_runtime.read.text.record_ends import CR, LF, escaped_mask, first_record

BLOCK_BYTES = 1 << 20  # about what a processor's own cache holds: text of one block takes a third longer
MAX_BLOCK_COLUMNS = (
    100  # of text in blocks, whose columns come in pieces: from several hundred on they take longer, and more memory
)
ZERO = b"\0"

Placeholders = Mapping[str, str]
"""Control characters that stand in the text for what they mean: "" where they only show that an escape was there."""


@dataclass(frozen=True)
class TextTable:
    """Columns of text by position, and by row number what did not fit: `surplus` fields, or how many fields came at all."""

    columns: list[pa.Array]
    surplus: dict[int, list[str]] = field(default_factory=dict)
    short: dict[int, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return len(self.columns[0])


def read_fields(record: bytes, file_format: FileFormat) -> list[str]:
    """The fields of one record, as they stand: a header's names."""
    file_format = replace(file_format, null_values=())
    max_fields = record.count(file_format.delimiter_byte) + 1  # fewer where a delimiter stands inside quotes
    columns, irregular = _read(record, file_format, {}, max_fields)
    if irregular:
        columns, _ = _read(record, file_format, {}, irregular[0].actual_columns)
    return [column[0].as_py() or "" for column in columns]


def read_table(text: bytes, file_format: FileFormat, width: int, records: int | None = None) -> TextTable:
    """Records → `width` columns of text, in the records' order. Empty text and `null_values` are null, as `rules` say in quotes too.

    A short row gets nulls; the fields that a long row has too many, unless all are empty, are in `surplus`. `records` is how many there
    are, if that is known: where each is a line that ends at LF, they are read faster.
    """
    first = first_record(text, file_format)
    ends_open = (
        first.rstrip(b"\r\n").endswith(file_format.delimiter_byte) and len(read_fields(first, file_format)) == width + 1
    )
    text, placeholders = _insert_placeholders(text, file_format)
    came = width + 1 if ends_open else width
    read = _read_lines if came <= MAX_BLOCK_COLUMNS and _are_lines(text, records) else _read
    columns, irregular = read(text, file_format, placeholders, came)
    if not irregular and came == width:
        return TextTable(columns)
    return _merge(columns, irregular, file_format, placeholders, width)


def _are_lines(text: bytes, records: int | None) -> bool:
    """Whether each of the records is a line that ends at LF, and so has no line end in quotes."""
    return records is not None and text.endswith(b"\n") and b"\r" not in text and text.count(b"\n") == records


def _read_lines(
    text: bytes, file_format: FileFormat, placeholders: Placeholders, width: int
) -> tuple[list[pa.Array], list[csv.InvalidRow]]:
    """The same as `_read`, block by block, of records that are a line each."""
    try:
        return _read(text, file_format, placeholders, width, BLOCK_BYTES)
    except pa.ArrowInvalid:  # a record is longer than a block
        return _read(text, file_format, placeholders, width)


def _read(
    text: bytes, file_format: FileFormat, placeholders: Placeholders, width: int, block_bytes: int | None = None
) -> tuple[list[pa.Array], list[csv.InvalidRow]]:
    """Columns of the records that have `width` fields, and the other records."""
    names = [str(position) for position in range(width)]
    irregular: list[csv.InvalidRow] = []

    def keep(row: csv.InvalidRow) -> str:
        irregular.append(row)
        return "skip"

    if text.startswith(codecs.BOM_UTF8):
        text = codecs.BOM_UTF8 + text  # Arrow takes one away, but that of the file is gone already
    table = csv.read_csv(
        pa.BufferReader(text),
        # One block, if not told otherwise: a record may be as long as the text, and where blocks meet, Arrow loses line ends in quotes.
        # No threads: Spark runs a task on each core already.
        read_options=csv.ReadOptions(use_threads=False, block_size=block_bytes or len(text) + 1, column_names=names),
        parse_options=csv.ParseOptions(
            delimiter=file_format.delimiter_byte.decode(),
            quote_char=file_format.quote or False,
            double_quote=True,
            escape_char=file_format.escape or False,
            newlines_in_values=not block_bytes and bool(file_format.quote or file_format.escape),
            ignore_empty_lines=True,
            invalid_row_handler=keep,
        ),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=True,
            quoted_strings_can_be_null=file_format.quoted_nulls,
            null_values=["", *(_null_token(token, file_format, placeholders) for token in file_format.null_values)],
            auto_dict_encode=False,
            check_utf8=False,  # unpacking decoded it strictly
        ),
    )
    columns = [
        column.chunk(0) if column.num_chunks == 1 else column.combine_chunks() for column in table.columns
    ]  # the latter copies
    return [_restore(column, file_format, placeholders) for column in columns], irregular


def _null_token(token: str, file_format: FileFormat, placeholders: Placeholders) -> str:
    """A null value as the kernel meets it: with the stand-ins, and with marks for its escapes."""
    token = token.replace(file_format.delimiter, file_format.delimiter_byte.decode())
    for placeholder, meant in placeholders.items():
        token = (
            token.replace(meant, placeholder)
            if meant
            else _replace_escapes(token.encode(), file_format, placeholder.encode()).decode()
        )
    return token


def _restore(column: pa.Array, file_format: FileFormat, placeholders: Placeholders) -> pa.Array:
    """The column with the delimiter back where its stand-in lies inside quotes, and with what the marks mean."""
    for placeholder, meant in placeholders.items():
        column = pc.replace_substring(column, placeholder, meant)
    stand_in = file_format.delimiter_byte.decode()
    return (
        column if stand_in == file_format.delimiter else pc.replace_substring(column, stand_in, file_format.delimiter)
    )


def _insert_placeholders(text: bytes, file_format: FileFormat) -> tuple[bytes, Placeholders]:
    r"""The text with a mark for each zero byte, behind which Arrow may overlook a delimiter or a line end.

    And with one for each escape before an ordinary byte, where a null value has an escape: \N is null, N is not.
    """
    placeholders: dict[str, str] = {}
    if ZERO in text:
        placeholder = _unused_byte(
            text,
            file_format,
            "its zero bytes cannot be told. Look whether it is text, and declare its file_format.encoding",
        )
        text = text.replace(ZERO, placeholder)
        placeholders[placeholder.decode()] = ZERO.decode()
    if (
        file_format.escape
        and file_format.escape.encode() in text
        and any(file_format.escape in token for token in file_format.null_values)
    ):
        placeholder = _unused_byte(text, file_format, f"{file_format.escape} in file_format.null_values cannot be told")
        text = _replace_escapes(text, file_format, placeholder)
        placeholders[placeholder.decode()] = ""
    return text, placeholders


def _unused_byte(text: bytes, file_format: FileFormat, otherwise: str) -> bytes:
    """A control character that the text has not. Raises RunFailed where it has all of them."""
    for byte in range(1, 0x20):
        if byte not in (LF, CR, file_format.delimiter_byte[0]) and byte not in text:
            return bytes([byte])
    raise RunFailed(f"The text holds every control character, so that {otherwise}.")


def _replace_escapes(text: bytes, file_format: FileFormat, placeholder: bytes) -> bytes:
    content = np.frombuffer(text, np.uint8).copy()
    behind = np.flatnonzero(escaped_mask(content, ord(file_format.escape))[:-1])
    with_meaning = [
        file_format.delimiter_byte[0],
        LF,
        CR,
        *(ord(own) for own in (file_format.quote, file_format.escape) if own),
    ]
    content[behind[~np.isin(content[behind], with_meaning)] - 1] = placeholder[0]
    return content.tobytes()


def _merge(
    regular: list[pa.Array],
    irregular: Sequence[csv.InvalidRow],
    file_format: FileFormat,
    placeholders: Placeholders,
    width: int,
) -> TextTable:
    """Read the ragged rows, those of one width together, and put all rows in their places."""
    irregular_places = np.array([row.number - 1 for row in irregular], np.int64)
    regular_places = np.setdiff1d(np.arange(len(regular[0]) + len(irregular)), irregular_places, assume_unique=True)
    groups: list[tuple[npt.NDArray[np.int64], list[pa.Array]]] = [(regular_places, regular)]
    for came in sorted({row.actual_columns for row in irregular}):
        rows = [row for row in irregular if row.actual_columns == came]
        columns, _ = _read("".join(_line(row, file_format) for row in rows).encode(), file_format, placeholders, came)
        groups.append((np.array([row.number - 1 for row in rows], np.int64), columns))
    surplus: dict[int, list[str]] = {}
    short: dict[int, int] = {}
    for places, columns in groups:
        if len(columns) < width:
            short |= dict.fromkeys(places.tolist(), len(columns))
            columns.extend([pa.nulls(len(places), pa.string())] * (width - len(columns)))
        for place, fields in _surplus(places, columns[width:]):
            surplus[place] = fields
    order = pa.array(np.argsort(np.concatenate([places for places, _ in groups])))
    columns = [pa.concat_arrays([columns[position] for _, columns in groups]).take(order) for position in range(width)]
    return TextTable(columns, surplus, short)


def _line(row: csv.InvalidRow, file_format: FileFormat) -> str:
    """The text of a ragged row. Arrow takes a CR away with its line end, even an escaped one."""
    text: str = row.text
    escapes = len(text) - len(text.rstrip(file_format.escape)) if file_format.escape else 0
    return f"{text}\r\n" if escapes % 2 else f"{text}\n"


def _surplus(places: npt.NDArray[np.int64], extra: list[pa.Array]) -> list[tuple[int, list[str]]]:
    """The fields behind the last column, of the rows where not all of them are empty."""
    filled = np.zeros(len(places), np.bool_)
    for column in extra:
        filled |= pc.fill_null(pc.not_equal(column, ""), False).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(filled)
    values = [column.take(pa.array(rows)).to_pylist() for column in extra]
    return [
        (int(places[row]), [value or "" for value in fields])
        for row, fields in zip(rows, zip(*values, strict=True), strict=False)
    ]
