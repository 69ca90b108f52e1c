"""Each Athena type has one Arrow type, and added struct fields do not change published ones."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_runtime.columns.athena_types import arrow_type, athena_type, widened
from etl_runtime.columns.column_types import ColumnType

names = st.from_regex(r"\A[a-z][a-z0-9_]{0,6}\Z")
decimals = st.integers(1, 38).flatmap(
    lambda digits: st.integers(0, digits).map(lambda scale: f"decimal({digits},{scale})")
)
scalars = st.sampled_from(["string", "bigint", "double", "boolean", "date", "timestamp", "binary"]) | decimals


def nested(types: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    struct = st.dictionaries(names, types, min_size=1, max_size=4)
    return (
        types.map(lambda item: f"array<{item}>")
        | st.tuples(scalars, types).map(lambda pair: f"map<{pair[0]},{pair[1]}>")
        | struct.map(lambda fields: f"struct<{','.join(f'{name}:{type_}' for name, type_ in fields.items())}>")
    )


types = st.recursive(scalars, nested, max_leaves=8)


@given(types)
def test_each_athena_type_has_exactly_one_arrow_type(athena: str) -> None:
    assert athena_type(arrow_type(athena)) == athena
    assert ColumnType(athena).arrow_type == arrow_type(athena)


@given(types, types)
def test_widening_keeps_published_fields_and_is_idempotent(published: str, seen: str) -> None:
    wider = widened(published, seen)
    assert widened(wider, seen) == wider
    assert widened(wider, published) == wider
    assert widened(published, published) == published


@pytest.mark.parametrize(
    ("athena", "arrow"),
    [
        ("timestamp", pa.timestamp("us", tz="UTC")),
        ("decimal(18,2)", pa.decimal128(18, 2)),
        ("array<array<bigint>>", pa.list_(pa.list_(pa.int64()))),
        ("struct<a:decimal(3,1),map:string>", pa.struct([("a", pa.decimal128(3, 1)), ("map", pa.string())])),
        ("map<string,array<double>>", pa.map_(pa.string(), pa.list_(pa.float64()))),
    ],
)
def test_an_athena_type_is_converted_to_its_arrow_type(athena: str, arrow: pa.DataType) -> None:
    assert arrow_type(athena) == arrow


@pytest.mark.parametrize(
    ("published", "seen", "wider"),
    [
        ("bigint", "string", "bigint"),
        ("struct<a:bigint>", "struct<b:double,a:string>", "struct<a:bigint,b:double>"),
        (
            "array<struct<a:struct<x:date>>>",
            "array<struct<a:struct<y:date>>>",
            "array<struct<a:struct<x:date,y:date>>>",
        ),
        ("map<string,struct<a:bigint>>", "map<bigint,struct<b:bigint>>", "map<string,struct<a:bigint,b:bigint>>"),
        ("struct<a:string>", "struct<a:struct<b:bigint>>", "struct<a:string>"),
        ("struct<a:string>", "array<struct<b:bigint>>", "struct<a:string>"),
    ],
)
def test_widening_appends_new_struct_fields(published: str, seen: str, wider: str) -> None:
    assert widened(published, seen) == wider


@pytest.mark.parametrize(
    "text",
    ["", "text", "array<>", "array", "array<bigint", "array<bigint>>", "array<bigint,bigint>", "map<string>", "struct<>", "struct<a>", "struct<a:>", "struct<:bigint>", "struct<a:bigint,>", "struct<a,bigint>", "decimal(3)"],
)  # fmt: skip
def test_an_invalid_type_raises_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="is not an Athena type"):
        arrow_type(text)


@pytest.mark.parametrize("arrow", [pa.int32(), pa.timestamp("us"), pa.timestamp("ms", tz="UTC"), pa.large_string()])
def test_an_arrow_type_without_an_athena_type_raises_an_error(arrow: pa.DataType) -> None:
    with pytest.raises(ValueError, match="has no Athena type"):
        athena_type(arrow)
