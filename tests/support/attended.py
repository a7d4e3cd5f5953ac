"""Records of attendance for tests of what follows from them: made, corrected and erased as their writers do."""

from typing import Any

from chalicelib import clock
from chalicelib.domain.campus.attendance import attendance_ids
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, AttendanceRecord, CampusEvent, RosterEntry
from chalicelib.vocabulary.campus import AttendanceMethod, AttendanceStatus, VerificationStatus


def attend(event: CampusEvent, student: Account | str, **changes: Any) -> AttendanceRecord:
    """Store a record of a student, present and verified now; `changes` are attributes of AttendanceRecord."""
    user_id = student if isinstance(student, str) else student.account_id
    attendance_id = attendance_ids.attendance_id(event.event_id, user_id)
    record = AttendanceRecord(
        *keys.attendance.record(attendance_id),
        **{
            "attendance_id": attendance_id,
            "event_id": event.event_id,
            "user_id": user_id,
            "campus_id": event.campus_id,
            "organizer_id": event.organizer_id,
            "department": "Physics",
            "year_level": "2",
            "status": AttendanceStatus.PRESENT,
            "verification_status": VerificationStatus.VERIFIED,
            "method": AttendanceMethod.QR,
            "submitted_at": clock.now(),
            "seconds": 12,
            **changes,
        },
    )
    operations.record(operations.put(record, AttendanceRecord.pk.does_not_exist()))
    return record


def correct(record: AttendanceRecord, **changes: Any) -> AttendanceRecord:
    """Change attributes of a record, as a decision of staff, a check of photos or an erasure does."""
    actions = [getattr(AttendanceRecord, name).set(value) for name, value in changes.items()]
    write = operations.change(record.place, [*actions, AttendanceRecord.version.add(1)])
    return AttendanceRecord.from_raw_data(operations.record(write))


def list_on_roster(event: CampusEvent, *students: Account) -> CampusEvent:
    """List students as expected at an event."""
    for student in students:
        place = keys.campus_events.roster_entry(event.event_id, student.account_id)
        entry = RosterEntry(*place, event_id=event.event_id, user_id=student.account_id, added_at=clock.now())
        entry.put_in_gsi1(keys.campus_events.listed_at(student.account_id, event.event_id))
        operations.record(operations.put(entry))
    write = operations.change(event.place, [CampusEvent.roster_size.add(len(students))])
    return CampusEvent.from_raw_data(operations.record(write))
