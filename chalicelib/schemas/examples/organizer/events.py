"""The examples of the organizers' portal: own events, their analytics, wishes to change them."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ULID, Example, page

_CATEGORY_ID = demo.category_id(demo.EVENT_ID, demo.STANDARD)


_EVENT: dict[str, Any] = {
    "id": demo.EVENT_ID,
    "title": demo.EVENT_TITLE,
    "category": demo.EVENT_CATEGORY,
    "status": "published",
    "starts_at": "2026-11-20T13:00:00.000Z",
    "ends_at": "2026-11-20T18:00:00.000Z",
    "timezone": demo.TIMEZONE,
    "venue": {"id": None, "name": demo.EVENT_VENUE.name, "city": demo.EVENT_VENUE.city, "address": None},
    "image_url": None,
    "review": None,
}
_CATEGORY: dict[str, Any] = {
    "id": _CATEGORY_ID,
    "name": demo.STANDARD.name,
    "tier": demo.STANDARD.name,
    "price": demo.money(demo.STANDARD.price),
    "capacity": demo.STANDARD.capacity,
}
_DAY = {"date": "2026-11-19", "tickets": 88, "revenue": demo.money(13_200_000), "refunded": demo.money(150_000)}
ANALYTICS: dict[str, Any] = {
    "sold": 87,
    "issued": 6,
    "capacity": 500,
    "revenue": demo.money(13_200_000),
    "refunded": demo.money(150_000),
    "by_category": [{**_CATEGORY, "sold": 87, "revenue": demo.money(13_200_000), "refunded": demo.money(150_000)}],
    "sales_by_day": [_DAY],
    "check_ins": {
        "admitted": 71,
        "on_leave": 3,
        "duplicates_refused": 2,
        "invalid_refused": 1,
        "by_hour": [{"hour": "2026-11-20T18:00:00+05:00", "count": 71}],
        "by_gate": [{"gate": demo.GATES[0], "admitted": 71, "duplicates_refused": 2, "invalid_refused": 1}],
    },
    "occupancy": {
        "inside": 68,
        "as_of": "2026-11-20T13:42:10.000Z",
        "upper_bound": 72,
        "unsynced_devices": 1,
    },
}
_NEW_TITLE = f"{demo.EVENT_TITLE}, with guests"
_PRICE = f"ticket_categories.{_CATEGORY_ID}.price"

_SHOWN = {**_CATEGORY, "per_order_limit": 10, "sales_start": None, "sales_end": None}
_DRAFT: dict[str, Any] = {
    "id": demo.DRAFT_ID,
    "title": demo.DRAFT_TITLE,
    "description": demo.DRAFT_DESCRIPTION,
    "category": demo.DRAFT_CATEGORY,
    "status": "draft",
    "starts_at": "2031-03-20T13:00:00.000Z",
    "ends_at": "2031-03-20T18:00:00.000Z",
    "timezone": demo.TIMEZONE,
    "venue": {"id": demo.KNOWN_VENUE_ID, "name": demo.KNOWN_VENUE.name, "city": demo.KNOWN_VENUE.city, "address": None},
    "image_url": None,
    "featured": False,
    "children_enabled": True,
    "re_entry_allowed": False,
    "scanning_opens_at": None,
    "scanning_closes_at": None,
    "refund_deadline": None,
    "gates": [],
    "ticket_categories": [_SHOWN],
    "review": None,
    "review_note": None,
    "version": 0,
}
_NEW_DRAFT: dict[str, Any] = {
    "title": demo.DRAFT_TITLE,
    "description": demo.DRAFT_DESCRIPTION,
    "category": demo.DRAFT_CATEGORY,
    "venue_id": demo.KNOWN_VENUE_ID,
    "starts_at": "2031-03-20T13:00:00Z",
    "ends_at": "2031-03-20T18:00:00Z",
    "timezone": demo.TIMEZONE,
    "children_enabled": True,
    "re_entry_allowed": False,
    "ticket_categories": [
        {
            "name": demo.STANDARD.name,
            "tier": demo.STANDARD.name,
            "price": demo.money(demo.STANDARD.price),
            "capacity": demo.STANDARD.capacity,
            "per_order_limit": 10,
        }
    ],
}

OPERATIONS: dict[str, Example] = {
    "organizer_dashboard_stats": Example(
        None,
        {
            "events": {"total": 4, "upcoming": 2, "live": 0, "past": 1},
            "tickets_sold": 8,
            "revenue": demo.money(1_990_000),
            "refunded": demo.money(demo.STALLS.price),
            "checked_in": 8,
            "check_in_rate": 1.0,
            "pending_payouts": demo.money(1_653_000),
            "sales_by_day": [_DAY],
        },
    ),
    "organizer_events_list": Example(
        None, page({**_EVENT, "sold": 87, "capacity": 500, "revenue": demo.money(13_200_000), "checked_in": 71})
    ),
    "organizer_event": Example(
        None,
        {
            **_EVENT,
            "description": demo.EVENT_DESCRIPTION,
            "featured": False,
            "children_enabled": True,
            "re_entry_allowed": False,
            "scanning_opens_at": None,
            "scanning_closes_at": None,
            "refund_deadline": None,
            "gates": list(demo.GATES),
            "ticket_categories": [{**_CATEGORY, "per_order_limit": 10, "sales_start": None, "sales_end": None}],
            "review_note": None,
            "version": 4,
            "analytics": ANALYTICS,
        },
    ),
    "organizer_create_draft": Example(_NEW_DRAFT, _DRAFT),
    "organizer_change_draft": Example(
        {"title": f"{demo.DRAFT_TITLE} 2031", "version": 0},
        {**_DRAFT, "title": f"{demo.DRAFT_TITLE} 2031", "version": 1},
    ),
    "organizer_submit_draft": Example(None, {**_DRAFT, "review": "submitted", "version": 1}),
    "organizer_request_edit": Example(
        {
            "changes": {
                "title": _NEW_TITLE,
                "ticket_categories": [{"id": _CATEGORY_ID, "price": demo.money(180_000)}],
            },
            "reason": "A second band joins.",
        },
        {
            "id": f"edr_{ULID}",
            "status": "pending",
            "diff": [
                {"field": "title", "from": demo.EVENT_TITLE, "to": _NEW_TITLE},
                {"field": _PRICE, "from": demo.money(demo.STANDARD.price), "to": demo.money(180_000)},
            ],
        },
    ),
}
