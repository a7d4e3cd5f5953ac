"""The examples of the ushers' portal: cards, scans and attendees."""

from chalicelib.schemas.examples.shared import CARD_ID, CARD_UID, EVENT_ID, LOG_ID, SCAN_ID, TICKET_ID, Example

ADMITTED = {
    "scan_id": SCAN_ID,
    "result": "valid",
    "reason": None,
    "attendee": {"name": "Ayesha Khan", "photo_url": None, "labels": ["vip"]},
    "ticket": {"id": TICKET_ID, "number": "DEMO-000001", "tier": "VIP"},
    "first_scan": None,
    "remaining": None,
    "log_id": LOG_ID,
    "decided_at": "2026-11-20T19:04:31.250Z",
}
_FIRST_SCAN = {"scanned_at": "2026-11-20T19:04:31.250Z", "gate": "Gate 1", "by": "usher1"}
_ATTENDEE = {
    "name": "Ayesha Khan",
    "photo_url": None,
    "card_id": CARD_ID,
    "ticket_id": TICKET_ID,
    "ticket_status": "valid",
    "ticket_tier": "VIP",
    "scan_status": "not_scanned",
    "scanned_at": None,
    "emergency_contact": None,
    "blood_type": None,
    "labels": ["vip"],
    "children": [],
}

OPERATIONS: dict[str, Example] = {
    "usher_verify_card": Example(
        {"card_id": CARD_UID}, {"known": True, "usable": True, "status": "active", "reason": None}
    ),
    "usher_card": Example(
        answer={
            "id": CARD_ID,
            "uid": CARD_UID,
            "type": "uid",
            "status": "active",
            "assigned_at": "2026-11-01T10:00:00.000Z",
            "has_ticket": True,
        }
    ),
    "usher_validate_card": Example(
        {"event_id": EVENT_ID},
        {
            "result": "already_scanned",
            "reason": None,
            "attendee": ADMITTED["attendee"],
            "ticket": ADMITTED["ticket"],
            "first_scan": _FIRST_SCAN,
        },
    ),
    "usher_attendee": Example(answer=_ATTENDEE),
    "usher_attendee_at_event": Example(answer=_ATTENDEE),
    "usher_scan": Example({"scan_id": SCAN_ID, "card_id": "04:A1:B2:C3:D4:E5:F6", "gate": "Gate 1"}, ADMITTED),
}
