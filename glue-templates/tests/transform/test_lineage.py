"""Column lineage from Spark's analyzed plan: which columns of the inputs each column of a query is computed from."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as f

from conftest import Dataset, DerivedTable
from etl_runtime.job.spark import start_spark
from etl_runtime.transform import lineage as module
from etl_runtime.transform import plan_lineage
from etl_runtime.transform.lineage import Lineage, PlanTooLarge, lineage_of
from source_server import serving

MakeGold = Callable[..., DerivedTable]

TABLES = {
    "lin_bronze.t": pa.table({
        "a": pa.array([1, 2, 3, None], pa.int32()),
        "b": ["x", "y", "x", None],
        "address": [{"city": "Boston", "zip": 2101}, None, {"city": "Salem", "zip": None}, {"city": None, "zip": 1}],
        "items": [[{"p": 10}, {"p": 20}], [], None, [{"p": 30}]],
        "tags": [["r", "s"], ["r"], None, []],
    }),
    "lin_bronze.u": pa.table({"a": pa.array([1, 1, 4], pa.int32()), "c": ["one", "uno", "four"]}),
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    spark = start_spark()
    folder: Path = tmp_path_factory.mktemp("tables")
    spark.sql(f"CREATE DATABASE lin_bronze LOCATION 'file:{folder}/database'")
    for name, table in TABLES.items():
        (folder / name).mkdir()
        pq.write_table(table, folder / name / "1.parquet")
        spark.sql(f"CREATE TABLE {name} USING parquet OPTIONS (path 'file:{folder}/{name}')")
    yield
    spark.sql("DROP DATABASE lin_bronze CASCADE")


def of(rows: Any) -> dict[str, str]:
    """The lineage in short: `t.a` is an identity, `~t.a` a transformation, `+t.a` an aggregation."""
    lineage = lineage_of(rows)
    mark = {"identity": "", "transformation": "~", "aggregation": "+"}

    def short(source: dict[str, str]) -> str:
        table = source["table"].removeprefix("lin_bronze.")
        return f"{mark[source['kind']]}{table}.{source.get('path', source['column'])}"

    columns = {name: " ".join(map(short, sources)) for name, sources in lineage["columns"].items()}
    filters = " ".join(f"{each['table'].removeprefix('lin_bronze.')}.{each['column']}" for each in lineage["filters"])
    return {**columns, "|": filters}


QUERIES: dict[str, tuple[str, dict[str, str]]] = {
    "a column is an identity": ("SELECT a FROM t", {"a": "t.a", "|": ""}),
    "an alias is an identity": ("SELECT a AS z FROM t", {"z": "t.a", "|": ""}),
    "a cast is a transformation": ("SELECT CAST(a AS string) AS z FROM t", {"z": "~t.a", "|": ""}),
    "a cast to the same type is an identity": ("SELECT CAST(a AS int) AS z FROM t", {"z": "t.a", "|": ""}),
    "an expression has all its columns": ("SELECT concat(b, a) AS z FROM t", {"z": "~t.a ~t.b", "|": ""}),
    "a condition is part of the expression": ("SELECT CASE WHEN b = 'x' THEN a END AS z FROM t", {"z": "~t.a ~t.b", "|": ""}),
    "a literal has no source": ("SELECT 1 AS one, current_date() AS day FROM t", {"one": "", "day": "", "|": ""}),
    "a query without FROM has no sources": ("SELECT 'x' AS x", {"x": "", "|": ""}),
    "inline rows have no sources": ("SELECT * FROM VALUES (1, 'x') AS v(i, s)", {"i": "", "s": "", "|": ""}),
    "a star is each column": ("SELECT * FROM u", {"a": "u.a", "c": "u.c", "|": ""}),
    "names are those of the table": ("SELECT A AS Z FROM T", {"Z": "t.a", "|": ""}),
    "a struct field has its path": ("SELECT address.city FROM t", {"city": "t.address.city", "|": ""}),
    "a struct field in an expression has its path": ("SELECT upper(address.city) AS z FROM t", {"z": "~t.address.city", "|": ""}),
    "a struct field of a renamed column has its path": ("SELECT x.city FROM (SELECT address AS x FROM t)", {"city": "t.address.city", "|": ""}),
    "an element of an array is a transformation": ("SELECT items[0].p AS z, items.p AS ps FROM t", {"z": "~t.items", "ps": "~t.items", "|": ""}),
    "a new struct is a transformation": ("SELECT named_struct('x', a).x AS z FROM t", {"z": "~t.a", "|": ""}),
    "a lambda function has the columns outside of it": ("SELECT transform(items, x -> x.p + a) AS z FROM t", {"z": "~t.a ~t.items", "|": ""}),
    "WHERE is a filter": ("SELECT a FROM t WHERE b = 'x' AND address.zip > 1", {"a": "t.a", "|": "t.address t.b"}),
    "a subquery in FROM is transparent": ("SELECT z + 1 AS y FROM (SELECT a AS z FROM t WHERE b = 'x')", {"y": "~t.a", "|": "t.b"}),
    "a transformation of an identity of a transformation": ("SELECT y AS x FROM (SELECT z AS y FROM (SELECT a + 1 AS z FROM t))", {"x": "~t.a", "|": ""}),
    "a common table expression is transparent": ("WITH x AS (SELECT a, b AS z FROM t) SELECT z, a FROM x", {"z": "t.b", "a": "t.a", "|": ""}),
    "a common table expression that is used twice": (
        "WITH x AS (SELECT a, b FROM t) SELECT l.a, r.b FROM x l JOIN x r ON l.a = r.a", {"a": "t.a", "b": "t.b", "|": "t.a"}),
    "common table expressions that use each other": (
        "WITH x AS (SELECT a FROM t), y AS (SELECT a + 1 AS z FROM x) SELECT x.a, y.z FROM x, y", {"a": "t.a", "z": "~t.a", "|": ""}),
    "a common table expression in a subquery": ("SELECT * FROM (WITH x AS (SELECT c FROM u) SELECT c AS z FROM x)", {"z": "u.c", "|": ""}),
    "a common table expression of the query in a subquery": (
        "WITH x AS (SELECT c FROM u) SELECT a, (SELECT max(c) FROM x) AS m FROM t", {"a": "t.a", "m": "+u.c", "|": ""}),
    "JOIN ON is a filter": ("SELECT t.b, u.c FROM t JOIN u ON t.a = u.a", {"b": "t.b", "c": "u.c", "|": "t.a u.a"}),
    "JOIN USING has the column of the left side": ("SELECT a, c FROM t JOIN u USING (a)", {"a": "t.a", "c": "u.c", "|": "t.a u.a"}),
    "FULL JOIN USING has both columns": ("SELECT a FROM t FULL JOIN u USING (a)", {"a": "~t.a ~u.a", "|": "t.a u.a"}),
    "NATURAL JOIN": ("SELECT * FROM u NATURAL RIGHT JOIN (SELECT a, b FROM t)", {"a": "t.a", "c": "u.c", "b": "t.b", "|": "t.a u.a"}),
    "a semi join has the columns of the left side": ("SELECT * FROM u LEFT SEMI JOIN t ON t.a = u.a", {"a": "u.a", "c": "u.c", "|": "t.a u.a"}),
    "an anti join in a UNION": (
        "SELECT b FROM t UNION ALL SELECT * FROM (SELECT c FROM u LEFT ANTI JOIN t ON t.a = u.a WHERE c > '')", {"b": "t.b u.c", "|": "t.a u.a u.c"}),
    "a self-join": ("SELECT l.a, r.b FROM t l JOIN t r ON l.a = r.a", {"a": "t.a", "b": "t.b", "|": "t.a"}),
    "a cross join has no filter": ("SELECT b, c FROM t CROSS JOIN u", {"b": "t.b", "c": "u.c", "|": ""}),
    "UNION ALL is by position": ("SELECT a AS x, b AS y FROM t UNION ALL SELECT a, c FROM u", {"x": "t.a u.a", "y": "t.b u.c", "|": ""}),
    "UNION with other types casts": ("SELECT a FROM t UNION ALL SELECT CAST(a AS bigint) FROM u", {"a": "~t.a ~u.a", "|": ""}),
    "UNION DISTINCT is a filter": ("SELECT a FROM t UNION SELECT a FROM u", {"a": "t.a u.a", "|": "t.a u.a"}),
    "a UNION of one table twice": ("SELECT a, b FROM t UNION ALL SELECT a + 1, b FROM t", {"a": "~t.a", "b": "t.b", "|": ""}),
    "INTERSECT is a filter": ("SELECT a FROM t INTERSECT SELECT a FROM u", {"a": "t.a", "|": "t.a u.a"}),
    "EXCEPT is a filter": ("SELECT a FROM t EXCEPT SELECT a FROM u", {"a": "t.a", "|": "t.a u.a"}),
    "DISTINCT is a filter": ("SELECT DISTINCT a FROM t", {"a": "t.a", "|": "t.a"}),
    "GROUP BY is a filter": ("SELECT b, sum(a) AS s FROM t GROUP BY b", {"b": "t.b", "s": "+t.a", "|": "t.b"}),
    "count(*) has no source": ("SELECT count(*) AS n FROM t", {"n": "", "|": ""}),
    "a calculation with an aggregate": ("SELECT sum(a) / count(b) AS z, max(address.city) || 'x' AS y FROM t", {"z": "+t.a +t.b", "y": "+t.address.city", "|": ""}),
    "GROUP BY an expression": ("SELECT upper(b) AS z, count(*) AS n FROM t GROUP BY upper(b)", {"z": "~t.b", "n": "", "|": "t.b"}),
    "HAVING is a filter": ("SELECT b FROM t GROUP BY b HAVING sum(a) > 1", {"b": "t.b", "|": "t.a t.b"}),
    "FILTER of an aggregate is part of it": ("SELECT sum(a) FILTER (WHERE b = 'x') AS z FROM t", {"z": "+t.a +t.b", "|": ""}),
    "ROLLUP": ("SELECT b, sum(a) AS s FROM t GROUP BY ROLLUP (b)", {"b": "t.b", "s": "+t.a", "|": "t.b"}),
    "the window of a function is a filter": (
        "SELECT a, row_number() OVER (PARTITION BY b ORDER BY address.zip) AS n FROM t", {"a": "t.a", "n": "", "|": "t.address t.b"}),
    "an aggregate with a window": ("SELECT sum(a) OVER (PARTITION BY b) AS s, lag(a) OVER (ORDER BY b) AS l FROM t", {"s": "+t.a", "l": "~t.a", "|": "t.b"}),
    "QUALIFY by a subquery": (
        "SELECT a FROM (SELECT a, row_number() OVER (PARTITION BY b ORDER BY a) AS n FROM t) WHERE n = 1", {"a": "t.a", "|": "t.a t.b"}),
    "explode": ("SELECT a, explode(tags) AS tag FROM t", {"a": "t.a", "tag": "~t.tags", "|": ""}),
    "LATERAL VIEW": ("SELECT i.p, pos FROM t LATERAL VIEW OUTER posexplode(items) AS pos, i", {"p": "~t.items", "pos": "~t.items", "|": ""}),
    "inline": ("SELECT a, p FROM t LATERAL VIEW inline(items) i", {"a": "t.a", "p": "~t.items", "|": ""}),
    "PIVOT": (
        "SELECT * FROM (SELECT a, b, address.city FROM t) PIVOT (sum(a) FOR b IN ('x', 'y'))",
        {"city": "t.address.city", "x": "+t.a +t.b", "y": "+t.a +t.b", "|": "t.address t.b"}),
    "UNPIVOT": ("SELECT * FROM (SELECT b, address.city FROM t) UNPIVOT (v FOR k IN (b, city))", {"k": "", "v": "t.address.city t.b", "|": "t.address t.b"}),
    "a scalar subquery": ("SELECT (SELECT max(c) FROM u WHERE u.a = t.a) AS m FROM t", {"m": "+u.c", "|": "t.a u.a"}),
    "EXISTS is a filter": ("SELECT b FROM t WHERE EXISTS (SELECT c FROM u WHERE u.a = t.a)", {"b": "t.b", "|": "t.a u.a"}),
    "IN with a subquery is a filter": ("SELECT b FROM t WHERE a NOT IN (SELECT a FROM u)", {"b": "t.b", "|": "t.a u.a"}),
    "a lateral subquery": ("SELECT t.a, l.z FROM t, LATERAL (SELECT c || t.b AS z FROM u WHERE u.a = t.a) l", {"a": "t.a", "z": "~t.b ~u.c", "|": "t.a u.a"}),
    "ORDER BY alone is no filter": ("SELECT a FROM t ORDER BY b", {"a": "t.a", "|": ""}),
    "ORDER BY with LIMIT is a filter": ("SELECT a FROM t ORDER BY b LIMIT 1", {"a": "t.a", "|": "t.b"}),
    "hints are ignored": ("SELECT /*+ BROADCAST(u) */ c FROM t JOIN u USING (a)", {"c": "u.c", "|": "t.a u.a"}),
    "a lateral column alias": ("SELECT a + 1 AS x, x + 1 AS y FROM t", {"x": "~t.a", "y": "~t.a", "|": ""}),
    "the name of a file has no source": ("SELECT input_file_name() AS f, _metadata.file_path AS p FROM t", {"f": "", "p": "", "|": ""}),
}  # fmt: skip
SPARK_4 = {
    "a recursive query": (
        "WITH RECURSIVE r(x, y) AS (SELECT a, c FROM u UNION ALL SELECT r.x + 1, t.b FROM r JOIN t ON r.x = t.a) SELECT x, y FROM r",
        {"x": "~u.a", "y": "t.b u.c", "|": "t.a u.a"}),
    "a pipe": ("FROM t |> WHERE b = 'x' |> SELECT a |> EXTEND a + 1 AS z", {"a": "t.a", "z": "~t.a", "|": "t.b"}),
}  # fmt: skip


@pytest.mark.parametrize("rule", [*QUERIES, *SPARK_4])
def test_the_sources_of_each_column(rule: str) -> None:
    spark = start_spark()
    if rule in SPARK_4 and spark.version < "4":
        pytest.skip("needs Spark 4")
    sql, expected = {**QUERIES, **SPARK_4}[rule]
    spark.catalog.setCurrentDatabase("lin_bronze")
    try:
        rows = spark.sql(sql)
    finally:
        spark.catalog.setCurrentDatabase("default")
    assert of(rows) == expected
    # The job renames the columns of each result and drops one.
    assert of(rows.toDF(*rows.columns).drop("meta_run_id")) == expected


def test_temporary_views_are_transparent() -> None:
    spark = start_spark()
    spark.sql("CREATE OR REPLACE TEMPORARY VIEW lin_v AS SELECT a AS x, upper(b) AS y FROM lin_bronze.t WHERE a > 1")
    spark.sql("CREATE OR REPLACE TEMPORARY VIEW lin_w(z) AS WITH q AS (SELECT x FROM lin_v) SELECT x FROM q")
    assert of(spark.sql("SELECT v.x, v.y, w.z FROM lin_v v CROSS JOIN lin_w w")) == {
        "x": "t.a",
        "y": "~t.b",
        "z": "t.a",
        "|": "t.a",
    }
    assert of(spark.table("lin_w")) == {"z": "t.a", "|": "t.a"}


def test_data_frames_have_lineage_as_sql_has() -> None:
    spark = start_spark()
    t, u = spark.table("lin_bronze.t"), spark.table("lin_bronze.u")
    assert of(t.withColumn("x", f.col("a") + 1).select("x", f.col("b").alias("y"))) == {
        "x": "~t.a",
        "y": "t.b",
        "|": "",
    }
    assert of(t.select("a", "b").unionByName(u.select(f.col("c").alias("b"), "a"))) == {
        "a": "t.a u.a",
        "b": "t.b u.c",
        "|": "",
    }
    assert of(t.select("a", "b").dropDuplicates(["a"])) == {"a": "t.a", "b": "t.b", "|": "t.a"}
    assert of(u.cache().where("a > 1").repartition(2).sample(0.5)) == {"a": "u.a", "c": "u.c", "|": "u.a"}
    assert of(u.groupBy("c").pivot("a", [1, 2]).count())["c"] == "u.c"
    assert of(u.unpivot("a", ["c"], "k", "v"))["a"] == "u.a"
    assert of(u.join(t.select("a"), "a", "left_semi")) == {"a": "u.a", "c": "u.c", "|": "t.a u.a"}
    u.unpersist()


def test_the_result_of_a_python_function_has_the_columns_that_it_reads() -> None:
    spark = start_spark()
    t, u = spark.table("lin_bronze.t").select("a", "b").where("b = 'x'"), spark.table("lin_bronze.u")
    upper = f.udf(lambda text: text and text.upper(), "string")
    doubled = f.pandas_udf(lambda numbers: numbers * 2, "int")
    assert of(t.select(upper("b").alias("x"), doubled("a").alias("y"))) == {"x": "~t.b", "y": "~t.a", "|": "t.b"}
    assert of(t.mapInPandas(lambda frames: frames, "x int, y string")) == {
        "x": "~t.a ~t.b",
        "y": "~t.a ~t.b",
        "|": "t.b",
    }
    assert of(t.mapInArrow(lambda batches: batches, "x int, y string"))["x"] == "~t.a ~t.b"
    assert of(u.groupBy("a").applyInPandas(lambda frame: frame, "x int")) == {"x": "~u.a ~u.c", "|": "u.a"}
    grouped = t.groupBy("a").cogroup(u.groupBy("a"))
    assert of(grouped.applyInPandas(lambda left, right: left, "x int"))["x"] == "~t.a ~t.b ~u.a ~u.c"


def test_rows_from_python_have_no_sources() -> None:
    spark = start_spark()
    frames = [
        spark.createDataFrame([(1,)], "x int"),
        spark.createDataFrame(pd.DataFrame({"x": [1]})),
        spark.range(3).toDF("x"),
    ]
    assert [of(rows) for rows in frames] == [{"x": "", "|": ""}] * 3


def test_a_query_with_thousands_of_levels_has_lineage() -> None:
    rows = start_spark().table("lin_bronze.u")
    for _ in range(150):
        rows = rows.withColumn("a", f.col("a") + 1)
    assert of(rows) == {"a": "~u.a", "c": "u.c", "|": ""}
    many = " OR ".join(f"a = {number}" for number in range(800))
    assert of(start_spark().sql(f"SELECT a FROM lin_bronze.u WHERE {many}")) == {"a": "u.a", "|": "u.a"}


def documented_kinds() -> list[tuple[str, str]]:
    """The kind and the example in each row of the table of kinds."""
    page = (Path(__file__).parents[3] / "docs" / "derived" / "lineage.md").read_text()
    return re.findall(r"^\| `(identity|transformation|aggregation)` \| [^|]* \| `(.*)` \|$", page, re.MULTILINE)


def test_the_kinds_in_the_documentation_are_those_of_its_examples() -> None:
    rows = "SELECT 'MA' AS state, named_struct('city', 'Boston') AS address, array('x') AS names"
    start_spark().sql(f"CREATE TABLE lin_bronze.documented USING parquet AS {rows}")
    assert len(documented_kinds()) == 8
    for kind, example in documented_kinds():
        lineage = lineage_of(start_spark().sql(f"SELECT {example} AS x FROM lin_bronze.documented"))
        assert [each["kind"] for each in lineage["columns"]["x"]] == [kind], example


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.name.startswith("etl_runtime")]


def test_a_query_that_is_too_large_has_no_lineage_and_says_so(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr(module, "MAX_PLAN_COLUMNS", 3)
    assert Lineage("x", start_spark().sql("SELECT * FROM lin_bronze.t")).result() is None
    assert messages(caplog) == ["x: the run record has no column lineage: the query is too large"]


def test_a_problem_does_not_fail_the_run_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    assert Lineage("x", "not a data frame").result() is None
    assert messages(caplog) == [
        "x: the run record has no column lineage: AttributeError: 'str' object has no attribute '_jdf'"
    ]


def test_the_lineage_of_a_table_with_5000_columns_takes_less_than_a_second_of_the_driver() -> None:
    rows = start_spark().range(1).select(*(f.lit(index).alias(f"c{index}") for index in range(5000)))
    rows = rows.select(*(f.col(name).alias(f"x_{name}") for name in rows.columns)).where("x_c0 = 0")
    started = time.thread_time()
    lineage = lineage_of(rows)
    assert time.thread_time() - started < 1
    assert len(lineage["columns"]) == 5000


def test_a_run_does_not_wait_long_for_the_lineage(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr(module, "MAX_WAIT_SECONDS", 0.2)
    monkeypatch.setattr(module, "lineage_of", lambda _: time.sleep(5))
    started = time.monotonic()
    assert Lineage("x", start_spark().range(1)).result() is None
    assert time.monotonic() - started < 2
    assert messages(caplog) == [
        "x: the run record has no column lineage: Spark did not return the plan within 0.2 s after the tables were checked"
    ]


def test_python_functions_of_many_columns_have_no_lineage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of their columns would have all columns of the input as its sources."""
    monkeypatch.setattr(plan_lineage, "MAX_ENTRIES", 5)
    with pytest.raises(plan_lineage.TooManySources):
        lineage_of(start_spark().table("lin_bronze.u").mapInPandas(lambda frames: frames, "x int, y int, z int"))


