"""Verdicts on the records of scans that a device or a phone sends."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from chalicelib.domain.gate.answers import ScanDecision
from chalicelib.errors import Forbidden, NotAssigned, NotFound, Refusal
from chalicelib.table.items import Passage, Ticket
from chalicelib.vocabulary.gate import ConflictKind, RecordStatus, ScanResult


class ClockImplausible(Refusal):
    """A record with a time in the future, or over a week ago."""

    code = "CLOCK_IMPLAUSIBLE"
    message = "After correction this time is over 2 minutes ahead, or over 7 days ago. Check the device's clock."


class ScanIdReused(Refusal):
    """A record with the id of another one."""

    code = "SCAN_ID_REUSED"
    message = "Another record with this scan_id arrived before. It remains; make a new id for each scan."


class UnknownThing(NotFound):
    """A claim of a card or a code that the platform does not know."""

    message = "The platform knows no ticket for what was presented."


class Unproven(UnknownThing):
    """A claim of a card whose message is not its own, or which must prove itself and did not."""

    message = "This card did not prove that it is genuine, so nobody is admitted by it."


class Damaged(NotFound):
    """A record whose device can no longer read what was presented."""

    message = "The device can no longer read what was presented. This entry says when and where that was."


class OfAnotherEvent(NotAssigned):
    """A record of another event."""

    message = "This record is of another event than the sender's."


class AfterRevocation(Forbidden):
    """A record that a device made after its revocation, or that asks for a decision then."""

    message = "This device was revoked. Only records that it decided before are taken."


class CollidesWith(Struct, frozen=True):
    """The admission that a record contradicts."""

    scan_id: str
    gate: str | None
    scanned_at: datetime
    by: str | None


class RecordConflict(Struct, frozen=True):
    """What a record contradicts; `collides_with` is the admission of a double one."""

    kind: ConflictKind
    collides_with: CollidesWith | None = None


class RecordError(Struct, frozen=True):
    """Why a record was rejected."""

    code: str
    message: str


class RecordVerdict(Struct, frozen=True, kw_only=True):
    """What became of one record; `decision` shows the attendee and the ticket, where there is one."""

    scan_id: str
    status: RecordStatus
    corrected_at: datetime
    decision: ScanDecision | None = None
    result: ScanResult | None = None
    reason: str | None = None
    conflict: RecordConflict | None = None
    error: RecordError | None = None


def admission_of(ticket: Ticket | None) -> CollidesWith | None:
    """Return the admission of a ticket as a conflict shows it."""
    won: Passage | None = ticket.admission if ticket is not None else None
    if won is None:
        return None
    return CollidesWith(won.scan_id, won.gate, won.scanned_at or won.decided_at, won.caller_name or won.caller_id)


def conflict_of(kind: str | None, tickets: Iterable[Ticket | None]) -> RecordConflict | None:
    """Return the conflict of a log entry, or None."""
    if kind is None:
        return None
    is_double = kind == ConflictKind.DOUBLE_ADMISSION
    found = (admission_of(ticket) for ticket in tickets) if is_double else ()
    return RecordConflict(ConflictKind(kind), next((each for each in found if each is not None), None))
