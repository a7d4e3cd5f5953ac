"""The examples of the staff's portal: events and organizers' edit requests."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.organizer.events import ANALYTICS
from chalicelib.schemas.examples.shared import ULID, Example, page

_ORGANIZER_ID = f"org_{ULID}"
_LISTED: dict[str, Any] = {
    "id": demo.EVENT_ID,
    "title": demo.EVENT_TITLE,
    "category": demo.EVENT_CATEGORY,
    "status": "published",
    "review": None,
    "organizer_id": _ORGANIZER_ID,
    "organizer_name": "Lahore Live",
    "venue": {"id": None, "name": demo.EVENT_VENUE.name, "city": demo.EVENT_VENUE.city, "address": None},
    "starts_at": "2026-11-20T13:00:00.000Z",
    "ends_at": "2026-11-20T18:00:00.000Z",
    "timezone": demo.TIMEZONE,
    "featured": False,
    "image_url": None,
    "version": 3,
}
_EVENT: dict[str, Any] = {
    **_LISTED,
    "description": "One evening, one admission each.",
    "children_enabled": True,
    "re_entry_allowed": False,
    "offline_names": True,
    "scanning_enabled": True,
    "scanning_opens_at": None,
    "scanning_closes_at": None,
    "refund_deadline": None,
    "platform_fee_percent": None,
    "gates": [demo.GATES[0]],
    "ticket_categories": [
        {
            "id": demo.category_id(demo.EVENT_ID, demo.STANDARD),
            "name": demo.STANDARD.name,
            "tier": demo.STANDARD.name,
            "price": demo.money(demo.STANDARD.price),
            "capacity": demo.STANDARD.capacity,
            "per_order_limit": 10,
            "sales_start": None,
            "sales_end": None,
        }
    ],
    "review_note": None,
    "moved_at": None,
}
_NEW: dict[str, Any] = {
    "title": demo.EVENT_TITLE,
    "organizer_id": _ORGANIZER_ID,
    "venue_id": demo.KNOWN_VENUE_ID,
    "starts_at": "2031-03-20T13:00:00.000Z",
    "ends_at": "2031-03-20T18:00:00.000Z",
    "timezone": demo.TIMEZONE,
    "platform_fee_percent": 7.5,
    "ticket_categories": [{"name": demo.STANDARD.name, "price": "1500.00", "capacity": 100}],
}
_CREATED: dict[str, Any] = {
    **_EVENT,
    "status": "draft",
    "category": None,
    "description": None,
    "children_enabled": False,
    "venue": {"id": demo.KNOWN_VENUE_ID, "name": demo.KNOWN_VENUE.name, "city": demo.KNOWN_VENUE.city, "address": None},
    "platform_fee_percent": 7.5,
    "gates": [],
    "ticket_categories": [{**_EVENT["ticket_categories"][0], "tier": None, "capacity": 100}],
    "version": 0,
}
_REQUEST: dict[str, Any] = {
    "id": f"edr_{ULID}",
    "event_id": demo.EVENT_ID,
    "organizer_id": _ORGANIZER_ID,
    "status": "approved",
    "reason": "A second band joins.",
    "diff": [{"field": "title", "from": demo.EVENT_TITLE, "to": f"{demo.EVENT_TITLE}, with guests"}],
    "note": None,
    "created_at": "2026-11-18T10:00:00.000Z",
    "decided_at": "2026-11-18T11:00:00.000Z",
    "decided_by": f"adm_{ULID}",
}
_FEES = {"fees": demo.money(652_500), "net": demo.money(12_397_500)}

OPERATIONS: dict[str, Example] = {
    "admin_events": Example(answer=page(_LISTED)),
    "admin_create_event": Example(_NEW, _CREATED),
    "admin_event": Example(answer=_EVENT),
    "admin_change_event": Example({"featured": False, "version": 3}, _EVENT),
    "admin_delete_event": Example(),
    "admin_event_statistics": Example(answer={**ANALYTICS, **_FEES}),
    "admin_edit_requests": Example(answer=page(_REQUEST)),
    "admin_decide_edit_request": Example({"decision": "approve"}, _REQUEST),
}
