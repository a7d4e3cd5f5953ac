"""The examples of the organizers' portal: own events, their analytics, wishes to change them."""

from typing import Any

from chalicelib.schemas.examples.shared import EVENT_ID, TICKET_ID, Example, page

_ULID = TICKET_ID.partition("_")[2]
_CATEGORY_ID = f"cat_{_ULID}"


def _rupees(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "PKR"}


_EVENT: dict[str, Any] = {
    "id": EVENT_ID,
    "title": "Gatehouse Demo Night",
    "category": "music",
    "status": "live",
    "starts_at": "2026-11-20T13:00:00.000Z",
    "ends_at": "2026-11-20T18:00:00.000Z",
    "timezone": "Asia/Karachi",
    "venue": {"id": f"ven_{_ULID}", "name": "Alhamra Arts Centre", "city": "Lahore", "address": "68 Mall Road"},
    "image_url": "https://files.example.com/events/demo-night.jpg",
}
_CATEGORY: dict[str, Any] = {
    "id": _CATEGORY_ID,
    "name": "Standard",
    "tier": "Standard",
    "price": _rupees("1500.00"),
    "capacity": 500,
}
_DAY = {"date": "2026-11-19", "tickets": 88, "revenue": _rupees("132000.00"), "refunded": _rupees("1500.00")}
_ANALYTICS: dict[str, Any] = {
    "sold": 87,
    "issued": 6,
    "capacity": 500,
    "revenue": _rupees("132000.00"),
    "refunded": _rupees("1500.00"),
    "by_category": [{**_CATEGORY, "sold": 87, "revenue": _rupees("132000.00"), "refunded": _rupees("1500.00")}],
    "sales_by_day": [_DAY],
    "check_ins": {
        "admitted": 71,
        "on_leave": 3,
        "duplicates_refused": 2,
        "invalid_refused": 1,
        "by_hour": [{"hour": "2026-11-20T18:00:00+05:00", "count": 71}],
        "by_gate": [{"gate": "Gate 1", "admitted": 71, "duplicates_refused": 2, "invalid_refused": 1}],
    },
    "occupancy": {
        "inside": 68,
        "as_of": "2026-11-20T13:42:10.000Z",
        "upper_bound": 72,
        "unsynced_devices": 1,
    },
}
_PRICE = f"ticket_categories.{_CATEGORY_ID}.price"

OPERATIONS: dict[str, Example] = {
    "organizer_dashboard_stats": Example(
        None,
        {
            "events": {"total": 14, "upcoming": 3, "live": 1, "past": 9},
            "tickets_sold": 4210,
            "revenue": _rupees("6315000.00"),
            "refunded": _rupees("45000.00"),
            "checked_in": 3790,
            "check_in_rate": 0.9171,
            "pending_payouts": _rupees("250000.00"),
            "sales_by_day": [_DAY],
        },
    ),
    "organizer_events_list": Example(
        None, page({**_EVENT, "sold": 87, "capacity": 500, "revenue": _rupees("132000.00"), "checked_in": 71})
    ),
    "organizer_event": Example(
        None,
        {
            **_EVENT,
            "description": "One evening, one admission each.",
            "featured": True,
            "children_enabled": True,
            "re_entry_allowed": False,
            "gates": ["Gate 1", "Gate 2"],
            "ticket_categories": [
                {**_CATEGORY, "per_order_limit": 10, "sales_start": "2026-10-01T05:00:00.000Z", "sales_end": None}
            ],
            "version": 4,
            "analytics": _ANALYTICS,
        },
    ),
    "organizer_request_edit": Example(
        {
            "changes": {
                "title": "Gatehouse Demo Night, with guests",
                "ticket_categories": [{"id": _CATEGORY_ID, "price": _rupees("1800.00")}],
            },
            "reason": "A second band joins.",
        },
        {
            "id": f"edr_{_ULID}",
            "status": "pending",
            "diff": [
                {"field": "title", "from": "Gatehouse Demo Night", "to": "Gatehouse Demo Night, with guests"},
                {"field": _PRICE, "from": _rupees("1500.00"), "to": _rupees("1800.00")},
            ],
        },
    ),
}
