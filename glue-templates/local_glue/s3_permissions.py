"""The IAM permissions that a request to S3 requires."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import unescape

from iam_policy import KNOWN_KEYS, Permission

BUCKET_ACTIONS = {
    "location": "s3:GetBucketLocation",
    "uploads": "s3:ListBucketMultipartUploads",
    "versions": "s3:ListBucketVersions",
    "versioning": "s3:GetBucketVersioning",
}
"""The actions of requests that read properties of a bucket, keyed by query parameter. Other requests list its
objects."""


def required_permissions(method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> list[Permission]:
    """The permissions for a request with a path-style URL. `body` is needed only for requests that delete several
    objects.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
    """
    parts = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
    lower = {name.lower(): value for name, value in headers.items()}
    if not bucket:
        return [Permission("s3:ListAllMyBuckets", "*")]
    if not key:
        return _of_bucket(method, bucket, query, body)
    own = [Permission(_object_action(method, query), _arn(bucket, key))]
    if "x-amz-tagging" in lower:
        own.append(Permission("s3:PutObjectTagging", _arn(bucket, key)))
    if "x-amz-copy-source" in lower:
        source, _, version = unquote(lower["x-amz-copy-source"]).lstrip("/").partition("?versionId=")
        source_bucket, _, source_key = source.partition("/")
        own.append(Permission("s3:GetObjectVersion" if version else "s3:GetObject", _arn(source_bucket, source_key)))
    return own


def list_permission(target: str) -> Permission:
    """The permission that a role needs so that S3 returns 404 instead of 403 for an object that does not exist.

    S3 checks this permission without a prefix, so a role that may list only some prefixes does not have it.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    return Permission("s3:ListBucket", f"arn:aws:s3:::{unquote(urlsplit(target).path).lstrip('/').partition('/')[0]}")


def _of_bucket(method: str, bucket: str, query: Mapping[str, str], body: bytes) -> list[Permission]:
    arn = f"arn:aws:s3:::{bucket}"
    if method == "POST" and "delete" in query:
        keys = re.findall(r"<Key>(.*?)</Key>", body.decode(), re.DOTALL)
        return [Permission("s3:DeleteObject", _arn(bucket, unescape(key))) for key in keys]
    if method == "PUT":
        return [Permission("s3:CreateBucket", arn)]
    if method == "DELETE":
        return [Permission("s3:DeleteBucket", arn)]
    for parameter, action in BUCKET_ACTIONS.items():
        if parameter in query:
            return [Permission(action, arn)]
    context = {key: query[name] for key in KNOWN_KEYS if (name := key.removeprefix("s3:")) in query}
    return [Permission("s3:ListBucket", arn, context)]


def _object_action(method: str, query: Mapping[str, str]) -> str:
    version = "Version" if "versionId" in query else ""
    if "tagging" in query:
        verb = {"GET": "Get", "PUT": "Put", "DELETE": "Delete"}[method]
        return f"s3:{verb}Object{version}Tagging"
    if "acl" in query:
        return f"s3:{'Get' if method == 'GET' else 'Put'}Object{version}Acl"
    match method:
        case "GET" if "uploadId" in query:
            return "s3:ListMultipartUploadParts"
        case "GET" | "HEAD":
            return f"s3:GetObject{version}"
        case "DELETE" if "uploadId" in query:
            return "s3:AbortMultipartUpload"
        case "DELETE":
            return f"s3:DeleteObject{version}"
        case _:
            return "s3:PutObject"


def _arn(bucket: str, key: str) -> str:
    return f"arn:aws:s3:::{bucket}/{key}"
