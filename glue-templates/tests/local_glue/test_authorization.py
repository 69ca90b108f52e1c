"""The local S3 and Glue API responds to a job as AWS responds to the role of the job."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from glue_permissions import arn_prefix, required_permissions
from local_glue.test_emulator import Emulator

from iam_policy import Permission, is_allowed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROLE = "pp-dw-bronze-a-role"
LAKE = "arn:aws:s3:::lake"


def allow(actions: list[str], resources: list[str], **others: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **others}


CATALOG = "arn:aws:glue:eu-central-1:123456789012:"
LOCAL = "arn:aws:glue:us-east-1:000000000000:"
POLICY = {
    "Statement": [
        allow(
            ["glue:GetDatabase", "glue:GetTable", "glue:CreateTable", "glue:UpdateTable"],
            [f"{CATALOG}catalog", f"{CATALOG}database/bronze", f"{CATALOG}table/bronze/*"],
        ),
        allow(["glue:GetTable"], [f"{CATALOG}database/silver"]),
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
    glue = boto3.client("glue", endpoint_url=found.endpoint)
    for database in ("bronze", "silver"):
        glue.create_database(DatabaseInput={"Name": database})
        glue.create_table(DatabaseName=database, TableInput={"Name": "known"})
    yield found
    found.end()


def client_of(service: str, emulator: Emulator) -> Any:
    """A client with the access key of the role."""
    return boto3.client(
        service,
        endpoint_url=emulator.endpoint,
        aws_access_key_id=ROLE,
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 0}),
    )


@pytest.fixture
def s3(emulator: Emulator) -> "S3Client":
    client: S3Client = client_of("s3", emulator)
    return client


@pytest.fixture
def glue(emulator: Emulator) -> Any:
    return client_of("glue", emulator)


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
        # S3 responds with 403 for a missing object if the role may list only some prefixes.
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


def test_the_error_for_a_missing_object_names_the_missing_list_permission(s3: "S3Client") -> None:
    with pytest.raises(ClientError, match="not authorized to perform s3:ListBucket on arn:aws:s3:::lake$"):
        s3.get_object(Bucket="lake", Key="bronze/a/none")
    with pytest.raises(ClientError, match="not authorized to perform s3:GetObject on arn:aws:s3:::lake/bronze/b/none$"):
        s3.get_object(Bucket="lake", Key="bronze/b/none")


@pytest.mark.parametrize(
    ("call", "denied"),
    [
        (lambda glue: glue.get_database(Name="bronze"), None),
        (lambda glue: glue.get_table(DatabaseName="bronze", Name="known"), None),
        (lambda glue: glue.create_table(DatabaseName="bronze", TableInput={"Name": "new"}), None),
        (lambda glue: glue.update_table(DatabaseName="bronze", TableInput={"Name": "known"}, VersionId="1"), None),
        (lambda glue: glue.get_database(Name="silver"), "database/silver"),
        (lambda glue: glue.get_table(DatabaseName="silver", Name="known"), "table/silver/known"),
        (lambda glue: glue.create_table(DatabaseName="silver", TableInput={"Name": "new"}), "database/silver"),
        (lambda glue: glue.delete_table(DatabaseName="bronze", Name="known"), "catalog"),
        (lambda glue: glue.get_databases(), "catalog"),
    ],
)
def test_a_request_of_a_role_to_glue_is_denied_as_by_glue(glue: Any, call: Any, denied: str | None) -> None:
    if denied is None:
        assert call(glue)["ResponseMetadata"]["HTTPStatusCode"] == 200
        return
    with pytest.raises(glue.exceptions.AccessDeniedException) as raised:
        call(glue)
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert f"User: {ROLE} is not authorized to perform: glue:" in str(raised.value)
    assert f" on resource: {CATALOG}{denied} because no identity-based policy allows the glue:" in str(raised.value)


def test_a_role_gets_the_errors_of_glue(glue: Any) -> None:
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_table(DatabaseName="bronze", Name="none")


@pytest.mark.parametrize(
    ("action", "request_", "resources"),
    [
        ("GetTable", {"DatabaseName": "d", "Name": "t"}, ["catalog", "database/d", "table/d/t"]),
        ("CreateTable", {"DatabaseName": "d", "TableInput": {"Name": "t"}}, ["catalog", "database/d", "table/d/t"]),
        ("UpdateTable", {"DatabaseName": "d", "TableInput": {"Name": "t"}}, ["catalog", "database/d", "table/d/t"]),
        ("GetPartitions", {"DatabaseName": "d", "TableName": "t"}, ["catalog", "database/d", "table/d/t"]),
        ("GetTables", {"DatabaseName": "d"}, ["catalog", "database/d", "table/d/*"]),
        (
            "BatchDeleteTable",
            {"DatabaseName": "d", "TablesToDelete": ["t", "u"]},
            ["catalog", "database/d", "table/d/t", "table/d/u"],
        ),
        ("SearchTables", {}, ["catalog", "database/*", "table/*/*"]),
        ("GetDatabase", {"Name": "d"}, ["catalog", "database/d"]),
        ("CreateDatabase", {"DatabaseInput": {"Name": "d"}}, ["catalog", "database/d"]),
        ("GetDatabases", {}, ["catalog", "database/*"]),
        ("DeleteDatabase", {"Name": "d"}, ["catalog", "database/d", "table/d/*", "userDefinedFunction/d/*"]),
        ("StartJobRun", {"JobName": "j"}, ["*"]),
    ],
)
def test_a_request_to_glue_requires_permissions_on_all_its_resources(
    action: str, request_: dict[str, Any], resources: list[str]
) -> None:
    assert required_permissions(action, request_, CATALOG) == [
        Permission(f"glue:{action}", each if each == "*" else CATALOG + each) for each in resources
    ]


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        (["arn:aws:s3:::lake", f"{CATALOG}table/a/*"], CATALOG),
        ("arn:aws-cn:glue:cn-north-1:123456789012:catalog", "arn:aws-cn:glue:cn-north-1:123456789012:"),
        ("*", LOCAL),
    ],
)
def test_a_role_uses_the_data_catalog_of_its_account(resources: Any, expected: str) -> None:
    assert arn_prefix([{"Statement": {"Effect": "Allow", "Action": "*", "Resource": resources}}]) == expected


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
    glue = client_of("glue", recording)
    with pytest.raises(glue.exceptions.AccessDeniedException):
        glue.get_database(Name="d")
    recording.end()
    assert [json.loads(line) for line in (tmp_path / "calls").read_text().splitlines()] == [
        {"role": ROLE, "action": "s3:PutObject", "resource": f"{LAKE}/a b", "context": {}},
        {"role": ROLE, "action": "s3:PutObjectTagging", "resource": f"{LAKE}/a b", "context": {}},
        {"role": ROLE, "action": "s3:ListBucket", "resource": LAKE, "context": {"s3:prefix": "a "}},
        {"role": ROLE, "action": "glue:GetDatabase", "resource": f"{LOCAL}catalog", "context": {}},
        {"role": ROLE, "action": "glue:GetDatabase", "resource": f"{LOCAL}database/d", "context": {}},
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
