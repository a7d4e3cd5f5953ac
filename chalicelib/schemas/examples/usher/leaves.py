"""The examples of the ushers' portal: leaves."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import LOG_ID, SCAN_ID, USHER_ID, Example, page
from chalicelib.schemas.examples.usher.scans import ADMITTED

LEAVE = {
    "id": LOG_ID,
    "event_id": demo.EVENT_ID,
    "ticket_id": demo.HOLDER.ticket_id,
    "attendee_name": demo.HOLDER.name,
    "tier": demo.HOLDER.tier,
    "status": "open",
    "reason": "Fetches a jacket from the car.",
    "left": {
        "log_id": LOG_ID,
        "at": "2026-11-20T20:15:02.000Z",
        "gate": demo.GATES[0],
        "usher": {"id": USHER_ID, "username": demo.USHER_USERNAME},
        "device_id": None,
    },
    "returned": None,
}

OPERATIONS: dict[str, Example] = {
    "usher_leave": Example(
        {"scan_id": SCAN_ID, "card_id": demo.CARD_UID, "action": "leave", "reason": "Fetches a jacket from the car."},
        ADMITTED,
    ),
    "usher_leaves": Example(answer=page(LEAVE)),
}
