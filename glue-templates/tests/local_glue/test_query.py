"""`medallion query` returns the published rows, with the names and types of Athena."""

import json
import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import published_tables
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import BUCKET, Dataset, Source

MakeDataset = Callable[..., Dataset]
QUERY = Path(__file__).parents[2] / "local_glue" / "query.py"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the emulator, which has the objects of the bucket in memory in these tests."""
    return tmp_path / "s3"


def export(made: Dataset, folder: Path) -> None:
    """Write the published objects of a dataset to files, as the emulator of a local lake does."""
    published = f"{made.names['runs']}published.json"
    tables = made.store.read_json(published)["tables"].values()
    files = [f"s3://{BUCKET}/{file}" for table in tables for file in table["files"]]
    for uri in (published, *files):
        content = made.store.read(uri)
        file = folder / uri.removeprefix("s3://")
        if content is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)


def run_query(folder: Path, *options: str, sql: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the script with the result on standard output."""
    scratch = folder.parent / "scratch"
    scratch.mkdir(exist_ok=True)
    (scratch / "query.sql").write_text(sql, encoding="utf-8")
    done = subprocess.run(
        [os.environ["LAKE_PYTHON"], QUERY, *options, folder, scratch / "query.sql", "/dev/stdout"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=check,
    )
    assert [each.name for each in scratch.iterdir()] == ["query.sql"]
    return done


def query(folder: Path, sql: str) -> Any:
    return json.loads(run_query(folder, "--json", sql=sql).stdout)


def test_a_query_returns_every_type_unchanged(dataset: MakeDataset, source: Source, folder: Path) -> None:
    made = dataset()
    header = b"text,whole,price,share,day,moment,yes\n"
    made.run(
        source.serves(
            "/x.csv", header + b"007,9007199254740993,1.50,0.1,2024-01-02,2024-01-02T03:04:05.120Z,true\n,,,2.25,,,\n"
        )
    )
    export(made, folder)
    columns = "text, whole, price, share, day, moment, yes"
    first, second = query(folder, f"SELECT {columns} FROM pp_dw_bronze.{made.name.replace('-', '_')} ORDER BY whole")
    assert first == {
        "text": "007",
        "whole": "9007199254740993",
        "price": "1.50",
        "share": 0.1,
        "day": "2024-01-02",
        "moment": "2024-01-02 03:04:05.120000",
        "yes": True,
    }
    assert {name: value for name, value in second.items() if value is not None} == {"share": 2.25}


def test_show_tables_lists_the_names_for_queries(dataset: MakeDataset, source: Source, folder: Path) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"a\n1\n"))
    export(made, folder)
    name = made.name.replace("-", "_")
    assert {"table_name": f"pp_dw_bronze.{name}"} in query(folder, "SHOW TABLES")
    assert {"table_name": f"pp_dw_bronze.{name}"} in query(folder, "show tables in pp_dw_bronze;")
    assert query(folder, "SHOW TABLES IN pp_dw_silver") == []


def test_a_missing_file_fails_only_queries_of_its_table_and_names_it(
    dataset: MakeDataset, source: Source, folder: Path
) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"a\n1\n"))
    table = f"pp_dw_bronze.{made.name.replace('-', '_')}"
    (file,) = made.store.list(f"s3://{BUCKET}/bronze/{made.name}/")
    made.store.delete([file])
    export(made, folder)
    assert query(folder, "SELECT 1 AS one") == [{"one": 1}]
    done = run_query(folder, "--json", sql=f"SELECT * FROM {table}", check=False)
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
def test_invalid_sql_is_reported_in_one_line(sql: str, message: str, folder: Path) -> None:
    done = run_query(folder, sql=sql, check=False)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert "pending query" not in done.stderr


def test_a_result_of_many_rows_is_complete(folder: Path) -> None:
    output = run_query(folder, sql="SELECT i, chr(8232) AS text FROM range(125000) t(i)").stdout
    columns, *rows = output.rstrip("\n").split("\n")
    assert json.loads(columns) == {"columns": [{"name": "i", "type": "BIGINT"}, {"name": "text", "type": "VARCHAR"}]}
    assert [json.loads(row) for row in (rows[0], rows[-1])] == [["0", "\u2028"], ["124999", "\u2028"]]
    assert len(query(folder, "SELECT * FROM range(125000)")) == 125000


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("9007199254740991", 9007199254740991),
        ("-9007199254740992", "-9007199254740992"),
        ("sum(i) FROM (VALUES (9223372036854775807), (1)) t(i)", "9223372036854775808"),
        ("0.0000001::DECIMAL(38,10)", "0.0000001000"),
        ("1.5::DOUBLE", 1.5),
        ("'NaN'::DOUBLE", "NaN"),
        ("'-Infinity'::FLOAT", "-Infinity"),
        ("[9007199254740993, NULL]", ["9007199254740993", None]),
        ("{'a': 1.10, 'b': ['inf'::DOUBLE]}", {"a": "1.10", "b": ["Infinity"]}),
        ("MAP {1: 2.50}", {"1": "2.50"}),
    ],
)
def test_json_has_a_number_where_a_double_is_exact_and_text_otherwise(sql: str, value: Any, folder: Path) -> None:
    select, _, source = sql.partition(" FROM ")
    assert query(folder, f"SELECT {select} AS v {source and 'FROM ' + source}") == [{"v": value}]


