"""Campus: the live view of an event, and the ticket of its live channel."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.campus.analytics import event_figures
from chalicelib.domain.live import connections
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
    return schema.RealtimeOut.from_view(event_figures.show_live(call.path["event_id"], call.principal))


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
    return live_schema.TicketOut.read(connections.issue_attendance_ticket(call.principal, call.path["event_id"]))
