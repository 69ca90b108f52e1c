"""for_each over the values of a column of a published table."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from expected_error import has_error

from conftest import BUCKET, Dataset, DerivedTable, Lake, Response, Source
from etl_runtime.job import inputs
from etl_runtime.source.api import table_values
from source_server import Request

MakeDataset = Callable[..., Dataset]
MakeTable = Callable[..., DerivedTable]
TYPES = """
    SELECT * FROM VALUES
      (10, 9007199254740993, 1.50, DATE'2026-11-29', TIMESTAMP'2026-11-29 06:20:00.5', true, 0.1D, 'b/c d', X'00', 0.1F),
      (9, 2, -0.05, DATE'1000-01-01', TIMESTAMP'1500-02-03 04:05:06', false, 1e16D, 'é', X'01', 2.5F),
      (9, 2, -0.05, DATE'1000-01-01', TIMESTAMP'1500-02-03 04:05:06', false, 1e16D, '', X'01', 2.5F),
      (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
    AS t(i4, i8, price, day, at, flag, weight, name, bytes, ratio)
"""


def table_of(made: Lake) -> str:
    (table,) = made.names["tables"].values()
    return f"{made.names['database']}.{table['name']}"


class Calls:
    """An API that responds to each value with one record, and remembers the values."""

    def __init__(self, source: Source) -> None:
        self.values: list[str] = []
        self.url = f"{source.url}/items/{{value}}"
        source.serves_api("/items/", self._response)

    def endpoints(self, made: Lake, column: str, **others: Any) -> dict[str, Any]:
        for_each = {"table": table_of(made), "column": column}
        return {"items": {"url": self.url, "for_each": for_each, **others}}

    def _response(self, request: Request) -> Response:
        value = unquote(request.path.removeprefix("/items/"))
        self.values.append(value)
        return Response(json.dumps([{"length": len(value)}]).encode())


def reading(made: Dataset, *inputs: Lake) -> Dataset:
    made.names["inputs"] = [each.as_input() for each in inputs]
    return made


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("i4", ["9", "10"]),
        ("i8", ["2", "9007199254740993"]),
        ("price", ["-0.05", "1.50"]),
        ("day", ["1000-01-01", "2026-11-29"]),
        ("at", ["1500-02-03T04:05:06Z", "2026-11-29T06:20:00.500000Z"]),
        ("flag", ["false", "true"]),
        ("weight", ["0.1", "10000000000000000"]),
        ("ratio", ["0.1", "2.5"]),
        ("name", ["b/c d", "é"]),
    ],
)
def test_an_endpoint_is_called_once_per_distinct_value_in_ascending_order(
    source: Source, dataset: MakeDataset, silver: MakeTable, column: str, values: list[str]
) -> None:
    drugs, calls = silver(), Calls(source)
    drugs.run(TYPES)
    made = reading(dataset(["items"]), drugs)
    record = made.run_on(api_endpoints=calls.endpoints(drugs, column))
    assert sorted(calls.values) == sorted(values)
    rows = made.rows("items")
    assert [row["length"] for row in rows] == [len(value) for value in values]
    lines = [json.loads(line) for line in made.originals()["items.jsonl"].splitlines()]
    assert [unquote(line["url"]).rpartition("/items/")[2] for line in lines] == values
    assert len({row[column] for row in rows}) == 2
    used = [{
        "dataset": f"silver/{drugs.name}",
        "run_id": drugs.published()["run_id"],
        "published_at": drugs.published()["published_at"],
        "originals": [],
    }]  # fmt: skip
    assert record["inputs"] == made.published()["inputs"] == used


def test_values_of_several_objects_are_called_once(
    source: Source, dataset: MakeDataset, gold: MakeTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("etl_runtime.derived.OBJECT_BYTES", "1b")
    numbers, calls = gold(), Calls(source)
    numbers.run("SELECT id % 7 AS n FROM range(0, 1000, 1, 3)")
    assert len(numbers.published()["tables"][numbers.name.replace("-", "_")]["files"]) > 1
    made = reading(dataset(["items"]), numbers)
    made.run_on(api_endpoints=calls.endpoints(numbers, "n"))
    assert sorted(calls.values) == list("0123456")


def test_an_empty_table_calls_nothing(source: Source, dataset: MakeDataset, silver: MakeTable) -> None:
    drugs, calls = silver(), Calls(source)
    drugs.run("SELECT 1 AS n WHERE false", data_quality={"expected_record_count_min": 0})
    made = reading(dataset(["items"]), drugs)
    made.run_on(api_endpoints=calls.endpoints(drugs, "n", records="$"), data_quality={"expected_record_count_min": 0})
    assert calls.values == []
    assert made.rows("items") == []


@pytest.mark.parametrize(
    ("table", "column", "error"),
    [
        ("pp_dw_silver.nothing", "i4", "API_VALUE_INVALID: for_each of items: the publication of silver/"),
        ("", "pric", "API_VALUE_INVALID: for_each of items: the table "),
        ("", "bytes", "API_VALUE_INVALID: for_each of items: the column bytes of "),
    ],
)
def test_a_table_or_column_that_cannot_be_read_fails_before_the_first_request(
    source: Source, dataset: MakeDataset, silver: MakeTable, table: str, column: str, error: str
) -> None:
    drugs, calls = silver(), Calls(source)
    drugs.run(TYPES)
    made = reading(dataset(["items"]), drugs)
    endpoints = calls.endpoints(drugs, column)
    if table:
        endpoints["items"]["for_each"]["table"] = table
    message = made.failing(lambda: made.run_on(api_endpoints=endpoints))
    assert has_error(message, error)
    hint = {"i4": f"It has {table_of(drugs)}.", "pric": 'Did you mean "price"?', "bytes": "the type binary"}[column]
    assert hint in message
    assert calls.values == []


def test_an_unpublished_input_fails_and_names_the_dataset_to_run_first(
    source: Source, dataset: MakeDataset, silver: MakeTable
) -> None:
    drugs, calls = silver(), Calls(source)
    made = reading(dataset(["items"]), drugs)
    message = made.failing(lambda: made.run_on(api_endpoints=calls.endpoints(drugs, "i4")))
    assert has_error(message, f"INPUT_NOT_PUBLISHED: The input silver/{drugs.name} has not been published")
    assert f"Run silver/{drugs.name} first." in message


@pytest.mark.parametrize("value", [".", ".."])
def test_a_value_that_means_a_folder_in_a_url_fails(
    source: Source, dataset: MakeDataset, silver: MakeTable, value: str
) -> None:
    drugs, calls = silver(), Calls(source)
    drugs.run(f"SELECT '{value}' AS n")
    made = reading(dataset(["items"]), drugs)
    message = made.failing(lambda: made.run_on(api_endpoints=calls.endpoints(drugs, "n")))
    assert has_error(message, "API_VALUE_INVALID") and f"contains '{value}', which has a special meaning" in message


def test_a_number_that_is_not_finite_fails(source: Source, dataset: MakeDataset, silver: MakeTable) -> None:
    drugs, calls = silver(), Calls(source)
    drugs.run("SELECT CAST('NaN' AS DOUBLE) AS n")
    made = reading(dataset(["items"]), drugs)
    assert "contains nan, which is not a number" in made.failing(
        lambda: made.run_on(api_endpoints=calls.endpoints(drugs, "n"))
    )


def test_more_values_than_fit_into_memory_fail(
    source: Source, dataset: MakeDataset, silver: MakeTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_values, "MAX_VALUES", 1)
    drugs, calls = silver(), Calls(source)
    drugs.run(TYPES)
    made = reading(dataset(["items"]), drugs)
    message = made.failing(lambda: made.run_on(api_endpoints=calls.endpoints(drugs, "i4")))
    assert has_error(message, "API_TOO_MANY_VALUES: for_each of items: the column i4 of ")


def test_a_new_publication_of_the_input_is_a_change_also_with_the_same_values(
    source: Source, dataset: MakeDataset, silver: MakeTable
) -> None:
    drugs, calls = silver(), Calls(source)
    drugs.run("SELECT 1 AS n")
    made = reading(dataset(["items"]), drugs)
    endpoints = calls.endpoints(drugs, "n")
    assert [made.run_on(api_endpoints=endpoints)["status"] for _ in range(2)] == ["published", "unchanged"]
    drugs.run("SELECT 1 AS n")
    record = made.run_on(api_endpoints=endpoints)
    assert record["status"] == "published"
    assert record["inputs"][0]["run_id"] == drugs.published()["run_id"]
    assert made.run_on(api_endpoints=endpoints)["status"] == "unchanged"


def test_from_run_neither_reads_the_input_nor_loses_its_publication(
    source: Source, dataset: MakeDataset, silver: MakeTable
) -> None:
    drugs, calls = silver(), Calls(source)
    drugs.run("SELECT 1 AS n")
    made = reading(dataset(["items"]), drugs)
    endpoints = calls.endpoints(drugs, "n")
    first = made.run_on(api_endpoints=endpoints)
    drugs.run("SELECT 2 AS n")
    again = made.run_on({"from_run": first["run_id"], "force": True}, api_endpoints=endpoints)
    assert again["inputs"] == first["inputs"]
    made.run_on({"from_run": again["run_id"], "force": True}, api_endpoints=endpoints)
    assert calls.values == ["1"]
    assert made.published()["inputs"] == first["inputs"]


@pytest.mark.parametrize("publications", [1, 3])
def test_an_input_that_publishes_while_it_is_read_is_read_again(
    source: Source,
    dataset: MakeDataset,
    silver: MakeTable,
    monkeypatch: pytest.MonkeyPatch,
    publications: int,
) -> None:
    drugs, calls = silver(), Calls(source)
    drugs.run("SELECT 0 AS n")
    made = reading(dataset(["items"]), drugs)
    read = inputs.read_inputs
    published: list[int] = []

    def and_then_published(*arguments: Any) -> Any:
        found = read(*arguments)
        if len(published) < publications:
            published.append(len(published) + 1)
            state = drugs.published()
            key = next(iter(state["tables"].values()))["files"][0]
            run_id = f"20990101T000000000Z-00000{published[-1]}"
            store = drugs.store  # with other permissions than the job
            body = store.read(f"s3://{BUCKET}/{key}") or b""
            store.client.put_object(Bucket=BUCKET, Key=key, Body=body, Metadata={"run-id": run_id})
            store.write_json(drugs.names["runs"] + "published.json", {**state, "run_id": run_id})
        return found

    monkeypatch.setattr("etl_runtime.source.api.table_values.read_inputs", and_then_published)
    if publications == 1:
        record = made.run_on(api_endpoints=calls.endpoints(drugs, "n"))
        assert record["inputs"][0]["run_id"] == "20990101T000000000Z-000001"
    else:
        message = made.failing(lambda: made.run_on(api_endpoints=calls.endpoints(drugs, "n")))
        assert has_error(message, "INPUT_CHANGED") and calls.values == []
