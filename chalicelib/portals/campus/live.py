"""Campus: the live view of an event, and the ticket of its live channel."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.campus.analytics import event_figures
from chalicelib.domain.campus.events import campus_events
from chalicelib.domain.live import channels, connections
from chalicelib.portals.http.auth import CAMPUS_STAFF
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Route
from chalicelib.schemas import live as live_schema
from chalicelib.schemas.campus import analytics as schema

bp = Blueprint(__name__)
_BASE = "/api/campus/analytics/realtime"


@door(
    bp,
    Route("GET", f"{_BASE}/{{event_id}}", guard=CAMPUS_STAFF, reply=schema.RealtimeOut, refuses=(errors.NotFound,)),
)
def campus_realtime(call: Call[None, None]) -> schema.RealtimeOut:
    """Show the counts of an event and the submissions of the last five minutes."""
    event = campus_events.require_staff_of(call.path["event_id"], call.principal)
    return schema.RealtimeOut.from_view(event_figures.live(event))


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/ws/{{event_id}}",
        guard=CAMPUS_STAFF,
        reply=live_schema.TicketOut,
        refuses=(errors.NotFound, errors.RateLimited),
    ),
)
def campus_realtime_ticket(call: Call[None, None]) -> live_schema.TicketOut:
    """Issue a one-time ticket for the WebSocket of an event's attendance."""
    channel = channels.of_attendance(call.path["event_id"])
    return live_schema.TicketOut.read(connections.issue_ticket(call.principal, channels=[channel]))
