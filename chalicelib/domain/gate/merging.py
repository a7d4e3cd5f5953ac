"""A late claim meets a ticket that was used before: both are put in order, in one transaction.

The ticket keeps all of its passages from then on, a bounded number. Its admission, its last passage and where its
bearer is follow from their set (`convergence`), never from the order in which they arrived. The log entry of each
passage whose effect changed is changed in the same transaction.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.domain.gate import conflicts, convergence
from chalicelib.domain.gate.convergence import Claim, Effect, Settled
from chalicelib.domain.gate.passages import claim_of, passages, record_of
from chalicelib.table import keys, operations
from chalicelib.table.items import Passage, Scan, Ticket
from chalicelib.table.operations import Write
from chalicelib.table.places import Place
from chalicelib.vocabulary.gate import ConflictKind, Direction, ScanResult

# The item stays under 16 KB with so many. Those that a full history has no room for are the latest ones.
MOST_PASSAGES = 40


class Arrival(Struct, frozen=True, kw_only=True):
    """A claim that arrives: its passage, what the gate showed, and whether its device was revoked meanwhile.

    `may_return`: the event allows re-entry.
    """

    passage: Passage
    shown: ScanResult | None = None
    is_late: bool = False
    may_return: bool = True
    # Its log entry, where the platform had refused it online: the gate did not get that answer.
    refused: Scan | None = None


def unchanged(ticket: Ticket) -> Condition:
    """Return the condition that nothing that decides about a claim changed on a ticket since it was read."""
    same: Condition = (Ticket.status == ticket.status) & (Ticket.credential == ticket.credential)
    for attribute, known in ((Ticket.admission, ticket.admission), (Ticket.passage, ticket.passage)):
        same = same & (attribute.does_not_exist() if known is None else attribute.log_id == known.log_id)
    merges: Condition = Ticket.merges.does_not_exist()
    if ticket.merges is not None:
        merges = Ticket.merges == ticket.merges
    same &= merges
    return same


def remembering(ticket: Ticket, passage: Passage) -> list[Action]:
    """Return the actions that add an online leave or return to a ticket's passages."""
    known = passages(ticket)
    if not known:
        return []
    if len(known) >= MOST_PASSAGES:
        return [Ticket.merges.add(1)]
    return [Ticket.history.set([*known, passage]), Ticket.merges.add(1)]


def merge(ticket: Ticket, arrival: Arrival) -> Effect | None:
    """Write a claim and its log entry, with all that it changes, and bring `ticket` up to date.

    None: something changed meanwhile, so read again.
    """
    known = passages(ticket)
    before = convergence.settle(map(claim_of, known))
    kept = sorted([*known, arrival.passage], key=claim_of)[:MOST_PASSAGES]
    after = convergence.settle(map(claim_of, kept))
    mine = claim_of(arrival.passage)
    effect = after.effects.get(mine) or (Effect.NOTHING if mine.direction is Direction.EXIT else Effect.DOUBLE)
    changed = [
        each for each in known if after.effects.get(claim_of(each)) not in (None, before.effects[claim_of(each)])
    ]
    entries = [*_entry(ticket, arrival, effect), *_changed_entries(ticket, changed, after, arrival)]
    same = unchanged(ticket)
    settled = _settled(ticket, after, kept)
    try:
        operations.commit(operations.change(keys.tickets.ticket(ticket.ticket_id), settled, same), *entries)
    except operations.ConditionFailed:
        return None
    return effect


def says_where(kept: Sequence[Passage], ticket: Ticket) -> bool:
    """Whether these passages of a ticket say where its bearer is: a full history has no room for the last move."""
    last = ticket.passage
    return last is None or any(each.log_id == last.log_id for each in kept)


