"""The words of tickets, gifts and requests for a refund."""

from enum import StrEnum


class TicketStatus(StrEnum):
    """The state of a ticket; its admission records whether it was used."""

    RESERVED = "reserved"
    VALID = "valid"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    TRANSFERRED = "transferred"


class TicketShown(StrEnum):
    """The state of a ticket as its customer sees it: an admitted one is used."""

    RESERVED = "reserved"
    VALID = "valid"
    USED = "used"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    TRANSFERRED = "transferred"


class GiftStatus(StrEnum):
    """The state of a gift: it waits for its number, arrived, was taken back, or its ticket is gone."""

    PENDING = "pending"
    CLAIMED = "claimed"
    CANCELLED = "cancelled"
    CLOSED = "closed"


class RefundRequestStatus(StrEnum):
    """The state of a refund request; staff approve or reject it, then the money is returned.

    One above the threshold waits for a second member of staff after the first approval.
    """

    PENDING = "pending"
    AWAITING_SECOND = "awaiting_second"
    APPROVED = "approved"
    REJECTED = "rejected"
    REFUNDED = "refunded"


class RefundVerdict(StrEnum):
    """What staff decide on a refund request."""

    APPROVE = "approve"
    REJECT = "reject"
