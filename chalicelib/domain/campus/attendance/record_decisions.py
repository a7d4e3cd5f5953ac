"""Decisions of staff about a record: verify, reject or correct it. Nothing is overwritten.

`verify` and `reject` change the verification status alone; only `correct` changes the status, to any. A decision
answers the open appeal. An appeal without a record is answered by `correct` alone, which makes the record: with
`absent` the appeal is upheld. Nobody decides about their own record.
"""

from msgspec import Struct

from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.attendance import (
    attendance_appeals,
    event_staff,
    record_views,
    record_writes,
)
from chalicelib.domain.campus.attendance.attendance_records import UNKNOWN_RECORD
from chalicelib.domain.campus.attendance.record_views import ShownRecord
from chalicelib.domain.campus.attendance.record_writes import NewRecord, RecordChange
from chalicelib.errors import Conflict, Forbidden, InvalidState, NotFound, ValidationFailed
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceAppeal, AttendanceRecord
from chalicelib.vocabulary.campus import AttendanceMethod, AttendanceStatus, ReviewDecision, VerificationStatus

_TRIES = 4


class Review(Struct, frozen=True):
    """What staff decide; `status` goes with `correct` alone, `note` may be left out for `verify`."""

    decision: ReviewDecision
    status: AttendanceStatus | None = None
    note: str | None = None


def decide(caller: Principal, attendance_id: str, review: Review, *, operation_id: str) -> ShownRecord:
    """Decide a record and answer its open appeal; the same decision twice changes nothing.

    Raises NotFound, ValidationFailed, Forbidden (one's own record), Conflict (decided by another at the same time).
    """
    _require_status(review)
    for _ in range(_TRIES):
        record = operations.get(keys.attendance.record(attendance_id))
        appeal = attendance_appeals.opened(attendance_id)
        subject = record or appeal
        if subject is None or not event_staff.is_staff_of(caller, subject):
            raise NotFound(UNKNOWN_RECORD)
        if record is not None and record_writes.is_done(operation_id):
            return record_views.show(record)
        require_not_own(caller, subject.user_id)
        _require_note(review, appeal)
        decided = _decided(caller, record, appeal, review, operation_id)
        if decided is not None:
            return record_views.show(decided)
    raise Conflict("This record is being changed. Read it again, then decide.")


def require_not_own(caller: Principal, user_id: str) -> None:
    """Raise Forbidden where staff would decide about their own attendance."""
    if caller.id == user_id:
        raise Forbidden("You cannot decide about your own attendance. Ask another member of staff.")


def _require_status(review: Review) -> None:
    if (review.decision is ReviewDecision.CORRECT) != (review.status is not None):
        message = "goes with `correct`, and only with it"
        raise ValidationFailed(details=[{"field": "status", "message": message}])


def _require_note(review: Review, appeal: AttendanceAppeal | None) -> None:
    if review.note is None and (appeal is not None or review.decision is not ReviewDecision.VERIFY):
        why = "give a reason: it answers the appeal" if appeal is not None else f"needed to {review.decision}"
        raise ValidationFailed(details=[{"field": "note", "message": why}])


def _decided(
    caller: Principal,
    record: AttendanceRecord | None,
    appeal: AttendanceAppeal | None,
    review: Review,
    operation_id: str,
) -> AttendanceRecord | None:
    """Return the decided record; None where it must be read once more. Raises Conflict, InvalidState."""
    wanted = _wanted(caller, record.status if record is not None else AttendanceStatus.ABSENT, review)
    try:
        if record is None:
            return _created(appeal, wanted, review, operation_id)
        if appeal is None and wanted.is_in(record):
            return record
        return record_writes.change(record, wanted, appeal=appeal, operation_id=operation_id)
    except operations.ConditionFailed:
        subject = record or appeal
        now = operations.get(keys.attendance.record(subject.attendance_id)) if subject is not None else None
        if now is None or not _was_decided(now, since=record) or record_writes.is_done(operation_id):
            return None
        if wanted.is_in(now):
            return now
        raise Conflict("Another member of staff has just decided this record. Read it again, then decide.") from None


def _was_decided(record: AttendanceRecord, *, since: AttendanceRecord | None) -> bool:
    """Whether staff decided a record since it was read, or made one where there was none."""
    return record.marked_by is not None if since is None else record.version != since.version


def _wanted(caller: Principal, status: AttendanceStatus, review: Review) -> RecordChange:
    """Return what a review makes of a record with this status: only `correct` touches the status."""
    is_rejected = review.decision is ReviewDecision.REJECT
    return RecordChange(
        status=review.status if review.decision is ReviewDecision.CORRECT and review.status is not None else status,
        verification_status=VerificationStatus.REJECTED if is_rejected else VerificationStatus.VERIFIED,
        by=caller.id,
        note=review.note,
    )


def _created(
    appeal: AttendanceAppeal | None, wanted: RecordChange, review: Review, operation_id: str
) -> AttendanceRecord | None:
    """Return the record that answers an appeal of a person who had none."""
    if appeal is None:
        return None
    if review.decision is not ReviewDecision.CORRECT:
        raise InvalidState("There is no record yet. Answer the appeal by `correct` and a status; `absent` upholds it.")
    profile = operations.get(keys.campus_people.profile(appeal.user_id))
    if profile is None:
        raise NotFound(UNKNOWN_RECORD)
    new = NewRecord(
        appeal.event_id, appeal.campus_id, appeal.organizer_id, profile=profile, method=AttendanceMethod.MANUAL
    )
    return record_writes.create(new, wanted, appeal=appeal, operation_id=operation_id)
