"""The job of a cancellation: it refunds every ticket once, and counts what is done, what waits and what failed.

It goes over the event's paid orders in passes. A pass refunds what is not refunded yet and counts the rest, so a sale
that a cancellation overtook, or a pass that was killed, needs no special case. A slice stores how far it came together
with its sums, under an optimistic lock, so a repeated slice counts once. The run is complete when a whole pass that
began `SETTLED_AFTER` the cancellation finds nothing that waits for its turn or for a provider's balance.

Sums of money come from the journal: what the orders paid, what refunds returned, and what was kept.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.domain.background import jobs
from chalicelib.domain.background.changes import Change, every, follows
from chalicelib.domain.background.jobs import JobProblem, JobResult
from chalicelib.domain.cancellations import withdrawals
from chalicelib.domain.cancellations.withdrawals import NoRefund, Sale
from chalicelib.domain.ledger import account_names
from chalicelib.domain.money import Money
from chalicelib.domain.payments import refunds, returns
from chalicelib.errors import Unavailable
from chalicelib.observability import in_this_context, logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import (
    Cancellation,
    CancellationRun,
    Event,
    Job,
    Journal,
    Order,
    Payment,
    PayoutHold,
    RefundRequest,
    Ticket,
)
from chalicelib.table.ranges import Between
from chalicelib.vocabulary.events import CancellationRefund
from chalicelib.vocabulary.payments import PaymentMethod
from chalicelib.vocabulary.tickets import RefundRequestStatus, TicketStatus
from chalicelib.vocabulary.work import JobStatus

# A payment that was being settled at the moment of the cancellation ends within this time, and indexes have caught up.
SETTLED_AFTER = timedelta(minutes=1)
# Between passes while something waits; the queue's longest pause is 15 minutes.
_PAUSES = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=5), timedelta(minutes=10))
# Orders of one slice, which ends within the worker's time; and how many are refunded at the same time.
_SLICE, _HANDS = 60, 8
# Tickets that need staff are named up to here; all are counted.
_MOST_PROBLEMS = 50
IN_PROGRESS, DISPUTED, FAILED_AT_PROVIDER = "in_progress", "disputed", "refund_failed"


class TicketProblem(Struct, frozen=True):
    """A ticket that waits or failed, and why."""

    ticket_id: str
    reason: str


class RefundProgress(Struct, frozen=True):
    """How far a cancellation came. `paid` is `refunded` and `kept`, all from the journal; `pending` is part of
    `refunded`: it is owed, and not paid back yet.
    """

    total: int
    done: int
    waiting: int
    failed: int
    reasons: Mapping[str, int]
    problems: Sequence[TicketProblem]
    paid: Money
    refunded: Money
    kept: Money
    pending: Money


def progress(cancellation: Cancellation, run: CancellationRun) -> RefundProgress:
    """Return how far a run came: as its last whole pass counted, or so far in its first one."""
    sums = Counter({name: int(value) for name, value in (run.shown or run.sums).items() if name != "problems"})
    problems = (run.shown or run.sums).get("problems", [])
    tickets = max(sums["tickets"], cancellation.tickets if run.shown is None else 0)

    def amount(name: str) -> Money:
        return Money(sums[name], cancellation.currency)

    return RefundProgress(
        total=tickets,
        done=sums["done"],
        waiting=tickets - sums["done"] - sums["failed"],
        failed=sums["failed"],
        reasons={name.partition(":")[2]: count for name, count in sorted(sums.items()) if name.startswith("why:")},
        problems=[TicketProblem(*each) for each in problems],
        paid=amount("paid"),
        refunded=amount("refunded"),
        kept=amount("kept"),
        pending=amount("pending"),
    )


def result(job: Job) -> JobResult:
    """Return what a run reports as a job: the tickets that wait or failed."""
    if not isinstance(job, CancellationRun):
        return JobResult()
    problems = (job.shown or job.sums).get("problems", [])
    return JobResult(errors=[JobProblem(row, f"{ticket}: {why}") for row, (ticket, why) in enumerate(problems, 1)])


def run_step(job_id: str) -> timedelta | bool:
    """Refund and count the next orders of a run; return the pause before the next step, False after the last."""
    run = operations.get(keys.cancellations.run(job_id))
    if run is None or run.status != JobStatus.OPEN:
        return False
    early = run.pass_began_at - clock.now()
    if early > timedelta(0):
        return min(early, _PAUSES[-1])  # a message of an earlier pass, or a repeated one
    partitions = keys.sale.event_order_partitions(run.event_id)
    if run.shard >= len(partitions):
        return _end_pass(run)
    raws = operations.query(partitions[run.shard], Between((run.after or "") + "!", "~"), index="gsi2", limit=_SLICE)
    orders = list(operations.get_many(operations.places_of(Order, raws)).values())
    sums = _handled(run, orders)
    further: list[Action] = [CancellationRun.after.set(raws[-1]["gsi2sk"]["S"])] if raws else []
    if len(raws) < _SLICE:
        further = [CancellationRun.shard.set(run.shard + 1), CancellationRun.after.remove()]
    counted = _added(run.sums, sums)
    done = max(int(run.done or 0), counted["done"])
    due = CancellationRun.due_at(jobs.due_place(job_id))
    _enter(run, [*further, CancellationRun.sums.set(counted), CancellationRun.done.set(done), *due])
    return True


def _added(before: Mapping[str, Any], sums: Mapping[str, Any]) -> dict[str, Any]:
    both = {name: before.get(name, 0) + sums.get(name, 0) for name in {*before, *sums} - {"problems"}}
    return {
        **both,
        "problems": [*before.get("problems", []), *sums.get("problems", [])][:_MOST_PROBLEMS],
        "done": both.get("done", 0),
    }


def _end_pass(run: CancellationRun) -> timedelta | bool:
    """End a pass: the run is complete, or begins another one after a pause."""
    now, sums = clock.now(), dict(run.sums)
    is_settled = run.pass_began_at >= max(run.cancelled_at + SETTLED_AFTER, run.moved_at or run.cancelled_at)
    waits = sums.get("tickets", 0) - sums.get("done", 0) - sums.get("failed", 0) - sums.get(f"why:{DISPUTED}", 0)
    shown: list[Action] = [CancellationRun.shown.set(sums), CancellationRun.done.set(sums.get("done", 0))]
    if is_settled and not waits:
        over = [
            *shown,
            CancellationRun.status.set(JobStatus.COMPLETE),
            CancellationRun.completed_at.set(now),
            CancellationRun.quantity.set(sums.get("tickets", 0)),
            *CancellationRun.not_due(),
        ]
        closed = operations.change(keys.events.event(run.event_id), [Event.refunds_open.remove()])
        if _enter(run, over, closed):
            logger.info(
                "cancellation complete", extra={"job_id": run.job_id, "event_id": run.event_id, **_counts(sums)}
            )
        return False
    pause = SETTLED_AFTER if not is_settled and not waits else _PAUSES[min(run.passes, len(_PAUSES) - 1)]
    again = [
        *shown,
        CancellationRun.passes.set(run.passes + 1),
        CancellationRun.shard.set(0),
        CancellationRun.after.remove(),
        CancellationRun.sums.set({}),
        CancellationRun.pass_began_at.set(now + pause),
        CancellationRun.quantity.set(sums.get("tickets", 0)),
        *CancellationRun.due_at(keys.jobs.due(now + pause + jobs.PATIENCE, run.job_id)),
    ]
    _enter(run, again)
    return pause


def _counts(sums: Mapping[str, Any]) -> dict[str, int]:
    return {name: sums.get(name, 0) for name in ("tickets", "done", "failed", "paid", "refunded", "kept")}


def _enter(run: CancellationRun, actions: Sequence[Action], *others: operations.Write) -> bool:
    """Store how far a run came, unless a concurrent step has; return whether this call did."""
    after = CancellationRun.after == run.after if run.after else CancellationRun.after.does_not_exist()
    as_read = (CancellationRun.status == JobStatus.OPEN) & (CancellationRun.shard == run.shard) & after
    as_read &= CancellationRun.passes == run.passes
    moved = run.moved_at
    as_read &= CancellationRun.moved_at.does_not_exist() if moved is None else CancellationRun.moved_at == moved
    try:
        operations.commit(operations.change(keys.cancellations.run(run.job_id), actions, as_read), *others)
    except operations.ConditionFailed:
        logger.info("a concurrent step of the run was first", extra={"job_id": run.job_id})
        return False
    return True


@follows(*every(PayoutHold))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Have the runs count again whose refunds the provider settled otherwise meanwhile; idempotent."""
    for event_id in dict.fromkeys(change.after.event_id for change in changes if isinstance(change.after, PayoutHold)):
        _count_again(event_id)
    return []


