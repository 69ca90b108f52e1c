"""Reads and writes objects in S3, which are identified by `s3://bucket/key` URIs."""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
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

# Four threads upload as fast as the job unpacks. Each thread needs memory.
UPLOAD = TransferConfig(max_concurrency=4)
CHECKSUM: "ChecksumAlgorithmType" = "CRC32"  # needs a third of the CPU time of MD5, the default of this botocore
SUPERSEDED = {"medallion:superseded": "true"}
"""The tag of superseded originals, from which no published table is built. A lifecycle rule expires them."""
MAX_KEYS_PER_DELETE = 1000  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
MAX_ATTEMPTS = 4
RETRYABLE_DELETE_ERRORS = ("InternalError", "ServiceUnavailable", "SlowDown")


class RetryableDeleteError(OSError):
    """S3 did not delete an object, but may delete it when the request is repeated."""


# botocore retries a request after a 5xx response or no response, but not if the response body ends early.
with_retries = retry(
    stop=stop_after_attempt(MAX_ATTEMPTS),
    wait=wait_exponential_jitter(initial=1, max=20),
    retry=retry_if_exception_type(
        (IncompleteReadError, ReadTimeoutError, ResponseStreamingError, ResponseParserError, RetryableDeleteError)
    ),
    reraise=True,
)


