"""Requests of the campus portal: records, decisions, appeals, marks."""

from collections.abc import Callable
from typing import Any

from chalicelib.domain.campus.attendance import attendance_appeals
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceRecord, CampusEvent
from chalicelib.vocabulary.campus import CampusRole
from tests.contract.request import Request
from tests.support.attendance import make_record
from tests.support.campus import make_campus_event, make_campus_user, principal_of

# The event with several records of each campus, for the lists.
_listed_events: dict[str, str] = {}


def _event(ground: Any) -> CampusEvent:
    return make_campus_event(ground.campus, ground.campus_users[CampusRole.ORGANIZER])


def _listed(ground: Any) -> CampusEvent:
    """Return the event with several records, made where the table has none."""
    organizer_id = ground.campus_users[CampusRole.ORGANIZER].account_id
    known = operations.get(keys.campus_events.event(_listed_events.get(organizer_id, "cev_none")))
    if known is not None:
        return known
    event = _event(ground)
    _listed_events[organizer_id] = event.event_id
    for _ in range(4):
        make_record(event, make_campus_user(ground.campus))
    return event


def _record(ground: Any) -> AttendanceRecord:
    return make_record(_event(ground), ground.campus_users[CampusRole.STUDENT])


def _contested(ground: Any) -> AttendanceRecord:
    record, student = _record(ground), ground.campus_users[CampusRole.STUDENT]
    attendance_appeals.file(principal_of(student), record.attendance_id, statement="I sat in the third row.")
    return record


def _of_record(ground: Any, body: dict[str, Any] | None = None) -> Request:
    return Request(body, path={"attendance_id": _record(ground).attendance_id})


def _mark(ground: Any) -> Request:
    body = {"student_id": ground.campus_users[CampusRole.STUDENT].account_id, "status": "present", "reason": "Seen"}
    return Request(body, path={"event_id": _event(ground).event_id})


def _rows(ground: Any) -> None:
    _listed(ground)
    for _ in range(4):
        _contested(ground)


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "campus_records": lambda _: Request(),
    "campus_event_records": lambda ground: Request(path={"event_id": _listed(ground).event_id}),
    "campus_mark": _mark,
    "campus_record": _of_record,
    "campus_record_history": _of_record,
    "campus_decide": lambda ground: _of_record(ground, {"decision": "verify", "note": "Seen in the hall"}),
    "campus_appeal": lambda ground: _of_record(ground, {"statement": "I sat in the third row."}),
    "campus_appeals": lambda _: Request(),
}
ROWS: list[Callable[[Any], object]] = [_rows]
