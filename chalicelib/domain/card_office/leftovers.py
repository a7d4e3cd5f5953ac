"""Leftover money: balances that nobody uses, and refunds that could not be delivered, by age (D-CRD-06).

Each has one item, kept by the stream, and the list of staff sorts these by the day of the last movement. A card's item
exists while the card holds money. So the list never reads cards or payments, and costs the same at any size. Purchases
of one day change nothing in it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, time

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.domain.background.changes import Change, every, follows
from chalicelib.domain.payments import returns
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Card, CardBalance, Leftover, Payment
from chalicelib.vocabulary.cards import CardStatus, LeftoverKind
from chalicelib.vocabulary.payments import PaymentPurpose

_OUT_OF_USE = (CardStatus.BLOCKED, CardStatus.LOST, CardStatus.REPLACED)
# Events by which a leftover is found, the latest of a card's.
_MOST_EVENTS = 20


@follows(*every(Card, CardBalance, Payment))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Bring the leftovers of changed cards and payments up to date; idempotent."""
    uids, payment_ids = dict[str, datetime](), dict[str, None]()
    for change in changes:
        after = change.after
        if isinstance(after, CardBalance) and _moved(change.before, after):
            uids[after.uid] = clock.now()
        elif isinstance(after, Card) and _changed_hands(change.before, after):
            uids.setdefault(after.uid, clock.now())
        elif isinstance(after, Payment) and (after.questioned or getattr(change.before, "questioned", None)):
            payment_ids[after.payment_id] = None
    for uid in uids:
        refresh_card(uid)
    for payment_id in payment_ids:
        _refresh_payment(payment_id)
    return []


def _moved(before: object, after: CardBalance) -> bool:
    return not isinstance(before, CardBalance) or before.amount != after.amount


def _changed_hands(before: object, after: Card) -> bool:
    """Whether a change of a card matters: a tap changes it as well."""
    if not isinstance(before, Card):
        return False  # a new card holds nothing
    was = (before.status, before.customer_id, sorted(before.tickets))
    return was != (after.status, after.customer_id, sorted(after.tickets))


def refresh_card(uid: str) -> None:
    """Write the leftover of a card as the card is now. Raises Unavailable."""
    for _ in retries.attempts():
        places = (keys.cards.card(uid), keys.money.card_balance(uid), keys.money.leftover(uid))
        found = operations.get_many(places)
        card, balance, known = (found.get(place) for place in places)
        if not isinstance(card, Card) or not isinstance(balance, CardBalance):
            return
        before = known if isinstance(known, Leftover) else None
        if before is None and not balance.amount:
            return
        is_moved = before is None or before.amount != balance.amount
        after = Leftover(
            *keys.money.leftover(uid),
            leftover_id=card.card_id,
            leftover_kind=LeftoverKind.DEAD_CARD if card.status in _OUT_OF_USE else LeftoverKind.UNUSED_CARD,
            card_uid=uid,
            card_id=card.card_id,
            customer_id=card.customer_id,
            event_ids=_newest(card.tickets),
            amount=balance.amount,
            currency=balance.currency,
            since=_day(clock.now()) if is_moved or before is None else before.since,
            # Who asked for its return, as long as it is the same amount.
            asked_by=None if is_moved or before is None else before.asked_by,
            asked_for=None if is_moved or before is None else before.asked_for,
            revision=(before.revision if before else 0) + 1,
        )
        if _written(before, after):
            return
    raise Unavailable(retry_after=1)


def _refresh_payment(payment_id: str) -> None:
    """Write the leftover of a payment whose refund its provider could not deliver. Raises Unavailable."""
    for _ in retries.attempts():
        places = (keys.money.payment(payment_id), keys.money.leftover(payment_id))
        found = operations.get_many(places)
        payment, known = (found.get(place) for place in places)
        if not isinstance(payment, Payment):
            return
        before = known if isinstance(known, Leftover) else None
        amount = returns.undelivered(payment)
        if before is None and not amount:
            return
        after = Leftover(
            *keys.money.leftover(payment_id),
            leftover_id=payment_id,
            leftover_kind=LeftoverKind.UNDELIVERED_REFUND,
            payment_id=payment_id,
            customer_id=payment.customer_id,
            event_ids=[payment.event_id] if payment.purpose == PaymentPurpose.ORDER and payment.event_id else [],
            amount=amount,
            currency=payment.taken_currency or payment.currency,
            since=before.since if before and before.amount else _day(clock.now()),
            revision=(before.revision if before else 0) + 1,
        )
        if _written(before, after):
            return
    raise Unavailable(retry_after=1)


def _written(before: Leftover | None, after: Leftover) -> bool:
    """Write a leftover, unless it says the same; return False if another process wrote it since the read."""
    if before is not None and _said(before) == _said(after):
        return True
    as_read = Leftover.revision == before.revision if before else Leftover.pk.does_not_exist()
    try:
        operations.record(operations.put(after, as_read))
    except operations.ConditionFailed:
        return False
    return True


def _said(leftover: Leftover) -> dict[str, object]:
    return {name: value for name, value in leftover.attribute_values.items() if name != "revision"}


def _newest(event_ids: Iterable[str]) -> list[str]:
    return sorted(event_ids)[-_MOST_EVENTS:]


def _day(moment: datetime) -> datetime:
    return datetime.combine(moment.date(), time.min, tzinfo=moment.tzinfo)
