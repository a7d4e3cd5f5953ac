"""The staff's portal: venues."""

from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.events import venues
from chalicelib.domain.lists.venues import VENUES
from chalicelib.portals.http.auth import MANAGERS, READERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.list_doors import list_door
from chalicelib.portals.http.list_pages import list_page, list_query
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.admin import venues as schema
from chalicelib.schemas.admin.lists import ListIn
from chalicelib.schemas.wire import PageOut

bp = Blueprint(__name__)
_BASE = "/api/venues"
_ONE = f"{_BASE}/{{venue_id}}"
_NEXT = (
    Link("admin_venue", {"venue_id": "/id"}),
    Link("admin_change_venue", {"venue_id": "/id"}),
    Link("admin_delete_venue", {"venue_id": "/id"}),
)


def _venue_out(venue: Any) -> schema.VenueOut:
    return schema.VenueOut(
        id=venue.venue_id,
        name=venue.name,
        address=venue.address,
        city=venue.city,
        country=venue.country,
        latitude=venue.latitude,
        longitude=venue.longitude,
        capacity=venue.capacity,
        gates=list(venue.gates or ()),
        events=venue.event_count,
        created_at=venue.created_at,
        version=venue.version,
    )


@list_door(
    bp,
    VENUES,
    Route(
        "GET",
        _BASE,
        guard=READERS,
        query=list_query(VENUES),
        reply=PageOut[schema.VenueOut],
        links=(Link("admin_venue", {"venue_id": "/results/0/id"}), Link("admin_venues", {"cursor": "/next"})),
    ),
)
def admin_venues(call: Call[None, ListIn]) -> PageOut[schema.VenueOut]:
    """List venues."""
    return PageOut.of(list_page(VENUES, call), _venue_out)


@door(
    bp,
    Route(
        "POST",
        _BASE,
        guard=MANAGERS,
        body=schema.VenueIn,
        reply=schema.VenueOut,
        status=201,
        idempotent=True,
        audited="venue.create",
        links=_NEXT,
    ),
)
def admin_create_venue(call: Call[schema.VenueIn, None]) -> schema.VenueOut:
    """Create a venue."""
    return _venue_out(venues.add(**call.body.fields(), operation_id=call.operation_id))


@door(bp, Route("GET", _ONE, guard=READERS, reply=schema.VenueOut, refuses=(errors.NotFound,), links=_NEXT[1:]))
def admin_venue(call: Call[None, None]) -> schema.VenueOut:
    """Show a venue."""
    return _venue_out(venues.get(call.path["venue_id"]))


@door(
    bp,
    Route(
        "PUT",
        _ONE,
        guard=MANAGERS,
        body=schema.VenueChangeIn,
        reply=schema.VenueOut,
        refuses=(errors.NotFound, errors.Conflict),
        audited="venue.change",
        links=(_NEXT[0], _NEXT[2]),
    ),
)
def admin_change_venue(call: Call[schema.VenueChangeIn, None]) -> schema.VenueOut:
    """Change a venue; events keep the copy that they took."""
    return _venue_out(venues.change(call.path["venue_id"], call.body.changes(), version=call.body.version))


@door(
    bp,
    Route(
        "DELETE",
        _ONE,
        guard=MANAGERS,
        status=204,
        refuses=(errors.NotFound, errors.InvalidState),
        audited="venue.delete",
    ),
)
def admin_delete_venue(call: Call[None, None]) -> None:
    """Delete a venue that no event uses."""
    venues.remove(call.path["venue_id"])
