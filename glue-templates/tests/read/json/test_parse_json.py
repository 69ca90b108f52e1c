"""JSON records keep every value in a table, and their columns have the expected types."""

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_runtime.columns.athena_types import AthenaType
from etl_runtime.columns.cells import PartTable
from etl_runtime.columns.column_types import DATE, TEXT, ColumnType, to_text
from etl_runtime.columns.json_values import Number, json_text
from etl_runtime.columns.names import clean_name
from etl_runtime.job.errors import RunFailed
from etl_runtime.read.json import json_inference
from etl_runtime.read.json.json_cells import JsonCells
from etl_runtime.read.json.json_inference import JsonInference, detailed_type_of, infer
from etl_runtime.read.json.json_lines import json_lines
from etl_runtime.read.json.json_records import json_records
from etl_runtime.read.json.parse_json import read_table

keys = st.sampled_from(["a", "b", "A", "a b", "a_b", "é", ""])
numbers = (
    st.integers()
    | st.integers(-(10**40), 10**40)
    | st.sampled_from([2**53 + 1, 2**63 - 1, 2**63, 10**38 - 1, 10**38])
    | st.floats(allow_nan=False, allow_infinity=False).map(repr).map(Number)
    | st.from_regex(r"\A-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})([eE][-+]?[0-9]{1,3})?\Z").map(Number)
    | st.sampled_from(["1.50", "0.10", "1e5", "1E400", "1e-400", "-0.0", "0e99", "3.0", "1e99999999999999999999"]).map(
        Number
    )
)
texts = st.text(max_size=4) | st.sampled_from(
    ["", "2024-01-31", "2024-02-30", "2024-01-31T10:00:00Z", "null", "1", "{}", "\ud83d", "a\ud83d"]
)
scalars = st.none() | st.booleans() | numbers | texts


def with_some_keys(types: Any) -> st.SearchStrategy[Any]:
    """Objects that have some of the keys, with values of one type per key."""
    return st.fixed_dictionaries({}, optional=types)


anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=6
)
alike = st.recursive(
    st.sampled_from([st.booleans(), st.integers(-999, 999), numbers, texts, st.dates().map(str), scalars]),
    lambda types: types.map(lambda type_: st.lists(type_, max_size=3))
    | st.dictionaries(keys, types, max_size=3).map(with_some_keys),
    max_leaves=5,
)
columns = alike.flatmap(lambda type_: st.lists(st.none() | type_, max_size=5)) | st.lists(anything, max_size=4)
records = (
    st.dictionaries(keys, alike, max_size=4).flatmap(lambda types: st.lists(with_some_keys(types), max_size=5))
    | st.lists(st.dictionaries(keys, anything, max_size=3), max_size=4)
    | st.lists(anything, max_size=3)
)


def written(value: Any, line_break: str = "") -> str:
    """The value as JSON that keeps the text of numbers, on several lines if `line_break` is not empty."""
    if isinstance(value, dict):
        inner = f",{line_break}".join(
            f"{json.dumps(key)} : {written(member, line_break)}" for key, member in value.items()
        )
        return f"{{{line_break}{inner}{line_break}}}"
    if isinstance(value, list):
        return f"[{line_break}{f', {line_break}'.join(written(member, line_break) for member in value)}{line_break}]"
    return value if isinstance(value, Number) else json.dumps(value)


def exact(value: Any) -> Any:
    """The value with comparable numbers, which are different from booleans and text."""
    if isinstance(value, dict):
        return {key: exact(member) for key, member in value.items()}
    if isinstance(value, list):
        return [exact(item) for item in value]
    if isinstance(value, bool) or value is None or type(value) is str:
        return value
    try:
        return ("number", Decimal(repr(value) if isinstance(value, float) else value))
    except InvalidOperation:
        return ("number", str(value))


def known(value: Any, type_: AthenaType) -> Any:
    """The content of a value that its column type keeps: no null members, clean keys, and scalars of several types as text."""
    match type_.name:
        case _ if value is None:
            return None
        case "string" | "text":
            return value if isinstance(value, str) else json.dumps(value)
        case "array":
            return [known(item, type_.members[0]) for item in value]
        case "struct":
            types = dict(zip(type_.fields, type_.members, strict=True))
            members = {
                name: member
                for key, member in value.items()
                if (name := clean_name(key)) in types or member is not None
            }
            return {name: known(member, types[name]) for name, member in members.items() if member is not None}
    return exact(value)


