"""The projection of events into the catalogue, from the table's stream: listings and their entries in the lists.

A projection reads the listing, then its sources (event, categories, stock). Its write is conditional on the version of
the listing that was read. So the last write always reflects the latest change, in any order of batches, and the
projection is idempotent. The counts of the categories change in the same transaction.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import asdict

from chalicelib import clock
from chalicelib.domain.background.changes import Change
from chalicelib.domain.events import listing_places, stock
from chalicelib.domain.events.listing_places import ListingFacts
from chalicelib.domain.events.stock import StockCounts
from chalicelib.domain.money import Money
from chalicelib.errors import Unavailable
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Category, CategoryCount, Counters, Event, Item, Listing, ListingEntry, Stock
from chalicelib.table.operations import Write
from chalicelib.table.places import Place
from chalicelib.table.ranges import Between
from chalicelib.vocabulary.events import EventStatus

PUBLIC = (EventStatus.PUBLISHED, EventStatus.LIVE)
# The line that says what is left of an event on sale, written where its stock changed.
STOCK_LEFT = "stock left"
_VENUE = ("id", "name", "city", "address", "latitude", "longitude")


def follow(changes: Sequence[Change]) -> bool:
    """Update the listings of the changed events; return whether there were any."""
    shown: set[str] = set()
    stocked: set[str] = set()
    for change in changes:
        if isinstance(change.after, (Event, Category)):
            shown.add(change.after.event_id)
        elif isinstance(change.after, Stock):
            stocked.add(change.after.event_id)
    for event_id in sorted(shown):
        project(event_id)
    for event_id in sorted(stocked - shown):
        _project_stock(event_id)
    return bool(shown or stocked)


def project(event_id: str) -> None:
    """Update an event's listing, its entries in the lists and the counts; idempotent.

    Raises Unavailable if every attempt lost the optimistic lock.
    """
    for _ in retries.attempts():
        seen = operations.get(keys.events.listing(event_id))
        event, categories, counts = _truth(event_id)
        if event is None:
            return
        writes = _writes(event, categories, counts, seen)
        try:
            operations.commit(*writes)
        except operations.ConditionFailed as failure:
            if 0 not in failure.failures:
                raise
        else:
            return
    raise Unavailable(retry_after=1)


def close(event_id: str) -> bool:
    """Remove a finished event from the lists of upcoming events; return whether it was still due."""
    listing = operations.get(keys.events.listing(event_id))
    if listing is None or not listing.is_due:
        return False
    project(event_id)
    return True


def _project_stock(event_id: str) -> None:
    """Update only the stock counts of an event's listing."""
    for _ in retries.attempts():
        seen = operations.get(keys.events.listing(event_id))
        if seen is None:
            project(event_id)
            return
        event, _, counts = _truth(event_id)
        sold = _sold(counts)
        changed = [
            Listing.version.set(seen.version + 1),
            Listing.available.set(_available(counts)),
            Listing.sold.set(sold),
        ]
        writes = [operations.change(keys.events.listing(event_id), changed, Listing.version == seen.version)]
        try:
            operations.commit(*writes, *_counters(event_id, sold, seen))
        except operations.ConditionFailed as failure:
            if 0 not in failure.failures:
                raise
        else:
            _log_stock(event, counts)
            return
    raise Unavailable(retry_after=1)


def _log_stock(event: Event | None, counts: Mapping[str, StockCounts]) -> None:
    """Log what is left of an event on sale; a metric counts the line without the event, or each would cost its own."""
    free, capacity = (sum(getattr(each, name) for each in counts.values()) for name in ("free", "capacity"))
    if event is not None and event.status in PUBLIC and capacity:
        about = {"event_id": event.event_id, "free": free, "capacity": capacity}
        logger.info(STOCK_LEFT, extra={**about, "left_percent": round(100 * free / capacity, 1)})


def _truth(event_id: str) -> tuple[Event | None, list[Category], dict[str, StockCounts]]:
    """Return the current event, its categories in display order, and their stock."""
    place = keys.events.event(event_id)
    # Categories sort before the event itself, and revocations of access after it.
    raws = operations.query(place.pk, Between(keys.events.category(event_id).sk, place.sk), consistent=True)
    items = [Item.from_raw_data(raw) for raw in raws]
    event = next((item for item in items if isinstance(item, Event)), None)
    categories = [item for item in items if isinstance(item, Category)]
    categories.sort(key=lambda category: (category.position, category.category_id))
    return event, categories, stock.counts(event_id, categories, consistent=True)


