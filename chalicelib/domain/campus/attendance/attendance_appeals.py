"""Appeals: a person contests a record, or that there is none; staff answer by a decision; statements stay for ever.

An appeal has no deadline (34 CFR 99.21 names none). One is open at a time: the next number of an appeal is a key, and
only one writer gets it. An event without a record of an expected person is contested under the id that the record
would have. No record is written for it, so that `absent` stays what follows from the roster (D-CAMPUS-43).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from pynamodb.expressions.update import Action

from chalicelib import clock, identifiers
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.attendance import (
    attendance_ids,
    attendance_pages,
    attendance_records,
    missing_attendance,
    record_views,
)
from chalicelib.domain.campus.attendance.record_views import EventBrief, Names, ShownRecord, StudentBrief
from chalicelib.domain.campus.events import campus_days
from chalicelib.domain.campus.events.campus_days import Period
from chalicelib.domain.lists.attendance import APPEALS
from chalicelib.domain.lists.pages import Asked
from chalicelib.domain.paging import Page
from chalicelib.errors import Conflict, InvalidState, NotFound
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceAppeal, AttendanceRecord, CampusEvent
from chalicelib.table.operations import Write
from chalicelib.table.ranges import Begins
from chalicelib.vocabulary.campus import AppealStatus

_TRIES = 4
# A person whose appeals were answered this often is helped by people, not by another appeal.
_MOST_APPEALS = 50


class ShownAppeal(Struct, frozen=True):
    """An appeal with the names of what it is about; `record` is None where there is none."""

    id: str
    attendance_id: str
    event: EventBrief
    student: StudentBrief
    statement: str
    filed_at: datetime
    status: AppealStatus
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None
    record: ShownRecord | None


def file(caller: Principal, attendance_id: str, *, statement: str, event_id: str | None = None) -> ShownAppeal:
    """Contest one's own record; `event_id` is needed where there is none. The same statement twice is one appeal.

    Raises NotFound, InvalidState (an appeal is open, or the event is not over), Conflict.
    """
    for _ in range(_TRIES):
        record = operations.get(keys.attendance.record(attendance_id))
        subject = _subject(caller, attendance_id, record, event_id)
        last = newest(attendance_id)
        if last is not None and last.status == AppealStatus.OPEN:
            if last.statement == statement:
                return show_many([last])[0]
            raise InvalidState("You have an open appeal here already. Wait until staff have answered it.")
        if last is not None and last.number >= _MOST_APPEALS:
            raise InvalidState(f"You have appealed {_MOST_APPEALS} times here. Talk to the staff of the event.")
        appeal = _drafted(subject, caller.id, statement, number=last.number + 1 if last is not None else 1)
        try:
            operations.commit(operations.put(appeal, AttendanceAppeal.pk.does_not_exist()), _noting(record, appeal))
        except operations.ConditionFailed:
            continue  # another appeal, or a decision: look again
        logger.info("appeal filed", extra={"attendance_id": attendance_id, "appeal_id": appeal.appeal_id})
        return show_many([appeal])[0]
    raise Conflict("This record is being changed. Try again.")


def newest(attendance_id: str) -> AttendanceAppeal | None:
    """Return the newest appeal of a person at an event."""
    found = _stored(attendance_id, limit=1)
    return found[0] if found else None


def opened(attendance_id: str) -> AttendanceAppeal | None:
    """Return the open appeal of a person at an event."""
    last = newest(attendance_id)
    return last if last is not None and last.status == AppealStatus.OPEN else None


def every(attendance_id: str) -> list[AttendanceAppeal]:
    """Return all appeals of a person at an event, the oldest first."""
    return _stored(attendance_id)[::-1]


def answering(
    appeal: AttendanceAppeal, *, status: AppealStatus, answer: str, by: str, at: datetime
) -> tuple[Write, dict[str, Any]]:
    """Return the write that answers an open appeal, and what the record then shows of it.

    The write fails where the appeal was answered meanwhile.
    """
    actions: list[Action] = [
        AttendanceAppeal.status.set(status),
        AttendanceAppeal.answer.set(answer),
        AttendanceAppeal.answered_by.set(by),
        AttendanceAppeal.answered_at.set(at),
    ]
    brief = {**brief_of(appeal), "status": status.value, "answer": answer, "answered_by": by}
    write = operations.change(appeal.place, actions, AttendanceAppeal.status == AppealStatus.OPEN)
    return write, {**brief, "answered_at": clock.to_text(at)}


def brief_of(appeal: AttendanceAppeal) -> dict[str, Any]:
    """Return an open appeal as its record shows it."""
    return {
        "statement": appeal.statement,
        "at": clock.to_text(appeal.filed_at),
        "status": appeal.status.value,
    }


def page(caller: Principal, asked: Asked, *, period: Period) -> Page[ShownAppeal]:
    """Return a page of the appeals at the caller's events, the open ones without a wish.

    Raises InvalidCursor, ValidationFailed.
    """
    asked = campus_days.asked_in(asked, caller, period)
    wished = (
        asked if "status" in asked.filters else replace(asked, filters={**asked.filters, "status": AppealStatus.OPEN})
    )
    found = attendance_pages.scoped(APPEALS, caller, wished)
    return found.showing(show_many(found.results))


def show_many(appeals: Sequence[AttendanceAppeal]) -> list[ShownAppeal]:
    """Return appeals with names and records, at two batch reads per hundred."""
    places = [keys.attendance.record(each.attendance_id) for each in appeals]
    stored = operations.get_many(places, consistent=False)
    names = Names.of([(each.event_id, each.user_id) for each in appeals])
    return [_shown(each, stored.get(place), names) for each, place in zip(appeals, places, strict=True)]


def _shown(appeal: AttendanceAppeal, record: AttendanceRecord | None, names: Names) -> ShownAppeal:
    is_erased = record is not None and record.erased_at is not None
    return ShownAppeal(
        id=appeal.appeal_id,
        attendance_id=appeal.attendance_id,
        event=names.event(appeal.event_id),
        student=names.student(appeal.user_id, is_erased=is_erased),
        statement=appeal.statement,
        filed_at=appeal.filed_at,
        status=appeal.status,
        answer=appeal.answer,
        answered_by=appeal.answered_by,
        answered_at=appeal.answered_at,
        record=record_views.shown(record, names) if record is not None else None,
    )


def _stored(attendance_id: str, *, limit: int | None = None) -> list[AttendanceAppeal]:
    partition, prefix = keys.attendance.record(attendance_id).pk, Begins(keys.attendance.APPEALS)
    raws = operations.query(partition, prefix, newest_first=True, limit=limit, consistent=True)
    return [AttendanceAppeal.from_raw_data(raw) for raw in raws]


def _subject(
    caller: Principal, attendance_id: str, record: AttendanceRecord | None, event_id: str | None
) -> AttendanceRecord | CampusEvent:
    """Return what is contested: the caller's record, or the event at which they have none."""
    if record is not None:
        if record.user_id != caller.id:
            raise NotFound(attendance_records.UNKNOWN_RECORD)
        return record
    if event_id is None or attendance_ids.attendance_id(event_id, caller.id) != attendance_id:
        raise NotFound(attendance_records.UNKNOWN_RECORD)
    return missing_attendance.contestable(event_id, caller.id)


def _drafted(subject: AttendanceRecord | CampusEvent, user_id: str, statement: str, *, number: int) -> AttendanceAppeal:
    attendance_id = attendance_ids.attendance_id(subject.event_id, user_id)
    return AttendanceAppeal(
        *keys.attendance.appeal(attendance_id, number),
        appeal_id=identifiers.new_id("apl"),
        attendance_id=attendance_id,
        number=number,
        event_id=subject.event_id,
        user_id=user_id,
        campus_id=subject.campus_id,
        organizer_id=subject.organizer_id,
        statement=statement,
        filed_at=clock.now(),
        status=AppealStatus.OPEN,
    )


def _noting(record: AttendanceRecord | None, appeal: AttendanceAppeal) -> Write:
    """Return the write that shows the appeal in its record, or sees to it that there still is none."""
    place = keys.attendance.record(appeal.attendance_id)
    if record is None:
        return operations.check(place, AttendanceRecord.pk.does_not_exist())
    actions: list[Action] = [
        AttendanceRecord.appeal.set(brief_of(appeal)),
        AttendanceRecord.appeal_status.set(AppealStatus.OPEN),
    ]
    return operations.change(place, actions, attendance_records.unchanged(record))
