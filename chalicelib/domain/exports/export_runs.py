"""The job of an export: rows are read in parts, and the parts become one file.

Each part is a file of its own, and is entered in the run together with the position that follows it, under an
optimistic lock. So a step that is killed anywhere costs its part only, and two steps at once enter each part once.
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
from chalicelib.domain.documents import spreadsheets
from chalicelib.domain.exports.rows import ExportSource
from chalicelib.domain.exports.sources import SOURCES
from chalicelib.errors import Unavailable
from chalicelib.identifiers import new_id, unkeyed_operation_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import ExportRun, Job
from chalicelib.vocabulary.work import ExportFormat, JobStatus

# The bucket deletes files of this folder after a day (lifecycle rule).
_FOLDER = "exports/"
_KEPT = timedelta(days=1)
_LINK_LIFETIME = timedelta(minutes=15)
# Rows of one part: a few MB in memory.
_PART_ROWS = 4_000
# The largest part, in bytes, as it is read back.
_MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Export:
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
        ttl=int((now + _KEPT).timestamp()),
    )
    try:
        operations.commit(idempotency.once(operation_id, job_id), operations.put(run, ExportRun.pk.does_not_exist()))
    except operations.ConditionFailed:
        return _shown(_stored(idempotency.result_of(operation_id) or job_id))
    jobs.start(job_id)
    return _shown(run)


def _stored(job_id: str) -> ExportRun:
    run = operations.get(keys.jobs.export(job_id))
    if run is None:
        raise Unavailable(retry_after=1)
    return run


def _shown(run: ExportRun) -> Export:
    return Export(run.job_id, run.status, result(run).url)


def result(job: Job) -> JobResult:
    """Return the link to the file of a complete export, and why one failed."""
    if not isinstance(job, ExportRun):
        return jobs.no_result(job)
    now = clock.now()
    errors = [JobProblem(row=job.done + 1, message=job.problem)] if job.problem else []
    if job.file is None or now >= job.created_at + _KEPT:
        return JobResult(errors=errors)
    return JobResult(files.link(job.file, lifetime=_LINK_LIFETIME), now + _LINK_LIFETIME, errors)


def run_step(job_id: str) -> bool:
    """Read as many parts as time allows, then write the file; return True where some remain. Raises Unavailable."""
    until = time.monotonic() + config().limits.print_step_seconds
    while time.monotonic() < until:
        run = operations.get(keys.jobs.export(job_id))
        if run is None or run.status != JobStatus.OPEN:
            return False
        if run.position is None and run.parts:
            _finish(run)
        else:
            _read_part(run, until)
    return True


def _read_part(run: ExportRun, until: float) -> None:
    source = SOURCES[run.source]
    rows: list[Any] = []
    position: str | None = run.position
    while len(rows) < _PART_ROWS:
        found = source.read(run.query, position, _PART_ROWS - len(rows))
        rows += found.rows
        position = found.position
        if position is None or time.monotonic() > until:
            break
    key = f"{_FOLDER}{run.job_id}/{len(run.parts):05d}-{secrets.token_hex(8)}.jsonl.gz"
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    files.write(key, gzip.compress(lines.encode(), compresslevel=1), content_type="application/gzip")
    next_position = ExportRun.position.set(position) if position is not None else ExportRun.position.remove()
    actions = [ExportRun.parts.set([*run.parts, key]), ExportRun.done.set(run.done + len(rows)), next_position]
    if not _enter(run, actions, key=key):
        files.delete(key)  # a concurrent step entered its own


def _finish(run: ExportRun) -> None:
    """Write the one file from all parts."""
    most = spreadsheets.MOST_ROWS[run.format]
    if most is not None and run.done > most:
        problem = f"A workbook holds {most} rows, and there are {run.done}. Ask for CSV, or for fewer days."
        _enter(run, [ExportRun.problem.set(problem)], status=JobStatus.FAILED)
        return
    key = f"{_FOLDER}{run.job_id}/{run.source}-{secrets.token_hex(8)}.{run.format}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export"
        with spreadsheets.opened(path, run.format) as sheet:
            sheet.write(SOURCES[run.source].columns)
            for cells in _rows(run):
                sheet.write(cells)
        files.write_from(key, path, content_type=spreadsheets.CONTENT_TYPES[run.format])
    actions = [ExportRun.file.set(key), ExportRun.quantity.set(run.done)]
    if not _enter(run, actions, status=JobStatus.COMPLETE, key=key):
        files.delete(key)
        return
    logger.info("export written", extra={"job_id": run.job_id, "source": run.source, "count": run.done})
    for part in run.parts:
        files.delete(part)


def _rows(run: ExportRun) -> Iterator[list[Any]]:
    for part in run.parts:
        content = files.read(part, limit=_MOST_BYTES)
        if content is None:
            raise Unavailable(retry_after=1)  # another step has finished and deleted it
        for line in gzip.decompress(content).splitlines():
            yield json.loads(line)


def _enter(run: ExportRun, progress: Sequence[Action], *, status: JobStatus = JobStatus.OPEN, key: str = "") -> bool:
    """Store the progress that the file `key` is, under an optimistic lock; return whether it is stored."""
    if status is JobStatus.OPEN:
        actions = [*progress, *ExportRun.due_at(jobs.due_place(run.job_id))]
    else:
        ended = [ExportRun.status.set(status), ExportRun.completed_at.set(clock.now())]
        actions = [*progress, *ended, *ExportRun.not_due()]
    as_read = (ExportRun.status == JobStatus.OPEN) & (ExportRun.parts == run.parts)
    try:
        operations.record(operations.change(keys.jobs.export(run.job_id), actions, as_read))
    except operations.ConditionFailed as failure:
        # Our own first try may have won and its answer been lost. The file's name is unique to this step.
        found = failure.found(ExportRun)
        return found is not None and key in (*found.parts, found.file)
    return True
