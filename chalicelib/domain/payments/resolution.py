"""The resolution of a payment once its provider has answered: one decision, recorded in one transaction (D-PAY-01).

Confirmation, callback and expiry may arrive in any order and repeatedly. A successful charge wins over failure and
expiry. It pays what the payment is for, or is owed back in full. Payment, order, stock, tickets, ledger and the
callback's id change together or not at all.
"""

from collections.abc import Sequence
from datetime import datetime

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients.providers import Declined, Move, Outcome, OutcomeStatus
from chalicelib.domain.events import deeds, events
from chalicelib.domain.events.deeds import Deed
from chalicelib.domain.ledger import account_names, card_balances, journals, postings
from chalicelib.domain.ledger.postings import Posting
from chalicelib.domain.payments import differences, next_actions, payment_decisions, returns, unsettled
from chalicelib.domain.payments.payment_decisions import CANCELLED, INTERNAL, OPEN, PaymentFacts, PaymentVerdict
from chalicelib.domain.sale import orders
from chalicelib.domain.sale.orders import SaleTerms
from chalicelib.errors import InvalidState, NotFound, Refusal, SoldOut, Unavailable
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Card, Payment, ProviderEvent
from chalicelib.table.operations import Write
from chalicelib.vocabulary.cards import CardStatus, EntryType
from chalicelib.vocabulary.payments import OrderStatus, PaymentMethod, PaymentPurpose, PaymentStatus

_ATTEMPTS = 12
_RETURNED = "the money is returned"
_TOO_LATE = "The reservation had expired and the tickets were gone"
_NOT_COMPLETED = "The purchase could not be completed"


def get(payment_id: str) -> Payment:
    """Return a payment. Raises NotFound."""
    payment = operations.get(keys.money.payment(payment_id))
    if payment is None:
        raise NotFound("There is no such payment.")
    return payment


def settle(payment_id: str, outcome: Outcome, *, callback: ProviderEvent | None = None) -> Payment:
    """Record a provider's outcome of a payment once, and return the updated payment.

    `callback` is the callback that carried the outcome. A charge that cannot be recorded is owed back after a few
    tries. Raises NotFound, Unavailable; for a payment from a card's balance InsufficientBalance and InvalidState (the
    card is not active), which change nothing.
    """
    try:
        return _settle(payment_id, outcome, callback=callback)
    except Exception as fault:
        payment = get(payment_id)
        if not unsettled.is_final(payment, outcome, fault, internal=payment.provider in INTERNAL):
            raise
        return _give_up(payment, outcome, callback=callback)


def _give_up(payment: Payment, outcome: Outcome, *, callback: ProviderEvent | None) -> Payment:
    """Record a charge that cannot buy anything as owed back, release its order, and return the updated payment."""
    writes = _not_served(payment, outcome, _NOT_COMPLETED, at=clock.now())
    if callback is not None:
        writes.append(operations.put(callback, ProviderEvent.pk.does_not_exist()))
    ids = {"payment_id": payment.payment_id, "order_id": payment.order_id}
    try:
        operations.commit(*writes)
    except operations.ConditionFailed:
        return get(payment.payment_id)  # another call recorded it
    # An alarm counts these lines.
    logger.error("settlement given up", extra=ids)
    if payment.order_id is not None:
        try:
            orders.give_back(payment.customer_id, payment.order_id)
        except Exception:  # noqa: BLE001  # the sweep releases it when its time is over
            logger.exception("order of a given up settlement not released", extra=ids)
    return get(payment.payment_id)


def was_given_up(payment: Payment) -> bool:
    """Whether a payment ended because its charge could not be recorded."""
    return (payment.failure_reason or "").startswith(_NOT_COMPLETED)


