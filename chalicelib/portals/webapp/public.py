"""The web app: the public pages of events."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.events import catalogue
from chalicelib.domain.events.catalogue import CatalogueFilters, CategoryShown
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.webapp import public as schema
from chalicelib.schemas.wire import PageIn, PageOut

bp = Blueprint(__name__)
BASE = "/api/v1"
# The contract lets caches keep public event pages for half a minute.
_CACHE_SECONDS = 30


def _filters(query: schema.EventsIn) -> CatalogueFilters:
    return CatalogueFilters(
        category=query.category,
        city=query.city,
        date_from=query.date_from,
        date_to=query.date_to,
        price_from=query.price_from,
        price_to=query.price_to,
        organizer_id=query.organizer_id,
        search=query.search,
        ordering=query.ordering,
        include_past=query.include_past,
    )


def _categories_out(found: list[CategoryShown]) -> schema.CategoriesOut:
    return schema.CategoriesOut(results=[schema.CategoryOut.read(category) for category in found])


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/public/events",
        guard=None,
        query=schema.EventsIn,
        reply=PageOut[schema.EventOut],
        public_seconds=_CACHE_SECONDS,
        links=(Link("public_event", {"event_id": "/results/0/id"}), Link("public_events", {"cursor": "/next"})),
    ),
)
def public_events(call: Call[None, schema.EventsIn]) -> PageOut[schema.EventOut]:
    """List upcoming events, or all of them."""
    page = catalogue.browse(_filters(call.query), page_size=call.query.page_size, cursor=call.query.cursor)
    return PageOut.of(page, schema.EventOut.read)


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/public/events/featured",
        guard=None,
        query=PageIn,
        reply=PageOut[schema.EventOut],
        public_seconds=_CACHE_SECONDS,
        links=(
            Link("public_event", {"event_id": "/results/0/id"}),
            Link("public_featured_events", {"cursor": "/next"}),
        ),
    ),
)
def public_featured_events(call: Call[None, PageIn]) -> PageOut[schema.EventOut]:
    """List the featured upcoming events."""
    page = catalogue.featured(page_size=call.query.page_size, cursor=call.query.cursor)
    return PageOut.of(page, schema.EventOut.read)


@door(
    bp,
    Route(
        "GET", f"{BASE}/public/events/categories", guard=None, reply=schema.CategoriesOut, public_seconds=_CACHE_SECONDS
    ),
)
def public_categories(_: Call[None, None]) -> schema.CategoriesOut:
    """List the categories of upcoming events with the number of events in each."""
    return _categories_out(catalogue.categories())


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/public/events/{{event_id}}",
        guard=None,
        reply=schema.EventOut,
        public_seconds=_CACHE_SECONDS,
        refuses=(errors.NotFound,),
    ),
)
def public_event(call: Call[None, None]) -> schema.EventOut:
    """Show an event with its ticket categories and their availability."""
    return schema.EventOut.read(catalogue.event(call.path["event_id"]))
