"""The examples of the merchants' portal: the inventory and the dashboard."""

from typing import Any

from chalicelib.schemas.examples.shared import CARD_ID, CARD_UID, Example, page

CARD: dict[str, Any] = {
    "id": CARD_ID,
    "uid": CARD_UID,
    "type": "uid",
    "status": "stock",
    "held_until": None,
    "assigned_at": None,
}


def _pkr(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "PKR"}


OPERATIONS: dict[str, Example] = {
    "merchant_cards": Example(answer=page(CARD, count=1)),
    "merchant_dashboard": Example(
        answer={
            "cards": {"stock": 11, "held": 0, "active": 41, "blocked": 1},
            "assigned_today": 3,
            "assigned_total": 42,
            "fees_today": _pkr("1500.00"),
            "fees_total": _pkr("20500.00"),
            "by_day": [
                {"date": "2026-11-20", "assigned": 0, "fees": _pkr("0.00")},
                {"date": "2026-11-21", "assigned": 3, "fees": _pkr("1500.00")},
            ],
        }
    ),
}