def _settle(payment_id: str, outcome: Outcome, *, callback: ProviderEvent | None = None) -> Payment:
    for _ in retries.attempts(_ATTEMPTS):
        payment = get(payment_id)
        if payment.provider_reference not in (None, outcome.reference):
            ids = {"payment_id": payment_id, "reference": outcome.reference}
            logger.error("a provider speaks of another charge than the payment's own", extra=ids)
            return payment
        now = clock.now()
        try:
            writes = _writes(payment, outcome, at=now)
        except Refusal:
            # A concurrent call may have recorded this payment's success, which then causes the refusal.
            if get(payment_id).status == payment.status:
                raise
            continue
        if callback is not None:
            writes.append(operations.put(callback, ProviderEvent.pk.does_not_exist()))
        if not writes:
            return payment
        try:
            operations.commit(*writes)
        except operations.ConditionFailed:
            if callback is not None and operations.get(callback.place):
                return get(payment_id)  # a duplicate of this callback
            continue  # something changed after the read: decide again
        settled = get(payment_id)
        if settled.status != payment.status:
            ids = {"payment_id": payment_id, "order_id": payment.order_id, "customer_id": payment.customer_id}
            ids |= {"provider": payment.provider}
            logger.info("payment settled", extra={**ids, "status": settled.status, "was": payment.status})
        return settled
    raise Unavailable("This payment is being settled at this moment. Try again.", retry_after=1)


def take_moves(
    payment_id: str, reported: Sequence[Move], *, also: Sequence[Write] = (), known: Payment | None = None
) -> bool:
    """Merge refunds and disputes that a provider reports into a payment, and book them; idempotent.

    `also` is written in the same transaction. Returns whether anything was written: not if it was known already, or if
    a condition of `also` fails. `known` is the payment as the caller read it. Raises NotFound, Unavailable.
    """
    for _ in retries.attempts(_ATTEMPTS):
        payment, known = known or get(payment_id), None
        moves, unbooked = returns.merged(payment, reported)
        differences.store_unbooked(payment, unbooked)
        if moves == (payment.moves or {}):
            changed: list[Write] = []
        elif payment.status in returns.TAKEN:
            booked = returns.booking(payment, moves=moves, owed_now=returns.owed(payment), taken=payment.taken)
            changed = [_change(payment, [*booked.status, *booked.actions]), *booked.writes]
        else:
            changed = [_change(payment, returns.kept(payment, moves))]
        if not changed and not also:
            return False
        try:
            operations.commit(*also, *changed)
        except operations.ConditionFailed as failure:
            if any(place < len(also) for place in failure.failures):
                return False  # another process has recorded it
            continue  # the payment changed after the read: merge again
        for reference in moves.keys() - (payment.moves or {}).keys():
            ids = {"payment_id": payment_id, "event_id": payment.event_id, "kind": moves[reference]["kind"]}
            logger.info("money moved at the provider", extra={**ids, "amount": moves[reference]["amount"]})
        return True
    raise Unavailable("This payment is being changed by others. Try again.", retry_after=1)


def _facts(payment: Payment, outcome: Outcome) -> PaymentFacts:
    """Return the facts that a success depends on; a failure depends on none."""
    if outcome.status is not OutcomeStatus.SUCCEEDED or payment.status not in OPEN:
        return PaymentFacts()
    if payment.purpose != PaymentPurpose.ORDER:
        return PaymentFacts(card=operations.get(keys.cards.card(payment.card_uid)))
    # No condition in the transaction: 2,000 buyers a second would contend for the event's item (D-STATE-01).
    event, order = events.get(payment.event_id), orders.get(payment.order_id)
    find = deeds.found_anew if order.status == OrderStatus.EXPIRED else deeds.found
    refused = find(Deed.SETTLE, event)
    return PaymentFacts(
        order=order,
        event_objection=refused.message if refused else None,
        fee_basis_points=event.fee_basis_points,
    )


