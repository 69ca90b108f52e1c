"""Lossless typing: a column gets a type only if the text of each value can be rebuilt from what is stored.

A form is a type and, where the type alone does not tell, how the values were spelled. `store` turns text into values,
`restore` turns them back, and a form fits a column where restore(store(text)) = text, cell by cell. A declared form only has to
keep the value: see `declared_forms`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from etl_runtime.columns import athena_types, date_pattern, declared_types, number_format
from etl_runtime.columns.null_mask import nulled, only
from etl_runtime.job.file_format import NO_FORMATS, Formats

DECIMALS = re.compile(r"-?\d+\.(\d+)")
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?Z?")
MOST_DIGITS = 38  # of a decimal in Athena
FEW = 64  # cells: most forms that do not fit show at the first of them
FIRST_DAY = -719_162  # 0001-01-01, in days since 1970-01-01
CALENDAR = (  # ISO text with a day and a time that there are, but for the 29th of February
    r"^\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|[12]\d))"
    r"(?:$|[T ](?:[01]\d|2[0-3]):[0-5]\d(?:$|[^:]|:[0-5]\d))"
)


@dataclass(frozen=True)
class ColumnType:
    """A column's type as Athena names it, and how its values were written.

    `spelling` is an example of what was found: 3 or 3.0 for a double. `format` is what the document says: a pattern of dates, marks
    of numbers, words for true and false. `declared` is a form that only has to keep the value, not its spelling.
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
SHORTEST = ColumnType("double", "3")
POINT_ZERO = ColumnType("double", "3.0")
DATE = ColumnType("date")
BOOLEANS = tuple(ColumnType("boolean", true) for true in ("true", "TRUE", "True"))
FALSE = {"true": "false", "TRUE": "FALSE", "True": "False"}


def store(text: pa.Array, form: ColumnType) -> pa.Array:
    """Text → values of the form's type. Raises pyarrow.ArrowInvalid where a value cannot be read as that type."""
    if form.type == "string":
        return text
    if form.type == "boolean" and not form.declared:
        return pc.equal(text, form.spelling)
    plain = _all_read(_plain(text, form), text)
    if form.type != "timestamp":
        return pc.cast(plain, form.arrow_type)
    return pc.cast(pc.cast(plain, pa.timestamp("us", tz="UTC" if form.declared else None)), form.arrow_type)


def _plain(text: pa.Array, form: ColumnType) -> pa.Array:
    """The text as Arrow reads it for the form's type; null where it is not of the form's format."""
    if form.declared:
        return declared_types.plain(text, form.type, form.format)
    if form.format and form.type in ("date", "timestamp"):
        return date_pattern.to_iso(text, form.format)
    if form.format:
        return only(number_format.to_plain(text, form.format), _pattern(replace(form, format="")))
    return pc.replace_substring_regex(text, "Z$", "") if form.type == "timestamp" else text


def restore(values: pa.Array, form: ColumnType) -> pa.Array:
    """Values → the text they were made of. A declared form does not tell."""
    if form.type == "string":
        return values
    if form.format:
        if form.type == "timestamp":
            values = values.cast(pa.timestamp("us"))
        text = (
            pc.cast(values, pa.string())
            if form.type in ("date", "timestamp")
            else restore(values, replace(form, format=""))
        )
        return (
            date_pattern.from_iso(text, form.format)
            if form.type in ("date", "timestamp")
            else number_format.from_plain(text, form.format)
        )
    if form.type == "boolean":
        return pc.if_else(values, form.spelling, FALSE[form.spelling])
    if form.type == "timestamp":
        return _timestamp_text(values, form.spelling)
    text = pc.cast(values, pa.string())
    if form == POINT_ZERO:
        whole = pc.invert(pc.match_substring(text, "."))
        return pc.if_else(whole, pc.binary_join_element_wise(text, "0", "."), text)
    if pa.types.is_decimal(values.type):
        scientific = pc.fill_null(pc.match_substring(text, "E"), False)
        if pc.any(scientific).as_py():
            plain = [f"{value:f}" for value in values.filter(scientific).to_pylist()]
            return pc.replace_with_mask(text, scientific, pa.array(plain, pa.string()))
    return text


def _all_read(read: pa.Array, text: pa.Array) -> pa.Array:
    """`read` again, unless a cell of `text` could not be read."""
    if read.null_count > text.null_count:
        raise pa.ArrowInvalid("a cell is not of the format")
    return read


