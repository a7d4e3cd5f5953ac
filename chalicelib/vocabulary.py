"""The words of the field, as the contract writes them."""

from enum import StrEnum


class Portal(StrEnum):
    """An audience of the API; the `aud` of its access tokens."""

    WEBAPP = "webapp"
    MERCHANT = "merchant"
    ORGANIZER = "organizer"
    USHER = "usher"
    DEVICE = "device"
    ADMIN = "admin"
    CAMPUS = "campus"
    TIX = "tix"


class ScanResult(StrEnum):
    """The verdict of one scan."""

    VALID = "valid"
    INVALID = "invalid"
    ALREADY_SCANNED = "already_scanned"
    NOT_FOUND = "not_found"


class Reason(StrEnum):
    """Why a scan was judged invalid."""

    WRONG_EVENT = "wrong_event"
    NOT_PAID = "not_paid"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    TRANSFERRED = "transferred"
    CARD_BLOCKED = "card_blocked"
    CARD_NOT_ACTIVE = "card_not_active"
    NOT_YET_OPEN = "not_yet_open"
    CLOSED = "closed"
    SCANNING_DISABLED = "scanning_disabled"
    BAD_SIGNATURE = "bad_signature"
    STALE_CREDENTIAL = "stale_credential"
    ON_EXIT_NOT_INSIDE = "on_exit_not_inside"
    CLONE_SUSPECTED = "clone_suspected"


class Direction(StrEnum):
    """Which way the attendee passes the gate."""

    ENTRY = "entry"
    EXIT = "exit"


class Presence(StrEnum):
    """Where the bearer of an admitted ticket is."""

    INSIDE = "inside"
    OUTSIDE = "outside"


class Signature(StrEnum):
    """What the credential itself proved before anything was looked up."""

    NONE = "none"
    GOOD = "good"
    BAD = "bad"


class TicketStatus(StrEnum):
    """The life of a ticket; whether it was used stands in its admission."""

    RESERVED = "reserved"
    VALID = "valid"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    TRANSFERRED = "transferred"


class TicketShown(StrEnum):
    """A ticket's life as its customer sees it: one that was admitted is used."""

    RESERVED = "reserved"
    VALID = "valid"
    USED = "used"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    TRANSFERRED = "transferred"


class CardStatus(StrEnum):
    """The life of an NFC card."""

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


class DeviceStatus(StrEnum):
    """The life of a reader device."""

    PROVISIONED = "provisioned"
    ENROLLED = "enrolled"
    REVOKED = "revoked"


class EventStatus(StrEnum):
    """The life of an event."""

    DRAFT = "draft"
    PUBLISHED = "published"
    LIVE = "live"
    ENDED = "ended"
    CANCELLED = "cancelled"
    ARCHIVED = "archived"


class CatalogueOrder(StrEnum):
    """In which order the catalogue lists events."""

    EARLIEST = "starts_at"
    LATEST = "-starts_at"
    PRICE = "price"


class AdminRole(StrEnum):
    """What a member of the platform's staff may do."""

    SUPER_ADMIN = "super_admin"
    ADMIN = "admin"
    FINANCE = "finance"
    SUPPORT = "support"
    USHER_MANAGER = "usher_manager"


class TixRole(StrEnum):
    """What a user of Tix may do in their organization: an admin also changes its settings and clears its tickets."""

    ADMIN = "admin"
    MEMBER = "member"


class TicketFilter(StrEnum):
    """Which of its numbered tickets an organization wants to see."""

    SCANNED = "scanned"
    NOT_SCANNED = "not-scanned"


class JobStatus(StrEnum):
    """The life of work that goes on behind an answer."""

    OPEN = "open"
    COMPLETE = "complete"
    FAILED = "failed"


class PrintFormat(StrEnum):
    """What a print run makes: sheets with codes, or a list."""

    PDF = "pdf"
    CSV = "csv"


class UsherRole(StrEnum):
    """What an usher may do at an event."""

    USHERING = "ushering"
    LEAVE_DESK = "leave_desk"


class BloodType(StrEnum):
    """ABO and Rh."""

    A_POSITIVE = "A+"
    A_NEGATIVE = "A-"
    B_POSITIVE = "B+"
    B_NEGATIVE = "B-"
    AB_POSITIVE = "AB+"
    AB_NEGATIVE = "AB-"
    O_POSITIVE = "O+"
    O_NEGATIVE = "O-"


