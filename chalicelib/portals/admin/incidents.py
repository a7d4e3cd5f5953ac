"""The staff's portal: incidents, and conflicts of the check-in log."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.gate import conflicts, incidents
from chalicelib.domain.lists.incidents import INCIDENTS
from chalicelib.portals.http.auth import CHECKIN_LOG_READERS, USHER_MANAGERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.list_doors import list_door
from chalicelib.portals.http.list_pages import list_page, list_query
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas import incidents as schema
from chalicelib.schemas.admin.lists import ListIn
from chalicelib.schemas.wire import PageOut

bp = Blueprint(__name__)
_BASE = "/api/incidents"


@list_door(
    bp,
    INCIDENTS,
    Route(
        "GET",
        _BASE,
        guard=CHECKIN_LOG_READERS,
        query=list_query(INCIDENTS),
        reply=PageOut[schema.IncidentOut],
        links=(
            Link("admin_answer_incident", {"incident_id": "/results/0/id"}),
            Link("admin_incidents", {"cursor": "/next"}),
        ),
    ),
)
def admin_incidents(call: Call[None, ListIn]) -> PageOut[schema.IncidentOut]:
    """List incidents, newest first."""
    return PageOut.of(list_page(INCIDENTS, call), lambda one: schema.IncidentOut.read(incidents.shown(one)))


@door(
    bp,
    Route(
        "PUT",
        f"{_BASE}/{{incident_id}}",
        guard=USHER_MANAGERS,
        body=schema.IncidentAnswerIn,
        reply=schema.IncidentOut,
        audited="incident.answer",
        refuses=(errors.NotFound, errors.InvalidState),
    ),
)
def admin_answer_incident(call: Call[schema.IncidentAnswerIn, None]) -> schema.IncidentOut:
    """Answer an incident, or close it."""
    body = call.body
    answered = incidents.answer(call.path["incident_id"], body.status, note=body.note, by=call.principal.id)
    return schema.IncidentOut.read(answered)


@door(
    bp,
    Route(
        "PUT",
        "/api/logs/checkin/{log_id}",
        guard=USHER_MANAGERS,
        body=schema.ConflictIn,
        reply=schema.ConflictOut,
        audited="conflict.close",
        refuses=(errors.NotFound, errors.InvalidState),
    ),
)
def admin_close_conflict(call: Call[schema.ConflictIn, None]) -> schema.ConflictOut:
    """Close a conflict of the check-in log, once."""
    closed = conflicts.close(call.path["log_id"], call.body.resolution, note=call.body.note)
    return schema.ConflictOut.read(closed)
