"""The job of a large report: its rows in parts (domain/runs_in_parts.py), and the files of both versions."""

import json

from msgspec import Struct

from chalicelib import clock, scratch
from chalicelib.domain import runs_in_parts
from chalicelib.domain.background import jobs
from chalicelib.domain.background.jobs import JobResult
from chalicelib.domain.campus.reports import report_building, report_rows
from chalicelib.domain.campus.reports.report_requests import ReportRequest
from chalicelib.identifiers import new_id, unkeyed_operation_id
from chalicelib.observability import logger
from chalicelib.table import keys
from chalicelib.table.items import CampusReportRun, Job
from chalicelib.vocabulary.campus import ReportFormat
from chalicelib.vocabulary.work import JobStatus

# Rows of one part: about a MB in memory.
_PART_ROWS = 1_000
# What a report holds: a year of a campus; and a document to print.
MOST_ROWS, MOST_PRINTED = 100_000, 2_000


class StartedReport(Struct, frozen=True):
    """The job of a report as its starter sees it; `url` is there once it is complete."""

    job_id: str
    status: JobStatus
    url: str | None


def begin(request: ReportRequest) -> StartedReport:
    """Start a report, or return the one that the same request started within the last ten minutes.

    Raises Unavailable.
    """
    asked = ("campus_report", json.dumps(request.stored(), sort_keys=True))
    operation_id = jobs.operation_of(unkeyed_operation_id(), starter_id=request.starter_id, request=asked)
    job_id, now = new_id("job"), clock.now()
    run = CampusReportRun(
        *keys.campus_reports.run(job_id),
        job_id=job_id,
        owner_id=request.starter_id,
        status=JobStatus.OPEN,
        request=request.stored(),
        report_id=new_id("rep"),
        parts=[],
        created_by=request.starter_id,
        created_at=now,
        gsi2=jobs.due_place(job_id),
        ttl=int((now + runs_in_parts.KEPT).timestamp()),
    )
    return _shown(runs_in_parts.begin(run, operation_id))


def _shown(run: CampusReportRun) -> StartedReport:
    return StartedReport(run.job_id, run.status, result(run).url)


def result(job: Job) -> JobResult:
    """Return the link to the file of a complete report, and why one failed."""
    if not isinstance(job, CampusReportRun):
        return jobs.no_result(job)
    return runs_in_parts.result(job)


def run_step(job_id: str) -> bool:
    """Read as many parts as time allows, then write the files; return True where some remain. Raises Unavailable."""
    return runs_in_parts.run_step(keys.campus_reports.run(job_id), _read_part, _finish)


def _read_part(run: CampusReportRun, until: float) -> None:
    request = ReportRequest.of(run.request)
    rows, position = runs_in_parts.read_rows(
        run, lambda after, _: report_rows.read(request, after), most=_PART_ROWS, until=until
    )
    most = most_rows(request)
    if run.done + len(rows) > most:
        problem = f"A report of this kind holds {most} rows, and there are more. Ask for fewer days, or one event."
        runs_in_parts.fail(run, problem)
    else:
        runs_in_parts.enter_part(run, rows, position)


def most_rows(request: ReportRequest) -> int:
    """Return how many rows a report holds."""
    return MOST_PRINTED if request.format is ReportFormat.PDF else MOST_ROWS


def _finish(run: CampusReportRun) -> None:
    """Write and register the files from all parts."""
    request = ReportRequest.of(run.request)
    with scratch.folder() as folder:
        report = report_building.build(
            folder,
            request,
            lambda: runs_in_parts.rows_of(run),
            report_id=run.report_id,
            generated_at=run.created_at,
            kept_under=f"{runs_in_parts.FOLDER}{run.job_id}/",
        ).report
    # Where another step was faster, the registered hash is of its file, which is in the bucket already.
    sha256 = report.redacted_sha256 if request.is_redacted else report.sha256
    key = report_building.file_key(f"{runs_in_parts.FOLDER}{run.job_id}/", report.report_id, sha256, request.format)
    if runs_in_parts.complete(run, key):
        count = {"job_id": run.job_id, "report_id": run.report_id, "count": run.done}
        logger.info("campus report written", extra=count)
