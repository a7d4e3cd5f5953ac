"""The ledger: every movement of money is a journal whose entries sum to zero, and is only ever added (D-PAY-02).

An account's balance is the sum of its entries. A card's balance is what its holder may spend. It is guarded by
conditions and changes in the same transaction as its entries. All other accounts (what a provider holds for us,
sales, fees) are summed by the stream worker, in shards, because every sale moves the same few of them.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pynamodb.expressions.condition import Condition

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.config import config
from chalicelib.domain import money
from chalicelib.domain.changes import Change
from chalicelib.domain.money import Money
from chalicelib.errors import InsufficientBalance, InvalidState
from chalicelib.identifiers import entry_id_of
from chalicelib.table import keys, operations
from chalicelib.table.items import AccountTotal, CardBalance, CardEntry, Journal
from chalicelib.table.places import Place
from chalicelib.vocabulary import EntryType, Fact

FEES = "fees"
# What new cards cost their holders.
CARD_FEES = "card_fees"
_CARD = "card:"
# Every payment moves the fees and a provider's account, and one partition takes 1,000 writes a second.
TOTAL_SHARDS = 8
_JOURNALS_PER_TRANSACTION = 45


@dataclass(frozen=True, slots=True)
class Posting:
    """An amount in minor units, signed, on one account.

    `type` and `reference` are a card's line's own, where the journal's other lines say something else.
    """

    account: str
    amount: int
    type: EntryType | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that moves in one journal; its entries sum to zero.

    `journal_id` is made from what the movement is for, so that a repeat meets the first at position 0.
    """

    journal_id: str
    type: str
    currency: str
    entries: Sequence[Posting]
    references: Mapping[str, str]


def card(uid: str) -> str:
    """Return the account of a card: what its holder may spend."""
    return f"{_CARD}{uid}"


def clearing(provider: str) -> str:
    """Return the account of a payment provider: it goes below zero by what they hold for us."""
    return f"clearing:{provider}"


def sales(event_id: str) -> str:
    """Return the account of an event's sales: what its organizer is owed."""
    return f"sales:{event_id}"


def merchant(merchant_id: str) -> str:
    """Return the account of a merchant: it goes below zero by what they collected for us."""
    return f"merchant:{merchant_id}"


def payable(organizer_id: str) -> str:
    """Return the account of what is on its way to an organizer."""
    return f"payable:{organizer_id}"


def fee_of(amount: int) -> int:
    """Return the platform's fee of a sale: a share of it (`FEE_BASIS_POINTS`), in minor units."""
    return money.share(amount, basis_points=config().fee_basis_points)


def sale_entries(source_account: str, *, event_id: str, amount: int) -> list[Posting]:
    """Return the entries of a sale, with the platform's fee of it."""
    fee = fee_of(amount)
    entries = [Posting(source_account, -amount), Posting(sales(event_id), amount - fee), Posting(FEES, fee)]
    return [entry for entry in entries if entry.amount]


def refund_entries(target_account: str, *, event_id: str, amount: int, fee: int) -> list[Posting]:
    """Return the entries that give a sale back, or a part of it, with so much of the fee that was taken of it."""
    entries = [Posting(target_account, amount), Posting(sales(event_id), fee - amount), Posting(FEES, -fee)]
    return [entry for entry in entries if entry.amount]


def balance(uid: str) -> CardBalance:
    """Return a card's balance as it is now (a consistent read); one of zero where nothing was ever booked."""
    found = operations.get(keys.money.card_balance(uid))
    return found or no_balance(uid)


def no_balance(uid: str) -> CardBalance:
    """Return the balance of a card that nothing was ever booked on; it is not stored."""
    return CardBalance(*keys.money.card_balance(uid), uid=uid, currency=config().currency, amount=0, entries=0)


def freeze(uid: str, *, is_frozen: bool) -> operations.Write:
    """Return the write that keeps a card from paying, or lets it pay again; it goes with the card's new status."""
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


def post(
    movement: Movement, *, balances: Sequence[CardBalance] = (), card_entry_type: EntryType | None = None
) -> list[operations.Write]:
    """Return the writes that book a movement once for ever: the journal first, then two for each card's entry.

    `balances` are the cards' balances as they were read; where one has changed since, its write fails, and the
    caller reads again. Raises InsufficientBalance, InvalidState (a purchase with a card that is not active, or
    in another currency than the card's).
    """
    journal = _journal(movement)
    writes = [operations.put(journal, Journal.pk.does_not_exist())]
    seen = {card(balance.uid): balance for balance in balances}
    on_cards = [entry for entry in movement.entries if entry.account.startswith(_CARD)]
    if len({entry.account for entry in on_cards}) != len(on_cards):
        raise ValueError(f"journal {movement.journal_id} has two entries on one card")
    for entry in on_cards:
        before = seen.get(entry.account)
        entry_type = entry.type or card_entry_type
        if before is None or entry_type is None:
            raise ValueError(f"journal {movement.journal_id} needs the balance and the type of every card's entry")
        writes += _book(before, entry, entry_type=entry_type, journal=journal)
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
        posted_at=clock.now(),
    )


def _book(before: CardBalance, entry: Posting, *, entry_type: EntryType, journal: Journal) -> list[operations.Write]:
    """Return the change of a card's balance and the line that says why."""
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
    ]
    if _crosses(before, after, entry_type=entry_type):
        actions.append(CardBalance.crossed_at_entry.set(number))
    return [
        operations.change(keys.money.card_balance(before.uid), actions, _is_as_seen(before, entry_type=entry_type)),
        operations.put(line, CardEntry.pk.does_not_exist()),
    ]


