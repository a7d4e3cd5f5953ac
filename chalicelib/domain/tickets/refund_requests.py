"""A customer's request to refund a ticket: one open per ticket, and none after a scan or the event's deadline.

A ticket that cost nothing is returned too: its seat is for others. A ticket of a cancelled event has no deadline. One
of an event that was moved after the booking may be returned until the event starts (D-STATE-02).
"""

from datetime import datetime, timedelta

from chalicelib import clock
from chalicelib.domain import idempotency
from chalicelib.domain.events import deeds, events
from chalicelib.domain.events.deeds import Deed, EventState
from chalicelib.domain.tickets import transfers
from chalicelib.errors import InvalidState, NotFound, Refusal, Unavailable
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Event, RefundRequest, Ticket
from chalicelib.vocabulary import RefundRequestStatus

# Default deadline before an event's start: time enough to sell the seat again.
_ENDS_BEFORE_START = timedelta(hours=24)


def deadline(event: Event, ticket: Ticket) -> datetime | None:
    """Return the last moment at which a ticket of an event may be returned; None for a cancelled event."""
    usual: datetime = event.refunds_until or event.starts_at - _ENDS_BEFORE_START
    state = deeds.state_of_event(event, ticket)
    if state is EventState.CANCELLED:
        return None
    return max(usual, event.starts_at) if state is EventState.MOVED else usual


def ask(customer_id: str, ticket_id: str, *, reason: str, operation_id: str) -> RefundRequest:
    """Request a refund of a ticket; until the decision the ticket cannot be given away.

    Idempotent per `operation_id`. Raises NotFound, InvalidState (not paid, scanned, too late), Conflict (a gift or
    another request is open), Unavailable.
    """
    try:
        return _ask(customer_id, ticket_id, reason=reason, operation_id=operation_id)
    except Refusal:
        # A retry: this operation may have succeeded before, and its response may have been lost.
        refund_id = idempotency.result_of(operation_id)
        if refund_id is None:
            raise
        return _get(ticket_id, refund_id)


def _ask(customer_id: str, ticket_id: str, *, reason: str, operation_id: str) -> RefundRequest:
    for _ in retries.attempts():
        ticket = transfers.own(customer_id, ticket_id)
        event = events.get(ticket.event_id)
        _require_refundable(ticket, event)
        refund_id = new_id("rfd")
        request = RefundRequest(
            *keys.tickets.refund_request(ticket_id, refund_id),
            refund_id=refund_id,
            ticket_id=ticket_id,
            customer_id=customer_id,
            event_id=ticket.event_id,
            status=RefundRequestStatus.PENDING,
            reason=reason,
            amount=ticket.price,
            currency=ticket.currency,
            created_at=clock.now(),
        )
        pledged = [Ticket.pledge.set(refund_id)]
        try:
            operations.commit(
                operations.change(keys.tickets.ticket(ticket_id), pledged, transfers.is_as_read(ticket)),
                operations.put(request, RefundRequest.pk.does_not_exist()),
                idempotency.once(operation_id, refund_id),
                deeds.while_unchanged(event),
            )
        except operations.ConditionFailed:
            if (first := idempotency.result_of(operation_id)) is not None:
                return _get(ticket_id, first)
            continue
        logger.info("refund asked for", extra={"refund_id": refund_id, "ticket_id": ticket_id})
        return request
    raise Unavailable("This ticket is being changed by others. Try again.", retry_after=1)


def _require_refundable(ticket: Ticket, event: Event) -> None:
    deeds.require(Deed.ASK_REFUND, event, ticket)
    if ticket.price is None or ticket.currency is None:
        raise InvalidState("This ticket was not booked here, so only its issuer can take it back.")
    last = deadline(event, ticket)
    if last is not None and clock.now() > last:
        raise InvalidState(f"Tickets of this event could be given back until {clock.to_text(last)}.")


def _get(ticket_id: str, refund_id: str) -> RefundRequest:
    request = operations.get(keys.tickets.refund_request(ticket_id, refund_id))
    if request is None:
        raise NotFound("There is no such request.")
    return request
