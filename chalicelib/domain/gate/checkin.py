"""The scan: each attendee is admitted once, by one conditional write of the ticket (D-GATE-01).

`scan` is load → decide → record. The usual path sends one write, after one read if a card is shown. Its condition
*is* the rule for a ticket that was never scanned. If it fails, DynamoDB returns the ticket, and the pure rule gives
the reason without a second read.

`scan_id` makes a scan idempotent per caller and thing shown (D-GATE-03). An admission's id is on its ticket, a
refusal's in the scan's own record. A ticket that was refused, or has left, is `contested`: it is only admitted in one
transaction with that record, so the answer of a scan never changes (D-GATE-02). A card opens several tickets, so a
refused card is marked as well, for all that it opens at the event (D-GATE-09).
"""

from msgspec.structs import replace

from chalicelib.domain import admission
from chalicelib.domain.admission import TicketFacts, Verdict
from chalicelib.domain.cards import cards
from chalicelib.domain.gate import entries, leaves, merging, repeats
from chalicelib.domain.gate.answers import (
    FirstScanShown,
    ScanDecision,
    ScanFacts,
    attendee_of,
    first_scan_of,
    passage_shown,
    scan_record,
    stored_first_scan,
    ticket_shown,
)
from chalicelib.domain.gate.convergence import Claim
from chalicelib.domain.gate.passages import claim_of, passages
from chalicelib.domain.gate.readings import Caller, FoundReading, Reading, look_at
from chalicelib.domain.gate.repeats import Repeated, facts_of
from chalicelib.errors import IdempotencyMismatch, Unavailable
from chalicelib.observability import decided
from chalicelib.table import keys, operations
from chalicelib.table.items import Scan, Ticket
from chalicelib.vocabulary.gate import Direction, Presence, Reason, ScanKind, ScanResult
from chalicelib.vocabulary.tickets import TicketStatus

# An attempt fails only when another scan of the same ticket made progress.
_ATTEMPTS = 8


def scan(caller: Caller, reading: Reading) -> ScanDecision:
    """Decide one scan, record it, and return the answer; the same reading again gets the same answer.

    Raises NotFound (no such event), NotAssigned (another event than the caller's), IdempotencyMismatch (a leave under
    the id of a scan), Unavailable.
    """
    look = look_at(caller, reading, spend=True)
    for _ in range(_ATTEMPTS):
        decision = _attempt(look)
        if decision is not None:
            break
        if look.unknown_uid is not None:
            look = look_at(caller, reading, spend=True)  # its card was registered meanwhile
    else:
        raise Unavailable("This ticket is being scanned by many at once. Try again.", retry_after=1)
    decided(
        "scan decided",
        scan_id=reading.scan_id,
        log_id=decision.log_id,
        event_id=caller.event_id,
        principal_id=caller.id,
        ticket_id=decision.ticket and decision.ticket.id,
        result=decision.result,
        reason=decision.reason,
    )
    return decision


def preview(caller: Caller, reading: Reading) -> ScanDecision:
    """Return the decision that `scan` would make now, without writing. Raises as `scan` does."""
    look = look_at(caller, reading, spend=False)
    tickets = _read(look)
    repeated = repeats.of(look, tickets.values())
    if repeated is not None:
        return replace(_repeated_decision(look, repeated), log_id=None)
    verdict, ticket = _judge(look, tickets)
    return _decision(look, verdict, ticket, log_id=None, remaining=None)


def _attempt(look: FoundReading) -> ScanDecision | None:
    """Try once. Return None if the ticket changed meanwhile and the reading must be loaded again."""
    tickets = _try_in_order(look)
    if isinstance(tickets, ScanDecision):
        return tickets
    if len(tickets) < len(look.ticket_ids) + len(look.passed_over):
        tickets = _read(look)
    for ticket in tickets.values():
        if (first := _first_answer_on(look, ticket)) is not None:
            return first
    repeated = repeats.of(look, tickets.values())
    if repeated is not None:
        return _repeat(look, repeated, tickets)
    verdict, judged = _judge(look, tickets)
    if verdict.admits and judged is not None:
        place = look.ticket_ids.index(judged.ticket_id) if judged.ticket_id in look.ticket_ids else 0
        return _admit_with_record(look, judged, remaining=_remaining(look, place))
    return _refuse(look, verdict, judged)


