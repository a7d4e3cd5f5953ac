"""The customers' door: what anyone may read of events."""

from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.events import catalogue
from chalicelib.domain.events.catalogue import CatalogueFilters
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.webapp import public as schema
from chalicelib.schemas.wire import PageIn, PageOut

bp = Blueprint(__name__)
BASE = "/api/v1"
# The contract: public event pages may be kept for half a minute.
_KEPT_SECONDS = 30


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/public/events",
        guard=None,
        query=schema.EventsIn,
        reply=PageOut[schema.EventOut],
        public_seconds=_KEPT_SECONDS,
        links=(Link("public_event", {"event_id": "/results/0/id"}), Link("public_events", {"cursor": "/next"})),
    ),
)
def public_events(call: Call[None, schema.EventsIn]) -> Any:
    """List the events to come, or all of them."""
    asked = {name: getattr(call.query, name) for name in schema.EventsIn.model_fields.keys() - PageIn.model_fields}
    return catalogue.browse(CatalogueFilters(**asked), page_size=call.query.page_size, cursor=call.query.cursor)


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/public/events/featured",
        guard=None,
        query=PageIn,
        reply=PageOut[schema.EventOut],
        public_seconds=_KEPT_SECONDS,
        links=(
            Link("public_event", {"event_id": "/results/0/id"}),
            Link("public_featured_events", {"cursor": "/next"}),
        ),
    ),
)
def public_featured_events(call: Call[None, PageIn]) -> Any:
    """List the featured events to come."""
    return catalogue.featured(page_size=call.query.page_size, cursor=call.query.cursor)


@door(
    bp,
    Route(
        "GET", f"{BASE}/public/events/categories", guard=None, reply=schema.CategoriesOut, public_seconds=_KEPT_SECONDS
    ),
)
def public_categories(_: Call[None, None]) -> Any:
    """List the categories of events to come, with how many each has."""
    return {"results": catalogue.categories()}


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/public/events/{{event_id}}",
        guard=None,
        reply=schema.EventOut,
        public_seconds=_KEPT_SECONDS,
        refuses=(errors.NotFound,),
    ),
)
def public_event(call: Call[None, None]) -> Any:
    """Show an event with its ticket categories and what is left of each."""
    return catalogue.event(call.path["event_id"])
