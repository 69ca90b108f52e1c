"""The datasets that are made to fail: what they are, and what each version of their source holds."""

import io
import random
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

ROWS = 60
MANY_OBJECTS = {"etl_runtime.text.BLOCK_BYTES": 60, "etl_runtime.pieces.PART_BYTES": 100, "etl_runtime.shape.ONE_OBJECT_BYTES": 50}
SENT_IN_PIECES = 9_000_000  # bytes; boto3 sends what is above 8 MB as a multipart upload

Version = int


def numbers(version: Version) -> list[str]:
    """The rows of a table: no two versions have one in common."""
    return [str(1000 * version + row) for row in range(ROWS)]


def csv(values: list[str]) -> bytes:
    return ("n\n" + "".join(f"{value}\n" for value in values)).encode()


def one_csv(version: Version) -> dict[str, bytes]:
    return {"/x.csv": csv(numbers(version))}


def two_csvs(version: Version) -> dict[str, bytes]:
    values = numbers(version)
    return {"/first.csv": csv(values[: ROWS // 2]), "/second.csv": csv(values[ROWS // 2 :])}


def large_zip(version: Version) -> dict[str, bytes]:
    """Two tables, and beside them what makes the ZIP so large that it is sent in pieces."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", csv(numbers(version)))
        archive.writestr("b.csv", csv(numbers(version)))
        archive.writestr("c.bin", random.Random(0).randbytes(SENT_IN_PIECES))
    return {"/x.zip": buffer.getvalue()}


def words(version: Version) -> list[str]:
    """Numbers in one version, text in the next, so that the published type never fits."""
    return [f"row {value}" if version % 2 else value for value in numbers(version)]


@dataclass(frozen=True)
class DatasetKind:
    """A dataset to be made to fail.

    `files`: what the source serves in a version, by path. `rows`: what each table then holds. `options`: of every run.
    `rebuilds`: runs make the tables of the originals of an earlier run. `constants`: what the job's process sets, by dotted name.
    """

    name: str
    files: Callable[[Version], dict[str, bytes]] = one_csv
    rows: Callable[[Version], list[str]] = numbers
    tables: tuple[str, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict)
    constants: Mapping[str, int] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    rebuilds: bool = False


TWO_TABLES: dict[str, Any] = {"tables": ("a", "b"), "document": {"file_table_mapping": {"a.csv": "a", "b.csv": "b"}}}

ONE_OBJECT = DatasetKind("one-object")
MANY = DatasetKind("many-objects", constants=MANY_OBJECTS)
TABLES = DatasetKind("two-tables", large_zip, **TWO_TABLES)
MANY_TABLES = DatasetKind("two-tables-of-many-objects", large_zip, **TWO_TABLES, constants=MANY_OBJECTS)
URLS = DatasetKind("two-urls", two_csvs)
REBUILT = DatasetKind("from-run", large_zip, **TWO_TABLES, rebuilds=True)
RESET = DatasetKind("reset-contract", rows=words, files=lambda version: {"/x.csv": csv(words(version))}, options={"reset_contract": True})

MAIN = (ONE_OBJECT, MANY, TABLES)
"""One representative each of one-object, many-object and two-table output."""
OTHERS = (MANY_TABLES, URLS, REBUILT, RESET)
