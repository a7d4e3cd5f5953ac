"""Card balances: their statements, and moving a balance to another card.

No balance stays on a card that its customer gave up. The stream moves it to their newest active card: when a next card
becomes active, when a card is blocked, and when money still arrives on one, such as a refund (D-STATE-05).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.clients.bus import Published
from chalicelib.domain import paging
from chalicelib.domain.background.changes import Change, Wanted, every, follows
from chalicelib.domain.cards import bindings, cards, own_cards
from chalicelib.domain.ledger import account_names, card_balances, journals
from chalicelib.domain.ledger.postings import Posting
from chalicelib.domain.money import Money
from chalicelib.domain.paging import Page, PageRequest, ReadBudget
from chalicelib.errors import InvalidState, NotFound, Unavailable
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Card, CardBalance, CardEntry, Item, Journal
from chalicelib.table.places import Key
from chalicelib.table.ranges import Before
from chalicelib.vocabulary.cards import CardStatus, EntryType

# For filters that no key supports.
_FILTERED = ReadBudget(first=500)
_MOVABLE = (CardStatus.BLOCKED, CardStatus.LOST, CardStatus.REPLACED)


class StatementFilters(Struct, frozen=True):
    """Filters of a card's statement; both ends of the date range are inclusive."""

    type: EntryType | None = None
    date_from: datetime | None = None
    date_to: datetime | None = None

    def fit(self, line: CardEntry) -> bool:
        """Whether a line passes the filters."""
        return (
            (self.type is None or line.type == self.type)
            and (self.date_from is None or line.created_at >= self.date_from)
            and (self.date_to is None or line.created_at <= self.date_to)
        )


class StatementLine(Struct, frozen=True):
    """One line of a card's statement; `amount` is signed."""

    id: str
    type: EntryType
    amount: Money
    balance_after: Money
    reference: str | None
    created_at: datetime


def _shown(line: CardEntry) -> StatementLine:
    return StatementLine(
        id=line.entry_id,
        type=line.type,
        amount=Money(line.amount, line.currency),
        balance_after=Money(line.balance_after, line.currency),
        reference=line.reference,
        created_at=line.created_at,
    )


def transactions(
    customer_id: str, name: str, filters: StatementFilters, *, page_size: int, cursor: str | None
) -> Page[StatementLine]:
    """Return a page of a card's statement, newest first; `count` is set only without filters.

    A filtered page may be shorter than `page_size`, and `next` continues after it. Raises NotFound, InvalidCursor.
    """
    holding = own_cards.get(customer_id, name)
    uid = holding.card.uid
    is_filtered = filters != StatementFilters()

    def read(after: str | None, limit: int) -> list[tuple[str, CardEntry]]:
        raws = operations.query(
            keys.money.card_ledger(uid),
            Before(after) if after else None,
            newest_first=True,
            limit=limit,
            consistent=True,
        )
        lines = [CardEntry.from_raw_data(raw) for raw in raws]
        # Lines are sorted by time, so the first line before `date_from` ends the list.
        return [(line.sk, line) for line in lines if filters.date_from is None or line.created_at >= filters.date_from]

    def load(lines: Sequence[CardEntry]) -> list[CardEntry | None]:
        return [line if filters.fit(line) else None for line in lines]

    asked = PageRequest(f"card-lines/{customer_id}/{uid}/{filters}", page_size, cursor)
    page = paging.walk(asked, read, load, budget=_FILTERED if is_filtered else ReadBudget())
    shown = page.showing([_shown(line) for line in page.results])
    return shown if is_filtered else replace(shown, count=holding.balance.entries)


def newest_lines(uid: str, count: int) -> list[StatementLine]:
    """Return the newest lines of a card's ledger."""
    raws = operations.query(keys.money.card_ledger(uid), newest_first=True, limit=count, consistent=True)
    return [_shown(CardEntry.from_raw_data(raw)) for raw in raws]


def move(from_uid: str, to_uid: str, *, operation_id: str) -> Money:
    """Move the whole balance of a card out of use to an active card of the same customer; return the amount.

    One transaction, idempotent per `operation_id`. Raises NotFound, InvalidState, Unavailable.
    """
    journal_id = f"jrn_move_{operation_id}"
    for _ in retries.attempts():
        places = [place for uid in (from_uid, to_uid) for place in (keys.cards.card(uid), keys.money.card_balance(uid))]
        found = operations.get_many([keys.money.journal(journal_id), *places])
        first = found.get(keys.money.journal(journal_id))
        if isinstance(first, Journal):
            return _moved(first)
        source, target = _movable(found.get(keys.cards.card(from_uid)), found.get(keys.cards.card(to_uid)))
        balances = [_balance(found, uid) for uid in (from_uid, to_uid)]
        amount = balances[0].amount
        entries = [
            Posting(account_names.card(from_uid), -amount, EntryType.TRANSFER_OUT, reference=target.card_id),
            Posting(account_names.card(to_uid), amount, EntryType.TRANSFER_IN, reference=source.card_id),
        ]
        writes = journals.post(
            journals.Movement(
                journal_id,
                type="transfer",
                currency=balances[0].currency,
                entries=entries if amount else [],
                references={"from_card_id": source.card_id, "to_card_id": target.card_id},
            ),
            balances=balances,
        )
        try:
            operations.commit(*writes, _stays(source), _stays(target))
        except operations.ConditionFailed:
            continue  # moved already, or a booking or status change came after the read
        return Money(amount, balances[0].currency)
    raise Unavailable("These cards are being used by many at once. Try again.", retry_after=1)


