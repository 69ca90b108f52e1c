"""The role of a job in tests: the S3 emulator allows the job only what the synthesized policies of its role allow."""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import boto3

ROLES_FOLDER = "MEDALLION_TEST_ROLES"
"""The environment variable with the folder of the emulator's roles."""
JOB = "job"
"""The access key of the job that a test runs in its own process."""

Policy = dict[str, Any]


@cache
def _synthesized() -> dict[str, dict[str, Policy]]:
    """The policies, keyed by role and name. test/security/job-roles.test.ts writes them."""
    roles: dict[str, dict[str, Policy]] = json.loads(Path(__file__).with_name("roles.json").read_text())
    return roles


def policies_of(
    layer: str, dataset: str, bucket: str, document: Mapping[str, Any], inputs: Sequence[Mapping[str, str]] = ()
) -> list[Policy]:
    """The policies of the role of a dataset. Bronze datasets have their own role, which has fewer permissions.

    In tests, every bronze dataset can read a secret. In a lake, only datasets with `auth` have this permission.
    """
    if layer != "bronze":
        named = list(_synthesized()["shared"].values())
    else:
        named = list(_synthesized()["secret"].values())
        urls = document.get("source_url", [])
        for url in [urls] if isinstance(urls, str) else urls:
            # The role can read the files that are deployed with the dataset without a permission of its own.
            if url.startswith("s3://") and not url.startswith(f"s3://{bucket}/etl/"):
                named.append(_source_policy(url))
        named += [_input_policy(*each["dataset"].split("/")) for each in inputs]
    text = json.dumps(named).replace("dataset-name", dataset).replace("pp-dw-123456789012", bucket)
    policies: list[Policy] = json.loads(text)
    return policies


def _input_policy(layer: str, dataset: str) -> Policy:
    policy = json.dumps(_synthesized()["table_values"]["inputs"])
    found: Policy = json.loads(policy.replace("silver", layer).replace("input-name", dataset))
    return found


def _source_policy(url: str) -> Policy:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    match = re.match(r"[^*?\[{]*", key)
    prefix = match[0] if match else ""
    is_object = prefix == key and prefix != "" and not prefix.endswith("/")
    policy = json.dumps(_synthesized()["s3_object" if is_object else "s3_folder"]["source"])
    policy = policy.replace("source-object" if is_object else "source-prefix/", json.dumps(prefix)[1:-1])
    source: Policy = json.loads(policy.replace("source-bucket", bucket))
    return source


def write_role(access_key: str, policies: list[Policy]) -> None:
    """Limit the requests with this access key."""
    Path(os.environ[ROLES_FOLDER], f"{access_key}.json").write_text(json.dumps(policies))


def _use_access_key(access_key: str) -> None:
    os.environ["AWS_ACCESS_KEY_ID"] = access_key
    boto3.DEFAULT_SESSION = _session_of(access_key)


@cache
def _session_of(access_key: str) -> boto3.Session:
    """One session for all runs: a new session reads the definitions of the AWS APIs again, which takes 0.2 s."""
    return boto3.Session(aws_access_key_id=access_key, aws_secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"])


@contextmanager
def acting_as_job(policies: list[Policy]) -> Iterator[None]:
    """Limit the AWS clients that are created in the block, and the requests of Spark, to these policies.

    If a job runs within the run of another job, each has its own role.
    """
    role = Path(os.environ[ROLES_FOLDER], f"{JOB}.json")
    outer = role.read_text() if role.exists() else None
    previous = os.environ["AWS_ACCESS_KEY_ID"]
    write_role(JOB, policies)
    _use_access_key(JOB)
    try:
        yield
    finally:
        _use_access_key(previous)
        if outer is None:
            role.unlink()
        else:
            role.write_text(outer)
