"""Objects in S3, named by `s3://bucket/key` URIs."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError, IncompleteReadError, ReadTimeoutError, ResponseStreamingError
from botocore.parsers import ResponseParserError
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import ChecksumAlgorithmType

UPLOAD = TransferConfig(max_concurrency=4)  # as fast as a file is unpacked beside it; each more takes memory
CHECKSUM: "ChecksumAlgorithmType" = (
    "CRC32"  # what S3 proves a body by: a third of the work that MD5 takes, botocore's own choice
)
SUPERSEDED = {"medallion:superseded": "true"}
"""The tag of originals that are not the published ones; the bucket's lifecycle deletes these, and no others, after a time."""
DELETE_LIMIT = 1000  # DeleteObjects takes at most 1,000 keys
ATTEMPTS = 4
LATER = (
    "InternalError",
    "ServiceUnavailable",
    "SlowDown",
)  # what S3 says of a key that may well be deleted the next time


class NotDeletedYet(OSError):
    """S3 did not delete an object, and asks to be asked again."""


# botocore tries again what S3 answers with 5xx or not at all, but not where an answer breaks off.
again = retry(
    stop=stop_after_attempt(ATTEMPTS),
    wait=wait_exponential_jitter(initial=1, max=20),
    retry=retry_if_exception_type(
        (IncompleteReadError, ReadTimeoutError, ResponseStreamingError, ResponseParserError, NotDeletedYet)
    ),
    reraise=True,
)


