"""The examples of the web app: history."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ULID, Example, page

_SPENT = demo.money(6 * demo.STALLS.price + 2 * demo.BALCONY.price)

OPERATIONS: dict[str, Example] = {
    "customer_payments": Example(
        None,
        page(
            {
                "id": f"pay_{ULID}",
                "status": "succeeded",
                "amount": demo.money(3 * demo.STALLS.price),
                "provider": "sandbox",
                "method": "card",
                "client_secret": None,
                "booking_id": f"ord_{ULID}",
                "card_id": None,
                "receipt_number": "GH-R-7XJ2FA",
                "failure_reason": None,
                "created_at": "2026-11-14T18:04:10.000Z",
                "next_action": None,
                "invoice_number": "GH-2026-000123",
                "event_id": demo.PAST_EVENT_ID,
                "event_title": demo.PAST_EVENT_TITLE,
                "refunds": [],
            }
        ),
    ),
    "customer_analytics": Example(
        None,
        {
            "events_attended": 1,
            "tickets_bought": 9,
            "total_spent": _SPENT,
            "favorite_categories": [demo.PAST_EVENT_CATEGORY],
            "upcoming_events": 1,
            "card_balance": demo.money(demo.BALANCE),
            "by_month": [{"month": "2026-11", "tickets": 9, "spent": _SPENT}],
        },
    ),
}
