"""The organizers' door: own events, their analytics, wishes to change them."""

from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.money import Money
from chalicelib.domain.organizers import edit_requests, organizer_dashboard, organizer_events
from chalicelib.domain.organizers.organizer_events import EventDetail, EventSummary, OrganizerEventFilters
from chalicelib.domain.paging import Page
from chalicelib.portals.http.auth import ORGANIZER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.organizer import events as schema
from chalicelib.schemas.wire import PageOut

bp = Blueprint(__name__)
BASE = "/api/organizer"
_SHOWN = ("title", "description", "category", "status", "starts_at", "ends_at", "timezone", "venue", "image_url")
_SWITCHES = ("featured", "children_enabled", "re_entry_allowed")
_OFFERED = ("name", "tier", "capacity", "per_order_limit", "sales_start", "sales_end")


def summary_out(summary: EventSummary) -> dict[str, Any]:
    """Return an event as it stands in the list."""
    shown = {name: getattr(summary.event, name) for name in _SHOWN}
    numbers = {"sold": summary.sold, "capacity": summary.capacity, "revenue": summary.revenue}
    return {"id": summary.event.event_id, **shown, **numbers, "checked_in": summary.admitted}


def detail_out(detail: EventDetail) -> dict[str, Any]:
    """Return an event with its analytics."""
    event = detail.event
    categories = [
        {
            "id": category.category_id,
            "price": Money(category.price, category.currency),
            **{name: getattr(category, name) for name in _OFFERED},
        }
        for category in detail.categories
    ]
    return {
        "id": event.event_id,
        **{name: getattr(event, name) for name in _SHOWN},
        **{name: bool(getattr(event, name)) for name in _SWITCHES},
        "gates": list(event.gates or ()),
        "ticket_categories": categories,
        "version": event.version,
        "analytics": detail.analytics,
    }


@door(bp, Route("GET", f"{BASE}/dashboard/stats", guard=ORGANIZER, reply=schema.DashboardOut))
def organizer_dashboard_stats(call: Call[None, None]) -> Any:
    """Show the organizer's events, sales and check-ins at a glance."""
    return organizer_dashboard.dashboard(call.principal.id)


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
def organizer_events_list(call: Call[None, schema.EventsIn]) -> Any:
    """List the organizer's events, those that start last first."""
    query = call.query
    filters = OrganizerEventFilters(
        status=query.status, date_from=query.date_from, date_to=query.date_to, search=query.search
    )
    page = organizer_events.page(call.principal.id, filters, page_size=query.page_size, cursor=query.cursor)
    return Page(results=[summary_out(summary) for summary in page.results], next=page.next)


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/events/{{event_id}}",
        guard=ORGANIZER,
        reply=schema.EventDetailOut,
        refuses=(errors.NotFound,),
        links=(Link("organizer_request_edit", {"event_id": "/id"}),),
    ),
)
def organizer_event(call: Call[None, None]) -> Any:
    """Show one of the organizer's events with its live analytics."""
    return detail_out(organizer_events.detail(call.principal.id, call.path["event_id"]))


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
    ),
)
def organizer_request_edit(call: Call[schema.EditRequestIn, None]) -> Any:
    """Ask the platform's staff to change an event."""
    return edit_requests.ask(
        call.principal.id,
        call.path["event_id"],
        changes=call.body.changes.model_dump(exclude_none=True),
        reason=call.body.reason,
        operation_id=call.operation_id,
    )
