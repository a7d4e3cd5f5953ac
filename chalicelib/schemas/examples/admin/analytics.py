"""The examples of the staff's portal: dashboard and analytics."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ADMIN_ID, DEVICE_ID, Example

_NET = {"revenue": demo.money(6000000), "refunded": demo.money(150000), "fees": demo.money(292500)}
_SUMS: dict[str, Any] = {
    "orders": 21,
    "tickets": 40,
    "refunded_tickets": 1,
    **_NET,
    "net": demo.money(5850000),
    "by_currency": [{"currency": "PKR", **_NET, "net": demo.money(5850000)}],
}
_USERS = {"customers": 12, "organizers": 1, "merchants": 1, "ushers": 1, "admins": 1}
_CATEGORY = {"category": demo.EVENT_CATEGORY, **_SUMS}

OPERATIONS: dict[str, Example] = {
    "admin_dashboard": Example(
        answer={
            "customers": 12,
            "events": 3,
            "tickets_sold": 39,
            "revenue": demo.money(6000000),
            "revenue_by_currency": [demo.money(6000000)],
            "active_cards": 2,
            "check_ins_today": 4,
            "pending": {"refunds": 1, "edit_requests": 0, "payouts": 1, "card_requests": 0, "conflicts": 0},
            "recent_activity": [
                {
                    "at": "2026-11-20T16:00:00.000Z",
                    "actor_id": ADMIN_ID,
                    "action": "device.provision",
                    "entity_type": "device",
                    "entity_id": DEVICE_ID,
                }
            ],
        }
    ),
    "admin_revenue": Example(
        answer={"series": [{"period": "2026-11", **_SUMS}], "totals": _SUMS}, query={"granularity": "month"}
    ),
    "admin_users_growth": Example(
        answer={"series": [{"period": "2026-11", **_USERS}], "totals": _USERS}, query={"granularity": "month"}
    ),
    "admin_cards_by_status": Example(
        answer={
            "series": [{"period": "2026-11", "registered": 12}],
            "totals": {"stock": 10, "held": 0, "active": 2, "blocked": 0, "lost": 0, "replaced": 0},
        },
        query={"granularity": "month"},
    ),
    "admin_event_categories": Example(
        answer={
            "series": [{"period": "2026-11", "categories": [_CATEGORY]}],
            "totals": [{**_CATEGORY, "events": 2}],
        }
    ),
}
