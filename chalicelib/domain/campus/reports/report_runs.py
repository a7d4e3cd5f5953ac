"""The job of a large report: rows are read in parts, and the parts become the files of both versions.

Each part is entered in the run together with the position that follows it, under an optimistic lock. So a step that is
killed anywhere costs its part only, and two steps at once enter each part once.
"""

import gzip
import json
import secrets
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.config import config
from chalicelib.domain import idempotency
from chalicelib.domain.background import jobs
from chalicelib.domain.background.jobs import JobProblem, JobResult
from chalicelib.domain.campus.reports import report_building, report_rows
from chalicelib.domain.campus.reports.report_requests import ReportRequest
from chalicelib.errors import Unavailable
from chalicelib.identifiers import new_id, unkeyed_operation_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import CampusReportRun, Job
from chalicelib.vocabulary.campus import ReportFormat
from chalicelib.vocabulary.work import JobStatus

# The bucket deletes files of this folder after a day (lifecycle rule).
_FOLDER = "exports/"
_KEPT = timedelta(days=1)
_LINK_LIFETIME = timedelta(minutes=15)
# Rows of one part: about a MB in memory.
_PART_ROWS = 1_000
_MOST_BYTES = 64 * 1024 * 1024
# What a report holds: a year of a campus; and a document to print.
MOST_ROWS, MOST_PRINTED = 100_000, 2_000


@dataclass(frozen=True, slots=True)
class StartedReport:
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
        ttl=int((now + _KEPT).timestamp()),
    )
    is_new = CampusReportRun.pk.does_not_exist()
    try:
        operations.commit(idempotency.once(operation_id, job_id), operations.put(run, is_new))
    except operations.ConditionFailed:
        stored = operations.get(keys.campus_reports.run(idempotency.result_of(operation_id) or job_id))
        if stored is None:
            raise Unavailable(retry_after=1) from None
        return _shown(stored)
    jobs.start(job_id)
    return _shown(run)


def _shown(run: CampusReportRun) -> StartedReport:
    return StartedReport(run.job_id, run.status, result(run).url)


def result(job: Job) -> JobResult:
    """Return the link to the file of a complete report, and why one failed."""
    if not isinstance(job, CampusReportRun):
        return jobs.no_result(job)
    now = clock.now()
    errors = [JobProblem(row=job.done + 1, message=job.problem)] if job.problem else []
    if job.file is None or now >= job.created_at + _KEPT:
        return JobResult(errors=errors)
    return JobResult(files.link(job.file, lifetime=_LINK_LIFETIME), now + _LINK_LIFETIME, errors)


def run_step(job_id: str) -> bool:
    """Read as many parts as time allows, then write the files; return True where some remain. Raises Unavailable."""
    until = time.monotonic() + config().limits.print_step_seconds
    while time.monotonic() < until:
        run = operations.get(keys.campus_reports.run(job_id))
        if run is None or run.status != JobStatus.OPEN:
            return False
        if run.position is None and run.parts:
            _finish(run)
        else:
            _read_part(run, until)
    return True


def _read_part(run: CampusReportRun, until: float) -> None:
    request = ReportRequest.of(run.request)
    rows: list[Any] = []
    position: str | None = run.position
    while len(rows) < _PART_ROWS:
        found = report_rows.read(request, position)
        rows += found.rows
        position = found.position
        if position is None or time.monotonic() > until:
            break
    key = f"{_FOLDER}{run.job_id}/{len(run.parts):05d}-{secrets.token_hex(8)}.jsonl.gz"
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    files.write(key, gzip.compress(lines.encode(), compresslevel=1), content_type="application/gzip")
    goes_on = CampusReportRun.position.remove() if position is None else CampusReportRun.position.set(position)
    actions = [CampusReportRun.parts.set([*run.parts, key]), CampusReportRun.done.set(run.done + len(rows)), goes_on]
    most = most_rows(request)
    if run.done + len(rows) > most:
        problem = f"A report of this kind holds {most} rows, and there are more. Ask for fewer days, or one event."
        _enter(run, [CampusReportRun.problem.set(problem)], status=JobStatus.FAILED)
        files.delete(key)
    elif not _enter(run, actions, key=key):
        files.delete(key)  # a concurrent step entered its own


def most_rows(request: ReportRequest) -> int:
    """Return how many rows a report holds."""
    return MOST_PRINTED if request.format is ReportFormat.PDF else MOST_ROWS


def _finish(run: CampusReportRun) -> None:
    """Write and register the files from all parts."""
    request = ReportRequest.of(run.request)
    with tempfile.TemporaryDirectory() as folder:
        report = report_building.build(
            Path(folder),
            request,
            lambda: _rows(run),
            report_id=run.report_id,
            generated_at=run.created_at,
            kept_under=f"{_FOLDER}{run.job_id}/",
        ).report
    # Where another step was faster, the registered hash is of its file, which is in the bucket already.
    sha256 = report.redacted_sha256 if request.is_redacted else report.sha256
    key = report_building.file_key(f"{_FOLDER}{run.job_id}/", report.report_id, sha256, request.format)
    actions = [CampusReportRun.file.set(key), CampusReportRun.quantity.set(run.done)]
    if _enter(run, actions, status=JobStatus.COMPLETE, key=key):
        count = {"job_id": run.job_id, "report_id": run.report_id, "count": run.done}
        logger.info("campus report written", extra=count)
        for part in run.parts:
            files.delete(part)


def _rows(run: CampusReportRun) -> Iterator[dict[str, Any]]:
    for part in run.parts:
        content = files.read(part, limit=_MOST_BYTES)
        if content is None:
            raise Unavailable(retry_after=1)  # another step has finished and deleted it
        for line in gzip.decompress(content).splitlines():
            yield json.loads(line)


def _enter(
    run: CampusReportRun, progress: Sequence[Action], *, status: JobStatus = JobStatus.OPEN, key: str = ""
) -> bool:
    """Store the progress that the file `key` is, under an optimistic lock; return whether it is stored."""
    if status is JobStatus.OPEN:
        actions = [*progress, *CampusReportRun.due_at(jobs.due_place(run.job_id))]
    else:
        ended = [CampusReportRun.status.set(status), CampusReportRun.completed_at.set(clock.now())]
        actions = [*progress, *ended, *CampusReportRun.not_due()]
    as_read = (CampusReportRun.status == JobStatus.OPEN) & (CampusReportRun.parts == run.parts)
    try:
        operations.record(operations.change(keys.campus_reports.run(run.job_id), actions, as_read))
    except operations.ConditionFailed as failure:
        # Our own first try may have won and its answer been lost. The file's name is unique to this step.
        found = failure.found(CampusReportRun)
        return found is not None and key in (*found.parts, found.file)
    return True
