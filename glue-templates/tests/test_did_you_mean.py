"""If a run knows the valid names, each error about an unknown name first suggests a similar name."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from conftest import Dataset, DerivedTable, Source, zipped
from etl_runtime.gold import Gold
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.suggestion import did_you_mean
from source_server import serving

MakeDataset = Callable[..., Dataset]
MakeGold = Callable[..., DerivedTable]
CSV = b"zip_code,city\n1,Boston\n2,Reno\n"
PLACES = "pp_dw_bronze.places_of_suggestions"


@pytest.fixture(scope="module")
def places() -> Iterator[Dataset]:
    made = Dataset("places-of-suggestions")
    with serving() as source:
        made.run(source.serves("/x.csv", CSV))
    yield made


def schema(column: str) -> dict[str, Any]:
    return {column: {"target_name": "zip", "type": "string"}}


FILES: list[tuple[str, dict[str, Any], str, str]] = [
    ("a key of run_options", {"run_options": '{"forse": true}'}, "run_options has the unknown key forse.", "force"),
    ("a gate of run_options", {"run_options": '{"allow": ["shrnk"]}'}, 'run_options.allow is ["shrnk"].', "shrink"),
    ("a gate without a list", {"run_options": '{"allow": "min_row"}'}, 'run_options.allow is "min_row".', "min_rows"),
    ("a declared column", {"column_schema": {"{table}": schema("zip_cod")}}, "contains zip_cod, which the source does not have.", "zip_code"),
    ("a column of the business key", {"business_key": ["zipcode"]}, "the business key contains the column zipcode, which the table does not have.", "zip_code"),
    ("a required column", {"data_quality": {"required_columns": ["ctiy"]}}, "the required column ctiy is not in the source.", "city"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "document", "found", "suggestion"), FILES, ids=[what for what, *_ in FILES])
def test_a_run_of_files_suggests_a_similar_name_first(
    dataset: MakeDataset, source: Source, what: str, document: dict[str, Any], found: str, suggestion: str
) -> None:
    made = dataset()
    table = made.name.replace("-", "_")
    document = json.loads(json.dumps(document).replace("{table}", table))
    with pytest.raises(RunFailed, match=first_remedy(found, suggestion)):
        made.run(source.serves("/x.csv", CSV), **document)


def test_a_run_suggests_a_similar_file_of_an_archive_first(dataset: MakeDataset, source: Source) -> None:
    url = source.serves("/x.zip", zipped(**{"data/cities.csv": CSV, "data/states.csv": CSV}))
    for pattern, suggestion in (("citys.csv", "cities.csv"), ("data/citys.csv", "data/cities.csv")):
        error = dataset(["cities"]).fails(url, file_table_mapping={pattern: "cities"})
        assert re.search(first_remedy("which contains data/cities.csv, data/states.csv.", suggestion), error)


def test_a_run_suggests_a_similar_list_of_a_json_file_first(dataset: MakeDataset, source: Source) -> None:
    url = source.serves("/x.json", b'{"results": [{"id": 1}], "links": {}}')
    error = dataset().fails(url, file_format={"records": "result"})
    assert re.search(first_remedy("but result is missing or null.", "results"), error)


def test_a_run_suggests_a_similar_run_first(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    url = source.serves("/x.csv", CSV)
    run_id = made.run(url)["run_id"]
    with pytest.raises(RunFailed, match=first_remedy("has no record of this run.", run_id)):
        made.run(url, run_options=json.dumps({"from_run": f"{run_id}0"}))


APIS: list[tuple[str, dict[str, Any], str, str]] = [
    ("the records", {"records": "result"}, "It has the keys results.", "results"),
    ("a path of records", {"records": "results.0.part"}, "It has the keys results.", ""),
    ("a field of for_each", {"for_each": {"endpoint": "ids", "field": "idd"}}, "none of the 1 records of ids has the field idd.", "id"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "endpoint", "found", "suggestion"), APIS, ids=[what for what, *_ in APIS])
def test_a_run_of_an_api_suggests_a_similar_name_first(
    dataset: MakeDataset, source: Source, what: str, endpoint: dict[str, Any], found: str, suggestion: str
) -> None:
    url = source.serves("/ids", b'{"results": [{"id": 1}]}')
    value = "?id={value}" if "for_each" in endpoint else ""
    endpoints = {"ids": {"url": url}, "parts": {"url": f"{url}{value}", **endpoint}}
    with pytest.raises(RunFailed) as raised:
        dataset(["ids", "parts"]).run_on(api_endpoints=endpoints)
    if suggestion:
        assert re.search(first_remedy(found, suggestion), str(raised.value))
    else:
        assert "Did you mean" not in str(raised.value)


def ruled(output: str) -> Callable[[Gold], Mapping[str, Any]]:
    def transform(gold: Gold) -> Mapping[str, Any]:
        gold.require("a rule", "true", output)
        return {"states": gold.read(PLACES), "cities": gold.read(PLACES)}

    return transform


COLUMNS = f"SELECT zip_code, city FROM {PLACES}"
TWO_VIEWS = f"CREATE TEMP VIEW state AS {COLUMNS}; CREATE TEMP VIEW cities AS {COLUMNS};"
DERIVED: list[tuple[str, Any, dict[str, Any], list[str] | None, str, str]] = [
    ("a table", f"SELECT * FROM {PLACES[:-1]}", {}, None, f"the table {PLACES[:-1]} is not a table of an input.", PLACES),
    ("a table without its database", "SELECT * FROM places_of_suggestions", {}, None, "the table places_of_suggestions is not a table of an input.", PLACES),
    ("a table of a script", lambda gold: gold.read(f"{PLACES}s"), {}, None, f"The table {PLACES}s is not a table of an input.", PLACES),
    ("a view of an output", f"{TWO_VIEWS} SELECT 1 AS a", {"outputs": ["states", "cities"]}, ["states", "cities"], "no statement creates a view for the output states.", "state"),
    ("an output of a script", lambda gold: {"state": gold.read(PLACES), "cities": gold.read(PLACES)}, {}, ["states", "cities"], "has the tables states, cities.", "states"),
    ("the output of a rule", ruled("state"), {}, ["states", "cities"], 'The rule "a rule" has the unknown table state.', "states"),
    ("a column of a history", COLUMNS, {"history": {"business_key": ["zipcode"]}}, None, "history.business_key has the column zipcode, which the query does not return.", "zip_code"),
    ("a compared column", COLUMNS, {"history": {"business_key": ["zip_code"], "compare": ["citty"]}}, None, "history.compare has the column citty, which the query does not return.", "city"),
    ("an excluded column", COLUMNS, {"history": {"business_key": ["zip_code"], "exclude": ["citty"]}}, None, "history.exclude has the column citty, which the query does not return.", "city"),
    ("a required column", COLUMNS, {"data_quality": {"required_columns": ["ctiy"]}}, None, "the required column ctiy is not in the table.", "city"),
    ("a column of the business key", COLUMNS, {"business_key": ["zipcode"]}, None, "the business key contains the column zipcode, which the table does not have.", "zip_code"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "made_by", "document", "tables", "found", "suggestion"), DERIVED, ids=[what for what, *_ in DERIVED]
)
def test_a_derived_run_suggests_a_similar_name_first(
    places: Dataset,
    gold: MakeGold,
    what: str,
    made_by: Any,
    document: dict[str, Any],
    tables: list[str] | None,
    found: str,
    suggestion: str,
) -> None:
    error = gold(places, tables=tables).fails(made_by, **document)
    assert re.search(first_remedy(found, suggestion), error)


def first_remedy(found: str, suggestion: str) -> str:
    """A pattern: what was found, directly followed by the suggestion."""
    return re.escape(f'{found} Did you mean "{suggestion}"? ')


@pytest.mark.parametrize(
    ("word", "known", "qualified", "suggestion"),
    [
        ("zipcode", ["states", "zipcodes"], False, 'Did you mean "zipcodes"? '),
        ("ZIP-Codes", ["zip_code", "zip_codes"], False, 'Did you mean "zip_codes"? '),
        ("elsewhere", ["states", "zipcodes"], False, ""),
        ("id", ["v"], False, ""),
        ("4.0", ["5.0", "5.1"], False, ""),
        ("", ["a"], False, ""),
        ("zip", [], False, ""),
        ("lake_bronze.zip", ["lake_bronze.zips", "lake_gold.zips"], True, 'Did you mean "lake_bronze.zips"? '),
        ("zips", ["lake_bronze.zips", "lake_gold.zips"], True, 'Did you mean "lake_bronze.zips" or "lake_gold.zips"? '),
    ],
)
def test_the_suggestion_is_the_known_name_with_the_smallest_edit_distance(
    word: str, known: list[str], qualified: bool, suggestion: str
) -> None:
    assert did_you_mean(word, known, qualified=qualified) == suggestion
