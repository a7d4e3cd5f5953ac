"""The examples of the web app: public."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ULID, Example, page

_EVENT: dict[str, Any] = {
    "id": demo.EVENT_ID,
    "title": demo.EVENT_TITLE,
    "description": demo.EVENT_DESCRIPTION,
    "category": demo.EVENT_CATEGORY,
    "status": "published",
    "starts_at": "2026-11-20T18:00:00.000Z",
    "ends_at": "2026-11-20T23:00:00.000Z",
    "timezone": demo.TIMEZONE,
    "venue": {
        "id": None,
        "name": demo.EVENT_VENUE.name,
        "city": demo.EVENT_VENUE.city,
        "address": None,
        "latitude": None,
        "longitude": None,
    },
    "organizer": {"id": f"org_{ULID}", "name": demo.ORGANIZER_NAME},
    "image_url": None,
    "featured": False,
    "price_from": demo.money(demo.CHILD.price),
    "ticket_categories": [
        {
            "id": demo.category_id(demo.EVENT_ID, tier),
            "name": tier.name,
            "tier": tier.name,
            "price": demo.money(tier.price),
            "capacity": tier.capacity,
            "available": tier.capacity,
            "per_order_limit": 10,
            "sales_start": None,
            "sales_end": None,
        }
        for tier in demo.TIERS
    ],
    "children_enabled": True,
    "re_entry_allowed": False,
}

_MATINEE = {
    **_EVENT,
    "id": demo.MATINEE_ID,
    "title": demo.MATINEE_TITLE,
    "description": demo.MATINEE_DESCRIPTION,
    "category": demo.MATINEE_CATEGORY,
    "starts_at": "2026-11-27T18:00:00.000Z",
    "ends_at": "2026-11-27T22:00:00.000Z",
    "venue": {**_EVENT["venue"], "name": demo.MATINEE_VENUE.name, "city": demo.MATINEE_VENUE.city},
    "featured": True,
    "ticket_categories": [
        {**category, "id": demo.category_id(demo.MATINEE_ID, tier)}
        for tier, category in zip(demo.TIERS, _EVENT["ticket_categories"], strict=True)
    ],
}

OPERATIONS: dict[str, Example] = {
    "public_events": Example(None, page(_EVENT)),
    "public_featured_events": Example(None, page(_MATINEE)),
    "public_categories": Example(
        None,
        {"results": [{"category": demo.MATINEE_CATEGORY, "events": 1}, {"category": demo.EVENT_CATEGORY, "events": 1}]},
    ),
    "public_event": Example(None, _EVENT),
}
