"""One record that was decided without the network: its receipt, its claim on a ticket, its log entry, its verdict.

Each step is one conditional write, and each can be repeated: a record that was cut off between two steps is settled
when it is sent again.
"""

from datetime import timedelta
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.domain import admission
from chalicelib.domain.admission import Verdict
from chalicelib.domain.cards import bindings, cards
from chalicelib.domain.gate import claimed_tickets, conflicts, merging, passages, verdicts
from chalicelib.domain.gate.answers import ScanDecision, ScanFacts, attendee_of, scan_record, ticket_shown
from chalicelib.domain.gate.claimed_tickets import Upload
from chalicelib.domain.gate.merging import Arrival
from chalicelib.domain.gate.readings import Reading
from chalicelib.domain.gate.verdicts import RecordError, RecordVerdict
from chalicelib.errors import Refusal, Unavailable
from chalicelib.identifiers import log_id_of
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Passage, Scan, ScanReceipt, Ticket
from chalicelib.table.places import Key, Place
from chalicelib.vocabulary.gate import (
    ConflictKind,
    Direction,
    Presence,
    Reason,
    RecordStatus,
    ScanKind,
    ScanResult,
    ScanSource,
)
from chalicelib.vocabulary.tickets import TicketStatus

# A record is older than a week at most, so its receipt is needed no longer.
_RECEIPT_KEPT = timedelta(days=15)
_ATTEMPTS = 20


class Known(Struct):
    """What was read before a record is settled; a step that finds more adds it."""

    receipt: ScanReceipt | None = None
    scan: Scan | None = None
    tickets: dict[str, Ticket] = field(default_factory=dict)


def settle(upload: Upload, known: Known) -> RecordVerdict:
    """Settle one record and return its verdict. Raises Unavailable where others change its ticket all the time."""
    if known.receipt is None and known.scan is None and not _own(upload, known):
        known.receipt = _receive(upload)
    receipt = known.receipt
    if receipt is not None:
        if not upload.record.is_content(receipt.content):
            return reject_reused(upload)
        upload = replace(upload, at=receipt.at, correction=receipt.correction)
    for _ in retries.attempts(_ATTEMPTS):
        verdict = _attempt(upload, known)
        if verdict is not None:
            return verdict
        _read_again(upload, known)
    raise Unavailable("This ticket is being scanned by many at once. Try again.", retry_after=1)


def _receive(upload: Upload) -> ScanReceipt:
    """Store the first arrival of a record, once; return it as it is stored."""
    made = ScanReceipt(
        *keys.gate.receipt(upload.caller.id, upload.record.scan_id),
        content=upload.record.content,
        at=upload.at,
        correction=upload.correction,
        ttl=int((upload.now + _RECEIPT_KEPT).timestamp()),
    )
    try:
        operations.record(operations.put(made, ScanReceipt.pk.does_not_exist()))
    except operations.ConditionFailed as failure:
        return failure.found(ScanReceipt) or made
    return made


def _own(upload: Upload, known: Known) -> list[Ticket]:
    """Return the ticket that this very record passed with before, if it did."""
    record = upload.record
    return [
        ticket
        for ticket in known.tickets.values()
        if passages.own_passage(ticket, caller_id=upload.caller.id, scan_id=record.scan_id) is not None
    ]


def _read_again(upload: Upload, known: Known) -> None:
    scan = keys.gate.scan(upload.caller.id, upload.record.scan_id, upload.subject)
    places = {ticket_id: keys.tickets.ticket(ticket_id) for ticket_id in upload.ticket_ids}
    wanted: list[Place[Any]] = [scan, *places.values()]
    found: dict[Key, Any] = operations.get_many(wanted)
    known.scan = found.get(scan)
    known.tickets = {ticket_id: found[place] for ticket_id, place in places.items() if place in found}


def _attempt(upload: Upload, known: Known) -> RecordVerdict | None:
    """Try once. None: something changed meanwhile, so read again."""
    own = _own(upload, known)
    if own:
        return _replayed(upload, known, own[0])
    if known.scan is not None and not _is_overruled(upload, known.scan):
        return _replayed(upload, known, known.tickets.get(known.scan.ticket_id or ""))
    if upload.error is not None:
        return _reject(upload, upload.error, subject=upload.subject)
    if upload.record.kind is ScanKind.COUNT:
        return _log(upload, admission.VALID, None, conflict=None)
    if not upload.record.is_claim:
        return _refused_at_gate(upload, known)
    return _claim(upload, known)


