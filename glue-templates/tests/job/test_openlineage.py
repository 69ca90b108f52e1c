"""OpenLineage events of runs, validated against the schemas of the specification."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from conftest import BUCKET, Dataset, DerivedTable, Lake, Source
from etl_runtime.job.arguments import read_names
from etl_runtime.job.openlineage import FACET_VERSIONS
from etl_runtime.job.store import Store

MakeDataset = Callable[..., Dataset]
MakeGold = Callable[..., DerivedTable]

NAMESPACE = "arn:aws:glue:us-east-1:123456789012"
SCHEMAS = [json.loads(path.read_text()) for path in (Path(__file__).parents[1] / "openlineage_schemas").rglob("*.json")]
REGISTRY: Any = Registry().with_resources((each["$id"], Resource.from_contents(each)) for each in SCHEMAS)
PLACES = b"zip_code,city\n00501,Holtsville\n02101,Boston\n"


def with_events(made: Any) -> Any:
    made.names["lineage_namespace"] = NAMESPACE
    return made


def events(made: Lake) -> dict[str, Any]:
    """Return the events of the last run, keyed by type. Fails if an event or one of its facets is invalid."""
    prefix = f"{made.names['runs']}lineage/run_id={made.record()['run_id']}/"
    found = {}
    for uri in made.store.list(prefix):
        event = made.store.read_json(uri)
        validate(event)
        assert uri == f"{prefix}{event['eventType'].lower()}.json"
        found[event["eventType"]] = event
    assert len({event["run"]["runId"] for event in found.values()}) == 1
    return found


def validate(event: Any) -> None:
    Draft202012Validator(
        {"$ref": event["schemaURL"]}, registry=REGISTRY, format_checker=Draft202012Validator.FORMAT_CHECKER
    ).validate(event)
    assert datetime.fromisoformat(event["eventTime"]).tzinfo is not None
    for facet in facets(event):
        Draft202012Validator({"$ref": facet["_schemaURL"]}, registry=REGISTRY).validate(facet)


def facets(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        if "_schemaURL" in value:
            yield value
        for each in value.values():
            yield from facets(each)
    elif isinstance(value, list):
        for each in value:
            yield from facets(each)


def field(name: str, column: str, kind: str) -> dict[str, Any]:
    transformation = {"type": "DIRECT", "subtype": kind, "description": "", "masking": False}
    return {"namespace": NAMESPACE, "name": name, "field": column, "transformations": [transformation]}


def test_an_invalid_event_is_found() -> None:
    with pytest.raises(Exception, match="'run' is a required property"):
        validate({"eventTime": "2026-01-01T00:00:00Z", "producer": "x", "schemaURL": SCHEMA_OF_EVENTS})


SCHEMA_OF_EVENTS = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"


def test_each_facet_has_the_version_of_a_schema() -> None:
    ids = {each["$id"].rpartition("/spec/")[2] for each in SCHEMAS}
    assert {f"facets/{version}/{name}.json" for name, version in FACET_VERSIONS.items()} == ids - {
        "2-0-2/OpenLineage.json"
    }


def test_a_bronze_run_has_its_sources_without_credentials_and_its_table(dataset: MakeDataset, source: Source) -> None:
    made = with_events(dataset())
    url = source.serves("/files/x.csv", PLACES)
    host = url.removeprefix("http://").partition("/")[0]
    made.run(
        f"{url}?token=geheim-12345678#x",
        description="Places",
        column_schema={made.name.replace("-", "_"): {"city": {"description": "Its name"}}},
    )
    started, completed = sorted_events(made)
    assert "geheim" not in json.dumps([started, completed])
    assert [each["inputs"] for each in (started, completed)] == [completed["inputs"]] * 2
    ((given,), (table,)) = completed["inputs"], completed["outputs"]
    assert (given["namespace"], given["name"]) == (f"http://{host}", "files/x.csv")
    own = made.name.replace("-", "_")
    assert (table["namespace"], table["name"]) == (NAMESPACE, f"table/pp_dw_bronze/{own}")
    assert [(each["name"], each["type"], each.get("description")) for each in table["facets"]["schema"]["fields"]] == [
        ("zip_code", "string", None),
        ("city", "string", "Its name"),
    ]
    assert table["facets"]["documentation"]["description"] == "Places"
    assert table["facets"]["symlinks"]["identifiers"] == [
        {"namespace": f"s3://{BUCKET}", "name": f"bronze/{made.name}", "type": "LOCATION"}
    ]
    assert table["facets"]["columnLineage"]["fields"]["city"]["inputFields"][0]["field"] == "city"
    statistics = table["outputFacets"]["outputStatistics"]
    assert (statistics["rowCount"], statistics["fileCount"]) == (2, 1)
    assert completed["job"]["name"] == made.names["job"]
    assert completed["job"]["facets"]["documentation"]["description"] == "Places"
    assert started["outputs"][0]["name"] == table["name"]
    assert "outputFacets" not in started["outputs"][0]


@pytest.mark.parametrize("version", ["3.5.4", None])
def test_the_engine_of_a_run_is_spark_if_it_has_started_spark(
    version: str | None, dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = version and SimpleNamespace(version=version)
    monkeypatch.setattr("pyspark.SparkContext._active_spark_context", context)
    made = with_events(dataset())
    made.run(source.serves("/x.csv", PLACES))
    engines = [each["run"]["facets"].get("processing_engine", {}) for each in sorted_events(made)]
    expected = ("spark", version) if version else (None, None)
    assert [(each.get("name"), each.get("version")) for each in engines] == [expected] * 2


def sorted_events(made: Lake) -> list[Any]:
    found = events(made)
    assert sorted(found) == ["COMPLETE", "START"]
    return [found["START"], found["COMPLETE"]]


def test_a_derived_run_has_the_tables_that_it_reads_and_the_column_lineage(
    dataset: MakeDataset, gold: MakeGold, source: Source
) -> None:
    places, unused = dataset(), dataset()
    for each in (places, unused):
        each.run(source.serves("/x.csv", PLACES))
    made = with_events(gold(places, unused))
    read = f"pp_dw_bronze.{places.name.replace('-', '_')}"
    own = made.name.replace("-", "_")
    made.run(
        f"SELECT upper(city) AS city, count(zip_code) AS n FROM {read} WHERE zip_code > '' GROUP BY city",
        column_descriptions={own: {"n": "The number of ZIP codes"}},
    )
    started, completed = sorted_events(made)
    assert started["inputs"] == []
    name = f"table/{read.replace('.', '/')}"
    ((given,), (table,)) = completed["inputs"], completed["outputs"]
    assert (given["namespace"], given["name"]) == (NAMESPACE, name)
    assert [each["name"] for each in given["facets"]["schema"]["fields"]] == ["zip_code", "city"]
    lineage = table["facets"]["columnLineage"]
    assert lineage["fields"] == {
        "city": {"inputFields": [field(name, "city", "TRANSFORMATION")]},
        "n": {"inputFields": [field(name, "zip_code", "AGGREGATION")]},
    }
    assert [(each["field"], each["transformations"][0]["type"]) for each in lineage["dataset"]] == [
        ("city", "INDIRECT"),
        ("zip_code", "INDIRECT"),
    ]
    assert table["facets"]["schema"]["fields"][1]["description"] == "The number of ZIP codes"


def test_a_failed_run_has_its_error(dataset: MakeDataset, source: Source) -> None:
    made = with_events(dataset())
    error = made.fails(source.serves("/x.csv", PLACES), data_quality={"required_columns": ["population"]})
    found = events(made)
    assert sorted(found) == ["FAIL", "START"]
    message = found["FAIL"]["run"]["facets"]["errorMessage"]
    assert (message["message"], message["programmingLanguage"]) == (error, "PYTHON")


def test_an_unchanged_run_has_the_published_table_without_statistics(dataset: MakeDataset, source: Source) -> None:
    made = with_events(dataset())
    url = source.serves("/x.csv", PLACES)
    made.run(url)
    assert made.run(url)["status"] == "unchanged"
    (_, completed) = sorted_events(made)
    (table,) = completed["outputs"]
    assert [each["name"] for each in table["facets"]["schema"]["fields"]] == ["zip_code", "city"]
    assert "outputFacets" not in table


def test_the_source_of_a_table_of_an_api_is_its_endpoint(dataset: MakeDataset, source: Source) -> None:
    made = with_events(dataset(["a", "b"]))
    urls = {key: source.serves(f"/{key}", b'[{"x": 1}]') for key in ("a", "b")}
    made.run_on(api_endpoints=urls)
    (_, completed) = sorted_events(made)
    assert [each["name"] for each in completed["inputs"]] == ["a", "b"]
    names = [each["facets"]["columnLineage"]["fields"]["x"]["inputFields"][0]["name"] for each in completed["outputs"]]
    assert names == ["a", "b"]


def test_a_bronze_run_has_the_table_whose_values_its_api_is_called_for(
    dataset: MakeDataset, silver: MakeGold, source: Source
) -> None:
    read, made = silver(), with_events(dataset(["items"]))
    read.run("SELECT 'items' AS path")
    made.names["inputs"] = [read.as_input()]
    (table,) = read.names["tables"].values()
    source.serves("/items", b'[{"n": 1}]')
    for_each = {"table": f"pp_dw_silver.{table['name']}", "column": "path"}
    made.run_on(api_endpoints={"items": {"url": f"{source.url}/{{value}}", "for_each": for_each}})
    (_, completed) = sorted_events(made)
    assert [each["name"] for each in completed["inputs"]] == ["{value}", f"table/pp_dw_silver/{table['name']}"]


def test_without_the_setting_a_run_writes_no_event(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", PLACES))
    assert made.store.list(f"{made.names['runs']}lineage/") == []


def test_an_event_that_cannot_be_written_does_not_fail_the_run(
    dataset: MakeDataset, source: Source, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = with_events(dataset())
    write = Store.write_json

    def failing(store: Store, uri: str, value: object) -> None:
        if "/lineage/" in uri:
            raise OSError("no space")
        write(store, uri, value)

    monkeypatch.setattr(Store, "write_json", failing)
    assert made.run(source.serves("/x.csv", PLACES))["status"] == "published"
    lines = [line for line in capsys.readouterr().out.splitlines() if "no lineage event" in line]
    assert lines == ["lineage  no lineage event was written: OSError: no space"] * 2


def test_the_next_run_writes_the_event_of_a_killed_run(dataset: MakeDataset, source: Source) -> None:
    made = with_events(dataset())
    names = read_names(json.dumps(made.names))
    made.run(source.serves("/x.csv", PLACES))
    run_id = f"{made.record()['run_id'][:-6]}ffffff"
    record = {**made.record(), "run_id": run_id, "status": "running", "finished_at": None}
    made.store.write_json(f"{names.runs}run_id={run_id}.json", record)
    made.run(source.serves("/x.csv", PLACES), run_options='{"force": true}')
    event = made.store.read_json(f"{names.runs}lineage/run_id={run_id}/fail.json")
    validate(event)
    assert "RUN_KILLED" in event["run"]["facets"]["errorMessage"]["message"]
