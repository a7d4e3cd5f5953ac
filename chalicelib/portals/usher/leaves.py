"""The ushers' portal: leaves and returns at events with re-entry."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.gate import checkin, leaves
from chalicelib.domain.gate.leaves import LeaveFilters
from chalicelib.portals.http.auth import USHER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.portals.usher.scans import caller_of, reading_of
from chalicelib.schemas.usher import leaves as schema
from chalicelib.schemas.usher.scans import DecisionOut
from chalicelib.schemas.wire import PageOut

bp = Blueprint(__name__)
_PATH = "/api/usher/scan/part-time-leave"


@door(
    bp,
    Route(
        "POST",
        _PATH,
        guard=USHER,
        body=schema.LeaveIn,
        reply=DecisionOut,
        refuses=(errors.NotAssigned, errors.IdempotencyMismatch),
    ),
)
def usher_leave(call: Call[schema.LeaveIn, None]) -> DecisionOut:
    """Let an attendee out for a while, or back in; decided as a scan is, and logged."""
    body = call.body
    reading = reading_of(body, kind=body.action, note=body.reason)
    return DecisionOut.read(checkin.scan(caller_of(call.principal), reading))


@door(
    bp,
    Route(
        "GET",
        _PATH,
        guard=USHER,
        query=schema.LeavesIn,
        reply=PageOut[schema.LeaveOut],
        refuses=(errors.ValidationFailed,),
        links=(
            Link("usher_log", {"log_id": "/results/0/id"}),
            Link("usher_leaves", {"cursor": "/next"}),
        ),
    ),
)
def usher_leaves(call: Call[None, schema.LeavesIn]) -> PageOut[schema.LeaveOut]:
    """List who is out on leave and who has returned, the newest leave first."""
    query, principal = call.query, call.principal
    filters = LeaveFilters(status=query.status.status(), card_id=query.card_id, ticket_id=query.ticket_id)
    page = leaves.page(
        principal.event_id, filters, caller_id=principal.id, page_size=query.page_size, cursor=query.cursor
    )
    return PageOut.of(page, schema.LeaveOut.from_leave)
