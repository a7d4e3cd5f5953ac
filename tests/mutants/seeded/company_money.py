"""Bugs of payouts to the bank and of the company's books: paid twice, approved alone, reversals that are left out."""

from tests.mutants.seeded.mutant import Mutant

_PAYING = "chalicelib/domain/payouts/paying.py"
_STAFF = "chalicelib/domain/payouts/staff_payouts.py"
_EXPENSES = "chalicelib/domain/finance/expenses.py"
_PROFITS = "chalicelib/domain/finance/profits.py"
_DAYS = "chalicelib/domain/ledger/company_days.py"
_LINES = "chalicelib/domain/payouts/event_lines.py"
_WORKER = "tests/workers/test_payouts.py"
_BOOKS = "tests/portals/admin/test_finances.py"
_SETTLED = "tests/portals/admin/test_settlements.py"

MUTANTS = (
    Mutant(
        name="payout-approved-alone",
        bug="who asks for a payout approves it as well",
        file=_STAFF,
        before='    second_person.require_other(asked_by=payout.asked_by or "", by=by)\n',
        after="",
        tests=(_WORKER,),
    ),
    Mutant(
        name="payout-with-a-key-of-its-own-each-time",
        bug="a lost answer of the bank pays again",
        file=_PAYING,
        before="key=_key(payout, payout.attempt or 1),",
        after='key=f"{payout.payout_id}/{clock.now().timestamp()}",',
        tests=(_WORKER,),
    ),
    Mutant(
        name="expense-changed-without-a-reversal",
        bug="a changed expense counts twice",
        file=_EXPENSES,
        before="acts.commit(*writes, *_booked(before, sign=-1), subject=subject)",
        after="acts.commit(*writes, subject=subject)",
        tests=(_BOOKS,),
    ),
    Mutant(
        name="closed-month-still-open",
        bug="an expense of a closed month is changed",
        file=_EXPENSES,
        before="    months.require_open(date.fromisoformat(before.incurred_on))\n    _require_bookable",
        after="    _require_bookable",
        tests=(_BOOKS,),
    ),
    Mutant(
        name="withdrawals-without-a-bound",
        bug="a partner withdraws more than the share",
        file=_PROFITS,
        before="operations.change(account, taken, within),",
        after="operations.change(account, taken),",
        tests=(_BOOKS,),
    ),
    Mutant(
        name="settlement-counted-as-trade",
        bug="the company's refunds include what its settlements move on",
        file=_DAYS,
        before="    if journal.type != _SETTLEMENT:\n",
        after="    if journal.entries:\n",
        tests=("tests/portals/admin/test_payout_journey.py",),
    ),
    Mutant(
        name="line-of-a-refund-without-its-fee",
        bug="a settlement's file does not add up to the settlement",
        file=_LINES,
        before="        platform_fee=of_fees or None,\n",
        after="        platform_fee=max(of_fees, 0) or None,\n",
        tests=(f"{_SETTLED}::test_a_file_names_every_order_refund_dispute_and_late_payment_once",),
    ),
    Mutant(
        name="withdrawal-by-earlier-shares",
        bug="a partner withdraws by shares that were set again at the same moment",
        file=_PROFITS,
        before="            share.unchanged,\n            *(() if waits",
        after="            *(() if waits",
        tests=(_BOOKS,),
    ),
    Mutant(
        name="losses-on-reloads-as-profit",
        bug="partners withdraw what disputed reloads took",
        file="chalicelib/domain/finance/company.py",
        before='("expenses", "losses")\n',
        after='("expenses",)\n',
        tests=(_BOOKS,),
    ),
)
