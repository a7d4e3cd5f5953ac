"""Ticket refunds: staff approve or reject a customer's request.

An approval is one transaction, whose writes are in `approved_refunds`. `repayments` pays back what it leaves owed.

A ticket that cost nothing moves no money. The stream approves its request, since only the seat returns (D-STATE-03).
"""

from collections.abc import Sequence
from datetime import datetime

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.background.changes import Change, every, follows, that_became
from chalicelib.domain.events import deeds, events
from chalicelib.domain.events.deeds import Deed
from chalicelib.domain.money import AmountInput, Money
from chalicelib.domain.payments import approved_refunds, resolution, returns
from chalicelib.domain.payments.approved_refunds import SoldTicket
from chalicelib.domain.sale import orders
from chalicelib.domain.tickets import refund_requests, tickets
from chalicelib.errors import Conflict, InvalidState, NotFound, Unavailable
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Event, RefundRequest, Ticket
from chalicelib.table.operations import Write
from chalicelib.vocabulary.messages import Fact
from chalicelib.vocabulary.tickets import RefundRequestStatus

_ATTEMPTS = 12
# The states of a request that can be decided.
OPEN = (RefundRequestStatus.PENDING, RefundRequestStatus.AWAITING_SECOND)
# Who decided a request that needs nobody of the staff.
_PLATFORM = "platform"


def get(ticket_id: str, refund_id: str) -> RefundRequest:
    """Return a request. Raises NotFound."""
    request = operations.get(keys.tickets.refund_request(ticket_id, refund_id))
    if request is None:
        raise NotFound("There is no such refund request.")
    return request


def approve(
    ticket_id: str,
    refund_id: str,
    *,
    by: str,
    amount: AmountInput | None = None,
    note: str | None = None,
    deed: Deed = Deed.REFUND,
) -> RefundRequest:
    """Refund a ticket and return the updated request; `amount` defaults to the whole price.

    With the deed WITHDRAW it is a part of its event's cancellation, and also refunds a used ticket.

    Idempotent for the same amount. Raises NotFound, ValidationFailed (the amount), InvalidState (rejected, the ticket
    was used, more than is left, another currency), Conflict (approved with another amount), Unavailable.

    `refund_decisions` decides what a member of staff may approve.
    """
    for _ in retries.attempts(_ATTEMPTS):
        request = get(ticket_id, refund_id)
        if request.status in (RefundRequestStatus.APPROVED, RefundRequestStatus.REFUNDED):
            # The stored amount is the approved one. The caller may retry its own approval.
            if amount is not None and asked_amount(request, tickets.get(ticket_id), amount) != request.amount:
                raise Conflict("This refund was approved already, with another amount.")
            return request
        if request.status not in OPEN:
            raise InvalidState(f"This request is {request.status}.")
        ticket = tickets.get(ticket_id)
        back = asked_amount(request, ticket, amount)
        try:
            event = events.get(ticket.event_id)
            _require_given_back(ticket, event, refund_id, deed)
            sold = _sold(ticket)
            if deed is Deed.WITHDRAW:
                payer = sold.payment.customer_id
                request.of_cancellation = hears_of_cancellation(event, holder=request.customer_id, payer=payer)
            writes = _approval(request, sold, back, by=by, note=note)
        except InvalidState:
            if get(ticket_id, refund_id).status != request.status:
                continue  # another process decided the request after it was read
            raise
        after = {"status": RefundRequestStatus.APPROVED, "amount": back, "currency": request.currency}
        subject = AuditSubject("refund_request", refund_id, before={"status": request.status}, after=after)
        try:
            acts.commit(*writes, subject=subject)
        except operations.ConditionFailed:
            continue  # something changed after the read: read again
        ids = {"refund_id": refund_id, "ticket_id": ticket_id, "event_id": request.event_id, "by": by}
        logger.info("refund approved", extra={**ids, "amount": back})
        return get(ticket_id, refund_id)
    raise Unavailable("This ticket or its payment is being changed by others. Try again.", retry_after=1)


def hears_of_cancellation(event: Event, *, holder: str, payer: str) -> bool | None:
    """Return whether who paid for a ticket hears of its event's cancellation, and so not of the refund; else None."""
    return (holder == payer and not event.cancelled_quietly) or None


def _require_given_back(ticket: Ticket, event: Event, refund_id: str, deed: Deed) -> None:
    deeds.require(deed, event, ticket)
    if ticket.pledge != refund_id:
        raise InvalidState("Another request for this ticket is open.")


