"""The lists of the company's books."""

from datetime import date

from chalicelib.domain.lists.declaration import Filter, ListOf, Ordering
from chalicelib.table.items import Deposit, Expense, Withdrawal
from chalicelib.vocabulary.payouts import WithdrawalStatus

EXPENSES = ListOf(
    name="expenses",
    item=Expense,
    id_name="expense_id",
    orderings={"incurred_on": Ordering(lambda expense: date.fromisoformat(expense.incurred_on), date)},
    filters={
        "category": Filter(lambda expense: expense.category, folded=True),
        "event_id": Filter(lambda expense: expense.event_id),
    },
    indexes=(("category",), ("event_id",)),
    texts=lambda expense: (expense.description, expense.category),
    columns=("description", "receipt_url", "created_by", "created_at"),
    amounts=("amount",),
    has_people=False,
    only=lambda expense: expense.deleted_at is None,
)
DEPOSITS = ListOf(
    name="deposits",
    item=Deposit,
    id_name="deposit_id",
    orderings={"received_on": Ordering(lambda deposit: date.fromisoformat(deposit.received_on), date)},
    filters={"source": Filter(lambda deposit: deposit.source, folded=True)},
    indexes=(("source",),),
    texts=lambda deposit: (deposit.source, deposit.reference),
    columns=("reference", "created_by", "created_at"),
    amounts=("amount",),
    has_people=False,
    only=lambda deposit: deposit.reversed_at is None,
)
WITHDRAWALS = ListOf(
    name="profit_withdrawals",
    item=Withdrawal,
    id_name="withdrawal_id",
    orderings={"created_at": Ordering(lambda withdrawal: withdrawal.created_at)},
    filters={
        "partner": Filter(lambda withdrawal: withdrawal.partner, folded=True),
        # The second person looks for what waits.
        "status": Filter(lambda withdrawal: withdrawal.status, WithdrawalStatus),
    },
    indexes=(("partner",), ("status",)),
    texts=lambda withdrawal: (withdrawal.partner,),
    columns=("asked_by", "decided_by", "decided_at"),
    amounts=("amount",),
    has_people=False,
)
