"""Records of scans on the wire, for the three routes that take them."""

from collections.abc import Sequence
from datetime import datetime

from chalicelib import clock
from chalicelib.domain.cards import cards
from chalicelib.domain.gate import replay, sequences
from chalicelib.domain.gate.readings import Caller, SunMessage
from chalicelib.domain.gate.replay import Batch
from chalicelib.domain.gate.uploads import ScanRecord, SenderClock
from chalicelib.domain.gate.verdicts import RecordConflict, RecordVerdict
from chalicelib.errors import ValidationFailed
from chalicelib.identifiers import parse_uid
from chalicelib.schemas import messages
from chalicelib.schemas import records as schema
from chalicelib.schemas.records import FaultyRecord, RecordIn
from chalicelib.vocabulary.gate import RecordStatus, ScanResult

Taken = list[RecordVerdict | FaultyRecord]


def _uid(record: RecordIn) -> str | None:
    if record.card_id is not None:
        return cards.name_to_uid(record.card_id)
    return parse_uid(record.uid) if record.uid is not None else None


def read(record: RecordIn) -> ScanRecord:
    """Return a record as the domain reads it. Raises ValidationFailed for a card's name that is none."""
    return ScanRecord(
        scan_id=record.scan_id,
        scanned_at=record.scanned_at,
        uid=_uid(record),
        code=record.qr,
        ticket_id=record.ticket_id,
        sun=SunMessage(record.sun.picc_data, record.sun.cmac) if record.sun else None,
        event_id=record.event_id,
        direction=record.direction,
        kind=record.kind,
        delta=record.delta,
        gate=record.gate,
        seq=record.seq,
        boot_id=record.boot_id,
        mono_ms=record.mono_ms,
        shown=record.offline.result if record.offline else None,
        shown_reason=record.offline.reason if record.offline else None,
        via=record.via,
    )


def wall_clock(device_time: datetime | None) -> SenderClock:
    """Return the clock of a sender that names at most its wall clock; without one it is the platform's."""
    return SenderClock(device_time=device_time or clock.now())


def clock_of(sent: schema.SenderIn) -> SenderClock:
    """Return the clocks of a sender."""
    return SenderClock(device_time=sent.device_time, boot_id=sent.boot_id, mono_ms=sent.mono_ms)


def take(
    caller: Caller,
    sent: Sequence[RecordIn | FaultyRecord],
    sender: SenderClock,
    *,
    number_source: str | None = None,
    revoked_at: datetime | None = None,
) -> Taken:
    """Take the records that can be read; return one verdict or fault for each, in their order.

    `number_source` is the device or phone whose numbers the records carry, `revoked_at` when it was revoked.
    """
    found = [_read(record) for record in sent]
    readable = [record for record in found if isinstance(record, ScanRecord)]
    verdicts = iter(replay.take(caller, Batch(readable, sender, revoked_at=revoked_at)) if readable else ())
    if number_source is not None:
        sequences.note(number_source, [record.seq for record in readable if record.seq is not None])
    return [record if isinstance(record, FaultyRecord) else next(verdicts) for record in found]


def _read(record: RecordIn | FaultyRecord) -> ScanRecord | FaultyRecord:
    if isinstance(record, FaultyRecord):
        return record
    try:
        return read(record)
    except ValidationFailed as error:
        return FaultyRecord(record.scan_id, messages.sentences(error.details or ()) or error.text)


def verdict_out(index: int, verdict: RecordVerdict | FaultyRecord) -> schema.VerdictOut:
    """Return the verdict on the record at a place of the request."""
    if isinstance(verdict, FaultyRecord):
        return schema.VerdictOut(
            index=index,
            scan_id=verdict.scan_id,
            status=RecordStatus.REJECTED,
            result=ScanResult.INVALID,
            reason=None,
            corrected_at=None,
            conflict=None,
            error=schema.RecordErrorOut(code="VALIDATION_ERROR", message=verdict.message),
        )
    return schema.VerdictOut(
        index=index,
        scan_id=verdict.scan_id,
        status=verdict.status,
        result=verdict.result,
        reason=verdict.reason,
        corrected_at=verdict.corrected_at,
        conflict=_conflict_out(verdict.conflict) if verdict.conflict else None,
        error=schema.RecordErrorOut.read(verdict.error) if verdict.error else None,
    )


def _conflict_out(conflict: RecordConflict) -> schema.ConflictOut:
    found = conflict.collides_with
    return schema.ConflictOut(
        kind=conflict.kind, collides_with=schema.CollidesWithOut.read(found) if found is not None else None
    )


def verdicts_out(taken: Taken) -> schema.VerdictsOut:
    """Return the verdicts with how many there are of each kind."""
    results = [verdict_out(index, verdict) for index, verdict in enumerate(taken)]
    count = {status: sum(1 for each in results if each.status is status) for status in RecordStatus}
    return schema.VerdictsOut(
        results=results,
        accepted=count[RecordStatus.ACCEPTED],
        replayed=count[RecordStatus.REPLAYED],
        conflicts=count[RecordStatus.CONFLICT],
        rejected=count[RecordStatus.REJECTED],
    )
