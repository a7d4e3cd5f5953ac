"""Ticket categories of a draft: part of the event's item, without stock, until the draft is published."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chalicelib import clock
from chalicelib.domain.events import categories, stock
from chalicelib.domain.events.categories import CategoryDraft
from chalicelib.table.items import Category, Event

# The shards of all categories together. They are laid in one transaction with the event and its categories, which
# takes 100 actions (AWS).
_SHARDS_IN_ALL = 60
_WINDOW = ("sales_start", "sales_end")


def of(event: Event) -> list[Category]:
    """Return the categories of a draft as they would be published, in display order. Raises ValidationFailed."""
    stored: list[dict[str, Any]] = list(event.drafted_categories or ())
    most = max(1, _SHARDS_IN_ALL // max(1, len(stored)))
    return [_category(event.event_id, given, place, most) for place, given in enumerate(stored)]


def stored(drafts: Sequence[CategoryDraft]) -> list[dict[str, Any]]:
    """Return categories as the event's item stores them."""
    return [
        {
            "id": draft.category_id,
            "name": draft.name,
            "tier": draft.tier,
            "price": draft.price,
            "currency": draft.currency,
            "capacity": draft.capacity,
            "per_order_limit": draft.per_order_limit,
            "sales_start": clock.to_text(draft.sales_start) if draft.sales_start else None,
            "sales_end": clock.to_text(draft.sales_end) if draft.sales_end else None,
        }
        for draft in drafts
    ]


def _category(event_id: str, given: dict[str, Any], place: int, most_shards: int) -> Category:
    starts, ends = (datetime.fromisoformat(given[name]) if given[name] else None for name in _WINDOW)
    draft = CategoryDraft(
        category_id=given["id"],
        name=given["name"],
        tier=given["tier"],
        price=given["price"],
        currency=given["currency"],
        capacity=given["capacity"],
        per_order_limit=given["per_order_limit"],
        sales_start=starts,
        sales_end=ends,
        shards=min(stock.shard_count(given["capacity"]), most_shards),
        position=place,
    )
    return categories.new(event_id, draft)
