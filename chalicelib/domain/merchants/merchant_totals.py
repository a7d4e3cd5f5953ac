"""A merchant's dashboard, read from running totals at constant cost.

Assignments and fees are counted in the transaction of the handover. Cards per status are a projection of the table's
stream. Each card stores the merchant and status that it is counted under. The transaction that changes the totals
writes both, so repeated, partial or reordered stream records count once.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.config import config
from chalicelib.domain.background.changes import Change, every, follows
from chalicelib.domain.merchants import inventory
from chalicelib.domain.money import Money
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Card, MerchantDay, MerchantTotals
from chalicelib.table.operations import Write
from chalicelib.table.ranges import Between
from chalicelib.vocabulary.cards import CardStatus

# Days that the dashboard covers (contract, "dashboard-stats").
DAYS = 30
# One write a card, and one for each of its old and new merchant; a transaction takes 100 (AWS).
_CARDS_PER_TRANSACTION = 33

Standing = tuple[str, CardStatus]


class ShopDay(Struct, frozen=True):
    """Cards assigned and fees collected on one UTC day."""

    date: date
    assigned: int
    fees: Money


class MerchantDashboard(Struct, frozen=True):
    """A merchant's dashboard. `by_day` covers the last thirty days including today, oldest first."""

    cards: dict[str, int]
    assigned_today: int
    assigned_total: int
    fees_today: Money
    fees_total: Money
    by_day: list[ShopDay]


def dashboard(merchant_id: str) -> MerchantDashboard:
    """Return a merchant's totals: one read and one query of at most thirty small items."""
    totals = operations.get(keys.merchants.totals(merchant_id)) or MerchantTotals()
    today, currency = clock.now().date(), config().currency
    first = today - timedelta(days=DAYS - 1)
    places = keys.merchants.day(merchant_id, first.isoformat()), keys.merchants.day(merchant_id, today.isoformat())
    raws = operations.query(places[0].pk, Between(places[0].sk, places[1].sk), consistent=True)
    known = {day.date: day for day in map(MerchantDay.from_raw_data, raws)}
    by_day = []
    for number in range(DAYS):
        on = first + timedelta(days=number)
        day = known.get(on.isoformat())
        by_day.append(ShopDay(on, day.assigned if day else 0, Money(day.fees if day else 0, currency)))
    return MerchantDashboard(
        cards=inventory.totals_by_status(totals),
        assigned_today=by_day[-1].assigned,
        assigned_total=totals.assigned,
        fees_today=by_day[-1].fees,
        fees_total=Money(totals.fees, currency),
        by_day=by_day,
    )


def one_more(merchant_id: str, *, fee: int) -> list[Write]:
    """Return the writes that count one more assigned card. Not idempotent: the caller's transaction must be."""
    today = clock.now().date().isoformat()
    totals: list[Action] = [
        MerchantTotals.kind.set(MerchantTotals),
        MerchantTotals.merchant_id.set(merchant_id),
        MerchantTotals.assigned.add(1),
        MerchantTotals.fees.add(fee),
    ]
    day: list[Action] = [
        MerchantDay.kind.set(MerchantDay),
        MerchantDay.merchant_id.set(merchant_id),
        MerchantDay.date.set(today),
        MerchantDay.assigned.add(1),
        MerchantDay.fees.add(fee),
    ]
    return [
        operations.change(keys.merchants.totals(merchant_id), totals),
        operations.change(keys.merchants.day(merchant_id, today), day),
    ]


@follows(*every(Card))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Update the merchants' card counts from these changes. Idempotent, in whole or in part."""
    touched = {
        change.after.uid: None
        for change in changes
        if isinstance(change.after, Card) and _counted(change.after) != _standing(change.after)
    }
    uids = sorted(touched)
    for start in range(0, len(uids), _CARDS_PER_TRANSACTION):
        _count(uids[start : start + _CARDS_PER_TRANSACTION])
    return []


def _standing(card: Card) -> Standing | None:
    """Return the merchant and status of a card, None without a merchant."""
    return (card.merchant_id, card.status) if card.merchant_id else None


def _counted(card: Card) -> Standing | None:
    return (card.counted_for, card.counted_as) if card.counted_for and card.counted_as else None


def _count(uids: Sequence[str]) -> None:
    """Add the uncounted changes of these cards to the totals."""
    for _ in retries.attempts():
        found = operations.get_many([keys.cards.card(uid) for uid in uids]).values()
        pending = [card for card in found if _counted(card) != _standing(card)]
        if not pending:
            return
        moves: Counter[Standing] = Counter()
        for card in pending:
            for standing, by in ((_counted(card), -1), (_standing(card), +1)):
                if standing is not None:
                    moves[standing] += by
        try:
            operations.commit(*map(_mark, pending), *_moved(moves))
        except operations.ConditionFailed:
            continue  # a card changed, or was counted, between the read and the write
        return
    raise Unavailable(retry_after=1)


def _mark(card: Card) -> Write:
    standing = _standing(card)
    as_counted = (
        Card.counted_as.does_not_exist()
        if card.counted_as is None
        else (Card.counted_as == card.counted_as) & (Card.counted_for == card.counted_for)
    )
    same_merchant = (
        Card.merchant_id.does_not_exist() if card.merchant_id is None else Card.merchant_id == card.merchant_id
    )
    actions = [
        Card.counted_for.set(standing[0]) if standing else Card.counted_for.remove(),
        Card.counted_as.set(standing[1]) if standing else Card.counted_as.remove(),
    ]
    still = (Card.status == card.status) & same_merchant & as_counted
    return operations.change(keys.cards.card(card.uid), actions, still)


def _moved(moves: Counter[Standing]) -> list[Write]:
    by_merchant: dict[str, list[Action]] = {}
    for (merchant_id, status), by in moves.items():
        if by:
            begun: list[Action] = [
                MerchantTotals.kind.set(MerchantTotals),
                MerchantTotals.merchant_id.set(merchant_id),
            ]
            by_merchant.setdefault(merchant_id, begun).append(getattr(MerchantTotals, status).add(by))
    return [
        operations.change(keys.merchants.totals(merchant_id), actions) for merchant_id, actions in by_merchant.items()
    ]
