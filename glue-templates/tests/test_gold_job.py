"""The gold job end to end: tables built from published inputs, with the publication, gates and records of bronze."""

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import BUCKET, DEFAULTS, Dataset, DerivedTable, Lake, Response, Source, zipped
from etl_runtime import derived as running
from etl_runtime.gold import Gold, Transform
from etl_runtime.job import inputs as waiting
from etl_runtime.job.arguments import GATES
from etl_runtime.job.spark import start_spark
from etl_runtime.job.store import Store
from etl_runtime.transform import inputs as reading
from etl_runtime.transform import table_writer
from source_server import serving

MakeDataset = Callable[..., Dataset]
MakeGold = Callable[..., DerivedTable]
PLACES = b"zip_code,city,state\n00501,Holtsville,NY\n02101,Boston,MA\n02102,Boston,MA\n,Nowhere,\n"


def athena(made: Lake, key: str | None = None) -> str:
    """The name of a dataset's table in Athena."""
    table = made.names["tables"][key or made.name.replace("-", "_")]
    return f"{made.names['database']}.{table['name']}"


@pytest.fixture(scope="module")
def places() -> Iterator[Dataset]:
    """A published bronze dataset that the tests of this module share."""
    made = Dataset("places-of-gold")
    with serving() as source:
        made.run(source.serves("/x.csv", PLACES))
    yield made


def test_a_query_over_an_input_becomes_a_table_and_its_record_lists_the_originals(
    places: Dataset, gold: MakeGold
) -> None:
    made = gold(places)
    record = made.run(f"SELECT state, count(*) AS zip_codes FROM {athena(places)} GROUP BY state")
    assert sorted((row["state"] or "", row["zip_codes"]) for row in made.rows()) == [("", 1), ("MA", 2), ("NY", 1)]
    assert {row["meta_run_id"] for row in made.table().to_pylist()} == {record["run_id"]}
    published = places.published()
    inputs = [{
        "dataset": "bronze/places-of-gold",
        "run_id": published["run_id"],
        "published_at": published["published_at"],
        "originals": [source["raw"] for source in published["sources"]],
    }]  # fmt: skip
    assert record["inputs"] == made.published()["inputs"] == inputs
    (table,) = record["tables"]
    assert (table["rows"], table["nulls"]) == (3, {"state": 1, "zip_codes": 0})
    assert table["columns"] == [{"name": "state", "type": "string"}, {"name": "zip_codes", "type": "bigint"}]
    assert record["steps"].keys() >= {"inputs", "make", "check", "publish"}


def test_the_record_of_gold_over_gold_lists_the_originals(places: Dataset, gold: MakeGold) -> None:
    first = gold(places)
    first.run(f"SELECT DISTINCT state FROM {athena(places)}")
    second = gold(first, places)
    record = second.run(f"SELECT count(*) AS states FROM {athena(first)}")
    assert [row["states"] for row in second.rows()] == [3]
    assert [each["dataset"] for each in record["inputs"]] == [f"gold/{first.name}", "bronze/places-of-gold"]
    assert record["inputs"][0]["originals"] == record["inputs"][1]["originals"] != []


@pytest.mark.parquet
def test_a_run_replaces_the_object_of_the_table_and_leaves_no_other_object(places: Dataset, gold: MakeGold) -> None:
    made = gold(places)
    for state in ("MA", "NY"):
        made.run(f"SELECT city FROM {athena(places)} WHERE state = '{state}'")
    assert [row["city"] for row in made.rows()] == ["Holtsville"]
    own = made.name.replace("-", "_")
    assert made.store.list(f"s3://{BUCKET}/gold/{made.name}/") == [f"s3://{BUCKET}/gold/{made.name}/{own}.parquet"]
    assert made.store.list(made.names["staging"]) == []


def test_of_several_statements_the_last_one_is_the_table(places: Dataset, gold: MakeGold) -> None:
    made = gold(places)
    made.run(f"""
        -- the states; and nothing else
        CREATE TEMPORARY VIEW states AS SELECT DISTINCT state FROM {athena(places)} WHERE state IS NOT NULL;
        CREATE OR REPLACE TEMP VIEW sorted AS SELECT state, ';' AS mark FROM states;
        SELECT * FROM sorted ORDER BY state
    """)
    assert made.rows() == [{"state": "MA", "mark": ";"}, {"state": "NY", "mark": ";"}]


