"""What an outcome at the provider means for a payment, as a pure function of what is known (D-PAY-01)."""

from enum import StrEnum, auto

from msgspec import Struct

from chalicelib.clients.providers import Outcome, OutcomeStatus
from chalicelib.table.items import Card, Order, Payment
from chalicelib.vocabulary.payments import OrderStatus, PaymentPurpose, PaymentStatus

# Internal providers: an NFC card's balance, and orders that cost nothing.
WALLET, FREE = "wallet", "free"
INTERNAL = (WALLET, FREE)
OPEN = (PaymentStatus.REQUIRES_CONFIRMATION, PaymentStatus.FAILED)
_PAID_ALREADY = "The booking was paid already by another payment"
CANCELLED = "The booking or its event was cancelled"
_NOT_WHAT_WAS_ASKED = "Another amount was taken than was asked for"
_NOT_THEIRS = "The card is no longer yours"


class PaymentVerdict(StrEnum):
    """What to do about an outcome."""

    NOTHING = auto()
    FAIL = auto()
    CLOSE = auto()
    FULFIL = auto()
    REVIVE = auto()
    CREDIT = auto()
    OWE = auto()


class PaymentDecision(Struct, frozen=True):
    """What to do, and the reason if the payment does not succeed."""

    verdict: PaymentVerdict
    reason: str | None = None


class PaymentFacts(Struct, frozen=True):
    """What a decision depends on besides the payment: its order or its card."""

    order: Order | None = None
    # Why the event sells nothing any more, and its own share for the platform.
    event_objection: str | None = None
    fee_basis_points: int | None = None
    card: Card | None = None


def decide(payment: Payment, outcome: Outcome, facts: PaymentFacts) -> PaymentDecision:
    """Return what an outcome means for a payment in its current status."""
    if payment.status not in OPEN or outcome.status is OutcomeStatus.PENDING:
        return PaymentDecision(PaymentVerdict.NOTHING)
    if outcome.status is OutcomeStatus.FAILED:
        if payment.status == PaymentStatus.REQUIRES_CONFIRMATION:
            return PaymentDecision(PaymentVerdict.FAIL, outcome.failure_reason)
        is_due = payment.is_due
        return PaymentDecision(PaymentVerdict.CLOSE if outcome.is_closed and is_due else PaymentVerdict.NOTHING)
    if payment.provider in INTERNAL and payment.status == PaymentStatus.FAILED:
        return PaymentDecision(PaymentVerdict.NOTHING)
    if (outcome.amount, outcome.currency) != (payment.amount, payment.currency):
        return PaymentDecision(PaymentVerdict.OWE, _NOT_WHAT_WAS_ASKED)
    if payment.purpose != PaymentPurpose.ORDER:
        theirs = facts.card is not None and facts.card.customer_id == payment.customer_id
        return PaymentDecision(PaymentVerdict.CREDIT) if theirs else PaymentDecision(PaymentVerdict.OWE, _NOT_THEIRS)
    if facts.order is None or facts.order.status == OrderStatus.CANCELLED or facts.event_objection:
        return PaymentDecision(PaymentVerdict.OWE, facts.event_objection or CANCELLED)
    verdicts = {OrderStatus.RESERVED: PaymentVerdict.FULFIL, OrderStatus.EXPIRED: PaymentVerdict.REVIVE}
    verdict = verdicts.get(facts.order.status)
    return PaymentDecision(verdict) if verdict else PaymentDecision(PaymentVerdict.OWE, _PAID_ALREADY)
