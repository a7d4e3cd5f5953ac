"""The examples of the web app: public."""

from typing import Any

from chalicelib.schemas.examples.shared import EVENT_ID, TICKET_ID, Example, page

_ULID = TICKET_ID.partition("_")[2]
_EVENT: dict[str, Any] = {
    "id": EVENT_ID,
    "title": "Gatehouse Demo Night",
    "description": "One evening, one admission each.",
    "category": "music",
    "status": "published",
    "starts_at": "2026-11-20T18:00:00.000Z",
    "ends_at": "2026-11-20T23:00:00.000Z",
    "timezone": "Asia/Karachi",
    "venue": {
        "id": f"ven_{_ULID}",
        "name": "Alhamra Arts Centre",
        "city": "Lahore",
        "address": "68 Mall Road",
        "latitude": "31.5588",
        "longitude": "74.3292",
    },
    "organizer": {"id": f"org_{_ULID}", "name": "Gatehouse Live"},
    "image_url": "https://files.example.com/events/demo-night.jpg",
    "featured": True,
    "price_from": {"amount": "1500.00", "currency": "PKR"},
    "ticket_categories": [
        {
            "id": f"cat_{_ULID}",
            "name": "Standard",
            "tier": "Standard",
            "price": {"amount": "1500.00", "currency": "PKR"},
            "capacity": 500,
            "available": 412,
            "per_order_limit": 10,
            "sales_start": "2026-10-01T05:00:00.000Z",
            "sales_end": None,
        }
    ],
    "children_enabled": True,
    "re_entry_allowed": False,
}

OPERATIONS: dict[str, Example] = {
    "public_events": Example(None, page(_EVENT)),
    "public_featured_events": Example(None, page(_EVENT)),
    "public_categories": Example(None, {"results": [{"category": "music", "events": 12}]}),
    "public_event": Example(None, _EVENT),
}
