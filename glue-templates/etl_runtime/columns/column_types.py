"""Lossless type inference: a column gets a type only if the text of every value can be restored from the stored value.

A `ColumnType` is a data type plus the notation of the values where the data type alone is ambiguous. `parse` converts
text to values and `to_text` converts them back. A type matches a column if to_text(parse(text)) == text for every cell.
A declared type only has to preserve the value: see `declared_types`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from etl_runtime.columns import athena_types, date_pattern, declared_types, number_format
from etl_runtime.columns.null_mask import null_unless_match, set_null
from etl_runtime.job.file_format import NO_FORMATS, Formats

DECIMALS = re.compile(r"-?\d+\.(\d+)")
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?Z?")
MAX_DECIMAL_DIGITS = 38  # the limit of Athena
PROBE_CELLS = 64  # a type that does not match usually fails within the first cells
FIRST_DAY = -719_162  # 0001-01-01, in days since 1970-01-01
CALENDAR_PATTERN = (  # ISO text with a valid date and time; February 29 is accepted in any year
    r"^\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|[12]\d))"
    r"(?:$|[T ](?:[01]\d|2[0-3]):[0-5]\d(?:$|[^:]|:[0-5]\d))"
)


@dataclass(frozen=True)
class ColumnType:
    """The Athena data type of a column, and the notation of its values in the source.

    `spelling` is the detected notation, as an example value: "3" or "3.0" for a double, "0000-00-00T00:00:00Z" for a
    timestamp, "TRUE" for a boolean. For JSON, it is the data type, except that `text` stands for a string that contains
    scalars of several types, and `json` for a string that contains JSON text. The notation is stored under the key
    `spelling` in published.json, so that the next run can check it. `format` is the declared notation: a date pattern,
    a number format, or the words for true and false. A `declared` type preserves the value, but not its notation: 007
    becomes 7.
    """

    type: str
    spelling: str = ""
    format: str = ""
    declared: bool = False

    @property
    def arrow_type(self) -> pa.DataType:
        return athena_types.arrow_type(self.type)


TEXT = ColumnType("string")
BIGINT = ColumnType("bigint")
SHORTEST_DOUBLE = ColumnType("double", "3")
POINT_ZERO_DOUBLE = ColumnType("double", "3.0")
DATE = ColumnType("date")
BOOLEANS = tuple(ColumnType("boolean", true) for true in ("true", "TRUE", "True"))
FALSE = {"true": "false", "TRUE": "FALSE", "True": "False"}


def parse(text: pa.Array, column_type: ColumnType) -> pa.Array:
    """Convert text to values of the type. Raises pyarrow.ArrowInvalid if a cell cannot be parsed."""
    if column_type.type == "string":
        return text
    if column_type.type == "boolean" and not column_type.declared:
        return pc.equal(text, column_type.spelling)
    plain = _require_readable(_castable(text, column_type), text)
    if column_type.type != "timestamp":
        return pc.cast(plain, column_type.arrow_type)
    return pc.cast(
        pc.cast(plain, pa.timestamp("us", tz="UTC" if column_type.declared else None)), column_type.arrow_type
    )


def _castable(text: pa.Array, column_type: ColumnType) -> pa.Array:
    """Rewrite the text so that Arrow can cast it to the type. Text that does not match the format becomes null."""
    if column_type.declared:
        return declared_types.normalize(text, column_type.type, column_type.format)
    if column_type.format and column_type.type in ("date", "timestamp"):
        return date_pattern.to_iso(text, column_type.format)
    if column_type.format:
        return null_unless_match(
            number_format.to_plain(text, column_type.format), _regex(replace(column_type, format=""))
        )
    return pc.replace_substring_regex(text, "Z$", "") if column_type.type == "timestamp" else text


def to_text(values: pa.Array, column_type: ColumnType) -> pa.Array:
    """Convert values back to their original text. The result is undefined for a declared type."""
    if column_type.type == "string":
        return values
    if column_type.format:
        if column_type.type == "timestamp":
            values = values.cast(pa.timestamp("us"))
        text = (
            pc.cast(values, pa.string())
            if column_type.type in ("date", "timestamp")
            else to_text(values, replace(column_type, format=""))
        )
        return (
            date_pattern.from_iso(text, column_type.format)
            if column_type.type in ("date", "timestamp")
            else number_format.from_plain(text, column_type.format)
        )
    if column_type.type == "boolean":
        return pc.if_else(values, column_type.spelling, FALSE[column_type.spelling])
    if column_type.type == "timestamp":
        return _timestamp_text(values, column_type.spelling)
    text = pc.cast(values, pa.string())
    if column_type == POINT_ZERO_DOUBLE:
        is_integer = pc.invert(pc.match_substring(text, "."))
        return pc.if_else(is_integer, pc.binary_join_element_wise(text, "0", "."), text)
    if pa.types.is_decimal(values.type):
        scientific = pc.fill_null(pc.match_substring(text, "E"), False)
        if pc.any(scientific).as_py():
            plain = [f"{value:f}" for value in values.filter(scientific).to_pylist()]
            return pc.replace_with_mask(text, scientific, pa.array(plain, pa.string()))
    return text


def _require_readable(read: pa.Array, text: pa.Array) -> pa.Array:
    """Return `read`. Raises ArrowInvalid if a cell of `text` could not be read, and is therefore null in `read`."""
    if read.null_count > text.null_count:
        raise pa.ArrowInvalid("a cell does not match the format")
    return read


def _timestamp_text(values: pa.Array, example: str) -> pa.Array:
    """Format UTC timestamps like the example: with the same separator and number of digits, with or without Z."""
    digits = example.removesuffix("Z")
    text = pc.cast(values.cast(pa.timestamp("us")), pa.string())
    text = pc.utf8_slice_codeunits(text, 0, len(digits))
    text = pc.binary_replace_slice(text, 10, 11, digits[10])
    return pc.binary_join_element_wise(text, "Z", "") if example.endswith("Z") else text


def convert(text: pa.Array, column_type: ColumnType) -> pa.Array | None:
    """Convert text to values of the type. Returns None if any cell does not match the type."""
    column_type = _for_text(column_type)
    if column_type.type == "string":
        return text
    if not _is_scalar(column_type):
        return pa.nulls(len(text), column_type.arrow_type) if text.null_count == len(text) else None
    if len(text) > PROBE_CELLS and convert(text[:PROBE_CELLS], column_type) is None:
        return None
    if not _is_costly(column_type):
        return _convert(text, column_type)
    encoded = text.dictionary_encode()
    values = _convert(encoded.dictionary, column_type)
    return None if values is None else values.take(encoded.indices)


def _convert(text: pa.Array, column_type: ColumnType) -> pa.Array | None:
    try:
        values = parse(text, column_type)
    except pa.ArrowInvalid:
        return None
    return values if pc.all(_matching(values, text, column_type)).as_py() is not False else None


def _is_costly(column_type: ColumnType) -> bool:
    """Whether to parse each distinct value only once.

    Dates repeat often, and parsing a format costs more than deduplication.
    """
    return column_type.type == "date" or bool(column_type.format)


def convert_with_mismatches(text: pa.Array, column_type: ColumnType) -> tuple[pa.Array, pa.Array]:
    """Return the values, with null for each cell that does not match, and a mask of the cells that do not match.

    Text never matches a nested type.
    """
    column_type = _for_text(column_type)
    if column_type.type == "string":
        return text, pa.repeat(False, len(text))
    if not _is_scalar(column_type):
        return pa.nulls(len(text), column_type.arrow_type), pc.is_valid(text)
    encoded = text.dictionary_encode()
    distinct = encoded.dictionary
    mismatch = pc.is_in(distinct, _mismatches(distinct, column_type))
    return parse(set_null(distinct, mismatch), column_type).take(encoded.indices), pc.fill_null(
        mismatch.take(encoded.indices), False
    )


def _for_text(column_type: ColumnType) -> ColumnType:
    """The type to use for parsing text.

    A boolean or timestamp column of a file format with data types, such as Parquet, has no notation, so only the value
    has to match.
    """
    has_notation = column_type.spelling or column_type.format or column_type.type not in ("boolean", "timestamp")
    return column_type if has_notation else replace(column_type, declared=True)


def _is_scalar(column_type: ColumnType) -> bool:
    """Whether text can be converted to the type. Text is never converted to nested or binary types."""
    return not (pa.types.is_nested(column_type.arrow_type) or pa.types.is_binary(column_type.arrow_type))


def _regex(column_type: ColumnType) -> str:
    """An Arrow regular expression that every cell of the type matches.

    Some invalid cells, such as 2024-02-30, match it as well.
    """
    if column_type.declared:
        return declared_types.regex(column_type.type, column_type.format)
    if column_type.format:
        return (
            date_pattern.regex(column_type.format)
            if column_type.type in ("date", "timestamp")
            else number_format.regex(column_type.format)
        )
    if decimal := athena_types.DECIMAL_TYPE.fullmatch(column_type.type):
        before = max(int(decimal[1]) - int(decimal[2]), 1)
        return rf"^-?\d{{1,{before}}}\.\d{{{decimal[2]}}}$" if int(decimal[2]) else rf"^-?\d{{1,{before}}}$"
    if column_type.type == "boolean":
        return f"^({column_type.spelling}|{FALSE[column_type.spelling]})$"
    if column_type.type == "timestamp":
        return "^" + re.escape(column_type.spelling).replace("0", r"\d") + "$"
    return {"bigint": r"^-?\d{1,19}$", "double": r"^-?\d+(\.\d+)?$", "date": r"^\d{4}-\d\d-\d\d$", "binary": ""}[
        column_type.type
    ]


def _mismatches(distinct: pa.Array, column_type: ColumnType) -> pa.Array:
    """The cells that do not match the type.

    The regular expression finds nearly all of these cells, and is much faster than a cast that fails.
    """
    looks_right = pc.match_substring_regex(distinct, _regex(column_type))
    candidates = distinct.filter(looks_right)
    if column_type.type in ("date", "timestamp"):
        readable = pc.is_valid(null_unless_match(_castable(candidates, column_type), CALENDAR_PATTERN))
    else:
        readable = pc.is_valid(_castable(candidates, column_type))
    unfit = _bisect_mismatches(candidates.filter(readable), column_type)
    return pa.concat_arrays([distinct.filter(pc.invert(looks_right)), candidates.filter(pc.invert(readable)), *unfit])


def _bisect_mismatches(text: pa.Array, column_type: ColumnType) -> list[pa.Array]:
    """Find the remaining cells that do not match.

    A single invalid cell makes Arrow's cast fail for the entire array. Therefore, the array is halved repeatedly until
    the invalid cells are found.
    """
    try:
        values = parse(text, column_type)
    except pa.ArrowInvalid:
        middle = len(text) // 2
        return (
            [*_bisect_mismatches(text[:middle], column_type), *_bisect_mismatches(text[middle:], column_type)]
            if middle
            else [text]
        )
    return [text.filter(pc.invert(_matching(values, text, column_type)))]


def _matching(values: pa.Array, text: pa.Array, column_type: ColumnType) -> pa.Array:
    """A mask that is true for null, and for cells that keep their value and, unless the type is declared, their
    notation."""
    fits = _portable(values, text, column_type)
    if not column_type.declared:
        fits = pc.and_(fits, pc.equal(to_text(values, column_type), text))
    return pc.fill_null(fits, True)


def _portable(values: pa.Array, text: pa.Array, column_type: ColumnType) -> pa.Array:
    """Exclude numbers with an exponent, and dates before the year 1, because query engines handle them differently.

    Text such as NaN and inf can also be a word, or mean that a value is missing. Therefore, it is a number only if the
    type is declared.
    """
    if pa.types.is_floating(values.type):
        return (
            pa.repeat(True, len(values))
            if column_type.declared
            else pc.and_not(pc.is_finite(values), pc.match_substring(text, "e"))
        )
    if pa.types.is_date32(values.type) or pa.types.is_timestamp(values.type):
        return pc.greater_equal(values.cast(pa.date32()).cast(pa.int32()), FIRST_DAY)
    return pa.repeat(True, len(values))


@dataclass(frozen=True)
class ScalarInference:
    """The types that match all values seen so far, in order of preference.

    `candidates` is None if no value was seen.
    """

    candidates: tuple[ColumnType, ...] | None = None

    @property
    def best(self) -> ColumnType:
        return self.candidates[0] if self.candidates else TEXT

    @property
    def unseen(self) -> bool:
        return self.candidates is None

    def merged(self, other: "ScalarInference") -> "ScalarInference":
        """Return only the types that match the values of both inferences."""
        if self.candidates is None:
            return other
        if other.candidates is None:
            return self
        return ScalarInference(tuple(column_type for column_type in self.candidates if column_type in other.candidates))

    def widened(self, column_type: ColumnType) -> ColumnType:
        """Return the published type, extended with the struct fields that only the cells contain."""
        if "struct<" not in column_type.type:
            return column_type
        spelling = athena_types.widened(column_type.spelling, self.best.type) if column_type.spelling else ""
        return replace(column_type, type=athena_types.widened(column_type.type, self.best.type), spelling=spelling)


def infer(text: pa.Array, formats: Formats = NO_FORMATS) -> ScalarInference:
    """Infer the types that match a column of text."""
    text = text.drop_null()
    if not len(text):
        return ScalarInference()
    return ScalarInference(
        tuple(
            column_type
            for column_type in _candidates(text[0].as_py(), formats)
            if convert(text, column_type) is not None
        )
    )


def _candidates(first: str, formats: Formats) -> Iterable[ColumnType]:
    """The types to try on a column that contains `first`, in order of preference."""
    if formats.date:
        yield ColumnType("timestamp" if date_pattern.has_time(formats.date) else "date", format=formats.date)
    yield BIGINT
    yield from _number_candidates(first, formats.number)
    if formats.number != number_format.plain_format(formats.number):  # numbers without a currency sign
        yield from _number_candidates(first, number_format.plain_format(formats.number))
    yield DATE
    if TIMESTAMP.fullmatch(first):
        yield ColumnType("timestamp", re.sub(r"\d", "0", first))
    yield from (column_type for column_type in BOOLEANS if first in (column_type.spelling, FALSE[column_type.spelling]))
    yield TEXT


def _number_candidates(first: str, format: str) -> Iterable[ColumnType]:
    """Types for fractions and formatted numbers. If a format is declared, only numbers in this format match."""
    plain = number_format.to_plain(pa.array([first]), format)[0].as_py() if format else first
    decimals = DECIMALS.fullmatch(plain or "")
    if format:
        yield ColumnType("bigint", format=format)
    if decimals and len(decimals[1]) < MAX_DECIMAL_DIGITS:
        scale = len(decimals[1])
        if scale <= 12:
            # 18 digits leave room for larger values later, and most engines store them in eight bytes.
            yield ColumnType(f"decimal(18,{scale})", format=format)
        yield ColumnType(f"decimal({MAX_DECIMAL_DIGITS},{scale})", format=format)
    yield ColumnType("double", SHORTEST_DOUBLE.spelling, format)
    if not format:
        yield POINT_ZERO_DOUBLE
