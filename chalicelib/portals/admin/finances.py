"""The staff's portal: the company's books."""

from decimal import Decimal
from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.finance import company, deposits, expenses, profits
from chalicelib.domain.finance.deposits import DepositAsk
from chalicelib.domain.finance.expenses import ExpenseInput
from chalicelib.domain.finance.profits import Share, Shares, WithdrawalAsk
from chalicelib.domain.lists.finance import DEPOSITS, EXPENSES, WITHDRAWALS
from chalicelib.domain.money import AmountInput, Money
from chalicelib.portals.http.auth import BOOKKEEPERS, OWNERS, READERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.list_doors import list_door
from chalicelib.portals.http.list_pages import list_page, list_query
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.admin import finances as schema
from chalicelib.schemas.admin.lists import ListIn
from chalicelib.schemas.wire import MoneyIn, MoneyOut, PageOut

bp = Blueprint(__name__)
_EXPENSES, _FINANCES = "/api/expenses", "/api/finances"
_EXPENSE_LINKS = (
    Link("admin_change_expense", {"expense_id": "/id"}),
    Link("admin_delete_expense", {"expense_id": "/id"}),
)


def _amount(sent: MoneyIn) -> AmountInput:
    return AmountInput(sent.amount, sent.currency)


def _money(stored: Any) -> MoneyOut:
    return MoneyOut.read(Money(int(stored.amount), stored.currency))


def _expense_out(expense: Any) -> schema.ExpenseOut:
    return schema.ExpenseOut(
        id=expense.expense_id,
        category=expense.category,
        amount=_money(expense),
        event_id=expense.event_id,
        description=expense.description,
        incurred_on=expenses.day_of(expense),
        receipt_url=expense.receipt_url,
        version=expense.version,
        created_by=expense.created_by,
        created_at=expense.created_at,
    )


def _deposit_out(deposit: Any) -> schema.DepositOut:
    return schema.DepositOut(
        id=deposit.deposit_id,
        amount=_money(deposit),
        source=deposit.source,
        received_on=deposits.day_of(deposit),
        reference=deposit.reference,
        created_by=deposit.created_by,
        created_at=deposit.created_at,
        reversed_at=deposit.reversed_at,
    )


def _withdrawal_out(withdrawal: Any) -> schema.WithdrawalOut:
    return schema.WithdrawalOut(
        id=withdrawal.withdrawal_id,
        partner=withdrawal.partner,
        amount=_money(withdrawal),
        status=withdrawal.status,
        asked_by=withdrawal.asked_by,
        decided_by=withdrawal.decided_by,
        decided_at=withdrawal.decided_at,
        created_at=withdrawal.created_at,
    )


def _share_out(share: Share) -> schema.ShareOut:
    whole, rest = divmod(share.basis_points, 100)
    return schema.ShareOut(partner=share.partner, percent=f"{whole}.{rest:02d}")


def _shares_out(shares: Shares) -> schema.SharesOut:
    return schema.SharesOut(
        shares=[_share_out(share) for share in shares.shares],
        periods=[
            schema.SharePeriodOut(
                valid_from=period.valid_from,
                shares=[_share_out(share) for share in period.shares],
                set_by=period.set_by,
                set_at=period.set_at,
            )
            for period in shares.periods
        ],
    )


def _changes(sent: schema.ExpenseChangeIn) -> dict[str, Any]:
    changes = sent.changes()
    return {**changes, "amount": _amount(changes["amount"])} if changes.get("amount") else changes


def _shares_in(sent: list[schema.ShareIn]) -> list[Share]:
    return [Share(share.partner, int(Decimal(share.percent) * 100)) for share in sent]


def _deposit_in(sent: schema.DepositIn) -> DepositAsk:
    amount = _amount(sent.amount) if sent.amount else None
    return DepositAsk(amount, sent.source, sent.received_on, sent.reference, sent.reverses)


def _withdrawal_in(sent: schema.WithdrawalIn) -> WithdrawalAsk:
    amount = _amount(sent.amount) if sent.amount else None
    return WithdrawalAsk(sent.partner, amount, sent.withdrawal_id, sent.decision)


@list_door(
    bp,
    EXPENSES,
    Route(
        "GET",
        _EXPENSES,
        guard=READERS,
        query=list_query(EXPENSES),
        reply=PageOut[schema.ExpenseOut],
        links=(
            Link("admin_change_expense", {"expense_id": "/results/0/id"}),
            Link("admin_expenses", {"cursor": "/next"}),
        ),
    ),
)
def admin_expenses(call: Call[None, ListIn]) -> PageOut[schema.ExpenseOut]:
    """List expenses, the latest first."""
    return PageOut.of(list_page(EXPENSES, call), _expense_out)


@door(
    bp,
    Route(
        "POST",
        _EXPENSES,
        guard=BOOKKEEPERS,
        body=schema.ExpenseIn,
        reply=schema.ExpenseOut,
        status=201,
        refuses=(errors.NotFound, errors.InvalidState),
        links=_EXPENSE_LINKS,
        idempotent=True,
        audited="expense.create",
    ),
)
def admin_create_expense(call: Call[schema.ExpenseIn, None]) -> schema.ExpenseOut:
    """Book an expense."""
    sent = call.body
    entered = ExpenseInput(
        category=sent.category,
        amount=_amount(sent.amount),
        description=sent.description,
        incurred_on=sent.incurred_on,
        event_id=sent.event_id,
        receipt_url=sent.receipt_url,
    )
    return _expense_out(expenses.create(entered, by=call.principal.id, operation_id=call.operation_id))


