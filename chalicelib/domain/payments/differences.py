"""Differences between a provider and the books, as staff see them: found by the day's comparison, or in a callback."""

from collections.abc import Iterable

from chalicelib import clock
from chalicelib.clients.providers import MoneyKind, Move, MoveWord
from chalicelib.domain.money import Money
from chalicelib.domain.payments.comparisons import Mismatch
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Difference, Payment
from chalicelib.vocabulary.payments import DifferenceKind, DifferenceState

_OWNER = "finance"
_LONGEST_REFERENCE = 255
# A refund that failed, and a dispute that is over without a charge-back.
_WITHOUT_MONEY = frozenset((MoveWord.FAILED, MoveWord.WON))


def store_unbooked(payment: Payment, moves: Iterable[Move]) -> None:
    """Store what a provider has moved of a payment and the books cannot take; idempotent.

    A move is stored under the day on which its provider made it: a callback about it may come again on any other day,
    and the comparison of that day finds it too.
    """
    currency = payment.taken_currency or payment.currency
    for move in moves:
        if not _WITHOUT_MONEY.isdisjoint(move.words):
            continue
        theirs, name = Money(move.amount, move.currency), move.reference[:_LONGEST_REFERENCE]
        is_same = move.currency == currency
        kind, ours = (DifferenceKind.MISSING, None) if is_same else (DifferenceKind.OTHER_CURRENCY, Money(0, currency))
        day = move.made_on or clock.now().date()
        found = Mismatch(kind, name, payment.payment_id, theirs, ours, MoneyKind(move.kind))
        store(day.isoformat(), found)


def store(day: str, found: Mismatch) -> None:
    """Store a difference that was found; one that is known on that day stays as it is."""
    name = f"{found.kind}-{found.reference}"
    theirs, ours = found.at_provider, found.in_journal
    difference = Difference(
        *keys.reconciliation.difference(day, name),
        difference_id=name,
        date=day,
        kind_of=found.kind,
        money=found.money,
        state=DifferenceState.OPEN,
        owner=_OWNER,
        reference=found.reference,
        payment_id=found.payment_id,
        provider_amount=theirs.minor if theirs else None,
        provider_currency=theirs.currency if theirs else None,
        journal_amount=ours.minor if ours else None,
        journal_currency=ours.currency if ours else None,
        found_at=clock.now(),
    )
    try:
        operations.record(operations.put(difference, Difference.pk.does_not_exist()))
    except operations.ConditionFailed:
        return  # a run that was interrupted found it
    # An alarm counts these lines.
    logger.error("provider and journal differ", extra={"date": day, "what": found.kind, "reference": found.reference})
