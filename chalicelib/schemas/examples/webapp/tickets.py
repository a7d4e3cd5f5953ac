"""The examples of the web app: tickets."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import CARD_ID, ULID, Example, page

_PRICE = demo.money(0)
TICKET: dict[str, Any] = {
    "id": demo.HOLDER.ticket_id,
    "number": demo.HOLDER.number,
    "event": {
        "id": demo.EVENT_ID,
        "title": demo.EVENT_TITLE,
        "starts_at": "2026-11-21T18:00:00.000Z",
        "venue_name": demo.EVENT_VENUE.name,
    },
    "category": {"id": None, "name": demo.HOLDER.tier, "tier": demo.HOLDER.tier},
    "holder": {"name": demo.HOLDER.name, "dependent_id": None},
    "status": "valid",
    "scan_status": "not_scanned",
    "scanned_at": None,
    "card_id": CARD_ID,
    "purchased_at": "2026-11-20T09:30:00.000Z",
    "price": _PRICE,
    "message": None,
}

_USED: dict[str, Any] = {
    **TICKET,
    "id": f"tkt_{ULID}",
    "number": "K8RSX5TM-3",
    "event": {
        "id": demo.PAST_EVENT_ID,
        "title": demo.PAST_EVENT_TITLE,
        "starts_at": "2026-11-18T18:00:00.000Z",
        "venue_name": demo.EVENT_VENUE.name,
    },
    "category": {
        "id": demo.category_id(demo.PAST_EVENT_ID, demo.STALLS),
        "name": demo.STALLS.name,
        "tier": None,
    },
    "status": "used",
    "scan_status": "scanned",
    "scanned_at": "2026-11-18T19:59:00.000Z",
    "card_id": None,
    "price": demo.money(demo.STALLS.price),
}

OPERATIONS: dict[str, Example] = {
    "customer_tickets": Example(answer=page(_USED)),
    "customer_ticket": Example(answer=TICKET),
    "customer_ticket_qr_code": Example(
        answer={
            "ticket_id": demo.HOLDER.ticket_id,
            "payload": "GH1:3W0G2BR0S6PK1K8Z0H9C",
            "image": "data:image/png;base64,iVBORw0KGgo=",
            "expires_at": "2026-12-21T17:00:00.000Z",
        }
    ),
    "customer_transfer_ticket": Example(
        request={"mobile_number": demo.RELATIVE_NUMBER, "message": "See you there!"},
        answer={"ticket_id": demo.HOLDER.ticket_id, "status": "transferred", "mobile_number": demo.RELATIVE_NUMBER},
    ),
    "customer_gift_ticket": Example(
        request={
            "mobile_number": demo.NEW_CUSTOMER_NUMBER,
            "name": demo.NEW_CUSTOMER_NAME,
            "message": "Happy birthday!",
        },
        answer={
            "id": "gft_01K9ZC4B6D8F0H2J4K6M8N0P2Q",
            "status": "pending",
            "ticket_id": demo.HOLDER.ticket_id,
            "name": demo.NEW_CUSTOMER_NAME,
            "created_at": "2026-11-20T10:00:00.000Z",
        },
    ),
    "customer_request_refund": Example(
        request={"reason": "I fell ill."},
        answer={
            "id": "rfd_01K9ZC4C7E9G1J3K5M7N9P1Q3R",
            "status": "pending",
            "ticket_id": demo.HOLDER.ticket_id,
            "amount": _PRICE,
            "created_at": "2026-11-20T10:00:00.000Z",
        },
    ),
}
