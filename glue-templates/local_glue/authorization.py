"""Denies requests of a job to the local S3 and Glue APIs if IAM would deny them to the role of the job in AWS.

Denied requests get the same errors as in AWS. The access key of a request is the name of its role. The policies of the
role are in a file with this name. Requests with other access keys, such as the requests of the `medallion` command
itself, are not checked.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import glue_permissions
import s3_permissions

from iam_policy import Permission, is_allowed

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


class Authorization:
    """An ASGI application that forwards only authorized requests to another application.

    roles: a folder with one file `<access key>.json` per role, which is a JSON list of the role's policy documents.
    calls: a log file. For each request of a role, the required permissions are appended, one JSON object per line.
    """

    def __init__(self, application: Application, roles: Path, calls: Path | None = None) -> None:
        self._application = application
        self._roles = roles
        self._calls = calls

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin1"): value.decode("latin1") for name, value in scope.get("headers", [])}
        service = signed_service(headers)
        is_limited = scope["type"] == "http" and service in ("s3", "glue")
        policies = self._policies(access_key(headers)) if is_limited else None
        if policies is None:
            await self._application(scope, receive, send)
        elif service == "s3":
            await self._limit_s3(_RoleRequest(scope, headers, policies), receive, send)
        else:
            await self._limit_glue(_RoleRequest(scope, headers, policies), receive, send)

    async def _limit_s3(self, request: "_RoleRequest", receive: Receive, send: Send) -> None:
        scope, headers, policies = request.scope, request.headers, request.policies
        method, target = scope["method"], f"{scope['raw_path'].decode()}?{scope['query_string'].decode('latin1')}"
        if method == "POST" and "delete" in target:
            body = await _body(receive)
            receive = _replay(body)
        else:
            body = b""
        permissions = s3_permissions.required_permissions(method, target, headers, body)
        denied = self._denied(permissions, request)
        if denied:
            await _body(receive)  # otherwise, a client that is still sending would see a lost connection
            await _deny(send, method, denied)
        elif "/" not in scope["path"].strip("/") or is_allowed(
            listing := s3_permissions.list_permission(target), policies
        ):
            await self._application(scope, receive, send)
        else:
            await self._application(scope, receive, _without_not_found(send, method, listing))

    async def _limit_glue(self, request: "_RoleRequest", receive: Receive, send: Send) -> None:
        headers, policies = request.headers, request.policies
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        body = await _body(receive)
        parameters = json.loads(body or b"{}")
        permissions = glue_permissions.required_permissions(action, parameters, glue_permissions.arn_prefix(policies))
        denied = self._denied(permissions, request)
        if denied:
            await _deny_glue(send, denied, access_key(headers))
        else:
            await self._application(request.scope, _replay(body), send)

    def _denied(self, permissions: Sequence[Permission], request: "_RoleRequest") -> Permission | None:
        """Return the first permission that the policies do not allow. Appends all `permissions` to the `calls` file."""
        self._note(access_key(request.headers), permissions)
        return next((each for each in permissions if not is_allowed(each, request.policies)), None)

    def _policies(self, role: str) -> Sequence[Mapping[str, Any]] | None:
        """Return the policies of a role; None if it is unknown. Reads the file each time, because it can change."""
        if not re.fullmatch(r"[A-Za-z0-9_-]+", role):
            return None
        try:
            policies: list[Mapping[str, Any]] = json.loads(self._roles.joinpath(f"{role}.json").read_text())
        except FileNotFoundError:
            return None
        return policies

    def _note(self, role: str, permissions: Sequence[Permission]) -> None:
        if self._calls:
            with self._calls.open("a") as file:
                file.writelines(json.dumps({"role": role, **each.__dict__}) + "\n" for each in permissions)


@dataclass(frozen=True)
class _RoleRequest:
    """A request of a role: the ASGI scope, its headers, and the policies of the role."""

    scope: Message
    headers: Mapping[str, str]
    policies: Sequence[Mapping[str, Any]]


def access_key(headers: Mapping[str, str]) -> str:
    """The access key in the signature of a request; empty if the request is not signed."""
    credential = re.search(r"Credential=([^/,]+)/", headers.get("authorization", ""))
    return credential[1] if credential else ""


def signed_service(headers: Mapping[str, str]) -> str:
    """The service in the signature of a request, such as s3; empty if the request is not signed."""
    scope = re.search(r"/([^/,]+)/aws4_request", headers.get("authorization", ""))
    return scope[1] if scope else ""


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _without_not_found(send: Send, method: str, permission: Permission) -> Send:
    """Send 403 instead of 404 for an object that does not exist. Other responses are sent unchanged.

    The error names the `permission` that the role needs to receive the 404.
    """
    is_denied = False

    async def forward(message: Message) -> None:
        nonlocal is_denied
        if message["type"] == "http.response.start" and message["status"] == 404:
            is_denied = True
            await _deny(send, method, permission)
        elif not is_denied:
            await send(message)

    return forward


async def _deny(send: Send, method: str, permission: Permission) -> None:
    message = f"The role of the job is not authorized to perform {permission.action} on {permission.resource}"
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>AccessDenied</Code><Message>{escape(message)}</Message></Error>"
    ).encode()
    headers = [(b"content-type", b"application/xml"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


async def _deny_glue(send: Send, permission: Permission, role: str) -> None:
    message = (
        f"User: {role} is not authorized to perform: {permission.action} on resource: {permission.resource} because no "
        f"identity-based policy allows the {permission.action} action"
    )
    body = json.dumps({"__type": "AccessDeniedException", "Message": message}).encode()
    headers = [(b"content-type", b"application/x-amz-json-1.1"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": body})
