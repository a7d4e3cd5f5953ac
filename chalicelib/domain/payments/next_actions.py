"""What a payment's owner must do at the bank before a charge goes on: stored sealed, since it is secret."""

import json

from msgspec.structs import asdict
from pynamodb.expressions.update import Action

from chalicelib.clients.providers import NextAction, Outcome, OutcomeStatus
from chalicelib.domain.crypto import encryption
from chalicelib.table.items import Payment
from chalicelib.vocabulary.payments import PaymentStatus


def of(payment: Payment) -> NextAction | None:
    """Return what a payment's owner must do now, or None."""
    if payment.status != PaymentStatus.REQUIRES_CONFIRMATION or payment.sealed_action is None:
        return None
    content = encryption.open_sealed(payment.customer_id, _sealed_as(payment), bytes(payment.sealed_action))
    return NextAction(**json.loads(content))


def changes(payment: Payment, outcome: Outcome) -> list[Action]:
    """Return the actions that store what a pending outcome waits for; none if it is stored, or waits for nothing."""
    if outcome.status is not OutcomeStatus.PENDING or payment.status != PaymentStatus.REQUIRES_CONFIRMATION:
        return []
    if outcome.action == of(payment):
        return []
    if outcome.action is None:
        return [Payment.sealed_action.remove()]
    sealed = encryption.seal(payment.customer_id, _sealed_as(payment), json.dumps(asdict(outcome.action)))
    return [Payment.sealed_action.set(sealed)]


def _sealed_as(payment: Payment) -> str:
    return f"next_action/{payment.payment_id}"
