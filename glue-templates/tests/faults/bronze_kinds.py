"""The bronze datasets of the fault tests, and the versions of their sources."""

import io
import random
import zipfile
from collections.abc import Callable
from typing import Any

from faults.dataset_kind import DatasetKind, iceberg
from faults.origin import Version
from faults.served_files import ServedFiles

ROWS = 80
MANY_OBJECTS = {
    "etl_runtime.read.text.decode.BLOCK_BYTES": 60,
    "etl_runtime.read.split_records.PART_BYTES": 100,
    "etl_runtime.convert.conversion.ONE_OBJECT_BYTES": 50,
    # The driver converts two parts, the second one while the next part is being unpacked. Spark converts the others.
    "etl_runtime.convert.part_writer.MAX_DRIVER_BYTES": 270,
}
ONE_PART_PER_BLOCK = {"etl_runtime.read.split_records.PART_BYTES": 42}
MULTIPART_BYTES = 9_000_000  # bytes; boto3 uses a multipart upload above 8 MB

Files = Callable[[Version], dict[str, bytes]]
"""Returns the files that the source serves in a version, keyed by path."""


def numbers(version: Version) -> list[str]:
    """The rows of a table. Two versions have no row in common."""
    return [str(1000 * version + row) for row in range(ROWS)]


def hundred_parts(version: Version) -> list[str]:
    """The rows of a table with one object for each of 100 parts of the source."""
    return [str(100_000 + 1000 * version + row) for row in range(600)]


def csv(values: list[str]) -> bytes:
    return ("n\n" + "".join(f"{value}\n" for value in values)).encode()


def one_csv(version: Version) -> dict[str, bytes]:
    return {"/x.csv": csv(numbers(version))}


def two_csvs(version: Version) -> dict[str, bytes]:
    values = numbers(version)
    return {"/first.csv": csv(values[: ROWS // 2]), "/second.csv": csv(values[ROWS // 2 :])}


def large_zip(version: Version) -> dict[str, bytes]:
    """Two tables, and a file that makes the ZIP so large that its upload has several parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", csv(numbers(version)))
        archive.writestr("b.csv", csv(numbers(version)))
        archive.writestr("c.bin", random.Random(0).randbytes(MULTIPART_BYTES))
    return {"/x.zip": buffer.getvalue()}


def words(version: Version) -> list[str]:
    """Numbers and text in alternate versions, so that the values never match the published type."""
    return [f"row {value}" if version % 2 else value for value in numbers(version)]


def bronze(
    name: str, files: Files = one_csv, rows: Callable[[Version], list[str]] = numbers, **others: Any
) -> DatasetKind:
    """A bronze dataset with these files as its source."""
    return DatasetKind(
        name, "bronze", lambda _, bucket, dataset: ServedFiles(files, f"s3://{bucket}/raw/{dataset}/"), rows, **others
    )


TWO_TABLES: dict[str, Any] = {"tables": ("a", "b"), "document": {"file_table_mapping": {"a.csv": "a", "b.csv": "b"}}}

ONE_OBJECT = bronze("one-object")
MANY = bronze("many-objects", constants=MANY_OBJECTS)
TABLES = bronze("two-tables", large_zip, **TWO_TABLES)
MANY_TABLES = bronze("two-tables-of-many-objects", large_zip, **TWO_TABLES, constants=MANY_OBJECTS)
URLS = bronze("two-urls", two_csvs)
REBUILT = bronze("from-run", large_zip, **TWO_TABLES, rebuilds=True)
RESET = bronze(
    "reset-contract",
    rows=words,
    files=lambda version: {"/x.csv": csv(words(version))},
    options={"reset_contract": True},
)

ICEBERG_MANY = iceberg(MANY)
ICEBERG_TABLES = iceberg(TABLES)
ICEBERG_HUNDRED = iceberg(
    bronze(
        "hundred-objects",
        lambda version: {"/x.csv": csv(hundred_parts(version))},
        hundred_parts,
        constants={**MANY_OBJECTS, "etl_runtime.read.text.decode.BLOCK_BYTES": 42, **ONE_PART_PER_BLOCK},
    )
)

MAIN = (ONE_OBJECT, MANY, TABLES)
"""A table with one object, a table with many objects, and a dataset with two tables."""
ICEBERG = (ICEBERG_MANY, ICEBERG_TABLES)
"""An Iceberg table with many objects, and a dataset with two Iceberg tables."""
OTHERS = (MANY_TABLES, URLS, REBUILT, RESET)
