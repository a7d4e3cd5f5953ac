"""The words of NFC cards: their states, requests, assignments, and money that is left on them."""

from enum import StrEnum


class CardStatus(StrEnum):
    """The state of an NFC card."""

    STOCK = "stock"
    HELD = "held"
    ACTIVE = "active"
    BLOCKED = "blocked"
    LOST = "lost"
    REPLACED = "replaced"


class CardType(StrEnum):
    """Whether a card only names itself or proves itself with Secure Unique NFC."""

    UID = "uid"
    SECURE = "secure"


class EntryType(StrEnum):
    """The type of a line of a card's ledger."""

    RELOAD = "reload"
    PURCHASE = "purchase"
    REFUND = "refund"
    TRANSFER_IN = "transfer_in"
    TRANSFER_OUT = "transfer_out"
    ADJUSTMENT = "adjustment"
    AUTO_RELOAD = "auto_reload"


class CardBatchAction(StrEnum):
    """What bulk work does to its cards."""

    CREATE = "create"
    ASSIGN_MERCHANT = "assign_merchant"
    ACTIVATE = "activate"
    BLOCK = "block"


class LeftoverKind(StrEnum):
    """Why money is left: on a card out of use, on a card that nobody uses, or of a refund that failed."""

    DEAD_CARD = "dead_card"
    UNUSED_CARD = "unused_card"
    UNDELIVERED_REFUND = "undelivered_refund"


class LeftoverAction(StrEnum):
    """What staff do about leftover money."""

    PAY_BACK = "pay_back"
    CLAIM_LINK = "claim_link"


class LeftoverState(StrEnum):
    """What became of leftover money."""

    AWAITING_SECOND = "awaiting_second"
    REFUNDING = "refunding"
    LINK_SENT = "link_sent"
    REFUSED = "refused"


class PayBackStatus(StrEnum):
    """The state of a card's pay-back to one payment."""

    OWED = "owed"
    PAID = "paid"


class CardDelivery(StrEnum):
    """The delivery of a requested NFC card."""

    PICKUP = "pickup"
    POST = "post"


class CardRequestStatus(StrEnum):
    """The state of a request for an NFC card: open until a merchant hands one out, or staff send one or decline."""

    REQUESTED = "requested"
    APPROVED = "approved"
    FULFILLED = "fulfilled"
    SENT = "sent"
    REJECTED = "rejected"


class CardRequestAction(StrEnum):
    """What staff answer to a request for an NFC card."""

    APPROVE = "approve"
    SEND = "send"
    REJECT = "reject"


class AssignmentStatus(StrEnum):
    """The state of an assignment: the card is held until its customer's code arrives, or the hold expires."""

    AWAITING_OTP = "awaiting_otp"
    ACTIVE = "active"
    EXPIRED = "expired"
