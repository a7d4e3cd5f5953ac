"""The examples of the organizers' portal: money on its way to them."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ULID, Example, page


def _amounts(gross: int, refunds: int, platform_fee: int, net: int) -> dict[str, Any]:
    amounts = {"gross": gross, "refunds": refunds, "platform_fee": platform_fee, "net": net}
    return {name: demo.money(amount) for name, amount in amounts.items()}


PAYOUT = {
    "id": f"pto_{ULID}",
    "event": {"id": demo.PAST_EVENT_ID, "title": demo.PAST_EVENT_TITLE},
    "status": "scheduled",
    "taken_back": demo.money(0),
    **_amounts(1_990_000, demo.STALLS.price, 87_000, 1_653_000),
    "lines": [
        {
            "category_id": demo.category_id(demo.PAST_EVENT_ID, demo.STALLS),
            "description": demo.STALLS.name,
            "quantity": 7,
            "refunded_quantity": 1,
            **_amounts(7 * demo.STALLS.price, demo.STALLS.price, 75_000, 1_425_000),
        },
        {
            "category_id": demo.category_id(demo.PAST_EVENT_ID, demo.BALCONY),
            "description": demo.BALCONY.name,
            "quantity": 2,
            "refunded_quantity": 0,
            **_amounts(2 * demo.BALCONY.price, 0, 12_000, 228_000),
        },
    ],
    "scheduled_for": "2026-11-28",
    "paid_at": None,
    "reference": None,
    "invoice_number": "GHP-2026-000001",
    "created_at": "2026-11-21T06:00:00.000Z",
}

OPERATIONS: dict[str, Example] = {
    "organizer_payouts": Example(None, page(PAYOUT)),
    "organizer_payout": Example(None, {**PAYOUT, "adjustments": None}),
}
