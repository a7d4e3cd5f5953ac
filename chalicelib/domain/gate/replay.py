"""Batches of records from devices and phones: read once, settled side by side, each answered with a verdict.

Records of one card or ticket are settled one after the other. Any part of a batch may be sent again, in any order and
from several callers at once.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chalicelib import clock, observability
from chalicelib.domain.admission import EventFacts, Presented
from chalicelib.domain.cards import bindings
from chalicelib.domain.events import gate_control
from chalicelib.domain.gate import checkin, settling, sun, uploads, verdicts
from chalicelib.domain.gate.claimed_tickets import Upload
from chalicelib.domain.gate.readings import Caller, Reading
from chalicelib.domain.gate.settling import Known
from chalicelib.domain.gate.uploads import ScanRecord, SenderClock
from chalicelib.domain.gate.verdicts import RecordVerdict
from chalicelib.domain.tickets import credentials
from chalicelib.errors import IdempotencyMismatch
from chalicelib.table import keys, operations
from chalicelib.table.items import Card
from chalicelib.table.places import Key, Place
from chalicelib.vocabulary.gate import RecordStatus, ScanKind, ScanSource, Signature

# A record younger than this on arrival was sent at once.
_AT_ONCE = timedelta(seconds=10)
# Requests to the table at once. A container has one processor, and the table answers in milliseconds.
_HANDS = 8


class Batch(Struct, frozen=True):
    """The records of one request, in their order; `revoked_at` where their device was revoked."""

    records: Sequence[ScanRecord]
    sender: SenderClock
    revoked_at: datetime | None = None


def take(caller: Caller, batch: Batch) -> list[RecordVerdict]:
    """Settle a batch of records, and return one verdict for each, in their order. Raises NotFound, Unavailable.

    What a gate decided comes first, side by side. What the platform is to decide follows in the order of the batch.
    """
    now = clock.now()
    event = gate_control.control(caller.event_id).facts
    prepared = [_prepare(caller, record, batch, event=event, now=now) for record in batch.records]
    settled = [place for place, upload in enumerate(prepared) if not _is_undecided(upload)]
    found = dict(zip(settled, settle_all([prepared[place] for place in settled]), strict=True)) if settled else {}
    entries: set[str | None] = set()
    for place, upload in enumerate(prepared):
        if place not in found:
            verdict = _decide(upload)
            # The same record twice in one batch has one entry in the log.
            is_seen = verdict.decision is not None and verdict.decision.log_id in entries
            found[place] = replace(verdict, status=RecordStatus.REPLAYED) if is_seen else verdict
            entries.add(verdict.decision.log_id if verdict.decision is not None else None)
    return [found[place] for place in range(len(prepared))]


def _is_undecided(upload: Upload) -> bool:
    is_count = upload.record.kind is ScanKind.COUNT
    return upload.record.shown is None and upload.error is None and not is_count


def settle_all(prepared: Sequence[Upload]) -> list[RecordVerdict]:
    """Settle records, those of different cards and tickets side by side; return their verdicts in the same order."""
    cards, known = _read(prepared)
    complete = [_with_card(_as_received(each, of_it), cards) for each, of_it in zip(prepared, known, strict=True)]
    _read_tickets(complete, known)
    found: dict[int, RecordVerdict] = {}

    def settle_group(places: list[int]) -> None:
        for count, place in enumerate(places):
            if count:  # the one before may have changed its ticket
                known[place].tickets |= known[places[count - 1]].tickets
            found[place] = settling.settle(complete[place], known[place])

    with ThreadPoolExecutor(_HANDS) as hands:
        list(hands.map(observability.in_this_context(settle_group), _groups(complete)))
    return [found[place] for place in range(len(complete))]


def _groups(complete: Sequence[Upload]) -> list[list[int]]:
    """Return the places of the records that may change the same ticket together, in the order of the batch."""
    first_of: dict[str, str] = {}

    def first(name: str) -> str:
        while first_of.setdefault(name, name) != name:
            name = first_of[name]
        return name

    named = [_changed_by(upload) for upload in complete]
    for names in named:
        for name in names:
            first_of[first(name)] = first(names[0])
    groups: dict[str, list[int]] = defaultdict(list)
    for place, names in enumerate(named):
        groups[first(names[0])].append(place)
    return list(groups.values())


def _changed_by(upload: Upload) -> tuple[str, ...]:
    """Return what a record may change: its tickets, or what it presents; counts do not meet."""
    if upload.record.kind is ScanKind.COUNT:
        return (upload.record.scan_id,)
    return upload.ticket_ids or (upload.subject,)


def _prepare(caller: Caller, record: ScanRecord, batch: Batch, *, event: EventFacts, now: datetime) -> Upload:
    at, correction = uploads.corrected(record, batch.sender, now=now)
    upload = Upload(
        caller=caller,
        record=record,
        event=event,
        now=now,
        at=at,
        correction=correction,
        subject="",
        is_late=batch.revoked_at is not None,
    )
    if record.event_id is not None and record.event_id != caller.event_id:
        upload = replace(upload, error=verdicts.OfAnotherEvent())
    elif not uploads.is_plausible(at, now=now):
        upload = replace(upload, error=verdicts.ClockImplausible())
    elif batch.revoked_at is not None and (at >= batch.revoked_at or _is_undecided(upload)):
        upload = replace(upload, error=verdicts.AfterRevocation())
    elif record.is_damaged:
        upload = replace(upload, error=verdicts.Damaged())
    # What the platform is to decide is read where it is decided.
    return upload if _is_undecided(upload) else _presented(upload)


def _presented(upload: Upload) -> Upload:
    """Return a record with what it presents: a code, a ticket, or a card."""
    record = upload.record
    if record.kind is ScanKind.COUNT:
        return replace(upload, subject="count")
    if record.is_damaged:
        return replace(upload, subject="damaged")
    if record.code is not None:
        code = credentials.decode(record.code)
        if code is None:
            digest = hashlib.sha256(record.code.encode()).hexdigest()[:16]
            return replace(upload, subject=f"code:{digest}", presented=Presented(signature=Signature.BAD))
        good = Presented(signature=Signature.GOOD, credential=code.credential)
        return replace(upload, subject=code.ticket_id, presented=good, ticket_ids=(code.ticket_id,))
    if record.ticket_id is not None:
        return replace(upload, subject=record.ticket_id, ticket_ids=(record.ticket_id,))
    uid, signature = record.uid, Signature.NONE
    if record.sun is not None:
        opened = sun.open_message(record.sun.picc_data, record.sun.cmac)
        is_own = opened is not None and uid in (None, opened.tap.uid)
        signature = Signature.GOOD if is_own else Signature.BAD
        uid = uid or (opened.tap.uid if opened is not None else None)
        upload = replace(upload, message=opened if is_own else None)
    presented = Presented(by_card=True, signature=signature)
    return replace(upload, record=replace(record, uid=uid), subject=f"card:{uid}", presented=presented)


def _read(prepared: Sequence[Upload]) -> tuple[dict[Key, Card], list[Known]]:
    """Read the receipts, log entries and cards of all records at once."""
    places: list[Place[Any]] = []
    for upload in prepared:
        caller_id, scan_id = upload.caller.id, upload.record.scan_id
        places += [keys.gate.receipt(caller_id, scan_id), keys.gate.scan(caller_id, scan_id, upload.subject)]
        if upload.record.uid is not None:
            places.append(keys.cards.card(upload.record.uid))
    found: dict[Key, Any] = operations.get_many(places)
    known = [
        Known(
            receipt=found.get(keys.gate.receipt(upload.caller.id, upload.record.scan_id)),
            scan=found.get(keys.gate.scan(upload.caller.id, upload.record.scan_id, upload.subject)),
        )
        for upload in prepared
    ]
    return {key: item for key, item in found.items() if isinstance(item, Card)}, known


def _as_received(upload: Upload, known: Known) -> Upload:
    """Return a record with the time that it got when it first arrived."""
    receipt = known.receipt
    return upload if receipt is None else replace(upload, at=receipt.at, correction=receipt.correction)


def _with_card(upload: Upload, cards: dict[Key, Card]) -> Upload:
    if upload.record.uid is None:
        return upload
    card = cards.get(keys.cards.card(upload.record.uid))
    opened = bindings.opened_at(card, upload.caller.event_id, upload.at) if card is not None else ()
    return replace(upload, card=card, ticket_ids=opened)


def _read_tickets(complete: Sequence[Upload], known: Sequence[Known]) -> None:
    places = {each: keys.tickets.ticket(each) for upload in complete for each in upload.ticket_ids}
    found = operations.get_many(places.values())
    for upload, of_it in zip(complete, known, strict=True):
        of_it.tickets = {each: found[places[each]] for each in upload.ticket_ids if places[each] in found}


def _decide(upload: Upload) -> RecordVerdict:
    """Decide a record that no gate decided, as an online scan; it counts as online if it was sent at once."""
    record, caller = upload.record, upload.caller
    at_once = upload.now - upload.at < _AT_ONCE
    reading = Reading(
        scan_id=record.scan_id,
        uid=record.uid,
        code=record.code,
        ticket_id=record.ticket_id,
        sun=record.sun,
        gate=record.gate,
        scanned_at=None if at_once else upload.at,
        direction=record.direction,
        kind=record.kind,
        seq=record.seq,
    )
    source = ScanSource.ONLINE if at_once else ScanSource.OFFLINE
    try:
        decision = checkin.scan(replace(caller, source=source), reading)
    except IdempotencyMismatch:
        return settling.reject_reused(_presented(upload))
    is_repeat = decision.decided_at < upload.now
    return RecordVerdict(
        scan_id=decision.scan_id,
        status=RecordStatus.REPLAYED if is_repeat else RecordStatus.ACCEPTED,
        corrected_at=upload.at,
        decision=decision,
        result=decision.result,
        reason=decision.reason,
    )
