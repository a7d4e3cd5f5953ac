"""The cancellation of an event: confirmed by a code and the sum that was shown, above a threshold by two people.

One transaction spends the code, marks the event as cancelled, and stores the job that gives the money back. From then
on no gate admits its tickets (within `gate_control.REFRESH_SECONDS`) and nothing of it is sold.
"""

from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain import money
from chalicelib.domain.access.otp import VerifiedCode
from chalicelib.domain.approvals import second_person
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.background import jobs
from chalicelib.domain.cancellations import previews, runs
from chalicelib.domain.cancellations.previews import Preview
from chalicelib.domain.cancellations.runs import RefundProgress
from chalicelib.domain.events import categories, events, gate_control
from chalicelib.domain.money import AmountInput, Money
from chalicelib.domain.payouts import reversals, settlements
from chalicelib.errors import Conflict, InvalidState, NotFound, OtpInvalid, ValidationFailed
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Cancellation, CancellationRun, Event
from chalicelib.table.operations import Write
from chalicelib.vocabulary.events import CancellationRefund, CancellationStatus, EventStatus
from chalicelib.vocabulary.work import JobStatus

# How long a cancellation waits for its second person; after that it is asked for again.
_WAITS = timedelta(hours=24)


class CancellationOrder(Struct, frozen=True):
    """What a member of staff asks for; without a `reason` only a preview is possible."""

    reason: str
    refund: CancellationRefund
    notify: bool
    confirm_code: str
    expected_total: AmountInput


class ShownCancellation(Struct, frozen=True):
    """A cancellation and how far it came; `progress` is None while it waits for a second person."""

    cancellation: Cancellation
    progress: RefundProgress | None


def get(event_id: str) -> ShownCancellation:
    """Return an event's cancellation. Raises NotFound, also for one that nobody confirmed in time."""
    known = operations.get(keys.cancellations.cancellation(event_id))
    if known is None:
        raise NotFound("This event has no cancellation.")
    if _has_lapsed(known):
        hours = int(_WAITS / timedelta(hours=1))
        raise NotFound(f"No second person confirmed this cancellation within {hours} hours. Ask for it again.")
    return _shown(known)


def _has_lapsed(known: Cancellation) -> bool:
    return known.status == CancellationStatus.AWAITING_SECOND and known.asked_at <= clock.now() - _WAITS


def _shown(known: Cancellation) -> ShownCancellation:
    run = operations.get(keys.cancellations.run(known.job_id)) if known.job_id else None
    if run is not None and run.status == JobStatus.COMPLETE:
        known.status = CancellationStatus.COMPLETE
    return ShownCancellation(known, runs.progress(known, run) if run is not None else None)


def cancel(event_id: str, asked: CancellationOrder, *, by: str, address: str, operation_id: str) -> ShownCancellation:
    """Cancel an event, or ask a second person to; the second confirms with a code and the sum of their own.

    Idempotent by operation.

    Raises NotFound, InvalidState (not on sale; paid out; another refund than was asked for), Conflict with a new
    preview (the code is wrong or old, the sum has changed), SecondPersonNeeded, ValidationFailed, Unavailable.
    """
    event, now = events.get(event_id), clock.now()
    known = operations.get(keys.cancellations.cancellation(event_id))
    if known is not None and operation_id in (known.asked_operation, known.confirmed_operation):
        return _shown(known)
    _require_uncancelled(known)
    previews.require_cancellable(event)
    unpaid = require_unpaid(event_id, asked.refund)
    code, preview = _confirmation(event_id, asked, by=by, address=address)
    waiting = known if known is not None and not _has_lapsed(known) else None
    if waiting is not None:
        second_person.require_other(asked_by=waiting.asked_by, by=by)
        _require_same(waiting, asked)
    cancellation = waiting or Cancellation(
        *keys.cancellations.cancellation(event_id),
        event_id=event_id,
        status=CancellationStatus.AWAITING_SECOND,
        refund=asked.refund,
        notify=asked.notify,
        reason=asked.reason,
        tickets=preview.tickets,
        total=preview.total.minor,
        currency=preview.total.currency,
        asked_by=by,
        asked_at=now,
        asked_operation=operation_id,
    )
    as_read = _as_read(known)
    writes: list[Write] = []
    if waiting is not None or not second_person.is_needed(preview.total):
        if waiting is not None:
            cancellation.confirmed_by, cancellation.confirmed_operation = by, operation_id
        writes = _beginning(event, cancellation, preview, at=now)
        if cancellation.refund == CancellationRefund.ALL:
            unpaid = reversals.reversing(event_id) or unpaid
    try:
        code.commit(
            operations.put(cancellation, as_read),
            *unpaid,
            *writes,
            subject=AuditSubject("event", event_id, before={"status": event.status}, after=_audited(cancellation)),
        )
    except OtpInvalid as spent:
        _require_uncancelled(operations.get(keys.cancellations.cancellation(event_id)))
        raise _unconfirmed("The code was used already.", preview) from spent
    except operations.ConditionFailed as failure:
        raise Conflict("This event, or its cancellation, was just changed by others. Look at it again.") from failure
    if cancellation.job_id:
        gate_control.forget()
        categories.forget()
        jobs.start(cancellation.job_id)
    ids = {"event_id": event_id, "job_id": cancellation.job_id, "by": by}
    logger.info("event cancelled" if cancellation.job_id else "cancellation waits for a second person", extra=ids)
    return _shown(cancellation)


