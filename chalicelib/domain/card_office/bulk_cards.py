"""Bulk work on cards: up to ten thousand are created, given to a shop, activated or blocked, as a job (D-CRD-03).

The list is stored with the job in its own transaction, five hundred rows an item. A step takes the next few cards, and
writes them together with the job's position in one transaction: a step that is repeated, killed or run twice at once
never does a card twice, and never skips one. A card that the state machine refuses is reported by its line.
"""

import csv
import hashlib
import io
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.domain import idempotency
from chalicelib.domain.approvals import verifications
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.background import jobs
from chalicelib.domain.background.jobs import JobKind, JobProblem, JobProgress, JobResult
from chalicelib.domain.card_office import card_lists, card_states
from chalicelib.domain.card_office.card_lists import BadRow, CardList, CardRow
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.errors import InvalidState, NotFound, Unavailable, ValidationFailed
from chalicelib.identifiers import new_id
from chalicelib.legible import spreadsheet_cell
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Card, CardBatch, CardBatchProblems, CardBatchRows, Item, Job, UnknownCard
from chalicelib.table.operations import Write
from chalicelib.table.places import Key
from chalicelib.table.ranges import Begins
from chalicelib.vocabulary.cards import CardBatchAction, CardStatus
from chalicelib.vocabulary.work import JobStatus

# Rows of one stored item: about 15 KB.
_ROWS_AN_ITEM = 500
# Two writes each, beside the job's position, its problems and the shop: a transaction takes 100 (AWS).
_CARDS_AT_ONCE = 45
# Well within the worker's time-out of 120 s.
_STEP_SECONDS = 50.0
# Problems that the job shows itself; the file has all.
_SHOWN_PROBLEMS = 100
# The bucket deletes its exports after a day (lifecycle rule).
_KEPT = timedelta(days=1)
_LINK_LIFETIME = timedelta(minutes=15)
_FOLDER = "exports/"
_ATTEMPTS = 12
_BECOMES = {CardBatchAction.ACTIVATE: CardStatus.ACTIVE, CardBatchAction.BLOCK: CardStatus.BLOCKED}


class BulkInput(Struct, frozen=True):
    """What is asked for: an action on a list of cards, in JSON or as a CSV."""

    action: CardBatchAction
    cards: Sequence[str] | None = None
    csv: str | bytes | None = None
    merchant_id: str | None = None
    reason: str | None = None


class BulkAccepted(Struct, frozen=True):
    """A started job, and how many rows it will try."""

    job_id: str
    accepted: int


def begin(wanted: BulkInput, *, by: str, operation_id: str) -> BulkAccepted:
    """Store a list of cards and start its job; idempotent by operation, and the same request within ten minutes.

    Raises ValidationFailed, NotFound (the shop), InvalidState (a shop that is not verified), Unavailable.
    """
    _require_shop(wanted)
    listed = card_lists.read(wanted.cards, wanted.csv)
    digest = hashlib.sha256(json.dumps([[row.line, row.uid] for row in listed.rows]).encode())
    digest.update(json.dumps([[row.line, row.said] for row in listed.bad]).encode())
    request = ("cards", wanted.action, wanted.merchant_id, wanted.reason, digest.hexdigest())
    operation_id = jobs.operation_of(operation_id, starter_id=by, request=request)
    job_id = new_id("job")
    job = _job(job_id, wanted, listed, by=by)
    after = {"action": wanted.action, "cards": len(listed.rows), "merchant_id": wanted.merchant_id}
    try:
        acts.commit(
            idempotency.once(operation_id, job_id),
            operations.put(job, CardBatch.pk.does_not_exist()),
            *_stored_rows(job_id, listed, ttl=job.ttl),
            subject=AuditSubject("card", job_id, after=after),
        )
    except operations.ConditionFailed:
        first = operations.get(keys.cards.batch(idempotency.result_of(operation_id) or job_id))
        if first is None:
            raise Unavailable(retry_after=1) from None
        return BulkAccepted(first.job_id, first.accepted)
    jobs.start(job_id)
    logger.info("bulk work on cards begun", extra={"job_id": job_id, "action": wanted.action, "count": job.quantity})
    return BulkAccepted(job_id, job.accepted)


def _require_shop(wanted: BulkInput) -> None:
    is_for_shop = wanted.action in (CardBatchAction.CREATE, CardBatchAction.ASSIGN_MERCHANT)
    if wanted.merchant_id is None:
        if wanted.action is CardBatchAction.ASSIGN_MERCHANT:
            raise ValidationFailed(details=[{"field": "merchant_id", "message": "name the shop that gets the cards"}])
        return
    if not is_for_shop:
        message = f"belongs to create and assign_merchant, not to {wanted.action}"
        raise ValidationFailed(details=[{"field": "merchant_id", "message": message}])
    card_states.require_merchant(wanted.merchant_id)
    verifications.require_verified(wanted.merchant_id)


