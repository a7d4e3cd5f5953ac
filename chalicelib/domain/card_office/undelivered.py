"""Refunds that their provider could not deliver: staff have them made again, the way the money came (D-OFFICE-04).

A failed refund leaves its money with the provider. Another one is made with a key that follows from how many have
failed, so that many callers make one.
"""

from chalicelib.clients.providers import Declined, OutOfFunds
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.card_office import pay_backs
from chalicelib.domain.card_office.pay_backs import LeftoverAnswer
from chalicelib.domain.money import Money
from chalicelib.domain.payments import providers, resolution, returns
from chalicelib.errors import InvalidState, Unavailable
from chalicelib.observability import logger
from chalicelib.table import operations
from chalicelib.table.items import Payment
from chalicelib.vocabulary.cards import LeftoverAction, LeftoverState


def refund_again(payment_id: str, *, by: str, operation_id: str) -> LeftoverAnswer:
    """Return what a provider could not deliver once more, or ask for the second person; idempotent by operation.

    Raises NotFound, InvalidState (nothing is owed, in dispute, refused by the provider), SecondPersonNeeded,
    Unavailable.
    """
    if (first := pay_backs.first_answer(operation_id)) is not None:
        return first
    payment = resolution.get(payment_id)
    currency = str(payment.taken_currency or payment.currency)
    nothing, made = Money(0, currency), returns.made_again(payment)
    is_made = bool(made and not returns.undelivered(payment))
    owed = Money(made if is_made else _owed(payment), currency)
    answer = LeftoverAnswer(LeftoverState.REFUNDING, owed, nothing)
    if not is_made:
        asking = LeftoverAnswer(LeftoverState.AWAITING_SECOND, owed, nothing)
        once = pay_backs.answered_once(operation_id, asking)
        if not pay_backs.may_act(payment_id, owed, LeftoverAction.PAY_BACK, by=by, once=once):
            return asking
        _make(payment, owed, returns.again_key(payment))
    after = {"amount": owed.minor, "currency": currency}
    try:
        acts.commit(
            pay_backs.answered_once(operation_id, answer), subject=AuditSubject("payment", payment_id, after=after)
        )
    except operations.ConditionFailed:
        return pay_backs.first_answer(operation_id) or answer
    logger.info("refund made again", extra={"payment_id": payment_id, "amount": owed.minor, "by": by})
    return answer


def _owed(payment: Payment) -> int:
    if returns.standing(payment.moves).is_disputed:
        raise InvalidState("This payment is in dispute. Wait for its end.")
    owed = returns.undelivered(payment)
    if not owed:
        raise InvalidState("No refund of this payment is waiting for staff.")
    return owed


def _make(payment: Payment, owed: Money, key: str) -> None:
    """Make a refund at the provider, and book it. Raises InvalidState, Unavailable."""
    provider = providers.named(payment.provider)
    try:
        move = provider.refund(payment.provider_reference, amount=owed.minor, currency=owed.currency, key=key)
    except OutOfFunds as poor:
        raise Unavailable("The provider holds too little of our money. Try again later.", retry_after=3600) from poor
    except Declined as declined:
        why = f"The provider refuses this refund: {declined.code}. Return it outside, and record it there."
        raise InvalidState(why) from declined
    resolution.take_moves(payment.payment_id, [move])
