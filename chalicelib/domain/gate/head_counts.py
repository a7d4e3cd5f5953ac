"""People without a ticket, counted at a gate so that the number inside stays true (D-GATE-23).

A count is a record of the log, made once for each scan_id. The event's totals follow from the stream as for scans. They
keep the sum of all counts, which does not depend on the order of arrival; what is shown is never below zero.
"""

from datetime import datetime

from chalicelib import clock
from chalicelib.domain.admission import VALID
from chalicelib.domain.gate.answers import ScanDecision, ScanFacts, scan_record
from chalicelib.domain.gate.readings import Caller, Reading
from chalicelib.errors import IdempotencyMismatch
from chalicelib.identifiers import log_id_of
from chalicelib.observability import logger
from chalicelib.table import operations
from chalicelib.table.items import Scan
from chalicelib.vocabulary import Direction, ScanKind

# People whom one count adds or takes away at most.
MOST = 50
SUBJECT = "count"


def count(caller: Caller, scan_id: str, *, delta: int, gate: str | None, at: datetime | None = None) -> ScanDecision:
    """Count people who went in (or out, below zero) without a ticket, once for each scan_id of a caller.

    Raises IdempotencyMismatch (the scan_id has another number).
    """
    now = clock.now()
    record = record_of(caller, scan_id, delta=delta, gate=gate, at=min(at or now, now), decided_at=now)
    try:
        operations.record(operations.put(record, Scan.pk.does_not_exist()))
    except operations.ConditionFailed as failure:
        first = failure.found(Scan) or record
        if first.delta != delta:
            raise IdempotencyMismatch(
                f"This scan_id counted {first.delta:+}; {delta:+} needs one of its own."
            ) from failure
        return _decision(first)
    logger.info(
        "people counted",
        extra={
            "scan_id": scan_id,
            "log_id": record.log_id,
            "event_id": caller.event_id,
            "caller_id": caller.id,
            "delta": delta,
        },
    )
    return _decision(record)


def record_of(  # the parts of a count
    caller: Caller, scan_id: str, *, delta: int, gate: str | None, at: datetime, decided_at: datetime
) -> Scan:
    """Return the log entry of a count, not yet written."""
    facts = ScanFacts(
        subject=SUBJECT,
        log_id=log_id_of(f"{caller.id}/{scan_id}/{SUBJECT}", decided_at=decided_at),
        verdict=VALID,
        ticket_id=None,
        card_uid=None,
        first_scan=None,
        remaining=None,
        at=at,
        decided_at=decided_at,
        gate_name=gate or caller.gate,
    )
    direction = Direction.EXIT if delta < 0 else Direction.ENTRY
    record = scan_record(caller, Reading(scan_id, direction=direction, kind=ScanKind.COUNT), facts)
    record.delta = delta
    # It shows neither a card nor a ticket whose log it could be in.
    record.gsi2pk = record.gsi2sk = None
    return record


def _decision(record: Scan) -> ScanDecision:
    return ScanDecision(
        scan_id=record.scan_id,
        result=record.result,
        reason=None,
        attendee=None,
        ticket=None,
        first_scan=None,
        remaining=None,
        log_id=record.log_id,
        decided_at=record.decided_at,
    )
