"""Background processing of payments: callbacks, refunds, and the closing of unpaid ones."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from chalicelib import clock, observability
from chalicelib.clients.bus import Published
from chalicelib.clients.providers import MoveKind, MoveWord, Notice
from chalicelib.config import config
from chalicelib.domain.background.changes import Change, every, follows, that_became
from chalicelib.domain.payments import charges, provider_refunds, providers, resolution, returns
from chalicelib.domain.payments.payment_decisions import OPEN
from chalicelib.domain.payments.resolution import get, settle
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Payment, Payout, ProviderEvent
from chalicelib.vocabulary.messages import Fact
from chalicelib.vocabulary.payments import PaymentStatus
from chalicelib.vocabulary.payouts import PayoutStatus

# The shortest delay until the next check if a provider still processes a charge after its deadline. Later ones grow
# with the time since then. Stripe: a bank debit is processed for up to 14 days.
_ASK_AGAIN_AFTER = timedelta(minutes=5)
_ASKED_FOR = timedelta(days=15)
_GROWTH = 8


def take_webhook(raw: bytes, headers: Mapping[str, str]) -> None:
    """Record what a provider's callback says of a payment: its outcome, its refunds, its disputes.

    One about a payout makes that due, and the sweep asks the provider. A callback of another kind is counted. It
    changes nothing, like one about an unknown payment. Raises BadSignature, Unavailable.
    """
    notice = providers.chosen().parse_webhook(raw, headers)
    if notice.unknown is not None:
        observability.count("UnreadProviderCallbacks", {notice.unknown: 1}, by="kind")
    if notice.payout_key:
        _look_at_payout(notice.payout_key)
    if (notice.outcome is None and not notice.moves) or not notice.payment_id:
        return
    provider = config().payment_provider
    payment = operations.get(keys.money.payment(notice.payment_id))
    if payment is None or payment.provider != provider:
        logger.warning("a callback speaks of no payment of ours", extra={"provider_event_id": notice.event_id})
        return
    if notice.outcome is None:
        _take_moves(payment, notice)
        return
    taken = ProviderEvent(
        *keys.money.provider_event(provider, notice.event_id),
        provider=provider,
        payment_id=notice.payment_id,
        taken_at=clock.now(),
    )
    settle(notice.payment_id, notice.outcome, callback=taken)


def _look_at_payout(key: str) -> None:
    """Make a payout that was sent due now, unless the callback is about an earlier attempt."""
    payout_id, _, attempt = key.partition(".")
    if not payout_id.startswith("pto_"):
        return
    sent = Payout.status.is_in(PayoutStatus.PROCESSING, PayoutStatus.PAID)
    this_one = Payout.attempt == int(attempt) if attempt.isdecimal() else Payout.attempt == 1
    now = Payout.due_at(keys.jobs.due(clock.now(), payout_id))
    try:
        operations.record(operations.change(keys.money.payout(payout_id), now, sent & this_one))
    except operations.ConditionFailed:
        logger.info("a callback speaks of no payout that is on its way or paid", extra={"payout_id": payout_id})


def _take_moves(payment: Payment, notice: Notice) -> None:
    if payment.provider_reference not in (None, notice.charge):
        logger.error("a callback moves another charge than the payment's own", extra={"payment_id": payment.payment_id})
        return
    observability.count("MoneyMovedAtProvider", Counter(move.kind.value for move in notice.moves), by="kind")
    resolution.take_moves(payment.payment_id, notice.moves)


def refund(payment_id: str) -> bool:
    """Refund what is still owed of a payment in `refund_due`; idempotent.

    A refund that failed is left to staff, and a dispute to its end. One that our balance is too small for is due again.

    Returns whether this call recorded it. Raises Unavailable.
    """
    payment = get(payment_id)
    if payment.status != PaymentStatus.REFUND_DUE:
        return False
    if returns.waits(payment):
        if payment.is_due:
            _postpone(payment, provider_refunds.WHILE_DISPUTED)
        return False
    key = returns.part_key(payment, f"{payment_id}/refund")
    made = provider_refunds.make(payment, amount=returns.due(payment), currency=payment.taken_currency, key=key)
    if made is None:
        _postpone(payment, provider_refunds.until_next_try(payment_id))
        return False
    if not resolution.take_moves(payment_id, [made]):
        return False  # another process or the callback recorded the same refund
    ids = {"payment_id": payment_id, "order_id": payment.order_id, "customer_id": payment.customer_id}
    logger.info("payment refunded", extra={**ids, "provider": payment.provider})
    return True


def _postpone(payment: Payment, wait: timedelta) -> None:
    """Make a refund due again later, unless something was returned meanwhile."""
    later = resolution.due_at(payment.payment_id, clock.now() + wait)
    with suppress(operations.ConditionFailed):
        operations.record(operations.change(payment.place, later, returns.as_read(payment)))


def reconcile(payment_id: str) -> bool:
    """Resolve a payment past its deadline as its provider reports, or make an overdue refund; for the sweep.

    Returns whether there was anything to do. Raises Unavailable.
    """
    payment = operations.get(keys.money.payment(payment_id))
    if payment is None:
        return False
    if payment.status == PaymentStatus.REFUND_DUE:
        return refund(payment_id)
    deadline = payment.open_until
    if payment.status not in OPEN or not payment.is_due or deadline is None or deadline > clock.now():
        return False
    settled = settle(payment_id, charges.cancelled(payment, "It was not paid in time."))
    if settled.is_due and settled.status in OPEN:
        overdue = clock.now() - deadline
        if overdue > _ASKED_FOR:
            # An alarm counts these lines.
            logger.error("work given up", extra={"due_id": payment_id, "order_id": payment.order_id})
            give_up(payment_id)
            return True
        # The provider still processes the charge, so the payment stays due and is checked again later.
        later = resolution.due_at(payment_id, clock.now() + max(_ASK_AGAIN_AFTER, overdue / _GROWTH))
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


@follows(*every(Payment))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Publish the payments that became `refund_due` or were given up, and what moved at their provider."""
    facts = [
        _fact(Fact.PAYMENT_REFUND_DUE, payment, payment.payment_id)
        for payment in that_became(changes, Payment, PaymentStatus.REFUND_DUE)
    ]
    facts += [
        _fact(Fact.PAYMENT_GIVEN_UP, payment, f"{payment.payment_id}/given_up")
        for status in (PaymentStatus.REFUND_DUE, PaymentStatus.FAILED)
        for payment in that_became(changes, Payment, status)
        if resolution.was_given_up(payment)
    ]
    for change in changes:
        after, before = change.after, change.before
        if isinstance(after, Payment):
            known = before if isinstance(before, Payment) else None
            facts += [*moved(known, after), *_due_again(known, after)]
    return facts


