"""The examples of the staff's portal: leftover money."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import CARD_ID, ULID, Example, page

OPERATIONS: dict[str, Example] = {
    "admin_unclaimed": Example(
        answer=page(
            {
                "id": CARD_ID,
                "kind": "dead_card",
                "card_id": CARD_ID,
                "payment_id": None,
                "customer_id": f"cus_{ULID}",
                "amount": demo.money(demo.BALANCE),
                "since": "2026-08-20T00:00:00.000Z",
                "age_days": 93,
                "asked_by": None,
                "asked_for": None,
            }
        )
    ),
    "admin_return_unclaimed": Example(
        {"card_ids": [demo.CARD_UID], "action": "claim_link"},
        {
            "results": [
                {
                    "id": demo.CARD_UID,
                    "state": "link_sent",
                    "amount": demo.money(demo.BALANCE),
                    "rest": demo.money(0),
                    "code": None,
                    "message": None,
                }
            ]
        },
    ),
}
