"""The staff's portal: organizers' requests to change their events."""

from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.lists.events import EDIT_REQUESTS
from chalicelib.domain.organizers import edit_requests
from chalicelib.portals.http.auth import MANAGERS, READERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.list_doors import list_door
from chalicelib.portals.http.list_pages import list_page, list_query
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.admin import events as schema
from chalicelib.schemas.admin.lists import ListIn
from chalicelib.schemas.organizer.events import DifferenceOut
from chalicelib.schemas.wire import PageOut

bp = Blueprint(__name__)
_BASE = "/api/event-edit-requests"


def _request_out(request: Any) -> schema.EditRequestOut:
    return schema.EditRequestOut(
        id=request.request_id,
        event_id=request.event_id,
        organizer_id=request.organizer_id,
        status=request.status,
        reason=request.reason,
        diff=[DifferenceOut.model_validate(each) for each in request.diff],
        note=request.note,
        created_at=request.created_at,
        decided_at=request.decided_at,
        decided_by=request.decided_by,
    )


@list_door(
    bp,
    EDIT_REQUESTS,
    Route(
        "GET",
        _BASE,
        guard=READERS,
        query=list_query(EDIT_REQUESTS),
        reply=PageOut[schema.EditRequestOut],
        links=(
            Link("admin_decide_edit_request", {"request_id": "/results/0/id"}),
            Link("admin_event", {"event_id": "/results/0/event_id"}),
            Link("admin_edit_requests", {"cursor": "/next"}),
        ),
    ),
)
def admin_edit_requests(call: Call[None, ListIn]) -> PageOut[schema.EditRequestOut]:
    """List organizers' requests to change their events, newest first."""
    return PageOut.of(list_page(EDIT_REQUESTS, call), _request_out)


@door(
    bp,
    Route(
        "PUT",
        f"{_BASE}/{{request_id}}",
        guard=MANAGERS,
        body=schema.DecisionIn,
        reply=schema.EditRequestOut,
        idempotent=True,
        audited="edit_request.decide",
        refuses=(errors.NotFound, errors.InvalidState, errors.Conflict),
        links=(Link("admin_event", {"event_id": "/event_id"}),),
    ),
)
def admin_decide_edit_request(call: Call[schema.DecisionIn, None]) -> schema.EditRequestOut:
    """Approve a request, which changes the event, or reject it."""
    body = call.body
    decided = edit_requests.decide(
        call.path["request_id"], is_approved=body.decision == "approve", by=call.principal.id, note=body.note
    )
    return _request_out(decided)
