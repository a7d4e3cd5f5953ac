"""The examples of the organizers' portal: money on its way to them."""

from typing import Any

from chalicelib.schemas.examples.shared import EVENT_ID, TICKET_ID, Example, page


def _amounts(gross: str, refunds: str, platform_fee: str, net: str) -> dict[str, Any]:
    told = {"gross": gross, "refunds": refunds, "platform_fee": platform_fee, "net": net}
    return {name: {"amount": amount, "currency": "PKR"} for name, amount in told.items()}


_PAYOUT = {
    "id": f"pto_{TICKET_ID.partition('_')[2]}",
    "event": {"id": EVENT_ID, "title": "Gatehouse Demo Night"},
    "status": "scheduled",
    **_amounts("20000.00", "1500.00", "925.00", "17575.00"),
    "lines": [
        {
            "category_id": "cat_01JDEM",
            "description": "Standard",
            "quantity": 10,
            "refunded_quantity": 1,
            **_amounts("15000.00", "1500.00", "675.00", "12825.00"),
        },
        {
            "category_id": "cat_01JDEN",
            "description": "VIP",
            "quantity": 1,
            "refunded_quantity": 0,
            **_amounts("5000.00", "0.00", "250.00", "4750.00"),
        },
    ],
    "scheduled_for": "2026-11-28",
    "paid_at": None,
    "reference": None,
    "invoice_number": "GHP-2026-000041",
    "created_at": "2026-11-21T06:00:00.000Z",
}

OPERATIONS: dict[str, Example] = {
    "organizer_payouts": Example(None, page(_PAYOUT)),
    "organizer_payout": Example(None, {**_PAYOUT, "adjustments": _amounts("0.00", "1500.00", "-75.00", "-1425.00")}),
}
