"""The churn gate of a history, through the job: too many new versions fail the run, which names the changed columns."""

from collections.abc import Callable
from typing import Any

import pytest

from conftest import DEFAULTS, DerivedTable

MakeGold = Callable[..., DerivedTable]

HISTORY: dict[str, Any] = {"history": {"business_key": ["id"]}}


def load(changed: int, *, rows: int = 200, more: str = "") -> str:
    """A query whose first `changed` rows have another load time, and every tenth of these another price."""
    return (
        f"SELECT id, IF(id < {changed}, 'later', 'at first') AS loaded_at, "
        f"CAST(IF(id < {changed} AND id % 10 = 0, NULL, id) AS DOUBLE) AS price{more} FROM range({rows})"
    )


@pytest.fixture(params=["parquet", "iceberg"])
def made(request: pytest.FixtureRequest, gold: MakeGold, monkeypatch: pytest.MonkeyPatch) -> DerivedTable:
    """A history with 200 current rows, as a Parquet table that is rewritten and as one whose objects are carried over."""
    found = gold()
    monkeypatch.setitem(DEFAULTS, "table_format", request.param)
    found.run(load(0), **HISTORY)
    return found


def test_a_load_that_changes_most_rows_fails_and_names_the_columns(made: DerivedTable) -> None:
    error = made.fails(load(150), **HISTORY)
    assert error.startswith("GATE_CHURN: ")
    assert (
        "the run would begin new versions for 150 of 200 rows (75.00%) of the history, but max_churn is 50.00%: "
        "loaded_at changed in 150 of 200 rows, price changed in 15 of 200 rows. If a column should not begin versions, add "
        "it to history.exclude [GATE_CHURN]"
    ) in error
    assert [each["gate"] for each in made.record()["gates"]] == ["churn"]


def test_it_can_be_allowed_once(made: DerivedTable) -> None:
    record = made.run(load(150), run_options='{"allow": ["churn"]}', **HISTORY)
    assert (record["status"], record["versions"]["update"]) == ("published", 150)
    assert "loaded_at changed in 150" in record["allowed"][0]
    assert made.run(load(150), **HISTORY)["status"] == "unchanged"


LOADS: list[tuple[str, str, dict[str, Any], bool]] = [
    ("half of the rows", load(100), {}, True),
    ("more than half of the rows", load(101), {}, False),
    ("more than max_churn", load(21), {"data_quality": {"max_churn": 0.1}}, False),
    ("max_churn 1", load(200), {"data_quality": {"max_churn": 1}}, True),
    ("new keys", load(0, rows=900), {}, True),
    ("an excluded column", load(9).replace("id < 9 AND", "id < 0 AND"), {"history": {"business_key": ["id"], "exclude": ["loaded_at"]}}, True),
]  # fmt: skip


@pytest.mark.parametrize(("what", "query", "document", "is_published"), LOADS, ids=[what for what, *_ in LOADS])
def test_which_loads_fail(
    made: DerivedTable, what: str, query: str, document: dict[str, Any], is_published: bool
) -> None:
    if is_published:
        assert made.run(query, **{**HISTORY, **document})["status"] in ("published", "unchanged")
    else:
        assert "GATE_CHURN" in made.fails(query, **{**HISTORY, **document})


def test_the_gate_does_not_apply_to_a_small_history(gold: MakeGold) -> None:
    found = gold()
    found.run(load(0, rows=99), history={"business_key": ["id"]})
    assert found.run(load(99, rows=99), history={"business_key": ["id"]})["versions"]["update"] == 99


def test_a_new_column_does_not_count(made: DerivedTable) -> None:
    error = made.fails(load(150, more=", 'x' AS color"), **HISTORY)
    assert "for 150 of 200 rows (75.00%) of the history" in error
    assert "color" not in error
    assert made.run(load(0, more=", 'x' AS color"), **HISTORY)["versions"]["update"] == 200


def test_deleted_and_earlier_versions_are_not_counted(made: DerivedTable) -> None:
    made.run(load(50), **HISTORY)
    error = made.fails(f"SELECT * FROM ({load(151)}) WHERE id > 20", **HISTORY)
    assert "loaded_at changed in 101 of 200 rows, price changed in 11 of 200 rows" in error


def test_keys_with_null_are_matched(gold: MakeGold) -> None:
    query = "SELECT IF(id = 0, CAST(NULL AS BIGINT), id) AS id, {} AS n FROM range(100)"
    found = gold()
    found.run(query.format(1), history={"business_key": ["id"]})
    error = found.fails(query.format(2), history={"business_key": ["id"]})
    assert "n changed in 100 of 100 rows" in error
