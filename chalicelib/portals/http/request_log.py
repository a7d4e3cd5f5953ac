"""One log line for each request: what was asked, by whom, how it ended, and how long it took.

It carries the route's template and never the path itself, which may hold ids and numbers. The lines of the security log
follow it: the outermost middleware writes them, so also for refusals made before a view runs.
"""

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from chalice import Response

from chalicelib.domain.access import security_log
from chalicelib.domain.access.security_log import Ended
from chalicelib.domain.access.tokens import Principal
from chalicelib.observability import log_keys, logger, outcome
from chalicelib.portals.http import edge
from chalicelib.portals.http.paths import portal_of

UNKNOWN_ROUTE = "(unknown)"
UNKNOWN_METHOD = "(unknown)"
_FAULT = 500
# What is learned about a request while it is answered.
_facts: ContextVar[dict[str, Any] | None] = ContextVar("request_facts", default=None)


def middleware(event: Any, get_response: Callable[[Any], Response]) -> Response:
    """Answer a request and log it; every line that is logged meanwhile carries its id."""
    began = time.perf_counter()
    context = event.context or {}
    facts: dict[str, Any] = {}
    status = _FAULT
    outer = _facts.set(facts)
    try:
        with log_keys(request_id=request_id_of(event)), security_log.noting() as noted, outcome() as found:
            try:
                response = get_response(event)
                status = response.status_code
                if response.headers.get("Idempotent-Replayed") == "true":
                    facts["replayed"] = True
            finally:
                route = context.get("resourcePath") or UNKNOWN_ROUTE
                facts = {**found.facts(), **facts}
                write(event.method, route, status=status, seconds=time.perf_counter() - began, **facts)
                security_log.write(noted, Ended(route, portal_of(route), status, address_of(event)))
    finally:
        _facts.reset(outer)
    return response


def request_id_of(event: Any) -> str:
    """Return the gateway's id of a request."""
    return (event.context or {}).get("requestId") or "unknown"


def address_of(event: Any) -> str | None:
    """Return the caller's IP address: as the edge names it, else the gateway; None where neither does."""
    return edge.viewer(event) or ((event.context or {}).get("identity") or {}).get("sourceIp")


def note_principal(principal: Principal) -> None:
    """Name the caller in the lines of the request that this thread is answering."""
    _note(principal_id=principal.id)
    security_log.note_principal(principal.id)


def note_code(code: str) -> None:
    """Name the code of a refusal in the line of the request that this thread is answering."""
    _note(code=code)


def write(method: str, route: str, *, status: int, seconds: float, **facts: Any) -> None:
    """Write the line of a request that has been answered."""
    portal = portal_of(route) if route != UNKNOWN_ROUTE else None
    line = {"method": method, "route": route, "portal": portal, "status": status, **facts}
    log = logger.error if status >= _FAULT else logger.info
    log("request", extra={**line, "milliseconds": round(seconds * 1000, 1)})


def _note(**facts: str) -> None:
    known = _facts.get()
    if known is not None:
        known.update(facts)
