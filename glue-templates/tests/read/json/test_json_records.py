"""The records of a JSON document and of JSON Lines are cut apart, whatever the size of the blocks, and counted as a parser reads them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_runtime.job.errors import RunFailed
from etl_runtime.read.json import json_records as module
from etl_runtime.read.json.json_records import json_lines, json_records
from etl_runtime.read.json.json_strings import inside_strings
from etl_runtime.read.text.record_ends import Records
from log_lines import logged

keys = st.sampled_from(["a", "b", "a b", "é", "", 'q"', "back\\", "[", "{,", "x.y"])
texts = st.text(alphabet='a"\\/[]{},:\n\t é€😀', max_size=8)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)
spellings = st.sampled_from([{}, {"indent": 1}, {"indent": "\t"}, {"separators": (",", ":")}, {"separators": (" ,\r\n", " : ")}, {"ensure_ascii": False}])  # fmt: skip


def blocks(text: bytes, size: int) -> Iterator[bytes]:
    return (text[start : start + size] for start in range(0, len(text), size))


def cut(text: bytes, records: str | None = None, size: int = 7) -> list[Records]:
    return list(json_records(lambda: blocks(text, size), "x.json", records))


def parsed(runs: list[Records]) -> list[Any]:
    """The values of all lines, each run as it says where its lines end."""
    lines = []
    for run in runs:
        starts = [0, *run.ends.tolist()]
        assert starts[-1] == len(run.text)
        filled = [
            run.text[start:end] for start, end in zip(starts, starts[1:], strict=False) if run.text[start:end].strip()
        ]
        assert len(filled) == run.count()
        assert all(line.index(b"\n") == len(line) - 1 for line in filled)
        lines += filled
    return [json.loads(line) for line in lines]


@given(
    st.lists(values, max_size=6),
    st.lists(keys, max_size=3),
    st.dictionaries(keys, values, max_size=3),
    spellings,
    st.integers(1, 30),
)
def test_the_elements_of_a_list_come_out_one_a_line(
    elements: list[Any], path: list[str], beside: dict[str, Any], spelling: dict[str, Any], size: int
) -> None:
    path = [key.replace(".", "") for key in path]
    document: Any = elements
    for key in reversed(path):
        document = {**beside, key: document}
    text = json.dumps(document, **spelling).encode()
    # `x.y` is both a key and a path: it is on no way here.
    assert parsed(cut(text, ".".join(["$", *path]), size)) == elements


@given(
    st.lists(values, max_size=6),
    st.sampled_from([b"\n", b"\r\n", b"\n\n", b"\n \n", b"\n\r\n\t"]),
    st.booleans(),
    st.integers(1, 30),
)
def test_every_line_of_json_lines_is_a_record(lines: list[Any], line_end: bytes, ended: bool, size: int) -> None:
    text = line_end.join(json.dumps(value).encode() for value in lines) + (line_end if ended else b"")
    assert parsed(list(json_lines(blocks(text, size), "x.jsonl"))) == lines


@given(values, st.integers(0, 60), spellings)
def test_a_document_that_is_cut_off_is_an_error(value: Any, end: int, spelling: dict[str, Any]) -> None:
    text = json.dumps([value, value], **spelling).encode()[:-1]
    with pytest.raises(RunFailed, match=r"x\.json"):
        cut(text[:end], "$")


@given(st.text(alphabet='a"\\', max_size=200), st.integers(0, 200))
def test_strings_are_seen_as_a_parser_sees_them(text: str, middle: int) -> None:
    inside, escaped, expected = False, False, []
    for letter in text:
        inside ^= letter == '"' and not escaped
        escaped = letter == "\\" and not escaped
        expected.append(int(inside))
    assert inside_strings(text.encode()).tolist() == expected
    head = text[:middle].rstrip("\\").encode()
    after = inside_strings(text[len(head) :].encode(), inside=bool(head and expected[len(head) - 1]))
    assert [*inside_strings(head).tolist(), *after.tolist()] == expected


@pytest.mark.parametrize(
    ("text", "records", "count", "said"),
    [
        ("[]", None, 0, ""),
        (" [ ] ", None, 0, ""),
        ('[{"a": 1}, {"a": 2}]', None, 2, ""),
        ('[{"a": 1}, {"a": 2}]', "$", 2, ""),
        ("[1, 2, 3]", None, 3, ""),
        ('{"a": 1}', None, 1, "the one record"),
        ('{"a": [1, 2], "b": {}}', None, 1, "the one record"),
        ('{"n": 2, "data": [{"a": 1}, {"a": 2}], "tags": ["x"]}', None, 2, "the records are the list data; left out: tags, n"),
        ('{"data": [{"a": 1}], "errors": []}', None, 1, "the list data; left out: errors"),
        ('{"count": 0, "data": []}', None, 0, "the list data; left out: count"),
        ('{"@odata.value": [{"a": 1}, 2], "@odata": {"value": []}}', None, 2, "the list @odata.value"),
        ('{"@odata.value": [{"a": 1}, 2]}', "@odata.value", 2, ""),
        ('{"": [{}, {}]}', None, 2, "the list "),
        ('{"a": {"b": {"c": [1, 2]}, "b2": [{}]}}', "$.a.b.c", 2, ""),
        ('{"a": {"b": {"c": [1, 2]}}}', "a.b", 1, ""),
        ('{"data": [{"a": 1}, {"a": 2}]}', "$", 1, ""),
    ],
)  # fmt: skip
def test_where_the_records_lie(text: str, records: str | None, count: int, said: str) -> None:
    with logged() as lines:
        assert sum(run.count() for run in cut(text.encode(), records)) == count
    assert said in "".join(lines)
    assert bool(said) == bool(lines)


@pytest.mark.parametrize(
    ("text", "records", "error"),
    [
        ("", None, r"x\.json is empty"),
        (" \n ", "a", r"x\.json is empty"),
        ("12", None, "the document is 12, neither a list nor an object"),
        ('"page not found"', None, 'the document is "page not found"'),
        ("Service unavailable", None, "Service is no JSON"),
        ('{"a": [{}], "b": [{}]}', None, r"several lists: a, b\. Declare .* file_format\.records"),
        ('{"a": [], "b": []}', None, "several lists: a, b"),
        ('{"data": {"rows": [], "n": 1}}', "data.items", "data.items, but items is missing or null. The keys there: rows, n"),
        ('{"data": null, "error": "x"}', "data", "data is missing or null. The keys there: data, error"),
        ("{}", "data", "The keys there: none"),
        ('{"data": [{"items": []}]}', "data.items", "data is a list, where the path has to end"),
        ("[1]", "data", "the document is a list"),
        ('{"data": 5}', "data", r"file_format\.records data leads to 5"),
        ('{"data": 5}', "data.items", "data is no object"),
        ('{"data": [], "data": [1]}', "data", "two keys lead the way to the records, data and data"),
        ('[{"a": 1}, {"a": 2', None, "ends in record 2 before its brackets close: it is cut off"),
        ('[{"a": 1}, {"a": "2', None, "ends in record 2 before"),
        ('[{"a": 1}, {"a": 2},', None, "ends in record 3 before"),
        ("[", None, "ends in record 1 before its brackets close"),
        ('{"data": [1, 2]', "data", ", should come, but there is its end"),
        ('{"a": {"x": 1', None, "ends before its brackets close"),
        ('{"a"', None, ": should come, but there is its end"),
        ('{"a', None, "a value should come"),
        ("[1, 2]]", None, r"ends behind record 2, but then comes \]"),
        ('{"a": 1}\n{"a": 2}', None, r'then comes {"a": 2}\. .* jsonl'),
        ("[1, 2}", None, r"} closes what \[ opened in record 2"),
        ('{"a": 1]', None, r", should come, but there is \]"),
        ("[1, 2,]", None, "record 3 is empty"),
        ("[1, ,2]", None, "record 2 is empty"),
        ("[1,\n" + 100 * " " + ",2]", None, "record 2 is empty"),
        ("[,]", None, "record 1 is empty"),
        ('[1, "a\nb"]', None, "a line break inside of a text in record 2"),
        ("{'a': 1}", None, "a key in double quotes should come, but there is 'a'"),
        ('{"a": NaN, "b": [{}]}', None, "NaN is no JSON"),
        ('{"a": 1,}', "b", "a key in double quotes should come, but there is }"),
        ('{"a": 1 "b": 2}', "b", ', should come, but there is "b"'),
        ('// note\n[{"a": 1}]', None, "// is no JSON"),
        ('{"a\tb": 1}', "b", "is no JSON: Invalid control character"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_what_is_wrong_is_named(text: str, records: str | None, error: str, size: int) -> None:
    with pytest.raises(RunFailed, match=error):
        cut(text.encode(), records, size)


def test_a_record_without_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_RECORD_BYTES", 1 << 20)
    for head in (b'[1, "', b"[1, [", b'{"a": "', b'{"a":['):
        endless = lambda head=head: iter([head] + [b"1" * 600_000] * 100)  # noqa: E731
        if head == b'{"a":[':
            with pytest.raises(RunFailed, match="ends before its brackets close"):
                list(json_records(endless, "x.json", "b"))
            continue
        with pytest.raises(RunFailed, match=r"record [12] is longer than 1 MB"):
            list(json_records(endless, "x.json", "a" if head.startswith(b"{") else None))
    with pytest.raises(RunFailed, match=r"x\.jsonl: record 2 is longer than 1 MB"):
        list(json_lines(iter([b'1\n"'] + [b"1" * 600_000] * 100), "x.jsonl"))


def test_many_small_values_beside_the_way_are_passed_quickly() -> None:
    text = json.dumps({**{f"key {index}": {"a": [index]} for index in range(50_000)}, "data": [{"a": 1}]}).encode()
    assert sum(run.count() for run in cut(text, "data", 8 << 20)) == 1
