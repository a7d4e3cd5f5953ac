"""The examples of the ushers' portal: events."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import Example, page

EVENT = {
    "id": demo.EVENT_ID,
    "title": demo.EVENT_TITLE,
    "description": demo.EVENT_DESCRIPTION,
    "category": demo.EVENT_CATEGORY,
    "status": "published",
    "starts_at": "2026-11-20T19:00:00.000Z",
    "ends_at": "2026-11-20T23:30:00.000Z",
    "timezone": demo.TIMEZONE,
    "scanning_opens_at": "2026-11-20T17:00:00.000Z",
    "scanning_closes_at": "2026-11-20T23:30:00.000Z",
    "scanning_enabled": True,
    "re_entry_allowed": False,
    "children_enabled": True,
    "venue": {"id": None, "name": demo.EVENT_VENUE.name, "city": demo.EVENT_VENUE.city, "address": None},
    "gates": list(demo.GATES),
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
            "counted_without_ticket": 0,
            "last_scan_at": "2026-11-20T19:04:31.250Z",
            "server_time": "2026-11-20T19:05:00.000Z",
            "as_of": "2026-11-20T19:05:00.000Z",
            "unsynced_devices": 0,
            "inside_at_most": 1,
        }
    ),
}
