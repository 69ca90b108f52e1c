"""Data rules in the complete job, with real Spark: what violates a rule, what fails a run, and what is recorded."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from conftest import Dataset, DerivedTable, Source
from etl_runtime.job.redaction import REDACTION
from etl_runtime.job.spark import start_spark
from etl_runtime.publish.business_key import find_duplicates

MakeDataset = Callable[..., Dataset]
MakeGold = Callable[..., DerivedTable]

ROWS = "SELECT * FROM VALUES ('a', 1, 'MA'), ('b', 2, 'NY'), ('b', NULL, NULL), (NULL, -4, 'ma ') AS rows(id, n, state)"


def with_rules(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"data_quality": {"rules": list(rules)}}


def outcome(made: DerivedTable, rule: dict[str, Any], query: str = ROWS) -> dict[str, Any]:
    """The entry of a rule in the record, for a rule that only warns."""
    record = made.run(query, **with_rules({"severity": "warn", **rule}))
    (entry,) = record["rules"]
    assert record["status"] == "published"
    return dict(entry)


VIOLATIONS: list[tuple[str, dict[str, Any], int, list[dict[str, Any]]]] = [
    ("a condition", {"condition": "n > 0"}, 1, [{"id": None, "n": -4, "state": "ma "}]),
    ("a condition that is null for a row", {"condition": "n > -9"}, 0, []),
    ("a condition with a quote", {"condition": "state <> 'ma '"}, 1, [{"id": None, "n": -4, "state": "ma "}]),
    ("not_null", {"not_null": "state"}, 1, [{"id": "b", "n": None, "state": None}]),
    ("unique: each row with a value of another row", {"unique": "id"}, 2, [{"id": "b"}]),
    ("unique with two columns, of which one is null", {"unique": ["id", "n"]}, 0, []),
    ("accepted_values", {"accepted_values": {"column": "state", "values": ["MA", "NY"]}}, 1, [{"id": None, "n": -4, "state": "ma "}]),
    ("accepted_values of a number column", {"accepted_values": {"column": "n", "values": [1, 2]}}, 1, [{"id": None, "n": -4, "state": "ma "}]),
    ("accepted_values as texts for a number column", {"accepted_values": {"column": "n", "values": ["1", "-4"]}}, 1, [{"id": "b", "n": 2, "state": "NY"}]),
    ("accepted_values with quotes and a backslash", {"accepted_values": {"column": "state", "values": ["MA", "NY", "ma ", "a'b\\"]}}, 0, []),
]  # fmt: skip


@pytest.mark.parametrize(("what", "rule", "count", "examples"), VIOLATIONS, ids=[what for what, *_ in VIOLATIONS])
def test_which_rows_violate_a_rule(
    gold: MakeGold, what: str, rule: dict[str, Any], count: int, examples: list[dict[str, Any]]
) -> None:
    entry = outcome(gold(), rule)
    assert (entry["violations"], entry["examples"], entry["rows"]) == (count, examples, 4)
    assert entry["status"] == ("warned" if count else "passed")


INVALID: list[tuple[str, dict[str, Any], str]] = [
    ("invalid SQL", {"condition": "n >"}, 'The condition of the rule "n >" is invalid: [PARSE_SYNTAX_ERROR]'),
    ("an unknown column", {"condition": "m > 0"}, 'The condition of the rule "m > 0" is invalid: [UNRESOLVED_COLUMN'),
    ("an aggregate", {"condition": "count(*) > 0"}, 'The condition of the rule "count(*) > 0" is invalid: '),
    ("a number", {"condition": "n + 1"}, 'The rule "n + 1" has a condition of the type int, but a condition must be boolean. Write a comparison.'),
    ("an unknown column in not_null", {"not_null": "stat"}, 'has the column stat, which the table {table} does not have. Did you mean "state"?'),
    ("a value of another type", {"accepted_values": {"column": "n", "values": [1, "x"]}}, 'accepts the value "x", but the column n has the type int.'),
    ("more decimal places than the column has", {"accepted_values": {"column": "price", "values": [1.234]}}, 'accepts the value "1.234", but the column price has the type decimal(10,2).'),
    ("an unknown table", {"not_null": "n", "table": "other"}, "has the unknown table other. The tables are {table}."),
    ("an error that the condition raises", {"condition": "id <> 'b' OR raise_error('so it is')"}, "cannot be evaluated: "),
    ("a semicolon", {"condition": "n > 0; n"}, "Syntax error at or near ';'"),
    ("a subquery", {"condition": "n IN (SELECT 1)"}, "has a condition with a subquery."),
    ("EXISTS", {"condition": "n > 0 OR EXISTS (SELECT 1)"}, "has a condition with a subquery."),
    ("unique with a map", {"unique": ["id", "map"]}, "has the column map, which contains a map. Maps cannot be compared."),
    ("accepted_values of a list", {"accepted_values": {"column": "list", "values": [1]}}, "has the column list of the type array<int>."),
    ("a regular expression that is invalid", {"condition": "id RLIKE concat(id, '(')"}, "cannot be evaluated: "),
]  # fmt: skip


@pytest.mark.parametrize(("what", "rule", "message"), INVALID, ids=[what for what, *_ in INVALID])
def test_a_rule_that_cannot_be_evaluated_is_an_error_also_if_it_only_warns(
    gold: MakeGold, what: str, rule: dict[str, Any], message: str
) -> None:
    made = gold()
    valid = {"name": "another rule", "condition": "n > -9"}
    query = f"SELECT *, array(n) AS list, map(1, n) AS map, CAST(n AS decimal(10,2)) AS price FROM ({ROWS})"
    error = made.fails(query, **with_rules(valid, {"severity": "warn", **rule}))
    assert error.startswith("RULE_INVALID: ")
    assert message.replace("{table}", made.name.replace("-", "_")) in error
    assert "at org.apache" not in error


def test_a_failed_cast_is_an_error_or_null_as_in_spark_sql(gold: MakeGold) -> None:
    made = gold()
    if start_spark().conf.get("spark.sql.ansi.enabled") == "true":
        error = made.fails(ROWS, **with_rules({"name": "ids are numbers", "condition": "CAST(id AS INT) > 0"}))
        assert 'RULE_INVALID: The rule "ids are numbers" cannot be evaluated: [CAST_INVALID_INPUT]' in error
        assert "try_cast" in error
    else:
        assert outcome(made, {"condition": "CAST(id AS INT) > 0"})["status"] == "passed"


def test_a_violated_rule_fails_the_run_with_rows_and_is_in_its_record(gold: MakeGold) -> None:
    made = gold()
    error = made.fails(ROWS, **with_rules({"name": "n is positive", "condition": "n > 0"}, {"not_null": "id"}))
    table = made.name.replace("-", "_")
    assert error.startswith(
        f'GATE_RULES: Quality gates failed: {table}: the rule "n is positive" (n > 0) is violated by 1 of 4 rows '
        '(25.00%), for example {"id": null, "n": -4, "state": "ma "} [GATE_RULES]; '
        f'{table}: the rule "id IS NOT NULL" is violated by 1 of 4 rows (25.00%)'
    )
    record = made.record()
    assert record["rules"][0] == {
        "name": "n is positive",
        "table": table,
        "kind": "condition",
        "condition": "n > 0",
        "severity": "fail",
        "max_share": 0,
        "rows": 4,
        "violations": 1,
        "status": "failed",
        "examples": [{"id": None, "n": -4, "state": "ma "}],
    }
    assert [each["gate"] for each in record["gates"]] == ["rules", "rules"]


def test_a_violated_rule_can_be_allowed_once(gold: MakeGold) -> None:
    record = gold().run(ROWS, run_options='{"allow": ["rules"]}', **with_rules({"condition": "n > 0"}))
    assert (record["status"], record["rules"][0]["status"]) == ("published", "allowed")
    assert record["gates"][0]["gate"] == "rules"


@pytest.mark.parametrize(
    ("max_share", "violations", "is_published"), [(0.28, 29, False), (0.29, 29, True), (1, 100, True), (0, 1, False)]
)
def test_a_share_of_rows_may_violate_a_rule(
    gold: MakeGold, max_share: float, violations: int, is_published: bool
) -> None:
    made, query = gold(), "SELECT id FROM range(100)"
    rules = with_rules({"condition": f"id >= {violations}", "max_share": max_share})
    if not is_published:
        assert "max_share is" in made.fails(query, **rules) or not max_share
        return
    record = made.run(query, **rules)
    assert (record["rules"][0]["status"], record["rules"][0]["violations"]) == ("passed", violations)
    assert "warnings" not in record


def test_a_rule_that_warns_publishes_and_prints_the_warning(gold: MakeGold, capsys: pytest.CaptureFixture[str]) -> None:
    made = gold()
    record = made.run(ROWS, **with_rules({"name": "n is positive", "condition": "n > 0", "severity": "warn"}))
    assert record["status"] == "published"
    table = made.name.replace("-", "_")
    expected = f'{table}: the rule "n is positive" (n > 0) is violated by 1 of 4 rows (25.00%), for example '
    assert record["warnings"] == [expected + '{"id": null, "n": -4, "state": "ma "}']
    assert f"warning: {expected}" in capsys.readouterr().out


def test_examples_are_redacted_and_short(gold: MakeGold) -> None:
    REDACTION.add("hunter2-secret")
    query = (
        "SELECT 'key hunter2-secret' AS a, repeat('x', 500) AS b, array_repeat(1, 50) AS c, CAST('NaN' AS DOUBLE) AS d"
    )
    entry = outcome(gold(), {"condition": "a IS NULL"}, query)
    (example,) = entry["examples"]
    assert example["a"] == "key ***"
    assert example["b"] == "x" * 80 + "…"
    assert example["c"] == [1] * 10 + ["…"]
    assert example["d"] == "NaN"


def test_an_example_of_a_wide_table_has_the_columns_of_the_rule(gold: MakeGold) -> None:
    columns = ", ".join(f"{index} AS c{index}" for index in range(100))
    (example,) = outcome(gold(), {"condition": "c99 < 0"}, f"SELECT {columns}")["examples"]
    assert example["c99"] == 99
    assert len(example) == 20


def test_at_most_three_rows_are_shown(gold: MakeGold) -> None:
    entry = outcome(gold(), {"condition": "id < 0"}, "SELECT id FROM range(100)")
    assert (len(entry["examples"]), entry["violations"]) == (3, 100)


def test_a_table_without_rows_satisfies_every_rule(gold: MakeGold) -> None:
    quality = {"expected_record_count_min": 0, "rules": [{"condition": "n > 0"}, {"not_null": "n"}, {"unique": "n"}]}
    record = gold().run("SELECT 1 AS n WHERE false", data_quality=quality)
    assert [(each["status"], each["rows"]) for each in record["rules"]] == [("passed", 0)] * 3


def test_rules_of_a_dataset_with_several_tables_name_their_table(gold: MakeGold) -> None:
    made = gold(tables=["a", "b"])
    query = "CREATE TEMP VIEW a AS SELECT 1 AS n; CREATE TEMP VIEW b AS SELECT -1 AS n"
    rule = {"condition": "n > 0", "severity": "warn"}
    record = made.run(query, outputs=["a", "b"], **with_rules({**rule, "table": "b"}, {**rule, "table": "a"}))
    assert [(each["table"], each["status"]) for each in record["rules"]] == [("b", "warned"), ("a", "passed")]
    error = made.fails(query, outputs=["a", "b"], **with_rules(rule))
    assert 'RULE_INVALID: The rule "n > 0" has no table. The tables are a, b.' in error


def test_rules_of_a_script_and_of_the_document_are_in_the_same_record(gold: MakeGold) -> None:
    def transform(gold: Any) -> Any:
        gold.require("n is small", "n < 9")
        return gold.spark.sql("SELECT 1 AS n")

    record = gold().run(transform, **with_rules({"not_null": "n"}))
    assert [(each["name"], each["kind"]) for each in record["rules"]] == [
        ("n IS NOT NULL", "not_null"),
        ("n is small", "condition"),
    ]


@pytest.fixture
def states(dataset: MakeDataset, source: Source) -> Dataset:
    made = dataset()
    made.run(source.serves("/states.csv", b"code,number\nMA,1\nNY,2\nNA,3\n"))
    return made


@pytest.mark.parametrize("is_qualified", [True, False])
def test_relationships_require_a_value_in_the_table_of_an_input(
    states: Dataset, gold: MakeGold, is_qualified: bool
) -> None:
    table = states.name.replace("-", "_")
    to = f"pp_dw_bronze.{table}" if is_qualified else table
    entry = outcome(gold(states), {"relationships": {"column": "state", "to": to, "field": "code"}})
    assert (entry["violations"], entry["examples"]) == (1, [{"id": None, "n": -4, "state": "ma "}])
    assert entry["condition"] == f"state REFERENCES {to} (code)"


def test_bronze_checks_relationships_with_a_table_that_it_reads(
    states: Dataset, dataset: MakeDataset, source: Source
) -> None:
    made = dataset()
    made.names["inputs"] = [states.as_input()]
    relationship = {"column": "state", "to": states.name.replace("-", "_"), "field": "code"}
    error = made.fails(source.serves("/x.csv", b"state\nMA\nXX\n"), **with_rules({"relationships": relationship}))
    assert 'is violated by 1 of 2 rows (50.00%), for example {"state": "XX"}' in error


RELATIONSHIPS: list[tuple[str, dict[str, str], str]] = [
    ("an unknown table", {"to": "nothing"}, 'refers to "nothing", but the inputs have no table with this name. '),
    ("an unknown field", {"field": "cod"}, "has the field cod, which is not a column of pp_dw_bronze.{states}. Did you mean \"code\"?"),
    ("an unknown column", {"column": "stat"}, "has the column stat, which the table "),
    ("columns of different types", {"field": "number"}, "compares state, which is string, with number of pp_dw_bronze.{states}, which is bigint. "),
]  # fmt: skip


@pytest.mark.parametrize(("what", "change", "message"), RELATIONSHIPS, ids=[what for what, *_ in RELATIONSHIPS])
def test_relationships_that_cannot_be_evaluated_are_an_error(
    states: Dataset, gold: MakeGold, what: str, change: dict[str, str], message: str
) -> None:
    table = states.name.replace("-", "_")
    relationship = {"column": "state", "to": table, "field": "code", **change}
    error = gold(states).fails(ROWS, **with_rules({"relationships": relationship}))
    assert "RULE_INVALID: " in error
    assert message.replace("{states}", table) in error


def test_a_relationship_is_not_checked_with_another_publication_than_the_tables_are_built_from(
    states: Dataset, source: Source, gold: MakeGold, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, table = gold(states), f"pp_dw_bronze.{states.name.replace('-', '_')}"
    rule = {"relationships": {"column": "code", "to": table, "field": "code"}}

    def publish_then_find_duplicates(*arguments: Any) -> Any:
        monkeypatch.undo()
        states.run(source.serves("/other-states.csv", b"code,number\nCA,1\nTX,2\nFL,3\n"))
        return find_duplicates(*arguments)

    monkeypatch.setattr("etl_runtime.derived.find_duplicates", publish_then_find_duplicates)
    error = made.fails(f"SELECT code FROM {table}", **with_rules(rule))
    assert error.startswith("INPUT_CHANGED: ")
    assert made.record()["retryable"]


def test_bronze_checks_rules_before_it_publishes(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    url = source.serves("/a.csv", b"id,n\na,1\na,2\nb,\n")
    rules: list[dict[str, Any]] = [
        {"condition": "n < 2", "severity": "warn"},
        {"unique": "id", "max_share": 0.7},
        {"condition": "meta_rescued IS NULL"},
    ]
    record = made.run(url, **with_rules(*rules))
    assert [(each["violations"], each["status"]) for each in record["rules"]] == [
        (1, "warned"), (2, "passed"), (0, "passed"),
    ]  # fmt: skip
    error = made.fails(url, **with_rules({"not_null": "n"}))
    assert "GATE_RULES: " in error
    assert 'the rule "n IS NOT NULL" is violated by 1 of 3 rows (33.33%), for example {"id": "b", "n": null}' in error
    assert made.record()["rules"][0]["status"] == "failed"


def test_rules_of_a_history_apply_to_its_current_versions(gold: MakeGold) -> None:
    made = gold()
    history: dict[str, Any] = {"history": {"business_key": ["id"]}}
    made.run("SELECT * FROM VALUES (1, -1), (2, 5) AS rows(id, n)", **history)
    rules = with_rules({"condition": "n > 0"}, {"unique": "id"}, {"not_null": "n"})
    record = made.run("SELECT * FROM VALUES (1, 3), (2, 5) AS rows(id, n)", **history, **rules)
    assert record["tables"][0]["rows"] == 3
    assert [(each["rows"], each["violations"]) for each in record["rules"]] == [(2, 0)] * 3
    error = made.fails("SELECT * FROM VALUES (1, -3), (2, 5) AS rows(id, n)", **history, **rules)
    assert 'the rule "n > 0" is violated by 1 of 2 rows (50.00%), for example {"id": 1, "n": -3, ' in error


def test_the_record_of_rules_is_valid_json(gold: MakeGold) -> None:
    made = gold()
    made.run(
        "SELECT CAST('Infinity' AS DOUBLE) AS a, X'00ff' AS b", **with_rules({"condition": "a < 0", "severity": "warn"})
    )
    uri = made.store.list(made.names["runs"] + "run_id=")[-1]
    json.loads((made.store.read(uri) or b"").decode(), parse_constant=lambda name: pytest.fail(name))


def test_examples_have_exact_decimals_and_a_limited_length(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    names = [f"column_{number}" for number in range(15)]
    header = f"amount,{','.join(names)}\n".encode()
    row = f"12345678901234567890.123456789,{','.join('x' * 79 for _ in names)}\n".encode()
    quality = {
        "rules": [{"name": f"rule {number}", "condition": "amount < 0", "severity": "warn"} for number in range(12)]
    }
    record = made.run(source.serves("/x.csv", header + row), data_quality=quality)
    (example,) = record["rules"][0]["examples"]
    assert example["amount"] == "12345678901234567890.123456789"
    assert example["…"] == f"{len(names) + 1 - (len(example) - 1)} more columns"
    assert len(json.dumps(example, ensure_ascii=False)) < 1_100
    assert [", for example " in warning for warning in record["warnings"]] == [True] * 10 + [False] * 2