def _try_in_order(look: FoundReading) -> ScanDecision | dict[str, Ticket]:
    """Try to admit the first ticket that was never scanned; return the answer, else the tickets that were found."""
    tickets: dict[str, Ticket] = {}
    may_be_first = look.reading.kind is ScanKind.SCAN and look.reading.direction is Direction.ENTRY
    if not may_be_first or look.card_was_refused or admission.objection_without_ticket(look.case(None)):
        return tickets
    for place, ticket_id in enumerate(look.ticket_ids):
        found = _try_first_entry(look, ticket_id, remaining=_remaining(look, place))
        if isinstance(found, ScanDecision):
            return found
        if found is not None:
            tickets[ticket_id] = found
            if found.contested or repeats.of(look, [found]) is not None:
                break  # the next one must not pass before it
    return tickets


def _try_first_entry(look: FoundReading, ticket_id: str, *, remaining: int | None) -> ScanDecision | Ticket | None:
    """Try to admit a ticket that was never scanned. Otherwise return its current state, or None if it does not exist.

    A retry of the scan that admitted the ticket gets the first answer again.
    """
    try:
        raw = operations.record(entries.first_entry(look, ticket_id, remaining=remaining))
    except operations.ConditionFailed as failure:
        ticket = failure.found(Ticket)
        return ticket and (_first_answer_on(look, ticket) or ticket)
    admitted = Ticket.from_raw_data(raw)
    return _decision(look, admission.VALID, admitted, log_id=look.log_id, remaining=remaining)


def _read(look: FoundReading) -> dict[str, Ticket]:
    """Return the current state of the reading's tickets, in the card's order."""
    ids = (*look.passed_over, *look.ticket_ids)
    if look.card is not None:
        # Devices without the network judge in this order, and do not know who was passed over.
        ids = tuple(sorted(ids, key=look.card.tickets.get(look.caller.event_id, []).index))
    if len(ids) == 1:
        one = operations.get(keys.tickets.ticket(ids[0]))
        return {ids[0]: one} if one else {}
    found = operations.get_many([keys.tickets.ticket(ticket_id) for ticket_id in ids])
    return {t: found[keys.tickets.ticket(t)] for t in ids if keys.tickets.ticket(t) in found}


def _judge(look: FoundReading, tickets: dict[str, Ticket]) -> tuple[Verdict, Ticket | None]:
    """Return the first ticket that may pass, else the first one's verdict."""
    opened = [ticket for ticket in tickets.values() if entries.is_opened(look, ticket)]
    verdicts = [(_verdict_on(look, ticket), ticket) for ticket in opened]
    for verdict, ticket in verdicts:
        if verdict.admits:
            return verdict, ticket
    if verdicts:
        return verdicts[0]
    elsewhere = TicketFacts(event_id="", status=TicketStatus.VALID) if look.has_tickets_elsewhere else None
    return admission.decide(look.case(elsewhere)), None


def _verdict_on(look: FoundReading, ticket: Ticket) -> Verdict:
    """Return the rule's verdict; a kept tap of before the bearer's last passage finds what that passage made of it."""
    facts = facts_of(ticket)
    verdict = admission.decide(look.case(facts))
    if look.reading.scanned_at is None or not verdict.admits:
        return verdict
    # Passages are put in order by their times: this one would move nobody, also if it were admitted.
    mine = Claim(look.at, look.reading.scan_id, look.caller.id, look.reading.heading)
    is_overtaken = any(mine < claim_of(passage) for passage in passages(ticket))
    gone = Presence.OUTSIDE if look.reading.heading is Direction.EXIT else Presence.INSIDE
    return admission.decide(look.case(replace(facts, presence=gone))) if is_overtaken else verdict