@door(
    bp,
    Route(
        "PUT",
        f"{_EXPENSES}/{{expense_id}}",
        guard=BOOKKEEPERS,
        body=schema.ExpenseChangeIn,
        reply=schema.ExpenseOut,
        refuses=(errors.NotFound, errors.InvalidState, errors.Conflict),
        links=_EXPENSE_LINKS,
        idempotent=True,
        audited="expense.change",
    ),
)
def admin_change_expense(call: Call[schema.ExpenseChangeIn, None]) -> schema.ExpenseOut:
    """Change an expense of an open month: its journal is reversed and booked again."""
    return _expense_out(expenses.change(call.path["expense_id"], _changes(call.body), version=call.body.version))


@door(
    bp,
    Route(
        "DELETE",
        f"{_EXPENSES}/{{expense_id}}",
        guard=BOOKKEEPERS,
        status=204,
        refuses=(errors.NotFound, errors.InvalidState, errors.Conflict),
        audited="expense.delete",
    ),
)
def admin_delete_expense(call: Call[None, None]) -> None:
    """Delete an expense of an open month: its journal is reversed."""
    expenses.delete(call.path["expense_id"])


@list_door(
    bp,
    DEPOSITS,
    Route(
        "GET",
        f"{_FINANCES}/deposits",
        guard=READERS,
        query=list_query(DEPOSITS),
        reply=PageOut[schema.DepositOut],
        links=(Link("admin_deposits", {"cursor": "/next"}),),
    ),
)
def admin_deposits(call: Call[None, ListIn]) -> PageOut[schema.DepositOut]:
    """List deposits, the latest first."""
    return PageOut.of(list_page(DEPOSITS, call), _deposit_out)


@door(
    bp,
    Route(
        "POST",
        f"{_FINANCES}/deposits",
        guard=BOOKKEEPERS,
        body=schema.DepositIn,
        reply=schema.DepositOut,
        status=201,
        refuses=(errors.InvalidState, errors.NotFound),
        idempotent=True,
        audited="deposit.create",
    ),
)
def admin_create_deposit(call: Call[schema.DepositIn, None]) -> schema.DepositOut:
    """Book a deposit, or reverse one that was entered by mistake."""
    return _deposit_out(deposits.ask(_deposit_in(call.body), by=call.principal.id, operation_id=call.operation_id))


@door(bp, Route("GET", f"{_FINANCES}/profit-share", guard=READERS, reply=schema.SharesOut))
def admin_profit_shares(_: Call[None, None]) -> schema.SharesOut:
    """Show the partners' shares of the profit."""
    return _shares_out(profits.show())


@door(
    bp,
    Route(
        "PUT",
        f"{_FINANCES}/profit-share",
        guard=OWNERS,
        body=schema.SharesIn,
        reply=schema.SharesOut,
        refuses=(errors.InvalidState,),
        idempotent=True,
        audited="profit_share.change",
    ),
)
def admin_set_profit_shares(call: Call[schema.SharesIn, None]) -> schema.SharesOut:
    """Set the partners' shares from a day on."""
    shares = _shares_in(call.body.shares)
    return _shares_out(profits.set_shares(shares, valid_from=call.body.valid_from, by=call.principal.id))


@list_door(
    bp,
    WITHDRAWALS,
    Route(
        "GET",
        f"{_FINANCES}/profit-withdrawals",
        guard=READERS,
        query=list_query(WITHDRAWALS),
        reply=PageOut[schema.WithdrawalOut],
        links=(Link("admin_withdrawals", {"cursor": "/next"}),),
    ),
)
def admin_withdrawals(call: Call[None, ListIn]) -> PageOut[schema.WithdrawalOut]:
    """List withdrawals of profit, the latest first."""
    return PageOut.of(list_page(WITHDRAWALS, call), _withdrawal_out)


@door(
    bp,
    Route(
        "POST",
        f"{_FINANCES}/profit-withdrawals",
        guard=OWNERS,
        body=schema.WithdrawalIn,
        reply=schema.WithdrawalOut,
        status=201,
        refuses=(errors.NotFound, errors.InvalidState, errors.InsufficientBalance, errors.SecondPersonNeeded),
        idempotent=True,
        audited="withdrawal.create",
    ),
)
def admin_withdraw_profit(call: Call[schema.WithdrawalIn, None]) -> schema.WithdrawalOut:
    """Withdraw a partner's profit, or decide about a withdrawal that waits for a second person."""
    asked = _withdrawal_in(call.body)
    return _withdrawal_out(profits.ask(asked, by=call.principal.id, operation_id=call.operation_id))


@door(bp, Route("GET", f"{_FINANCES}/company", guard=READERS, query=schema.CompanyIn, reply=schema.CompanyOut))
def admin_company_finances(call: Call[None, schema.CompanyIn]) -> schema.CompanyOut:
    """Show what the company earned and spent."""
    query = call.query
    return schema.CompanyOut.read(company.finances(date_from=query.date_from, date_to=query.date_to))