def _due_again(before: Payment | None, after: Payment) -> list[Published]:
    """Return the refunds that waited for the end of a dispute, or whose money moved in another way."""
    if before is None:
        return []
    was, now = returns.standing(before.moves), returns.standing(after.moves)
    # What a dispute had taken may be back before the word that it was won.
    has_ended = not now.is_disputed and (was.is_disputed or was.away > now.away)
    # Such as by staff on the provider's own pages, after the sweep has set the refunds aside.
    is_returned = returns.due(before) > 0 and not returns.due(after)
    if not has_ended and not is_returned:
        return []
    facts = [
        _fact(Fact.TICKET_REFUND_DUE, after, name, refund_id=name, ticket_id=grant["ticket_id"])
        if "ticket_id" in grant
        else _fact(Fact.CARD_PAY_BACK_DUE, after, name, pay_back_id=name)
        for name, grant in returns.unpaid(after).items()
    ]
    if after.status is PaymentStatus.REFUND_DUE:
        facts.append(_fact(Fact.PAYMENT_REFUND_DUE, after, after.payment_id))
    return facts


def moved(before: Payment | None, after: Payment) -> list[Published]:
    """Return the facts about moves at the provider between two states of a payment, each once."""
    facts = []
    known = (before.moves if before else None) or {}
    for reference, move in sorted((after.moves or {}).items()):
        for word in sorted({*move["words"]} - {*known.get(reference, {}).get("words", ())}):
            fact = _fact_of(move, word, is_new=reference not in known)
            if fact is not None:
                named = f"{after.payment_id}/{reference}/{word}"
                facts.append(_fact(fact, after, named, reference=reference, word=word))
    if after.voided and not (before and before.voided):
        facts.append(_fact(Fact.PAYMENT_RETURNED, after, f"{after.payment_id}/returned"))
    return facts


def _fact_of(move: Mapping[str, Any], word: str, *, is_new: bool) -> Fact | None:
    """Return the fact for staff about one more word of a move; a refund that we asked for is news only if it fails."""
    if move["kind"] == MoveKind.DISPUTE:
        return Fact.PAYMENT_DISPUTED
    if word == MoveWord.FAILED:
        return Fact.PAYMENT_REFUND_FAILED
    return Fact.PAYMENT_REFUNDED_OUTSIDE if is_new and not move.get("key") else None


def _fact(fact: Fact, payment: Payment, fact_id: str, **more: str) -> Published:
    ids = {"payment_id": payment.payment_id, "order_id": payment.order_id, "event_id": payment.event_id, **more}
    return Published(
        fact=fact,
        fact_id=fact_id,
        occurred_at=payment.settled_at or clock.now(),
        ids={name: value for name, value in ids.items() if value is not None},
    )
