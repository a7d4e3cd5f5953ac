"""A customer's request to refund a ticket: one open per ticket, and none after a scan or the event's deadline.

A ticket that cost nothing is returned too: its seat is for others. A ticket of a cancelled event has no deadline. One
of an event that was moved after the booking may be returned until the event starts (D-STATE-02).
"""

from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain import idempotency, money, timezones
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.events import deeds, events
from chalicelib.domain.events.deeds import Deed, EventState
from chalicelib.domain.money import AmountInput, Money
from chalicelib.domain.tickets import tickets, transfers
from chalicelib.errors import InvalidState, NotFound, Refusal, Unavailable
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Event, RefundAddress, RefundRequest, Ticket
from chalicelib.table.operations import Write
from chalicelib.vocabulary.tickets import RefundRequestStatus

# Default deadline before an event's start: time enough to sell the seat again.
_ENDS_BEFORE_START = timedelta(hours=24)


def deadline(event: Event, ticket: Ticket) -> datetime | None:
    """Return the last moment at which a ticket of an event may be returned; None for a cancelled event."""
    usual: datetime = event.refunds_until or event.starts_at - _ENDS_BEFORE_START
    state = deeds.state_of_event(event, ticket)
    if state is EventState.CANCELLED:
        return None
    return max(usual, event.starts_at) if state is EventState.MOVED else usual


class RefundWish(Struct, frozen=True):
    """What is asked for: the refund of a ticket, by its customer, or for the customer by a member of staff.

    `amount` defaults to the price.
    """

    ticket_id: str
    reason: str
    customer_id: str | None = None
    opened_by: str | None = None
    amount: AmountInput | None = None


class StaffRefundRequest(Struct, frozen=True):
    """A request as staff see it; `amount` is what is paid back, or would be."""

    id: str
    status: RefundRequestStatus
    ticket_id: str
    customer_id: str | None
    event_id: str
    reason: str
    amount: Money
    opened_by: str | None
    first_approved_by: str | None
    decided_by: str | None
    decided_at: datetime | None
    note: str | None
    waits_for: str | None
    created_at: datetime


def for_staff(request: RefundRequest) -> StaffRefundRequest:
    """Return a request as staff see it."""
    first = request.first_approved if request.status is RefundRequestStatus.AWAITING_SECOND else None
    return StaffRefundRequest(
        id=request.refund_id,
        status=request.status,
        ticket_id=request.ticket_id,
        customer_id=request.customer_id,
        event_id=request.event_id,
        reason=request.reason,
        amount=Money(request.amount if first is None else first, request.currency),
        opened_by=request.opened_by,
        first_approved_by=request.first_approved_by,
        decided_by=request.decided_by,
        decided_at=request.decided_at,
        note=request.note,
        waits_for=request.waits_for,
        created_at=request.created_at,
    )


def is_past(last: datetime) -> bool:
    """Whether a deadline is over."""
    return clock.now() > last


def ask(customer_id: str, ticket_id: str, *, reason: str, operation_id: str) -> RefundRequest:
    """Request a refund of a ticket; until the decision the ticket cannot be given away.

    Idempotent per `operation_id`. Raises NotFound, InvalidState (not paid, scanned, too late), Conflict (a gift or
    another request is open), Unavailable.
    """
    return _once(RefundWish(ticket_id, reason, customer_id=customer_id), operation_id=operation_id)


def open_for_customer(
    ticket_id: str, *, reason: str, amount: AmountInput | None, by: str, operation_id: str
) -> StaffRefundRequest:
    """Request a refund for the customer of a ticket, as a member of staff; the event's deadline binds customers only.

    Idempotent per `operation_id`. Raises NotFound, ValidationFailed, InvalidState (not paid, scanned, over, more than
    was paid, another currency), Conflict (a gift or another request is open), Unavailable.
    """
    wish = RefundWish(ticket_id, reason, opened_by=by, amount=amount)
    return for_staff(_once(wish, operation_id=operation_id))


def _once(wish: RefundWish, *, operation_id: str) -> RefundRequest:
    try:
        return _ask(wish, operation_id=operation_id)
    except Refusal:
        # A retry: this operation may have succeeded before, and its response may have been lost.
        refund_id = idempotency.result_of(operation_id)
        if refund_id is None:
            raise
        return _get(wish.ticket_id, refund_id)


