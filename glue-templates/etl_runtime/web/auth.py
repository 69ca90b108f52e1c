"""The dataset's `auth` → the credentials of its requests."""

import base64

from etl_runtime.job.dataset_document import Auth
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.redaction import REDACTION
from etl_runtime.job.secret_value import read_secret
from etl_runtime.web.client_credentials import ClientCredentials
from etl_runtime.web.credentials import Credentials, InHeader, InQuery


def credentials_of(auth: Auth) -> Credentials:
    """Raises RunFailed where the secret cannot be read, or holds what a request cannot carry."""
    secret = auth["secret"]
    match auth["type"]:
        case "bearer":
            token = _plain(read_secret(secret, auth.get("secret_key")), secret)
            return InHeader("Authorization", f"Bearer {token}")
        case "api_key":
            key = _plain(read_secret(secret, auth.get("secret_key")), secret)
            return _api_key(auth.get("location", "header"), auth["name"], key)
        case "basic":
            username = read_secret(secret, auth.get("username_key", "username"), is_name=True)
            password = read_secret(secret, auth.get("password_key", "password"))
            if ":" in username:
                raise RunFailed(
                    f'The user name in the secret "{secret}" holds a colon, which basic authentication cannot carry.'
                )
            joined = base64.b64encode(f"{username}:{password}".encode()).decode()
            REDACTION.add(joined)
            return InHeader("Authorization", f"Basic {joined}")
        case "oauth2_client_credentials":
            client_id = read_secret(secret, auth.get("client_id_key", "client_id"), is_name=True)
            client_secret = read_secret(secret, auth.get("client_secret_key", "client_secret"))
            return ClientCredentials(auth, client_id, client_secret)


def _api_key(location: str, name: str, key: str) -> Credentials:
    if location == "query":
        return InQuery(name, key)
    return InHeader("Cookie", f"{name}={key}") if location == "cookie" else InHeader(name, key)


def _plain(value: str, secret: str) -> str:
    """Python repeats a header's value in the error where it cannot be sent."""
    if not (value.isascii() and value.isprintable()):
        raise RunFailed(
            f'The secret "{secret}" holds characters that a header cannot carry, such as a line break. Store the bare value.'
        )
    return value
