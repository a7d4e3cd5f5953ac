"""One movement of a provider's list against the books: how they differ, if they do."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from chalicelib.clients.providers import ListedMoney, MoneyKind, MoveWord, OutcomeStatus
from chalicelib.domain.ledger import account_names
from chalicelib.domain.money import Money
from chalicelib.table import keys, operations
from chalicelib.table.items import Journal, Payment, Payout
from chalicelib.vocabulary.payments import DifferenceKind


class Mismatch(Struct, frozen=True):
    """A difference that was found: `money` is its kind of movement, None for a journal without one."""

    kind: DifferenceKind
    reference: str
    payment_id: str | None
    at_provider: Money | None = None
    in_journal: Money | None = None
    money: MoneyKind | None = None


class Books(Struct, frozen=True):
    """What the books have of some movements, by payment or payout."""

    payments: Mapping[str, Payment] = field(default_factory=dict)
    charges: Mapping[str, Journal] = field(default_factory=dict)
    payouts: Mapping[str, Payout] = field(default_factory=dict)


def read(listed: Sequence[ListedMoney]) -> Books:
    """Return what the books have of these movements."""
    ids = {money.payment_id for money in listed if money.payment_id}
    sent = {money.reference.partition(".")[0] for money in listed if money.kind is MoneyKind.PAYOUT}
    payments = operations.get_many([keys.money.payment(payment_id) for payment_id in ids])
    journals = operations.get_many([keys.money.journal(f"jrn_charge_{payment_id}") for payment_id in ids])
    payouts = operations.get_many([keys.money.payout(payout_id) for payout_id in sent])
    return Books(
        {one.payment_id: one for one in payments.values()},
        {one.journal_id.removeprefix("jrn_charge_"): one for one in journals.values()},
        {one.payout_id: one for one in payouts.values()},
    )


def compared(money: ListedMoney, provider: str, books: Books) -> Mismatch | None:
    """Return how a movement at the provider differs from the books, or None."""
    theirs = Money(money.amount, money.currency)
    payment = books.payments.get(money.payment_id or "")
    is_charge = money.kind is MoneyKind.CHARGE
    if is_charge and payment is not None and payment.provider_reference not in (None, money.reference):
        is_failed = money.status is not OutcomeStatus.SUCCEEDED
        return None if is_failed else _mismatch(money, DifferenceKind.TWICE, None)
    match money.kind:
        case MoneyKind.CHARGE:
            journal = books.charges.get(money.payment_id or "")
            ours, status = (_cleared(journal, provider) if journal else None), OutcomeStatus.SUCCEEDED
        case MoneyKind.PAYOUT:
            ours, status = _payout(money, books.payouts.get(money.reference.partition(".")[0]))
        case _:
            ours, status = _move(money, payment)
    kind = _kind(theirs, ours, is_void=money.status is OutcomeStatus.FAILED, is_same=money.status is status)
    return _mismatch(money, kind, ours) if kind else None


def _mismatch(money: ListedMoney, kind: DifferenceKind, ours: Money | None) -> Mismatch:
    theirs = Money(money.amount, money.currency)
    return Mismatch(kind, money.reference, money.payment_id, theirs, ours, money.kind)


def _kind(theirs: Money, ours: Money | None, *, is_void: bool, is_same: bool) -> DifferenceKind | None:
    if ours is None:
        return None if is_void else DifferenceKind.MISSING
    if not is_same:
        return DifferenceKind.OTHER_STATUS
    if theirs.currency != ours.currency:
        return DifferenceKind.OTHER_CURRENCY
    return DifferenceKind.OTHER_AMOUNT if theirs != ours else None


def _cleared(journal: Journal, provider: str) -> Money:
    account = account_names.clearing(provider)
    booked = sum(int(entry["amount"]) for entry in journal.entries if entry["account"] == account)
    return Money(-booked, journal.currency)


def _move(money: ListedMoney, payment: Payment | None) -> tuple[Money | None, OutcomeStatus]:
    """Return what a payment has of a refund or a dispute, and what became of it."""
    move: Mapping[str, Any] | None = (payment.moves or {}).get(money.reference) if payment is not None else None
    if payment is None or move is None:
        ours = (payment.taken_currency or payment.currency) if payment is not None else money.currency
        if ours != money.currency and money.status is not OutcomeStatus.FAILED:
            return Money(0, ours), money.status  # the books cannot have it (D-PAY-21)
        return None, OutcomeStatus.SUCCEEDED
    words = move["words"]
    if money.kind is MoneyKind.REFUND:
        status = OutcomeStatus.FAILED if MoveWord.FAILED in words else OutcomeStatus.SUCCEEDED
    elif MoveWord.WON in words:
        status = OutcomeStatus.FAILED
    else:
        status = OutcomeStatus.SUCCEEDED if MoveWord.LOST in words else OutcomeStatus.PENDING
    return Money(int(move["amount"]), payment.taken_currency or payment.currency), status


def _payout(money: ListedMoney, payout: Payout | None) -> tuple[Money | None, OutcomeStatus]:
    """Return what the books have of one attempt of a payout, and what became of it."""
    attempt = money.reference.partition(".")[2]
    number = int(attempt) if attempt.isdecimal() else 1
    if payout is None or number > (payout.attempt or 1):
        return None, OutcomeStatus.SUCCEEDED
    ours = Money(payout.net, payout.currency)
    if number < (payout.attempt or 1):
        return ours, OutcomeStatus.FAILED  # another attempt only follows one that failed
    if payout.accepted_at is None and payout.failure_reason is None:
        return None, OutcomeStatus.SUCCEEDED
    return ours, OutcomeStatus.SUCCEEDED if payout.accepted_at is not None else OutcomeStatus.FAILED
