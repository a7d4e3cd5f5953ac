"""The examples of the ushers' portal: the check-in log."""

from chalicelib.schemas.examples.shared import CARD_UID, EVENT_ID, LOG_ID, SCAN_ID, TICKET_ID, USHER_ID, Example, page

_ENTRY = {
    "id": LOG_ID,
    "scan_id": SCAN_ID,
    "event_id": EVENT_ID,
    "card_id": CARD_UID,
    "ticket_id": TICKET_ID,
    "attendee_name": "Ayesha Khan",
    "result": "valid",
    "reason": None,
    "direction": "entry",
    "gate": "Gate 1",
    "usher": {"id": USHER_ID, "username": "usher1"},
    "device_id": None,
    "source": "online",
    "conflict": None,
    "scanned_at": "2026-11-20T19:04:31.250Z",
    "received_at": "2026-11-20T19:04:31.250Z",
}

OPERATIONS: dict[str, Example] = {
    "usher_logs": Example(answer=page(_ENTRY)),
    "usher_search_logs": Example(answer=page(_ENTRY)),
    "usher_log": Example(answer=_ENTRY),
}
