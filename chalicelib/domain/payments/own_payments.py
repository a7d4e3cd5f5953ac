"""Payments as their customers see them: the state, what to do next, and the provider's secret."""

from datetime import datetime

from msgspec import Struct

from chalicelib.clients.providers import NextAction
from chalicelib.domain.crypto import encryption
from chalicelib.domain.money import Money
from chalicelib.domain.payments import next_actions
from chalicelib.errors import NotFound
from chalicelib.table import keys, operations
from chalicelib.table.items import Payment
from chalicelib.vocabulary.payments import PaymentStatus


class OwnPayment(Struct, frozen=True):
    """A payment as its customer sees it: `refund_due` is shown as refunded.

    With `next_action` its owner must act at the bank. That payment is shown as `requires_action`.
    """

    id: str
    status: PaymentStatus
    amount: Money
    provider: str
    method: str
    client_secret: str | None
    booking_id: str | None
    card_id: str | None
    receipt_number: str | None
    failure_reason: str | None
    created_at: datetime
    next_action: NextAction | None = None


_SHOWN = {PaymentStatus.REFUND_DUE: PaymentStatus.REFUNDED}


def shown(payment: Payment) -> OwnPayment:
    """Return a payment as its customer sees it."""
    status = payment.status
    is_open = status is PaymentStatus.REQUIRES_CONFIRMATION
    action = next_actions.of(payment)
    return OwnPayment(
        id=payment.payment_id,
        status=PaymentStatus.REQUIRES_ACTION if action else _SHOWN.get(status, status),
        amount=Money(payment.amount, payment.currency),
        provider=payment.provider,
        method=payment.method,
        client_secret=_client_secret(payment) if is_open else None,
        booking_id=payment.order_id,
        card_id=payment.card_id,
        receipt_number=payment.receipt_number,
        failure_reason=payment.failure_reason,
        created_at=payment.created_at,
        next_action=action,
    )


def _client_secret(payment: Payment) -> str | None:
    sealed = payment.sealed_client_secret
    return encryption.open_sealed(payment.customer_id, sealed_as(payment), bytes(sealed)) if sealed else None


def sealed_as(payment: Payment) -> str:
    """Return the field that a payment's client secret is sealed for."""
    return f"client_secret/{payment.payment_id}"


def own(customer_id: str, payment_id: str) -> Payment:
    """Return a customer's payment. Raises NotFound, also for another customer's payment."""
    payment = operations.get(keys.money.payment(payment_id))
    if payment is None or payment.customer_id != customer_id:
        raise NotFound("There is no such payment.")
    return payment
