"""Lossless type inference: a column gets a type only if the text of each value can be restored from the stored value."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_runtime.columns.column_types import (
    BIGINT,
    BOOLEANS,
    DATE,
    POINT_ZERO_DOUBLE,
    SHORTEST_DOUBLE,
    TEXT,
    ColumnType,
    ScalarInference,
    convert,
    convert_with_mismatches,
    infer,
    parse,
    to_text,
)

COLUMN_TYPES = [
    *BOOLEANS,
    ColumnType("timestamp", "0000-00-00T00:00:00"),
    ColumnType("timestamp", "0000-00-00 00:00:00.000Z"),
    BIGINT,
    ColumnType("decimal(18,2)"),
    ColumnType("decimal(38,9)"),
    SHORTEST_DOUBLE,
    POINT_ZERO_DOUBLE,
    DATE,
    TEXT,
]

number_like = st.from_regex(r"\A[-+]?[0-9]{1,20}(\.[0-9]{0,12})?\Z")
date_like = st.from_regex(r"\A[0-9]{4}-[01][0-9]-[0-3][0-9]\Z")
time_like = st.from_regex(
    r"\A[12][0-9]{3}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9](:[0-5][0-9](\.[0-9]{1,7})?)?(Z|\+02:00)?\Z"
)
times = st.datetimes().flatmap(
    lambda time: st.sampled_from([time.isoformat(), time.isoformat(" "), time.isoformat(timespec="milliseconds") + "Z"])
)
words = st.sampled_from(["true", "false", "TRUE", "FALSE", "True", "False", "T", "yes"])
unusual = st.sampled_from(
    [
        "0",
        "-0",
        "00",
        "1e5",
        "NaN",
        "nan",
        "inf",
        "-0.00",
        "1,234",
        "(12)",
        " 1",
        "1 ",
        "٣",
        "0.1",
        ".5",
        "5.",
        "true",
        "9" * 19,
    ]
)
plain = (
    st.integers().map(str)
    | st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.decimals(places=2, allow_nan=False, allow_infinity=False).map(str)
)
cell = st.none() | number_like | date_like | time_like | words | unusual | plain | st.text(min_size=1, max_size=8)
alike = st.sampled_from(
    [
        number_like,
        date_like,
        time_like,
        times,
        words,
        plain,
        st.integers(-999, 999).map(str),
        st.decimals(-99, 99, places=2).map(str),
    ]
).flatmap(lambda strategy: st.lists(st.none() | strategy, max_size=6))


def text(cells: list[str | None]) -> pa.Array:
    return pa.array(cells, pa.string())


@given(st.lists(cell, max_size=6) | alike)
def test_the_inferred_type_is_lossless(cells: list[str | None]) -> None:
    column_type = infer(text(cells)).best
    assert to_text(parse(text(cells), column_type), column_type).to_pylist() == cells


@given(st.lists(cell, max_size=8), st.sampled_from(COLUMN_TYPES))
def test_a_mismatch_is_null_and_other_cells_do_not_change(cells: list[str | None], column_type: ColumnType) -> None:
    values, mismatches = convert_with_mismatches(text(cells), column_type)
    rebuilt = to_text(values, column_type).to_pylist()
    for before, after, mismatch in zip(cells, rebuilt, mismatches.to_pylist(), strict=True):
        assert after == (None if mismatch else before)
        assert mismatch == (before is not None and convert(text([before]), column_type) is None)


@given(st.lists(cell, max_size=5), st.lists(cell, max_size=5))
def test_a_merged_inference_matches_all_values(one: list[str | None], other: list[str | None]) -> None:
    merged = infer(text(one)).merged(infer(text(other)))
    assert convert(text(one + other), merged.best) is not None


@pytest.mark.parametrize(
    ("cells", "type_"),
    [
        (["1", "-20", "0"], "bigint"),
        (["9223372036854775807"], "bigint"),
        (["9223372036854775808"], "string"),
        (["007"], "string"),
        (["+1"], "string"),
        (["-0"], "double"),
        (["1.50", "-0.25"], "decimal(18,2)"),
        (["12345678901234567.89"], "decimal(38,2)"),
        (["0.00000001", "0.00000000"], "decimal(18,8)"),
        (["1.5", "2", "3.25"], "double"),
        (["1.0", "2.25"], "double"),
        (["1.10", "1.2"], "string"),
        (["2.50", "3"], "string"),
        (["1e5"], "string"),
        (["NaN", "1.5"], "string"),
        (["nan", "inf"], "string"),
        (["1,234"], "string"),
        (["2024-02-29"], "date"),
        (["2024-01-02T03:04:05Z", "1892-01-01T00:00:00Z"], "timestamp"),
        (["2024-01-02 03:04"], "timestamp"),
        (["2024-01-02 03:04:05.120", "2024-01-02 03:04:05.000"], "timestamp"),
        (["2024-01-02 03:04:05", "2024-01-02 03:04:05.1"], "string"),
        (["2024-01-02T03:04:05+02:00"], "string"),
        (["true", "false"], "boolean"),
        (["TRUE", "false"], "string"),
        (["yes", "no"], "string"),
        (["2024-02-30"], "string"),
        (["00000000"], "string"),
        (["0000-01-01"], "string"),
        ([None, None], "string"),
        ([None, "4"], "bigint"),
        (["1", "x"], "string"),
    ],
)
def test_the_inferred_type_of_text_is(cells: list[str | None], type_: str) -> None:
    assert infer(text(cells)).best.type == type_


def test_a_column_without_values_does_not_exclude_any_type() -> None:
    assert (
        ScalarInference().merged(infer(text(["1"])))
        == infer(text(["1"])).merged(ScalarInference())
        == infer(text(["1"]))
    )
