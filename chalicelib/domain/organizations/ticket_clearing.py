"""Deletes all tickets that an organization has at one time; large numbers in the background."""

import time
from itertools import chain

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain import idempotency
from chalicelib.domain.background import jobs
from chalicelib.domain.organizations import numbered_tickets, organizations, quotas, ticket_pages
from chalicelib.errors import NotFound, Unavailable, ValidationFailed
from chalicelib.identifiers import new_id, unkeyed_operation_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import TicketClearing, TicketTally
from chalicelib.table.operations import Write
from chalicelib.vocabulary.work import JobStatus

# A transaction takes 100 actions, one of which is the job's.
_PER_TRANSACTION = operations.TRANSACTION_LIMIT - 1
# Within the worker's time-out of 30 s; the next step resumes.
_BUDGET_SECONDS = 15.0


def clear(organization_id: str, *, confirm: str | None, user_id: str) -> TicketClearing:
    """Delete the tickets that an organization has now; their numbers are never reused.

    What is being written at this moment stays. The job is over where there were no more than
    `limits.numbers_at_once`; of more, the same request within ten minutes is the same job. Raises ValidationFailed
    where `confirm` is not the organization's name, RateLimited.
    """
    organization = organizations.get(organization_id)
    if confirm != organization.name:
        message = "must be the name of the organization, since this deletes all of its tickets"
        raise ValidationFailed(details=[{"field": "confirm", "message": message}])
    tally = operations.get(keys.organizations.ticket_tally(organization_id)) or TicketTally()
    spared = numbered_tickets.being_written(tally)
    is_many = tally.live > config().limits.numbers_at_once
    operation_id = unkeyed_operation_id()
    if is_many:
        # What it deletes is part of the request: after more tickets were generated or written, it is another one.
        request: list[str | int | None] = ["clear", organization_id, tally.last, *sorted(chain.from_iterable(spared))]
        operation_id = jobs.operation_of(operation_id, starter_id=user_id, request=request)
    job_id = new_id("job")
    due = jobs.due_place(job_id)
    clearing = TicketClearing(
        *keys.organizations.ticket_clearing(job_id),
        gsi2=due,
        job_id=job_id,
        owner_id=organization_id,
        status=JobStatus.OPEN,
        quantity=tally.live,
        below=tally.last + 1,
        spared=[list(span) for span in spared],
        created_by=user_id,
        created_at=clock.now(),
    )
    if is_many:
        known = _begin_job(clearing, operation_id)
        if known != job_id:
            return _known(known)
    else:
        operations.record(operations.put(clearing))
    logger.info("tickets are cleared", extra={"organization_id": organization_id, "job_id": job_id, "by": user_id})
    if is_many:
        jobs.start(job_id)
        return clearing
    run_step(job_id)
    return _known(job_id)


def _begin_job(clearing: TicketClearing, operation_id: str) -> str:
    """Store a clearing that takes a place among the organization's jobs, idempotent by operation.

    Return the job's id: an earlier one's where the same request began it. Raises RateLimited.
    """
    taken, is_free = quotas.place_of_job(clearing.job_id)
    for _ in retries.attempts():
        try:
            operations.commit(
                idempotency.once(operation_id, clearing.job_id),
                operations.put(clearing),
                operations.change(keys.organizations.ticket_tally(clearing.owner_id), taken, is_free),
            )
        except operations.ConditionFailed as failure:
            if 0 in failure.failures:
                return idempotency.result_of(operation_id) or clearing.job_id
            quotas.free_places(clearing.owner_id)
        else:
            return clearing.job_id
    raise Unavailable(retry_after=1)


def _known(job_id: str) -> TicketClearing:
    known = operations.get(keys.organizations.ticket_clearing(job_id))
    if known is None:
        raise NotFound("There is no such job.")
    return known


def run_step(job_id: str) -> bool:
    """Resume a clearing; return True where another step is needed. Raises NotFound, Unavailable."""
    deadline = time.monotonic() + _BUDGET_SECONDS
    clearing = _known(job_id)
    while clearing.status == JobStatus.OPEN:
        if time.monotonic() > deadline:
            return True
        _step(clearing)
        clearing = _known(job_id)
    return False


def _step(clearing: TicketClearing) -> None:
    """Delete the remaining tickets with the highest ordinals, or complete the job where none remain."""
    spared = [(first, last) for first, last in clearing.spared]
    left = ticket_pages.live_below(clearing.owner_id, clearing.below, spared, limit=_PER_TRANSACTION)
    below, is_last, now = (left[-1] if left else 1), not left, clock.now()
    for _ in retries.attempts():
        deletions = [numbered_tickets.deletion(clearing.owner_id, ordinal, now) for ordinal in left]
        try:
            operations.commit(_progress(clearing, below=below, count=len(left), ends=is_last), *deletions)
        except operations.ConditionFailed as failure:
            if 0 in failure.failures:
                return  # another worker has progressed on the same job
            # Deleted concurrently or just before; the totals lag behind the tickets. There may be others below.
            left = [ordinal for place, ordinal in enumerate(left, start=1) if place not in failure.failures]
        else:
            return
    raise Unavailable(retry_after=1)


def _progress(clearing: TicketClearing, *, below: int, count: int, ends: bool) -> Write:
    actions: list[Action] = [TicketClearing.below.set(below), TicketClearing.done.add(count)]
    if ends:
        actions += [
            TicketClearing.status.set(JobStatus.COMPLETE),
            TicketClearing.completed_at.set(clock.now()),
            *TicketClearing.not_due(),
        ]
    else:
        # What goes on is not queued a second time.
        actions += TicketClearing.due_at(jobs.due_place(clearing.job_id))
    as_read = (TicketClearing.status == JobStatus.OPEN) & (TicketClearing.below == clearing.below)
    return operations.change(keys.organizations.ticket_clearing(clearing.job_id), actions, as_read)
