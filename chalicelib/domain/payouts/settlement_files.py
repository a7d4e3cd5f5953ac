"""The file of a settlement: in the answer while it is small, else written by a job that reports at `/api/jobs/`."""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from itertools import chain, islice

from msgspec import Struct

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.config import config
from chalicelib.domain import idempotency
from chalicelib.domain.background import jobs
from chalicelib.domain.background.jobs import JobResult
from chalicelib.domain.events import events
from chalicelib.domain.payouts import event_lines, settlements
from chalicelib.errors import NotFound, ValidationFailed
from chalicelib.identifiers import new_id, unkeyed_operation_id
from chalicelib.table import keys, operations
from chalicelib.table.items import EventLine, Job, SettlementFile
from chalicelib.vocabulary.work import JobStatus

CONTENT_TYPE = "text/csv; charset=utf-8"
_FOLDER = "exports/"
# The bucket deletes files after a day (lifecycle rule).
_KEPT, _LINK_LIFETIME = timedelta(days=1), timedelta(minutes=15)


class CsvFile(Struct, frozen=True):
    """A file that is answered at once."""

    name: str
    content: str


class FileJob(Struct, frozen=True):
    """The job that writes a file."""

    job_id: str
    status: JobStatus


def ask(event_id: str | None, *, by: str) -> CsvFile | FileJob:
    """Return the lines of an event as a file, or the job that writes it; the same request soon after is the same job.

    Raises ValidationFailed (no event named), NotFound.
    """
    if event_id is None:
        raise ValidationFailed(details=[{"field": "event_id", "message": "name the event whose lines to list"}])
    events.get(event_id)
    lines = event_lines.read(event_id)
    most = config().limits.settlement_lines
    first = list(islice(lines, most + 1))
    if len(first) > most:
        return _start(event_id, by=by)
    return CsvFile(name=f"settlement-{event_id}.csv", content=_content(event_id, first))


def _content(event_id: str, lines: Iterable[EventLine]) -> str:
    # A spreadsheet reads the file as UTF-8 by its byte order mark.
    return "".join(chain(("\ufeff",), event_lines.csv_rows(settlements.find(event_id), lines)))


def _start(event_id: str, *, by: str) -> FileJob:
    request = ("settlement", event_id)
    operation_id = jobs.operation_of(unkeyed_operation_id(), starter_id=by, request=request)
    job_id, now = new_id("job"), clock.now()
    job = SettlementFile(
        *keys.jobs.job(job_id),
        job_id=job_id,
        owner_id=by,
        status=JobStatus.OPEN,
        quantity=1,
        created_by=by,
        created_at=now,
        event_id=event_id,
        gsi2=jobs.due_place(job_id),
        ttl=int((now + _KEPT).timestamp()),
    )
    try:
        operations.commit(
            idempotency.once(operation_id, job_id), operations.put(job, SettlementFile.pk.does_not_exist())
        )
    except operations.ConditionFailed:
        job_id = idempotency.result_of(operation_id) or job_id
    jobs.start(job_id)
    return FileJob(job_id, jobs.get(job_id, owner_id=by).status)


def run_step(job_id: str) -> bool:
    """Write the file of a job; idempotent. A file has one name, so a repeated step replaces it with the same lines."""
    job = operations.get(keys.jobs.job(job_id))
    if not isinstance(job, SettlementFile) or job.status != JobStatus.OPEN:
        return False
    content = _content(job.event_id, event_lines.read(job.event_id))
    files.write(_key(job), content.encode(), content_type=CONTENT_TYPE)
    done = [
        SettlementFile.status.set(JobStatus.COMPLETE),
        SettlementFile.done.set(1),
        SettlementFile.completed_at.set(clock.now()),
        *SettlementFile.not_due(),
    ]
    operations.record(operations.change(keys.jobs.job(job_id), done, SettlementFile.pk.exists()))
    return False


def _key(job: SettlementFile) -> str:
    digest = hashlib.sha256(f"{job.job_id}/{job.event_id}".encode()).hexdigest()
    return f"{_FOLDER}{digest}/settlement-{job.event_id}.csv"


def result(job: Job) -> JobResult:
    """Return the link of a job's file. Raises NotFound after the file has expired."""
    if not isinstance(job, SettlementFile) or job.status != JobStatus.COMPLETE:
        return JobResult()
    now = clock.now()
    if now >= job.created_at + _KEPT:
        raise NotFound("This file has expired; ask for it again.")
    return JobResult(url=files.link(_key(job), lifetime=_LINK_LIFETIME), expires_at=now + _LINK_LIFETIME)
