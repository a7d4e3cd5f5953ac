"""Payments of orders: opened with a provider or from a card's balance, and confirmed.

`resolution` decides their outcome. The provider is always called before its result is recorded (`charges`), and every
request to it is idempotent.
"""

from collections.abc import Iterable

from msgspec.structs import replace
from pynamodb.expressions.condition import Condition

from chalicelib import clock
from chalicelib.clients.providers import Declined, Outcome, OutcomeStatus
from chalicelib.config import config
from chalicelib.domain import idempotency, money
from chalicelib.domain.cards import bindings, cards, own_cards
from chalicelib.domain.events import categories, deeds
from chalicelib.domain.events.deeds import Deed, Objection
from chalicelib.domain.money import AmountInput, Money
from chalicelib.domain.payments import charges, own_payments, providers, reloads, resolution, saved_methods
from chalicelib.domain.payments.charges import GRACE, PaymentTerms
from chalicelib.domain.payments.payment_decisions import FREE, INTERNAL, OPEN, WALLET
from chalicelib.domain.payments.resolution import get, settle
from chalicelib.domain.sale import orders
from chalicelib.errors import InsufficientBalance, InvalidState, Refusal, Unavailable, ValidationFailed
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Card, OpenPayment, Operation, Order, Payment
from chalicelib.table.operations import Write
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.payments import OrderStatus, PaymentMethod, PaymentPurpose, PaymentStatus

_NOT_RELOADED = Objection(
    InvalidState, "Our staff blocked this card, so it is not reloaded and nothing is charged. Reload an active card."
)


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
    return reloads.reload(
        customer_id,
        terms.card_name,
        amount,
        token=terms.token,
        return_url=terms.return_url,
        operation_id=operation_id,
    )


def start(customer_id: str, *, order_id: str, terms: PaymentTerms, operation_id: str) -> Payment:
    """Open a payment for a customer's reserved order, or return the open one of the same method and means.

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
    return charges.opened(payment, token=terms.token)


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
            if (going := _going(current, card, terms, operation_id)) is not None:
                return going
            if card is None:
                continue  # it was closed, and the means that was chosen last is charged
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
        return charges.announced(payment)
    raise Unavailable("This booking is being paid at this moment. Try again.", retry_after=1)


def _going(current: Payment, card: Card | None, terms: PaymentTerms, operation_id: str) -> Payment | None:
    """Return the payment that goes on, or None where the open one gives way to another means. Raises Unavailable."""
    if not _is_other(current, card, terms.token):
        return current
    if card is not None:
        return None
    if (first := idempotency.result_of(operation_id)) is not None:
        return get(first)  # a late repeat of an earlier request
    ended = _ended(current, "Another means of payment was chosen.")
    return None if ended.status == PaymentStatus.FAILED else ended


def _is_other(current: Payment, card: Card | None, token: str | None) -> bool:
    """Whether another card, or another means of payment, is named than the one that an open payment would charge."""
    if card is not None:
        return bool(current.card_uid != card.uid)
    return token is not None and current.provider not in INTERNAL and current.token_digest != charges.digest_of(token)


def _ended(current: Payment, reason: str) -> Payment:
    """Close an open payment at its provider, and return it: if that was charged before, what came of the charge.

    One that the provider still processes stays open. Raises Unavailable.
    """
    outcome = charges.cancelled(current, "")
    if outcome.status is OutcomeStatus.FAILED:
        outcome = replace(outcome, failure_reason=reason)
    return settle(current.payment_id, outcome)


def give_back(customer_id: str, order_id: str) -> None:
    """Give a customer's reservation back, and close its payments, so that a page left open charges nobody (D-PAY-27).

    Raises NotFound, InvalidState (paid), Unavailable.
    """
    if not orders.give_back(customer_id, order_id):
        return  # a payment that comes too late is honoured while stock is left
    _close_all(order_id, "The booking was given back.", methods=PaymentMethod)


def _close_all(order_id: str, reason: str, *, methods: Iterable[PaymentMethod]) -> None:
    """Close the open payments of an order that these methods began."""
    pointers = operations.get_many([keys.money.open_payment(order_id, method) for method in methods])
    for pointer in pointers.values():
        payment = get(pointer.payment_id)
        if payment.status not in OPEN or not payment.is_due:
            continue
        try:
            _ended(payment, reason)
        except Unavailable:
            # The sweep closes it when its time is over.
            ids = {"payment_id": payment.payment_id, "order_id": order_id}
            logger.warning("payment that nobody needs any more not closed", extra=ids)


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
    """Return the active card that pays: the named one, else the order's or its heir, else the only active card.

    Raises NotFound, InvalidState (no or several active cards, another currency), InsufficientBalance.
    """
    if terms.card_name or order.card_uid:
        # The order's card may have been replaced since the booking.
        heir = bindings.usable(order.card_uid, customer_id) if terms.card_name is None else None
        holding = own_cards.active(customer_id, terms.card_name or (heir.uid if heir else order.card_uid))
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
    return charges.new(
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
        token_digest=charges.digest_of(terms.token) if terms.method is PaymentMethod.CARD else None,
        open_until=order.expires_at + GRACE,
    )


def _closed(payment: Payment, reason: str) -> Write:
    actions = [Payment.status.set(PaymentStatus.FAILED), Payment.failure_reason.set(reason), *Payment.not_due()]
    return operations.change(keys.money.payment(payment.payment_id), actions, Payment.status == payment.status)


def confirm(customer_id: str, payment_id: str) -> Payment:
    """Charge a customer's payment and return the result; a settled payment is returned unchanged.

    Raises NotFound, InvalidState (the event sells nothing any more, or staff blocked the card to reload, so nothing is
    charged), Unavailable; for a payment from a card's balance InsufficientBalance, InvalidState.
    """
    payment = own_payments.own(customer_id, payment_id)
    if payment.status not in OPEN:
        return payment
    refused = _objection(payment)
    if refused is not None:
        return settle(payment_id, _without_charge(payment, refused))
    settled = settle(payment_id, charges.confirmed(charges.opened(payment)))
    if settled.order_id is not None and settled.method == PaymentMethod.WALLET and settled.status not in OPEN:
        _close_all(settled.order_id, "The booking was paid from a card's balance.", methods=[PaymentMethod.CARD])
    return settled


def _objection(payment: Payment) -> Objection | None:
    """Return why a payment must not be charged now; of an order from the cached offer: its resolution asks again."""
    if payment.status != PaymentStatus.REQUIRES_CONFIRMATION:
        return None
    if payment.order_id is None:
        return _objection_of_card(payment)
    event, until = categories.offer(payment.event_id).event, payment.open_until
    is_late = until is not None and until - GRACE <= clock.now()
    return deeds.found_anew(Deed.CHECK_OUT, event) if is_late else deeds.found(Deed.CHECK_OUT, event)


def _objection_of_card(payment: Payment) -> Objection | None:
    """Return why a reload must not be charged now: what reaches a card that staff blocked stays there (D-STATE-08)."""
    card = operations.get(keys.cards.card(payment.card_uid))
    is_fed = card is not None and (card.status == CardStatus.ACTIVE or cards.is_given_up(card))
    return None if is_fed else _NOT_RELOADED


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
