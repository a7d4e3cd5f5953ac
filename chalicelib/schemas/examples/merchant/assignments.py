"""The examples of the merchants' portal: customers, and the cards that are handed to them."""

from typing import Any

from chalicelib.schemas.examples.merchant.cards import CARD
from chalicelib.schemas.examples.shared import CARD_UID, TICKET_ID, Example

_ULID = TICKET_ID.partition("_")[2]
_CUSTOMER_ID, _ASSIGNMENT_ID = f"cus_{_ULID}", f"asg_{_ULID}"
_FEE = {"amount": "500.00", "currency": "PKR"}
_HELD_UNTIL = "2026-11-21T09:41:00.000Z"
_NUMBER = "+923001000003"
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
            "customer": {"id": _CUSTOMER_ID, "name": "Ayesha Khan", "photo_url": None, "active_cards": 0},
        }
    ),
    "merchant_assign_card": Example(
        {"customer_id": _CUSTOMER_ID, "card_uid": CARD_UID, "fee_collected": True}, _HANDING
    ),
    "merchant_send_customer_otp": Example(
        {"mobile_number": _NUMBER},
        {"otp_required": True, "assignment_id": _ASSIGNMENT_ID, "expires_in": 300, "expires_at": _HELD_UNTIL},
    ),
    "merchant_verify_customer_otp": Example(
        {"assignment_id": _ASSIGNMENT_ID, "otp": "123456"},
        {
            "status": "active",
            "assignment_id": _ASSIGNMENT_ID,
            "card": {**CARD, "status": "active", "assigned_at": "2026-11-21T09:32:20.000Z"},
            "fee": _FEE,
        },
    ),
}
