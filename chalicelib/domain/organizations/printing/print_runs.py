"""Print runs: a range of numbers as sheets to print (PDF) or as a list (CSV), generated in the background.

Sheets are generated in parts, each a separate file. A part is drawn, verified by decoding every code, stored, and only
then entered in the run. Entering has an optimistic lock: the first step wins, and a concurrent step deletes its own
file. So a step may fail anywhere, and the next one resumes after the last part that was entered.
"""

import json
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.config import config
from chalicelib.domain import idempotency
from chalicelib.domain.background import jobs
from chalicelib.domain.background.jobs import JobProblem, JobResult
from chalicelib.domain.organizations import numbered_tickets, numbering, organizations, quotas
from chalicelib.domain.organizations.printing import (
    printable,
    sheet_layout,
    sheet_proof,
    ticket_lists,
    ticket_sheets,
)
from chalicelib.domain.organizations.printing.sheet_proof import UnreadableSheet
from chalicelib.domain.organizations.printing.ticket_sheets import PrintedTicket
from chalicelib.errors import InvalidState, NotFound, Unavailable
from chalicelib.identifiers import new_id, ticket_number
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Job, NumberedTicket, PrintRun
from chalicelib.vocabulary.numbered_tickets import PrintFormat
from chalicelib.vocabulary.work import JobStatus

# The bucket deletes files after a day (lifecycle rule); a link is valid for an hour.
_FOLDER = "exports/"
KEPT = timedelta(days=1)
_LINK_LIFETIME = timedelta(hours=1)
_CONTENT_TYPES = {PrintFormat.PDF: "application/pdf", PrintFormat.CSV: "text/csv"}


class PrintInput(Struct, frozen=True):
    """A request to print the numbers of a prefix from `first` to `last`, both included."""

    prefix: str
    first: int
    last: int
    format: PrintFormat


class PrintedFile(Struct, frozen=True):
    """One file of a run: its link, the link's expiry, and the numbers in the file."""

    url: str
    expires_at: datetime
    first: str
    last: str
    tickets: int


class PrintRunProgress(Struct, frozen=True):
    """A run as shown to its organization; `done` of `count` numbers are processed."""

    job_id: str
    status: str
    format: str
    prefix: str
    first: int
    last: int
    count: int
    done: int
    problem: str | None
    files: list[PrintedFile]
    created_at: datetime
    completed_at: datetime | None


def begin(organization_id: str, wanted: PrintInput, *, user_id: str, operation_id: str) -> str:
    """Start a run and return its job's id; idempotent by operation, and the same request within ten minutes.

    Raises NotFound where none of the numbers was given out, InvalidState where some are being written or none is left
    to print, ValidationFailed where a character has no glyph, AccountUnverified, RateLimited.
    """
    organization = organizations.ordered_by(organization_id, user_id)
    numbering.require_written(organization_id, wanted.prefix, wanted.first, wanted.last)
    tickets = _of_run(organization_id, wanted.prefix, wanted.first, wanted.last, wanted.format)
    some = next(tickets, None)
    if some is None:
        raise InvalidState("These tickets were all voided or deleted, so there is nothing to print.")
    if wanted.format is PrintFormat.PDF:
        printable.require(chain([some], tickets), sheet_layout.layout(organization.paper), name=organization.name)
    job_id, now = new_id("job"), clock.now()
    paper = json.dumps([organization.name, organization.paper], sort_keys=True)
    request = ("print", organization_id, wanted.prefix, wanted.first, wanted.last, wanted.format, paper)
    operation_id = jobs.operation_of(operation_id, starter_id=user_id, request=request)
    due = jobs.due_place(job_id)
    run = PrintRun(
        *keys.organizations.print_run(job_id),
        job_id=job_id,
        owner_id=organization_id,
        status=JobStatus.OPEN,
        quantity=wanted.last - wanted.first + 1,
        prefix=wanted.prefix,
        first=wanted.first,
        last=wanted.last,
        format=wanted.format,
        paper=organization.paper,
        files=[],
        created_by=user_id,
        created_at=now,
        gsi2=due,
        ttl=int((now + KEPT).timestamp()),
    )
    taken, is_free = quotas.place_of_job(job_id)
    for _ in retries.attempts():
        try:
            operations.commit(
                idempotency.once(operation_id, job_id),
                operations.put(run, PrintRun.pk.does_not_exist()),
                quotas.print_run(organization, now),
                operations.change(keys.organizations.ticket_tally(organization_id), taken, is_free),
            )
        except operations.ConditionFailed as failure:
            if 0 in failure.failures:
                return idempotency.result_of(operation_id) or job_id
            if 2 in failure.failures:
                raise quotas.too_many_print_runs(organization, now) from failure
            quotas.free_places(organization_id)
        else:
            jobs.start(job_id)
            return job_id
    raise Unavailable(retry_after=1)


def show(organization_id: str, job_id: str) -> PrintRunProgress:
    """Return a run with links to its files.

    Raises NotFound, also for another organization's run and after its files have expired.
    """
    run = jobs.get(job_id, owner_id=organization_id)
    now = clock.now()
    if not isinstance(run, PrintRun) or now >= run.created_at + KEPT:
        raise NotFound("There is no such print run; its files are kept for a day.")
    is_complete = run.status == JobStatus.COMPLETE
    return PrintRunProgress(
        job_id=run.job_id,
        status=run.status,
        format=run.format,
        prefix=run.prefix,
        first=run.first,
        last=run.last,
        count=run.quantity or 0,
        done=run.done,
        problem=run.problem,
        files=[_file(run, part, now) for part in run.files or []] if is_complete else [],
        created_at=run.created_at,
        completed_at=run.completed_at,
    )


