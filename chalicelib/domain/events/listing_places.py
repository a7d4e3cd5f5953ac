"""The index keys of an event in the lists of the catalogue, and the values to sort and filter by.

Upcoming events have lists of their own, so that readers need not skip past events. The sweep removes an event from
them at the minute of its end (question 28), with the `ttl` as a fallback. The lists of all events keep it.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from chalicelib import clock, folding
from chalicelib.config import config
from chalicelib.domain import timezones
from chalicelib.table import keys
from chalicelib.table.items import Category, Event, ListingEntry
from chalicelib.table.places import Key

# Names of the lists: of upcoming and of all events; by start, by price, featured, by title.
UPCOMING, ALL = "upcoming", "all"
BY_START, BY_PRICE, FEATURED, TITLES = "starts_at", "price", "featured", "titles"
# A title is indexed from each of `_WORDS` words on. `_TEXT` bounds it after folding, which may lengthen it.
_WORDS = 10
_TEXT = 400
# The API allows prices of twelve digits before the point and four after it.
_PRICE_DIGITS = 16
_NO_PRICE = "~"


class ListingFacts(Struct, frozen=True):
    """The normalized values that the lists sort and filter an event by; times as text."""

    title: str
    category: str | None
    city: str | None
    organizer_id: str | None
    price: int | None
    starts_at: str
    ends_at: str
    day: str
    last_day: str
    featured: bool


def folded(text: str) -> str:
    """Return a text normalized for comparison: without case, accents and punctuation, single spaces."""
    return " ".join(folding.words(text))[:_TEXT].rstrip()


def endings(title: str) -> list[str]:
    """Return the endings of a folded title from its words on, so that a search finds any word's prefix."""
    return folding.beginnings(title, most=_WORDS)


def price_text(minor: int | None) -> str:
    """Return a price as text that sorts by amount; no price sorts last."""
    return _NO_PRICE if minor is None else f"{minor:0{_PRICE_DIGITS}d}"


def partition(period: str, order: str, *, category: str | None = None, city: str | None = None) -> str:
    """Return the partition of the narrowest list by category and city."""
    which = {"category": category, "city": city}
    narrowed = [part for name, value in which.items() if value is not None for part in (name, value)]
    return keys.events.catalogue(period, order, *narrowed).pk


def organizers_partition(period: str, order: str, organizer_id: str) -> str:
    """Return the partition of an organizer's list."""
    return keys.events.catalogue(period, order, "organizer", organizer_id).pk


def titles_partition(period: str, text: str) -> str:
    """Return the partition of titles with a word that begins with the first letter of `text`."""
    return keys.events.catalogue(period, TITLES, text[:1]).pk


def featured_partition() -> str:
    """Return the partition of upcoming featured events."""
    return keys.events.catalogue(UPCOMING, FEATURED).pk


def cheapest(categories: Iterable[Category]) -> Category | None:
    """Return the category with the lowest price; the platform's own currency comes first."""
    return min(
        categories,
        key=lambda category: (category.currency != config().currency, category.currency, category.price),
        default=None,
    )


def facts_of(event: Event, categories: Sequence[Category]) -> ListingFacts:
    """Return an event's values for the lists."""
    cheapest_one = cheapest(categories)
    city = event.venue.city if event.venue else None
    first_day, last_day = timezones.days(event.starts_at, event.ends_at, event.timezone)
    return ListingFacts(
        title=folded(event.title),
        category=folded(event.category or "") or None,
        city=folded(city or "") or None,
        organizer_id=event.organizer_id,
        price=cheapest_one.price if cheapest_one and cheapest_one.currency == config().currency else None,
        starts_at=clock.to_text(event.starts_at),
        ends_at=clock.to_text(event.ends_at),
        day=first_day.isoformat(),
        last_day=last_day.isoformat(),
        featured=event.featured,
    )


def entries_of(event: Event, facts: ListingFacts, *, is_to_come: bool) -> list[ListingEntry]:
    """Return an event's entries in all of its lists, sorted by key."""
    found: dict[Key, ListingEntry] = {}
    for period in (UPCOMING, ALL) if is_to_come else (ALL,):
        for place, title in _places(event.event_id, facts, period):
            entry = ListingEntry(
                *place,
                event_id=event.event_id,
                title=title,
                category=facts.category,
                city=facts.city,
                organizer_id=facts.organizer_id,
                price=facts.price,
                starts_at=event.starts_at,
                ends_at=event.ends_at,
                day=facts.day,
                last_day=facts.last_day,
            )
            if period == UPCOMING:
                entry.ttl = int(event.ends_at.timestamp())
            found[place] = entry
    return [found[place] for place in sorted(found)]


def _places(event_id: str, facts: ListingFacts, period: str) -> Iterable[tuple[Key, str | None]]:
    """Yield the keys of an event's entries, each with its title in lists of titles, else None."""
    orders = {BY_START: facts.starts_at, BY_PRICE: f"{price_text(facts.price)}|{facts.starts_at}"}
    for order, sort in orders.items():
        lists = {
            partition(period, order, category=category, city=city)
            for category in (None, facts.category)
            for city in (None, facts.city)
        }
        if facts.organizer_id:
            lists.add(organizers_partition(period, order, facts.organizer_id))
        for pk in lists:
            yield _in(pk, sort, event_id), None
    for ending in endings(facts.title):
        yield _in(titles_partition(period, ending), ending, event_id), facts.title
    if facts.featured and period == UPCOMING:
        yield _in(featured_partition(), facts.starts_at, event_id), None


def _in(pk: str, sort: str, event_id: str) -> Key:
    return Key(pk, keys.events.catalogue(sort=sort, event_id=event_id).sk)
