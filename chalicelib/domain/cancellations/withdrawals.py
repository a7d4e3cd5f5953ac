"""One ticket of a cancelled event: refunded in full, also after a scan, or voided without a refund; each idempotent."""

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.cards import bindings
from chalicelib.domain.events import deeds, events
from chalicelib.domain.events.deeds import Deed, EventState
from chalicelib.domain.money import AmountInput, Money
from chalicelib.domain.payments import refunds
from chalicelib.domain.tickets import refund_requests, tickets, transfers
from chalicelib.errors import Refusal, Unavailable
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import RefundRequest, Ticket
from chalicelib.vocabulary import RefundRequestStatus, TicketStatus

_REASON = "The event was cancelled."


class NoRefund(Exception):
    """A ticket that cannot be withdrawn, and that staff must look at; its text is the reason."""


def refund(ticket_id: str, *, by: str) -> None:
    """Refund a ticket of a cancelled event in full; a request that its customer has open is approved instead.

    Raises NoRefund, Unavailable.
    """
    for _ in retries.attempts():
        ticket = tickets.get(ticket_id)
        if ticket.status != TicketStatus.VALID:
            return
        if ticket.price is None or ticket.order_id is None:
            raise NoRefund("not_sold_here")
        refund_id = _open_request(ticket) or _request(ticket)
        if refund_id is None:
            continue  # the ticket changed after the read
        try:
            # All of the price, also where a part of it was asked for.
            price = AmountInput(Money(ticket.price, ticket.currency).amount) if ticket.price else None
            refunds.approve(ticket_id, refund_id, by=by, amount=price, deed=Deed.WITHDRAW)
        except Unavailable:
            raise
        except Refusal as refused:
            if tickets.get(ticket_id).status != TicketStatus.VALID:
                return  # it was refunded meanwhile
            logger.error(
                "ticket of a cancelled event not refunded", extra={"ticket_id": ticket_id, "code": refused.code}
            )
            raise NoRefund(refused.code.lower()) from refused
        return
    raise Unavailable(retry_after=1)


def _open_request(ticket: Ticket) -> str | None:
    """Return the refund request that a ticket is pledged to, if it is one and not a gift."""
    if ticket.pledge is None or ticket.pledged_to is not None:
        return None
    return str(ticket.pledge)


def _request(ticket: Ticket) -> str | None:
    """Open a refund request in place of a gift; return its id, or None if the ticket changed."""
    refund_id = new_id("rfd")
    request = RefundRequest(
        *keys.tickets.refund_request(ticket.ticket_id, refund_id),
        refund_id=refund_id,
        ticket_id=ticket.ticket_id,
        customer_id=ticket.customer_id,
        event_id=ticket.event_id,
        status=RefundRequestStatus.PENDING,
        reason=_REASON,
        amount=ticket.price,
        currency=ticket.currency,
        created_at=clock.now(),
        of_cancellation=True,
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
            Ticket.status.set(TicketStatus.CANCELLED),
            Ticket.credential.set(ticket.credential + 1),
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
