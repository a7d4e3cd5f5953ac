"""Campus: appeals against records, or against having none."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.campus.attendance import attendance_appeals
from chalicelib.domain.lists.attendance import APPEALS
from chalicelib.portals.http.auth import CAMPUS, CAMPUS_STAFF
from chalicelib.portals.http.door import door
from chalicelib.portals.http.list_pages import asked_of, query_with
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.campus import records as schema
from chalicelib.schemas.wire import PageOut

bp = Blueprint(__name__)
_LIST = query_with(APPEALS, schema.AppealsIn)


@door(
    bp,
    Route(
        "POST",
        "/api/campus/attendance/{attendance_id}/appeal",
        guard=CAMPUS,
        body=schema.AppealIn,
        reply=schema.AppealOut,
        status=201,
        idempotent=True,
        refuses=(errors.NotFound, errors.Conflict, errors.InvalidState),
        links=(Link("campus_record_history", {"attendance_id": "/attendance_id"}),),
    ),
)
def campus_appeal(call: Call[schema.AppealIn, None]) -> schema.AppealOut:
    """Contest one's own record, or that there is none at an event that is over."""
    appeal = attendance_appeals.file(
        call.principal, call.path["attendance_id"], statement=call.body.statement, event_id=call.body.event_id
    )
    return schema.AppealOut.read(appeal)


@door(
    bp,
    Route(
        "GET",
        "/api/campus/appeals",
        guard=CAMPUS_STAFF,
        query=_LIST,
        reply=PageOut[schema.AppealOut],
        links=(
            Link("campus_decide", {"attendance_id": "/results/0/attendance_id"}),
            Link("campus_appeals", {"cursor": "/next"}),
        ),
    ),
)
def campus_appeals(call: Call[None, schema.AppealsIn]) -> PageOut[schema.AppealOut]:
    """List the appeals at the events that one is staff of, newest first; the open ones without a status."""
    page = attendance_appeals.page(call.principal, asked_of(APPEALS, call), period=call.query.period)
    return PageOut.of(page, schema.AppealOut.read)
