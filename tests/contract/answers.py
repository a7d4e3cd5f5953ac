"""What every answer has, for every request: the headers, the envelope, a documented status and a documented body."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator

from app import app
from chalicelib.config import LOCAL_ORIGINS
from chalicelib.portals.http.route import AnyRoute
from chalicelib.portals.openapi import document as openapi
from tests.support.client import Answer

ALLOWED_ORIGINS = frozenset(LOCAL_ORIGINS.split(","))
ADMIN_ORIGIN = "http://localhost:8081"
_HEADERS = {
    "x-content-type-options": "nosniff",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "vary": "Origin",
}
# Headers that say something to a client of this route, besides those of HTTP.
_OWN = ("x-", "idempotent-", "retry-after", "etag", "content-disposition")
assert app.routes


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    return dict(json.loads(openapi.text()))


@lru_cache(maxsize=256)
def _validator(schema: str) -> Any:
    return Draft202012Validator({**json.loads(schema), "components": document()["components"]})


@lru_cache(maxsize=256)
def _strict_validator(schema: str) -> Any:
    return Draft202012Validator({**_closed(json.loads(schema)), "components": _closed(document()["components"])})


def _closed(schema: Any) -> Any:
    """Return a schema whose objects have the fields that it names and no others."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _closed(part) for name, part in schema.items()}
    if isinstance(found.get("properties"), dict) and "type" in found:
        found.setdefault("additionalProperties", False)
    return found


def validator(schema: dict[str, Any]) -> Any:
    """Return the validator of a schema that may refer to the document's components."""
    return _validator(json.dumps(schema, sort_keys=True))


def operation(route: AnyRoute) -> dict[str, Any]:
    return dict(document()["paths"][openapi.spelled(route)][route.method.lower()])


def documented(route: AnyRoute, status: int) -> dict[str, Any] | None:
    """Return the document's description of a route's answer with this status."""
    found: dict[str, Any] | None = operation(route)["responses"].get(str(status))
    if found is not None and "$ref" in found:
        found = document()["components"]["responses"][found["$ref"].rpartition("/")[2]]
    return found


def error_of(answer: Answer) -> dict[str, Any]:
    """Return the error of a refusal, from either of the two envelopes."""
    said: dict[str, Any] = answer.json
    return said["error"] if isinstance(said["error"], dict) else said


def problems(route: AnyRoute, answer: Answer, *, origin: str | None = None) -> Iterator[str]:
    """Return what is wrong with an answer, as the contract and the document see it."""
    yield from _header_problems(route, answer, origin)
    if answer.status >= 500:
        yield f"a fault: {answer.status} {answer.text[:200]}"
    found = documented(route, answer.status)
    if found is None:
        yield f"status {answer.status} is not documented: {answer.text[:200]}"
        return
    undocumented = {name for name in answer.headers if name.startswith(_OWN)} - set(map(str.lower, found["headers"]))
    yield from (f"{name} is not documented" for name in sorted(undocumented - _HEADERS.keys()))
    if answer.status == 204:
        if answer.text:
            yield "a 204 with a body"
        return
    media_type = answer.headers["content-type"].partition(";")[0]
    media = found["content"].get(media_type)
    if media is None:
        yield f"{media_type} is not documented"
    elif media_type == "application/json":
        try:
            body = json.loads(answer.text, parse_constant=_no_constant)
        except ValueError as error:
            yield f"not JSON: {error}"
            return
        yield from (
            f"{error.json_path}: {error.message}"[:300]
            for error in _strict_validator(json.dumps(media["schema"], sort_keys=True)).iter_errors(body)
        )
        if answer.status >= 400 and error_of(answer)["request_id"] != answer.headers["x-request-id"]:
            yield "the envelope's request_id is not the header's"
        if answer.status in (429, 500, 503) and not answer.headers.get("retry-after", "").isdigit():
            yield "no Retry-After"


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _header_problems(route: AnyRoute, answer: Answer, origin: str | None) -> Iterator[str]:
    may_be_kept = route.public_seconds is not None and answer.status < 400
    kept = f"public, max-age={route.public_seconds}" if may_be_kept else "no-store"
    if may_be_kept and not answer.headers.get("etag"):
        yield "no ETag"
    for name, value in {**_HEADERS, "cache-control": kept}.items():
        if answer.headers.get(name) != value:
            yield f"{name} is {answer.headers.get(name)!r}"
    if not answer.headers.get("x-request-id"):
        yield "no X-Request-Id"
    echoed = answer.headers.get("access-control-allow-origin")
    if echoed != (origin if origin in ALLOWED_ORIGINS else None):
        yield f"origin {origin!r} was answered with {echoed!r}"
    readable = {name.strip().lower() for name in answer.headers.get("access-control-expose-headers", "").split(",")}
    if echoed is not None:
        own = {name for name in answer.headers if name.startswith(_OWN)} - _HEADERS.keys()
        yield from (f"scripts of {origin} cannot read {name}" for name in sorted(own - readable))
    credentials = answer.headers.get("access-control-allow-credentials")
    if credentials != ("true" if origin == ADMIN_ORIGIN else None):
        yield f"origin {origin!r} has credentials {credentials!r}"
