"""What staff do with payouts: approve, hold, release, cancel, retry, and replace one that was cancelled."""

from collections.abc import Callable, Mapping
from datetime import date, datetime

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain import timezones
from chalicelib.domain.approvals import second_person
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.ledger import account_names, debts, journals
from chalicelib.domain.ledger.postings import Posting
from chalicelib.domain.money import Money
from chalicelib.domain.paging import Page
from chalicelib.domain.payouts import payout_states, payouts, settlements
from chalicelib.domain.payouts.payouts import NamedEvent, PayoutAmounts, PayoutLine
from chalicelib.errors import AlreadyExists, InvalidState, NotFound, Unavailable, ValidationFailed
from chalicelib.identifiers import id_of_operation
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import OrganizerDebt, Payout, PayoutHold, Settlement
from chalicelib.table.operations import Write
from chalicelib.vocabulary.events import CancellationRefund
from chalicelib.vocabulary.payouts import PayoutAction, PayoutStatus, PayoutWait

_ATTEMPTS = 20
# The part of an id that follows from its operation alone.
_OF_OPERATION = 16


class StaffPayout(PayoutAmounts, frozen=True):
    """A payout as staff see it, and what its organizer owes now."""

    taken_back: Money
    organizer_owes: Money
    id: str
    settlement_id: str
    event: NamedEvent
    organizer_id: str
    status: PayoutStatus
    lines: list[PayoutLine]
    scheduled_for: date
    paid_at: datetime | None
    reference: str | None
    invoice_number: str
    created_at: datetime
    asked_by: str | None
    needs_second: bool
    approved_by: str | None
    approved_at: datetime | None
    held_by: str | None
    waits_for: PayoutWait | None
    provider: str | None
    attempt: int
    failure_reason: str | None


def show(payout: Payout) -> StaffPayout:
    """Return a stored payout as staff see it."""
    return show_page(Page([payout])).results[0]


def show_page(page: Page[Payout]) -> Page[StaffPayout]:
    """Return a page of payouts as staff see them, at one request for what their organizers owe."""
    owing = debts.of_many((payout.organizer_id, payout.currency) for payout in page.results)
    return page.showing([_shown(payout, owing[payout.organizer_id, payout.currency]) for payout in page.results])


def _shown(payout: Payout, owes: int) -> StaffPayout:
    return StaffPayout(
        **payouts.money_of(payout),
        organizer_owes=Money(owes, payout.currency),
        id=payout.payout_id,
        settlement_id=settlements.settlement_id_of(payout.event_id),
        event=NamedEvent(payout.event_id, payout.event_title),
        organizer_id=payout.organizer_id,
        status=payout.status,
        lines=payouts.lines_of(payout),
        scheduled_for=date.fromisoformat(payout.scheduled_for),
        paid_at=payout.paid_at,
        reference=payout.reference,
        invoice_number=payout.invoice_number,
        created_at=payout.created_at,
        asked_by=payout.asked_by,
        needs_second=bool(payout.needs_second),
        approved_by=payout.approved_by,
        approved_at=payout.approved_at,
        held_by=payout.held_by,
        waits_for=payout.waits_for,
        provider=payout.provider,
        attempt=payout.attempt or 1,
        failure_reason=payout.failure_reason,
    )


def detail(payout_id: str) -> StaffPayout:
    """Return a payout. Raises NotFound."""
    return show(payout_states.get(payout_id))


class _Step(Struct, frozen=True):
    """One act on a payout: the status that it gives, the attributes that it changes, and writes beside it."""

    status: PayoutStatus
    actions: tuple[Action, ...] = ()
    writes: tuple[Write, ...] = ()
    due: datetime | None = None


def act(payout_id: str, action: PayoutAction, *, by: str) -> StaffPayout:
    """Do what a member of staff asks for, and return the payout; one that is done already is only returned.

    Raises NotFound, InvalidState (which names the state), SecondPersonNeeded (one's own approval), Unavailable.
    """
    for _ in retries.attempts(_ATTEMPTS):
        payout = payout_states.get(payout_id)
        step = _STEPS[action](payout, by)
        if step is None:
            return show(payout)
        actions = [*payout_states.entering(payout, step.status, due=step.due), *step.actions]
        changed = AuditSubject(
            "payout", payout_id, before={"status": payout.status}, after={"status": step.status, "action": action}
        )
        try:
            acts.commit(payout_states.change(payout, actions), *step.writes, subject=changed)
        except operations.ConditionFailed:
            continue  # another member of staff, the sweep or the provider was faster
        logger.info("payout changed", extra={"payout_id": payout_id, "action": action, "status": step.status, "by": by})
        return show(payout_states.get(payout_id))
    raise Unavailable(retry_after=1)


