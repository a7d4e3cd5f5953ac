"""Notice runs: all customers of an event are notified that it was moved or cancelled, as a job in bounded slices.

A slice reads a few customers, queues their messages, and then stores how far it came, under an optimistic lock. Codes
wait in the same queue, so a slice is small and the next one starts after a pause (D-NOTE-05). A slice that is repeated
queues the same message ids, which are sent once.
"""

import json
from collections.abc import Sequence
from datetime import timedelta

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.background import jobs
from chalicelib.domain.customer_notices import calendar_file, notices
from chalicelib.domain.customer_notices.notices import Notice
from chalicelib.domain.customer_notices.wording import Kind
from chalicelib.domain.customers import contacts, visits
from chalicelib.identifiers import id_of_fact
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Event, NoticeRun
from chalicelib.vocabulary.events import EventStatus
from chalicelib.vocabulary.work import JobStatus

# Until the index of an event's customers has what was sold before the change.
STARTS_AFTER = timedelta(minutes=1)
# Between two slices of `limits.notices_at_once` customers.
PAUSE = timedelta(seconds=10)
# How long a run is shown.
_KEPT = timedelta(days=30)


def about(event: Event) -> str:
    """Return the time and place of an event as text, to compare."""
    place = event.venue
    where = [place.name, place.address, place.city] if place is not None else []
    return json.dumps([clock.to_text(event.starts_at), clock.to_text(event.ends_at), *where])


def begin(event: Event, kind: Kind, *, fact_id: str) -> None:
    """Store the run of a change, once; the sweep starts it."""
    job_id, now = id_of_fact("job", f"{event.event_id}/{fact_id}"), clock.now()
    due = keys.jobs.due(now + STARTS_AFTER, job_id)
    run = NoticeRun(
        *keys.customers.notice_run(job_id),
        gsi2=due,
        job_id=job_id,
        owner_id=event.organizer_id or event.event_id,
        status=JobStatus.OPEN,
        # The organizer may follow it at `GET /api/jobs/{job_id}/`.
        created_by=event.organizer_id or "stream",
        created_at=now,
        event_id=event.event_id,
        notice=kind,
        about=about(event),
        ttl=int((now + _KEPT).timestamp()),
    )
    try:
        operations.record(operations.put(run, NoticeRun.pk.does_not_exist()))
    except operations.ConditionFailed:
        return  # the record came before
    logger.info("customers of an event will be notified", extra={"event_id": event.event_id, "notice": kind})


def run_step(job_id: str) -> timedelta | bool:
    """Notify the next customers of a run; return the pause before the next step, False after the last."""
    run = operations.get(keys.customers.notice_run(job_id))
    if run is None or run.status != JobStatus.OPEN:
        return False
    event = operations.get(keys.events.event(run.event_id))
    partitions = keys.customers.holder_partitions(run.event_id)
    if event is None or not _is_still_so(run, event) or run.shard >= len(partitions):
        over = [NoticeRun.status.set(JobStatus.COMPLETE), NoticeRun.completed_at.set(clock.now()), *NoticeRun.not_due()]
        _enter(run, over)
        return False
    most = config().limits.notices_at_once
    found = visits.holders(partitions[run.shard], after=run.after or "", limit=most)
    _notify(run, event, found)
    is_read = len(found) < most
    further = [NoticeRun.shard.set(run.shard + 1), NoticeRun.after.remove()]
    due = jobs.due_place(job_id)
    here = further if is_read else [NoticeRun.after.set(found[-1])]
    _enter(run, [*here, NoticeRun.done.add(len(found)), *NoticeRun.due_at(due)])
    logger.info("customers notified", extra={"job_id": job_id, "event_id": run.event_id, "count": len(found)})
    # An empty partition costs no message, so no pause.
    return PAUSE if found else True


def _is_still_so(run: NoticeRun, event: Event) -> bool:
    """Whether a run still announces what is true; a later change has a run of its own. What is over moves nobody."""
    if run.notice == Kind.CANCELLED:
        return event.status in (EventStatus.CANCELLED, EventStatus.ARCHIVED)
    is_ahead = event.status != EventStatus.CANCELLED and event.ends_at > clock.now()
    return is_ahead and run.about == about(event)


def _notify(run: NoticeRun, event: Event, customer_ids: Sequence[str]) -> None:
    if not customer_ids:
        return
    files = [calendar_file.of(event)]
    for contact in contacts.find_many(customer_ids).values():
        fact_id = f"{run.job_id}/{contact.customer_id}"
        notice = Notice(Kind(run.notice), fact_id, notices.subject_of(event), waits_until=event.ends_at)
        notices.queue(notice, contact, files)


def _enter(run: NoticeRun, actions: Sequence[Action]) -> None:
    """Store how far a run came, unless a concurrent step has."""
    after = NoticeRun.after == run.after if run.after else NoticeRun.after.does_not_exist()
    as_read = (NoticeRun.status == JobStatus.OPEN) & (NoticeRun.shard == run.shard) & after
    try:
        operations.record(operations.change(keys.customers.notice_run(run.job_id), actions, as_read))
    except operations.ConditionFailed:
        logger.info("a concurrent step of the run was first", extra={"job_id": run.job_id})
