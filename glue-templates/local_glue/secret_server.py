"""Stands in for AWS Secrets Manager in a local run: gives the secrets that the user has given, from memory, to this run alone."""

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
    """The environment variable of a secret: vendor/api → MEDALLION_SECRET_VENDOR_API."""
    return VARIABLE + re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_").upper()


def name_of(secret_id: str) -> str:
    """The name in an ARN, with the six characters that Secrets Manager adds; what is no ARN is a name."""
    return secret_id.partition(":secret:")[2] or secret_id


@contextmanager
def serving_secrets(files: Mapping[str, str]) -> Iterator[None]:
    """Have boto3 find the secrets for as long as the block lasts: those of `files`, by name, and those of the environment.

    The variables are taken out of the environment, which what the job starts would have too. Other users of this machine cannot ask:
    the address holds a word that only this process knows.
    """
    values = {name: Path(file).read_text(encoding="utf-8") for name, file in files.items()}
    variables = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(VARIABLE)}
    word = secrets.token_urlsafe(24)

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
            if word not in self.path or self.headers.get("X-Amz-Target") != "secretsmanager.GetSecretValue":
                self._send(
                    403,
                    {"__type": "AccessDeniedException", "Message": "Only the job may ask, for the value of a secret."},
                )
                return
            name = str(json.loads(request).get("SecretId"))
            value = value_of(name)
            if value is None:
                own = name_of(name)
                how = f"This run was given no such secret: add --secret {own}=@FILE, or set the environment variable {variable_of(own)}."
                self._send(400, {"__type": "ResourceNotFoundException", "Message": how})
                return
            self._send(200, {"ARN": name, "Name": name, "VersionId": "0" * 32, "SecretString": value})

        def _send(self, status: int, answer: Mapping[str, str]) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), name="secrets", daemon=True).start()
    os.environ[ENDPOINT] = f"http://127.0.0.1:{server.server_port}/{word}"
    try:
        yield
    finally:
        del os.environ[ENDPOINT]
        server.shutdown()
        server.server_close()
