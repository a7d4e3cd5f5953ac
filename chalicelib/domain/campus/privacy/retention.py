"""The privacy clock: each kind of evidence of an event is erased once its days are over; the records stay.

A job for each event and kind is written with the event, and is due at the end of its days. A change of the event's
times or days moves it. The sweep queues it when it is due, so no daily schedule is needed (D-CAMPUS-54). Its steps are
bounded, and each may be repeated: what is erased is not found again.

Erased are, by key: photos and signatures with all versions of their files, the entries of the index of pictures,
coordinates, and the keyed hashes of positions and devices with their traces. Results stay: verdicts, distances, flags.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.clients.bus import Published
from chalicelib.domain.background import jobs
from chalicelib.domain.background.changes import Change, Wanted, follows
from chalicelib.domain.campus.attendance import evidence_files, judgements, late_changes, retention_days
from chalicelib.domain.campus.events import campus_events
from chalicelib.domain.campus.privacy import evidence_erasing
from chalicelib.domain.lists import pages
from chalicelib.domain.lists.attendance import ATTENDANCE
from chalicelib.domain.lists.pages import Asked
from chalicelib.errors import Unavailable
from chalicelib.identifiers import id_of_fact
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import (
    AttendancePhoto,
    AttendancePosition,
    AttendanceRecord,
    AttendanceSignature,
    CampusEvent,
    EvidenceErasure,
)
from chalicelib.table.ranges import Begins
from chalicelib.vocabulary.campus import ErasedKind
from chalicelib.vocabulary.work import JobStatus

# One step: photos or signatures of an event, records, and versions of files.
_ENTRIES, _RECORDS, _VERSIONS = 100, 50, 500
_READER = "retention"
# Exceeds the time of a request.
_REQUEST = timedelta(minutes=1)


def job_id_of(event_id: str, kind: ErasedKind) -> str:
    """Return the id of the job that erases one kind of evidence of an event."""
    return id_of_fact("job", f"evidence_erasure/{event_id}/{kind}")


@follows(Wanted(CampusEvent))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Write or move the jobs of events whose times or days changed."""
    for change in changes:
        if isinstance(change.after, CampusEvent):
            before = change.before if isinstance(change.before, CampusEvent) else None
            schedule(change.after, before=before)
    return []


@follows(Wanted(AttendanceRecord, only_new=True))
def follow_late(changes: Sequence[Change]) -> list[Published]:
    """Open erasures again that a record comes after: they read records by their list."""
    places = {keys.campus_events.event(record.event_id) for record in late_changes.records(changes)}
    for event in operations.get_many(places).values() if places else ():
        for kind in (ErasedKind.POSITION, ErasedKind.DEVICE):
            if clock.now() >= retention_days.ends_at(event, kind):
                _reopen(job_id_of(event.event_id, kind))
    return []


def _reopen(job_id: str) -> None:
    again: list[Action] = [
        EvidenceErasure.status.set(JobStatus.OPEN),
        # A step that is under way stores no place beyond the record.
        EvidenceErasure.done.add(1),
        EvidenceErasure.position.remove(),
        EvidenceErasure.completed_at.remove(),
        *EvidenceErasure.due_at(jobs.due_place(job_id)),
    ]
    with suppress(operations.ConditionFailed):  # the event comes late as well, and its job with it
        place = keys.attendance.evidence_erasure(job_id)
        operations.record(operations.change(place, again, EvidenceErasure.pk.exists()))


def schedule(event: CampusEvent, *, before: CampusEvent | None = None) -> None:
    """Make the erasures of an event due at the end of their days; `before` leaves out those that did not change."""
    for kind in ErasedKind:
        due_on = retention_days.ends_at(event, kind)
        if before is None or retention_days.ends_at(before, kind) != due_on:
            _schedule(event, kind, due_on)


def _schedule(event: CampusEvent, kind: ErasedKind, due_on: datetime) -> None:
    job_id, now = job_id_of(event.event_id, kind), clock.now()
    # The sweep reads no minutes of the past. Where staff move the end there, the last photos are still on their way.
    due = keys.jobs.due(max(due_on, now + judgements.PHOTOS_MAY_COME + _REQUEST), job_id)
    job = EvidenceErasure(
        *keys.attendance.evidence_erasure(job_id),
        gsi2=due,
        job_id=job_id,
        owner_id=event.organizer_id,
        status=JobStatus.OPEN,
        created_by=event.organizer_id,
        created_at=now,
        event_id=event.event_id,
        erases=kind,
        due_on=due_on,
    )
    moved: list[Action] = [
        EvidenceErasure.due_on.set(due_on),
        EvidenceErasure.status.set(JobStatus.OPEN),
        EvidenceErasure.position.remove(),
        EvidenceErasure.completed_at.remove(),
        *EvidenceErasure.due_at(due),
    ]
    try:
        operations.record(operations.put(job, EvidenceErasure.pk.does_not_exist()))
    except operations.ConditionFailed:
        _move(job, moved)


