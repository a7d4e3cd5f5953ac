"""The refusals in the document: what each route may answer when it does not do what was asked."""

from collections.abc import Iterator
from typing import Any

from chalicelib import errors
from chalicelib.errors import Refusal
from chalicelib.portals.http.answer import JSON
from chalicelib.portals.http.route import AnyRoute
from chalicelib.schemas.examples.tix import tickets as tix_tickets
from chalicelib.schemas.wire import BareErrorOut, ErrorOut
from chalicelib.vocabulary.access import Portal

_BARE = (Portal.CAMPUS, Portal.TIX)
_FAULT = {"INTERNAL": "Something broke on our side."}
_LATER = (429, 500, 503)


class Shared:
    """The refusals that routes share: one response for each set of codes with one status."""

    def __init__(self) -> None:
        self._responses: dict[str, dict[str, Any]] = {}

    def responses(self) -> dict[str, dict[str, Any]]:
        """Return them by name."""
        return dict(sorted(self._responses.items()))

    def of(self, route: AnyRoute) -> dict[str, dict[str, str]]:
        """Return a route's refusals by status, each a reference."""
        by_status: dict[int, dict[str, str]] = {500: _FAULT}
        for kind in _kinds(route):
            by_status.setdefault(kind.status, {})[kind.code] = kind.message
        bare = route.portal in _BARE
        found = {}
        for status, messages in sorted(by_status.items()):
            name = _name(messages, bare=bare)
            self._responses.setdefault(name, _response(status, messages, bare=bare))
            found[str(status)] = {"$ref": f"#/components/responses/{name}"}
        return found


def codes() -> list[str]:
    """Return every code that a refusal may have."""
    return sorted({kind.code for kind in _all(Refusal)} | _FAULT.keys())


def _all(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _all(narrower)


def _kinds(route: AnyRoute) -> Iterator[type[Refusal]]:
    """Go through every way in which this route refuses, faults aside."""
    yield errors.Unavailable
    # A parameter or a header value that the route does not accept.
    yield errors.ValidationFailed
    for variable in route.variables.values():
        yield variable.refusal
    if route.guard:
        yield from (errors.Unauthenticated, errors.TokenExpired, errors.RateLimited)
        if route.guard.permissions or route.guard.roles:
            yield errors.Forbidden
    if route.body:
        yield from (errors.MalformedJson, errors.TooLarge, errors.UnsupportedMediaType)
    elif route.reads_body:
        yield errors.TooLarge
    if route.query and "cursor" in route.query.model_fields:
        yield errors.InvalidCursor
    if route.idempotent:
        yield from (errors.IdempotencyMismatch, errors.IdempotencyInProgress)
    yield from route.refuses


def _name(messages: dict[str, str], *, bare: bool) -> str:
    words = [code.title().replace("_", "") for code in sorted(messages)]
    return ("Bare" if bare else "") + "Or".join(words)


def _response(status: int, messages: dict[str, str], *, bare: bool) -> dict[str, Any]:
    names = ["X-Request-Id", "Cache-Control", *["Retry-After"] * (status in _LATER)]
    schema = BareErrorOut if bare else ErrorOut
    return {
        "description": " ".join(f"`{code}`: {message}" for code, message in sorted(messages.items())),
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
        "content": {
            JSON: {
                "schema": {"$ref": f"#/components/schemas/{schema.__name__}"},
                "examples": {
                    code: {"value": _example(code, message, bare=bare)} for code, message in sorted(messages.items())
                },
            }
        },
    }


def _example(code: str, message: str, *, bare: bool) -> dict[str, Any]:
    body = {"code": code, "request_id": "0d7f3c1e"}
    if bare:
        return {"error": message, **body, **tix_tickets.BESIDE.get(code, {})}
    return {"error": {"message": message, **body}}
