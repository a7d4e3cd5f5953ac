"""People who were expected at an event and have no record of it.

They are nowhere stored: `absent` follows from the roster once the time of the event is over. The id of such a person
at the event is the one that the record would have, and an appeal names it (D-CAMPUS-43).
"""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain import paging
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.attendance import attendance_ids, event_staff, record_views
from chalicelib.domain.campus.attendance.record_views import EventBrief, Names, RecordAppeal, StudentBrief
from chalicelib.domain.campus.events import campus_events, event_windows, expected_people, rosters
from chalicelib.domain.lists.pages import Asked
from chalicelib.domain.paging import Page, PageRequest, ReadBudget
from chalicelib.errors import InvalidState, NotFound, ValidationFailed
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceAppeal, CampusEvent
from chalicelib.vocabulary.campus import AttendanceStatus

_UNKNOWN = "There is no such attendance record."
# Sorts after every event.
_LAST = "\x7f"


class ShownMissing(Struct, frozen=True):
    """An expected person without a record; `status` is None until the time of the event is over.

    Without a record there is one appeal at most: its answer makes the record.
    """

    id: str
    event: EventBrief
    student: StudentBrief
    status: AttendanceStatus | None
    appeal: RecordAppeal | None


def page(caller: Principal, asked: Asked) -> Page[ShownMissing]:
    """Return a page of the expected people without a record at the event that the filters name.

    Without an event a student gets the events at which they are listed and have none. Raises NotFound, InvalidCursor,
    ValidationFailed.
    """
    if asked.ranges or asked.ordering or set(asked.filters) - {"event"}:
        raise _refused("missing", "goes with event, page_size and cursor alone")
    event_id = asked.filters.get("event")
    is_student = not event_staff.is_staff(caller)
    if event_id is None and not is_student:
        raise _refused("event", "needed to find who is missing")
    if is_student:
        return _own(caller, str(event_id) if event_id else None, asked)
    return page_of_event(caller, str(event_id), asked)


def page_of_event(caller: Principal, event_id: str, asked: Asked) -> Page[ShownMissing]:
    """Return a page of the expected people without a record at an event. Raises NotFound, InvalidCursor."""
    event = campus_events.require_staff_of(event_id, caller, fresh=True)
    request = PageRequest(f"missing {caller.id} {event_id}", asked.page_size, asked.cursor)
    return paging.walk(request, expected_people.reader(event), _without_record(event), budget=ReadBudget())


def contestable(event_id: str, user_id: str) -> CampusEvent:
    """Return an event at whose absence a person may appeal: they are expected, and its time is over.

    Raises NotFound, InvalidState (before its end).
    """
    event = campus_events.get(event_id)
    if not _is_expected(event, user_id):
        raise NotFound(_UNKNOWN)
    if not is_over(event):
        raise InvalidState("The event is not over. You can still submit your attendance.")
    return event


def is_over(event: CampusEvent) -> bool:
    """Whether the time in which people can submit is over."""
    return clock.now() > event_windows.last_end(event)


def _is_expected(event: CampusEvent, user_id: str) -> bool:
    profile = operations.get(keys.campus_people.profile(user_id))
    return profile is not None and bool(rosters.is_expected(event, profile))


def _without_record(event: CampusEvent) -> Callable[[Sequence[str]], list[ShownMissing | None]]:
    """Return the filter that shows the people without a record."""

    def load(user_ids: Sequence[str]) -> list[ShownMissing | None]:
        return missing_of([(event, user_id) for user_id in user_ids])

    return load


def missing_of(pairs: Sequence[tuple[CampusEvent, str]]) -> list[ShownMissing | None]:
    """Return each event and person as missing; None where there is a record."""
    places = [keys.attendance.record(attendance_ids.attendance_id(event.event_id, user_id)) for event, user_id in pairs]
    recorded = operations.get_many(places, only=["attendance_id"])
    missing = [pair for place, pair in zip(places, pairs, strict=True) if place not in recorded]
    names = Names.of([(event.event_id, user_id) for event, user_id in missing])
    appeals = first_appeals([(event.event_id, user_id) for event, user_id in missing])
    return [
        None if place in recorded else _shown(event, user_id, names, appeals)
        for place, (event, user_id) in zip(places, pairs, strict=True)
    ]


def first_appeals(pairs: Sequence[tuple[str, str]]) -> dict[str, AttendanceAppeal]:
    """Return the appeals of people at events, by the id of the record, where they have none."""
    ids = (attendance_ids.attendance_id(event_id, user_id) for event_id, user_id in pairs)
    found = operations.get_many([keys.attendance.appeal(attendance_id, 1) for attendance_id in ids])
    return {appeal.attendance_id: appeal for appeal in found.values()}


def _shown(event: CampusEvent, user_id: str, names: Names, appeals: Mapping[str, AttendanceAppeal]) -> ShownMissing:
    attendance_id = attendance_ids.attendance_id(event.event_id, user_id)
    return ShownMissing(
        id=attendance_id,
        event=EventBrief(event.event_id, event.title),
        student=names.student(user_id),
        status=AttendanceStatus.ABSENT if is_over(event) else None,
        appeal=record_views.filed(appeals[attendance_id]) if attendance_id in appeals else None,
    )


def _own(caller: Principal, event_id: str | None, asked: Asked) -> Page[ShownMissing]:
    """Return the events that are over and have no record of a person who was expected, the newest first."""
    if event_id is not None:
        event = campus_events.require_visible(event_id, caller, fresh=True)
        found = missing_of([(event, caller.id)]) if _is_expected(event, caller.id) else []
        return Page(results=[each for each in found if each is not None and each.status is not None])
    listed = operations.get_many([keys.campus_events.event(each) for each in rosters.events_of(caller.id)]).values()
    over = {_position(event): event for event in listed if event_windows.expects(event) and is_over(event)}

    def read(after: str | None, limit: int) -> list[tuple[str, CampusEvent]]:
        later = sorted((each for each in over if each < (after or _LAST)), reverse=True)
        return [(each, over[each]) for each in later[:limit]]

    def load(events: Sequence[CampusEvent]) -> list[ShownMissing | None]:
        return missing_of([(event, caller.id) for event in events])

    return paging.walk(
        PageRequest(f"own missing {caller.id}", asked.page_size, asked.cursor), read, load, budget=ReadBudget()
    )


def _position(event: CampusEvent) -> str:
    """Return where an event is among others, by its beginning: an id says nothing of it."""
    return f"{clock.to_text(event.starts_at)} {event.event_id}"


def _refused(field: str, message: str) -> ValidationFailed:
    return ValidationFailed(details=[{"field": field, "message": message}])