def _timestamp_text(values: pa.Array, example: str) -> pa.Array:
    """UTC timestamps as text of the example's shape: its separator, as many digits, with or without Z."""
    digits = example.removesuffix("Z")
    text = pc.cast(values.cast(pa.timestamp("us")), pa.string())
    text = pc.utf8_slice_codeunits(text, 0, len(digits))
    text = pc.binary_replace_slice(text, 10, 11, digits[10])
    return pc.binary_join_element_wise(text, "Z", "") if example.endswith("Z") else text


def stored(text: pa.Array, form: ColumnType) -> pa.Array | None:
    """The values, or None where the form does not fit every cell."""
    form = _readable(form)
    if form.type == "string":
        return text
    if not _is_scalar(form):
        return pa.nulls(len(text), form.arrow_type) if text.null_count == len(text) else None
    if len(text) > FEW and stored(text[:FEW], form) is None:
        return None
    if not _repeats(form):
        return _stored(text, form)
    encoded = text.dictionary_encode()
    values = _stored(encoded.dictionary, form)
    return None if values is None else values.take(encoded.indices)


def _stored(text: pa.Array, form: ColumnType) -> pa.Array | None:
    try:
        values = store(text, form)
    except pa.ArrowInvalid:
        return None
    return values if pc.all(_fitting(values, text, form)).as_py() is not False else None


def _repeats(form: ColumnType) -> bool:
    """Whether to read each value once: a century has 36,525 days, and a format costs far more than to look for what is the same."""
    return form.type == "date" or bool(form.format)


def stored_with_misfits(text: pa.Array, form: ColumnType) -> tuple[pa.Array, pa.Array]:
    """The values, with null where a cell does not fit the form, and the mask of these cells. No text is a nested value."""
    form = _readable(form)
    if form.type == "string":
        return text, pa.repeat(False, len(text))
    if not _is_scalar(form):
        return pa.nulls(len(text), form.arrow_type), pc.is_valid(text)
    encoded = text.dictionary_encode()
    distinct = encoded.dictionary
    misfit = pc.is_in(distinct, _misfits(distinct, form))
    return store(nulled(distinct, misfit), form).take(encoded.indices), pc.fill_null(
        misfit.take(encoded.indices), False
    )


def _readable(form: ColumnType) -> ColumnType:
    """The form for reading text. A boolean or timestamp that came from a file with types has no spelling, so only its value counts."""
    spelled = form.spelling or form.format or form.type not in ("boolean", "timestamp")
    return form if spelled else replace(form, declared=True)


def _is_scalar(form: ColumnType) -> bool:
    """Whether text may become a value of the form's type: it never becomes a struct, or bytes."""
    return not (pa.types.is_nested(form.arrow_type) or pa.types.is_binary(form.arrow_type))


def _pattern(form: ColumnType) -> str:
    """What every cell that fits the form looks like, for Arrow's regular expressions. Some that look so do not fit: 2024-02-30."""
    if form.declared:
        return declared_types.looks_like(form.type, form.format)
    if form.format:
        return (
            date_pattern.looks_like(form.format)
            if form.type in ("date", "timestamp")
            else number_format.looks_like(form.format)
        )
    if decimal := athena_types.DECIMAL_TYPE.fullmatch(form.type):
        before = max(int(decimal[1]) - int(decimal[2]), 1)
        return rf"^-?\d{{1,{before}}}\.\d{{{decimal[2]}}}$" if int(decimal[2]) else rf"^-?\d{{1,{before}}}$"
    if form.type == "boolean":
        return f"^({form.spelling}|{FALSE[form.spelling]})$"
    if form.type == "timestamp":
        return "^" + re.escape(form.spelling).replace("0", r"\d") + "$"
    return {"bigint": r"^-?\d{1,19}$", "double": r"^-?\d+(\.\d+)?$", "date": r"^\d{4}-\d\d-\d\d$", "binary": ""}[
        form.type
    ]


def _misfits(distinct: pa.Array, form: ColumnType) -> pa.Array:
    """The cells that do not fit. Nearly all are told by their look, which costs far less than a cast that fails."""
    looks_right = pc.match_substring_regex(distinct, _pattern(form))
    candidates = distinct.filter(looks_right)
    if form.type in ("date", "timestamp"):
        readable = pc.is_valid(only(_plain(candidates, form), CALENDAR))
    else:
        readable = pc.is_valid(_plain(candidates, form))
    unfit = _unfit(candidates.filter(readable), form)
    return pa.concat_arrays([distinct.filter(pc.invert(looks_right)), candidates.filter(pc.invert(readable)), *unfit])