@follows(*every(RefundRequest))
def follow_answers(changes: Sequence[Change]) -> list[Published]:
    """Have runs without refunds count again, and void refused tickets, once staff answer a request; idempotent."""
    answered = [
        change.after.event_id
        for change in changes
        if isinstance(change.after, RefundRequest) and change.after.status not in refunds.OPEN
        if isinstance(change.before, RefundRequest) and change.before.status in refunds.OPEN
    ]
    for event_id in dict.fromkeys(answered):
        _count_again(event_id, of=(CancellationRefund.NONE,))
    return []


def _count_again(event_id: str, *, of: Collection[CancellationRefund] = tuple(CancellationRefund)) -> None:
    """Note that a dispute or a refund of a cancelled event moved, and open its run if it is complete."""
    known = operations.get(keys.cancellations.cancellation(event_id))
    if known is None or known.job_id is None or known.refund not in of:
        return
    place, now = keys.cancellations.run(known.job_id), clock.now()
    reopened: list[Action] = [
        CancellationRun.status.set(JobStatus.OPEN),
        CancellationRun.completed_at.remove(),
        CancellationRun.revivals.remove(),
        CancellationRun.shard.set(0),
        CancellationRun.after.remove(),
        CancellationRun.sums.set({}),
        CancellationRun.pass_began_at.set(now),
        *CancellationRun.due_at(jobs.due_place(known.job_id)),
    ]
    for _ in retries.attempts():
        run = operations.get(place)
        if run is None:
            return
        is_over = run.status == JobStatus.COMPLETE
        moved = [CancellationRun.moved_at.set(now), *(reopened if is_over else ())]
        try:
            operations.record(operations.change(place, moved, CancellationRun.status == run.status))
        except operations.ConditionFailed:
            continue  # it was completed, or opened again, after the read
        if is_over:
            logger.info("refunds of a cancellation counted again", extra={"job_id": run.job_id, "event_id": event_id})
            jobs.start(run.job_id)
        return
    raise Unavailable(retry_after=1)


