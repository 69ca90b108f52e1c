"""Compares Arrow columns row by row, with the same result as Spark's `<=>`.

Null equals null, NaN equals NaN and -0.0 equals 0.0, also within structs and arrays. The values themselves are
compared, not their hashes.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]


def same_values(one: pa.Array, other: pa.Array) -> Mask:
    """A mask that is true for each row whose values in the two arrays are the same. The arrays have the same type."""
    equal: Mask
    valid, other_valid = _is_valid(one), _is_valid(other)
    both = valid & other_valid
    if pa.types.is_struct(one.type):
        equal = np.ones(len(one), dtype=bool)
        for field, other_field in zip(one.flatten(), other.flatten(), strict=True):
            equal &= same_values(field, other_field)
    elif pa.types.is_list(one.type) or pa.types.is_large_list(one.type):
        equal = _same_lists(one, other, both)
    else:
        equal = _mask(pc.equal(one, other))
        if pa.types.is_floating(one.type):
            equal |= _mask(pc.is_nan(one)) & _mask(pc.is_nan(other))
    equal |= ~both
    equal &= valid == other_valid
    return equal


def _same_lists(one: pa.Array, other: pa.Array, both: Mask) -> Mask:
    lengths = pc.list_value_length(one).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    other_lengths = pc.list_value_length(other).fill_null(0).to_numpy(zero_copy_only=False)
    equal = both.copy()
    equal &= lengths == other_lengths
    rows = np.flatnonzero(equal)
    same = same_values(one.take(pa.array(rows)).flatten(), other.take(pa.array(rows)).flatten())
    ends = np.cumsum(lengths[rows])
    different = np.concatenate([[0], np.cumsum(~same)])
    equal[rows] = different[ends] == different[ends - lengths[rows]]
    return equal


def _is_valid(values: pa.Array) -> Mask:
    if not values.null_count:
        return np.ones(len(values), dtype=bool)
    return _mask(values.is_valid())


def _mask(values: pa.Array) -> Mask:
    """Convert a Boolean array to a writable NumPy array. Null becomes false."""
    filled = values.fill_null(False) if values.null_count else values
    return np.array(filled.to_numpy(zero_copy_only=False), dtype=bool)
