"""Passages through a gate as a ticket stores them: the claims that they make, and their log entries."""

from datetime import datetime

from chalicelib.domain.admission import VALID
from chalicelib.domain.gate.answers import ScanFacts, scan_record
from chalicelib.domain.gate.convergence import Claim, Effect
from chalicelib.domain.gate.readings import Caller, Reading
from chalicelib.table.items import Passage, Scan, Ticket
from chalicelib.vocabulary.gate import Direction, ScanKind, ScanSource


def at_of(passage: Passage) -> datetime:
    """Return when a passage took place."""
    moment: datetime = passage.scanned_at or passage.decided_at
    return moment


def claim_of(passage: Passage) -> Claim:
    """Return the claim that a passage makes."""
    return Claim(at_of(passage), passage.scan_id, passage.caller_id, Direction(passage.direction or Direction.ENTRY))


def passages(ticket: Ticket) -> list[Passage]:
    """Return the passages that a ticket knows."""
    if ticket.history:
        return list(ticket.history)
    return [passage for passage in (ticket.admission, ticket.passage) if passage is not None]


def came_in(ticket: Ticket) -> tuple[Claim, ...]:
    """Return the claim by which a bearer who is inside came in; empty where nobody is."""
    entry = ticket.passage or ticket.admission
    return (claim_of(entry),) if entry is not None else ()


def own_passage(ticket: Ticket, *, caller_id: str, scan_id: str) -> Passage | None:
    """Return the passage of a ticket that this scan made, or None."""
    mine = (each for each in passages(ticket) if (each.caller_id, each.scan_id) == (caller_id, scan_id))
    return next(mine, None)


def record_of(ticket: Ticket, passage: Passage, effect: Effect) -> Scan:
    """Return the log entry of a passage, not yet written."""
    subject = passage.subject or ticket.ticket_id
    caller = Caller(
        id=passage.caller_id,
        event_id=ticket.event_id,
        name=passage.caller_name,
        source=ScanSource(passage.source or ScanSource.ONLINE),
    )
    facts = ScanFacts(
        subject=subject,
        log_id=passage.log_id,
        verdict=VALID,
        ticket_id=ticket.ticket_id,
        card_uid=subject.removeprefix("card:") if subject.startswith("card:") else None,
        first_scan=None,
        remaining=passage.remaining,
        at=at_of(passage),
        decided_at=passage.decided_at,
        gate_name=passage.gate,
    )
    reading = Reading(
        scan_id=passage.scan_id,
        direction=Direction(passage.direction or Direction.ENTRY),
        kind=ScanKind(passage.scan_kind or ScanKind.SCAN),
    )
    record = scan_record(caller, reading, facts)
    record.correction, record.seq, record.via = passage.correction, passage.seq, passage.via
    record.first_entry = True if effect is Effect.ADMISSION else None
    record.idle = None if effect.moves else True
    return record