def _is_overruled(upload: Upload, scan: Scan) -> bool:
    """Whether the gate admitted somebody whom the platform had refused: its answer did not reach the gate in time."""
    is_online_refusal = scan.shown is None and scan.error is None and scan.result != ScanResult.VALID
    return upload.record.is_claim and is_online_refusal


def _claim(upload: Upload, known: Known) -> RecordVerdict | None:
    ticket = claimed_tickets.find(upload, known.tickets)
    given_up = _given_up(upload) if ticket is None else None
    ticket = ticket or given_up
    if ticket is None:
        return _reject(upload, verdicts.UnknownThing(), subject=upload.subject, result=ScanResult.NOT_FOUND)
    if ticket.event_id != upload.caller.event_id:
        return _reject(upload, verdicts.OfAnotherEvent(), subject=upload.subject, reason=Reason.WRONG_EVENT)
    if claimed_tickets.objection_to_proof(upload) is not None or not _spends_message(upload):
        return _reject(upload, verdicts.Unproven(), subject=upload.subject, reason=Reason.CLONE_SUSPECTED)
    objects = claimed_tickets.objection_then if given_up is None else claimed_tickets.objection_to_given_up
    objection = objects(upload, ticket)
    if objection is not None:
        if known.scan is not None:
            return _contradict(upload, known.scan, ticket)
        return _log(upload, objection, ticket, conflict=ConflictKind.REVOKED_BEFORE)
    passage = _passage(upload, ticket)
    if known.scan is not None:
        # One log entry, which the platform wrote when it refused this scan.
        passage.log_id, passage.decided_at = known.scan.log_id, known.scan.decided_at
        passage.scanned_at = upload.at
    is_first = ticket.admission is None and not ticket.contested and upload.record.heading is Direction.ENTRY
    is_as_then = ticket.status == TicketStatus.VALID and upload.presented.credential in (None, ticket.credential)
    is_plain = is_first and is_as_then and not upload.is_late and known.scan is None
    if is_plain:
        return _admit(upload, known, ticket, passage)
    late, may_return = upload.is_late, upload.event.re_entry_allowed
    shown, refused = upload.record.shown, known.scan
    arrival = Arrival(passage=passage, shown=shown, is_late=late, may_return=may_return, refused=refused)
    effect = merging.merge(ticket, arrival)
    if effect is None:
        return None
    kind = ConflictKind.AFTER_REVOCATION if upload.is_late else None
    status = RecordStatus.ACCEPTED
    if merging.is_double(effect, may_return=may_return):
        kind, status = ConflictKind.DOUBLE_ADMISSION, RecordStatus.CONFLICT
    return _verdict(
        upload, status, admission.VALID, ticket, conflict=verdicts.conflict_of(kind, [ticket]), log_id=passage.log_id
    )


def _given_up(upload: Upload) -> Ticket | None:
    """Return the ticket that a card opened before it was refunded, cancelled or handed on; None where it had none."""
    if upload.card is None:
        return None
    ticket_id = bindings.released_last(upload.card, upload.caller.event_id, upload.at)
    return operations.get(keys.tickets.ticket(ticket_id)) if ticket_id is not None else None


def _spends_message(upload: Upload) -> bool:
    """Claim the counter of a secure card's message, as an online scan does; False where another scan has claimed it."""
    card, message = upload.card, upload.message
    if card is None or message is None:
        return True
    counter, own_key = message.tap.counter, f"{upload.caller.id}/{upload.record.scan_id}"
    now, is_own = cards.claim_counter(card.uid, counter=counter, key_version=message.key_version, scan_key=own_key)
    return is_own or now is None or now.sun_counter != counter


