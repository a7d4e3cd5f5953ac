"""The staff's portal: the audit log."""

from chalice import Blueprint

from chalicelib.domain.audit import system_log
from chalicelib.domain.lists.audit_entries import AUDIT_ENTRIES
from chalicelib.portals.http.auth import LOG_READERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.list_pages import list_page, query_with
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.admin import system_log as schema

bp = Blueprint(__name__)


@door(
    bp,
    Route(
        "GET",
        "/api/logs/system",
        guard=LOG_READERS,
        query=query_with(AUDIT_ENTRIES, schema.SystemLogIn),
        reply=schema.SystemLogOut,
        links=(
            Link("admin_system_log", {"cursor": "/next"}),
            Link("show_job", {"job_id": "/verification/job_id"}),
        ),
    ),
)
def admin_system_log(call: Call[None, schema.SystemLogIn]) -> schema.SystemLogOut:
    """List what staff did, newest first; `verify` checks that the log is whole."""
    page = list_page(AUDIT_ENTRIES, call)
    return schema.SystemLogOut.read(
        system_log.show(page, verify=call.query.wants_verification, reader_id=call.principal.id)
    )