def restored(value: Any, type_: AthenaType) -> Any:
    """The same content from the stored value."""
    match type_.name:
        case _ if value is None:
            return None
        case "string" | "text":
            return value
        case "json":
            return exact(json.loads(value, parse_float=Number))
        case "array":
            return [restored(item, type_.members[0]) for item in value]
        case "struct":
            members = {
                name: restored(value[name], member) for name, member in zip(type_.fields, type_.members, strict=True)
            }
            return {name: member for name, member in members.items() if member is not None}
    return exact(value)


def assert_nothing_is_lost(
    values: Sequence[Any], array: pa.Array, column_type: ColumnType, mismatches: dict[int, object]
) -> None:
    assert array.type == column_type.arrow_type
    assert len(array) == len(values)
    array.validate(full=True)
    expected = (
        to_text(array, column_type).to_pylist() if column_type.type in ("date", "timestamp") else array.to_pylist()
    )
    type_ = AthenaType("string") if column_type.type in ("date", "timestamp") else detailed_type_of(column_type)
    for row, value in enumerate(values):
        if row in mismatches:
            assert expected[row] is None
            assert is_kept(value, json.loads(json.dumps(mismatches[row], ensure_ascii=False).encode()))
        else:
            assert restored(expected[row], type_) == known(value, type_)


def is_kept(value: Any, rescued: Any) -> bool:
    """Whether a rescued value is equal to the original one. A number that is not exact as a double may be text."""
    if "\\ud" in json_text(value):
        return bool(rescued == json_text(value))
    if isinstance(value, dict):
        return value.keys() == rescued.keys() and all(is_kept(member, rescued[key]) for key, member in value.items())
    if isinstance(value, list):
        return len(value) == len(rescued) and all(map(is_kept, value, rescued))
    return bool(exact(value) == exact(rescued)) or (isinstance(value, Number) and rescued == str(value))


def blocks(text: bytes, size: int) -> Iterator[bytes]:
    return (text[start : start + size] for start in range(0, len(text), size))


def table(*lines: str) -> PartTable:
    return read_table("".join(f"{line}\n" for line in lines).encode(), "x.json")


@given(
    records,
    st.lists(st.sampled_from("xyz"), max_size=2),
    st.sampled_from(["lines", "document", "pretty"]),
    st.integers(1, 40),
)
def test_every_value_of_a_json_file_is_in_the_table(found: list[Any], path: list[str], shape: str, size: int) -> None:
    if shape == "lines":
        batches = json_lines(blocks("\r\n".join(map(written, found)).encode(), size), "x.jsonl")
    else:
        document: Any = found
        for key in reversed(path):
            document = {"sibling": found, key: document}
        text = written(document, "\n  " if shape == "pretty" else "").encode()
        batches = json_records(lambda: blocks(text, size), "x.json", ".".join(["$", *path]))
    part = read_table(b"".join(batch.text for batch in batches), "x.json")
    rows = [record if isinstance(record, dict) else {} if record is None else {"value": record} for record in found]
    assert part.rows == len(rows)
    assert list(part.columns) == list(dict.fromkeys(key for row in rows for key in row))
    for key, cells in part.columns.items():
        column_type = cells.infer().best
        array = cells.convert(column_type)
        assert array is not None
        assert_nothing_is_lost([row.get(key) for row in rows], array, column_type, {})


@given(columns, columns)
def test_a_published_type_converts_matching_values_and_rescues_the_rest(
    published: list[Any], values: list[Any]
) -> None:
    column_type = infer(published).best
    for tried in (
        column_type,
        JsonCells(values).infer().widened(column_type),
        ColumnType("string"),
        ColumnType("bigint"),
        ColumnType("map<string,bigint>"),
    ):
        array, mismatches = JsonCells(values).convert_with_mismatches(tried)
        assert_nothing_is_lost(values, array, tried, mismatches)
        strict = JsonCells(values).convert(tried)
        assert strict is None or (strict.equals(array) and not mismatches)


@given(columns, columns)
def test_values_that_match_a_type_match_its_widened_type(published: list[Any], values: list[Any]) -> None:
    column_type = infer(published).best
    wider = JsonCells(values).infer().widened(column_type)
    assert JsonCells(published).convert(wider) is not None
    assert JsonCells(values).infer().widened(wider) == wider
    assert len(JsonCells(values).convert_with_mismatches(wider)[1]) <= len(
        JsonCells(values).convert_with_mismatches(column_type)[1]
    )


