"""An HTTP client in process: API Gateway's event in, its answer out, through the app's own middleware."""

import base64
import itertools
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from app import app

_request_numbers = itertools.count(1)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str
    content: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str | None:
        error = self.json.get("error")
        code = error["code"] if isinstance(error, dict) else self.json.get("code")
        return None if code is None else str(code)


@lru_cache(maxsize=64)
def _templates(parts: int) -> tuple[tuple[str, list[str]], ...]:
    """Return the templates of a number of parts, those without a variable first."""
    split = [(template, template.strip("/").split("/")) for template in app.routes]
    return tuple(sorted((one for one in split if len(one[1]) == parts), key=lambda one: "{" in one[0]))


def _resource(path: str) -> tuple[str, dict[str, str]]:
    parts = path.strip("/").split("/")
    for template, names in _templates(len(parts)):
        if all(name == part or name.startswith("{") for name, part in zip(names, parts, strict=True)):
            pairs = zip(names, parts, strict=True)
            return template, {n[1:-1]: p for n, p in pairs if n.startswith("{")}
    raise LookupError(f"no route for {path}")


def _content(raw: bytes) -> tuple[str, bool]:
    """Return a body as the gateway passes it on: text as it is, other bytes in base64."""
    try:
        return raw.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(raw).decode(), True


def event_of(  # noqa: PLR0913  # the parts of a request
    method: str,
    path: str,
    body: Any = None,
    *,
    token: str | None = None,
    headers: dict[str, str] | None = None,
    raw: bytes | None = None,
    address: str = "127.0.0.1",
) -> dict[str, Any]:
    """Return the gateway's event of a request; `path` may have a query and either spelling."""
    url = urlsplit(path)
    resource, variables = _resource(url.path)
    sent = {"content-type": "application/json", **(headers or {})}
    if token is not None:
        sent["authorization"] = f"Bearer {token}"
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(url.query, keep_blank_values=True):
        query.setdefault(name, []).append(value)
    content, is_base64 = _content(raw if raw is not None else (json.dumps(body).encode() if body is not None else b""))
    return {
        "resource": resource,
        "path": url.path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "multiValueQueryStringParameters": query or None,
        "pathParameters": variables or None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource,
            "httpMethod": method,
            "path": url.path,
            "stage": "api",
            "requestId": f"req-{next(_request_numbers)}",
            "identity": {"sourceIp": address},
        },
        "body": content or None,
        "isBase64Encoded": is_base64,
    }


def call(method: str, path: str, body: Any = None, **parts: Any) -> Answer:
    """Send one request, with the parts of `event_of`."""
    answer = app(event_of(method, path, body, **parts), None)
    is_base64 = answer.get("isBase64Encoded", False)
    received: bytes = base64.b64decode(answer["body"]) if is_base64 else answer["body"].encode()
    return Answer(
        answer["statusCode"],
        {name.lower(): value for name, value in answer["headers"].items()},
        "" if is_base64 else answer["body"],
        received,
    )
