"""`medallion query` returns the published rows, with the names and types of Athena."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import BUCKET, Dataset, Source

MakeDataset = Callable[..., Dataset]
QUERY = Path(__file__).parents[2] / "local_glue" / "query.py"


def run_query(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [os.environ["LAKE_PYTHON"], QUERY, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=check,
    )


def query(sql: str) -> Any:
    return json.loads(run_query("--json", sql, "/dev/stdout").stdout)


def test_a_query_returns_every_type_unchanged(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    header = b"text,whole,price,share,day,moment,yes\n"
    made.run(
        source.serves(
            "/x.csv", header + b"007,9007199254740993,1.50,0.1,2024-01-02,2024-01-02T03:04:05.120Z,true\n,,,2.25,,,\n"
        )
    )
    columns = "text, whole, price, share, day, moment, yes"
    first, second = query(f"SELECT {columns} FROM pp_dw_bronze.{made.name.replace('-', '_')} ORDER BY whole")
    assert first == {
        "text": "007",
        "whole": 9007199254740993,
        "price": "1.50",
        "share": 0.1,
        "day": "2024-01-02",
        "moment": "2024-01-02 03:04:05.120000",
        "yes": True,
    }
    assert {name: value for name, value in second.items() if value is not None} == {"share": 2.25}


def test_show_tables_lists_the_names_for_queries(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"a\n1\n"))
    name = made.name.replace("-", "_")
    assert {"table_name": f"pp_dw_bronze.{name}"} in query("SHOW TABLES")
    assert {"table_name": f"pp_dw_bronze.{name}"} in query("show tables in pp_dw_bronze;")
    assert query("SHOW TABLES IN pp_dw_silver") == []


def test_a_missing_file_fails_only_queries_of_its_table_and_names_it(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"a\n1\n"))
    table = f"pp_dw_bronze.{made.name.replace('-', '_')}"
    (file,) = made.store.list(f"s3://{BUCKET}/bronze/{made.name}/")
    made.store.delete([file])
    assert query("SELECT 1 AS one") == [{"one": 1}]
    done = run_query("--json", f"SELECT * FROM {table}", "/dev/stdout", check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{table}: the file {file} is missing. Run the dataset again: medallion run {made.name}.\n"


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("-- nothing", "The SQL contains no statement."),
        (
            "SELECT array_join(['a'], ',')",
            "The local lake runs DuckDB, where some functions of Athena have a different name.",
        ),
        (
            "SELECT CASE i WHEN 90000 THEN 'x' ELSE '1' END::INT FROM range(100000) t(i)",
            "Conversion Error: Could not convert string 'x' to INT32",
        ),
    ],
)
def test_invalid_sql_is_reported_in_one_line(sql: str, message: str, tmp_path: Path) -> None:
    done = run_query(sql, str(tmp_path / "result"), check=False)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert "pending query" not in done.stderr


def test_a_result_of_many_rows_is_complete(tmp_path: Path) -> None:
    file = tmp_path / "result"
    run_query("SELECT i, chr(8232) AS text FROM range(125000) t(i)", str(file))
    columns, *rows = file.read_text(encoding="utf-8").splitlines()
    assert json.loads(columns) == [{"name": "i", "type": "BIGINT"}, {"name": "text", "type": "VARCHAR"}]
    assert [json.loads(row) for row in (rows[0], rows[-1])] == [["0", "\u2028"], ["124999", "\u2028"]]
    assert len(query("SELECT * FROM range(125000)")) == 125000
