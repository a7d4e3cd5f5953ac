"""Verification for a reader of the audit log: within a budget before the answer, and the rest in a job."""

from datetime import timedelta

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain import idempotency
from chalicelib.domain.audit.verification import Broken, Progress, Walk
from chalicelib.domain.background import jobs
from chalicelib.domain.background.jobs import JobProblem, JobResult
from chalicelib.identifiers import new_id, unkeyed_operation_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import AuditVerification, Job
from chalicelib.table.keys.audit import AUDIT_SHARDS
from chalicelib.vocabulary.audit import Wholeness
from chalicelib.vocabulary.work import JobStatus

# Well within the worker's time-out of 120 s.
_STEP = timedelta(seconds=30)


class Break(Struct, frozen=True):
    """The first break: in `seals` or in a shard, such as `shard 3`, at a number of that chain."""

    where: str
    number: int
    problem: str


class Finding(Struct, frozen=True):
    """What was verified: so many entries and seals, to the end, to the first break, or up to where `job_id` goes on."""

    status: Wholeness
    entries: int
    seals: int
    first_break: Break | None = None
    job_id: str | None = None


def verify(*, starter_id: str) -> Finding:
    """Verify the log for `limits.audit_verify_ms`; a job does the rest. Raises Unavailable."""
    walk = Walk()
    try:
        is_over = walk.run(config().limits.audit_verify_ms / 1000)
    except Broken as broken:
        _log(broken)
        first = Break(broken.where, broken.number, broken.problem)
        return Finding(Wholeness.BROKEN, walk.progress.entry_count, walk.progress.seal.number, first)
    job_id = None if is_over else _start(walk.progress, starter_id)
    status = Wholeness.WHOLE if is_over else Wholeness.RUNNING
    return Finding(status, walk.progress.entry_count, walk.progress.seal.number, job_id=job_id)


def _start(progress: Progress, starter_id: str) -> str:
    """Start the job that goes on, or return the one that the same reader started within ten minutes."""
    operation_id = jobs.operation_of(unkeyed_operation_id(), starter_id=starter_id, request=["audit verification"])
    heads = operations.get_many(keys.audit.audit_head(shard) for shard in range(AUDIT_SHARDS))
    job_id = new_id("job")
    run = AuditVerification(
        *keys.audit.audit_verification(job_id),
        gsi2=jobs.due_place(job_id),
        job_id=job_id,
        owner_id=starter_id,
        status=JobStatus.OPEN,
        done=progress.entry_count,
        quantity=sum(head.number for head in heads.values()),
        created_by=starter_id,
        created_at=clock.now(),
        progress=progress.stored(),
    )
    try:
        operations.commit(idempotency.once(operation_id, job_id), operations.put(run))
    except operations.ConditionFailed:
        return idempotency.result_of(operation_id) or job_id
    jobs.start(job_id)
    return job_id


def run_step(job_id: str) -> bool:
    """Go on with a verification; return whether another step is needed. Raises Unavailable."""
    place = keys.audit.audit_verification(job_id)
    run = operations.get(place)
    if run is None or run.status != JobStatus.OPEN:
        return False
    walk, broken = Walk(Progress.restored(run.progress)), None
    try:
        is_over = walk.run(_STEP.total_seconds())
    except Broken as found:
        _log(found)
        is_over, broken = True, found
    actions: list[Action] = [
        AuditVerification.progress.set(walk.progress.stored()),
        AuditVerification.done.set(walk.progress.entry_count),
    ]
    if broken is not None:
        actions += [AuditVerification.broken.set(str(broken)), AuditVerification.broken_at.set(broken.number)]
    if is_over:
        ended = [AuditVerification.status.set(JobStatus.COMPLETE), AuditVerification.completed_at.set(clock.now())]
        actions += [*ended, *AuditVerification.not_due()]
    as_read = (AuditVerification.status == JobStatus.OPEN) & (AuditVerification.done == run.done)
    try:
        operations.record(operations.change(place, actions, as_read))
    except operations.ConditionFailed:
        return False  # another worker goes on
    return not is_over


def result(job: Job) -> JobResult:
    """Return the first break as the one problem of a verification."""
    if not isinstance(job, AuditVerification) or job.broken is None:
        return JobResult()
    return JobResult(errors=[JobProblem(row=job.broken_at or 0, message=job.broken)])


def _log(broken: Broken) -> None:
    logger.error("audit log is broken", extra={"security": True, "chain": broken.where, "number": broken.number})
