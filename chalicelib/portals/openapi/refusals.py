"""The refusals in the document: what each route may answer when it does not do what was asked."""

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib import errors
from chalicelib.errors import Refusal
from chalicelib.portals.http.answer import JSON
from chalicelib.portals.http.route import AnyRoute
from chalicelib.portals.openapi.components import PREFIX, name_of
from chalicelib.schemas.campus import attendance
from chalicelib.schemas.examples.campus import attendance as attendance_examples
from chalicelib.schemas.examples.tix import tickets as ticket_examples
from chalicelib.schemas.tix import tickets
from chalicelib.schemas.wire import BareErrorOut, ErrorOut
from chalicelib.vocabulary.access import Portal

# The envelopes in which `error` is the message.
BARE: Mapping[str, type[BareErrorOut]] = {Portal.CAMPUS: attendance.ErrorOut, Portal.TIX: tickets.ErrorOut}
_BESIDE: Mapping[str, Mapping[str, Any]] = {
    Portal.CAMPUS: attendance_examples.BESIDE,
    Portal.TIX: ticket_examples.BESIDE,
}
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
        found = {}
        for status, messages in sorted(by_status.items()):
            name = _name(messages, route.portal)
            self._responses.setdefault(name, _response(status, messages, route.portal))
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


def _name(messages: dict[str, str], portal: str) -> str:
    words = [code.title().replace("_", "") for code in sorted(messages)]
    return (portal.title() if portal in BARE else "") + "Or".join(words)


def _response(status: int, messages: dict[str, str], portal: str) -> dict[str, Any]:
    names = ["X-Request-Id", "Cache-Control", *["Retry-After"] * (status in _LATER)]
    schema = name_of(BARE.get(portal, ErrorOut))
    return {
        "description": " ".join(f"`{code}`: {message}" for code, message in sorted(messages.items())),
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
        "content": {
            JSON: {
                "schema": {"$ref": f"{PREFIX}{schema}"},
                "examples": {
                    code: {"value": _example(code, message, portal)} for code, message in sorted(messages.items())
                },
            }
        },
    }


def _example(code: str, message: str, portal: str) -> dict[str, Any]:
    body = {"code": code, "request_id": "0d7f3c1e"}
    if portal not in BARE:
        return {"error": {"message": message, **body}}
    again = {"message": message} if portal == Portal.CAMPUS else {}
    return {"error": message, **again, **body, **_BESIDE[portal].get(code, {})}
