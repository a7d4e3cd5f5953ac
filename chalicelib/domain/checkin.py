"""The scan: one attendee goes in once, decided in one conditional write of the ticket.

`scan` is load → decide → record. The usual path sends one write (after one read where a card is shown): its
condition *is* the rule for a ticket that was never scanned. Where it fails, DynamoDB returns the ticket as
it stands, and the pure rule says why, without a second read.

`scan_id` makes a scan idempotent per caller and thing shown. An admission's id stands on its ticket, a
refusal's in the scan's own record. A ticket that was refused, or left, is `contested`: from then on it is
admitted only in one transaction with that record, so an answered scan is never answered anew.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from pynamodb.expressions.condition import Condition

from chalicelib import clock
from chalicelib.domain import admission, cards, credentials, gate, sun
from chalicelib.domain.admission import CardFacts, Case, Presented, TicketFacts, Verdict
from chalicelib.errors import NotAssigned, Unavailable
from chalicelib.identifiers import log_id_of
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Card, FirstScan, Passage, Scan, Ticket
from chalicelib.vocabulary import (
    CardStatus,
    CardType,
    Direction,
    Presence,
    Reason,
    ScanResult,
    ScanSource,
    Signature,
    TicketStatus,
)

# Each attempt loses only to somebody else's progress on the same ticket.
_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Caller:
    """Who scans: an usher, a device or a member of staff, at one event."""

    id: str
    event_id: str
    name: str | None = None
    gate: str | None = None
    source: ScanSource = ScanSource.ONLINE


@dataclass(frozen=True, slots=True)
class SunMessage:
    """A Secure Unique NFC message as the reader got it, both parts in hex."""

    picc_data: str
    cmac: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading: exactly one of `uid`, `code` (a QR's text), `ticket_id`, or `sun` (with or without `uid`).

    `scanned_at` is when it was read, corrected to the platform's clock; None is now.
    """

    scan_id: str
    uid: str | None = None
    code: str | None = None
    ticket_id: str | None = None
    sun: SunMessage | None = None
    event_id: str | None = None
    gate: str | None = None
    scanned_at: datetime | None = None
    direction: Direction = Direction.ENTRY


@dataclass(frozen=True, slots=True)
class Attendee:
    """What a gate's display shows of a person."""

    name: str
    photo_url: str | None
    labels: list[str]


@dataclass(frozen=True, slots=True)
class TicketShown:
    """What a gate's display shows of a ticket."""

    id: str
    number: str
    tier: str | None


