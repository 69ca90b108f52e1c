"""Histories that carry over objects: compared with the model of test_history, and with the join."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from expected_error import has_error
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import Row as SparkRow
from transform.test_history import COLUMNS, HISTORY, LOADS, START, Row, canonical, frame, load

from conftest import BUCKET
from etl_runtime.columns.athena_types import arrow_type
from etl_runtime.job.dataset_document import History
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.spark import start_spark
from etl_runtime.job.store import Store
from etl_runtime.transform import carried_history as carried_module
from etl_runtime.transform import key_ranges
from etl_runtime.transform.carried_history import CarriedHistory, carried_history
from etl_runtime.transform.history import ADDED, PublishedVersions, VersionColumns, with_versions
from etl_runtime.transform.key_ranges import VersionLayout
from etl_runtime.transform.range_merge import RangeMerge, merged_range, read_versions
from etl_runtime.transform.write import ACTION, Target

DAY = timedelta(days=1)


@pytest.fixture(autouse=True, scope="module")
def small_ranges() -> Iterator[None]:
    """Ranges of two rows, and at most two small objects of ended versions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_ranges, "MIN_RANGE_ROWS", 2)
        patch.setattr(carried_module, "MAX_SMALL_OBJECTS", 2)
        yield


class CarriedTable:
    """A table with a history, without the job that publishes it. `loads` counts the loads of all tables."""

    loads = 0

    def __init__(self, columns: dict[str, str], history: History) -> None:
        start_spark().conf.set("spark.sql.shuffle.partitions", "2")
        self.columns = columns
        self.history = history
        self.made: CarriedHistory | None = None
        self.at: datetime | None = None
        self.published_columns = columns

    def load(
        self, new: Sequence[Row], at: datetime, run_id: str, columns: dict[str, str] | None = None
    ) -> Counter[str]:
        """Load the rows, compare the result with that of the join, and return the actions."""
        columns = columns or self.columns
        rows = frame(new, columns)
        old = self.published()
        expected = [row.asDict() for row in with_versions("x", self.history, rows, old, at, run_id).collect()]
        CarriedTable.loads += 1
        folder = f"s3://{BUCKET}/gold/carried/{CarriedTable.loads}/"
        made = self.carried(rows, old, at, Target("x", run_id, "us-east-1", folder))
        actions = Counter(row.pop(ACTION) for row in expected)
        assert +made.written.actions == actions
        before = {each.file for each in self.made.layout.objects} if self.made else set()
        files = [each.file for each in made.layout.objects]
        assert len(files) == len(set(files))
        assert sorted(made.carried) == sorted(before.intersection(files))
        assert sorted(made.written.objects) == sorted(f"s3://{BUCKET}/{file}" for file in set(files) - before)
        assert set(made.written.objects) <= set(Store().list(folder))
        self.made, self.at, self.published_columns = made, at, {**self.published_columns, **columns}
        found = self.rows()
        assert canonical(found) == canonical(list(map(with_utc_times, expected)))
        live = [row for row in found if row[VersionColumns.of(self.history).is_current]]
        assert (made.written.rows, made.written.live) == (len(found), len(live))
        assert +made.written.nulls == +Counter(name for row in live for name, value in row.items() if value is None)
        assert made.written.bytes == sum(each.bytes for each in made.layout.objects)
        return made.written.actions

    def carried(self, rows: Any, old: PublishedVersions | None, at: datetime, target: Target) -> CarriedHistory:
        document = self.made and json.dumps(self.made.layout.document())
        layout = VersionLayout.of(json.loads(document)) if document else None
        return carried_history(self.history, rows, old, layout, at, target, BUCKET)

    def published(self) -> PublishedVersions | None:
        if self.at is None:
            return None
        types = {**self.published_columns, **VersionColumns.of(self.history).types}
        table = {"columns": [{"name": name, "type": type_} for name, type_ in types.items()]}
        return PublishedVersions(table, self.at, 0, frame(self.rows(), {**types, "meta_run_id": "string"}))

    def rows(self) -> list[Row]:
        """The versions in all objects. Each object is sorted by key and has only current, or only ended versions."""
        assert self.made
        found = []
        names = [*self.published_columns, *VersionColumns.of(self.history).types, "meta_run_id"]
        for each in self.made.layout.objects:
            body = Store().read(f"s3://{BUCKET}/{each.file}")
            assert body is not None and len(body) == each.bytes
            rows = pq.read_table(pa.BufferReader(body)).to_pylist()
            assert len(rows) == each.rows
            found += [{name: row.get(name) for name in names} for row in rows]
        return found


