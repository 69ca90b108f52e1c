"""Reads delimited text as columns of text, with the Arrow CSV reader. Rows with too few or too many fields are kept."""

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.file_format import FileFormat
from etl_runtime.read.text.record_ends import CR, LF, escaped_mask, first_record

BLOCK_BYTES = 1 << 20  # about the size of a CPU cache: reading all text as one block takes a third longer
# Reading in blocks returns chunked columns. For several hundred columns, this is slower and needs more memory.
MAX_BLOCK_COLUMNS = 100
ZERO = b"\0"

Placeholders = Mapping[str, str]
"""Control characters that replace other text, and the text that they replace. "" marks the position of a removed
escape."""


@dataclass(frozen=True)
class TextTable:
    """Columns of text by position.

    `surplus` contains the extra fields of rows, and `short` contains the number of fields of incomplete rows. Both are
    keyed by row number.
    """

    columns: list[pa.Array]
    surplus: dict[int, list[str]] = field(default_factory=dict)
    short: dict[int, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return len(self.columns[0])


def read_fields(record: bytes, file_format: FileFormat) -> list[str]:
    """The fields of one record, such as the column names in a header. Null values are kept as text."""
    file_format = replace(file_format, null_values=())
    max_fields = record.count(file_format.delimiter_byte) + 1  # fewer if a delimiter is inside quotes
    columns, irregular = _read(record, file_format, {}, max_fields)
    if irregular:
        columns, _ = _read(record, file_format, {}, irregular[0].actual_columns)
    return [column[0].as_py() or "" for column in columns]


def read_table(text: bytes, file_format: FileFormat, width: int, records: int | None = None) -> TextTable:
    """Read records as `width` columns of text, in record order. Empty text and `null_values` become null.

    Missing fields become null. Extra fields are in `surplus`, unless all of them are empty. `records` is the number of
    records, or None if it is unknown. If the number shows that each record is a single line, the text is read faster.
    """
    first = first_record(text, file_format)
    ends_open = (
        first.rstrip(b"\r\n").endswith(file_format.delimiter_byte) and len(read_fields(first, file_format)) == width + 1
    )
    text, placeholders = _insert_placeholders(text, file_format)
    field_count = width + 1 if ends_open else width
    read = _read_lines if field_count <= MAX_BLOCK_COLUMNS and _are_lines(text, records) else _read
    columns, irregular = read(text, file_format, placeholders, field_count)
    if not irregular and field_count == width:
        return TextTable(columns)
    return _merge(columns, irregular, file_format, placeholders, width)


def _are_lines(text: bytes, records: int | None) -> bool:
    """Whether each record is a single line that ends with LF. In this case, no line ending is inside quotes."""
    return records is not None and text.endswith(b"\n") and b"\r" not in text and text.count(b"\n") == records


def _read_lines(
    text: bytes, file_format: FileFormat, placeholders: Placeholders, width: int
) -> tuple[list[pa.Array], list[csv.InvalidRow]]:
    """Like `_read`, but in blocks, for records that are single lines."""
    try:
        return _read(text, file_format, placeholders, width, BLOCK_BYTES)
    except pa.ArrowInvalid:  # a record is longer than a block
        return _read(text, file_format, placeholders, width)


def _read(
    text: bytes, file_format: FileFormat, placeholders: Placeholders, width: int, block_bytes: int | None = None
) -> tuple[list[pa.Array], list[csv.InvalidRow]]:
    """Return the columns of the records that have `width` fields, and the other records."""
    names = [str(position) for position in range(width)]
    irregular: list[csv.InvalidRow] = []

    def keep(row: csv.InvalidRow) -> str:
        irregular.append(row)
        return "skip"

    if text.startswith(codecs.BOM_UTF8):
        text = codecs.BOM_UTF8 + text  # Arrow removes one BOM, but the BOM of the file is already removed
    table = csv.read_csv(
        pa.BufferReader(text),
        # One block by default: a record may be as long as the text, and Arrow loses quoted line endings between blocks.
        # No threads: Spark already runs one task per core.
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
            check_utf8=False,  # the text has already been decoded strictly
        ),
    )
    # combine_chunks copies the data, so a column with a single chunk is used directly.
    columns = [column.chunk(0) if column.num_chunks == 1 else column.combine_chunks() for column in table.columns]
    return [_restore(column, file_format, placeholders) for column in columns], irregular


def _null_token(token: str, file_format: FileFormat, placeholders: Placeholders) -> str:
    """A null value as it occurs in the prepared text, where placeholders replace delimiters and escapes."""
    token = token.replace(file_format.delimiter, file_format.delimiter_byte.decode())
    for placeholder, meant in placeholders.items():
        token = (
            token.replace(meant, placeholder)
            if meant
            else _replace_escapes(token.encode(), file_format, placeholder.encode()).decode()
        )
    return token


