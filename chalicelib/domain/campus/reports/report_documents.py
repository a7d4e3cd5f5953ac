"""Reports as they are asked for: small ones are answered at once, large ones become a job."""

import json
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chalicelib import clock, scratch
from chalicelib.clients import files
from chalicelib.config import config
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.events import campus_days
from chalicelib.domain.campus.events.campus_days import Period
from chalicelib.domain.campus.reports import (
    report_building,
    report_files,
    report_registry,
    report_requests,
    report_rows,
    report_runs,
)
from chalicelib.domain.campus.reports.report_requests import ReportFilters, ReportRequest
from chalicelib.domain.campus.reports.report_runs import StartedReport
from chalicelib.errors import NotFound
from chalicelib.identifiers import new_id
from chalicelib.table.items import CampusReport
from chalicelib.vocabulary.campus import ReportFormat, ReportKind

# A report with photos has the redacted version of the official one.
_TWINS = {ReportKind.OFFICIAL: (ReportKind.PHOTOS,)}
_MOST_BYTES = 64 * 1024 * 1024


class MadeReport(Struct, frozen=True):
    """A report that was made at once: one version of it, as the bytes that `sha256` is of."""

    report_id: str
    format: ReportFormat
    content: bytes
    content_type: str
    name: str
    sha256: str
    signature: str

    def document(self) -> dict[str, Any]:
        """Return a report in JSON with its hash and signature."""
        signed: dict[str, Any] = json.loads(self.content)
        return {**signed, "sha256": self.sha256, "signature": self.signature}


class ReportVersionWish(Struct, frozen=True):
    """Which version of a report is wanted: the redacted one, and of which earlier report if any."""

    is_redacted: bool = False
    of_report: str | None = None


def of_attendance(
    caller: Principal, filters: ReportFilters, *, period: Period, wanted: ReportFormat, version: ReportVersionWish
) -> MadeReport | StartedReport:
    """Report what the caller may see of a period, as `make` does. Raises NotFound, ValidationFailed."""
    first, last = campus_days.period(caller, period, event_id=filters.event)
    filters = replace(filters, date_from=first, date_to=last)
    request = report_requests.of_attendance(caller, filters, wanted=wanted, is_redacted=version.is_redacted)
    return make(request, of_report=version.of_report)


def of_event(caller: Principal, event_id: str, *, version: ReportVersionWish) -> MadeReport | StartedReport:
    """Write the official document of an event, as `make` does. Raises Forbidden, NotFound."""
    kind = ReportKind.OFFICIAL
    request = report_requests.of_event(caller, event_id, kind=kind, is_redacted=version.is_redacted)
    return make(request, of_report=version.of_report)


def begin_with_photos(caller: Principal, event_id: str) -> StartedReport:
    """Start the document of an event with photos. Raises Forbidden, NotFound, Unavailable."""
    return report_runs.begin(report_requests.of_event(caller, event_id, kind=ReportKind.PHOTOS))


def of_person(
    caller: Principal, user_id: str, *, wanted: ReportFormat, version: ReportVersionWish
) -> MadeReport | StartedReport:
    """Report one person's attendance, as `make` does. Raises NotFound."""
    request = report_requests.of_person(caller, user_id, wanted=wanted, is_redacted=version.is_redacted)
    return make(request, of_report=version.of_report)


def make(request: ReportRequest, *, of_report: str | None = None) -> MadeReport | StartedReport:
    """Make a report, or start the job that makes it; or return the redacted version of an earlier one.

    Raises NotFound for a person without a record that is shown, and for an earlier report of others.
    """
    if of_report is not None:
        return _redacted_twin(of_report, request)
    found = report_rows.read_up_to(request, _most(request))
    if found.position is not None or len(found.rows) > _most(request):
        return report_runs.begin(request)
    if request.kind is ReportKind.INDIVIDUAL and not found.rows and "organizer" in request.scope:
        # An organizer sees people by their records only.
        raise NotFound("There is no such user.")
    with scratch.folder() as folder:
        built = report_building.build(
            folder, request, lambda: found.rows, report_id=new_id("rep"), generated_at=clock.now()
        )
        path = built.redacted if request.is_redacted else built.full
        return _made(built.report, path.read_bytes(), is_redacted=request.is_redacted)


def _most(request: ReportRequest) -> int:
    limits = config().limits
    return limits.report_printed if request.format is ReportFormat.PDF else limits.report_rows


def _redacted_twin(report_id: str, request: ReportRequest) -> MadeReport:
    report = report_registry.get(report_id)
    kinds = (request.kind, *_TWINS.get(request.kind, ()))
    is_theirs = report.generated_by == request.starter_id and report.report_kind in kinds
    content = files.read(report.redacted_key, limit=_MOST_BYTES) if report.redacted_key and is_theirs else None
    if content is None:
        raise NotFound("There is no such report.")
    return _made(report, content, is_redacted=True)


def _made(report: CampusReport, content: bytes, *, is_redacted: bool) -> MadeReport:
    suffix = "-redacted" if is_redacted else ""
    return MadeReport(
        report_id=report.report_id,
        format=report.format,
        content=content,
        content_type=report_files.CONTENT_TYPES[report.format],
        name=f"{report.report_kind}-{report.report_id}{suffix}.{report.format}",
        sha256=report.redacted_sha256 if is_redacted else report.sha256,
        signature=report.redacted_signature if is_redacted else report.signature,
    )