def with_utc_times(row: Row) -> Row:
    """The values of a Spark row as Arrow returns them."""
    return {name: _as_arrow(value) for name, value in row.items()}


def _as_arrow(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    if isinstance(value, SparkRow):
        return {name: _as_arrow(each) for name, each in value.asDict().items()}
    if isinstance(value, list):
        return [_as_arrow(each) for each in value]
    return bytes(value) if isinstance(value, bytearray) else value


@settings(max_examples=3, deadline=None)
@given(st.lists(LOADS, min_size=2, max_size=4))
def test_any_sequence_of_loads_results_in_the_versions_of_the_model_and_of_the_join(loads: list[list[Row]]) -> None:
    table = CarriedTable(COLUMNS, HISTORY)
    model: list[Row] = []
    for number, new in enumerate(loads):
        at, run_id = START + number * DAY, f"run-{number}"
        table.load(new, at, run_id)
        model = load(model, new, at, run_id)
        assert canonical(table.rows()) == canonical(model)


VERSION_SCHEMA = pa.schema(
    [(name, arrow_type(type_)) for name, type_ in {**COLUMNS, "l": "bigint", **ADDED, "meta_run_id": "string"}.items()]
)


@settings(max_examples=40, deadline=None)
@given(st.lists(LOADS, min_size=2, max_size=6))
def test_the_merge_of_one_range_results_in_the_versions_of_the_model(loads: list[list[Row]]) -> None:
    """Runs without Spark, so that it can test many examples."""
    ended: list[Row] = []
    model: list[Row] = []
    file = ""
    for number, new in enumerate(loads):
        at, run_id = START + number * DAY, f"run-{number}"
        target = Target("x", run_id, "us-east-1", f"s3://{BUCKET}/gold/one-range/")
        merge = RangeMerge(
            target, VERSION_SCHEMA, ["k", "l"], ["a", "b", "d"], ["k", "l"], VersionColumns(), at, [file], 1000, 1 << 20
        )
        result, closed = merged_range(merge, 0, pa.Table.from_pylist(new, merge.own))
        ended += closed.to_pylist()
        if result.ranges is not None:
            file = f"s3://{BUCKET}/{result.ranges[0].object.file}" if result.ranges else ""
        current = read_versions(file, merge).to_pylist() if file else []
        model = load(model, new, at, run_id)
        assert canonical(ended + current) == canonical(model)
        assert len(current) == result.rows


KEY_TYPES = {"long": "bigint", "text": "string", "day": "date", "time": "timestamp", "amount": "decimal(20,5)"}
ANY_KEY = st.tuples(
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.text(max_size=3),
    st.none() | st.dates(),
    st.none() | st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),
    st.none() | st.decimals(-(10**14), 10**14, places=5),
)
"""A key with a value of each type. Spark and Arrow must sort such keys in the same order."""


@settings(max_examples=4, deadline=None)
@given(
    st.permutations(list(KEY_TYPES)).flatmap(lambda names: st.integers(1, 3).map(lambda size: names[:size])),
    st.lists(ANY_KEY, min_size=8, max_size=40),
    st.data(),
)
def test_spark_and_arrow_agree_on_the_ranges_of_any_keys(
    key: list[str], values: list[tuple[Any, ...]], data: st.DataObject
) -> None:
    rows = {
        tuple(row[name] for name in key): row for row in (dict(zip(KEY_TYPES, each, strict=True)) for each in values)
    }
    columns = {**{name: KEY_TYPES[name] for name in key}, "v": "int"}
    table = CarriedTable(columns, {"business_key": key})
    for number in range(3):
        kept = data.draw(st.lists(st.sampled_from(list(rows)), unique=True))
        new = [{**rows[each], "v": data.draw(st.integers(0, 1))} for each in kept]
        table.load(new, START + number * DAY, f"run-{number}")


@settings(max_examples=2, deadline=None)
@given(LOADS.filter(bool), LOADS.filter(bool), st.data())
def test_a_duplicate_key_is_found_and_the_example_is_its_key(
    first: list[Row], second: list[Row], data: st.DataObject
) -> None:
    table = CarriedTable(COLUMNS, HISTORY)
    table.load(first, START, "run-0")
    doubled = data.draw(st.sampled_from(second))
    rows = data.draw(st.permutations([*second, {**doubled, "a": "other"}]))
    target = Target("x", "run-1", "us-east-1", f"s3://{BUCKET}/gold/carried/duplicates/")
    made = table.carried(frame(rows, COLUMNS), table.published(), START + DAY, target)
    assert made.written.actions["duplicate"] == 1
    assert made.written.examples == [{"k": doubled["k"], "l": doubled["l"]}]