def _available(counts: Mapping[str, StockCounts]) -> dict[str, int]:
    return {category_id: count.free for category_id, count in counts.items()}


def _sold(counts: Mapping[str, StockCounts]) -> int:
    return sum(count.sold for count in counts.values())


def _writes(
    event: Event, categories: Sequence[Category], counts: Mapping[str, StockCounts], seen: Listing | None
) -> list[Write]:
    """Return the writes of one transaction, the listing with its condition first."""
    facts = listing_places.facts_of(event, categories)
    is_public = event.status in PUBLIC
    # A transaction has at most 100 actions (AWS); an event's lists need at most about 80.
    is_to_come = is_public and event.ends_at > clock.now()
    entries = listing_places.entries_of(event, facts, is_to_come=is_to_come) if is_public else []
    listing = Listing(
        *keys.events.listing(event.event_id),
        event_id=event.event_id,
        version=seen.version + 1 if seen else 1,
        public=is_public,
        body=_body(event, categories),
        available=_available(counts),
        sold=_sold(counts),
        entries=[[entry.pk, entry.sk] for entry in entries],
        facts=asdict(facts),
        counted_in=facts.category if is_to_come else None,
    )
    if is_to_come:
        # The sweep projects it again after the minute of its end.
        listing.put_in_gsi2(keys.jobs.due(event.ends_at, event.event_id))
    condition = Listing.version == seen.version if seen else Listing.pk.does_not_exist()
    return [
        operations.put(listing, condition),
        *_counters(event.event_id, _sold(counts), seen),
        *_moves(entries, facts, seen),
        *_recounts(event.category or "", listing, seen),
    ]


def _counters(event_id: str, sold: int, seen: Listing | None) -> list[Write]:
    if sold == (seen.sold if seen else 0):
        return []
    return [operations.change(keys.gate.counters(event_id), [Counters.sold_online.set(sold)], Counters.pk.exists())]


def _moves(entries: Sequence[ListingEntry], facts: ListingFacts, seen: Listing | None) -> list[Write]:
    """Return the writes that remove an event's outdated list entries and store the current ones."""
    stood = {Place(ListingEntry, *place) for place in seen.entries} if seen else set()
    belongs = {entry.place for entry in entries}
    is_unchanged = seen is not None and seen.facts == asdict(facts)
    gone = [operations.remove(place) for place in sorted(stood - belongs)]
    return gone + [operations.put(entry) for entry in entries if not (is_unchanged and entry.place in stood)]


def _recounts(name: str, listing: Listing, seen: Listing | None) -> list[Write]:
    before = seen.counted_in if seen else None
    if before == listing.counted_in:
        return []
    writes = []
    if before is not None:
        writes.append(operations.change(keys.events.catalogue_category(before), [CategoryCount.events.add(-1)]))
    if listing.counted_in is not None:
        actions = [CategoryCount.kind.set(CategoryCount), CategoryCount.category.set(name), CategoryCount.events.add(1)]
        writes.append(operations.change(keys.events.catalogue_category(listing.counted_in), actions))
    return writes


def _body(event: Event, categories: Sequence[Category]) -> dict[str, Any]:
    """Return an event in the format of the API contract, without the remaining stock of its categories."""
    cheapest = listing_places.cheapest(categories)
    venue = event.venue
    return {
        "id": event.event_id,
        "title": event.title,
        "description": event.description,
        "category": event.category,
        "status": event.status,
        "starts_at": clock.to_text(event.starts_at),
        "ends_at": clock.to_text(event.ends_at),
        "timezone": event.timezone,
        "venue": {name: getattr(venue, name) for name in _VENUE} if venue else None,
        "organizer": {"id": event.organizer_id, "name": event.organizer_name} if event.organizer_id else None,
        "image_url": event.image_url,
        "featured": event.featured,
        "price_from": _price(cheapest) if cheapest else None,
        "ticket_categories": [
            {
                "id": category.category_id,
                "name": category.name,
                "tier": category.tier,
                "price": _price(category),
                "capacity": category.capacity,
                "per_order_limit": category.per_order_limit,
                "sales_start": clock.to_text(category.sales_start) if category.sales_start else None,
                "sales_end": clock.to_text(category.sales_end) if category.sales_end else None,
            }
            for category in categories
        ],
        "children_enabled": event.children_enabled,
        "re_entry_allowed": event.re_entry_allowed,
    }


def _price(category: Category) -> dict[str, str]:
    return {"amount": Money(category.price, category.currency).amount, "currency": category.currency}
