"""The local S3 API responds to a job as S3 responds to the role of the job."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from local_glue.test_emulator import Emulator

from iam_policy import Permission, is_allowed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROLE = "pp-dw-bronze-a-role"
LAKE = "arn:aws:s3:::lake"


def allow(actions: list[str], resources: list[str], **others: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **others}


POLICY = {
    "Statement": [
        allow(["s3:ListBucket"], [LAKE], Condition={"StringLike": {"s3:prefix": ["bronze/a/*"]}}),
        allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], [f"{LAKE}/bronze/a/*"]),
        allow(["s3:PutObjectTagging"], [f"{LAKE}/raw/*"]),
    ]
}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    roles = tmp_path_factory.mktemp("roles")
    (roles / f"{ROLE}.json").write_text(json.dumps([POLICY]))
    found = Emulator("--memory", "--roles", str(roles), "--calls", str(roles / "calls"))
    found.s3.create_bucket(Bucket="lake")
    for key in ("bronze/a/x", "bronze/b/x", "raw/x"):
        found.s3.put_object(Bucket="lake", Key=key, Body=b"x")
    yield found
    found.end()


@pytest.fixture
def s3(emulator: Emulator) -> "S3Client":
    """A client with the access key of the role."""
    client: S3Client = boto3.client(
        "s3",
        endpoint_url=emulator.endpoint,
        aws_access_key_id=ROLE,
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 0}),
    )
    return client


OF = {"Bucket": "lake"}
Call = Callable[["S3Client"], Any]


@pytest.mark.parametrize(
    ("call", "status"),
    [
        (lambda s3: s3.get_object(**OF, Key="bronze/a/x"), 200),
        (lambda s3: s3.head_object(**OF, Key="bronze/a/x"), 200),
        (lambda s3: s3.put_object(**OF, Key="bronze/a/y", Body=b"y" * 100_000), 200),
        (lambda s3: s3.copy_object(**OF, Key="bronze/a/z", CopySource="lake/bronze/a/x"), 200),
        (lambda s3: s3.list_objects_v2(**OF, Prefix="bronze/a/"), 200),
        (lambda s3: s3.delete_objects(**OF, Delete={"Objects": [{"Key": "bronze/a/none & <none>"}]}), 200),
        (lambda s3: s3.delete_object(**OF, Key="bronze/a/none"), 204),
        # S3 does not tell a role that may only list some prefixes that an object does not exist.
        (lambda s3: s3.get_object(**OF, Key="bronze/a/none"), 403),
        (lambda s3: s3.head_object(**OF, Key="bronze/a/none"), 403),
        (lambda s3: s3.copy_object(**OF, Key="bronze/a/z", CopySource="lake/bronze/a/none"), 403),
        (lambda s3: s3.put_object_tagging(**OF, Key="raw/none", Tagging={"TagSet": []}), 403),
        (lambda s3: s3.get_object(**OF, Key="bronze/a"), 403),
        (lambda s3: s3.list_objects_v2(**OF, Prefix="bronze/a"), 403),
        (lambda s3: s3.list_objects_v2(**OF), 403),
        (lambda s3: s3.get_object(**OF, Key="bronze/b/x"), 403),
        (lambda s3: s3.put_object(**OF, Key="bronze/b/x", Body=b"y" * 100_000), 403),
        (lambda s3: s3.put_object(**OF, Key="bronze/a/x", Body=b"x", Tagging="a=b"), 403),
        (lambda s3: s3.copy_object(**OF, Key="bronze/a/z", CopySource="lake/bronze/b/x"), 403),
        (lambda s3: s3.delete_objects(**OF, Delete={"Objects": [{"Key": "bronze/b/x"}]}), 403),
        (lambda s3: s3.create_multipart_upload(**OF, Key="bronze/b/x"), 403),
        (lambda s3: s3.get_bucket_location(**OF), 403),
    ],
)
def test_a_request_of_a_role_has_the_status_of_s3(s3: "S3Client", call: Call, status: int) -> None:
    try:
        found = call(s3)["ResponseMetadata"]["HTTPStatusCode"]
    except ClientError as error:
        found = error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert status == 403 and error.response["Error"]["Code"] in ("AccessDenied", "403")
    assert found == status


def test_a_missing_object_names_the_permission_that_would_tell_so(s3: "S3Client") -> None:
    with pytest.raises(ClientError, match="not authorized to perform s3:ListBucket on arn:aws:s3:::lake$"):
        s3.get_object(Bucket="lake", Key="bronze/a/none")
    with pytest.raises(ClientError, match="not authorized to perform s3:GetObject on arn:aws:s3:::lake/bronze/b/none$"):
        s3.get_object(Bucket="lake", Key="bronze/b/none")


def test_other_access_keys_are_not_limited(emulator: Emulator) -> None:
    assert emulator.s3.list_objects_v2(**OF)["KeyCount"] >= 3
    with pytest.raises(ClientError, match="NoSuchKey"):
        emulator.s3.get_object(**OF, Key="none")


def test_the_permissions_of_a_request_are_recorded(s3: "S3Client", tmp_path: Path) -> None:
    (tmp_path / f"{ROLE}.json").write_text(json.dumps([{"Statement": allow(["s3:*"], ["*"])}]))
    recording = Emulator("--memory", "--roles", str(tmp_path), "--calls", str(tmp_path / "calls"))
    recording.s3.create_bucket(Bucket="lake")
    limited = boto3.client("s3", endpoint_url=recording.endpoint, aws_access_key_id=ROLE, aws_secret_access_key="test")
    limited.put_object(**OF, Key="a b", Body=b"", Tagging="a=b")
    limited.list_objects_v2(**OF, Prefix="a ")
    recording.end()
    assert [json.loads(line) for line in (tmp_path / "calls").read_text().splitlines()] == [
        {"role": ROLE, "action": "s3:PutObject", "resource": f"{LAKE}/a b", "context": {}},
        {"role": ROLE, "action": "s3:PutObjectTagging", "resource": f"{LAKE}/a b", "context": {}},
        {"role": ROLE, "action": "s3:ListBucket", "resource": LAKE, "context": {"s3:prefix": "a "}},
    ]


def statement(effect: str, **others: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "s3:Get*", "Resource": "*", **others}


READ = Permission("s3:GetObject", f"{LAKE}/a")
LIST = Permission("s3:ListBucket", LAKE, {"s3:prefix": "raw/x"})


@pytest.mark.parametrize(
    ("permission", "statements", "allowed"),
    [
        (READ, [], False),
        (READ, [statement("Allow")], True),
        (READ, [statement("Allow", Action="S3:getobject")], True),
        (READ, [statement("Allow"), statement("Deny")], False),
        (READ, [statement("Allow", Resource=f"{LAKE}/?")], True),
        (READ, [statement("Allow", Resource=[f"{LAKE}/??", f"{LAKE}/b"])], False),
        (READ, [{"Effect": "Allow", "NotAction": "s3:Put*", "NotResource": f"{LAKE}/b"}], True),
        (READ, [{"Effect": "Allow", "NotAction": "s3:Get*", "Resource": "*"}], False),
        # The VPC, the time and other circumstances of a request are unknown on this machine.
        (READ, [statement("Allow", Condition={"StringEquals": {"aws:SourceVpce": "vpce-1"}})], True),
        (READ, [statement("Allow"), statement("Deny", Condition={"Bool": {"aws:SecureTransport": "false"}})], True),
        (LIST, [statement("Allow", Action="s3:*", Condition={"StringLike": {"s3:prefix": "raw/*"}})], True),
        (LIST, [statement("Allow", Action="*", Condition={"StringLike": {"S3:Prefix": ["a", "raw/x"]}})], True),
        (LIST, [statement("Allow", Action="*", Condition={"StringEquals": {"s3:prefix": "raw/*"}})], False),
        (LIST, [statement("Allow", Action="*", Condition={"StringNotLike": {"s3:prefix": "raw/*"}})], False),
        (LIST, [statement("Allow", Action="*", Condition={"Null": {"s3:prefix": "true"}})], False),
        (
            Permission("s3:ListBucket", LAKE),
            [statement("Allow", Action="*", Condition={"StringLike": {"s3:prefix": "*"}})],
            False,
        ),
        (
            Permission("s3:ListBucket", LAKE),
            [statement("Allow", Action="*", Condition={"StringLikeIfExists": {"s3:prefix": "a"}})],
            True,
        ),
    ],
)
def test_a_permission_is_evaluated_as_by_iam(
    permission: Permission, statements: list[dict[str, Any]], allowed: bool
) -> None:
    assert is_allowed(permission, [{"Statement": statements}]) == allowed
