"""The words of orders, payments, refunds, disputes and reconciliations."""

from enum import StrEnum


class OrderStatus(StrEnum):
    """The state of an order: reserved first, then paid, expired or cancelled."""

    RESERVED = "reserved"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class PaymentStatus(StrEnum):
    """The state of a payment; `failed` may still succeed, `refund_due` and `refunded` follow success only.

    `requires_action` is only shown: a payment that requires confirmation, and whose owner must act at the bank.
    """

    REQUIRES_CONFIRMATION = "requires_confirmation"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUND_DUE = "refund_due"
    REFUNDED = "refunded"


class RefundState(StrEnum):
    """What became of the money of a refund."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class PaymentMethod(StrEnum):
    """What a customer pays with: a bank card through a provider, or an NFC card's balance."""

    CARD = "card"
    WALLET = "wallet"


class PaymentPurpose(StrEnum):
    """What a payment is for."""

    ORDER = "order"
    RELOAD = "reload"
    AUTO_RELOAD = "auto_reload"


class DisputeStatus(StrEnum):
    """The state of a dispute: staff may answer an open one, and the bank decides."""

    OPEN = "open"
    ACCEPTED = "accepted"
    CONTESTED = "contested"
    WON = "won"
    LOST = "lost"


class ReconciliationState(StrEnum):
    """The state of a day's reconciliation; a day that has none is `not_yet`."""

    NOT_YET = "not_yet"
    RUNNING = "running"
    DONE = "done"


class DifferenceKind(StrEnum):
    """How the provider's list and the journal differ."""

    MISSING = "missing"
    EXTRA = "extra"
    OTHER_AMOUNT = "other_amount"
    OTHER_CURRENCY = "other_currency"
    OTHER_STATUS = "other_status"
    TWICE = "twice"


class DifferenceState(StrEnum):
    """The state of a difference; one that a later run no longer finds is resolved."""

    OPEN = "open"
    RESOLVED = "resolved"


class DisputeAnswer(StrEnum):
    """What staff answer in a dispute."""

    ACCEPT = "accept"
    CONTEST = "contest"