def _ask(wish: RefundWish, *, operation_id: str) -> RefundRequest:
    ticket_id = wish.ticket_id
    for _ in retries.attempts():
        ticket = transfers.own(wish.customer_id, ticket_id) if wish.customer_id else tickets.get(ticket_id)
        event = events.get(ticket.event_id)
        _require_refundable(ticket, event)
        if wish.opened_by is None:
            _require_in_time(ticket, event)
        request = _request(wish, ticket)
        pledged = [Ticket.pledge.set(request.refund_id)]
        try:
            acts.commit(
                operations.change(keys.tickets.ticket(ticket_id), pledged, transfers.is_as_read(ticket)),
                *stored(request),
                idempotency.once(operation_id, request.refund_id),
                deeds.while_unchanged(event),
                subject=AuditSubject("refund_request", request.refund_id, after=_audited(request)),
            )
        except operations.ConditionFailed:
            if (first := idempotency.result_of(operation_id)) is not None:
                return _get(ticket_id, first)
            continue
        logger.info("refund asked for", extra={"refund_id": request.refund_id, "ticket_id": ticket_id})
        return request
    raise Unavailable("This ticket is being changed by others. Try again.", retry_after=1)


def _audited(request: RefundRequest) -> dict[str, Any]:
    return {"ticket_id": request.ticket_id, "amount": request.amount, "currency": request.currency}


def _request(wish: RefundWish, ticket: Ticket) -> RefundRequest:
    refund_id = new_id("rfd")
    return RefundRequest(
        *keys.tickets.refund_request(ticket.ticket_id, refund_id),
        refund_id=refund_id,
        ticket_id=ticket.ticket_id,
        customer_id=ticket.customer_id,
        event_id=ticket.event_id,
        status=RefundRequestStatus.PENDING,
        reason=wish.reason,
        amount=amount_within(wish.amount, price=Money(ticket.price or 0, ticket.currency)),
        currency=ticket.currency,
        created_at=clock.now(),
        opened_by=wish.opened_by,
    )


def stored(request: RefundRequest) -> list[Write]:
    """Return the writes that store a new request, and the address that finds it by its id alone."""
    address = RefundAddress(*keys.tickets.refund_address(request.refund_id), ticket_id=request.ticket_id)
    return [
        operations.put(request, RefundRequest.pk.does_not_exist()),
        operations.put(address, RefundAddress.pk.does_not_exist()),
    ]


def find(refund_id: str) -> RefundRequest:
    """Return a request by its id alone. Raises NotFound."""
    address = operations.get(keys.tickets.refund_address(refund_id))
    if address is None:
        raise NotFound("There is no such request.")
    return _get(address.ticket_id, refund_id)


def amount_within(asked: AmountInput | None, *, price: Money) -> int:
    """Return the amount to refund of a price, in minor units; by default all of it.

    Raises InvalidState (more than the price, another currency), ValidationFailed (not an amount).
    """
    if asked is None:
        return price.minor
    if asked.currency not in (None, price.currency):
        raise InvalidState(f"This ticket was paid in {price.currency}; it cannot be refunded in {asked.currency}.")
    amount = money.require(asked, currency=price.currency, field="amount")
    money.require_divisible(amount, field="amount")
    if amount > price:
        paid = f"{price.amount} {price.currency}"
        raise InvalidState(f"{amount.amount} {amount.currency} is more than is left of this ticket's price: {paid}.")
    return amount.minor


def _require_refundable(ticket: Ticket, event: Event) -> None:
    deeds.require(Deed.ASK_REFUND, event, ticket)
    if ticket.price is None or ticket.currency is None:
        raise InvalidState("This ticket was not booked here, so only its issuer can take it back.")


def _require_in_time(ticket: Ticket, event: Event) -> None:
    last = deadline(event, ticket)
    if last is not None and is_past(last):
        until = timezones.in_words(last, event.timezone)
        raise InvalidState(f"Tickets of this event could be given back until {until}. Contact support.")


def _get(ticket_id: str, refund_id: str) -> RefundRequest:
    request = operations.get(keys.tickets.refund_request(ticket_id, refund_id))
    if request is None:
        raise NotFound("There is no such request.")
    return request