def test_the_views_in_outputs_become_tables(places: Dataset, gold: MakeGold) -> None:
    made = gold(places, tables=["states", "cities"])
    made.run(
        f"""
        CREATE TEMPORARY VIEW states AS SELECT DISTINCT state FROM {athena(places)};
        CREATE TEMPORARY VIEW cities AS SELECT DISTINCT city, state FROM {athena(places)};
        """,
        outputs=["states", "cities"],
    )
    assert (len(made.rows("states")), len(made.rows("cities"))) == (3, 3)


def test_a_query_without_inputs_becomes_a_table(gold: MakeGold) -> None:
    made = gold()
    record = made.run("SELECT explode(sequence(DATE'2024-01-01', DATE'2024-01-31')) AS day")
    assert len(made.rows()) == 31
    assert record["inputs"] == []


TYPES = """
    SELECT 'é' AS t, CAST(1 AS TINYINT) AS i1, CAST(2 AS SMALLINT) AS i2, 3 AS i4, 9007199254740993 AS i8, CAST(1.5 AS FLOAT) AS f4, 0.1D AS f8,
           CAST('12345678901234567890.123456789012345678' AS DECIMAL(38,18)) AS d, true AS b, DATE'1000-01-01' AS day,
           TIMESTAMP'1500-02-03 04:05:06.123456' AS ts, X'00FF' AS bytes, array(1, NULL) AS list, map('k', 1) AS pairs,
           named_struct('a', 1, 'b', array('x')) AS thing, CAST(NULL AS STRING) AS nothing
"""


def test_every_type_that_athena_supports_is_preserved_through_two_tables(gold: MakeGold) -> None:
    smallest = {"tinyint": "tinyint", "smallint": "smallint"}
    if DEFAULTS.get("table_format") == "iceberg":  # which does not have these types
        smallest = dict.fromkeys(smallest, "int")
    made = gold()
    made.run(TYPES)
    copied = gold(made)
    copied.run(f"SELECT * FROM {athena(made)}")
    for each in (made, copied):
        assert each.rows() == [
            {
                "t": "é",
                "i1": 1,
                "i2": 2,
                "i4": 3,
                "i8": 9007199254740993,
                "f4": 1.5,
                "f8": 0.1,
                "d": Decimal("12345678901234567890.123456789012345678"),
                "b": True,
                "day": date(1000, 1, 1),
                "ts": datetime(1500, 2, 3, 4, 5, 6, 123456, UTC),
                "bytes": b"\x00\xff",
                "list": [1, None],
                "pairs": [("k", 1)],
                "thing": {"a": 1, "b": ["x"]},
                "nothing": None,
            }
        ]
        assert {
            column["name"]: column["type"]
            for column in each.published()["tables"][each.name.replace("-", "_")]["columns"]
        } == {
            "t": "string",
            "i1": smallest["tinyint"],
            "i2": smallest["smallint"],
            "i4": "int",
            "i8": "bigint",
            "f4": "float",
            "f8": "double",
            "d": "decimal(38,18)",
            "b": "boolean",
            "day": "date",
            "ts": "timestamp",
            "bytes": "binary",
            "list": "array<int>",
            "pairs": "map<string,int>",
            "thing": "struct<a:int,b:array<string>>",
            "nothing": "string",
        }


def test_gold_reads_every_value_that_bronze_has_written(dataset: MakeDataset, gold: MakeGold, source: Source) -> None:
    """For example days before the Gregorian calendar, and struct fields with special characters in their names."""
    rows = [{"day": "1066-10-14", "at": "1066-10-14T09:00:00Z", "It is": {"a b": 1, "c": ["x"]}, "n": 9007199254740993}]
    bronze = dataset()
    bronze.run(source.serves("/x.json", json.dumps(rows).encode()))
    made = gold(bronze)
    made.run(f"SELECT *, date_add(day, 1) AS next_day FROM {athena(bronze)}")
    (row,) = made.rows()
    (before,) = bronze.rows()
    assert row == {**before, "next_day": date(1066, 10, 15)}


