"""Iceberg tables: what a run publishes, and what readers of the Data Catalog see."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from conftest import BUCKET, Dataset, DerivedTable, Response, Source, zipped

MakeDataset = Callable[..., Dataset]
ICEBERG = {"table_format": "iceberg"}


def glue_table(made: Dataset | DerivedTable, key: str | None = None) -> dict[str, Any]:
    name = made.names["tables"][key or made.name.replace("-", "_")]["name"]
    table: dict[str, Any] = boto3.client("glue").get_table(DatabaseName=made.names["database"], Name=name)["Table"]
    return table


def test_a_publication_is_in_the_data_catalog_without_a_crawler(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"id,name\n1,a\n2,b\n"), **ICEBERG, description="Customers")
    table = glue_table(made)
    assert table["Parameters"]["table_type"] == "ICEBERG"
    assert table["Description"] == "Customers"
    columns = {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]}
    assert columns == {"id": "bigint", "name": "string", "meta_run_id": "string", "meta_rescued": "string"}
    published = made.published()
    entry = published["tables"][made.name.replace("-", "_")]
    assert table["Parameters"]["metadata_location"] == entry["metadata_location"]
    assert entry["files"] == [f"bronze/{made.name}/data/{published['run_id']}-000000.parquet"]
    assert made.rows() == [{"id": 1, "name": "a", "meta_rescued": None}, {"id": 2, "name": "b", "meta_rescued": None}]