def result(job: Job) -> JobResult:
    """Return the link of a run with one file, and why a run failed. Raises NotFound after its files have expired.

    Several files are listed by `show`.
    """
    if not isinstance(job, PrintRun):
        return jobs.no_result(job)
    shown = show(job.owner_id, job.job_id)
    (url, expires_at) = (shown.files[0].url, shown.files[0].expires_at) if len(shown.files) == 1 else (None, None)
    errors = [JobProblem(row=shown.done + 1, message=shown.problem)] if shown.problem else []
    return JobResult(url, expires_at, errors)


def _file(run: PrintRun, part: Mapping[str, Any], now: datetime) -> PrintedFile:
    first, last = (ticket_number(run.prefix, int(part[end])) for end in ("first", "last"))
    url = files.link(part["key"], lifetime=_LINK_LIFETIME)
    return PrintedFile(url=url, expires_at=now + _LINK_LIFETIME, first=first, last=last, tickets=int(part["tickets"]))


def run_step(job_id: str) -> bool:
    """Generate as many parts as time allows; return True where some remain. Raises Unavailable."""
    until = time.monotonic() + config().limits.print_step_seconds
    while time.monotonic() < until:
        run = operations.get(keys.organizations.print_run(job_id))
        if run is None or run.status != JobStatus.OPEN:
            return False
        try:
            _make_part(run)
        except UnreadableSheet as problem:
            logger.error("printed sheet cannot be read back", extra={"job_id": job_id, "problem": str(problem)})
            _enter(run, [*(run.files or [])], status=JobStatus.FAILED, problem="A printed code could not be read back.")
        except NotFound:
            return False  # the organization or its tickets were deleted
    return True


def _of_run(organization_id: str, prefix: str, first: int, last: int, format_: PrintFormat) -> Iterator[NumberedTicket]:
    """Yield the tickets of a run, in order: a sheet has no voided ones."""
    tickets = numbered_tickets.of_numbers(organization_id, prefix, first, last)
    return (ticket for ticket in tickets if format_ is PrintFormat.CSV or ticket.voided_at is None)


def _make_part(run: PrintRun) -> None:
    """Generate the next file of a run and enter it, or complete the run where no tickets remain."""
    parts = [*(run.files or [])]
    first = run.first + run.done
    tickets = _of_run(run.owner_id, run.prefix, first, run.last, run.format)
    if run.format == PrintFormat.CSV:
        these = [*tickets]
        content = ticket_lists.render(these)
    else:
        layout = sheet_layout.layout(run.paper)
        size = max(config().limits.print_part // layout.per_sheet, 1) * layout.per_sheet
        these = [*islice(tickets, size)]
        content = _sheets(run, these, layout) if these else b""
    if not these:
        _enter(run, parts, status=JobStatus.COMPLETE)
        return
    last = int(these[-1].number) if run.format == PrintFormat.PDF else run.last
    key = f"{_FOLDER}{run.owner_id}/{run.job_id}/{len(parts) + 1:03d}-{secrets.token_hex(8)}.{run.format}"
    files.write(key, content, content_type=_CONTENT_TYPES[run.format])
    part = {"key": key, "first": int(these[0].number), "last": int(these[-1].number), "tickets": len(these)}
    status = JobStatus.COMPLETE if last >= run.last else JobStatus.OPEN
    if not _enter(run, [*parts, part], status=status, done=last - run.first + 1):
        files.delete(key)  # a concurrent step entered its own file


def _sheets(run: PrintRun, tickets: Sequence[NumberedTicket], layout: sheet_layout.SheetLayout) -> bytes:
    printed = [
        PrintedTicket(
            code=ticket.ticket_id,
            number=numbered_tickets.number_of(ticket),
            extra=printable.extra_lines(ticket.extra),
        )
        for ticket in tickets
    ]
    name = organizations.get(run.owner_id).name
    content = ticket_sheets.render(printed, layout, name=name, made_at=run.created_at)
    sheet_proof.prove(content, [ticket.code for ticket in printed], layout)
    return content


def _enter(
    run: PrintRun,
    parts: list[dict[str, Any]],
    *,
    status: JobStatus,
    done: int | None = None,
    problem: str | None = None,
) -> bool:
    """Store the progress of a run with an optimistic lock; return whether it is stored."""
    actions: list[Action] = [
        PrintRun.files.set(parts),
        PrintRun.status.set(status),
        PrintRun.done.set((run.quantity if status is JobStatus.COMPLETE else done) or run.done),
    ]
    if problem is not None:
        actions.append(PrintRun.problem.set(problem))
    if status is JobStatus.OPEN:
        due = jobs.due_place(run.job_id)
        actions += PrintRun.due_at(due)
    else:
        actions += [PrintRun.completed_at.set(clock.now()), *PrintRun.not_due()]
    seen = (PrintRun.status == JobStatus.OPEN) & (PrintRun.done == run.done)
    try:
        operations.record(operations.change(keys.organizations.print_run(run.job_id), actions, seen))
    except operations.ConditionFailed as failure:
        # Our own first try may have won and its answer been lost. Its file name is unique to this step.
        found = failure.found(PrintRun)
        return found is not None and (found.files or [])[: len(parts)] == parts
    return True
