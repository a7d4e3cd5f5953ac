"""The staff's portal: events and their statistics."""

from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.lists.events import EVENTS
from chalicelib.domain.money import Money
from chalicelib.domain.organizers import event_changes, organizer_events
from chalicelib.domain.organizers.organizer_events import OwnEvent
from chalicelib.portals.http.auth import MANAGERS, READERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.list_doors import list_door
from chalicelib.portals.http.list_pages import list_page, list_query
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.admin import events as schema
from chalicelib.schemas.admin.lists import ListIn
from chalicelib.schemas.organizer.events import TicketCategoryOut
from chalicelib.schemas.wire import MoneyOut, PageOut

bp = Blueprint(__name__)
BASE = "/api/events"
ONE = f"{BASE}/{{event_id}}"
_QUERY = list_query(EVENTS)
_NEXT = (
    Link("admin_event", {"event_id": "/id"}),
    Link("admin_change_event", {"event_id": "/id"}, {"version": "/version"}),
    Link("admin_event_statistics", {"event_id": "/id"}),
    Link("admin_cancel_event", {"event_id": "/id"}),
)
_OTHERS = (*_NEXT[1:], Link("admin_create_event", body={"organizer_id": "/organizer_id"}))
_CHANGE_REFUSALS = (errors.NotFound, errors.InvalidState, errors.Conflict)


def _listed(event: Any) -> dict[str, Any]:
    return {
        "id": event.event_id,
        "title": event.title,
        "category": event.category,
        "status": event.status,
        "review": event.review,
        "organizer_id": event.organizer_id,
        "organizer_name": event.organizer_name,
        "venue": schema.EventVenueOut.read(event.venue) if event.venue else None,
        "starts_at": event.starts_at,
        "ends_at": event.ends_at,
        "timezone": event.timezone,
        "featured": bool(event.featured),
        "image_url": event.image_url,
        "version": event.version,
    }


def _event_out(event: Any) -> schema.EventOut:
    return schema.EventOut(**_listed(event))


def _category_out(category: Any) -> TicketCategoryOut:
    return TicketCategoryOut(
        id=category.category_id,
        name=category.name,
        tier=category.tier,
        price=MoneyOut.read(Money(category.price, category.currency)),
        capacity=category.capacity,
        per_order_limit=category.per_order_limit,
        sales_start=category.sales_start,
        sales_end=category.sales_end,
    )


def _detail_out(shown: OwnEvent) -> schema.EventDetailOut:
    event = shown.event
    return schema.EventDetailOut(
        **_listed(event),
        description=event.description,
        children_enabled=bool(event.children_enabled),
        re_entry_allowed=bool(event.re_entry_allowed),
        offline_names=event.offline_names is not False,
        scanning_enabled=bool(event.scanning_enabled),
        scanning_opens_at=event.scanning_opens_at,
        scanning_closes_at=event.scanning_closes_at,
        refund_deadline=event.refunds_until,
        platform_fee_percent=shown.platform_fee_percent,
        gates=list(event.gates or ()),
        ticket_categories=[_category_out(category) for category in shown.categories],
        review_note=event.review_note,
        moved_at=event.moved_at,
    )


@list_door(
    bp,
    EVENTS,
    Route(
        "GET",
        BASE,
        guard=READERS,
        query=_QUERY,
        reply=PageOut[schema.EventOut],
        links=(
            Link("admin_event", {"event_id": "/results/0/id"}),
            Link("admin_events", {"cursor": "/next"}),
        ),
    ),
)
def admin_events(call: Call[None, ListIn]) -> PageOut[schema.EventOut]:
    """List all events, the latest start first."""
    return PageOut.of(list_page(EVENTS, call), _event_out)


@door(
    bp,
    Route(
        "POST",
        BASE,
        guard=MANAGERS,
        body=schema.EventIn,
        reply=schema.EventDetailOut,
        status=201,
        idempotent=True,
        audited="event.create",
        refuses=(errors.NotFound,),
        links=(*_NEXT, Link("admin_delete_event", {"event_id": "/id"})),
    ),
)
def admin_create_event(call: Call[schema.EventIn, None]) -> schema.EventDetailOut:
    """Create an event, as a draft or published at once."""
    return _detail_out(event_changes.create(call.body.changes(), operation_id=call.operation_id))


@door(bp, Route("GET", ONE, guard=READERS, reply=schema.EventDetailOut, refuses=(errors.NotFound,), links=_OTHERS))
def admin_event(call: Call[None, None]) -> schema.EventDetailOut:
    """Show an event with its ticket categories."""
    return _detail_out(event_changes.get(call.path["event_id"]))


@door(
    bp,
    Route(
        "PUT",
        ONE,
        guard=MANAGERS,
        body=schema.EventChangeIn,
        reply=schema.EventDetailOut,
        idempotent=True,
        audited="event.change",
        refuses=_CHANGE_REFUSALS,
        links=_NEXT,
    ),
)
def admin_change_event(call: Call[schema.EventChangeIn, None]) -> schema.EventDetailOut:
    """Change an event, publish its draft or send it back, end it or archive it."""
    changed = event_changes.change(call.path["event_id"], call.body.changes(), version=call.body.version)
    return _detail_out(changed)


@door(
    bp,
    Route(
        "DELETE",
        ONE,
        guard=MANAGERS,
        status=204,
        audited="event.delete",
        refuses=(errors.NotFound, errors.InvalidState),
    ),
)
def admin_delete_event(call: Call[None, None]) -> None:
    """Archive an event that has sold nothing, so that it never will."""
    event_changes.delete(call.path["event_id"])


@door(bp, Route("GET", f"{ONE}/statistics", guard=READERS, reply=schema.StatisticsOut, refuses=(errors.NotFound,)))
def admin_event_statistics(call: Call[None, None]) -> schema.StatisticsOut:
    """Show the sales, fees and check-ins of an event."""
    return schema.StatisticsOut.read(organizer_events.statistics(call.path["event_id"]))
