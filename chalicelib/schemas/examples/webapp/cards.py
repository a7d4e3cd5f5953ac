"""The examples of the web app: cards."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import CARD_ID, ULID, Example, page

_RELOADED = {"enabled": True, "threshold": demo.money(50_000), "amount": demo.money(100_000)}
_CARD: dict[str, Any] = {
    "id": CARD_ID,
    "uid": demo.CARD_UID,
    "status": "active",
    "balance": demo.money(demo.BALANCE),
    "merchant": None,
    "assigned_at": "2026-11-01T10:00:00.000Z",
    "auto_reload": None,
}

OPERATIONS: dict[str, Example] = {
    "customer_cards": Example(answer={**page(_CARD), "requests": []}),
    "customer_request_card": Example(
        {"delivery": "post", "address": "12 Main Boulevard, Lahore"},
        {"id": f"crq_{ULID}", "status": "requested", "fee": demo.money(50_000)},
    ),
    "customer_card_transactions": Example(
        answer=page(
            {
                "id": f"ent_{ULID}",
                "type": "reload",
                "amount": demo.money(demo.BALANCE),
                "balance_after": demo.money(demo.BALANCE),
                "reference": None,
                "created_at": "2026-11-20T18:40:12.004Z",
            },
            count=1,
        )
    ),
    "customer_reload_card": Example(
        {"amount": demo.money(100_000), "payment_token": "tok_ok"},
        {
            "id": f"pay_{ULID}",
            "status": "requires_confirmation",
            "amount": demo.money(100_000),
            "provider": "sandbox",
            "method": "card",
            "client_secret": f"sbx_{ULID}_secret",
            "booking_id": None,
            "card_id": CARD_ID,
            "receipt_number": None,
            "failure_reason": None,
            "created_at": "2026-11-21T09:31:00.000Z",
            "next_action": None,
        },
    ),
    "customer_auto_reload": Example({**_RELOADED, "payment_token": "tok_ok"}, {**_CARD, "auto_reload": _RELOADED}),
    "customer_block_card": Example({"reason": "lost"}, {**_CARD, "status": "blocked"}),
}
