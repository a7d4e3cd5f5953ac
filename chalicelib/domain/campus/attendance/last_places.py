"""Where the event of each person's last verified record was, for the rule of impossible travel.

Stream follower: it costs the submission nothing, and follows what staff verify later as well. The places are of events;
nobody's own position is in them.
"""

from collections.abc import Sequence
from contextlib import suppress

from chalicelib.clients.bus import Published
from chalicelib.domain.background.changes import Change, Wanted, follows
from chalicelib.domain.campus.events import campus_events
from chalicelib.errors import NotFound
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceRecord, LastPlace
from chalicelib.vocabulary.campus import AttendanceStatus, VerificationStatus

_WAS_THERE = (AttendanceStatus.PRESENT, AttendanceStatus.LATE, AttendanceStatus.LEFT_EARLY)


@follows(Wanted(AttendanceRecord, unless=AttendanceRecord.erased_at))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Keep the place of each verified record, unless a later one is kept; forget that of one that staff take back.

    Idempotent.
    """
    for change in changes:
        before, record = change.before, change.after
        if isinstance(record, AttendanceRecord) and _counts(record):
            _keep(record)
        elif isinstance(record, AttendanceRecord) and isinstance(before, AttendanceRecord) and _counts(before):
            _forget(record)
    return []


def _counts(record: AttendanceRecord) -> bool:
    is_verified = record.verification_status is VerificationStatus.VERIFIED
    # Without a position that was asked for or sent, such as of a lecture by video, nobody says to have been there.
    is_of_a_place = record.location_verified is not None
    # By hand says who decided, not when the person was there.
    return is_verified and is_of_a_place and record.marked_by is None and record.status in _WAS_THERE


def _keep(record: AttendanceRecord) -> None:
    with suppress(NotFound):  # the event was deleted meanwhile
        event = campus_events.cached(record.event_id)
        last = LastPlace(
            *keys.attendance.last_place(record.user_id),
            event_id=event.event_id,
            latitude=event.latitude,
            longitude=event.longitude,
            submitted_at=record.submitted_at,
        )
        is_later = LastPlace.pk.does_not_exist() | (LastPlace.submitted_at < record.submitted_at)
        # The erasure of a person changes their record before it is marked as erased, and removes the place after that.
        is_named = operations.check(
            record.place, AttendanceRecord.pk.exists() & AttendanceRecord.erased_at.does_not_exist()
        )
        with suppress(operations.ConditionFailed):  # a later one is kept, or the person was erased meanwhile
            operations.commit(operations.put(last, is_later), is_named)


def _forget(record: AttendanceRecord) -> None:
    """Remove a place that is of this record: nobody came from where they were not."""
    is_its_own = (LastPlace.event_id == record.event_id) & (LastPlace.submitted_at == record.submitted_at)
    with suppress(operations.ConditionFailed):  # a later one is kept
        operations.record(operations.remove(keys.attendance.last_place(record.user_id), is_its_own))
