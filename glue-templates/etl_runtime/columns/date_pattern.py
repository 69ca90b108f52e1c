"""Dates and times written by a pattern such as yyyyMMdd or MM/dd/yyyy HH:mm:ss → ISO text, and back."""

import re
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

TOKEN = re.compile(r"yyyy|yy|MMM|MM|M|dd|d|HH|mm|ss|S{1,6}|[^A-Za-z]")
MONTHS = pa.array(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"])
CENTURY_TURN = 69  # as POSIX has it: 69 is 1969, 68 is 2068
DIGITS = {"yyyy": r"\d{4}", "yy": r"\d\d", "MMM": "[A-Za-z]{3}", "M": r"\d\d?", "d": r"\d\d?"}
PLACES = {"yyyy": (0, 4), "yy": (2, 4), "MMM": (5, 7), "MM": (5, 7), "M": (5, 7), "dd": (8, 10), "d": (8, 10)}
TIME_PLACES = {"HH": (11, 13), "mm": (14, 16), "ss": (17, 19)}


def holds_time(pattern: str) -> bool:
    """Whether values of this pattern are timestamps; else they are dates."""
    return any(piece in TIME_PLACES for piece in _pieces(pattern))


def looks_like(pattern: str) -> str:
    """What every text of the pattern looks like, for Arrow's regular expressions."""
    return "^" + "".join(_digits(piece) for piece in _pieces(pattern)) + "$"


def to_iso(text: pa.Array, pattern: str) -> pa.Array:
    """`2024-01-31`, or `2024-01-31 12:30:00.250000` where the pattern holds a time; null where the text is not of the pattern."""
    pieces = [piece for piece in _pieces(pattern) if piece[0].isalpha()]
    groups = "".join(
        f"(?P<{piece}>{_digits(piece)})" if piece[0].isalpha() else _digits(piece) for piece in _pieces(pattern)
    )
    found = pc.extract_regex(text, f"^{groups}$")
    part = {piece[0]: pc.struct_field(found, [index]) for index, piece in enumerate(pieces)}
    year = _year(part["y"], "yyyy" in pieces)
    month = _month(part["M"]) if "MMM" in pieces else pc.utf8_lpad(part["M"], 2, "0")
    day = pc.binary_join_element_wise(year, month, pc.utf8_lpad(part["d"], 2, "0"), "-")
    if not holds_time(pattern):
        return day
    zero = pa.scalar("00")
    clock = pc.binary_join_element_wise(part.get("H", zero), part.get("m", zero), part.get("s", zero), ":")
    fraction = pc.utf8_rpad(part["S"], 6, "0") if "S" in part else pa.scalar("000000")
    return pc.binary_join_element_wise(day, pc.binary_join_element_wise(clock, fraction, "."), " ")


def from_iso(iso: pa.Array, pattern: str) -> pa.Array:
    """The text of the pattern from ISO text as `to_iso` gives it."""
    return pc.binary_join_element_wise(*(_written(iso, piece) for piece in _pieces(pattern)), "")


@lru_cache
def _pieces(pattern: str) -> tuple[str, ...]:
    return tuple(TOKEN.findall(pattern))


def _digits(piece: str) -> str:
    if not piece[0].isalpha():
        return re.escape(piece)
    return rf"\d{{{len(piece)}}}" if piece[0] == "S" else DIGITS.get(piece, r"\d\d")


def _year(year: pa.Array, whole: bool) -> pa.Array:
    if whole:
        return year
    century = pc.if_else(pc.less(pc.cast(year, pa.int32()), CENTURY_TURN), "20", "19")
    return pc.binary_join_element_wise(century, year, "")


def _month(name: pa.Array) -> pa.Array:
    index = pc.index_in(pc.utf8_capitalize(name), value_set=MONTHS)
    return pc.utf8_lpad(pc.cast(pc.add(index, 1), pa.string()), 2, "0")


def _written(iso: pa.Array, piece: str) -> pa.Array | str:
    if not piece[0].isalpha():
        return piece
    if piece[0] == "S":
        return pc.utf8_slice_codeunits(iso, 20, 20 + len(piece))
    digits = pc.utf8_slice_codeunits(iso, *(PLACES | TIME_PLACES)[piece])
    if piece == "MMM":
        return MONTHS.take(pc.subtract(pc.cast(digits, pa.int32()), 1))
    return pc.utf8_ltrim(digits, "0") if piece in ("M", "d") else digits
