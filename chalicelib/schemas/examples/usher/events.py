"""The examples of the ushers' portal: events."""

from chalicelib.schemas.examples.shared import EVENT_ID, Example, page

EVENT = {
    "id": EVENT_ID,
    "title": "Gatehouse Demo Night",
    "description": "One evening, one admission each.",
    "category": "music",
    "status": "live",
    "starts_at": "2026-11-20T19:00:00.000Z",
    "ends_at": "2026-11-20T23:30:00.000Z",
    "timezone": "Asia/Karachi",
    "scanning_opens_at": "2026-11-20T17:00:00.000Z",
    "scanning_closes_at": "2026-11-20T23:30:00.000Z",
    "scanning_enabled": True,
    "re_entry_allowed": False,
    "children_enabled": True,
    "venue": {"id": None, "name": "Alhamra Arts Centre", "city": "Lahore", "address": None},
    "gates": ["Gate 1", "Gate 2"],
}

OPERATIONS: dict[str, Example] = {
    "usher_events": Example(answer=page(EVENT, count=1)),
    "usher_event": Example(answer=EVENT),
    "usher_validate_assignment": Example(answer={"assigned": True, "role": "ushering", "scanning_enabled": True}),
    "usher_event_status": Example(
        answer={
            "active": True,
            "scanning_enabled": True,
            "starts_at": EVENT["starts_at"],
            "ends_at": EVENT["ends_at"],
            "tickets_sold": 6,
            "admitted": 1,
            "on_leave": 0,
            "inside": 1,
            "last_scan_at": "2026-11-20T19:04:31.250Z",
            "server_time": "2026-11-20T19:05:00.000Z",
        }
    ),
}
