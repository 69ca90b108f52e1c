"""Parquet files with types that pyarrow does not write, written by the Parquet library of Spark."""

from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession


def write_parquet(spark: SparkSession, path: Path, schema: str, rows: list[dict[str, Any]]) -> None:
    """Write rows with one value or list per field. `schema` is a message in the notation of parquet-java.

    A value of an int64 field must have more than 32 bits, because py4j sends smaller ones as an int.
    """
    jvm: Any = spark._jvm
    parquet = jvm.org.apache.parquet
    message = parquet.schema.MessageTypeParser.parseMessageType(schema)
    writer = (
        parquet.hadoop.example.ExampleParquetWriter.builder(jvm.org.apache.hadoop.fs.Path(path.as_uri()))
        .withType(message)
        .build()
    )
    groups = parquet.example.data.simple.SimpleGroupFactory(message)
    for row in rows:
        group = groups.newGroup()
        _fill(jvm, group, row)
        writer.write(group)
    writer.close()


def _fill(jvm: Any, group: Any, row: dict[str, Any]) -> None:
    for name, value in row.items():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                _fill(jvm, group.addGroup(name), each)
            elif isinstance(each, bytes):
                group.add(name, jvm.org.apache.parquet.io.api.Binary.fromConstantByteArray(each))
            else:
                group.add(name, each)
