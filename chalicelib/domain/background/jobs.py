"""Jobs: background work of any kind.

A job is an item that describes the whole work. It is written in the transaction that starts it, and stays in the
sweep's index until it ends. The queue only reduces latency: after a crash or a lost message the job is still due, and
the sweep queues it again. Its kind is registered in the area's `background`. Its taker is
idempotent, also concurrently.

A job that makes no progress for two hours fails, with an alarm (D-ARC-21).
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients import jobs as queue
from chalicelib.errors import NotFound, Unavailable
from chalicelib.identifiers import is_unkeyed
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Job, JobRequest
from chalicelib.table.places import Key
from chalicelib.vocabulary.work import JobStatus

# Exceeds the run time of a worker, so that the sweep does not queue running jobs.
PATIENCE = timedelta(minutes=3)
# Our choice: two hours of PATIENCE without progress. The queue tries each of them five times.
MOST_REVIVALS = 40

# Runs one step of a job and returns whether another step is needed, or after which pause (at most 15 minutes).
# It is idempotent, also concurrently.
JobTaker = Callable[[str], bool | timedelta]
# How long the same request without an Idempotency-Key is the same job (contract, "Jobs").
SAME_REQUEST = timedelta(minutes=10)


class JobProblem(Struct, frozen=True):
    """Why a row of a job failed; rows are counted from 1."""

    row: int
    message: str
    field: str | None = None


class JobResult(Struct, frozen=True):
    """What a job made: the link to its one file with the link's expiry, and its problems."""

    url: str | None = None
    expires_at: datetime | None = None
    errors: Sequence[JobProblem] = ()


def no_result(_: Job) -> JobResult:
    """Return the result of a job that makes no file and has no rows that may fail."""
    return JobResult()


class JobKind(Struct, frozen=True):
    """A kind of job: its name on the wire, what runs a step of it, and what shows its result."""

    name: str
    take: JobTaker
    result: Callable[[Job], JobResult] = no_result


class JobProgress(Struct, frozen=True):
    """A job as its starter sees it: `done` of `total` parts."""

    job_id: str
    kind: str
    status: JobStatus
    done: int
    total: int
    errors: Sequence[JobProblem]
    url: str | None
    expires_at: datetime | None


def due_place(job_id: str) -> Key:
    """Return the key in the sweep's index that makes a job due after PATIENCE."""
    return keys.jobs.due(clock.now() + PATIENCE, job_id)


def start(job_id: str) -> None:
    """Queue a stored job. If the queue is unavailable, the sweep queues it later."""
    try:
        queue.enqueue(job_id)
    except Unavailable:
        logger.warning("job could not be queued", extra={"job_id": job_id})


def get(job_id: str, *, owner_id: str) -> Job:
    """Return a job of its owner. Raises NotFound, also for a job of another owner."""
    job = operations.get(keys.jobs.job(job_id))
    if job is None or job.owner_id != owner_id:
        raise NotFound("There is no such job.")
    return job


def show(job_id: str, kinds: Mapping[type[Job], JobKind], *, starter_id: str) -> JobProgress:
    """Return a job to the account that started it. Raises NotFound, also for the job of another account."""
    job = operations.get(keys.jobs.job(job_id))
    if job is None or job.created_by != starter_id:
        raise NotFound("There is no such job.")
    kind = kinds[type(job)]
    result = kind.result(job)
    return JobProgress(
        job_id=job.job_id,
        kind=kind.name,
        status=job.status,
        done=job.done,
        total=int(job.quantity or 0),
        errors=result.errors,
        url=result.url,
        expires_at=result.expires_at,
    )


def operation_of(operation_id: str, *, starter_id: str, request: Sequence[str | int | None]) -> str:
    """Return the operation of a request that starts a job.

    A request without an Idempotency-Key that was also made within SAME_REQUEST has the first one's operation, also
    concurrently: so it is the same job. `request` names the kind of job and all that its work depends on.
    """
    if not is_unkeyed(operation_id):
        return operation_id
    now = clock.now()
    digest = hashlib.sha256(json.dumps([starter_id, *request]).encode()).hexdigest()
    ends = now + SAME_REQUEST
    mine = JobRequest(
        *keys.jobs.job_request(digest), operation_id=operation_id, expires_at=ends, ttl=int(ends.timestamp())
    )
    is_first = JobRequest.pk.does_not_exist() | (JobRequest.expires_at <= now)
    try:
        operations.record(operations.put(mine, is_first))
    except operations.ConditionFailed as failure:
        found = failure.found(JobRequest)
        return found.operation_id if found else operation_id
    return operation_id


def revive(job_id: str) -> bool:
    """Queue a due job again if it is open, and return whether it was; a job without progress fails in the end.

    Raises Unavailable.
    """
    job = operations.get(keys.jobs.job(job_id))
    if job is None:
        return False
    is_open = job.status == JobStatus.OPEN
    revivals = (job.revivals or 0) + 1 if job.done == job.revived_at_done else 1
    is_stuck = is_open and revivals > MOST_REVIVALS
    actions: list[Action] = [*Job.not_due()]
    if is_stuck:
        actions += [Job.status.set(JobStatus.FAILED), Job.completed_at.set(clock.now())]
    elif is_open:
        actions = [
            *Job.due_at(due_place(job_id)),
            Job.revivals.set(revivals),
            Job.revived_at_done.set(job.done),
        ]
    as_read = job.is_due_as_read()
    if is_stuck:
        as_read &= Job.done == job.done
    try:
        operations.record(operations.change(keys.jobs.job(job_id), actions, as_read))
    except operations.ConditionFailed:
        return False  # ended, rescheduled or progressed concurrently
    if is_stuck:
        # An alarm counts these lines.
        logger.error("work given up", extra={"job_id": job_id, "job_kind": type(job).__name__, "tries": revivals - 1})
    elif is_open:
        queue.enqueue(job_id)
    return is_open


def run_step(job_id: str, kinds: Mapping[type[Job], JobKind]) -> None:
    """Run one step of a job with the taker of its kind. Errors propagate, so that the queue redelivers."""
    job = operations.get(keys.jobs.job(job_id))
    if job is None or job.status != JobStatus.OPEN:
        return  # another delivery completed it
    again = kinds[type(job)].take(job_id)
    if again:
        queue.enqueue(job_id, pause=again if isinstance(again, timedelta) else timedelta(0))
    logger.info("job step", extra={"job_id": job_id, "job_kind": type(job).__name__})
