"""Converts AWS errors to one line that states what is missing and what to do."""

import re
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

SEE = "docs/operations/run-history.md lists the permissions."

_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"}
_INVALID = {"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
_DENIED = {"AccessDenied", "AccessDeniedException", "403", "Forbidden", "UnauthorizedOperation"}

ACTIONS = {
    "ListObjectsV2": "s3:ListBucket",
    "GetObject": "s3:GetObject",
    "GetJobRuns": "glue:GetJobRuns",
    "GetJobRun": "glue:GetJobRun",
    "StartJobRun": "glue:StartJobRun",
    "FilterLogEvents": "logs:FilterLogEvents",
    "StartQueryExecution": "athena:StartQueryExecution",
    "GetQueryExecution": "athena:GetQueryExecution",
    "GetQueryResults": "athena:GetQueryResults",
    "StopQueryExecution": "athena:StopQueryExecution",
}
"""The IAM action that each API operation requires. docs/operations/run-history.md lists the actions per command."""


LAKE_FORMATION = (
    "Lake Formation controls access to the tables. To grant the permissions, set lakeFormation: true on EtlCore "
    "(lake_formation in config.json) and call grantQuery, or ask a data lake administrator. See "
    "docs/access/lake-formation.md."
)


class AwsError(Exception):
    """A request to AWS failed or cannot be sent. The message is one line."""


def explained(error: BotoCoreError | ClientError, region: str | None, resource: str = "") -> str:
    """Convert the error to one line. `resource` is used if the response does not name the resource of a missing
    permission."""
    if isinstance(error, ClientError):
        return _of_response(error, region, resource)
    if isinstance(error, (NoCredentialsError, PartialCredentialsError)):
        return (
            "No AWS credentials were found. Log in, for example with `aws sso login`, or select a profile with "
            "--profile or AWS_PROFILE."
        )
    if isinstance(error, (SSOError, TokenRetrievalError, CredentialRetrievalError)):
        return f"The AWS credentials cannot be refreshed ({error}). Log in again, for example with `aws sso login`."
    if isinstance(error, ProfileNotFound):
        return f"{error}. `aws configure list-profiles` lists the profiles."
    if isinstance(error, NoRegionError):
        return "The Region of the lake is unknown. Specify it with --region, or set AWS_REGION."
    if isinstance(error, EndpointConnectionError):
        return f"{error}. Check the network, and the Region (--region)."
    return f"{type(error).__name__}: {error}"


def is_lake_formation_denial(message: str) -> bool:
    """Whether Lake Formation denied a request. Only the message shows this, because the error code is the same as for a
    denial by IAM."""
    found = re.search(r"Lake Formation|lakeformation:", message)
    return found is not None and re.search(r"insufficient|not authorized|denied", message, re.IGNORECASE) is not None


def _of_response(error: ClientError, region: str | None, resource: str) -> str:
    details: Any = error.response.get("Error", {})
    code, message = str(details.get("Code", "")), str(details.get("Message", ""))
    operation = error.operation_name
    if code in _EXPIRED:
        return "The AWS credentials have expired. Log in again, for example with `aws sso login`."
    if code in _INVALID:
        return f"AWS does not accept the credentials ({code}). Log in again, or select another profile with --profile."
    if code == "NoSuchBucket":
        bucket = details.get("BucketName")
        return (
            f"The bucket of the lake ({bucket or resource}) does not exist. Deploy the app, or select the "
            "account and the Region of the lake with --profile and --region."
        )
    if is_lake_formation_denial(message):
        return f"{operation} failed in {region}: {message} {LAKE_FORMATION}"
    if code in _DENIED:
        action = ACTIONS.get(operation, operation)
        # AWS names the action and the resource: "User: … is not authorized to perform: glue:GetJobRuns on resource: …".
        found = re.search(r"not authorized to perform: (\S+?)(?: on resource: \"?([^\s\"]+))?\"?(?:\s|$)", message)
        action = found[1] if found else action
        named = found[2] if found and found[2] else resource
        on = f" on {named}" if named else ""
        who = re.search(r"User: (\S+)", message)
        owner = " The bucket may be in another account." if operation in ("ListObjectsV2", "GetObject") else ""
        return (
            f"The permission {action}{on} is missing{f' for {who[1]}' if who else ''}. Add it to the role of your "
            f"credentials, or select another profile with --profile.{owner} {SEE}"
        )
    return f"{operation} failed in {region}: {code}: {message}"
