"""Quality gates: which findings fail a run, and which failures a person can allow once."""

from collections.abc import Callable
from typing import Any

import pytest

from conftest import Dataset, Source
from etl_runtime.job.arguments import GATES
from etl_runtime.job.errors import RunFailed

MakeDataset = Callable[..., Dataset]


def rows(count: int, line: bytes = b"%d,a\n", header: bytes = b"id,name\n") -> bytes:
    return header + b"".join(line % number if b"%" in line else line for number in range(count))


PUBLISHED = rows(100)
FAILURES = [
    ("required_columns", b"id,other\n1,a\n", {"data_quality": {"required_columns": ["name"], "max_shrink": 1}}, "the required column name is not in the source. The source has id, other"),
    ("null_share", rows(90) + b"90,\n" * 10, {"data_quality": {"required_columns": ["name"]}}, "name is null in 10 of 100 rows (10.00%), but critical_null_threshold is 5.00%"),
    ("min_rows", rows(99), {"data_quality": {"expected_record_count_min": 100}}, "99 rows, but expected_record_count_min is 100"),
    ("shrink", rows(49), {}, "49 rows, but 100 are published and max_shrink is 50%"),
    ("rescued", rows(98) + b"x,a\n" * 2, {}, "id does not match the type bigint in 2 of 100 rows (2.00%), for example \"x\" in row 99 of x.csv, but max_rescued_share is 1.00%"),
    ("rescued", rows(98) + b"98,a,%s\n" % (b"b" * 99) * 2, {}, '2 of 100 rows (2.00%) have more fields than columns, for example ["' + "b" * 58 + "… in row 99 of x.csv (check file_format: delimiter, quote, skip_rows, skip_footer), but max_rescued_share is 1.00%"),
    ("rescued", rows(98) + b"98\n" * 2, {}, "2 of 100 rows (2.00%) have fewer fields than columns, for example 1 in row 99 of x.csv (check file_format: delimiter, quote, skip_rows, skip_footer), but max_rescued_share is 1.00%"),
    ("frozen", rows(99, b"%d,a,1\n", b"id,name,New One\n"), {"schema_contract": "freeze"}, "the source has new columns: New One"),
    ("frozen", rows(99, b"%d\n", b"id\n"), {"schema_contract": "freeze"}, "the source no longer has the columns: name"),
    ("frozen", rows(199) + b"x,a\n", {"schema_contract": "freeze"}, "id does not match the type bigint in 1 of 200 rows (0.50%), for example \"x\" in row 200 of x.csv"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("gate", "new", "document", "message"),
    FAILURES,
    ids=[f"{gate}-{message[-20:]}" for gate, _, _, message in FAILURES],
)
def test_a_failed_gate_keeps_the_published_table_and_can_be_allowed_once(
    dataset: MakeDataset, source: Source, gate: str, new: bytes, document: dict[str, Any], message: str
) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", PUBLISHED))
    url = source.serves("/x.csv", new)
    error = made.fails(url, **document)
    assert f"{message} [{GATES[gate]}]" in error
    assert error.startswith(f"{GATES[gate]}: Quality gates failed: ")
    assert f'"allow": ["{gate}"]' in error
    table = made.name.replace("-", "_")
    failed = next(each for each in made.record()["gates"] if each["gate"] == gate)
    assert (failed["code"], failed["table"], failed["allowed"]) == (GATES[gate], table, False)
    assert message in failed["found"]

    record = made.run(url, run_options=f'{{"allow": ["{gate}"]}}', **document)
    assert record["status"] == "published"
    assert any(message in allowed for allowed in record["allowed"])
    assert {**failed, "allowed": True} in record["gates"]


@pytest.mark.parametrize(
    ("new", "document"),
    [
        (rows(95) + b"95,\n" * 5, {"data_quality": {"required_columns": ["name"]}}),
        (rows(100), {"data_quality": {"expected_record_count_min": 100}}),
        (rows(50), {}),
        (rows(99) + b"x,a\n", {}),
        (rows(2), {"data_quality": {"max_shrink": 1}}),
        (rows(50) + b"x,a\n" * 50, {"data_quality": {"max_rescued_share": 1}}),
        (b"name,id\n" + b"a,1\n" * 99, {"schema_contract": "freeze"}),
        (rows(99, header=b"ID, Name\n"), {"schema_contract": "freeze"}),
    ],
)
def test_a_table_within_the_thresholds_is_published(
    dataset: MakeDataset, source: Source, new: bytes, document: dict[str, Any]
) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", PUBLISHED))
    assert made.run(source.serves("/x.csv", new), **document)["allowed"] == []


def test_the_error_lists_every_failed_gate(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", PUBLISHED))
    error = made.fails(source.serves("/x.csv", b"id\nx\n"), data_quality={"required_columns": ["name"]})
    assert all(f"[{GATES[gate]}]" in error for gate in ("required_columns", "rescued", "shrink"))


def test_a_contract_reset_infers_columns_and_types_again(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", PUBLISHED))
    made.run(
        source.serves("/x.csv", rows(99, b"x%d,1.50\n")),
        run_options='{"reset_contract": true}',
        schema_contract="freeze",
    )
    assert {column["name"]: column["type"] for column in made.record()["tables"][0]["columns"]} == {
        "id": "string",
        "name": "decimal(18,2)",
    }
    made.run(
        source.serves("/x.csv", rows(99, header=b"id,other\n")),
        run_options='{"reset_contract": true}',
        schema_contract="freeze",
    )
    assert [column["name"] for column in made.record()["tables"][0]["columns"]] == ["id", "other"]
    assert "the source no longer has the columns: name" in made.record()["allowed"][1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("[]", "RUN_OPTIONS_INVALID: The argument run_options is not a JSON object (found [])"),
        ("{", "RUN_OPTIONS_INVALID: The argument run_options is not valid JSON"),
        (
            '{"from": 1}',
            "RUN_OPTIONS_INVALID: run_options has the unknown key from. Supported keys: force, allow, reset_contract, from_run",
        ),
        ('{"allow": ["everything"]}', "Set it to a list of gates: required_columns, null_share, min_rows"),
        ('{"reset_contract": 1}', "Set it to true or false"),
    ],
)
def test_invalid_run_options_fail_before_the_source_is_read(
    dataset: MakeDataset, source: Source, options: str, message: str
) -> None:
    made = dataset()
    with pytest.raises(RunFailed) as raised:
        made.run(source.serves("/x.csv", PUBLISHED), run_options=options)
    assert message in str(raised.value)
    assert source.requests == []


def test_gates_can_be_configured_per_table(dataset: MakeDataset, source: Source) -> None:
    made = dataset(["a", "b"])
    urls = [source.serves("/a.csv", b"id,x\n1,\n"), source.serves("/b.csv", b"id,x\n1,\n")]
    error = made.fails(
        urls,
        file_table_mapping={"a.csv": "a", "b.csv": "b"},
        data_quality={"required_columns": {"a": ["x"]}, "expected_record_count_min": {"b": 2}},
    )
    assert "a: x is null in 1 of 1 row (" in error and "b: 1 row, but expected_record_count_min is 2" in error
    assert "b: x" not in error and "a: 1 row," not in error
