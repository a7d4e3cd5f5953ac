"""Leaves from events with re-entry: who is out now, and who was, newest first.

A leave is stored in the transaction of the passage itself, so the list never lags behind an answer. An ordinary exit
opens one as well, and an ordinary entry closes it: the bearer is as much on leave, and the totals count both.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib.domain import paging
from chalicelib.domain.cards import cards
from chalicelib.domain.gate.checkin_log import scanned_tickets
from chalicelib.domain.paging import Page, PageRequest, ReadBudget
from chalicelib.table import keys, operations
from chalicelib.table.items import Leave, Passage, Ticket
from chalicelib.table.places import Place
from chalicelib.table.ranges import Before
from chalicelib.vocabulary.gate import Direction, LeaveStatus


class LeaveFilters(Struct, frozen=True):
    """Filters of the list of leaves."""

    status: LeaveStatus | None = None
    card_id: str | None = None
    ticket_id: str | None = None


class ShownLeave(Struct, frozen=True):
    """A leave with the name of its attendee, which only the ticket has."""

    leave: Leave
    attendee_name: str | None
    tier: str | None

    @property
    def status(self) -> LeaveStatus:
        """Whether the bearer is out."""
        return LeaveStatus.OPEN if self.leave.returned_at is None else LeaveStatus.RETURNED


def writes(ticket: Ticket, passage: Passage, *, note: str | None) -> list[operations.Write]:
    """Return the writes that open or close a leave together with this passage of a ticket."""
    if passage.direction == Direction.EXIT:
        return [operations.put(_opened(ticket, passage, reason=note))]
    before = ticket.passage
    if before is None or before.direction != Direction.EXIT:
        return []
    return [as_settled(ticket, before, passage)]


def _opened(ticket: Ticket, passage: Passage, *, reason: str | None) -> Leave:
    return Leave(
        *keys.gate.leave(ticket.event_id, passage.log_id),
        gsi1=keys.gate.on_leave(ticket.event_id, passage.log_id),
        gsi2=keys.gate.ticket_leave(ticket.ticket_id, passage.log_id),
        log_id=passage.log_id,
        event_id=ticket.event_id,
        ticket_id=ticket.ticket_id,
        left_at=passage.scanned_at or passage.decided_at,
        left_gate=passage.gate,
        left_by=passage.caller_id,
        left_by_name=passage.caller_name,
        reason=reason,
    )


def as_settled(ticket: Ticket, left: Passage, returned: Passage | None) -> operations.Write:
    """Return the write of a leave with or without its return.

    It is complete except for the usher's reason: an exit of an earlier release has no leave yet.
    """
    values: list[tuple[Any, Any]] = [
        (Leave.kind, Leave),
        (Leave.log_id, left.log_id),
        (Leave.event_id, ticket.event_id),
        (Leave.ticket_id, ticket.ticket_id),
        (Leave.left_at, left.scanned_at or left.decided_at),
        (Leave.left_gate, left.gate),
        (Leave.left_by, left.caller_id),
        (Leave.left_by_name, left.caller_name),
        (Leave.returned_at, returned and (returned.scanned_at or returned.decided_at)),
        (Leave.returned_gate, returned and returned.gate),
        (Leave.returned_by, returned and returned.caller_id),
        (Leave.returned_by_name, returned and returned.caller_name),
        (Leave.return_log_id, returned and returned.log_id),
    ]
    actions: list[Action] = [
        attribute.remove() if value is None else attribute.set(value) for attribute, value in values
    ]
    is_open = keys.gate.on_leave(ticket.event_id, left.log_id) if returned is None else None
    actions += Leave.in_gsi1(is_open)
    actions += Leave.in_gsi2(keys.gate.ticket_leave(ticket.ticket_id, left.log_id))
    return operations.change(keys.gate.leave(ticket.event_id, left.log_id), actions)


def page(
    event_id: str, filters: LeaveFilters, *, caller_id: str, page_size: int, cursor: str | None
) -> Page[ShownLeave]:
    """Return a page of an event's leaves, newest first. Raises InvalidCursor, ValidationFailed (a card's name).

    Open ones, and those of a card or a ticket, have an index. Others are read from a bounded part of the list: a page
    of returned ones may be short, and `next` continues.
    """
    partitions, index = _partitions(event_id, filters)

    def read(after: str | None, limit: int) -> list[tuple[str, Place[Leave]]]:
        rows: list[tuple[str, Place[Leave]]] = []
        for partition in partitions:
            raws = operations.query(
                partition, Before(after) if after else None, index=index, newest_first=True, limit=limit
            )
            places = operations.places_of(Leave, raws)
            rows += [(raw[f"{index}sk"]["S"], place) for raw, place in zip(raws, places, strict=True)]
        return sorted(rows, key=lambda row: row[0], reverse=True)[:limit]

    def load(rows: Sequence[Place[Leave]]) -> list[Leave | None]:
        found = operations.get_many(rows)
        return [leave if (leave := found.get(row)) and _fits(leave, event_id, filters) else None for row in rows]

    asked = PageRequest(f"leaves/{caller_id}/{event_id}/{filters}", page_size, cursor)
    found = paging.walk(asked, read, load, budget=ReadBudget())
    tickets = scanned_tickets(found.results)
    return found.showing([_shown(leave, tickets.get(leave.ticket_id)) for leave in found.results])


def _shown(leave: Leave, ticket: Ticket | None) -> ShownLeave:
    return ShownLeave(leave, ticket.holder_name if ticket else None, ticket.tier if ticket else None)


def _fits(leave: Leave, event_id: str, filters: LeaveFilters) -> bool:
    is_open = leave.returned_at is None
    return leave.event_id == event_id and (filters.status is None or is_open == (filters.status is LeaveStatus.OPEN))


def _partitions(event_id: str, filters: LeaveFilters) -> tuple[list[str], str]:
    """Return the partitions that have the leaves, and their index."""
    if filters.card_id is not None or filters.ticket_id is not None:
        ticket_ids = [filters.ticket_id] if filters.ticket_id is not None else None
        if filters.card_id is not None:
            card = cards.find(filters.card_id)
            mine = card.tickets.get(event_id, []) if card else []
            ticket_ids = [each for each in mine if ticket_ids is None or each in ticket_ids]
        return [keys.gate.ticket_leave(ticket_id).pk for ticket_id in ticket_ids or ()], "gsi2"
    if filters.status is LeaveStatus.OPEN:
        return keys.gate.on_leave_partitions(event_id), "gsi1"
    return keys.gate.leave_partitions(event_id), ""
