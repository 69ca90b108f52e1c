"""Reads the published tables of the local lake from its folder, while a run may be writing to it."""

import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

PUBLICATION_SECONDS = 2
"""The maximum time to wait for the end of a publication. A publication only copies objects, so one that takes longer
was killed."""
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Table:
    """A published table.

    dataset: the name of its dataset.
    published: the path of the published.json that lists the table.
    database, name: the names of its database and of the table in Athena.
    files: its Parquet files.
    columns: the Athena types, keyed by column.
    """

    dataset: str
    published: Path
    database: str
    name: str
    files: list[Path]
    columns: dict[str, str]

    @property
    def full_name(self) -> str:
        """The name in a FROM clause."""
        return f"{self.database}.{self.name}"


class MissingFileError(Exception):
    """A published file does not exist."""

    def __init__(self, table: Table, file: Path) -> None:
        super().__init__(str(file))
        self.table = table
        self.file = file


def published_tables(lake: Path) -> list[Table]:
    """Read the tables of all datasets. `lake` is the folder of the local lake, with one folder per bucket."""
    tables = [
        table
        for bucket in sorted(lake.iterdir() if lake.exists() else ())
        for published in sorted(bucket.joinpath("etl").rglob("published.json"))
        for table in _tables(bucket, published)
    ]
    return sorted(tables, key=lambda table: table.full_name)


def snapshot(table: Table, folder: Path) -> Table:
    """Return the current publication of the table, with links in `folder` to its files.

    The emulator never changes a file in place but replaces it, so a link keeps the content that the file had when the
    link was created. The links also preserve files of an Iceberg table that expire in the meantime. Raises
    MissingFileError if a published file does not exist.
    """
    bucket = next(parent.parent for parent in table.published.parents if parent.name == "etl")
    publication = table.published.with_name("publishing.json")
    deadline = time.monotonic() + PUBLICATION_SECONDS
    while True:
        is_last_attempt = time.monotonic() > deadline
        before = table.published.read_bytes()
        replaces_files = _replaces_files(before)
        was_idle = not (replaces_files and publication.exists())
        current = next((each for each in _tables(bucket, table.published) if each.name == table.name), table)
        missing = None
        links = []
        for file in current.files:
            try:
                links.append(_link(file, folder))
            except FileNotFoundError:
                missing = file
                break
        is_idle = not (replaces_files and publication.exists())
        is_stable = was_idle and is_idle and before == table.published.read_bytes()
        if is_stable or is_last_attempt:
            if missing:
                raise MissingFileError(current, missing)
            return replace(current, files=links)
        time.sleep(POLL_SECONDS)


def _tables(bucket: Path, published: Path) -> Iterator[Table]:
    with suppress(FileNotFoundError):  # the bucket was deleted in the meantime
        content = json.loads(published.read_bytes())
        for table in content["tables"].values():
            files = [bucket / file for file in table["files"]]
            columns = {column["name"]: column["type"] for column in table["columns"]}
            yield Table(content["dataset"], published, content["database"], table["name"], files, columns)


def _replaces_files(published: bytes) -> bool:
    """Whether the next publication replaces files of this publication. The files of Iceberg tables never change."""
    return bool(json.loads(published).get("table_format") != "iceberg")


def _link(file: Path, folder: Path) -> Path:
    """Create a link to the file. Returns the file itself if the folder is on another file system or links are not
    supported."""
    link = folder / f"{uuid.uuid4().hex}.parquet"
    try:
        os.link(file, link)
    except FileNotFoundError:
        raise
    except OSError:
        return file
    return link
