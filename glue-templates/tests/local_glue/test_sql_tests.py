"""The runner of `medallion test`: types of values, the comparison of tables, and the transform of a dataset on Spark."""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gold_job
from etl_runtime.columns.athena_types import parsed
from etl_runtime.job.spark import start_spark
from sql_tests.check import run_test
from sql_tests.compare import difference
from sql_tests.dataset_transform import DatasetTransform
from sql_tests.input_rows import InvalidTest, typed_rows
from sql_tests.record import RecordingProblem, record
from sql_tests.request import Expectation, ExpectedTable, InputTable, Load, Row, Rows, SqlTest
from sql_tests.values import ValueProblem, arrow_type, plain, text_of, value_of

SPARK = start_spark  # conftest.py marks the tests of a module with this import

ZIPCODES = InputTable("pp_dw_bronze.zipcodes", "bronze")
AIRPORTS = InputTable("pp_dw_bronze.airports", "bronze")
CONTRACT = InputTable("pp_dw_bronze.zipcodes", "bronze", {"zip_code": "string", "lat": "double"}, "the contract")


def rows(*values: Mapping[str, Any], columns: Mapping[str, str] | None = None, file: str | None = None) -> Rows:
    numbered = tuple(Row(number, each) for number, each in enumerate(values, start=1))
    return Rows("inputs.x", "a.yaml", 7, None if file else numbered, file, columns or {})


def number(text: str) -> dict[str, str]:
    return {"number": text}


# Values


@pytest.mark.parametrize(
    ("cell", "type_", "value"),
    [
        (None, "bigint", None),
        ("", "string", ""),
        (number("02101"), "string", "02101"),
        (number("12"), "bigint", 12),
        ("12", "int", 12),
        (number("1.10"), "decimal(9,2)", Decimal("1.10")),
        (number("1"), "decimal(9,2)", Decimal("1.00")),
        (
            "123456789012345678901234567890123456.78",
            "decimal(38,2)",
            Decimal("123456789012345678901234567890123456.78"),
        ),
        (number(".inf"), "double", float("inf")),
        (number("-.inf"), "double", float("-inf")),
        (number("0.1"), "double", 0.1),
        ({"boolean": "true"}, "boolean", True),
        ("2026-11-02", "date", date(2026, 11, 2)),
        ("2026-11-02", "timestamp", datetime(2026, 11, 2, tzinfo=UTC)),
        ("2026-11-02 10:00:00.5", "timestamp", datetime(2026, 11, 2, 10, 0, 0, 500_000, UTC)),
        ("2026-11-02T10:00:00+02:00", "timestamp", datetime(2026, 11, 2, 8, tzinfo=UTC)),
        ("00ff", "binary", b"\x00\xff"),
        ([number("1"), None], "array<bigint>", [1, None]),
        ({"map": {"a": number("1")}}, "map<string,bigint>", [("a", 1)]),
        ({"map": {"b": "x"}}, "struct<a:bigint,b:string>", {"a": None, "b": "x"}),
    ],
)
def test_a_value_has_the_type_of_its_column(cell: Any, type_: str, value: Any) -> None:
    assert value_of(cell, parsed(type_)) == value


@pytest.mark.parametrize(
    ("cell", "type_", "message"),
    [
        ("x", "bigint", "is 'x', which is not a bigint"),
        (number("1.5"), "bigint", "is '1.5', which is not a bigint"),
        (number("128"), "tinyint", "is '128', which is not a tinyint"),
        (number("1.234"), "decimal(9,2)", "too many digits"),
        ("NaN", "decimal(9,2)", "is 'NaN', which is not a decimal"),
        ("maybe", "boolean", "write true or false"),
        ("2026-02-30", "date", "write 2026-11-02"),
        ("x", "array<string>", "is not a list, but the type is array<string>"),
        (["x"], "string", "is a list, but the type is string"),
        ({"map": {"c": "x"}}, "struct<a:string>", "has the field c"),
    ],
)
def test_a_value_of_another_type_is_an_error(cell: Any, type_: str, message: str) -> None:
    with pytest.raises(ValueProblem, match=message.replace("(", r"\(")):
        value_of(cell, parsed(type_))


SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "int": st.integers(-(2**31), 2**31 - 1),
    "double": st.floats(allow_nan=False),
    "boolean": st.booleans(),
    "date": st.dates(),
    "timestamp": st.datetimes(timezones=st.just(UTC)),
    "decimal(18,2)": st.decimals(min_value=-1000, max_value=1000, places=2),
    "binary": st.binary(),
}


@given(st.data())
def test_a_recorded_value_is_read_with_the_same_value(data: st.DataObject) -> None:
    type_ = data.draw(st.sampled_from(sorted(SCALARS)))
    value = data.draw(SCALARS[type_])
    written = json.loads(json.dumps(plain(value)))
    cell = (
        {"boolean": str(written).lower()}
        if isinstance(written, bool)
        else number(repr(written))
        if isinstance(written, int | float)
        else written
    )
    assert value_of(cell, parsed(type_)) == value


# Types of input columns


def test_columns_have_the_types_of_the_contract_and_missing_columns_are_null() -> None:
    table = typed_rows(CONTRACT, rows({"zip_code": number("02101")}))
    assert table.to_pylist() == [{"zip_code": "02101", "lat": None}]
    assert table.schema.field("lat").type == pa.float64()


@pytest.mark.parametrize(
    ("cells", "type_"),
    [
        ([number("1"), None], "bigint"),
        ([number("1"), number("1.5")], "double"),
        ([number("02101")], "string"),
        ([number("99999999999999999999")], "double"),
        ([{"boolean": "true"}], "boolean"),
        ([number("1"), "x"], "string"),
        (["1"], "string"),
        (["2026-11-02"], "string"),
        ([None], "string"),
        ([[number("1")], []], "array<bigint>"),
        ([{"map": {"a": "x"}}], "struct<a:string>"),
    ],
)
def test_types_without_a_contract_are_inferred_from_unquoted_values(cells: list[Any], type_: str) -> None:
    table = typed_rows(ZIPCODES, rows(*({"c": cell} for cell in cells)))
    assert table.schema.field("c").type == arrow_type(parsed(type_))


@pytest.mark.parametrize(
    ("table", "given_rows", "message"),
    [
        (CONTRACT, rows({"zip_cod": "1"}), "a.yaml:1: inputs.x: the row has the column zip_cod, which the contract does not"),
        (CONTRACT, rows({"lat": "x"}), "a.yaml:1: inputs.x: lat is 'x', which is not a double (the type is from the contract)"),
        (CONTRACT, rows(columns={"lat": "bigint"}), "a.yaml:7: inputs.x: columns declares lat as bigint, but the contract has double"),
        (ZIPCODES, rows({"c": "x"}, columns={"c": "bigint"}), "the type is from columns in the test"),
        (ZIPCODES, rows(columns={"c": "text"}), "the type of c is 'text'"),
        (ZIPCODES, rows(columns={"c": "array<"}), "the type of c is 'array<'"),
        (ZIPCODES, rows(), "its columns are unknown. Add columns"),
    ],
)  # fmt: skip
def test_rows_that_do_not_fit_are_an_error_with_their_place(table: InputTable, given_rows: Rows, message: str) -> None:
    with pytest.raises(InvalidTest) as raised:
        typed_rows(table, given_rows)
    assert message in str(raised.value)


