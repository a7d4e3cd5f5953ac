"""Visits: the events that a customer holds valid tickets for or attended, a projection of the table's stream.

Each update recomputes the valid tickets from the stored tickets, on condition that these have not changed (optimistic
lock). So repeated, late or reordered stream records converge to the stored tickets. Attendance is marked on the visit
in the transaction that counts it.

Question 93 finds whom to notify of an event: who holds valid tickets of it, and who lost them by its cancellation,
since refunds overtake its notices.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.background.changes import Change
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import CustomerTotals, Event, Ticket, Visit
from chalicelib.table.operations import Write
from chalicelib.table.ranges import Between
from chalicelib.vocabulary.events import EventStatus
from chalicelib.vocabulary.tickets import TicketStatus

# Two writes each; a transaction takes 100 (AWS).
_VISITS_PER_TRANSACTION = 40
_TICKETS_PER_TRANSACTION = 90
# Bounds the read; customers hold tickets of fewer upcoming events.
_AHEAD_AT_MOST = 100
# An event that was cancelled may be archived while its customers are notified.
_CALLED_OFF = (EventStatus.CANCELLED, EventStatus.ARCHIVED)
_LOST = (TicketStatus.CANCELLED, TicketStatus.REFUNDED)


class CustomerAtEvent(NamedTuple):
    """A pair of customer and event."""

    customer_id: str
    event_id: str


def ahead(customer_id: str) -> int:
    """Return the number of current and upcoming events with valid tickets of a customer, at most a hundred.

    An event's end is the one stored when one of these tickets last changed.
    """
    partition = keys.customers.ahead(customer_id).pk
    # "~" sorts after every id, so an event that ends now is excluded.
    after_now = Between(clock.to_text(clock.now()) + "~", "~")
    return len(operations.query(partition, after_now, index="gsi1", limit=_AHEAD_AT_MOST))


def holders(partition: str, *, after: str, limit: int) -> list[str]:
    """Return the ids of the customers to notify of an event, in order, from a partition of question 93.

    `after` is the last id that was read. The index trails the tickets by seconds.
    """
    # A space sorts before every character of an id, so that `after` itself is left out.
    beyond = Between(f"{after} ", "~")
    return [raw["gsi2sk"]["S"] for raw in operations.query(partition, beyond, index="gsi2", limit=limit)]


def follow(changes: Sequence[Change]) -> None:
    """Update visits from these changes of tickets. Idempotent, in whole or in part."""
    touched: dict[CustomerAtEvent, set[str]] = defaultdict(set)
    attended: dict[CustomerAtEvent, None] = {}
    for change in changes:
        before, after = change.before, change.after
        if not isinstance(after, Ticket):
            continue
        old = before if isinstance(before, Ticket) else None
        for place in {_held_at(old), _held_at(after)} if _held_at(old) != _held_at(after) else set():
            if place is not None:
                touched[place].add(after.ticket_id)
        if after.customer_id and after.admission is not None and (old is None or old.admission is None):
            attended[CustomerAtEvent(after.customer_id, after.event_id)] = None
    if touched:
        # Consistent: a ticket that a cancellation voids changes just after its event.
        events = operations.get_many([keys.events.event(place.event_id) for place in touched])
        for place, ticket_ids in touched.items():
            _hold(place, sorted(ticket_ids), events.get(keys.events.event(place.event_id)))
    _count_attended(list(attended))


def tidy(visits: Sequence[Visit]) -> None:
    """Remove tickets that their customer no longer holds; for a command after a time whose changes were never read."""
    held = {CustomerAtEvent(visit.customer_id, visit.event_id): visit.tickets for visit in visits if visit.tickets}
    events = operations.get_many([keys.events.event(place.event_id) for place in held], consistent=False)
    for place, ticket_ids in held.items():
        _hold(place, sorted(ticket_ids), events.get(keys.events.event(place.event_id)))


def _held_at(ticket: Ticket | None) -> CustomerAtEvent | None:
    """Return the customer and event that a ticket admits, None if it is not valid."""
    if ticket is None or ticket.status != TicketStatus.VALID or not ticket.customer_id:
        return None
    return CustomerAtEvent(ticket.customer_id, ticket.event_id)


def _hold(place: CustomerAtEvent, ticket_ids: Sequence[str], event: Event | None) -> None:
    for start in range(0, len(ticket_ids), _TICKETS_PER_TRANSACTION):
        _hold_some(place, ticket_ids[start : start + _TICKETS_PER_TRANSACTION], event)


def _hold_some(place: CustomerAtEvent, ticket_ids: Sequence[str], event: Event | None) -> None:
    """Write which of these tickets a customer holds, unless the visit has them already."""
    for _ in retries.attempts():
        tickets = operations.get_many([keys.tickets.ticket(ticket_id) for ticket_id in ticket_ids])
        visit = operations.get(keys.customers.visit(*place))
        before = set(visit.tickets or ()) if visit else set()
        held = {ticket.ticket_id for ticket in tickets.values() if _held_at(ticket) == place}
        after = (before - set(ticket_ids)) | held
        was_listed = visit is not None and visit.gsi2pk is not None
        is_listed = bool(after) or (_is_called_off(event) and (was_listed or _has_lost(place, tickets.values())))
        if (after, is_listed) == (before, was_listed):
            return
        change = _holding(place, before, after, event, is_listed=is_listed)
        try:
            operations.commit(change, *(_still(ticket) for ticket in tickets.values()))
        except operations.ConditionFailed:
            continue  # the visit or a ticket changed between the read and the write
        return
    raise Unavailable(retry_after=1)


def _is_called_off(event: Event | None) -> bool:
    return event is not None and event.status in _CALLED_OFF


def _has_lost(place: CustomerAtEvent, tickets: Iterable[Ticket]) -> bool:
    """Whether one of these tickets is void, and was the customer's last."""
    return any(ticket.customer_id == place.customer_id and ticket.status in _LOST for ticket in tickets)


