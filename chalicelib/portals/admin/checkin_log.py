"""The staff's portal: the check-in log of all events, and its export."""

from chalice import Blueprint

from chalicelib.domain.exports import export_runs
from chalicelib.domain.exports.checkin_rows import CHECKIN_LOG
from chalicelib.domain.gate import staff_log
from chalicelib.domain.gate.checkin_log import CheckinFilters
from chalicelib.portals.http.auth import CHECKIN_LOG_READERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.admin import checkin_log as schema
from chalicelib.schemas.admin.exports import ExportOut
from chalicelib.schemas.wire import PageOut

bp = Blueprint(__name__)
_BASE = "/api/logs/checkin"


def _filters(query: schema.CheckinLogIn | schema.CheckinExportIn) -> CheckinFilters:
    return CheckinFilters(
        card_id=query.card_id,
        username=query.username,
        result=query.result,
        attendee=query.named(),
        date_from=query.begins_at(),
        date_to=query.ends_at(),
        source=query.source,
        conflict=_flag(query.conflict),
        resolved=_flag(query.resolved),
    )


def _flag(word: str | None) -> bool | None:
    return None if word is None else word == "true"


@door(
    bp,
    Route(
        "GET",
        _BASE,
        guard=CHECKIN_LOG_READERS,
        query=schema.CheckinLogIn,
        reply=PageOut[schema.CheckinEntryOut],
        links=(
            Link("admin_checkin_log", {"cursor": "/next"}),
            Link("admin_close_conflict", {"log_id": "/results/0/id"}),
        ),
    ),
)
def admin_checkin_log(call: Call[None, schema.CheckinLogIn]) -> PageOut[schema.CheckinEntryOut]:
    """List scans of all events, event by event, newest first."""
    query = call.query
    page = staff_log.page(
        query.event_id,
        _filters(query),
        caller_id=call.principal.id,
        page_size=query.page_size,
        cursor=query.cursor,
    )
    return PageOut.of(page, schema.CheckinEntryOut.from_entry)


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/export",
        guard=CHECKIN_LOG_READERS,
        query=schema.CheckinExportIn,
        reply=ExportOut,
        audited="checkin_log.export",
        links=(Link("show_job", {"job_id": "/job_id"}),),
    ),
)
def admin_export_checkin_log(call: Call[None, schema.CheckinExportIn]) -> ExportOut:
    """Export the check-in log; ask again for the link to the file."""
    query = call.query
    export = export_runs.begin(
        CHECKIN_LOG,
        query.event_id,
        _filters(query),
        wanted=query.format,
        starter_id=call.principal.id,
    )
    return ExportOut.read(export)
