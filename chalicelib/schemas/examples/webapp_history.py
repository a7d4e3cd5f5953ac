"""The examples of the web app: history."""

from typing import Any

from chalicelib.schemas.examples.shared import Example


def _money(amount: str) -> dict[str, Any]:
    return {"amount": amount, "currency": "PKR"}


OPERATIONS: dict[str, Example] = {
    "customer_analytics": Example(
        None,
        {
            "events_attended": 3,
            "tickets_bought": 7,
            "total_spent": _money("10500.00"),
            "favorite_categories": ["music", "theatre"],
            "upcoming_events": 2,
            "card_balance": _money("850.00"),
            "by_month": [{"month": "2026-11", "tickets": 7, "spent": _money("10500.00")}],
        },
    ),
}
