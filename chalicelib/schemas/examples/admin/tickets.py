"""The examples of the staff's portal: tickets."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import LOG_ID, ULID, Example, page

_TICKET: dict[str, Any] = {
    "id": demo.HOLDER.ticket_id,
    "number": demo.HOLDER.number,
    "event_id": demo.EVENT_ID,
    "category_id": None,
    "tier": demo.HOLDER.tier,
    "customer_id": f"cus_{ULID}",
    "dependent_id": None,
    "holder_name": demo.HOLDER.name,
    "labels": [],
    "status": "valid",
    "scan_status": "not_scanned",
    "disputed": False,
    "price": None,
    "booking_id": None,
    "issued_at": "2026-11-20T09:30:00.000Z",
    "version": 1,
}

OPERATIONS: dict[str, Example] = {
    "admin_tickets": Example(answer=page(_TICKET)),
    "admin_ticket": Example(answer=_TICKET),
    "admin_change_ticket": Example(
        {"holder_name": demo.HOLDER.name, "reason": "The name was misspelled.", "version": 1},
        {**_TICKET, "version": 2},
    ),
    "admin_check_in": Example(
        {"scan_id": f"scn_{ULID}", "gate": demo.GATES[0], "note": "The reader was broken."},
        {
            "scan_id": f"scn_{ULID}",
            "result": "valid",
            "reason": None,
            "attendee": {"name": demo.HOLDER.name, "photo_url": None, "labels": []},
            "ticket": {"id": demo.HOLDER.ticket_id, "number": demo.HOLDER.number, "tier": demo.HOLDER.tier},
            "first_scan": None,
            "remaining": None,
            "log_id": LOG_ID,
            "decided_at": "2026-11-20T19:04:30.000Z",
            "repeat": False,
        },
    ),
    "admin_transfer_ticket": Example(
        {"mobile_number": demo.RELATIVE_NUMBER, "reason": "The customer asked by phone."}, {**_TICKET, "version": 2}
    ),
}
