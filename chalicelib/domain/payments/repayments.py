"""Approved refunds are paid back at the provider once each, with the refund's id as idempotency key.

The queue starts it, and the sweep tries again what waits for money at the provider, or for another process.
"""

from contextlib import suppress
from datetime import timedelta

from pynamodb.expressions.update import Action

from chalicelib.domain.payments import approved_refunds, provider_refunds, refunds, resolution, returns
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Payment, RefundRequest
from chalicelib.vocabulary.tickets import RefundRequestStatus

# What an approved refund waits for: money of ours at its provider.
PROVIDER_FUNDS = "provider_funds"


def pay_back_due(due_id: str) -> bool:
    """Pay back an approved refund that is due; for the sweep. Raises NotFound, Unavailable."""
    refund_id, _, ticket_id = due_id.partition("/")
    if pay_back(ticket_id, refund_id):
        return True
    return refunds.get(ticket_id, refund_id).status == RefundRequestStatus.APPROVED


def _postpone(request: RefundRequest, wait: timedelta, reason: Action) -> None:
    """Make a refund due again later, unless it was paid back meanwhile."""
    later = approved_refunds.due_after(request.refund_id, request.ticket_id, wait)
    place = keys.tickets.refund_request(request.ticket_id, request.refund_id)
    still = RefundRequest.status == RefundRequestStatus.APPROVED
    with suppress(operations.ConditionFailed):
        operations.record(operations.change(place, [*later, reason], still))


def pay_back(ticket_id: str, refund_id: str, payment_id: str | None = None) -> bool:
    """Refund an approved request through the provider, and return whether this call recorded it.

    Money that the provider has returned already is not paid again. While a dispute is open nothing is paid: its end
    publishes the refund again. Where our balance there is too small it waits, and the sweep tries it again. Idempotent.
    A caller that knows the payment saves a read. Raises NotFound, Unavailable.
    """
    request, payment = _owed(ticket_id, refund_id, payment_id)
    if payment is not None and request.status == RefundRequestStatus.REFUNDED:
        request = _opened_again(request, payment)
    if request.status != RefundRequestStatus.APPROVED or payment is None:
        return False
    if returns.standing(payment.moves).is_disputed:
        _postpone(request, provider_refunds.WHILE_DISPUTED, RefundRequest.waits_for.remove())
        return False
    reference, moves = next(iter(returns.made_for(payment, refund_id)), None), []
    if amount := min(request.amount, returns.unmade(payment, refund_id)):
        key = returns.part_key(payment, refund_id)
        made = provider_refunds.make(payment, amount=amount, currency=request.currency, key=key)
        if made is None:
            _postpone(request, provider_refunds.until_next_try(refund_id), RefundRequest.waits_for.set(PROVIDER_FUNDS))
            return False
        reference, moves = made.reference, [made]
    done: list[Action] = [
        RefundRequest.status.set(RefundRequestStatus.REFUNDED),
        RefundRequest.waits_for.remove(),
        *RefundRequest.not_due(),
    ]
    if reference is not None:
        done.append(RefundRequest.refund_reference.set(reference))
    as_owed = RefundRequest.status == RefundRequestStatus.APPROVED
    recorded = operations.change(keys.tickets.refund_request(ticket_id, refund_id), done, as_owed)
    if not resolution.take_moves(payment.payment_id, moves, also=[recorded], known=payment):
        return False  # another process recorded the same refund
    ids = {"refund_id": refund_id, "payment_id": payment.payment_id, "provider": payment.provider}
    logger.info("refund paid back", extra=ids)
    return True


def _opened_again(request: RefundRequest, payment: Payment) -> RefundRequest:
    """Return a refund as approved again, where a lost dispute had paid a part of it that was won in the end."""
    is_due = not approved_refunds.needs_no_repayment(payment, request.amount)
    if not is_due or not returns.is_owed_again(payment, request.refund_id):
        return request
    owed = [
        RefundRequest.status.set(RefundRequestStatus.APPROVED),
        *approved_refunds.due_after(request.refund_id, request.ticket_id, returns.STUCK_AFTER),
    ]
    with suppress(operations.ConditionFailed):  # another process did
        operations.record(operations.change(request.place, owed, RefundRequest.status == request.status))
    return refunds.get(request.ticket_id, request.refund_id)


def _owed(ticket_id: str, refund_id: str, payment_id: str | None) -> tuple[RefundRequest, Payment | None]:
    """Return a request and its payment, None while it is not approved. Raises NotFound."""
    if payment_id is None:
        request = refunds.get(ticket_id, refund_id)
        return request, resolution.get(request.payment_id) if request.payment_id else None
    of_request, of_payment = keys.tickets.refund_request(ticket_id, refund_id), keys.money.payment(payment_id)
    found = operations.get_many((of_request, of_payment))
    known, payment = found.get(of_request), found.get(of_payment)
    if not isinstance(known, RefundRequest) or known.payment_id != payment_id or not isinstance(payment, Payment):
        return _owed(ticket_id, refund_id, None)
    return known, payment
