"""Jobs: background work of any kind.

A job is an item that describes the whole work. It is written in the transaction that starts it, and stays in the
sweep's index until it ends. The queue only reduces latency: after a crash or a lost message the job is still due, and
the sweep queues it again. Its taker, registered in the area's `background`, is idempotent, also concurrently.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta

from chalicelib import clock
from chalicelib.clients import jobs as queue
from chalicelib.errors import NotFound, Unavailable
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Job
from chalicelib.table.places import Key
from chalicelib.vocabulary import JobStatus

# Exceeds the run time of a worker, so that the sweep does not queue running jobs.
PATIENCE = timedelta(minutes=3)

# Runs one step of a job and returns whether another step is needed. It is idempotent, also concurrently.
JobTaker = Callable[[str], bool]


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


def revive(job_id: str) -> bool:
    """Queue a due job again if it is open, and return whether it was. Raises Unavailable."""
    job = operations.get(keys.jobs.job(job_id))
    if job is None:
        return False
    place = keys.jobs.job(job_id)
    seen = job.is_due_as_read()
    is_open = job.status == JobStatus.OPEN
    later = due_place(job_id)
    put_off = Job.due_at(later)
    actions = put_off if is_open else Job.not_due()
    try:
        operations.record(operations.change(place, actions, seen))
    except operations.ConditionFailed:
        return False  # ended or rescheduled concurrently
    if is_open:
        queue.enqueue(job_id)
    return is_open


def run_step(job_id: str, takers: Mapping[type[Job], JobTaker]) -> None:
    """Run one step of a job with the taker of its kind. Errors propagate, so that the queue redelivers."""
    job = operations.get(keys.jobs.job(job_id))
    if job is None or job.status != JobStatus.OPEN:
        return  # another delivery completed it
    if takers[type(job)](job_id):
        queue.enqueue(job_id)
    logger.info("job step", extra={"job_id": job_id, "job_kind": type(job).__name__})
