"""The states of a payout, and the writes that move it from one to another.

`awaiting_second` or `scheduled` → `processing` → `paid` or `failed`. Before that it may be `on_hold` or `cancelled`.
A payout is due for the sweep exactly while it is `scheduled` or `processing`.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain import timezones
from chalicelib.errors import InvalidState, NotFound
from chalicelib.table import keys, operations
from chalicelib.table.items import Payout
from chalicelib.table.operations import Write
from chalicelib.vocabulary.payouts import PayoutStatus

# Not sent to the provider yet, so that nothing can have been paid.
UNSENT = (PayoutStatus.AWAITING_SECOND, PayoutStatus.SCHEDULED, PayoutStatus.ON_HOLD)


def get(payout_id: str) -> Payout:
    """Return a payout. Raises NotFound."""
    payout = operations.get(keys.money.payout(payout_id))
    if payout is None:
        raise NotFound("There is no such payout.")
    return payout


def sends_nothing(payout: Payout) -> bool:
    """Whether a payout sends no money: staff have cancelled it, or all of it was deducted for what is owed."""
    return payout.status == PayoutStatus.CANCELLED or not payout.net


def resting(*, needs_second: bool, approved_by: str | None) -> PayoutStatus:
    """Return the status of a payout that nobody holds and that is not sent yet."""
    return PayoutStatus.AWAITING_SECOND if needs_second and approved_by is None else PayoutStatus.SCHEDULED


def resting_of(payout: Payout) -> PayoutStatus:
    """Return the status that a payout has when nothing holds it any more."""
    return resting(needs_second=bool(payout.needs_second), approved_by=payout.approved_by)


def scheduled_moment(payout: Payout) -> datetime:
    """Return when a scheduled payout is due: as its day begins in the event's time zone, or now where it has begun."""
    zone = timezones.zone(timezone_of(payout.event_id))
    begins = datetime.combine(date.fromisoformat(payout.scheduled_for), time(), zone)
    return max(begins.astimezone(UTC), clock.now())


def timezone_of(event_id: str) -> str:
    """Return the time zone that the days of an event's payouts are of."""
    event = operations.get(keys.events.event(event_id))
    return event.timezone if event is not None else "UTC"


def entering(payout: Payout, status: PayoutStatus, *, due: datetime | None = None) -> list[Action]:
    """Return the actions that give a payout a status; `due` is when the sweep looks at it next."""
    if due is None and status is PayoutStatus.SCHEDULED:
        due = scheduled_moment(payout)
    in_sweep = Payout.not_due() if due is None else Payout.due_at(keys.jobs.due(due, payout.payout_id))
    return [Payout.status.set(status), *in_sweep]


def change(payout: Payout, actions: Sequence[Action]) -> Write:
    """Return the write that changes a payout, on the condition that it is as it was read."""
    revised = Payout.revision.set((payout.revision or 0) + 1)
    return operations.change(keys.money.payout(payout.payout_id), [*actions, revised], as_read(payout))


def as_read(payout: Payout) -> Condition:
    """Return the condition that a payout is unchanged since it was read."""
    known = payout.revision
    same = Payout.revision.does_not_exist() if known is None else Payout.revision == known
    as_seen: Condition = (Payout.status == payout.status) & same
    return as_seen


def require(payout: Payout, *allowed: PayoutStatus, verb: str) -> None:
    """Raise InvalidState, which names the state, unless a payout is in one of these."""
    if payout.status not in allowed:
        raise InvalidState(f"This payout is {payout.status}, so it cannot be {verb}.")
