"""The words of payouts to organizers, and of withdrawals by partners."""

from enum import StrEnum


class PayoutStatus(StrEnum):
    """The state of a payout, as staff see it."""

    AWAITING_SECOND = "awaiting_second"
    SCHEDULED = "scheduled"
    PROCESSING = "processing"
    PAID = "paid"
    FAILED = "failed"
    ON_HOLD = "on_hold"
    CANCELLED = "cancelled"


class OwnPayoutStatus(StrEnum):
    """The state of a payout, as its organizer sees it: what staff decide among themselves is not shown."""

    SCHEDULED = "scheduled"
    PROCESSING = "processing"
    PAID = "paid"
    FAILED = "failed"
    ON_HOLD = "on_hold"


class PayoutAction(StrEnum):
    """What staff do with a payout."""

    APPROVE = "approve"
    HOLD = "hold"
    RELEASE = "release"
    CANCEL = "cancel"
    RETRY = "retry"


class WithdrawalStatus(StrEnum):
    """The state of a partner's withdrawal of profit."""

    AWAITING_SECOND = "awaiting_second"
    DONE = "done"
    REJECTED = "rejected"


class WithdrawalDecision(StrEnum):
    """What the second person decides about a withdrawal."""

    APPROVE = "approve"
    REJECT = "reject"


class PayoutWait(StrEnum):
    """Why a payout that is due waits: its organizer is not verified, has no bank account, or the provider lacks it."""

    VERIFICATION = "verification"
    BANK_ACCOUNT = "bank_account"
    PROVIDER_BALANCE = "provider_balance"
