"""Voids a range of numbered tickets: after the response, scans of them are refused.

Each ticket stores its own void mark, so a scan needs no other read. Tickets are written in parallel transactions, each
on condition that it was not scanned, voided or deleted before. Those that were stay unchanged and are counted
separately.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain.access.accounts import log_security_event
from chalicelib.domain.organizations import numbered_tickets, numbering
from chalicelib.errors import NotFound
from chalicelib.observability import in_this_context
from chalicelib.table import keys, operations
from chalicelib.table.items import NumberedTicket
from chalicelib.table.operations import Write

_HANDS = 8


class NumberSpan(Struct, frozen=True):
    """The numbers of a prefix from `first` to `last`."""

    prefix: str
    first: int
    last: int


class VoidedCounts(Struct, frozen=True):
    """Result of voiding a range.

    `voided` counts all tickets that are void now, `voided_before` those of them that were void already, and `scanned`
    the tickets that stay unchanged because they were scanned.
    """

    voided: int
    voided_before: int
    scanned: int


def void(organization_id: str, numbers: NumberSpan, *, reason: str | None, user_id: str) -> VoidedCounts:
    """Void the tickets of a range; idempotent.

    Raises NotFound where there is no ticket, InvalidState where some are being written.
    """
    numbering.require_written(organization_id, numbers.prefix, numbers.first, numbers.last)
    found = numbered_tickets.of_numbers(organization_id, numbers.prefix, numbers.first, numbers.last)
    came_to: Counter[str] = Counter()
    void_chunk = in_this_context(lambda chunk: _void(chunk, reason, user_id))
    with ThreadPoolExecutor(_HANDS) as hands:
        for outcome in hands.map(void_chunk, _chunks(found)):
            came_to += outcome
    if not came_to:
        raise NotFound("There are no tickets with these numbers.")
    log_security_event("tickets voided", organization_id=organization_id, account_id=user_id)
    return VoidedCounts(
        voided=came_to["voided"] + came_to["before"], voided_before=came_to["before"], scanned=came_to["scanned"]
    )


def _chunks(found: Iterator[NumberedTicket]) -> Iterator[list[NumberedTicket]]:
    while chunk := [*islice(found, operations.TRANSACTION_LIMIT)]:
        yield chunk


def _void(tickets: Sequence[NumberedTicket], reason: str | None, user_id: str) -> Counter[str]:
    """Void tickets in one transaction, except scanned or void ones; return the count of each outcome."""
    came_to: Counter[str] = Counter()
    left = [*tickets]
    while left:
        came_to.update(filter(None, map(_standing, left)))
        left = [ticket for ticket in left if _standing(ticket) is None]
        if not left:
            break
        try:
            operations.commit(*(_write(ticket, reason, user_id) for ticket in left))
        except operations.ConditionFailed as failure:
            # Some were scanned, voided or deleted concurrently: evaluate their current state.
            seen = {place: failure.found(NumberedTicket, place) for place in failure.failures}
            left = [now for place, ticket in enumerate(left) if (now := seen.get(place, ticket)) and not now.deleted_at]
            continue
        came_to["voided"] += len(left)
        break
    return came_to


def _standing(ticket: NumberedTicket) -> str | None:
    """Return why a ticket is not to be voided (`before` or `scanned`), or None."""
    if ticket.voided_at is not None:
        return "before"
    return "scanned" if ticket.scanned_at is not None else None


def _write(ticket: NumberedTicket, reason: str | None, user_id: str) -> Write:
    actions = [NumberedTicket.voided_at.set(clock.now()), NumberedTicket.voided_by.set(user_id)]
    if reason is not None:
        actions.append(NumberedTicket.void_reason.set(reason))
    untouched = (
        (NumberedTicket.ticket_id == ticket.ticket_id)
        & NumberedTicket.scanned_at.does_not_exist()
        & NumberedTicket.voided_at.does_not_exist()
        & NumberedTicket.deleted_at.does_not_exist()
    )
    place = keys.organizations.numbered_ticket(ticket.organization_id, ticket.ordinal)
    return operations.change(place, actions, untouched)
