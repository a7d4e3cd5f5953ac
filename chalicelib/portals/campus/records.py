"""Campus: records of attendance, decisions about them, their history, and marks by hand or by card."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.campus.attendance import (
    attendance_marks,
    attendance_records,
    record_decisions,
    record_history,
)
from chalicelib.domain.campus.attendance.attendance_marks import Mark
from chalicelib.domain.campus.attendance.missing_attendance import ShownMissing
from chalicelib.domain.campus.attendance.record_decisions import Review
from chalicelib.domain.campus.attendance.record_views import ShownRecord
from chalicelib.domain.lists.attendance import ATTENDANCE
from chalicelib.portals.http.auth import CAMPUS, CAMPUS_STAFF
from chalicelib.portals.http.door import door
from chalicelib.portals.http.list_pages import asked_of, query_with
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.campus import records as schema
from chalicelib.schemas.wire import PageOut

bp = Blueprint(__name__)
_BASE = "/api/campus/attendance"
_OF_EVENT = "/api/campus/events/{event_id}/attendance"
_LIST = query_with(ATTENDANCE, schema.RecordsIn)
_LINKS = (
    Link("campus_record", {"attendance_id": "/results/0/id"}),
    Link("campus_record_history", {"attendance_id": "/results/0/id"}),
)


def _entry_out(entry: ShownRecord | ShownMissing) -> schema.RecordEntryOut:
    is_record = isinstance(entry, ShownRecord)
    return schema.RecordEntryOut(schema.RecordOut.read(entry) if is_record else schema.MissingOut.read(entry))


@door(
    bp,
    Route(
        "GET",
        _BASE,
        guard=CAMPUS,
        query=_LIST,
        reply=PageOut[schema.RecordEntryOut],
        refuses=(errors.NotFound,),
        links=(
            *_LINKS,
            Link("campus_appeal", {"attendance_id": "/results/0/id"}),
            Link("campus_records", {"cursor": "/next"}),
        ),
    ),
)
def campus_records(call: Call[None, schema.RecordsIn]) -> PageOut[schema.RecordEntryOut]:
    """List records, newest first: one's own, or those of the events that one is staff of."""
    asked, query = asked_of(ATTENDANCE, call), call.query
    page = attendance_records.page(call.principal, asked, period=query.period, missing=query.wants_missing)
    return PageOut.of(page, _entry_out)


@door(
    bp,
    Route(
        "GET",
        _OF_EVENT,
        guard=CAMPUS_STAFF,
        query=_LIST,
        reply=PageOut[schema.RecordEntryOut],
        refuses=(errors.NotFound,),
        links=(*_LINKS, Link("campus_event_records", {"event_id": "/results/0/event/id", "cursor": "/next"})),
    ),
)
def campus_event_records(call: Call[None, schema.RecordsIn]) -> PageOut[schema.RecordEntryOut]:
    """List the records of an event, newest first; with `missing` the expected people without one."""
    event_id, asked, query = call.path["event_id"], asked_of(ATTENDANCE, call), call.query
    page = attendance_records.page_of_event(
        call.principal, event_id, asked, period=query.period, missing=query.wants_missing
    )
    return PageOut.of(page, _entry_out)


@door(
    bp,
    Route(
        "POST",
        _OF_EVENT,
        guard=CAMPUS_STAFF,
        body=schema.MarkIn,
        reply=schema.RecordOut,
        status=201,
        idempotent=True,
        refuses=(errors.NotFound, errors.Conflict, errors.InvalidState),
        links=(Link("campus_record", {"attendance_id": "/id"}),),
    ),
)
def campus_mark(call: Call[schema.MarkIn, None]) -> schema.RecordOut:
    """Mark a person by hand or by NFC card; an existing record is corrected, with a version."""
    body = call.body
    wanted = Mark(student=body.student_id, card_uid=body.card_uid, status=body.status, reason=body.reason)
    event_id = call.path["event_id"]
    return schema.RecordOut.read(
        attendance_marks.mark(call.principal, event_id, wanted, operation_id=call.operation_id)
    )


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/{{attendance_id}}",
        guard=CAMPUS,
        reply=schema.RecordOut,
        refuses=(errors.NotFound,),
        links=(Link("campus_record_history", {"attendance_id": "/id"}),),
    ),
)
def campus_record(call: Call[None, None]) -> schema.RecordOut:
    """Show a record to its owner or to staff of its event."""
    return schema.RecordOut.read(attendance_records.show(call.principal, call.path["attendance_id"]))


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/{{attendance_id}}/verify",
        guard=CAMPUS_STAFF,
        body=schema.DecisionIn,
        reply=schema.RecordOut,
        idempotent=True,
        refuses=(errors.NotFound, errors.Conflict, errors.InvalidState),
        links=(Link("campus_record_history", {"attendance_id": "/id"}),),
    ),
)
def campus_decide(call: Call[schema.DecisionIn, None]) -> schema.RecordOut:
    """Verify, reject or correct a record, which answers its open appeal; the earlier version is kept."""
    body = call.body
    review = Review(body.decision, status=body.status, note=body.note)
    decided = record_decisions.decide(
        call.principal, call.path["attendance_id"], review, operation_id=call.operation_id
    )
    return schema.RecordOut.read(decided)


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/{{attendance_id}}/history",
        guard=CAMPUS,
        reply=schema.HistoryOut,
        refuses=(errors.NotFound,),
        links=(Link("campus_record", {"attendance_id": "/id"}),),
    ),
)
def campus_record_history(call: Call[None, None]) -> schema.HistoryOut:
    """Show every version of a record, who replaced it, when and why, and every appeal."""
    return schema.HistoryOut.read(record_history.show(call.principal, call.path["attendance_id"]))
