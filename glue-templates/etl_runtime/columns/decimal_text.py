"""Prepares numbers that are stored as text for Arrow's cast to decimal, which silently overflows at too many digits."""

from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from etl_runtime.columns.null_mask import null_unless_match


def plain_decimals(number: pa.Array, precision: int, scale: int) -> pa.Array:
    """Convert numbers such as -012.50 or 1e5 to plain digits. The result is null if a number exceeds the precision or
    scale."""
    exponents = pc.fill_null(pc.match_substring_regex(number, "[eE]"), False)
    if pc.any(exponents).as_py():
        plain = [f"{Decimal(text):f}" for text in number.filter(exponents).to_pylist()]
        number = pc.replace_with_mask(number, exponents, pa.array(plain, pa.string()))
    number = pc.replace_substring_regex(number, r"^(-?)0+(\d)", r"\1\2")
    number = pc.replace_substring_regex(number, r"(\.\d*?)0+$", r"\1")
    number = pc.replace_substring_regex(number, r"\.$", "")
    number = pc.replace_substring_regex(number, r"^(-?)$", r"\10")  # .0 is now empty
    fraction = rf"(?:\.\d{{1,{scale}}})?" if scale else ""
    return null_unless_match(number, rf"^-?(?:0|\d{{0,{precision - scale}}}){fraction}$")
