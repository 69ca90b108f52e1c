"""Uploads files to S3 as the CDK construct BucketDeployment does, from the folders of the cloud assembly."""

import hashlib
import time
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Deployment:
    """One source of a BucketDeployment.

    source: a folder of the cloud assembly, or a ZIP file that is extracted.
    bucket, prefix: the destination; the prefix does not end with a slash and can be empty.
    markers: placeholders in the files for values that are only known at deployment, mapped to these values.
    """

    source: str
    bucket: str
    prefix: str
    markers: dict[str, str]


def deployed_files(deployments: Iterable[Deployment]) -> dict[str, bytes]:
    """The files that the deployments upload, keyed by `s3://` URI."""
    return {
        f"s3://{each.bucket}/{f'{each.prefix}/' if each.prefix else ''}{name}": _with_values(content, each.markers)
        for each in deployments
        for name, content in _files(each.source)
    }


def split_uri(uri: str) -> tuple[str, str]:
    """Split `s3://bucket/key` into bucket and key."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def deploy(s3: "S3Client", bucket: str, deployments: list[Deployment]) -> None:
    """Create the buckets and upload new and changed files. As in a deployment, no file is deleted."""
    existing = {each["Name"] for each in s3.list_buckets()["Buckets"]}
    for name in {bucket, *(each.bucket for each in deployments)} - existing:
        _create_bucket(s3, name)
    for deployment in deployments:
        prefix = f"{deployment.prefix}/" if deployment.prefix else ""
        etags = _etags(s3, deployment.bucket, prefix)
        for name, content in _files(deployment.source):
            body = _with_values(content, deployment.markers)
            if etags.get(prefix + name) != f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"':
                s3.put_object(Bucket=deployment.bucket, Key=prefix + name, Body=body)


def _create_bucket(s3: "S3Client", name: str) -> None:
    """Create a bucket in the Region of the client, unless a concurrent run has created it.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html: us-east-1 has no location constraint.
    """
    region = s3.meta.region_name
    location: Any = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=name, **location)


def mirror(s3: "S3Client", bucket: str, folder: Path) -> None:
    """Mirror the files of a folder in a bucket, with modification times in the same order.

    Deletes all other objects. If all objects already match the files, nothing is uploaded.
    """
    if bucket not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
        _create_bucket(s3, bucket)
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    by_age = sorted(files, key=lambda key: (files[key].stat().st_mtime_ns, key))
    # Order and content come from one listing, because another job may mirror the same folder at the same time.
    objects = sorted(_objects(s3, bucket, ""), key=lambda each: (each["LastModified"], each["Key"]))
    etags = {each["Key"]: each["ETag"] for each in objects}
    for key in etags.keys() - files.keys():
        s3.delete_object(Bucket=bucket, Key=key)
    if by_age == [key for key in etags if key in files] and all(
        etags[key] == _etag(path) for key, path in files.items()
    ):
        return
    for key in by_age:
        s3.put_object(Bucket=bucket, Key=key, Body=files[key].read_bytes())
        time.sleep(0.002)  # the modification times of the emulator have a resolution of 1 ms


def _etag(path: Path) -> str:
    with path.open("rb") as file:
        return f'"{hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()}"'


def _with_values(content: bytes, markers: dict[str, str]) -> bytes:
    for marker, value in markers.items():
        content = content.replace(marker.encode(), value.encode())
    return content


def _etags(s3: "S3Client", bucket: str, prefix: str) -> dict[str, str]:
    return {each["Key"]: each["ETag"] for each in _objects(s3, bucket, prefix)}


def _objects(s3: "S3Client", bucket: str, prefix: str) -> list[Any]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [each for page in pages for each in page.get("Contents", [])]


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