def reject(ticket_id: str, refund_id: str, *, by: str, note: str) -> RefundRequest:
    """Reject a request, so that its owner can use the ticket again; idempotent.

    Raises NotFound, InvalidState (approved already), Unavailable.
    """
    place = keys.tickets.refund_request(ticket_id, refund_id)
    decided = _decision(RefundRequestStatus.REJECTED, by=by, note=note, at=clock.now())
    for _ in retries.attempts(_ATTEMPTS):
        request = get(ticket_id, refund_id)
        if request.status == RefundRequestStatus.REJECTED:
            return request
        if request.status not in OPEN:
            raise InvalidState(f"This request is {request.status}.")
        before, after = {"status": request.status}, {"status": RefundRequestStatus.REJECTED}
        try:
            acts.commit(
                operations.change(place, decided, RefundRequest.status == request.status),
                operations.change(keys.tickets.ticket(ticket_id), [Ticket.pledge.remove()], Ticket.pledge == refund_id),
                subject=AuditSubject("refund_request", refund_id, before=before, after=after),
            )
        except operations.ConditionFailed as failure:
            if get(ticket_id, refund_id).status == request.status:
                raise InvalidState("The ticket does not wait for this request.") from failure
            continue  # another process decided the request after it was read
        logger.info("refund rejected", extra={"refund_id": refund_id, "ticket_id": ticket_id, "by": by})
        return get(ticket_id, refund_id)
    raise Unavailable("This ticket or its payment is being changed by others. Try again.", retry_after=1)


def asked_amount(request: RefundRequest, ticket: Ticket, amount: AmountInput | None) -> int:
    """Return the amount to refund, in minor units. Raises ValidationFailed, InvalidState."""
    if amount is None:
        return request.amount
    price = max(request.amount, ticket.price or 0)
    return refund_requests.amount_within(amount, price=Money(price, request.currency))


def _decision(status: RefundRequestStatus, *, by: str, note: str | None, at: datetime) -> list[Action]:
    """Return the actions that decide a request."""
    actions: list[Action] = [
        RefundRequest.status.set(status),
        RefundRequest.decided_at.set(at),
        RefundRequest.decided_by.set(by),
    ]
    return [*actions, RefundRequest.note.set(note)] if note else actions


def _sold(ticket: Ticket) -> SoldTicket:
    order = orders.get(ticket.order_id)
    return SoldTicket(ticket, order, resolution.get(order.payment_id))


def _approval(request: RefundRequest, sold: SoldTicket, amount: int, *, by: str, note: str | None) -> list[Write]:
    """Return the writes of one approval, conditional on everything being unchanged since the read.

    Raises InvalidState if the total refunded would exceed the amount paid.
    """
    values, now = approved_refunds.values_of(request, sold, amount), clock.now()
    decided = _decision(values.pop("status"), by=by, note=note, at=now)
    decided += [getattr(RefundRequest, name).set(value) for name, value in values.items()]
    if not approved_refunds.needs_no_repayment(sold.payment, amount):
        decided += approved_refunds.due_after(request.refund_id, request.ticket_id, returns.STUCK_AFTER)
    place = keys.tickets.refund_request(request.ticket_id, request.refund_id)
    return [
        operations.change(place, decided, RefundRequest.status == request.status),
        *approved_refunds.effects(request, sold, amount, fee=values["fee"], at=now),
    ]


def _approve_free(request: RefundRequest) -> None:
    """Return the seat of a free ticket to the stock; idempotent. A ticket that was used meanwhile stays used."""
    try:
        approve(request.ticket_id, request.refund_id, by=_PLATFORM)
    except (NotFound, InvalidState) as refused:
        ids = {"refund_id": request.refund_id, "ticket_id": request.ticket_id}
        logger.info("free ticket not returned", extra={**ids, "code": refused.code})


@follows(*every(RefundRequest))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Publish the approved refunds that a provider must pay back, and approve the requests that cost nothing."""
    for request in that_became(changes, RefundRequest, RefundRequestStatus.PENDING):
        if request.amount == 0:
            _approve_free(request)
    return [
        Published(
            fact=Fact.TICKET_REFUND_DUE,
            fact_id=request.refund_id,
            occurred_at=request.decided_at or clock.now(),
            ids={"refund_id": request.refund_id, "ticket_id": request.ticket_id, "payment_id": request.payment_id},
        )
        for request in that_became(changes, RefundRequest, RefundRequestStatus.APPROVED)
    ]
