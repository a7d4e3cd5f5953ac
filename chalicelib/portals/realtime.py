"""Live updates: the one-time ticket that opens a socket, and the module for browsers."""

from functools import cache
from pathlib import Path

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.live import connections
from chalicelib.portals.http.answer import File
from chalicelib.portals.http.auth import ANYBODY
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Route
from chalicelib.schemas import live as schema

bp = Blueprint(__name__)
# RFC 9239.
_JAVASCRIPT = "text/javascript; charset=utf-8"
# A new version of the module is loaded within five minutes.
_MODULE_SECONDS = 300


@cache
def _module() -> File:
    return File((Path(__file__).parent / "live.js").read_text(encoding="utf-8"), _JAVASCRIPT)


@door(bp, Route("GET", "/api/live.js", guard=None, media_type="text/javascript", public_seconds=_MODULE_SECONDS))
def live_module(_: Call[None, None]) -> File:
    """Show the ES module with which browsers receive live updates."""
    return _module()


@door(
    bp,
    Route(
        "POST",
        "/api/realtime/ticket",
        guard=ANYBODY,
        body=schema.TicketIn,
        reply=schema.TicketOut,
        refuses=(errors.NotFound, errors.RateLimited),
    ),
)
def realtime_ticket(call: Call[schema.TicketIn, None]) -> schema.TicketOut:
    """Issue a one-time ticket that opens the WebSocket."""
    return schema.TicketOut.read(connections.issue_ticket(call.principal, channels=call.body.channels))
