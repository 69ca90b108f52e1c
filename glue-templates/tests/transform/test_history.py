"""History: compared with a simple model over random sequences of loads, and end to end through the job."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from expected_error import has_error
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import BUCKET, Dataset, DerivedTable, Source
from etl_runtime.job.dataset_document import History
from etl_runtime.job.spark import start_spark
from etl_runtime.transform.history import (
    ADDED,
    CHANGES,
    DUPLICATE,
    PublishedVersions,
    VersionColumns,
    with_versions,
)
from etl_runtime.transform.initial_versions import taken_over
from etl_runtime.transform.write import ACTION

MakeDataset = Callable[..., Dataset]
MakeGold = Callable[..., DerivedTable]
Row = dict[str, Any]

COLUMNS = {"k": "string", "l": "int", "a": "string", "b": "string", "d": "double", "note": "string"}
HISTORY: History = {"business_key": ["k", "l"], "exclude": ["note"]}
COMPARED = ("a", "b", "d")
START = datetime(2026, 1, 1, tzinfo=UTC)


def load(versions: Sequence[Row], new: Sequence[Row], at: datetime, run_id: str) -> list[Row]:
    """The model: the versions after a load, computed row by row."""
    rows = {(row["k"], row["l"]): row for row in new}
    made = []
    opened: set[tuple[Any, ...]] = set()

    def opens(row: Row, change_type: str) -> Row:
        return {
            **row,
            "valid_from": at,
            "valid_to": None,
            "is_current": True,
            "change_type": change_type,
            "meta_run_id": run_id,
        }

    for version in versions:
        key = (version["k"], version["l"])
        row = rows.get(key)
        if not version["is_current"]:
            made.append(version)
            continue
        opened.add(key)
        if row is None:
            made.append({**version, "valid_to": at, "is_current": False, "change_type": "delete"})
        elif all(_same(version[name], row[name]) for name in COMPARED):
            made.append(version)
        else:
            made += [{**version, "valid_to": at, "is_current": False}, opens(row, "update")]
    return made + [opens(row, "insert") for key, row in rows.items() if key not in opened]


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) or (one != one and other != other and None not in (one, other))


def frame(rows: Sequence[Row], columns: dict[str, str]) -> Any:
    ddl = ", ".join(f"{name} {type_}" for name, type_ in columns.items())
    return start_spark().createDataFrame([tuple(row[name] for name in columns) for row in rows], ddl)


def versions_of(rows: Sequence[Row], at: datetime, history: History = HISTORY) -> PublishedVersions:
    columns = {**COLUMNS, **VersionColumns.of(history).types, "meta_run_id": "string"}
    table = {"columns": [{"name": name, "type": type_} for name, type_ in columns.items() if name != "meta_run_id"]}
    return PublishedVersions(table, at, 0, frame(rows, columns))


def loaded(
    rows: Sequence[Row],
    new: Sequence[Row],
    at: datetime,
    run_id: str,
    before: datetime | None,
    history: History = HISTORY,
) -> tuple[list[Row], Counter[str]]:
    """The versions after a load as the job computes them, and their actions."""
    old = None if before is None else versions_of(rows, before, history)
    found = with_utc(with_versions("x", history, frame(new, COLUMNS), old, at, run_id))
    return found, Counter(row.pop(ACTION) for row in found)


def with_utc(versions: Any) -> list[Row]:
    found = [row.asDict() for row in versions.collect()]
    return [
        {name: value.replace(tzinfo=UTC) if isinstance(value, datetime) else value for name, value in row.items()}
        for row in found
    ]


def canonical(rows: Sequence[Row]) -> Counter[str]:
    """Rows as a multiset in which null, empty and NaN are three values."""
    return Counter(json.dumps(row, default=str, sort_keys=True) for row in rows)


# Different texts that a comparison of concatenated or trimmed texts would treat as equal.
TEXTS = st.sampled_from(
    [None, "", " ", "a", "a ", "A", "a|b", "|", "b", "b|c", "c", "null", "NULL", "\\N", "é", "e\u0301"]
)
KEYS = st.tuples(st.sampled_from([None, "", "a", "a|1", "|"]), st.sampled_from([None, 0, 1, 11]))
VALUES = st.fixed_dictionaries(
    {
        "a": TEXTS,
        "b": TEXTS,
        "d": st.sampled_from([None, 0.0, 1.5, float("nan"), float("inf")]),
        "note": st.sampled_from([None, "x", "y"]),
    }
)
LOADS = st.dictionaries(KEYS, VALUES, max_size=12).map(
    lambda rows: [{"k": key[0], "l": key[1], **values} for key, values in rows.items()]
)


@settings(max_examples=8, deadline=None)
@given(st.lists(LOADS, min_size=2, max_size=4))
def test_any_sequence_of_loads_results_in_the_versions_of_the_model(loads: list[list[Row]]) -> None:
    spark = start_spark()
    spark.conf.set("spark.sql.shuffle.partitions", "2")
    found: list[Row] = []
    model: list[Row] = []
    before: datetime | None = None
    for number, new in enumerate(loads):
        at, run_id = START + timedelta(days=number), f"run-{number}"
        found, _ = loaded(found, new, at, run_id, before)
        model = load(model, new, at, run_id)
        assert canonical(found) == canonical(model)
        before = at
    # Invariants that do not depend on the model.
    current = [row for row in found if row["is_current"]]
    assert canonical([{name: row[name] for name in COLUMNS if name != "note"} for row in current]) == canonical(
        [{name: row[name] for name in COLUMNS if name != "note"} for row in loads[-1]]
    )
    assert all(row["is_current"] == (row["valid_to"] is None) for row in found)
    by_key: dict[tuple[Any, ...], list[Row]] = {}
    for row in found:
        by_key.setdefault((row["k"], row["l"]), []).append(row)
    for rows in by_key.values():
        rows.sort(key=lambda row: row["valid_from"])
        assert all(
            one["valid_to"] and one["valid_to"] <= other["valid_from"]
            for one, other in zip(rows, rows[1:], strict=False)
        )
        assert all(row["valid_to"] is None or row["valid_from"] < row["valid_to"] for row in rows)
    # A load of the same input changes nothing.
    again, actions = loaded(found, loads[-1], START + timedelta(days=99), "again", before)
    assert canonical(again) == canonical(found)
    assert sum(actions[change] for change in CHANGES) == 0


RENAMED: History = {
    **HISTORY,
    "valid_from": "effective_date",
    "valid_to": "end_date",
    "is_current": "current_flag",
    "change_type": "operation",
    "open_end": "9999-12-31",
}
OPEN_END = datetime(9999, 12, 31, tzinfo=UTC)


def with_default_names(row: Row) -> Row:
    """Convert a version with custom column names and a custom open end to the default names and open end."""
    names = {RENAMED[name]: name for name in ADDED}  # type: ignore[literal-required]
    renamed = {names.get(name, name): value for name, value in row.items()}
    return {**renamed, "valid_to": None if renamed["valid_to"] == OPEN_END else renamed["valid_to"]}


@pytest.mark.complete
@settings(max_examples=4, deadline=None)
@given(st.lists(LOADS, min_size=2, max_size=3))
def test_a_history_with_other_names_and_open_end_has_the_versions_of_the_default(loads: list[list[Row]]) -> None:
    start_spark().conf.set("spark.sql.shuffle.partitions", "2")
    default: list[Row] = []
    renamed: list[Row] = []
    before: datetime | None = None
    for number, new in enumerate(loads):
        at, run_id = START + timedelta(days=number), f"run-{number}"
        default, actions = loaded(default, new, at, run_id, before)
        renamed, renamed_actions = loaded(renamed, new, at, run_id, before, RENAMED)
        assert all((row["end_date"] == OPEN_END) == row["current_flag"] for row in renamed)
        assert canonical(list(map(with_default_names, renamed))) == canonical(default)
        assert renamed_actions == actions
        before = at


@pytest.mark.parametrize(
    ("history", "open_end"),
    [(HISTORY, None), (HISTORY, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)), (RENAMED, OPEN_END)],
    ids=["null", "last second", "renamed"],
)
@settings(max_examples=3, deadline=None)
@given(loads=st.lists(LOADS, min_size=2, max_size=3))
def test_versions_that_are_taken_over_are_those_of_a_history_that_had_loaded_them(
    history: History, open_end: datetime | None, loads: list[list[Row]]
) -> None:
    start_spark().conf.set("spark.sql.shuffle.partitions", "2")
    *earlier, last = loads
    rows: list[Row] = []
    for number, new in enumerate(earlier):
        rows = load(rows, new, START + timedelta(days=number), "legacy")
    names = VersionColumns.of(history)
    times = {names.valid_from: "timestamp", names.valid_to: "timestamp", names.is_current: "boolean"}
    own = {names.valid_from: "valid_from", names.valid_to: "valid_to", names.is_current: "is_current"}
    existing = [
        {
            **{name: row[name] for name in COLUMNS},
            **{name: row[default] for name, default in own.items()},
            names.valid_to: row["valid_to"] or open_end,
        }
        for row in rows
    ]
    taken_over_at = START + timedelta(days=10)
    initial: History = {**history, "initial_table": "legacy.versions"}
    old = taken_over("x", initial, frame(existing, {**COLUMNS, **times}), taken_over_at, "legacy")
    assert old.current == sum(row["is_current"] for row in rows)
    found = with_utc(with_versions("x", initial, frame(last, COLUMNS), old, taken_over_at, "next").drop(ACTION))
    expected = load(rows, last, taken_over_at, "next")
    assert canonical(list(map(with_default_names, found)) if history is RENAMED else found) == canonical(expected)


@settings(max_examples=5, deadline=None)
@given(LOADS.filter(bool), st.data())
def test_a_duplicate_key_is_found_in_any_order_of_the_rows(new: list[Row], data: st.DataObject) -> None:
    doubled = data.draw(st.sampled_from(new))
    rows = data.draw(st.permutations([*new, {**doubled, "a": "other"}]))
    _, actions = loaded([], rows, START, "run-0", None)
    assert actions[DUPLICATE] == 1


def test_a_load_is_one_join_with_one_shuffle_per_side() -> None:
    made = with_versions("x", HISTORY, frame([], COLUMNS), versions_of([], START), START + timedelta(days=1), "run-1")
    plan = made._jdf.queryExecution().executedPlan().toString()
    assert (plan.count("SortMergeJoin"), plan.count("Exchange hashpartitioning"), plan.count("Exchange")) == (1, 2, 2)


COMPARISONS: list[tuple[Row, Row, bool]] = [
    ({"a": None}, {"a": ""}, False),
    ({"a": None}, {"a": None}, True),
    ({"a": "a|b", "b": "c"}, {"a": "a", "b": "b|c"}, False),
    ({"a": "a", "b": None}, {"a": None, "b": "a"}, False),
    ({"a": "a"}, {"a": "A"}, False),
    ({"a": "a"}, {"a": "a "}, False),
    ({"d": float("nan")}, {"d": float("nan")}, True),
    ({"d": float("nan")}, {"d": None}, False),
    ({"d": 0.0}, {"d": -0.0}, True),
    ({"note": "x"}, {"note": "y"}, True),
]


def test_which_values_are_compared_as_equal() -> None:
    empty = {"a": None, "b": None, "d": None, "note": None}
    first = [{"k": "k", "l": index, **empty, **one} for index, (one, _, _) in enumerate(COMPARISONS)]
    second = [{"k": "k", "l": index, **empty, **other} for index, (_, other, _) in enumerate(COMPARISONS)]
    rows, _ = loaded([], first, START, "run-0", None)
    rows, _ = loaded(rows, second, START + timedelta(days=1), "run-1", START)
    changed = {row["l"] for row in rows if row["change_type"] == "update"}
    assert [index not in changed for index in range(len(COMPARISONS))] == [same for _, _, same in COMPARISONS]


def publish(bronze: Dataset, source: Source, csv: bytes) -> None:
    bronze.run(source.serves("/x.csv", csv), run_options='{"allow": ["shrink"]}')


def athena(made: Dataset) -> str:
    return f"pp_dw_bronze.{made.name.replace('-', '_')}"


def versions_by_run(made: DerivedTable) -> list[tuple[Any, ...]]:
    """The sorted versions, with the number of the run instead of its time."""
    rows = made.rows()
    times = sorted({row[name] for row in rows for name in ("valid_from", "valid_to") if row[name]})
    number = {None: None, **{time: index for index, time in enumerate(times)}}
    found = [
        (row["id"], row["v"], number[row["valid_from"]], number[row["valid_to"]], row["is_current"], row["change_type"])
        for row in rows
    ]
    return sorted(found, key=lambda version: (version[0], version[2]))


def test_runs_of_the_job_keep_every_version(dataset: MakeDataset, gold: MakeGold, source: Source) -> None:
    bronze = dataset()
    publish(bronze, source, b"id,v\n1,a\n2,b\n3,c\n")
    made = gold(bronze)
    history = {"business_key": ["id"]}
    query = f"SELECT * FROM {athena(bronze)}"
    first = made.run(query, history=history)
    assert first["versions"] == {"insert": 3}
    publish(bronze, source, b"id,v\n1,a\n2,B\n")
    second = made.run(query, history=history)
    assert second["versions"] == {"same": 1, "close": 1, "update": 1, "delete": 1}
    publish(bronze, source, b"id,v\n1,a\n2,B\n3,c\n")
    third = made.run(query, history=history)
    assert versions_by_run(made) == [
        (1, "a", 0, None, True, "insert"),
        (2, "b", 0, 1, False, "insert"),
        (2, "B", 1, None, True, "update"),
        (3, "c", 0, 1, False, "delete"),
        (3, "c", 2, None, True, "insert"),
    ]
    # Each version has the id of the run in which it began, which leads to its original.
    assert Counter(row["meta_run_id"] for row in made.table().to_pylist()) == {
        first["run_id"]: 3,
        second["run_id"]: 1,
        third["run_id"]: 1,
    }
    (table,) = made.published()["tables"].values()
    assert [(column["name"], column["type"]) for column in table["columns"]] == [
        ("id", "bigint"), ("v", "string"), ("meta_rescued", "string"),
        ("valid_from", "timestamp"), ("valid_to", "timestamp"), ("is_current", "boolean"), ("change_type", "string"),
    ]  # fmt: skip


def test_a_run_with_unchanged_input_publishes_nothing(dataset: MakeDataset, gold: MakeGold, source: Source) -> None:
    bronze = dataset()
    publish(bronze, source, b"id,v\n1,a\n2,\n")
    made = gold(bronze)
    query = f"SELECT * FROM {athena(bronze)}"
    first = made.run(query, history={"business_key": ["id"]})
    before, published = made.published_state(), made.published()
    bronze.run(
        source.serves("/x.csv", b"id,v\n1,a\n2,\n"), run_options='{"force": true}'
    )  # another run, the same values
    again = made.run(query, history={"business_key": ["id"]})
    assert (again["status"], again["unchanged_since"]) == ("unchanged", first["run_id"])
    record = made.names["runs"] + "published.json"
    assert {**made.published_state(), record: None} == {**before, record: None}
    assert {**made.published(), "inputs": published["inputs"]} == published
    assert [each["run_id"] for each in made.published()["inputs"]] == [bronze.record()["run_id"]]
    assert made.store.list(made.names["staging"]) == []
    forced = made.run(query, history={"business_key": ["id"]}, run_options='{"force": true}')
    assert forced["status"] == "published"
    assert {row["meta_run_id"] for row in made.table().to_pylist()} == {first["run_id"]}


def test_no_version_is_lost_when_columns_are_added_or_removed(
    dataset: MakeDataset, gold: MakeGold, source: Source
) -> None:
    bronze = dataset()
    publish(bronze, source, b"id,v\n1,a\n2,b\n")
    made = gold(bronze)
    table = athena(bronze)
    made.run(f"SELECT id, v FROM {table}", history={"business_key": ["id"]})
    made.run(
        f"SELECT id, v, id + 0.5 AS w FROM {table} WHERE id = 1 UNION ALL SELECT id, v, NULL FROM {table} WHERE id = 2",
        history={"business_key": ["id"]},
    )
    made.run(
        f"SELECT id, upper(v) AS v FROM {table} WHERE id = 2 UNION ALL SELECT id, v FROM {table} WHERE id = 1",
        run_options='{"allow": ["missing_columns"]}',
        history={"business_key": ["id"]},
    )
    rows = sorted(made.rows(), key=lambda row: (row["id"], row["valid_from"]))
    assert [(row["id"], row["v"], row["w"] and float(row["w"]), row["is_current"]) for row in rows] == [
        (1, "a", None, False),
        (1, "a", 1.5, True),
        (2, "b", None, False),
        (2, "B", None, True),
    ]


def test_a_column_that_a_query_loses_fails_the_run_once(dataset: MakeDataset, gold: MakeGold, source: Source) -> None:
    bronze = dataset()
    publish(bronze, source, b"id,v,w\n1,a,x\n2,b,y\n")
    made = gold(bronze)
    table = athena(bronze)
    history = {"business_key": ["id"]}
    made.run(f"SELECT id, v, w FROM {table}", history=history)
    removed = f"SELECT id, v FROM {table}"
    assert "the table no longer has the column w." in made.fails(removed, history=history)
    # Allowed once, although no version changes: the next runs know that the query has no such column.
    allowed = made.run(removed, run_options='{"allow": ["missing_columns"]}', history=history)
    assert allowed["status"] == "published" and "no longer has the column w" in allowed["allowed"][0]
    assert made.run(removed, history=history)["status"] == "unchanged"
    null = f"SELECT id, CAST(NULL AS STRING) AS v FROM {table}"
    assert "the column v had values in the last publication, but is null in all 2 rows" in made.fails(
        null, history=history
    )
    allowed = made.run(null, run_options='{"allow": ["all_null_columns"]}', history=history)
    assert allowed["versions"] == {"close": 2, "update": 2}
    assert made.run(null, history=history)["status"] == "unchanged"


def test_a_history_supports_structs_with_any_field_names(dataset: MakeDataset, gold: MakeGold, source: Source) -> None:
    bronze = dataset()
    publish(bronze, source, b"id,v\n1,a\n")
    made = gold(bronze)
    table = athena(bronze)
    history = {"business_key": ["id"]}
    made.run(f"SELECT id, v, named_struct('a b', id, 'Ä-1', array(v)) AS s FROM {table}", history=history)
    optional = {"optional_columns": ["s"]}
    made.run(f"SELECT id, upper(v) AS v FROM {table}", history=history, data_quality=optional)
    assert [(row["v"], row["s"]) for row in sorted(made.rows(), key=lambda row: row["valid_from"])] == [
        ("a", {"a b": 1, "Ä-1": ["a"]}),
        ("A", None),
    ]


ERRORS: list[tuple[str, dict[str, Any], str]] = [
    ("SELECT id % 2 AS id, v FROM {t}", {"business_key": ["id"]}, "HISTORY_KEY_NOT_UNIQUE: {x}: history.business_key is not unique: found 1 row with the same key as another row, for example {\"id\": 1}. The published table is unchanged."),
    ("SELECT v FROM {t}", {"business_key": ["id"]}, "HISTORY_INVALID: {x}: history.business_key has the column id, which the query does not return. It returns v."),
    ("SELECT id, v FROM {t}", {"business_key": ["id"], "compare": ["w"]}, "HISTORY_INVALID: {x}: history.compare has the column w, which the query does not return. It returns id, v."),
    ("SELECT id, v FROM {t}", {"business_key": ["id"], "exclude": ["w"]}, "HISTORY_INVALID: {x}: history.exclude has the column w, which the query does not return."),
    ("SELECT id, v, true AS is_current FROM {t}", {"business_key": ["id"]}, "HISTORY_INVALID: {x}: the query returns the column is_current, which the history adds. Rename it in the query."),
    ("SELECT CAST(id AS STRING) AS id, v FROM {t}", {"business_key": ["id"]}, "HISTORY_INVALID: {x}: the column id of the history is bigint, but the query returns string. Cast it: CAST(id AS BIGINT), or rename the new column."),
    ("SELECT id, v, map(1, 2) AS m FROM {t}", {"business_key": ["id"]}, "HISTORY_INVALID: {x}: the column m contains a map, and maps cannot be compared. Add it to history.exclude, or cast it to text in the query."),
    ("SELECT id, v FROM {t}", {"business_key": ["id", "v"]}, "HISTORY_INVALID: {x}: the published history has the business_key id, but the dataset declares id, v. The key of a history cannot change. Declare the published key, or create a dataset with another name."),
    ("SELECT id, v FROM {t} WHERE id = 1", {"business_key": ["id"]}, "1 row, but 3 are published and max_shrink is 50% [GATE_MAX_SHRINK]"),
    ("SELECT id, v FROM {t} WHERE id > 9", {"business_key": ["id"]}, "0 rows, but expected_record_count_min is 1 [GATE_EXPECTED_RECORD_COUNT_MIN]"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "history", "message"), ERRORS, ids=[message[-50:] for _, _, message in ERRORS])
def test_an_invalid_load_is_an_error_and_the_history_is_unchanged(
    dataset: MakeDataset, gold: MakeGold, source: Source, query: str, history: dict[str, Any], message: str
) -> None:
    bronze = dataset()
    publish(bronze, source, b"id,v\n1,a\n2,b\n3,c\n")
    made = gold(bronze)
    made.run(f"SELECT id, v FROM {athena(bronze)}", history={"business_key": ["id"]})
    error = made.fails(query.replace("{t}", athena(bronze)), history=history)
    assert message.replace("{x}", made.name.replace("-", "_")) in error


def test_a_key_that_cannot_be_compared_is_an_error(gold: MakeGold) -> None:
    error = gold().fails("SELECT map(1, 2) AS m", history={"business_key": ["m"]})
    assert error.startswith("HISTORY_INVALID: ")
    assert "the column m of history.business_key contains a map, and maps cannot be compared. Choose another" in error


@pytest.mark.parquet
def test_an_unreadable_history_is_an_error_and_does_not_start_again(
    dataset: MakeDataset, gold: MakeGold, source: Source
) -> None:
    bronze = dataset()
    publish(bronze, source, b"id,v\n1,a\n")
    made = gold(bronze)
    query, history = f"SELECT id, v FROM {athena(bronze)}", {"business_key": ["id"]}
    made.run(query, history=history)
    own = made.name.replace("-", "_")
    file, published = f"s3://{BUCKET}/gold/{made.name}/{own}.parquet", made.published()
    content = made.store.read(file) or b""

    made.store.delete([file])
    assert (
        f"the history cannot be read: {file} does not exist, but published.json lists it for run {published['run_id']}."
        in made.fails(query, history=history)
    )
    made.store.write(file, content)  # without the run id in its metadata
    error = made.fails(query, history=history)
    assert error.startswith("HISTORY_UNREADABLE: ")
    assert f"the history cannot be read: {file} does not exist" in error
    made.store.client.put_object(
        Bucket=BUCKET,
        Key=file.removeprefix(f"s3://{BUCKET}/"),
        Body=b"no Parquet",
        Metadata={"run-id": published["run_id"]},
    )
    # The message of Spark depends on its version.
    damaged = made.fails(query, history=history)
    assert damaged.startswith("SPARK_FAILED: ")
    assert "Spark" in damaged
    assert f"{own}.parquet" in damaged
    made.store.client.put_object(
        Bucket=BUCKET, Key=file.removeprefix(f"s3://{BUCKET}/"), Body=content, Metadata={"run-id": published["run_id"]}
    )

    made.store.delete([f"{made.names['runs']}published.json"])
    error = made.fails(query, history=history)
    assert error.startswith("HISTORY_UNREADABLE: ")
    assert f"the table has files ({file}), but published.json, which lists the files of its history, does not" in error
    made.store.write_json(f"{made.names['runs']}published.json", published)
    assert made.run(query, history=history)["status"] == "unchanged"


def test_a_clock_behind_the_last_run_is_an_error(dataset: MakeDataset, gold: MakeGold, source: Source) -> None:
    bronze = dataset()
    publish(bronze, source, b"id,v\n1,a\n")
    made = gold(bronze)
    query, history = f"SELECT id, v FROM {athena(bronze)}", {"business_key": ["id"]}
    made.run(query, history=history)
    published = made.published()
    published["history"]["at"] = "2100-01-01T00:00:00+00:00"
    made.store.write_json(f"{made.names['runs']}published.json", published)
    error = made.fails(query, history=history)
    assert error.startswith("HISTORY_CLOCK_BEHIND: ")
    assert "but the last run of this history was at 2100-01-01T00:00:00+00:00. Versions would end before they" in error
    assert "Correct the clock" in error


def test_a_history_can_be_added_to_a_table_and_is_removed_only_if_allowed(
    dataset: MakeDataset, gold: MakeGold, source: Source
) -> None:
    bronze = dataset()
    publish(bronze, source, b"id,v\n1,a\n")
    made = gold(bronze)
    query, history = f"SELECT id, v FROM {athena(bronze)}", {"business_key": ["id"]}
    made.run(query)
    assert made.run(query, history=history)["versions"] == {"insert": 1}
    publish(bronze, source, b"id,v\n1,b\n")
    made.run(query, history=history)
    error = made.fails(query)
    assert "the published table has a history (1 ended version), which this run would delete [GATE_HISTORY]" in error
    made.run(query, run_options='{"allow": ["history"]}')
    assert made.rows() == [{"id": 1, "v": "b"}]


def test_only_changes_of_compared_columns_create_versions(dataset: MakeDataset, gold: MakeGold, source: Source) -> None:
    bronze = dataset()
    publish(bronze, source, b"id,v,seen\n1,a,x\n")
    made = gold(bronze)
    query, history = f"SELECT id, v, seen FROM {athena(bronze)}", {"business_key": ["id"], "compare": ["v"]}
    made.run(query, history=history)
    publish(bronze, source, b"id,v,seen\n1,a,y\n")
    assert made.run(query, history=history)["status"] == "unchanged"
    publish(bronze, source, b"id,v,seen\n1,b,z\n")
    made.run(query, history=history)
    rows = sorted(made.rows(), key=lambda row: row["valid_from"])
    assert [(row["v"], row["seen"], row["change_type"]) for row in rows] == [("a", "x", "insert"), ("b", "z", "update")]


def test_the_version_columns_can_have_other_names_and_an_open_end(
    dataset: MakeDataset, gold: MakeGold, source: Source
) -> None:
    """Then the query can return columns with the default names."""
    bronze = dataset()
    publish(bronze, source, b"id,v\n1,a\n2,b\n")
    made = gold(bronze)
    query = f"SELECT id, v, 'x' AS valid_from FROM {athena(bronze)}"
    history = {
        "business_key": ["id"], "valid_from": "effective_date", "valid_to": "end_date", "is_current": "current_flag",
        "change_type": "operation", "open_end": "9999-12-31",
    }  # fmt: skip
    made.run(query, history=history)
    publish(bronze, source, b"id,v\n1,A\n")
    made.run(query, history=history)
    rows = sorted(made.rows(), key=lambda row: (row["id"], row["effective_date"]))
    assert [
        (row["id"], row["v"], row["end_date"] == OPEN_END, row["current_flag"], row["operation"]) for row in rows
    ] == [
        (1, "a", False, False, "insert"),
        (1, "A", True, True, "update"),
        (2, "b", False, False, "delete"),
    ]
    assert {row["valid_from"] for row in rows} == {"x"}
    assert made.run(query, history=history)["status"] == "unchanged"
    for changed, found in [
        ({"valid_to": "ends"}, "valid_to end_date"),
        ({"open_end": "9000-01-01"}, "open_end 9999-12-31"),
    ]:
        message = made.fails(query, history={**history, **changed})
        assert has_error(message, "HISTORY_INVALID") and f"the published history has the {found}, but" in message
    default = made.fails(f"SELECT id, v FROM {athena(bronze)}", history={"business_key": ["id"]})
    assert "the published history has the valid_from effective_date, but the dataset declares valid_from." in default


LEGACY = b"""id,v,valid_from,valid_to,is_current,meta_loaded_by
1,a,2020-01-01 00:00:00,2021-01-01 00:00:00,false,x
1,b,2021-01-01 00:00:00,9999-12-31 00:00:00,true,x
2,c,2020-06-01 00:00:00,9999-12-31 00:00:00,true,x
3,d,2019-01-01 00:00:00,2019-02-01 00:00:00,false,y
"""


def test_the_first_publication_takes_over_the_versions_of_a_table_and_later_runs_ignore_it(
    dataset: MakeDataset, gold: MakeGold, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    bronze, legacy = dataset(), dataset()
    publish(bronze, source, b"id,v\n1,b\n2,C\n4,e\n")
    legacy.run(source.serves("/legacy.csv", LEGACY))
    made = gold(bronze, legacy)
    query = f"SELECT id, v FROM {athena(bronze)}"
    history = {"business_key": ["id"], "initial_table": athena(legacy)}
    first = made.run(query, history=history)
    assert first["versions"] == {"ended": 2, "same": 1, "close": 1, "update": 1, "insert": 1}
    assert f"the history begins with the versions of {athena(legacy)}" in capsys.readouterr().out
    rows = sorted(made.rows(), key=lambda row: (row["id"], row["valid_from"]))
    assert [(row["id"], row["v"], row["valid_from"].year, row["is_current"], row["change_type"]) for row in rows] == [
        (1, "a", 2020, False, "insert"),
        (1, "b", 2021, True, "update"),
        (2, "c", 2020, False, "insert"),
        (2, "C", rows[3]["valid_from"].year, True, "update"),
        (3, "d", 2019, False, "delete"),
        (4, "e", rows[5]["valid_from"].year, True, "insert"),
    ]
    assert all(row["is_current"] == (row["valid_to"] is None) for row in rows)
    assert [row["meta_loaded_by"] for row in rows] == ["x", "x", "x", None, "y", None]
    assert made.run(query, history=history)["status"] == "unchanged"
    assert "history.initial_table is ignored, because the history is already published" in capsys.readouterr().out
    publish(bronze, source, b"id,v\n1,b\n2,C\n4,E\n")
    made.run(query, history={"business_key": ["id"]})
    assert len(made.rows()) == 7


INVALID_VERSIONS = [
    ("1,a,2020-01-01,2021-01-01\n1,b,2020-06-01,2022-01-01\n", 'the version overlaps with the next one of its key (1 version; example keys: {"id":1})'),
    ("1,a,2020-01-01,\n1,b,2020-06-01,2022-01-01\n", 'the version overlaps with the next one of its key (1 version; example keys: {"id":1})'),
    ("1,a,2020-01-01,\n1,b,2020-06-01,9999-12-31\n2,c,2020-01-01,\n", 'the key has several current versions (2 versions; example keys: {"id":1})'),
    ("1,a,2021-01-01,2020-01-01\n", 'valid_to is before valid_from (1 version; example keys: {"id":1})'),
    ("1,a,,2020-01-01\n2,b,2020-01-01,2021-01-01\n", 'valid_from is null (1 version; example keys: {"id":1})'),
    ("1,a,3000-01-01,\n2,b,2020-01-01,2021-01-01\n", 'the version begins or ends in the future (1 version; example keys: {"id":1})'),
    (",a,2020-01-01,2022-01-01\n,b,2020-06-01,2022-01-01\n3,c,2020-06-01,2022-01-01\n", 'example keys: {"id":null})'),
]  # fmt: skip


@pytest.mark.parametrize(("versions", "error"), INVALID_VERSIONS)
def test_invalid_versions_are_not_taken_over_and_the_error_has_sample_keys(
    dataset: MakeDataset, gold: MakeGold, source: Source, versions: str, error: str
) -> None:
    legacy = dataset()
    table = {legacy.name.replace("-", "_"): {each: {"type": "date"} for each in ("valid_from", "valid_to")}}
    legacy.run(source.serves("/x.csv", f"id,v,valid_from,valid_to\n{versions}".encode()), column_schema=table)
    made = gold(legacy)
    history = {"business_key": ["id"], "initial_table": athena(legacy)}
    message = made.fails(f"SELECT id, v FROM {athena(legacy)} WHERE false", history=history)
    assert has_error(message, "HISTORY_INITIAL_INVALID") and error in message


@pytest.mark.parametrize(
    ("columns", "table", "error"),
    [
        ("id, v, at AS valid_from", "", "HISTORY_INITIAL_INVALID: {x}: history.initial_table {t}: it has no column valid_to. It has id, v, valid_from"),
        ("id, v, v AS valid_from, at AS valid_to", "", "the column valid_from is string. Cast it to date or timestamp."),
        ("id, v, at AS valid_from, at AS valid_to, 'Y' AS is_current", "", "the column is_current is string. Cast it to boolean, or leave it out."),
        ("id, v, at AS valid_from, at AS valid_to, true AS is_current", "", "is_current does not match valid_to (1 version"),
        ("v AS id, v, at AS valid_from, at AS valid_to", "", "HISTORY_INVALID: {x}: the column id of the history is string, but the query returns"),
        ("id, v, at AS valid_from, at AS valid_to", "pp_dw_gold.other", "QUERY_TABLE_NOT_AN_INPUT: {x}: history.initial_table is pp_dw_gold.other, which is not a table of an input."),
    ],
)  # fmt: skip
def test_a_table_that_is_not_a_history_is_not_taken_over(gold: MakeGold, columns: str, table: str, error: str) -> None:
    legacy = gold()
    legacy.run(f"SELECT {columns} FROM VALUES (1, 'a', DATE'2020-01-01') AS t(id, v, at)")
    made = gold(legacy)
    name = f"pp_dw_gold.{legacy.name.replace('-', '_')}"
    history = {"business_key": ["id"], "initial_table": table or name}
    message = made.fails("SELECT 1 AS id, 'a' AS v", history=history)
    assert error.format(x=made.name.replace("-", "_"), t=name) in message


def test_a_first_load_that_would_end_most_of_the_versions_fails(
    dataset: MakeDataset, gold: MakeGold, source: Source
) -> None:
    bronze, legacy = dataset(), dataset()
    publish(bronze, source, b"id,v\n1,b\n")
    rows = "".join(f"{number},x,2020-01-01 00:00:00,9999-12-31 00:00:00,true\n" for number in range(20))
    legacy.run(source.serves("/legacy.csv", f"id,v,valid_from,valid_to,is_current\n{rows}".encode()))
    made = gold(bronze, legacy)
    history = {"business_key": ["id"], "initial_table": athena(legacy)}
    message = made.fails(f"SELECT id, v FROM {athena(bronze)}", history=history, data_quality={"max_shrink": 0.5})
    assert has_error(message, "GATE_MAX_SHRINK")