def _remaining(look: FoundReading, place: int) -> int | None:
    """Return how many of a family's tickets are left after the one at `place`; None for a single ticket."""
    if look.reading.kind is not ScanKind.SCAN:
        return None
    several = len(look.ticket_ids) + len(look.passed_over) > 1
    return len(look.ticket_ids) - place - 1 if several else None


def _admit_with_record(look: FoundReading, ticket: Ticket, *, remaining: int | None) -> ScanDecision | None:
    """Record a passage and the scan in one transaction: a re-entry, an exit or a contested entry."""
    passage = entries.passage(look, ticket_id=ticket.ticket_id, remaining=remaining)
    first_entry = ticket.admission is None
    is_exit = look.reading.heading is Direction.EXIT
    actions = [
        Ticket.presence.set(Presence.OUTSIDE if is_exit else Presence.INSIDE),
        Ticket.contested.set(True),
        (Ticket.admission if first_entry else Ticket.passage).set(passage),
        *merging.remembering(ticket, passage),
    ]
    record = _record(look, admission.VALID, ticket, remaining=remaining)
    record.first_entry = first_entry or None
    on_leave = leaves.writes(ticket, passage, note=look.reading.note) if look.control.facts.re_entry_allowed else []
    try:
        operations.commit(
            operations.change(
                # The leave that a return closes is the one that was read.
                keys.tickets.ticket(ticket.ticket_id),
                actions,
                entries.is_fit(entries.fitness(look)) & merging.unchanged(ticket),
            ),
            operations.put(record, Scan.pk.does_not_exist()),
            *on_leave,
        )
    except operations.ConditionFailed as failure:
        answered = failure.found(Scan, 1)
        return _first_answer_in(look, answered) if answered else None
    return _decision(look, admission.VALID, ticket, log_id=record.log_id, remaining=remaining)


def _refuse(look: FoundReading, verdict: Verdict, ticket: Ticket | None) -> ScanDecision | None:
    # Where a later retry might be admitted, it must find this refusal. A duplicate cannot be admitted later,
    # unless the holder leaves, which marks the ticket itself. A ticket never changes its event.
    may_turn = verdict.result is not ScanResult.ALREADY_SCANNED and verdict.reason is not Reason.WRONG_EVENT
    if ticket is not None and may_turn and (first := _contest(look, ticket)) is not None:
        return first
    decision = _decision(look, verdict, ticket, log_id=look.log_id, remaining=None)
    return _answer(look, _record(look, verdict, ticket, remaining=None), decision)


def _repeat(look: FoundReading, repeated: Repeated, tickets: dict[str, Ticket]) -> ScanDecision | None:
    """Record a second reading of the card, and answer it with the admission; it admits nobody."""
    # A later retry of this scan must find the record, also when it would admit the card's next ticket.
    following = next((ticket for ticket in tickets.values() if ticket.admission is None), None)
    if following is not None and (first := _contest(look, following)) is not None:
        return first
    record = _record(look, admission.VALID, repeated.ticket, remaining=repeated.passage.remaining)
    record.repeat = record.idle = True
    record.first_scan = stored_first_scan(passage_shown(repeated.passage))
    return _answer(look, record, _repeated_decision(look, repeated))


def _repeated_decision(look: FoundReading, repeated: Repeated) -> ScanDecision:
    ticket, passage = repeated.ticket, repeated.passage
    decision = _decision(look, admission.VALID, ticket, log_id=look.log_id, remaining=passage.remaining)
    return replace(decision, first_scan=passage_shown(passage), repeat=True)


