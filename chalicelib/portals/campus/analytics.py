"""Campus: figures of events, dashboards, trends, anomalies, departments."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.campus.analytics import event_figures
from chalicelib.domain.campus.events import campus_events
from chalicelib.portals.http.auth import CAMPUS_STAFF
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Route
from chalicelib.schemas.campus import analytics as schema

bp = Blueprint(__name__)
_BASE = "/api/campus/analytics"


@door(
    bp,
    Route(
        "GET",
        "/api/campus/events/{event_id}/analytics",
        guard=CAMPUS_STAFF,
        reply=schema.EventAnalyticsOut,
        refuses=(errors.NotFound,),
    ),
)
def campus_event_analytics(call: Call[None, None]) -> schema.EventAnalyticsOut:
    """Show the figures of an event."""
    event = campus_events.require_staff_of(call.path["event_id"], call.principal, fresh=True)
    return schema.EventAnalyticsOut.read(event_figures.of_event(event))