EXPRESSIONS = st.sampled_from(
    ["a", "b", "address.city", "c", "a + 1", "upper(b)", "coalesce(b, c)", "address.zip", "1", "concat(b, c)"]
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    columns=st.lists(EXPRESSIONS, min_size=1, max_size=4),
    join=st.sampled_from(["JOIN", "LEFT JOIN", "FULL JOIN"]),
    union=st.booleans(),
    distinct=st.booleans(),
)
def test_sources_are_columns_of_the_inputs_and_identities_have_their_values(
    columns: list[str], join: str, union: bool, distinct: bool
) -> None:
    joined = f"(SELECT t.*, u.c FROM lin_bronze.t t {join} lin_bronze.u u ON t.a = u.a)"
    selected = ", ".join(f"{expression} AS x{index}" for index, expression in enumerate(columns))
    sql = f"SELECT {'DISTINCT ' if distinct else ''}{selected} FROM {joined}"
    if union:
        sql = f"{sql} UNION ALL SELECT {selected} FROM {joined} WHERE b = 'x'"
    rows = start_spark().sql(sql)
    values = rows.toPandas()
    lineage = lineage_of(rows)
    assert list(lineage["columns"]) == rows.columns
    for name, sources in lineage["columns"].items():
        for source in [*sources, *lineage["filters"]]:
            assert source["column"] in TABLES[source["table"]].column_names
        if [each["kind"] for each in sources] == ["identity"]:
            (source,) = sources
            allowed = source_values(source)
            assert all(value in allowed for value in values[name] if not pd.isna(value))


