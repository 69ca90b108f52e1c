"""Loads the file with dlt: PyArrow reads the CSV file with declared types, and dlt writes Parquet files to S3."""

import os
import re
import shutil
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import pyarrow as pa
from dlt.common.configuration.specs import AwsCredentials
from dlt.destinations import filesystem
from pyarrow import csv

from bench.request import BUCKET, Request

TYPES = {"VARCHAR": pa.string(), "BIGINT": pa.int64(), "DOUBLE": pa.float64(), "DATE": pa.date32()}


def arrow_type(sql: str) -> Any:
    decimal = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", sql)
    return pa.decimal128(int(decimal[1]), int(decimal[2])) if decimal else TYPES[sql]


def tables(request: Request) -> Iterator[Any]:
    kind, archive = request.data, Path(request.work, "data.zip")
    schema = pa.schema([(column.name, arrow_type(column.type)) for column in kind.columns])
    # PyArrow reads dates only in ISO format. Other formats are read as timestamps.
    types = {
        name: pa.timestamp("s") if type == pa.date32() and kind.date_format else type
        for name, type in zip(schema.names, schema.types, strict=True)
    }
    with request.step("fetch"), urllib.request.urlopen(request.url) as response, archive.open("wb") as file:
        shutil.copyfileobj(response, file, 1 << 20)
    with zipfile.ZipFile(archive) as zipped, zipped.open("data.csv") as text:
        reader = csv.open_csv(
            text,
            csv.ReadOptions(
                use_threads=request.cores > 1,
                block_size=16 << 20,
                column_names=schema.names,
                skip_rows=1 if kind.header else 0,
            ),
            csv.ParseOptions(delimiter=kind.delimiter, newlines_in_values=kind.line_breaks_in_quotes),
            csv.ConvertOptions(
                column_types=types,
                strings_can_be_null=True,
                null_values=[""],
                timestamp_parsers=[kind.date_format] if kind.date_format else None,
            ),
        )
        for batch in reader:
            yield pa.Table.from_batches([batch]).cast(schema)


def main() -> None:
    request = Request.read()
    credentials = AwsCredentials(
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
        endpoint_url=os.environ["AWS_ENDPOINT_URL"],
    )
    pipeline = dlt.pipeline(
        "bench",
        request.work,
        destination=filesystem(f"s3://{BUCKET}/dlt", credentials=credentials),
        dataset_name="bronze",
    )
    resource = dlt.resource(tables(request), name="bench", write_disposition="replace")
    with request.step("extract"):
        pipeline.extract(resource, loader_file_format="parquet")
    with request.step("normalize"):
        pipeline.normalize()
    with request.step("load"):
        pipeline.load()
    request.finish(f"s3://{BUCKET}/dlt/bronze/bench/")


if __name__ == "__main__":
    main()
