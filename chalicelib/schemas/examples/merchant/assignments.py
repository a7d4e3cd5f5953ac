"""The examples of the merchants' portal: customers, and the cards that are handed to them."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.merchant.cards import CARD
from chalicelib.schemas.examples.shared import ULID, Example

_CUSTOMER_ID, _ASSIGNMENT_ID = f"cus_{ULID}", f"asg_{ULID}"
_FEE = demo.money(demo.CARD_FEE)
_HELD_UNTIL = "2026-11-21T09:41:00.000Z"
_HANDING: dict[str, Any] = {
    "assignment_id": _ASSIGNMENT_ID,
    "status": "awaiting_otp",
    "card": {**CARD, "status": "held", "held_until": _HELD_UNTIL},
    "fee": _FEE,
    "expires_at": _HELD_UNTIL,
}

OPERATIONS: dict[str, Example] = {
    "merchant_verify_customer": Example(
        answer={
            "registered": True,
            "fee_paid": False,
            "customer": {"id": _CUSTOMER_ID, "name": demo.CUSTOMER_NAME, "photo_url": None, "active_cards": 1},
        }
    ),
    "merchant_assign_card": Example(
        {"mobile_number": demo.CUSTOMER_NUMBER, "card_uid": demo.stock_uid(0), "fee_collected": True}, _HANDING
    ),
    "merchant_send_customer_otp": Example(
        {"assignment_id": _ASSIGNMENT_ID},
        {"otp_required": True, "assignment_id": _ASSIGNMENT_ID, "expires_in": 300, "expires_at": _HELD_UNTIL},
    ),
    "merchant_verify_customer_otp": Example(
        {"assignment_id": _ASSIGNMENT_ID, "otp": "123456"},
        {
            "status": "active",
            "assignment_id": _ASSIGNMENT_ID,
            "card": {**CARD, "status": "active", "assigned_at": "2026-11-21T09:32:20.000Z"},
            "fee": _FEE,
            "fee_to_return": demo.money(0),
            "note": None,
        },
    ),
}
