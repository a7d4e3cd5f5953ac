"""The examples of the staff's portal: cards."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import CARD_ID, ULID, Example, page

SPARE_ID = f"crd_{ULID}"
_LISTED: dict[str, Any] = {
    "id": SPARE_ID,
    "uid": demo.NEW_CARD_UID,
    "type": "uid",
    "status": "stock",
    "customer_id": None,
    "merchant_id": None,
    "created_at": "2026-11-01T09:00:00.000Z",
    "assigned_at": None,
    "blocked_at": None,
    "version": 0,
}
_CARD: dict[str, Any] = {
    **_LISTED,
    "merchant_name": None,
    "block_reason": None,
    "replaced_by": None,
    "tickets": 0,
    "ledger": {"balance": demo.money(0), "entries": 0, "newest": []},
}
_IN_USE: dict[str, Any] = {
    **_CARD,
    "id": CARD_ID,
    "uid": demo.CARD_UID,
    "status": "active",
    "customer_id": f"cus_{ULID}",
    "assigned_at": "2026-11-01T10:00:00.000Z",
    "tickets": 1,
    "ledger": {
        "balance": demo.money(demo.BALANCE),
        "entries": 1,
        "newest": [
            {
                "id": f"ent_{ULID}",
                "type": "reload",
                "amount": demo.money(demo.BALANCE),
                "balance_after": demo.money(demo.BALANCE),
                "reference": None,
                "created_at": "2026-11-20T18:40:12.004Z",
            }
        ],
    },
}

OPERATIONS: dict[str, Example] = {
    "admin_cards": Example(answer=page(_LISTED)),
    "admin_create_card": Example({"uid": demo.NEW_CARD_UID, "type": "uid"}, _CARD),
    "admin_card": Example(answer=_IN_USE),
    "admin_change_card": Example(
        {"status": "blocked", "reason": "Reported stolen."},
        {
            **_IN_USE,
            "status": "blocked",
            "block_reason": "Reported stolen.",
            "blocked_at": "2026-11-21T09:31:00.000Z",
            "version": 1,
        },
    ),
    "admin_bulk_cards": Example(
        {"action": "create", "cards": [demo.NEW_CARD_UID]}, {"job_id": f"job_{ULID}", "accepted": 1}
    ),
    "admin_bulk_cards_progress": Example(
        query={"job_id": f"job_{ULID}"},
        answer={
            "job_id": f"job_{ULID}",
            "kind": "cards_bulk",
            "status": "open",
            "done": 0,
            "total": 1,
            "errors": [],
            "url": None,
            "expires_at": None,
        },
    ),
    "admin_replace_card": Example(
        {"to_uid": demo.stock_uid(0), "reason": "Lost at the gate."},
        {
            "from_card_id": CARD_ID,
            "to_card_id": SPARE_ID,
            "to_uid": demo.stock_uid(0),
            "customer_id": f"cus_{ULID}",
            "balance": demo.money(demo.BALANCE),
            "tickets": 1,
            "dependents": 0,
            "replaced_at": "2026-11-21T09:31:00.000Z",
        },
    ),
}
