"""The examples of the web app: sale."""

from typing import Any

from chalicelib.schemas.examples.shared import CARD_ID, EVENT_ID, TICKET_ID, Example

_CATEGORY_ID = "cat_01JDEM00000000000000000001"
_PRICE = {"amount": "1500.00", "currency": "PKR"}
_TICKET: dict[str, Any] = {
    "id": TICKET_ID,
    "number": "K8RSX5TM-1",
    "event": {
        "id": EVENT_ID,
        "title": "Gatehouse Demo Night",
        "starts_at": "2026-11-21T15:00:00.000Z",
        "venue_name": "Alhamra Arts Centre",
    },
    "category": {"id": _CATEGORY_ID, "name": "VIP", "tier": "VIP"},
    "holder": {"name": "Ayesha Khan", "dependent_id": None},
    "status": "reserved",
    "scan_status": "not_scanned",
    "scanned_at": None,
    "card_id": CARD_ID,
    "purchased_at": "2026-11-21T09:30:00.000Z",
    "price": _PRICE,
}

OPERATIONS: dict[str, Example] = {
    "customer_book": Example(
        {
            "event_id": EVENT_ID,
            "items": [{"category_id": _CATEGORY_ID, "quantity": 1, "holders": [{"name": "Ayesha Khan"}]}],
            "card_id": CARD_ID,
        },
        {
            "id": "ord_01K9ZC2T5N7Q9S1V3X5Z7B9DFG",
            "status": "reserved",
            "event_id": EVENT_ID,
            "items": [
                {
                    "category_id": _CATEGORY_ID,
                    "name": "VIP",
                    "tier": "VIP",
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
        },
    ),
}
