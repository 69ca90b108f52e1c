"""Text with some cells made null.

Not by `if_else`: with a sliced array of text, pyarrow 17 gives wrong cells (an offset that it forgets).
"""

import pyarrow as pa
import pyarrow.compute as pc


def set_null(text: pa.Array, mask: pa.Array) -> pa.Array:
    """The text with null where the mask, which holds no null, is true."""
    return pc.replace_with_mask(text, mask, pa.nulls(pc.sum(mask).as_py() or 0, pa.string()))


def null_unless_match(text: pa.Array, pattern: str) -> pa.Array:
    """The text with null where it does not match the regular expression."""
    matches = pc.fill_null(pc.match_substring_regex(text, pattern), False)
    return set_null(text, pc.invert(matches))
