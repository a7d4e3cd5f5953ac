"""Keys of attendance: a student at an event."""

from chalicelib.table.items.attendance import (
    AttendanceDraft,
    AttendancePhoto,
    AttendanceRecord,
    AttendanceSignature,
    AttendanceVersion,
    EvidenceTrace,
    QrScan,
)
from chalicelib.table.places import Place, joined


def record(attendance_id: str) -> Place[AttendanceRecord]:
    """Question 225: the record; its partition has all of one student at one event."""
    return Place(AttendanceRecord, joined("ATTENDANCE", attendance_id), "ATTENDANCE")


def draft(attendance_id: str) -> Place[AttendanceDraft]:
    """Question 225: the submission in progress."""
    return Place(AttendanceDraft, record(attendance_id).pk, "DRAFT")


def version(attendance_id: str, number: int) -> Place[AttendanceVersion]:
    """Question 225: an earlier version; six digits, so that text order is number order."""
    return Place(AttendanceVersion, record(attendance_id).pk, joined("VERSION", f"{number:06d}"))


def photo(attendance_id: str, side: str) -> Place[AttendancePhoto]:
    """Question 225: the photo of one camera."""
    return Place(AttendancePhoto, record(attendance_id).pk, joined("PHOTO", side))


def signature(attendance_id: str) -> Place[AttendanceSignature]:
    """Question 225: the drawn signature."""
    return Place(AttendanceSignature, record(attendance_id).pk, "SIGNATURE")


def trace(event_id: str, what: str, mac: str) -> Place[EvidenceTrace]:
    """Question 226; `what` is "device" or "position"."""
    return Place(EvidenceTrace, joined("TRACE", event_id, what, mac), "TRACE")


def qr_scan(user_id: str, scan_id: str = "") -> Place[QrScan]:
    """Question 227; without a scan the prefix of all of a person."""
    return Place(QrScan, joined("QR_SCANS", user_id), scan_id)
