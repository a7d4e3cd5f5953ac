"""The words of campus attendance, as the contract's page `campus.md` writes them."""

from enum import StrEnum


class CampusRole(StrEnum):
    """What an account of the campus portal may do."""

    STUDENT = "student"
    SUPERVISOR = "supervisor"
    ORGANIZER = "organizer"
    HR = "hr"
    ADMIN = "admin"


class RosterAction(StrEnum):
    """What a list does to a roster."""

    REPLACE = "replace"
    ADD = "add"
    REMOVE = "remove"


class LogInResult(StrEnum):
    """How a tried log-in of an account ended."""

    SUCCESS = "success"
    REGISTERED = "registered"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105  # a result
    SUSPENDED = "suspended"


class AttendanceStatus(StrEnum):
    """Whether an expected or counted person was there."""

    PRESENT = "present"
    LATE = "late"
    LEFT_EARLY = "left_early"
    EXCUSED = "excused"
    ABSENT = "absent"


class VerificationStatus(StrEnum):
    """What is known of the evidence of a record; it never changes the record's status."""

    VERIFIED = "verified"
    PENDING = "pending"
    FLAGGED = "flagged"
    REJECTED = "rejected"


class AttendanceMethod(StrEnum):
    """How a record was made."""

    QR = "qr"
    CODE = "code"
    NFC = "nfc"
    MANUAL = "manual"


class EvidenceFactor(StrEnum):
    """A part of the evidence of a submission."""

    QR = "qr"
    LOCATION = "location"
    FRONT_PHOTO = "front_photo"
    BACK_PHOTO = "back_photo"
    SIGNATURE = "signature"
    TIME = "time"


class PhotoSide(StrEnum):
    """Which camera took a photo."""

    FRONT = "front"
    BACK = "back"


class EvidenceFlag(StrEnum):
    """What staff should look at; a flag never refuses a submission and never changes its status."""

    OLD_QR = "old_qr"
    OUTSIDE_RADIUS = "outside_radius"
    NO_POSITION = "no_position"
    MOCK_POSITION = "mock_position"
    FROZEN_POSITION = "frozen_position"
    IMPOSSIBLE_TRAVEL = "impossible_travel"
    SHARED_DEVICE = "shared_device"
    BURST = "burst"
    NO_PHOTO = "no_photo"
    PHOTO_NOT_BOUND = "photo_not_bound"
    DUPLICATE_PHOTO = "duplicate_photo"
    OTHER_CODE_SHOWN = "other_code_shown"
    SCREENSHOT = "screenshot"
    NO_SIGNATURE = "no_signature"


class AppealStatus(StrEnum):
    """The state of a contested record."""

    OPEN = "open"
    UPHELD = "upheld"
    CORRECTED = "corrected"


class ReviewDecision(StrEnum):
    """What staff decide about a record."""

    VERIFY = "verify"
    REJECT = "reject"
    CORRECT = "correct"


class ErasedKind(StrEnum):
    """The kinds of evidence with a retention of their own, in days."""

    PHOTOS = "photos"
    SIGNATURE = "signature"
    POSITION = "position"
    DEVICE = "device"


class ReportKind(StrEnum):
    """What a registered report shows."""

    ATTENDANCE = "attendance"
    OFFICIAL = "official"
    PHOTOS = "photos"
    INDIVIDUAL = "individual"


class ReportFormat(StrEnum):
    """The formats of reports."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


class ReportVersion(StrEnum):
    """A report has two versions under one id: with the people, and redacted for third parties."""

    FULL = "full"
    REDACTED = "redacted"


class AnomalyType(StrEnum):
    """The named rules that find what is unusual."""

    IMPOSSIBLE_TRAVEL = "impossible_travel"
    SHARED_DEVICE = "shared_device"
    BURST = "burst"
    LOCATION_CLUSTER = "location_cluster"
    DUPLICATE_PHOTO = "duplicate_photo"
    RATE_OUTLIER = "rate_outlier"


class CodeRefusal(StrEnum):
    """Why a code of an event was refused; staff read it in the log, the student reads one text for all."""

    UNKNOWN = "unknown"
    CHANGED = "changed"
    OTHER_EVENT = "other_event"
    EXPIRED = "expired"
    OLD_EPOCH = "old_epoch"
    FUTURE = "future"
    NO_EVENT = "no_event"
    NOT_YOURS = "not_yours"
    TOO_MANY_TRIES = "too_many_tries"


class HistogramType(StrEnum):
    """What the bars of a histogram of attendance count by."""

    ATTENDANCE_HOURLY = "attendance_hourly"
    VERIFICATION_TIME = "verification_time"
    DEPARTMENT_COMPARISON = "department_comparison"
    WEEKLY_PATTERN = "weekly_pattern"


class Severity(StrEnum):
    """How soon staff should look at an anomaly."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
