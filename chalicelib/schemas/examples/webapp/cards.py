"""The examples of the web app: cards."""

from typing import Any

from chalicelib.schemas.examples.shared import CARD_ID, CARD_UID, TICKET_ID, Example, page


def _pkr(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "PKR"}


_ULID = TICKET_ID.partition("_")[2]
_RELOADED = {"enabled": True, "threshold": _pkr("500.00"), "amount": _pkr("1000.00")}
_CARD: dict[str, Any] = {
    "id": CARD_ID,
    "uid": CARD_UID,
    "status": "active",
    "balance": _pkr("2500.00"),
    "merchant": {"id": f"mer_{_ULID}", "name": "Liberty Books"},
    "assigned_at": "2026-11-01T10:00:00.000Z",
    "auto_reload": _RELOADED,
}

OPERATIONS: dict[str, Example] = {
    "customer_cards": Example(answer=page(_CARD)),
    "customer_request_card": Example(
        {"delivery": "pickup", "merchant_id": f"mer_{_ULID}"},
        {"id": f"crq_{_ULID}", "status": "requested", "fee": _pkr("500.00")},
    ),
    "customer_card_transactions": Example(
        answer=page(
            {
                "id": f"ent_{_ULID}",
                "type": "purchase",
                "amount": _pkr("-1500.00"),
                "balance_after": _pkr("2500.00"),
                "reference": f"ord_{_ULID}",
                "created_at": "2026-11-20T18:40:12.004Z",
            },
            count=1,
        )
    ),
    "customer_reload_card": Example(
        {"amount": _pkr("1000.00"), "payment_token": "tok_ok"},
        {
            "id": f"pay_{_ULID}",
            "status": "requires_confirmation",
            "amount": _pkr("1000.00"),
            "provider": "sandbox",
            "method": "card",
            "client_secret": f"sbx_{_ULID}_secret",
            "booking_id": None,
            "card_id": CARD_ID,
            "receipt_number": None,
            "failure_reason": None,
            "created_at": "2026-11-21T09:31:00.000Z",
        },
    ),
    "customer_auto_reload": Example({**_RELOADED, "payment_token": "tok_ok"}, _CARD),
    "customer_block_card": Example({"reason": "lost"}, {**_CARD, "status": "blocked"}),
}
