"""Keys of events, venues, ticket categories, stock and the public catalogue."""

from chalicelib.table.items.events import Category, CategoryCount, Event, KnownVenue, Listing, ListingEntry, Stock
from chalicelib.table.places import Key, Place, joined


def event(event_id: str) -> Place[Event]:
    """Question 1: the event itself."""
    return Place(Event, joined("EVENT", event_id), "EVENT")


def events_by_day(day: str, event_id: str = "") -> Key:
    """Question 18; `day` is the UTC date on which a gate of the event may open."""
    return Key(joined("EVENTS_BY_DAY", day), event_id)


def category(event_id: str, category_id: str = "") -> Place[Category]:
    """Question 25."""
    return Place(Category, event(event_id).pk, joined("CATEGORY", category_id))


def stock(event_id: str, category_id: str, shard: int) -> Place[Stock]:
    """Question 26."""
    return Place(Stock, joined("STOCK", event_id, category_id, str(shard)), "STOCK")


def listing(event_id: str) -> Place[Listing]:
    """Question 31."""
    return Place(Listing, joined("LISTING", event_id), "LISTING")


def catalogue(*which: str, sort: str = "", event_id: str = "") -> Place[ListingEntry]:
    """Question 32; `which` names the list, `sort` is its sort value."""
    return Place(ListingEntry, joined("CATALOGUE", *which), joined(sort, event_id))


def catalogue_category(name: str = "") -> Place[CategoryCount]:
    """Question 33."""
    return Place(CategoryCount, "CATALOGUE_CATEGORIES", name)


def venue(venue_id: str) -> Place[KnownVenue]:
    """Question 64."""
    return Place(KnownVenue, joined("VENUE", venue_id), "VENUE")
