"""Holds of payouts: money that moves at the payment provider holds the payout of its event (D-PAY-22).

A payout that is scheduled goes on hold while the event has a payment with an open question, and back when it has none.
"""

from collections.abc import Sequence

from chalicelib.clients.bus import Published
from chalicelib.domain.changes import Change, every, follows
from chalicelib.domain.payouts import settlements
from chalicelib.errors import InvalidState, NotFound
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Payout, PayoutHold
from chalicelib.vocabulary import PayoutStatus


@follows(*every(PayoutHold))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Hold and free the payouts of the events whose holds changed; idempotent."""
    for event_id in dict.fromkeys(change.after.event_id for change in changes if isinstance(change.after, PayoutHold)):
        _apply(event_id)
    return []


def _apply(event_id: str) -> None:
    settlement = operations.get(keys.money.settlement(event_id))
    if settlement is None or settlement.payout_id is None:
        return  # its settlement will read the hold
    for _ in retries.attempts():
        hold = settlements.hold_of(event_id)
        is_held = hold is not None
        before, after = PayoutStatus.SCHEDULED, PayoutStatus.ON_HOLD
        if not is_held:
            before, after = after, before
        payout = keys.money.payout(settlement.payout_id)
        try:
            operations.commit(
                operations.change(payout, [Payout.status.set(after)], Payout.status == before),
                settlements.hold_as_read(event_id, hold),
            )
        except operations.ConditionFailed as failure:
            if 0 in failure.failures:
                return  # it is as it should be, or on its way to the organizer already
            continue  # another payment's question was opened or closed
        logger.info("payout held" if is_held else "payout freed", extra={"event_id": event_id})
        return


def release(event_id: str, *, by: str) -> None:
    """Free an event's payout in spite of its open questions; idempotent, and later questions hold it again.

    Raises NotFound (no settlement with a payout), InvalidState (nothing holds it). For the staff's portal, which is
    not built yet.
    """
    settlement = operations.get(keys.money.settlement(event_id))
    if settlement is None or settlement.payout_id is None:
        raise NotFound("This event has no payout.")
    hold = settlements.hold_of(event_id)
    if hold is None:
        raise InvalidState("Nothing holds the payout of this event.")
    names = set(hold.payments)
    operations.record(operations.change(hold.place, [PayoutHold.payments.delete(names)], PayoutHold.pk.exists()))
    logger.info("payout released", extra={"event_id": event_id, "by": by, "count": len(names)})
