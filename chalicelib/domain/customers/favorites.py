"""A customer's favourite events."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain import paging
from chalicelib.domain.events import catalogue, events
from chalicelib.domain.paging import Page
from chalicelib.errors import NotFound
from chalicelib.table import keys, operations
from chalicelib.table.items import Favorite
from chalicelib.table.ranges import Between
from chalicelib.vocabulary.events import EventStatus

# Statuses visible to the organizer only.
_UNSEEN = (EventStatus.DRAFT, EventStatus.ARCHIVED)


class FavoriteEvent(Struct, frozen=True):
    """A favourite with the public view of its event; None if the event is no longer public."""

    event_id: str
    added_at: datetime
    event: dict[str, Any] | None


def add(customer_id: str, event_id: str) -> FavoriteEvent:
    """Add an event to a customer's favourites. Idempotent. Raises NotFound."""
    if events.get(event_id).status in _UNSEEN:
        raise NotFound("There is no such event.")
    place = keys.customers.favorite(customer_id, event_id)
    favorite = Favorite(*place, customer_id=customer_id, event_id=event_id, added_at=clock.now())
    try:
        operations.record(operations.put(favorite, Favorite.pk.does_not_exist()))
    except operations.ConditionFailed as failure:
        favorite = failure.found(Favorite) or favorite
    return _liked([favorite])[0]


def remove(customer_id: str, event_id: str) -> None:
    """Remove an event from a customer's favourites. Idempotent."""
    operations.record(operations.remove(keys.customers.favorite(customer_id, event_id)))


def of(customer_id: str, *, page_size: int, cursor: str | None) -> Page[FavoriteEvent]:
    """Return a page of a customer's favourites, newest event first. Raises InvalidCursor."""
    bound_to = f"favorites/{customer_id}"
    first = keys.customers.favorite(customer_id)
    last = keys.customers.favorite(customer_id, paging.unseal(cursor, bound_to=bound_to) if cursor else "~")
    # The range includes both ends, and its first item is on the previous page.
    raws = operations.query(
        first.pk, Between(first.sk, last.sk), newest_first=True, limit=page_size + 2, consistent=True
    )
    found = [favorite for favorite in map(Favorite.from_raw_data, raws) if favorite.sk != last.sk][: page_size + 1]
    shown = found[:page_size]
    more = len(found) > page_size
    return Page(results=_liked(shown), next=paging.seal(shown[-1].event_id, bound_to=bound_to) if more else None)


def _liked(favorites: Sequence[Favorite]) -> list[FavoriteEvent]:
    listings = catalogue.summaries(favorite.event_id for favorite in favorites)
    public = {event_id: listing.body for event_id, listing in listings.items() if listing.public}
    return [FavoriteEvent(one.event_id, one.added_at, public.get(one.event_id)) for one in favorites]