def _move(job: EvidenceErasure, moved: list[Action]) -> None:
    for _ in retries.attempts():
        present = operations.get(keys.attendance.evidence_erasure(job.job_id))
        if present is None or present.due_on == job.due_on:
            return
        try:
            operations.record(operations.change(job.place, moved, EvidenceErasure.due_on == present.due_on))
        except operations.ConditionFailed:
            continue  # moved at the same moment
        return
    raise Unavailable(retry_after=1)


def run_step(job_id: str) -> bool:
    """Erase the next part of one kind of evidence of an event; return whether another step is needed."""
    job = operations.get(keys.attendance.evidence_erasure(job_id))
    if job is None or job.status != JobStatus.OPEN:
        return False
    event = campus_events.find(job.event_id)
    if event is None:
        _enter(job, _over())
        return False
    due_on, now = retention_days.ends_at(event, job.erases), clock.now()
    if now < due_on:
        _enter(job, [*EvidenceErasure.due_at(keys.jobs.due(due_on, job_id))])
        return False
    count, position = _STEPS[job.erases](event, job)
    if count or position is not None:
        progress: list[Action] = [
            EvidenceErasure.done.add(1),
            EvidenceErasure.erased.add(count),
            EvidenceErasure.position.set(position) if position is not None else EvidenceErasure.position.remove(),
            *EvidenceErasure.due_at(jobs.due_place(job_id)),
        ]
        _enter(job, progress)
        return True
    _enter(job, _over())
    logger.info("evidence erased", extra={"event_id": job.event_id, "kind": str(job.erases), "count": job.erased})
    return False


def _over() -> list[Action]:
    return [
        EvidenceErasure.status.set(JobStatus.COMPLETE),
        EvidenceErasure.completed_at.set(clock.now()),
        *EvidenceErasure.not_due(),
    ]


def _enter(job: EvidenceErasure, actions: list[Action]) -> None:
    """Store the progress of an erasure, unless it was moved, or a concurrent step has."""
    as_read: Condition = (EvidenceErasure.status == JobStatus.OPEN) & (EvidenceErasure.done == job.done)
    as_read &= EvidenceErasure.due_on == job.due_on
    try:
        operations.record(operations.change(job.place, actions, as_read))
    except operations.ConditionFailed:
        logger.info("a concurrent step of the erasure was first", extra={"job_id": job.job_id})


# Erases the next part; returns how many things, and where to go on. (0, None) once nothing is left.
_Step = Callable[[CampusEvent, EvidenceErasure], tuple[int, str | None]]


def _files(event: CampusEvent, job: EvidenceErasure) -> tuple[int, str | None]:
    """Erase the next photos or signatures of an event; then, by prefix, what files are left."""
    raws = _listed(event, job.erases)
    for place in operations.places_of(AttendancePhoto, raws) if job.erases is ErasedKind.PHOTOS else ():
        evidence_erasing.photo(place, campus_id=event.campus_id)
    for signed in operations.places_of(AttendanceSignature, raws) if job.erases is ErasedKind.SIGNATURE else ():
        evidence_erasing.signature(signed)
    if raws:
        return len(raws), None
    for prefix in evidence_files.prefixes(event.event_id, job.erases):
        count = files.delete_page(prefix, most=_VERSIONS)
        if count:
            return count, None
    return 0, None


def _listed(event: CampusEvent, kind: ErasedKind) -> list[operations.RawItem]:
    """Return the keys of the next evidence of one kind that an event has, also of codes that were never submitted."""
    listed = keys.attendance.evidence_of_event(event.event_id, evidence_files.entries(kind))
    return operations.query(listed.pk, Begins(listed.sk), index="gsi1", limit=_ENTRIES)


def _positions(event: CampusEvent, job: EvidenceErasure) -> tuple[int, str | None]:
    """Erase the next coordinates of an event; then what its records say of positions."""
    raws = _listed(event, ErasedKind.POSITION)
    if raws and job.position is None:
        return operations.remove_many(operations.places_of(AttendancePosition, raws)), None
    return _records(event, job)


def _records(event: CampusEvent, job: EvidenceErasure) -> tuple[int, str | None]:
    """Erase what the next records of an event say of position or device."""
    if job.position == _END:
        return 0, None
    asked = Asked(_READER, page_size=_RECORDS, cursor=job.position, filters={"event": event.event_id})
    found = pages.page(ATTENDANCE, asked)
    for record in found.results:
        evidence_erasing.of_record(record, job.erases)
    return len(found.results), found.next or _END


# Beyond the last record.
_END = "end"
_STEPS: Mapping[ErasedKind, _Step] = {
    ErasedKind.PHOTOS: _files,
    ErasedKind.SIGNATURE: _files,
    ErasedKind.POSITION: _positions,
    ErasedKind.DEVICE: _records,
}
