"""Convert JSON numbers to Arrow arrays with exactly the same values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from etl_runtime.columns.column_types import MAX_DECIMAL_DIGITS
from etl_runtime.columns.json_values import Number, decimal, is_exact_double

MIN_BIGINT, MAX_BIGINT = -(2**63), 2**63 - 1
MAX_BIGINT_DIGITS = 19
TOO_MANY_DIGITS = MAX_DECIMAL_DIGITS + 1

Numbers = Sequence[int | Number | None]


@dataclass(frozen=True)
class NumberFacts:
    """Facts about numbers: whether all of them are integers (no fraction, no exponent), whether all of them fit into 64
    bits, and whether doubles represent all of them exactly.

    `digits` and `scale` are the maximum number of digits before and after the decimal point, up to 39.
    """

    integers: bool
    bigint: bool
    double: bool
    digits: int
    scale: int

    def merged(self, other: "NumberFacts") -> "NumberFacts":
        return NumberFacts(
            self.integers and other.integers,
            self.bigint and other.bigint,
            self.double and other.double,
            max(self.digits, other.digits),
            max(self.scale, other.scale),
        )

    @property
    def best(self) -> str:
        """The preferred type, or `text` if no numeric type keeps all values exactly."""
        if self.integers and self.bigint:
            return "bigint"
        if self.integers and self.digits <= MAX_DECIMAL_DIGITS:
            return f"decimal({MAX_DECIMAL_DIGITS},0)"
        if self.double:
            return "double"
        return (
            f"decimal({MAX_DECIMAL_DIGITS},{self.scale})" if self.digits + self.scale <= MAX_DECIMAL_DIGITS else "text"
        )


def facts(numbers: Iterable[int | Number]) -> NumberFacts:
    """Collect the facts about one or more numbers."""
    distinct = set(numbers)
    written = [number for number in distinct if isinstance(number, Number)]
    integers = [number for number in distinct if not isinstance(number, Number)]
    extremes = (min(integers), max(integers)) if integers else ()
    sizes = [_size(number) for number in written] + [(_digits(number), 0) for number in extremes]
    _, lost = doubles(list(distinct))
    return NumberFacts(
        integers=not written,
        bigint=not written and all(MIN_BIGINT <= number <= MAX_BIGINT for number in extremes),
        double=not lost,
        digits=max(digits for digits, _ in sizes),
        scale=max(scale for _, scale in sizes),
    )


def _digits(integers: int) -> int:
    return min(len(str(abs(integers))), TOO_MANY_DIGITS) if integers else 0


def _size(number: Number) -> tuple[int, int]:
    """The number of digits before and after the decimal point."""
    if "e" in number or "E" in number:
        value = decimal(number)
        return (TOO_MANY_DIGITS, TOO_MANY_DIGITS) if value is None else _decimal_size(value)
    integer, _, fraction = number.lstrip("-").partition(".")
    return min(len(integer.lstrip("0")), TOO_MANY_DIGITS), min(len(fraction.rstrip("0")), TOO_MANY_DIGITS)


def _decimal_size(value: Decimal) -> tuple[int, int]:
    _, digits, exponent = value.as_tuple()
    significant = "".join(map(str, digits)).rstrip("0")
    exponent = int(exponent) + len(digits) - len(significant)
    if not significant:
        return 0, 0
    return min(max(len(significant) + exponent, 0), TOO_MANY_DIGITS), min(max(-exponent, 0), TOO_MANY_DIGITS)


def bigints(numbers: Numbers) -> tuple[pa.Array, list[int]]:
    """Convert numbers to 64-bit integers. Other numbers become null, and the indexes of their rows are returned. 3.0
    counts as an integer."""
    values: Sequence[int | None] = numbers  # type: ignore[assignment]
    if Number in set(map(type, numbers)):
        values = [_integer(number) if isinstance(number, Number) else number for number in numbers]
    try:
        array = pa.array(values, pa.int64())
    except (OverflowError, pa.ArrowInvalid):
        values = [value if value is not None and MIN_BIGINT <= value <= MAX_BIGINT else None for value in values]
        array = pa.array(values, pa.int64())
    return array, _lost(numbers, array)


def _integer(number: Number) -> int | None:
    integer, fraction = _size(number)
    value = decimal(number)
    return int(value) if value is not None and integer <= MAX_BIGINT_DIGITS and not fraction else None


def doubles(numbers: Numbers) -> tuple[pa.Array, list[int]]:
    """Convert numbers to doubles. Numbers that a double cannot represent exactly become null, and the indexes of their
    rows are returned."""
    written: Sequence[str | None] = numbers  # type: ignore[assignment]
    if int in set(map(type, numbers)):
        written = [number if number is None or isinstance(number, Number) else str(number) for number in numbers]
    texts = pa.array(written, pa.string())
    values = pc.cast(texts, pa.float64())
    lost = inexact(texts, values)
    if not lost:
        return values, []
    rows = pc.is_in(texts, pa.array(lost, pa.string()))
    return pc.if_else(rows, pa.scalar(None, pa.float64()), values), pc.indices_nonzero(rows).to_pylist()


def inexact(texts: pa.Array, doubles: pa.Array) -> list[str]:
    """The distinct numbers that a double cannot represent exactly."""
    # Most numbers are written as the shortest text of their double, so they are exact. Check each other distinct number
    # once.
    shortest = pc.cast(doubles, pa.string())
    other = pc.filter(texts, pc.not_equal(texts, shortest)).unique()
    return [text for text in other.to_pylist() if not is_exact_double(Number(text))]


def decimals(numbers: Numbers, precision: int, scale: int) -> tuple[pa.Array, list[int]]:
    """Convert numbers to decimals. Numbers that exceed the precision or the scale become null, and the indexes of their
    rows are returned."""
    type_ = pa.decimal128(precision, scale)
    values = [None if number is None else decimal(number) for number in numbers]
    try:
        array = pa.array(values, type_)
        if array.to_pylist() == values:  # Arrow converts 3.0e-60 to 0
            return array, _lost(numbers, array)
    except pa.ArrowInvalid:
        pass
    array = pa.array([None if value is None else _fitting(value, precision, scale) for value in values], type_)
    return array, _lost(numbers, array)


def _fitting(value: Decimal, precision: int, scale: int) -> Decimal | None:
    """The value with exactly `scale` decimal places, which Arrow can always convert, or None if it does not fit."""
    integer, fraction = _decimal_size(value)
    if integer > precision - scale or fraction > scale:
        return None
    sign, digits, exponent = value.as_tuple()
    if not integer and not fraction:
        return Decimal(0)
    shift = int(exponent) + scale
    return Decimal((sign, digits + (0,) * shift if shift >= 0 else digits[:shift], -scale))


def _lost(numbers: Numbers, array: pa.Array) -> list[int]:
    if array.null_count == 0:
        return []
    return [row for row in pc.indices_nonzero(array.is_null()).to_pylist() if numbers[row] is not None]