def numbered(values: dict[int, Any]) -> list[Row]:
    return [{"id": id_, "v": value} for id_, value in values.items()]


BY_ID: History = {"business_key": ["id"]}
ID_COLUMNS = {"id": "bigint", "v": "string"}


def files_of(table: CarriedTable) -> list[str]:
    assert table.made
    return [each.object.file for each in table.made.layout.ranges]


def test_only_the_object_of_a_changed_range_is_rewritten() -> None:
    table = CarriedTable(ID_COLUMNS, BY_ID)
    rows = dict.fromkeys(range(20), "a")
    table.load(numbered(rows), START, "run-0")
    first = files_of(table)
    assert len(first) == 10
    assert table.load(numbered(rows), START + DAY, "run-1") == {"same": 20}
    assert files_of(table) == first
    assert table.made and table.made.written.objects == []
    table.load(numbered({**rows, 7: "b"}), START + 2 * DAY, "run-2")
    assert [one == other for one, other in zip(first, files_of(table), strict=True)].count(False) == 1
    assert len(table.made.layout.ended) == 1


def test_a_range_that_grows_is_split_and_ranges_without_rows_disappear() -> None:
    table = CarriedTable(ID_COLUMNS, BY_ID)
    table.load(numbered({0: "a", 100: "a"}), START, "run-0")
    table.load(numbered(dict.fromkeys(range(40), "a") | {100: "a"}), START + DAY, "run-1")
    assert len(files_of(table)) == 21
    table.load(numbered(dict.fromkeys(range(10, 14), "a") | {100: "a"}), START + 2 * DAY, "run-2")
    assert len(files_of(table)) == 4
    table.load([], START + 3 * DAY, "run-3")
    assert files_of(table) == []
    table.load(numbered({5: "a", 6: "b"}), START + 4 * DAY, "run-4")
    assert len(files_of(table)) == 1


def test_too_many_ranges_and_a_published_history_without_ranges_are_rewritten_once() -> None:
    table = CarriedTable(ID_COLUMNS, BY_ID)
    rows = dict.fromkeys(range(40), "a")
    table.load(numbered(rows), START, "run-0")
    kept = dict.fromkeys(range(0, 40, 5), "a")
    table.load(numbered(kept), START + DAY, "run-1")
    assert len(files_of(table)) == 8
    table.load(numbered({**kept, 0: "b"}), START + 2 * DAY, "run-2")
    assert len(files_of(table)) == 8
    # The history of another writer has no layout.
    published = table.published()
    target = Target("x", "run-3", "us-east-1", f"s3://{BUCKET}/gold/carried/migrated/")
    new = frame(numbered({**kept, 0: "c"}), ID_COLUMNS)
    table.made = carried_history(BY_ID, new, published, None, START + 3 * DAY, target, BUCKET)
    assert table.made.written.actions == {"same": 7, "update": 1, "close": 1, "ended": 33}
    assert table.made.carried == []
    assert len(files_of(table)) == 4
    table.at = START + 3 * DAY
    assert table.load(numbered({**kept, 0: "c"}), START + 4 * DAY, "run-4") == {"same": 8, "ended": 34}


def test_a_load_that_is_too_large_for_the_ranges_rewrites_all_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    table = CarriedTable(ID_COLUMNS, BY_ID)
    table.load(numbered({1: "a", 2: "a", 3: "a"}), START, "run-0")
    monkeypatch.setattr(carried_module, "TASK_BYTES", 1000)
    table.load(numbered(dict.fromkeys(range(3, 100), "b")), START + DAY, "run-1")
    assert table.made and (len(files_of(table)), table.made.carried) == (25, [])
    folder = f"s3://{BUCKET}/gold/carried/{CarriedTable.loads}/"
    assert Store().list(folder) == sorted(table.made.written.objects)


def test_the_number_of_objects_of_ended_versions_is_bounded() -> None:
    table = CarriedTable(ID_COLUMNS, BY_ID)
    for number in range(7):
        table.load(numbered({1: str(number), 2: "a"}), START + number * DAY, f"run-{number}")
        assert table.made and len(table.made.layout.ended) <= 2
    assert table.made and table.made.written.rows == 8


