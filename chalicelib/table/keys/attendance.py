"""Keys of attendance: a student at an event."""

from chalicelib.table.items.attendance import (
    AttendanceAppeal,
    AttendanceDraft,
    AttendancePhoto,
    AttendancePosition,
    AttendanceRecord,
    AttendanceSignature,
    AttendanceVersion,
    EvidenceErasure,
    EvidenceTrace,
    LastPlace,
    PhotoCheck,
    PictureBand,
    PictureKeeper,
    QrScan,
)
from chalicelib.table.keys import access, jobs
from chalicelib.table.places import Key, Place, joined

# The beginnings of the sort keys of versions and of appeals.
VERSIONS, APPEALS = "VERSION", "APPEAL"


def record(attendance_id: str) -> Place[AttendanceRecord]:
    """Question 225: the record; its partition has all of one student at one event."""
    return Place(AttendanceRecord, joined("ATTENDANCE", attendance_id), "ATTENDANCE")


def draft(attendance_id: str) -> Place[AttendanceDraft]:
    """Question 225: the submission in progress."""
    return Place(AttendanceDraft, record(attendance_id).pk, "DRAFT")


def version(attendance_id: str, number: int) -> Place[AttendanceVersion]:
    """Question 225: an earlier version; six digits, so that text order is number order."""
    return Place(AttendanceVersion, record(attendance_id).pk, joined(VERSIONS, f"{number:06d}"))


def appeal(attendance_id: str, number: int) -> Place[AttendanceAppeal]:
    """Question 228: an appeal; six digits, as versions have."""
    return Place(AttendanceAppeal, record(attendance_id).pk, joined(APPEALS, f"{number:06d}"))


def photo(attendance_id: str, side: str) -> Place[AttendancePhoto]:
    """Question 225: the photo of one camera."""
    return Place(AttendancePhoto, record(attendance_id).pk, joined("PHOTO", side))


def signature(attendance_id: str) -> Place[AttendanceSignature]:
    """Question 225: the drawn signature."""
    return Place(AttendanceSignature, record(attendance_id).pk, "SIGNATURE")


def position(attendance_id: str) -> Place[AttendancePosition]:
    """Question 225: the coordinates, where the event keeps them."""
    return Place(AttendancePosition, record(attendance_id).pk, "POSITION")


def last_place(user_id: str) -> Place[LastPlace]:
    """Question 232."""
    return Place(LastPlace, access.account(user_id).pk, "LAST_PLACE")


def trace(event_id: str, what: str, mac: str) -> Place[EvidenceTrace]:
    """Question 226; `what` is "device" or "position"."""
    return Place(EvidenceTrace, joined("TRACE", event_id, what, mac), "TRACE")


def qr_scan(user_id: str, scan_id: str = "") -> Place[QrScan]:
    """Question 227; without a scan the prefix of all of a person."""
    return Place(QrScan, joined("QR_SCANS", user_id), scan_id)


def picture_keeper(campus_id: str, sha256: str) -> Place[PictureKeeper]:
    """Question 234: who had exactly these bytes first, in one campus."""
    return Place(PictureKeeper, joined("PICTURE", campus_id, sha256), "PICTURE")


def picture_band(campus_id: str, band: str, entry: str = "") -> Place[PictureBand]:
    """Question 235; an entry begins with its moment, so that the newest are read first. Without one all of a band."""
    return Place(PictureBand, joined("PICTURE_BAND", campus_id, band), entry)


def evidence_of_event(event_id: str, entry: str = "") -> Key:
    """Question 236 (first index); without an entry the prefix of all."""
    return Key(joined("EVENT_EVIDENCE", event_id), entry)


def evidence_of_person(user_id: str, attendance_id: str = "") -> Key:
    """Question 254 (second index); without an attendance the prefix of all."""
    return Key(joined("PERSON_EVIDENCE", user_id), attendance_id)


def photo_check(job_id: str) -> Place[PhotoCheck]:
    """Question 69, for the check of photos."""
    return Place(PhotoCheck, *jobs.job(job_id))


def evidence_erasure(job_id: str) -> Place[EvidenceErasure]:
    """Question 69, for the erasure of evidence."""
    return Place(EvidenceErasure, *jobs.job(job_id))
