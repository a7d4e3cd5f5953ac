"""The reversal of a settlement whose event is cancelled afterwards, and whose money is given back (D-MONEY-09)."""

from pynamodb.expressions.condition import Condition

from chalicelib import clock
from chalicelib.domain.ledger import account_names, debts, journals
from chalicelib.domain.ledger.postings import Posting
from chalicelib.domain.payouts import payout_states, settlements
from chalicelib.table import keys, operations
from chalicelib.table.items import Payout, Settlement
from chalicelib.table.operations import Write
from chalicelib.vocabulary.payouts import PayoutStatus


def reversing(event_id: str) -> list[Write]:
    """Return the writes after which an organizer gets and owes nothing of an event; none while its books are open.

    The money of its cancelled payout is on the event's account again, where the refunds take it from. What that had
    deducted is owed again, and what was charged for charge-backs of the event is not.

    A payout of nothing is cancelled with it. Raises InvalidState where its payout sends money.
    """
    settlement = settlements.find(event_id)
    if settlement is None:
        return []
    settlements.unpaid(event_id)
    payout = payout_states.get(settlement.payout_id) if settlement.payout_id else None
    organizer_id, currency = settlement.organizer_id, settlement.currency
    payable = payout.net if payout is not None else 0
    charged = debts.collected(event_id, currency)
    later = charged.amount - _deducted(event_id)
    owed = settlement.net - payable - later
    entries = [
        Posting(account_names.sales(event_id), settlement.net - later),
        Posting(account_names.payable(organizer_id), -payable),
        Posting(account_names.owed(organizer_id), -owed),
    ]
    moved = [entry for entry in entries if entry.amount]
    movement = journals.Movement(
        f"jrn_settlement_reversed_{event_id}",
        # No trade of its own, as the settlement is none.
        type="settlement",
        currency=currency,
        entries=moved,
        references={"event_id": event_id, "organizer_id": organizer_id},
    )
    return [
        *(journals.post(movement) if moved else ()),
        operations.change(settlement.place, [Settlement.reversed_at.set(clock.now())], _as_read(settlement)),
        charged.unchanged,
        *debts.change(debts.of(organizer_id, currency), owed),
        *(_unpaid(payout) if payout is not None else ()),
    ]


def _as_read(settlement: Settlement) -> Condition:
    known = settlement.payout_id
    same = Settlement.payout_id.does_not_exist() if known is None else Settlement.payout_id == known
    once: Condition = same & Settlement.reversed_at.does_not_exist()
    return once


def _deducted(event_id: str) -> int:
    """Return what the settlement itself deducted for charge-backs of the event."""
    journal = operations.get(keys.money.journal(f"jrn_settlement_{event_id}"))
    account = account_names.chargebacks_settled(event_id)
    return sum(int(entry["amount"]) for entry in (journal.entries if journal else ()) if entry["account"] == account)


def _unpaid(payout: Payout) -> list[Write]:
    # Its organizer sees no payout of the event: none will come.
    cancelled = [
        *payout_states.entering(payout, PayoutStatus.CANCELLED),
        *Payout.in_gsi1(None),
        Payout.paid_at.remove(),
    ]
    return [
        settlements.pending(payout.organizer_id, -payout.net, payout.currency),
        payout_states.change(payout, cancelled),
    ]
