"""Sets cells of a text array to null.

`pc.if_else` is not used, because pyarrow 17 ignores the offset of a sliced text array and returns wrong cells.
"""

import pyarrow as pa
import pyarrow.compute as pc


def set_null(text: pa.Array, mask: pa.Array) -> pa.Array:
    """Set the text to null where the mask is true. The mask must not contain nulls."""
    return pc.replace_with_mask(text, mask, pa.nulls(pc.sum(mask).as_py() or 0, pa.string()))


def null_unless_match(text: pa.Array, pattern: str) -> pa.Array:
    """Set each cell that does not match the regular expression to null."""
    matches = pc.fill_null(pc.match_substring_regex(text, pattern), False)
    return set_null(text, pc.invert(matches))
