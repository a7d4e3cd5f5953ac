"""The examples of the web app: payments."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import Example
from chalicelib.schemas.examples.webapp.tickets import TICKET

_ORDER_ID = "ord_01K9ZC2T5N7Q9S1V3X5Z7B9DFG"
_PAYMENT: dict[str, Any] = {
    "id": "pay_01K9ZC3B6P8R0T2V4X6Z8A0CEG",
    "status": "requires_confirmation",
    "amount": demo.money(demo.VIP.price),
    "provider": "sandbox",
    "method": "card",
    "client_secret": "sbx_01K9ZC3B6P8R0T2V4X6Z8A0CEG_secret",
    "booking_id": _ORDER_ID,
    "card_id": None,
    "receipt_number": None,
    "failure_reason": None,
    "created_at": "2026-11-21T09:31:00.000Z",
    "next_action": None,
}
_PAID = {
    **_PAYMENT,
    "status": "succeeded",
    "client_secret": None,
    "receipt_number": "R-01K9ZC3B6P8R0T2V4X6Z8A0CEG",
    "event": {"id": demo.EVENT_ID, "title": TICKET["event"]["title"]},
    "ticket_ids": [TICKET["id"]],
    "tickets": [{**TICKET, "price": demo.money(demo.VIP.price)}],
}

OPERATIONS: dict[str, Example] = {
    "customer_process_payment": Example(
        {"booking_id": _ORDER_ID, "method": "card", "payment_token": "tok_ok"}, _PAYMENT
    ),
    "customer_confirm_payment": Example({"payment_id": _PAYMENT["id"]}, _PAID),
    "public_payment_webhook": Example(None, {"received": True}),
}
