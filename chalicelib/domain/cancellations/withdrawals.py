"""One ticket of a cancelled event: refunded in full, also after a scan, or voided without a refund; each idempotent."""

from collections.abc import Iterable, Mapping

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.cards import bindings
from chalicelib.domain.events import deeds, events
from chalicelib.domain.events.deeds import Deed, EventState
from chalicelib.domain.money import AmountInput, Money
from chalicelib.domain.payments import approved_refunds, refunds
from chalicelib.domain.payments.approved_refunds import SoldTicket
from chalicelib.domain.tickets import states, tickets, transfers
from chalicelib.errors import NotFound, Refusal, Unavailable
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Event, Order, Payment, RefundRequest, Ticket
from chalicelib.vocabulary.tickets import TicketStatus

_REASON = "The event was cancelled."


class NoRefund(Exception):
    """A ticket that cannot be withdrawn, and that staff must look at; its text is the reason."""


class Sale(Struct, frozen=True):
    """The event, the order and the payment of a ticket, which were read after the ticket (see `SoldTicket`)."""

    event: Event
    order: Order
    payment: Payment


def sales(event_id: str, orders: Iterable[Order]) -> Mapping[str, Sale]:
    """Return the sales of some orders, by order, at one request for about 50; the tickets must have been read."""
    asked = {
        order.order_id: (keys.sale.order(order.order_id), keys.money.payment(order.payment_id)) for order in orders
    }
    place = keys.events.event(event_id)
    found = operations.get_many([place, *(each for both in asked.values() for each in both)])
    event, sold = found.get(place), {}
    for order_id, (of_order, of_payment) in asked.items():
        order, payment = found.get(of_order), found.get(of_payment)
        if isinstance(event, Event) and isinstance(order, Order) and isinstance(payment, Payment):
            sold[order_id] = Sale(event, order, payment)
    return sold


def refund(ticket: Ticket, order: Order, *, by: str, sale: Sale | None = None) -> None:
    """Refund a ticket of a cancelled event in full; a request that its customer has open is approved instead.

    Asked for, decided and booked in one transaction. `ticket` and `order` are as the caller read them. A caller that
    has read the sale of many orders together saves a read.

    Raises NoRefund, Unavailable.
    """
    known: Ticket | None = ticket
    for _ in retries.attempts():
        ticket, known = known or tickets.get(ticket.ticket_id), None
        if ticket.status != TicketStatus.VALID:
            return
        if ticket.price is None or ticket.order_id != order.order_id:
            raise NoRefund("not_sold_here")
        try:
            if (asked := _open_request(ticket)) is not None:
                # All of the price, also where a part of it was asked for.
                price = AmountInput(Money(ticket.price, ticket.currency).amount) if ticket.price else None
                refunds.approve(ticket.ticket_id, asked, by=by, amount=price, deed=Deed.WITHDRAW)
            elif not _refund_now(ticket, order, by=by, sale=sale):
                sale = None
                continue  # something changed after the read: read again
        except Unavailable:
            raise
        except Refusal as refused:
            if tickets.get(ticket.ticket_id).status != TicketStatus.VALID:
                return  # it was refunded meanwhile
            ids = {"ticket_id": ticket.ticket_id, "code": refused.code}
            logger.error("ticket of a cancelled event not refunded", extra=ids)
            raise NoRefund(refused.code.lower()) from refused
        return
    raise Unavailable(retry_after=1)


def _open_request(ticket: Ticket) -> str | None:
    """Return the refund request that a ticket is pledged to, if it is one and not a gift."""
    if ticket.pledge is None or ticket.pledged_to is not None:
        return None
    return str(ticket.pledge)


def _refund_now(ticket: Ticket, order: Order, *, by: str, sale: Sale | None) -> bool:
    """Refund a ticket that no request is open for; return False if something changed after the read."""
    sale = sale or sales(ticket.event_id, [order]).get(order.order_id)
    if sale is None:
        raise NotFound
    deeds.require(Deed.WITHDRAW, sale.event, ticket)
    refund_id = new_id("rfd")
    request = RefundRequest(
        *keys.tickets.refund_request(ticket.ticket_id, refund_id),
        refund_id=refund_id,
        ticket_id=ticket.ticket_id,
        customer_id=ticket.customer_id,
        event_id=ticket.event_id,
        reason=_REASON,
        amount=ticket.price,
        currency=ticket.currency,
        created_at=clock.now(),
        of_cancellation=refunds.hears_of_cancellation(sale.event, holder=ticket.customer_id, payer=order.customer_id),
    )
    try:
        operations.commit(*approved_refunds.granted(request, SoldTicket(ticket, sale.order, sale.payment), by=by))
    except operations.ConditionFailed:
        return False
    ids = {"refund_id": refund_id, "ticket_id": ticket.ticket_id, "event_id": ticket.event_id, "by": by}
    logger.info("refund approved", extra={**ids, "amount": request.amount})
    return True


def void(ticket_id: str) -> None:
    """Void a ticket of a cancelled event whose money is kept. One with an open refund request is left to staff.

    Raises Unavailable.
    """
    for _ in retries.attempts():
        ticket = tickets.get(ticket_id)
        if ticket.status != TicketStatus.VALID:
            return
        if _open_request(ticket) is not None:
            raise NoRefund("refund_requested")
        if deeds.state_of_event(events.get(ticket.event_id)) is not EventState.CANCELLED:
            return
        gone: list[Action] = [
            *states.becoming(TicketStatus.CANCELLED),
            Ticket.pledge.remove(),
            Ticket.pledged_to.remove(),
            Ticket.card_uid.remove(),
        ]
        place = keys.tickets.ticket(ticket_id)
        try:
            operations.commit(operations.change(place, gone, transfers.is_as_read(ticket)), *bindings.releasing(ticket))
        except operations.ConditionFailed:
            continue  # the ticket changed after the read
        return
    raise Unavailable(retry_after=1)
