"""The examples of the web app: sale."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import CARD_ID, ULID, Example

_CATEGORY_ID = demo.category_id(demo.EVENT_ID, demo.VIP)
_PRICE = demo.money(demo.VIP.price)
_TICKET: dict[str, Any] = {
    "id": f"tkt_{ULID}",
    "number": "K8RSX5TM-1",
    "event": {
        "id": demo.EVENT_ID,
        "title": demo.EVENT_TITLE,
        "starts_at": "2026-11-21T15:00:00.000Z",
        "venue_name": demo.EVENT_VENUE.name,
    },
    "category": {"id": _CATEGORY_ID, "name": demo.VIP.name, "tier": demo.VIP.name},
    "holder": {"name": demo.CUSTOMER_NAME, "dependent_id": None},
    "status": "reserved",
    "scan_status": "not_scanned",
    "scanned_at": None,
    "card_id": CARD_ID,
    "purchased_at": "2026-11-21T09:30:00.000Z",
    "price": _PRICE,
    "message": None,
}

_BOOKING: dict[str, Any] = {
    "id": "ord_01K9ZC2T5N7Q9S1V3X5Z7B9DFG",
    "status": "reserved",
    "event_id": demo.EVENT_ID,
    "items": [
        {
            "category_id": _CATEGORY_ID,
            "name": demo.VIP.name,
            "tier": demo.VIP.name,
            "quantity": 1,
            "price": _PRICE,
            "subtotal": _PRICE,
        }
    ],
    "total": _PRICE,
    "card_id": CARD_ID,
    "created_at": "2026-11-21T09:30:00.000Z",
    "expires_at": "2026-11-21T09:40:00.000Z",
    "tickets": [_TICKET],
}

OPERATIONS: dict[str, Example] = {
    "customer_book": Example(
        {
            "event_id": demo.EVENT_ID,
            "items": [{"category_id": _CATEGORY_ID, "quantity": 1, "holders": [{"name": demo.CUSTOMER_NAME}]}],
        },
        _BOOKING,
    ),
    "customer_bookings": Example(None, {"results": [_BOOKING], "next": None, "count": 1}),
    "customer_booking": Example(None, _BOOKING),
    "customer_give_booking_back": Example(),
}
