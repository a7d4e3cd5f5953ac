"""Money on cards: booked through the ledger, and recounted in full, as only a test may."""

import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from chalicelib.config import config
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.domain.ledger import account_names, card_balances, journals, postings
from chalicelib.domain.ledger.postings import Posting
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Account, AccountTotal, Card, CardBalance, CardEntry, Item, Journal
from chalicelib.vocabulary.cards import CardStatus, EntryType
from tests.support import card_states

CURRENCY = "PKR"
EVENT_ID = "evt_of_the_ledger"


def make_card(customer: Account | None = None, *, status: CardStatus = CardStatus.ACTIVE, holds: int = 0) -> Card:
    """Register a customer's card with so much on it, in minor units."""
    owner = customer.account_id if customer else None
    card = cards.register(CardRegistration(uid=f"04{uuid.uuid4().hex[:12]}", customer_id=owner))
    if holds:
        credit(card.uid, holds)
    return card_states.put_into(card.uid, status) if status is not CardStatus.ACTIVE else card


def credit(uid: str, amount: int, *, journal_id: str | None = None) -> None:
    """Put money on a card."""
    entries = [Posting(account_names.clearing("sandbox"), -amount), Posting(account_names.card(uid), amount)]
    book(journal_id or f"jrn_{uuid.uuid4().hex}", uid, entries, EntryType.RELOAD)


def spend(uid: str, amount: int, *, journal_id: str | None = None) -> None:
    """Buy something with a card."""
    entries = postings.sale_entries(account_names.card(uid), event_id=EVENT_ID, amount=amount)
    book(journal_id or f"jrn_{uuid.uuid4().hex}", uid, entries, EntryType.PURCHASE)


def give_back(uid: str, amount: int, *, journal_id: str | None = None) -> None:
    """Refund something that was bought with a card."""
    entries = postings.refund_entries(
        account_names.card(uid), event_id=EVENT_ID, amount=amount, fee=postings.fee_of(amount)
    )
    book(journal_id or f"jrn_{uuid.uuid4().hex}", uid, entries, EntryType.REFUND)


def book(
    journal_id: str, uids: str | tuple[str, ...], entries: list[Posting], entry_type: EntryType | None = None
) -> None:
    """Book a movement once, as a payment does: read, decide, write, and look again where it was overtaken.

    Raises InsufficientBalance, Unavailable.
    """
    places = [keys.money.card_balance(uid) for uid in ([uids] if isinstance(uids, str) else uids)]
    for _ in retries.attempts(12):
        found = operations.get_many(places)
        # After the balances were read: what is not booked now is not in them either.
        if operations.get(keys.money.journal(journal_id)) is not None:
            return
        writes = journals.post(
            journals.Movement(
                journal_id,
                type=entry_type.value if entry_type else "transfer",
                currency=CURRENCY,
                entries=entries,
                references={"payment_id": f"pay_{journal_id}"},
            ),
            balances=[found.get(place) or card_balances.no_balance(place.pk.partition("#")[2]) for place in places],
            card_entry_type=entry_type,
        )
        try:
            operations.commit(*writes)
        except operations.ConditionFailed:
            continue
        return
    raise Unavailable(retry_after=1)


@dataclass
class Books:
    """Every stored item about money."""

    journals: list[Journal] = field(default_factory=list)
    balances: dict[str, CardBalance] = field(default_factory=dict)
    lines: dict[str, list[CardEntry]] = field(default_factory=lambda: defaultdict(list))
    totals: Counter[tuple[str, str]] = field(default_factory=Counter)
    statuses: dict[str, str] = field(default_factory=dict)


def books() -> Books:
    """Read the whole table."""
    found = Books()
    pages = operations.client().get_paginator("scan").paginate(TableName=config().table_name, ConsistentRead=True)
    for raw in (raw for page in pages for raw in page["Items"]):
        item: Any = Item.from_raw_data(raw)
        if isinstance(item, Journal):
            found.journals.append(item)
        elif isinstance(item, CardBalance):
            found.balances[item.uid] = item
        elif isinstance(item, CardEntry):
            found.lines[item.uid].append(item)
        elif isinstance(item, AccountTotal):
            found.totals[item.account, item.currency] += item.amount
        elif isinstance(item, Card):
            found.statuses[item.uid] = item.status
    for lines in found.lines.values():
        lines.sort(key=lambda line: line.number)
    return found


def assert_balanced(found: Books, *, drained: bool = True) -> None:
    """Assert every rule of the ledger on the books; `drained` means that the stream was read to its end."""
    by_account: Counter[tuple[str, str]] = Counter()
    for journal in found.journals:
        assert sum(entry["amount"] for entry in journal.entries) == 0, journal.journal_id
        for entry in journal.entries:
            by_account[entry["account"], journal.currency] += entry["amount"]
    for uid, balance in found.balances.items():
        lines = found.lines.get(uid, [])
        assert [line.number for line in lines] == list(range(1, balance.entries + 1))
        running = 0
        for line in lines:
            running += line.amount
            assert running == line.balance_after >= 0
        assert running == balance.amount == by_account[account_names.card(uid), balance.currency]
        assert len({line.journal_id for line in lines}) == len(lines)
        assert bool(balance.frozen) == (found.statuses.get(uid, "active") != "active")
    assert set(found.lines) <= set(found.balances)
    if drained:
        others = {place: sum_ for place, sum_ in by_account.items() if not place[0].startswith("card:")}
        assert {place: sum_ for place, sum_ in found.totals.items() if sum_} == {p: s for p, s in others.items() if s}
        assert all(journal.counted for journal in found.journals)
