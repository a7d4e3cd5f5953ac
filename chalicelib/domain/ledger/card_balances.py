"""A card's balance: the amount that its holder can spend.

It is guarded by conditions and changes in the same transaction as the card's entries, each of which has a line.
"""

from collections.abc import Mapping, Sequence

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.config import config
from chalicelib.domain.ledger.postings import Posting
from chalicelib.domain.money import Money
from chalicelib.errors import InsufficientBalance, InvalidState
from chalicelib.identifiers import entry_id_of
from chalicelib.table import keys, operations
from chalicelib.table.items import CardBalance, CardEntry, Journal
from chalicelib.vocabulary.cards import EntryType


def of(uid: str) -> CardBalance:
    """Return a card's current balance (consistent read), zero if nothing was ever booked."""
    found = operations.get(keys.money.card_balance(uid))
    return found or no_balance(uid)


def no_balance(uid: str) -> CardBalance:
    """Return the zero balance of a card without bookings, not stored."""
    return CardBalance(*keys.money.card_balance(uid), uid=uid, currency=config().currency, amount=0, entries=0)


def freeze(uid: str, *, is_frozen: bool) -> operations.Write:
    """Return the write that blocks or unblocks payments of a card, for the transaction of its new status."""
    return operations.change(
        keys.money.card_balance(uid),
        [
            CardBalance.kind.set(CardBalance),
            CardBalance.uid.set(uid),
            CardBalance.currency.set(CardBalance.currency | config().currency),
            CardBalance.amount.set(CardBalance.amount | 0),
            CardBalance.entries.set(CardBalance.entries | 0),
            CardBalance.frozen.set(True) if is_frozen else CardBalance.frozen.remove(),
        ],
    )


def as_read(balance: CardBalance) -> Condition:
    """Return the condition that nothing was booked on a card's balance since it was read."""
    if balance.entries:
        same: Condition = (CardBalance.entries == balance.entries) & (CardBalance.amount == balance.amount)
        return same
    untouched: Condition = CardBalance.entries.does_not_exist() | (CardBalance.entries == 0)
    return untouched


def book(
    before: CardBalance, entry: Posting, *, entry_type: EntryType, journal: Journal, also: Sequence[Action]
) -> list[operations.Write]:
    """Return the write of a card's balance and that of its line.

    Raises InsufficientBalance, InvalidState (a purchase with a card that is not active, or another currency).
    """
    if before.currency != journal.currency:
        raise InvalidState(f"The card's balance is in {before.currency}, this is in {journal.currency}.")
    if entry_type is EntryType.PURCHASE and before.frozen:
        raise InvalidState("This card is not active: nothing can be paid with it.")
    after, number = before.amount + entry.amount, before.entries + 1
    if after < 0:
        held = Money(before.amount, before.currency)
        raise InsufficientBalance(f"The card holds {held.amount} {held.currency}, which is too little.")
    line = CardEntry(
        *keys.money.card_entry(before.uid, number),
        entry_id=entry_id_of(before.uid, number, at=journal.posted_at),
        uid=before.uid,
        number=number,
        type=entry_type,
        amount=entry.amount,
        balance_after=after,
        currency=journal.currency,
        journal_id=journal.journal_id,
        reference=entry.reference or _reference(journal.references),
        created_at=journal.posted_at,
    )
    actions = [
        CardBalance.kind.set(CardBalance),
        CardBalance.uid.set(before.uid),
        CardBalance.currency.set(before.currency),
        CardBalance.amount.set(after),
        CardBalance.entries.set(number),
        *also,
    ]
    if _crosses(before, after, entry_type=entry_type):
        actions.append(CardBalance.crossed_at_entry.set(number))
    return [
        operations.change(keys.money.card_balance(before.uid), actions, _is_as_seen(before, entry_type=entry_type)),
        operations.put(line, CardEntry.pk.does_not_exist()),
    ]


def _crosses(before: CardBalance, after: int, *, entry_type: EntryType) -> bool:
    """Return whether a purchase reduces the balance below the threshold of its automatic reload."""
    return (
        entry_type is EntryType.PURCHASE
        and before.auto_enabled
        and before.auto_threshold is not None
        and before.amount >= before.auto_threshold > after
    )


def _is_as_seen(before: CardBalance, *, entry_type: EntryType) -> Condition:
    """Return the condition that neither the balance nor the settings of a booking have changed."""
    same = as_read(before)
    if entry_type is not EntryType.PURCHASE:
        return same
    # A purchase must not miss a threshold that was changed concurrently.
    settings: Condition = CardBalance.auto_enabled == before.auto_enabled
    if before.auto_enabled:
        settings = settings & (CardBalance.auto_threshold == before.auto_threshold)
    else:
        settings = settings | CardBalance.auto_enabled.does_not_exist()
    conditions: Condition = same & CardBalance.frozen.does_not_exist() & settings
    return conditions


def _reference(references: Mapping[str, str]) -> str | None:
    """Return the reference of a movement that a customer recognizes."""
    return next((references[name] for name in ("order_id", "payment_id") if references.get(name)), None)
