"""Campus: reports."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.campus.privacy import person_documents
from chalicelib.domain.campus.privacy.own_export import StartedOwnExport
from chalicelib.domain.campus.reports import report_documents, report_registry
from chalicelib.domain.campus.reports.report_documents import MadeReport, ReportVersionWish
from chalicelib.domain.campus.reports.report_requests import ReportFilters
from chalicelib.domain.campus.reports.report_runs import StartedReport
from chalicelib.portals.http.answer import CSV, PDF, XLSX, File
from chalicelib.portals.http.auth import CAMPUS, CAMPUS_STAFF
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.campus import reports as schema
from chalicelib.vocabulary.campus import ReportFormat

bp = Blueprint(__name__)
_BASE = "/api/campus/reports"
_CHECK = Link("campus_verify_report", {"report_id": "/report_id"})
_JOB = Link("show_job", {"job_id": "/job_id"})
# Of a file; in JSON they are fields.
_PROOF = ("X-Report-Id", "X-Report-Sha256", "X-Report-Signature")


def _report(
    made: MadeReport | StartedReport | StartedOwnExport,
) -> schema.ReportOut | schema.StartedReportOut | File:
    if isinstance(made, MadeReport) and made.format is ReportFormat.JSON:
        return schema.ReportOut.model_validate(made.document())
    return _document(made)


def _document(made: MadeReport | StartedReport | StartedOwnExport) -> schema.StartedReportOut | File:
    if not isinstance(made, MadeReport):
        return schema.StartedReportOut.read(made)
    proof = dict(zip(_PROOF, (made.report_id, made.sha256, made.signature), strict=True))
    return File(made.content, made.content_type, name=made.name, headers=proof)


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/attendance",
        guard=CAMPUS_STAFF,
        query=schema.AttendanceReportIn,
        reply=schema.ReportOut,
        files=(CSV, XLSX),
        headers=_PROOF,
        also={202: schema.StartedReportOut},
        refuses=(errors.NotFound,),
        links=(_CHECK,),
    ),
)
def campus_attendance_report(
    call: Call[None, schema.AttendanceReportIn],
) -> schema.ReportOut | schema.StartedReportOut | File:
    """Report attendance as JSON, CSV or XLSX; a large report is a job."""
    query = call.query
    filters, period = ReportFilters(query.event, query.department), (query.date_from, query.date_to)
    version = ReportVersionWish(query.is_redacted, query.report_id)
    made = report_documents.of_attendance(call.principal, filters, period=period, wanted=query.format, version=version)
    return _report(made)


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/official-format",
        guard=CAMPUS_STAFF,
        query=schema.EventReportIn,
        also={202: schema.StartedReportOut},
        media_type=PDF,
        headers=_PROOF,
        refuses=(errors.NotFound,),
    ),
)
def campus_official_report(call: Call[None, schema.EventReportIn]) -> schema.StartedReportOut | File:
    """Write the official PDF of an event, with signatures and a code to check it; a large one is a job."""
    version = ReportVersionWish(call.query.is_redacted, call.query.report_id)
    return _document(report_documents.of_event(call.principal, call.query.event, version=version))


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/export-with-photos",
        guard=CAMPUS_STAFF,
        query=schema.ReportEventIn,
        reply=schema.StartedReportOut,
        status=202,
        refuses=(errors.NotFound,),
        links=(_JOB,),
    ),
)
def campus_photo_report(call: Call[None, schema.ReportEventIn]) -> schema.StartedReportOut:
    """Start the job that writes the PDF of an event with photos and signatures."""
    return schema.StartedReportOut.read(report_documents.begin_with_photos(call.principal, call.query.event))


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/individual/{{user_id}}",
        guard=CAMPUS,
        query=schema.IndividualReportIn,
        reply=schema.ReportOut,
        files=(PDF,),
        headers=_PROOF,
        also={202: schema.StartedReportOut},
        refuses=(errors.NotFound,),
        links=(_CHECK,),
    ),
)
def campus_individual_report(
    call: Call[None, schema.IndividualReportIn],
) -> schema.ReportOut | schema.StartedReportOut | File:
    """Report one person's attendance as JSON or PDF, for the person or for staff who may see it; or pack all as zip."""
    query = call.query
    version = ReportVersionWish(query.is_redacted, query.report_id)
    asked = call.path["user_id"], query.report_format
    return _report(person_documents.begin_or_make(call.principal, *asked, version=version))


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
