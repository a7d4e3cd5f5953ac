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


class EventStatus(StrEnum):
    """The life of an event."""

    DRAFT = "draft"
    PUBLISHED = "published"
    LIVE = "live"
    ENDED = "ended"
    CANCELLED = "cancelled"
    ARCHIVED = "archived"


class AdminRole(StrEnum):
    """What a member of the platform's staff may do."""

    SUPER_ADMIN = "super_admin"
    ADMIN = "admin"
    FINANCE = "finance"
    SUPPORT = "support"
    USHER_MANAGER = "usher_manager"


class UsherRole(StrEnum):
    """What an usher may do at an event."""

    USHERING = "ushering"
    LEAVE_DESK = "leave_desk"


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


class Fact(StrEnum):
    """What the platform publishes on its event bus, in the past tense."""

    DEVICE_ENROLLED = "device.enrolled"
    DEVICE_REVOKED = "device.revoked"
    DEVICE_SILENT = "device.silent"
    CLONE_SUSPECTED = "card.clone_suspected"