def _settled(ticket: Ticket, after: Settled, kept: Sequence[Passage]) -> list[Action]:
    """Bring a ticket to what its passages say, and return the actions that write that."""
    by_claim = {claim_of(each): each for each in kept}
    ticket.admission = by_claim[after.admission] if after.admission else None
    if says_where(kept, ticket):
        ticket.presence = after.presence
        ticket.passage = by_claim[after.last_move] if after.last_move else None
    ticket.contested, ticket.history, ticket.merges = True, list(kept), (ticket.merges or 0) + 1
    parts: list[tuple[Any, Any]] = [
        (Ticket.presence, ticket.presence),
        (Ticket.admission, ticket.admission),
        (Ticket.passage, ticket.passage),
    ]
    return [
        *(attribute.remove() if value is None else attribute.set(value) for attribute, value in parts),
        Ticket.contested.set(True),
        Ticket.history.set(ticket.history),
        Ticket.merges.set(ticket.merges),
    ]


def _entry(ticket: Ticket, arrival: Arrival, effect: Effect) -> list[Write]:
    record = record_of(ticket, arrival.passage, effect)
    record.shown, record.late = arrival.shown, arrival.is_late or None
    record.conflict = _conflict(effect, is_late=arrival.is_late, may_return=arrival.may_return)
    writes = [operations.put(record, Scan.pk.does_not_exist())]
    if arrival.refused is not None:
        writes = [_overruled(arrival.refused, record)]
    return writes if record.conflict is None else [*writes, conflicts.address(record, is_conflict=True)]


def _overruled(refused: Scan, record: Scan) -> Write:
    """Return the write that makes the log entry of a refusal that of the passage which took place."""
    actions: list[Action] = [
        Scan.result.set(ScanResult.VALID),
        Scan.reason.remove(),
        Scan.first_scan.remove(),
        Scan.shown.set(record.shown),
        Scan.scanned_at.set(record.scanned_at),
        Scan.revision.add(1),
        Scan.projected.remove(),
    ]
    parts: list[tuple[Any, Any]] = [
        (Scan.ticket_id, record.ticket_id),
        (Scan.first_entry, record.first_entry),
        (Scan.idle, record.idle),
        (Scan.conflict, record.conflict),
        (Scan.correction, record.correction),
        (Scan.seq, record.seq),
        (Scan.via, record.via),
        (Scan.late, record.late),
    ]
    for attribute, value in parts:
        actions.append(attribute.remove() if value is None else attribute.set(value))
    return operations.change(refused.place, actions, Scan.pk.exists() & Scan.shown.does_not_exist())


def is_double(effect: Effect, *, may_return: bool) -> bool:
    """Whether a claim let somebody in whom the rule would have refused: inside already, or gone out for good."""
    return effect is Effect.DOUBLE or (effect is Effect.RETURN and not may_return)


def _conflict(effect: Effect, *, is_late: bool, may_return: bool) -> str | None:
    if is_double(effect, may_return=may_return):
        return ConflictKind.DOUBLE_ADMISSION
    return ConflictKind.AFTER_REVOCATION if is_late else None


def _changed_entries(ticket: Ticket, changed: Sequence[Passage], after: Settled, arrival: Arrival) -> Iterable[Write]:
    """Return the writes of the log entries of passages whose effect changed.

    The entry of a first admission follows from the stream, so it may not be there yet. It is written here then, and
    the stream finds it.
    """
    records = [record_of(ticket, each, after.effects[claim_of(each)]) for each in changed]
    places: list[Place[Scan]] = [record.place for record in records]
    found = operations.get_many(places) if places else {}
    for record in records:
        stored = found.get(record.place)
        effect = after.effects[Claim(record.scanned_at, record.scan_id, record.principal_id, record.direction)]
        is_late = bool(stored is not None and stored.late)
        record.conflict = _conflict(effect, is_late=is_late, may_return=arrival.may_return)
        if stored is None:
            yield operations.put(record, Scan.pk.does_not_exist())
        else:
            actions = [
                Scan.first_entry.set(record.first_entry),
                Scan.idle.set(record.idle) if record.idle else Scan.idle.remove(),
                Scan.conflict.set(record.conflict) if record.conflict else Scan.conflict.remove(),
                Scan.revision.add(1),
                Scan.projected.remove(),
            ]
            if not record.first_entry:
                actions[0] = Scan.first_entry.remove()
            yield operations.change(stored.place, actions, Scan.pk.exists())
        if record.conflict is not None or (stored is not None and stored.conflict is not None):
            yield conflicts.address(record, is_conflict=record.conflict is not None)
