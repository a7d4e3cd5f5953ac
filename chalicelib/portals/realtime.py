"""Live updates: the one-time ticket that opens a socket."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.live import connections
from chalicelib.portals.http.auth import ANYBODY
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Route
from chalicelib.schemas import live as schema

bp = Blueprint(__name__)


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
