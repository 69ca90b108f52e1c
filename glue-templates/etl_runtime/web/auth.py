"""Reads the secret that the dataset's `auth` refers to, and creates the credentials for its requests."""

import base64

from etl_runtime.job.dataset_document import Auth
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.redaction import REDACTION
from etl_runtime.job.secret_value import read_secret
from etl_runtime.web.client_credentials import ClientCredentials
from etl_runtime.web.credentials import Credentials, HeaderCredentials, QueryCredentials


def credentials_of(auth: Auth) -> Credentials:
    """The credentials for a dataset's `auth`. Raises RunFailed if the secret cannot be read or sent in a request."""
    secret = auth["secret"]
    match auth["type"]:
        case "bearer":
            token = _header_value(read_secret(secret, auth.get("secret_key")), secret)
            return HeaderCredentials("Authorization", f"Bearer {token}")
        case "api_key":
            key = _header_value(read_secret(secret, auth.get("secret_key")), secret)
            return _api_key(auth.get("location", "header"), auth["name"], key)
        case "basic":
            username = read_secret(secret, auth.get("username_key", "username"), is_name=True)
            password = read_secret(secret, auth.get("password_key", "password"))
            if ":" in username:
                raise RunFailed(
                    ErrorCode.SECRET_INVALID,
                    f'The user name in the secret "{secret}" contains a colon, which basic authentication does not '
                    "allow. Correct the user name in the secret.",
                )
            encoded = base64.b64encode(f"{username}:{password}".encode()).decode()
            REDACTION.add(encoded)
            return HeaderCredentials("Authorization", f"Basic {encoded}")
        case "oauth2_client_credentials":
            client_id = read_secret(secret, auth.get("client_id_key", "client_id"), is_name=True)
            client_secret = read_secret(secret, auth.get("client_secret_key", "client_secret"))
            return ClientCredentials(auth, client_id, client_secret)


def _api_key(location: str, name: str, key: str) -> Credentials:
    if location == "query":
        return QueryCredentials(name, key)
    return HeaderCredentials("Cookie", f"{name}={key}") if location == "cookie" else HeaderCredentials(name, key)


def _header_value(value: str, secret: str) -> str:
    # Checked here, because Python's own error for an invalid header would contain the value.
    if not (value.isascii() and value.isprintable()):
        raise RunFailed(
            ErrorCode.SECRET_INVALID,
            f'The secret "{secret}" contains characters that a header does not allow, such as a line break. '
            "Store a value that has only printable ASCII characters.",
        )
    return value
