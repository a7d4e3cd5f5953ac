"""The examples of the web app: history."""

from typing import Any

from chalicelib.schemas.examples.shared import EVENT_ID, TICKET_ID, Example, page


def _money(amount: str) -> dict[str, Any]:
    return {"amount": amount, "currency": "PKR"}


_ULID = TICKET_ID.partition("_")[2]

OPERATIONS: dict[str, Example] = {
    "customer_payments": Example(
        None,
        page(
            {
                "id": f"pay_{_ULID}",
                "status": "succeeded",
                "amount": _money("3000.00"),
                "provider": "sandbox",
                "method": "card",
                "client_secret": None,
                "booking_id": f"ord_{_ULID}",
                "card_id": None,
                "receipt_number": "GH-R-7XJ2FA",
                "failure_reason": None,
                "created_at": "2026-11-14T18:04:10.000Z",
                "invoice_number": "GH-2026-000123",
                "event_id": EVENT_ID,
                "event_title": "Gatehouse Demo Night",
            }
        ),
    ),
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
