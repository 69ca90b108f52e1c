"""The gold job: tables made of what inputs have published, with the publication, gates and records of bronze."""

from collections.abc import Callable

from conftest import Dataset, GoldTable, Source

MakeDataset = Callable[..., Dataset]
MakeGold = Callable[..., GoldTable]
ZIPCODES = b"zip_code,city,state\n00501,Holtsville,NY\n02101,Boston,MA\n02102,Boston,MA\n"


def test_a_query_over_an_input_becomes_a_table(dataset: MakeDataset, gold: MakeGold, source: Source) -> None:
    bronze = dataset()
    bronze.run(source.serves("/x.csv", ZIPCODES))
    made = gold(bronze)
    record = made.run(f"SELECT state, count(*) AS zip_codes FROM pp_dw_bronze.{bronze.name.replace('-', '_')} GROUP BY state")
    assert record["status"] == "published"
    assert sorted((row["state"], row["zip_codes"]) for row in made.rows()) == [("MA", 2), ("NY", 1)]
    assert {row["meta_run_id"] for row in made.table().to_pylist()} == {record["run_id"]}
