"""Answers that the app does not give: those of API Gateway itself, and those under `/_local`."""

import json
from dataclasses import dataclass, field
from typing import Any

from chalicelib.errors import Refusal
from chalicelib.portals.http import envelope

# Their clients print `data.error`, so there it is the message itself (contract/README.md).
_BARE_ERRORS = ("/api/campus", "/api/tix")
_HEADERS = (
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("strict-transport-security", "max-age=31536000; includeSubDomains"),
)


class Timeout(Refusal):
    """The function took longer than API Gateway waits."""

    status = 503
    code = "UNAVAILABLE"
    message = "This took too long. Try again."


class Broken(Refusal):
    """The function raised, or its answer is not one that API Gateway passes on."""

    status = 500
    code = "INTERNAL"
    message = "Something broke on our side. The request id finds it in our log."


@dataclass(slots=True)
class Answer:
    """A complete HTTP answer."""

    status: int
    body: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)


def answer_json(status: int, body: Any, *, request_id: str, origin: str | None = None) -> Answer:
    """Return a JSON answer with the headers that every answer has."""
    answer = bare(status, request_id=request_id, origin=origin)
    answer.body = json.dumps(body, ensure_ascii=False).encode()
    answer.headers.append((b"content-type", b"application/json"))
    return answer


def bare(status: int, *, request_id: str, origin: str | None = None) -> Answer:
    """Return an answer without a body."""
    headers = dict(_HEADERS) | {"x-request-id": request_id} | envelope.cors_headers(origin)
    return Answer(status, headers=[(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()])


def refused(refusal: Refusal, path: str, *, request_id: str, origin: str | None = None) -> Answer:
    """Return a refusal in the contract's envelope."""
    error: dict[str, Any] = {"code": refusal.code, "message": refusal.text, "request_id": request_id}
    if refusal.details:
        error["details"] = refusal.details
    body = {"error": error}
    if path.startswith(_BARE_ERRORS):
        body = {"error": error.pop("message"), **error}
    answer = answer_json(refusal.status, body, request_id=request_id, origin=origin)
    if refusal.status >= 500 or refusal.retry_after is not None:
        answer.headers.append((b"retry-after", str(refusal.retry_after or 1).encode()))
    return answer


def preflight(methods: list[str], *, request_id: str, origin: str | None) -> Answer:
    """Answer a browser's preflight for a route with these methods, as the gateway's mock does."""
    answer = bare(204, request_id=request_id, origin=origin)
    if any(name == b"access-control-allow-origin" for name, _ in answer.headers):
        answer.headers += [
            (b"access-control-allow-methods", ",".join([*methods, "OPTIONS"]).encode()),
            (b"access-control-allow-headers", envelope.CORS_REQUEST_HEADERS.encode()),
            (b"access-control-max-age", b"600"),
        ]
    return answer
