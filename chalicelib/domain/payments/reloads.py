"""Reloads of a card's balance: a payment of its own amount, by its owner or by the automatic reload."""

from datetime import timedelta

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain import idempotency, money
from chalicelib.domain.cards import own_cards
from chalicelib.domain.money import AmountInput, Money
from chalicelib.domain.payments import charges, saved_methods
from chalicelib.domain.payments.charges import GRACE, PaymentTerms
from chalicelib.domain.payments.resolution import get, settle
from chalicelib.errors import ValidationFailed
from chalicelib.table import operations
from chalicelib.table.items import Operation, Payment
from chalicelib.vocabulary.payments import PaymentMethod, PaymentPurpose, PaymentStatus

# Limits of one reload, in whole units of the currency.
RELOAD_LEAST, RELOAD_MOST = 1, 100_000
# How long a reload may be paid.
_OPEN_FOR = timedelta(minutes=10)


def reload(
    customer_id: str,
    card_name: str,
    amount: AmountInput | None,
    *,
    token: str | None = None,
    return_url: str | None = None,
    operation_id: str,
) -> Payment:
    """Open a payment that reloads a customer's own active card; idempotent per `operation_id`.

    Raises NotFound, InvalidState (the card is not active), ValidationFailed (the amount), Unavailable.
    """
    terms = PaymentTerms(method=PaymentMethod.CARD, card_name=card_name, token=token, return_url=return_url)
    payment = _start_reload(customer_id, amount, terms, purpose=PaymentPurpose.RELOAD, operation_id=operation_id)
    return charges.opened(payment, token=token)


def charge_saved(customer_id: str, card_name: str, amount: AmountInput, *, token: str, operation_id: str) -> Payment:
    """Reload a card from a saved means of payment while its owner is away, and return the resolved payment.

    Idempotent per `operation_id`. Raises the errors of `reload`.
    """
    terms = PaymentTerms(method=PaymentMethod.CARD, card_name=card_name, token=token)
    payment = _start_reload(customer_id, amount, terms, purpose=PaymentPurpose.AUTO_RELOAD, operation_id=operation_id)
    payment = charges.opened(payment, token=token)
    if payment.status != PaymentStatus.REQUIRES_CONFIRMATION:
        return payment
    return settle(payment.payment_id, charges.confirmed(payment))


def require_reloadable(amount: Money) -> None:
    """Raise ValidationFailed for an amount outside RELOAD_LEAST to RELOAD_MOST, or one that cannot be charged."""
    unit = 10 ** money.digits(amount.currency)
    if not RELOAD_LEAST * unit <= amount.minor <= RELOAD_MOST * unit:
        message = f"must be {RELOAD_LEAST} to {RELOAD_MOST:,}"
        raise ValidationFailed(details=[{"field": "amount", "message": message}])
    money.require_chargeable(amount, field="amount")


def _start_reload(
    customer_id: str, asked: AmountInput | None, terms: PaymentTerms, *, purpose: PaymentPurpose, operation_id: str
) -> Payment:
    saved_methods.require_own(customer_id, terms.token)
    done = idempotency.result_of(operation_id)
    if done is not None:
        return get(done)
    holding = own_cards.active(customer_id, terms.card_name or "")
    amount = money.require(asked, currency=holding.balance.currency, field="amount")
    require_reloadable(amount)
    card = holding.card
    payment = charges.new(
        customer_id=customer_id,
        purpose=purpose,
        card_uid=card.uid,
        card_id=card.card_id,
        amount=amount.minor,
        currency=amount.currency,
        method=terms.method,
        provider=config().payment_provider,
        return_url=terms.return_url,
        open_until=clock.now() + _OPEN_FOR + GRACE,
    )
    try:
        operations.commit(
            idempotency.once(operation_id, payment.payment_id),
            operations.put(payment, Payment.pk.does_not_exist()),
        )
    except operations.ConditionFailed as failure:
        first = failure.found(Operation)
        if first is None:
            raise
        return get(first.result_id)
    return charges.announced(payment)
