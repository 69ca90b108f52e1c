"""diff.py: the rows that differ between two publications."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

Row = dict[str, Any]
DIFF = Path(__file__).parents[2] / "local_glue" / "diff.py"


def compare(folder: Path, *tables: Row, samples: int = 5) -> list[Row]:
    """The changes of each table."""
    request, result = folder / "request.json", folder / "result.json"
    named = [{"name": str(number), **table} for number, table in enumerate(tables)]
    request.write_text(json.dumps({"samples": samples, "tables": named}))
    subprocess.run([os.environ["LAKE_PYTHON"], DIFF, request, result], stdin=subprocess.DEVNULL, check=True)
    changes: dict[str, Row] = json.loads(result.read_text())
    return list(changes.values())


def parquet(folder: Path, name: str, rows: list[Row], schema: pa.Schema | None = None) -> list[str]:
    file = folder / f"{name}.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), file)
    return [str(file)]


def changes(folder: Path, old: list[Row], new: list[Row], key: list[str] | None = None, samples: int = 5) -> Row:
    files = {"old": parquet(folder, "old", old), "new": parquet(folder, "new", new)}
    (result,) = compare(folder, {"key": key or [], **files}, samples=samples)
    return result


def counts(result: Row) -> tuple[int, int, int, int]:
    return result["added"], result["removed"], result["changed"], result["unchanged"]


def test_rows_are_compared_by_key_and_the_changed_columns_are_counted(tmp_path: Path) -> None:
    old: list[Row] = [{"id": 1, "a": "x", "b": 1.5}, {"id": 2, "a": "y", "b": None}, {"id": 3, "a": "z", "b": 0.0}]
    new: list[Row] = [{"id": 1, "a": "x", "b": 1.5}, {"id": 2, "a": "Y", "b": 2.0}, {"id": 4, "a": None, "b": 0.0}]
    result = changes(tmp_path, old, new, ["id"])
    assert counts(result) == (1, 1, 1, 1)
    assert result["columns"] == {"a": 1, "b": 1}
    assert result["samples"] == {
        "added": [{"id": "4", "a": None, "b": "0.0"}],
        "removed": [{"id": "3", "a": "z", "b": "0.0"}],
        "changed": [{"key": {"id": "2"}, "values": {"a": ["y", "Y"], "b": [None, "2.0"]}}],
    }


@pytest.mark.parametrize(
    ("key", "note"),
    [
        ([], "the table has no business key"),
        (["id"], "id is not unique"),
        (["code"], "code is missing in a publication"),
    ],
)
def test_without_a_usable_key_rows_are_compared_as_a_whole(tmp_path: Path, key: list[str], note: str) -> None:
    result = changes(tmp_path, [{"id": 1, "a": 1}, {"id": 1, "a": 1}], [{"id": 1, "a": 1}, {"id": 2, "a": 1}], key)
    assert (result["key"], result["note"]) == (None, note)
    assert counts(result) == (1, 1, 0, 1)
    assert result["samples"]["added"] == [{"id": "2", "a": "1"}]


def test_null_keys_and_keys_of_several_columns_are_compared(tmp_path: Path) -> None:
    old: list[Row] = [{"a": None, "b": 1, "v": 1}, {"a": "x", "b": 1, "v": 1}]
    new: list[Row] = [{"a": None, "b": 1, "v": 2}, {"a": "x", "b": 2, "v": 1}]
    assert counts(changes(tmp_path, old, new, ["a", "b"])) == (1, 1, 1, 0)


def test_the_run_id_and_columns_of_one_publication_are_not_compared(tmp_path: Path) -> None:
    old = [{"id": 1, "gone": 1, "meta_run_id": "r1"}]
    new = [{"id": 1, "added": 1, "meta_run_id": "r2"}]
    assert counts(changes(tmp_path, old, new, ["id"])) == (0, 0, 0, 1)


def test_values_of_a_changed_type_are_compared_as_text(tmp_path: Path) -> None:
    assert counts(changes(tmp_path, [{"id": 1, "v": 7}], [{"id": 1, "v": "7"}], ["id"])) == (0, 0, 0, 1)
    assert counts(changes(tmp_path, [{"id": 1, "v": 7}], [{"id": 1, "v": "007"}], ["id"])) == (0, 0, 1, 0)
    assert counts(changes(tmp_path, [{"id": 1}], [{"id": "1"}], ["id"])) == (0, 0, 0, 1)


def test_a_publication_without_files_is_an_empty_table(tmp_path: Path) -> None:
    new = parquet(tmp_path, "new", [{"id": 1, "meta_run_id": "r"}])
    first, removed, empty = compare(
        tmp_path,
        {"key": ["id"], "old": [], "new": new},
        {"key": [], "old": new, "new": []},
        {"key": ["id"], "old": [], "new": []},
    )
    assert counts(first) == (1, 0, 0, 0)
    assert first["samples"]["added"] == [{"id": "1"}]
    assert counts(removed) == (0, 1, 0, 0)
    assert counts(empty) == (0, 0, 0, 0)


def test_columns_of_any_name_and_nested_values_are_compared(tmp_path: Path) -> None:
    old: list[Row] = [{'a"b': 1, "select": [1, 2], "old_0": {"x": 1}}]
    new: list[Row] = [{'a"b': 1, "select": [2, 1], "old_0": {"x": 2}}]
    result = changes(tmp_path, old, new, ['a"b'])
    assert result["columns"] == {"select": 1, "old_0": 1}
    assert result["samples"]["changed"][0]["values"] == {
        "select": ["[1, 2]", "[2, 1]"],
        "old_0": ["{'x': 1}", "{'x': 2}"],
    }


def test_timestamps_are_shown_without_a_time_zone_and_compared_at_any_depth(tmp_path: Path) -> None:
    moment = pa.timestamp("us", tz="UTC")
    schema = pa.schema([("id", pa.int64()), ("at", moment), ("nested", pa.struct([("at", moment)]))])
    old, new = (
        parquet(tmp_path, name, [{"id": 1, "at": at, "nested": {"at": at}}], schema)
        for at, name in enumerate(("old", "new"))
    )
    (result,) = compare(tmp_path, {"key": ["id"], "old": old, "new": new})
    assert result["columns"] == {"at": 1, "nested": 1}
    assert result["samples"]["changed"][0]["values"]["at"] == ["1970-01-01 00:00:00", "1970-01-01 00:00:00.000001"]


def test_the_number_of_samples_is_limited(tmp_path: Path) -> None:
    result = changes(tmp_path, [{"id": n} for n in range(50)], [{"id": n} for n in range(25, 75)], ["id"], samples=3)
    assert [row["id"] for row in result["samples"]["added"]] == ["50", "51", "52"]
    assert [row["id"] for row in result["samples"]["removed"]] == ["0", "1", "2"]


SCHEMA = pa.schema([("id", pa.int64()), ("v", pa.string()), ("w", pa.float64())])
ROWS = st.dictionaries(
    st.integers(0, 8), st.tuples(st.sampled_from([None, "", "a", "b"]), st.sampled_from([None, 0.0, float("nan")]))
)


@settings(max_examples=3)
@given(pairs=st.lists(st.tuples(ROWS, ROWS), min_size=30, max_size=30))
def test_the_counts_add_up_and_equal_those_of_a_comparison_in_python(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[dict[int, Any], dict[int, Any]]]
) -> None:
    folder = tmp_path_factory.mktemp("diff")

    def written(name: str, rows: dict[int, Any]) -> list[str]:
        return parquet(folder, name, [{"id": id, "v": v, "w": w} for id, (v, w) in rows.items()], SCHEMA)

    tables = [
        {"key": key, "old": written(f"old{number}", old), "new": written(f"new{number}", new)}
        for number, (old, new) in enumerate(pairs)
        for key in (["id"], [])
    ]
    results = compare(folder, *tables)
    for (old, new), by_key, whole in zip(pairs, results[::2], results[1::2], strict=True):
        both = old.keys() & new.keys()
        changed = sum(repr(old[id]) != repr(new[id]) for id in both)  # NaN is equal to NaN
        added, removed = len(new.keys() - old.keys()), len(old.keys() - new.keys())
        assert counts(by_key) == (added, removed, changed, len(both) - changed)
        assert counts(whole) == (added + changed, removed + changed, 0, len(both) - changed)
