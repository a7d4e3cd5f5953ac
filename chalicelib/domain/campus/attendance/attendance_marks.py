"""Attendance by hand or by NFC card: the way in without phone, camera or position.

A mark makes the record where there is none, else it corrects it with a version. The key of the record is the same as
of a submission, so a mark and a submission at the same moment make one record.
"""

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.attendance import (
    attendance_appeals,
    attendance_ids,
    record_decisions,
    record_views,
    record_writes,
)
from chalicelib.domain.campus.attendance.record_views import ShownRecord
from chalicelib.domain.campus.attendance.record_writes import NewRecord, RecordChange
from chalicelib.domain.campus.events import campus_events, event_windows
from chalicelib.domain.campus.people import campus_cards, campus_profiles, student_numbers
from chalicelib.errors import Conflict, NotFound, ValidationFailed
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceRecord, CampusEvent, CampusProfile
from chalicelib.vocabulary.campus import AttendanceMethod, AttendanceStatus, VerificationStatus

_TRIES = 8
_USER = "usr_"
# A tap without a status says that the person is there.
_WAS_THERE = (AttendanceStatus.PRESENT, AttendanceStatus.LATE, AttendanceStatus.LEFT_EARLY)


class Mark(Struct, frozen=True):
    """Who is marked, by user id or student number, or by the UID of a card; a card may leave status and reason out."""

    student: str | None = None
    card_uid: str | None = None
    status: AttendanceStatus | None = None
    reason: str | None = None


def mark(caller: Principal, event_id: str, wanted: Mark, *, operation_id: str) -> ShownRecord:
    """Mark a person at an event; the same mark twice is one. Return the record.

    Raises NotFound, ValidationFailed, Forbidden (oneself), Conflict.
    """
    event = campus_events.require_staff_of(event_id, caller, fresh=True)
    profile = _profile(wanted)
    record_decisions.require_not_own(caller, profile.user_id)
    attendance_id = attendance_ids.attendance_id(event_id, profile.user_id)
    for _ in range(_TRIES):
        record = operations.get(keys.attendance.record(attendance_id))
        if record is not None and (_is_same_tap(record, wanted) or record_writes.is_done(operation_id)):
            return record_views.show(record)
        try:
            marked = _marked(caller, event, profile, record, wanted=wanted, operation_id=operation_id)
        except operations.ConditionFailed:
            continue  # a submission or another mark was faster
        return record_views.show(marked)
    raise Conflict("Others are changing this record at the same time. Read it again, then mark.")


def _is_same_tap(record: AttendanceRecord, wanted: Mark) -> bool:
    """Whether a card says no more than the record: a second tap must not make a punctual person late."""
    if wanted.card_uid is None:
        return False
    return record.status in _WAS_THERE if wanted.status is None else record.status == wanted.status


def _marked(
    caller: Principal,
    event: CampusEvent,
    profile: CampusProfile,
    record: AttendanceRecord | None,
    *,
    wanted: Mark,
    operation_id: str,
) -> AttendanceRecord:
    attendance_id = attendance_ids.attendance_id(event.event_id, profile.user_id)
    appeal = attendance_appeals.opened(attendance_id)
    if wanted.reason is None and (wanted.card_uid is None or record is not None or appeal is not None):
        raise _refused("reason", "needed: a record by hand and every correction has a reason")
    change = RecordChange(
        status=_status(event, wanted), verification_status=VerificationStatus.VERIFIED, by=caller.id, note=wanted.reason
    )
    if record is None and campus_profiles.is_erased(profile):
        raise NotFound("student_id: this person was erased, and gets no new record.")
    if record is None:
        method = AttendanceMethod.NFC if wanted.card_uid is not None else AttendanceMethod.MANUAL
        new = NewRecord(event.event_id, event.campus_id, event.organizer_id, profile=profile, method=method)
        return record_writes.create(new, change, appeal=appeal, operation_id=operation_id)
    if appeal is None and change.is_in(record):
        return record
    return record_writes.change(record, change, appeal=appeal, operation_id=operation_id)


def _status(event: CampusEvent, wanted: Mark) -> AttendanceStatus:
    """Return the status of a mark: as given, or of a card's tap by the event's times."""
    now = clock.now()
    if now < event.starts_at and wanted.status is not AttendanceStatus.EXCUSED:
        raise _refused("status", "before the event begins, only `excused` can be marked")
    if wanted.status is not None:
        return wanted.status
    if not event_windows.state(event, now).is_open:
        raise _refused("status", "needed outside the time of the event")
    return event_windows.status_at(event, now)


def _profile(wanted: Mark) -> CampusProfile:
    if (wanted.student is None) == (wanted.card_uid is None):
        raise _refused("student_id", "send either student_id or card_uid")
    if wanted.card_uid is None and wanted.status is None:
        raise _refused("status", "needed for a mark by hand")
    if wanted.card_uid is not None:
        user_id = campus_cards.resolve(wanted.card_uid)
    else:
        student = wanted.student or ""
        user_id = student if student.startswith(_USER) else student_numbers.resolve(student)
    profile = operations.get(keys.campus_people.profile(user_id))
    if profile is None:
        raise NotFound("student_id: there is no such person.")
    return profile


def _refused(field: str, message: str) -> ValidationFailed:
    return ValidationFailed(details=[{"field": field, "message": message}])
