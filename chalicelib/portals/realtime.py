"""The door to live updates: the one-time ticket by which a socket is opened."""

from typing import Any

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
        refuses=(errors.NotFound,),
    ),
)
def realtime_ticket(call: Call[schema.TicketIn, None]) -> Any:
    """Give a one-time ticket to open the WebSocket."""
    return connections.issue_ticket(call.principal, channels=call.body.channels)
