"""Decisions of staff on refund requests: approved once, in two hands above the threshold (D-DSP-01).

An approval above `SECOND_PERSON_OVER` waits as `awaiting_second`. Another member of staff approves the same amount, or
anybody of them rejects it.
"""

from msgspec import Struct

from chalicelib.domain import idempotency
from chalicelib.domain.approvals import second_person
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.money import AmountInput, Money
from chalicelib.domain.payments import refunds, resolution, returns
from chalicelib.domain.sale import orders
from chalicelib.domain.tickets import refund_requests, tickets
from chalicelib.domain.tickets.refund_requests import StaffRefundRequest
from chalicelib.errors import Conflict, InvalidState, Refusal, Unavailable
from chalicelib.observability import logger
from chalicelib.table import operations, retries
from chalicelib.table.items import RefundRequest, Ticket
from chalicelib.vocabulary.tickets import RefundRequestStatus, RefundVerdict


class RefundDecision(Struct, frozen=True):
    """A decision and its reason; `amount` defaults to what was asked for."""

    decision: RefundVerdict
    note: str | None = None
    amount: AmountInput | None = None


def decide(refund_id: str, decided: RefundDecision, *, by: str, operation_id: str) -> StaffRefundRequest:
    """Decide a request, and return it; idempotent.

    Raises NotFound, ValidationFailed (not an amount), InvalidState (decided otherwise, the ticket was used, more than
    is left, another currency, a disputed payment), Conflict (another amount than the first approval),
    SecondPersonNeeded, Unavailable.
    """
    request = refund_requests.find(refund_id)
    if decided.decision is RefundVerdict.REJECT:
        rejected = refunds.reject(request.ticket_id, refund_id, by=by, note=decided.note or "")
        return refund_requests.for_staff(rejected)
    try:
        approved = _approve(request, decided, by=by, operation_id=operation_id)
    except Refusal:
        # A retry of the first approval, whose response may have been lost.
        if idempotency.result_of(operation_id) != refund_id:
            raise
        approved = refund_requests.find(refund_id)
    return refund_requests.for_staff(approved)


def _approve(request: RefundRequest, decided: RefundDecision, *, by: str, operation_id: str) -> RefundRequest:
    refund_id, ticket_id = request.refund_id, request.ticket_id
    for _ in retries.attempts():
        if request.status is RefundRequestStatus.PENDING:
            ticket = tickets.get(ticket_id)
            _require_undisputed(ticket)
            amount = refunds.asked_amount(request, ticket, decided.amount)
            if second_person.is_needed(Money(amount, request.currency)):
                if _await_second(request, amount, by=by, operation_id=operation_id):
                    return refund_requests.find(refund_id)
                request = refund_requests.find(refund_id)
                continue  # another process decided it after the read
        elif request.status is RefundRequestStatus.AWAITING_SECOND:
            return _approve_second(request, decided, by=by)
        return refunds.approve(ticket_id, refund_id, by=by, amount=decided.amount, note=decided.note)
    raise Unavailable("This request is being decided by others. Try again.", retry_after=1)


def _approve_second(request: RefundRequest, decided: RefundDecision, *, by: str) -> RefundRequest:
    second_person.require_other(asked_by=request.first_approved_by, by=by)
    first = Money(request.first_approved or 0, request.currency)
    ticket = tickets.get(request.ticket_id)
    if decided.amount is not None and refunds.asked_amount(request, ticket, decided.amount) != first.minor:
        raise Conflict(f"The first approval is of {first.amount} {first.currency}. Approve that, or reject it.")
    _require_undisputed(ticket)
    approved = AmountInput(first.amount, first.currency)
    return refunds.approve(request.ticket_id, request.refund_id, by=by, amount=approved, note=decided.note)


def _await_second(request: RefundRequest, amount: int, *, by: str, operation_id: str) -> bool:
    """Store a first approval, and return whether this call did it."""
    waiting = [
        RefundRequest.status.set(RefundRequestStatus.AWAITING_SECOND),
        RefundRequest.first_approved_by.set(by),
        RefundRequest.first_approved.set(amount),
    ]
    after = {"status": RefundRequestStatus.AWAITING_SECOND, "amount": amount, "currency": request.currency}
    try:
        acts.commit(
            operations.change(request.place, waiting, RefundRequest.status == RefundRequestStatus.PENDING),
            idempotency.once(operation_id, request.refund_id),
            subject=AuditSubject("refund_request", request.refund_id, before={"status": request.status}, after=after),
        )
    except operations.ConditionFailed:
        return False
    logger.info("refund awaits a second person", extra={"refund_id": request.refund_id, "by": by})
    return True


def _require_undisputed(ticket: Ticket) -> None:
    """Raise InvalidState while the bank decides on a dispute of the ticket's payment."""
    if ticket.order_id is None:
        return
    payment_id = orders.get(ticket.order_id).payment_id
    if payment_id is not None and returns.standing(resolution.get(payment_id).moves).is_disputed:
        raise InvalidState("The payment of this ticket is disputed. Decide on the refund once the dispute is over.")
