"""The job that counts the records of an event again, as its new day, organizer, campus, rule or roster asks for.

It finds them by what they are counted as. Where nothing has changed it writes nothing. Records and appeals of an event
that was moved to another campus get its staff. An event that expects people by a rule is counted again at its end, when
its number becomes final (expectations.py), and as students enter or leave its group the records that they have there.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.domain import idempotency
from chalicelib.domain.background import jobs
from chalicelib.domain.background.changes import Change, every, follows
from chalicelib.domain.campus.analytics import attendance_counts, counted_as, expectations, figures
from chalicelib.domain.campus.analytics.attendance_counts import CountedSubject, ListedSubject
from chalicelib.domain.campus.attendance import moved_events
from chalicelib.domain.campus.events import campus_events, event_fields, event_windows
from chalicelib.domain.campus.people import student_counts
from chalicelib.identifiers import id_of_fact, new_id, unkeyed_operation_id
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceRecount, CampusEvent, CampusProfile, CountedAttendance, CountedListing
from chalicelib.table.ranges import After
from chalicelib.vocabulary.work import JobStatus

# Records of one step; a step takes some seconds.
STEP = 450
# Begins the position of a job that has passed the records; no id of a record begins so.
_LISTED = "LISTED "
_JOB_KEPT = timedelta(days=2)
# The sweep looks by minutes.
_AFTER_END = timedelta(minutes=1)
# From the first record of an event to its last end.
_LONGEST = event_fields.LONGEST + event_fields.CLOSES_AFTER
# What the records of an event are counted by.
_COUNTED_BY = (
    *("starts_at", "ends_at", "closes_at", "second_window", "timezone", "organizer_id", "campus_id"),
    *("expected", "roster_size", "roster_version", "is_active", "deleted_at"),
)


@follows(*every(CampusEvent))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Start the recount of events whose records count elsewhere now; idempotent, in whole or in part."""
    for change in changes:
        before, after = change.before, change.after
        if not isinstance(after, CampusEvent):
            continue
        if isinstance(before, CampusEvent):
            if not _counts_otherwise(before, after):
                continue
            _begin(after, is_moved=before.campus_id != after.campus_id)
        _count_at_end(after)
    return []


@follows(*every(CampusProfile))
def follow_groups(changes: Sequence[Change]) -> list[Published]:
    """Count again the records of students who change their group, at events by a rule that are not over; idempotent."""
    for change in changes:
        before, after = change.before, change.after
        if not isinstance(before, CampusProfile) or not isinstance(after, CampusProfile):
            continue
        if student_counts.group_of(before) != student_counts.group_of(after):
            attendance_counts.count(_open_records(after.user_id))
    return []


def _open_records(user_id: str) -> list[CountedSubject]:
    found = figures.read(keys.campus_analytics.of_student(user_id), _LONGEST.days, consistent=True)
    rows = {str(row.event_id): str(row.attendance_id) for row in found.days if row.attendance_id}
    events = operations.get_many(keys.campus_events.event(event_id) for event_id in rows)
    return [
        CountedSubject(event.event_id, rows[event.event_id], user_id)
        for event in events.values()
        if event.rule_of_expected and not expectations.is_settled(event)
    ]


def _counts_otherwise(before: CampusEvent, after: CampusEvent) -> bool:
    return any(getattr(before, name) != getattr(after, name) for name in _COUNTED_BY)


def _begin(event: CampusEvent, *, is_moved: bool) -> None:
    """Start the job for this state of an event, if anything is counted or moves; the same state starts it once."""
    # An appeal of somebody who was absent has no record that is counted.
    marks = keys.campus_analytics.counted(event.event_id), keys.campus_analytics.counted_listing(event.event_id)
    if not is_moved and not any(operations.query(place.pk, limit=1, consistent=True) for place in marks):
        return
    state = "/".join(str(getattr(event, name)) for name in (*_COUNTED_BY, "version"))
    job_id = id_of_fact("job", f"recount {event.event_id} {state}")
    try:
        operations.record(operations.put(_job(job_id, event.event_id), AttendanceRecount.pk.does_not_exist()))
    except operations.ConditionFailed:
        return
    jobs.start(job_id)


