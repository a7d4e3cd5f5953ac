"""Small copies of the newest submissions, for live views and dashboards, and of flagged records, for anomalies.

They are written before the totals move. So a repeated batch, whose totals have moved already, has written them. Those
of all campuses are made with their figures (figures_of_all.py).
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain.campus.analytics.counted_as import RecordStanding
from chalicelib.table import keys, operations
from chalicelib.table.items import (
    AttendanceRecord,
    CampusEvent,
    CampusProfile,
    FlaggedAttendance,
    RecentAttendance,
)
from chalicelib.table.operations import RawItem, Write
from chalicelib.table.places import Key, Place
from chalicelib.vocabulary.campus import AttendanceStatus, EvidenceFlag, VerificationStatus

# How many a view shows; of one batch, older ones cannot be among them.
SHOWN = 10
KEPT = timedelta(days=1)
_FLAGGED_KEPT = timedelta(days=367)
# Flags that the search for anomalies groups.
GROUPED = frozenset(
    (
        EvidenceFlag.IMPOSSIBLE_TRAVEL,
        EvidenceFlag.SHARED_DEVICE,
        EvidenceFlag.BURST,
        EvidenceFlag.FROZEN_POSITION,
        EvidenceFlag.DUPLICATE_PHOTO,
    )
)


class RecordToCount(Struct, frozen=True):
    """A record that is about to be counted, its event, and what it was counted as."""

    record: AttendanceRecord
    event: CampusEvent
    former: RecordStanding | None

    def former_copies(self) -> set[Key]:
        """Return where copies are that are none any more: of staff who had the event before, of a lifted flag."""
        former = self.former
        if former is None:
            return set()
        gone: set[Key] = {*_of_staff(self.record, campus_id=former.campus_id, organizer_id=former.organizer_id)}
        gone -= {*_places(self.record, self.event)}
        if GROUPED.intersection(former.flags):
            gone |= {*_flagged_places(self.record, former.campus_id)}
            gone -= {copy.place for copy in flagged(self.record, self.event)}
        return gone


class RecentSubmission(Struct, frozen=True):
    """One of the newest submissions, as it is shown to staff."""

    attendance_id: str
    event_id: str
    title: str
    first_name: str
    last_name: str
    submitted_at: datetime
    status: AttendanceStatus
    verification_status: VerificationStatus


def keep(counted: Sequence[RecordToCount]) -> list[Place[RecentAttendance]]:
    """Write the copies of records that are about to be counted, and remove those that are none any more; idempotent.

    Return where all campuses may have copies of the erased, which go after these (figures_of_all.drop_recent).
    """
    if not counted:
        return []
    newest = _newest(counted)
    people = {each.record.user_id for each in newest.values()}
    found = operations.get_many(keys.campus_people.profile(user_id) for user_id in people)
    profiles = {profile.user_id: profile for profile in found.values()}
    operations.put_many(
        [
            *(
                _copy(place, each, profiles[each.record.user_id])
                for place, each in newest.items()
                if each.record.user_id in profiles
            ),
            *(copy for each in counted for copy in flagged(each.record, each.event)),
        ]
    )
    gone = {place for each in counted for place in each.former_copies()}
    erased = [each for each in counted if each.record.erased_at is not None]
    for each in erased:
        gone.update(_places(each.record, each.event))
    operations.remove_many(gone)
    return [keys.campus_analytics.recent(keys.campus_analytics.ALL, *_name(each.record)) for each in erased]


def of_campus(campus_id: str) -> list[RawItem]:
    """Return the newest copies of a campus, newest first, raw; one query."""
    partition = keys.campus_analytics.recents(keys.campus_analytics.of_campus(campus_id))
    where = keys.campus_analytics.all_recent()
    return operations.query(partition, where, newest_first=True, limit=SHOWN, consistent=True)


def flagged(record: AttendanceRecord, event: CampusEvent) -> list[FlaggedAttendance]:
    """Return the copies of a record with flags that anomalies group, for its campus and for all; else none."""
    flags = _grouped(record)
    places = _flagged_places(record, event.campus_id) if flags else ()
    return [
        FlaggedAttendance(
            *place,
            attendance_id=record.attendance_id,
            event_id=record.event_id,
            user_id=record.user_id,
            campus_id=event.campus_id,
            submitted_at=record.submitted_at,
            timezone=event.timezone,
            flags=flags,
            ttl=int((record.submitted_at + _FLAGGED_KEPT).timestamp()),
        )
        for place in places
    ]


def changes_of_all(newest: Sequence[RawItem]) -> list[Write]:
    """Return the writes that make the newest of these and of those there the copies of all campuses; one query."""
    partition = keys.campus_analytics.recents(keys.campus_analytics.ALL)
    present = {raw["sk"]["S"]: raw for raw in operations.query(partition, consistent=True)}
    found = present | {raw["sk"]["S"]: {**raw, "pk": {"S": partition}} for raw in newest}
    wanted = {name: RecentAttendance.from_raw_data(found[name]) for name in sorted(found)[-SHOWN:]}
    since = clock.now() - KEPT
    wanted = {name: copy for name, copy in wanted.items() if copy.submitted_at > since}
    gone = (Place(RecentAttendance, partition, name) for name in present.keys() - wanted.keys())
    return [
        *(operations.put(copy) for name, copy in wanted.items() if present.get(name) != found[name]),
        *map(operations.remove, gone),
    ]


def _copy(place: Place[RecentAttendance], counted: RecordToCount, profile: CampusProfile) -> RecentAttendance:
    record = counted.record
    return RecentAttendance(
        *place,
        attendance_id=record.attendance_id,
        event_id=record.event_id,
        title=counted.event.title,
        first_name=profile.first_name,
        last_name=profile.last_name,
        submitted_at=record.submitted_at,
        status=record.status,
        verification_status=record.verification_status,
        ttl=int((record.submitted_at + KEPT).timestamp()),
    )


def newest_of(scope: str) -> list[RecentSubmission]:
    """Return the newest submissions of a scope within KEPT, newest first; one query."""
    where = keys.campus_analytics.all_recent()
    raws = operations.query(keys.campus_analytics.recents(scope), where, newest_first=True, limit=SHOWN)
    since = clock.now() - KEPT
    return [shown(copy) for copy in map(RecentAttendance.from_raw_data, raws) if copy.submitted_at > since]


def shown(copy: RecentAttendance) -> RecentSubmission:
    """Return a copy as it is shown."""
    return RecentSubmission(
        attendance_id=copy.attendance_id,
        event_id=copy.event_id,
        title=copy.title,
        first_name=copy.first_name,
        last_name=copy.last_name,
        submitted_at=copy.submitted_at,
        status=copy.status,
        verification_status=copy.verification_status,
    )


def _newest(counted: Sequence[RecordToCount]) -> dict[Place[RecentAttendance], RecordToCount]:
    """Return the places of copies, of the newest records in each partition."""
    since = clock.now() - KEPT
    by_partition: dict[str, dict[Place[RecentAttendance], RecordToCount]] = defaultdict(dict)
    for each in counted:
        if each.record.submitted_at > since and each.record.erased_at is None:
            for place in _places(each.record, each.event):
                by_partition[place.pk][place] = each
    return {
        place: found[place]
        for found in by_partition.values()
        for place in sorted(found, key=lambda place: place.sk)[-SHOWN:]
    }


def _places(record: AttendanceRecord, event: CampusEvent) -> list[Place[RecentAttendance]]:
    of_event = keys.campus_analytics.event_recent(record.event_id, *_name(record))
    return [of_event, *_of_staff(record, campus_id=event.campus_id, organizer_id=event.organizer_id)]


def _of_staff(record: AttendanceRecord, *, campus_id: str, organizer_id: str) -> list[Place[RecentAttendance]]:
    scopes = keys.campus_analytics.of_campus(campus_id), keys.campus_analytics.of_organizer(organizer_id)
    return [keys.campus_analytics.recent(scope, *_name(record)) for scope in scopes]


def _name(record: AttendanceRecord) -> tuple[str, str]:
    return clock.to_text(record.submitted_at), record.attendance_id


def _grouped(record: AttendanceRecord) -> dict[str, object]:
    """Return the flags of a record that anomalies group, with their evidence; none of an erased person."""
    flags = {} if record.erased_at else dict(record.flags or {})
    return {name: evidence for name, evidence in flags.items() if name in GROUPED}


def _flagged_places(record: AttendanceRecord, campus_id: str) -> list[Place[FlaggedAttendance]]:
    scopes = keys.campus_analytics.ALL, keys.campus_analytics.of_campus(campus_id)
    day = record.submitted_at.date().isoformat()
    return [keys.campus_analytics.flagged(scope, day, record.attendance_id) for scope in scopes]
