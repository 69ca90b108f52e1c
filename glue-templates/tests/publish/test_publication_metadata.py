"""What published.json and the run record say for pipelines: when the schema changed, and what the tables were built from."""

from collections.abc import Callable

from conftest import Dataset, DerivedTable
from source_server import Source

GoldFactory = Callable[..., DerivedTable]


def test_schema_changed_at_is_the_publication_that_last_changed_the_schema(
    source: Source, dataset: Callable[..., Dataset]
) -> None:
    made = dataset()
    source.serves("/a.csv", b"id\n1\n")
    url = source.url + "/a.csv"
    first = made.run(url)["schema_changed_at"]
    assert first == made.published()["schema_changed_at"] >= made.published()["published_at"]

    assert made.run(url)["status"] == "unchanged"
    assert made.record()["schema_changed_at"] == first

    source.serves("/a.csv", b"id\n1\n2\n")
    record = made.run(url)
    assert (record["status"], record["schema_changed_at"]) == ("published", first)

    source.serves("/a.csv", b"id,name\n1,x\n2,y\n")
    changed = made.run(url)["schema_changed_at"]
    assert changed == made.published()["schema_changed_at"] >= made.published()["published_at"] >= first


def test_a_publication_of_an_earlier_version_has_no_schema_changed_at_until_its_schema_changes(
    source: Source, dataset: Callable[..., Dataset]
) -> None:
    made = dataset()
    source.serves("/a.csv", b"id\n1\n")
    made.run(source.url + "/a.csv")
    published = {
        key: value for key, value in made.published().items() if key not in ("schema_changed_at", "definition")
    }
    made.store.write_json(made.names["runs"] + "published.json", published)

    assert made.run(source.url + "/a.csv")["schema_changed_at"] is None
    source.serves("/a.csv", b"id\n1\n2\n")
    assert made.run(source.url + "/a.csv")["schema_changed_at"] is None
    source.serves("/a.csv", b"id,name\n1,x\n")
    assert made.run(source.url + "/a.csv")["schema_changed_at"] >= made.published()["published_at"]


def test_a_run_that_changes_no_version_notes_its_inputs_and_its_definition(
    source: Source, dataset: Callable[..., Dataset], gold: GoldFactory
) -> None:
    zipcodes = dataset()
    source.serves("/a.csv", b"id,name\n1,x\n")
    zipcodes.run(source.url + "/a.csv")
    made = gold(zipcodes)
    made.names["definition"] = "first"
    (table,) = zipcodes.names["tables"]
    query = f"SELECT id, name FROM pp_dw_bronze.{table}"
    history = {"business_key": ["id"]}
    made.run(query, history=history)
    before = made.published()
    assert (before["definition"], before["inputs"][0]["run_id"]) == ("first", zipcodes.record()["run_id"])

    source.serves("/a.csv", b"name,id\nx,1\n")
    zipcodes.run(source.url + "/a.csv", run_options='{"force": true}')
    made.names["definition"] = "second"
    assert made.run(query, history=history)["status"] == "unchanged"

    after = made.published()
    assert (after["definition"], after["inputs"][0]["run_id"]) == ("second", zipcodes.record()["run_id"])
    assert {**after, "inputs": None, "definition": None} == {**before, "inputs": None, "definition": None}