def _writes(payment: Payment, outcome: Outcome, *, at: datetime) -> list[Write]:
    facts = _facts(payment, outcome)
    decision = payment_decisions.decide(payment, outcome, facts)
    match decision.verdict:
        case PaymentVerdict.NOTHING:
            waiting = next_actions.changes(payment, outcome)
            return [_change(payment, waiting)] if waiting else []
        case PaymentVerdict.FAIL | PaymentVerdict.CLOSE:
            return [_failed(payment, outcome, decision.reason)]
        case PaymentVerdict.CREDIT:
            own = operations.check(keys.cards.card(payment.card_uid), Card.customer_id == payment.customer_id)
            return [*_succeeded(payment, outcome, at=at), own, *_charge(payment)]
        case PaymentVerdict.FULFIL if facts.order is not None:
            terms = SaleTerms(payment.provider, facts.fee_basis_points)
            fulfilled = orders.fulfil(facts.order, payment_id=payment.payment_id, at=at, terms=terms)
            return [*fulfilled, *_succeeded(payment, outcome, at=at), *_charge(payment, facts.fee_basis_points)]
        case PaymentVerdict.REVIVE if facts.order is not None:
            try:
                terms = SaleTerms(payment.provider, facts.fee_basis_points)
                revived = orders.revive(facts.order, payment_id=payment.payment_id, at=at, terms=terms)
            except SoldOut:
                return _not_served(payment, outcome, _TOO_LATE, at=at)
            return [*revived, *_succeeded(payment, outcome, at=at), *_charge(payment, facts.fee_basis_points)]
    return _not_served(payment, outcome, decision.reason or CANCELLED, at=at)


def _not_served(payment: Payment, outcome: Outcome, reason: str, *, at: datetime) -> list[Write]:
    """Return the writes for a success that cannot be fulfilled.

    A provider's charge becomes `refund_due`; an internal payment fails and moves no money.
    """
    if payment.provider in INTERNAL:
        return [_failed(payment, outcome, f"{reason}; nothing was taken.")]
    taken = (outcome.amount, outcome.currency)
    if taken != (payment.amount, payment.currency):
        ids = {"payment_id": payment.payment_id, "asked": payment.amount, "taken": outcome.amount}
        logger.error("a provider took another amount than it was asked for", extra=ids)
    due = [Payment.status.set(PaymentStatus.REFUND_DUE), *due_at(payment.payment_id, at + returns.STUCK_AFTER)]
    actions: list[Action] = [
        *_known_reference(payment, outcome),
        Payment.failure_reason.set(f"{reason}; {_RETURNED}."),
        Payment.taken.set(outcome.amount),
        Payment.taken_currency.set(outcome.currency),
        Payment.settled_at.set(at),
    ]
    entries = [
        Posting(account_names.clearing(payment.provider), -outcome.amount),
        Posting(account_names.REFUNDS_DUE, outcome.amount),
    ]
    charged = _post(payment, "charge", entries, currency=outcome.currency)
    return [*_settled(payment, actions, due, taken=outcome.amount), *charged]


def due_at(payment_id: str, moment: datetime) -> list[Action]:
    """Return the actions that make a payment due for the sweep at a moment."""
    place = keys.jobs.due(moment, payment_id)
    return Payment.due_at(place)


def _change(payment: Payment, actions: list[Action]) -> Write:
    return operations.change(keys.money.payment(payment.payment_id), actions, returns.as_read(payment))


def _settled(payment: Payment, actions: list[Action], status: list[Action], *, taken: int | None = None) -> list[Write]:
    """Return the writes of a success, with the refunds and disputes that were reported before it."""
    if not payment.moves:
        return [_change(payment, [*status, *actions])]
    booked = returns.booking(payment, moves=payment.moves, owed_now=taken or 0, taken=taken)
    return [_change(payment, [*(booked.status or status), *actions, *booked.actions]), *booked.writes]


def _known_reference(payment: Payment, outcome: Outcome) -> list[Action]:
    if payment.provider in INTERNAL or payment.provider_reference is not None:
        return []
    return [Payment.provider_reference.set(outcome.reference)]


