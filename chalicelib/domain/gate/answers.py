"""The answer to a scan, and the record that stores it."""

from datetime import datetime

from msgspec import Struct

from chalicelib.domain.admission import Verdict
from chalicelib.domain.gate.readings import Caller, Reading
from chalicelib.domain.tickets import tickets
from chalicelib.table import keys
from chalicelib.table.items import FirstScan, Passage, Scan, Ticket
from chalicelib.vocabulary.gate import Reason, ScanKind, ScanResult


class Attendee(Struct, frozen=True):
    """A person as a gate's display shows them."""

    name: str
    photo_url: str | None
    labels: list[str]


class TicketAtGate(Struct, frozen=True):
    """A ticket as a gate's display shows it."""

    id: str
    number: str
    tier: str | None


class FirstScanShown(Struct, frozen=True):
    """When, where and by whom the ticket was admitted."""

    scanned_at: datetime
    gate: str | None
    by: str | None


class ScanDecision(Struct, frozen=True):
    """The answer to one scan."""

    scan_id: str
    result: ScanResult
    reason: Reason | None
    attendee: Attendee | None
    ticket: TicketAtGate | None
    first_scan: FirstScanShown | None
    remaining: int | None
    log_id: str | None
    decided_at: datetime
    # A second reading right after the admission that it is answered with.
    repeat: bool = False


def attendee_of(ticket: Ticket) -> Attendee:
    """Return what a gate's display shows of a ticket's holder."""
    return Attendee(name=ticket.holder_name, photo_url=ticket.photo_url, labels=tickets.labels_shown(ticket))


def ticket_shown(ticket: Ticket) -> TicketAtGate:
    """Return what a gate's display shows of a ticket."""
    return TicketAtGate(id=ticket.ticket_id, number=ticket.number, tier=ticket.tier)


def first_scan_of(verdict: Verdict, ticket: Ticket | None) -> FirstScanShown | None:
    """Return the earlier admission, for a duplicate scan; else None."""
    if verdict.result is not ScanResult.ALREADY_SCANNED or ticket is None or ticket.admission is None:
        return None
    return passage_shown(ticket.admission)


def passage_shown(passage: Passage) -> FirstScanShown:
    """Return when, where and by whom a ticket was let through."""
    return FirstScanShown(
        scanned_at=passage.scanned_at or passage.decided_at,
        gate=passage.gate,
        by=passage.caller_name or passage.caller_id,
    )


def stored_first_scan(shown: FirstScanShown | None) -> FirstScan | None:
    """Return an earlier admission as a scan's record keeps it."""
    return FirstScan(scanned_at=shown.scanned_at, gate=shown.gate, by=shown.by) if shown else None


class ScanFacts(Struct, frozen=True, kw_only=True):
    """A decision on a reading; `at` is the time of the reading, `subject` the ticket or card presented."""

    subject: str
    log_id: str
    verdict: Verdict
    ticket_id: str | None
    card_uid: str | None
    first_scan: FirstScanShown | None
    remaining: int | None
    at: datetime
    decided_at: datetime
    gate_name: str | None


def scan_record(caller: Caller, reading: Reading, facts: ScanFacts) -> Scan:
    """Return the record of a scan: its log entry and its first answer in one item."""
    place = keys.gate.log(caller.event_id, facts.log_id)
    if facts.ticket_id is not None:
        history = keys.gate.ticket_log(caller.event_id, facts.ticket_id, facts.log_id)
    else:
        history = keys.gate.card_log(caller.event_id, facts.card_uid or facts.subject, facts.log_id)
    return Scan(
        *keys.gate.scan(caller.id, reading.scan_id, facts.subject),
        gsi1=place,
        gsi2=history,
        scan_id=reading.scan_id,
        log_id=facts.log_id,
        subject=facts.subject,
        event_id=caller.event_id,
        ticket_id=facts.ticket_id,
        card_uid=facts.card_uid,
        result=facts.verdict.result,
        reason=facts.verdict.reason or None,
        direction=reading.heading,
        scan_kind=None if reading.kind is ScanKind.SCAN else reading.kind,
        source=caller.source,
        seq=reading.seq,
        gate=facts.gate_name,
        principal_id=caller.id,
        principal_name=caller.name,
        first_scan=stored_first_scan(facts.first_scan),
        remaining=facts.remaining,
        scanned_at=facts.at,
        decided_at=facts.decided_at,
    )
