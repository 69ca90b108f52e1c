"""Slowly changing history: against a plain model over random sequences of loads, and through the job."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import BUCKET, Dataset, GoldTable, Source
from etl_runtime.job.dataset_document import History
from etl_runtime.job.spark import start_spark
from etl_runtime.transform.history import ADDED, CHANGES, DUPLICATE, Versions, with_versions
from etl_runtime.transform.write import NOTE

MakeDataset = Callable[..., Dataset]
MakeGold = Callable[..., GoldTable]
Row = dict[str, Any]

COLUMNS = {"k": "string", "l": "int", "a": "string", "b": "string", "d": "double", "note": "string"}
HISTORY: History = {"business_key": ["k", "l"], "exclude": ["note"]}
COMPARED = ("a", "b", "d")
START = datetime(2026, 1, 1, tzinfo=UTC)


def load(versions: Sequence[Row], new: Sequence[Row], at: datetime, run_id: str) -> list[Row]:
    """The model: what a load makes of the versions, one row after the other."""
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


def versions_of(rows: Sequence[Row], at: datetime) -> Versions:
    columns = {**COLUMNS, **ADDED, "meta_run_id": "string"}
    table = {"columns": [{"name": name, "type": type_} for name, type_ in columns.items() if name != "meta_run_id"]}
    return Versions(table, at, 0, frame(rows, columns))


def loaded(
    rows: Sequence[Row], new: Sequence[Row], at: datetime, run_id: str, before: datetime | None
) -> tuple[list[Row], Counter[str]]:
    """What the job's own code makes of it, and its notes."""
    old = None if before is None else versions_of(rows, before)
    found = [row.asDict() for row in with_versions("x", HISTORY, frame(new, COLUMNS), old, at, run_id).collect()]
    notes = Counter(row.pop(NOTE) for row in found)
    for row in found:
        for name in ("valid_from", "valid_to"):
            row[name] = row[name] and row[name].replace(tzinfo=UTC)
    return found, notes


def canonical(rows: Sequence[Row]) -> Counter[str]:
    """Rows as a multiset in which null, empty and NaN are three values."""
    return Counter(json.dumps(row, default=str, sort_keys=True) for row in rows)


# Texts that a comparison of joined or trimmed texts would take for one another.
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
def test_any_sequence_of_loads_gives_the_versions_of_the_model(loads: list[list[Row]]) -> None:
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
    # what holds whatever the model says
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
    # the same input again changes nothing
    again, notes = loaded(found, loads[-1], START + timedelta(days=99), "again", before)
    assert canonical(again) == canonical(found)
    assert sum(notes[change] for change in CHANGES) == 0


@settings(max_examples=5, deadline=None)
@given(LOADS.filter(bool), st.data())
def test_a_key_that_comes_twice_is_noted_however_the_rows_lie(new: list[Row], data: st.DataObject) -> None:
    doubled = data.draw(st.sampled_from(new))
    rows = data.draw(st.permutations([*new, {**doubled, "a": "other"}]))
    _, notes = loaded([], rows, START, "run-0", None)
    assert notes[DUPLICATE] == 1


def test_a_load_is_one_join_that_moves_each_side_once() -> None:
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


def test_what_is_another_value_and_what_is_not() -> None:
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


def told(made: GoldTable) -> list[tuple[Any, ...]]:
    """The versions in order, the times as the number of the run."""
    rows = made.rows()
    times = sorted({row[name] for row in rows for name in ("valid_from", "valid_to") if row[name]})
    number = {None: None, **{time: index for index, time in enumerate(times)}}
    found = [
        (row["id"], row["v"], number[row["valid_from"]], number[row["valid_to"]], row["is_current"], row["change_type"])
        for row in rows
    ]
    return sorted(found, key=lambda version: (version[0], version[2]))


