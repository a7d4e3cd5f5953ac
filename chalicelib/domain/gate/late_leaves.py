"""Leaves that follow from records made without the network: a late record may open, close or undo one.

The ticket keeps all of its passages then (gate/merging.py), and the stream names it with each change. So the list of
leaves follows from their set, as the ticket itself does. A batch that is delivered twice writes the same again.
"""

from collections.abc import Sequence

from chalicelib.domain.events import gate_control
from chalicelib.domain.gate import convergence, leaves, merging
from chalicelib.domain.gate.convergence import Effect
from chalicelib.domain.gate.passages import claim_of, passages
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Passage, Ticket
from chalicelib.vocabulary.gate import Direction, Presence, ScanSource


def may_change(before: Ticket | None, after: Ticket) -> bool:
    """Whether a change of a ticket merged its passages, with a record made without the network among them."""
    is_merged = after.merges is not None and (before is None or before.merges != after.merges)
    return is_merged and any(each.source == ScanSource.OFFLINE for each in passages(after))


def refresh(changed: Ticket) -> None:
    """Write the leaves of a ticket as it is now: a later leave or return may be written already. Raises Unavailable."""
    if not gate_control.control(changed.event_id).facts.re_entry_allowed:
        return
    for _ in retries.attempts():
        ticket = operations.get(changed.place)
        writes = _writes(ticket, passages(ticket)) if ticket is not None else []
        if ticket is None or not writes:
            return
        try:
            operations.commit(operations.check(ticket.place, merging.unchanged(ticket)), *writes)
        except operations.ConditionFailed:
            continue  # somebody has passed since the read
        return
    raise Unavailable(retry_after=1)


def _writes(ticket: Ticket, known: Sequence[Passage]) -> list[operations.Write]:
    """Return one write for each exit: its leave with its return, or none where nobody left by it."""
    settled = convergence.settle(map(claim_of, known))
    exits: dict[str, tuple[Passage, Passage | None] | None] = {}
    last: Passage | None = None
    for passage in sorted(known, key=claim_of):
        effect = settled.effects[claim_of(passage)]
        if effect is Effect.LEAVE:
            last, exits[passage.log_id] = passage, (passage, None)
        elif effect is Effect.RETURN and last is not None:
            exits[last.log_id] = (last, passage)
        elif passage.direction == Direction.EXIT:
            exits[passage.log_id] = None
    if last is not None and settled.presence is Presence.OUTSIDE and not merging.says_where(known, ticket):
        del exits[last.log_id]  # its return is beyond the passages that the ticket keeps
    return [
        leaves.as_settled(ticket, *found)
        if found is not None
        else operations.remove(keys.gate.leave(ticket.event_id, log_id))
        for log_id, found in exits.items()
    ]