def source_values(source: dict[str, str]) -> list[Any]:
    values: Any = TABLES[source["table"]][source["column"]].to_pylist()
    for key in source.get("path", "").split(".")[1:]:
        values = [value and value[key] for value in values]
    return list(values)


@pytest.fixture(scope="module")
def places() -> Iterator[Dataset]:
    made = Dataset("places-of-lineage")
    with serving() as source:
        made.run(
            source.serves(
                "/x.csv", b"zip_code,city,state,opened\n00501,Holtsville,NY,2024-01-31\n02101,Boston,MA,2020-02-29\n"
            )
        )
    yield made


def test_the_record_and_published_json_have_the_lineage_and_the_record_has_bounds(
    places: Dataset, gold: MakeGold
) -> None:
    table = f"pp_dw_bronze.{places.name.replace('-', '_')}"
    made = gold(places)
    record = made.run(
        f"SELECT state, max(opened) AS newest, count(*) AS n, 1.5D AS f FROM {table} WHERE city > '' GROUP BY state"
    )
    lineage = {
        "tables": [table],
        "columns": {
            "state": [{"table": table, "column": "state", "kind": "identity"}],
            "newest": [{"table": table, "column": "opened", "kind": "aggregation"}],
            "n": [],
            "f": [],
        },
        "filters": [{"table": table, "column": "city"}, {"table": table, "column": "state"}],
    }
    key = made.name.replace("-", "_")
    assert record["lineage"] == {key: lineage}
    assert made.published()["tables"][key]["lineage"] == lineage
    assert "lineage" not in record["tables"][0]
    assert record["tables"][0]["bounds"] == {
        "newest": ["2020-02-29", "2024-01-31"],
        "n": ["1", "1"],
        "f": ["1.5", "1.5"],
    }
    second = gold(made)
    assert second.run(f"SELECT * FROM pp_dw_gold.{key}")["lineage"] == {
        second.name.replace("-", "_"): {
            "tables": [f"pp_dw_gold.{key}"],
            "columns": {
                name: [{"table": f"pp_dw_gold.{key}", "column": name, "kind": "identity"}]
                for name in ("state", "newest", "n", "f")
            },
            "filters": [],
        }
    }


