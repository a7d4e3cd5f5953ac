"""What customers hear of, found in the table's stream: facts for the bus, and runs over an event's customers.

A fact carries ids only. It has the same id each time its record comes, and so have its messages.
"""

from collections.abc import Iterator, Sequence

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.domain.background.changes import Change, Wanted, every, follows, that_became
from chalicelib.domain.customer_notices import runs
from chalicelib.domain.customer_notices.wording import Kind
from chalicelib.domain.payments import returns
from chalicelib.table.items import Event, Order, Payment, RefundRequest, Ticket
from chalicelib.vocabulary.events import EventStatus
from chalicelib.vocabulary.messages import Fact
from chalicelib.vocabulary.payments import OrderStatus, PaymentStatus
from chalicelib.vocabulary.tickets import RefundRequestStatus, TicketStatus

_SHOWN = (EventStatus.PUBLISHED, EventStatus.LIVE)


@follows(*every(Ticket, Event, Payment, RefundRequest), Wanted(Order, unless=Order.counted))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Return the facts of these changes, and store a run for each event that was moved or cancelled."""
    for change in changes:
        kind = _news_of(change)
        if kind is not None and isinstance(change.after, Event):
            runs.begin(change.after, kind, fact_id=change.position)
    return [*_bought(changes), *_paid_back(changes), *_handed_on(changes), *_sent_again(changes)]


def _bought(changes: Sequence[Change]) -> Iterator[Published]:
    for order in that_became(changes, Order, OrderStatus.PAID):
        yield Published(Fact.ORDER_PAID, order.order_id, order.closed_at or clock.now(), {"order_id": order.order_id})


def _sent_again(changes: Sequence[Change]) -> Iterator[Published]:
    for change in changes:
        before, after = change.before, change.after
        if isinstance(before, Ticket) and isinstance(after, Ticket) and after.resent_by not in (None, before.resent_by):
            fact_id = f"{after.order_id}/{after.resent_by}"
            yield Published(Fact.ORDER_PAID, fact_id, clock.now(), {"order_id": after.order_id})


def _paid_back(changes: Sequence[Change]) -> Iterator[Published]:
    for request in that_became(changes, RefundRequest, RefundRequestStatus.REFUNDED):
        # A free ticket moves no money. Who holds what they paid for hears of a cancelled event once.
        if not request.amount or request.of_cancellation:
            continue
        ids = {"ticket_id": request.ticket_id, "refund_id": request.refund_id}
        yield Published(Fact.TICKET_REFUNDED, request.refund_id, request.decided_at or clock.now(), ids)
    for request in that_became(changes, RefundRequest, RefundRequestStatus.REJECTED):
        ids = {"ticket_id": request.ticket_id, "refund_id": request.refund_id}
        yield Published(Fact.REFUND_REFUSED, request.refund_id, request.decided_at or clock.now(), ids)
    for payment in that_became(changes, Payment, PaymentStatus.REFUNDED):
        # Only a charge that could not be used is returned as a whole; the rest is refunded by ticket.
        if payment.taken is not None:
            ids = {"payment_id": payment.payment_id}
            yield Published(Fact.PAYMENT_PAID_BACK, payment.payment_id, payment.settled_at or clock.now(), ids)
    for change in changes:
        if isinstance(change.after, Payment):
            known = change.before.moves if isinstance(change.before, Payment) else None
            yield from _made_apart(change.after, known or {})


def _made_apart(payment: Payment, known: returns.Moves) -> Iterator[Published]:
    """Return the refunds that no ticket's request reports: of a card's balance, and those that staff had made again."""
    for reference, move in (payment.moves or {}).items():
        if reference not in known and payment.taken is None and returns.is_made_apart(move):
            ids = {"payment_id": payment.payment_id, "reference": reference}
            yield Published(Fact.PAYMENT_PAID_BACK, f"{payment.payment_id}/{reference}", clock.now(), ids)


def _handed_on(changes: Sequence[Change]) -> Iterator[Published]:
    for change in changes:
        before, after = change.before, change.after
        if not isinstance(before, Ticket) or not isinstance(after, Ticket) or after.status != TicketStatus.VALID:
            continue
        if before.customer_id and after.customer_id and before.customer_id != after.customer_id:
            ids = {"ticket_id": after.ticket_id, "giver_id": before.customer_id, "taker_id": after.customer_id}
            yield Published(Fact.TICKET_HANDED_ON, f"{after.ticket_id}/{after.credential}", clock.now(), ids)


def _news_of(change: Change) -> Kind | None:
    """Return what the customers of an event hear of its change."""
    before, after = change.before, change.after
    if not isinstance(before, Event) or not isinstance(after, Event) or before.status not in _SHOWN:
        return None
    if after.status == EventStatus.CANCELLED:
        return None if after.cancelled_quietly else Kind.CANCELLED
    is_moved = after.status in _SHOWN and runs.about(before) != runs.about(after)
    return Kind.MOVED if is_moved else None
