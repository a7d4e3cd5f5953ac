"""Second readings: a card that is read again by the same caller right after its admission (D-GATE-21).

A reader that bounces, or a card that is held to it for too long, would admit the next ticket of a family's card. So a
reading within REPEAT_WINDOW of the admission is answered with that admission again. A reading of a QR code or a ticket
id is deliberate, and so is a leave.
"""

from collections.abc import Iterable

from msgspec import Struct

from chalicelib.domain import admission
from chalicelib.domain.admission import TicketFacts
from chalicelib.domain.gate.readings import FoundReading, is_near
from chalicelib.table.items import Passage, Ticket
from chalicelib.vocabulary.gate import Direction, ScanKind, ScanResult


class Repeated(Struct, frozen=True):
    """The admission that a second reading repeats."""

    ticket: Ticket
    passage: Passage


def facts_of(ticket: Ticket) -> TicketFacts:
    """Return what the admission rule needs of a ticket."""
    return TicketFacts(
        event_id=ticket.event_id,
        status=ticket.status,
        credential=ticket.credential,
        presence=ticket.presence or None,
    )


def of(look: FoundReading, tickets: Iterable[Ticket]) -> Repeated | None:
    """Return the admission that a reading repeats, or None. It repeats none where anything else speaks against it."""
    reading = look.reading
    if not look.presented.by_card or reading.kind is not ScanKind.SCAN or reading.direction is not Direction.ENTRY:
        return None
    owner = look.card.customer_id if look.card is not None else None
    for ticket in tickets:
        last = ticket.passage or ticket.admission
        if (
            last is not None
            and last.caller_id == look.caller.id
            and last.subject == look.subject
            and last.direction is None
            and last.scan_kind is None
            and is_near(look.at, last.scanned_at or last.decided_at)
            and (owner is None or ticket.customer_id in (None, owner))
            and admission.decide(look.case(facts_of(ticket))).result is ScanResult.ALREADY_SCANNED
        ):
            return Repeated(ticket, last)
    return None