ERRORS: list[tuple[str, str]] = [
    ("SELEKT 1", "QUERY_INVALID: query.sql, line 1, column 1: [PARSE_SYNTAX_ERROR] Syntax error at or near 'SELEKT'"),
    ("SELECT 1 AS a;\n\nSELECT a\n  FORM places", "QUERY_INVALID: query.sql, line 4, column 8: [PARSE_SYNTAX_ERROR] Syntax error at or near 'places'"),
    ("SELECT 1;\nSELECT zip FROM {places}", "QUERY_INVALID: query.sql, line 2, column 8: [UNRESOLVED_COLUMN.WITH_SUGGESTION]"),
    ("SELECT *\nFROM pp_dw_bronze.place_of_gold", "QUERY_TABLE_NOT_AN_INPUT: query.sql, line 2, column 6: the table pp_dw_bronze.place_of_gold is not a table of an input. Did you mean \"{places}\"? The tables of the inputs: {places}. Correct the name, or add the table's dataset to source_datasets."),
    ("SELECT * FROM places", "QUERY_TABLE_NOT_AN_INPUT: query.sql, line 1, column 15: the table places is not a table of an input. "),
    ("SELECT * FROM parquet.`s3://other/x`", "the table parquet.s3://other/x is not a table of an input. The tables of the inputs: {places}. Correct the name, or add the table's dataset to source_datasets."),
    ("SELECT nothing_of(city) FROM {places}", "QUERY_INVALID: query.sql, line 1, column 8: [UNRESOLVED_ROUTINE] Cannot resolve"),
    ("", "QUERY_INVALID: query.sql contains no statement. Write the query that returns the table."),
    ("-- SELECT 1;\n", "QUERY_INVALID: query.sql contains no statement."),
    ("CREATE TEMP VIEW v AS SELECT 1 AS a", "QUERY_INVALID: query.sql, line 1: the last statement creates a view, but it must be the query for the table. Add a query on the view after it"),
    ("\nINSERT INTO {places} SELECT 1", "QUERY_INVALID: query.sql, line 2: the statement is not supported (InsertIntoStatement). Use queries, and CREATE TEMPORARY VIEW"),
    ("WITH x AS (SELECT 1) INSERT INTO {places} SELECT * FROM x", "the statement is not supported (InsertIntoStatement)"),
    ("FROM {places} INSERT INTO a SELECT 1 INSERT INTO b SELECT 2", "the statement is not supported (InsertIntoStatement)"),
    ("CREATE VIEW v AS SELECT 1", "the statement is not supported (CreateView)"),
    ("CREATE GLOBAL TEMPORARY VIEW v AS SELECT 1 AS a; SELECT 1 AS a", "line 1: the statement is not supported (CreateViewCommand)"),
    ("DROP TABLE {places}; SELECT 1", "query.sql, line 1: the statement is not supported (DropTable)"),
    ("SET spark.sql.ansi.enabled=false; SELECT 1", "the statement is not supported (SetCommand)"),
    ("ADD JAR s3://x/y.jar; SELECT 1", "the statement is not supported (AddJarsCommand)"),
    ("SELECT count(*) FROM {places}", "COLUMN_NAME_INVALID: {table}: column 1 has the name 'count(1)', which Athena does not support. Use a name of at most 255 letters, digits and underscores that does not begin with a digit: … AS my_name."),
    ("SELECT city, CITY FROM {places}", "COLUMN_NAME_INVALID: {table}: these column names occur more than once: city. Select the columns by name instead of with *, or rename the duplicates: … AS my_name."),
    ("SELECT NULL AS nothing", "COLUMN_TYPE_UNSUPPORTED: {table}: the column nothing has the type void, but Athena does not support void. Give the null a type: CAST(NULL AS STRING)."),
    ("SELECT TIMESTAMP_NTZ'2024-01-01 00:00:00' AS t", "COLUMN_TYPE_UNSUPPORTED: {table}: the column t has the type timestamp_ntz, but Athena does not support timestamp_ntz. Convert it to a timestamp: CAST(… AS TIMESTAMP)."),
    ("SELECT array(INTERVAL '1' DAY) AS t", "Athena does not support interval day. Cast it to a supported type"),
    ("SELECT named_struct('a:b', 1) AS t", "COLUMN_NAME_INVALID: {table}: the column t has the type struct<a:b:int>, with field names that Athena does not support. Rename the fields."),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "message"), ERRORS, ids=[message[-40:] for _, message in ERRORS])
