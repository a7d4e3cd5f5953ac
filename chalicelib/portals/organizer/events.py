"""The organizers' portal: own events, their analytics, requests to change them."""

from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.exports import attendee_files
from chalicelib.domain.exports.attendee_files import CONTENT_TYPE, AttendeeFile
from chalicelib.domain.exports.export_runs import Export
from chalicelib.domain.money import Money
from chalicelib.domain.organizers import edit_requests, organizer_dashboard, organizer_events
from chalicelib.domain.organizers.organizer_events import (
    EventDetail,
    EventSummary,
    OrganizerEventFilters,
    OwnEvent,
)
from chalicelib.portals.http.answer import CSV, File
from chalicelib.portals.http.auth import ORGANIZER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.organizer import events as schema
from chalicelib.schemas.organizer.files import AttendeesIn, FileJobOut
from chalicelib.schemas.wire import MoneyOut, PageOut

bp = Blueprint(__name__)
BASE = "/api/organizer"


def _summary_out(summary: EventSummary) -> schema.EventOut:
    event = summary.event
    return schema.EventOut(
        id=event.event_id,
        title=event.title,
        category=event.category,
        status=event.status,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        timezone=event.timezone,
        venue=schema.VenueOut.read(event.venue) if event.venue else None,
        image_url=event.image_url,
        review=event.review,
        sold=summary.sold,
        capacity=summary.capacity,
        revenue=MoneyOut.read(summary.revenue),
        checked_in=summary.admitted,
    )


def _category_out(category: Any) -> schema.TicketCategoryOut:
    return schema.TicketCategoryOut(
        id=category.category_id,
        name=category.name,
        tier=category.tier,
        price=MoneyOut.read(Money(category.price, category.currency)),
        capacity=category.capacity,
        per_order_limit=category.per_order_limit,
        sales_start=category.sales_start,
        sales_end=category.sales_end,
    )


def _detail_out(detail: EventDetail) -> schema.EventDetailOut:
    analytics = schema.AnalyticsOut.read(detail.analytics)
    return schema.EventDetailOut(**_own_fields(detail), analytics=analytics)


def own_event_out(event: OwnEvent) -> schema.OwnEventOut:
    """Return an event as its organizer sees it, without analytics."""
    return schema.OwnEventOut(**_own_fields(event))


def _own_fields(shown: OwnEvent | EventDetail) -> dict[str, Any]:
    event = shown.event
    return {
        "id": event.event_id,
        "title": event.title,
        "description": event.description,
        "category": event.category,
        "status": event.status,
        "starts_at": event.starts_at,
        "ends_at": event.ends_at,
        "timezone": event.timezone,
        "venue": schema.VenueOut.read(event.venue) if event.venue else None,
        "image_url": event.image_url,
        "featured": bool(event.featured),
        "children_enabled": bool(event.children_enabled),
        "re_entry_allowed": bool(event.re_entry_allowed),
        "scanning_opens_at": event.scanning_opens_at,
        "scanning_closes_at": event.scanning_closes_at,
        "refund_deadline": event.refunds_until,
        "gates": list(event.gates or ()),
        "ticket_categories": [_category_out(category) for category in shown.categories],
        "review": event.review,
        "review_note": event.review_note,
        "version": event.version,
    }


@door(bp, Route("GET", f"{BASE}/dashboard/stats", guard=ORGANIZER, reply=schema.DashboardOut))
def organizer_dashboard_stats(call: Call[None, None]) -> schema.DashboardOut:
    """Show the organizer's events, sales and check-ins at a glance."""
    return schema.DashboardOut.read(organizer_dashboard.dashboard(call.principal.id))


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/events",
        guard=ORGANIZER,
        query=schema.EventsIn,
        reply=PageOut[schema.EventOut],
        links=(
            Link("organizer_event", {"event_id": "/results/0/id"}),
            Link("organizer_request_edit", {"event_id": "/results/0/id"}),
            Link("organizer_events_list", {"cursor": "/next"}),
        ),
    ),
)
def organizer_events_list(call: Call[None, schema.EventsIn]) -> PageOut[schema.EventOut]:
    """List the organizer's events, the latest start first."""
    query = call.query
    filters = OrganizerEventFilters(
        status=query.status, date_from=query.date_from, date_to=query.date_to, search=query.search
    )
    page = organizer_events.page(call.principal.id, filters, page_size=query.page_size, cursor=query.cursor)
    return PageOut.of(page, _summary_out)


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/events/{{event_id}}",
        guard=ORGANIZER,
        query=AttendeesIn,
        reply=schema.EventDetailOut,
        files=(CSV,),
        also={202: FileJobOut},
        refuses=(errors.NotFound,),
        links=(Link("organizer_request_edit", {"event_id": "/id"}),),
    ),
)
def organizer_event(call: Call[None, AttendeesIn]) -> schema.EventDetailOut | FileJobOut | File:
    """Show one of the organizer's events with its live analytics; `format=csv` lists its attendees."""
    return _as_asked(call.principal.id, call.path["event_id"], call.query)


def _as_asked(organizer_id: str, event_id: str, query: AttendeesIn) -> schema.EventDetailOut | FileJobOut | File:
    if query.format == "csv":
        return _file_out(attendee_files.ask(organizer_id, event_id))
    return _detail_out(organizer_events.detail(organizer_id, event_id))


def _file_out(found: AttendeeFile | Export) -> FileJobOut | File:
    if isinstance(found, AttendeeFile):
        return File(found.content, CONTENT_TYPE, name=found.name)
    return FileJobOut.read(found)


@door(
    bp,
    Route(
        "POST",
        f"{BASE}/events/{{event_id}}/edit-request",
        guard=ORGANIZER,
        body=schema.EditRequestIn,
        reply=schema.EditRequestOut,
        status=201,
        idempotent=True,
        refuses=(errors.NotFound, errors.InvalidState, errors.Conflict),
        links=(Link("admin_decide_edit_request", {"request_id": "/id"}),),
    ),
)
def organizer_request_edit(call: Call[schema.EditRequestIn, None]) -> schema.EditRequestOut:
    """Request a change of an event from the platform's staff."""
    asked = edit_requests.ask(
        call.principal.id,
        call.path["event_id"],
        changes=call.body.changes.model_dump(exclude_none=True),
        reason=call.body.reason,
        operation_id=call.operation_id,
    )
    return schema.EditRequestOut.read(asked)
