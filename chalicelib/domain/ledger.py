"""The ledger: every movement of money is an append-only journal whose entries sum to zero (D-PAY-02).

An account's balance is the sum of its entries. A card's balance is the amount that its holder can spend. It is guarded
by conditions and changes in the same transaction as its entries. The stream worker sums all other accounts (provider
clearing, sales, fees). Those totals are sharded, because every sale changes the same few accounts.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.config import config
from chalicelib.domain import company_days, money
from chalicelib.domain.background.changes import Change, Wanted, every, follows
from chalicelib.domain.money import Money
from chalicelib.errors import InsufficientBalance, InvalidState
from chalicelib.identifiers import entry_id_of
from chalicelib.observability import count, logger
from chalicelib.table import keys, operations
from chalicelib.table.items import AccountTotal, CardBalance, CardEntry, Journal
from chalicelib.table.places import Place
from chalicelib.vocabulary.cards import EntryType
from chalicelib.vocabulary.messages import Fact

FEES = "fees"
# Account of the fees for new cards.
CARD_FEES = "card_fees"
# Account of charges that must be refunded.
REFUNDS_DUE = "refunds_due"
# Account of money that is owed to customers, and that no card holds any more.
UNCLAIMED = "unclaimed"
_CARD = "card:"
IMBALANCE = "ledger imbalance"
# Every payment changes the fees and a provider's account; a partition takes 1,000 writes a second (AWS).
TOTAL_SHARDS = 8
_JOURNALS_PER_TRANSACTION = 45


@dataclass(frozen=True, slots=True)
class Posting:
    """An amount in minor units, signed, on one account.

    `type` and `reference` override those of the journal for the line of a card.
    """

    account: str
    amount: int
    type: EntryType | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Movement:
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


def card(uid: str) -> str:
    """Return the account of a card: the amount that its holder can spend."""
    return f"{_CARD}{uid}"


def clearing(provider: str) -> str:
    """Return the account of a payment provider: negative by the amount that the provider holds for us."""
    return f"clearing:{provider}"


def sales(event_id: str) -> str:
    """Return the account of an event's sales: the amount owed to its organizer."""
    return f"sales:{event_id}"


def chargebacks(event_id: str | None) -> str:
    """Return the account of money that a provider took back without our decision: negative, for an event or a card."""
    return f"chargebacks:{event_id or 'cards'}"


def chargebacks_settled(event_id: str) -> str:
    """Return the account of what a settlement deducted for charge-backs; the two accounts of an event cancel out."""
    return f"chargebacks_settled:{event_id}"


def disputed(event_id: str | None) -> str:
    """Return the account of money of an event, or of cards, that a dispute may take: negative by what is frozen."""
    return f"disputed:{event_id or 'cards'}"


def frozen(event_id: str | None) -> str:
    """Return the account of what is frozen for disputes; with `disputed` it comes to zero."""
    return f"frozen:{event_id or 'cards'}"


def merchant(merchant_id: str) -> str:
    """Return the account of a merchant: negative by the amount that the merchant collected for us."""
    return f"merchant:{merchant_id}"


def payable(organizer_id: str) -> str:
    """Return the account of what the platform owes to an organizer by its settlements."""
    return f"payable:{organizer_id}"


def owed(organizer_id: str) -> str:
    """Return the account of what an organizer owes to the platform: negative by that amount."""
    return f"owed:{organizer_id}"


def in_transit(provider: str) -> str:
    """Return the account of payouts that a provider has accepted and not paid yet."""
    return f"in_transit:{provider}"


def fee_of(amount: int, basis_points: int | None = None) -> int:
    """Return the platform's fee for a sale, a share of it, in minor units.

    `basis_points` is the event's own share; without one it is `FEE_BASIS_POINTS`.
    """
    return money.share(amount, basis_points=config().fee_basis_points if basis_points is None else basis_points)


def sale_entries(source_account: str, *, event_id: str, amount: int, fee: int | None = None) -> list[Posting]:
    """Return the entries of a sale, including the platform's fee: `fee`, or the usual share."""
    fee = fee_of(amount) if fee is None else fee
    entries = [Posting(source_account, -amount), Posting(sales(event_id), amount - fee), Posting(FEES, fee)]
    return [entry for entry in entries if entry.amount]


def refund_entries(target_account: str, *, event_id: str, amount: int, fee: int) -> list[Posting]:
    """Return the entries that refund a sale, or a part of it, with `fee` of the platform's fee."""
    entries = [Posting(target_account, amount), Posting(sales(event_id), fee - amount), Posting(FEES, -fee)]
    return [entry for entry in entries if entry.amount]


