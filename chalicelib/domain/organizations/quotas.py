"""What an organization may order: numbers and print runs in a day, and background jobs at once.

Each count is a condition in the transaction of what it counts, so that concurrent callers cannot exceed a limit, and a
retry of an order counts once. A day is one of the organization's time zone. A job keeps its place after its end, until
another job needs it: so no kind of job has to give it back.
"""

import math
from datetime import datetime

from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.access import throttle
from chalicelib.domain.organizations import organization_days
from chalicelib.errors import RateLimited
from chalicelib.table import keys, operations
from chalicelib.table.items import Job, Organization, TicketDay, TicketTally
from chalicelib.table.operations import Write
from chalicelib.vocabulary.work import JobStatus

# When a client may ask again where all places of jobs are taken.
_JOB_SECONDS = 60


def numbers(organization: Organization, quantity: int, now: datetime) -> Write:
    """Return the write that counts numbers of today. It fails where the organization may not order so many.

    Raises RateLimited where no day has so many.
    """
    most = config().limits.numbers_a_day
    if quantity > most:
        raise too_many_numbers(organization, now)
    counted, others = TicketDay.ordered.add(quantity), TicketDay.ordered <= most - quantity
    return _of_today(organization, now, counted, TicketDay.ordered.does_not_exist() | others)


def print_run(organization: Organization, now: datetime) -> Write:
    """Return the write that counts a print run of today. It fails where the organization may not order another."""
    others = TicketDay.print_runs < config().limits.print_runs_a_day
    return _of_today(organization, now, TicketDay.print_runs.add(1), TicketDay.print_runs.does_not_exist() | others)


def _of_today(organization: Organization, now: datetime, counted: Action, is_below: Condition) -> Write:
    organization_id, date = organization.organization_id, organization_days.day_of(organization, now).isoformat()
    day: list[Action] = [
        TicketDay.kind.set(TicketDay),
        TicketDay.organization_id.set(organization_id),
        TicketDay.date.set(date),
        counted,
    ]
    return operations.change(keys.organizations.ticket_day(organization_id, date), day, is_below)


def too_many_numbers(organization: Organization, now: datetime) -> RateLimited:
    """Return the refusal of more numbers than an organization may order in a day."""
    return _until_tomorrow(organization, now, f"numbers: {config().limits.numbers_a_day:,} a day")


def too_many_print_runs(organization: Organization, now: datetime) -> RateLimited:
    """Return the refusal of more print runs than an organization may order in a day."""
    return _until_tomorrow(organization, now, f"print runs: {config().limits.print_runs_a_day} a day")


def _until_tomorrow(organization: Organization, now: datetime, tried: str) -> RateLimited:
    wait = organization_days.next_day(organization, now) - now
    return throttle.refusal(f"{tried} are allowed", math.ceil(wait.total_seconds()))


def place_of_job(job_id: str) -> tuple[list[Action], Condition]:
    """Return the change of the tally that takes a place for a background job. It fails where none is free."""
    taken: list[Action] = [TicketTally.jobs[job_id].set(clock.to_text(clock.now()))]
    return taken, size(TicketTally.jobs) < config().limits.open_jobs


def free_places(organization_id: str) -> None:
    """Free the places of jobs that have ended. Raises RateLimited where all are open."""
    place = keys.organizations.ticket_tally(organization_id)
    tally = operations.get(place) or TicketTally()
    jobs = {job_id: keys.jobs.job(job_id) for job_id in tally.jobs.as_dict()}
    found = operations.get_many(jobs.values())
    ended = [job_id for job_id, job in jobs.items() if not _is_open(found.get(job))]
    if not ended and len(jobs) >= config().limits.open_jobs:
        raise throttle.refusal(f"open jobs: {config().limits.open_jobs} at a time are allowed", _JOB_SECONDS)
    if ended:
        operations.record(operations.change(place, [TicketTally.jobs[job_id].remove() for job_id in ended]))


def _is_open(job: Job | None) -> bool:
    return job is not None and job.status == JobStatus.OPEN