def _contest(look: FoundReading, ticket: Ticket) -> ScanDecision | None:
    """Mark a ticket, so that it is only admitted together with a record; return this scan's answer if it had one."""
    if ticket.contested:
        return None
    mark = operations.change(
        keys.tickets.ticket(ticket.ticket_id),
        [Ticket.contested.set(True)],
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
        return _first_answer_on(look, winner) if winner else None
    return None


def _answer(look: FoundReading, record: Scan, decision: ScanDecision) -> ScanDecision | None:
    """Store the record of a scan that admits nobody, and return its answer, or the first one, or None to try again."""
    if look.card is not None and not look.card_was_refused:
        cards.mark_refused(look.card.uid, event_id=look.caller.event_id)
    if look.unknown_uid is not None and cards.remember_unknown(look.unknown_uid, event_id=look.caller.event_id):
        return None
    try:
        operations.record(operations.put(record, Scan.pk.does_not_exist()))
    except operations.ConditionFailed as failure:
        answered = failure.found(Scan)
        if answered is None:
            raise
        return _first_answer_in(look, answered)
    return decision


def _record(look: FoundReading, verdict: Verdict, ticket: Ticket | None, *, remaining: int | None) -> Scan:
    shown = ticket if verdict.reason is not Reason.WRONG_EVENT else None
    facts = ScanFacts(
        subject=look.subject,
        log_id=look.log_id,
        verdict=verdict,
        ticket_id=shown.ticket_id if shown else None,
        card_uid=look.card.uid if look.card else look.reading.uid,
        first_scan=first_scan_of(verdict, ticket),
        remaining=remaining,
        at=look.at,
        decided_at=look.now,
        gate_name=look.gate,
    )
    return scan_record(look.caller, look.reading, facts)


def _decision(
    look: FoundReading, verdict: Verdict, ticket: Ticket | None, *, log_id: str | None, remaining: int | None
) -> ScanDecision:
    shown = ticket if verdict.reason is not Reason.WRONG_EVENT else None
    return ScanDecision(
        scan_id=look.reading.scan_id,
        result=verdict.result,
        reason=verdict.reason,
        attendee=attendee_of(shown) if shown else None,
        ticket=ticket_shown(shown) if shown else None,
        first_scan=first_scan_of(verdict, ticket),
        remaining=remaining,
        log_id=log_id,
        decided_at=look.now,
    )


def _first_answer_on(look: FoundReading, ticket: Ticket) -> ScanDecision | None:
    """Return the answer that this very scan got when it admitted the ticket, if it did."""
    for passage in (ticket.admission, ticket.passage):
        if (
            passage is not None
            and passage.scan_id == look.reading.scan_id
            and passage.caller_id == look.caller.id
            and (passage.subject or ticket.ticket_id) == look.subject
        ):
            _require_same_kind(look, passage.scan_kind)
            return ScanDecision(
                scan_id=look.reading.scan_id,
                result=ScanResult.VALID,
                reason=None,
                attendee=attendee_of(ticket),
                ticket=ticket_shown(ticket),
                first_scan=None,
                remaining=passage.remaining,
                log_id=passage.log_id,
                decided_at=passage.decided_at,
            )
    return None


def _require_same_kind(look: FoundReading, kind: ScanKind | None) -> None:
    """Raise IdempotencyMismatch if the first scan with this id was of another kind: its answer would mislead."""
    first, now = kind or ScanKind.SCAN, look.reading.kind
    if first != now:
        raise IdempotencyMismatch(f"This scan_id was used for a {first}; a {now} needs one of its own.")


def _first_answer_in(look: FoundReading, record: Scan) -> ScanDecision:
    """Return the answer that this very scan got before, from its record."""
    _require_same_kind(look, record.scan_kind)
    ticket = operations.get(keys.tickets.ticket(record.ticket_id)) if record.ticket_id else None
    first = record.first_scan
    return ScanDecision(
        scan_id=look.reading.scan_id,
        result=record.result,
        reason=record.reason or None,
        attendee=attendee_of(ticket) if ticket else None,
        ticket=ticket_shown(ticket) if ticket else None,
        first_scan=FirstScanShown(scanned_at=first.scanned_at, gate=first.gate, by=first.by) if first else None,
        remaining=record.remaining,
        log_id=record.log_id,
        decided_at=record.decided_at,
        repeat=bool(record.repeat),
    )