def _handled(run: CancellationRun, orders: Sequence[Order]) -> dict[str, Any]:
    """Refund what is left of these orders, and return their sums."""
    places = [keys.tickets.ticket(line["ticket_id"]) for order in orders for line in order.tickets]
    tickets = {one.ticket_id: one for one in operations.get_many(places).values()}

    valid = {ticket_id for ticket_id, ticket in tickets.items() if ticket.status == TicketStatus.VALID}
    open_orders = [order for order in orders if any(line["ticket_id"] in valid for line in order.tickets)]
    sold = withdrawals.sales(run.event_id, open_orders) if open_orders and run.refund == CancellationRefund.ALL else {}

    def refund(order: Order) -> dict[str, str]:
        lines = [line["ticket_id"] for line in order.tickets]
        found = [tickets[ticket_id] for ticket_id in lines if ticket_id in tickets]
        return _withdrawn(run, order, found, sold.get(order.order_id))

    refused: dict[str, str] = {}
    if len(orders) > 1:
        with ThreadPoolExecutor(_HANDS) as hands:
            for found in hands.map(in_this_context(refund), orders):
                refused |= found
    else:
        for order in orders:
            refused |= refund(order)
    return _counted(run, orders, refused)


def _withdrawn(run: CancellationRun, order: Order, tickets: Sequence[Ticket], sale: Sale | None) -> dict[str, str]:
    """Withdraw the tickets of an order, one after the other; return why some could not be, by ticket."""
    refused = {}
    for ticket in tickets:
        if ticket.status != TicketStatus.VALID:
            continue
        try:
            if run.refund == CancellationRefund.ALL:
                # Each refund changes the payment, so the next one reads it.
                sale, as_read = None, sale
                withdrawals.refund(ticket, order, by=run.created_by, sale=as_read)
            else:
                withdrawals.void(ticket.ticket_id)
        except NoRefund as reason:
            refused[ticket.ticket_id] = str(reason)
    return refused


class _Sale(Struct, frozen=True):
    """What the table knows of some orders after their tickets were withdrawn."""

    payments: Mapping[str, Payment]
    tickets: Mapping[str, Ticket]
    requests: Mapping[str, RefundRequest]
    journals: Mapping[str, Journal]