def _approve(payout: Payout, by: str) -> _Step | None:
    if payout.approved_by is not None and payout.status != PayoutStatus.CANCELLED:
        return None  # a second approval is answered as the first one was
    if not payout.needs_second or payout.status not in (PayoutStatus.AWAITING_SECOND, PayoutStatus.ON_HOLD):
        raise InvalidState(f"This payout is {payout.status}, so nobody needs to approve it.")
    second_person.require_other(asked_by=payout.asked_by or "", by=by)
    is_held = payout.status == PayoutStatus.ON_HOLD
    signed = (Payout.approved_by.set(by), Payout.approved_at.set(clock.now()))
    return _Step(PayoutStatus.ON_HOLD if is_held else PayoutStatus.SCHEDULED, signed)


def _hold(payout: Payout, by: str) -> _Step | None:
    payout_states.require(payout, *payout_states.UNSENT, verb="held")
    return None if payout.held_by else _Step(PayoutStatus.ON_HOLD, (Payout.held_by.set(by),))


def _release(payout: Payout, by: str) -> _Step | None:  # noqa: ARG001  # one signature for all acts
    if payout.status in (PayoutStatus.SCHEDULED, PayoutStatus.AWAITING_SECOND):
        return None
    payout_states.require(payout, PayoutStatus.ON_HOLD, verb="released")
    hold = settlements.hold_of(payout.event_id)
    freed: tuple[Write, ...] = ()
    if hold is not None:
        # Questions that come later hold it again.
        names = set(hold.payments)
        freed = (operations.change(hold.place, [PayoutHold.payments.delete(names)], PayoutHold.payments == names),)
    return _Step(payout_states.resting_of(payout), (Payout.held_by.remove(),), freed)


def _cancel(payout: Payout, by: str) -> _Step | None:  # noqa: ARG001  # one signature for all acts
    if payout.status == PayoutStatus.CANCELLED:
        return None
    payout_states.require(payout, *payout_states.UNSENT, PayoutStatus.FAILED, verb="cancelled")
    return _Step(PayoutStatus.CANCELLED, (Payout.held_by.remove(), Payout.waits_for.remove()))


def _retry(payout: Payout, by: str) -> _Step | None:  # noqa: ARG001  # one signature for all acts
    now = clock.now()
    if payout.status == PayoutStatus.FAILED:
        again = (Payout.attempt.set((payout.attempt or 1) + 1), Payout.failure_reason.remove())
        return _Step(payout_states.resting_of(payout), again, due=now)
    is_waiting = payout.status == PayoutStatus.SCHEDULED and (payout.waits_for is not None or not payout.is_due)
    if not is_waiting:
        raise InvalidState(f"This payout is {payout.status}, so there is nothing to retry.")
    return _Step(PayoutStatus.SCHEDULED, (Payout.waits_for.remove(),), due=now)


_STEPS: Mapping[PayoutAction, Callable[[Payout, str], _Step | None]] = {
    PayoutAction.APPROVE: _approve,
    PayoutAction.HOLD: _hold,
    PayoutAction.RELEASE: _release,
    PayoutAction.CANCEL: _cancel,
    PayoutAction.RETRY: _retry,
}


