"""The job that checks the photos of a record: one for each record, opened again where a photo comes later."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.domain.background import jobs
from chalicelib.domain.background.changes import Change, Wanted, follows
from chalicelib.domain.campus.attendance import judgements
from chalicelib.identifiers import id_of_fact
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceRecord, PhotoCheck
from chalicelib.vocabulary.campus import AttendanceMethod, PhotoSide
from chalicelib.vocabulary.work import JobStatus

_KEPT = timedelta(days=30)
_BY_STUDENT = (AttendanceMethod.QR, AttendanceMethod.CODE)


def deadline(record: AttendanceRecord) -> datetime:
    """Return until when a photo of a record may still come."""
    return record.submitted_at + judgements.PHOTOS_MAY_COME


def job_id_of(attendance_id: str) -> str:
    """Return the id of a record's job."""
    return id_of_fact("job", f"photo_check/{attendance_id}")


@follows(Wanted(AttendanceRecord, only_new=True))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Start the check of each new record that has photos, or should have some."""
    records = [
        change.after
        for change in changes
        if isinstance(change.after, AttendanceRecord) and change.after.method in _BY_STUDENT
    ]
    events = operations.get_many({keys.campus_events.event(record.event_id) for record in records})
    sides = [keys.attendance.photo(record.attendance_id, side) for record in records for side in PhotoSide]
    photos = {photo.attendance_id for photo in operations.get_many(sides).values()}
    for record in records:
        event = events.get(keys.campus_events.event(record.event_id))
        if record.attendance_id in photos or (event is not None and event.require_photos):
            start(record.attendance_id, user_id=record.user_id)
    return []


def start(attendance_id: str, *, user_id: str) -> None:
    """Start a record's check, or open it again; idempotent."""
    job_id, now = job_id_of(attendance_id), clock.now()
    job = PhotoCheck(
        *keys.attendance.photo_check(job_id),
        gsi2=jobs.due_place(job_id),
        job_id=job_id,
        owner_id=user_id,
        status=JobStatus.OPEN,
        created_by=user_id,
        created_at=now,
        attendance_id=attendance_id,
        ttl=int((now + _KEPT).timestamp()),
    )
    again: list[Action] = [
        PhotoCheck.status.set(JobStatus.OPEN),
        PhotoCheck.completed_at.remove(),
        PhotoCheck.done.add(1),
        *PhotoCheck.due_at(jobs.due_place(job_id)),
    ]
    try:
        operations.record(operations.put(job, PhotoCheck.pk.does_not_exist()))
    except operations.ConditionFailed:
        operations.record(operations.change(job.place, again, PhotoCheck.pk.exists()))
    jobs.start(job_id)


def complete(job: PhotoCheck) -> None:
    """End a job, unless a photo has come meanwhile."""
    over: list[Action] = [
        PhotoCheck.status.set(JobStatus.COMPLETE),
        PhotoCheck.completed_at.set(clock.now()),
        *PhotoCheck.not_due(),
    ]
    _enter(job, over)


def put_off(job: PhotoCheck, *, until: datetime) -> None:
    """Make a job due at a moment, unless a photo has come meanwhile."""
    _enter(job, [*PhotoCheck.due_at(keys.jobs.due(until, job.job_id))])


def _enter(job: PhotoCheck, actions: list[Action]) -> None:
    with suppress(operations.ConditionFailed):  # opened again, or ended by a concurrent step
        as_read = (PhotoCheck.status == JobStatus.OPEN) & (PhotoCheck.done == job.done)
        operations.record(operations.change(job.place, actions, as_read))