class Store:
    """A small client over S3. What fails on the way or for a while is tried again, with back-off: every call may be made twice."""

    def __init__(self, client: "S3Client | None" = None, region: str | None = None) -> None:
        config = Config(retries={"mode": "standard", "max_attempts": 8}, max_pool_connections=32)
        self.client: S3Client = client or boto3.client("s3", region_name=region, config=config)

    @property
    def region(self) -> str:
        return self.client.meta.region_name

    @again
    def read(self, uri: str) -> bytes | None:
        """The object's bytes, or None where there is no such object."""
        bucket, key = split(uri)
        try:
            return self.client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if self.is_missing(error, bucket, key):
                return None
            raise

    def read_json(self, uri: str) -> Any:
        """The object's JSON value, or None where there is no such object."""
        text = self.read(uri)
        return None if text is None else json.loads(text)

    @again
    def write(self, uri: str, body: bytes | bytearray, content_type: str = "application/octet-stream") -> None:
        bucket, key = split(uri)
        self.client.put_object(
            Bucket=bucket, Key=key, Body=cast(bytes, body), ContentType=content_type, ChecksumAlgorithm=CHECKSUM
        )

    def write_json(self, uri: str, value: object) -> None:
        self.write(uri, json.dumps(value, indent=1, ensure_ascii=False).encode(), "application/json")

    @again
    def upload(
        self, path: Path, uri: str, *, tags: Mapping[str, str] | None = None, metadata: Mapping[str, str] | None = None
    ) -> None:
        """Send a file of any size, in pieces where it is large. By its path, because botocore holds the pieces of a stream in memory."""
        bucket, key = split(uri)
        extra: dict[str, Any] = {"ChecksumAlgorithm": CHECKSUM}
        if tags:
            extra["Tagging"] = urlencode(tags)
        if metadata:
            extra["Metadata"] = dict(metadata)
        self.client.upload_file(str(path), bucket, key, ExtraArgs=extra, Config=UPLOAD)

    @again
    def download(self, uri: str, file: IO[bytes]) -> bool:
        """Fetch an object of any size into an empty file. False where there is no such object."""
        bucket, key = split(uri)
        file.seek(0)
        file.truncate()
        try:
            self.client.download_fileobj(bucket, key, file)
        except ClientError as error:
            if self.is_missing(error, bucket, key):
                return False
            raise
        return True

    def metadata(self, uri: str) -> dict[str, str] | None:
        """The object's own metadata, or None where there is no such object."""
        head = self._head(uri)
        return None if head is None else head["Metadata"]

    def version(self, uri: str) -> str | None:
        """The id of the object's current version; None where there is no object, or the bucket keeps no versions."""
        head = self._head(uri)
        version = None if head is None else head.get("VersionId")
        return None if version in (None, "null") else str(version)

    @again
    def copy(self, source: str, target: str) -> None:
        """Copy inside S3, with the object's metadata. CopyObject takes objects up to 5 GB; ours are far below."""
        source_bucket, source_key = split(source)
        bucket, key = split(target)
        self.client.copy_object(CopySource={"Bucket": source_bucket, "Key": source_key}, Bucket=bucket, Key=key)

    @again
    def restore(self, uri: str, version: str) -> bool:
        """Make an old version the current one again. False where that version is gone."""
        bucket, key = split(uri)
        try:
            self.client.copy_object(
                CopySource={"Bucket": bucket, "Key": key, "VersionId": version}, Bucket=bucket, Key=key
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("NoSuchVersion", "NoSuchKey", "404"):
                return False
            raise
        return True

    @again
    def delete(self, uris: Iterable[str]) -> None:
        """Delete exactly these objects. One that is not there is no error. Raises OSError where S3 refuses one."""
        by_bucket: dict[str, list[str]] = {}
        for uri in uris:
            bucket, key = split(uri)
            by_bucket.setdefault(bucket, []).append(key)
        for bucket, keys in by_bucket.items():
            for start in range(0, len(keys), DELETE_LIMIT):
                batch = keys[start : start + DELETE_LIMIT]
                answer = self.client.delete_objects(
                    Bucket=bucket, Delete={"Objects": [{"Key": key} for key in batch], "Quiet": True}
                )
                for error in answer.get("Errors", []):
                    kind = NotDeletedYet if error.get("Code") in LATER else OSError
                    raise kind(
                        f"S3 did not delete s3://{bucket}/{error.get('Key')}: {error.get('Code')} {error.get('Message')}"
                    )

    @again
    def tag(self, uri: str, tags: Mapping[str, str]) -> None:
        """Replace the object's tags. An object that is gone is no error; S3 says 405 where its last version is a delete marker."""
        bucket, key = split(uri)
        try:
            self.client.put_object_tagging(
                Bucket=bucket, Key=key, Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in tags.items()]}
            )
        except ClientError as error:
            if not self.is_missing(error, bucket, key):
                raise

    @again
    def list(self, prefix: str, after: str = "") -> list[str]:
        """The URIs below a prefix, sorted; with `after`, only those whose rest behind the prefix sorts after it."""
        bucket, key = split(prefix)
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=key, StartAfter=key + after if after else ""
        )
        return [f"s3://{bucket}/{entry['Key']}" for page in pages for entry in page.get("Contents", [])]

    @again
    def _head(self, uri: str) -> Any:
        bucket, key = split(uri)
        try:
            return self.client.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if self.is_missing(error, bucket, key):
                return None
            raise

    def is_missing(self, error: ClientError, bucket: str, key: str) -> bool:
        """Whether the call failed because there is no such object.

        S3 says 403 instead of 404 to a role that may list some prefixes only, as ours: then a listing tells.
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        """
        code = error.response.get("Error", {}).get("Code")
        if code in ("NoSuchKey", "NoSuchVersion", "404", "NotFound", "MethodNotAllowed", "405"):
            return True
        if code not in ("AccessDenied", "403", "Forbidden"):
            return False
        try:
            found = self.client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", [])
        except ClientError:
            return False  # the refusal of the call itself tells more
        return not any(entry["Key"] == key for entry in found)


@cache
def store_of_worker(region: str) -> Store:
    """One client a worker process: a task must not pay for a new one. An executor knows no region of its own."""
    return Store(region=region)


def split(uri: str) -> tuple[str, str]:
    """`s3://bucket/key` → (bucket, key)."""
    if not uri.startswith("s3://"):
        raise ValueError(f"not an s3:// URI: {uri}")
    bucket, _, key = uri[len("s3://") :].partition("/")
    return bucket, key
