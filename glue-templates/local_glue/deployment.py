"""Places files in S3 as the CDK's BucketDeployment does, from the folders in the synthesized assembly."""

import hashlib
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Deployment:
    """One source of a BucketDeployment.

    source: a folder in the assembly, or a ZIP file that is extracted.
    bucket, prefix: where its files go; the prefix has no slash at its end and may be empty.
    markers: texts in the files that stand for values known at deploy time only, and those values.
    """

    source: str
    bucket: str
    prefix: str
    markers: dict[str, str]


def split_uri(uri: str) -> tuple[str, str]:
    """Split s3://bucket/key into bucket and key."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def place(s3: "S3Client", bucket: str, deployments: list[Deployment]) -> None:
    """Make the buckets and upload the files that are not there as they are. Nothing is removed, as deployed."""
    there = {each["Name"] for each in s3.list_buckets()["Buckets"]}
    for name in {bucket, *(each.bucket for each in deployments)} - there:
        with suppress(s3.exceptions.BucketAlreadyOwnedByYou):  # a run beside this one has made it meanwhile
            s3.create_bucket(Bucket=name)
    for deployment in deployments:
        prefix = f"{deployment.prefix}/" if deployment.prefix else ""
        tags = _tags(s3, deployment.bucket, prefix)
        for name, content in _files(deployment.source):
            body = _filled_in(content, deployment.markers)
            if tags.get(prefix + name) != f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"':
                s3.put_object(Bucket=deployment.bucket, Key=prefix + name, Body=body)


def mirror(s3: "S3Client", bucket: str, folder: Path) -> None:
    """Make a bucket hold what a folder holds, written there in the order in which the files were. What is right already stays."""
    if bucket not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
        with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
            s3.create_bucket(Bucket=bucket)
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    in_order = sorted(files, key=lambda key: (files[key].stat().st_mtime_ns, key))
    tags = _tags(s3, bucket, "")
    for key in tags.keys() - files.keys():
        s3.delete_object(Bucket=bucket, Key=key)
    if in_order == _by_time(s3, bucket) and all(tags[key] == _tag(path) for key, path in files.items()):
        return
    for key in in_order:
        s3.put_object(Bucket=bucket, Key=key, Body=files[key].read_bytes())
        time.sleep(0.002)  # the emulator tells milliseconds


def _by_time(s3: "S3Client", bucket: str) -> list[str]:
    objects = [
        each
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        for each in page.get("Contents", [])
    ]
    return [each["Key"] for each in sorted(objects, key=lambda each: (each["LastModified"], each["Key"]))]


def _tag(path: Path) -> str:
    with path.open("rb") as file:
        return f'"{hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()}"'


def _filled_in(content: bytes, markers: dict[str, str]) -> bytes:
    for marker, value in markers.items():
        content = content.replace(marker.encode(), value.encode())
    return content


def _tags(s3: "S3Client", bucket: str, prefix: str) -> dict[str, str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {each["Key"]: each["ETag"] for page in pages for each in page.get("Contents", [])}


def _files(source: str) -> Iterator[tuple[str, bytes]]:
    if Path(source).is_dir():
        for path in sorted(Path(source).rglob("*")):
            if path.is_file():
                yield path.relative_to(source).as_posix(), path.read_bytes()
        return
    with zipfile.ZipFile(source) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                yield member.filename, archive.read(member)