def _count_at_end(event: CampusEvent) -> None:
    """Write the job that counts an event by a rule after its end; once for each end."""
    ends_at = event_windows.last_end(event)
    if not expectations.is_by_rule(event) or not event_windows.expects(event) or clock.now() > ends_at:
        return
    job = _job(id_of_fact("job", f"recount {event.event_id} after {clock.to_text(ends_at)}"), event.event_id)
    due_on = ends_at + _AFTER_END
    job.gsi2pk, job.gsi2sk = keys.jobs.due(due_on, job.job_id)
    # What its records count as is known by then; the number is not.
    job.position, job.ttl = _LISTED, int((due_on + _JOB_KEPT).timestamp())
    with suppress(operations.ConditionFailed):
        operations.record(operations.put(job, AttendanceRecount.pk.does_not_exist()))


def begin_anew(event_id: str) -> None:
    """Start the job where totals are doubted, at most once in ten minutes for each event."""
    asked = unkeyed_operation_id()
    operation_id = jobs.operation_of(asked, starter_id=event_id, request=("attendance recount", event_id))
    job_id = new_id("job")
    put = operations.put(_job(job_id, event_id), AttendanceRecount.pk.does_not_exist())
    try:
        operations.commit(idempotency.once(operation_id, job_id), put)
    except operations.ConditionFailed:
        return
    jobs.start(job_id)


def run_step(job_id: str) -> bool:
    """Count the next records of a job's event again; return whether there may be more. Raises Unavailable."""
    place = keys.campus_analytics.recount(job_id)
    job = operations.get(place)
    if job is None or job.status != JobStatus.OPEN:
        return False
    marks, is_of_records = _next(job)
    is_end = len(marks) < STEP
    subjects, listed = [], []
    if is_of_records:
        event = campus_events.find(job.event_id)
        if event is not None:
            # First, since what is counted copies the staff of flagged records.
            moved_events.move_records(event, [mark.sk for mark in marks])
            if is_end:
                moved_events.move_appeals(event)
        subjects = [_subject(job.event_id, mark) for mark in marks]
    else:
        listed = [ListedSubject(job.event_id, mark.sk) for mark in marks]
    attendance_counts.count(subjects, [job.event_id], listed)
    place_of_last = marks[-1].sk if marks and not (is_of_records and is_end) else ""
    position = place_of_last if is_of_records and not is_end else f"{_LISTED}{place_of_last}"
    actions: list[Action] = [AttendanceRecount.done.add(len(marks)), AttendanceRecount.position.set(position)]
    is_over = is_end and not is_of_records
    if is_over:
        ended = [AttendanceRecount.status.set(JobStatus.COMPLETE), AttendanceRecount.completed_at.set(clock.now())]
        actions += [*ended, *AttendanceRecount.not_due()]
    same = AttendanceRecount.position
    as_read = (AttendanceRecount.status == JobStatus.OPEN) & (
        same == job.position if job.position else same.does_not_exist()
    )
    try:
        operations.record(operations.change(place, actions, as_read))
    except operations.ConditionFailed:
        return False  # another worker goes on
    return not is_over


def _next(job: AttendanceRecount) -> tuple[list[CountedAttendance | CountedListing], bool]:
    """Return the next marks of a job's event, first those of records, then those of listed people; and which."""
    position = job.position or ""
    is_of_records = not position.startswith(_LISTED)
    partitions = keys.campus_analytics.counted_listing(job.event_id), keys.campus_analytics.counted(job.event_id)
    place, last = partitions[is_of_records], position.removeprefix(_LISTED)
    raws = operations.query(place.pk, After(last) if last else None, limit=STEP, consistent=True)
    return [place.item.from_raw_data(raw) for raw in raws], is_of_records


def _subject(event_id: str, mark: CountedAttendance | CountedListing) -> CountedSubject:
    standing = counted_as.record_standing(mark.counted_as)
    return CountedSubject(event_id, mark.sk, standing.user_id if standing else "")


def _job(job_id: str, event_id: str) -> AttendanceRecount:
    now = clock.now()
    return AttendanceRecount(
        *keys.campus_analytics.recount(job_id),
        gsi2=jobs.due_place(job_id),
        job_id=job_id,
        owner_id=event_id,
        status=JobStatus.OPEN,
        event_id=event_id,
        created_by=event_id,
        created_at=now,
        ttl=int((now + _JOB_KEPT).timestamp()),
    )
