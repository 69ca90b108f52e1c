"""The value of a secret, read from AWS Secrets Manager by the run that needs it."""

import json
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from etl_runtime.job.errors import RunFailed
from etl_runtime.job.redaction import REDACTION

REMEDIES = {
    "ResourceNotFoundException": "Create it (aws secretsmanager create-secret), or mend auth.secret.",
    "AccessDeniedException": "A role that you give must be allowed secretsmanager:GetSecretValue on it, and kms:Decrypt on its key.",
    "DecryptionFailure": "The job's role must be allowed kms:Decrypt on its key: name that as auth.encryption_key.",
    "InvalidRequestException": "It may be marked for deletion: aws secretsmanager restore-secret.",
    "UnrecognizedClientException": "Look at the job's role.",
}


def read_secret(name: str, key: str | None = None, *, is_name: bool = False) -> str:
    """The value of a secret, or of a key in one that is a JSON object. It is hidden before anybody can print it.

    `is_name` is for what goes with a secret and is none, such as a user's name: that may stand in the data. Raises RunFailed where there
    is no such secret or key, or it cannot be read; nothing of the value is in the error.
    """
    text = _text(name)
    if key is None:
        value, what = text, f'The secret "{name}"'
    else:
        value, what = _value(name, text, key), f'The key "{key}" of the secret "{name}"'
    if not (value := value.strip()):
        raise RunFailed(f"{what} is empty. Give it its value.")
    REDACTION.add(value, in_data=not is_name)
    return value


def _value(name: str, text: str, key: str) -> str:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise RunFailed(
            f'The secret "{name}" is no JSON object, and auth names a key of one. Make it one, as {{"token": "…"}}.'
        )
    if key not in found:
        raise RunFailed(
            f'The secret "{name}" has no key "{key}". Add it to the secret, or name the key that it has in auth.'
        )
    value = found[key]
    return value if isinstance(value, str) else json.dumps(value)


def _text(name: str) -> str:
    try:
        answer = _client(name).get_secret_value(SecretId=name)
    except ClientError as error:
        about = error.response.get("Error", {})
        code, message = about.get("Code", ""), about.get("Message", "")
        later = code in ("InternalServiceError", "ThrottlingException") or code not in REMEDIES
        remedy = REMEDIES.get(code, "Look at the secret.")
        raise RunFailed(f'The secret "{name}" cannot be read: {code}, {message} {remedy}', retryable=later) from None
    except BotoCoreError as error:
        what = f'The secret "{name}" cannot be read: {type(error).__name__}'
        raise RunFailed(
            f"{what}. Can the job reach Secrets Manager, also through its connection?", retryable=True
        ) from None
    if "SecretString" not in answer:
        raise RunFailed(f'The secret "{name}" is binary. Store it as text.')
    return str(answer["SecretString"])


def _client(name: str) -> Any:
    """A secret that is named by its ARN may lie in another region."""
    region = name.split(":")[3] if name.startswith("arn:") and name.count(":") > 3 else None
    return boto3.client(
        "secretsmanager", region_name=region or None, config=Config(retries={"mode": "standard", "max_attempts": 5})
    )