def test_loads_through_the_job_keep_every_version(dataset: MakeDataset, gold: MakeGold, source: Source) -> None:
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
    assert told(made) == [
        (1, "a", 0, None, True, "insert"),
        (2, "b", 0, 1, False, "insert"),
        (2, "B", 1, None, True, "update"),
        (3, "c", 0, 1, False, "delete"),
        (3, "c", 2, None, True, "insert"),
    ]
    # each version leads to the run that began it, and so to its download
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


def test_the_same_input_again_publishes_nothing(dataset: MakeDataset, gold: MakeGold, source: Source) -> None:
    bronze = dataset()
    publish(bronze, source, b"id,v\n1,a\n2,\n")
    made = gold(bronze)
    query = f"SELECT * FROM {athena(bronze)}"
    first = made.run(query, history={"business_key": ["id"]})
    before = made.published_state()
    bronze.run(
        source.serves("/x.csv", b"id,v\n1,a\n2,\n"), run_options='{"force": true}'
    )  # another run, the same values
    again = made.run(query, history={"business_key": ["id"]})
    assert (again["status"], again["unchanged_since"]) == ("unchanged", first["run_id"])
    assert made.published_state() == before
    assert made.store.list(made.names["staging"]) == []
    forced = made.run(query, history={"business_key": ["id"]}, run_options='{"force": true}')
    assert forced["status"] == "published"
    assert {row["meta_run_id"] for row in made.table().to_pylist()} == {first["run_id"]}


def test_columns_that_come_and_go_lose_no_version(dataset: MakeDataset, gold: MakeGold, source: Source) -> None:
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
        history={"business_key": ["id"]},
    )
    rows = sorted(made.rows(), key=lambda row: (row["id"], row["valid_from"]))
    assert [(row["id"], row["v"], row["w"] and float(row["w"]), row["is_current"]) for row in rows] == [
        (1, "a", None, False),
        (1, "a", 1.5, True),
        (2, "b", None, False),
        (2, "B", None, True),
    ]


def test_structs_with_any_field_names_begin_a_history_and_stay_in_it(
    dataset: MakeDataset, gold: MakeGold, source: Source
) -> None:
    bronze = dataset()
    publish(bronze, source, b"id,v\n1,a\n")
    made = gold(bronze)
    table = athena(bronze)
    history = {"business_key": ["id"]}
    made.run(f"SELECT id, v, named_struct('a b', id, 'Ä-1', array(v)) AS s FROM {table}", history=history)
    made.run(f"SELECT id, upper(v) AS v FROM {table}", history=history)
    assert [(row["v"], row["s"]) for row in sorted(made.rows(), key=lambda row: row["valid_from"])] == [
        ("a", {"a b": 1, "Ä-1": ["a"]}),
        ("A", None),
    ]


ERRORS: list[tuple[str, dict[str, Any], str]] = [
    ("SELECT id % 2 AS id, v FROM {t}", {"business_key": ["id"]}, "history.business_key is not unique: 1 rows have a key that came before, such as {\"id\": 1}. The published table stays as it is."),
    ("SELECT v FROM {t}", {"business_key": ["id"]}, "history.business_key names id, which the query does not make. It makes v."),
    ("SELECT id, v FROM {t}", {"business_key": ["id"], "compare": ["w"]}, "history.compare names w, which the query does not make. It makes id, v."),
    ("SELECT id, v FROM {t}", {"business_key": ["id"], "exclude": ["w"]}, "history.exclude names w, which the query does not make."),
    ("SELECT id, v, true AS is_current FROM {t}", {"business_key": ["id"]}, "the query has the column is_current, which the history adds. Give it another name."),
    ("SELECT CAST(id AS STRING) AS id, v FROM {t}", {"business_key": ["id"]}, "the column id of the history is bigint, and the query makes it string. Cast it: CAST(id AS BIGINT), or give the new one another name."),
    ("SELECT id, v, map(1, 2) AS m FROM {t}", {"business_key": ["id"]}, "m holds a map, and maps cannot be compared. Name it in history.exclude, or cast it to text in the query."),
    ("SELECT id, v FROM {t}", {"business_key": ["id", "v"]}, "its history is by id, and business_key is now id, v. Bring the key back, or make a dataset of another name"),
    ("SELECT id, v FROM {t} WHERE id = 1", {"business_key": ["id"]}, "1 rows, 3 are published, max_shrink is 50% [shrink]"),
    ("SELECT id, v FROM {t} WHERE id > 9", {"business_key": ["id"]}, "0 rows, expected_record_count_min is 1 [min_rows]"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "history", "message"), ERRORS, ids=[message[:50] for _, _, message in ERRORS])
