"""The ushers' portal: the events that an usher is assigned to."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.access import ushers
from chalicelib.domain.access.ushers import UsherEvent
from chalicelib.portals.http.auth import USHER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.usher import events as schema
from chalicelib.schemas.wire import PageOut

bp = Blueprint(__name__)
_BASE = "/api/usher"


def event_out(shown: UsherEvent) -> schema.EventOut:
    """Return an event as its ushers see it."""
    event, facts = shown.event, shown.facts
    return schema.EventOut(
        id=event.event_id,
        title=event.title,
        description=event.description,
        category=event.category,
        status=event.status,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        timezone=event.timezone,
        scanning_opens_at=facts.opens_at,
        scanning_closes_at=facts.closes_at,
        scanning_enabled=facts.scanning_enabled,
        re_entry_allowed=facts.re_entry_allowed,
        children_enabled=event.children_enabled,
        venue=schema.VenueOut.read(event.venue) if event.venue else None,
        gates=list(event.gates or []),
    )


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/events",
        guard=USHER,
        query=schema.EventsIn,
        reply=PageOut[schema.EventOut],
        links=(
            Link("usher_events", {"cursor": "/next"}),
            Link("usher_event", {"event_id": "/results/0/id"}),
            Link("usher_event_status", {"event_id": "/results/0/id"}),
        ),
    ),
)
def usher_events(call: Call[None, schema.EventsIn]) -> PageOut[schema.EventOut]:
    """List the events that the usher is assigned to."""
    page = ushers.assigned_events(call.principal.id, page_size=call.query.page_size, cursor=call.query.cursor)
    return PageOut.of(page, event_out)


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/events/{{event_id}}",
        guard=USHER,
        reply=schema.EventOut,
        refuses=(errors.NotAssigned, errors.NotFound),
    ),
)
def usher_event(call: Call[None, None]) -> schema.EventOut:
    """Show an event that the usher is assigned to."""
    principal = call.principal
    return event_out(ushers.event(principal.id, event_id=call.path["event_id"], works_at=principal.event_id))


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/events/{{event_id}}/validate-assignment",
        guard=USHER,
        reply=schema.AssignmentOut,
        refuses=(errors.NotFound,),
    ),
)
def usher_validate_assignment(call: Call[None, None]) -> schema.AssignmentOut:
    """Return whether the usher works at this event."""
    return schema.AssignmentOut.read(ushers.assignment(call.principal.id, call.path["event_id"]))


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/events/{{event_id}}/status",
        guard=USHER,
        reply=schema.EventStatusOut,
        refuses=(errors.NotAssigned, errors.NotFound),
    ),
)
def usher_event_status(call: Call[None, None]) -> schema.EventStatusOut:
    """Show the live status of the event: its window and its counters."""
    principal = call.principal
    found = ushers.status(principal.id, event_id=call.path["event_id"], works_at=principal.event_id)
    occupancy = found.occupancy
    return schema.EventStatusOut(
        **schema.StatusOut.read(found.counted).model_dump(),
        as_of=occupancy.as_of,
        unsynced_devices=occupancy.unsynced_devices,
        inside_at_most=occupancy.inside_at_most,
    )
