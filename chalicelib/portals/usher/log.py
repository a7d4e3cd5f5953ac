"""The ushers' portal: the check-in log."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.gate import checkin_log
from chalicelib.domain.gate.checkin_log import CheckinFilters
from chalicelib.portals.http.answer import CSV, File
from chalicelib.portals.http.auth import USHER, require_own_event
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.usher import log as schema
from chalicelib.schemas.wire import PageOut

bp = Blueprint(__name__)
_BASE = "/api/usher/scan/logs"
_CSV = "csv"


def _filters(query: schema.LogSearchIn) -> CheckinFilters:
    return CheckinFilters(
        card_id=query.card_id,
        username=query.username,
        result=query.result,
        attendee=query.attendee,
        date_from=query.begins_at(),
        date_to=query.ends_at(),
    )


def _search(call: Call[None, schema.LogSearchIn]) -> PageOut[schema.LogEntryOut] | File:
    query, filters = call.query, _filters(call.query)
    event_id = require_own_event(call.principal, query.event_id)
    if query.format == _CSV:
        # Imported here: files are rare, and a module-level import slows every cold start of a gate.
        from chalicelib.domain.exports import checkin_files

        return File(checkin_files.csv_of(event_id, filters), checkin_files.CONTENT_TYPE, name="check-in log.csv")
    page = checkin_log.search(
        event_id,
        filters,
        caller_id=call.principal.id,
        page_size=query.page_size,
        page=query.page,
        cursor=query.cursor,
    )
    return PageOut.of(page, schema.LogEntryOut.from_entry)


def _log_out(call: Call[None, schema.LogSearchIn]) -> PageOut[schema.LogEntryOut] | File:
    query = call.query
    if query.format == _CSV or query.narrows():
        return _search(call)
    page = checkin_log.recent(
        require_own_event(call.principal, query.event_id),
        caller_id=call.principal.id,
        page_size=query.page_size,
        page=query.page,
        cursor=query.cursor,
    )
    return PageOut.of(page, schema.LogEntryOut.from_entry)


@door(
    bp,
    Route(
        "GET",
        _BASE,
        guard=USHER,
        query=schema.LogSearchIn,
        reply=PageOut[schema.LogEntryOut],
        files=(CSV,),
        refuses=(errors.NotAssigned,),
        links=(
            Link("usher_log", {"log_id": "/results/0/id"}),
            Link("usher_card", {"card_id": "/results/0/card_id"}),
            Link("usher_logs", {"cursor": "/next"}),
        ),
    ),
)
def usher_logs(call: Call[None, schema.LogSearchIn]) -> PageOut[schema.LogEntryOut] | File:
    """List the event's scans, newest first, ten per page; or as CSV."""
    return _log_out(call)


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/search",
        guard=USHER,
        query=schema.LogSearchIn,
        reply=PageOut[schema.LogEntryOut],
        files=(CSV,),
        refuses=(errors.NotAssigned,),
        links=(
            Link("usher_log", {"log_id": "/results/0/id"}),
            Link("usher_card", {"card_id": "/results/0/card_id"}),
            Link("usher_search_logs", {"cursor": "/next"}),
        ),
    ),
)
def usher_search_logs(call: Call[None, schema.LogSearchIn]) -> PageOut[schema.LogEntryOut] | File:
    """Find scans by card, usher, result, attendee and time."""
    return _search(call)


@door(bp, Route("GET", f"{_BASE}/{{log_id}}", guard=USHER, reply=schema.LogEntryOut, refuses=(errors.NotFound,)))
def usher_log(call: Call[None, None]) -> schema.LogEntryOut:
    """Show one scan of the event's log."""
    return schema.LogEntryOut.from_entry(checkin_log.get(call.principal.event_id, call.path["log_id"]))
