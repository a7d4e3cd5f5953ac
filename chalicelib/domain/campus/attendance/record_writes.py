"""How a record changes by a decision: its old content becomes a version, in one transaction with the new one.

The transaction holds an optimistic lock: it fails where the record has changed since it was read (D-CAMPUS-41).
"""

from datetime import datetime
from typing import Any

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock, identifiers
from chalicelib.domain import idempotency
from chalicelib.domain.campus.attendance import attendance_appeals, attendance_ids, attendance_records
from chalicelib.errors import InvalidState, NotFound
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceAppeal, AttendanceRecord, AttendanceVersion, CampusProfile
from chalicelib.table.operations import Write
from chalicelib.vocabulary.campus import AppealStatus, AttendanceMethod, AttendanceStatus, VerificationStatus

# A record that was decided more often than this is a mistake of a program.
MOST_VERSIONS = 200


class RecordChange(Struct, frozen=True):
    """What a decision makes of a record, who decided, and why."""

    status: AttendanceStatus
    verification_status: VerificationStatus
    by: str
    note: str | None

    def is_in(self, record: AttendanceRecord) -> bool:
        """Whether a record is already as this decision of this person made it."""
        return (
            record.status == self.status
            and record.verification_status == self.verification_status
            and record.verified_by == self.by
            and record.note == self.note
        )


def content_of(record: AttendanceRecord) -> dict[str, Any]:
    """Return what a version keeps of a record: what was shown and decided, without hashes of devices."""
    return {
        "status": record.status.value,
        "verification_status": record.verification_status.value,
        "method": record.method.value,
        "submitted_at": clock.to_text(record.submitted_at),
        "location_verified": record.location_verified,
        "distance_m": record.distance_m,
        "factors": dict(record.factors or {}),
        "flags": dict(record.flags or {}),
        "verified_by": record.verified_by,
        "verified_at": _text(record.verified_at),
        "note": record.note,
        "marked_by": record.marked_by,
        "corrected": record.corrected,
    }


def _text(moment: datetime | None) -> str | None:
    return clock.to_text(moment) if moment is not None else None


class NewRecord(Struct, frozen=True):
    """A record that staff make: whose, at what, and by which means."""

    event_id: str
    campus_id: str
    organizer_id: str
    profile: CampusProfile
    method: AttendanceMethod


def change(
    record: AttendanceRecord, wanted: RecordChange, *, appeal: AttendanceAppeal | None, operation_id: str
) -> AttendanceRecord:
    """Keep a record as a version, change it, and answer its open appeal, in one transaction; return the new record.

    Raises ConditionFailed where anything changed since it was read, InvalidState after too many decisions.
    """
    if record.version > MOST_VERSIONS:
        raise InvalidState(f"This record has been decided {MOST_VERSIONS} times. No further decision is taken.")
    now, is_other = clock.now(), wanted.status != record.status
    version = AttendanceVersion(
        *keys.attendance.version(record.attendance_id, record.version),
        attendance_id=record.attendance_id,
        version=record.version,
        content=content_of(record),
        replaced_at=now,
        replaced_by=wanted.by,
        reason=wanted.note,
    )
    answers, shown = _answer(appeal, wanted, is_corrected=is_other or _is_lifted(record, wanted), at=now)
    actions: list[Action] = [
        AttendanceRecord.status.set(wanted.status),
        AttendanceRecord.verification_status.set(wanted.verification_status),
        AttendanceRecord.verified_by.set(wanted.by),
        AttendanceRecord.verified_at.set(now),
        AttendanceRecord.note.set(wanted.note) if wanted.note else AttendanceRecord.note.remove(),
        AttendanceRecord.corrected.set(record.corrected or is_other),
        AttendanceRecord.version.set(record.version + 1),
    ]
    if shown is not None:
        actions += [
            AttendanceRecord.appeal.set(shown),
            AttendanceRecord.appeal_status.set(AppealStatus(shown["status"])),
        ]
    operations.commit(
        operations.change(record.place, actions, attendance_records.unchanged(record)),
        operations.put(version, AttendanceVersion.pk.does_not_exist()),
        *answers,
        *_once(operation_id, record.attendance_id),
    )
    logger.info("attendance decided", extra={"attendance_id": record.attendance_id, "version": record.version + 1})
    return stored(record.attendance_id)


def create(
    new: NewRecord, wanted: RecordChange, *, appeal: AttendanceAppeal | None, operation_id: str
) -> AttendanceRecord:
    """Write a record that staff make, and answer the open appeal of the person; return the record.

    Raises ConditionFailed where there is a record already, or the appeal was answered.
    """
    now = clock.now()
    attendance_id = attendance_ids.attendance_id(new.event_id, new.profile.user_id)
    is_corrected = wanted.status != AttendanceStatus.ABSENT
    answers, shown = _answer(appeal, wanted, is_corrected=is_corrected, at=now)
    record = AttendanceRecord(
        *keys.attendance.record(attendance_id),
        attendance_id=attendance_id,
        event_id=new.event_id,
        user_id=new.profile.user_id,
        campus_id=new.campus_id,
        organizer_id=new.organizer_id,
        department=new.profile.department,
        year_level=new.profile.year_level,
        status=wanted.status,
        verification_status=wanted.verification_status,
        method=new.method,
        submitted_at=now,
        verified_by=wanted.by,
        verified_at=now,
        note=wanted.note,
        marked_by=wanted.by,
        appeal=shown,
        appeal_status=AppealStatus(shown["status"]) if shown is not None else None,
    )
    operations.commit(
        operations.put(record, AttendanceRecord.pk.does_not_exist()), *answers, *_once(operation_id, attendance_id)
    )
    logger.info("attendance marked", extra={"attendance_id": attendance_id, "method": new.method})
    return record


def _is_lifted(record: AttendanceRecord, wanted: RecordChange) -> bool:
    """Whether a decision lifts an earlier rejection."""
    rejected = VerificationStatus.REJECTED
    return record.verification_status == rejected and wanted.verification_status != rejected


def _answer(
    appeal: AttendanceAppeal | None, wanted: RecordChange, *, is_corrected: bool, at: datetime
) -> tuple[list[Write], dict[str, Any] | None]:
    """Return the writes that answer an open appeal, and what the record then shows of it."""
    if appeal is None:
        return [], None
    status = AppealStatus.CORRECTED if is_corrected else AppealStatus.UPHELD
    write, shown = attendance_appeals.answering(appeal, status=status, answer=wanted.note or "", by=wanted.by, at=at)
    return [write], shown


def stored(attendance_id: str) -> AttendanceRecord:
    """Return a record that is known to exist. Raises NotFound."""
    record = operations.get(keys.attendance.record(attendance_id))
    if record is None:
        raise NotFound
    return record


def _once(operation_id: str, attendance_id: str) -> list[Write]:
    """Return the write that makes a request with an Idempotency-Key take effect once; none without a key."""
    if identifiers.is_unkeyed(operation_id):
        return []
    return [idempotency.once(operation_id, attendance_id)]


def is_done(operation_id: str) -> bool:
    """Whether a request with an Idempotency-Key has taken effect already."""
    return not identifiers.is_unkeyed(operation_id) and idempotency.result_of(operation_id) is not None
