"""Tickets whose payment its provider returned in full: each unused one is refunded, and its seat is sold again.

It runs in the background after the fact `payment.returned`. A used ticket stays used, and so does one of an event that
is over, whose seat nobody buys: what was paid for it remains on the event's account of charge-backs. That is deducted
from its settlement, or owed by its organizer (D-MONEY-01).
"""

from chalicelib import clock
from chalicelib.domain.events import deeds, events
from chalicelib.domain.events.deeds import TicketState
from chalicelib.domain.payments import refunds, resolution
from chalicelib.domain.sale import orders
from chalicelib.domain.tickets import refund_requests, tickets, transfers
from chalicelib.errors import InvalidState, Unavailable
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Payment, RefundRequest, Ticket
from chalicelib.vocabulary.tickets import RefundRequestStatus

BY_PROVIDER = "provider"
_UNUSED = (TicketState.VALID, TicketState.GIFTED, TicketState.RETURNING)
_REASON = "The payment was returned by the payment provider."


def run(payment_id: str) -> None:
    """Refund the unused tickets of a payment that its provider returned in full; idempotent. Raises Unavailable."""
    payment = resolution.get(payment_id)
    if not payment.voided or payment.order_id is None:
        return
    order = orders.get(payment.order_id)
    if order.payment_id != payment_id:
        return  # another payment paid for the tickets
    if events.get(order.event_id).ends_at <= clock.now():
        return  # its gates may still be open, but its books may close
    for line in order.tickets:
        _withdraw(line["ticket_id"], payment)


def _withdraw(ticket_id: str, payment: Payment) -> None:
    for _ in retries.attempts():
        ticket = tickets.get(ticket_id)
        state = deeds.state_of_ticket(ticket)
        if state not in _UNUSED:
            return
        refund_id = ticket.pledge if state is TicketState.RETURNING else request(ticket, payment, _REASON)
        if refund_id is None:
            continue  # the ticket changed after the read
        try:
            refunds.approve(ticket_id, refund_id, by=BY_PROVIDER)
        except InvalidState:
            continue  # it was used or refunded meanwhile: read again
        logger.info("ticket withdrawn", extra={"ticket_id": ticket_id, "payment_id": payment.payment_id})
        return
    raise Unavailable(retry_after=1)


def request(ticket: Ticket, payment: Payment, reason: str) -> str | None:
    """Open a refund request in place of any other pledge of the ticket; return its id, or None if it changed."""
    refund_id = new_id("rfd")
    request = RefundRequest(
        *keys.tickets.refund_request(ticket.ticket_id, refund_id),
        refund_id=refund_id,
        ticket_id=ticket.ticket_id,
        customer_id=ticket.customer_id,
        event_id=ticket.event_id,
        status=RefundRequestStatus.PENDING,
        reason=reason,
        amount=ticket.price or 0,
        currency=payment.currency,
        created_at=clock.now(),
    )
    pledged = [Ticket.pledge.set(refund_id), Ticket.pledged_to.remove()]
    try:
        operations.commit(
            operations.change(keys.tickets.ticket(ticket.ticket_id), pledged, transfers.is_as_read(ticket)),
            *refund_requests.stored(request),
        )
    except operations.ConditionFailed:
        return None
    return refund_id
