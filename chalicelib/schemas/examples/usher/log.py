"""The examples of the ushers' portal: the check-in log."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import LOG_ID, SCAN_ID, USHER_ID, Example, page

ENTRY = {
    "id": LOG_ID,
    "scan_id": SCAN_ID,
    "event_id": demo.EVENT_ID,
    "card_id": demo.CARD_UID,
    "ticket_id": demo.HOLDER.ticket_id,
    "attendee_name": demo.HOLDER.name,
    "tier": demo.HOLDER.tier,
    "result": "valid",
    "reason": None,
    "direction": "entry",
    "kind": "scan",
    "repeat": False,
    "delta": None,
    "gate": demo.GATES[0],
    "usher": {"id": USHER_ID, "username": demo.USHER_USERNAME},
    "device_id": None,
    "source": "online",
    "conflict": None,
    "error": None,
    "correction": None,
    "seq": None,
    "via": None,
    "scanned_at": "2026-11-20T19:04:31.250Z",
    "received_at": "2026-11-20T19:04:31.250Z",
}

OPERATIONS: dict[str, Example] = {
    "usher_logs": Example(answer=page(ENTRY)),
    "usher_search_logs": Example(answer=page(ENTRY)),
    "usher_log": Example(answer=ENTRY),
}
