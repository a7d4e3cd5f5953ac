"""Records of attendance for tests, stored as a submission stores them."""

from datetime import timedelta
from typing import Any

from chalicelib import clock
from chalicelib.domain.campus.attendance.attendance_ids import attendance_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, AttendanceRecord, CampusEvent
from chalicelib.vocabulary.campus import AttendanceMethod, AttendanceStatus, VerificationStatus

_later = iter(range(1, 10**9))


def make_record(event: CampusEvent, student: Account, **changes: Any) -> AttendanceRecord:
    """Store the record of a submission with a code, later than the one before; `changes` are its attributes."""
    profile = operations.get(keys.campus_people.profile(student.account_id))
    assert profile is not None
    known_id = attendance_id(event.event_id, student.account_id)
    record = AttendanceRecord(
        *keys.attendance.record(known_id),
        **{
            "attendance_id": known_id,
            "event_id": event.event_id,
            "user_id": student.account_id,
            "campus_id": event.campus_id,
            "organizer_id": event.organizer_id,
            "department": profile.department,
            "year_level": profile.year_level,
            "status": AttendanceStatus.PRESENT,
            "verification_status": VerificationStatus.VERIFIED,
            "method": AttendanceMethod.QR,
            "submitted_at": clock.now() + timedelta(milliseconds=next(_later)),
            "factors": {"qr": [True, 3], "location": [True, 12, 50], "time": [True]},
            "location_verified": True,
            "distance_m": 12,
            **changes,
        },
    )
    operations.record(operations.put(record, AttendanceRecord.pk.does_not_exist()))
    return record