def _reference(references: Mapping[str, str]) -> str | None:
    """Return what a customer would know the movement by."""
    return next((references[name] for name in ("order_id", "payment_id") if references.get(name)), None)


def _crosses(before: CardBalance, after: int, *, entry_type: EntryType) -> bool:
    """Tell whether a purchase takes the balance under the threshold of its automatic reload."""
    return (
        entry_type is EntryType.PURCHASE
        and before.auto_enabled
        and before.auto_threshold is not None
        and before.amount >= before.auto_threshold > after
    )


def _is_as_seen(before: CardBalance, *, entry_type: EntryType) -> Condition:
    """Return the condition that nothing was booked since, nor anything changed that the booking rests on."""
    if before.entries:
        same: Condition = (CardBalance.entries == before.entries) & (CardBalance.amount == before.amount)
    else:
        same = CardBalance.entries.does_not_exist() | (CardBalance.entries == 0)
    if entry_type is not EntryType.PURCHASE:
        return same
    # A purchase must not miss a threshold that was set or moved since.
    settings: Condition = CardBalance.auto_enabled == before.auto_enabled
    if before.auto_enabled:
        settings = settings & (CardBalance.auto_threshold == before.auto_threshold)
    else:
        settings = settings | CardBalance.auto_enabled.does_not_exist()
    conditions: Condition = same & CardBalance.frozen.does_not_exist() & settings
    return conditions


def total(account: str, currency: str, *, consistent: bool = False) -> Money:
    """Return the sum of all entries of an account that is no card's, as far as the stream has come."""
    shards = [keys.money.account_total(account, shard, currency) for shard in range(TOTAL_SHARDS)]
    found = operations.get_many(shards, consistent=consistent)
    return Money(sum(shard.amount for shard in found.values()), currency)


def follow(changes: Sequence[Change]) -> list[Published]:
    """Count new journals into their accounts' totals, each once, and tell of cards that crossed their threshold."""
    journals: dict[str, Journal] = {}
    facts: list[Published] = []
    for change in changes:
        before, after = change.before, change.after
        if isinstance(after, Journal) and before is None and not after.counted:
            journals[after.journal_id] = after
        elif isinstance(after, CardBalance):
            facts += _low_balance(before if isinstance(before, CardBalance) else None, after)
    for batch in _batches(list(journals.values())):
        _count(batch)
    return facts


def _low_balance(before: CardBalance | None, after: CardBalance) -> list[Published]:
    crossed = after.crossed_at_entry
    if crossed is None or (before is not None and before.crossed_at_entry == crossed):
        return []
    return [
        Published(
            fact=Fact.CARD_BALANCE_LOW,
            fact_id=f"{after.uid}/{crossed}",
            occurred_at=clock.now(),
            ids={"card_uid": after.uid, "entry": crossed},
        )
    ]


def _shard(journal_id: str) -> int:
    return hashlib.sha256(journal_id.encode()).digest()[0] % TOTAL_SHARDS


def _sums(journals: Sequence[Journal]) -> Counter[Place[AccountTotal]]:
    """Return what journals add to their accounts' totals; cards have balances of their own."""
    sums: Counter[Place[AccountTotal]] = Counter()
    for journal in journals:
        for entry in journal.entries:
            if not entry["account"].startswith(_CARD):
                place = keys.money.account_total(entry["account"], _shard(journal.journal_id), journal.currency)
                sums[place] += int(entry["amount"])
    return sums


def _batches(journals: Sequence[Journal]) -> Iterator[list[Journal]]:
    """Cut journals into what one transaction takes, each batch within one shard."""
    batch: list[Journal] = []
    for journal in sorted(journals, key=lambda journal: _shard(journal.journal_id)):
        grown = [*batch, journal]
        another_shard = bool(batch) and _shard(batch[0].journal_id) != _shard(journal.journal_id)
        too_many = len(grown) > _JOURNALS_PER_TRANSACTION
        if batch and (another_shard or too_many or len(grown) + len(_sums(grown)) > operations.TRANSACTION_LIMIT):
            yield batch
            grown = [journal]
        batch = grown
    if batch:
        yield batch


def _count(journals: Sequence[Journal]) -> None:
    pending = list(journals)
    while pending:
        marks = [
            operations.change(
                keys.money.journal(journal.journal_id),
                [Journal.counted.set(True)],
                Journal.pk.exists() & Journal.counted.does_not_exist(),
            )
            for journal in pending
        ]
        try:
            operations.commit(*marks, *_additions(pending))
        except operations.ConditionFailed as failure:
            pending = [journal for place, journal in enumerate(pending) if place not in failure.failures]
        else:
            return


def _additions(journals: Sequence[Journal]) -> list[operations.Write]:
    accounts = {
        keys.money.account_total(entry["account"], _shard(journal.journal_id), journal.currency): (
            entry["account"],
            journal.currency,
        )
        for journal in journals
        for entry in journal.entries
    }
    return [
        operations.change(
            place,
            [
                AccountTotal.kind.set(AccountTotal),
                AccountTotal.account.set(accounts[place][0]),
                AccountTotal.currency.set(accounts[place][1]),
                AccountTotal.amount.add(amount),
            ],
        )
        for place, amount in _sums(journals).items()
    ]