def balance(uid: str) -> CardBalance:
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
    seen = {card(balance.uid): balance for balance in balances}
    on_cards = [entry for entry in movement.entries if entry.account.startswith(_CARD)]
    if len({entry.account for entry in on_cards}) != len(on_cards):
        raise ValueError(f"journal {movement.journal_id} has two entries on one card")
    for entry in on_cards:
        before = seen.get(entry.account)
        entry_type = entry.type or card_entry_type
        if before is None or entry_type is None:
            raise ValueError(f"journal {movement.journal_id} needs the balance and the type of every card's entry")
        also = (settings or {}).get(before.uid, ())
        writes += _book(before, entry, entry_type=entry_type, journal=journal, also=also)
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


def _book(
    before: CardBalance, entry: Posting, *, entry_type: EntryType, journal: Journal, also: Sequence[Action]
) -> list[operations.Write]:
    """Return the write of a card's balance and that of its line."""
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


def _reference(references: Mapping[str, str]) -> str | None:
    """Return the reference of a movement that a customer recognizes."""
    return next((references[name] for name in ("order_id", "payment_id") if references.get(name)), None)


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


def as_read(balance: CardBalance) -> Condition:
    """Return the condition that nothing was booked on a card's balance since it was read."""
    if balance.entries:
        same: Condition = (CardBalance.entries == balance.entries) & (CardBalance.amount == balance.amount)
        return same
    untouched: Condition = CardBalance.entries.does_not_exist() | (CardBalance.entries == 0)
    return untouched


def total(account: str, currency: str, *, consistent: bool = False) -> Money:
    """Return the total of an account other than a card's (eventually consistent, kept by the stream)."""
    shards = [keys.money.account_total(account, shard, currency) for shard in range(TOTAL_SHARDS)]
    found = operations.get_many(shards, consistent=consistent)
    return Money(sum(shard.amount for shard in found.values()), currency)


def totals(accounts: Sequence[str], currency: str) -> dict[str, int]:
    """Return the totals of several accounts in minor units, at one request (eventually consistent)."""
    places = {
        keys.money.account_total(account, shard, currency): account
        for account in accounts
        for shard in range(TOTAL_SHARDS)
    }
    sums = dict.fromkeys(accounts, 0)
    for place, shard in operations.get_many(places, consistent=False).items():
        sums[places[place]] += shard.amount  # type: ignore[index]  # a place equals its plain key
    return sums


@follows(Wanted(Journal, only_new=True, unless=Journal.counted), *every(CardBalance))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Add new journals to their accounts' totals, each once. Return facts on cards that crossed their threshold."""
    journals: dict[str, Journal] = {}
    facts: list[Published] = []
    for change in changes:
        before, after = change.before, change.after
        if isinstance(after, Journal) and before is None and not after.counted:
            journals[after.journal_id] = after
            _check(after)
        elif isinstance(after, CardBalance):
            facts += _low_balance(before if isinstance(before, CardBalance) else None, after)
    for batch in _batches(list(journals.values())):
        _count(batch)
    return facts


def _check(journal: Journal) -> None:
    """Report a stored journal whose entries do not sum to zero, which no code path writes."""
    off = sum(int(entry["amount"]) for entry in journal.entries)
    if off:
        # An alarm counts these lines.
        logger.error(IMBALANCE, extra={"journal_id": journal.journal_id, "off_by": off, "currency": journal.currency})


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
    """Return the sums that journals add to account totals. Cards are excluded: they have balances."""
    sums: Counter[Place[AccountTotal]] = Counter()
    for journal in journals:
        for entry in journal.entries:
            if not entry["account"].startswith(_CARD):
                place = keys.money.account_total(entry["account"], _shard(journal.journal_id), journal.currency)
                sums[place] += int(entry["amount"])
    return sums


def _batches(journals: Sequence[Journal]) -> Iterator[list[Journal]]:
    """Split journals into batches for one transaction each, every batch within one shard."""
    batch: list[Journal] = []
    for journal in sorted(journals, key=lambda journal: _shard(journal.journal_id)):
        grown = [*batch, journal]
        another_shard = bool(batch) and _shard(batch[0].journal_id) != _shard(journal.journal_id)
        too_many = len(grown) > _JOURNALS_PER_TRANSACTION
        size = len(grown) + len(_sums(grown)) + len(company_days.places_of(grown))
        if batch and (another_shard or too_many or size > operations.TRANSACTION_LIMIT):
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
            operations.commit(*marks, *_additions(pending), *company_days.additions(pending))
        except operations.ConditionFailed as failure:
            pending = [journal for place, journal in enumerate(pending) if place not in failure.failures]
        else:
            count("MoneyMoved", _moved(pending), by="account")
            return


def _moved(journals: Sequence[Journal]) -> Counter[str]:
    """Return what journals add to each kind of account in a currency, in minor units, such as `payable PKR`."""
    moved: Counter[str] = Counter()
    for journal in journals:
        for entry in journal.entries:
            moved[f"{entry['account'].partition(':')[0]} {journal.currency}"] += int(entry["amount"])
    return moved


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