def test_rows_of_files(tmp_path: Path) -> None:
    expected = [{"a": "", "b": None, "c": "1,5"}, {"a": "x", "b": "02", "c": "2"}]
    tmp_path.joinpath("x.csv").write_text('a,b,c\n"",,"1,5"\nx,02,2\n')
    tmp_path.joinpath("x.jsonl").write_text('{"a": "", "c": "1,5"}\n\n{"a": "x", "b": "02", "c": "2"}\n')
    pq.write_table(pa.Table.from_pylist(expected), tmp_path / "x.parquet")
    for name in ("x.csv", "x.jsonl", "x.parquet"):
        found = typed_rows(ZIPCODES, rows(file=str(tmp_path / name))).select(["a", "b", "c"])
        assert found.to_pylist() == expected, name
    tmp_path.joinpath("u.jsonl").write_text('{"a": "x\u2028y\u0085z"}\r\n{"a": "b"}\r\n', encoding="utf-8")
    found = typed_rows(ZIPCODES, rows(file=str(tmp_path / "u.jsonl")))
    assert found["a"].to_pylist() == ["x\u2028y\u0085z", "b"]
    tmp_path.joinpath("y.csv").write_text("zip_code,lat\n02101,x\n")
    with pytest.raises(InvalidTest, match=r"a.yaml:7: inputs.x: y.csv: lat is 'x'"):
        typed_rows(CONTRACT, rows(file=str(tmp_path / "y.csv")))
    tmp_path.joinpath("z.jsonl").write_text("[]\n")
    with pytest.raises(InvalidTest, match=r"z.jsonl cannot be read: line 1 is not a JSON object"):
        typed_rows(ZIPCODES, rows(file=str(tmp_path / "z.jsonl")))


# The comparison

TYPES = {"name": "string", "share": "double", "count": "bigint"}
ROWS = st.lists(
    st.tuples(st.none() | st.text(max_size=3), st.none() | st.floats(), st.none() | st.integers(0, 3)), max_size=12
)


@given(ROWS, st.randoms(use_true_random=False))
def test_a_table_does_not_differ_from_itself_in_another_order(table: list[Any], order: random.Random) -> None:
    shuffled = list(table)
    order.shuffle(shuffled)
    assert not difference(table, shuffled, TYPES, ordered=False)


@given(ROWS, ROWS)
def test_the_number_of_rows_that_differ_is_that_of_the_tables(expected: list[Any], actual: list[Any]) -> None:
    found = difference(expected, actual, TYPES, ordered=False)
    assert len(expected) - len(found.missing) == len(actual) - len(found.unexpected)
    if not found:
        assert len(expected) == len(actual)


def test_null_differs_from_empty_text_and_from_the_text_null() -> None:
    for value in ("", "NULL", "null"):
        (cell,) = difference([(value, 1)], [(None, 1)], {"a": "string", "b": "bigint"}, ordered=False).cells
        assert (cell.row, cell.column, cell.expected, cell.actual) == (1, "a", value, None)


@pytest.mark.parametrize(
    ("type_", "expected", "actual", "is_equal"),
    [
        ("double", 0.3, 0.1 + 0.2, True),
        ("double", 1.0, 1.0 + 1e-8, False),
        ("double", 0.0, 1e-13, True),
        ("double", float("nan"), float("nan"), True),
        ("double", 0.0, -0.0, True),
        ("float", 1.0, 1.0 + 1e-7, True),
        ("decimal(9,2)", Decimal("1.10"), Decimal("1.1"), True),
        ("decimal(9,2)", Decimal("1.10"), Decimal("1.11"), False),
        ("decimal(9,0)", Decimal("10"), Decimal("1"), False),
        (
            "decimal(38,2)",
            Decimal("123456789012345678901234567890123456.78"),
            Decimal("123456789012345678901234567890123456.79"),
            False,
        ),
        ("string", "a", "a ", False),
    ],
)
def test_floats_have_a_tolerance_and_all_other_values_are_exact(
    type_: str, expected: Any, actual: Any, is_equal: bool
) -> None:
    assert bool(difference([(expected,)], [(actual,)], {"a": type_}, ordered=False)) != is_equal


def test_ordered_rows_are_compared_by_position() -> None:
    types = {"a": "bigint"}
    assert not difference([(1,), (2,)], [(2,), (1,)], types, ordered=False)
    found = difference([(1,), (2,), (3,)], [(2,), (1,)], types, ordered=True)
    assert [(cell.row, cell.expected, cell.actual) for cell in found.cells] == [(1, "1", "2"), (2, "2", "1")]
    assert found.missing == [["3"]]