def _job(job_id: str, wanted: BulkInput, listed: CardList, *, by: str) -> CardBatch:
    now, due = clock.now(), jobs.due_place(job_id)
    return CardBatch(
        *keys.cards.batch(job_id),
        gsi2=due,
        job_id=job_id,
        owner_id=by,
        created_by=by,
        created_at=now,
        status=JobStatus.OPEN,
        quantity=len(listed.rows) + len(listed.bad),
        done=len(listed.bad),
        action=wanted.action,
        merchant_id=wanted.merchant_id,
        reason=wanted.reason,
        accepted=len(listed.rows),
        position=0,
        failed=len(listed.bad),
        problems=[_stored(row) for row in listed.bad[:_SHOWN_PROBLEMS]],
        ttl=int((now + _KEPT * 7).timestamp()),
    )


def _stored_rows(job_id: str, listed: CardList, *, ttl: int | None) -> Iterator[Write]:
    """Yield the writes that store a list: at most twenty items of rows, and as many of bad ones."""
    for number, start in enumerate(range(0, len(listed.rows), _ROWS_AN_ITEM)):
        part = [[row.line, row.uid] for row in listed.rows[start : start + _ROWS_AN_ITEM]]
        yield operations.put(CardBatchRows(*keys.cards.batch_rows(job_id, number), rows=part, ttl=ttl))
    for number, start in enumerate(range(0, len(listed.bad), _ROWS_AN_ITEM)):
        bad = [_stored(row) for row in listed.bad[start : start + _ROWS_AN_ITEM]]
        place = keys.cards.batch_problems(job_id, f"read.{number:05d}")
        yield operations.put(CardBatchProblems(*place, problems=bad, ttl=ttl))


def _stored(row: BadRow) -> list[Any]:
    return [row.line, row.said, row.message]


def result(job: Job) -> JobResult:
    """Return the problems of a job's rows: the first hundred, and the link to a file with all of them."""
    if not isinstance(job, CardBatch):
        return jobs.no_result(job)
    problems = [JobProblem(row=int(line), field="uid", message=message) for line, _, message in job.problems or []]
    if job.file_key is None or clock.now() >= job.created_at + _KEPT:
        return JobResult(errors=problems)
    expires_at = clock.now() + _LINK_LIFETIME
    return JobResult(files.link(job.file_key, lifetime=_LINK_LIFETIME), expires_at, problems)


def progress(job_id: str, *, starter_id: str) -> JobProgress:
    """Return a bulk job to the account that started it. Raises NotFound, also for another kind of job."""
    if not isinstance(operations.get(keys.jobs.job(job_id)), CardBatch):
        raise NotFound("There is no such job.")
    return jobs.show(job_id, {CardBatch: KIND}, starter_id=starter_id)


def run_step(job_id: str) -> bool:
    """Carry out the next rows for a while; return whether some are left. Raises Unavailable."""
    until = time.monotonic() + _STEP_SECONDS
    lost = 0
    while time.monotonic() < until:
        job = operations.get(keys.cards.batch(job_id))
        if job is None or job.status != JobStatus.OPEN:
            return False
        if job.position >= job.accepted:
            _complete(job)
            continue
        if _take(job, _next_rows(job)):
            lost = 0
            continue
        lost += 1
        if lost >= _ATTEMPTS:
            raise Unavailable(retry_after=1)  # the queue delivers the step again
    return True


def _next_rows(job: CardBatch) -> list[CardRow]:
    """Return the next few rows, all of one stored item."""
    number, offset = divmod(job.position, _ROWS_AN_ITEM)
    stored = operations.get(keys.cards.batch_rows(job.job_id, number))
    if stored is None:
        raise Unavailable(retry_after=1)
    return [CardRow(int(line), uid) for line, uid in stored.rows[offset : offset + _CARDS_AT_ONCE]]


def _take(job: CardBatch, rows: Sequence[CardRow]) -> bool:
    """Carry out these rows and move the job's position; return False if something changed after the read."""
    places = [keys.cards.card(row.uid) for row in rows]
    unknown = [keys.cards.unknown_card(row.uid) for row in rows] if job.action == CardBatchAction.CREATE else []
    found = operations.get_many([*places, *unknown])
    writes: list[Write] = []
    bad: list[BadRow] = []
    for row in rows:
        try:
            writes += _of_row(job, row, found)
        except (InvalidState, ValidationFailed, NotFound) as refused:
            bad.append(BadRow(row.line, row.uid, refused.text))
    if job.merchant_id is not None and writes:
        writes.append(verifications.check(job.merchant_id))
    try:
        operations.commit(*_moved_on(job, len(rows), bad), *writes)
    except operations.ConditionFailed:
        if job.merchant_id is not None and writes and not verifications.is_verified(job.merchant_id):
            return _refuse_all(job, rows)
        return False
    return True


