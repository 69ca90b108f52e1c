"""Lists and downloads objects in a bucket, which may belong to another account.

A URL refers to one object, to a folder, or to the objects that match a glob.
"""

import hashlib
import logging
import re
from contextlib import ExitStack
from dataclasses import dataclass
from tempfile import NamedTemporaryFile
from typing import Any

from botocore.exceptions import ClientError

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.progress import DownloadProgress
from etl_runtime.job.store import Store, split
from etl_runtime.source.files.fetch import FileMissing, Validators, file_name
from etl_runtime.source.files.fetch_context import FetchContext
from etl_runtime.source.files.original import Original

LOG = logging.getLogger(__name__)

CHARACTER_CLASS = re.compile(r"\[!?[^\]/]+\]")
GLOB = re.compile(r"[*?\[]")
ACCESS_DENIED = ("AccessDenied", "403", "Forbidden", "AllAccessDisabled")


def is_in_bucket(url: str) -> bool:
    return url.startswith("s3://")


@dataclass(frozen=True)
class BucketReader:
    """Lists and downloads objects. If a URL matches several objects, `newest` selects only the most recently modified
    one."""

    store: Store
    newest: bool = True

    def matching(self, url: str) -> list[str]:
        """The URLs of the matching objects in key order. `url` refers to an object, a folder (`…/`) or a glob.

        Names that start with a dot or an underscore are skipped, because they are not data.

        Raises FileMissing if no object matches, and RunFailed if the bucket cannot be listed.
        """
        bucket, key = split(url)
        glob = GLOB.search(key)
        if key and not glob and not key.endswith("/"):
            return [url]
        prefix = key[: glob.start()] if glob else key
        try:
            pattern = re.compile(_pattern(key) if glob else ".*", re.DOTALL)
        except re.error as error:
            raise RunFailed(
                ErrorCode.SOURCE_URL_INVALID,
                f"source_url {url}: the glob is not valid ({error}). Correct the part in brackets.",
            ) from error
        objects: list[Any] = []
        try:
            for page in self.store.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                objects += [
                    each
                    for each in page.get("Contents", [])
                    if _is_data(each["Key"]) and pattern.fullmatch(each["Key"])
                ]
        except ClientError as error:
            raise _s3_failure(url, error) from error
        if not objects:
            raise FileMissing(
                ErrorCode.SOURCE_NOT_FOUND,
                f"source_url {url}: no object matches. Check the bucket, or correct the URL.",
                retryable=True,
            )
        objects.sort(key=lambda each: each["Key"])
        if self.newest:
            latest = max(objects, key=lambda each: (each["LastModified"], each["Key"]))
            if len(objects) > 1:
                modified = f"{latest['LastModified']:%Y-%m-%d %H:%M:%S} UTC"
                LOG.info(f"{url}: using the newest of {len(objects):,} files: {latest['Key']}, modified {modified}")
            objects = [latest]
        return [f"s3://{bucket}/{each['Key']}" for each in objects]

    def fetch(self, url: str, context: FetchContext, known: Validators) -> Original | None:
        """Download an object. Returns None if the object is still the one that `known` describes. Raises RunFailed, or
        FileMissing if there is no such object."""
        bucket, key = split(url)
        if context.stop.is_set():
            raise RunFailed(
                ErrorCode.SOURCE_REQUEST_FAILED,
                f"source_url {url}: the download was canceled, because another download failed.",
            )
        with DownloadProgress(url) as progress, ExitStack() as unless_complete:
            try:
                head = self.store.client.head_object(Bucket=bucket, Key=key)
                if known.etag and known.etag == head["ETag"]:
                    return None
                context.on_response()
                file = unless_complete.enter_context(NamedTemporaryFile(prefix="medallion-"))
                size = head["ContentLength"]
                self.store.client.download_fileobj(
                    bucket, key, file, Callback=lambda received: progress.add(received, size)
                )
                file.flush()
                after = self.store.client.head_object(Bucket=bucket, Key=key)
            except ClientError as error:
                if self.store.is_missing(error, bucket, key):
                    raise FileMissing(
                        ErrorCode.SOURCE_NOT_FOUND,
                        f"source_url {url}: the object does not exist. Check the bucket, or correct the URL.",
                        retryable=True,
                    ) from error
                raise _s3_failure(url, error) from error
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256")
            size = file.tell()
            if (after["ETag"], size) != (head["ETag"], head["ContentLength"]):
                raise RunFailed(
                    ErrorCode.SOURCE_CHANGED,
                    f"source_url {url}: the object was replaced during the download. Run again.",
                    retryable=True,
                )
            unless_complete.pop_all()
        return Original(
            file,
            file_name(url),
            url,
            size,
            digest.hexdigest(),
            head["ETag"],
            f"{head['LastModified']:%Y-%m-%dT%H:%M:%SZ}",
        )


def _is_data(key: str) -> bool:
    return not key.endswith("/") and not key.rpartition("/")[2].startswith((".", "_"))


def _pattern(glob: str) -> str:
    """Convert a glob to a regular expression.

    `*` and `?` match within a folder. `**` matches across folders; `**/` also matches zero folders. `[ab]` matches one
    of the characters, `[!ab]` any other character.
    """
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[!?[^\]/]+\])", glob)
    wildcards = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(
        wildcards.get(part) or (_character_class(part[1:-1]) if CHARACTER_CLASS.fullmatch(part) else re.escape(part))
        for part in parts
    )


def _character_class(characters: str) -> str:
    is_negated = characters.startswith("!")
    escaped = re.sub(r"[\\\[\]^]", r"\\\g<0>", characters[is_negated:])
    return f"[{'^/' if is_negated else ''}{escaped}]"


def _s3_failure(url: str, error: ClientError) -> RunFailed:
    details = error.response.get("Error", {})
    code = details.get("Code", "")
    if code in ACCESS_DENIED:
        return RunFailed(
            ErrorCode.SOURCE_ACCESS_DENIED,
            f"source_url {url}: S3 denies access ({code}). The bucket policy must allow the job's role to list and "
            "read the bucket: see Permissions in docs/sources/s3-buckets.md.",
        )
    if code == "NoSuchBucket":
        return RunFailed(ErrorCode.SOURCE_NOT_FOUND, f"source_url {url}: the bucket does not exist. Correct the URL.")
    if code == "InvalidObjectState":
        return RunFailed(
            ErrorCode.SOURCE_ARCHIVED,
            f"source_url {url}: the object is archived. Restore it, or ask its owner to restore it.",
        )
    return RunFailed(
        ErrorCode.SOURCE_UNAVAILABLE,
        f"source_url {url}: S3 returned {code} ({details.get('Message', '').rstrip('.')}). Run again later.",
        retryable=True,
    )