def _holding(
    place: CustomerAtEvent, before: set[str], after: set[str], event: Event | None, *, is_listed: bool
) -> Write:
    actions: list[Action] = [
        Visit.kind.set(Visit),
        Visit.customer_id.set(place.customer_id),
        Visit.event_id.set(place.event_id),
        Visit.tickets.set(after) if after else Visit.tickets.remove(),
    ]
    holder = keys.customers.holders(place.event_id, place.customer_id)
    actions += Visit.in_gsi2(holder if is_listed else None)
    if after and event is not None:
        index = keys.customers.ahead(place.customer_id, clock.to_text(event.ends_at), place.event_id)
        actions += Visit.in_gsi1(index)
    else:
        actions += Visit.in_gsi1(None)
    as_read = Visit.tickets == before if before else Visit.tickets.does_not_exist()
    return operations.change(keys.customers.visit(*place), actions, as_read)


def _still(ticket: Ticket) -> Write:
    owner = Ticket.customer_id
    owned = owner == ticket.customer_id if ticket.customer_id else owner.does_not_exist()
    return operations.check(keys.tickets.ticket(ticket.ticket_id), (Ticket.status == ticket.status) & owned)


def _count_attended(places: Sequence[CustomerAtEvent]) -> None:
    """Count the attendance of customers at events, each exactly once."""
    known = operations.get_many([keys.customers.visit(*place) for place in places])
    pending = [
        place for place in places if (visit := known.get(keys.customers.visit(*place))) is None or not visit.attended
    ]
    while pending:
        # A transaction may change an item once, so each chunk has one event per customer.
        chunk = list({place.customer_id: place for place in pending}.values())[:_VISITS_PER_TRANSACTION]
        while chunk:
            try:
                operations.commit(*map(_mark_attended, chunk), *map(_one_more_attended, chunk))
            except operations.ConditionFailed as failure:
                counted = {chunk[number] for number in failure.failures}
                chunk = [place for place in chunk if place not in counted]
                pending = [place for place in pending if place not in counted]
            else:
                pending = [place for place in pending if place not in chunk]
                break


def _mark_attended(place: CustomerAtEvent) -> Write:
    actions: list[Action] = [
        Visit.kind.set(Visit),
        Visit.customer_id.set(place.customer_id),
        Visit.event_id.set(place.event_id),
        Visit.attended.set(True),
    ]
    return operations.change(keys.customers.visit(*place), actions, Visit.attended.does_not_exist())


def _one_more_attended(place: CustomerAtEvent) -> Write:
    actions: list[Action] = [
        CustomerTotals.kind.set(CustomerTotals),
        CustomerTotals.customer_id.set(place.customer_id),
        CustomerTotals.events_attended.add(1),
    ]
    return operations.change(keys.customers.totals(place.customer_id), actions)
