"""Converts dates and times with a pattern such as yyyyMMdd or MM/dd/yyyy HH:mm:ss to ISO text and back."""

import re
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

SYMBOL = re.compile(r"yyyy|yy|MMM|MM|M|dd|d|HH|H|hh|h|mm|ss|S{1,6}|a|[^A-Za-z]")
MONTHS = pa.array(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"])
PIVOT_YEAR = 69  # the POSIX rule: 69 is 1969, 68 is 2068
DIGITS = {"yyyy": r"\d{4}", "yy": r"\d\d", "MMM": "[A-Za-z]{3}", "M": r"\d\d?", "d": r"\d\d?"}
DIGITS |= {"H": r"\d\d?", "h": r"(?:1[0-2]|0?[1-9])", "hh": r"(?:1[0-2]|0[1-9])", "a": r"[AaPp]\.?[Mm]\.?"}
POSITIONS = {"yyyy": (0, 4), "yy": (2, 4), "MMM": (5, 7), "MM": (5, 7), "M": (5, 7), "dd": (8, 10), "d": (8, 10)}
TIME_POSITIONS = {"HH": (11, 13), "H": (11, 13), "mm": (14, 16), "ss": (17, 19)}
NOON = 12


def has_time(pattern: str) -> bool:
    """Whether values with this pattern are timestamps. Otherwise, they are dates."""
    return any(symbol in TIME_POSITIONS or symbol in ("hh", "h") for symbol in _symbols(pattern))


def regex(pattern: str) -> str:
    """An Arrow regular expression that every value with this pattern matches."""
    return "^" + "".join(_symbol_regex(symbol) for symbol in _symbols(pattern)) + "$"


def to_iso(text: pa.Array, pattern: str) -> pa.Array:
    """Convert text to `2024-01-31`, or to `2024-01-31 12:30:00.250000` if the pattern has a time.

    The result is null if the text does not match the pattern.
    """
    symbols = [symbol for symbol in _symbols(pattern) if symbol[0].isalpha()]
    groups = "".join(
        f"(?P<{symbol}>{_symbol_regex(symbol)})" if symbol[0].isalpha() else _symbol_regex(symbol)
        for symbol in _symbols(pattern)
    )
    found = pc.extract_regex(text, f"^{groups}$")
    part = {symbol[0]: pc.struct_field(found, [index]) for index, symbol in enumerate(symbols)}
    year = _year(part["y"], "yyyy" in symbols)
    month = _month(part["M"]) if "MMM" in symbols else pc.utf8_lpad(part["M"], 2, "0")
    day = pc.binary_join_element_wise(year, month, pc.utf8_lpad(part["d"], 2, "0"), "-")
    if not has_time(pattern):
        return day
    zero = pa.scalar("00")
    hour = _hour(part["h"], part["a"]) if "h" in part else pc.utf8_lpad(part["H"], 2, "0") if "H" in part else zero
    clock = pc.binary_join_element_wise(hour, part.get("m", zero), part.get("s", zero), ":")
    fraction = pc.utf8_rpad(part["S"], 6, "0") if "S" in part else pa.scalar("000000")
    return pc.binary_join_element_wise(day, pc.binary_join_element_wise(clock, fraction, "."), " ")


def from_iso(iso: pa.Array, pattern: str) -> pa.Array:
    """The inverse of `to_iso`."""
    return pc.binary_join_element_wise(*(_format_symbol(iso, symbol) for symbol in _symbols(pattern)), "")


@lru_cache
def _symbols(pattern: str) -> tuple[str, ...]:
    return tuple(SYMBOL.findall(pattern))


def _symbol_regex(symbol: str) -> str:
    if not symbol[0].isalpha():
        return re.escape(symbol)
    return rf"\d{{{len(symbol)}}}" if symbol[0] == "S" else DIGITS.get(symbol, r"\d\d")


def _hour(hour: pa.Array, half: pa.Array) -> pa.Array:
    """Convert the hour of a 12-hour clock to 00 to 23: 12 AM is 00, and 12 PM is 12."""
    number = pc.cast(hour, pa.int32())
    from_zero = pc.if_else(pc.equal(number, NOON), 0, number)
    is_afternoon = pc.starts_with(pc.utf8_lower(half), "p")
    hours = pc.if_else(is_afternoon, pc.add(from_zero, NOON), from_zero)
    return pc.utf8_lpad(pc.cast(hours, pa.string()), 2, "0")


def _year(year: pa.Array, four_digits: bool) -> pa.Array:
    if four_digits:
        return year
    century = pc.if_else(pc.less(pc.cast(year, pa.int32()), PIVOT_YEAR), "20", "19")
    return pc.binary_join_element_wise(century, year, "")


def _month(name: pa.Array) -> pa.Array:
    index = pc.index_in(pc.utf8_capitalize(name), value_set=MONTHS)
    return pc.utf8_lpad(pc.cast(pc.add(index, 1), pa.string()), 2, "0")


def _format_symbol(iso: pa.Array, symbol: str) -> pa.Array | str:
    if not symbol[0].isalpha():
        return symbol
    if symbol[0] == "S":
        return pc.utf8_slice_codeunits(iso, 20, 20 + len(symbol))
    if symbol in ("hh", "h", "a"):
        return _format_twelve_hours(iso, symbol)
    digits = pc.utf8_slice_codeunits(iso, *(POSITIONS | TIME_POSITIONS)[symbol])
    if symbol == "MMM":
        return MONTHS.take(pc.subtract(pc.cast(digits, pa.int32()), 1))
    if symbol == "H":
        return pc.if_else(pc.equal(digits, "00"), "0", pc.utf8_ltrim(digits, "0"))
    return pc.utf8_ltrim(digits, "0") if symbol in ("M", "d") else digits


def _format_twelve_hours(iso: pa.Array, symbol: str) -> pa.Array:
    hour = pc.cast(pc.utf8_slice_codeunits(iso, *TIME_POSITIONS["HH"]), pa.int32())
    if symbol == "a":
        return pc.if_else(pc.less(hour, NOON), "AM", "PM")
    half = pc.if_else(pc.greater_equal(hour, NOON), pc.subtract(hour, NOON), hour)
    text = pc.cast(pc.if_else(pc.equal(half, 0), NOON, half), pa.string())
    return text if symbol == "h" else pc.utf8_lpad(text, 2, "0")