def _read(orders: Sequence[Order]) -> _Sale:
    payments = {
        payment.payment_id: payment
        for payment in operations.get_many([keys.money.payment(order.payment_id) for order in orders]).values()
    }
    lines = [line["ticket_id"] for order in orders for line in order.tickets]
    granted = [
        (refund_id, grant["ticket_id"])
        for payment in payments.values()
        for refund_id, grant in (payment.granted or {}).items()
    ]
    names = [f"jrn_charge_{payment_id}" for payment_id in payments] + [f"jrn_refund_{name}" for name, _ in granted]
    return _Sale(
        payments=payments,
        tickets={one.ticket_id: one for one in operations.get_many(map(keys.tickets.ticket, lines)).values()},
        requests={
            one.refund_id: one
            for one in operations.get_many(
                [keys.tickets.refund_request(ticket_id, refund_id) for refund_id, ticket_id in granted]
            ).values()
        },
        journals={one.journal_id: one for one in operations.get_many(map(keys.money.journal, names)).values()},
    )


def _counted(run: CancellationRun, orders: Sequence[Order], refused: Mapping[str, str]) -> dict[str, Any]:
    """Return the sums of some orders: their tickets by what became of them, and their money from the journal."""
    sale, sums, problems = _read(orders), Counter[str](), []
    for order in orders:
        payment = sale.payments.get(order.payment_id)
        granted = (payment.granted if payment else None) or {}
        refund_of = {grant["ticket_id"]: refund_id for refund_id, grant in granted.items()}
        for line in order.tickets:
            ticket_id = line["ticket_id"]
            request = sale.requests.get(refund_of.get(ticket_id, ""))
            reason, has_failed = _standing(sale.tickets.get(ticket_id), request, payment, refused.get(ticket_id))
            sums["tickets"] += 1
            sums["failed" if has_failed else "waiting" if reason else "done"] += 1
            if reason:
                sums[f"why:{reason}"] += 1
                problems.append([ticket_id, reason])
            if reason and request is not None:
                sums["pending"] += request.amount
        if payment is not None:
            sums.update(_money(run.event_id, sale.journals, payment, granted))
    return {**sums, "problems": problems[:_MOST_PROBLEMS]}


def _standing(
    ticket: Ticket | None, request: RefundRequest | None, payment: Payment | None, refused: str | None
) -> tuple[str | None, bool]:
    """Return why a ticket is not done yet, if it is not, and whether that needs staff."""
    if refused is not None:
        return refused, True
    if ticket is not None and ticket.status == TicketStatus.VALID:
        return IN_PROGRESS, False
    if request is None or payment is None or payment.method == PaymentMethod.WALLET:
        return None, False
    if request.status == RefundRequestStatus.REFUNDED:
        failed = _failed_at_provider(payment, request.refund_id)
        return (FAILED_AT_PROVIDER, True) if failed else (None, False)
    if returns.standing(payment.moves).is_disputed:
        return DISPUTED, False
    return request.waits_for or IN_PROGRESS, False


def _failed_at_provider(payment: Payment, refund_id: str) -> bool:
    has_failed = any("failed" in move["words"] for move in returns.made_for(payment, refund_id).values())
    # One that failed may have been made again, by staff or at the provider.
    return has_failed and returns.undelivered(payment) > 0


def _money(
    event_id: str, journals: Mapping[str, Journal], payment: Payment, granted: Mapping[str, Any]
) -> dict[str, int]:
    """Return what an order paid, what was returned of it and what was kept, each from other entries of its journals."""
    charge = journals.get(f"jrn_charge_{payment.payment_id}")
    given = [journals[name] for name in (f"jrn_refund_{refund_id}" for refund_id in granted) if name in journals]
    ours = (account_names.sales(event_id), account_names.FEES)

    def sum_of(journal: Journal, *, is_ours: bool) -> int:
        return sum(int(entry["amount"]) for entry in journal.entries if (entry["account"] in ours) is is_ours)

    paid = -sum_of(charge, is_ours=False) if charge else 0
    refunded = sum(sum_of(journal, is_ours=False) for journal in given)
    kept = sum(sum_of(journal, is_ours=True) for journal in [*([charge] if charge else []), *given])
    return {"paid": paid, "refunded": refunded, "kept": kept}