def test_a_load_that_cannot_go_on_is_an_error_and_the_history_stays(
    dataset: MakeDataset, gold: MakeGold, source: Source, query: str, history: dict[str, Any], message: str
) -> None:
    bronze = dataset()
    publish(bronze, source, b"id,v\n1,a\n2,b\n3,c\n")
    made = gold(bronze)
    made.run(f"SELECT id, v FROM {athena(bronze)}", history={"business_key": ["id"]})
    assert message in made.fails(query.replace("{t}", athena(bronze)), history=history)


def test_a_key_that_cannot_be_compared_is_an_error(gold: MakeGold) -> None:
    error = gold().fails("SELECT map(1, 2) AS m", history={"business_key": ["m"]})
    assert "history.business_key names m, which holds a map: maps cannot be compared. Choose another column." in error


def test_a_history_that_cannot_be_read_is_an_error_and_no_first_load(
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
        f"its history cannot be read: {file} is gone, and published.json lists it for run {published['run_id']}."
        in made.fails(query, history=history)
    )
    made.store.write(file, content)  # by somebody else, without the run's id
    assert f"its history cannot be read: {file} is gone" in made.fails(query, history=history)
    made.store.client.put_object(
        Bucket=BUCKET,
        Key=file.removeprefix(f"s3://{BUCKET}/"),
        Body=b"no Parquet",
        Metadata={"run-id": published["run_id"]},
    )
    # The words are Spark's: 3.5 says that it is no Parquet file, 4.1 that it cannot read it.
    damaged = made.fails(query, history=history)
    assert "Spark" in damaged
    assert f"{own}.parquet" in damaged
    made.store.client.put_object(
        Bucket=BUCKET, Key=file.removeprefix(f"s3://{BUCKET}/"), Body=content, Metadata={"run-id": published["run_id"]}
    )

    made.store.delete([f"{made.names['runs']}published.json"])
    assert f"there are files of a table ({file}), and no published.json that says which are its history." in made.fails(
        query, history=history
    )
    made.store.write_json(f"{made.names['runs']}published.json", published)
    assert made.run(query, history=history)["status"] == "unchanged"


def test_a_clock_that_went_back_is_an_error(dataset: MakeDataset, gold: MakeGold, source: Source) -> None:
    bronze = dataset()
    publish(bronze, source, b"id,v\n1,a\n")
    made = gold(bronze)
    query, history = f"SELECT id, v FROM {athena(bronze)}", {"business_key": ["id"]}
    made.run(query, history=history)
    published = made.published()
    published["history"]["at"] = "2100-01-01T00:00:00+00:00"
    made.store.write_json(f"{made.names['runs']}published.json", published)
    assert (
        "and the last run of this history was at 2100-01-01T00:00:00+00:00. Versions would end before they begin. Set the clock right"
        in made.fails(query, history=history)
    )


def test_a_history_begins_with_a_table_that_had_none_and_ends_only_when_allowed(
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
    assert (
        "the published table has a history (1 versions that ended), which this run would throw away [history]" in error
    )
    made.run(query, run_options='{"allow": ["history"]}')
    assert made.rows() == [{"id": 1, "v": "b"}]


def test_compared_columns_alone_make_versions(dataset: MakeDataset, gold: MakeGold, source: Source) -> None:
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