def test_invalid_sql_is_an_error_with_its_position_before_spark_runs_it(
    places: Dataset, gold: MakeGold, sql: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = gold(places)
    made.run(f"SELECT 1 AS before FROM {athena(places)}")
    monkeypatch.setattr(table_writer, "write", lambda *_, **__: pytest.fail("Spark has run the query"))
    expected = message.replace("{places}", athena(places)).replace("{table}", made.name.replace("-", "_"))
    assert expected in made.fails(sql.replace("{places}", athena(places)))


def test_a_table_without_its_database_is_shown_with_it(places: Dataset, gold: MakeGold) -> None:
    name = athena(places)
    table = name.rpartition(".")[2]
    error = gold(places).fails(f"SELECT * FROM {table.upper()}")
    found = f"the table {table.upper()} is not a table of an input."
    assert f'{found} Did you mean "{name}"? The tables of the inputs: {name}.' in error


def test_an_output_without_a_view_is_an_error(places: Dataset, gold: MakeGold) -> None:
    made = gold(places, tables=["states", "cities"])
    sql = f"CREATE TEMP VIEW states AS SELECT state FROM {athena(places)}; SELECT 1"
    assert (
        "QUERY_INVALID: query.sql: no statement creates a view for the output cities. The file creates states. Add CREATE TEMPORARY VIEW cities AS SELECT"
        in made.fails(sql, outputs=["states", "cities"])
    )


def test_an_input_that_is_not_published_is_an_error(places: Dataset, gold: MakeGold) -> None:
    never = Dataset("never-published")
    error = gold(places, never).fails("SELECT 1 AS a")
    assert (
        error
        == f"INPUT_NOT_PUBLISHED: The input bronze/never-published has not been published (s3://{BUCKET}/etl/never-published/runs/bronze/published.json does not exist). Run bronze/never-published first."
    )


FAILURES: list[tuple[str, str, dict[str, Any], str]] = [
    ("required_columns", "SELECT city FROM {places}", {"data_quality": {"required_columns": ["state"], "optional_columns": ["zip_code"]}}, "the required column state is not in the table. The table has city"),
    ("null_share", "SELECT city, state FROM {places}", {"data_quality": {"required_columns": ["state"], "optional_columns": ["zip_code"]}}, "state is null in 1 of 4 rows (25.00%), but critical_null_threshold is 5.00%"),
    ("min_rows", "SELECT * FROM {places}", {"data_quality": {"expected_record_count_min": 5}}, "4 rows, but expected_record_count_min is 5"),
    ("min_rows", "SELECT * FROM {places} WHERE false", {"data_quality": {"max_shrink": 1}}, "0 rows, but expected_record_count_min is 1"),
    ("missing_columns", "SELECT city, state, 1 AS zip FROM {places}", {}, "the table no longer has the column zip_code. It has the new column zip. If that is expected, add zip_code to data_quality.optional_columns"),
    ("all_null_columns", "SELECT zip_code, CAST(NULL AS STRING) AS city, CAST(NULL AS STRING) AS state FROM {places}", {}, "the columns city, state had values in the last publication, but are null in all 4 rows. If that is expected, add city, state to data_quality.optional_columns"),
    ("shrink", "SELECT * FROM {places} LIMIT 1", {}, "1 row, but 4 are published and max_shrink is 50%"),
    ("business_key", "SELECT * FROM {places}", {"business_key": ["city"]}, 'the business key (city) is not unique: 1 value in more than one row: {"city": "Boston"}'),
    ("frozen", "SELECT *, 1 AS more FROM {places}", {"schema_contract": "freeze"}, "the table has new columns: more"),
    ("frozen", "SELECT city FROM {places}", {"schema_contract": "freeze"}, "the table no longer has the columns: meta_rescued, state, zip_code"),
    ("frozen", "SELECT * EXCEPT (state), 1 AS state FROM {places}", {"schema_contract": "freeze"}, "the type of state is int, but the published type is string"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("gate", "sql", "document", "message"),
    FAILURES,
    ids=[f"{gate}-{message[-25:]}" for gate, _, _, message in FAILURES],
)
def test_a_failed_gate_keeps_the_published_table(
    places: Dataset, gold: MakeGold, gate: str, sql: str, document: dict[str, Any], message: str
) -> None:
    if "EXCEPT" in sql:
        sql = sql.replace("* EXCEPT (state)", "zip_code, city, meta_rescued")
    made = gold(places)
    made.run(f"SELECT * FROM {athena(places)}")
    error = made.fails(sql.replace("{places}", athena(places)), **document)
    assert f"{message} [{GATES[gate]}]" in error
    assert f'"allow": ["{gate}"]' in error
    assert error.startswith(f"{GATES[gate]}: Quality gates failed: ")
    record = made.run(sql.replace("{places}", athena(places)), run_options=json.dumps({"allow": [gate]}), **document)
    assert any(message in allowed for allowed in record["allowed"])
    assert all(each["code"] == GATES[each["gate"]] for each in record["gates"])


def test_a_table_without_rows_has_a_file_with_its_columns(places: Dataset, gold: MakeGold) -> None:
    made = gold(places)
    made.run(f"SELECT city, 1 AS n FROM {athena(places)} WHERE false", run_options='{"allow": ["min_rows"]}')
    assert made.table().schema.names == ["city", "n", "meta_run_id"]
    assert made.rows() == []
    again = gold(made)
    again.run(f"SELECT count(*) AS n FROM {athena(made)}")
    assert again.rows() == [{"n": 0}]


@pytest.mark.parquet
def test_a_large_table_has_several_objects_and_a_small_one_has_one_for_any_number_of_cores(
    gold: MakeGold, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = gold()
    made.run("SELECT id, uuid() AS text FROM range(0, 20000, 1, 4)")
    own = made.name.replace("-", "_")
    (one,) = made.published()["tables"][own]["files"]
    assert one.endswith(f"/{own}.parquet")
    monkeypatch.setattr(running, "OBJECT_BYTES", "100KB")
    record = made.run("SELECT id, uuid() AS text FROM range(0, 20000, 1, 4)")
    files = made.published()["tables"][own]["files"]
    assert len(files) > 1
    assert all(f"{own}-{record['run_id']}-" in file for file in files)
    assert sorted(row["id"] for row in made.rows()) == list(range(20000))
    assert sorted(made.store.list(f"s3://{BUCKET}/gold/{made.name}/")) == sorted(
        f"s3://{BUCKET}/{file}" for file in files
    )
    monkeypatch.undo()
    again = gold(made)
    again.run(f"SELECT count(*) AS n, count(DISTINCT id) AS ids FROM {athena(made)}")
    assert again.rows() == [{"n": 20000, "ids": 20000}]


def test_rows_are_written_in_the_order_of_order_by(gold: MakeGold) -> None:
    made = gold()
    made.run("SELECT id FROM range(0, 5000, 1, 4) ORDER BY id DESC")
    assert [row["id"] for row in made.rows()] == list(range(4999, -1, -1))


class Publishing:
    """Runs a callback when gold reads published.json of an input for the n-th time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, runs: str, callbacks: dict[int, Callable[[], object]]) -> None:
        self.reads = 0
        read_json = Store.read_json

        def reading_json(store: Store, uri: str) -> Any:
            if uri == f"{runs}published.json":
                self.reads += 1
                callbacks.get(self.reads, lambda: None)()
            return read_json(store, uri)

        monkeypatch.setattr(Store, "read_json", reading_json)


@pytest.mark.parquet
def test_an_input_that_publishes_during_the_transform_is_read_again(
    dataset: MakeDataset, gold: MakeGold, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    bronze = dataset()
    bronze.run(source.serves("/x.csv", b"n\n1\n2\n"))
    made = gold(bronze)
    meanwhile: dict[int, Callable[[], object]] = {}
    with monkeypatch.context() as patch:
        Publishing(patch, bronze.names["runs"], meanwhile)

        # Gold reads published.json at the start, and again after the transform. Then bronze publishes again.
        def publish_again() -> None:
            patch.undo()
            bronze.run(source.serves("/x.csv", b"n\n3\n4\n"))

        meanwhile[2] = publish_again
        record = made.run(f"SELECT n FROM {athena(bronze)}")
    assert sorted(row["n"] for row in made.rows()) == [3, 4]
    assert record["inputs"][0]["run_id"] == bronze.published()["run_id"]


def test_an_input_that_publishes_during_every_read_fails_the_run(
    dataset: MakeDataset, gold: MakeGold, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    bronze = dataset()
    bronze.run(source.serves("/x.csv", b"n\n1\n"))
    made = gold(bronze)
    monkeypatch.setattr(running, "republished", lambda *_: ["bronze/x"])
    error = made.fails(f"SELECT n FROM {athena(bronze)}")
    assert error.startswith(
        "INPUT_CHANGED: The input bronze/x published new data during each of the 3 attempts to read the inputs. "
    )
    assert made.record()["retryable"] is True


@pytest.mark.parquet
def test_gold_waits_for_a_publication_in_progress_and_fails_if_it_does_not_complete(
    dataset: MakeDataset, gold: MakeGold, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the copy of the object and the write of published.json, the object is of a later run than published.json."""
    bronze = dataset()
    bronze.run(source.serves("/x.csv", b"n\n1\n"))
    made = gold(bronze)
    runs, store = bronze.names["runs"], bronze.store
    old = bronze.published()
    bronze.run(source.serves("/x.csv", b"n\n2\n"))
    new = bronze.published()
    store.write_json(f"{runs}published.json", old)
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0)
    with monkeypatch.context() as patch:
        Publishing(patch, runs, {3: lambda: store.write_json(f"{runs}published.json", new)})
        made.run(f"SELECT n FROM {athena(bronze)}")
    assert made.rows() == [{"n": 2}]

    store.write_json(f"{runs}published.json", old)
    monkeypatch.setattr(waiting, "MAX_PUBLICATION_SECONDS", 0)
    error = made.fails(f"SELECT n FROM {athena(bronze)}")
    assert (
        f"INPUT_INCOMPLETE: The published data of the input bronze/{bronze.name} is incomplete: published.json lists s3://{BUCKET}/"
        in error
    )
    assert f"of run {old['run_id']}, but run {new['run_id']} has replaced it. Run bronze/{bronze.name} again" in error
    assert made.record()["retryable"] is True

    store.delete([f"s3://{BUCKET}/{new['tables'][bronze.name.replace('-', '_')]['files'][0]}"])
    assert "but it does not exist. Run" in made.fails(f"SELECT n FROM {athena(bronze)}")


def test_concurrent_jobs_do_not_share_a_folder(places: Dataset, gold: MakeGold) -> None:
    spark = start_spark()

    def database_of_a_process() -> str:
        reading._folder.cache_clear()
        gold(places).run(f"SELECT * FROM {athena(places)}", run_options='{"force": true}')
        return str(spark.catalog.getDatabase("pp_dw_bronze").locationUri)

    assert database_of_a_process() != database_of_a_process()


def test_gold_reads_the_files_in_published_json_and_not_the_folder(
    dataset: MakeDataset, gold: MakeGold, source: Source
) -> None:
    """During a publication, or after one that was interrupted, the folder contains files of two runs."""
    bronze = dataset(["a", "b"])
    bronze.run(
        source.serves("/x.zip", Response(zipped(**{"a.csv": b"n\n1\n", "b.csv": b"n\n2\n"}))),
        file_table_mapping={"a.csv": "a", "b.csv": "b"},
    )
    buffer = io.BytesIO()
    pq.write_table(pa.table({"n": [99]}), buffer)
    bronze.store.write(f"{bronze.names['tables']['a']['location']}a-of-another-run-00000.parquet", buffer.getvalue())
    made = gold(bronze)
    made.run(f"SELECT a.n AS a, b.n AS b FROM {athena(bronze, 'a')} AS a CROSS JOIN {athena(bronze, 'b')} AS b")
    assert made.rows() == [{"a": 1, "b": 2}]


@pytest.mark.parametrize("option", ["from_run", "reset_contract", "date"])
def test_run_options_of_bronze_are_an_error(places: Dataset, gold: MakeGold, option: str) -> None:
    value = {"from_run": "20261123T012048123Z-3f9a1c", "reset_contract": True, "date": "2026-11-02"}[option]
    error = gold(places).fails("SELECT 1 AS a", run_options=json.dumps({option: value}))
    assert f"RUN_OPTIONS_INVALID: run_options.{option} is supported for bronze datasets only" in error


def test_a_custom_script_reads_inputs_and_adds_rules(places: Dataset, gold: MakeGold) -> None:
    def transform(gold: Gold) -> Any:
        gold.log(f"reads {', '.join(gold.tables)}")
        gold.require("a state has two letters", "length(state) = 2")
        gold.require("counts are positive", "count > 0")
        return gold.read(athena(places)).groupBy("state").count()

    made = gold(places)
    made.run(transform)
    assert sorted((row["state"] or "", row["count"]) for row in made.rows()) == [("", 1), ("MA", 2), ("NY", 1)]


def test_a_custom_script_names_the_database_of_the_lake_by_its_layer(places: Dataset, gold: MakeGold) -> None:
    table = athena(places).partition(".")[2]
    made = gold(places)
    made.run(lambda gold: gold.read(f"${{bronze_database}}.{table}").select("state"))
    assert len(made.rows()) == 4


def ruled(rule: str, condition: str, output: str | None = None) -> Callable[[Gold], Any]:
    """A transform that copies the input and adds a rule."""

    def transform(gold: Gold) -> Any:
        gold.require(rule, condition, output)
        return gold.read("{places}").select("city", "state")

    return transform


SCRIPTS: list[tuple[str, Callable[[Gold], Any], str]] = [
    ("a violated rule", ruled("no Boston", "city <> 'Boston'"),
     'the rule "no Boston" (city <> \'Boston\') is violated by 2 of 4 rows (50.00%), for example {"city": "Boston", "state": "MA"}, {"city": "Boston", "state": "MA"}'),
    ("a rule that is not valid SQL", ruled("invalid", "city <>"), 'RULE_INVALID: The condition of the rule "invalid" is invalid: [PARSE_SYNTAX_ERROR]'),
    ("a rule of another column", ruled("invalid", "nothing > 1"), 'RULE_INVALID: The condition of the rule "invalid" is invalid: [UNRESOLVED_COLUMN'),
    ("a rule of another table", ruled("invalid", "true", "x"), 'RULE_INVALID: The rule "invalid" has the unknown table x. The tables are'),
    ("a table that is not an input", lambda gold: gold.read("pp_dw_bronze.other"), "QUERY_TABLE_NOT_AN_INPUT: The table pp_dw_bronze.other is not a table of an input. The tables of the inputs: {places}. Correct the name, or add the table's dataset to source_datasets."),
    ("no table", lambda gold: None, "TRANSFORM_RESULT_INVALID: The transform returns NoneType for"),
    ("several tables", lambda gold: {"a": gold.read("{places}"), "b": gold.read("{places}")}, "TRANSFORM_RESULT_INVALID: The transform returns a, b, but"),
    ("an exception", lambda gold: 1 / 0, "UNEXPECTED_ERROR: ZeroDivisionError: division by zero"),
    ("an error in a task", lambda gold: gold.spark.sql("SELECT CAST(raise_error('so it is') AS STRING) AS a"), "so it is"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "transform", "message"), SCRIPTS, ids=[what for what, _, _ in SCRIPTS])
def test_an_error_of_a_custom_script_keeps_the_published_table(
    places: Dataset, gold: MakeGold, what: str, transform: Callable[[Gold], Any], message: str
) -> None:
    class Named(Gold):
        def read(self, table: str) -> Any:
            return super().read(table.replace("{places}", athena(places)))

    made = gold(places)
    made.run(f"SELECT city, state FROM {athena(places)}")

    def renamed(gold: Gold) -> Any:
        gold.__class__ = Named
        return transform(gold)

    wrapped: Transform = renamed
    if what == "an exception":
        with pytest.raises(ZeroDivisionError):
            made.run(wrapped)
        assert message in made.record()["error"]
        return
    assert message.replace("{places}", athena(places)) in made.fails(wrapped)


def test_meta_run_id_of_an_input_is_replaced_and_can_be_kept_under_another_name(
    places: Dataset, gold: MakeGold
) -> None:
    made = gold(places)
    record = made.run(f"SELECT *, meta_run_id AS bronze_run_id FROM {athena(places)}")
    rows = made.table().to_pylist()
    assert {row["meta_run_id"] for row in rows} == {record["run_id"]}
    assert {row["bronze_run_id"] for row in rows} == {places.published()["run_id"]}
    assert "meta_rescued" in rows[0]
