"""Reads and replaces the leaves of nested Arrow arrays, without changing their lists, maps and structs."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc


def leaf_arrays(array: pa.Array) -> Iterator[pa.Array]:
    """Yield the arrays without children, in the order of the Parquet schema. An array of an extension type is replaced
    by its storage array."""
    if isinstance(array.type, pa.BaseExtensionType):
        yield from leaf_arrays(array.storage)
    elif pa.types.is_struct(array.type):
        for child in array.flatten():
            yield from leaf_arrays(child)
    elif pa.types.is_map(array.type):
        for child in entries(array):
            yield from leaf_arrays(child)
    elif pa.types.is_list(array.type):
        yield from leaf_arrays(array.flatten())
    else:
        yield array


def with_leaves(array: pa.Array, leaves: Iterator[pa.Array]) -> pa.Array:
    """Replace the leaves of the array. The new leaves may have other types."""
    if isinstance(array.type, pa.BaseExtensionType):
        return with_leaves(array.storage, leaves)
    if pa.types.is_struct(array.type):
        children = [with_leaves(child, leaves) for child in array.flatten()]
        return pa.StructArray.from_arrays(children, [field.name for field in array.type], mask=array.is_null())
    if pa.types.is_map(array.type):
        keys, items = entries(array)
        return map_of(array, with_leaves(keys, leaves), with_leaves(items, leaves))
    if pa.types.is_list(array.type):
        return list_of(array, with_leaves(array.flatten(), leaves))
    return next(leaves)


def leaf_count(type: pa.DataType) -> int:
    """The number of leaves of an array of this type."""
    if isinstance(type, pa.BaseExtensionType):
        return leaf_count(type.storage_type)
    if pa.types.is_struct(type):
        return sum(leaf_count(field.type) for field in type)
    if pa.types.is_map(type):
        return leaf_count(type.key_type) + leaf_count(type.item_type)
    return leaf_count(type.value_type) if pa.types.is_list(type) else 1


def list_of(array: pa.Array, items: pa.Array) -> pa.Array:
    """Replace the items of the lists in `array`."""
    return pa.ListArray.from_arrays(list_offsets(array), items, mask=array.is_null())


def list_offsets(array: pa.Array) -> pa.Array:
    """The offset in the array of items at which each list begins. The first offset is 0."""
    lengths = pc.fill_null(pc.list_value_length(array), 0)
    return pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths).cast(pa.int32())])


def entries(array: pa.Array) -> tuple[pa.Array, pa.Array]:
    """The keys and items of the maps. Arrow itself returns all keys and items of the underlying array, even if this
    array is only a slice of it."""
    first, last = array.offsets[0].as_py(), array.offsets[-1].as_py()
    return array.keys[first:last], array.items[first:last]


def map_of(array: pa.Array, keys: pa.Array, items: pa.Array) -> pa.Array:
    """Replace the keys and items of the maps in `array`."""
    offsets = pa.array(array.offsets.to_numpy() - array.offsets[0].as_py(), pa.int32())
    return pa.MapArray.from_arrays(offsets, keys, items, mask=array.is_null())