@given(columns, columns, columns, st.booleans())
def test_inferences_are_merged_in_any_order(one: list[Any], two: list[Any], three: list[Any], narrow: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if narrow:
            patch.setattr(json_inference, "MAX_FIELDS", 2)
            patch.setattr(json_inference, "MAX_DEPTH", 2)
        a, b, c = infer(one), infer(two), infer(three)
        both = a.merged(b)
        assert both == b.merged(a) == infer(one + two)
        assert both.best == b.merged(a).best
        assert both.merged(c) == a.merged(b.merged(c))
        assert both.merged(a) == both
        assert a.merged(JsonInference()) == a
        assert JsonCells(one + two).convert(both.best) is not None


def test_a_struct_above_the_limits_is_json_text() -> None:
    halves = [infer([{f"k{index}": 1 for index in range(start, start + 150)}]) for start in (0, 150)]
    assert halves[0].merged(halves[1]).best == ColumnType("string", "json")
    wide = {f"k{index}": {f"{index} {'x' * 20} {inner}": 1 for inner in range(100)} for index in range(100)}
    assert infer([wide]).best == ColumnType("string", "json")
    assert infer([{"a": wide, "b": 1}]).widened(ColumnType("struct<b:bigint>")) == ColumnType("struct<b:bigint>")


@given(st.lists(anything, max_size=5))
def test_any_cell_converts_to_text(values: list[Any]) -> None:
    array = JsonCells(values).as_text()
    for value, text in zip(values, array.to_pylist(), strict=True):
        is_json_text = isinstance(value, dict | list) or "\\ud" in json_text(value)
        assert (
            (exact(json.loads(text, parse_float=Number)) == exact(value))
            if is_json_text
            else (text == known(value, AthenaType("text")))
        )


@pytest.mark.parametrize(
    ("cells", "type_", "spelling"),
    [
        (["null"], "string", ""),
        (["true", "false"], "boolean", "true"),
        (["1", "-20", "9223372036854775807"], "bigint", ""),
        (["9007199254740993"], "bigint", ""),
        (["9223372036854775808"], "decimal(38,0)", ""),
        (["9" * 38], "decimal(38,0)", ""),
        (["9" * 39], "string", "text"),
        (["1" + "0" * 40], "double", ""),
        (["9" * 5000], "string", "text"),
        (["1.5", "2", "1e5", "2.50"], "double", ""),
        (["3.0"], "double", ""),
        (["9007199254740993", "1.5"], "decimal(38,1)", ""),
        (["12345678901234567.89"], "decimal(38,2)", ""),
        (["3.14159265358979323846264338327950288419716"], "string", "text"),
        (["1e400"], "string", "text"),
        (['"a"', '""'], "string", ""),
        (['"1"', '"2"'], "string", ""),
        (['"2024-01-31"', "null"], "date", ""),
        (['"2024-01-31"', '""'], "string", ""),
        (['"2024-01-31"', '"2024-02-30"'], "string", ""),
        (['"2024-01-31T10:00:00Z"', '"2024-02-01T00:00:00Z"'], "timestamp", "0000-00-00T00:00:00Z"),
        (['"2024-01-31T10:00:00Z"', '"2024-01-31"'], "string", ""),
        (["12", '"abc"', "true"], "string", "text"),
        (["12", "true"], "string", "text"),
        (["[]"], "array<string>", ""),
        (["[1, 2]", "[]", "[null]"], "array<bigint>", ""),
        (["[1, 2.5]", "[3]"], "array<double>", ""),
        (['[1, "x"]'], "array<string>", "array<text>"),
        (["[1, [2]]"], "array<string>", "array<json>"),
        (["[1]", "1"], "string", "json"),
        (["{}"], "string", "json"),
        (['{"b": 1, "A b": {"x": "2024-01-31"}}', '{"c": null}'], "struct<b:bigint,c:string,a_b:struct<x:string>>", ""),
        (['{"a": 1}', "{}"], "struct<a:bigint>", ""),
        (['{"a b": 1}', '{"a_b": 2.5}'], "struct<a_b:double>", ""),
        (['{"a b": 1, "a_b": 2}'], "string", "json"),
        (['{"x": {"a b": 1, "a_b": 2}, "y": 1}'], "struct<x:string,y:bigint>", "struct<x:json,y:bigint>"),
        (['{"a": {"b": 1}}', '{"a": "none"}'], "struct<a:string>", "struct<a:json>"),
        (['{"a": 1}', '"none"'], "string", "json"),
        (['"caf\\ud83d"', '"x"'], "string", "json"),
        ([json.dumps({f"k{index}": 1 for index in range(200)})], "struct<" + ",".join(f"k{index}:bigint" for index in range(200)) + ">", ""),
        ([json.dumps({f"k{index}": 1}) for index in range(201)], "string", "json"),
        ([12 * "[" + "1" + 12 * "]"], 12 * "array<" + "bigint" + 12 * ">", ""),
        ([13 * "[" + "1" + 13 * "]"], 12 * "array<" + "string" + 12 * ">", 12 * "array<" + "json" + 12 * ">"),
    ],
)  # fmt: skip
def test_the_inferred_type_of_json_is(cells: list[str], type_: str, spelling: str) -> None:
    lines = [f'{{"c": {cell}}}' for cell in cells]
    column_type = table(*lines).columns["c"].infer().best
    assert column_type == ColumnType(type_, spelling)
    assert table(*lines).columns["c"].convert(column_type) is not None


@pytest.mark.parametrize(
    ("published", "cell", "expected", "mismatch"),
    [
        (TEXT, "12", "12", None),
        (TEXT, "1.50", "1.50", None),
        (TEXT, "true", "true", None),
        (TEXT, "[1]", None, [1]),
        (TEXT, '{"a": 1.50}', None, {"a": 1.5}),
        (TEXT, '"caf\\ud83d"', None, '"caf\\ud83d"'),
        (ColumnType("string", "json"), '"a"', '"a"', None),
        (ColumnType("string", "json"), '{"a" : 1.50, "b": null}', '{"a":1.50,"b":null}', None),
        (ColumnType("bigint"), "3.0", 3, None),
        (ColumnType("bigint"), "3.5", None, 3.5),
        (ColumnType("bigint"), '"3"', None, "3"),
        (ColumnType("bigint"), "9223372036854775808", None, 9223372036854775808),
        (ColumnType("bigint"), "true", None, True),
        (ColumnType("double"), "9007199254740993", None, 9007199254740993),
        (ColumnType("double"), "3.14159265358979323846", None, "3.14159265358979323846"),
        (ColumnType("decimal(5,2)"), "1.5", Decimal("1.50"), None),
        (ColumnType("decimal(5,2)"), "1e2", Decimal("100.00"), None),
        (ColumnType("decimal(5,2)"), "1000", None, 1000),
        (ColumnType("decimal(5,2)"), "0e400", Decimal("0.00"), None),
        (ColumnType("decimal(38,12)"), "3.0e-60", None, 3.0e-60),
        (ColumnType("boolean", "TRUE"), "true", True, None),
        (ColumnType("boolean", "true"), "0", None, 0),
        (DATE, "20240131", None, 20240131),
        (DATE, '"31.01.2024"', None, "31.01.2024"),
        (ColumnType("array<bigint>"), '[1, "x"]', None, [1, "x"]),
        (ColumnType("array<string>"), "[1, true]", ["1", "true"], None),
        (ColumnType("struct<a:bigint>"), '{"a": 1, "b": null}', {"a": 1}, None),
        (ColumnType("struct<a:bigint>"), '{"a": 1, "b": 2}', None, {"a": 1, "b": 2}),
        (ColumnType("struct<a_b:bigint>"), '{"a b": 1, "a_b": 2}', None, {"a b": 1, "a_b": 2}),
        (ColumnType("struct<a:array<struct<b:bigint>>>"), '{"a": [{"b": 1}, {"b": "x"}]}', None, {"a": [{"b": 1}, {"b": "x"}]}),
        (ColumnType("map<string,bigint>"), '{"a": 1}', None, {"a": 1}),
        (ColumnType("binary"), '"YQ=="', None, "YQ=="),
    ],
)  # fmt: skip
def test_a_published_column_converts_or_rescues_a_json_value(
    published: ColumnType, cell: str, expected: Any, mismatch: Any
) -> None:
    cells = table('{"c": null}', f'{{"c": {cell}}}', '{"c": null}').columns["c"]
    array, mismatches = cells.convert_with_mismatches(published)
    assert array.to_pylist() == [None, expected, None]
    assert mismatches == ({} if mismatch is None else {1: mismatch})


@pytest.mark.parametrize(
    ("published", "cell", "wider"),
    [
        (ColumnType("struct<a:bigint>"), '{"b": "x", "a": 1}', ColumnType("struct<a:bigint,b:string>")),
        (ColumnType("struct<a:bigint>"), '{"b": null}', ColumnType("struct<a:bigint>")),
        (
            ColumnType("struct<a:bigint>"),
            '{"b": [1, {}]}',
            ColumnType("struct<a:bigint,b:array<string>>", "struct<a:bigint,b:array<json>>"),
        ),
        (
            ColumnType("struct<a:string>", "struct<a:json>"),
            '{"b": 1}',
            ColumnType("struct<a:string,b:bigint>", "struct<a:json,b:bigint>"),
        ),
        (
            ColumnType("array<struct<a:bigint>>"),
            '[{"a": {"x": 1}, "b": 2.5}, 7]',
            ColumnType("array<struct<a:bigint,b:double>>"),
        ),
        (ColumnType("struct<a:bigint>"), "[1]", ColumnType("struct<a:bigint>")),
        (ColumnType("bigint"), '"x"', ColumnType("bigint")),
        (ColumnType("string", "json"), '{"x": 1}', ColumnType("string", "json")),
    ],
)
def test_a_published_struct_gets_new_fields_that_have_a_value(
    published: ColumnType, cell: str, wider: ColumnType
) -> None:
    assert table(f'{{"c": {cell}}}').columns["c"].infer().widened(published) == wider


@pytest.mark.parametrize(
    ("line", "columns", "surplus"),
    [
        ('{"a": 1, "a": 2}', {"a": 2}, ['{"a":1}']),
        (
            '{"a": 1.50, "b": {"c": "x", "c": null}, "a": 1.5}',
            {"b": {"c": None}, "a": "1.5"},
            ['{"c":"x"}', '{"a":1.50}'],
        ),
        ('{"a": "b\\": 1"}', {"a": 'b": 1'}, []),
    ],
)
def test_overwritten_values_of_a_duplicate_key_are_surplus(
    line: str, columns: dict[str, Any], surplus: list[str]
) -> None:
    part = table('{"a": 0}', line)
    assert {key: cells.values[1] for key, cells in part.columns.items()} == columns  # type: ignore[attr-defined]
    assert part.surplus == ({1: surplus} if surplus else {})


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ('{"a": NaN}', r"x\.jsonl, record 12: NaN is not a JSON value at character 7: NaN}"),
        ('{"a": -Infinity}', "-Infinity is not a JSON value"),
        ("{'a': 1}", "record 12: Expecting property name enclosed in double quotes at character 2: 'a': 1}"),
        ('{"a": 1,}', "record 12: .* at character [89]: "),
        ('{"a": 01}', "Expecting ',' delimiter at character 8"),
        ('{"a": .5}', "(Expecting value|expected a value) at character 7"),
        ('{"a": 1} // x', "more than one value in the line at character 9"),
        ('{"a": 1}{"a": 2}', "more than one value in the line"),
        ('{"a": "x\ty"}', "Invalid control character"),
        (
            '{"a": 1, "b": "cut of',
            r'the line is truncated \(.*\)\. It ends with …{"a": 1, "b": "cut of\. .* set file_format\.type to json',
        ),
        ("[1, 2", "the line is truncated"),
        ("{", "the line is truncated .*set file_format.type to json"),
        ("nul", "expected a value at character 1: nul"),
        ("[" * 300 + "]" * 300, "nested deeper than 200"),
        ("[" * 100_000, "record 12 is nested deeper than 200 levels"),
    ],
)
def test_invalid_json_fails_with_its_record_number(line: str, error: str) -> None:
    with pytest.raises(RunFailed, match=f"^JSON_INVALID: .*{error}"):
        read_table(f'{{"a": 1}}\n\n{{"a": 2}}\r\n {line}\n{{"a": 3}}\n'.encode(), "x.jsonl", first=10)


def test_too_many_keys_fail_the_run() -> None:
    with pytest.raises(RunFailed, match="^JSON_TOO_MANY_KEYS: .* more than 2,000 keys, for example k0, k1"):
        table(*(f'{{"k{index}": 1}}' for index in range(2001)))


def test_columns_of_a_part_with_many_chunks_are_aligned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl_runtime.read.json.parse_json.CHUNK_BYTES", 8)
    part = table('{"a": 1}', "5", "null", '{"b": "x"}', '{"a": 2, "a": 3}', "{}")
    assert {key: cells.values for key, cells in part.columns.items()} == {  # type: ignore[attr-defined]
        "a": [1, None, None, None, 3, None],
        "value": [None, 5, None, None, None, None],
        "b": [None, None, None, "x", None, None],
    }
    assert part.surplus == {4: ['{"a":2}']}