def _unfit(text: pa.Array, form: ColumnType) -> list[pa.Array]:
    """The cells that look right and do not fit. A cast fails as a whole: the few cells that make it fail are found by halving."""
    try:
        values = store(text, form)
    except pa.ArrowInvalid:
        middle = len(text) // 2
        return [*_unfit(text[:middle], form), *_unfit(text[middle:], form)] if middle else [text]
    return [text.filter(pc.invert(_fitting(values, text, form)))]


def _fitting(values: pa.Array, text: pa.Array, form: ColumnType) -> pa.Array:
    """Which cells keep their value, and unless the form is declared their spelling. True for null."""
    fits = _ordinary(values, text, form)
    if not form.declared:
        fits = pc.and_(fits, pc.equal(restore(values, form), text))
    return pc.fill_null(fits, True)


def _ordinary(values: pa.Array, text: pa.Array, form: ColumnType) -> pa.Array:
    """No infinite or missing number, none with an exponent, no date before the year 1: engines disagree about these."""
    if pa.types.is_floating(values.type):
        finite = pc.is_finite(values)
        return finite if form.declared else pc.and_not(finite, pc.match_substring(text, "e"))
    if pa.types.is_date32(values.type) or pa.types.is_timestamp(values.type):
        return pc.greater_equal(values.cast(pa.date32()).cast(pa.int32()), FIRST_DAY)
    return pa.repeat(True, len(values))


@dataclass(frozen=True)
class ScalarInference:
    """The forms that fit all values seen so far, the best first. None where no value was seen."""

    forms: tuple[ColumnType, ...] | None = None

    @property
    def best(self) -> ColumnType:
        return self.forms[0] if self.forms else TEXT

    @property
    def unseen(self) -> bool:
        return self.forms is None

    def merged(self, other: "ScalarInference") -> "ScalarInference":
        """The forms that fit what both have seen."""
        if self.forms is None:
            return other
        if other.forms is None:
            return self
        return ScalarInference(tuple(form for form in self.forms if form in other.forms))

    def widened(self, form: ColumnType) -> ColumnType:
        """The published form with the struct fields that were seen beside its own."""
        if "struct<" not in form.type:
            return form
        spelling = athena_types.widened(form.spelling, self.best.type) if form.spelling else ""
        return replace(form, type=athena_types.widened(form.type, self.best.type), spelling=spelling)


def infer(text: pa.Array, formats: Formats = NO_FORMATS) -> ScalarInference:
    """Try every form on a column of text."""
    text = text.drop_null()
    if not len(text):
        return ScalarInference()
    return ScalarInference(
        tuple(form for form in _candidates(text[0].as_py(), formats) if stored(text, form) is not None)
    )


def _candidates(first: str, formats: Formats) -> Iterable[ColumnType]:
    """The forms that may fit a column that holds `first`."""
    if formats.date:
        yield ColumnType("timestamp" if date_pattern.holds_time(formats.date) else "date", format=formats.date)
    yield BIGINT
    yield from _fractions(first, formats.number)
    yield DATE
    if TIMESTAMP.fullmatch(first):
        yield ColumnType("timestamp", re.sub(r"\d", "0", first))
    yield from (form for form in BOOLEANS if first in (form.spelling, FALSE[form.spelling]))
    yield TEXT


def _fractions(first: str, format: str) -> Iterable[ColumnType]:
    """Numbers that are not whole, or not written as digits alone. With a declared format the plain point has no say."""
    plain = number_format.to_plain(pa.array([first]), format)[0].as_py() if format else first
    decimals = DECIMALS.fullmatch(plain or "")
    if format:
        yield ColumnType("bigint", format=format)
    if decimals and len(decimals[1]) < MOST_DIGITS:
        scale = len(decimals[1])
        if scale <= 12:
            yield ColumnType(
                f"decimal(18,{scale})", format=format
            )  # eight bytes in memory for most engines, and room for larger values to come
        yield ColumnType(f"decimal({MOST_DIGITS},{scale})", format=format)
    yield ColumnType("double", SHORTEST.spelling, format)
    if not format:
        yield POINT_ZERO
