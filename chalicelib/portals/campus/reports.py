"""Campus: reports."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.campus.reports import report_registry
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Route
from chalicelib.schemas.campus import reports as schema

bp = Blueprint(__name__)
_BASE = "/api/campus/reports"


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/verify/{{report_id}}",
        guard=None,
        query=schema.CheckReportIn,
        reply=schema.CheckedReportOut,
        refuses=(errors.NotFound, errors.RateLimited),
    ),
)
def campus_verify_report(call: Call[None, schema.CheckReportIn]) -> schema.CheckedReportOut:
    """Check whether a report is genuine, and whether a copy is unchanged."""
    checked = report_registry.check(call.path["report_id"], sha256=call.query.sha256, address=call.address)
    return schema.CheckedReportOut.read(checked)
