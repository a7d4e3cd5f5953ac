"""Routes of no portal: liveness, jobs, the OpenAPI document, and the page that shows it."""

from chalice import Blueprint

from chalicelib import clock, errors
from chalicelib.domain.audit import background as audit
from chalicelib.domain.background import jobs
from chalicelib.domain.campus import background as campus
from chalicelib.domain.cancellations import background as cancellations
from chalicelib.domain.card_office import background as card_office
from chalicelib.domain.customer_notices import background as customer_notices
from chalicelib.domain.exports import background as exports
from chalicelib.domain.organizations import background as organizations
from chalicelib.domain.payouts import background as payouts
from chalicelib.domain.personal_data import background as personal_data
from chalicelib.portals.http.answer import JSON, File
from chalicelib.portals.http.auth import ANYBODY
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Route
from chalicelib.schemas.platform import BackgroundJobOut, HealthOut

bp = Blueprint(__name__)
# A new version of the document is seen within five minutes; its ETag costs less than its bytes.
_DOCUMENT_SECONDS = 300
_KINDS = {
    **organizations.JOB_KINDS,
    **customer_notices.JOB_KINDS,
    **cancellations.JOB_KINDS,
    **exports.JOB_KINDS,
    **payouts.JOB_KINDS,
    **personal_data.JOB_KINDS,
    **card_office.JOB_KINDS,
    **audit.JOB_KINDS,
    **campus.JOB_KINDS,
}


@door(bp, Route("GET", "/health", guard=None, reply=HealthOut))
def health(_: Call[None, None]) -> HealthOut:
    """Show that the service is up; nothing behind it is asked."""
    return HealthOut(status="ok", time=clock.now())


@door(bp, Route("GET", "/api/openapi.json", guard=None, media_type=JSON, public_seconds=_DOCUMENT_SECONDS))
def openapi_document(_: Call[None, None]) -> File:
    """Show this document."""
    from chalicelib.portals.openapi import document  # built on demand: other requests and cold starts do not pay for it

    return File(document.text(), JSON)


@door(bp, Route("GET", "/api/docs", guard=None, media_type="text/html"))
def docs_page(_: Call[None, None]) -> File:
    """Show the browser page of this document."""
    from chalicelib.portals.openapi.page import PAGE  # as above

    return PAGE.file


@door(bp, Route("GET", "/api/jobs/{job_id}", guard=ANYBODY, reply=BackgroundJobOut, refuses=(errors.NotFound,)))
def show_job(call: Call[None, None]) -> BackgroundJobOut:
    """Show the progress of a job to the account that started it."""
    return BackgroundJobOut.read(jobs.show(call.path["job_id"], _KINDS, starter_id=call.principal.id))
