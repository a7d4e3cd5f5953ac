"""The examples of the staff's portal: the company's books."""

from chalicelib import clock
from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ULID, Example, page

_ADMIN = f"adm_{ULID}"
_AT = "2026-11-21T08:00:00.000Z"
# A month of the books closes some days after its end, and takes no example of a fixed day any more.
_TODAY = clock.now().date().isoformat()
_EXPENSE = {
    "id": f"exp_{ULID}",
    "category": "Rent",
    "amount": demo.money(8_500_000),
    "event_id": None,
    "description": "Office",
    "incurred_on": _TODAY,
    "receipt_url": None,
    "version": 1,
    "created_by": _ADMIN,
    "created_at": _AT,
}
_DEPOSIT = {
    "id": f"dep_{ULID}",
    "amount": demo.money(50_000_000),
    "source": "Partner",
    "received_on": _TODAY,
    "reference": "Transfer 4711",
    "created_by": _ADMIN,
    "created_at": _AT,
    "reversed_at": None,
}
_SHARES = [{"partner": "Ayesha", "percent": "60.00"}, {"partner": "Bilal", "percent": "40.00"}]
_PERIOD = {"valid_from": "2026-11-01", "shares": _SHARES, "set_by": _ADMIN, "set_at": _AT}
_WITHDRAWAL = {
    "id": f"wdr_{ULID}",
    "partner": "Ayesha",
    "amount": demo.money(100_000),
    "status": "done",
    "asked_by": _ADMIN,
    "decided_by": None,
    "decided_at": None,
    "created_at": _AT,
}
_FIGURES = {
    "ticket_revenue": demo.money(1_990_000),
    "card_fees": demo.money(0),
    "platform_fees": demo.money(87_000),
    "refunds": demo.money(250_000),
    "expenses": demo.money(0),
    "losses": demo.money(0),
    "payouts": demo.money(0),
    "deposits": demo.money(0),
    "withdrawals": demo.money(0),
    "net_profit": demo.money(87_000),
}

OPERATIONS: dict[str, Example] = {
    "admin_expenses": Example(None, page(_EXPENSE)),
    "admin_create_expense": Example(
        {
            "category": "Rent",
            "amount": demo.money(8_500_000),
            "description": "Office",
            "incurred_on": _TODAY,
        },
        _EXPENSE,
    ),
    "admin_change_expense": Example(
        {"description": "Office and hall"}, {**_EXPENSE, "description": "Office and hall", "version": 2}
    ),
    "admin_delete_expense": Example(),
    "admin_deposits": Example(None, page(_DEPOSIT)),
    "admin_create_deposit": Example(
        {
            "amount": demo.money(50_000_000),
            "source": "Partner",
            "received_on": _TODAY,
            "reference": "Transfer 4711",
        },
        _DEPOSIT,
    ),
    "admin_profit_shares": Example(None, {"shares": _SHARES, "periods": [_PERIOD]}),
    "admin_set_profit_shares": Example({"shares": _SHARES}, {"shares": _SHARES, "periods": [_PERIOD]}),
    "admin_withdrawals": Example(None, page(_WITHDRAWAL)),
    "admin_withdraw_profit": Example({"partner": "Ayesha", "amount": demo.money(100_000)}, _WITHDRAWAL),
    "admin_company_finances": Example(
        None,
        {
            **_FIGURES,
            "date_from": "2025-11-22",
            "date_to": "2026-11-21",
            "balance": demo.money(87_000),
            "by_month": [{**_FIGURES, "month": "2026-11"}],
        },
    ),
}