def test_every_result_of_several_statements_is_returned(folder: Path) -> None:
    sql = "CREATE TEMP TABLE t AS SELECT 1 AS a; SELECT a FROM t; INSERT INTO t VALUES (2); SELECT count(*) AS n FROM t"
    assert query(folder, sql) == [[{"a": 1}], [{"n": 2}]]
    assert query(folder, "SET threads = 1; SELECT 1 AS a;") == [{"a": 1}]
    assert run_query(folder, sql=sql).stdout.splitlines() == [
        '{"columns": [{"name": "a", "type": "INTEGER"}]}',
        '["1"]',
        '{"columns": [{"name": "n", "type": "BIGINT"}]}',
        '["2"]',
    ]


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("{name}", 'The table {name} does not exist. Did you mean "pp_dw_bronze.{name}"? '),
        ('"{name}"', 'The table {name} does not exist. Did you mean "pp_dw_bronze.{name}"? '),
        ("pp_dw_gold.{name}", 'Did you mean "pp_dw_bronze.{name}"? '),
        ("pp_dw_bronze.{name}s", 'Did you mean "pp_dw_bronze.{name}"? '),
        ("{name}s", 'Did you mean "pp_dw_bronze.{name}"? '),
        ("something_else", "The table something_else does not exist. Published tables: "),
    ],
)
def test_an_unknown_table_gets_the_name_of_the_published_table(written: str, hint: str, folder: Path) -> None:
    runs = folder / BUCKET / "etl" / "zip-codes" / "runs" / "bronze"
    runs.mkdir(parents=True)
    table = {"name": "zip_codes", "files": [], "columns": [{"name": "a", "type": "bigint"}]}
    content = {"dataset": "zip-codes", "database": "pp_dw_bronze", "tables": {"zip_codes": table}}
    runs.joinpath("published.json").write_text(json.dumps(content), encoding="utf-8")
    done = run_query(folder, sql=f"SELECT * FROM {written.format(name='zip_codes')}", check=False)
    assert done.returncode == 2
    assert hint.format(name="zip_codes") in done.stderr
    assert "pp_dw_bronze.zip_codes" in done.stderr


def test_a_query_reads_one_publication_while_runs_publish(folder: Path) -> None:
    """Replaces the single file of a table and published.json as a run does, as fast as possible."""
    runs = folder / BUCKET / "etl" / "numbers" / "runs" / "bronze"
    data = folder / BUCKET / "bronze" / "numbers" / "numbers.parquet"
    for each in (runs, data.parent):
        each.mkdir(parents=True)
    ended = threading.Event()

    def publish(run: int) -> None:
        column = f"c{run % 2}"
        table = {
            "name": "numbers",
            "files": ["bronze/numbers/numbers.parquet"],
            "columns": [{"name": column, "type": "bigint"}],
        }
        (runs / "publishing.json").write_text("{}", encoding="utf-8")
        pq.write_table(pa.table({column: pa.array([run] * 1000)}), f"{data}.tmp")
        Path(f"{data}.tmp").replace(data)
        (runs / "new").write_text(
            json.dumps({"dataset": "numbers", "database": "pp_dw_bronze", "run_id": run, "tables": {"numbers": table}}),
            encoding="utf-8",
        )
        (runs / "new").replace(runs / "published.json")
        (runs / "publishing.json").unlink()

    def publish_often() -> None:
        run = 0
        while not ended.wait(0.02):
            run += 1
            publish(run)

    publish(0)
    publisher = threading.Thread(target=publish_often)
    publisher.start()
    try:
        for _ in range(5):
            (row,) = query(folder, "SELECT count(*) AS n, min(columns(*)), max(columns(*)) FROM pp_dw_bronze.numbers")
            assert row["n"] == 1000
            assert len(set(row.values())) == 2
    finally:
        ended.set()
        publisher.join()


def test_the_files_of_an_iceberg_table_are_linked_while_a_run_publishes_and_outlive_their_expiry(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = folder / BUCKET / "etl" / "numbers" / "runs" / "bronze"
    data = folder / BUCKET / "bronze" / "numbers" / "data" / "1-00000.parquet"
    for each in (runs, data.parent, tmp_path / "links"):
        each.mkdir(parents=True)
    pq.write_table(pa.table({"number": [1, 2]}), data)
    table = {
        "name": "numbers",
        "files": [data.relative_to(folder / BUCKET).as_posix()],
        "columns": [{"name": "number", "type": "bigint"}],
    }
    published = {"dataset": "numbers", "database": "pp_dw_bronze", "table_format": "iceberg", "tables": {"n": table}}
    (runs / "published.json").write_text(json.dumps(published), encoding="utf-8")
    (runs / "publishing.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr("published_tables.time.sleep", lambda _: pytest.fail("waits for the publication"))
    (named,) = published_tables.published_tables(folder)
    linked = published_tables.snapshot(named, tmp_path / "links")
    data.unlink()
    assert pq.read_table(linked.files[0]).column("number").to_pylist() == [1, 2]
