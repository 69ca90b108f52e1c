"""Reads the value of a secret from AWS Secrets Manager when a run needs it."""

import json
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.redaction import REDACTION

# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html#API_GetSecretValue_Errors
FIXES: dict[str, tuple[ErrorCode, str]] = {
    "ResourceNotFoundException": (
        ErrorCode.SECRET_NOT_FOUND,
        "Create it with aws secretsmanager create-secret, or correct auth.secret.",
    ),
    "InvalidRequestException": (
        ErrorCode.SECRET_NOT_FOUND,
        "If it is scheduled for deletion, restore it with aws secretsmanager restore-secret.",
    ),
    "AccessDeniedException": (
        ErrorCode.SECRET_ACCESS_DENIED,
        "The job's role needs secretsmanager:GetSecretValue on the secret and kms:Decrypt on its key. Deploy again. If "
        "you supply the role, allow these actions.",
    ),
    "DecryptionFailure": (
        ErrorCode.SECRET_ACCESS_DENIED,
        "Set auth.encryption_key to the key of the secret, so that the job's role is allowed kms:Decrypt on it.",
    ),
    "UnrecognizedClientException": (ErrorCode.SECRET_ACCESS_DENIED, "Check the job's role."),
}
UNAVAILABLE = (ErrorCode.SECRET_UNAVAILABLE, "Run again. If the error persists, check the secret.")


def read_secret(name: str, key: str | None = None, *, is_name: bool = False) -> str:
    """Return the value of a secret, or of one key if the secret is a JSON object. From then on, logs and errors redact
    the value.

    `is_name` is for values that accompany a secret and may occur in the data, such as a user name. Raises RunFailed
    if the secret or the key does not exist or cannot be read. The error does not contain the value.
    """
    text = _secret_string(name)
    if key is None:
        value, what = text, f'The secret "{name}"'
    else:
        value, what = _value_of_key(name, text, key), f'The key "{key}" of the secret "{name}"'
    if not (value := value.strip()):
        raise RunFailed(ErrorCode.SECRET_INVALID, f"{what} is empty. Set its value.")
    REDACTION.add(value, in_data=not is_name)
    return value


def _value_of_key(name: str, text: str, key: str) -> str:
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise RunFailed(
            ErrorCode.SECRET_INVALID,
            f'The secret "{name}" is not a JSON object, so the key "{key}" cannot be read from it. '
            'Store a JSON object, for example {"token": "…"}.',
        )
    if key not in content:
        raise RunFailed(
            ErrorCode.SECRET_INVALID,
            f'The secret "{name}" has no key "{key}". Add the key to the secret, or correct the name of the key.',
        )
    value = content[key]
    return value if isinstance(value, str) else json.dumps(value)


def _secret_string(name: str) -> str:
    try:
        response = _client(name).get_secret_value(SecretId=name)
    except ClientError as error:
        details = error.response.get("Error", {})
        aws_code, message = details.get("Code", ""), details.get("Message", "").rstrip(".")
        code, fix = FIXES.get(aws_code, UNAVAILABLE)
        raise RunFailed(
            code,
            f'The secret "{name}" cannot be read: {": ".join(filter(None, (aws_code, message)))}. {fix}',
            retryable=code == ErrorCode.SECRET_UNAVAILABLE,
        ) from None
    except BotoCoreError as error:
        raise RunFailed(
            ErrorCode.SECRET_UNAVAILABLE,
            f'The secret "{name}" cannot be read: {type(error).__name__}. '
            "Check that the job can reach Secrets Manager, through its connection if it has one.",
            retryable=True,
        ) from None
    if "SecretString" not in response:
        raise RunFailed(ErrorCode.SECRET_INVALID, f'The secret "{name}" is binary. Store it as text.')
    return str(response["SecretString"])


def _client(name: str) -> Any:
    """A client for the secret's Region. A secret given by its ARN may be in a different Region from the job."""
    region = name.split(":")[3] if name.startswith("arn:") and name.count(":") > 3 else None
    return boto3.client(
        "secretsmanager", region_name=region or None, config=Config(retries={"mode": "standard", "max_attempts": 5})
    )