def test_values_that_are_the_same_for_spark_do_not_begin_a_version() -> None:
    columns = {"id": "double", "part": "int", "d": "double", "s": "struct<a:double,b:array<string>>", "b": "binary"}
    types = {**columns, "part": "int"}
    table = CarriedTable(types, {"business_key": ["part", "id"]})
    nan = float("nan")
    keys: list[tuple[Any, Any]] = [(None, None), (1, None), (1, nan), (1, 0.0), (None, 0.0), (1, float("inf"))]

    def rows(zero: float, value: Any, nested: Any) -> list[Row]:
        return [
            {"id": zero if id_ == 0 else id_, "part": part, "d": value, "s": nested, "b": b"\xff\x00"}
            for part, id_ in keys
        ]

    table.load(rows(0.0, nan, (0.0, ["x", None])), START, "run-0")
    same = table.load(rows(-0.0, nan, (-0.0, ["x", None])), START + DAY, "run-1")
    assert same == {"same": 6}
    changes: list[tuple[Any, Any]] = [
        (None, (0.0, ["x", None])), (None, (nan, ["x", None])), (None, (nan, ["x"])), (None, (nan, None)),
         (None, None), (None, (None, None)), (None, (None, [])), (0.0, (None, [])), (None, (None, [])),
    ]  # fmt: skip
    for number, (value, nested) in enumerate(changes):
        at = START + (2 + number) * DAY
        assert table.load(rows(0.0, value, nested), at, f"run-{2 + number}")["update"] == 6


def test_columns_can_be_added_and_removed() -> None:
    table = CarriedTable(ID_COLUMNS, BY_ID)
    table.load(numbered(dict.fromkeys(range(8), "a")), START, "run-0")
    first = files_of(table)
    more = {**ID_COLUMNS, "w": "array<int>"}
    rows = [{"id": id_, "v": "a", "w": [1] if id_ == 7 else None} for id_ in range(8)]
    assert table.load(rows, START + DAY, "run-1", more)["update"] == 1
    assert files_of(table)[:3] == first[:3]
    fewer = {"id": "bigint", "w": "array<int>"}
    without = [{"id": row["id"], "w": row["w"]} for row in rows]
    assert table.load(without, START + 2 * DAY, "run-2", fewer) == {"same": 8, "ended": 1}
    without[0]["w"] = []
    table.load(without, START + 3 * DAY, "run-3", fewer)
    (updated,) = [row for row in table.rows() if row["id"] == 0 and row["is_current"]]
    assert (updated["v"], updated["w"]) == (None, [])


@pytest.mark.parametrize("open_end", [None, "9999-12-31"])
def test_the_version_columns_can_have_other_names_and_an_open_end(open_end: str | None) -> None:
    history: History = {"business_key": ["id"], "valid_to": "until", "is_current": "active", "exclude": ["v"]}
    if open_end:
        history["open_end"] = open_end
    table = CarriedTable({**ID_COLUMNS, "w": "string"}, history)
    for number, value in enumerate(["a", "b", "c"]):
        rows = [{"id": id_, "v": value, "w": value if id_ == 3 else ""} for id_ in range(6 - number)]
        table.load(rows, START + number * DAY, f"run-{number}")


def test_objects_have_the_given_schema_and_a_missing_object_is_an_error() -> None:
    types = {"v": pa.string(), "meta_run_id": pa.string(), "id": pa.int64(), "is_current": pa.bool_(),
             "valid_from": pa.timestamp("us", "UTC"), "valid_to": pa.timestamp("us", "UTC"),
             "change_type": pa.string()}  # fmt: skip
    schema = pa.schema(
        [
            pa.field(name, type_, metadata={"PARQUET:field_id": str(7 + n)})
            for n, (name, type_) in enumerate(types.items())
        ]
    )
    target = Target("x", "run-0", "us-east-1", f"s3://{BUCKET}/gold/carried/schema/")
    rows = frame(numbered({2: "b", 1: "a"}), ID_COLUMNS)
    made = carried_history(BY_ID, rows, None, None, START, target, BUCKET, schema)
    (uri,) = made.written.objects
    found = pq.read_table(pa.BufferReader(Store().read(uri) or b""))
    assert found.column_names == list(types)
    assert [field.metadata[b"PARQUET:field_id"] for field in found.schema] == [str(7 + n).encode() for n in range(7)]
    assert found["id"].to_pylist() == [1, 2]
    Store().delete([uri])
    table = {
        "columns": [{"name": name, "type": type_} for name, type_ in {**ID_COLUMNS, **VersionColumns().types}.items()]
    }
    old = PublishedVersions(
        table, START, 2, frame([], {**ID_COLUMNS, **VersionColumns().types, "meta_run_id": "string"})
    )
    with pytest.raises(RunFailed) as error:
        carried_history(BY_ID, rows, old, made.layout, START + DAY, target, BUCKET, schema)
    assert has_error(error.value, f"HISTORY_UNREADABLE: {uri}")
