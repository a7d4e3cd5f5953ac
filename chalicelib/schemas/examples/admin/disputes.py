"""The examples of the staff's portal: disputes."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ULID, Example, page

_DISPUTE: dict[str, Any] = {
    "id": f"dsp_{ULID}",
    "status": "open",
    "payment_id": f"pay_{ULID}",
    "booking_id": f"ord_{ULID}",
    "event_id": demo.EVENT_ID,
    "customer_id": f"cus_{ULID}",
    "amount": demo.money(demo.STALLS.price),
    "answer": None,
    "answered_by": None,
    "answered_at": None,
    "opened_at": "2026-11-20T10:00:00.000Z",
}

OPERATIONS: dict[str, Example] = {
    "admin_disputes": Example(answer=page(_DISPUTE)),
    "admin_answer_dispute": Example(
        {"action": "contest", "evidence": "The ticket was scanned at gate 1."},
        {
            **_DISPUTE,
            "status": "contested",
            "answer": "contest",
            "answered_by": f"adm_{ULID}",
            "answered_at": "2026-11-20T11:00:00.000Z",
        },
    ),
}