def test_rows_with_most_columns_in_common_differ_in_cells_and_others_are_missing_or_unexpected() -> None:
    types = {"a": "string", "b": "string", "c": "bigint"}
    found = difference([("x", "y", 1), ("gone", "gone", 9)], [("new", "new", 8), ("x", "y", 2)], types, ordered=False)
    assert [(cell.row, cell.column, cell.expected, cell.actual) for cell in found.cells] == [(1, "c", "1", "2")]
    assert (found.missing, found.unexpected) == ([["gone", "gone", "9"]], [["new", "new", "8"]])


def test_nested_values_are_shown_as_json() -> None:
    assert text_of({"a": [1, Decimal("1.50")]}) == '{"a": [1, "1.50"]}'
    assert text_of([("k", None)]) == '{"k": null}'


# The transform on Spark

CITIES = "SELECT city, count(*) AS zip_codes FROM pp_dw_bronze.zipcodes GROUP BY city"
BOSTON = {"zip_code": "02101", "city": "Boston"}

MakeTransform = Callable[..., DatasetTransform]


@pytest.fixture
def transform(tmp_path: Path) -> MakeTransform:
    """Creates the packaged files of a dataset, with SQL or with a custom script."""

    def make(sql: str = "", script: str = "", outputs: Sequence[str] = (), **document: Any) -> DatasetTransform:
        folder = "s3://pp-dw/etl/cities/glue/"
        names = {
            "layer": "gold",
            "dataset": "cities",
            "bucket": "pp-dw",
            "job": "pp-dw-gold-cities",
            "database": "pp_dw_gold",
            "staging": "s3://pp-dw/staging/gold/cities/",
            "runs": "s3://pp-dw/etl/cities/runs/gold/",
            "tables": {key: {"name": key, "location": f"s3://pp-dw/gold/{key}/"} for key in outputs or ["cities"]},
            "timeout_minutes": 30,
            "inputs": [
                {"dataset": f"bronze/{name}", "database": "pp_dw_bronze", "runs": f"s3://pp-dw/{name}/"}
                for name in ("zipcodes", "airports")
            ],
            "sql": f"{folder}gold.sql",
        }
        content = {
            "dataset": "cities",
            "sql": "cities.sql",
            **({"outputs": list(outputs)} if outputs else {}),
            **document,
        }
        packaged = Path(gold_job.__file__).read_text()
        files = {
            f"{folder}gold.json": json.dumps(content),
            f"{folder}gold.sql": sql,
            f"{folder}gold_job.py": script or packaged,
        }
        arguments = {"--names": json.dumps(names), "--dataset_config": f"{folder}gold.json", "--run_options": "{}"}
        encoded = {uri: text.encode() for uri, text in files.items()}
        return DatasetTransform(f"{folder}gold_job.py", arguments, encoded, tmp_path)

    return make


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Any]:
    """Runs a test. Returns the problems."""
    counter = iter(range(100))

    def run_one(dataset: DatasetTransform, *loads: Load, tables: Sequence[InputTable] = (ZIPCODES, AIRPORTS)) -> Any:
        result = run_test(SqlTest(1, 0, loads), dataset, tables, tmp_path / f"run{next(counter)}")
        assert (result["status"] == "passed") == (not result["problems"])
        return result["problems"]

    return run_one


def expecting(*values: Mapping[str, Any], output: str = "", **options: bool) -> Expectation:
    return Expectation({output: ExpectedTable(rows(*values), **options)})


def load(*zipcodes: Mapping[str, Any], expect: Expectation | None = None, at: str = "2026-11-01") -> Load:
    return Load(at, {"pp_dw_bronze.zipcodes": rows(*zipcodes)}, expect)