def gather(customer_id: str, *, also: Sequence[str] = ()) -> int:
    """Move the balances of a customer's given-up cards to their newest active card; return how many this call moved.

    The balance of a replaced card moves to its replacement, if that is active. A card that a dependent carries comes
    after the customer's own.

    `also` are UIDs of cards that the index may not list yet. Each balance moves once, in its own transaction. A card
    in another currency keeps its balance. Raises Unavailable.
    """
    mine = bindings.newest(customer_id, also=also)
    active = [card for card in mine if card.status == CardStatus.ACTIVE]
    newest = next(iter(bindings.own_first(customer_id, active)), None)
    given_up = [card for card in mine if cards.is_given_up(card)]
    if newest is None or not given_up:
        return 0
    known = {card.uid: card for card in mine}
    targets = {card.uid: _heir(card, known) or newest for card in given_up}
    uids = {*targets, *(target.uid for target in targets.values())}
    found = operations.get_many([keys.money.card_balance(uid) for uid in sorted(uids)])
    count = 0
    for card in given_up:
        balance = _balance(found, card.uid)
        if not balance.amount:
            continue
        target = targets[card.uid]
        if balance.currency != _balance(found, target.uid).currency:
            logger.warning("balance in another currency stays", extra={"card_id": card.card_id})
            continue
        try:
            # The same movement for all that find this balance.
            move(card.uid, target.uid, operation_id=f"{card.uid}.{balance.entries}")
        except InvalidState:
            continue  # a card changed its state meanwhile, which the stream follows
        logger.info("balance moved", extra={"from_card_id": card.card_id, "to_card_id": target.card_id})
        count += 1
    return count


def _heir(card: Card, known: Mapping[str, Card]) -> Card | None:
    """Return the active card that replaced a card, perhaps by way of others, or None."""
    seen: set[str] = set()
    while card.replaced_by and card.replaced_by in known and card.replaced_by not in seen:
        seen.add(card.replaced_by)
        card = known[card.replaced_by]
    return card if seen and card.status == CardStatus.ACTIVE else None


@follows(*every(Card), Wanted(CardBalance, having=CardBalance.frozen))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Gather the balances of customers whose card became active or out of use, or got money while out of use."""
    cards_of: dict[str, set[str]] = defaultdict(set)
    for change in changes:
        card = _gathered(change)
        if card is not None and card.customer_id is not None:
            cards_of[card.customer_id] |= {card.uid, card.replaced_by or card.uid}
            if card.replaced_by and isinstance(change.after, Card):
                bindings.repoint(card)
    for customer_id, uids in cards_of.items():
        gather(customer_id, also=sorted(uids))
    return []


def _gathered(change: Change) -> Card | None:
    """Return the card that a change concerns, if a balance may have to move after it."""
    before, after = change.before, change.after
    if isinstance(after, Card):
        was = before.status if isinstance(before, Card) else None
        return after if after.status != was and after.status in (CardStatus.ACTIVE, *_MOVABLE) else None
    if isinstance(after, CardBalance) and after.frozen and after.amount:
        return operations.get(keys.cards.card(after.uid))
    return None


def _movable(source: Item | None, target: Item | None) -> tuple[Card, Card]:
    """Return both cards if money may move between them. Raises NotFound, InvalidState."""
    if not isinstance(source, Card) or not isinstance(target, Card):
        raise NotFound("There is no such card.")
    if source.customer_id is None or source.customer_id != target.customer_id:
        raise InvalidState("Money moves only between two cards of one customer.")
    if source.status not in _MOVABLE or target.status != CardStatus.ACTIVE:
        raise InvalidState("Money moves only from a card that is out of use to an active one.")
    return source, target


def _balance(found: Mapping[Key, Item], uid: str) -> CardBalance:
    balance = found.get(keys.money.card_balance(uid))
    return balance if isinstance(balance, CardBalance) else card_balances.no_balance(uid)


def _stays(card: Card) -> operations.Write:
    same = (Card.status == card.status) & (Card.customer_id == card.customer_id)
    return operations.check(keys.cards.card(card.uid), same)


def _moved(journal: Journal) -> Money:
    return Money(sum(max(int(entry["amount"]), 0) for entry in journal.entries), journal.currency)
