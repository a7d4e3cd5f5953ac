"""The examples of the staff's portal: refund requests."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ULID, Example, page

_REQUEST: dict[str, Any] = {
    "id": f"rfd_{ULID}",
    "status": "pending",
    "ticket_id": demo.HOLDER.ticket_id,
    "customer_id": f"cus_{ULID}",
    "event_id": demo.EVENT_ID,
    "reason": "The customer fell ill.",
    "amount": demo.money(demo.STALLS.price),
    "opened_by": f"adm_{ULID}",
    "first_approved_by": None,
    "decided_by": None,
    "decided_at": None,
    "note": None,
    "waits_for": None,
    "created_at": "2026-11-20T10:00:00.000Z",
}

OPERATIONS: dict[str, Example] = {
    "admin_refund_requests": Example(answer=page(_REQUEST)),
    "admin_open_refund_request": Example(
        {"ticket_id": demo.HOLDER.ticket_id, "reason": "The customer fell ill."}, _REQUEST
    ),
    "admin_decide_refund_request": Example(
        {"decision": "approve", "note": "Certificate seen."},
        {
            **_REQUEST,
            "status": "approved",
            "decided_by": f"adm_{ULID}",
            "decided_at": "2026-11-20T11:00:00.000Z",
            "note": "Certificate seen.",
        },
    ),
}
