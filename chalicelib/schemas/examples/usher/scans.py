"""The examples of the ushers' portal: cards, scans and attendees."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import CARD_ID, LOG_ID, SCAN_ID, Example

ADMITTED = {
    "scan_id": SCAN_ID,
    "result": "valid",
    "reason": None,
    "attendee": {"name": demo.HOLDER.name, "photo_url": None, "labels": list(demo.HOLDER.labels)},
    "ticket": {"id": demo.HOLDER.ticket_id, "number": demo.HOLDER.number, "tier": demo.HOLDER.tier},
    "first_scan": None,
    "remaining": None,
    "log_id": LOG_ID,
    "decided_at": "2026-11-20T19:04:31.250Z",
    "repeat": False,
}
_ATTENDEE = {
    "name": demo.HOLDER.name,
    "photo_url": None,
    "card_id": CARD_ID,
    "ticket_id": demo.HOLDER.ticket_id,
    "ticket_status": "valid",
    "ticket_tier": demo.HOLDER.tier,
    "scan_status": "not_scanned",
    "scanned_at": None,
    "emergency_contact": None,
    "blood_type": None,
    "labels": list(demo.HOLDER.labels),
    "children": [],
    "more": [],
}

OPERATIONS: dict[str, Example] = {
    "usher_verify_card": Example(
        {"card_id": demo.CARD_UID}, {"known": True, "usable": True, "status": "active", "reason": None}
    ),
    "usher_card": Example(
        answer={
            "id": CARD_ID,
            "uid": demo.CARD_UID,
            "type": "uid",
            "status": "active",
            "assigned_at": "2026-11-01T10:00:00.000Z",
            "has_ticket": True,
        }
    ),
    "usher_validate_card": Example(
        {"event_id": demo.EVENT_ID},
        {
            "result": "valid",
            "reason": None,
            "attendee": ADMITTED["attendee"],
            "ticket": ADMITTED["ticket"],
            "first_scan": None,
            "repeat": False,
        },
    ),
    "usher_attendee": Example(answer=_ATTENDEE),
    "usher_attendee_at_event": Example(answer=_ATTENDEE),
    "usher_scan": Example({"scan_id": SCAN_ID, "card_id": "04:A1:B2:C3:D4:E5:F6", "gate": demo.GATES[0]}, ADMITTED),
}
