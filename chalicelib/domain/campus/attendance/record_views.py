"""Records as people see them: with the title of the event, the name of the person, and words for factors and flags.

Names and titles are read when a record is shown, all at once, and never copied into records (D-CAMPUS-40).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from chalicelib.domain.campus.attendance import judgement_words
from chalicelib.domain.campus.attendance.judgement_words import WordedFactor, WordedFlag
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceAppeal, AttendanceRecord, CampusEvent, CampusProfile
from chalicelib.table.places import Key, Place
from chalicelib.vocabulary.campus import (
    AppealStatus,
    AttendanceMethod,
    AttendanceStatus,
    VerificationStatus,
)

# Of a person whose data were erased, and of an event without a title.
ERASED_PERSON, UNKNOWN_EVENT = "Erased person", "Deleted event"


class EventBrief(Struct, frozen=True):
    """The event of a record."""

    id: str
    title: str


class StudentBrief(Struct, frozen=True):
    """The person of a record; `student_id` is the student number."""

    id: str
    student_id: str | None
    full_name: str
    department: str
    year_level: str | None
    first_name: str
    last_name: str


class RecordAppeal(Struct, frozen=True):
    """The newest appeal against a record."""

    statement: str
    at: datetime
    status: AppealStatus
    answer: str | None
    answered_at: datetime | None
    answered_by: str | None


class ShownRecord(Struct, frozen=True):
    """A record, as the contract shows it."""

    id: str
    event: EventBrief
    student: StudentBrief
    status: AttendanceStatus
    verification_status: VerificationStatus
    location_verified: bool | None
    distance_m: float | None
    submitted_at: datetime
    method: AttendanceMethod
    factors: list[WordedFactor]
    flags: list[WordedFlag]
    verified_by: str | None
    verified_at: datetime | None
    note: str | None
    appeal: RecordAppeal | None
    corrected: bool


def filed(appeal: AttendanceAppeal) -> RecordAppeal:
    """Return an appeal as the record shows it, or the absence that it contests."""
    return RecordAppeal(
        statement=appeal.statement,
        at=appeal.filed_at,
        status=appeal.status,
        answer=appeal.answer,
        answered_at=appeal.answered_at,
        answered_by=appeal.answered_by,
    )


def show(record: AttendanceRecord) -> ShownRecord:
    """Return one record as it is shown."""
    return show_many([record])[0]


def show_many(records: Sequence[AttendanceRecord]) -> list[ShownRecord]:
    """Return records as they are shown, at one batch read of names and titles per hundred."""
    names = Names.of([(record.event_id, record.user_id) for record in records])
    return [shown(record, names) for record in records]


class Names:
    """The events and the people of some records, read at once."""

    def __init__(self, found: Mapping[Key, Any]) -> None:
        self._found = found

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, str]]) -> "Names":
        """Read the titles of events and the profiles of people, given by their ids."""
        places: list[Place[Any]] = [keys.campus_events.event(event_id) for event_id in {each for each, _ in pairs}]
        places += [keys.campus_people.profile(user_id) for user_id in {each for _, each in pairs}]
        return cls(operations.get_many(places, consistent=False))

    def event(self, event_id: str) -> EventBrief:
        """Return an event with its title."""
        event: CampusEvent | None = self._found.get(keys.campus_events.event(event_id))
        return EventBrief(event_id, event.title if event is not None else UNKNOWN_EVENT)

    def student(
        self, user_id: str, *, department: str = "", year_level: str | None = None, is_erased: bool = False
    ) -> StudentBrief:
        """Return a person with their name; department and year are as given, else as in the profile."""
        profile: CampusProfile | None = self._found.get(keys.campus_people.profile(user_id))
        if profile is None or is_erased:
            return StudentBrief(user_id, None, ERASED_PERSON, department, year_level, ERASED_PERSON, "")
        return StudentBrief(
            id=user_id,
            student_id=profile.student_id,
            full_name=f"{profile.first_name} {profile.last_name}".strip(),
            department=department or profile.department,
            year_level=year_level or profile.year_level,
            first_name=profile.first_name,
            last_name=profile.last_name,
        )


def shown(record: AttendanceRecord, names: Names) -> ShownRecord:
    """Return a record as it is shown, with names that were read before."""
    return ShownRecord(
        id=record.attendance_id,
        event=names.event(record.event_id),
        student=names.student(
            record.user_id,
            department=record.department,
            year_level=record.year_level,
            is_erased=record.erased_at is not None,
        ),
        status=record.status,
        verification_status=record.verification_status,
        location_verified=record.location_verified,
        distance_m=record.distance_m,
        submitted_at=record.submitted_at,
        method=record.method,
        factors=judgement_words.factors(record.factors),
        flags=judgement_words.flags(record.flags),
        verified_by=record.verified_by,
        verified_at=record.verified_at,
        note=record.note,
        appeal=_appeal(record.appeal) if record.appeal else None,
        corrected=record.corrected,
    )


def _appeal(stored: Mapping[str, Any]) -> RecordAppeal:
    answered_at = stored.get("answered_at")
    return RecordAppeal(
        statement=stored["statement"],
        at=datetime.fromisoformat(stored["at"]),
        status=AppealStatus(stored["status"]),
        answer=stored.get("answer"),
        answered_at=datetime.fromisoformat(answered_at) if answered_at else None,
        answered_by=stored.get("answered_by"),
    )