def _admit(upload: Upload, known: Known, ticket: Ticket, passage: Passage) -> RecordVerdict | None:
    """Admit a ticket that was never scanned, in one write. Its log entry follows from the stream."""
    fit: Condition = merging.unchanged(ticket) & Ticket.contested.does_not_exist()
    actions = [Ticket.presence.set(Presence.INSIDE), Ticket.admission.set(passage)]
    try:
        raw = operations.record(operations.change(keys.tickets.ticket(ticket.ticket_id), actions, fit))
    except operations.ConditionFailed:
        return None
    # The next record of this ticket starts from here.
    known.tickets[ticket.ticket_id] = Ticket.from_raw_data(raw)
    return _verdict(upload, RecordStatus.ACCEPTED, admission.VALID, ticket, log_id=passage.log_id)


def _passage(upload: Upload, ticket: Ticket) -> Passage:
    record, caller = upload.record, upload.caller
    return Passage(
        scan_id=record.scan_id,
        caller_id=caller.id,
        caller_name=caller.name,
        subject=None if upload.subject == ticket.ticket_id else upload.subject,
        log_id=upload.log_id,
        decided_at=upload.now,
        scanned_at=None if upload.at == upload.now else upload.at,
        direction=None if record.heading is Direction.ENTRY else record.heading,
        source=ScanSource.OFFLINE,
        scan_kind=None if record.kind is ScanKind.SCAN else record.kind,
        gate=upload.gate,
        correction=upload.correction,
        seq=record.seq,
        via=record.via,
    )


def _refused_at_gate(upload: Upload, known: Known) -> RecordVerdict | None:
    """Keep a record of somebody whom the gate refused; where it did not know a ticket that was sold, say so."""
    shown = upload.record.shown or ScanResult.INVALID
    ticket = claimed_tickets.find(upload, known.tickets)
    if ticket is not None and ticket.event_id != upload.caller.event_id:
        ticket = None  # this event's log names nobody of another one
    was_unknown = shown is ScanResult.NOT_FOUND and ticket is not None and claimed_tickets.had_come(upload, ticket)
    is_unknown_then = was_unknown and ticket is not None and claimed_tickets.objection_then(upload, ticket) is None
    conflict = ConflictKind.UNKNOWN_THEN if is_unknown_then else None
    words = tuple(Reason)
    reason = Reason(upload.record.shown_reason) if upload.record.shown_reason in words else None
    return _log(upload, Verdict(shown, reason), ticket, conflict=conflict)


def _log(
    upload: Upload, found: Verdict, ticket: Ticket | None, *, conflict: ConflictKind | None
) -> RecordVerdict | None:
    """Write the log entry of a record that changes no ticket; None where it is there already."""
    late = ConflictKind.AFTER_REVOCATION if upload.is_late else None
    record = _scan(upload, found, ticket.ticket_id if ticket else None, subject=upload.subject)
    record.conflict = conflict or late
    writes = [operations.put(record, Scan.pk.does_not_exist())]
    if record.conflict is not None:
        writes.append(conflicts.address(record, is_conflict=True))
    try:
        operations.commit(*writes) if len(writes) > 1 else operations.record(writes[0])
    except operations.ConditionFailed:
        return None
    status = RecordStatus.CONFLICT if conflict else RecordStatus.ACCEPTED
    shown = verdicts.conflict_of(record.conflict, [ticket])
    return _verdict(upload, status, found, ticket, conflict=shown, log_id=record.log_id)


def _contradict(upload: Upload, refused: Scan, ticket: Ticket) -> RecordVerdict | None:
    """Note on the entry of an online refusal that the gate admitted all the same; None where that is noted already.

    The refusal was right, so the entry keeps its result.
    """
    actions: list[Action] = [
        Scan.conflict.set(ConflictKind.REVOKED_BEFORE),
        Scan.shown.set(upload.record.shown),
        Scan.correction.set(upload.correction),
        Scan.late.set(True) if upload.is_late else Scan.late.remove(),
    ]
    is_unnoted = Scan.pk.exists() & Scan.shown.does_not_exist()
    try:
        operations.commit(
            operations.change(refused.place, actions, is_unnoted), conflicts.address(refused, is_conflict=True)
        )
    except operations.ConditionFailed:
        return None
    found, shown = Verdict(refused.result, refused.reason), verdicts.RecordConflict(ConflictKind.REVOKED_BEFORE)
    return _verdict(upload, RecordStatus.CONFLICT, found, ticket, conflict=shown, log_id=refused.log_id)


