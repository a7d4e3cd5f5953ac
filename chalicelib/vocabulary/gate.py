"""The words of a gate: scans and their verdicts, leaves, incidents, and what devices sent later."""

from enum import StrEnum


class ScanResult(StrEnum):
    """The verdict of one scan."""

    VALID = "valid"
    INVALID = "invalid"
    ALREADY_SCANNED = "already_scanned"
    NOT_FOUND = "not_found"


class Reason(StrEnum):
    """The reason of an invalid scan."""

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


class ScanKind(StrEnum):
    """What a record of a scan is: an ordinary scan, a leave or a return of one who left, or a count of people."""

    SCAN = "scan"
    LEAVE = "leave"
    RETURN = "return"
    COUNT = "count"


class LeaveStatus(StrEnum):
    """Whether the bearer of a ticket is out on leave, or has returned."""

    OPEN = "open"
    RETURNED = "returned"


class Presence(StrEnum):
    """Where the bearer of an admitted ticket is."""

    INSIDE = "inside"
    OUTSIDE = "outside"


class Signature(StrEnum):
    """The result of verifying the credential itself, before any lookup."""

    NONE = "none"
    GOOD = "good"
    BAD = "bad"


class IncidentType(StrEnum):
    """What an usher reports."""

    LOST_CARD = "lost_card"
    DISPUTE = "dispute"
    MEDICAL = "medical"
    SECURITY = "security"
    TECHNICAL = "technical"
    OTHER = "other"


class IncidentStatus(StrEnum):
    """The state of an incident; a closed one stays closed."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    CLOSED = "closed"


class ConflictResolution(StrEnum):
    """How staff close a conflict of the check-in log."""

    LET_IN = "let_in"
    FRAUD = "fraud"
    DEVICE_ERROR = "device_error"
    OTHER = "other"


class ScanStatus(StrEnum):
    """Whether a ticket was admitted."""

    SCANNED = "scanned"
    NOT_SCANNED = "not_scanned"


class ScanSource(StrEnum):
    """How a scan reached the platform."""

    ONLINE = "online"
    OFFLINE = "offline"
    MANUAL = "manual"


class Correction(StrEnum):
    """How the time of a device's record was corrected to the platform's clock."""

    # By the monotonic clock of the boot that the record was made in.
    MONOTONIC = "monotonic"
    # By how wrong the device's wall clock is when it sends.
    OFFSET = "offset"


class RecordStatus(StrEnum):
    """What became of a record that a device or an usher's phone sent."""

    ACCEPTED = "accepted"
    REPLAYED = "replayed"
    CONFLICT = "conflict"
    REJECTED = "rejected"


class ConflictKind(StrEnum):
    """What a record contradicts: another admission, an earlier revocation, a sale, or its device's revocation."""

    DOUBLE_ADMISSION = "double_admission"
    REVOKED_BEFORE = "revoked_before"
    UNKNOWN_THEN = "unknown_then"
    AFTER_REVOCATION = "after_revocation"
