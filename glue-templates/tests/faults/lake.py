"""The content of the lake as readers see it, read from S3 without the code of the job."""

import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Rows = Mapping[str, list[str]]
"""The rows as text, keyed by table."""
Read = Callable[[list[pa.Table]], list[str]]
"""Returns the rows in the objects of a table as text."""


class State(StrEnum):
    """MIXED: a table has all rows of one version and some of the other, or one table is old and another one is new."""

    OLD = "old"
    NEW = "new"
    MIXED = "both"
    WRONG = "WRONG"


def make_bucket(endpoint: str, bucket: str) -> None:
    """Create a versioned bucket and the databases, as EtlCore does."""
    s3 = boto3.client("s3", endpoint_url=endpoint)
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    glue = boto3.client("glue", endpoint_url=endpoint)
    for layer in ("bronze", "silver", "gold"):
        with suppress(glue.exceptions.AlreadyExistsException):
            glue.create_database(DatabaseInput={"Name": f"pp_dw_{layer}"})


class Lake:
    """One dataset, by its computed names. `read` returns its rows as text."""

    def __init__(self, endpoint: str, bucket: str, names: Mapping[str, Any], read: Read) -> None:
        self._s3: S3Client = boto3.client("s3", endpoint_url=endpoint)
        self._bucket = bucket
        self._names = names
        self._read = read

    def seen(self, old: Rows, new: Rows) -> State:
        """The state for Athena: the rows of all objects at the location of each table."""
        return combined(
            state(self._rows(self.keys(table["location"])), old[key], new[key]) for key, table in self._tables()
        )

    def listed(self, old: Rows, new: Rows) -> State:
        """The state for gold: the rows of the files that published.json lists."""
        published = self.published()
        return combined(
            state(self._rows(published["tables"][key]["files"]), old[key], new[key]) for key, _ in self._tables()
        )

    def published(self) -> dict[str, Any]:
        found: dict[str, Any] = self._json("published.json")
        return found

    def is_publishing(self) -> bool:
        return f"{_key(self._names['runs'])}publishing.json" in self.keys(self._names["runs"])

    def records(self) -> list[dict[str, Any]]:
        return [self._json(key.rpartition("/")[2]) for key in self.keys(f"{self._names['runs']}run_id=")]

    def unexpected_objects(self) -> list[str]:
        """Objects that should not exist when no run is active, and originals with wrong tags."""
        published = self.published()
        files = {file for table in published["tables"].values() for file in table["files"]}
        found = [
            key
            for key in self.keys(f"s3://{self._bucket}/{self._names['layer']}/{self._names['dataset']}/")
            if key not in files
        ]
        found += self.keys(self._names["staging"])
        found += ["publishing.json"] if self.is_publishing() else []
        return found + self.wrong_tags()

    def wrong_tags(self) -> list[str]:
        """Originals with wrong tags."""
        found = []
        wanted = {_key(source["raw"]) for source in self.published()["sources"]}
        for key in self.keys(self._names["raw"]) if "raw" in self._names else ():
            tags = {
                tag["Key"]: tag["Value"] for tag in self._s3.get_object_tagging(Bucket=self._bucket, Key=key)["TagSet"]
            }
            # The emulator ignores the tags in CreateMultipartUpload.
            is_multipart = "-" in self._s3.head_object(Bucket=self._bucket, Key=key)["ETag"]
            if tags != ({} if key in wanted else {"medallion:superseded": "true"}) and not (
                is_multipart and tags == {}
            ):
                found.append(f"{key} tagged {tags}")
        return found

    def versions(self) -> dict[str, str]:
        """The S3 version ids of the objects of the tables and of published.json."""
        keys = [key for _, table in self._tables() for key in self.keys(table["location"])]
        keys.append(f"{_key(self._names['runs'])}published.json")
        return {key: self._s3.head_object(Bucket=self._bucket, Key=key)["VersionId"] for key in keys}

    def keys(self, uri: str) -> list[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=_key(uri))
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def write(self, key: str, value: object) -> None:
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=json.dumps(value).encode())

    def remove(self, uri: str) -> None:
        for key in self.keys(uri):
            self._s3.delete_object(Bucket=self._bucket, Key=key)

    def remove_earlier_runs(self) -> None:
        """Delete superseded originals and all records except the newest one, so that checks do not read them."""
        kept = {_key(source["raw"]) for source in self.published()["sources"]}
        originals = self.keys(self._names["raw"]) if "raw" in self._names else []
        records = self.keys(f"{self._names['runs']}run_id=")
        for key in (*records[:-1], *(key for key in originals if key not in kept)):
            self._s3.delete_object(Bucket=self._bucket, Key=key)

    def _tables(self) -> Iterable[tuple[str, Mapping[str, str]]]:
        return self._names["tables"].items()  # type: ignore[no-any-return]

    def _json(self, name: str) -> Any:
        return json.loads(self._s3.get_object(Bucket=self._bucket, Key=_key(self._names["runs"]) + name)["Body"].read())

    def _rows(self, keys: Iterable[str]) -> list[str] | None:
        """The rows of these objects as text; None if an object is missing."""
        objects: list[pa.Table] = []
        for key in keys:
            try:
                body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            except self._s3.exceptions.NoSuchKey:
                return None
            objects.append(pq.read_table(io.BytesIO(body)))
        return self._read(objects)


def first_column(objects: list[pa.Table]) -> list[str]:
    return [str(value) for table in objects for value in table.column(0).to_pylist()]


def state(rows: list[str] | None, old: list[str], new: list[str]) -> State:
    """The state of a table with these rows; `rows` is None if an object is missing."""
    if rows is None:
        return State.WRONG
    seen = Counter(rows)
    if seen == Counter(old):
        return State.OLD
    if seen == Counter(new):
        return State.NEW
    everything = Counter(old) + Counter(new)
    is_complete = seen >= Counter(old) or seen >= Counter(new)
    return State.MIXED if is_complete and seen <= everything else State.WRONG


def combined(states: Iterable[State]) -> State:
    found = set(states)
    if State.WRONG in found:
        return State.WRONG
    return found.pop() if len(found) == 1 else State.MIXED


def _key(uri: str) -> str:
    return uri.partition("://")[2].partition("/")[2]
