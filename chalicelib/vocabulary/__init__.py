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


class AuditResult(StrEnum):
    """How an act of staff ended: done, refused, or ended well without a change."""

    DONE = "done"
    REFUSED = "refused"
    UNCHANGED = "unchanged"


class Wholeness(StrEnum):
    """What a verification of the audit log found so far."""

    WHOLE = "whole"
    BROKEN = "broken"
    RUNNING = "running"


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


class DeviceStatus(StrEnum):
    """The state of a reader device."""

    PROVISIONED = "provisioned"
    ENROLLED = "enrolled"
    REVOKED = "revoked"


class DeviceKind(StrEnum):
    """What takes scans at a gate: a reader agent, or an usher's phone."""

    AGENT = "agent"
    PHONE = "phone"


class DeviceProblem(StrEnum):
    """Why a device is not ready for a gate, or a gate for its visitors."""

    REVOKED = "revoked"
    NOT_ENROLLED = "not_enrolled"
    NEVER_SEEN = "never_seen"
    OFFLINE = "offline"
    CLOCK_OFF = "clock_off"
    NO_SNAPSHOT = "no_snapshot"
    SNAPSHOT_OLD = "snapshot_old"
    BATTERY_LOW = "battery_low"
    VERSION_OLD = "version_old"
    RECORDS_MISSING = "records_missing"
    # Of a gate.
    NO_DEVICE = "no_device"
    NO_READY_DEVICE = "no_ready_device"


class NfcMode(StrEnum):
    """How a phone reads cards: by its browser, by its app, or not at all."""

    WEB = "web"
    NATIVE = "native"
    NONE = "none"


class EventStatus(StrEnum):
    """The state of an event."""

    DRAFT = "draft"
    PUBLISHED = "published"
    LIVE = "live"
    ENDED = "ended"
    CANCELLED = "cancelled"
    ARCHIVED = "archived"


class CatalogueOrder(StrEnum):
    """The order of events in the catalogue."""

    EARLIEST = "starts_at"
    LATEST = "-starts_at"
    PRICE = "price"


class Granularity(StrEnum):
    """The periods of a report."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


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
    """A filter of an organization's numbered tickets."""

    SCANNED = "scanned"
    NOT_SCANNED = "not-scanned"


class JobStatus(StrEnum):
    """The state of a background job."""

    OPEN = "open"
    COMPLETE = "complete"
    FAILED = "failed"


class CancellationStatus(StrEnum):
    """The state of an event's cancellation; a preview changes nothing, and one that runs gives money back."""

    PREVIEW = "preview"
    AWAITING_SECOND = "awaiting_second"
    RUNNING = "running"
    COMPLETE = "complete"


class CancellationRefund(StrEnum):
    """Whose money a cancellation gives back."""

    ALL = "all"
    NONE = "none"


class BatchStatus(StrEnum):
    """The state of a seller's batch of numbered tickets."""

    OPEN = "open"
    SETTLED = "settled"


class PrintFormat(StrEnum):
    """The output of a print run: sheets with codes, or a list."""

    PDF = "pdf"
    CSV = "csv"


class UsherRole(StrEnum):
    """What an usher may do at an event."""

    USHERING = "ushering"
    LEAVE_DESK = "leave_desk"


class Language(StrEnum):
    """The languages of the texts to customers (ISO 639-1)."""

    ENGLISH = "en"
    URDU = "ur"


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


class UserType(StrEnum):
    """The users whom staff manage; each type is also a portal."""

    ORGANIZER = "organizer"
    MERCHANT = "merchant"
    USHER = "usher"
    ADMIN = "admin"


class AccountStatus(StrEnum):
    """Whether an account may log in."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    BLOCKED = "blocked"
    DEACTIVATED = "deactivated"
    # Of customers only: their personal data is being erased, or is gone. It is final.
    ERASED = "erased"


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


class Factor(StrEnum):
    """What a caller proves at a log-in; a registration proves nothing yet."""

    PASSWORD = "password"  # noqa: S105  # the word, not a password
    OTP = "otp"
    TOTP = "totp"
    RECOVERY_CODE = "recovery_code"
    DEVICE_KEY = "device_key"
    REGISTRATION = "registration"


class OtpPurpose(StrEnum):
    """The purpose of a one-time code."""

    REGISTER = "register"
    LOGIN = "login"
    RESET = "reset"
    MERCHANT_LOGIN = "merchant_login"
    ORGANIZER_LOGIN = "organizer_login"
    ORGANIZER_RESET = "organizer_reset"
    MOBILE_CHANGE = "mobile_change"
    CARD_ASSIGNMENT = "card_assignment"
    TIX_ADDRESS = "tix_address"
    TIX_RESET = "tix_reset"
    CAMPUS_RESET = "campus_reset"
    CANCELLATION = "cancellation"


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


class AssignmentStatus(StrEnum):
    """The state of an assignment: the card is held until its customer's code arrives, or the hold expires."""

    AWAITING_OTP = "awaiting_otp"
    ACTIVE = "active"
    EXPIRED = "expired"


class EditRequestStatus(StrEnum):
    """The state of an organizer's request to change an event; staff approve or reject it."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class DraftReview(StrEnum):
    """What became of an organizer's draft: submitted to the staff, or sent back by them."""

    SUBMITTED = "submitted"
    REJECTED = "rejected"


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


class ExportFormat(StrEnum):
    """The kind of file that an export is."""

    CSV = "csv"
    XLSX = "xlsx"


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


class LiveType(StrEnum):
    """The type of a live message: an event of a channel, or an answer to its client."""

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
    ATTENDANCE_UPDATE = "attendance-update"
    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    RESYNC = "resync"
    PONG = "pong"
    ERROR = "error"


class Fact(StrEnum):
    """The facts that the platform publishes on its event bus, in the past tense."""

    DEVICE_ENROLLED = "device.enrolled"
    DEVICE_REVOKED = "device.revoked"
    DEVICE_SILENT = "device.silent"
    CLONE_SUSPECTED = "card.clone_suspected"
    PAYMENT_REFUND_DUE = "payment.refund_due"
    PAYMENT_RETURNED = "payment.returned"
    PAYMENT_DISPUTED = "payment.disputed"
    PAYMENT_REFUND_FAILED = "payment.refund_failed"
    PAYMENT_REFUNDED_OUTSIDE = "payment.refunded_outside"
    PAYMENT_GIVEN_UP = "payment.given_up"
    TICKET_REFUND_DUE = "ticket.refund_due"
    CARD_BALANCE_LOW = "card.balance_low"
    PAYOUT_DUE = "payout.due"
    SHOP_STOCK_LOW = "shop.stock_low"
    ORDER_PAID = "order.paid"
    TICKET_REFUNDED = "ticket.refunded"
    TICKET_HANDED_ON = "ticket.handed_on"
    PAYMENT_PAID_BACK = "payment.paid_back"
    CARD_REQUEST_ANSWERED = "card_request.answered"
    CARD_PAY_BACK_DUE = "card.pay_back_due"
    ATTENDANCE_DECIDED = "attendance.decided"


class SecretLife(StrEnum):
    """The platform's secrets, by what ends when one is rotated."""

    SESSIONS = "sessions"
    NUMBERS = "numbers"
    TICKETS = "tickets"
    CARDS = "cards"
    REPORTS = "reports"
    PROVIDERS = "providers"
