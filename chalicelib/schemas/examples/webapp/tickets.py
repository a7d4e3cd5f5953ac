"""The examples of the web app: tickets."""

from typing import Any

from chalicelib.schemas.examples.shared import CARD_ID, EVENT_ID, TICKET_ID, Example, page

_PRICE = {"amount": "2500.00", "currency": "PKR"}
_TICKET: dict[str, Any] = {
    "id": TICKET_ID,
    "number": "DEMO-000001",
    "event": {
        "id": EVENT_ID,
        "title": "Gatehouse Demo Night",
        "starts_at": "2026-11-21T18:00:00.000Z",
        "venue_name": "Alhamra Arts Centre",
    },
    "category": {"id": "cat_01K9ZB5T7V9X1Z3B5D7F9H1J3K", "name": "Front rows", "tier": "VIP"},
    "holder": {"name": "Ayesha Khan", "dependent_id": None},
    "status": "valid",
    "scan_status": "not_scanned",
    "scanned_at": None,
    "card_id": CARD_ID,
    "purchased_at": "2026-11-20T09:30:00.000Z",
    "price": _PRICE,
}

OPERATIONS: dict[str, Example] = {
    "customer_tickets": Example(answer=page(_TICKET)),
    "customer_ticket": Example(answer=_TICKET),
    "customer_ticket_qr_code": Example(
        answer={
            "ticket_id": TICKET_ID,
            "payload": "GH1:3W0G2BR0S6PK1K8Z0H9C",
            "image": "data:image/png;base64,iVBORw0KGgo=",
            "expires_at": "2026-12-21T17:00:00.000Z",
        }
    ),
    "customer_transfer_ticket": Example(
        request={"mobile_number": "+923001000004", "message": "See you there!"},
        answer={"ticket_id": TICKET_ID, "status": "transferred", "mobile_number": "+923001000004"},
    ),
    "customer_gift_ticket": Example(
        request={"mobile_number": "+923001000005", "name": "Bilal", "message": "Happy birthday!"},
        answer={
            "id": "gft_01K9ZC4B6D8F0H2J4K6M8N0P2Q",
            "status": "pending",
            "ticket_id": TICKET_ID,
            "name": "Bilal",
            "created_at": "2026-11-20T10:00:00.000Z",
        },
    ),
    "customer_request_refund": Example(
        request={"reason": "I fell ill."},
        answer={
            "id": "rfd_01K9ZC4C7E9G1J3K5M7N9P1Q3R",
            "status": "pending",
            "ticket_id": TICKET_ID,
            "amount": _PRICE,
            "created_at": "2026-11-20T10:00:00.000Z",
        },
    ),
}
