"""The organizers' portal: drafts of events, which the staff publish."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.organizers import event_drafts
from chalicelib.portals.http.auth import ORGANIZER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.portals.organizer.events import BASE, own_event_out
from chalicelib.schemas.organizer import events as schema

bp = Blueprint(__name__)
_ONE = f"{BASE}/events/{{event_id}}"
_NEXT = (
    Link("organizer_event", {"event_id": "/id"}),
    Link("organizer_change_draft", {"event_id": "/id"}),
    Link("organizer_submit_draft", {"event_id": "/id"}),
)


@door(
    bp,
    Route(
        "POST",
        f"{BASE}/events",
        guard=ORGANIZER,
        body=schema.DraftIn,
        reply=schema.OwnEventOut,
        status=201,
        idempotent=True,
        refuses=(errors.NotFound, errors.RateLimited),
        links=_NEXT,
    ),
)
def organizer_create_draft(call: Call[schema.DraftIn, None]) -> schema.OwnEventOut:
    """Create a draft of an event."""
    draft = event_drafts.create(call.principal.id, call.body.changes(), operation_id=call.operation_id)
    return own_event_out(draft)


@door(
    bp,
    Route(
        "PUT",
        _ONE,
        guard=ORGANIZER,
        body=schema.DraftChangeIn,
        reply=schema.OwnEventOut,
        refuses=(errors.NotFound, errors.InvalidState, errors.Conflict),
        links=_NEXT[:1],
    ),
)
def organizer_change_draft(call: Call[schema.DraftChangeIn, None]) -> schema.OwnEventOut:
    """Change a draft; a published event is changed by an edit request."""
    draft = event_drafts.change(
        call.principal.id, call.path["event_id"], call.body.changes(), version=call.body.version
    )
    return own_event_out(draft)


@door(
    bp,
    Route(
        "POST",
        f"{_ONE}/submit",
        guard=ORGANIZER,
        reply=schema.OwnEventOut,
        refuses=(errors.NotFound, errors.InvalidState, errors.ValidationFailed),
        links=_NEXT[:1],
    ),
)
def organizer_submit_draft(call: Call[None, None]) -> schema.OwnEventOut:
    """Ask the staff to publish a draft."""
    return own_event_out(event_drafts.submit(call.principal.id, call.path["event_id"]))
