"""The silver job. It shares its code with the gold job (see test_gold_job.py). These tests cover the differences."""

from collections.abc import Callable

import pytest
from pyspark.sql import DataFrame

from conftest import Dataset, DerivedTable, Source
from etl_runtime.job.errors import RunFailed
from etl_runtime.silver import Silver

MakeDataset = Callable[..., Dataset]
MakeTable = Callable[..., DerivedTable]

ZIP_CODES = b"zip_code,city,state\n00501,Holtsville,NY\n02101,Boston,MA\n02102,Boston,MA\n"


@pytest.fixture
def zipcodes(dataset: MakeDataset, source: Source) -> Dataset:
    made = dataset()
    made.run(source.serves("/zipcodes.csv", ZIP_CODES))
    return made


def table_of(made: Dataset | DerivedTable) -> str:
    (table,) = made.names["tables"].values()
    return f"{made.names['database']}.{table['name']}"


def test_a_query_builds_a_silver_table_that_gold_reads(zipcodes: Dataset, silver: MakeTable, gold: MakeTable) -> None:
    cities = silver(zipcodes)
    cities.run(f"SELECT DISTINCT city, state FROM {table_of(zipcodes)}")
    assert table_of(cities).startswith("pp_dw_silver.")
    (table,) = cities.published()["tables"].values()
    assert all(file.startswith(f"silver/{cities.name}/") for file in table["files"])

    states = gold(cities)
    record = states.run(f"SELECT state, count(*) AS cities FROM {table_of(cities)} GROUP BY state")
    assert sorted((row["state"], row["cities"]) for row in states.rows()) == [("MA", 1), ("NY", 1)]
    (used,) = record["inputs"]
    assert (used["dataset"], used["run_id"]) == (f"silver/{cities.name}", cities.record()["run_id"])
    # The originals of the bronze input, through silver.
    assert used["originals"] == [each["raw"] for each in zipcodes.published()["sources"]]


def test_a_script_builds_a_silver_table(zipcodes: Dataset, silver: MakeTable) -> None:
    def transform(silver: Silver) -> DataFrame:
        silver.require("a state has two letters", "length(state) = 2")
        return silver.read("${bronze_database}." + table_of(zipcodes).partition(".")[2]).select("state").distinct()

    made = silver(zipcodes)
    made.run(transform)
    assert sorted(row["state"] for row in made.rows()) == ["MA", "NY"]


def test_silver_reads_silver_and_gold(zipcodes: Dataset, silver: MakeTable, gold: MakeTable) -> None:
    states, cities = gold(zipcodes), silver(zipcodes)
    states.run(f"SELECT DISTINCT state FROM {table_of(zipcodes)}")
    cities.run(f"SELECT DISTINCT city, state FROM {table_of(zipcodes)}")
    both = silver(states, cities)
    both.run(f"SELECT c.city FROM {table_of(cities)} c JOIN {table_of(states)} s ON c.state = s.state")
    assert sorted(row["city"] for row in both.rows()) == ["Boston", "Holtsville"]


def test_a_silver_table_keeps_a_history(dataset: MakeDataset, source: Source, silver: MakeTable) -> None:
    origin = dataset()
    origin.run(source.serves("/a.csv", b"id,v\n1,a\n2,b\n"))
    versions = silver(origin)
    query, history = f"SELECT id, v FROM {table_of(origin)}", {"business_key": ["id"]}
    versions.run(query, history=history)
    origin.run(source.serves("/a.csv", b"id,v\n1,c\n2,b\n"))
    versions.run(query, history=history)
    rows = sorted((row["id"], row["v"], row["is_current"]) for row in versions.rows())
    assert rows == [(1, "a", False), (1, "c", True), (2, "b", True)]


@pytest.mark.parametrize("option", ["from_run", "reset_contract", "date"])
def test_bronze_options_are_errors(zipcodes: Dataset, silver: MakeTable, option: str) -> None:
    made = silver(zipcodes)
    value = {"from_run": '"x"', "reset_contract": "true", "date": '"2026-11-02"'}[option]
    with pytest.raises(
        RunFailed, match=rf"RUN_OPTIONS_INVALID: run_options.{option} is supported for bronze datasets only"
    ):
        made.run(f"SELECT * FROM {table_of(zipcodes)}", run_options=f'{{"{option}": {value}}}')
