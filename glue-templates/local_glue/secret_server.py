"""A local substitute for AWS Secrets Manager. It keeps the secrets that the user supplies in memory, and serves them
only to this run."""

import json
import os
import re
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

VARIABLE = "MEDALLION_SECRET_"
ENDPOINT = "AWS_ENDPOINT_URL_SECRETS_MANAGER"


def variable_of(name: str) -> str:
    """The environment variable for a secret: vendor/api → MEDALLION_SECRET_VENDOR_API."""
    return VARIABLE + re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_").upper()


def name_of(secret_id: str) -> str:
    """The name in an ARN, including the random suffix of Secrets Manager. A name is returned unchanged."""
    return secret_id.partition(":secret:")[2] or secret_id


def take_secret_variables() -> dict[str, str]:
    """Return the environment variables with secrets, and remove them, so that child processes do not inherit them."""
    return {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(VARIABLE)}


@contextmanager
def serving_secrets(files: Mapping[str, str]) -> Iterator[None]:
    """Serve secrets to boto3 within the block: the secrets in `files`, keyed by name, and the secrets in environment
    variables.

    The variables are removed from the environment, so that child processes of the job do not inherit them. The URL of
    the server contains a random token, so that other users of this machine cannot read the secrets.
    """
    values = {name: Path(file).read_text(encoding="utf-8") for name, file in files.items()}
    variables = take_secret_variables()
    token = secrets.token_urlsafe(24)

    def value_of(secret_id: str) -> str | None:
        name = name_of(secret_id)
        for each in dict.fromkeys(
            (secret_id, name, re.sub(r"-[A-Za-z0-9]{6}$", "", name) if name != secret_id else name)
        ):
            if each in values:
                return values[each]
            if variable_of(each) in variables:
                return variables[variable_of(each)]
        return None

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if token not in self.path or self.headers.get("X-Amz-Target") != "secretsmanager.GetSecretValue":
                self._send(
                    403,
                    {
                        "__type": "AccessDeniedException",
                        "Message": "Only GetSecretValue requests of the job are allowed.",
                    },
                )
                return
            name = str(json.loads(request).get("SecretId"))
            value = value_of(name)
            if value is None:
                plain = name_of(name)
                message = (
                    f"This run has no value for the secret: add --secret {plain}=@FILE, or set the environment "
                    f"variable {variable_of(plain)}."
                )
                self._send(400, {"__type": "ResourceNotFoundException", "Message": message})
                return
            self._send(200, {"ARN": name, "Name": name, "VersionId": "0" * 32, "SecretString": value})

        def _send(self, status: int, response: Mapping[str, str]) -> None:
            body = json.dumps(response).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), name="secrets", daemon=True).start()
    os.environ[ENDPOINT] = f"http://127.0.0.1:{server.server_port}/{token}"
    try:
        yield
    finally:
        del os.environ[ENDPOINT]
        server.shutdown()
        server.server_close()
