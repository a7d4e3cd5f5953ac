"""Holds of payouts: money that moves at the payment provider holds the payout of its event (D-PAY-22).

A payout that is scheduled goes on hold while the event has a payment with an open question, and back when it has none.
"""

from collections.abc import Sequence

from chalicelib.clients.bus import Published
from chalicelib.domain.background.changes import Change, every, follows
from chalicelib.domain.payouts import payout_states, settlements
from chalicelib.errors import Unavailable
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import PayoutHold
from chalicelib.vocabulary.payouts import PayoutStatus


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
        payout = payout_states.get(settlement.payout_id)
        if hold is not None and payout.status in (PayoutStatus.SCHEDULED, PayoutStatus.AWAITING_SECOND):
            status = PayoutStatus.ON_HOLD
        elif hold is None and payout.status == PayoutStatus.ON_HOLD and payout.held_by is None:
            status = payout_states.resting_of(payout)
        else:
            return  # it is as it should be, or on its way to the organizer already
        moved = payout_states.change(payout, payout_states.entering(payout, status))
        try:
            operations.commit(moved, settlements.hold_as_read(event_id, hold))
        except operations.ConditionFailed:
            continue  # another payment's question was opened or closed, or staff acted
        logger.info("payout held" if hold is not None else "payout freed", extra={"event_id": event_id})
        return
    raise Unavailable(retry_after=1)
