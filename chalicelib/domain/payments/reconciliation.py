"""Background processing of payments: callbacks, refunds, and the closing of unpaid ones."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.clients.providers import Declined, Outcome
from chalicelib.config import config
from chalicelib.domain.changes import Change, every, follows, that_became
from chalicelib.domain.payments import providers, resolution
from chalicelib.domain.payments.resolution import INTERNAL, OPEN, get, settle
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Payment, ProviderEvent
from chalicelib.vocabulary import Fact, PaymentStatus

# Delay until the next check if a provider still processes a charge after its deadline.
_ASK_AGAIN_AFTER = timedelta(minutes=5)


def take_webhook(raw: bytes, headers: Mapping[str, str]) -> None:
    """Record the outcome in a provider's callback; other callbacks and unknown payments change nothing.

    Raises BadSignature, Unavailable.
    """
    notice = providers.chosen().parse_webhook(raw, headers)
    if notice.outcome is None or not notice.payment_id:
        return
    provider = config().payment_provider
    payment = operations.get(keys.money.payment(notice.payment_id))
    if payment is None or payment.provider != provider:
        logger.warning("a callback speaks of no payment of ours", extra={"provider_event_id": notice.event_id})
        return
    taken = ProviderEvent(
        *keys.money.provider_event(provider, notice.event_id),
        provider=provider,
        payment_id=notice.payment_id,
        taken_at=clock.now(),
    )
    settle(notice.payment_id, notice.outcome, callback=taken)


def refund(payment_id: str) -> bool:
    """Refund a payment in `refund_due`; idempotent. Returns whether this call recorded it. Raises Unavailable."""
    payment = get(payment_id)
    if payment.status != PaymentStatus.REFUND_DUE:
        return False
    provider = providers.named(payment.provider)
    try:
        reference = provider.refund(
            payment.provider_reference,
            amount=resolution.owed(payment),
            currency=payment.taken_currency,
            key=f"{payment.payment_id}/refund",
        )
    except Declined as declined:
        raise resolution.unknown(payment, declined) from declined
    try:
        operations.commit(*resolution.refunded(payment, refund_reference=reference))
    except operations.ConditionFailed:
        return False  # another process recorded the same refund
    ids = {"payment_id": payment_id, "order_id": payment.order_id, "customer_id": payment.customer_id}
    logger.info("payment refunded", extra=ids)
    return True


def reconcile(payment_id: str) -> bool:
    """Resolve a payment past its deadline as its provider reports, or make an overdue refund; for the sweep.

    Returns whether there was anything to do. Raises Unavailable.
    """
    payment = operations.get(keys.money.payment(payment_id))
    if payment is None:
        return False
    if payment.status == PaymentStatus.REFUND_DUE:
        return refund(payment_id)
    is_due = payment.is_due and payment.open_until is not None and payment.open_until <= clock.now()
    if payment.status not in OPEN or not is_due:
        return False
    settled = settle(payment_id, _final(payment))
    if settled.is_due and settled.status in OPEN:
        # The provider still processes the charge, so the payment stays due and is checked again later.
        later = resolution.due_at(payment_id, clock.now() + _ASK_AGAIN_AFTER)
        same = (Payment.status == settled.status) & settled.is_due_as_read()
        try:
            operations.record(operations.change(keys.money.payment(payment_id), later, same))
        except operations.ConditionFailed:
            return True  # another process settled or postponed it
    return True


def give_up(payment_id: str) -> None:
    """Fail an overdue payment whose provider says nothing about it; for the sweep.

    A later callback about a charge still resolves it. A refund that is due stays due, for staff.
    """
    payment = get(payment_id)
    if payment.status in OPEN:
        settle(payment_id, resolution.refused(payment, "The payment provider could not say what became of it."))


def _final(payment: Payment) -> Outcome:
    """Cancel an overdue payment at its provider, and return the final outcome. Raises Unavailable."""
    reason = "It was not paid in time."
    if payment.provider in INTERNAL or payment.provider_reference is None:
        # A charge cannot have been confirmed without its reference.
        return resolution.refused(payment, reason)
    try:
        return providers.named(payment.provider).cancel(payment.provider_reference)
    except Declined as declined:
        raise resolution.unknown(payment, declined) from declined


@follows(*every(Payment))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Publish the payments that became `refund_due`."""
    return [
        Published(
            fact=Fact.PAYMENT_REFUND_DUE,
            fact_id=payment.payment_id,
            occurred_at=payment.settled_at or clock.now(),
            ids={"payment_id": payment.payment_id},
        )
        for payment in that_became(changes, Payment, PaymentStatus.REFUND_DUE)
    ]