def _restore(column: pa.Array, file_format: FileFormat, placeholders: Placeholders) -> pa.Array:
    """Restore the original text of the column from its placeholders and single-byte delimiters."""
    for placeholder, meant in placeholders.items():
        column = pc.replace_substring(column, placeholder, meant)
    stand_in = file_format.delimiter_byte.decode()
    return (
        column if stand_in == file_format.delimiter else pc.replace_substring(column, stand_in, file_format.delimiter)
    )


def _insert_placeholders(text: bytes, file_format: FileFormat) -> tuple[bytes, Placeholders]:
    r"""Replace NUL bytes, because Arrow may miss a delimiter or a line ending after such a byte.

    If a null value contains an escape, escapes before ordinary bytes are replaced as well, because \N is null, but N is
    not.
    """
    placeholders: dict[str, str] = {}
    if ZERO in text:
        placeholder = _unused_byte(
            text,
            file_format,
            "its NUL bytes cannot be read. Check that the file is text, and set file_format.encoding",
        )
        text = text.replace(ZERO, placeholder)
        placeholders[placeholder.decode()] = ZERO.decode()
    if (
        file_format.escape
        and file_format.escape.encode() in text
        and any(file_format.escape in token for token in file_format.null_values)
    ):
        placeholder = _unused_byte(
            text,
            file_format,
            f"null values with the escape {file_format.escape} are not supported. Correct file_format.null_values",
        )
        text = _replace_escapes(text, file_format, placeholder)
        placeholders[placeholder.decode()] = ""
    return text, placeholders


def _unused_byte(text: bytes, file_format: FileFormat, otherwise: str) -> bytes:
    """Find a control character that the text does not contain. Raises RunFailed if the text contains all of them."""
    for byte in range(1, 0x20):
        if byte not in (LF, CR, file_format.delimiter_byte[0]) and byte not in text:
            return bytes([byte])
    raise RunFailed(ErrorCode.TEXT_INVALID, f"The text contains every control character, so {otherwise}.")


def _replace_escapes(text: bytes, file_format: FileFormat, placeholder: bytes) -> bytes:
    content = np.frombuffer(text, np.uint8).copy()
    escaped = np.flatnonzero(escaped_mask(content, ord(file_format.escape))[:-1])
    special = [
        file_format.delimiter_byte[0],
        LF,
        CR,
        *(ord(character) for character in (file_format.quote, file_format.escape) if character),
    ]
    content[escaped[~np.isin(content[escaped], special)] - 1] = placeholder[0]
    return content.tobytes()


def _merge(
    regular: list[pa.Array],
    irregular: Sequence[csv.InvalidRow],
    file_format: FileFormat,
    placeholders: Placeholders,
    width: int,
) -> TextTable:
    """Read the rows with too few or too many fields, grouped by number of fields, and merge all rows in their original
    order."""
    irregular_rows = np.array([row.number - 1 for row in irregular], np.int64)
    regular_rows = np.setdiff1d(np.arange(len(regular[0]) + len(irregular)), irregular_rows, assume_unique=True)
    groups: list[tuple[npt.NDArray[np.int64], list[pa.Array]]] = [(regular_rows, regular)]
    for field_count in sorted({row.actual_columns for row in irregular}):
        rows = [row for row in irregular if row.actual_columns == field_count]
        text = "".join(_line(row, file_format) for row in rows).encode()
        columns, _ = _read(text, file_format, placeholders, field_count)
        groups.append((np.array([row.number - 1 for row in rows], np.int64), columns))
    surplus: dict[int, list[str]] = {}
    short: dict[int, int] = {}
    for row_numbers, columns in groups:
        if len(columns) < width:
            short |= dict.fromkeys(row_numbers.tolist(), len(columns))
            columns.extend([pa.nulls(len(row_numbers), pa.string())] * (width - len(columns)))
        for row_number, fields in _surplus(row_numbers, columns[width:]):
            surplus[row_number] = fields
    order = pa.array(np.argsort(np.concatenate([row_numbers for row_numbers, _ in groups])))
    columns = [pa.concat_arrays([columns[position] for _, columns in groups]).take(order) for position in range(width)]
    return TextTable(columns, surplus, short)


def _line(row: csv.InvalidRow, file_format: FileFormat) -> str:
    """The text of a skipped row. Together with the line ending, Arrow removes a preceding CR, even if it is escaped."""
    text: str = row.text
    escapes = len(text) - len(text.rstrip(file_format.escape)) if file_format.escape else 0
    return f"{text}\r\n" if escapes % 2 else f"{text}\n"


def _surplus(row_numbers: npt.NDArray[np.int64], extra: list[pa.Array]) -> list[tuple[int, list[str]]]:
    """The extra fields of each row in which at least one extra field is not empty."""
    filled = np.zeros(len(row_numbers), np.bool_)
    for column in extra:
        filled |= pc.fill_null(pc.not_equal(column, ""), False).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(filled)
    values = [column.take(pa.array(rows)).to_pylist() for column in extra]
    return [
        (int(row_numbers[row]), [value or "" for value in fields])
        for row, fields in zip(rows, zip(*values, strict=True), strict=False)
    ]