class AccountStatus(StrEnum):
    """Whether an account may log in."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    DEACTIVATED = "deactivated"


class ScanSource(StrEnum):
    """How a scan reached the platform."""

    ONLINE = "online"
    OFFLINE = "offline"
    MANUAL = "manual"


class OrderStatus(StrEnum):
    """The life of an order: it is reserved first, and paid, expired or cancelled from there."""

    RESERVED = "reserved"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class PaymentStatus(StrEnum):
    """The life of a payment; `failed` may still turn, `refund_due` and `refunded` follow success only."""

    REQUIRES_CONFIRMATION = "requires_confirmation"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUND_DUE = "refund_due"
    REFUNDED = "refunded"


class PaymentMethod(StrEnum):
    """What a customer pays with: a bank card through a provider, or an NFC card's balance."""

    CARD = "card"
    WALLET = "wallet"


class PaymentPurpose(StrEnum):
    """What a payment is for."""

    ORDER = "order"
    RELOAD = "reload"
    AUTO_RELOAD = "auto_reload"


class EntryType(StrEnum):
    """What a line of a card's ledger says it is."""

    RELOAD = "reload"
    PURCHASE = "purchase"
    REFUND = "refund"
    TRANSFER_IN = "transfer_in"
    TRANSFER_OUT = "transfer_out"
    ADJUSTMENT = "adjustment"
    AUTO_RELOAD = "auto_reload"


class CardDelivery(StrEnum):
    """How a customer gets the NFC card that they asked for."""

    PICKUP = "pickup"
    POST = "post"


class CardRequestStatus(StrEnum):
    """The life of a wish for an NFC card, until a merchant hands one out."""

    REQUESTED = "requested"
    FULFILLED = "fulfilled"


class OtpPurpose(StrEnum):
    """What a one-time code opens."""

    REGISTER = "register"
    LOGIN = "login"
    RESET = "reset"
    MERCHANT_LOGIN = "merchant_login"
    ORGANIZER_LOGIN = "organizer_login"
    ORGANIZER_RESET = "organizer_reset"
    MOBILE_CHANGE = "mobile_change"
    CARD_ASSIGNMENT = "card_assignment"


class GiftStatus(StrEnum):
    """The life of a gift: it waits for its number, or reached it, or was taken back, or its ticket went elsewhere."""

    PENDING = "pending"
    CLAIMED = "claimed"
    CANCELLED = "cancelled"
    CLOSED = "closed"


class RefundRequestStatus(StrEnum):
    """The life of a wish to give a ticket back; staff approve or reject it, then the money is returned."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    REFUNDED = "refunded"


class AssignmentStatus(StrEnum):
    """The life of handing a card to a customer: it is held for them until their code comes, or the hold runs out."""

    AWAITING_OTP = "awaiting_otp"
    ACTIVE = "active"
    EXPIRED = "expired"


class EditRequestStatus(StrEnum):
    """The life of an organizer's wish to change an event; staff approve or reject it."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class PayoutStatus(StrEnum):
    """The life of an organizer's money on its way to them."""

    SCHEDULED = "scheduled"
    PROCESSING = "processing"
    PAID = "paid"
    FAILED = "failed"
    ON_HOLD = "on_hold"


class LiveType(StrEnum):
    """What a live message is: the news of a channel, or an answer to its client."""

    CHECK_IN = "check-in"
    COUNTERS = "counters"
    STATUS = "status"
    TICKET = "ticket"
    CARD_BALANCE = "card-balance"
    PAYMENT = "payment"
    TICKET_SCANNED = "ticket-scanned"
    TICKETS_GENERATED = "tickets-generated"
    ACTIVITY = "activity"
    CONFLICT = "conflict"
    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    RESYNC = "resync"
    PONG = "pong"
    ERROR = "error"


class Fact(StrEnum):
    """What the platform publishes on its event bus, in the past tense."""

    DEVICE_ENROLLED = "device.enrolled"
    DEVICE_REVOKED = "device.revoked"
    DEVICE_SILENT = "device.silent"
    CLONE_SUSPECTED = "card.clone_suspected"
    PAYMENT_REFUND_DUE = "payment.refund_due"
    TICKET_REFUND_DUE = "ticket.refund_due"
    CARD_BALANCE_LOW = "card.balance_low"
    SHOP_STOCK_LOW = "shop.stock_low"
