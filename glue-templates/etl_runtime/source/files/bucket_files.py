"""Files in a bucket, also of another account: one object, those of a folder, or those that a glob matches."""

import hashlib
import logging
import re
from contextlib import ExitStack
from dataclasses import dataclass
from tempfile import NamedTemporaryFile
from typing import Any

from botocore.exceptions import ClientError

from etl_runtime.job.errors import RunFailed
from etl_runtime.job.store import Store, split
from etl_runtime.source.files.fetch import FileMissing, Validators, file_name
from etl_runtime.source.files.fetch_context import FetchContext
from etl_runtime.source.files.original import Original

LOG = logging.getLogger(__name__)

CLASS = re.compile(r"\[!?[^\]/]+\]")
GLOB = re.compile(r"[*?\[]")
REFUSED = ("AccessDenied", "403", "Forbidden", "AllAccessDisabled")


def is_in_bucket(url: str) -> bool:
    return url.startswith("s3://")


@dataclass(frozen=True)
class BucketReader:
    """Lists and downloads objects. Of several that a URL matches, `newest` takes the one written last, else all of them."""

    store: Store
    newest: bool = True

    def matching(self, url: str) -> list[str]:
        """The objects that an address names: itself, or what lies in its folder or matches its glob; of several the newest alone, or all
        in the order of their keys. Names that begin with a dot or an underscore are no data.

        Raises FileMissing where there is none, RunFailed where they may not be listed.
        """
        bucket, key = split(url)
        glob = GLOB.search(key)
        if key and not glob and not key.endswith("/"):
            return [url]
        prefix = key[: glob.start()] if glob else key
        try:
            wanted = re.compile(_pattern(key) if glob else ".*", re.DOTALL)
        except re.error as error:
            raise RunFailed(
                f"source_url {url}: the glob cannot be read ({error}). Mend what is in its brackets."
            ) from error
        found: list[Any] = []
        try:
            for page in self.store.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                found += [
                    each for each in page.get("Contents", []) if _is_data(each["Key"]) and wanted.fullmatch(each["Key"])
                ]
        except ClientError as error:
            raise _s3_failure(url, error) from error
        if not found:
            raise FileMissing(
                f"source_url {url}: there is no file. Look at the bucket, or mend the address.", retryable=True
            )
        found.sort(key=lambda each: each["Key"])
        if self.newest:
            latest = max(found, key=lambda each: (each["LastModified"], each["Key"]))
            if len(found) > 1:
                LOG.info(
                    f"{url}: of {len(found):,} files the newest, {latest['Key']}, written {latest['LastModified']:%Y-%m-%d %H:%M:%S} UTC"
                )
            found = [latest]
        return [f"s3://{bucket}/{each['Key']}" for each in found]

    def fetch(self, url: str, context: FetchContext, known: Validators) -> Original | None:
        """Download an object; None where it is what `known` describes. Raises RunFailed, and FileMissing where there is no such object."""
        bucket, key = split(url)
        if context.stop.is_set():
            raise RunFailed(f"source_url {url}: the download was given up, because another one failed.")
        with ExitStack() as unless_whole:
            try:
                head = self.store.client.head_object(Bucket=bucket, Key=key)
                if known.etag and known.etag == head["ETag"]:
                    return None
                context.on_response()
                file = unless_whole.enter_context(NamedTemporaryFile(prefix="medallion-"))
                self.store.client.download_fileobj(bucket, key, file)
                file.flush()
                after = self.store.client.head_object(Bucket=bucket, Key=key)
            except ClientError as error:
                if self.store.is_missing(error, bucket, key):
                    what = f"source_url {url}: there is no such object. Look at the bucket, or mend the address."
                    raise FileMissing(what, retryable=True) from error
                raise _s3_failure(url, error) from error
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256")
            size = file.tell()
            if (after["ETag"], size) != (head["ETag"], head["ContentLength"]):
                raise RunFailed(
                    f"source_url {url}: the object was replaced during the download. Run again.", retryable=True
                )
            unless_whole.pop_all()
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
    """* and ? are within a folder, ** goes through folders, **/ through none too; [ab] is one of these, [!ab] none of them."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[!?[^\]/]+\])", glob)
    written = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(
        written.get(part) or (_one_of(part[1:-1]) if CLASS.fullmatch(part) else re.escape(part)) for part in parts
    )


def _one_of(characters: str) -> str:
    """A character of a list, or of ranges such as a-z; none of them behind an exclamation mark."""
    but = characters.startswith("!")
    listed = re.sub(r"[\\\[\]^]", r"\\\g<0>", characters[but:])
    return f"[{'^/' if but else ''}{listed}]"


def _s3_failure(url: str, error: ClientError) -> RunFailed:
    about = error.response.get("Error", {})
    code = about.get("Code", "")
    if code in REFUSED:
        remedy = "The bucket's policy must let the job's role read and list it; the README shows the statement to add"
        return RunFailed(f"source_url {url}: S3 refuses access ({code}). {remedy}.")
    if code == "NoSuchBucket":
        return RunFailed(f"source_url {url}: there is no such bucket. Mend the address.")
    if code == "InvalidObjectState":
        return RunFailed(f"source_url {url}: the object is archived. Restore it first, or ask its owner to.")
    return RunFailed(f"source_url {url}: {code}, {about.get('Message', '')}", retryable=True)
