"""Random histories of the company's money, with faults: every account sums to zero, and figures equal the journal."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import clock
from chalicelib.domain.background.changes import Change
from chalicelib.domain.finance import company, deposits, expenses, profits
from chalicelib.domain.finance.deposits import DepositAsk
from chalicelib.domain.finance.expenses import ExpenseInput
from chalicelib.domain.finance.profits import Share
from chalicelib.domain.ledger import account_totals
from chalicelib.domain.money import AmountInput
from chalicelib.domain.payouts import paying, staff_payouts
from chalicelib.errors import Refusal
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Journal, Payout
from chalicelib.vocabulary.payouts import PayoutAction, WithdrawalDecision
from tests.support import books, mixed_sales, paid_out, payers
from tests.support.explore import explore
from tests.support.factories import make_organizer
from tests.support.meanwhile import failing
from tests.support.sizes import size_of

pytestmark = pytest.mark.usefixtures("moto_cloud")
HISTORIES = size_of("COMPANY_HISTORIES", small=2, full=300)
FIGURES = (
    *("ticket_revenue", "card_fees", "platform_fees", "refunds"),
    *("expenses", "losses", "payouts", "deposits", "withdrawals"),
)


class Company:
    """What a history acts on. Each operation may meet a fault of the table, and may be repeated."""

    def __init__(self, draw: random.Random) -> None:
        self.draw, self.organizer = draw, paid_out.make_payee()
        self.expenses: list[str] = []
        self.payouts: list[str] = []
        self.withdrawals: list[str] = []

    def amount(self) -> AmountInput:
        minor = self.draw.randint(1, 50_000)
        return AmountInput(f"{minor // 100}.{minor % 100:02d}")

    def sell(self) -> None:
        mixed_sales.make(make_organizer(), orders=3, seed=self.draw.randrange(10**6))

    def spend(self) -> None:
        entered = ExpenseInput("Rent", self.amount(), "Office", clock.now().date())
        operation_id = new_id("op")
        for _ in range(2):
            made = expenses.create(entered, by="adm_1", operation_id=operation_id)
        self.expenses.append(made.expense_id)

    def change(self) -> None:
        if self.expenses:
            expenses.change(self.draw.choice(self.expenses), {"amount": self.amount()}, version=None)

    def delete(self) -> None:
        if self.expenses:
            expenses.delete(self.draw.choice(self.expenses))

    def receive(self) -> None:
        entered = DepositAsk(self.amount(), "Partner", clock.now().date(), "T 1")
        deposits.ask(entered, by="adm_1", operation_id=new_id("op"))

    def withdraw(self) -> None:
        made = profits.withdraw("Ayesha", self.amount(), by="adm_1", operation_id=new_id("op"))
        self.withdrawals.append(made.withdrawal_id)

    def decide(self) -> None:
        if self.withdrawals:
            decision = self.draw.choice(list(WithdrawalDecision))
            profits.decide(self.draw.choice(self.withdrawals), decision, by="adm_2")

    def owe(self) -> None:
        payout = paid_out.put_settled(self.organizer.account_id, asked_by="adm_1")
        in_sweep = Payout.due_at(keys.jobs.due(clock.now(), payout.payout_id))
        operations.record(operations.change(payout.place, in_sweep))
        self.payouts.append(payout.payout_id)

    def pay(self) -> None:
        for payout_id in self.payouts:
            paying.take_due(payout_id)
            paying.pay(payout_id)

    def act(self) -> None:
        if self.payouts:
            staff_payouts.act(self.draw.choice(self.payouts), self.draw.choice(list(PayoutAction)), by="adm_2")

    @property
    def operations(self) -> list[Callable[[], None]]:
        return [
            *(self.sell, self.spend, self.change, self.delete, self.receive),
            *(self.withdraw, self.decide, self.owe, self.pay, self.act),
        ]


def project(draw: random.Random) -> None:
    """Pass new journals to the ledger's follower and some of the others again, as a stream that repeats records."""
    changes = []
    for place, raw in enumerate(payers.all_raws("journal")):
        journal = Journal.from_raw_data(raw)
        if journal.counted and draw.random() < 0.9:
            continue
        journal.counted = None
        changes.append(Change(str(place), None, journal))
    account_totals.follow(changes)


@explore(most=HISTORIES, fewest=HISTORIES)
@given(seed=st.integers(0, 2**32))
def test_after_any_history_with_faults_every_account_sums_to_zero_and_figures_are_the_journals(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311  # a test's history
    profits.set_shares([Share("Ayesha", profits.WHOLE)], valid_from=clock.now().date(), by="adm_1")
    here = Company(draw)
    for _ in range(12):
        act = draw.choice(here.operations)
        try:
            if draw.random() < 0.2 and act != here.sell:
                with failing("TransactWriteItems", required=False):
                    act()
            else:
                act()
        except Refusal:
            continue  # refused, or lost
        if draw.random() < 0.5:
            project(draw)
    project(draw)
    today = clock.now().date()
    found = company.days(today, today)[today.isoformat()]
    true = books.figures(date_from=today.isoformat(), date_to=today.isoformat())
    assert {name: found[name] for name in FIGURES} == {name: true[name] for name in FIGURES}
    assert sum(payers.balances().values()) == 0
