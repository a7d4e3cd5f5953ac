"""Events that the public may see, and how the catalogue is read and recounted in tests."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from chalicelib import clock
from chalicelib.domain.events import catalogue, categories, events, listing_places, listings, stock
from chalicelib.table import keys, operations
from chalicelib.table.items import Category, CategoryCount, Counters, Event, Listing, ListingEntry, Venue
from tests.support.client import Answer, call

PATH = "/api/v1/public/events/"


@dataclass(frozen=True)
class Show:
    """An event as a test names it; days from now, prices in minor units."""

    title: str
    in_days: float = 7
    category: str | None = "music"
    city: str | None = "Lahore"
    organizer_id: str | None = None
    prices: tuple[int, ...] = (150_000,)
    featured: bool = False
    hours: float = 4

    def put(self, **changes: Any) -> Event:
        """Create the event and put its categories on sale."""
        starts_at = clock.now() + timedelta(days=self.in_days)
        settings: dict[str, Any] = {
            "title": self.title,
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(hours=self.hours),
            "category": self.category,
            "venue": Venue(name="Hall", city=self.city) if self.city else None,
            "organizer_id": self.organizer_id,
            "organizer_name": "Shows Ltd" if self.organizer_id else None,
            "featured": self.featured,
        }
        event = events.create(events.EventDraft(**{**settings, **changes}))
        for place, price in enumerate(self.prices):
            categories.add(
                event.event_id,
                categories.CategoryDraft(name=f"Tier {place}", price=price, capacity=100, shards=2, position=place),
            )
        return event


def listed(**query: Any) -> list[str]:
    """Return the titles of one page."""
    return [event["title"] for event in page(**query).json["results"]]


def page(**query: Any) -> Answer:
    """Read one page, as fresh as it is."""
    catalogue.forget()
    answer = call("GET", f"{PATH}?{urlencode(query)}")
    assert answer.status == 200, answer.text
    return answer


def walked(*, page_size: int, **query: Any) -> list[str]:
    """Return the titles of all pages."""
    titles: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        found = page(page_size=page_size, **query, **cursor).json
        assert len(found["results"]) <= page_size
        titles += [event["title"] for event in found["results"]]
        if found["next"] is None:
            return titles
        cursor = {"cursor": found["next"]}


def counted() -> dict[str, int]:
    """Return the categories and their counts."""
    answer = call("GET", f"{PATH}categories/")
    assert answer.status == 200, answer.text
    return {each["category"]: each["events"] for each in answer.json["results"]}


def set_price(category: Category, price: int) -> None:
    """Change what a category costs."""
    operations.record(
        operations.change(keys.events.category(category.event_id, category.category_id), [Category.price.set(price)])
    )


def assert_recount() -> None:
    """Assert that listings, lists and counts are what follows from events, categories and stock, and nothing more."""
    items = _by_kind("event", "category", "listing", "listing_entry", "category_count", "counters")
    truth = {event.event_id: event for event in items["event"]}
    entries: dict[tuple[str, str], Any] = {}
    counts: Counter[str] = Counter()
    for event in truth.values():
        of_event = [category for category in items["category"] if category.event_id == event.event_id]
        facts = listing_places.facts_of(event, of_event)
        is_public = event.status in listings.PUBLIC
        is_to_come = is_public and event.ends_at > clock.now()
        if is_public:
            for entry in listing_places.entries_of(event, facts, is_to_come=is_to_come):
                entries[entry.pk, entry.sk] = operations.put(entry).arguments["Item"]
        if is_to_come and facts.category:
            counts[facts.category] += 1
        left = stock.counts(event.event_id, of_event, consistent=True)
        listing = operations.get(keys.events.listing(event.event_id))
        assert listing is not None, event.event_id
        assert listing.public == is_public
        assert listing.available == {category_id: count.free for category_id, count in left.items()}
        assert listing.body["title"] == event.title
        counters = operations.get(keys.gate.counters(event.event_id))
        assert counters is not None
        assert counters.sold_online == sum(count.sold for count in left.values())
    found_entries = {(entry.pk, entry.sk): operations.put(entry).arguments["Item"] for entry in items["listing_entry"]}
    assert found_entries == entries
    found = {keys.events.catalogue_category(name).sk: count for name, count in counts.items()}
    assert {count.sk: count.events for count in items["category_count"] if count.events} == found
    assert {listing.event_id for listing in items["listing"]} == truth.keys()


_KINDS = {
    "event": Event,
    "category": Category,
    "listing": Listing,
    "listing_entry": ListingEntry,
    "category_count": CategoryCount,
    "counters": Counters,
}


def _by_kind(*kinds: str) -> dict[str, list[Any]]:
    """Read the whole table, as only a test may."""
    found: dict[str, list[Any]] = {kind: [] for kind in kinds}
    for answer in operations.client().get_paginator("scan").paginate(TableName="gatehouse", ConsistentRead=True):
        for raw in answer["Items"]:
            kind = raw["kind"]["S"]
            if kind in found:
                found[kind].append(_KINDS[kind].from_raw_data(raw))
    return found
