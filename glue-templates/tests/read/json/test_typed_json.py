"""Reading JSON with settled types has the same result as parsing it."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_runtime.columns.cells import PartTable
from etl_runtime.columns.column_types import DATE, TEXT, ColumnType
from etl_runtime.job.errors import RunFailed
from etl_runtime.read.json import parse_json, typed_json
from etl_runtime.read.json.arrow_json import read_objects

TYPES = [
    TEXT,
    DATE,
    ColumnType("string", "text"),
    ColumnType("string", "json"),
    ColumnType("bigint"),
    ColumnType("double"),
    ColumnType("boolean", "true"),
    ColumnType("timestamp", "0000-00-00T00:00:00Z"),
    ColumnType("decimal(38,2)"),
    ColumnType("decimal(10,2)", declared=True),
    ColumnType("string", declared=True),
    ColumnType("array<bigint>"),
    ColumnType("array<double>"),
    ColumnType("map<string,bigint>"),
    ColumnType("struct<a:bigint>"),
    ColumnType("struct<a_b:double,b:string>"),
    ColumnType("struct<A:bigint>"),
    ColumnType("array<struct<a:bigint,b:array<string>>>"),
]

integers = st.integers(-999, 999).map(str) | st.sampled_from(
    ["0", "-0", "1234567890123456", "9007199254740993", "9223372036854775807", "9223372036854775808", "1" + 40 * "0"]
)
decimals = st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.sampled_from(
    ["1.0", "-0.0", "1.50", "0.1000000000000000055", "0.30000000000000004", "1e5", "1E-7", "1e400", "1e-400", "5e-324"]
)
strings = st.text(max_size=4).map(json.dumps) | st.sampled_from(
    [
        '""',
        '"007"',
        '"\\ud83d"',
        '"\\ud83d\\ude00"',
        '"\\u0000"',
        '"a\\": {[,NaN -0 1e400"',
        '"é\\/\\\\"',
        '"2024-02-30"',
    ]
)
words = st.sampled_from(["true", "false"])
dates = st.dates().map(lambda date: f'"{date}"')
invalid = st.sampled_from(
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "01",
        "1.",
        ".5",
        "+1",
        "-",
        "nul",
        "'x'",
        '"\t"',
        '"x',
        '"\\x"',
        "1 2",
        '"a" "b"',
        "",
    ]
)
keys = st.sampled_from(['"a"', '"b"', '"A b"', '"a_b"', '"A"', '"\\u0061"', '"é"', '""'])


def lists(tokens: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(tokens | st.just("null"), max_size=3).map(lambda items: f"[{', '.join(items)}]")


def objects(pools: dict[str, st.SearchStrategy[str]], repeated: bool = False) -> st.SearchStrategy[str]:
    """Objects that have some of the keys, and any key again if `repeated`."""
    present = [st.none() | pool.map(partial("{}: {}".format, key)) for key, pool in pools.items()]
    if repeated:
        present.append(st.none() | st.tuples(keys, integers).map(": ".join))
    return st.tuples(*present).map(lambda members: f"{{{','.join(filter(None, members))}}}")


alike = st.recursive(
    st.sampled_from([integers, st.integers(-9, 9).map(str), decimals, integers | decimals, strings, words, dates]),
    lambda pools: pools.map(lists) | st.dictionaries(keys, pools, max_size=3).map(objects),
    max_leaves=4,
)
anything = integers | decimals | strings | words | dates | lists(integers) | invalid
pools_of_columns = st.dictionaries(keys, alike.map(lambda pool: pool | st.just("null")), min_size=1, max_size=4)
other_lines = st.sampled_from(
    ["null", "5", "[1]", "\ufeff{}", "{}{}", '{"a":', "}", "{}}", '{"a":1} // x', 300 * "[", "{} x"]
)
around = st.sampled_from(["", "", " ", "\t", "\r", "\n", " \n\t ", 70 * " "])


@st.composite
def files(draw: st.DrawFn) -> list[str]:
    """Records as lines. Most files have only valid records, with values of one type per key."""
    pools = draw(pools_of_columns)
    lines = objects(pools)
    if draw(st.integers(0, 3)) == 0:
        odd = objects({key: pool | anything for key, pool in pools.items()}, repeated=True)
        lines = lines | odd | other_lines
    return draw(st.lists(st.builds("{1}{0}{2}".format, lines, around, around), max_size=8))


def outcome(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except RunFailed as failed:
        return str(failed)
    except UnicodeEncodeError as error:
        return str(error)


def exact(array: pa.Array | None) -> Any:
    """Values that differ for 0.0 and -0.0, unlike those of Arrow."""
    if array is None:
        return None
    array.validate(full=True)
    return array.type, repr(array.to_pylist())


def content(part: PartTable, types: dict[str, ColumnType]) -> Any:
    return (
        part.rows,
        part.surplus,
        [
            (
                key,
                exact(cells.convert(types[key])),
                exact(cells.as_text()),
                cells.infer(),
            )
            for key, cells in part.columns.items()
            if key in types
        ],
        list(part.columns),
    )


def inferred(text: bytes) -> dict[str, ColumnType]:
    try:
        part = parse_json.read_table(text, "x.jsonl")
    except RunFailed:
        return {}
    return {key: cells.infer().best for key, cells in part.columns.items()}


def assert_same(text: bytes, types: dict[str, ColumnType]) -> None:
    expected = outcome(lambda: content(parse_json.read_table(text, "x.jsonl", 5), types))
    found = outcome(lambda: content(typed_json.read_table(text, "x.jsonl", 5, types), types))
    assert found == expected


@given(files(), st.integers(1, 8), st.dictionaries(keys, st.sampled_from(TYPES), max_size=1), st.sampled_from([1, 60]))
def test_reading_with_settled_types_is_the_same_as_parsing(
    lines: list[str], settled_by: int, others: dict[str, ColumnType], chunk_bytes: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parse_json, "CHUNK_BYTES", chunk_bytes)
        patch.setattr(typed_json, "SAMPLE_BYTES", 1)
        types = inferred("\n".join(lines[:settled_by]).encode(errors="replace"))
        types |= {json.loads(key): column_type for key, column_type in others.items()}
        assert_same("\n".join(lines).encode(), types)


@given(st.lists(st.text(alphabet='{}[]:," \\\t\r\n-0.1eEaN', max_size=12), max_size=3))
def test_any_text_is_read_as_parsed(lines: list[str]) -> None:
    text = "\n".join(['{"a": 1, "b": "x", "c": 1.5}', *lines]).encode()
    assert_same(text, {"a": ColumnType("bigint"), "b": TEXT, "c": ColumnType("double")})


@given(st.lists(st.tuples(integers, integers | decimals), max_size=3))
def test_any_number_is_read_as_parsed(numbers: list[tuple[str, str]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typed_json, "SAMPLE_BYTES", 1)
        lines = [f'{{"a": {integer}, "b": [{number}], "ok": true}}' for integer, number in [("1", "1.5"), *numbers]]
        types = {"a": ColumnType("bigint"), "b": ColumnType("array<double>"), "ok": ColumnType("boolean", "true")}
        assert_same("\n".join(lines).encode(), types)


SCHEMA = pa.schema(
    {"a": pa.int64(), "b": pa.float64(), "c": pa.string(), "d": pa.struct({"e": pa.list_(pa.float64())})}
)


@pytest.mark.parametrize(
    "lines",
    [
        '{"a": 1, "b": 1.5, "c": "x", "d": {"e": [1, 2.5]}}',
        '{"a": 1}\r\n\r\n  {"b": -0.0}  \n\t\n{}',
        '{"a": -9223372036854775808, "b": 1e5}\n{"a": 1234567890123456789, "b": 0.30000000000000004}',
        '{"c": "NaN -0 1e400 12345678901234567890 \\" }"}',
        '{"c": "\\ud83d\\ude00", "a": null, "b": null}',
    ],
)
def test_arrow_reads(lines: str) -> None:
    assert read_objects(lines.encode(), SCHEMA) is not None


@pytest.mark.parametrize(
    "lines",
    [
        "null",
        "1",
        "[{}]",
        "\n",
        '\ufeff{"a": 1}',
        '{"a": 1}{"a": 2}',
        '{"a":\n1}\n{}{}',
        '{"a": 1, "a": null}',
        '{"d": {"e": null, "e": null}}',
        '{"x": null}',
        '{"a": 1.0}',
        '{"a": 9223372036854775808}',
        '{"a": "1"}',
        '{"b": NaN}',
        '{"b": -Infinity}',
        '{"b": -0}',
        '{"b": 1e400}',
        '{"b": 1e-400}',
        '{"b": 0.1000000000000000055}',
        '{"b": 9007199254740993}',
        '{"d": {"e": [1, -0]}}',
        '{"a": 9007199254740993, "b": 9007199254740993}',
        '{"b": 9007199254740993, "a": 1}',
        '{"c": 1}',
        '{"c": "\\ud83d"}',
        '{"c": "x\ty"}',
        '{"a": 01}',
    ],
)
def test_arrow_does_not_read(lines: str) -> None:
    assert read_objects(lines.encode(), SCHEMA) is None


def test_a_key_that_arrow_does_not_know_is_in_the_table_although_it_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse_json, "CHUNK_BYTES", 1)
    monkeypatch.setattr(typed_json, "SAMPLE_BYTES", 1)
    types = {"a": ColumnType("bigint"), "b": TEXT, "c": TEXT}
    part = typed_json.read_table(b'{"a": 1}\n{"a": 2}\n{"b": null}\n{"a": 3}\n', "x.jsonl", 1, types)
    assert {key: cells.as_text().to_pylist() for key, cells in part.columns.items()} == {
        "a": ["1", "2", None, "3"],
        "b": [None, None, None, None],
    }


def test_records_of_typical_types_are_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    line = '  {"id": %d, "Unit Price": 9.95, "day": "2024-01-31", "Tags": [{"Name x": "é"}], "ok": true}\r\n'
    text = "".join(line % number for number in range(2000)).encode()
    types = inferred(text)
    expected = content(parse_json.read_table(text, "x.jsonl"), types)[2]
    part = typed_json.read_table(text, "x.jsonl", 1, types)
    monkeypatch.setattr(parse_json, "read_table", None)
    assert [(key, exact(cells.convert(types[key]))) for key, cells in part.columns.items()] == [
        each[:2] for each in expected
    ]
