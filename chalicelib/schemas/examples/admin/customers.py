"""The examples of the staff's portal: customers."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import CARD_ID, ULID, Example, page

_CUSTOMER: dict[str, Any] = {
    "id": f"cus_{ULID}",
    "name": demo.CUSTOMER_NAME,
    "mobile_number": demo.CUSTOMER_NUMBER,
    "email": None,
    "date_of_birth": None,
    "photo_url": None,
    "labels": [],
    "status": "active",
    "fee_paid": True,
    "created_at": "2026-11-20T10:00:00.000Z",
    "version": 0,
}
_BOOKING: dict[str, Any] = {
    "id": f"ord_{ULID}",
    "status": "paid",
    "event_id": demo.PAST_EVENT_ID,
    "event_title": demo.PAST_EVENT_TITLE,
    "items": [
        {
            "category_id": demo.category_id(demo.PAST_EVENT_ID, demo.STALLS),
            "name": demo.STALLS.name,
            "quantity": 3,
            "price": demo.money(demo.STALLS.price),
        }
    ],
    "ticket_ids": [f"tkt_{ULID}"],
    "total": demo.money(3 * demo.STALLS.price),
    "payment_id": f"pay_{ULID}",
    "card_id": CARD_ID,
    "created_at": "2026-11-21T09:30:00.000Z",
    "expires_at": "2026-11-21T09:40:00.000Z",
    "closed_at": "2026-11-21T09:31:00.000Z",
}

_LISTED = {name: value for name, value in _CUSTOMER.items() if name not in ("date_of_birth", "photo_url", "fee_paid")}

OPERATIONS: dict[str, Example] = {
    "admin_customers": Example(answer=page(_LISTED), query={"search": "ayesha"}),
    "admin_customer": Example(answer=_CUSTOMER),
    "admin_change_customer": Example({"labels": ["vip"], "version": 0}, {**_CUSTOMER, "labels": ["vip"], "version": 1}),
    "admin_customer_status": Example(
        {"status": "suspended", "reason": "Chargebacks are under review."},
        {**_CUSTOMER, "status": "suspended", "version": 1},
    ),
    "admin_customer_bookings": Example(answer=page(_BOOKING)),
    "admin_export_customer": Example(
        answer={"job_id": f"job_{ULID}", "status": "open", "url": None, "expires_at": None}
    ),
    "admin_erase_customer": Example(answer={"job_id": f"job_{ULID}", "status": "open"}, query={"force": "true"}),
}