def test_the_packaged_sql_runs_on_the_rows_of_the_test(transform: MakeTransform, run: Callable[..., Any]) -> None:
    dataset = transform(CITIES)
    two = {"city": "Boston", "zip_codes": number("2")}
    assert run(dataset, load(BOSTON, BOSTON, expect=expecting(two))) == []
    (problem,) = run(dataset, load(BOSTON, expect=expecting(two)))
    (cell,) = problem["difference"]["cells"]
    assert cell == {"row": 1, "column": "zip_codes", "type": "bigint", "expected": "2", "actual": "1"}
    assert problem["difference"]["total"] == 1
    (problem,) = run(dataset, load(BOSTON, expect=expecting({"city": "Boston"})))
    assert problem["message"].startswith("The table has the column zip_codes, which the expected rows do not have.")
    assert run(dataset, load(BOSTON, expect=expecting({"city": "Boston"}, listed_columns=True))) == []
    (problem,) = run(dataset, load(BOSTON, expect=expecting({"citi": "Boston"})))
    assert problem["message"].startswith('The table has no column citi. Did you mean "city"?')
    (problem,) = run(dataset, load(BOSTON, expect=expecting({"city": "Boston", "zip_codes": "x"})))
    assert "zip_codes is 'x', which is not a bigint (the type of the column in the result)" in problem["message"]


def test_an_empty_result_can_be_expected(transform: MakeTransform, run: Callable[..., Any]) -> None:
    dataset = transform(f"{CITIES} HAVING count(*) > 1")
    assert run(dataset, load(BOSTON, expect=expecting())) == []
    (problem,) = run(dataset, load(BOSTON, BOSTON, expect=expecting()))
    assert problem["difference"]["unexpected"] == [["Boston", "2"]]


def test_the_order_of_rows_is_compared_if_the_test_says_so(transform: MakeTransform, run: Callable[..., Any]) -> None:
    dataset = transform("SELECT city FROM pp_dw_bronze.zipcodes ORDER BY city DESC")
    cities = [{"city": "Adams"}, {"city": "Boston"}]
    values = [{"zip_code": "1", **each} for each in cities]
    assert run(dataset, load(*values, expect=expecting(*cities))) == []
    assert run(dataset, load(*values, expect=expecting(*reversed(cities), ordered=True))) == []
    assert len(run(dataset, load(*values, expect=expecting(*cities, ordered=True)))) == 1


def test_errors_have_the_code_and_the_position_of_the_job(transform: MakeTransform, run: Callable[..., Any]) -> None:
    dataset = transform("SELECT citi\nFROM pp_dw_bronze.zipcodes")
    (problem,) = run(dataset, load(BOSTON, expect=expecting(BOSTON)))
    assert problem["message"].startswith("QUERY_INVALID: cities.sql, line 1, column 8:")
    assert run(dataset, load(BOSTON, expect=Expectation(error="QUERY_INVALID"))) == []
    (problem,) = run(dataset, load(BOSTON, expect=Expectation(error="GATE_RULES")))
    assert problem["message"].startswith("Expected the error GATE_RULES. QUERY_INVALID: ")
    (problem,) = run(transform(CITIES), load(BOSTON, expect=Expectation(error="QUERY_INVALID")))
    assert problem["message"] == "Expected the error QUERY_INVALID, but the transform succeeded."


def test_a_table_without_rows_is_empty_with_a_contract_and_named_without(
    transform: MakeTransform, run: Callable[..., Any]
) -> None:
    dataset = transform("SELECT count(*) AS n FROM pp_dw_bronze.airports")
    (problem,) = run(dataset, load(BOSTON, expect=expecting({"n": number("0")})))
    assert "QUERY_TABLE_NOT_AN_INPUT" in problem["message"]
    assert "The test has no rows for pp_dw_bronze.airports" in problem["message"]
    known = InputTable("pp_dw_bronze.airports", "bronze", {"iata": "string"}, "the contract")
    assert run(dataset, load(BOSTON, expect=expecting({"n": number("0")})), tables=[ZIPCODES, known]) == []


