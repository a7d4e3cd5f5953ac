"""Jobs: background work of any kind.

A job is an item that says all that is to be done, put there in the transaction that begins it, and due in the sweep's
index until it is over. The queue only makes it quick: a worker that dies, or a message that is lost, leaves the job
due, and the sweep queues it again. Its taker, named by the area in `background`, is idempotent, also
concurrently.
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

# Longer than a worker is at one job, so that the sweep begins none that is being done.
PATIENCE = timedelta(minutes=3)

# Runs one step of a job and returns whether another step is needed. It is idempotent, also concurrently.
JobTaker = Callable[[str], bool]


def due_place(job_id: str) -> Key:
    """Return where a job stands among what is due, so that the sweep looks after it when its patience is over."""
    return keys.jobs.due(clock.now() + PATIENCE, job_id)


def start(job_id: str) -> None:
    """Let a worker begin a job that is written; where the queue cannot be reached the sweep does."""
    try:
        queue.enqueue(job_id)
    except Unavailable:
        logger.warning("job could not be queued", extra={"job_id": job_id})


def get(job_id: str, *, owner_id: str) -> Job:
    """Return a job of its owner. Raises NotFound, also where it belongs to another."""
    job = operations.get(keys.jobs.job(job_id))
    if job is None or job.owner_id != owner_id:
        raise NotFound("There is no such job.")
    return job


def revive(job_id: str) -> bool:
    """Queue a job that is due and not over again; tell whether there was one. Raises Unavailable."""
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
        return False  # it was ended, or looked after by another, meanwhile
    if is_open:
        queue.enqueue(job_id)
    return is_open


def run_step(job_id: str, takers: Mapping[type[Job], JobTaker]) -> None:
    """Run one step of a job by the taker of its kind; raises what the taker raises, and the queue redelivers."""
    job = operations.get(keys.jobs.job(job_id))
    if job is None or job.status != JobStatus.OPEN:
        return  # another delivery completed it
    if takers[type(job)](job_id):
        queue.enqueue(job_id)
    logger.info("job step", extra={"job_id": job_id, "job_kind": type(job).__name__})
