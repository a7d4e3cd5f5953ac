"""The staff's portal: the audit log."""

from chalice import Blueprint

from chalicelib.domain.audit import system_log
from chalicelib.domain.exports import export_runs
from chalicelib.domain.exports.audit_rows import AUDIT_LOG
from chalicelib.domain.lists.audit_entries import AUDIT_ENTRIES
from chalicelib.domain.lists.pages import Asked
from chalicelib.portals.http.auth import LOG_READERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.list_pages import list_page, ordering_of, query_with
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.admin import system_log as schema
from chalicelib.schemas.admin.exports import ExportOut

bp = Blueprint(__name__)
_BASE = "/api/logs/system"


@door(
    bp,
    Route(
        "GET",
        _BASE,
        guard=LOG_READERS,
        query=query_with(AUDIT_ENTRIES, schema.SystemLogIn),
        reply=schema.SystemLogPage,
        links=(
            Link("admin_system_log", {"cursor": "/next"}),
            Link("show_job", {"job_id": "/verification/job_id"}),
        ),
    ),
)
def admin_system_log(call: Call[None, schema.SystemLogIn]) -> schema.SystemLogPage:
    """List what staff did, newest first; `verify` checks that the log is whole."""
    page = list_page(AUDIT_ENTRIES, call)
    return schema.SystemLogPage.read(
        system_log.show(page, verify=call.query.wants_verification, reader_id=call.principal.id)
    )


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/export",
        guard=LOG_READERS,
        query=schema.SystemLogExportIn,
        reply=ExportOut,
        audited="system_log.export",
        links=(Link("show_job", {"job_id": "/job_id"}),),
    ),
)
def admin_export_system_log(call: Call[None, schema.SystemLogExportIn]) -> ExportOut:
    """Export the audit log; ask again for the link to the file."""
    query = call.query
    export = export_runs.begin(
        AUDIT_LOG,
        Asked(
            caller_id=call.principal.id,
            filters=query.filters(),
            ranges=query.ranges(),
            search=query.search,
            ordering=ordering_of(AUDIT_ENTRIES, query.ordering),
        ),
        wanted=query.format,
        starter_id=call.principal.id,
    )
    return ExportOut.read(export)