def _succeeded(payment: Payment, outcome: Outcome, *, at: datetime) -> list[Write]:
    actions: list[Action] = [
        *_known_reference(payment, outcome),
        Payment.failure_reason.remove(),
        Payment.receipt_number.set(f"R-{payment.payment_id.removeprefix('pay_')}"),
        Payment.settled_at.set(at),
    ]
    return _settled(payment, actions, [Payment.status.set(PaymentStatus.SUCCEEDED), *Payment.not_due()])


def _failed(payment: Payment, outcome: Outcome, reason: str | None) -> Write:
    """Return the write that fails a payment; it stays due until its provider has closed the charge."""
    actions: list[Action] = [Payment.status.set(PaymentStatus.FAILED)]
    if reason is not None:
        actions.append(Payment.failure_reason.set(reason))
    if outcome.is_closed:
        actions += Payment.not_due()
    return _change(payment, actions)


def _charge(payment: Payment, fee_basis_points: int | None = None) -> list[Write]:
    """Return the ledger writes for a fulfilled payment; an order that costs nothing has none."""
    amount = payment.amount
    fee = postings.fee_of(amount, fee_basis_points)
    if payment.purpose != PaymentPurpose.ORDER:
        entries = [
            Posting(account_names.clearing(payment.provider), -amount),
            Posting(account_names.card(payment.card_uid), amount),
        ]
        entry_type = EntryType.RELOAD if payment.purpose == PaymentPurpose.RELOAD else EntryType.AUTO_RELOAD
        return _post(payment, "charge", entries, card_uid=payment.card_uid, card_entry_type=entry_type)
    if amount == 0:
        return []
    if payment.method != PaymentMethod.WALLET:
        source = account_names.clearing(payment.provider)
        return _post(
            payment, "charge", postings.sale_entries(source, event_id=payment.event_id, amount=amount, fee=fee)
        )
    require_usable(operations.get(keys.cards.card(payment.card_uid)), payment.customer_id)
    entries = postings.sale_entries(
        account_names.card(payment.card_uid), event_id=payment.event_id, amount=amount, fee=fee
    )
    return _post(payment, "charge", entries, card_uid=payment.card_uid, card_entry_type=EntryType.PURCHASE)


def require_usable(card: Card | None, customer_id: str) -> Card:
    """Return a customer's active card.

    Raises NotFound (also for another customer's card), InvalidState (not active).
    """
    if card is None or card.customer_id != customer_id:
        raise NotFound("There is no such card among yours.")
    if card.status != CardStatus.ACTIVE:
        raise InvalidState(f"This card is {card.status}; only an active card pays or is reloaded.")
    return card


def _post(
    payment: Payment,
    what: str,
    entries: list[Posting],
    *,
    currency: str | None = None,
    card_uid: str | None = None,
    card_entry_type: EntryType | None = None,
) -> list[Write]:
    named = {"payment_id": payment.payment_id, "order_id": payment.order_id, "event_id": payment.event_id}
    return journals.post(
        journals.Movement(
            f"jrn_{what}_{payment.payment_id}",
            type=what,
            currency=currency or payment.currency,
            entries=entries,
            references={name: value for name, value in named.items() if value},
        ),
        balances=[card_balances.of(card_uid)] if card_uid else (),
        card_entry_type=card_entry_type,
    )


def refused(payment: Payment, reason: str) -> Outcome:
    """Return the outcome of a charge that was never opened, or that can no longer be confirmed."""
    return Outcome(
        reference=payment.provider_reference or payment.payment_id,
        status=OutcomeStatus.FAILED,
        amount=payment.amount,
        currency=payment.currency,
        failure_reason=reason,
        is_closed=True,
    )


def unknown(payment: Payment, declined: Declined) -> Unavailable:
    """Log that a provider rejects a request about a charge it opened, and return the error to raise."""
    ids = {"payment_id": payment.payment_id, "provider": payment.provider}
    logger.error("a provider refuses to speak of a payment", extra={**ids, "code": declined.code})
    return Unavailable("The payment provider cannot say what became of this payment. Try again.", retry_after=60)
