"""The examples of the merchants' portal: the inventory and the dashboard."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import CARD_ID, Example, page

CARD: dict[str, Any] = {
    "id": CARD_ID,
    "uid": demo.stock_uid(0),
    "type": "uid",
    "status": "stock",
    "held_until": None,
    "assigned_at": None,
}


OPERATIONS: dict[str, Example] = {
    "merchant_cards": Example(answer=page(CARD, count=demo.STOCK_COUNT)),
    "merchant_dashboard": Example(
        answer={
            "cards": {"stock": demo.STOCK_COUNT, "held": 0, "active": 0, "blocked": 0},
            "assigned_today": 0,
            "assigned_total": 0,
            "fees_today": demo.money(0),
            "fees_total": demo.money(0),
            "by_day": [
                {"date": "2026-11-20", "assigned": 0, "fees": demo.money(0)},
                {"date": "2026-11-21", "assigned": 0, "fees": demo.money(0)},
            ],
        }
    ),
}