def test_the_duplicate_business_key_is_found_and_gates_on_sizes_are_not_checked(
    transform: MakeTransform, run: Callable[..., Any]
) -> None:
    quality = {"expected_record_count_min": 1000, "required_columns": ["city"]}
    dataset = transform("SELECT city FROM pp_dw_bronze.zipcodes", business_key=["city"], data_quality=quality)
    assert run(dataset, load({"zip_code": "1", "city": None}, expect=expecting({"city": None}))) == []
    assert run(dataset, load(BOSTON, BOSTON, expect=Expectation(error="GATE_BUSINESS_KEY"))) == []


SCRIPT = """
import sys

from pyspark.sql import functions as f

from etl_runtime.gold import run_gold


def transform(gold):
    zipcodes = gold.read("pp_dw_bronze.zipcodes")
    gold.require("a ZIP code has five digits", "length(zip_code) = 5")
    length = f.udf(len, "int")
    return zipcodes.select("zip_code", length("city").alias("length"))


if __name__ == "__main__":
    run_gold(sys.argv, transform)
"""


def test_a_custom_script_runs_with_its_functions_and_rules(transform: MakeTransform, run: Callable[..., Any]) -> None:
    dataset = transform(script=SCRIPT)
    expected = {"zip_code": "02101", "length": number("6")}
    assert run(dataset, load(BOSTON, expect=expecting(expected))) == []
    short = {"zip_code": "2101", "city": "Boston"}
    (problem,) = run(dataset, load(short, expect=expecting({**expected, "zip_code": "2101"})))
    assert problem["message"].startswith('The rule "a ZIP code has five digits" is violated.')
    violated = ("a ZIP code has five digits",)
    assert run(dataset, load(short, expect=Expectation(violated_rules=violated))) == []
    (problem,) = run(dataset, load(BOSTON, expect=Expectation(violated_rules=violated)))
    assert "every row satisfies it" in problem["message"]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (SCRIPT.replace("    zipcodes =", "    1 / 0\n    zipcodes ="), "UNEXPECTED_ERROR: gold_job.py, line 10: ZeroDivisionError"),
        (SCRIPT.replace("udf(len", "udf(lambda city: city.size"), "SPARK_FAILED: A Spark task failed: AttributeError"),
        ("print('nothing')", "TRANSFORM_RESULT_INVALID: gold_job.py does not call run_gold"),
        ("raise SystemExit(3)", "UNEXPECTED_ERROR: gold_job.py ended with exit code 3."),
    ],
)  # fmt: skip
def test_errors_of_a_script_name_its_line(
    transform: MakeTransform, run: Callable[..., Any], script: str, message: str
) -> None:
    (problem,) = run(transform(script=script), load(BOSTON, expect=expecting(BOSTON)))
    assert problem["message"].startswith(message)


def test_each_output_has_its_own_expectation(transform: MakeTransform, run: Callable[..., Any]) -> None:
    dataset = transform(
        f"CREATE TEMPORARY VIEW cities AS {CITIES}; "
        "CREATE TEMPORARY VIEW totals AS SELECT count(*) AS n FROM pp_dw_bronze.zipcodes",
        outputs=["cities", "totals"],
    )
    assert run(dataset, load(BOSTON, expect=expecting({"n": number("1")}, output="totals"))) == []
    (problem,) = run(dataset, load(BOSTON, expect=expecting({"n": number("2")}, output="totals")))
    assert problem["where"] == "output totals"
    (problem,) = run(dataset, load(BOSTON, expect=expecting({"n": number("1")}, output="total")))
    assert "no output 'total'. Did you mean \"totals\"?" in problem["message"]
    (problem,) = run(dataset, load(BOSTON, expect=expecting({"n": number("1")})))
    assert "Its outputs are cities, totals" in problem["message"]


