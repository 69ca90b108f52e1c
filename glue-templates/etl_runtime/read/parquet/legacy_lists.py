"""Lists of lists in the legacy two-level layout, which Arrow before version 19 reads as lists of structs.

    repeated group array (LIST) { repeated int32 array; }

Avro and Hive write this layout. The repeated group is the inner list itself, not a struct with a list as a field.
"""

import re

import pyarrow as pa

from etl_runtime.read.parquet.nested import entries, leaf_count, list_of, map_of

GROUP = re.compile(r"\s*(required|optional|repeated) group .*\{")
LEAF = re.compile(r"\s*(required|optional|repeated) .*;")
LEGACY_LIST = re.compile(r"\s*repeated group .* \(List\) \{")

Place = tuple[int, int]
"""The index of a list's first leaf, and the number of lists and maps that contain its items."""


def legacy_lists(schema: str) -> set[Place]:
    """Find the lists whose items are themselves lists in the legacy two-level layout. `schema` is the text of a
    `ParquetSchema`."""
    if " (List) {" not in schema:
        return set()
    found: set[Place] = set()
    repeated: list[bool] = []
    leaf = 0
    for line in schema.splitlines():
        if GROUP.fullmatch(line):
            repeated.append(line.lstrip().startswith("repeated "))
            if LEGACY_LIST.fullmatch(line):
                found.add((leaf, sum(repeated)))
        elif line.strip() == "}":
            repeated.pop()
        elif LEAF.fullmatch(line):
            leaf += 1
    return found


def without_legacy_structs(array: pa.Array, legacy: set[Place], leaf: int, depth: int = 0) -> pa.Array:
    """Replace the structs that Arrow reads for lists in the legacy layout with lists. `leaf` is the index of the
    array's first leaf."""
    if pa.types.is_struct(array.type):
        children = []
        for child in array.flatten():
            children.append(without_legacy_structs(child, legacy, leaf, depth))
            leaf += leaf_count(child.type)
        return pa.StructArray.from_arrays(children, [field.name for field in array.type], mask=array.is_null())
    if pa.types.is_map(array.type):
        keys, items = entries(array)
        values = without_legacy_structs(items, legacy, leaf + leaf_count(keys.type), depth + 1)
        return map_of(array, without_legacy_structs(keys, legacy, leaf, depth + 1), values)
    if not pa.types.is_list(array.type):
        return array
    items = array.flatten()
    if (leaf, depth + 1) in legacy and pa.types.is_struct(items.type) and items.type.num_fields == 1:
        (items,) = items.flatten()
    return list_of(array, without_legacy_structs(items, legacy, leaf, depth + 1))