def _refuse_all(job: CardBatch, rows: Sequence[CardRow]) -> bool:
    """Report rows whose shop lost its verification since the job began."""
    bad = [BadRow(row.line, row.uid, "The shop is not verified any more.") for row in rows]
    try:
        operations.commit(*_moved_on(job, len(rows), bad))
    except operations.ConditionFailed:
        return False
    return True


def _of_row(job: CardBatch, row: CardRow, found: Mapping[Key, Item]) -> list[Write]:
    """Return the writes of one card, none if it is as it should be. Raises InvalidState, NotFound."""
    card = found.get(keys.cards.card(row.uid))
    if job.action == CardBatchAction.CREATE:
        if isinstance(card, Card):
            raise InvalidState("A card with this UID is known already.")
        unknown = found.get(keys.cards.unknown_card(row.uid))
        new = cards.new_item(CardRegistration(row.uid, status=CardStatus.STOCK, merchant_id=job.merchant_id))
        return cards.registered(new, unknown if isinstance(unknown, UnknownCard) else None)
    if not isinstance(card, Card):
        raise NotFound("There is no card with this UID.")
    if job.action == CardBatchAction.ASSIGN_MERCHANT:
        return _assigned(card, job.merchant_id or "")
    status = _BECOMES[job.action]
    if cards.shown_status(card) is status:
        return []
    return card_states.changing(card, status, reason=job.reason or "Changed in bulk by our staff.")


def _assigned(card: Card, merchant_id: str) -> list[Write]:
    """Return the write that gives a card of the stock to a shop. Raises InvalidState."""
    state = cards.shown_status(card)
    if state is not CardStatus.STOCK or card.customer_id is not None:
        raise InvalidState(f"This card is {state}. Only a card in stock is given to a shop.")
    if card.merchant_id == merchant_id:
        return []
    as_seen = card_states.as_seen(card)
    card.merchant_id = merchant_id
    actions = [*cards.becoming(card, CardStatus.STOCK), Card.merchant_id.set(merchant_id)]
    return [operations.change(keys.cards.card(card.uid), actions, as_seen)]


def _moved_on(job: CardBatch, count: int, bad: Sequence[BadRow]) -> list[Write]:
    """Return the writes that move the job's position behind these rows, and store their problems."""
    after = job.position + count
    shown = [*(job.problems or []), *map(_stored, bad)][:_SHOWN_PROBLEMS]
    actions: list[Action] = [CardBatch.position.set(after), CardBatch.done.add(count)]
    # Its due time follows the progress, at one row item each: an index write costs as much as a card.
    if after % _ROWS_AN_ITEM < count or after >= job.accepted:
        actions += CardBatch.due_at(jobs.due_place(job.job_id))
    if bad:
        actions += [CardBatch.failed.add(len(bad)), CardBatch.problems.set(shown)]
    as_read = (CardBatch.status == JobStatus.OPEN) & (CardBatch.position == job.position)
    moved = operations.change(keys.cards.batch(job.job_id), actions, as_read)
    if not bad:
        return [moved]
    place = keys.cards.batch_problems(job.job_id, f"run.{job.position:05d}")
    return [moved, operations.put(CardBatchProblems(*place, problems=[*map(_stored, bad)], ttl=job.ttl))]


def _complete(job: CardBatch) -> None:
    """Store the file with all problems and close the job; idempotent, also concurrently."""
    over: list[Action] = [
        CardBatch.status.set(JobStatus.COMPLETE),
        CardBatch.completed_at.set(clock.now()),
        *CardBatch.not_due(),
    ]
    if job.failed:
        key = f"{_FOLDER}{job.job_id}/problems.csv"
        files.write(key, _file(job.job_id), content_type="text/csv")
        over.append(CardBatch.file_key.set(key))
    try:
        is_open = CardBatch.status == JobStatus.OPEN
        operations.record(operations.change(keys.cards.batch(job.job_id), over, is_open))
    except operations.ConditionFailed:
        return  # a concurrent step was first
    logger.info("bulk work on cards done", extra={"job_id": job.job_id, "count": job.quantity, "failed": job.failed})


def _file(job_id: str) -> bytes:
    place = keys.cards.batch_problems(job_id, "")
    raws = operations.query(place.pk, Begins(place.sk), consistent=True)
    problems = [problem for raw in raws for problem in CardBatchProblems.from_raw_data(raw).problems]
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(("line", "uid", "problem"))
    for line, said, message in sorted(problems, key=lambda problem: int(problem[0])):
        rows.writerow((int(line), spreadsheet_cell(said), spreadsheet_cell(message)))
    # Excel detects UTF-8 only by the byte order mark.
    return written.getvalue().encode("utf-8-sig")


KIND = JobKind("cards_bulk", run_step, result)
