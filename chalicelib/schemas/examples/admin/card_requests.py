"""The examples of the staff's portal: customers' requests for a card."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ULID, Example, page

_REQUEST: dict[str, Any] = {
    "id": f"crq_{ULID}",
    "customer_id": f"cus_{ULID}",
    "status": "requested",
    "delivery": "post",
    "merchant_id": None,
    "fee": demo.money(demo.CARD_FEE),
    "card_uid": None,
    "reason": None,
    "created_at": "2026-11-20T18:40:12.004Z",
    "decided_at": None,
}

OPERATIONS: dict[str, Example] = {
    "admin_card_requests": Example(answer=page(_REQUEST)),
    "admin_answer_card_request": Example(
        {"action": "approve"},
        {
            **_REQUEST,
            "status": "approved",
            "decided_at": "2026-11-21T09:31:00.000Z",
            "address": "12 Main Boulevard, Lahore",
        },
    ),
}