@pytest.mark.parametrize("table_format", ["parquet", "iceberg"])
def test_loads_continue_the_versions_of_a_history(
    transform: MakeTransform, run: Callable[..., Any], table_format: str
) -> None:
    dataset = transform(
        "SELECT zip_code, city FROM pp_dw_bronze.zipcodes",
        history={"business_key": ["zip_code"]},
        table_format=table_format,
    )

    def version(city: str, begin: str, end: str | None, change: str) -> dict[str, Any]:
        return {
            "zip_code": "02101",
            "city": city,
            "valid_from": begin,
            "valid_to": end,
            "is_current": {"boolean": str(end is None).lower()},
            "change_type": change,
        }

    renamed = {**BOSTON, "city": "Bostonia"}
    first = version("Boston", "2026-11-01", "2026-11-03", "insert")
    assert (
        run(
            dataset,
            load(BOSTON, expect=expecting(version("Boston", "2026-11-01", None, "insert"))),
            load(BOSTON, at="2026-11-02"),
            load(
                renamed,
                at="2026-11-03",
                expect=expecting(first, version("Bostonia", "2026-11-03", None, "update")),
            ),
            load(
                {"zip_code": "1", "city": "x"},
                at="2026-11-04",
                expect=expecting(
                    first,
                    version("Bostonia", "2026-11-03", "2026-11-04", "delete"),
                    {**version("x", "2026-11-04", None, "insert"), "zip_code": "1"},
                ),
            ),
        )
        == []
    )
    (problem,) = run(dataset, load(BOSTON), load(BOSTON, BOSTON, at="2026-11-02", expect=expecting(BOSTON)))
    assert problem["where"] == "load 2"
    assert problem["message"].startswith("HISTORY_KEY_NOT_UNIQUE: ")


# Recording


def write_lake(folder: Path, tables: Mapping[str, list[dict[str, Any]]]) -> None:
    """A local lake with published bronze tables."""
    for name, values in tables.items():
        table = pa.Table.from_pylist(values)
        file = folder / "pp-dw" / "bronze" / name / f"{name}.parquet"
        published = folder / "pp-dw" / "etl" / name / "runs" / "bronze" / "published.json"
        for path in (file, published):
            path.parent.mkdir(parents=True)
        pq.write_table(table.append_column("meta_run_id", pa.array(["r"] * table.num_rows)), file)
        columns = [{"name": each, "type": "string"} for each in table.column_names]
        entry = {"name": name, "files": [f"bronze/{name}/{name}.parquet"], "columns": columns}
        content = {"dataset": name, "database": "pp_dw_bronze", "tables": {name: entry}}
        published.write_text(json.dumps(content))


KEYS = st.sampled_from(["a", "b", "c", "d"])


@settings(max_examples=5)
@given(
    zipcodes=st.lists(st.fixed_dictionaries({"city": KEYS, "zip_code": KEYS}), min_size=1, max_size=9),
    airports=st.lists(st.fixed_dictionaries({"town": KEYS, "iata": KEYS}), min_size=1, max_size=9),
)
def test_a_recorded_test_passes(
    tmp_path_factory: pytest.TempPathFactory, zipcodes: list[dict[str, str]], airports: list[dict[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("recorded")
    dataset = transform.__wrapped__(folder)(  # type: ignore[attr-defined]
        "SELECT z.city AS place, count(*) AS n FROM pp_dw_bronze.zipcodes z JOIN pp_dw_bronze.airports a "
        "ON a.town = z.city GROUP BY z.city"
    )
    write_lake(folder / "lake", {"zipcodes": zipcodes, "airports": airports})
    request = {"lake": str(folder / "lake"), "rows": 3, "at": "2000-01-01"}
    joins = {each["city"] for each in zipcodes} & {each["town"] for each in airports}
    if not joins:
        with pytest.raises(RecordingProblem, match="returns no rows"):
            record(dataset, [ZIPCODES, AIRPORTS], request, folder / "work")
        return
    found = record(dataset, [ZIPCODES, AIRPORTS], request, folder / "work")
    inputs = {name: rows(*each["rows"], columns=each["columns"]) for name, each in found["inputs"].items()}
    recorded = [{**each, "n": number(str(each["n"]))} for each in found["outputs"]["cities"]["rows"]]
    assert recorded
    test = SqlTest(1, 0, [Load("2000-01-01", inputs, expecting(*recorded))])
    assert run_test(test, dataset, [ZIPCODES, AIRPORTS], folder / "run")["problems"] == []
