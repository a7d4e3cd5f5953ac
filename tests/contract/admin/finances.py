"""Requests of the staff's portal: the company's books. Each takes the ground (tests/contract/ground.py)."""

from collections.abc import Callable
from typing import Any

from chalicelib import clock
from chalicelib.domain.finance import deposits, expenses, profits
from chalicelib.domain.finance.deposits import DepositAsk
from chalicelib.domain.finance.expenses import ExpenseInput
from chalicelib.domain.finance.profits import Share
from chalicelib.domain.money import AmountInput
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import PartnerAccount, Withdrawal
from chalicelib.vocabulary.payouts import WithdrawalStatus
from tests.contract.request import Request


def _expense() -> str:
    entered = ExpenseInput("Rent", AmountInput("10.00"), "Office", clock.now().date())
    return expenses.create(entered, by="adm_test", operation_id=new_id("op")).expense_id


def _deposit(_: Any) -> object:
    entered = DepositAsk(AmountInput("100000.00"), "Partner", clock.now().date(), "T 1")
    return deposits.ask(entered, by="adm_test", operation_id=new_id("op"))


def _withdraw(_: Any) -> Request:
    """Decide about a withdrawal: in the tests of the contract nobody has earned anything, so there was much before."""
    profits.set_shares([Share("Ayesha", profits.WHOLE)], valid_from=None, by="adm_test")
    return Request({"withdrawal_id": _waiting(), "decision": "approve"})


def _waiting() -> str:
    withdrawal_id = new_id("wdr")
    made = Withdrawal(
        *keys.finance.withdrawal(withdrawal_id),
        withdrawal_id=withdrawal_id,
        partner="Ayesha",
        amount=100,
        currency="PKR",
        status=WithdrawalStatus.AWAITING_SECOND,
        asked_by="adm_other",
        created_at=clock.now(),
    )
    operations.record(operations.put(made))
    account = PartnerAccount(*keys.finance.partner_account("Ayesha"), partner="Ayesha", withdrawn=-(10**12))
    operations.record(operations.put(account))
    return withdrawal_id


_SHARES = [{"partner": "Ayesha", "percent": "60.00"}, {"partner": "Bilal", "percent": "40.00"}]

REQUESTS: dict[str, Callable[[Any], Request]] = {
    "admin_expenses": lambda _: Request(query="category=Rent&page_size=5"),
    "admin_deposits": lambda _: Request(query="ordering=-received_on&page_size=5"),
    "admin_withdrawals": lambda _: Request(query="partner=ayesha&page_size=5"),
    "admin_company_finances": lambda _: Request(),
    "admin_profit_shares": lambda _: Request(),
    "admin_create_expense": lambda _: Request(
        {
            "category": "Rent",
            "amount": "85.00",
            "description": "Office",
            "incurred_on": clock.now().date().isoformat(),
        }
    ),
    "admin_change_expense": lambda _: Request({"description": "Hall"}, path={"expense_id": _expense()}),
    "admin_delete_expense": lambda _: Request(path={"expense_id": _expense()}),
    "admin_create_deposit": lambda _: Request(
        {
            "amount": "85.00",
            "source": "Partner",
            "received_on": clock.now().date().isoformat(),
            "reference": "T 1",
        }
    ),
    "admin_set_profit_shares": lambda _: Request({"shares": _SHARES}),
    "admin_withdraw_profit": _withdraw,
}


def _books(ground: Any) -> None:
    for _ in range(3):
        _expense()
        _deposit(ground)
        _waiting()


ROWS: list[Callable[[Any], object]] = [_books]