class Store:
    """A client for S3 that retries temporary errors with exponential backoff. Therefore, a request may be sent more
    than once."""

    def __init__(self, client: "S3Client | None" = None, region: str | None = None) -> None:
        config = Config(retries={"mode": "standard", "max_attempts": 8}, max_pool_connections=32)
        self.client: S3Client = client or boto3.client("s3", region_name=region, config=config)

    @property
    def region(self) -> str:
        return self.client.meta.region_name

    @with_retries
    def read(self, uri: str) -> bytes | None:
        """The object's content, or None if the object does not exist."""
        bucket, key = split(uri)
        try:
            return self.client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if self.is_missing(error, bucket, key):
                return None
            raise

    def read_json(self, uri: str) -> Any:
        """The object's content as JSON, or None if the object does not exist."""
        text = self.read(uri)
        return None if text is None else json.loads(text)

    @with_retries
    def write(self, uri: str, body: bytes, content_type: str = "application/octet-stream") -> None:
        bucket, key = split(uri)
        self.client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type, ChecksumAlgorithm=CHECKSUM)

    def write_json(self, uri: str, value: object) -> None:
        self.write(uri, json.dumps(value, indent=1, ensure_ascii=False).encode(), "application/json")

    @with_retries
    def upload(
        self, path: Path, uri: str, *, tags: Mapping[str, str] | None = None, metadata: Mapping[str, str] | None = None
    ) -> None:
        """Upload a file of any size, in several parts if it is large.

        Takes a path, because botocore keeps the parts of a stream in memory.
        """
        bucket, key = split(uri)
        extra: dict[str, Any] = {"ChecksumAlgorithm": CHECKSUM}
        if tags:
            extra["Tagging"] = urlencode(tags)
        if metadata:
            extra["Metadata"] = dict(metadata)
        self.client.upload_file(str(path), bucket, key, ExtraArgs=extra, Config=UPLOAD)

    @with_retries
    def download(self, uri: str, file: IO[bytes], on_bytes: Callable[[int], None] = lambda _: None) -> bool:
        """Download an object of any size and replace the file's content with it. Returns false if the object does not
        exist.

        Several threads call `on_bytes` with the number of bytes of each block received.
        """
        bucket, key = split(uri)
        file.seek(0)
        file.truncate()
        try:
            self.client.download_fileobj(bucket, key, file, Callback=on_bytes)
        except ClientError as error:
            if self.is_missing(error, bucket, key):
                return False
            raise
        return True

    def metadata(self, uri: str) -> dict[str, str] | None:
        """The object's user-defined metadata, or None if the object does not exist."""
        head = self._head(uri)
        return None if head is None else head["Metadata"]

    def version(self, uri: str) -> str | None:
        """The ID of the object's current version, or None if the object does not exist or the bucket is not
        versioned."""
        head = self._head(uri)
        version = None if head is None else head.get("VersionId")
        return None if version in (None, "null") else str(version)

    @with_retries
    def copy(self, source: str, target: str) -> None:
        """Copy an object and its metadata within S3. CopyObject supports up to 5 GB, and objects of tables are far
        smaller."""
        source_bucket, source_key = split(source)
        bucket, key = split(target)
        self.client.copy_object(CopySource={"Bucket": source_bucket, "Key": source_key}, Bucket=bucket, Key=key)

    @with_retries
    def restore(self, uri: str, version: str) -> bool:
        """Replace the current version with a copy of a noncurrent version. Returns false if that version no longer
        exists."""
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

    @with_retries
    def delete(self, uris: Iterable[str]) -> None:
        """Delete these objects if they exist. Raises OSError if S3 fails to delete one."""
        by_bucket: dict[str, list[str]] = {}
        for uri in uris:
            bucket, key = split(uri)
            by_bucket.setdefault(bucket, []).append(key)
        for bucket, keys in by_bucket.items():
            for start in range(0, len(keys), MAX_KEYS_PER_DELETE):
                batch = keys[start : start + MAX_KEYS_PER_DELETE]
                response = self.client.delete_objects(
                    Bucket=bucket, Delete={"Objects": [{"Key": key} for key in batch], "Quiet": True}
                )
                for error in response.get("Errors", []):
                    uri, code, message = f"s3://{bucket}/{error.get('Key')}", error.get("Code"), error.get("Message")
                    error_type = RetryableDeleteError if code in RETRYABLE_DELETE_ERRORS else OSError
                    raise error_type(f"S3 did not delete {uri}: {code} {message}")

    @with_retries
    def tag(self, uri: str, tags: Mapping[str, str]) -> None:
        """Replace the object's tags if it exists. S3 responds with 405 if the current version is a delete marker."""
        bucket, key = split(uri)
        try:
            self.client.put_object_tagging(
                Bucket=bucket, Key=key, Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in tags.items()]}
            )
        except ClientError as error:
            if not self.is_missing(error, bucket, key):
                raise

    @with_retries
    def list(self, prefix: str, after: str = "") -> list[str]:
        """The sorted URIs with this prefix. With `after`, only URIs that sort after prefix + `after`."""
        bucket, key = split(prefix)
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=key, StartAfter=key + after if after else ""
        )
        return [f"s3://{bucket}/{entry['Key']}" for page in pages for entry in page.get("Contents", [])]

    @with_retries
    def _head(self, uri: str) -> Any:
        bucket, key = split(uri)
        try:
            return self.client.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if self.is_missing(error, bucket, key):
                return None
            raise

    def is_missing(self, error: ClientError, bucket: str, key: str) -> bool:
        """Whether the request failed because the object does not exist.

        If a role, such as the job's role, may list only some prefixes, S3 responds with 403 instead of 404. In this
        case, a listing shows whether the object exists.
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        """
        code = error.response.get("Error", {}).get("Code")
        if code in ("NoSuchKey", "NoSuchVersion", "404", "NotFound", "MethodNotAllowed", "405"):
            return True
        if code not in ("AccessDenied", "403", "Forbidden"):
            return False
        try:
            listed = self.client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", [])
        except ClientError:
            return False  # the error of the request itself is more useful
        return not any(entry["Key"] == key for entry in listed)


@cache
def store_of_worker(region: str) -> Store:
    """Return the store of this worker process. It is created once per Region, because creating a client is slow. The
    Region is required, because executors have no default Region."""
    return Store(region=region)


def split(uri: str) -> tuple[str, str]:
    """Split an `s3://bucket/key` URI into the bucket and the key."""
    if not uri.startswith("s3://"):
        raise ValueError(f"not an s3:// URI: {uri}")
    bucket, _, key = uri[len("s3://") :].partition("/")
    return bucket, key
