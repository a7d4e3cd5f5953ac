"""Bugs of payouts: books that close twice, too early or incomplete, money that is split wrongly or shown to others."""

from tests.mutants.seeded.mutant import Mutant

_SETTLEMENTS = "chalicelib/domain/payouts/settlements.py"
_SALES = "chalicelib/domain/sale/sales_totals.py"
_DOOR = "tests/portals/organizer/test_payouts.py"
_CROWD = "tests/faults/test_payouts.py"
_PAYING = "chalicelib/domain/payouts/paying.py"
_DEBTS = "chalicelib/domain/ledger/debts.py"
_OWED = "tests/portals/admin/test_debts.py"
_TO_BANKS = "tests/workers/test_stripe_payouts.py"

MUTANTS = (
    Mutant(
        name="books-closed-twice",
        bug="of many who close an event at once, several do",
        file=_SETTLEMENTS,
        before="operations.put(settlement, Settlement.pk.does_not_exist()),",
        after="operations.put(settlement),",
        tests=(_CROWD,),
    ),
    Mutant(
        name="books-closed-before-all-is-counted",
        bug="a sale and a refund of it that wait for the stream are missing in a payout",
        file=_SETTLEMENTS,
        before="(counts.sold + counts.returned, counts.returned) != (sums.tickets, sums.refunded_tickets)",
        after="counts.sold != sums.tickets - sums.refunded_tickets",
        tests=(_DOOR,),
    ),
    Mutant(
        name="books-closed-while-tickets-are-paid-for",
        bug="what is being paid for at that moment is missing in a payout",
        file=_SETTLEMENTS,
        before="        if counts.reserved:\n",
        after="        if counts.reserved < 0:\n",
        tests=(_DOOR,),
    ),
    Mutant(
        name="paid-out-to-whom-it-was",
        bug="an event that changes hands while its books close is paid out to its last organizer",
        file=_SETTLEMENTS,
        before="        operations.check(keys.events.event(event_id), _is_as_read(event)),\n",
        after="",
        tests=(_DOOR,),
    ),
    Mutant(
        name="payout-number-given-to-nobody",
        bug="the series of payouts' invoices has gaps",
        file=_SETTLEMENTS,
        before="InvoiceSeries.last.set(last + 1)",
        after="InvoiceSeries.last.set(last + 2)",
        tests=(_CROWD,),
    ),
    Mutant(
        name="payout-moves-no-money",
        bug="a payout is on its way and the ledger knows nothing of it",
        file=_SETTLEMENTS,
        before="        *_booked(settlement, lost=taken.lost, by_debt=by_debt),\n",
        after="",
        tests=(_DOOR,),
    ),
    Mutant(
        name="refunds-fee-kept",
        bug="the platform keeps its fee of what was given back",
        file=_SALES,
        before=", fees=-trade.fee)",
        after=")",
        tests=(_DOOR,),
    ),
    Mutant(
        name="fee-given-back-at-todays-rate",
        bug="a whole refund leaves money behind once the fee has changed",
        file="chalicelib/domain/payments/approved_refunds.py",
        before="        money.portion(order.fee, part=refunded, whole=payment.amount)\n",
        after="        ledger.fee_of(refunded)\n",
        tests=(_DOOR,),
    ),
    Mutant(
        name="anothers-payout-shown",
        bug="an organizer sees another's payout and invoice",
        file="chalicelib/domain/payouts/payouts.py",
        before="    if payout is None or payout.organizer_id != organizer_id:",
        after="    if payout is None:",
        tests=("tests/portals/organizer/test_isolation.py",),
    ),
    # Debts
    Mutant(
        name="debt-deducted-twice",
        bug="two settlements of an organizer at once both deduct the same debt",
        file=_DEBTS,
        before="    return [operations.change(place, actions, as_read)]\n",
        after="    return [operations.change(place, actions)]\n",
        tests=(_CROWD,),
    ),
    Mutant(
        name="debt-larger-than-a-payout",
        bug="a debt that is larger than a payout makes it negative",
        file=_DEBTS,
        before="    less = min(debt.owed, net)\n",
        after="    less = debt.owed\n",
        tests=(_OWED,),
    ),
    Mutant(
        name="payout-that-no-bank-takes",
        bug="a payout keeps digits that the provider refuses for ever",
        file=_DEBTS,
        before="    return less + money.unpayable(Money(net - less, debt.currency))\n",
        after="    return less + 0 * money.unpayable(Money(net - less, debt.currency))\n",
        tests=(f"{_TO_BANKS}::test_what_no_bank_can_be_sent_stays_the_organizers_and_raises_the_next_payout",),
    ),
    Mutant(
        name="loss-charged-twice",
        bug="what a settlement deducted is owed as well",
        file=_SETTLEMENTS,
        before="        taken.charging,\n",
        after="",
        tests=(_OWED,),
    ),
    Mutant(
        name="loss-after-the-settlement-not-owed",
        bug="the platform bears what is lost after a settlement",
        file="chalicelib/domain/payments/returns.py",
        before="    if beyond and payment.event_id is not None:\n",
        after="    if beyond and payment.event_id is None:\n",
        tests=(_OWED,),
    ),
    Mutant(
        name="payout-in-place-of-another-takes-no-debt",
        bug="a payout that replaces a cancelled one lowers the debt and takes nothing out of the organizer's account",
        file="chalicelib/domain/payouts/staff_payouts.py",
        before=(
            "                Posting(account_names.payable(made.organizer_id), -less),\n"
            "                Posting(account_names.owed(made.organizer_id), less),\n"
        ),
        after="",
        tests=(_OWED,),
    ),
    Mutant(
        name="bounced-payout-stays-paid",
        bug="a payout that comes back after it was paid is still shown as paid, and nobody is owed its money",
        file=_PAYING,
        before="    if sent is None or sent.status is not TransferStatus.FAILED:\n",
        after="    if sent is not None:\n",
        tests=("tests/workers/test_payouts.py",),
    ),
    Mutant(
        name="payout-key-of-the-first-attempt",
        bug="a callback about an earlier attempt of a payout has the present one looked at",
        file="chalicelib/domain/payments/reconciliation.py",
        before="sent & this_one))",
        after="sent))",
        tests=("tests/workers/test_payouts.py",),
    ),
)