def require_unpaid(event_id: str, refund: CancellationRefund) -> list[Write]:
    """Return the condition that what is given back is not paid out as well. Raises InvalidState (D-MONEY-02)."""
    return [settlements.unpaid(event_id)] if refund == CancellationRefund.ALL else []


def _confirmation(event_id: str, asked: CancellationOrder, *, by: str, address: str) -> tuple[VerifiedCode, Preview]:
    """Return the code, unspent, and the preview that it confirms. Raises Conflict with a new preview."""
    expected = _expected(asked)
    code = previews.verify(event_id, asked.confirm_code, by=by, address=address)
    preview = previews.of(event_id)
    if code is None:
        # The same request may have spent it meanwhile.
        _require_uncancelled(operations.get(keys.cancellations.cancellation(event_id)))
        raise _unconfirmed("The code is wrong, or too old.", preview)
    if expected != preview.total:
        raise _unconfirmed("The sum has changed since the preview, or is another one.", preview)
    return code, preview


def _require_uncancelled(known: Cancellation | None) -> None:
    if known is not None and known.status != CancellationStatus.AWAITING_SECOND:
        raise InvalidState("This event is cancelled already. Read its progress.")


def _audited(cancellation: Cancellation) -> dict[str, Any]:
    begun = cancellation.job_id is not None
    return {
        "status": "cancelled" if begun else "awaiting_second",
        "refund": cancellation.refund,
        "notify": cancellation.notify,
        "reason": cancellation.reason,
        "total": {
            "amount": Money(cancellation.total, cancellation.currency).amount,
            "currency": cancellation.currency,
        },
    }


def _expected(asked: CancellationOrder) -> Money:
    currency = config().currency
    total = money.parse(asked.expected_total.amount, currency)
    if total is None or asked.expected_total.currency not in (None, currency):
        problem = {"field": "expected_total", "message": f"must be an amount of {currency}, as the preview names it"}
        raise ValidationFailed(details=[problem])
    return total


def _unconfirmed(why: str, preview: Preview) -> Conflict:
    total = preview.total
    return Conflict(
        f"{why} Nothing was cancelled. It would now be {preview.tickets} tickets and {total.amount} {total.currency}: "
        "look at the preview, and confirm it.",
        extra={"preview": as_wire(preview)},
    )


def as_wire(preview: Preview) -> dict[str, Any]:
    """Return a preview as a refusal carries it."""

    def amount(value: Money | None) -> dict[str, str] | None:
        return None if value is None else {"amount": value.amount, "currency": value.currency}

    ways = [
        {
            "provider": way.provider,
            "tickets": way.tickets,
            "amount": amount(way.amount),
            "balance": amount(way.balance),
            "lacks": amount(way.lacks),
        }
        for way in preview.ways
    ]
    return {"tickets": preview.tickets, "issued": preview.issued, "total": amount(preview.total), "ways": ways}


def _require_same(waiting: Cancellation, asked: CancellationOrder) -> None:
    if (waiting.refund, waiting.notify) != (asked.refund, asked.notify):
        raise InvalidState(
            f"This cancellation was asked for with refund {waiting.refund} and "
            f"{'with' if waiting.notify else 'without'} notices. Confirm the same, or wait until it has lapsed."
        )


def _as_read(known: Cancellation | None) -> Any:
    if known is None:
        return Cancellation.pk.does_not_exist()
    return (Cancellation.status == CancellationStatus.AWAITING_SECOND) & (Cancellation.asked_at == known.asked_at)


def _beginning(event: Event, cancellation: Cancellation, preview: Preview, *, at: datetime) -> list[Write]:
    """Return the writes that cancel the event and store the job, and complete the cancellation itself."""
    job_id = new_id("job")
    cancellation.status = CancellationStatus.RUNNING
    cancellation.job_id, cancellation.cancelled_at = job_id, at
    cancellation.tickets, cancellation.total = preview.tickets, preview.total.minor
    run = CancellationRun(
        *keys.cancellations.run(job_id),
        gsi2=jobs.due_place(job_id),
        job_id=job_id,
        owner_id=event.organizer_id or event.event_id,
        status=JobStatus.OPEN,
        quantity=preview.tickets,
        created_by=cancellation.asked_by,
        created_at=at,
        event_id=event.event_id,
        refund=cancellation.refund,
        cancelled_at=at,
        pass_began_at=at,
    )
    actions = [Event.status.set(EventStatus.CANCELLED), Event.refunds_open.set(True), Event.version.add(1)]
    if not cancellation.notify:
        actions.append(Event.cancelled_quietly.set(True))
    if cancellation.refund == CancellationRefund.NONE:
        actions.append(Event.money_kept.set(True))
    return [
        operations.change(keys.events.event(event.event_id), actions, Event.status == event.status),
        operations.put(run, CancellationRun.pk.does_not_exist()),
    ]