def test_a_history_has_the_lineage_of_its_query(places: Dataset, gold: MakeGold) -> None:
    made = gold(places)
    sql = f"SELECT zip_code, upper(city) AS city FROM pp_dw_bronze.{places.name.replace('-', '_')}"
    for options in ("{}", '{"force": true}'):
        record = made.run(sql, history={"business_key": ["zip_code"]}, run_options=options)
        ((_, lineage),) = record["lineage"].items()
        assert {name: each[0]["kind"] for name, each in lineage["columns"].items()} == {
            "zip_code": "identity",
            "city": "transformation",
        }


def test_bounds_are_those_of_all_objects_and_never_text(places: Dataset, gold: MakeGold) -> None:
    made = gold(places)
    record = made.run(
        lambda context: context.spark.range(1000)
        .selectExpr(
            "CAST(id - 500 AS decimal(20,3)) AS d", "CAST(id AS string) AS t", "DATE'2000-01-01' + CAST(id AS int) AS day",
            "TIMESTAMP'2000-01-01 00:00:00' + make_interval(0, 0, 0, 0, 0, 0, id / 10) AS ts", "id % 2 = 0 AS b",
            "IF(id < 600, double('NaN'), id) AS nan", "CAST(NULL AS int) AS nothing", "struct(id) AS s", "array(id) AS l",
        )
        .orderBy("ts")
        .hint("rebalance")
    )  # fmt: skip
    assert record["tables"][0]["bounds"] == {
        "d": ["-500.000", "499.000"],
        "day": ["2000-01-01", "2002-09-26"],
        "ts": ["2000-01-01 00:00:00+00:00", "2000-01-01 00:01:39.900000+00:00"],
        "b": ["False", "True"],
        "nan": ["600.0", "999.0"],
    }


def test_a_query_with_a_long_list_of_values_has_no_lineage() -> None:
    few, many = (f"id IN ({', '.join(map(str, range(count)))})" for count in (1_000, 20_000))
    assert lineage_of(start_spark().range(1).where(few))["columns"] == {"id": []}
    with pytest.raises(PlanTooLarge):
        lineage_of(start_spark().range(1).where(many))
