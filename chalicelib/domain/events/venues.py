"""Venues. An event stores a copy of its venue, so a page of events needs no further reads."""

from chalicelib.errors import NotFound
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import KnownVenue, Venue


def add(
    *,
    name: str,
    city: str | None = None,
    address: str | None = None,
    latitude: str | None = None,
    longitude: str | None = None,
    venue_id: str | None = None,
) -> KnownVenue:
    """Create a venue; an existing one with this id is returned unchanged.

    Called by the staff's portal, which is not built yet.
    """
    venue_id = venue_id or new_id("ven")
    venue = KnownVenue(
        *keys.events.venue(venue_id),
        venue_id=venue_id,
        name=name,
        city=city,
        address=address,
        latitude=latitude,
        longitude=longitude,
    )
    try:
        operations.record(operations.put(venue, KnownVenue.pk.does_not_exist()))
    except operations.ConditionFailed as failure:
        return failure.found(KnownVenue) or venue
    return venue


def get(venue_id: str) -> KnownVenue:
    """Return a venue. Raises NotFound."""
    venue = operations.get(keys.events.venue(venue_id))
    if venue is None:
        raise NotFound("There is no such venue.")
    return venue


def copy_of(venue: KnownVenue) -> Venue:
    """Return the copy of a venue that an event stores."""
    return Venue(
        id=venue.venue_id,
        name=venue.name,
        city=venue.city,
        address=venue.address,
        latitude=venue.latitude,
        longitude=venue.longitude,
    )
