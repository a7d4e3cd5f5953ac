"""The job of an export: its rows in parts (domain/runs_in_parts.py), and the file that they become."""

import json
import secrets
from typing import Any

from msgspec import Struct

from chalicelib import clock, scratch
from chalicelib.clients import files
from chalicelib.domain import runs_in_parts
from chalicelib.domain.background import jobs
from chalicelib.domain.background.jobs import JobResult
from chalicelib.domain.documents import spreadsheets
from chalicelib.domain.exports.rows import ExportSource
from chalicelib.domain.exports.sources import SOURCES
from chalicelib.errors import InvalidCursor, ValidationFailed
from chalicelib.identifiers import new_id, unkeyed_operation_id
from chalicelib.observability import logger
from chalicelib.table import keys
from chalicelib.table.items import ExportRun, Job
from chalicelib.vocabulary.work import ExportFormat, JobStatus

# Rows of one part: a few MB in memory.
_PART_ROWS = 4_000


class Export(Struct, frozen=True):
    """An export as its starter sees it; `url` is there once it is complete."""

    job_id: str
    status: JobStatus
    url: str | None


def begin(source: ExportSource, *search: Any, wanted: ExportFormat, starter_id: str) -> Export:
    """Start an export, or return the one that the same request started within the last ten minutes.

    `search` is what the source takes.

    Raises Unavailable.
    """
    query = source.stored(*search)
    request = ("export", source.name, wanted.value, json.dumps(query, sort_keys=True))
    operation_id = jobs.operation_of(unkeyed_operation_id(), starter_id=starter_id, request=request)
    job_id, now = new_id("job"), clock.now()
    run = ExportRun(
        *keys.jobs.export(job_id),
        job_id=job_id,
        owner_id=starter_id,
        status=JobStatus.OPEN,
        source=source.name,
        query=dict(query),
        format=wanted,
        parts=[],
        created_by=starter_id,
        created_at=now,
        gsi2=jobs.due_place(job_id),
        ttl=int((now + runs_in_parts.KEPT).timestamp()),
    )
    return _shown(runs_in_parts.begin(run, operation_id))


def _shown(run: ExportRun) -> Export:
    return Export(run.job_id, run.status, result(run).url)


def result(job: Job) -> JobResult:
    """Return the link to the file of a complete export, and why one failed."""
    if not isinstance(job, ExportRun):
        return jobs.no_result(job)
    return runs_in_parts.result(job)


def run_step(job_id: str) -> bool:
    """Read as many parts as time allows, then write the file; return True where some remain. Raises Unavailable."""
    return runs_in_parts.run_step(keys.jobs.export(job_id), _read_part, _finish)


def _read_part(run: ExportRun, until: float) -> None:
    source = SOURCES[run.source]
    try:
        rows, position = runs_in_parts.read_rows(
            run, lambda after, left: source.read(run.query, after, left), most=_PART_ROWS, until=until
        )
    except (InvalidCursor, ValidationFailed) as refusal:
        # More things match the search than when it was asked for, so that no page is left to go on with.
        problems = [f"`{each['field']}` {each['message']}." for each in refusal.details or ()]
        runs_in_parts.fail(run, " ".join([*problems, "Ask again."]))
        return
    runs_in_parts.enter_part(run, rows, position)


def _finish(run: ExportRun) -> None:
    """Write the one file from all parts."""
    most = spreadsheets.MOST_ROWS[run.format]
    if most is not None and run.done > most:
        problem = f"A workbook holds {most} rows, and there are {run.done}. Ask for CSV, or for fewer by a filter."
        runs_in_parts.fail(run, problem)
        return
    key = f"{runs_in_parts.FOLDER}{run.job_id}/{run.source}-{secrets.token_hex(8)}.{run.format}"
    with scratch.folder() as folder:
        path = folder / "export"
        with spreadsheets.opened(path, run.format) as sheet:
            sheet.write(SOURCES[run.source].columns)
            for cells in runs_in_parts.rows_of(run):
                sheet.write(cells)
        files.write_from(key, path, content_type=spreadsheets.CONTENT_TYPES[run.format])
    if not runs_in_parts.complete(run, key):
        files.delete(key)
        return
    logger.info("export written", extra={"job_id": run.job_id, "source": run.source, "count": run.done})
