"""Payments: opened with a provider or from a card's balance, and confirmed.

`resolution` decides their outcome. The provider is always called before its result is recorded, and every request to
it is idempotent.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pynamodb.expressions.condition import Condition

from chalicelib import clock
from chalicelib.clients.providers import Charge, Declined, NextAction, Outcome, OutcomeStatus
from chalicelib.config import config
from chalicelib.domain import idempotency, money
from chalicelib.domain.cards import own_cards
from chalicelib.domain.crypto import encryption
from chalicelib.domain.events import categories, deeds
from chalicelib.domain.events.deeds import Deed, Objection
from chalicelib.domain.money import AmountInput, Money
from chalicelib.domain.payments import next_actions, providers, resolution, saved_methods
from chalicelib.domain.payments.resolution import FREE, INTERNAL, OPEN, WALLET, get, settle
from chalicelib.domain.sale import orders
from chalicelib.errors import InsufficientBalance, InvalidState, NotFound, Refusal, Unavailable, ValidationFailed
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Card, OpenPayment, Operation, Order, Payment
from chalicelib.table.operations import Write
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.payments import OrderStatus, PaymentMethod, PaymentPurpose, PaymentStatus

# Limits of one reload, in whole units of the currency.
RELOAD_LEAST, RELOAD_MOST = 1, 100_000
# How long a reload may be paid, and how much longer a customer may still be at the provider's page.
_OPEN_FOR = timedelta(minutes=10)
_GRACE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """How a customer wants to pay; `token` is their means of payment, for providers that get it from us."""

    method: PaymentMethod
    card_name: str | None = None
    token: str | None = None
    return_url: str | None = None


@dataclass(frozen=True, slots=True)
class OwnPayment:
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
    return encryption.open_sealed(payment.customer_id, _sealed_as(payment), bytes(sealed)) if sealed else None


def _sealed_as(payment: Payment) -> str:
    return f"client_secret/{payment.payment_id}"


def own(customer_id: str, payment_id: str) -> Payment:
    """Return a customer's payment. Raises NotFound, also for another customer's payment."""
    payment = operations.get(keys.money.payment(payment_id))
    if payment is None or payment.customer_id != customer_id:
        raise NotFound("There is no such payment.")
    return payment


def process(
    customer_id: str, *, order_id: str | None, amount: AmountInput | None, terms: PaymentTerms, operation_id: str
) -> Payment:
    """Open a payment for a booking, or for a card reload if `order_id` is None.

    Raises ValidationFailed and the errors of `start` and `reload`.
    """
    if order_id is not None:
        if amount is not None:
            message = "the booking has its own total; name either a booking or an amount"
            raise ValidationFailed(details=[{"field": "amount", "message": message}])
        return start(customer_id, order_id=order_id, terms=terms, operation_id=operation_id)
    if terms.card_name is None:
        raise ValidationFailed(details=[{"field": "booking_id", "message": "name a booking, or a card and an amount"}])
    if terms.method is not PaymentMethod.CARD:
        raise ValidationFailed(details=[{"field": "method", "message": "a card is reloaded with method card"}])
    return reload(
        customer_id,
        terms.card_name,
        amount,
        token=terms.token,
        return_url=terms.return_url,
        operation_id=operation_id,
    )


def start(customer_id: str, *, order_id: str, terms: PaymentTerms, operation_id: str) -> Payment:
    """Open a payment for a customer's reserved order, or return the open one of the same method.

    Raises NotFound, InvalidState (paid, expired; card not active; the event sells nothing any more),
    InsufficientBalance, Unavailable.
    """
    saved_methods.require_own(customer_id, terms.token)
    try:
        payment = _start(customer_id, order_id, terms, operation_id)
    except Refusal:
        # A retry: the operation may have succeeded before, and the order may be paid or expired by now.
        done = idempotency.result_of(operation_id)
        if done is None:
            raise
        payment = get(done)
    return _opened(payment, token=terms.token)


def _start(customer_id: str, order_id: str, terms: PaymentTerms, operation_id: str) -> Payment:
    for _ in retries.attempts():
        order = orders.own(customer_id, order_id)
        _require_payable(order)
        if terms.method is PaymentMethod.CARD:
            _require_chargeable(order)
        is_from_card = terms.method is PaymentMethod.WALLET and order.total > 0
        card = _paying_card(customer_id, order, terms) if is_from_card else None
        place = keys.money.open_payment(order_id, terms.method)
        known = operations.get(place)
        current = get(known.payment_id) if known else None
        instead: list[Write] = []
        if current is not None and current.status == PaymentStatus.REQUIRES_CONFIRMATION:
            if card is None or current.card_uid == card.uid:
                return current
            instead = [_closed(current, "Another card was chosen.")]
        payment = _for_order(order, terms, card)
        pointer = OpenPayment(*place, payment_id=payment.payment_id)
        unchanged: Condition = OpenPayment.pk.does_not_exist()
        if known is not None:
            unchanged = OpenPayment.payment_id == known.payment_id
        try:
            operations.commit(
                idempotency.once(operation_id, payment.payment_id),
                operations.put(payment, Payment.pk.does_not_exist()),
                operations.put(pointer, unchanged),
                operations.check(keys.sale.order(order_id), Order.status == OrderStatus.RESERVED),
                *instead,
            )
        except operations.ConditionFailed as failure:
            done = failure.found(Operation)
            if done is not None:
                return get(done.result_id)
            continue  # another process committed first, or the order changed
        return _announced(payment)
    raise Unavailable("This booking is being paid at this moment. Try again.", retry_after=1)


def _require_payable(order: Order) -> None:
    if order.status == OrderStatus.PAID:
        raise InvalidState("This booking is paid already.")
    if orders.shown_status(order) != OrderStatus.RESERVED:
        raise InvalidState("The reservation is over. Book again.")
    deeds.require(Deed.CHECK_OUT, categories.offer(order.event_id).event)


def _require_chargeable(order: Order) -> None:
    """Raise InvalidState if one payment by card cannot charge the total; each price alone can be charged."""
    problem = money.uncharged(Money(order.total, order.currency))
    if problem:
        raise InvalidState(f"The total of this booking {problem}. Book fewer tickets at once.")


def _paying_card(customer_id: str, order: Order, terms: PaymentTerms) -> Card:
    """Return the active card that pays: the named one, else the order's, else the customer's only active card.

    Raises NotFound, InvalidState (no or several active cards, another currency), InsufficientBalance.
    """
    if terms.card_name or order.card_uid:
        holding = own_cards.active(customer_id, terms.card_name or order.card_uid)
    else:
        index_key = own_cards.of(customer_id, page_size=100, cursor=None).results
        usable = [one for one in index_key if one.card.status == CardStatus.ACTIVE]
        if len(usable) != 1:
            words = "You have no active card." if not usable else "You have several cards: name the one that pays."
            raise InvalidState(words)
        holding = usable[0]
    if holding.balance.currency != order.currency:
        raise InvalidState(f"The card's balance is in {holding.balance.currency}, the booking in {order.currency}.")
    if holding.balance.amount < order.total:
        held = Money(holding.balance.amount, holding.balance.currency)
        raise InsufficientBalance(f"The card holds {held.amount} {held.currency}, which is too little.")
    return holding.card


def _for_order(order: Order, terms: PaymentTerms, card: Card | None) -> Payment:
    provider = WALLET if terms.method is PaymentMethod.WALLET else config().payment_provider
    return _new(
        customer_id=order.customer_id,
        purpose=PaymentPurpose.ORDER,
        order_id=order.order_id,
        event_id=order.event_id,
        card_uid=card.uid if card else None,
        card_id=card.card_id if card else None,
        amount=order.total,
        currency=order.currency,
        method=terms.method,
        provider=provider if order.total else FREE,
        return_url=terms.return_url,
        open_until=order.expires_at + _GRACE,
    )


def _new(*, customer_id: str, open_until: datetime, **fields: Any) -> Payment:
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


def _announced(payment: Payment) -> Payment:
    ids = {"payment_id": payment.payment_id, "order_id": payment.order_id, "customer_id": payment.customer_id}
    logger.info("payment opened", extra={**ids, "purpose": payment.purpose, "provider": payment.provider})
    return payment


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
    return _opened(payment, token=token)


def charge_saved(customer_id: str, card_name: str, amount: AmountInput, *, token: str, operation_id: str) -> Payment:
    """Reload a card from a saved means of payment while its owner is away, and return the resolved payment.

    Idempotent per `operation_id`. Raises the errors of `reload`.
    """
    terms = PaymentTerms(method=PaymentMethod.CARD, card_name=card_name, token=token)
    payment = _start_reload(customer_id, amount, terms, purpose=PaymentPurpose.AUTO_RELOAD, operation_id=operation_id)
    payment = _opened(payment, token=token)
    if payment.status != PaymentStatus.REQUIRES_CONFIRMATION:
        return payment
    return settle(payment.payment_id, _confirmed(payment))


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
    payment = _new(
        customer_id=customer_id,
        purpose=purpose,
        card_uid=card.uid,
        card_id=card.card_id,
        amount=amount.minor,
        currency=amount.currency,
        method=terms.method,
        provider=config().payment_provider,
        return_url=terms.return_url,
        open_until=clock.now() + _OPEN_FOR + _GRACE,
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
    return _announced(payment)


def _opened(payment: Payment, *, token: str | None = None) -> Payment:
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
        sealed = encryption.seal(payment.customer_id, _sealed_as(payment), opened.client_secret)
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


def _closed(payment: Payment, reason: str) -> Write:
    actions = [Payment.status.set(PaymentStatus.FAILED), Payment.failure_reason.set(reason), *Payment.not_due()]
    return operations.change(keys.money.payment(payment.payment_id), actions, Payment.status == payment.status)


def confirm(customer_id: str, payment_id: str) -> Payment:
    """Charge a customer's payment and return the result; a settled payment is returned unchanged.

    Raises NotFound, InvalidState (the event sells nothing any more, so nothing is charged), Unavailable; for a payment
    from a card's balance InsufficientBalance, InvalidState.
    """
    payment = own(customer_id, payment_id)
    if payment.status not in OPEN:
        return payment
    refused = _objection(payment)
    if refused is not None:
        return settle(payment_id, _without_charge(payment, refused))
    return settle(payment_id, _confirmed(_opened(payment)))


def _objection(payment: Payment) -> Objection | None:
    """Return why an order's payment must not be charged now, from the cached offer: its resolution asks again."""
    if payment.order_id is None or payment.status != PaymentStatus.REQUIRES_CONFIRMATION:
        return None
    return deeds.found(Deed.CHECK_OUT, categories.offer(payment.event_id).event)


def _without_charge(payment: Payment, refused: Objection) -> Outcome:
    """Return what an earlier call may have charged. Raises the refusal if nothing was, and Unavailable."""
    if payment.provider not in INTERNAL and payment.provider_reference is not None:
        try:
            outcome = providers.named(payment.provider).retrieve(payment.provider_reference)
        except Declined as declined:
            raise resolution.unknown(payment, declined) from declined
        if outcome.status is OutcomeStatus.SUCCEEDED:
            return outcome
    raise refused.refusal()


def _confirmed(payment: Payment) -> Outcome:
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
