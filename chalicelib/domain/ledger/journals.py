"""Journals: a movement of money is booked once, in the transaction of the deed that moves it."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.ledger import account_names, card_balances
from chalicelib.domain.ledger.postings import Posting
from chalicelib.table import keys, operations
from chalicelib.table.items import CardBalance, Journal
from chalicelib.vocabulary.cards import EntryType


class Movement(Struct, frozen=True):
    """A movement of money in one journal. Its entries sum to zero.

    `journal_id` is derived from the purpose of the movement, so a repeat fails at position 0 (idempotent).
    """

    journal_id: str
    type: str
    currency: str
    entries: Sequence[Posting]
    references: Mapping[str, str]
    # The day that it is booked for (ISO 8601), if not today.
    booked_on: str | None = None


def post(
    movement: Movement,
    *,
    balances: Sequence[CardBalance] = (),
    card_entry_type: EntryType | None = None,
    settings: Mapping[str, Sequence[Action]] | None = None,
) -> list[operations.Write]:
    """Return the writes that book a movement exactly once: the journal first, then two per card entry.

    `balances` are the cards' balances from the caller's read. If one has changed, its write fails (optimistic lock)
    and the caller retries. `settings` are further changes of a card's balance, by UID. Raises InsufficientBalance,
    InvalidState (a purchase with a card that is not active, or in another currency than the card's).
    """
    journal = _journal(movement)
    writes = [operations.put(journal, Journal.pk.does_not_exist())]
    seen = {account_names.card(balance.uid): balance for balance in balances}
    on_cards = [entry for entry in movement.entries if account_names.is_card(entry.account)]
    if len({entry.account for entry in on_cards}) != len(on_cards):
        raise ValueError(f"journal {movement.journal_id} has two entries on one card")
    for entry in on_cards:
        before = seen.get(entry.account)
        entry_type = entry.type or card_entry_type
        if before is None or entry_type is None:
            raise ValueError(f"journal {movement.journal_id} needs the balance and the type of every card's entry")
        also = (settings or {}).get(before.uid, ())
        writes += card_balances.book(before, entry, entry_type=entry_type, journal=journal, also=also)
    return writes


def _journal(movement: Movement) -> Journal:
    if sum(entry.amount for entry in movement.entries) != 0:
        raise ValueError(f"the entries of journal {movement.journal_id} do not sum to zero")
    return Journal(
        *keys.money.journal(movement.journal_id),
        journal_id=movement.journal_id,
        type=movement.type,
        currency=movement.currency,
        entries=[{"account": entry.account, "amount": entry.amount} for entry in movement.entries],
        references=dict(movement.references),
        booked_on=movement.booked_on,
        posted_at=clock.now(),
    )