def create(settlement_id: str, *, scheduled_for: date | None, by: str, operation_id: str) -> StaffPayout:
    """Pay out a settlement whose payout was cancelled, and return the new payout; idempotent for the operation.

    Raises NotFound, AlreadyExists (it has a payout), InvalidState (nothing to pay out, or given back), ValidationFailed
    (the day).
    """
    event_id = settlements.event_id_of(settlement_id)
    # As in all days of payouts, the day is one of the event's time zone.
    today = timezones.local(clock.now(), payout_states.timezone_of(event_id)).date()
    day = scheduled_for or today
    if day < today:
        raise ValidationFailed(details=[{"field": "scheduled_for", "message": "must not lie in the past"}])
    payout_id = id_of_operation("pto", operation_id)
    for _ in retries.attempts(_ATTEMPTS):
        settlement = settlements.find(event_id)
        if settlement is None:
            raise NotFound("There is no such settlement.")
        if settlement.payout_id is None:
            raise InvalidState("This settlement has no money to pay out.")
        earlier = payout_states.get(settlement.payout_id)
        if earlier.payout_id[-_OF_OPERATION:] == payout_id[-_OF_OPERATION:]:
            return show(earlier)
        if earlier.status != PayoutStatus.CANCELLED:
            raise AlreadyExists(
                f"This settlement has a payout already: {earlier.payout_id}, which is {earlier.status}."
            )
        _require_kept(settlement)
        made, writes = _replacement(earlier, settlement, payout_id, day=day, by=by)
        created = AuditSubject("payout", payout_id, after={"settlement_id": settlement_id, "status": made.status})
        try:
            acts.commit(*writes, subject=created)
        except operations.ConditionFailed:
            continue  # another one was created meanwhile
        logger.info("payout created", extra={"payout_id": payout_id, "event_id": event_id, "by": by})
        return show(payout_states.get(payout_id))
    raise Unavailable(retry_after=1)


def _require_kept(settlement: Settlement) -> None:
    """Raise InvalidState where the event was cancelled after its books closed, and its money given back."""
    known = operations.get(keys.cancellations.cancellation(settlement.event_id))
    if known is None or known.cancelled_at is None or known.refund != CancellationRefund.ALL:
        return
    if known.cancelled_at >= settlement.closed_at:
        raise InvalidState("This event was cancelled after its books closed, and its customers got the money back.")


def _replacement(
    earlier: Payout, settlement: Settlement, payout_id: str, *, day: date, by: str
) -> tuple[Payout, list[Write]]:
    """Return a payout in place of a cancelled one, and the writes that create it; the invoice stays the same."""
    debt = debts.of(earlier.organizer_id, earlier.currency)
    less = debts.deducted(debt, earlier.net)
    net = earlier.net - less
    needs_second = second_person.is_needed(Money(net, earlier.currency))
    is_held = settlements.hold_of(earlier.event_id) is not None
    made = Payout(
        *keys.money.payout(payout_id),
        gsi1=keys.money.organizer_payouts(earlier.organizer_id, payout_id),
        payout_id=payout_id,
        organizer_id=earlier.organizer_id,
        event_id=earlier.event_id,
        event_title=earlier.event_title,
        status=payout_states.resting(needs_second=needs_second, approved_by=None),
        gross=earlier.gross,
        refunds=earlier.refunds,
        platform_fee=earlier.platform_fee,
        taken_back=(int(earlier.taken_back or 0) + less) or None,
        net=net,
        currency=earlier.currency,
        lines=earlier.lines,
        invoice_number=earlier.invoice_number,
        scheduled_for=day.isoformat(),
        asked_by=by,
        needs_second=needs_second or None,
        created_at=clock.now(),
    )
    if not net:
        made.status, made.paid_at = PayoutStatus.PAID, clock.now()  # the organizer owed all of it
    elif is_held:
        made.status = PayoutStatus.ON_HOLD
    elif made.status == PayoutStatus.SCHEDULED:
        made.put_in_gsi2(keys.jobs.due(payout_states.scheduled_moment(made), payout_id))
    # The organizer sees one payout of each event.
    hidden = payout_states.change(earlier, Payout.in_gsi1(None))
    points = [Settlement.payout_id.set(payout_id), Settlement.taken_back.set(int(made.taken_back or 0))]
    return made, [
        operations.put(made, Payout.pk.does_not_exist()),
        operations.change(settlement.place, points, Settlement.payout_id == settlement.payout_id),
        hidden,
        *_taken_back(made, debt, less),
    ]


def _taken_back(made: Payout, debt: OrganizerDebt, less: int) -> list[Write]:
    """Return the writes that take what an organizer owes out of a payout."""
    if not less:
        return []
    posted = journals.post(
        journals.Movement(
            f"jrn_debt_of_{made.payout_id}",
            type="debt",
            currency=made.currency,
            entries=[
                Posting(account_names.payable(made.organizer_id), -less),
                Posting(account_names.owed(made.organizer_id), less),
            ],
            references={"payout_id": made.payout_id, "organizer_id": made.organizer_id},
        )
    )
    return [*posted, *debts.change(debt, -less), settlements.pending(made.organizer_id, -less, made.currency)]
