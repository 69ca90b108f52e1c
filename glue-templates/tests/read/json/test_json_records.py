"""JSON and JSON Lines are split into the same records that a parser finds, for any block size."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_runtime.job.errors import RunFailed
from etl_runtime.read.json import json_reader as module
from etl_runtime.read.json.json_lines import json_lines
from etl_runtime.read.json.json_records import json_records
from etl_runtime.read.json.json_strings import inside_strings
from etl_runtime.read.text.record_ends import Records
from etl_runtime.source.record_shape import RecordShape
from log_lines import logged

keys = st.sampled_from(["a", "b", "a b", "é", "", 'q"', "back\\", "[", "{,", "x.y"])
texts = st.text(alphabet='a"\\/[]{},:\n\t é€😀', max_size=8)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)
styles = st.sampled_from([{}, {"indent": 1}, {"indent": "\t"}, {"separators": (",", ":")}, {"separators": (" ,\r\n", " : ")}, {"ensure_ascii": False}])  # fmt: skip


def blocks(text: bytes, size: int) -> Iterator[bytes]:
    return (text[start : start + size] for start in range(0, len(text), size))


def split(text: bytes, records: str | None = None, size: int = 7) -> list[Records]:
    return list(json_records(lambda: blocks(text, size), "x.json", records, "orders"))


def parsed(batches: list[Records]) -> list[Any]:
    """The values of all lines, split at the end offsets of each batch."""
    lines = []
    for batch in batches:
        starts = [0, *batch.ends.tolist()]
        assert starts[-1] == len(batch.text)
        filled = [
            batch.text[start:end]
            for start, end in zip(starts, starts[1:], strict=False)
            if batch.text[start:end].strip()
        ]
        assert len(filled) == batch.count()
        assert all(line.index(b"\n") == len(line) - 1 for line in filled)
        lines += filled
    return [json.loads(line) for line in lines]


@given(
    st.lists(values, max_size=6),
    st.lists(keys, max_size=3),
    st.dictionaries(keys, values, max_size=3),
    styles,
    st.integers(1, 30),
)
def test_list_elements_are_split_into_one_line_each(
    elements: list[Any], path: list[str], siblings: dict[str, Any], style: dict[str, Any], size: int
) -> None:
    path = [key.replace(".", "") for key in path]
    document: Any = elements
    for key in reversed(path):
        document = {**siblings, key: document}
    text = json.dumps(document, **style).encode()
    # `x.y` is both a key and a path, so paths here have no dots.
    assert parsed(split(text, ".".join(["$", *path]), size)) == elements


@given(
    st.lists(values, max_size=6),
    st.sampled_from([b"\n", b"\r\n", b"\n\n", b"\n \n", b"\n\r\n\t"]),
    st.booleans(),
    st.integers(1, 30),
)
def test_each_line_of_json_lines_is_a_record(lines: list[Any], line_end: bytes, ended: bool, size: int) -> None:
    text = line_end.join(json.dumps(value).encode() for value in lines) + (line_end if ended else b"")
    assert parsed(list(json_lines(blocks(text, size), "x.jsonl"))) == lines


separators = st.sampled_from([b"", b"\n", b"\r\n", b" ", b"\n\n\t", b",", b" ,\n", b"\n\x1e", b"\x1e"])
documents = st.lists(st.dictionaries(keys, values, max_size=4), min_size=1, max_size=6)


@given(documents, styles, separators, st.booleans(), st.integers(1, 30))
def test_each_document_of_a_sequence_is_a_record(
    objects: list[Any], style: dict[str, Any], separator: bytes, ended: bool, size: int
) -> None:
    written = [json.dumps(value, **style).encode() for value in objects]
    text = separator.join(written) + (separator if ended else b"")
    text = b"\x1e" * separator.endswith(b"\x1e") + text
    assert parsed(split(text, "$", size)) == objects
    # Whether a file is JSON Lines is decided by its first line. If a later line is not a document, the run fails.
    if b"\n" in written[0] or b"\n" not in b"".join(written):
        assert parsed(list(json_lines(iter([text]), "x.jsonl"))) == objects


@given(st.lists(st.lists(values, max_size=4), min_size=1, max_size=4), styles, separators, st.integers(1, 30))
def test_the_records_of_all_documents_of_a_sequence_are_read(
    lists: list[Any], style: dict[str, Any], separator: bytes, size: int
) -> None:
    elements = [element for each in lists for element in each]
    pages = [{"n": 1, "data": {"items": each}} for each in lists]
    for text, path in (
        (separator.join(json.dumps(page, **style).encode() for page in pages), "data.items"),
        (separator.join(json.dumps([page, page], **style).encode() for page in pages), "1.data.items"),
        (separator.join(json.dumps(each, **style).encode() for each in lists), "$"),
    ):
        assert parsed(split(text, path, size)) == elements


@given(documents, st.integers(0, 3), st.integers(1, 400))
def test_a_line_of_json_lines_may_have_adjacent_objects(objects: list[Any], single: int, size: int) -> None:
    lines = [json.dumps(value).encode() for value in objects]
    text = b'{"a": "}{"}\n' + b"\n".join([*lines[:single], b"".join(lines[single:])])
    assert parsed(list(json_lines(blocks(text, max(size, 20)), "x.jsonl"))) == [{"a": "}{"}, *objects]


@given(values, st.integers(0, 60), styles)
def test_a_truncated_document_fails(value: Any, end: int, style: dict[str, Any]) -> None:
    text = json.dumps([value, value], **style).encode()[:-1]
    with pytest.raises(RunFailed, match=r"^(JSON_INVALID|FILE_EMPTY): x\.json"):
        split(text[:end], "$")


@given(st.text(alphabet='a"\\', max_size=200), st.integers(0, 200))
def test_strings_are_found_like_a_parser_finds_them(text: str, middle: int) -> None:
    inside, escaped, expected = False, False, []
    for character in text:
        inside ^= character == '"' and not escaped
        escaped = character == "\\" and not escaped
        expected.append(int(inside))
    assert inside_strings(text.encode()).tolist() == expected
    head = text[:middle].rstrip("\\").encode()
    after = inside_strings(text[len(head) :].encode(), inside=bool(head and expected[len(head) - 1]))
    assert [*inside_strings(head).tolist(), *after.tolist()] == expected


@pytest.mark.parametrize(
    ("text", "records", "count", "message"),
    [
        ("[]", None, 0, ""),
        (" [ ] ", None, 0, ""),
        ('[{"a": 1}, {"a": 2}]', None, 2, ""),
        ('[{"a": 1}, {"a": 2}]', "$", 2, ""),
        ("[1, 2, 3]", None, 3, ""),
        ('{"a": 1}', None, 1, "the only record"),
        ('{"a": [1, 2], "b": {}}', None, 1, "the only record"),
        ('{"n": 2, "data": [{"a": 1}, {"a": 2}], "tags": ["x"]}', None, 2, "the records are in the list data; ignored: tags, n"),
        ('{"data": [{"a": 1}], "errors": []}', None, 1, "the list data; ignored: errors"),
        ('{"data": [], "errors": [{"code": 429}]}', None, 0, "the list data; ignored: errors"),
        ('{"data": [], "included": [{"id": 7}]}', None, 0, "the list data; ignored: included"),
        ('{"orders": [], "people": [{"id": 7}]}', None, 0, "the list orders; ignored: people"),
        ('{"result": {"fields": [{"id": "a"}], "records": []}, "help": "x"}', None, 0, "the list result.records; ignored: help"),
        ('{"warnings": [], "response": {"docs": [{"a": 1}]}}', None, 1, "the list response.docs; ignored: warnings"),
        ('{"a": 1}{"a": 2}\n\n{"a": [{"b": 1}]}', None, 3, "several documents, each of which is a record"),
        ('[{"id": 1}]\n[{"id": 2}, {"id": 3}]', None, 3, ""),
        ('[{"id": 1}]\n[]\n[{"id": 2}]', "$", 2, ""),
        ('[{"page": 1}, [{"a": 1}, {"a": 2}]]', "1", 2, ""),
        ('[{"page": 1}, [{"a": 1}, {"a": 2}]]', "$[1]", 2, ""),
        ('{"data": [[], {"rows": [1, 2, 3]}]}', "data[1].rows", 3, ""),
        ('{"count": 0, "data": []}', None, 0, "the list data; ignored: count"),
        ('{"@odata.value": [{"a": 1}, 2], "@odata": {"value": []}}', None, 2, "the list @odata.value"),
        ('{"@odata.value": [{"a": 1}, 2]}', "@odata.value", 2, ""),
        ('{"": [{}, {}]}', None, 2, "the list "),
        ('{"a": {"b": {"c": [1, 2]}, "b2": [{}]}}', "$.a.b.c", 2, ""),
        ('{"a": {"b": {"c": [1, 2]}}}', "a.b", 1, ""),
        ('{"data": [{"a": 1}, {"a": 2}]}', "$", 1, ""),
    ],
)  # fmt: skip
def test_records_are_found_in_the_document(text: str, records: str | None, count: int, message: str) -> None:
    with logged() as lines:
        assert sum(batch.count() for batch in split(text.encode(), records)) == count
    assert message in "".join(lines)
    assert bool(message) == bool(lines)


cells = st.lists(values, min_size=2, max_size=2)


@given(st.lists(cells, max_size=5), styles, st.integers(1, 30), st.booleans())
def test_rows_become_objects_by_the_names_in_the_header(rows: list[Any], style: Any, size: int, lines: bool) -> None:
    table = [["a", 'b "'], *rows]
    text = "\n".join(json.dumps(row, **style) for row in table) if lines else json.dumps(table, **style)
    if lines and rows and any(isinstance(row[0], list) for row in rows):
        return
    assert parsed(shaped(text, None, "values", size=size)) == [{"a": row[0], 'b "': row[1]} for row in rows]


@pytest.mark.parametrize(
    "item",
    [
        '{"x": [1.50, 1E5, -0]}',
        '[ 1 ,\t{"é": "\\u00e9 ],["} ]',
        "[" + "9" * 5_000 + "]",
        "[" * 2_000 + "]" * 2_000,
        '{"a": 1, "a": 2}',
        "[1e999, NaN]",
    ],
)
def test_values_in_rows_keep_their_text(item: str) -> None:
    [header, row] = shaped(f'[["a", "b"], [ 1.0 , {item} ]]', None, "values", size=1 << 20)[-2:]
    assert row.text.decode() == f'{{"a": 1.0, "b": {item}}}\n' and not header.text


@given(st.dictionaries(keys, values, max_size=5), styles, st.integers(1, 30))
def test_values_of_an_object_become_records(entries: dict[str, Any], style: Any, size: int) -> None:
    text = json.dumps({"other": [], "at": entries}, **style)
    assert parsed(shaped(text, "at", "index", size=size)) == list(entries.values())
    assert parsed(shaped(text, "at", "index", "the key", size)) == [
        {"the key": key} | (value if isinstance(value, dict) else {"value": value}) for key, value in entries.items()
    ]


def test_the_remedy_for_documents_that_are_lists_does_not_flatten_them() -> None:
    with pytest.raises(RunFailed) as failed:
        split(b'["a", "b"]\n[1, 2]')
    assert 'set file_format to {"orient": "values"}' in str(failed.value)
    assert '"records"' not in str(failed.value)


@pytest.mark.parametrize(
    ("text", "names", "has_header", "expected"),
    [
        ('[[1, "x"], [2, null]]', ("a", "b"), False, [{"a": 1, "b": "x"}, {"a": 2, "b": None}]),
        ('[["id", "t"], [1, "x"]]', ("a", "b"), True, [{"a": 1, "b": "x"}]),
        ('[1, "x"]\n[2, "y"]', ("a", "b"), False, [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
        ("[[1, [2]], [3, {}]]", (), False, [{"column_1": 1, "column_2": [2]}, {"column_1": 3, "column_2": {}}]),
        ("[]", ("a", "b"), False, []),
    ],
)
def test_rows_have_the_declared_names(text: str, names: tuple[str, ...], has_header: bool, expected: Any) -> None:
    shape = RecordShape("values", None, names, has_header)
    assert parsed(list(json_records(lambda: blocks(text.encode(), 7), "x.json", "$", shape=shape))) == expected


@pytest.mark.parametrize(
    ("text", "names", "has_header", "error"),
    [
        ('[["a", "b"], [1, 2]]', ("a", "b"), False, "FILE_FORMAT_MISMATCH: x.json: the first row contains the names"),
        ("[[1, 2, 3]]", ("a", "b"), False, "JSON_INVALID: x.json: row 1 has 3 values, but column_names has 2"),
        ('[["x"], [1, 2]]', ("a", "b"), True, "JSON_INVALID: x.json: row 1 has 1 values, but column_names has 2"),
        ("[[1, 2], [1]]", (), False, "JSON_INVALID: x.json: row 2 has 1 values, but the first row has 2"),
        (
            "[[1, 2], [3, 4]]",
            (),
            True,
            "JSON_RECORDS_NOT_FOUND: x.json: the first row is not a header: .* column_names",
        ),
    ],
)
def test_rows_that_do_not_fit_the_declared_names_fail(
    text: str, names: tuple[str, ...], has_header: bool, error: str
) -> None:
    shape = RecordShape("values", None, names, has_header)
    with pytest.raises(RunFailed, match=f"^{error}"):
        list(json_records(lambda: blocks(text.encode(), 7), "x.json", "$", shape=shape))


PRETTY = '{\n  "a": {\n    "b": 1\n  }\n}'


@pytest.mark.parametrize(
    "text",
    [
        "{}\n" + PRETTY,
        "{}\n" + PRETTY + "\n{}\n" + PRETTY + "\n",
        '{"x": 1}\r\n\r\n' + PRETTY.replace("\n", "\r\n"),
        '{"x": 1}\n{"a": 1,\n"b": 2}\n',
        '{"x": 1}\n{"a": {"b": 1}\n,"c": 2}\n',
        '{"x": 1}\n{"a": 1\n}',
        '{"x": 1}\n{"a":\n[1\n,2]}\n',
        '{"x": 1}\n{"a": 1},\n{"a": 2}\n',
        '{"x": 1}\n{"list": [\n{"y": 1},\n{"y": 2}\n]}\n{"x": 2}',
        "[1]\n[\n  2\n]\n",
    ],
)
@pytest.mark.parametrize("size", [20, 4096])
def test_documents_of_several_lines_follow_json_lines(text: str, size: int) -> None:
    expected, at, decoder = [], 0, json.JSONDecoder()
    while at < len(text.rstrip()):
        document, at = decoder.raw_decode(text, at)
        expected.append(document)
        at += len(text[at:]) - len(text[at:].lstrip(" \r\n,"))
    assert parsed(list(json_lines(blocks(text.encode(), max(size, text.index("\n") + 1)), "x.jsonl"))) == expected


def shaped(text: str, records: str | None, orient: str, key_column: str | None = None, size: int = 7) -> list[Records]:
    shape = RecordShape(orient, key_column)
    return list(json_records(lambda: blocks(text.encode(), size), "x.json", records, shape=shape))


@pytest.mark.parametrize(
    ("text", "orient", "error"),
    [
        ('[["a", "b"], [1]]', "values", "JSON_INVALID: x.json: row 2 has 1 values, but the header has 2"),
        ('[["a", "b"], {"a": 1}]', "values", "JSON_RECORDS_NOT_FOUND: x.json: row 2 is not a list"),
        ('[["a", "b"], [1, 2] [3, 4]]', "values", r"JSON_INVALID: x.json, row 2: the list ends, but \[3, 4\] follows"),
        ('[["a", "b"], [1, [2]] 3]', "values", "JSON_INVALID: x.json, row 2: the list ends, but 3 follows"),
        ('[["a", "b"], [1,, 2]]', "values", "JSON_INVALID: x.json, row 2: record 2 is empty"),
        ('[["a", "b"], [1, 2,]]', "values", "JSON_INVALID: x.json, row 2: record 3 is empty"),
        ('[["a", "b"], [{}, 2,]]', "values", "JSON_INVALID: x.json, row 2: record 3 is empty"),
        ('[["a", "b"], [ ]]', "values", "JSON_INVALID: x.json: row 2 has 0 values, but the header has 2"),
        ('[["a", null], [1, 2]]', "values", "JSON_RECORDS_NOT_FOUND: x.json: the first row is not a header"),
        ('{"a": 1}', "values", "JSON_RECORDS_NOT_FOUND: x.json: orient is values, but the document is an object"),
        ('[{"a": 1}]', "index", "JSON_RECORDS_NOT_FOUND: x.json: orient is index, but the document is a list"),
    ],
)
def test_records_of_another_shape_than_declared_fail(text: str, orient: str, error: str) -> None:
    with pytest.raises(RunFailed, match=f"^{error}"):
        shaped(text, "$", orient)


@pytest.mark.parametrize(
    ("document", "entry"),
    [
        ({"0": {"a": 1}, "1": {"a": 2}}, {"orient": "index", "key_column": "key"}),
        ({"2024-01-01": 1.5, "2024-01-02": 1.6}, {"orient": "index", "key_column": "key"}),
        ({"q": {"pages": {"1": {"a": 1}}}}, {"records": "q.pages", "orient": "index", "key_column": "key"}),
        (
            {"a": {"b": {"c": {"2024-01-01": {"p": 1}, "2024-01-02": {"p": 2}}}}},
            {"records": "a.b.c", "orient": "index", "key_column": "key"},
        ),
        ([["a", "b"], [1, 2]], {"orient": "values"}),
        ({"data": [["a"], [1]], "columns": [{"n": 1}]}, {"records": "data", "orient": "values"}),
    ],
)
def test_a_shape_that_is_not_declared_fails_with_the_entry_to_paste(document: Any, entry: Any) -> None:
    with pytest.raises(RunFailed) as failed:
        split(json.dumps(document).encode())
    assert failed.value.code == "JSON_RECORDS_AMBIGUOUS" and f"set file_format to {json.dumps(entry)}" in str(
        failed.value
    )


@pytest.mark.parametrize(
    ("text", "records", "code", "error"),
    [
        ("", None, "FILE_EMPTY", r"x\.json is empty"),
        (" \n ", "a", "FILE_EMPTY", r"x\.json is empty"),
        ("12", None, "JSON_RECORDS_NOT_FOUND", "the document is 12, neither a list nor an object"),
        ('"page not found"', None, "JSON_RECORDS_NOT_FOUND", 'the document is "page not found"'),
        ("Service unavailable", None, "JSON_INVALID", "Service is not valid JSON"),
        ('{"a": [{}], "b": [{}]}', None, "JSON_RECORDS_AMBIGUOUS", r"several lists: a, b\. Set file_format\.records"),
        ('{"a": [], "b": []}', None, "JSON_RECORDS_AMBIGUOUS", "several lists: a, b"),
        ('{"links": [{}], "result": {"records": [{}]}}', None, "JSON_RECORDS_AMBIGUOUS", "several lists: links, result.records"),
        ('{"data": null}', None, "JSON_RECORDS_AMBIGUOUS", 'has no list, and data is empty. If this is an empty list, set file_format.records to "data"'),
        ('[{"page": 1}]', "1", "JSON_RECORDS_NOT_FOUND", "records is 1, but the document is a list of length 1"),
        ('[{"page": 1}, 3]', "1", "JSON_RECORDS_NOT_FOUND", "the value at the file_format.records path 1 is 3"),
        ('{"data": {"rows": [], "n": 1}}', "data.items", "JSON_RECORDS_NOT_FOUND", "data.items, but items is missing or null. The keys are: rows, n"),
        ('{"data": null, "error": "x"}', "data", "JSON_RECORDS_NOT_FOUND", "data is missing or null. The keys are: data, error"),
        ("{}", "data", "JSON_RECORDS_NOT_FOUND", "The keys are: none"),
        ('{"data": [{"items": []}]}', "data.items", "JSON_RECORDS_NOT_FOUND", "data is a list, not an object"),
        ("[1]", "data", "JSON_RECORDS_NOT_FOUND", "the document is a list"),
        ('{"data": 5}', "data", "JSON_RECORDS_NOT_FOUND", "the value at the file_format.records path data is 5"),
        ('{"data": 5}', "data.items", "JSON_RECORDS_NOT_FOUND", "data is not an object"),
        ('{"data": [], "data": [1]}', "data", "JSON_RECORDS_AMBIGUOUS", "data, which matches two keys, data and data"),
        ('[{"a": 1}, {"a": 2', None, "JSON_INVALID", "ends in record 2 before all brackets are closed, so it is truncated"),
        ('[{"a": 1}, {"a": "2', None, "JSON_INVALID", "ends in record 2 before"),
        ('[{"a": 1}, {"a": 2},', None, "JSON_INVALID", "ends in record 3 before"),
        ("[", None, "JSON_INVALID", "ends in record 1 before all brackets are closed"),
        ('{"data": [1, 2]', "data", "JSON_INVALID", "expected ',', found the end of the document, which is truncated"),
        ('{"a": {"x": 1', None, "JSON_INVALID", "expected ',', found the end of the document, which is truncated"),
        ('{"a": [{"x": 1', None, "JSON_INVALID", "ends before all brackets are closed"),
        ('{"a"', None, "JSON_INVALID", "expected ':', found the end of the document"),
        ('{"a', None, "JSON_INVALID", "expected a value"),
        ("[1, 2]]", None, "JSON_INVALID", r"ends after record 2, but \] follows"),
        ('{"a": 1}\n{"a": 2} x', None, "JSON_INVALID", "ends after record 2, but x follows"),
        ('{"a": 1}\n[2]', None, "JSON_INVALID", r"ends after record 1, but \[2\] follows"),
        ('["a", "b"]\n[1, 2]', None, "JSON_RECORDS_AMBIGUOUS", r'each document is a list\. .* set file_format to {"orient": "values"}'),
        ('[{"a": 1}]\n{"a": 2}', None, "JSON_RECORDS_AMBIGUOUS", "several documents, both lists and objects"),
        ('{"a": 1},,{"a": 2}', None, "JSON_INVALID", r"ends, but ,{\"a\": 2} follows"),
        ('{"a": 1}, {"a": 2},,{"a": 3}', "$", "JSON_INVALID", r"ends after record 2, but ,{\"a\": 3} follows"),
        ('{"a": 1}{"a": 2', None, "JSON_INVALID", "ends in record 2 before all brackets are closed"),
        ('{"a": 1}}{"a": 2}', None, "JSON_INVALID", "ends, but }"),
        ("[1, 2}", None, "JSON_INVALID", r"'\[' is closed by '}' in record 2"),
        ('{"a": 1]', None, "JSON_INVALID", r"expected ',', found \]"),
        ("[1, 2,]", None, "JSON_INVALID", "record 3 is empty"),
        ("[1, ,2]", None, "JSON_INVALID", "record 2 is empty"),
        ("[1,\n" + 100 * " " + ",2]", None, "JSON_INVALID", "record 2 is empty"),
        ("[,]", None, "JSON_INVALID", "record 1 is empty"),
        ('[1, "a\nb"]', None, "JSON_INVALID", "a string contains a line break in record 2"),
        ("{'a': 1}", None, "JSON_INVALID", "expected a key in double quotes, found 'a'"),
        ('{"a": NaN, "b": [{}]}', None, "JSON_INVALID", "NaN is not valid JSON"),
        ('{"a": 1,}', "b", "JSON_INVALID", "expected a key in double quotes, found }"),
        ('{"a": 1 "b": 2}', "b", "JSON_INVALID", "expected ',', found \"b\""),
        ('// note\n[{"a": 1}]', None, "JSON_INVALID", "// is not valid JSON"),
        ('{"a\tb": 1}', "b", "JSON_INVALID", "is not valid JSON: Invalid control character"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_invalid_json_fails_with_its_code_and_place(
    text: str, records: str | None, code: str, error: str, size: int
) -> None:
    with pytest.raises(RunFailed, match=f"^{code}: .*{error}"):
        split(text.encode(), records, size)


def test_a_record_above_the_limit_fails_without_filling_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_RECORD_BYTES", 1 << 20)
    for head in (b'[1, "', b"[1, [", b'{"a": "', b'{"a":['):
        endless = lambda head=head: iter([head] + [b"1" * 600_000] * 100)  # noqa: E731
        if head == b'{"a":[':
            with pytest.raises(RunFailed, match="^JSON_INVALID: .* ends before all brackets are closed"):
                list(json_records(endless, "x.json", "b"))
            continue
        with pytest.raises(RunFailed, match=r"^RECORD_TOO_LONG: x\.json: record [12] is longer than 1 MB"):
            list(json_records(endless, "x.json", "a" if head.startswith(b"{") else None))
    with pytest.raises(RunFailed, match=r"^RECORD_TOO_LONG: x\.jsonl: record 2 is longer than 1 MB"):
        list(json_lines(iter([b'1\n"'] + [b"1" * 600_000] * 100), "x.jsonl"))


@pytest.mark.complete
def test_many_small_values_outside_of_the_path_are_skipped_quickly() -> None:
    text = json.dumps({**{f"key {index}": {"a": [index]} for index in range(50_000)}, "data": [{"a": 1}]}).encode()
    assert sum(batch.count() for batch in split(text, "data", 8 << 20)) == 1


@pytest.mark.parametrize(
    ("document", "records", "orient"),
    [
        pytest.param({"n": 1, "at": [{"a": 1}] * 20_000}, "at", None, id="a list"),
        pytest.param(
            {"n": 1, "at": {f"key {each}": {"a": each} for each in range(20_000)}}, "at", None, id="an object"
        ),
        pytest.param({f"key {each}": {"a": each} for each in range(20_000)}, None, "index", id="the document"),
    ],
)
def test_a_document_is_read_once_to_the_end(document: Any, records: str | None, orient: str | None) -> None:
    text, size = json.dumps(document).encode(), 10_000
    read = []

    def counted() -> Iterator[bytes]:
        for block in blocks(text, size):
            read.append(len(block))
            yield block

    assert list(json_records(counted, "x.json", records, shape=RecordShape(orient)))
    assert sum(read) < 1.5 * len(text)