def reject_reused(upload: Upload) -> RecordVerdict:
    """Keep a record whose id is that of another one, and return its verdict."""
    return _reject(upload, verdicts.ScanIdReused(), subject=f"{upload.subject}/{upload.record.content}")


def _reject(
    upload: Upload,
    error: Refusal,
    *,
    subject: str,
    result: ScanResult = ScanResult.INVALID,
    reason: Reason | None = None,
) -> RecordVerdict:
    """Keep a record that cannot be taken in the log, with its reason; idempotent."""
    found = Verdict(result, reason)
    record = _scan(upload, found, None, subject=subject)
    record.error = error.code
    log_id = record.log_id
    try:
        operations.record(operations.put(record, Scan.pk.does_not_exist()))
    except operations.ConditionFailed as failure:
        stored = failure.found(Scan)
        log_id = stored.log_id if stored is not None else log_id
    return _verdict(upload, RecordStatus.REJECTED, found, None, log_id=log_id, error=error)


def _scan(upload: Upload, found: Verdict, ticket_id: str | None, *, subject: str) -> Scan:
    facts = ScanFacts(
        subject=subject,
        log_id=log_id_of(f"{upload.caller.id}/{upload.record.scan_id}/{subject}", decided_at=upload.now),
        verdict=found,
        ticket_id=ticket_id,
        card_uid=upload.card.uid if upload.card else upload.record.uid,
        first_scan=None,
        remaining=None,
        at=upload.at,
        decided_at=upload.now,
        gate_name=upload.gate,
    )
    reading = Reading(scan_id=upload.record.scan_id, direction=upload.record.heading, kind=upload.record.kind)
    scan = scan_record(replace(upload.caller, source=ScanSource.OFFLINE), reading, facts)
    scan.shown, scan.correction, scan.late = upload.record.shown, upload.correction, upload.is_late or None
    scan.seq, scan.via = upload.record.seq, upload.record.via
    if upload.record.kind is ScanKind.COUNT:
        scan.delta = upload.record.delta
    if upload.record.kind is ScanKind.COUNT or upload.record.is_damaged:
        # It shows neither a card nor a ticket whose log it could be in.
        scan.gsi2pk = scan.gsi2sk = None
    return scan


def _replayed(upload: Upload, known: Known, ticket: Ticket | None) -> RecordVerdict:
    """Return the verdict on a record that arrived before, as it is now."""
    scan = known.scan
    if scan is None or scan.error is None:
        found = Verdict(scan.result, scan.reason) if scan is not None else admission.VALID
        conflict = verdicts.conflict_of(scan.conflict if scan is not None else None, [ticket])
        passage = ticket and passages.own_passage(ticket, caller_id=upload.caller.id, scan_id=upload.record.scan_id)
        log_id = scan.log_id if scan is not None else passage.log_id if passage else None
        return _verdict(upload, RecordStatus.REPLAYED, found, ticket, conflict=conflict, log_id=log_id)
    message = upload.error.text if upload.error is not None else "This record was rejected before."
    error = RecordError(scan.error, message)
    found = Verdict(scan.result, scan.reason)
    return _verdict(upload, RecordStatus.REJECTED, found, ticket, log_id=scan.log_id, error=error)


def _verdict(  # noqa: PLR0913  # the parts of a verdict
    upload: Upload,
    status: RecordStatus,
    found: Verdict,
    ticket: Ticket | None,
    *,
    log_id: str | None,
    conflict: verdicts.RecordConflict | None = None,
    error: Refusal | RecordError | None = None,
) -> RecordVerdict:
    if isinstance(error, Refusal):
        error = RecordError(error.code, error.text)
    decision = ScanDecision(
        scan_id=upload.record.scan_id,
        result=found.result,
        reason=found.reason,
        attendee=attendee_of(ticket) if ticket else None,
        ticket=ticket_shown(ticket) if ticket else None,
        first_scan=None,
        remaining=None,
        log_id=log_id,
        decided_at=upload.now,
    )
    return RecordVerdict(
        scan_id=upload.record.scan_id,
        status=status,
        corrected_at=upload.at,
        decision=decision,
        result=found.result,
        reason=found.reason,
        conflict=conflict,
        error=error,
    )
