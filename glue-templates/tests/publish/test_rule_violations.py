"""For any rows, the number of violations of a rule equals the number that a model in Python counts."""

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl_runtime.job.spark import start_spark
from etl_runtime.publish.rules import CheckedTable, declared_rules, evaluate
from etl_runtime.publish.staged import StagedTable

Row = dict[str, Any]

TEXTS = ["", " ", "a", "A", "a'b", "a\\b", 'a"b', "ä", "NULL"]
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "s": st.one_of(st.none(), st.sampled_from(TEXTS)),
            "n": st.one_of(st.none(), st.integers(-2, 2)),
            "is_current": st.booleans(),
        }
    ),
    max_size=12,
)


def violations(rows: list[Row], accepted: list[str], limit: int) -> list[int]:
    """The model: the violations of a condition, not_null, accepted_values, and unique with one and with two columns."""
    keys = Counter((row["s"], row["n"]) for row in rows)
    texts = Counter(row["s"] for row in rows)
    return [
        sum(row["n"] is not None and not row["n"] > limit for row in rows),
        sum(row["s"] is None for row in rows),
        sum(row["s"] is not None and row["s"] not in accepted for row in rows),
        sum(count for text, count in texts.items() if text is not None and count > 1),
        sum(count for key, count in keys.items() if None not in key and count > 1),
    ]


@pytest.mark.parametrize("is_history", [False, True])
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, accepted=st.lists(st.sampled_from(TEXTS), min_size=1, unique=True), limit=st.integers(-2, 2))
def test_violations_equal_those_of_the_model(
    tmp_path: Path, is_history: bool, rows: list[Row], accepted: list[str], limit: int
) -> None:
    schema = pa.schema([("s", pa.string()), ("n", pa.int64()), ("is_current", pa.bool_())])
    table = pa.Table.from_pylist(rows, schema)
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=5)
    checked = [row for row in rows if row["is_current"]] if is_history else rows
    nulls = {name: sum(row[name] is None for row in checked) for name in schema.names}
    columns = [
        {"name": "s", "type": "string"},
        {"name": "n", "type": "bigint"},
        {"name": "is_current", "type": "boolean"},
    ]
    staged = StagedTable(len(rows), 0, columns, {"rows": f"file://{tmp_path}/rows.parquet"}, nulls)
    rules = declared_rules(
        {
            "dataset": "x",
            "data_size_category": "small",
            "data_quality": {
                "rules": [
                    {"condition": f"n > {limit}"},
                    {"not_null": "s"},
                    {"accepted_values": {"column": "s", "values": list(accepted)}},
                    {"unique": "s"},
                    {"unique": ["s", "n"]},
                ]
            },
        }
    )
    current = "is_current" if is_history else None
    results = evaluate(start_spark(), {"x": CheckedTable(staged, len(checked), current)}, rules, [])
    assert [each.violations for each in results] == violations(checked, accepted, limit)
    assert [len(each.examples) > 0 for each in results] == [each.violations > 0 for each in results]
