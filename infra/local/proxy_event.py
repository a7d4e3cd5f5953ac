"""The event of API Gateway's REST proxy integration, built from an HTTP request."""

import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from infra.local.invocation import ACCOUNT
from infra.local.routes import Match

Scope = Mapping[str, Any]
STAGE = "local"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request: its ASGI scope, and the id under which it is logged and answered."""

    scope: Scope
    request_id: str = field(default_factory=lambda: str(uuid4()))
    began: float = field(default_factory=time.perf_counter)

    @property
    def method(self) -> str:
        """The HTTP method."""
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        """The path as it was sent, not decoded."""
        return str(self.scope["raw_path"].decode("latin-1"))

    @property
    def address(self) -> str:
        """The caller's IP address."""
        return self.scope["client"][0] if self.scope.get("client") else "127.0.0.1"

    def header(self, wanted: bytes) -> str | None:
        """Return a header by its name in lower case; the first of several."""
        return next((value.decode("latin-1") for name, value in self.scope["headers"] if name == wanted), None)

    def accepted_type(self) -> str:
        """Return the first media type that the caller accepts."""
        return _media_type((self.header(b"accept") or "").split(",")[0])

    def query(self) -> dict[str, list[str]]:
        """Return all values of each query parameter."""
        query: dict[str, list[str]] = {}
        for name, value in parse_qsl(self.scope["query_string"].decode("latin-1"), keep_blank_values=True):
            query.setdefault(name, []).append(value)
        return query


def is_binary(media_type: str, binary_types: frozenset[str]) -> bool:
    """Whether the gateway passes this type as bytes (AWS: "Working with binary media types")."""
    return media_type in binary_types or "*/*" in binary_types


def proxy_event(request: Request, match: Match, body: bytes, *, binary_types: frozenset[str]) -> dict[str, Any]:
    """Return the event that API Gateway's REST proxy integration sends for a request."""
    headers, query = _headers(request), request.query()
    as_bytes = is_binary(_media_type(headers.get("content-type", [""])[-1]), binary_types)
    return {
        "resource": match.resource.path,
        "path": request.path,
        "httpMethod": request.method,
        "headers": _last_of_each(headers),
        "multiValueHeaders": headers,
        "queryStringParameters": _last_of_each(query) or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": match.variables or None,
        "stageVariables": None,
        "requestContext": _request_context(request, match, user_agent=headers.get("user-agent", [None])[-1]),
        "body": _text(body, as_bytes=as_bytes) if body else None,
        "isBase64Encoded": as_bytes and bool(body),
    }


def _headers(request: Request) -> dict[str, list[str]]:
    """Return all values of each header, with those that the gateway adds."""
    headers: dict[str, list[str]] = {}
    for name, value in request.scope["headers"]:
        headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    headers["x-forwarded-for"] = [", ".join([*headers.get("x-forwarded-for", []), request.address])]
    headers.setdefault("x-forwarded-proto", [request.scope["scheme"]])
    return headers


def _request_context(request: Request, match: Match, *, user_agent: str | None) -> dict[str, Any]:
    now = time.time()
    return {
        "accountId": ACCOUNT,
        "apiId": STAGE,
        "httpMethod": request.method,
        "identity": {"sourceIp": request.address, "userAgent": user_agent},
        "path": f"/{STAGE}{request.path}",
        "protocol": f"HTTP/{request.scope['http_version']}",
        "requestId": request.request_id,
        "requestTime": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": int(now * 1000),
        "resourceId": match.resource.path,
        "resourcePath": match.resource.path,
        "stage": STAGE,
    }


def _text(body: bytes, *, as_bytes: bool) -> str:
    """Return a body as JSON carries it; text that is not UTF-8 gets replacement characters, as on AWS."""
    return base64.b64encode(body).decode() if as_bytes else body.decode("utf-8", "replace")


def _last_of_each(values: Mapping[str, list[str]]) -> dict[str, str]:
    return {name: given[-1] for name, given in values.items()}


def _media_type(value: str) -> str:
    return value.split(";")[0].strip().lower()
