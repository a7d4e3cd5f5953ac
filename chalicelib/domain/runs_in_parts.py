"""Jobs that read many rows and make one file of them: what the exports of staff and the reports of a campus share.

Rows are read in parts. Each part is a file of its own, and is entered in the run together with the position that
follows it, under an optimistic lock. So a step that is killed anywhere costs its part only, and two steps at once enter
each part once.
"""

import gzip
import json
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.config import config
from chalicelib.domain import idempotency
from chalicelib.domain.background import jobs
from chalicelib.domain.background.jobs import JobProblem, JobResult
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations
from chalicelib.table.items import CampusReportRun, ExportRun, Job
from chalicelib.table.places import Place
from chalicelib.vocabulary.work import JobStatus

# The bucket deletes files of this folder after a day (lifecycle rule).
FOLDER = "exports/"
KEPT = timedelta(days=1)
LINK_LIFETIME = timedelta(minutes=15)
# The largest part, in bytes, as it is read back.
_MOST_BYTES = 64 * 1024 * 1024

JobT = TypeVar("JobT", bound=Job)
RunT = TypeVar("RunT", ExportRun, CampusReportRun)


class FoundRows(Protocol):
    """Rows that a source returned, and where it goes on; None at its end."""

    @property
    def rows(self) -> Sequence[Any]:
        """The rows, each as JSON can hold it."""

    @property
    def position(self) -> str | None:
        """Where the next rows are."""


def begin(job: JobT, operation_id: str) -> JobT:
    """Store and queue a new job, and return it, or the job that the same operation began. Raises Unavailable."""
    try:
        operations.commit(
            idempotency.once(operation_id, job.job_id), operations.put(job, type(job).pk.does_not_exist())
        )
    except operations.ConditionFailed:
        first = idempotency.result_of(operation_id) or job.job_id
        stored = operations.get(Place(type(job), *keys.jobs.job(first)))
        if stored is None:
            raise Unavailable(retry_after=1) from None
        return stored
    jobs.start(job.job_id)
    return job


def result(run: ExportRun | CampusReportRun) -> JobResult:
    """Return the link to the file of a complete run, and why one failed."""
    now = clock.now()
    errors = [JobProblem(row=run.done + 1, message=run.problem)] if run.problem else []
    if run.file is None or now >= run.created_at + KEPT:
        return JobResult(errors=errors)
    return JobResult(files.link(run.file, lifetime=LINK_LIFETIME), now + LINK_LIFETIME, errors)


def run_step(place: Place[RunT], read_part: Callable[[RunT, float], None], finish: Callable[[RunT], None]) -> bool:
    """Read as many parts as time allows, then finish; return True where something remains. Raises Unavailable.

    `read_part` gets the moment, of the monotonic clock, after which it reads no further.
    """
    until = time.monotonic() + config().limits.print_step_seconds
    while time.monotonic() < until:
        run = operations.get(place)
        if run is None or run.status != JobStatus.OPEN:
            return False
        if run.position is None and run.parts:
            finish(run)
        else:
            read_part(run, until)
    return True


def read_rows(
    run: RunT, read: Callable[[str | None, int], FoundRows], *, most: int, until: float
) -> tuple[list[Any], str | None]:
    """Return the next rows of a run, about `most`, fewer if the time is over, and the position after them.

    `read` takes the position, and how many rows are left.
    """
    rows: list[Any] = []
    position: str | None = run.position
    while len(rows) < most:
        found = read(position, most - len(rows))
        rows += found.rows
        position = found.position
        if position is None or time.monotonic() > until:
            break
    return rows, position


def enter_part(run: RunT, rows: Sequence[Any], position: str | None) -> None:
    """Store the rows as the next part of a run, with the position that follows."""
    cls = type(run)
    key = f"{FOLDER}{run.job_id}/{len(run.parts):05d}-{secrets.token_hex(8)}.jsonl.gz"
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    files.write(key, gzip.compress(lines.encode(), compresslevel=1), content_type="application/gzip")
    goes_on = cls.position.remove() if position is None else cls.position.set(position)
    actions = [cls.parts.set([*run.parts, key]), cls.done.set(run.done + len(rows)), goes_on]
    if not _enter(run, actions, key=key):
        files.delete(key)  # a concurrent step entered its own


def rows_of(run: RunT) -> Iterator[Any]:
    """Yield the rows of all parts. Raises Unavailable."""
    for part in run.parts:
        content = files.read(part, limit=_MOST_BYTES)
        if content is None:
            raise Unavailable(retry_after=1)  # another step has finished and deleted it
        for line in gzip.decompress(content).splitlines():
            yield json.loads(line)


def fail(run: RunT, problem: str) -> None:
    """End a run without a file, with what its starter can do about it."""
    _enter(run, [type(run).problem.set(problem)], status=JobStatus.FAILED)


def complete(run: RunT, key: str) -> bool:
    """End a run with its file, and delete its parts; return False where another step ended it with another file."""
    actions = [type(run).file.set(key), type(run).quantity.set(run.done)]
    if not _enter(run, actions, status=JobStatus.COMPLETE, key=key):
        return False
    for part in run.parts:
        files.delete(part)
    return True


def _enter(
    run: ExportRun | CampusReportRun, progress: Sequence[Action], *, status: JobStatus = JobStatus.OPEN, key: str = ""
) -> bool:
    """Store the progress that the file `key` is, under an optimistic lock; return whether it is stored."""
    cls = type(run)
    if status is JobStatus.OPEN:
        actions = [*progress, *cls.due_at(jobs.due_place(run.job_id))]
    else:
        actions = [*progress, cls.status.set(status), cls.completed_at.set(clock.now()), *cls.not_due()]
    as_read = (cls.status == JobStatus.OPEN) & (cls.parts == run.parts)
    try:
        operations.record(operations.change(run.place, actions, as_read))
    except operations.ConditionFailed as failure:
        # Our own first try may have won and its answer been lost. The file's name is unique to this step.
        found = failure.found(cls)
        return found is not None and key in (*found.parts, found.file)
    return True
