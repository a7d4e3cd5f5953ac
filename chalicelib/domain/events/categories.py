"""Ticket categories of an event: price, capacity and sales window.

A category is written with all shards of its stock in one transaction, so it is never visible without them.
Each container caches an event's offer for `KEPT_SECONDS`, so a booking needs no read of event or categories.
A cancellation or a changed price reaches the sale within that time. The stock itself is never cached.
"""

import threading
import time
from datetime import datetime

from msgspec import Struct

from chalicelib.config import config
from chalicelib.domain import money
from chalicelib.domain.events import stock
from chalicelib.domain.money import Money
from chalicelib.errors import NotFound, ValidationFailed
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Category, Event
from chalicelib.table.operations import Write
from chalicelib.table.ranges import Begins

KEPT_SECONDS = 5.0
# Tickets of a category in one order, where it does not say.
PER_ORDER = 10
# Across all categories of an order, since it is written in one transaction.
MAX_TICKETS_PER_ORDER = 20
# The public listing of an event is one item, with all of its categories (AWS: an item has at most 400 KB).
MAX_PER_EVENT = 50
_CAPACITY_LIMIT = 1_000_000
_EVENTS_KEPT = 200


class Offer(Struct, frozen=True):
    """An event with its categories by id, in display order."""

    event: Event
    categories: dict[str, Category]


class CategoryDraft(Struct, frozen=True, kw_only=True):
    """A new category; `price` is in minor units, `shards` the number of items that share its stock."""

    name: str
    price: int
    capacity: int
    currency: str | None = None
    tier: str | None = None
    per_order_limit: int = PER_ORDER
    sales_start: datetime | None = None
    sales_end: datetime | None = None
    category_id: str | None = None
    shards: int | None = None
    position: int = 0


_lock = threading.Lock()
_offers: dict[str, tuple[float, Offer]] = {}


def forget() -> None:
    """Clear the cache of offers."""
    with _lock:
        _offers.clear()


def add(event_id: str, draft: CategoryDraft) -> Category:
    """Create a category; one with this `category_id` is returned unchanged.

    Raises NotFound (no such event), ValidationFailed.
    """
    category = new(event_id, draft)
    try:
        operations.commit(
            *laying(category),
            operations.change(keys.events.event(event_id), [Event.version.add(1)], Event.pk.exists()),
        )
    except operations.ConditionFailed as failure:
        existing = failure.found(Category)
        if existing is None:
            raise NotFound("There is no such event.") from failure
        return existing
    forget()
    return category


def laying(category: Category) -> list[Write]:
    """Return the writes that create a category and its stock, the category first."""
    return [operations.put(category, Category.pk.does_not_exist()), *stock.lay_in(category)]


def new(event_id: str, draft: CategoryDraft) -> Category:
    """Build a category of an event without writing it. Raises ValidationFailed."""
    currency = draft.currency or config().currency
    shards = draft.shards if draft.shards is not None else stock.shard_count(draft.capacity)
    limit, starts, ends = draft.per_order_limit, draft.sales_start, draft.sales_end
    _require(
        price=_priced(draft.price, currency),
        capacity=(1 <= draft.capacity <= _CAPACITY_LIMIT, f"must be 1 to {_CAPACITY_LIMIT}"),
        per_order_limit=(1 <= limit <= MAX_TICKETS_PER_ORDER, f"must be 1 to {MAX_TICKETS_PER_ORDER}"),
        shards=(1 <= shards <= min(draft.capacity, stock.MAX_SHARDS), f"must be 1 to {stock.MAX_SHARDS}"),
        sales_end=(not (starts and ends) or starts < ends, "must be after sales_start"),
    )
    category_id = draft.category_id or new_id("cat")
    return Category(
        *keys.events.category(event_id, category_id),
        category_id=category_id,
        event_id=event_id,
        name=draft.name,
        tier=draft.tier,
        price=draft.price,
        currency=currency,
        capacity=draft.capacity,
        shards=shards,
        per_order_limit=limit,
        sales_start=starts,
        sales_end=ends,
        position=draft.position,
    )


def _priced(price: int, currency: str) -> tuple[bool, str]:
    """Return whether a price can be charged, and the message if it cannot."""
    problem = "must not be negative" if price < 0 else money.uncharged(Money(price, currency))
    return problem is None, problem or ""


def of(event_id: str) -> list[Category]:
    """Return an event's categories in display order."""
    place = keys.events.category(event_id)
    found = [Category.from_raw_data(raw) for raw in operations.query(place.pk, Begins(place.sk), consistent=True)]
    return sorted(found, key=lambda category: (category.position, category.category_id))


def offer(event_id: str) -> Offer:
    """Return an event's offer, cached for `KEPT_SECONDS`. Raises NotFound."""
    with _lock:
        read_at, known = _offers.get(event_id, (float("-inf"), None))
    if known is not None and time.monotonic() - read_at <= KEPT_SECONDS:
        return known
    event = operations.get(keys.events.event(event_id))
    if event is None:
        raise NotFound("There is no such event.")
    fresh = Offer(event=event, categories={category.category_id: category for category in of(event_id)})
    with _lock:
        _offers.pop(event_id, None)
        _offers[event_id] = (time.monotonic(), fresh)
        if len(_offers) > _EVENTS_KEPT:
            del _offers[next(iter(_offers))]
    return fresh


def _require(**rules: tuple[bool, str]) -> None:
    problems = [{"field": name, "message": message} for name, (holds, message) in rules.items() if not holds]
    if problems:
        raise ValidationFailed(details=problems)
