"""The run records are views in `medallion query`: typed, for records of any version, and as the docs describe them."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from local_glue.test_query import export, query, run_query
from run_views import VIEWS

from conftest import BUCKET, Dataset, Source

DOCS = Path(__file__).parents[3] / "docs" / "operations" / "run-history.md"
RUN = "20261123T012048123Z-3f9a1c"
NEXT = "20261124T012048123Z-71be02"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "s3"


def write(folder: Path, key: str, content: Any) -> None:
    file = folder / BUCKET / key
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def record(folder: Path, run_id: str, content: Any, dataset: str = "zipcodes") -> None:
    write(folder, f"etl/{dataset}/runs/bronze/run_id={run_id}.json", content)


def described(folder: Path, view: str) -> list[tuple[str, str]]:
    return [(each["column_name"], each["column_type"]) for each in query(folder, f"DESCRIBE medallion.{view}")]


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_without_records_has_the_documented_columns(view: str, folder: Path) -> None:
    section = DOCS.read_text(encoding="utf-8").split(f"### medallion.{view}\n")[1].split("\n#")[0]
    documented = re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", section, re.MULTILINE)
    assert described(folder, view) == documented
    assert query(folder, f"SELECT * FROM medallion.{view}") == []


def test_a_run_of_a_job_is_in_the_views(dataset: Callable[..., Dataset], source: Source, folder: Path) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"a,b\n1,x\n2,\n"))
    export(made, folder)
    (uri,) = [each for each in made.store.list(made.names["runs"]) if "run_id=" in each]
    content = made.store.read(uri)
    assert content is not None
    (folder / uri.removeprefix("s3://")).write_bytes(content)
    runs = query(folder, "SELECT dataset, status, rows, is_current, seconds > 0 AS ran FROM medallion.runs")
    assert runs == [{"dataset": made.name, "status": "published", "rows": 2, "is_current": True, "ran": True}]
    columns = query(folder, "SELECT column_name, type, nulls FROM medallion.columns ORDER BY position")
    assert columns == [
        {"column_name": "a", "type": "bigint", "nulls": 0},
        {"column_name": "b", "type": "string", "nulls": 1},
    ]
    joined = query(
        folder,
        "SELECT r.run_id = t.run_id AS same, database_name FROM medallion.runs r JOIN medallion.tables t USING (run_id)",
    )
    assert joined == [{"same": True, "database_name": "pp_dw_bronze"}]


def test_rules_and_lineage_are_one_row_each(folder: Path) -> None:
    record(
        folder,
        RUN,
        {
            "status": "published",
            "rules": [{"name": "has_zip", "table": "zips", "kind": "not_null", "violations": 2, "status": "warned"}],
            "lineage": {
                "zips": {
                    "columns": {"zip": [{"table": "pp_dw_bronze.x", "column": "z", "kind": "identity"}]},
                    "filters": [{"table": "pp_dw_bronze.x", "column": "state"}],
                }
            },
        },
    )
    assert query(folder, "SELECT table_key, rule, violations, status FROM medallion.rules") == [
        {"table_key": "zips", "rule": "has_zip", "violations": 2, "status": "warned"}
    ]
    assert query(folder, "SELECT column_name, input_column, kind FROM medallion.lineage ORDER BY kind") == [
        {"column_name": None, "input_column": "state", "kind": "filter"},
        {"column_name": "zip", "input_column": "z", "kind": "identity"},
    ]


@pytest.mark.parametrize(
    "value",
    [
        *(None, "x", 7, 1e400, [None, "x", 7, {}, []], {"a": {"b": []}}, True, 2**80, 10**400),
        *("\ud800", ["\ud800"], {"\ud800": 10**400}, "0001-01-01T00:00:00+14:00"),
    ],
)
def test_values_of_a_wrong_type_are_null(value: Any, folder: Path) -> None:
    keys = {name for schema in VIEWS.values() for name in schema.names}
    record(folder, RUN, {**dict.fromkeys([*keys, "tables", "gates", "rules", "lineage"], value), "status": "published"})
    record(folder, NEXT, '{"status": "publ')
    record(folder, "list", "[]")
    record(folder, "deep", f'{{"status": "published", "x": {"[" * 100_000}{"]" * 100_000}}}')
    for view in VIEWS:
        query(folder, f"SELECT * FROM medallion.{view}")
    assert query(folder, "SELECT dataset, layer, run_id FROM medallion.runs") == [
        {"dataset": "zipcodes", "layer": "bronze", "run_id": RUN}
    ]


def test_a_query_of_other_tables_does_not_read_records(folder: Path) -> None:
    record(folder, RUN, {"status": "published"})
    (folder / BUCKET / "etl/zipcodes/runs/bronze" / f"run_id={RUN}.json").chmod(0)
    assert query(folder, "SELECT 1 AS runs") == [{"runs": 1}]


@pytest.mark.parametrize("name", ['medallion."runs"', "MEDALLION.Runs", "medallion . runs"])
def test_a_view_is_found_in_any_spelling(name: str, folder: Path) -> None:
    record(folder, RUN, {"status": "failed"})
    assert query(folder, f"SELECT status FROM {name}") == [{"status": "failed"}]


def test_a_misspelled_view_is_suggested(folder: Path) -> None:
    done = run_query(folder, sql="SELECT * FROM medallion.runz", check=False)
    assert done.returncode == 2
    assert 'Did you mean "medallion.runs"?' in done.stderr
    assert {"table_name": "medallion.runs"} in query(folder, "SHOW TABLES IN medallion")
