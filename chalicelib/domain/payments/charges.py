"""A payment's charge at its provider: stored, opened and confirmed, for an order and for a reload alike."""

import hashlib
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from chalicelib import clock
from chalicelib.clients.providers import Charge, Declined, Outcome, OutcomeStatus
from chalicelib.domain.crypto import encryption
from chalicelib.domain.payments import own_payments, providers, resolution
from chalicelib.domain.payments.payment_decisions import INTERNAL
from chalicelib.domain.payments.resolution import get, settle
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Payment
from chalicelib.vocabulary.payments import PaymentMethod, PaymentPurpose, PaymentStatus

# How much longer than its order or reload a payment is open: a customer may still be at the provider's page.
GRACE = timedelta(minutes=5)


class PaymentTerms(Struct, frozen=True):
    """How a customer wants to pay; `token` is their means of payment, for providers that get it from us."""

    method: PaymentMethod
    card_name: str | None = None
    token: str | None = None
    return_url: str | None = None


def new(*, customer_id: str, open_until: datetime, **fields: Any) -> Payment:
    """Return a payment that is due for the sweep when its time is over; the caller writes it."""
    payment_id = new_id("pay")
    index_key = keys.money.customer_payments(customer_id, payment_id)
    due = keys.jobs.due(open_until, payment_id)
    return Payment(
        *keys.money.payment(payment_id),
        gsi1=index_key,
        gsi2=due,
        payment_id=payment_id,
        customer_id=customer_id,
        status=PaymentStatus.REQUIRES_CONFIRMATION,
        created_at=clock.now(),
        open_until=open_until,
        **fields,
    )


def digest_of(token: str | None) -> str | None:
    """Return what a payment stores of a means of payment: enough to see that another one was chosen."""
    return hashlib.sha256(token.encode()).hexdigest() if token is not None else None


def announced(payment: Payment) -> Payment:
    """Log that a payment was written, and return it."""
    ids = {"payment_id": payment.payment_id, "order_id": payment.order_id, "customer_id": payment.customer_id}
    logger.info("payment opened", extra={**ids, "purpose": payment.purpose, "provider": payment.provider})
    return payment


def opened(payment: Payment, *, token: str | None = None) -> Payment:
    """Return a payment that is open at its provider, or failed if the provider declined it. Raises Unavailable."""
    is_open = payment.status == PaymentStatus.REQUIRES_CONFIRMATION
    if payment.provider in INTERNAL or payment.provider_reference is not None or not is_open:
        return payment
    try:
        opened = providers.named(payment.provider).create(_charge(payment, token=token))
    except Declined as declined:
        return settle(payment.payment_id, resolution.refused(payment, declined.code))
    known = [Payment.provider_reference.set(opened.reference)]
    if opened.client_secret is not None:
        sealed = encryption.seal(payment.customer_id, own_payments.sealed_as(payment), opened.client_secret)
        known.append(Payment.sealed_client_secret.set(sealed))
    unknown = (Payment.status == payment.status) & Payment.provider_reference.does_not_exist()
    with suppress(operations.ConditionFailed):  # another call has opened it, or a callback arrived first
        operations.record(operations.change(keys.money.payment(payment.payment_id), known, unknown))
    return get(payment.payment_id)


def _charge(payment: Payment, *, token: str | None = None) -> Charge:
    return Charge(
        payment_id=payment.payment_id,
        amount=payment.amount,
        currency=payment.currency,
        token=token,
        return_url=payment.return_url,
        is_owner_away=payment.purpose == PaymentPurpose.AUTO_RELOAD,
    )


def cancelled(payment: Payment, reason: str) -> Outcome:
    """Close a payment's charge at its provider, and return what became of it: success if it took money before.

    Raises Unavailable.
    """
    if payment.provider in INTERNAL or payment.provider_reference is None:
        # A charge cannot have been confirmed without its reference.
        return resolution.refused(payment, reason)
    try:
        return providers.named(payment.provider).cancel(payment.provider_reference)
    except Declined as declined:
        raise resolution.unknown(payment, declined) from declined


def confirmed(payment: Payment) -> Outcome:
    """Ask the provider to charge the payment, and return the outcome. Raises Unavailable."""
    if payment.provider in INTERNAL:
        return Outcome(
            reference=payment.payment_id,
            status=OutcomeStatus.SUCCEEDED,
            amount=payment.amount,
            currency=payment.currency,
            is_closed=True,
        )
    if payment.provider_reference is None:
        return resolution.refused(payment, payment.failure_reason or "declined")
    provider = providers.named(payment.provider)
    try:
        if payment.status == PaymentStatus.REQUIRES_CONFIRMATION:
            return provider.confirm(_charge(payment), payment.provider_reference)
        return provider.retrieve(payment.provider_reference)
    except Declined as declined:
        raise resolution.unknown(payment, declined) from declined