@dataclass(frozen=True, slots=True)
class FirstScanShown:
    """When, where and by whom the ticket was admitted."""

    scanned_at: datetime
    gate: str | None
    by: str | None


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to one scan."""

    scan_id: str
    result: ScanResult
    reason: Reason | None
    attendee: Attendee | None
    ticket: TicketShown | None
    first_scan: FirstScanShown | None
    remaining: int | None
    log_id: str | None
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class _Look:
    """A reading with everything that was found before any ticket was touched."""

    caller: Caller
    reading: Reading
    control: gate.Control
    now: datetime
    subject: str
    presented: Presented
    card: Card | None
    ticket_ids: tuple[str, ...]
    # Tickets of the card that are known to be in, by another scan than this one.
    passed_over: tuple[str, ...] = ()
    has_tickets_elsewhere: bool = False

    @property
    def at(self) -> datetime:
        return min(self.reading.scanned_at or self.now, self.now)

    @property
    def gate(self) -> str | None:
        return self.reading.gate or self.caller.gate

    @property
    def log_id(self) -> str:
        scan_key = f"{self.caller.id}/{self.reading.scan_id}/{self.subject}"
        return log_id_of(scan_key, decided_at=self.now)

    def case(self, ticket: TicketFacts | None) -> Case:
        card = None
        if self.card is not None:
            card = CardFacts(
                status=CardStatus(self.card.status),
                type=CardType(self.card.type),
                last_counter=int(self.card.sun_counter),
            )
        return Case(
            presented=self.presented,
            card=card,
            ticket=ticket,
            event=self.control.facts,
            at=self.at,
            direction=self.reading.direction,
        )


def scan(caller: Caller, reading: Reading) -> Decision:
    """Decide one scan, record it, and return the answer; the same reading again gets the same answer.

    Raises NotFound (no such event), NotAssigned (another event than the caller's), Unavailable.
    """
    look = _look(caller, reading, spend=True)
    for _ in range(_ATTEMPTS):
        decision = _attempt(look)
        if decision is not None:
            break
    else:
        raise Unavailable("This ticket is being scanned by many at once. Try again.", retry_after=1)
    logger.info(
        "scan decided",
        extra={
            "scan_id": reading.scan_id,
            "log_id": decision.log_id,
            "event_id": caller.event_id,
            "caller_id": caller.id,
            "ticket_id": decision.ticket and decision.ticket.id,
            "result": decision.result,
            "reason": decision.reason,
        },
    )
    return decision


def preview(caller: Caller, reading: Reading) -> Decision:
    """Return the decision that `scan` would take now, changing nothing. Raises as `scan` does."""
    look = _look(caller, reading, spend=False)
    verdict, ticket = _judge(look, _read(look))
    return _decision(look, verdict, ticket, log_id=None, remaining=None)


def _look(caller: Caller, reading: Reading, *, spend: bool) -> _Look:
    if reading.event_id is not None and reading.event_id != caller.event_id:
        raise NotAssigned
    control = gate.control(caller.event_id)
    now = clock.now()
    if reading.code is not None:
        code = credentials.decode(reading.code)
        if code is None:
            subject = f"code:{hashlib.sha256(reading.code.encode()).hexdigest()[:16]}"
            bad = Presented(signature=Signature.BAD)
            return _Look(caller, reading, control, now, subject, bad, None, ())
        good = Presented(signature=Signature.GOOD, credential=code.credential)
        return _Look(caller, reading, control, now, code.ticket_id, good, None, (code.ticket_id,))
    if reading.ticket_id is not None:
        ticket_id = reading.ticket_id
        return _Look(caller, reading, control, now, ticket_id, Presented(), None, (ticket_id,))
    return _look_by_card(caller, reading, control, now, spend=spend)


def _look_by_card(caller: Caller, reading: Reading, control: gate.Control, now: datetime, *, spend: bool) -> _Look:
    uid = reading.uid
    card: Card | None = None
    presented = Presented(by_card=True)
    own_key = f"{caller.id}/{reading.scan_id}"
    if reading.sun is not None:
        tap = sun.open_message(reading.sun.picc_data, reading.sun.cmac)
        if tap is None:
            presented = Presented(by_card=True, signature=Signature.BAD)
        else:
            matches = uid is None or uid == tap.uid
            uid = uid or tap.uid
            fresh = True
            if spend and matches:
                card, fresh = cards.claim_counter(uid, counter=tap.counter, scan_key=own_key)
            presented = Presented(
                by_card=True,
                signature=Signature.GOOD,
                # A counter that this scan itself has spent is no objection to it.
                counter=None if spend and fresh else tap.counter,
                uid_matches=matches,
            )
    if card is None and uid is not None:
        card = operations.get(Card, keys.card(uid))
    mine = card.tickets.get(control.facts.event_id, []) if card else []
    # Where people may come back, a ticket that was in may be out again: then none is passed over.
    admitted = card.admitted if card and not control.facts.re_entry_allowed else {}
    passed = tuple(t for t in mine if admitted.get(t, own_key) != own_key)
    return _Look(
        caller,
        reading,
        control,
        now,
        f"card:{uid}",
        presented,
        card,
        tuple(t for t in mine if t not in passed),
        passed,
        has_tickets_elsewhere=bool(card and card.tickets and not mine),
    )


def _attempt(look: _Look) -> Decision | None:
    """Try once; None says that the ticket changed under way and the scan must look again."""
    tickets: dict[str, Ticket] = {}
    refused_anyway = admission.objection_without_ticket(look.case(None))
    if look.reading.direction is Direction.ENTRY and not refused_anyway:
        for place, ticket_id in enumerate(look.ticket_ids):
            found = _try_first_entry(look, ticket_id, remaining=_remaining(look, place))
            if isinstance(found, Decision):
                return found
            if found is not None:
                tickets[ticket_id] = found
    if len(tickets) < len(look.ticket_ids) + len(look.passed_over):
        tickets = _read(look)
    for ticket in tickets.values():
        if (first := _first_answer_on(look, ticket)) is not None:
            return first
    verdict, judged = _judge(look, tickets)
    if verdict.admits and judged is not None:
        place = look.ticket_ids.index(judged.ticket_id) if judged.ticket_id in look.ticket_ids else 0
        return _admit_with_record(look, judged, remaining=_remaining(look, place))
    return _refuse(look, verdict, judged)


def _try_first_entry(look: _Look, ticket_id: str, *, remaining: int | None) -> Decision | Ticket | None:
    """Try to admit a ticket that was never scanned; else return it as it stands, or None where there is none.

    A ticket that this scan itself admitted before, its answer lost on the way, is answered as then.
    """
    try:
        raw = operations.record(_first_entry(look, ticket_id, remaining=remaining))
    except operations.ConditionFailed as failure:
        ticket = failure.found(Ticket)
        return ticket and (_first_answer_on(look, ticket) or ticket)
    admitted = Ticket.from_raw_data(raw)
    return _decision(look, admission.VALID, admitted, log_id=look.log_id, remaining=remaining)


def _read(look: _Look) -> dict[str, Ticket]:
    """Return the tickets in question as they stand, in the card's order."""
    ids = (*look.passed_over, *look.ticket_ids)
    if len(ids) == 1:
        one = operations.get(Ticket, keys.ticket(ids[0]))
        return {ids[0]: one} if one else {}
    found = operations.get_many(Ticket, [keys.ticket(ticket_id) for ticket_id in ids])
    return {t: found[keys.ticket(t)] for t in ids if keys.ticket(t) in found}


def _facts(ticket: Ticket) -> TicketFacts:
    return TicketFacts(
        event_id=ticket.event_id,
        status=TicketStatus(ticket.status),
        credential=int(ticket.credential),
        presence=Presence(ticket.presence) if ticket.presence else None,
    )


def _judge(look: _Look, tickets: dict[str, Ticket]) -> tuple[Verdict, Ticket | None]:
    """Return the first ticket that may pass, else the first one's verdict."""
    verdicts = [(admission.decide(look.case(_facts(ticket))), ticket) for ticket in tickets.values()]
    for verdict, ticket in verdicts:
        if verdict.admits:
            return verdict, ticket
    if verdicts:
        return verdicts[0]
    elsewhere = TicketFacts(event_id="", status=TicketStatus.VALID) if look.has_tickets_elsewhere else None
    return admission.decide(look.case(elsewhere)), None


def _remaining(look: _Look, place: int) -> int | None:
    """Return how many of a family's tickets are left after the one at `place`; None for a single ticket."""
    several = len(look.ticket_ids) + len(look.passed_over) > 1
    return len(look.ticket_ids) - place - 1 if several else None


def _passage(look: _Look, *, ticket_id: str, remaining: int | None) -> Passage:
    reading, caller = look.reading, look.caller
    return Passage(
        scan_id=reading.scan_id,
        caller_id=caller.id,
        caller_name=caller.name,
        subject=None if look.subject == ticket_id else look.subject,
        log_id=look.log_id,
        decided_at=look.now,
        scanned_at=None if look.at == look.now else look.at,
        direction=None if reading.direction is Direction.ENTRY else reading.direction.value,
        source=None if caller.source is ScanSource.ONLINE else caller.source.value,
        gate=look.gate,
        remaining=remaining,
    )


def _is_ticket_fit(look: _Look) -> Condition:
    """Return the rule's questions of event and ticket as a condition."""
    fit: Condition = (Ticket.event_id == look.caller.event_id) & (Ticket.status == TicketStatus.VALID.value)
    if look.presented.credential is not None:
        fit = fit & (Ticket.credential == look.presented.credential)
    return fit


def _first_entry(look: _Look, ticket_id: str, *, remaining: int | None) -> operations.Write:
    """Return the one write that admits a ticket that was never scanned."""
    return operations.change(
        Ticket,
        keys.ticket(ticket_id),
        [
            Ticket.presence.set(Presence.INSIDE.value),
            Ticket.admission.set(_passage(look, ticket_id=ticket_id, remaining=remaining)),
        ],
        _is_ticket_fit(look) & Ticket.admission.does_not_exist() & Ticket.contested.does_not_exist(),
    )


def _admit_with_record(look: _Look, ticket: Ticket, *, remaining: int | None) -> Decision | None:
    """Let a ticket pass in one transaction with the scan's record: a return, an exit, a contested entry."""
    passage = _passage(look, ticket_id=ticket.ticket_id, remaining=remaining)
    first_entry = ticket.admission is None
    is_exit = look.reading.direction is Direction.EXIT
    unmoved = Ticket.admission.does_not_exist() if first_entry else Ticket.presence == ticket.presence
    actions = [
        Ticket.presence.set((Presence.OUTSIDE if is_exit else Presence.INSIDE).value),
        Ticket.contested.set(True),  # PynamoDB's signature
        (Ticket.admission if first_entry else Ticket.passage).set(passage),
    ]
    record = _record(look, admission.VALID, ticket, remaining=remaining)
    record.first_entry = first_entry or None
    try:
        operations.commit(
            operations.change(Ticket, keys.ticket(ticket.ticket_id), actions, _is_ticket_fit(look) & unmoved),
            operations.put(record, Scan.pk.does_not_exist()),
        )
    except operations.ConditionFailed as failure:
        answered = failure.found(Scan, 1)
        return _first_answer_in(look, answered) if answered else None
    return _decision(look, admission.VALID, ticket, log_id=record.log_id, remaining=remaining)


def _refuse(look: _Look, verdict: Verdict, ticket: Ticket | None) -> Decision:
    # A refusal that may turn into an admission later must be found by that later scan. A duplicate cannot,
    # unless its bearer leaves, which marks the ticket itself; a ticket never changes its event.
    may_turn = verdict.result is not ScanResult.ALREADY_SCANNED and verdict.reason is not Reason.WRONG_EVENT
    if ticket is not None and may_turn and not ticket.contested:
        mark = operations.change(
            Ticket,
            keys.ticket(ticket.ticket_id),
            [Ticket.contested.set(True)],  # PynamoDB's signature
            Ticket.pk.exists()
            & (
                Ticket.admission.does_not_exist()
                | (Ticket.admission.scan_id != look.reading.scan_id)
                | (Ticket.admission.caller_id != look.caller.id)
            ),
        )
        try:
            operations.record(mark)
        except operations.ConditionFailed as failure:
            winner = failure.found(Ticket)
            first = _first_answer_on(look, winner) if winner else None
            if first is not None:
                return first
    record = _record(look, verdict, ticket, remaining=None)
    try:
        operations.record(operations.put(record, Scan.pk.does_not_exist()))
    except operations.ConditionFailed as failure:
        answered = failure.found(Scan)
        if answered is None:
            raise
        return _first_answer_in(look, answered)
    return _decision(look, verdict, ticket, log_id=record.log_id, remaining=None)


def _record(look: _Look, verdict: Verdict, ticket: Ticket | None, *, remaining: int | None) -> Scan:
    shown = ticket if verdict.reason is not Reason.WRONG_EVENT else None
    return scan_record(
        look.caller,
        look.reading,
        subject=look.subject,
        log_id=look.log_id,
        verdict=verdict,
        ticket_id=shown.ticket_id if shown else None,
        card_uid=look.card.uid if look.card else look.reading.uid,
        first_scan=_first_scan(verdict, ticket),
        remaining=remaining,
        at=look.at,
        decided_at=look.now,
        gate_name=look.gate,
    )


def scan_record(
    caller: Caller,
    reading: Reading,
    *,
    subject: str,
    log_id: str,
    verdict: Verdict,
    ticket_id: str | None,
    card_uid: str | None,
    first_scan: FirstScanShown | None,
    remaining: int | None,
    at: datetime,
    decided_at: datetime,
    gate_name: str | None,
) -> Scan:
    """Return the record of a scan: its log entry and its first answer in one item."""
    place = keys.log(caller.event_id, log_id)
    if ticket_id is not None:
        history = keys.ticket_log(caller.event_id, ticket_id, log_id)
    else:
        history = keys.card_log(caller.event_id, card_uid or subject, log_id)
    return Scan(
        *keys.scan(caller.id, reading.scan_id, subject),
        gsi1pk=place.pk,
        gsi1sk=place.sk,
        gsi2pk=history.pk,
        gsi2sk=history.sk,
        scan_id=reading.scan_id,
        log_id=log_id,
        subject=subject,
        event_id=caller.event_id,
        ticket_id=ticket_id,
        card_uid=card_uid,
        result=verdict.result.value,
        reason=verdict.reason.value if verdict.reason else None,
        direction=reading.direction.value,
        source=caller.source.value,
        gate=gate_name,
        principal_id=caller.id,
        principal_name=caller.name,
        first_scan=FirstScan(scanned_at=first_scan.scanned_at, gate=first_scan.gate, by=first_scan.by)
        if first_scan
        else None,
        remaining=remaining,
        scanned_at=at,
        decided_at=decided_at,
    )


def _first_scan(verdict: Verdict, ticket: Ticket | None) -> FirstScanShown | None:
    if verdict.result is not ScanResult.ALREADY_SCANNED or ticket is None or ticket.admission is None:
        return None
    won = ticket.admission
    return FirstScanShown(
        scanned_at=won.scanned_at or won.decided_at, gate=won.gate, by=won.caller_name or won.caller_id
    )


def _decision(
    look: _Look, verdict: Verdict, ticket: Ticket | None, *, log_id: str | None, remaining: int | None
) -> Decision:
    shown = ticket if verdict.reason is not Reason.WRONG_EVENT else None
    return Decision(
        scan_id=look.reading.scan_id,
        result=verdict.result,
        reason=verdict.reason,
        attendee=attendee_of(shown) if shown else None,
        ticket=ticket_shown(shown) if shown else None,
        first_scan=_first_scan(verdict, ticket),
        remaining=remaining,
        log_id=log_id,
        decided_at=look.now,
    )


def attendee_of(ticket: Ticket) -> Attendee:
    """Return what a gate's display shows of a ticket's holder."""
    return Attendee(name=ticket.holder_name, photo_url=ticket.photo_url, labels=[str(x) for x in ticket.labels or []])


def ticket_shown(ticket: Ticket) -> TicketShown:
    """Return what a gate's display shows of a ticket."""
    return TicketShown(id=ticket.ticket_id, number=ticket.number, tier=ticket.tier)


def _first_answer_on(look: _Look, ticket: Ticket) -> Decision | None:
    """Return the answer that this very scan got when it admitted the ticket, if it did."""
    for passage in (ticket.admission, ticket.passage):
        if (
            passage is not None
            and passage.scan_id == look.reading.scan_id
            and passage.caller_id == look.caller.id
            and (passage.subject or ticket.ticket_id) == look.subject
        ):
            return Decision(
                scan_id=look.reading.scan_id,
                result=ScanResult.VALID,
                reason=None,
                attendee=attendee_of(ticket),
                ticket=ticket_shown(ticket),
                first_scan=None,
                remaining=int(passage.remaining) if passage.remaining is not None else None,
                log_id=passage.log_id,
                decided_at=passage.decided_at,
            )
    return None


def _first_answer_in(look: _Look, record: Scan) -> Decision:
    """Return the answer that this very scan got before, from its record."""
    ticket = operations.get(Ticket, keys.ticket(record.ticket_id)) if record.ticket_id else None
    first = record.first_scan
    return Decision(
        scan_id=look.reading.scan_id,
        result=ScanResult(record.result),
        reason=Reason(record.reason) if record.reason else None,
        attendee=attendee_of(ticket) if ticket else None,
        ticket=ticket_shown(ticket) if ticket else None,
        first_scan=FirstScanShown(scanned_at=first.scanned_at, gate=first.gate, by=first.by) if first else None,
        remaining=int(record.remaining) if record.remaining is not None else None,
        log_id=record.log_id,
        decided_at=record.decided_at,
    )
